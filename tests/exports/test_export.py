"""The verb `export`, through an engine and through a server: files opened by what people open them with."""

import csv
import io
import json
import zipfile

import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest

from indexer.clusters import export_pages
from indexer.contract.clusterings import ClusteringSettings
from indexer.contract.exports import FILES, MOST_NAMES
from indexer.contract.maps import MapSettings
from indexer.contract.topics import Thresholds
from indexer.errors import InvalidRequest
from indexer.readers import Spooled, read_labelled, read_words
from indexer.records import LabelledText, Word
from tests.exports.words import hostile, plain
from tests.model import AxisEmbedder

WORDS = [
    Word("fruit a", "1", {"colour": "red", "n": 1}),
    Word("country b", "2"),
    Word("fruit c", "3", {"colour": "=x", "n": -2}),
    Word("animal d", "4", {"share": -0.5, "old": True}),
    Word("fruit\te\nf", "5", {"colour": ""}),
]
COLUMNS = [
    "id",
    "text",
    "colour",
    "n",
    "old",
    "share",
    "topic",
    "score",
    "margin",
    "reason",
    "cluster",
    "cluster_id",
    "x",
    "y",
]


def stock(service):
    service.words.add(WORDS)
    service.topics.replace(["fruit", "country"])
    service.topics.set_thresholds(Thresholds(score=0.5))
    return service.clusterings.make(ClusteringSettings(k=2))


def exported(service, format):
    return b"".join(service.export(format))


def unzipped(service, format):
    with zipfile.ZipFile(io.BytesIO(exported(service, format))) as archive:
        assert archive.testzip() is None
        assert tuple(archive.namelist()) == FILES[format]
        return {name: archive.read(name) for name in archive.namelist()}


def places(service, id):
    """Return the place of each word of a map, by its id."""
    points = np.frombuffer(service.maps.points(id).positions, dtype="<u2").reshape(-1, 2)
    return {word.id: points[word.row].tolist() for word in service.maps.words(id, rows=range(len(points)))}


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(export_pages, "_PAGE_WORDS", 2)


def test_parquet_opens_with_pandas_and_has_all_that_is_known_with_its_type(service, small_pages):
    clustering = stock(service)
    on_map = places(service, service.maps.make(MapSettings(landmarks=10)).id)
    content = exported(service, "parquet")
    frame = pandas.read_parquet(io.BytesIO(content))
    assert list(frame.columns) == [*COLUMNS, "vector"]
    assert list(frame["text"]) == [word.text for word in WORDS]
    assert frame["n"].dropna().tolist() == [1, -2] and frame["old"].tolist()[3] is True
    table = pq.read_table(io.BytesIO(content)).to_pydict()  # pandas takes what is missing for NaN
    assert table["colour"] == ["red", None, "=x", None, ""]
    assert table["topic"] == ["fruit", "country", "fruit", None, "fruit"]
    assert frame["reason"].tolist() == ["matched", "matched", "matched", "below_threshold", "matched"]
    answers = service.topics.nearest([word.text for word in WORDS])
    assert frame["score"].tolist() == pytest.approx([answer.score for answer in answers], abs=1e-6)
    assert frame["margin"].tolist() == pytest.approx([answer.margin for answer in answers], abs=1e-6)
    names = {cluster.id: cluster.name for cluster in clustering.clusters}
    clusters = {word.id: word.cluster for word in service.clusterings.words(clustering.id, 10)}
    assert dict(zip(frame["id"], frame["cluster_id"], strict=True)) == clusters
    assert frame["cluster"].tolist() == [names[id] for id in frame["cluster_id"]]
    assert {id: [x, y] for id, x, y in zip(frame["id"], frame["x"], frame["y"], strict=True)} == on_map
    vectors = np.stack(frame["vector"])
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, AxisEmbedder().embed([word.text for word in WORDS]), atol=1e-6)
    schema = pq.read_schema(io.BytesIO(content))
    assert str(schema.field("vector").type) == "fixed_size_list<element: float>[8]"
    assert [str(schema.field(name).type) for name in ("n", "old", "share", "x")] == ["int64", "bool", "double", "int64"]


def test_csv_opens_with_the_csv_module_and_with_pandas(service, small_pages):
    stock(service)
    on_map = places(service, service.maps.make(MapSettings(landmarks=10)).id)
    content = exported(service, "csv").decode()
    header, *rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    assert header[:-1] == COLUMNS and header[-1].startswith("topicdex:")
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["text"] for row in table] == [word.text for word in WORDS]
    assert [row["colour"] for row in table] == ["red", "", "'=x", "", "'"]
    assert [row["n"] for row in table] == ["1", "", "-2", "", ""]
    assert [row["old"] for row in table] == ["", "", "", "true", ""]
    frame = pandas.read_csv(io.StringIO(content))
    assert frame["score"].dtype == frame["share"].dtype == np.float64  # a number that is below zero has no apostrophe
    assert frame["share"].tolist()[3] == -0.5
    assert frame["x"].tolist() == [on_map[word.id][0] for word in WORDS]


def test_numpy_maps_the_vectors_and_pandas_has_the_words_beside_them(service, small_pages, tmp_path):
    stock(service)
    for name, content in unzipped(service, "numpy").items():
        (tmp_path / name).write_bytes(content)
    vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r", allow_pickle=False)
    assert (vectors.shape, vectors.dtype) == ((5, 8), np.float32)
    assert np.allclose(vectors, AxisEmbedder().embed([word.text for word in WORDS]), atol=1e-6)
    frame = pandas.read_parquet(tmp_path / "words.parquet")
    assert list(frame.columns) == COLUMNS and frame["text"].tolist() == [word.text for word in WORDS]
    assert frame["x"].isna().all()
    assert plain(read_words(tmp_path / "words.parquet")) == plain(WORDS)


def projected(vectors, metadata):
    """Read two files as the Projector does: vz_projector/data-provider.ts, parseTensors and parseMetadata."""
    blank = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
    points = [
        [float(cell) for cell in line.strip(blank).split("\t")] for line in vectors.split("\n") if line.strip(blank)
    ]
    names, rows = ["label"], []
    for number, line in enumerate(line for line in metadata.split("\n") if line.strip(blank)):
        if number == 0 and "\t" in line:
            names = line.split("\t")
            continue
        cells = line.split("\t")
        assert len(cells) == len(names)
        rows.append({name: cell or None for name, cell in zip(names, cells, strict=True)})
    return points, rows


def test_the_projector_reads_its_files_by_its_own_rules(service, small_pages):
    stock(service)
    found = unzipped(service, "projector")
    (embedding,) = json.loads(found["config.json"])["embeddings"]
    points, rows = projected(*(found[embedding[path]].decode() for path in ("tensorPath", "metadataPath")))
    assert embedding["tensorShape"] == [len(points), len(points[0])] == [5, 8]
    assert np.allclose(points, AxisEmbedder().embed([word.text for word in WORDS]), atol=1e-6)
    assert [row["text"] for row in rows] == ["fruit a", "country b", "fruit c", "animal d", "fruit e f"]
    assert next(iter(rows[0])) == "text"  # the first column labels the points
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["topic"] for row in rows] == ["fruit", "country", "fruit", None, "fruit"]
    assert rows[3]["share"] == "-0.5" and rows[3]["old"] == "true" and rows[0]["share"] is None


def test_the_projector_has_a_row_for_every_hostile_word(service):
    words = hostile()
    service.words.add(words)
    found = unzipped(service, "projector")
    points, rows = projected(found["vectors.tsv"].decode(), found["metadata.tsv"].decode())
    assert len(points) == len(rows) == len(words)


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_an_export_of_hostile_words_is_read_as_the_words_that_it_was_made_of(service, format, small_pages):
    service.words.add(hostile())
    service.topics.replace(["fruit", "=country"])
    service.clusterings.make(ClusteringSettings(k=3))
    file = Spooled(io.BytesIO(exported(service, format)), f"export.{format}")
    assert plain(read_words(file)) == plain(hostile())


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_the_topics_of_an_export_are_labels_for_an_evaluation(service, format):
    stock(service)
    file = Spooled(io.BytesIO(exported(service, format)), f"export.{format}")
    assert list(read_labelled(file))[:2] == [LabelledText("fruit a", "fruit"), LabelledText("country b", "country")]


@pytest.mark.parametrize("format", ["parquet", "csv", "numpy", "projector"])
def test_an_export_is_of_the_moment_of_the_call(engine, small_pages, format):
    stock(engine)
    at_once = exported(engine, format)
    parts = engine.export(format)
    begun = next(parts)
    engine.words.delete(["1", "2"])
    engine.words.add([Word("fruit new", "3"), Word("animal new", "9", {"new": 1})])
    engine.topics.replace(["company"])
    assert begun + b"".join(parts) == at_once


@pytest.mark.parametrize("format", ["parquet", "csv", "numpy", "projector"])
def test_nothing_is_exported_as_a_file_without_rows(service, format):
    if format in FILES:
        found = unzipped(service, format)
        assert format != "numpy" or np.load(io.BytesIO(found["vectors.npy"])).shape == (0, 0)
    elif format == "parquet":
        assert len(pandas.read_parquet(io.BytesIO(exported(service, format)))) == 0
    else:
        assert len(exported(service, format).splitlines()) == 1


def test_more_names_than_a_table_has_columns_are_refused_by_the_call_itself(service):
    service.words.add([Word(f"{i}", f"{i}", {f"name {i} {j}": 1 for j in range(50)}) for i in range(MOST_NAMES // 50)])
    assert b"name 0 0" in exported(service, "csv")
    service.words.add([Word("one more", "more", {"one name more": 1})])
    with pytest.raises(InvalidRequest, match="more than 1000 names"):
        service.export("csv")


def test_long_texts_make_small_pages(engine, monkeypatch):
    monkeypatch.setattr(export_pages, "_PAGE_BYTES", 100)
    words = [Word("fruit " * 20, f"{i}") for i in range(5)]
    engine.words.add(words)
    content = exported(engine, "parquet")
    assert pq.ParquetFile(io.BytesIO(content)).num_row_groups == 5
    assert plain(read_words(Spooled(io.BytesIO(content), "a.parquet"))) == plain(words)

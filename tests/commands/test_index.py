"""`topicdex index`: what is read, what is embedded, what is counted, and what is refused."""

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.words import upsert
from tests.commands.conftest import LOADED, failed, in_a_process, write


def test_every_kind_of_file_is_indexed(index, texts):
    write("a.txt", "fruit a\n")
    write("b.csv", "id,text,n\n1,fruit b,3\n")
    write("c.tsv", "word\tn\nfruit c\t3\n")
    write("d.jsonl", '"fruit d"\n{"text": "fruit e", "n": 3}\n')
    pq.write_table(pa.table({"text": ["fruit f"], "n": [3]}), "f.parquet")
    Path("g.csv.gz").write_bytes(gzip.compress(b"text\nfruit g\n"))
    summary = index("a.txt", "b.csv", "c.tsv", "d.jsonl", "f.parquet", "g.csv.gz")
    assert set(summary) >= {"added", "updated", "unchanged", "removed", "skipped", "seconds"}
    assert summary["added"] == 7
    assert sorted(texts().values()) == [f"fruit {c}" for c in "abcdefg"]
    assert texts()["1"] == "fruit b"


def test_standard_input_is_read_as_lines_beside_files(index, texts, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("fruit ü\ncountry b\n".encode())))
    assert index("-", write("a.txt", "fruit a\n"))["added"] == 3
    assert sorted(texts().values()) == ["country b", "fruit a", "fruit ü"]


def test_what_is_there_is_not_embedded_again(index, model):
    write("a.csv", "id,text\n1,fruit a\n2,fruit b\n")
    assert index("a.csv")["added"] == 2
    summary = index("a.csv")
    assert (summary["added"], summary["updated"], summary["unchanged"]) == (0, 0, 2)
    assert model.texts == ["fruit a", "fruit b"]


def test_a_changed_text_is_embedded_and_changed_metadata_is_not(index, model, texts):
    index(write("a.csv", "id,text,n\n1,fruit a,1\n2,fruit b,1\n3,fruit c,1\n"))
    summary = index(write("a.csv", "id,text,n\n1,fruit a,1\n2,fruit b,2\n3,country c,1\n"))
    assert (summary["added"], summary["updated"], summary["unchanged"]) == (0, 2, 1)
    assert model.texts == ["fruit a", "fruit b", "fruit c", "country c"]
    assert texts()["3"] == "country c"


def test_the_same_text_under_two_ids_is_embedded_once(index, model, texts, monkeypatch):
    monkeypatch.setattr(upsert, "BATCH", 2)  # in the same batch, in the next, and in one long written
    index(write("a.csv", "id,text\n1,fruit a\n2,fruit a\n3,fruit a\n4,fruit b\n5,fruit c\n6,fruit d\n7,fruit a\n"))
    assert sorted(model.texts) == ["fruit a", "fruit b", "fruit c", "fruit d"]
    assert len(texts()) == 7


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_the_same_id_twice_counts_once_and_the_last_one_stays(index, texts, monkeypatch, batch):
    monkeypatch.setattr(upsert, "BATCH", batch)
    summary = index(
        write("a.csv", "id,text\n1,fruit a\n2,fruit b\n1,fruit c\n"), write("b.csv", "id,text\n2,fruit d\n")
    )
    assert (summary["added"], summary["skipped"]) == (2, 2)
    assert texts() == {"1": "fruit c", "2": "fruit d"}
    again = index("a.csv", "b.csv")
    assert (again["unchanged"], again["updated"]) == (2, 0)


def test_blank_texts_are_skipped_and_counted_with_their_reason(call):
    code, out, err = call("index", write("a.txt", "fruit a\n\n  \nfruit b\n"))
    assert (code, out) == (0, "")
    assert "2 added" in err and "2 skipped" in err and "the text is blank" in err


def test_texts_of_100_kb_are_kept(index, texts):
    long = "fruit " * 17_000
    assert index(write("a.txt", long + "\n"))["added"] == 1
    assert list(texts().values()) == [long]


def test_topics_are_set_from_a_file_with_words_or_alone(call, index):
    write("topics.csv", "name,description\nFruit,sweet fruit\nCountry,\n")
    assert index("--topics", "topics.csv")["added"] == 0
    assert [t["name"] for t in json.loads(call("topics", "list", "--json")[1])["topics"]] == ["Fruit", "Country"]
    index(write("a.txt", "fruit a\n"), "--topics", write("other.txt", "Animal\n"))
    assert [t["name"] for t in json.loads(call("topics", "list", "--json")[1])["topics"]] == ["Animal"]


def test_a_dry_run_says_what_would_be_done_and_makes_nothing(call, store):
    write("a.txt", "fruit a\nfruit b\n")
    code, out, err = call("index", "a.txt", "--dry-run")
    assert (code, out) == (0, "") and "2 words would be added" in err
    assert not store.exists()
    store.mkdir()
    assert call("index", "a.txt", "--dry-run")[0] == 0
    assert not list(store.iterdir())


def test_a_dry_run_on_a_store_changes_and_embeds_nothing(call, index, texts, model):
    index(write("a.csv", "id,text\n1,fruit a\n2,fruit b\n3,fruit c\n"))
    model.texts.clear()
    code, out, _ = call(
        "index", write("b.csv", "id,text\n1,fruit a\n2,other\n4,new\n"), "--dry-run", "--prune", "--json"
    )
    plan = json.loads(out)
    assert code == 0
    assert [plan[name] for name in ("added", "updated", "unchanged", "removed")] == [1, 1, 1, 1]
    assert texts() == {"1": "fruit a", "2": "fruit b", "3": "fruit c"}
    assert model.texts == []


def test_another_model_is_refused_before_anything_is_embedded(call, index, model):
    index(write("a.txt", "fruit\n"))
    failed(call("index", write("b.txt", "country\n"), "--model", "other"), "model_mismatch", "axes", "other")
    assert model.texts == ["fruit"]


def test_a_file_that_is_indexed_already_needs_no_model(index, store, tmp_path, monkeypatch):
    index(write("a.txt", "fruit\n"))
    done = in_a_process("index", "a.txt", cwd=tmp_path, script=LOADED)
    assert done.returncode == 0, done.stderr
    assert "1 unchanged" in done.stderr
    loaded = done.stderr.splitlines()[-1]
    slow = "torch sentence_transformers transformers onnxruntime openvino tokenizers sklearn pandas openai flask"
    assert "chromadb" in loaded and not [name for name in slow.split() if repr(name) in loaded]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["index", "missing.csv"], ["missing.csv", "no such file"]),
        (["index", "."], ["folder"]),
        (["index", "column.csv"], ["column.csv", "a, b", "--text-column"]),
        (["index", "good.txt", "broken.jsonl"], ["broken.jsonl, line 2"]),
        (["index", "latin.txt"], ["latin.txt, line 1", "UTF-8"]),
        (["index", "cut.txt.gz"], ["cut.txt.gz", "gzip"]),
        (["index", "empty.txt"], ["empty.txt"]),
        (["index", "a.docx"], ["a.docx", ".csv"]),
        (["index", "good.txt", "--topics", "missing.txt"], ["missing.txt"]),
        (["topics", "set", "empty.txt"], ["empty.txt"]),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_nothing_is_made(call, store, arguments, words):
    write("good.txt", "fruit\n")
    write("column.csv", "a,b\n1,2\n")
    write("broken.jsonl", '"fine"\n{"text": \n')
    Path("latin.txt").write_bytes(b"caf\xe9\n")
    Path("cut.txt.gz").write_bytes(gzip.compress(b"fruit\n" * 1000)[:-20])
    write("empty.txt", "")
    write("a.docx", "fruit\n")
    failed(call(*arguments), "input_error", *words)
    assert not store.exists()

import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.errors import InputError
from indexer.readers import Skipped, read_labelled, read_lines, read_topics, read_words
from indexer.records import LabelledText, Topic, Word, text_hash


def packed(data):
    """Gzip data without the time: every process that collects these tests gives them the same names."""
    return gzip.compress(data, mtime=0)


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path; .gz is packed."""

    def _write(name, content):
        data = content if isinstance(content, bytes) else content.encode()
        path = tmp_path / name
        path.write_bytes(packed(data) if name.endswith(".gz") and isinstance(content, str) else data)
        return path

    return _write


def word(text, id=None, **metadata):
    return Word(text, text_hash(text) if id is None else id, metadata)


def parquet_bytes(columns):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


# What a format means


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "Apple\nMango\n"),
        ("a.txt", "\ufeffApple\r\nMango"),
        ("a.txt.gz", "Apple\nMango\n"),
        ("A.TXT", "Apple\nMango\n"),
        ("a.csv", "text\nApple\nMango\n"),
        ("a.csv", "\ufefftext\r\nApple\r\nMango\r\n"),
        ("a.csv.gz", '"word"\n"Apple"\n"Mango"'),
        ("a.csv", "fruit\nApple\nMango\n"),
        ("a.tsv", ",Name\n,Apple\n,Mango\n".replace(",", "\t")),
        ("a.tsv.gz", "text\nApple\nMango\n"),
        ("a.jsonl", '{"text": "Apple"}\n{"text": "Mango", "colour": null}\n'),
        ("a.jsonl", '"Apple"\n{"Word": "Mango"}'),
        ("a.jsonl.gz", '"Apple"\n"Mango"\n'),
        ("a.parquet", parquet_bytes({"text": ["Apple", "Mango"]})),
        ("a.parquet.gz", packed(parquet_bytes({"fruit": ["Apple", "Mango"]}))),
    ],
)
def test_every_format_gives_the_same_words(write, name, content):
    assert list(read_words(write(name, content))) == [word("Apple"), word("Mango")]


def test_a_line_of_text_ends_at_a_newline_only_and_is_kept_exactly(write):
    texts = [
        " a ",
        "b\vc\fd\x1ce\x85f\u2028g\u2029h",
        "lone\rreturn",
        "nul\0",
        "end\r\r",
        "\ufeffsecond mark",
        "z\r",
    ]
    rows = list(read_words(write("a.txt", "\r\n".join(texts))))
    assert [row.text for row in rows] == texts


def test_standard_input_is_a_text_a_line():
    rows = list(read_lines(io.BytesIO("Apple\n\nMängo\n".encode()), "standard input"))
    assert rows == [word("Apple"), Skipped(2, "the text is blank"), word("Mängo")]


def test_other_columns_become_metadata_and_an_empty_cell_is_left_out(write):
    path = write("a.csv", "id,text,lang,\n7,Apple,en,x\n,Mango,,\n")
    assert list(read_words(path)) == [word("Apple", "7", lang="en"), word("Mango")]


def test_columns_can_be_chosen(write):
    path = write("a.csv", "id,text,title,key\n1,long,Apple,k\n")
    assert list(read_words(path, text_column="title", id_column="key")) == [
        Word("Apple", "k", {"id": "1", "text": "long"})
    ]
    assert next(read_words(path, text_column="title", id_column="title")).id == "Apple"
    assert list(read_words(path, text_column="id")) == [Word("1", "1", {"text": "long", "title": "Apple", "key": "k"})]


def test_a_column_called_text_wins_over_word_and_name(write):
    assert list(read_words(write("a.csv", "NAME,Word\nx,Apple\n"))) == [word("Apple", NAME="x")]
    assert list(read_words(write("a.csv", "word,TEXT\nx,Apple\n"))) == [word("Apple", word="x")]


def test_a_quoted_cell_holds_commas_quotes_and_line_ends(write):
    rows = list(read_words(write("a.csv", 'text,n\n"a, ""b""\r\nc\rd",1\nend,2\n')))
    assert rows == [word('a, "b"\r\nc\rd', n="1"), word("end", n="2")]


def test_a_text_of_a_megabyte_is_read(write):
    long = "word " * 200_000
    assert [row.text for row in read_words(write("a.csv", f"text\n{long}\n"))] == [long]
    assert [row.text for row in read_words(write("a.jsonl", json.dumps(long)))] == [long]


def test_json_values_keep_their_types_and_nested_ones_become_json_text(write):
    line = '{"text": "a", "id": 7, "n": 1, "x": 1.0, "ok": true, "big": 9223372036854775808, "l": [1, "é"], "o": {"p": null}, "e": "", "no": null}'
    [row] = read_words(write("a.jsonl", line))
    expected = {
        "n": 1,
        "x": 1.0,
        "ok": True,
        "big": "9223372036854775808",
        "l": '[1, "é"]',
        "o": '{"p": null}',
        "e": "",
    }
    assert row == Word("a", "7", expected)
    assert [type(value) for value in row.metadata.values()] == [type(value) for value in expected.values()]


def test_json_objects_may_differ_in_their_fields(write):
    rows = list(read_words(write("a.jsonl", '{"text": "a"}\n{"id": "7", "text": "b"}\n{"n": 1}\n')))
    assert rows == [word("a"), word("b", "7"), Skipped(3, "the text is blank")]


def test_parquet_values_become_flat_metadata(write):
    columns = {
        "text": ["a"],
        "day": [date(2024, 5, 1)],
        "at": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
        "price": [Decimal("1.50")],
        "tags": [["x", "y"]],
        "where": [{"since": datetime(2024, 5, 1, 12)}],
        "n": [1],
        "nan": [float("nan")],
        "none": pa.array([None], pa.string()),
    }
    assert list(read_words(write("a.parquet", parquet_bytes(columns)))) == [
        word(
            "a",
            day="2024-05-01",
            at="2023-11-14T22:13:20.123456+00:00",
            price="1.50",
            tags='["x", "y"]',
            where='{"since": "2024-05-01T12:00:00"}',
            n=1,
        )
    ]


def test_parquet_is_read_beyond_its_first_batch(write):
    path = write("a.parquet", parquet_bytes({"id": list(range(2500)), "text": ["a", ""] * 1250}))
    rows = list(read_words(path))
    assert rows[2498:] == [word("a", "2498"), Skipped(2500, "the text is blank")]


def test_reading_starts_before_the_end_of_a_file_is_seen(write):
    rows = read_words(write("a.csv", b"text\nApple\n" + b"\xff\n"))
    assert next(rows) == word("Apple")
    with pytest.raises(InputError, match="line 3"):
        next(rows)


# Rows that are skipped


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("a.txt", "a\n \t\n", 2, "the text is blank"),
        ("a.csv", 'text,n\na,1\n" ",2\n', 3, "the text is blank"),
        ("a.csv", 'text,n\n"a\nb",1\n,2\n', 4, "the text is blank"),
        ("a.csv", "text,n\na,1\n\n", 3, "the text is blank"),
        ("a.csv", "text,id\na,1\nb," + "x" * 129, 3, "longer than 128 bytes"),
        ("a.csv", "text,n\na,1\nb," + "x" * 16_384, 3, "larger than 16 KB"),
        ("a.jsonl", '"a"\n\n', 2, "the text is blank"),
        ("a.jsonl", '"a"\n{"text": null}', 2, "the text is blank"),
        ("a.jsonl", '"a"\n{"text": 5}', 2, "not a string"),
        ("a.jsonl", '"a"\n"\\ud83d"', 2, "surrogate"),
        ("a.jsonl", '"a"\n{"text": "b", "id": "\\ud83d"}', 2, "surrogate"),
        ("a.jsonl", '"a"\n{"text": "b", "l": ["\\ud83d"]}', 2, "surrogate"),
        ("a.jsonl", '"a"\n{"text": "b", "id": ""}', 2, "the id is empty"),
        ("a.jsonl", '"a"\n{"text": "b", "id": 1.5}', 2, "the id is neither"),
        ("a.jsonl", '"a"\n{"text": "b", "id": true}', 2, "the id is neither"),
        ("a.jsonl", '"a"\n{"text": "b", "#": 1}', 2, "begins with"),
        ("a.jsonl", '"a"\n{"text": "b", "": 1}', 2, "empty"),
        ("a.jsonl", '"a"\n{"text": "b", "n": 1e999}', 2, "finite"),
        ("a.parquet", parquet_bytes({"text": ["a", "b"], "raw": [None, b"x"]}), 2, "holds bytes"),
        ("a.parquet", parquet_bytes({"text": ["a", None]}), 2, "the text is blank"),
    ],
)
def test_a_row_that_cannot_be_a_word_is_skipped_with_its_line_and_reason(write, name, content, line, reason):
    first, row = read_words(write(name, content))
    assert isinstance(first, Word)
    assert isinstance(row, Skipped)
    assert row.line == line
    assert reason in row.reason


# Files that cannot be read: a table of (name, content, what the message says)

BAD_FILES = [
    ("a.pdf", "a", "must end in one of .txt, .csv, .tsv, .jsonl, .parquet"),
    ("a", "a", "must end in"),
    ("a.gz", "a", "must end in"),
    ("a.txt", "", "no rows"),
    ("a.txt", "\ufeff", "no rows"),
    ("a.txt.gz", "", "no rows"),
    ("a.csv", "", "no rows"),
    ("a.csv", "text,n\n", "no rows"),
    ("a.jsonl", "", "no rows"),
    ("a.parquet", b"", "no rows"),
    ("a.parquet", parquet_bytes({"text": pa.array([], pa.string())}), "no rows"),
    ("a.txt", b"a\nb\ncaf\xe9\n", "line 3: not UTF-8 (its byte 4 is 0xe9)"),
    ("a.csv", b"text\na\ncaf\xe9\n", "line 3: not UTF-8"),
    ("a.jsonl", '"a"'.encode("utf-16"), "line 1: not UTF-8"),
    ("a.txt", packed(b"a\n"), "line 1: not UTF-8"),
    ("a.txt", b"a\n" + b"x" * (16 * 1024 * 1024 + 1), "line 2: longer than 16 MB"),
    ("a.txt.gz", b"plain text\n", "line 1: the gzip data is broken"),
    (
        "a.csv.gz",
        packed(b"text\n" + bytes(range(97, 123)) * 9)[:-12],
        "gzip data is broken or cut off",
    ),
    ("a.parquet.gz", b"PAR1", "gzip data is broken"),
    (
        "a.csv",
        "a,b\n1,2\n",
        "line 1: no column is called text or word or name; choose one with --text-column (the columns are: a, b)",
    ),
    ("a.jsonl", '"x"\n{"a": 1, "b": 2}', "line 2: no column is called"),
    ("a.parquet", parquet_bytes({"a": ["x"], "b": ["y"]}), "line 1: no column is called"),
    ("a.csv", "\nApple\n", "line 1: no column names"),
    ("a.csv", "text;n\na;1\n", "line 1: the columns are not separated by ','"),
    ("a.tsv", "text,n\na,1\n", "line 1: the columns are not separated by '\\t'"),
    ("a.csv", "text,n,n\na,1,2\n", "line 1: two columns are called 'n'"),
    ("a.parquet", "not parquet at all", "line 1: no readable Parquet"),
    ("a.parquet", parquet_bytes({"text": ["a"] * 99})[:-20], "no readable Parquet"),
    ("a.csv", "text,#\na,1\n", "line 1: the metadata name '#' begins with"),
    ("a.csv", 'text,n\n"a\nb",1\nc,2,3\n', "line 4: 3 cells where the header names 2"),
    ("a.csv", "text,n\na,1\nb\n", "line 3: 1 cells where the header names 2"),
    ("a.csv", 'text\na\n"b\nc\nd\n', "line 3: a double quote is opened in this row and never closed"),
    ("a.csv", 'text\n"a"b\n', "line 2: text after a closing double quote"),
    ("a.csv", "text\na\rb\n", "line 2: a carriage return"),
    ("a.csv", 'text\n"' + ("x" * 1_000_000 + "\n") * 17 + '"', "line 2: a cell of more than 16 MB"),
    ("a.jsonl", '"a"\n{"text": "b"\n', "line 2: no valid JSON (Expecting ',' delimiter at character 13)"),
    ("a.jsonl", '{"text": "a", "n": NaN}', "line 1: no valid JSON (NaN"),
    ("a.jsonl", '{"text": "a", "n": -Infinity}', "line 1: no valid JSON (-Infinity"),
    ("a.jsonl", '{"text": "a", "n": 1, "n": 2}', "line 1: no valid JSON (an object has the same name twice)"),
    ("a.jsonl", '{"text": "a", "n": ' + "9" * 5000 + "}", "line 1: no valid JSON"),
    ("a.jsonl", "[" * 200_000, "line 1: no valid JSON (nested too deeply)"),
    ("a.jsonl", '"a"\n["b"]\n', "line 2: neither a JSON object nor a string"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES)
def test_a_file_that_cannot_be_read_says_where_and_why(write, name, content, message):
    path = write(name, content)
    with pytest.raises(InputError) as caught:
        list(read_words(path))
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert ";" in str(caught.value)  # what to do now
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("option", ["text_column", "id_column"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(write, option):
    with pytest.raises(InputError, match=r"line 1: there is no column 'txt'; .*the columns are: text, n"):
        list(read_words(write("a.csv", "text,n\na,1\n"), **{option: "txt"}))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: there is no such file"):
        list(read_words(tmp_path / "gone.csv"))
    with pytest.raises(InputError, match="this is a folder"):
        list(read_words(tmp_path))


@pytest.mark.parametrize(
    ("error", "message"), [(PermissionError(13, "x"), "no permission"), (OSError(5, "I/O"), "I/O")]
)
def test_a_file_that_will_not_open_is_named(tmp_path, monkeypatch, error, message):
    def refuse(*_):
        raise error

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(InputError, match=message):
        list(read_words(tmp_path / "a.txt"))


def test_empty_standard_input_is_an_error():
    with pytest.raises(InputError, match="standard input: it is empty"):
        list(read_lines(io.BytesIO(b""), "standard input"))


# Labelled texts


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,label\nMango,Fruit\nPeru,3\n"),
        ("a.csv", "intent,note,text,TOPIC\n,,Mango,Fruit\n#,,Peru,3\n"),
        ("a.csv", "text,intent\nMango,Fruit\nPeru,3\n"),
        ("a.tsv.gz", "word\tcategory\nMango\tFruit\nPeru\t3\n"),
        ("a.jsonl", '{"text": "Mango", "label": "Fruit", "#": 1}\n{"text": "Peru", "label": 3}\n'),
    ],
)
def test_labelled_texts_are_found_by_the_names_of_their_columns(write, name, content):
    assert list(read_labelled(write(name, content))) == [
        LabelledText("Mango", "Fruit"),
        LabelledText("Peru", "3"),
    ]


def test_the_label_column_can_be_chosen(write):
    path = write("a.csv", "text,label,intent\nMango,x,Fruit\n")
    assert list(read_labelled(path, label_column="intent")) == [LabelledText("Mango", "Fruit")]


def test_a_row_without_text_or_label_is_skipped(write):
    rows = list(
        read_labelled(write("a.jsonl", '{"text": "a", "label": ""}\n{"label": "b"}\n"c"\n{"text": "d", "label": 1.5}'))
    )
    assert rows == [
        Skipped(1, "the text has no label"),
        Skipped(2, "the text is blank"),
        Skipped(3, "the text has no label"),
        Skipped(4, "the label is neither text nor a whole number"),
    ]


def test_a_file_without_labels_is_an_error(write):
    with pytest.raises(
        InputError, match=r"no column is called label or topic or category; choose one with --label-column"
    ):
        list(read_labelled(write("a.csv", "text,a,b\nx,1,2\n")))


# Topics

FRUIT = Topic("Fruit", "what grows on trees", ("Apple", "Mango"))


@pytest.mark.parametrize(
    ("name", "content", "topics"),
    [
        ("t.txt", "Fruit\nCountry\n", [Topic("Fruit"), Topic("Country")]),
        ("t.csv", "name,description,examples\nFruit,what grows on trees,Apple | Mango\nCountry,,\n", [FRUIT, Topic("Country")]),
        ("t.csv", "Topic\nFruit\n", [Topic("Fruit")]),
        ("t.tsv", "n\tlabel\n1\tFruit\n", [Topic("Fruit")]),
        ("t.jsonl", '{"name": "Fruit", "description": "what grows on trees", "examples": ["Apple", "Mango"]}\n"Country"', [FRUIT, Topic("Country")]),
        ("t.json", '[{"name": "Fruit", "examples": ["a|b"]}, "Country"]', [Topic("Fruit", "", ("a|b",)), Topic("Country")]),
        ("t.json", '\ufeff{"topics": [{"name": "Fruit", "description": null, "examples": null}]}', [Topic("Fruit")]),
        ("t.json.gz", '["Fruit"]', [Topic("Fruit")]),
    ],
)  # fmt: skip
def test_topics_are_read_in_their_order(write, name, content, topics):
    assert read_topics(write(name, content)) == topics


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.txt", "Fruit\n\nCountry\n", "line 2: the name is blank"),
        ("t.txt", "Fruit\nCountry\nFruit\n", "line 3: the name 'Fruit' is at line 1 too"),
        ("t.csv", "name,description\n,x\n", "line 2: the name is blank"),
        ("t.csv", "a,b\nx,y\n", "no column is called name or topic or label"),
        ("t.csv", "name,examples\nFruit,a,b\n", "line 2: 3 cells"),
        ("t.csv", "", "no rows"),
        ("t.json", "", "no valid JSON"),
        ("t.json", '[\n{"name": "Fruit",}]', "line 2: no valid JSON"),
        ("t.json", "[]", "no list of topics"),
        ("t.json", '{"labels": ["Fruit"]}', "no list of topics"),
        ("t.json", '["Fruit", 5]', "topic 2: neither a JSON object nor a string"),
        ("t.json", '[{"description": "x"}]', "no column is called name"),
        ("t.json", '[{"name": 5}]', "topic 1: the name cannot be used (it is no text)"),
        ("t.json", '["Fruit", "\\ud83d"]', "topic 2: the name cannot be used"),
        ("t.json", '[{"name": "a", "examples": 5}]', "the examples are no list"),
        ("t.json", '[{"name": "a", "examples": [" "]}]', "an example cannot be used (the text is blank)"),
        ("t.json", '[{"name": "a", "description": {}}]', "the description cannot be used"),
    ],
)
def test_topics_that_cannot_be_used_are_refused_with_their_place(write, name, content, message):
    path = write(name, content)
    with pytest.raises(InputError) as caught:
        read_topics(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


# Exports of ours; that they hold every word as it was is in tests/exports

MARK = '"topicdex:{""n"": ""integer""}"'


def test_an_apostrophe_is_taken_off_a_cell_of_an_export_and_of_no_other_file(write):
    ours = write("ours.csv", f"id,text,n,metadata.topic,topic,score,{MARK}\n1,'=1+1,'=2,'-t,'@fruit,0.5,\n")
    assert list(read_words(ours)) == [word("=1+1", "1", n="=2", topic="-t")]
    other = write("other.csv", "id,text,n\n1,'=1+1,'=2\n")
    assert list(read_words(other)) == [word("'=1+1", "1", n="'=2")]


def test_an_export_that_was_sorted_cut_and_added_to_is_still_one(write):
    edited = write("edited.csv", f"{MARK},mine,text,n,cluster\n,'x,fruit,7,a\n,,'',seven,b\n,,', ,\n")
    assert list(read_words(edited)) == [
        word("fruit", mine="'x", n=7),
        word("'", n="seven"),
        Skipped(4, "the text is blank"),
    ]


def test_the_columns_of_an_export_that_follow_from_its_words_are_metadata_in_another_file(write):
    content = "id,text,topic,score\n1,fruit,Fruit,0.5\n"
    assert list(read_words(write("other.csv", content))) == [word("fruit", "1", topic="Fruit", score="0.5")]
    columns = {"id": ["1"], "text": ["fruit"], "topic": ["Fruit"], "score": [0.5]}
    plain, ours = pa.table(columns), pa.table(columns).replace_schema_metadata({"topicdex:": "{}"})
    for table, metadata in ((plain, {"topic": "Fruit", "score": 0.5}), (ours, {})):
        pq.write_table(table, buffer := io.BytesIO())
        assert list(read_words(write("a.parquet", buffer.getvalue()))) == [Word("fruit", "1", metadata)]


def test_a_parquet_export_that_somebody_has_spoilt_is_named(write):
    table = pa.table({"text": ["fruit"], "n": ["{"]}).replace_schema_metadata({"topicdex:": '{"n": "mixed"}'})
    pq.write_table(table, buffer := io.BytesIO())
    with pytest.raises(InputError, match=r"a\.parquet, line 2: no readable Parquet"):
        list(read_words(write("a.parquet", buffer.getvalue())))

"""Words whose texts, ids and metadata would break a careless export."""

from indexer.records import Word

TEXTS = (
    "fruit plain",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\ttab first",
    "\rreturn first",
    "'=1+1",
    "''=1+1",
    "'",
    "'quoted'",
    "'=",
    '"country", he said',
    "two\nlines",
    "two\r\nlines\r",
    " blanks around ",
    "a,b;c\td",
    "nul \x00 inside",
    "\ufeffmark first",
    "line\u2028separator\x85\x0b\x1c",
    "😀 ثم 漢字",
    "</script><!-- <b>",
    "1",
    "1e5",
    "true",
    "null",
    "NaN",
    "topicdex:{}",
)
NAMES = (
    *("topic", "Topic", "score", "vector", "id", "text", "x", "metadata.x", "metadata.metadata.X", "METADATA.y"),
    *("metadata.other", "=name", "'=name", "'", " ", " a", "a", "a,b", 'a"b', "a\nb", "-", "ü", "__proto__", "NAME"),
)
VALUES = {
    "whole": 7,
    "large": 2**63 - 1,
    "least": -(2**63),
    "share": 0.1,
    "round": 2.0,
    "tiny": 5e-324,
    "below": -1.5,
    "yes": True,
    "no": False,
    "empty": "",
    "formula": "=cmd|' /C calc'!A0",
}
MIXED = (1, 1.0, True, "1", "", "=1", -2, "true", "'")


def hostile() -> list[Word]:
    """Return them: every text, every name, every kind of value, and names whose values are of several kinds."""
    words = [
        Word(text, f"{number % 3 * '='}{text[:9]}{number}", {"mixed": MIXED[number % len(MIXED)]})
        for number, text in enumerate(TEXTS)
    ]
    words += [Word(f"country {name}", f"name {name}", {name: f"of {name}", "mixed": 1}) for name in NAMES]
    words += [Word("company of values", "'=id", VALUES), Word("animal without", "x" * 128)]
    return [
        *words,
        Word("animal of whole and half", "half", {"whole and half": 1}),
        Word("b", "b", {"whole and half": 0.5}),
    ]


def plain(words):
    """Return words so that only equal ones are equal: 1, 1.0, True and "1" are not."""
    return sorted((w.id, w.text, sorted((n, type(v).__name__, repr(v)) for n, v in w.metadata.items())) for w in words)

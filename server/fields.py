"""The kinds of value that come in: each with its rule, and with what JSON Schema can say of that rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from indexer.records import (
    ID_BYTES,
    INT64,
    METADATA_NAMES,
    RESERVED_PREFIXES,
    encodes,
    id_problem,
    metadata_problem,
    text_problem,
)

MOST_ITEMS = 1_000  # in any list that comes in


def _checked(problem: Callable[[Any], str | None]) -> Callable[[Any], Any]:
    """Return a validator that keeps a value as it is, or refuses it with the reason that `problem` gives."""

    def check(value: Any) -> Any:
        if reason := problem(value):
            raise ValueError(reason)
        return value

    return check


def _object_problem(value: object) -> str | None:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        return "metadata is an object of names and values"
    return metadata_problem(value)


_HALF = "it holds half of a surrogate pair"
_NOT_BLANK = r"[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"  # as str.isspace has it
_SCALAR = [
    {"type": "string"},
    {"type": "boolean"},
    {"type": "integer", "minimum": INT64[0], "maximum": INT64[-1]},
    {"type": "number", "not": {"type": "integer"}},
]
_NAME = {"minLength": 1, "pattern": f"^(?!{'|'.join(RESERVED_PREFIXES).replace('$', '[$]')})"}
_METADATA = {
    "type": "object",
    "maxProperties": METADATA_NAMES,
    "propertyNames": _NAME,
    "additionalProperties": {"anyOf": _SCALAR},
}
Text = Annotated[
    str,
    AfterValidator(_checked(text_problem)),
    WithJsonSchema({"type": "string", "pattern": _NOT_BLANK, "example": "Mango"}),
]
Id = Annotated[
    str,
    AfterValidator(_checked(id_problem)),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": ID_BYTES}),
]
# what JSON can escape and nothing can store is refused
Unicode = Annotated[str, AfterValidator(_checked(lambda value: None if encodes(value) else _HALF))]
# checked whole and kept as it is: pydantic's unions would turn 1 into True or "1"
Metadata = Annotated[dict[str, Any], BeforeValidator(_checked(_object_problem)), WithJsonSchema(_METADATA)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MOST_ITEMS)]
# to JSON Schema 3.0 is a whole number too
WHOLE = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
Count = Annotated[int, Field(ge=1, le=MOST_ITEMS), WHOLE]
Cosine = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]

"""The kinds of value in bodies and queries, each with its rule and JSON Schema, and the bases of their models."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from indexer import records
from indexer.records import MOST_ITEMS


def checked(problem: Callable[[Any], str | None]) -> Callable[[Any], Any]:
    """Return a validator that keeps a value as it is, or refuses it with the reason that `problem` gives."""

    def check(value: Any) -> Any:
        if reason := problem(value):
            raise ValueError(reason)
        return value

    return check


def _object_problem(value: object) -> str | None:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        return "metadata is an object of names and values"
    return records.metadata_problem(value)


_HALF = "it holds half of a surrogate pair"
_NOT_BLANK = r"[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"  # as str.isspace has it
_METADATA = {
    "type": "object",
    "maxProperties": records.METADATA_NAMES,
    "propertyNames": {"pattern": f"^(?!{'|'.join(records.RESERVED_PREFIXES).replace('$', '[$]')})", "minLength": 1},
    "additionalProperties": {
        "anyOf": [
            {"type": "string"},
            {"type": "boolean"},
            {"type": "integer", "minimum": records.INT64[0], "maximum": records.INT64[-1]},
            {"type": "number", "not": {"type": "integer"}},
        ]
    },
}
Text = Annotated[
    str,
    AfterValidator(checked(records.text_problem)),
    WithJsonSchema({"type": "string", "pattern": _NOT_BLANK, "example": "Mango"}),
]
Id = Annotated[
    str,
    AfterValidator(checked(records.id_problem)),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": records.ID_BYTES}),
]
# JSON can escape a lone surrogate, and nothing can store one
Unicode = Annotated[str, AfterValidator(checked(lambda value: None if records.encodes(value) else _HALF))]
Ids = Annotated[list[Unicode], Field(min_length=1, max_length=MOST_ITEMS)]
# checked whole and kept as it is: pydantic's unions would turn 1 into True or "1"
Metadata = Annotated[dict[str, Any], BeforeValidator(checked(_object_problem)), WithJsonSchema(_METADATA)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MOST_ITEMS)]
# JSON Schema counts 3.0 among the whole numbers
WHOLE = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
Count = Annotated[int, Field(ge=1, le=MOST_ITEMS), WHOLE]
Cosine = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class Body(BaseModel):
    """Base of what comes as JSON: no field beside those named, no type turned into another."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Base of what comes in the address."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    @cache  # flask-openapi3 asks for it at every call, and it takes a millisecond
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return the schema."""
        return super().model_json_schema(*args, **options)


class NoQuery(Query):
    """No query parameters."""


class PageQuery(Query):
    """How many to show, and from where: `next` of the page before."""

    limit: Count = 100
    cursor: str | None = None


class WaitQuery(Query):
    """How many seconds to wait for the end of a job, at most."""

    wait: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0


class IdPath(BaseModel):
    """The id of a word, in which `/` may stand, or of a job."""

    id: str

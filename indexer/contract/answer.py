"""The base of all answers: frozen, and those of several rows are sequences; all become data frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from indexer.errors import InvalidRequest

if TYPE_CHECKING:
    import pandas

Row = TypeVar("Row")


class Answer(BaseModel):
    """Base of all answers: the fields of the contract, never changed once made."""

    model_config = ConfigDict(frozen=True)

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of a table of this answer: values by column."""
        return [self.model_dump()]

    def to_frame(self) -> pandas.DataFrame:
        """Return the answer as a DataFrame; raises InvalidRequest where pandas is not installed."""
        return data_frame(self.records())


class Table(Answer, Generic[Row]):
    """Base of answers that hold rows in one field, `table`: a sequence of these rows."""

    table: ClassVar[str] = "results"

    def __len__(self) -> int:
        return len(getattr(self, self.table))

    def __getitem__(self, position: int) -> Row:
        row: Row = getattr(self, self.table)[position]
        return row

    def __iter__(self) -> Iterator[Row]:  # type: ignore[override]  # pydantic's own yields fields
        return iter(getattr(self, self.table))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} {self.table}>"

    __str__ = __repr__

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of all rows, one after the other."""
        return [record for row in self for record in row.records()]  # type: ignore[attr-defined]


def with_metadata(row: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with a column for each name of the metadata, as `metadata.NAME` where the row has that name."""
    return row | {f"metadata.{name}" if name in row else name: value for name, value in metadata.items()}


def data_frame(data: Any, **options: Any) -> pandas.DataFrame:
    """Return a DataFrame of `data`; raises InvalidRequest where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise InvalidRequest("a data frame needs pandas; pip install pandas") from None
    return pandas.DataFrame(data, **options)

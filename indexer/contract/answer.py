"""What all answers have in common: they are frozen, and those of several rows are sequences and become data frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from indexer.errors import InvalidRequest

if TYPE_CHECKING:
    import pandas

Row = TypeVar("Row")


class Answer(BaseModel):
    """Base of all answers: fields as the contract has them, never changed once made."""

    model_config = ConfigDict(frozen=True)

    def records(self) -> list[dict[str, Any]]:
        """Return the answer as flat rows, values by column."""
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

    def records(self) -> list[dict[str, Any]]:
        """Return a flat record for each row."""
        return [record for row in self for record in row.records()]  # type: ignore[attr-defined]


def data_frame(data: Any, **options: Any) -> pandas.DataFrame:
    """Return a DataFrame of `data`; raises InvalidRequest where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise InvalidRequest("to_frame needs pandas; pip install pandas") from None
    return pandas.DataFrame(data, **options)

"""Imports: files that were sent, read to their end, then indexed as the command line does it."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.contract.imports import Import, ImportList, SkippedRows
from indexer.contract.words import Counts
from indexer.engine import Engine
from indexer.errors import InputError
from indexer.progress import Progress
from indexer.readers import Row, Skipped, Spooled, read_words
from indexer.readers.survey import Source, Survey, survey
from indexer.words.indexing import Indexing
from server.records import MemoryJobs, new_job
from server.uploads import MOST_BYTES, MOST_UNPACKED, check_unpacked, for_callers

MOST_ROWS = 5_000_000  # of a file: 0.1 KB of memory each while it is indexed, for hours
MOST_REASONS = 20  # that are listed; a file can have as many as rows
_REASON = 200  # characters of a reason, which may hold a name from the file
_LOOK = 1_000  # rows between two looks at whether to go on


class Imports(MemoryJobs[Import]):
    """The imports of one process; each holds its file until it has ended."""

    def __init__(self, engine: Engine) -> None:
        super().__init__("import")
        self._engine = engine
        self._given: dict[str, tuple[Spooled, str | None, str | None]] = {}

    def create(self, file: Spooled, text_column: str | None, id_column: str | None) -> str:
        """Keep a new import as queued and return its id; the file, which it closes, is its own from now on."""
        record = Import(**new_job(), name=file.name)
        self._given[record.id] = (file, text_column, id_column)
        return self._add(record)

    def listed(self) -> ImportList:
        """Return all imports, newest first."""
        return ImportList(imports=self.all())

    def _release(self, id: str) -> None:
        file, _, _ = self._given.pop(id)
        file.stream.close()

    def _work(self, id: str, progress: Progress) -> None:
        try:
            self._index(id, progress)
        except InputError as error:
            raise InputError(for_callers(error)) from error

    def _index(self, id: str, progress: Progress) -> None:
        check_unpacked(self._given[id][0], MOST_UNPACKED * max(MOST_BYTES.values()), lambda: progress(0.0))
        source = self._source(id, progress)
        surveyed = survey([source])
        self._change(id, rows=_rows(surveyed), **_skipped(surveyed))

        def on_batch(counts: Counts) -> None:
            share = counts.words / surveyed.distinct
            self._change(id, **vars(counts), progress=share)
            progress(share)

        Indexing(self._engine, [source], surveyed).run(on_batch=on_batch)
        self._change(id, progress=1.0)

    def _source(self, id: str, progress: Progress) -> Source:
        """Return a source of the rows of an import, which ends where that is cancelled or the rows are too many."""
        file, text_column, id_column = self._given[id]

        def rows() -> Iterator[Row]:
            for number, row in enumerate(read_words(file, text_column=text_column, id_column=id_column), start=1):
                if number > MOST_ROWS:
                    raise InputError(f"{file}: more than {MOST_ROWS} rows; send it in parts")
                if number % _LOOK == 0:
                    progress(self.get(id).progress)
                    if number > self.get(id).rows:
                        self._change(id, rows=number)
                yield Skipped(row.line, row.reason[:_REASON]) if isinstance(row, Skipped) else row

        return rows


def _rows(surveyed: Survey) -> int:
    return surveyed.distinct + surveyed.skipped.total()


def _skipped(surveyed: Survey) -> dict[str, object]:
    reasons = [SkippedRows(reason=reason, count=count) for reason, count in surveyed.skipped.most_common(MOST_REASONS)]
    return {"skipped": surveyed.skipped.total(), "reasons": reasons}

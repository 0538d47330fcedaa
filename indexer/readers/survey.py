"""A first reading of the input files to their end, before anything is embedded.

So a broken line at the end costs nothing, the amount of work is known, and of words with the same id only the last
one is embedded. It keeps a hash of 16 bytes for each row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain

from indexer.readers import Row, Skipped
from indexer.records import Word

_KEEP = 50_000  # words; an input with fewer is not read a second time

Source = Callable[[], Iterator[Row]]  # reads one input from its beginning each time it is called


@dataclass
class Survey:
    """What a first reading has found, and what is needed to read the input again as if no id came twice."""

    words: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    seen: set[bytes] = field(default_factory=set)
    last: dict[bytes, int] = field(default_factory=dict)  # the last position of each id that comes more than once
    kept: list[Word] | None = field(default_factory=list)  # the words themselves; None where they are too many

    @property
    def distinct(self) -> int:
        """Return the number of different ids."""
        return len(self.seen)

    def has(self, id: str) -> bool:
        """Tell whether the input has a word with this id."""
        return _digest(id) in self.seen

    def latest(self, sources: Sequence[Source]) -> Iterator[Word]:
        """Yield every word of the input that no later one replaces."""
        rows = chain.from_iterable(source() for source in sources) if self.kept is None else self.kept
        for position, word in enumerate(row for row in rows if isinstance(row, Word)):
            if not self.last or self.last.get(_digest(word.id), position) == position:
                yield word


def survey(sources: Sequence[Source]) -> Survey:
    """Read every source to its end; raises InputError where one cannot be read."""
    found = Survey()
    for row in chain.from_iterable(source() for source in sources):
        if isinstance(row, Skipped):
            found.skipped[row.reason] += 1
            continue
        digest = _digest(row.id)
        if digest in found.seen:
            found.skipped["the same id comes again later"] += 1
            found.last[digest] = found.words
        found.seen.add(digest)
        found.words += 1
        if found.kept is not None:
            found.kept.append(row)
            if found.words == _KEEP:
                found.kept = None
    return found


def _digest(id: str) -> bytes:
    return blake2b(id.encode(), digest_size=16).digest()

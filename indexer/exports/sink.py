"""A file that is never on a disk: what a writer writes is taken from it, a piece at a time."""

from __future__ import annotations


class Sink:
    """A file for writers that neither seek nor read; `taken` empties it."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        """Keep a part and return its length."""
        self._parts.append(bytes(part))  # a copy: the writer may use its memory again
        return len(part)

    def flush(self) -> None:
        """Do nothing: nothing is on its way elsewhere."""

    def close(self) -> None:
        """Do nothing: the last part is still to be taken."""

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)

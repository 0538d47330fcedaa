"""Read words, labelled texts and topics from files, whatever their format."""

from __future__ import annotations

from indexer.readers.lines import Spooled
from indexer.readers.topics import read_topics
from indexer.readers.words import Row, Skipped, read_labelled, read_lines, read_words

__all__ = ["Row", "Skipped", "Spooled", "read_labelled", "read_lines", "read_topics", "read_words"]

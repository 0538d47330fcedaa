"""Read words, labelled texts and topics from files, whatever their format."""

from indexer.readers.topics import read_topics
from indexer.readers.words import LabelledText, Row, Skipped, read_labelled, read_lines, read_words

__all__ = ["LabelledText", "Row", "Skipped", "read_labelled", "read_lines", "read_topics", "read_words"]

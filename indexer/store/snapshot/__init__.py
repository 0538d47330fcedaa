"""The snapshot of the words: files beside the store, mapped into memory, so that a start reads little from Chroma."""

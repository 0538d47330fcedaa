"""A model that sentence-transformers saved, where it is one that the graph stands for: a strict list.

What is not on the list, or cannot be read, is left to sentence-transformers itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from indexer.embedders.onnx.graph import Architecture
from indexer.embedders.onnx.tokens import load_tokenizer
from indexer.embedders.onnx.weights import float32_tensors
from indexer.embedders.prompts import Prompts
from indexer.vectors import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Json = Mapping[str, Any]

_PREFIX = {"bert": "bert.", "roberta": "roberta.", "xlm-roberta": "roberta."}
_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_POOLING: Mapping[str, Literal["mean", "cls"]] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "mean": "mean",
    "cls": "cls",
}
# of each file, the values of keys that change vectors; of files other than the first, no other key may have a value
_MODEL: Json = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "dtype": "float32",
    "torch_dtype": "float32",
    **dict.fromkeys(("is_decoder", "add_cross_attention"), False),
    **dict.fromkeys(("auto_map", "pruned_heads", "quantization_config"), None),
}
_TRANSFORMER: Json = {
    "transformer_task": "feature-extraction",
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings",
}
_SENTENCES: Json = {"model_type": "SentenceTransformer"}
_NORMALIZE: Json = {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}


@dataclass(frozen=True)
class Saved:
    """What the files of a model say; `longest` is the most tokens of a text that it reads."""

    architecture: Architecture
    weights: Mapping[str, Vectors]
    dimension: int
    longest: int
    tokenizer: Tokenizer
    prompts: Prompts


def read_saved(folder: Path, *, mapped: bool) -> Saved | None:
    """Return the model of a folder; None where it is not on the list. `mapped`: its files are never written to."""
    try:
        return _read_saved(folder, mapped)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None  # a file that is not there, or holds other things than such a model has


def _read_saved(folder: Path, mapped: bool) -> Saved | None:
    model, settings = _json(folder / "config.json"), _json(folder / "tokenizer_config.json")
    cut = _json(folder / "sentence_bert_config.json")
    pooling = _pooling(folder)
    if pooling is None or not _is_listed(folder, model, cut):
        return None
    padding = None if model["model_type"] == "bert" else int(model.get("pad_token_id", 1))
    prefix = _PREFIX[model["model_type"]]
    tensors = float32_tensors(folder / "model.safetensors", mapped=mapped)
    weights = {name.removeprefix(prefix): values for name, values in tensors.items()}
    dimension = int(model["hidden_size"])
    heads, layers = int(model["num_attention_heads"]), int(model["num_hidden_layers"])
    epsilon = float(model.get("layer_norm_eps", 1e-12))
    places = len(weights["embeddings.position_embeddings.weight"]) - (0 if padding is None else padding + 1)
    most = cut.get("max_seq_length") or settings["model_max_length"]
    longest = int(min(most, places))
    words = weights["embeddings.word_embeddings.weight"]
    if words.shape != (model["vocab_size"], dimension) or dimension % heads or longest < 3:
        return None
    tokenizer = load_tokenizer(folder, settings, longest)
    if tokenizer is None or tokenizer.get_vocab_size() > len(words):
        return None
    sentences = _json(folder / "config_sentence_transformers.json")
    prompts = Prompts.of_model(sentences.get("prompts"), sentences.get("default_prompt_name"))
    architecture = Architecture(layers, heads, epsilon, padding, pooling)
    return Saved(architecture, weights, dimension, longest, tokenizer, prompts)


def _is_listed(folder: Path, model: Json, cut: Json) -> bool:
    """Tell whether nothing in the files asks for more than the graph does."""
    sentences = _json(folder / "config_sentence_transformers.json")
    unimportant = ("__version__", "similarity_fn_name", "prompts", "default_prompt_name")
    return (
        model["model_type"] in _PREFIX
        and model["hidden_act"] == "gelu"
        and all(not model.get(key) or model[key] == value for key, value in _MODEL.items())
        and _asks_only(cut, _TRANSFORMER, "max_seq_length")
        and _asks_only(sentences, _SENTENCES, *unimportant)
        and not (folder / "adapter_config.json").exists()
    )


def _pooling(folder: Path) -> Literal["mean", "cls"] | None:
    """Return what makes one vector of those of the tokens; None where it is something else, or not all that is done."""
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds not in _MODULES or modules[0]["path"] != "":
        return None
    if not all(module["type"].startswith("sentence_transformers.") and not module.get("kwargs") for module in modules):
        return None
    if kinds[-1] == "Normalize":
        file = folder / modules[-1]["path"] / "config.json"
        if file.exists() and not _asks_only(_json(file), _NORMALIZE):
            return None
    config = _json(folder / modules[1]["path"] / "config.json")
    flags = [key for key, value in config.items() if key.startswith("pooling_mode_") and value]
    modes = {_POOLING.get(mode) for mode in [*flags, *([config["pooling_mode"]] if "pooling_mode" in config else [])]}
    sizes = ("word_embedding_dimension", "embedding_dimension", "pooling_mode", *flags)
    return modes.pop() if len(modes) == 1 and _asks_only(config, {"include_prompt": True}, *sizes) else None


def _asks_only(config: Json, values: Json, *others: str) -> bool:
    """Tell whether a file gives these keys no other value, and others than these and `others` none at all."""
    asked = {key: value for key, value in config.items() if key not in others}
    return all(value == values[key] if key in values else not value for key, value in asked.items())


def _json(file: Path) -> Json:
    content: Json = json.loads(file.read_text("utf-8"))
    return content

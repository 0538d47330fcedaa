"""Code that a model brings along: run only where the user allows it, and only that of a commit that the user names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.errors import ModelUnavailable

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ADVICE = "read it on the hub, then give --trust-remote-code and --revision COMMIT"


@dataclass(frozen=True)
class Origin:
    """Where a model comes from: a name on the hub or a folder, at a revision; None is the newest.

    `code_revision` is that of the repository that has its code, where this is another one than the model's.
    """

    name: str
    trusted: bool
    revision: str | None = None
    code_revision: str | None = None

    @classmethod
    def of(cls, name: str, trusted: bool, revision: str | None) -> Origin:
        """Return the origin of a model by its settings: `revision` is COMMIT, or COMMIT:COMMIT_OF_THE_CODE."""
        own, _, of_code = (revision or "").partition(":")
        return cls(name, trusted, own or None, of_code or None)

    def check(self) -> None:
        """Raise ModelUnavailable where its code could be any code: not pinned to a commit, which never changes."""
        if not self.trusted:
            return
        if not Path(self.name).is_dir() and not _COMMIT.fullmatch(self.revision or ""):
            raise ModelUnavailable(
                f"{self.name!r} may bring code, and a name on the hub can mean other code tomorrow; "
                "give --revision with the 40 digits of the commit that you have read"
            )
        for repository in self._other_repositories():
            if not _COMMIT.fullmatch(self.code_revision or ""):
                raise ModelUnavailable(
                    f"the code of {self.name!r} lies in another repository, {repository}; give the commits of both, "
                    f"as --revision COMMIT:COMMIT_OF_{repository}"
                )

    def refused(self, error: Exception) -> ModelUnavailable | None:
        """Return what to say where `error` says that the model needs its own code; None for any other error."""
        if self.trusted or "trust_remote_code" not in str(error):
            return None
        return ModelUnavailable(
            f"{self.name!r} brings code of its own, which is not run unless you allow it: {_ADVICE}"
        )

    def options(self) -> dict[str, Any]:
        """Return what sentence-transformers is told: weights are read from safetensors only, never unpickled."""
        options = {"trust_remote_code": self.trusted, "revision": self.revision}
        if self.code_revision is None:
            return {**options, "model_kwargs": {"use_safetensors": True}}
        code = {"code_revision": self.code_revision}
        model = {"use_safetensors": True, **code}
        return {**options, "model_kwargs": model, "config_kwargs": code, "processor_kwargs": code}

    def _other_repositories(self) -> Iterator[str]:
        """Yield the names of the repositories, beside the model's own, that its configuration takes code from."""
        classes = self._configuration().get("auto_map") or {}
        references = classes.values() if isinstance(classes, dict) else ()
        for reference in (one for each in references for one in (each if isinstance(each, list) else [each])):
            repository, found, _ = str(reference).partition("--")
            if found and repository != self.name:
                yield repository

    def _configuration(self) -> dict[str, Any]:
        if Path(self.name).is_dir():
            file = Path(self.name) / "config.json"
            read: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
            return read
        from transformers import PretrainedConfig

        found: dict[str, Any] = PretrainedConfig.get_config_dict(self.name, revision=self.revision)[0]
        return found

"""Options that many commands share, made from the one table of settings."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from indexer.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
STORE = ("data", "chroma_url", "server", "wait")
MODEL = (*STORE, "model", "trust_remote_code")
LISTEN = ("host", "port")


def settings_options(names: tuple[str, ...]) -> Callable[[F], F]:
    """Add the flags of these settings; the command gets them by name, None where they are not given."""

    def decorate(command: F) -> F:
        for f in reversed([f for f in fields(Settings) if f.name in names]):
            help = f"{f.metadata['help']}  [env: {f.metadata['variable']}; default: {f.metadata['default']}]"
            if isinstance(f.default, bool):
                option = click.option(f.metadata["flag"], f.name, is_flag=True, default=None, help=help)
            else:
                kind = str if f.default is None else type(f.default)
                option = click.option(
                    f.metadata["flag"],
                    f.name,
                    type=click.Path(path_type=Path) if isinstance(f.default, Path) else kind,
                    metavar=f.name.upper(),
                    help=help,
                )
            command = option(command)
        return command

    return decorate


def json_option(command: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="print the result as one JSON document")(command)


def settings_of(flags: dict[str, Any]) -> Settings:
    """Return the settings with these flags over the environment."""
    return Settings.load(**flags)

"""The decorators that commands share: flags of the settings, an open corpus, a result that is printed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.settings import Settings

if TYPE_CHECKING:
    from indexer.commands.printing import Output, Pages

Command = Callable[..., Any]
STORE = ("data", "chroma_url", "server", "wait")
MODEL = (*STORE, "model", "trust_remote_code", "revision", "dimensions", "query_prompt", "passage_prompt")
LISTEN = ("host", "port")


class Configured(click.Command):
    """A command whose help ends with the settings that have a variable and no flag."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write these settings."""
        super().format_epilog(ctx, formatter)
        rows = [f.metadata for f in fields(Settings) if f.metadata["flag"] is None]
        with formatter.section("Settings of the environment alone"):
            formatter.write_dl([(row["variable"], f"{row['help']}  [default: {row['default']}]") for row in rows])


class NumberRange(click.FloatRange):
    """A number in a range; not nan, which click takes for one in every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; another value is a wrong command line."""
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail("nan is not a number.", param, ctx)
        return number


def setting_type(name: str) -> click.ParamType[Any]:
    """Return the type of a setting's flag, within the limits that the setting has."""
    f = next(f for f in fields(Settings) if f.name == name)
    if limits := f.metadata["limits"]:
        return (NumberRange if f.metadata["kind"] is float else click.IntRange)(*limits)
    return click.Path(path_type=Path) if isinstance(f.default, Path) else click.STRING


def settings_options(names: tuple[str, ...]) -> Callable[[Command], Command]:
    """Add the flags of these settings; the command gets `settings`: these flags over the environment."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def configured(*args: Any, **given: Any) -> Any:
            flags = {name: given.pop(name) for name in names}
            return command(*args, settings=Settings.load(**flags), **given)

        for f in reversed([f for f in fields(Settings) if f.name in names]):
            help = f"{f.metadata['help']}  [env: {f.metadata['variable']}; default: {f.metadata['default']}]"
            how: dict[str, Any] = {"type": setting_type(f.name), "metavar": f.name.upper()}
            if isinstance(f.default, bool):
                how = {"is_flag": True, "default": None}
            click.option(f.metadata["flag"], f.name, help=help, **how)(configured)
        return configured

    return decorate


def opens(names: tuple[str, ...], *, create: bool = False) -> Callable[[Command], Command]:
    """Open the corpus that these settings name; the command gets it, a `Service`, as its first argument.

    `create`: make a store where there is none.
    """

    def decorate(command: Command) -> Command:
        @settings_options(names)
        @wraps(command)
        def opened(*, settings: Settings, **given: Any) -> Any:
            from indexer.connect import connect

            with connect(settings, create=create) as service:
                return command(service, **given)

        return opened

    return decorate


def prepared(name: str, prepare: Callable[..., object]) -> Callable[[Command], Command]:
    """Replace the parameters that `prepare` takes by the one argument `name` that it returns.

    Above `opens`, it reads files and refuses a wrong command line before the corpus is opened.
    """
    taken = inspect.signature(prepare).parameters

    def decorate(command: Command) -> Command:
        @wraps(command)
        def ready(**given: Any) -> Any:
            value = prepare(**{parameter: given.pop(parameter) for parameter in taken})
            return command(**{name: value}, **given)

        return ready

    return decorate


def json_option(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="print the result as one JSON document")(command)


def prints(command: Callable[..., Output | Pages]) -> Command:
    """Print what the command returns; add --json."""

    @json_option
    @wraps(command)
    def printing(*args: Any, as_json: bool, **given: Any) -> None:
        command(*args, **given).show(as_json)

    return printing


def answers(names: tuple[str, ...], *, create: bool = False) -> Callable[[Command], Command]:
    """Open the corpus for a command, as `opens` does, and print what it returns while the corpus is open."""
    return lambda command: opens(names, create=create)(prints(command))

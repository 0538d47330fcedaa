"""The command line: `topicdex COMMAND`. Parse, call the engine, print; every failure is one line."""

from __future__ import annotations

import sys

import click

from indexer import __version__
from indexer.commands.batches import batches
from indexer.commands.cache import cache
from indexer.commands.clusters import adapt, cluster, clusters
from indexer.commands.compare import compare
from indexer.commands.completion import completion
from indexer.commands.cost import cost
from indexer.commands.demo import demo
from indexer.commands.doctor import doctor
from indexer.commands.evidence import calibrate, classify, evaluate
from indexer.commands.export import export
from indexer.commands.index import index
from indexer.commands.info import info
from indexer.commands.lookups import matrix, similar, topic
from indexer.commands.maps import draw_map, maps
from indexer.commands.reembed import reembed
from indexer.commands.serve import serve
from indexer.commands.topics import topics
from indexer.commands.words import words
from indexer.errors import TopicdexError

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="topicdex")
def cli() -> None:
    """Semantic search: which topic does this text belong to?

    Index a corpus once, name topics, and ask about words that nobody has seen.
    """


_COMMANDS = (
    *(index, cost, serve, demo, info, doctor),
    *(topic, similar, matrix, classify, export),
    *(topics, words, cluster, clusters, draw_map, maps, adapt, calibrate, evaluate),
    *(compare, reembed, cache, batches, completion),
)
for command in _COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line: exit 0 done, 1 it failed, 2 the command line is wrong, 130 interrupted."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        code = cli.main(arguments, prog_name="topicdex", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _fail("invalid_request", error.format_message())
    except TopicdexError as error:
        return _fail(error.code, str(error))
    except (KeyboardInterrupt, click.Abort):
        click.echo("topicdex: interrupted; what is written stays, run again to go on", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:  # a full disk under standard input's copy or standard output, say
        return _fail("io_error", f"{error}; check the disk and its permissions, and run again")
    return code if isinstance(code, int) else 0


def _fail(code: str, message: str) -> int:
    click.echo(f"topicdex: {code}: {' '.join(message.split())}", err=True)
    return 1


if __name__ == "__main__":
    main()

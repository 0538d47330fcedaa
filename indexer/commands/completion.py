"""`topicdex completion`: the script with which a shell completes commands, flags and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_TOPICDEX_COMPLETE"  # click looks here for what the script asks
_INSTALL = {
    "bash": 'add this line to ~/.bashrc: eval "$(topicdex completion bash)"',
    "zsh": 'add this line to ~/.zshrc, below compinit: eval "$(topicdex completion zsh)"',
    "fish": "run once: topicdex completion fish > ~/.config/fish/completions/topicdex.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script with which a shell completes topicdex; its last line says how to install it."""
    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"the installed version of click has no completion for {shell}")
    click.echo(script(context.find_root().command, {}, "topicdex", _VARIABLE).source().rstrip())
    click.echo(f"# {_INSTALL[shell]}")

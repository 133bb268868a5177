"""``zswap-replay completion``: prints the script that teaches a shell the command line."""

from __future__ import annotations

import click

from zswap_replay.cli.examples import example


@click.command(
    epilog=example(
        'eval "$(zswap-replay completion bash)"',
        "zswap-replay completion fish > ~/.config/fish/completions/zswap-replay.fish",
    )
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands, options and values in SHELL.

    bash: put it into ~/.local/share/bash-completion/completions/zswap-replay. zsh: into a file _zswap-replay in a
    folder of $fpath. fish: into ~/.config/fish/completions/zswap-replay.fish. Or evaluate it when the shell starts.
    """
    from zswap_replay.cli.shells import script

    root = context.find_root()
    click.echo(script(root.command, str(root.info_name), shell), nl=False)

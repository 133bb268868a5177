"""``zswap-replay completion``: prints the script that teaches a shell the command line."""

from __future__ import annotations

import click

from zswap_replay.cli.options import example


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

    \b
    A shell finds it in one of these files when it is needed (bash: where bash-completion is installed):
      ~/.local/share/bash-completion/completions/zswap-replay
      _zswap-replay, in a folder of zsh's $fpath
      ~/.config/fish/completions/zswap-replay.fish
    """  # noqa: D301
    from zswap_replay.cli.completion_scripts import script
    from zswap_replay.cli.main import COMPLETION

    root = context.find_root()
    click.echo(script(root.command, str(root.info_name), COMPLETION, shell), nl=False)

"""``zswap-replay cost``: make and show cost profiles."""

from __future__ import annotations

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note
from zswap_replay.cli.options import (
    INSTEAD_OF_STDOUT,
    example,
    output_option,
    progress_option,
    quiet_option,
    shows_progress,
)
from zswap_replay.cli.progress import Bar


@click.group(name="cost")
def cost() -> None:
    """Make and show cost profiles: what a page costs to compress, to read and to write, for --cost."""


@cost.command(
    epilog=example(
        "zswap-replay cost measure -o mine.toml",
        "zswap-replay cost measure -c zstd -c lz4 --file /var/swap-test --tbw 600 -o mine.toml",
        "zswap-replay run trace.parquet --cost mine.toml",
    )
)
@output_option(INSTEAD_OF_STDOUT)
@click.option(
    "--file",
    metavar="PATH",
    shell_complete=completers.files,
    help="Time the device that this file or folder is on: a file of 64 MiB is made there, or beside it, and removed.",
)
@click.option(
    "-c",
    "--compressor",
    "compressors",
    multiple=True,
    shell_complete=completers.compressors,
    help="Time this one. Repeatable.  [default: all that are installed]",
)
@click.option("--tbw", type=click.IntRange(1, 10**9), help="Terabytes that the drive endures to be written.")
@click.option(
    "--like",
    default="nvme",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=completers.cost_profiles,
    help="The cost profile from which what is not measured is taken.",
)
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=completers.recipes,
    help="What the pages hold that are compressed.",
)
@click.option(
    "--pages", type=click.IntRange(1, 1 << 20), default=256, show_default=True, help="How many they are."
)
@progress_option()
@quiet_option("No notes and no bar.")
def measure(
    output: str | None,
    file: str | None,
    compressors: tuple[str, ...],
    tbw: int | None,
    like: str,
    recipe: str,
    pages: int,
    progress: bool | None,
    quiet: bool,
) -> None:
    """Make a cost profile of this machine.

    Codecs are timed on generated pages, and the fault on new memory; with --file, reads and writes of single pages of a
    file too, past the page cache (O_DIRECT) where the file system can. What is measured and what is not stands in the
    profile, in [sources].
    """
    from zswap_replay.files import check_output, replacing
    from zswap_replay.payload.recipe import load_recipe
    from zswap_replay.payload.source import GeneratedPages
    from zswap_replay.result.cost_measure import compressed_pages
    from zswap_replay.result.cost_measure import measure as measured
    from zswap_replay.result.cost_profile import files_of, load_profile, to_toml
    from zswap_replay.settings import files_named

    inputs = [*files_of(like), *files_named([recipe])]
    if output is not None:
        check_output(output, inputs=inputs)
    base = load_profile(like)
    contents = compressed_pages(GeneratedPages(load_recipe(recipe), 0), pages)
    with Bar("cost", shown=shows_progress(progress, quiet)) as bar:
        profile = measured(
            base,
            contents,
            compressors=compressors,
            file=file,
            tbw=tbw,
            progress=lambda done, total: bar.update(done, total, "parts"),
            notes=None if quiet else note,
        )
    text = to_toml(profile, "Made by zswap-replay cost measure.")
    if output is None:
        click.echo(text, nl=False)
        return
    with replacing(output, inputs=inputs) as target:
        target.write_text(text, encoding="utf-8")


@cost.command(epilog=example("zswap-replay cost show nvme", "zswap-replay cost show hdd > mine.toml"))
@click.argument("name", metavar="[NAME|FILE]", required=False, shell_complete=completers.cost_profiles)
def show(name: str | None) -> None:
    """Print a cost profile, with where its numbers come from; without NAME the names that there are."""
    from zswap_replay.result.cost_profile import builtin_profiles, load_profile, profile_text

    if name is None:
        for each in builtin_profiles():
            click.echo(f"{each:10}{load_profile(each).source('device')}")
        return
    load_profile(name)  # what is none is refused, and not printed
    click.echo(profile_text(name), nl=False)

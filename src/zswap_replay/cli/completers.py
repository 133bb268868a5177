"""What a shell offers for values that click does not know: files, recipes, compressors and knobs of memcgs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click
    from click.shell_completion import CompletionItem

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer files and folders, which the shell itself knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def recipes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the built-in recipes, and files."""
    from zswap_replay.payload.recipe import builtin_recipes

    return [*_beginning_with(incomplete, *builtin_recipes()), *files(context, parameter, incomplete)]


def cost_profiles(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Return the named cost profiles, and files."""
    from zswap_replay.result.cost_profile import builtin_profiles

    return [*_beginning_with(incomplete, *builtin_profiles()), *files(context, parameter, incomplete)]


def compressors(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Return the compressors, with a level too where they have one."""
    from zswap_replay.codec.base import COMPRESSORS

    examples = [spec for row in COMPRESSORS.values() for spec in row.examples]
    return _beginning_with(incomplete, *COMPRESSORS, *examples)


def kernels(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the releases that were recorded, those between them once a number is begun, and this machine's."""
    from zswap_replay.kernel.names import HOST
    from zswap_replay.mm.release_changes import BETWEEN
    from zswap_replay.mm.releases import RELEASES

    return _beginning_with(incomplete, *RELEASES, HOST, *(BETWEEN if incomplete else ()))


def knobs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer after ``/web:`` the knobs that the memcg has, and after ``/web:memory.max=`` a value that has a name."""
    from zswap_replay.trace.events import MEMCG_KNOBS, ROOT, ROOT_KNOBS

    path, colon, _ = incomplete.rpartition(":")
    if not colon:
        return []
    names = [name for name in MEMCG_KNOBS if path != ROOT or name in ROOT_KNOBS]
    target, equals, _ = incomplete.rpartition("=")
    if equals:
        values = {"memory.zswap.writeback": ("0", "1"), "file": ()}.get(target.rpartition(":")[2], ("max",))
        return _beginning_with(incomplete, *(f"{target}={value}" for value in values))
    return _beginning_with(incomplete, *(f"{path}:{name}=" for name in names))


def rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the rules that can be overridden, and behind ``second_chance=`` the values of that one."""
    from zswap_replay.mm.rules import NAMES, values_of

    name, equals, _ = incomplete.partition("=")
    if not equals:
        return _beginning_with(incomplete, *(f"{rule}=" for rule in NAMES))
    return (
        _beginning_with(incomplete, *(f"{name}={value}" for value in values_of(name)))
        if name in NAMES
        else []
    )


def choices(values: Sequence[str]) -> Completer:
    """Offer any of some values."""
    return lambda _context, _parameter, incomplete: _beginning_with(incomplete, *values)


def several(one: Completer) -> Completer:
    """Offer values between commas, of which the last is completed as ``one`` does."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        before, comma, last = incomplete.rpartition(",")
        found = one(context, parameter, last)
        for item in found:
            item.value = f"{before}{comma}{item.value}"
        return found

    return complete


def _beginning_with(incomplete: str, *values: str) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(value) for value in values if value.startswith(incomplete)]

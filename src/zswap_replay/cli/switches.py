"""Switches that may be given with a word: ``--enabled``, ``--no-enabled``, ``--enabled on``, ``--enabled=0``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from zswap_replay.cli.options import flag_of, settings_fields
from zswap_replay.errors import SettingsError


def _is_word(text: str) -> bool:
    from zswap_replay.trace.events import parse_switch

    try:
        parse_switch(text)
    except SettingsError:
        return False
    return True


def _flags() -> set[str]:
    return {flag_of(field) for field in settings_fields() if isinstance(field.default, bool)}


class WithSwitch(click.Command):
    """A command whose switches take one word, or none. The argument behind one is its word only where it is one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments, words of switches first."""
        return super().parse_args(ctx, list(self._plain(ctx, args)))

    def _plain(self, ctx: click.Context, args: list[str]) -> Iterator[str]:
        """Give the arguments with ``--x`` or ``--no-x`` in the place of a switch and its word."""
        flags = _flags()
        at = 0
        while at < len(args):
            flag, equals, word = args[at].partition("=")
            at += 1
            if flag == "--":
                yield flag
                yield from args[at:]
                return
            if flag not in flags:
                yield f"{flag}{equals}{word}"
                continue
            if not equals and at < len(args) and self.takes(args[at]):
                equals, word = "=", args[at]
                at += 1
            yield self.spelled(ctx, flag, word) if equals else flag

    def takes(self, text: str) -> bool:
        """Tell whether an argument can only be the word of the switch before it."""
        return _is_word(text)

    def spelled(self, ctx: click.Context, flag: str, word: str) -> str:
        """Give the argument that stands for a switch with a word. Raises click.BadParameter: it is none."""
        from zswap_replay.trace.events import parse_switch

        try:
            return flag if parse_switch(word) else f"--no-{flag[2:]}"
        except SettingsError as error:
            raise click.BadParameter(str(error), ctx, param_hint=f"'{flag}'") from None


class WithSwitches(WithSwitch):
    """A command whose switches take several words between commas, or none."""

    def takes(self, text: str) -> bool:
        """Tell whether an argument can only be the words of the switch before it."""
        return any(_is_word(word) for word in text.split(","))

    def spelled(self, ctx: click.Context, flag: str, word: str) -> str:
        """Give the argument that stands for a switch with words."""
        return f"{flag}={word}"

    def _plain(self, ctx: click.Context, args: list[str]) -> Iterator[str]:
        """Give the arguments with ``--x=WORDS`` in the place of a switch, so that none takes the next argument."""
        flags = _flags()
        for text in super()._plain(ctx, args):
            yield f"{text}=y" if text in flags else text

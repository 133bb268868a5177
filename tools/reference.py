"""Reference pages made from the program: its counters, commands, settings, rules and API.

A document says ``<!-- generated: commands -->`` where such a part stands. ``docs/conf.py`` puts it there when the
site is built, so that it is written once, in the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import click

import zswap_replay
from tools.manpage import leaves
from zswap_replay.cli.main import PROGRAM, cli
from zswap_replay.mm.releases import DEFAULT_RELEASE, RELEASES, RULES
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.settings import Settings
from zswap_replay.trace.exporters import EXPORTERS
from zswap_replay.trace.importers import IMPORTERS

_MARKER = re.compile(r"<!-- generated: (.+?) -->")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|$])")

_GROUPS: dict[Group, tuple[str, str]] = {
    "zswap": ("zswap", "Files of `/sys/kernel/debug/zswap`, of the whole machine."),
    "zram": (
        "zram",
        "`/sys/block/zram0`, `mm_stat`, `io_stat` and `bd_stat`, where the swap device is a zram device.",
    ),
    "meminfo": ("meminfo", "`/proc/meminfo`, with a zram device."),
    "vmstat": ("vmstat", "Lines of `/proc/vmstat`, of the whole machine."),
    "memcg": (
        "memcg",
        "Files of a memcg (`memory.current`, `memory.swap.current`, `memory.zswap.current`), and lines of its "
        "`memory.stat`. Each counts the memcg with its descendants.",
    ),
    "replay": ("replay", "Counted by the replay for the whole machine; no kernel shows them."),
    "replay.memcg": ("replay of a memcg", "The same for each memcg, with its descendants."),
    "node": (
        "node",
        "For each memcg, with its descendants, and each NUMA node. The node is that of the page.",
    ),
}
"""Of each group its heading, and where a kernel shows it."""


def expand(document: str) -> str:
    """Replace the markers of a Markdown document by the parts that they name.

    Raises KeyError: a marker names no part.
    """
    return _MARKER.sub(lambda marker: "\n".join(_PARTS[marker[1]]()), document)


def _counters() -> Iterator[str]:
    for group, (title, where) in _GROUPS.items():
        yield from (f"## {title}", "", where, "")
        yield from _table(
            ("counter", "unit", "rises, or what it is", "better"),
            (
                (
                    f"`{counter.name}`",
                    counter.unit,
                    f"{'now: ' if counter.kind == 'gauge' else ''}{_escaped(counter.meaning)}",
                    counter.better or "",
                )
                for counter in COUNTERS[group].values()
            ),
        )


_LIVE = f"{PROGRAM} capture "
"""What the commands begin with whose examples no test can run."""


def _commands() -> Iterator[str]:
    root = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    for context in leaves(root):
        command = context.command
        yield from (f"## {context.command_path}", "")
        pieces = " ".join(command.collect_usage_pieces(context))
        yield from ("```{code-block} text", f"{context.command_path} {pieces}", "```", "")
        for paragraph in (command.help or "").split("\n\n"):
            yield from (_escaped(" ".join(paragraph.split())), "")
        for parameter in command.params:
            names, text = parameter.get_help_record(context) or ("", "")
            if text:
                yield from (f"- `{names}`: {_escaped(' '.join(text.split()))}", "")
        if command.epilog:
            lines = command.epilog.removeprefix("\b\n").split("\n")[1:]
            if context.command_path.startswith(_LIVE):
                yield "<!-- not run: it needs root and a kernel that may be traced -->"
            yield from ("```sh", *(line.removeprefix("  ") for line in lines), "```", "")


def _settings() -> Iterator[str]:
    named = [setting for setting in fields(Settings) if "help" in setting.metadata]
    yield from _table(
        ("setting", "default", "meaning"),
        (
            (
                f"`{setting.name}`",
                f"`{setting.default!r}`",
                _escaped(setting.metadata["help"]) + _choices(setting.metadata),
            )
            for setting in named
        ),
    )


def _choices(metadata: Mapping[str, Any]) -> str:
    choices = metadata.get("choices")
    return f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""


def _releases() -> Iterator[str]:
    yield from _table(
        ("`--kernel`", "what it is"),
        (
            (f"`{name}`{' (default)' if name == DEFAULT_RELEASE else ''}", _escaped(release.summary))
            for name, release in RELEASES.items()
        ),
    )


def _rules() -> Iterator[str]:
    yield from _table(
        ("rule", *(f"{name}" for name in RELEASES)),
        (
            (
                f"[`{rule.name}`](#{_anchor(rule.name)})",
                *(
                    f"{_value(getattr(release, rule.name))}{' (read)' if name in rule.read else ''}"
                    for name, release in RELEASES.items()
                ),
            )
            for rule in RULES
        ),
    )
    for rule in RULES:
        yield from (f"({_anchor(rule.name)})=", f"### {_escaped(rule.name)}", "")
        text = _escaped(rule.rule)
        yield from (f"{text[0].upper()}{text[1:]}.", "", f"In {_escaped(rule.source)}.", "")
        if rule.read:
            yield from (f"Read, and not shown by a recorded run, in: {', '.join(rule.read)}.", "")


def _importers() -> Iterator[str]:
    yield from _table(
        ("`trace import`", "reads"), ((f"`{name}`", row.reads) for name, row in IMPORTERS.items())
    )
    yield from _table(
        ("`trace export`", "what it does"),
        ((f"`{name}`", _escaped(row.line)) for name, row in EXPORTERS.items()),
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _anchor(rule: str) -> str:
    return f"rule-{rule.replace('_', '-')}"


def _api() -> Iterator[str]:
    yield "```{eval-rst}"
    for name in sorted(zswap_replay.__all__, key=_place):
        value = getattr(zswap_replay, name)
        kind = (
            "function" if not isinstance(value, type) else "exception" if name.endswith("Error") else "class"
        )
        yield f".. auto{kind}:: zswap_replay.{name}"
        if kind == "class":
            yield from ("   :members:", "   :undoc-members:")
        yield ""
    yield "```"


def _place(name: str) -> tuple[int, str]:
    """Return the key that sorts functions first, then classes, then errors."""
    return (2 if name.endswith("Error") else 1 if name[0].isupper() else 0), name


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield f"|{'---|' * len(heading)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _escaped(text: str) -> str:
    """Escape plain text, so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


_PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "api": _api,
    "commands": _commands,
    "counters": _counters,
    "importers": _importers,
    "releases": _releases,
    "rules": _rules,
    "settings": _settings,
}
"""The parts by their names."""

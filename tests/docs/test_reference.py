"""The parts of the documents that are made from the program, and links between documents."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import click
import pytest

import zswap_replay
from tests.cli.tree import LEAVES
from tests.docs.test_snippets import DOCUMENTS, name_of
from tests.factories import make_result
from tests.paths import ROOT
from tools.reference import expand
from zswap_replay.cli.main import PROGRAM
from zswap_replay.mm.releases import RELEASES, RULES
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.settings import Settings

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TARGET = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return expand((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))


def sections(name: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", page(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_is_there_with_every_option(name: str) -> None:
    text = sections("commands")[f"{PROGRAM} {name}"]
    listed = re.findall(r"^- `(.+?)`: ", text, re.MULTILINE)
    flags = {flag for names in listed for flag in re.split(r"[ ,/]+", names) if flag.startswith("-")}
    wanted = {
        flag
        for parameter in LEAVES[name].params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }
    assert wanted == flags & wanted
    assert (LEAVES[name].epilog or "").count("zswap-replay") == text.partition("```sh\n")[2].count(
        "zswap-replay"
    )


def test_no_command_is_there_that_the_program_lacks() -> None:
    assert [f"{PROGRAM} {name}" for name in LEAVES] == list(sections("commands"))


def test_every_counter_is_there_with_what_the_program_says_of_it() -> None:
    shown = sections("counters")
    titles: dict[Group, str] = {"replay.memcg": "replay of a memcg"}
    for group, counters in COUNTERS.items():
        rows = re.findall(
            r"^\| `(\S+)` \| (\w+) \| (.+?) \| (\w*) \|$", shown[titles.get(group, group)], re.MULTILINE
        )
        assert list(counters) == [name for name, *_ in rows]
        for name, unit, meaning, _ in rows:
            counter = counters[name]
            assert unit == counter.unit
            assert meaning.replace("\\", "") == ("now: " if counter.kind == "gauge" else "") + counter.meaning


def test_counters_of_which_less_is_better_are_marked() -> None:
    vmstat = sections("counters")["vmstat"]
    assert re.search(r"`pswpout` .* \| lower \|", vmstat)
    assert re.search(r"`zswpout` .* \|  \|", vmstat)


def test_every_derived_figure_is_named() -> None:
    text = sections("counters")["Figures derived from them"]
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    assert list(make_result().derived) == [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_every_rule_is_there_with_its_source_and_a_mark_where_it_was_read() -> None:
    text = page("model").replace("\\", "")
    rows = dict(re.findall(r"^\| \[`(\w+)`\]\(#[\w-]+\) \| (.+) \|$", text, re.MULTILINE))
    assert [rule.name for rule in RULES] == list(rows)
    for rule in RULES:
        cells = dict(zip(RELEASES, rows[rule.name].split(" | "), strict=True))
        assert set(rule.read) == {release for release, cell in cells.items() if cell.endswith(" (read)")}
        assert f"In {rule.source}." in text


def test_every_setting_and_every_name_of_the_api_is_there() -> None:
    settings = re.findall(r"^\| `(\w+)` \|", page("settings"), re.MULTILINE)
    assert [setting.name for setting in fields(Settings) if "help" in setting.metadata] == settings
    names = re.findall(r"^\.\. auto\w+:: zswap_replay\.(\w+)$", page("api-reference"), re.MULTILINE)
    assert sorted(zswap_replay.__all__) == sorted(names)


def test_a_part_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="pictures"):
        expand("<!-- generated: pictures -->")


# Links


def anchors(path: Path) -> set[str]:
    """What a link to a document may end in: its headings as GitHub and MyST spell them, and explicit targets."""
    text = FENCED.sub("", expand(path.read_text(encoding="utf-8")))
    slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)]
    assert [] == [slug for slug, times in Counter(slugs).items() if times > 1], path
    return {*slugs, *TARGET.findall(text)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    text = FENCED.sub("", expand(path.read_text(encoding="utf-8")))
    for link in LINK.findall(text):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_document_is_in_the_navigation() -> None:
    listed = re.findall(r"^([\w-]+)$", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(path.stem for path in (ROOT / "docs").glob("*.md") if path.stem != "index") == sorted(
        listed
    )

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rows import row_texts
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.merge import MergeInput, MergeSummary, merge
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace


def short_rows(path: Path) -> list[str]:
    """Time, event, memcg, page and key of each row."""
    return [" ".join(row[at] for at in (0, 1, 2, 3, 7)) for row in row_texts(open_trace(path, strict=True))]


def test_merge_moves_memcgs_and_keeps_machine_events(tmp_path: Path) -> None:
    one, two, out = (tmp_path / name for name in ("one", "two", "out"))
    TraceBuilder(step_ns=10).read("/", 1).memcg_create("/x").write("/x", 2).snapshot("mid").save(one)
    TraceBuilder(step_ns=15).param("enabled", 1).read("/", 1).settle().save(two)
    summary = merge([MergeInput(one, "/web/a"), MergeInput(two, "/db")], out)
    assert [
        "0 memcg_create /web - -",
        "0 memcg_create /web/a - -",
        "0 memcg_create /db - -",
        "0 read /web/a 1 -",
        "0 param - - enabled",
        "10 memcg_create /web/a/x - -",
        "15 read /db 1 -",
        "20 write /web/a/x 2 -",
        "30 snapshot - - mid",
        "30 settle - - -",
    ] == short_rows(out)
    assert MergeSummary(rows=10, memcgs=5) == summary


def test_merge_at_the_root_keeps_names(tmp_path: Path) -> None:
    TraceBuilder().memcg_create("/a").read("/a", 1).save(tmp_path / "one")
    merge([MergeInput(tmp_path / "one")], tmp_path / "out")
    assert open_trace(tmp_path / "one").sha256() == open_trace(tmp_path / "out").sha256()


def test_merge_keeps_contents_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        TraceBuilder().write("/", 1, content=10, count=5).save(tmp_path / name)
    inputs = [MergeInput(tmp_path / "one", "/a"), MergeInput(tmp_path / "two", "/b")]
    with pytest.raises(TraceError, match=r"ids 10\.\.14 overlap 10\.\.14 .* offset of 5 more"):
        merge(inputs, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    merge([inputs[0], MergeInput(tmp_path / "two", "/b", content_offset=5)], tmp_path / "out")
    (batch,) = open_trace(tmp_path / "out").batches()
    assert [10, 15] == batch.content[batch.has_content == 1].tolist()


def test_merge_combines_metadata(tmp_path: Path) -> None:
    one = TraceMetadata(totalram_pages=10, origin="first", recipe={"a": 1})
    two = TraceMetadata(totalram_pages=20, nodes=2, recipe={"a": 2})
    TraceBuilder().read("/", 1).save(tmp_path / "one", one)
    TraceBuilder().read("/", 1).save(tmp_path / "two", two)
    inputs = [MergeInput(tmp_path / "one", "/a"), MergeInput(tmp_path / "two", "/b")]
    with pytest.raises(TraceError, match="payload recipes differ; --drop-recipe"):
        merge(inputs, tmp_path / "out")
    # one that names no page has nothing that a recipe fills
    TraceBuilder().memcg_reclaim("/", "1M").save(tmp_path / "asked")
    merge([inputs[0], MergeInput(tmp_path / "asked", "/a")], tmp_path / "out")
    assert {"a": 1} == open_trace(tmp_path / "out").metadata.recipe
    (tmp_path / "out").unlink()
    merge(inputs, tmp_path / "out", drop_recipe=True)
    origin = "merged from one at /a: first; two at /b"
    assert TraceMetadata(4096, 20, 2, origin, None) == open_trace(tmp_path / "out").metadata
    merge(inputs, tmp_path / "out", drop_recipe=True, totalram_pages=5, overwrite=True)
    assert 5 == open_trace(tmp_path / "out").metadata.totalram_pages


def test_merge_refuses(tmp_path: Path) -> None:
    one = tmp_path / "one"
    TraceBuilder().read("/", 1).save(one)
    with pytest.raises(SettingsError, match="is an input of this command"):
        merge([MergeInput(one)], one, overwrite=True)
    with pytest.raises(SettingsError, match=r"memcg 'a' is no path .not absolute"):
        merge([MergeInput(one, "a")], tmp_path / "out")
    with pytest.raises(SettingsError, match="no trace to merge"):
        merge([], tmp_path / "out")
    (tmp_path / "out").write_text("precious")
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        merge([MergeInput(one)], tmp_path / "out")
    assert "precious" == (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    ("one", "two", "places", "fault"),
    [
        (
            TraceBuilder().memcg_create("/x"),
            TraceBuilder().memcg_create("/x"),
            ("/web", "/web"),
            "memcg_create of /web/x, which is live",
        ),
        (
            TraceBuilder().memcg_create("/web"),
            TraceBuilder().read("/", 1),
            ("/", "/web"),
            "of /web, which is live",
        ),
        (
            TraceBuilder().memcg_create("/x").memcg_offline("/x"),
            TraceBuilder().at(5 * 10**6).memcg_set("/x", "memory.max", 1),
            ("/", "/"),
            "memcg_set of /x, a memcg that is offline",
        ),
        (
            TraceBuilder(step_ns=10).memcg_create("/x").memcg_offline("/x"),
            TraceBuilder(step_ns=1).at(5).read("/x/y", 1),
            ("/", "/"),
            r"memcg_offline of /x, which has live children \(1\)",
        ),
    ],
)
def test_what_would_be_no_trace_is_not_merged(
    tmp_path: Path, one: TraceBuilder, two: TraceBuilder, places: tuple[str, str], fault: str
) -> None:
    inputs = [MergeInput(tmp_path / name, place) for name, place in zip(("one", "two"), places, strict=True)]
    one.save(tmp_path / "one")
    two.save(tmp_path / "two")
    with pytest.raises(TraceError, match="the inputs do not go together: at .*" + fault):
        merge(inputs, tmp_path / "out")
    assert not (tmp_path / "out").exists()

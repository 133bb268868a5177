"""A compressor is one row of a table. What else it needs is held here, part by part."""

from __future__ import annotations

import re

import pytest

from tests.conformance.lengths import HELD
from tests.paths import ROOT
from tests.unit.codec.golden import GOLDEN
from zswap_replay.cli.completers import compressors
from zswap_replay.codec.base import COMPRESSORS, KNOWN_CODECS, Codec, Compressor, get_codec, parse_spec
from zswap_replay.errors import CodecError
from zswap_replay.mm.releases import RELEASES

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADD = "a compressor needs"


@pytest.mark.parametrize("row", COMPRESSORS.values(), ids=KNOWN_CODECS)
class TestEveryRow:
    def test_numbers(self, row: Compressor) -> None:
        assert row.least <= row.default <= row.most
        assert row.name == parse_spec(f"{row.name}:{row.default}" if row.least < row.most else row.name)

    def test_a_way_for_every_release(self, row: Compressor) -> None:
        if isinstance(row.made_by, str):
            return
        for name in RELEASES:
            missing = f"{ADD} a way for release {name}: {row.name}, {row.variant(name)!r} in made_by"
            assert row.variant(name) in row.made_by, missing

    def test_every_member_of_a_codec(self, row: Compressor) -> None:
        for kernel in RELEASES:
            try:
                codec = get_codec(row.name, kernel)
            except CodecError as error:
                pytest.skip(str(error))
            for member in (name for name in vars(Codec) if not name.startswith("_")):
                assert hasattr(codec, member), f"{ADD} {member} in {type(codec).__name__}: {row.name}"

    def test_completion(self, row: Compressor) -> None:
        for spec in (row.name, *row.examples):
            offered = [item.value for item in compressors(None, None, spec)]  # type: ignore[arg-type]  # unused
            assert spec in offered, f"{ADD} completion: {spec}"

    def test_golden_lengths(self, row: Compressor) -> None:
        assert row.name in GOLDEN, f"{ADD} golden lengths in tests/unit/codec/golden.py: {row.name}"

    def test_a_statement_of_recorded_lengths(self, row: Compressor) -> None:
        where = "HELD of tests/conformance/lengths.py"
        assert row.name in HELD, f"{ADD} recorded lengths in {where}: {row.name}"

    def test_its_line_in_the_documentation(self, row: Compressor) -> None:
        line = f"| {row.name} | {row.lengths} |"
        assert line in README, f"{ADD} its line in README.md, Lengths: {line}"

    def test_its_place_among_the_specs(self, row: Compressor) -> None:
        for path, found in (("README.md", README), ("docs/api.md", (ROOT / "docs/api.md").read_text())):
            (specs,) = re.findall(r"^\| `(?:-c`, `--)?compressor` \|.*$", found, re.MULTILINE)
            pattern = rf'[`"]{row.name}(?::\d+)?["`]'
            assert re.search(pattern, specs), f"{ADD} a place in the row of --compressor, {path}: {row.name}"

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.factories import make_manifest, make_result, make_snapshot
from tests.golden import assert_golden
from zswap_replay.compare.comparable import Contrast
from zswap_replay.compare.expected import RunVerdict, SnapshotVerdict, Verdict, judge
from zswap_replay.report.machine import junit
from zswap_replay.report.terminal import check as report
from zswap_replay.result.result import Result

LONG = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123456789abcdef.slice/" + "f" * 64


def changed(compressor: str = "zstd") -> Result:
    end = make_snapshot()
    end.zswap["written_back_pages"] += 3
    end.zswap["pool_limit_hit"] = 0
    end.vmstat["pswpin"] += 1_000_000
    end.vmstat["zswpwb"] -= 750
    del end.replay["oom"]
    end.limits["/web"]["memory.max"] = 32 << 20
    end.memcg["/web"]["zswpin"] += 1
    end.memcg[LONG] = end.memcg["/batch"]
    return make_result(compressor, snapshots=(make_snapshot("first", 1), end))


def verdict() -> Verdict:
    snapshots = (make_snapshot("first", 1), make_snapshot("second", 2), make_snapshot())
    return Verdict(
        (
            judge(make_result(snapshots=snapshots), changed()),
            judge(make_result("lz4"), make_result("lz4")),
            judge(make_result("lz4:8", snapshots=snapshots[::2]), changed("lz4:8")),
        )
    )


def test_only_lines_that_differ_are_shown_each_in_one_piece() -> None:
    text = report.render(verdict())
    assert_golden("verdict.txt", text)
    assert text.isascii()
    assert [] == [line for line in text.splitlines() if line != line.rstrip()]


def test_a_terminal_gets_the_same_lines_in_colour() -> None:
    file = io.StringIO()
    report.show(verdict(), Console(file=file, width=300, force_terminal=True, color_system=None))
    assert report.render(verdict()) == "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_nothing_is_shown_where_nothing_differs() -> None:
    assert "" == report.render(Verdict((judge(make_result(), make_result()),)))


def test_reasons_name_what_was_expected_and_what_was_found() -> None:
    reasons = [Contrast("zstd", ("1.5.6", "1.5.7")), Contrast("seed", ("0", "7"))]
    assert ["zstd: expected 1.5.6, found 1.5.7", "seed: expected 0, found 7"] == report.not_comparable(
        reasons
    )


# JUnit


def parsed(text: str) -> ElementTree.Element:
    """The document, of which the form that CI systems read is checked: elements, attributes and counts."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text)
    assert "testsuites" == root.tag
    suites = list(root)
    assert suites
    assert {"testsuite"} == {suite.tag for suite in suites}
    for element in (root, *suites):
        assert {"name", "tests", "failures", "errors"} == set(element.attrib)
        assert len(element.findall(".//testcase")) == int(element.attrib["tests"])
        assert len(element.findall(".//failure")) == int(element.attrib["failures"])
        assert len(element.findall(".//error")) == int(element.attrib["errors"])
    for case in root.findall(".//testcase"):
        assert {"classname", "name"} == set(case.attrib)
        assert len(case) <= 1
        assert {child.tag for child in case} <= {"failure", "error"}
    for bad in (*root.findall(".//failure"), *root.findall(".//error")):
        assert {"message", "type"} == set(bad.attrib)
        assert bad.text
    assert len(root.findall("testsuite/testcase")) == len(root.findall(".//testcase"))
    return root


def test_junit_has_a_case_for_each_run_and_snapshot() -> None:
    root = parsed(junit.render(verdict(), "expected.json", compared=True))
    assert [
        ("expected.json: zstd", ["first", "second", "end"]),
        ("expected.json: lz4", ["end"]),
        ("expected.json: lz4:8", ["first", "end"]),
    ] == [(suite.attrib["name"], [case.attrib["name"] for case in suite]) for suite in root]
    assert ("6", "3", "0") == tuple(root.attrib[name] for name in ("tests", "failures", "errors"))


def test_junit_failures_have_the_lines_that_are_printed() -> None:
    text = junit.render(verdict(), "expected.json", compared=True)
    assert_golden("verdict.xml", text)
    shown = report.render(verdict())
    failures = parsed(text).findall(".//failure")
    assert [] == [failure for failure in failures if failure.text is None or failure.text not in shown]
    assert "8 differences in" in failures[-1].attrib["message"]


def test_junit_errors_say_why_nothing_was_compared() -> None:
    found = replace(make_result(), manifest=replace(make_manifest(), seed=7))
    text = junit.render(Verdict((judge(make_result(), found),)), "expected.json", compared=False)
    root = parsed(text)
    assert ("1", "0", "1") == tuple(root.attrib[name] for name in ("tests", "failures", "errors"))
    assert ["seed: expected 0, found 7"] == [error.text for error in root.findall(".//error")]


@pytest.mark.parametrize("label", ["a<b>&\"c'", "\x00\x1b[31m\ud800\uffff", "å\U0001f600"])
def test_any_label_makes_good_xml(label: str) -> None:
    run = RunVerdict(make_result(), (), (SnapshotVerdict(label, (), 5),))
    root = parsed(junit.render(Verdict((run,)), "e.json", compared=True))
    (case,) = root.findall(".//testcase")
    expected = label.replace("\x00", "\\x00").replace("\x1b", "\\x1b")
    assert expected.replace("\ud800", "\\ud800").replace("\uffff", "\\uffff") == case.attrib["name"]

"""The verdict of ``check`` as JUnit XML, which CI systems show test by test."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from zswap_replay.compare.expected import Verdict
from zswap_replay.report.terminal.check import labelled, lines, not_comparable
from zswap_replay.units import counted

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def render(verdict: Verdict, file: str, *, compared: bool) -> str:
    """Render one suite for each run, with one case for each snapshot; a failure has the lines that differ.

    ``file`` is the name of the file of expected results. Where the runs were not ``compared``, each case is an error
    with the reasons.
    """
    root = ElementTree.Element("testsuites", name="zswap-replay check")
    for label, run in labelled(verdict):
        suite = ElementTree.SubElement(root, "testsuite", name=_legal(f"{file}: {label}"))
        for snapshot in run.snapshots:
            case = ElementTree.SubElement(
                suite, "testcase", classname=_legal(f"{file}: {label}"), name=_legal(snapshot.label)
            )
            if not compared:
                reasons = not_comparable(run.obstacles or verdict.obstacles)
                _report(case, "error", "not comparable", "\n".join(reasons))
            elif snapshot.differences:
                said = f"{counted(len(snapshot.differences), 'difference')} in {counted(snapshot.compared, 'value')}"
                _report(case, "failure", said, lines(snapshot.differences))
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _report(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=message, type=kind).text = _legal(text)


def _count(within: ElementTree.Element) -> None:
    """Set the counts of cases, failures and errors that JUnit XML asks for."""
    within.attrib |= {
        "tests": str(len(within.findall(".//testcase"))),
        "failures": str(len(within.findall(".//failure"))),
        "errors": str(len(within.findall(".//error"))),
    }


def _legal(text: str) -> str:
    return _NOT_XML.sub(lambda found: ascii(found[0])[1:-1], text)

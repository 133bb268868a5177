"""Under ``CI=true`` no test passes by being skipped."""

from __future__ import annotations

import pytest

from tests.paths import ROOT

TESTS = """
import pytest

@pytest.fixture
def zsh():
    pytest.skip("zsh is not installed")

def test_completion(zsh):
    pass

@pytest.mark.skip(reason="slow")
def test_speed():
    pass

def test_codec():
    pytest.importorskip("no_such_codec", reason="no codec")

@pytest.mark.xfail(reason="known")
def test_known():
    assert False

def test_good():
    pass
"""

MODULE = """
import pytest
pytest.skip("no Linux", allow_module_level=True)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_some=TESTS)
    return pytester


def outcomes(suite: pytest.Pytester, *options: str) -> tuple[dict[str, int], str]:
    """What became of the suite's tests, and what was said of it."""
    result = suite.runpytest_inprocess("-p", "tests.no_skips", *options)
    return result.parseoutcomes(), result.stdout.str()


def test_elsewhere_a_skip_is_a_skip(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile(test_other=MODULE)
    monkeypatch.delenv("CI", raising=False)
    assert {"passed": 1, "skipped": 4, "xfailed": 1} == outcomes(suite)[0]


def test_in_ci_every_skip_is_a_failure_with_its_reason(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    found, said = outcomes(suite)
    assert {"passed": 1, "failed": 1, "errors": 2, "xfailed": 1} == found
    for test, reason in {"completion": "zsh is not installed", "speed": "slow", "codec": "no codec"}.items():
        assert f"test_some.py::test_{test} was skipped, and CI=true allows no skip: {reason}" in said


def test_in_ci_a_module_that_skips_itself_is_an_error(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile(test_other=MODULE)
    monkeypatch.setenv("CI", "true")
    found, said = outcomes(suite, "test_other.py")
    assert {"errors": 1} == found
    assert "test_other.py was skipped, and CI=true allows no skip: no Linux" in said


def test_in_ci_workers_fail_likewise(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = suite.runpytest_subprocess("-p", "tests.no_skips", "-n", "1", timeout=60)
    assert {"passed": 1, "failed": 1, "errors": 2, "xfailed": 1} == result.parseoutcomes()

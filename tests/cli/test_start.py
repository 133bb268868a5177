"""A command starts with what it needs: help, mistakes and scripts for shells import no library but click."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.cli.tree import COMMANDS
from tests.environment import unmeasured
from zswap_replay.cli import first_help
from zswap_replay.cli.main import PROGRAM, WIDEST_HELP, cli

HEAVY = {"numpy", "pyarrow", "rich", "lz4", "zstandard", "Cython", "cython"}
HEAVY |= {"pandas", "matplotlib", "jinja2", "dask", "distributed"}

POOL = "ARROW_DEFAULT_MEMORY_POOL"

SCRIPT = """\
import json, os, sys
from zswap_replay.cli.main import main
answers, calls, nowhere = os.dup(1), json.load(sys.stdin), os.open(os.devnull, os.O_RDWR)
for file in (1, 2):
    os.dup2(nowhere, file)
for call in calls:
    sys.argv[1:] = call.split()
    try:
        main()
    except SystemExit as end:
        packages = sorted({name.partition(".")[0] for name in sys.modules})
        os.write(answers, json.dumps([end.code, packages]).encode() + b"\\n")
"""
"""Makes calls one after the other: what the first one imports, the others have too."""


def imported(*calls: str) -> dict[str, tuple[int, set[str]]]:
    """By call: its status, and the packages that were imported for it and those before it."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=unmeasured(),
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {call: (status, set(packages)) for call, (status, packages) in zip(calls, answers, strict=True)}


def assert_nothing_heavy(expected: dict[str, int]) -> None:
    """Each call ends with the status expected, and has imported none of the large libraries."""
    found = {call: (status, HEAVY & packages) for call, (status, packages) in imported(*expected).items()}
    assert {call: (status, set()) for call, status in expected.items()} == found


def test_a_replay_imports_what_the_others_must_not_and_no_more() -> None:
    call = "run traces/story.parquet -q --max-events 5 --format json"
    status, packages = imported(call)[call]
    assert (0, {"numpy", "pyarrow"}) == (status, {"numpy", "pyarrow"} & packages)
    # 20 to 50 ms of processor time each, for what a short run does not do
    assert set() == {"rich", "multiprocessing", "email", "pandas", "tempfile"} & packages


def test_the_first_help_is_clicks_and_imports_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("", "20", "72", "95", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        context = cli.make_context(PROGRAM, [], resilient_parsing=True, terminal_width=first_help.width())
        assert context.get_help() + "\n" == first_help.render()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "zswap_replay", "--help"],
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert first_help.render() == done.stdout
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert set() == {"click", "typing", "re", *HEAVY} & names


def test_help_imports_nothing_heavy() -> None:
    assert_nothing_heavy({f"{name} --help": 0 for name in ("", *COMMANDS)})


def test_a_mistake_imports_nothing_heavy() -> None:
    assert_nothing_heavy({f"{name} --no-such-option": 2 for name in ("", *COMMANDS)})


def test_what_needs_no_trace_imports_nothing_heavy() -> None:
    assert_nothing_heavy(
        {
            "--version": 0,
            "kernels": 0,
            "completion bash": 0,
            "completion zsh": 0,
            "completion fish": 0,
            "completion tcsh": 2,
            "run": 2,
            "run t --kernel 2.4": 2,
            "run t --totalram 4Q": 2,
            "run t --max-pool-percent 200": 2,
            "run t --interval 5": 2,
            "run t --set /web": 2,
            "run t --set web:memory.max=1": 2,
            "run t --set /web:memory.mux=1": 2,
            "run t --set /web:memory.max=4Q": 2,
            "run t -c lz4 -c lz4": 2,
            "run t -o x --timeline x": 2,
            "trace generate": 2,
            "trace generate spiral -o x": 2,
        }
    )


@pytest.mark.parametrize(
    ("columns", "widest"), [("20", 50), ("70", 68), ("300", WIDEST_HELP - 2), ("", 78), ("x", 78)]
)
def test_help_is_as_wide_as_the_terminal_within_reason(columns: str, widest: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zswap_replay", "--help"],
        env=os.environ | {"COLUMNS": columns},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    texts = [line for line in done.stdout.splitlines() if line]
    assert widest >= max(len(line) for line in texts)
    assert widest - 20 < max(len(line) for line in texts)


@pytest.mark.parametrize(("variables", "expected"), [({}, "system"), ({POOL: "mimalloc"}, "mimalloc")])
def test_arrow_gets_its_memory_where_little_stays_unused(variables: dict[str, str], expected: str) -> None:
    script = (
        "import atexit, sys\n"
        "from zswap_replay.cli.main import main\n"
        "atexit.register(lambda: print(sys.modules['pyarrow'].default_memory_pool().backend_name))\n"
        "sys.argv[1:] = ['trace', 'validate', 'traces/story.parquet']\n"
        "main()\n"
    )
    outside = {name: value for name, value in os.environ.items() if name != POOL}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=outside | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert expected == done.stdout.splitlines()[-1], done.stderr


def test_no_thread_of_numpys_waits_for_linear_algebra() -> None:
    script = (
        "import os, sys\n"
        "from zswap_replay.cli.main import main\n"
        "sys.argv[1:] = ['--version']\n"
        "try:\n    main()\nfinally:\n    import numpy\n    print(len(os.listdir('/proc/self/task')))\n"
    )
    outside = {name: value for name, value in unmeasured().items() if not name.startswith("OPENBLAS")}
    done = subprocess.run(
        [sys.executable, "-c", script], env=outside, capture_output=True, text=True, timeout=60, check=False
    )
    assert "1" == done.stdout.splitlines()[-1], done.stderr


INTERRUPTED = """
import os, sys
from zswap_replay.cli.start import main

class Interrupts:
    def find_spec(self, name, path, target=None):
        if name == "click":
            os.kill(os.getpid(), 2)

sys.meta_path.insert(0, Interrupts())
main()
"""


def test_ctrl_c_before_the_command_line_is_there_prints_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "kernels"],
        capture_output=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (-signal.SIGINT, b"", b"") == (done.returncode, done.stdout, done.stderr)

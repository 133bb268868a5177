"""The script for sh saves what the program saves, and takes its probes away."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.fake_kernel import RELEASE, FakeHost, plant, probes
from zswap_replay.capture import saved
from zswap_replay.capture.checks import check_host
from zswap_replay.capture.script import printed


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """A machine with a script that takes its tree for the root."""
    root = plant(tmp_path / "root")
    host = FakeHost(root)
    text = printed(host, "all")
    for top in ("/sys/", "/proc/", "/boot/"):
        text = text.replace(f" {top}", f" {root}{top}").replace(f"={top}", f"={root}{top}")
        text = text.replace(f'"{top}', f'"{root}{top}')
    mounts = root / "proc/mounts"
    mounts.write_text(f"cgroup2 {root}/sys/fs/cgroup cgroup2 rw 0 0\n", encoding="utf-8")
    (tmp_path / "capture.sh").write_text(text, encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    uname = programs / "uname"
    uname.write_text(
        f'#!/bin/sh\n[ "$1" = -r ] && echo {RELEASE} || echo "Linux fake {RELEASE} #1 SMP"\n',
        encoding="utf-8",
    )
    uname.chmod(0o755)
    return host


def script(tmp_path: Path, *arguments: str) -> None:
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "capture.sh", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)


def lines(path: Path, root: Path) -> Counter[str]:
    return Counter(path.read_text(encoding="utf-8").replace(str(root), "").splitlines())


def test_a_script_saves_what_the_program_saves(host: FakeHost, tmp_path: Path) -> None:
    script(tmp_path, "probes", "c")
    script(tmp_path, "snapshot", "c", "half way")
    (host.root / "proc/mounts").write_text("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", encoding="utf-8")
    checked = check_host(host)
    assert [probe.definition() for probe in checked.probes] == probes(host.root)
    folder = tmp_path / "c"
    assert Counter(saved.environment(host).splitlines()) == lines(folder / "env.txt", host.root)
    assert Counter(saved.cgroups(host).splitlines()) == lines(folder / "cgroups.txt", host.root)
    assert Counter(saved.counters(host, "half way").splitlines()) == lines(folder / "counters.txt", host.root)


def test_a_script_takes_its_probes_away(host: FakeHost, tmp_path: Path) -> None:
    script(tmp_path, "probes", "c")
    made = probes(host.root)
    script(tmp_path, "clean")
    events = [line.split(":")[1].split(" ")[0] for line in made]
    assert [f"-:{event}" for event in events] == probes(host.root)[len(made) :]

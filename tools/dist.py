"""Make the sdist and from it the wheel, install each into a clean environment, and try it there.

Usage, from the root of the repository: python tools/dist.py
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

DIST = Path("dist")
LEFT_OUT = (".ci/", ".github/", ".gitignore", ".pre-commit-")
"""Prefixes of tracked files that an sdist does without."""


def command(*arguments: str | Path, **variables: str) -> None:
    """Run a command; the script ends where it fails."""
    done = subprocess.run(arguments, env=os.environ | variables, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: status {done.returncode}")


def build() -> tuple[Path, Path]:
    """Build the sdist, and the wheel that is made from it and nothing else, with its core compiled."""
    shutil.rmtree(DIST, ignore_errors=True)
    command(sys.executable, "-m", "build", "--outdir", DIST, ZSWAP_REPLAY_REQUIRE_CORE="1")
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    return sdist, wheel


def missing_from(sdist: Path) -> list[str]:
    """List the files of the repository that the sdist should have and does not have."""
    tracked = subprocess.run(["git", "ls-files"], stdout=subprocess.PIPE, text=True, check=True).stdout
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    return [name for name in tracked.splitlines() if not name.startswith(LEFT_OUT) and name not in held]


def try_out(package: Path) -> None:
    """Install a wheel or an sdist into an environment of its own, and run the smoke test there."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        command(sys.executable, "tools/make_venv.py", environment)
        python = environment / "bin" / "python"
        options = ["--quiet", "--disable-pip-version-check", "--constraint", "constraints.txt"]
        command(python, "-m", "pip", "install", *options, package, ZSWAP_REPLAY_REQUIRE_CORE="1")
        print(f"{package}: ", end="", flush=True)
        command(python, "tools/smoke.py", ".")


def main() -> None:
    """Make both and try both; end with a status other than 0 and one line at the first fault."""
    sdist, wheel = build()
    missing = missing_from(sdist)
    if missing:
        sys.exit(f"{sdist}: without {' '.join(missing)} (MANIFEST.in)")
    for package in (wheel, sdist):
        try_out(package)


if __name__ == "__main__":
    main()

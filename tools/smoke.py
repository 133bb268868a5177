"""Try an installed zswap-replay: the package is whole, its core is compiled, and a replay counts as it should.

Usage, with the Python of the environment to try, from any folder: python smoke.py REPOSITORY
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import zswap_replay

GENERATED = {".c", ".so", ".pyc"}


def files_of(package: Path) -> set[str]:
    """Return the paths of a package's files, but for what is made of them."""
    return {
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in GENERATED
    }


def run(*arguments: str, pure: bool = False) -> str:
    """Return what the installed command prints; interpreted where ``pure``."""
    program = Path(sysconfig.get_path("scripts")) / "zswap-replay"
    environment = os.environ | {"ZSWAP_REPLAY_PURE": "1" if pure else "0"}
    return subprocess.run(
        [program, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def expect(said: bool, fault: str) -> None:
    """End with one line unless what is expected holds."""
    if not said:
        sys.exit(f"smoke test: {fault}")


def main() -> None:
    """Try it; end with status 1 and one line at the first fault."""
    repository = Path(sys.argv[1]).resolve()
    package = Path(zswap_replay.__file__).parent
    expect(not package.is_relative_to(repository / "src"), f"{package} is the repository's own")
    missing = files_of(repository / "src" / "zswap_replay") - files_of(package)
    expect(not missing, f"missing from the package: {' '.join(sorted(missing))}")
    manual = Path(sysconfig.get_path("data")) / "share/man/man1/zswap-replay.1"
    expect(manual.exists(), f"no manual page at {manual}")

    said = run("--version").strip()
    expect(said.endswith("(core compiled)"), said)
    story = [
        str(repository / "traces" / "story.parquet"),
        "-c",
        "lz4",
        "--format",
        "json",
        "--no-timing",
        "-q",
    ]
    result = run("run", *story)
    expect(result == run("run", *story, pure=True), "the compiled and the interpreted core count differently")
    stored = json.loads(result)["snapshots"][-1]["zswap"]["stored_pages"]
    expect(stored > 0, "nothing was stored")
    print(f"{said}, Python {sys.version.split()[0]}: {stored} pages of the story stored")


if __name__ == "__main__":
    main()

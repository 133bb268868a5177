"""Make a virtual environment with pip, also where the system's Python came without ensurepip (Debian splits it off).

Usage: python3 tools/make_venv.py DIRECTORY
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from pathlib import Path

PIP = "https://pypi.org/pypi/pip/json"


def download_pip(folder: Path) -> Path:
    """Download the newest wheel of pip from PyPI into `folder`. Raises OSError: it fails, or the digest is another."""
    with urllib.request.urlopen(PIP, timeout=60) as answer:
        wheel = next(file for file in json.load(answer)["urls"] if file["packagetype"] == "bdist_wheel")
        url = urllib.parse.urljoin(answer.url, wheel["url"])
    with urllib.request.urlopen(url, timeout=60) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != wheel["digests"]["sha256"]:
        raise OSError(f"{url}: not the file that PyPI describes")
    path: Path = folder / wheel["filename"]
    path.write_bytes(data)
    return path


def make(directory: Path, *, with_ensurepip: bool) -> None:
    """Make the environment; without ensurepip, pip is downloaded and installs itself from its own wheel."""
    venv.create(directory, with_pip=with_ensurepip, clear=True, symlinks=True)
    if not with_ensurepip:
        with tempfile.TemporaryDirectory() as folder:
            wheel = download_pip(Path(folder))
            subprocess.run(
                [directory / "bin" / "python", wheel / "pip", "install", "--quiet", "--no-index", wheel],
                check=True,
            )


def main() -> int:
    """Make the environment that the command line names; return 1 and print one line where that fails."""
    directory = Path(sys.argv[1])
    try:
        make(directory, with_ensurepip=importlib.util.find_spec("ensurepip") is not None)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(directory, ignore_errors=True)
        print(f"cannot make {directory}: {error}; on Debian, apt-get install python3-venv", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

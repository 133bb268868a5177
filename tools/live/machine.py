"""The virtual machine: Debian's stock kernel, the host's own root file system, no network, no acceleration."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "trace-cmd": "trace-cmd",
    "perf": "linux-perf",
    "bpftrace": "bpftrace",
    "gcc": "gcc",
    "mkswap": "util-linux",
    "dpkg-deb": "dpkg",
}
"""What the host must have, and the package of each."""

MODULES = (
    *("netfs", "9pnet", "9pnet_virtio", "9p", "virtio_blk", "lz4_compress", "lz4", "zstd"),
    *("crc16", "mbcache", "jbd2", "crc32c_generic", "ext4"),
)
"""Modules of the kernel that the machine needs, each after those that it needs itself."""

MEMORY = "320M"
SWAP_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel as its package has it."""

    release: str
    package: str
    image: Path
    modules: Path


def demand_programs() -> None:
    """Exit with the names of the packages that are missing."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        sys.exit(f"make live: missing packages: apt-get install {' '.join(missing)}")


def find_kernel(wanted: str, work: Path) -> Kernel:
    """Unpack a kernel: a package that is given, or the latest of a version that the host's repositories have.

    Newer kernels are split into several packages: a folder that they were all unpacked into is taken too.
    """
    deb = Path(wanted)
    if deb.is_dir():
        return _unpacked_kernel(deb, deb.name)
    if not deb.is_file():
        package = _latest(wanted)
        found = sorted(work.glob(f"{package}_*.deb"))
        if not found:
            subprocess.run(["apt-get", "download", "--quiet", package], check=True, cwd=work)
            found = sorted(work.glob(f"{package}_*.deb"))
        deb = found[-1]
    unpacked = work / deb.stem
    if not unpacked.is_dir():
        subprocess.run(["dpkg-deb", "--extract", str(deb), str(unpacked)], check=True)
    return _unpacked_kernel(unpacked, deb.name)


def _unpacked_kernel(folder: Path, package: str) -> Kernel:
    (modules,) = (each for each in folder.glob("**/lib/modules/*") if each.is_dir())
    images = [*folder.glob(f"boot/vmlinuz-{modules.name}"), *modules.glob("vmlinuz")]
    if not images:
        sys.exit(f"make live: {folder}: no vmlinuz in it; expected a kernel's packages, unpacked")
    return Kernel(modules.name, package, images[0], modules)


def _latest(version: str) -> str:
    """Name the newest package of a version that can be had without its signature, which QEMU does not ask for."""
    listed = subprocess.run(
        ["apt-cache", "search", "--names-only", rf"^linux-image-{version}[0-9.]*[+.~-].*amd64-unsigned$"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    names = [line.split()[0] for line in listed if not any(word in line for word in ("-cloud-", "-rt-"))]
    if not names:
        sys.exit(f"make live: no package linux-image-{version}...-amd64-unsigned in the host's repositories")
    return max(names, key=lambda name: [int(part) for part in name.split("-")[2].split("+")[0].split(".")])


def compile_pages(source: Path, target: Path) -> None:
    """Compile the program of the workload, with all that it needs in it."""
    subprocess.run(["gcc", "-O1", "-static", "-o", str(target), str(source)], check=True)


def boot(kernel: Kernel, repository: Path, share: Path, work: Path, *, processors: int, seconds: int) -> None:
    """Boot and wait for the machine to switch itself off."""
    initrd = work / "initrd.gz"
    initrd.write_bytes(gzip.compress(_initrd(kernel, repository), 1))
    swap = work / "swap.img"
    with open(swap, "wb") as file:
        file.truncate(SWAP_BYTES)
    command = [
        *("nice", "-n", "10", "timeout", str(seconds), "qemu-system-x86_64"),
        # time is counted in instructions, so that what else the host does cannot be seen
        *("-accel", "tcg,tb-size=256", "-icount", "shift=1", "-machine", "pc", "-cpu", "max,la57=off"),
        *("-smp", str(processors), "-m", MEMORY, "-display", "none", "-no-reboot", "-nodefaults"),
        *("-kernel", str(kernel.image), "-initrd", str(initrd)),
        "-append",
        "console=ttyS0 loglevel=5 panic=-1 mitigations=off tsc=unstable cgroup_no_v1=all apparmor=0 audit=0 "
        "transparent_hugepage=never",
        *("-serial", f"file:{work / 'console.log'}"),
        *_shared("root", Path("/"), readonly=True),
        *_shared("repository", repository, readonly=True),
        *_shared("share", share, readonly=False),
        *("-drive", f"file={swap},if=virtio,format=raw,cache=unsafe"),
    ]
    try:
        done = subprocess.run(command, check=False)
    finally:
        swap.unlink()
    if done.returncode or not (share / "guest.log").exists():
        sys.exit(f"make live: the machine failed (status {done.returncode}): {work / 'console.log'}")


def _shared(tag: str, folder: Path, *, readonly: bool) -> tuple[str, str]:
    options = ",readonly=on" if readonly else ""
    return "-virtfs", f"local,path={folder},mount_tag={tag},security_model=none,multidevs=remap{options}"


def _initrd(kernel: Kernel, repository: Path) -> bytes:
    """Make the first file system: busybox, the modules and ``init``."""
    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    archive = _Archive()
    for folder in ("bin", "dev", "proc", "sys", "modules", "newroot"):
        archive.add(folder, stat.S_IFDIR | 0o755, b"")
    archive.add("bin/busybox", stat.S_IFREG | 0o755, busybox)
    for name in ("sh", "mount", "mkdir", "insmod", "cat", "echo", "chroot", "sync", "poweroff"):
        archive.add(f"bin/{name}", stat.S_IFLNK | 0o777, b"busybox")
    names = []
    for module in MODULES:
        found = sorted(kernel.modules.glob(f"**/{module}.ko*"))
        if found:
            data = found[0].read_bytes()
            names.append(f"{module}.ko")
            archive.add(f"modules/{module}.ko", stat.S_IFREG | 0o644, _unpacked(found[0].suffix, data))
    archive.add("modules/order", stat.S_IFREG | 0o644, "\n".join(names).encode())
    init = (repository / "tools" / "live" / "init").read_bytes()
    archive.add("init", stat.S_IFREG | 0o755, init)
    return archive.end()


def _unpacked(suffix: str, data: bytes) -> bytes:
    return lzma.decompress(data) if suffix == ".xz" else data


class _Archive:
    """An archive of cpio's new format, as the kernel unpacks it (Documentation/driver-api/early-userspace)."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._inode = 0

    def add(self, name: str, mode: int, content: bytes) -> None:
        """Add a file, a folder, or a link, of which the content is where it leads."""
        self._inode += 1
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        self._data += b"070701" + "".join(f"{field:08X}" for field in fields).encode()
        self._pad(name.encode() + b"\0")
        self._pad(content)

    def _pad(self, data: bytes) -> None:
        self._data += data
        self._data += bytes(-len(self._data) % 4)

    def end(self) -> bytes:
        """Return the archive, ended."""
        self.add("TRAILER!!!", 0, b"")
        return bytes(self._data)

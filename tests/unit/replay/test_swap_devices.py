"""Whether swap is on a device that rotates, as folders say that stand for a machine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts import NEW, make_host
from zswap_replay.errors import SettingsError
from zswap_replay.replay.host import Host, read_host

MOUNTED = "25 1 8:1 / / rw - ext4 /dev/root rw\n30 25 254:0 / /srv\\040swap rw shared:1 - xfs /dev/vda rw"


def swaps(*names: str) -> str:
    """What /proc/swaps has where these are in use."""
    kinds = ("partition" if name.startswith("/dev/") else "file" for name in names)
    lines = (f"{name}\t{kind}\t8388604\t0\t-2" for name, kind in zip(names, kinds, strict=True))
    return "\n".join(["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority", *lines])


def rotational(**disks: str) -> dict[str, str]:
    """The files of disks that say whether they rotate."""
    return {f"sys/block/{disk}/queue/rotational": text for disk, text in disks.items()}


def host(root: Path, more: dict[str, str], *names: str) -> Host:
    return read_host(make_host(root, "6.14.2", NEW, more={"proc/swaps": swaps(*names), **more}))


@pytest.mark.parametrize(
    ("kind", "names", "more"),
    [
        ("rotational", ["/dev/sda"], rotational(sda="1")),
        ("disk", ["/dev/sda"], rotational(sda="0")),
        ("rotational", ["/dev/sda2"], rotational(sda="1", sdb="0") | {"sys/block/sda/sda2/partition": "2"}),
        ("rotational", ["/dev/sda2"], rotational(sda="1", sdb="0")),
        ("disk", ["/dev/nvme0n1p3"], rotational(sda="1", nvme0n1="0")),
        (
            "rotational",
            ["/dev/mapper/vg-swap"],
            {**rotational(**{"dm-1": "1"}), "sys/block/dm-1/dm/name": "vg-swap"},
        ),
        ("rotational", ["/dev/cciss/c0d0p1"], rotational(**{"cciss!c0d0": "1"})),
        ("rotational", ["/dev/nvme0n1p3", "/dev/sda2"], rotational(sda="1", nvme0n1="0")),
        ("ram", ["/dev/zram0"], rotational(zram0="0", sda="1")),
        ("disk", ["/dev/zram0", "/dev/sda2"], rotational(zram0="0", sda="0")),
        ("disk", ["/srv\\040swap/file"], rotational(sda="1", vda="0") | {"proc/self/mountinfo": MOUNTED}),
        (
            "rotational",
            ["/swapfile"],
            {"proc/self/mountinfo": MOUNTED, "sys/dev/block/8:1/queue/rotational": "1"},
        ),
        ("rotational", ["/swapfile"], rotational(sda="1") | {"proc/mounts": "/dev/sda1 / ext4 rw 0 0"}),
    ],
)
def test_a_device_that_rotates_is_found(
    tmp_path: Path, kind: str, names: list[str], more: dict[str, str]
) -> None:
    found = host(tmp_path, more, *names)
    assert kind == found.values["swap_device"]
    assert f"swap_device {kind}" in "\n".join(found.notes(()))
    assert not found.missing


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "proc/swaps: no swap is in use, so that nothing is stored there"),
        (["/swapfile"], "/swapfile: below {root}/sys/block nothing tells whether it rotates"),
        (["/dev/sdz1"], "/dev/sdz1: below {root}/sys/block nothing tells whether it rotates"),
    ],
)
def test_what_cannot_be_told_is_said(tmp_path: Path, names: list[str], told: str) -> None:
    found = host(tmp_path, rotational(sda="1"), *names)
    assert "swap_device" not in found.values
    assert found.missing[-1].endswith(told.format(root=tmp_path))


def test_a_partition_is_found_by_its_link(tmp_path: Path) -> None:
    disk = tmp_path / "sys" / "devices" / "pci" / "block" / "sdq"
    (disk / "queue").mkdir(parents=True)
    (disk / "queue" / "rotational").write_text("1\n", encoding="utf-8")
    (disk / "swap1").mkdir()
    (tmp_path / "sys" / "class" / "block").mkdir(parents=True)
    (tmp_path / "sys" / "class" / "block" / "swap1").symlink_to(disk / "swap1")
    assert "rotational" == host(tmp_path, {}, "/dev/swap1").values["swap_device"]


def test_what_is_no_switch_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="sda/queue/rotational: found 'often'; expected 0 or 1"):
        host(tmp_path, rotational(sda="often"), "/dev/sda")


def test_a_machine_without_proc_swaps_says_so(tmp_path: Path) -> None:
    assert "proc/swaps: not read here" in read_host(make_host(tmp_path, "6.14.2", NEW)).missing[-1]

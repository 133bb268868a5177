"""What an event or a flag does to the machine: module parameters, knobs of memcgs, memcgs made and removed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from zswap_replay.errors import SettingsError
from zswap_replay.lib.length_index import Lengths
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.contents import Contents
from zswap_replay.mm.releases import PROPOSALS, RECLAIM_KEYS, RELEASES
from zswap_replay.payload.recipe import Recipe
from zswap_replay.replay.settings_check import WRITEBACK_SWITCH, WRITTEN_PARAMS
from zswap_replay.replay.zram import ZramControls
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Control
from zswap_replay.trace.events import SWAPPINESS_MAX, Reclaim
from zswap_replay.trace.schema import ROOT, Event
from zswap_replay.trace.zram_files import PREFIX

Notes = Callable[[str], None]

_MEMCG_CREATE, _MEMCG_OFFLINE = Event.MEMCG_CREATE, Event.MEMCG_OFFLINE
"""Members of an enum, which Python 3.11 finds slowly, looked up once: there may be millions of these events."""


def ignore(*_: object) -> None:
    """Do nothing: a no-op listener for notes and progress."""


class Pools(Protocol):
    """Where a machine gets its pools from: page_data.PageData."""

    @property
    def recipe(self) -> Recipe:
        """What pages hold where the trace does not say it."""

    def canonical(self, compressor: str) -> str:
        """Give a compressor its one spelling. Raises CodecError."""

    def pool(self, compressor: str) -> tuple[Contents, Lengths, Lengths | None]:
        """Give what a compressor's pool asks for lengths, those known already, and where to note others."""

    def header_length(self, compressor: str, pages: int) -> int:
        """Return what zram compresses the header of a swap device of ``pages`` pages to, in bytes."""


class PathNumbers:
    """The numbers that a trace gives to paths of memcgs, found without a search."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Take ``paths``, which has each path at its number, and may grow."""
        self._paths = paths
        self._numbers: dict[str, int] = {}

    def __getitem__(self, path: str) -> int:
        """Give the number of a path. Raises KeyError: the trace has not named it yet."""
        numbers, paths = self._numbers, self._paths
        for number in range(len(numbers), len(paths)):
            numbers[paths[number]] = number
        return numbers[path]


class Controls:
    """What is set from outside in the course of a replay: by settings at first, then by events of the trace.

    A parameter or knob that was given as a flag holds: the trace's own writes to it are ignored, with a note. So is
    what the release does not have.
    """

    def __init__(
        self, machine: Machine, paths: Sequence[str], settings: Settings, pools: Pools, notes: Notes
    ) -> None:
        """Take ``paths``, those of the trace's memcgs, by number, and ``settings`` as check_settings() gives them."""
        self.machine = machine
        self.settings = settings
        self.release = machine.release
        self.numbers = PathNumbers(paths)
        self.memcg_path: list[str | None] = ["/"]
        """The paths of the memcgs by the machine's index, None for one that was removed."""
        self.memcg_names: list[str] = ["/"]
        """The same, with the paths of those that were removed."""
        self._paths = paths
        self._pools = pools
        self._notes = notes
        self._noted: set[str] = set()
        self._compressor = settings.compressor
        self._zpool = settings.zpool
        self._knobs: dict[str, dict[str, int]] = {}
        self._met = {ROOT}
        self.zram = ZramControls(machine, settings, pools, self._note_once) if machine.zram else None
        for write in settings.knobs:
            self._knobs.setdefault(write.memcg, {})[write.key] = write.bytes

    def state(self) -> dict[str, Any]:
        """Return what was set so far beside the machine, as plain data."""
        return {
            "memcg_path": self.memcg_path,
            "memcg_names": self.memcg_names,
            "met": sorted(self._met),
            "compressor": self._compressor,
            "zpool": self._zpool,
            "noted": sorted(self._noted),
            "zram": self.zram.state() if self.zram else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what ``state`` returned, in place of ``begin``. Raises LookupError, TypeError."""
        self.memcg_path[:] = [None if path is None else str(path) for path in state["memcg_path"]]
        self.memcg_names[:] = [str(path) for path in state["memcg_names"]]
        self._met = {str(path) for path in state["met"]}
        self._compressor = str(state["compressor"])
        self._zpool = str(state["zpool"])
        self._noted = {str(note) for note in state["noted"]}
        if self.zram:
            self.zram.restore(state["zram"])

    def begin(self) -> None:
        """Write the settings that the kernel has as module parameters, as at boot, and the root's files.

        Other memcgs get theirs when they are created.
        """
        for param in WRITTEN_PARAMS:
            self.machine.set_param(param, int(getattr(self.settings, param)))
        self._set_pool()
        if self.zram:
            self.zram.begin()
        for key, value in self._knobs.get(ROOT, {}).items():
            self.machine.memcg_set(0, key, value)

    def unmet(self) -> list[str]:
        """Return the paths of the memcgs that flags would write to, and that were not made so far."""
        return [path for path in self._knobs if path not in self._met]

    def control(self, control: Control) -> None:
        """Do what an event asks for that is more than an access; a snapshot asks for nothing.

        Raises SettingsError, CodecError: the trace asks for an allocator or compressor that there is not.
        """
        event = control.event
        if event is _MEMCG_CREATE:
            self._create(control.memcg)
            return
        if event is _MEMCG_OFFLINE:
            self.memcg_path[self.machine.paths.memcg_of(control.memcg)] = None
            self.machine.memcg_offline(control.memcg)
            return
        match event:
            case Event.SNAPSHOT:
                pass
            case Event.PARAM:
                self._write_param(str(control.key), control.value)
            case Event.WORKER:
                assert isinstance(control.value, int | str)
                self.machine.worker(control.value)
            case Event.SEEN_READS:
                assert isinstance(control.value, int)
                self.machine.seen_reads(control.value)
            case _:
                self.ensure_memcg(control.memcg)
                if isinstance(control.value, Reclaim):
                    self._reclaim(control.memcg, control.value)
                    return
                assert isinstance(control.value, int)
                if control.event is Event.MEMCG_RECLAIM:
                    self.machine.memcg_reclaim(control.memcg, control.value)
                else:
                    self._write_knob(control.memcg, str(control.key), control.value)

    def _reclaim(self, path: int, asked: Reclaim) -> None:
        """Write to memory.reclaim with keys. Raises SettingsError: the release has no such key."""
        if asked.swappiness is None:
            if not self.release.proactive_writeback:
                thread = next(each.thread for each in PROPOSALS if each.name == "proactive_writeback")
                raise SettingsError(
                    f"found {str(asked)!r}, which {self.release.name} refuses (EINVAL): no release takes {asked.key}; "
                    f"--rule proactive_writeback=on replays it (proposed: {thread})"
                )
            self.machine.zswap_proactive_writeback(path, asked.size)
            return
        key = "swappiness=max" if asked.swappiness == SWAPPINESS_MAX else "swappiness"
        if key not in self.release.reclaim_keys:
            since, having = (
                RECLAIM_KEYS[key],
                [name for name, each in RELEASES.items() if key in each.reclaim_keys],
            )
            raise SettingsError(
                f"found {str(asked)!r}, which {self.release.name} refuses (EINVAL): memory.reclaim takes "
                f"{key} from {since} on; --kernel {' or '.join(having)} replays it"
            )
        self.machine.memcg_reclaim(path, asked.size, asked.swappiness)

    def ensure_memcg(self, path: int) -> None:
        """Make the memcg of a path, and those of its ancestors, where they are not there yet."""
        if self.machine.paths.memcg_of(path) < 0:
            self._create(path)

    def _create(self, path: int) -> None:
        """Make the memcg of a path anew, below ancestors that are made where they are not there yet."""
        missing = [path]
        while self.machine.paths.memcg_of(parent := self._parent(missing[-1])) < 0:
            missing.append(parent)
        for number in reversed(missing):
            self._create_below(number, self._parent(number))

    def _parent(self, path: int) -> int:
        return self.numbers[self._paths[path].rpartition("/")[0] or "/"]

    def _create_below(self, path: int, parent: int) -> None:
        """Make the memcg of a path, and write its flags."""
        name = self._paths[path]
        seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
        self.machine.memcg_create(path, parent, seed, self._pools.recipe.group(name))
        self.memcg_path.append(name)
        self.memcg_names.append(name)
        if name in self._knobs:
            self._met.add(name)
            for key, value in self._knobs[name].items():
                self.machine.memcg_set(path, key, value)

    def _write_param(self, key: str, value: int | str | Reclaim | None) -> None:
        """Write a module parameter as the trace asks, unless a flag has fixed it or the release lacks it."""
        if key.startswith(PREFIX):
            if self.zram is None:
                self._note_once(
                    f"tier {self.settings.tier} has no zram: the trace's writes to {PREFIX}* are ignored"
                )
            else:
                self.zram.write(key.removeprefix(PREFIX), str(value))
        elif key == "enabled" and self._is_another_tier():
            self._note_once(f"tier {self.settings.tier}: the trace's writes to enabled are ignored")
        elif key in self.settings.fixed:
            self._note_once(f"{key} was given as a flag: the trace's own writes to it are ignored")
        elif key not in self.release.params and not (key == "zpool" and value in self.release.zpools):
            self._note_once(
                f"{self.release.name} has no parameter {key}: the trace's writes to it are ignored"
            )
        elif key == "compressor":
            self._compressor = self._pools.canonical(str(value))
            self._set_pool()
        elif key == "zpool":
            if value not in self.release.zpools:
                raise SettingsError(
                    f"the trace asks for zpool {value}; modelled are {', '.join(self.release.zpools)}"
                )
            self._zpool = str(value)
            self._set_pool()
        else:
            assert isinstance(value, int)
            self.machine.set_param(key, value)

    def _is_another_tier(self) -> bool:
        """Tell whether the settings leave zswap out, and the trace was not recorded of a tier without it."""
        if "zswap" in self.settings.tier or "enabled" in self.settings.fixed:
            return False
        return self.zram is None or not self.zram.set_by_trace

    def _set_pool(self) -> None:
        """Make the pool of the compressor and allocator that are set the current one."""
        contents, lengths, learned = self._pools.pool(self._compressor)
        try:
            self.machine.set_pool(self._zpool, self._compressor, contents, lengths, learned)
        except OverflowError as error:
            raise SettingsError(str(error)) from None

    def _write_knob(self, path: int, key: str, value: int) -> None:
        """Write to a memcg's file as the trace asks, unless a flag has fixed it or the release lacks it."""
        memcg = self._paths[path]
        if key in self._knobs.get(memcg, {}):
            self._note_once(f"{memcg}:{key} was given as a flag: the trace's own writes to it are ignored")
        elif key == WRITEBACK_SWITCH and self.release.writeback_switch == "none":
            self._note_once(f"{self.release.name} has no {key}: the trace's writes to it are ignored")
        else:
            self.machine.memcg_set(path, key, value)

    def _note_once(self, text: str) -> None:
        """Make a remark, the first time only."""
        if text not in self._noted:
            self._noted.add(text)
            self._notes(text)

"""What sentences on a result are made of: its counters and limits at the end, each noted where it is looked up."""

from __future__ import annotations

from zswap_replay.result.by_name import CounterName, value_of
from zswap_replay.result.over_time import Number
from zswap_replay.result.pool_limits import percent_of, pool_limit
from zswap_replay.result.result import Result
from zswap_replay.trace.events import ROOT
from zswap_replay.units import UNLIMITED, shortened

_SHOWN = 3
"""Memcgs that a sentence names."""


class Facts:
    """The counters, limits and parameters of a result at the end of its trace; ``taken()`` gives those looked up."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._end = result.end
        self._derived = result.derived
        self._taken: dict[str, Number | str] = {}

    def taken(self) -> dict[str, Number | str]:
        """Return what was looked up since the last call, by name."""
        taken, self._taken = self._taken, {}
        return taken

    def count(self, name: str) -> int:
        """Look up a counter or a derived figure that adds up; 0 where the result lacks it."""
        parsed = CounterName.parse(name)
        assert parsed is not None, name
        if parsed.group == "derived":
            return int(self.derived(parsed.counter) or 0)
        value = value_of(self._end, parsed)
        if value is not None:
            self._taken[str(parsed)] = value
        return value or 0

    def derived(self, name: str) -> Number | None:
        """Look up a derived figure; None where it has no value."""
        value = self._derived[name]
        if value is not None:
            self._taken[f"derived.{name}"] = value
        return value

    def percent(self, name: str) -> int:
        """Look up a parameter of percent, as it is in effect at the end."""
        value = percent_of(self._result, self._end, name)
        self._taken[f"params.{name}"] = value
        return value

    def switch(self, name: str) -> bool:
        """Tell whether a parameter is on at the end; one that the kernel lacks is off."""
        value = self._end.params.get(name, 0)
        self._taken[f"params.{name}"] = value
        return bool(value)

    def tier(self) -> str:
        """Look up what pages go to when they are swapped out, as ``--tier`` has it."""
        value = str(self._result.manifest.settings.get("tier", "zswap"))
        self._taken["settings.tier"] = value
        return value

    def enabled(self) -> bool:
        """Tell whether zswap is enabled at the end."""
        value = self._end.params.get("enabled", int(bool(self._result.manifest.settings.get("enabled", 1))))
        self._taken["params.enabled"] = value
        return bool(value)

    def compressor(self) -> str:
        """Name the compressor in effect at the end."""
        name = str(self._end.params.get("compressor", self._result.manifest.settings["compressor"]))
        self._taken["params.compressor"] = name
        return name

    def pool_limit(self) -> int | None:
        """Compute the bytes at which the pool is full; None where the result does not tell the RAM."""
        ram = self._result.manifest.settings.get("totalram")
        if not isinstance(ram, int):
            return None
        self._taken["settings.totalram"] = ram
        return pool_limit(self._result, self._end)

    def limit(self, path: str, key: str) -> int:
        """Look up a limit in bytes that ``limited_above()`` found."""
        value = self._end.limits[path][key]
        self._taken[f"{path}:{key}"] = value
        return value

    def spelled(self, path: str) -> str:
        """Spell a path in a sentence: on one line, the middle of a long one left out."""
        return shortened(
            "".join(
                letter if letter.isprintable() else letter.encode("unicode_escape").decode()
                for letter in path
            )
        )

    def limited_above(self, path: str, key: str) -> str | None:
        """Return the memcg or the nearest ancestor that has a limit at the end; None for none, or for two or more.

        Which of two limits a page met is not counted.
        """
        limited = [
            each
            for each, limits in self._end.limits.items()
            if limits.get(key, UNLIMITED) != UNLIMITED and (each == path or path.startswith(f"{each}/"))
        ]
        return limited[0] if len(limited) == 1 else None

    def fullest_swap(self) -> str | None:
        """Return the memcg whose memory.swap.max has the least room left at the end; None where none is set."""
        room = {
            path: limits["memory.swap.max"] - self._end.memcg.get(path, {}).get("memory.swap.current", 0)
            for path, limits in self._end.limits.items()
            if limits.get("memory.swap.max", UNLIMITED) != UNLIMITED
        }
        return min(room, key=lambda path: (room[path], path), default=None)

    def top(self, event: str) -> str | None:
        """Return the memcg without children that has the most of an event of the group replay.memcg; None for none."""
        counts = self._leaves(event)
        return max(counts, key=lambda path: counts[path], default=None)

    def whose(self, event: str, total: int) -> str:
        """Say how many of an event's ``total`` were of which memcgs; empty where no memcg below the root has any.

        Named are memcgs without children that are there at the end; the rest are those of other memcgs, or of memcgs
        that were removed.
        """
        counts = self._leaves(event)
        most = sorted(counts, key=lambda path: (-counts[path], path))[:_SHOWN]
        rest = total - sum(counts[path] for path in most)
        if not most or rest < 0:
            return ""
        for path in most:
            self._taken[str(CounterName("replay.memcg", event, path))] = counts[path]
        if len(most) == 1 and not rest:
            return f"{'all' if total > 1 else 'it was one'} of {self.spelled(most[0])}"
        named = ", ".join(f"{counts[path]:,} of {self.spelled(path)}" for path in most)
        return f"{named} and {rest:,} of others or of memcgs that were removed" if rest else named

    def _leaves(self, event: str) -> dict[str, int]:
        found = self._end.replay_memcg
        inner = {path[: path.rindex("/")] for path in found if path != ROOT}
        return {
            path: values[event]
            for path, values in found.items()
            if path != ROOT and path not in inner and values.get(event, 0) > 0
        }

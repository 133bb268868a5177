"""The warnings of limits that had no room: which memcg, when, how many pages, and the limit that would do."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.shortages import Shortage
from zswap_replay.trace.scaled import whole_size
from zswap_replay.units import PAGE_SIZE, format_size

_RETURNED: Final = 64
"""Swap slots that may be free and not given back yet: SWAP_SLOTS_CACHE_SIZE of mm/swap_slots.py."""


def shortage_warnings(
    machine: Machine, names: Sequence[str], origin: int, rate: Fraction | None = None
) -> list[str]:
    """Write a line for each memory.swap.max or zram device that was full, and one for all other limits without room.

    ``names`` are the paths of all memcgs that there were, by the machine's index; ``origin`` is the time of the trace's
    first row, in ns, from which the machine counts. Limits are those of the whole where the trace is a sample of
    ``rate`` of the pages.
    """
    found = machine.vmscan.shortages.found.values()
    lines = [
        _over_swap(machine, names, each, origin, rate) for each in found if each.limit == "memory.swap.max"
    ]
    lines += [_over_device(machine, names, each, origin, rate) for each in found if each.limit == "disksize"]
    over = [each for each in found if each.limit not in ("memory.swap.max", "disksize")]
    if over:
        told = "; ".join(_over(machine, names, each, origin, rate) for each in over)
        lines.append(
            f"{sum(each.pages for each in over)} pages were charged over a limit since nothing could be reclaimed; "
            f"a kernel would have killed the program: {told}"
        )
    return lines


def _over(
    machine: Machine, names: Sequence[str], shortage: Shortage, origin: int, rate: Fraction | None
) -> str:
    """Say who was over memory.max, or over the RAM."""
    would_do = whole_size(shortage.wanted * PAGE_SIZE, rate)
    if shortage.limit == "totalram":
        ram = machine.zswap.pools.totalram_pages
        return (
            f"{shortage.pages} over the RAM of {format_size(whole_size(ram * PAGE_SIZE, rate))}, "
            f"first at {_time(origin + shortage.first_ns)}, of {names[shortage.first_memcg]}; "
            f"--totalram {would_do} would do"
        )
    name = names[shortage.memcg]
    limit = _limit("memory.max", int(machine.memcgs.values("memory_max")[shortage.memcg]), rate)
    return (
        f"{shortage.pages} of {name} over its {limit}, first at {_time(origin + shortage.first_ns)}; "
        f"--set {name}:memory.max={would_do} would do"
    )


def _over_swap(
    machine: Machine, names: Sequence[str], shortage: Shortage, origin: int, rate: Fraction | None
) -> str:
    """Say whose pages stayed in memory, as they got no slot; all that it has at any time would get one."""
    memcgs = machine.memcgs
    swap, resident, swap_max = (
        int(memcgs.values(field)[shortage.memcg]) for field in ("swap", "resident", "swap_max")
    )
    end = swap + resident
    name = names[shortage.memcg]
    return (
        f"{name} had used up its {_limit('memory.swap.max', swap_max, rate)} when "
        f"{shortage.pages} pages were to go out, first at {_time(origin + shortage.first_ns)}: they stayed in memory; "
        f"--set {name}:memory.swap.max={whole_size((max(shortage.wanted, end) + _RETURNED) * PAGE_SIZE, rate)} would do"
    )


def _over_device(
    machine: Machine, names: Sequence[str], shortage: Shortage, origin: int, rate: Fraction | None
) -> str:
    """Say that the device had no slot left, of which zswap needs one for each of its pages too."""
    assert machine.zram is not None
    wanted = whole_size((shortage.wanted + 1 + _RETURNED) * PAGE_SIZE, rate)
    size = whole_size(machine.zram.nr_pages * PAGE_SIZE, rate)
    return (
        f"zram's disksize of {format_size(size)} had no free slot for {shortage.pages} pages, first at "
        f"{_time(origin + shortage.first_ns)}, of {names[shortage.first_memcg]}: they stayed in memory; "
        f"--disksize {wanted} would do"
    )


def _limit(file: str, pages: int, rate: Fraction | None) -> str:
    """Name a limit with its last value, where it was not lifted since."""
    return file if pages < 0 else f"{file} of {format_size(whole_size(pages * PAGE_SIZE, rate))}"


def _time(time_ns: int) -> str:
    """Spell a time of the trace's clock in seconds."""
    seconds, ns = divmod(time_ns, 1_000_000_000)
    return f"{seconds}.{ns:09d} s"

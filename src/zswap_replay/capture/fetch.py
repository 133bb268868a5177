"""What a probe reads of its function: an argument or the result, and where that leads to.

The same is spelled for ``dynamic_events`` of tracefs and for bpftrace. No name of a member is left in either: offsets
come from the kernel's BTF, and hold for that kernel alone.
"""

from __future__ import annotations

from dataclasses import dataclass

RESULT = 0
"""Stands for what a function returns, where an argument has its number from 1 on."""

_CASTS = {"u8": "uint8", "u32": "uint32", "s32": "int32", "u64": "uint64", "x64": "uint64"}
_FORMATS = {"u8": "%d", "u32": "%u", "s32": "%d", "u64": "%llu", "x64": "0x%llx", "string": "%s"}


@dataclass(frozen=True, slots=True)
class Fetch:
    """A field of an event."""

    name: str
    argument: int
    """From 1 on, or RESULT."""
    offsets: tuple[int, ...]
    """Each is added, and what stands there is read; of none it is the argument itself."""
    type: str
    """As tracefs spells it: ``u8``, ``u32``, ``s32``, ``u64``, ``x64``, ``string``."""

    def ftrace(self) -> str:
        """Spell the field for ``dynamic_events``: ``cg=+96(+256(+0(+56($arg1)))):u64``."""
        text = "$retval" if self.argument == RESULT else f"$arg{self.argument}"
        for offset in self.offsets:
            text = f"{offset:+d}({text})"
        return f"{self.name}={text}:{self.type}"

    def bpftrace(self, argument: str) -> str:
        """Spell the value for bpftrace, of which ``argument`` is the argument or the result."""
        text = argument
        *way, last = self.offsets or (None,)
        for offset in way:
            text = f"*(uint64 *)({text} + {offset})"
        if self.type == "string":
            # the bytes of a string begin at the last address
            return f"str({text} + {last})" if last else f"str({text})"
        cast = _CASTS[self.type]
        if last is None:
            return f"({cast}){text}"
        return f"*({cast} *)({text} {'-' if last < 0 else '+'} {abs(last)})"

    @property
    def format(self) -> str:
        """What printf takes for it: ``ret=%d``."""
        return f"{self.name}={_FORMATS[self.type]}"

"""The last paragraph of a command's help: examples, to be copied as they are."""

from __future__ import annotations


def example(*lines: str) -> str:
    """The epilog of a command; its lines are not wrapped."""
    title = "Examples:" if sum(not line.endswith("\\") for line in lines) > 1 else "Example:"
    return "\n".join(("\b", title, *(f"  {line}" for line in lines)))

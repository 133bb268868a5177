"""The last paragraph of a command's help: examples, to be copied as they are."""

from __future__ import annotations


def example(*lines: str) -> str:
    """The epilog of a command; its lines are not wrapped."""
    return "\n".join(("\b", "Example:", *(f"  {line}" for line in lines)))

"""What workers are given to do in tests."""

from __future__ import annotations

import os


def double(number: int, parent: int, fatal: int) -> int:
    """Twice a number; a worker, and not its parent, dies of one of them."""
    if number == fatal and os.getpid() != parent:
        os._exit(1)
    return 2 * number

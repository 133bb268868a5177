"""What holds for all tests."""

from __future__ import annotations

import signal

# A shell starts what it runs in the background with interrupts ignored, and all its children inherit that; the tests
# of Ctrl-C are of programs that somebody has started in the foreground.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

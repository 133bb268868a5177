"""Where ``zswap-replay`` starts: its own help is printed at once, all else is the command line's."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    if (
        sys.argv[1:] in (["--help"], ["-h"])
        and "_ZSWAP_REPLAY_COMPLETE" not in os.environ
        and sys.stdout is not None
    ):
        from zswap_replay.cli.first_help import render

        try:
            sys.stdout.write(render())
            sys.stdout.flush()
            return
        except OSError:
            pass  # the command line meets it again, and knows what to say
    # Until the command line is there to answer it: Python's own handler prints where it was in all that is imported.
    # What signal is made of is there already; signal itself takes milliseconds to import.
    import _signal  # type: ignore[import-not-found]

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from zswap_replay.cli.main import main as command_line

    command_line()

"""Starts a command, waits for it, and writes down what it took: seconds, and the peak of its memory in KiB.

    python -S launch.py FILE COMMAND [ARGUMENT ...]

A process counts the memory of the one that started it into its own peak until it becomes another program. So the one
that starts commands has to be small, which a benchmark full of arrays is not.
"""

import os
import sys
from time import perf_counter

if __name__ == "__main__":
    started = perf_counter()
    process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = perf_counter() - started
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(f"{seconds} {usage.ru_maxrss}")
    sys.exit(os.waitstatus_to_exitcode(status))

"""Start a command, wait for it, and write seconds and the peak of its memory in KiB to a file.

    python -S launch.py FILE COMMAND [ARGUMENT ...]

The peak of a process includes the memory of the process that forked it, up to exec. So commands must be started by a
small process, which a benchmark full of arrays is not.
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

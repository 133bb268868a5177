"""Says whether the core is compiled: what an install ends with."""

from zswap_replay.machine import compiled

if __name__ == "__main__":
    if compiled():
        print("the core is compiled")
    else:
        print(
            "the core is not compiled (no C compiler, or ZSWAP_REPLAY_PURE=1): it runs interpreted, and slowly"
        )

"""One machine: the kernel model put together, and the only loop over a trace's events."""


def compiled() -> bool:
    """Say whether the core runs compiled, and with it what makes and keeps pages: all of it is built, or nothing."""
    from zswap_replay.machine import machine

    return not machine.__file__.endswith(".py")

"""``python -m zswap_replay`` is the command ``zswap-replay``."""

from zswap_replay.cli.start import main

main()

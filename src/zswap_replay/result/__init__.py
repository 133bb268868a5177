"""What a replay gives back: counters, snapshots, the result and its file, and the figures that follow from them."""

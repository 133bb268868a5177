"""Settings that are best under constraints: a search over replays, how sure its answer is, and lines to apply it."""

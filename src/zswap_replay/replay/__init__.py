"""One replay: the loop over a trace, what its events do to the machine, and what becomes a Result."""

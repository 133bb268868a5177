"""One's own memory: pages of processes, dumps, images and swap areas, of which lengths alone are kept."""

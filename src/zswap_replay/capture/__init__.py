"""Capturing what a live kernel's zswap is asked, and what comes of it: probes, saved counters, one folder."""

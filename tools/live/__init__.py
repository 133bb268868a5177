"""Captures of Debian's stock kernel in a virtual machine, by each tool, held against their replays."""

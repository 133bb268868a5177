"""Captures of a live kernel's zswap: text of ftrace, trace-cmd, perf or bpftrace, and what was saved beside it."""

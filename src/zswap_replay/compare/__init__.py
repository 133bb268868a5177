"""Results held against each other: what may be compared, what is expected, and side by side."""

"""Traces: the file format, its reader and writer, and what makes traces from other things."""

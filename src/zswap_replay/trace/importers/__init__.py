"""Traces from the outputs of other programs, one module each."""

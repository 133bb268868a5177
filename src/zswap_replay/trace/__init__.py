"""Traces: the file format, its reader and writer, and the generators and importers that make traces."""

"""Importers: traces made from the output of other programs, one module each."""

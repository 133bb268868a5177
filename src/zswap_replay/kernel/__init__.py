"""Kernels by the names that people have for them."""

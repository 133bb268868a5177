"""Measurements that are run by hand: ``python -m benchmarks.bench`` against named floors and peers."""

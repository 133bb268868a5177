"""Measurements that are run by hand, against named floors and peers: ``python -m benchmarks.bench``."""

"""Many settings over one trace: a grid of points, replayed in processes or on a Dask cluster."""

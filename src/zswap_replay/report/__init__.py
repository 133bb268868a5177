"""Renderers: each is a function of one or more results, and none knows how they came about."""

"""Renderers for programs: CSV, JSON, OpenMetrics, JUnit and the timeline in Parquet."""

"""The report as one HTML page that works offline, and its charts as PNG files."""

"""Charts: plain data in, figures out, and figures as SVG for a page or as PNG for a file."""

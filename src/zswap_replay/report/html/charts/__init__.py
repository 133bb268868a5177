"""Charts: plain data in, figures out, and figures as SVG for a page or as PNG for a file."""

import logging

# matplotlib reports that it builds a font cache, which tells the user of a report nothing.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

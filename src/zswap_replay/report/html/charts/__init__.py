"""Charts: plain data in, figures out, and figures as SVG for a page or as PNG for a file."""

import logging

# Its remarks on a font cache that it has to build are none of the reader's business.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

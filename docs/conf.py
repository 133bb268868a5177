"""How Sphinx builds the documentation: ``make docs``."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.reference import expand

project = "zswap-replay"
version = release = version_of(project)
extensions = ["myst_parser", "sphinx.ext.autodoc"]

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
html_show_copyright = False
html_copy_source = False

# A link to a page or to a heading that is not there is a warning, and `make docs` makes errors of warnings.
nitpicky = True
myst_heading_anchors = 4
myst_url_schemes = ["http", "https"]
# What programs print may have a quote that no shell would close.
suppress_warnings = ["misc.highlighting_failure"]
smartquotes = False  # else --jobs becomes a dash and a word

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# Types of Python and of other packages, and our own that are no part of the API: they have no page to link to.
nitpick_ignore_regex = [
    ("py:.*", r"(?!zswap_replay\.).*"),
    ("py:.*", r"zswap_replay\.\w+\.\w.*"),
]


def _expand(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put the parts of a page that are made from the program in their places."""
    source[0] = expand(source[0])


def setup(app: Sphinx) -> None:
    """Connect what is ours. Sphinx calls this."""
    app.connect("source-read", _expand)

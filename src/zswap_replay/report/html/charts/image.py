"""Figures as SVG that is part of a page, and as PNG."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from zswap_replay.report.html.charts.canvas import PIXELS_PER_INCH
from zswap_replay.report.html.charts.theme import with_variables

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"font: ([0-9.]+px) [^;]*|font-family: [^;]*;? ?")
_NO_TURN = re.compile(r"rotate\(-?0(\.0*)? [^)]*\)")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_PNG_SCALE = 2


def to_png(figure: Figure) -> bytes:
    """Render a figure as PNG of twice its size in pixels; the same figure gives the same bytes."""
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=PIXELS_PER_INCH * _PNG_SCALE, metadata={"Software": None})
    return target.getvalue()


def to_svg(figure: Figure, name: str, label: str, classes: str) -> str:
    """Render a figure as an ``svg`` element for HTML: as wide as its container, coloured by CSS variables.

    ``name`` must be unique in the page; ``label`` is what screen readers read.
    """
    target = io.BytesIO()
    figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(target.getvalue())
    for part in list(root):
        if part.tag.endswith("}metadata"):
            root.remove(part)
    used = {found for element in root.iter() for found in _referred(element)}
    for element in root.iter():
        _rewrite(element, name, used)
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update(
        {"viewBox": _NUMBER.sub(_rounded, box), "class": classes, "role": "img", "aria-label": label}
    )
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _referred(element: ElementTree.Element) -> list[str]:
    found = [match for value in element.attrib.values() for match in _REFERENCE.findall(value)]
    link = element.get(_LINK)
    return [*found, link.removeprefix("#")] if link else found


def _rewrite(element: ElementTree.Element, name: str, used: set[str]) -> None:
    """Make an element's ids unique in the page, and replace its colours, fonts and tips by those of the page."""
    own = element.attrib.pop("id", "")
    if own in used:
        element.set("id", f"{name}-{own}")
    elif own.startswith("mark:"):
        element.set("class", "mark")
        tip = ElementTree.Element(f"{{{_SVG}}}title")
        tip.text = own.removeprefix("mark:")
        element.insert(0, tip)
    elif own == "halo":
        element.set("class", "halo")
    link = element.attrib.pop(_LINK, None)
    if link:
        element.set("href", f"#{name}-{link.removeprefix('#')}")
    if _NO_TURN.fullmatch(element.get("transform", "")):
        del element.attrib["transform"]
    for key in ("d", "transform", "x", "y", "width", "height"):
        if key in element.attrib:
            element.set(key, " ".join(_NUMBER.sub(_rounded, element.attrib[key]).split()))
    for key in ("style", "fill", "stroke", "clip-path"):
        if key in element.attrib:
            styled = with_variables(_FONT.sub(_size_alone, element.attrib[key]))
            element.set(key, _REFERENCE.sub(lambda found: f"url(#{name}-{found[1]})", styled))


def _size_alone(font: re.Match[str]) -> str:
    return f"font-size: {font[1]}" if font[1] else ""


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")

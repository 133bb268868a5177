"""A real browser, and the questions that tests ask it about a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",  # as on a telephone: the page is as wide as the window
)

_MARKS = """
const seen = [];
for (const svg of document.querySelectorAll("figure svg")) {
  if (getComputedStyle(svg).display === "none") continue;
  const chart = svg.closest("figure").id;
  for (const mark of svg.querySelectorAll(".mark")) {
    for (const shape of mark.querySelectorAll("path, use")) {
      if (shape.closest("defs")) continue;
      const box = shape.getBoundingClientRect(), style = getComputedStyle(shape);
      seen.push([chart, box.width, box.height, style.fill, style.stroke]);
    }
  }
}
return seen;
"""
_OUTSIDE = """
const outside = [];
for (const svg of document.querySelectorAll("figure svg")) {
  if (getComputedStyle(svg).display === "none") continue;
  const figure = svg.closest("figure"), around = figure.getBoundingClientRect();
  for (const text of svg.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    if (box.left < around.left - 0.5 || box.right > around.right + 0.5 || box.top < around.top)
      outside.push(figure.id + ": " + text.textContent);
  }
}
return outside;
"""
_CLIPPED = """
const clipped = [], seen = element => element.getBoundingClientRect().width > 0;
for (const element of document.querySelectorAll("header *, main *")) {
  if (element.closest("svg, pre") || !seen(element)) continue;
  const scroll = element.closest(".scroll");
  if (scroll && !scroll.querySelector("table.stack")) continue;  // so many cells that they are scrolled
  const box = element.getBoundingClientRect();
  const name = element.tagName + "." + element.className + ": " + element.textContent.trim().slice(0, 60);
  if (box.right > innerWidth + 0.5 || box.left < -0.5) clipped.push("outside " + name);
  if (getComputedStyle(element).overflowX !== "visible" || element.matches(".figure, figure, details"))
    if (element.scrollWidth > element.clientWidth + 1) clipped.push("too wide " + name);
  if (element.matches(".scroll.whole") && element.scrollHeight > element.clientHeight + 1)
    clipped.push("too high " + name);
}
return clipped;
"""
_TEXT_SIZES = """
return [...document.querySelectorAll("figure svg text")]
  .filter(text => text.getBoundingClientRect().height > 0)
  .map(text => parseFloat(getComputedStyle(text).fontSize)
    * text.ownerSVGElement.getBoundingClientRect().width / text.ownerSVGElement.viewBox.baseVal.width);
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawn shape of a chart: its size on the screen, in pixels, and its colours as CSS gives them."""

    chart: str
    width: float
    height: float
    fill: str
    stroke: str


class Browser:
    """A headless Chromium with a profile of its own."""

    def __init__(self, chromium: Path, driver: Path, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.binary_location = str(chromium)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver: Any = webdriver.Chrome(options=options, service=Service(str(driver)))

    def quit(self) -> None:
        """Ends the browser."""
        self.driver.quit()

    def open(self, page: Path, *, width: int = 1400, dark: bool = False) -> None:
        """Loads a page into a window ``width`` pixels wide, as a reader with that colour scheme sees it."""
        self._run(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._run("Emulation.setEmulatedMedia", features=[scheme])
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(page.as_uri())

    def messages(self) -> list[str]:
        """What the console has shown since the page was opened."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was opened, its own included."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def marks(self) -> list[Mark]:
        """The shapes that show data in the charts that are to be seen."""
        return [Mark(*found) for found in self.ask(_MARKS)]

    def texts_outside(self) -> list[str]:
        """Texts of charts that reach beyond the frame of their chart."""
        return [str(text) for text in self.ask(_OUTSIDE)]

    def clipped(self) -> list[str]:
        """Parts of the page, other than charts, that are cut off or reach beyond the window."""
        return [str(part) for part in self.ask(_CLIPPED)]

    def text_sizes(self) -> list[float]:
        """Sizes of the charts' texts on the screen, in pixels."""
        return [float(size) for size in self.ask(_TEXT_SIZES)]

    def ask(self, script: str) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script)

    def change(self, script: str) -> None:
        """Run JavaScript that changes the page, and wait until it has been drawn so: texts appear then."""
        drawn = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
        self.driver.execute_async_script(f"{script}; {drawn}")

    def wait_until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true, ten seconds at most: a busy machine may draw late."""
        late = "performance.now() - start > 10000"
        look = f"() => ({condition}) || {late} ? done() : requestAnimationFrame(look)"
        self.driver.execute_async_script(
            f"const done = arguments[0], start = performance.now(); const look = {look}; look()"
        )

    def _run(self, command: str, **parameters: object) -> None:
        self.driver.execute_cdp_cmd(command, dict(parameters))

"""Renderings of what a device's own log says (`netpreflight log`). Nothing here decides anything."""

from collections.abc import Callable

from netpreflight.agent.results import LogAnswer
from netpreflight.reports.device_log.html import render as as_html
from netpreflight.reports.device_log.markdown import render as as_markdown
from netpreflight.reports.device_log.terminal import render as as_text
from netpreflight.reports.documents import render_json

FORMATS: dict[str, Callable[[LogAnswer], str]] = {
    ".html": as_html,
    ".json": render_json,
    ".md": as_markdown,
    ".txt": as_text,
}
"""The formats that an answer can be written in, by the ending of the file."""

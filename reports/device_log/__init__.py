"""What a device's own log says (`netpreflight log`): an answer in, text out. Nothing here decides anything."""

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
"""How an answer is written, by the ending of the file."""

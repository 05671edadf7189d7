"""Renderings of a comparison: two runs side by side in, text out. Nothing here decides anything."""

from collections.abc import Callable

from netpreflight.agent.compare import Comparison
from netpreflight.reports.comparison.html import render as render_html
from netpreflight.reports.comparison.markdown import render as render_markdown
from netpreflight.reports.comparison.terminal import render as render_text
from netpreflight.reports.documents import render_json

FORMATS: dict[str, Callable[[Comparison], str]] = {
    ".html": render_html,
    ".json": render_json,
    ".md": render_markdown,
    ".txt": render_text,
}
"""The formats that a comparison can be written in, by the ending of the file."""

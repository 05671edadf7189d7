"""Renderings: a report in, text out. Nothing here decides anything."""

from collections.abc import Sequence
from typing import Protocol

from agent.report import Report
from reports.html import render as render_html
from reports.json import render as render_json
from reports.markdown import render as render_markdown
from reports.terminal import render as render_text


class Render(Protocol):
    """A format of the report."""

    def __call__(self, report: Report, dialects: Sequence[str] = (), /) -> str:
        """The report as text, with its firewall changes for these products (names of `reports.rules.DIALECTS`)."""


FORMATS: dict[str, Render] = {
    ".html": render_html,
    ".json": render_json,
    ".md": render_markdown,
    ".txt": render_text,
}
"""The formats that a report can be written in, by the ending of the file."""

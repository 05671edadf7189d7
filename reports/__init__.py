"""Renderings: a report in, text out. Nothing here decides anything."""

from collections.abc import Callable

from agent.report import Report
from reports.json import render as render_json
from reports.terminal import render as render_text

FORMATS: dict[str, Callable[[Report], str]] = {".json": render_json, ".txt": render_text}
"""The formats that a report can be written in, by the ending of the file."""

"""Renderings of a watch: what it saw in, text out. Nothing here decides anything."""

from collections.abc import Callable
from importlib import import_module

import msgspec

from netpreflight.agent.watch.watched import Watch
from netpreflight.reports.safe_text import json_shown


def render_json(watch: Watch) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(watch), indent=1).decode()) + "\n"


def _of(module: str) -> Callable[[Watch], str]:
    """The `render` of a module, which is imported only when it is called."""

    def render(watch: Watch) -> str:
        text: str = import_module(f"netpreflight.reports.watch.{module}").render(watch)
        return text

    return render


FORMATS: dict[str, Callable[[Watch], str]] = {
    ".html": _of("html"),
    ".json": render_json,
    ".md": _of("markdown"),
    ".txt": _of("terminal"),
}
"""The formats that a watch can be written in, by the ending of the file."""

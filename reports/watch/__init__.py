"""Renderings of a watch: what it saw in, text out. Nothing here decides anything."""

from collections.abc import Callable
from importlib import import_module

from netpreflight.agent.watch.watched import Watch
from netpreflight.reports.documents import render_json


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

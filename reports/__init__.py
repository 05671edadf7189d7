"""Renderings: a report in, text out. Nothing here decides anything."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from netpreflight.agent.report import Report


class Render(Protocol):
    """A format of the report."""

    def __call__(self, report: "Report", dialects: Sequence[str] = (), contact: str = "", /) -> str:
        """The report as text.

        Args:
            report: the report.
            dialects: the products that its firewall changes are shown for (names in `reports/firewall`).
            contact: who asks, for the requests in it.
        """


def _of(module: str) -> Render:
    """The `render` of a module, which is imported only when it is called: a run loads only the formats it writes."""

    def render(report: "Report", dialects: Sequence[str] = (), contact: str = "", /) -> str:
        text: str = import_module(module).render(report, dialects, contact)
        return text

    return render


FORMATS: dict[str, Render] = {
    ".html": _of("netpreflight.reports.html"),
    ".json": _of("netpreflight.reports.json"),
    ".md": _of("netpreflight.reports.markdown"),
    ".txt": _of("netpreflight.reports.terminal"),
}
"""The formats that a report can be written in, by the ending of the file."""
MAIL = ".eml"
"""The ending of a request as a mail (`eml.py`): no format of the report, but a file for each owner who is asked."""


def in_parts(ending: str, report: "Report", dialects: Sequence[str] = (), contact: str = "") -> Iterable[str]:
    """A format in parts, to be written one after the other: only JSON has every BSS, so only JSON may be large."""
    if ending == ".json":
        parts: Iterable[str] = import_module("netpreflight.reports.json").parts(report)
        return parts
    return [FORMATS[ending](report, dialects, contact)]

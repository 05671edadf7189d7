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
            dialects: the products for which its firewall changes are shown (names in `reports/firewall`).
            contact: who asks for the changes; it is put into the requests.
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
"""The ending of a mail that asks for changes (`eml.py`). It is not a format of the report: there is one mail for each
owner of a change."""


def in_parts(ending: str, report: "Report", dialects: Sequence[str] = (), contact: str = "") -> Iterable[str]:
    """The report in a format, in parts to be written one after the other.

    Only JSON has several parts: it alone has every BSS, so it may be large.
    """
    if ending == ".json":
        parts: Iterable[str] = import_module("netpreflight.reports.json").parts(report)
        return parts
    return [FORMATS[ending](report, dialects, contact)]

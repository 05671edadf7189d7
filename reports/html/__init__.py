"""The report as one HTML file: no script, no request, nothing that a name from the network could turn into markup."""

from collections.abc import Sequence

from agent.report import Report
from reports.html import led
from reports.html.page import page
from reports.html.view import view


def render(report: Report, dialects: Sequence[str] = (), /) -> str:
    """The whole report; its firewall changes for these products are opened, else all products are there, folded."""
    return page("report.html", style=led.css("led", report.startup.lights), **view(report, dialects))

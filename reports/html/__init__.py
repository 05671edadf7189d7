"""The report as one HTML file: no script, no request, nothing that a name from the network could turn into markup."""

from collections.abc import Sequence

from netpreflight.agent.report import Report
from netpreflight.reports.html import led_drawing as led
from netpreflight.reports.html.page import page
from netpreflight.reports.html.view import view


def render(report: Report, dialects: Sequence[str] = (), /) -> str:
    """The whole report; its firewall changes for these products are opened, else all products are there, folded."""
    return page("report.html", style=led.css("led", report.startup.lights), **view(report, dialects))

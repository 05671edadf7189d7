"""The report as one HTML file, without scripts or requests; text from the network never becomes markup."""

from collections.abc import Sequence

from netpreflight.agent.report import Report
from netpreflight.reports.html import led_drawing as led
from netpreflight.reports.html.page import page
from netpreflight.reports.html.view import view


def render(report: Report, dialects: Sequence[str] = (), contact: str = "", /) -> str:
    """The whole report as a page.

    The firewall changes for these products are unfolded; if none is given, there are those for all products, folded.
    """
    return page("report.html", style=led.css("led", report.startup.lights), **view(report, dialects, contact))

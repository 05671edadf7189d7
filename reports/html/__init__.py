"""The report as one HTML file: no script, no request, nothing that a name from the network could turn into markup."""

from collections.abc import Sequence

from agent.report import Report
from reports.html.page import Code, Mark, page


def render(report: Report, dialects: Sequence[str] = (), /) -> str:
    """The whole report; its firewall changes for these products are opened, else all products are there, folded."""
    rows = [[Code(one.id), Mark(one.status), one.summary] for one in report.checks]
    return page("report.html", report=report, rows=rows, dialects=list(dialects))

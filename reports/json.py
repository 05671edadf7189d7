"""The report as JSON, in the contract's shape."""

from collections.abc import Sequence

import msgspec

from netpreflight.agent.report import Report
from netpreflight.reports.safe_text import json_shown


def render(report: Report, _dialects: Sequence[str] = (), /) -> str:
    """One JSON document, ending in a newline; it has the firewall changes as values, not as text for a product."""
    document = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
    return json_shown(document.decode())

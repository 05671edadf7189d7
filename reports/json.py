"""The report as JSON, in the contract's shape."""

import msgspec

from agent.report import Report
from reports.text import json_shown


def render(report: Report) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(report), indent=1).decode()) + "\n"

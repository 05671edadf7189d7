"""Any document but a run's report as JSON; `reports/json.py` writes a report, which may be large, in parts."""

import msgspec

from netpreflight.reports.safe_text import json_shown


def render_json(document: msgspec.Struct) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(document), indent=1).decode()) + "\n"

"""Writes a document as JSON, except a run's report: that may be large, and `reports/json.py` writes it in parts."""

import msgspec

from netpreflight.reports.safe_text import json_shown


def render_json(document: msgspec.Struct) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(document), indent=1).decode()) + "\n"

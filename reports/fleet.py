"""What a store of many runs holds (`netpreflight fleet summary`), as JSON."""

import msgspec

from netpreflight.reports.safe_text import json_shown


def render(summary: msgspec.Struct) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(summary), indent=1).decode()) + "\n"

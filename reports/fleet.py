"""The documents of `netpreflight fleet`, as JSON."""

import msgspec

from netpreflight.reports.safe_text import json_shown


def render(document: msgspec.Struct) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(document), indent=1).decode()) + "\n"

"""What a light may be (`netpreflight led`), as JSON; `reports/terminal/led.py` shows it."""

import msgspec

from netpreflight.agent.results import Led
from netpreflight.reports.safe_text import json_shown


def render(led: Led) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(led), indent=1).decode()) + "\n"

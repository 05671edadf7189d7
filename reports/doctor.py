"""What a laptop can and cannot measure (`netpreflight doctor`), as JSON; `reports/terminal/doctor.py` shows it."""

import msgspec

from netpreflight.agent.results import Doctor
from netpreflight.reports.safe_text import json_shown


def render(doctor: Doctor) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(doctor), indent=1).decode()) + "\n"

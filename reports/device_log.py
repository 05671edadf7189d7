"""What a device's own log says (`netpreflight log`), as JSON; `reports/terminal/device_log.py` shows it."""

from collections.abc import Callable

import msgspec

from netpreflight.agent.results import LogAnswer
from netpreflight.reports.safe_text import json_shown
from netpreflight.reports.terminal.device_log import render as as_text


def render(answer: LogAnswer) -> str:
    """One JSON document, ending in a newline."""
    return json_shown(msgspec.json.format(msgspec.json.encode(answer), indent=1).decode()) + "\n"


FORMATS: dict[str, Callable[[LogAnswer], str]] = {".json": render, ".txt": as_text}
"""How an answer is written, by the ending of the file."""

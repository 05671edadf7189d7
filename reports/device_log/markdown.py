"""What a device's log says as Markdown, for a ticket or a forum: the same facts in the terminal's order."""

from netpreflight.agent.results import LogAnswer, LogLineMeans
from netpreflight.reports.device_log.words import (
    ATTEMPTS,
    DECIDE,
    HARMLESS,
    NOTES,
    attempts,
    check,
    device,
    notes,
    to_do,
    why,
)
from netpreflight.reports.markdown.text import listed, strong, table, text


def render(answer: LogAnswer) -> str:
    """The answer as Markdown."""
    lines = [strong(answer.sentence), ""]
    for said in (device(answer), to_do(answer), why(answer), check(answer)):
        lines += [text(said), ""] if said else []
    lines += _lines(DECIDE, answer.lines)
    lines += _list(ATTEMPTS, attempts(answer))
    lines += _lines(HARMLESS, answer.harmless)
    lines += _list(NOTES, notes(answer))
    return "\n".join(lines).rstrip() + "\n"


def _lines(title: str, lines: list[LogLineMeans]) -> list[str]:
    rows = [(str(line.line), line.text, line.means) for line in lines]
    return [f"### {title}", "", *table(("Line", "Text", "What it means"), rows)] if rows else []


def _list(title: str, told: list[str]) -> list[str]:
    return [f"### {title}", "", *listed(told)] if told else []

"""What a device's log says as one HTML file, on the report's base page: the same facts as on the terminal."""

from netpreflight.agent.results import LogAnswer, LogLineMeans, LogResult
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
from netpreflight.reports.html.page import Cell, Code, page

_KINDS: dict[LogResult, str] = {
    "online": "pass",
    "stops": "fail",
    "lost": "fail",
    "not-known": "unknown",
    "foreign": "unknown",
}


def render(answer: LogAnswer) -> str:
    """The answer as HTML."""
    return page(
        "device-log.html",
        answer=answer,
        kind=_KINDS[answer.result],
        told=[said for said in (to_do(answer), why(answer), check(answer), device(answer)) if said],
        tables=[
            (name, title, _rows(lines))
            for name, title, lines in (("lines", DECIDE, answer.lines), ("harmless", HARMLESS, answer.harmless))
            if lines
        ],
        lists=[
            (name, title, said)
            for name, title, said in (
                ("attempts", ATTEMPTS, attempts(answer)),
                ("notes", NOTES, notes(answer)),
            )
            if said
        ],
    )


def _rows(lines: list[LogLineMeans]) -> list[list[Cell]]:
    return [[line.line, Code(line.text), line.means] for line in lines]

"""What a device's own log says (`netpreflight log`), for a terminal and as text: the answer, then lines of the log."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.results import LogAnswer, LogLineMeans, LogResult
from netpreflight.reports.console import on_terminal, plain_text
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
from netpreflight.reports.safe_text import shown

_STYLES: dict[LogResult, str] = {
    "online": "bold green",
    "stops": "bold red",
    "lost": "bold red",
    "not-known": "bold yellow",
    "foreign": "bold yellow",
}
_INDENT = 2


def show(answer: LogAnswer, stream: TextIO) -> None:
    """Show what a log says on a terminal."""
    print_log(on_terminal(stream), answer)


def render(answer: LogAnswer) -> str:
    """The same as plain text."""
    return plain_text(lambda console: print_log(console, answer))


def print_log(console: Console, answer: LogAnswer) -> None:
    """Print what the device says, who has to change what, and the lines that say so, each with its number."""
    console.print(Text(shown(answer.sentence), style=_STYLES[answer.result]))
    for text, style in (
        (device(answer), "dim"),
        (to_do(answer), "bold" if answer.remedy else ""),
        (why(answer), ""),
        (check(answer), ""),
    ):
        if text:
            console.print(Text(shown(text), style=style))
    _lines(console, DECIDE, answer.lines)
    if told := attempts(answer):
        console.print()
        console.print(Text(ATTEMPTS, style="bold"))
        for text in told:
            _indented(console, text)
    _lines(console, HARMLESS, answer.harmless)
    if rest := notes(answer):
        console.print()
        console.print(Text(NOTES, style="bold"))
        for note in rest:
            _indented(console, f"- {note}")


def _lines(console: Console, title: str, lines: list[LogLineMeans]) -> None:
    if not lines:
        return
    console.print()
    console.print(Text(title, style="bold"))
    width = max(len(str(line.line)) for line in lines)
    for line in lines:
        _indented(console, f"{line.line:{width}}  {line.text}")
        _indented(console, line.means, "dim", deeper=width + 2)


def _indented(console: Console, text: str, style: str = "", deeper: int = 0) -> None:
    console.print(Padding(Text(shown(text), style=style), (0, 0, 0, _INDENT + deeper), expand=False))

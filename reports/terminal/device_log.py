"""What a device's own log says (`netpreflight log`), for a terminal and as text: the answer first, then its lines."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.owner import the_owner
from netpreflight.agent.results import LogAnswer, LogAttempt, LogLineMeans, LogResult
from netpreflight.reports.console import on_terminal, plain_text
from netpreflight.reports.safe_text import shown

_STYLES: dict[LogResult, str] = {
    "online": "bold green",
    "stops": "bold red",
    "lost": "bold red",
    "not-known": "bold yellow",
    "foreign": "bold yellow",
}
_INDENT = 2
MOST_ATTEMPTS = 8


def show(answer: LogAnswer, stream: TextIO) -> None:
    """Show what a log says on a terminal."""
    print_log(on_terminal(stream), answer)


def render(answer: LogAnswer) -> str:
    """The same as plain text."""
    return plain_text(lambda console: print_log(console, answer))


def print_log(console: Console, answer: LogAnswer) -> None:
    """Print what the device says, who has to change what, and the lines that say so, each with its number."""
    console.print(Text(shown(answer.sentence), style=_STYLES[answer.result]))
    told = [shown(text) for text in (answer.platform, answer.os_version and f"Device OS {answer.os_version}") if text]
    if told:
        console.print(Text(f"The device, by its log: {', '.join(told)}.", style="dim"))
    if answer.remedy is not None:
        who = f" ({the_owner(answer.owner)})" if answer.owner else ""
        console.print(Text(f"To do{who}: {shown(answer.remedy)}.", style="bold"))
    elif answer.result in {"stops", "lost"}:
        console.print(Text("Who has to change what is not told by the log alone."))
    if answer.check is not None:
        problem = f", {answer.problem}" if answer.problem else ""
        console.print(Text(f"The check that says more of it: {answer.check}{problem}."))
    _lines(console, "The lines that say so", answer.lines)
    if len(answer.attempts) > 1:
        console.print()
        console.print(Text("Attempts in this log", style="bold"))
        left_out = len(answer.attempts) - MOST_ATTEMPTS
        if left_out > 0:
            _indented(console, f"{left_out} more before these")
        for attempt in answer.attempts[-MOST_ATTEMPTS:]:
            _indented(console, _attempt(attempt))
    _lines(console, "Looks like an error, and is none", answer.harmless)
    if answer.notes:
        console.print()
        for note in answer.notes:
            _indented(console, f"- {note}.")


def _attempt(attempt: LogAttempt) -> str:
    place = f" at {attempt.stage}" if attempt.stage else ""
    what = {
        "online": "online",
        "stops": f"stops{place}",
        "lost": f"lost{place}",
        "unfinished": f"goes to {attempt.stage}, and does not end here" if attempt.stage else "does not end here",
    }
    return f"lines {attempt.first_line} to {attempt.last_line}: {what[attempt.result]}"


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

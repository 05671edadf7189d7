"""A watch for a terminal and for a text file: the answer, who has to change what, the outages, what was not seen."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.watch.watched import Result, Watch
from netpreflight.reports.console import on_terminal, plain_text
from netpreflight.reports.safe_text import shown
from netpreflight.reports.watch import words

_STYLES: dict[Result | None, str] = {
    "no-outage": "bold green",
    "outages": "bold red",
    "not-observed": "bold magenta",
    None: "bold",
}


def show(watch: Watch, stream: TextIO) -> None:
    """Show a watch on a terminal."""
    print_watch(on_terminal(stream), watch)


def render(watch: Watch) -> str:
    """A watch as plain text."""
    return plain_text(lambda console: print_watch(console, watch))


def print_watch(console: Console, watch: Watch) -> None:
    """Print a watch."""
    console.print(Text(shown(watch.answer), style=_STYLES[watch.result]))
    console.print(Text(shown(words.about(watch))))
    _print_pairs(console, "Who has to change what", words.asked_for(watch))
    _print_outages(console, watch)
    _print_list(console, "When they cluster", words.cluster_lines(watch))
    _print_pairs(console, "Not observed: neither good nor bad", words.gaps(watch))
    _print_pairs(console, "What else was noticed", words.notes(watch))
    _print_list(console, "What this watch could not see", words.limits(watch))
    _print_pairs(console, "What was sent, and what came back", words.traffic(watch))


def _print_outages(console: Console, watch: Watch) -> None:
    if watch.outages:
        _print_heading(console, f"Outages ({words.zone(watch)})")
    for line in words.lines(watch):
        title = f"{line.number}. {line.when}: {line.layer}, {line.broke} ({line.lasted})"
        _print_indented(console, title, 2, "bold")
        for detail in line.details:
            _print_indented(console, detail, 5)
    if more := words.left_out(watch):
        _print_indented(console, more, 2)


def _print_pairs(console: Console, heading: str, pairs: Iterable[tuple[str, str]]) -> None:
    _print_list(console, heading, (f"{name}: {value}" for name, value in pairs))


def _print_list(console: Console, heading: str, lines: Iterable[str]) -> None:
    """Print a heading and its lines; nothing if there are no lines."""
    for number, line in enumerate(lines):
        if not number:
            _print_heading(console, heading)
        _print_indented(console, line, 2)


def _print_heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _print_indented(console: Console, text: str, by: int, style: str = "") -> None:
    console.print(Padding(Text(shown(text), style=style), (0, 0, 0, by), expand=False))

"""Two watches side by side: as JSON, as text, as Markdown, and as a page. Nothing here decides anything."""

from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from netpreflight.agent.watch.watched import WatchComparison
from netpreflight.reports.console import on_terminal, plain_text
from netpreflight.reports.documents import render_json
from netpreflight.reports.html.page import page
from netpreflight.reports.markdown.text import strong, table
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.rows import print_rows
from netpreflight.reports.watch.words import first_sentence

_STYLES = {True: "bold red", False: "bold green", None: "bold magenta"}
_MARKS = {True: "worse", False: "pass", None: "unknown"}
_HEADINGS = ("What broke", "A", "B")


def render_text(comparison: WatchComparison) -> str:
    """The comparison as plain text."""
    return plain_text(lambda console: _print(console, comparison))


def render_markdown(comparison: WatchComparison) -> str:
    """The comparison as Markdown."""
    lines = [strong(comparison.sentence), "", *table(("", "Watch", "Device", "What it saw"), _sides(comparison))]
    if comparison.problems:
        lines += table(_HEADINGS, _problems(comparison))
    return "\n".join(lines).rstrip() + "\n"


def render_html(comparison: WatchComparison) -> str:
    """The comparison as one HTML file."""
    headline, rest = first_sentence(comparison.sentence)
    return page(
        "watch-comparison.html",
        kind=_MARKS[comparison.worse],
        headline=headline,
        rest=rest,
        device=comparison.a.device_label,
        sides=_sides(comparison),
        headings=_HEADINGS,
        problems=_problems(comparison),
    )


def show(comparison: WatchComparison, stream: TextIO) -> None:
    """Show the comparison on a terminal."""
    _print(on_terminal(stream), comparison)


FORMATS: dict[str, Callable[[WatchComparison], str]] = {
    ".html": render_html,
    ".json": render_json,
    ".md": render_markdown,
    ".txt": render_text,
}
"""The formats that a comparison of watches can be written in, by the ending of the file."""


def _print(console: Console, comparison: WatchComparison) -> None:
    console.print(Text(shown(comparison.sentence), style=_STYLES[comparison.worse]))
    for letter, file, device, answer in _sides(comparison):
        console.print(Text.assemble((f"{letter}  ", "bold"), f"{shown(file)} ({shown(device)}): {shown(answer)}"))
    if comparison.problems:
        console.print()
        rows = [tuple(Text(shown(cell)) for cell in row) for row in _problems(comparison)]
        print_rows(console, _HEADINGS, rows, beside=1)


def _sides(comparison: WatchComparison) -> list[tuple[str, str, str, str]]:
    """A row for each watch: its letter, its file, the device, and its answer."""
    return [
        (letter, side.file, side.device_label, side.answer)
        for letter, side in (("A", comparison.a), ("B", comparison.b))
    ]


def _problems(comparison: WatchComparison) -> list[tuple[str, str, str]]:
    """A row for each problem: what broke, and how often and for how long in A and in B."""
    return [(pair.broke, pair.a, pair.b) for pair in comparison.problems]

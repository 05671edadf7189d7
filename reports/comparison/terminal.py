"""A comparison for a terminal and for a text file: its sentence, what that rules out, the checks, and what differs."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.compare import Comparison
from netpreflight.reports.comparison.words import CHANGES, STANDINGS, details, meaning, side, story, table_rows
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal import MARKS, on_terminal, plain_text
from netpreflight.reports.terminal.rows import print_rows, wrapped_ids
from netpreflight.reports.terminal.styles import VERDICT_STYLES

_RELATIONS = {"better": "green", "worse": "bold red", "no-longer-known": "magenta", "now-known": "", "same": "dim"}
_STANDING_STYLES = {"ruled-out": "green", "suspect": "bold red", "not-settled": "magenta", "not-tried": "dim"}


def show(comparison: Comparison, stream: TextIO) -> None:
    """Show a comparison on a terminal."""
    print_comparison(on_terminal(stream), comparison)


def render(comparison: Comparison) -> str:
    """A comparison as plain text."""
    return plain_text(lambda console: print_comparison(console, comparison))


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print a comparison: the sentence, both runs, limits, conclusions, changes, checks, differences."""
    console.print()
    console.print(Text(shown(comparison.sentence), style="bold"))
    console.print()
    for letter, run in (("A", comparison.a), ("B", comparison.b)):
        first, *rest = side(run)
        console.print(Text.assemble((f"{letter}  ", "bold"), shown(first)))
        for line in rest:
            console.print(Padding(Text(shown(line)), (0, 0, 0, 3), expand=False))
        console.print(Padding(Text(run.verdict, style=VERDICT_STYLES[run.verdict]), (0, 0, 0, 3), expand=False))
    console.print(Text(shown(story(comparison)), style="dim"))
    _print_list(console, "Before you compare", (limit.text for limit in comparison.limits if not limit.checks))
    _print_conclusions(console, comparison)
    _print_changes(console, comparison)
    _print_checks(console, comparison)
    _print_differences(console, comparison)


def _print_conclusions(console: Console, comparison: Comparison) -> None:
    """Print what the comparison rules out or suspects, each with its reason."""
    if not comparison.conclusions:
        return
    _heading(console, "What that rules out")
    for conclusion in comparison.conclusions:
        line = Text.assemble(
            (f"{STANDINGS[conclusion.standing]}: ", _STANDING_STYLES[conclusion.standing]), shown(conclusion.subject)
        )
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
        console.print(Padding(Text(shown(conclusion.because), style="dim"), (0, 0, 0, 4), expand=False))


def _print_changes(console: Console, comparison: Comparison) -> None:
    """Print the changes that A asked for, each with its state in B, and the new ones of B."""
    if comparison.asked:
        _heading(console, "The changes that A asked for")
    for asked in comparison.asked:
        optional = "" if asked.needed else " (not needed to get online)"
        line = Text(f"{CHANGES[asked.state]}: {', '.join(map(shown, asked.checks))}{optional}: {shown(asked.line)}")
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
        console.print(Padding(Text(shown(asked.because), style="dim"), (0, 0, 0, 4), expand=False))
    _print_list(
        console,
        "New in B",
        (f"{', '.join(change.checks)} ({change.owner}): {change.line}" for change in comparison.new_changes),
    )


def _print_checks(console: Console, comparison: Comparison) -> None:
    """Print the table of checks in both runs, and the details of those that differ."""
    console.print()
    rows = []
    for pair, ids in table_rows(comparison):
        what = Text(shown(meaning(pair)), style=_RELATIONS.get(pair.relation, ""))
        stage = pair.stage if ids == pair.id else None
        rows.append((stage or "", wrapped_ids(ids), Text(*MARKS[pair.a]), Text(*MARKS[pair.b]), what))
    headings = ("Stage", "Check", "A", "B", "What it means")
    print_rows(console, headings, rows, beside=4, whole=headings[:4])
    differing = [(pair, lines) for pair in comparison.checks if (lines := details(pair))]
    if differing:
        _heading(console, "What was seen in checks that differ")
    for pair, lines in differing:
        console.print(Padding(Text(pair.id), (0, 0, 0, 2), expand=False))
        for line in lines:
            console.print(Padding(Text(shown(line), style="dim"), (0, 0, 0, 4), expand=False))


def _print_differences(console: Console, comparison: Comparison) -> None:
    """Print the table of what differs between the networks or laptops."""
    if not comparison.differences:
        return
    _heading(console, "What else differs")
    rows = [
        tuple(Text(shown(cell)) for cell in (difference.what, difference.a, difference.b))
        for difference in comparison.differences
    ]
    print_rows(console, ("", "A", "B"), rows, beside=1, padding=(0, 2, 0, 2), header_style="dim")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _print_list(console: Console, heading: str, lines: Iterable[str]) -> None:
    """Print a heading and its lines; nothing if there are no lines."""
    for number, line in enumerate(lines):
        if not number:
            _heading(console, heading)
        console.print(Padding(Text(shown(line)), (0, 0, 0, 2), expand=False))

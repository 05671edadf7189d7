"""Prints rows of several cells: as a table if there is room for one, else each row in lines of its own."""

import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding, PaddingDimensions
from rich.table import Table
from rich.text import Text

NARROW = 70
"""Below this many columns there is no room for a table: rich would leave out what does not fit."""
_NARROWEST_COLUMN = 10
"""The least average width of a table's columns: in narrower ones, words would be broken into unreadable parts."""
_WIDEST_IDS = 20


def wrapped_ids(ids: str) -> str:
    """The ids of checks as a cell, in lines of at most _WIDEST_IDS characters."""
    return "\n".join(textwrap.wrap(ids, _WIDEST_IDS))


def print_rows(
    console: Console,
    headings: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    beside: int,
    whole: Sequence[str] = (),
    padding: PaddingDimensions = (0, 2, 0, 0),
    header_style: str = "bold",
) -> None:
    """Print rows below their headings.

    Args:
        console: where to print them.
        headings: one for each column; a heading may be empty.
        rows: the cells of each row.
        beside: if there is no room for a table, how many cells of a row are put on its first line.
        whole: the headings of the columns whose cells are not broken into lines in a table.
        padding: the padding of the cells in a table.
        header_style: the style of the headings.
    """
    if console.width < max(NARROW, _NARROWEST_COLUMN * len(headings)):
        _print_stacked(console, headings, rows, beside, header_style)
        return
    table = Table(box=None, padding=padding, show_edge=False, header_style=header_style)
    for heading in headings:
        table.add_column(heading, no_wrap=heading in whole, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_stacked(
    console: Console, headings: Sequence[str], rows: Iterable[Sequence[str | Text]], beside: int, header_style: str
) -> None:
    """Print each row in lines of its own: the first `beside` cells on one line, each further cell on its own line."""
    console.print(Text(" / ".join(filter(None, headings)), style=header_style))
    for row in rows:
        first = [_in_one_line(cell) for cell in row[:beside]]
        console.print(Text("  ").join(cell for cell in first if cell.plain))
        for heading, cell in zip(headings[beside:], row[beside:], strict=True):
            text = _in_one_line(cell)
            if text.plain:
                label = f"{heading}: " if len(row) - beside > 1 else ""
                console.print(Padding(Text(label) + text, (0, 0, 0, 2), expand=False))


def _in_one_line(cell: str | Text) -> Text:
    """A cell in one line; it may have been broken into lines for a table."""
    text = Text(cell) if isinstance(cell, str) else cell
    return Text(" ").join(text.split("\n")) if "\n" in text.plain else text

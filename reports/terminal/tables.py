"""Tables for a terminal, one below the other."""

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.called import as_called
from netpreflight.agent.shown_table import ShownTable
from netpreflight.reports.console import on_terminal
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.rows import print_rows


def show(tables: Sequence[ShownTable], stream: TextIO, program: str = "netpreflight") -> None:
    """Show tables on a terminal; commands in their notes begin with `program`, as the user calls this program."""
    console = on_terminal(stream)
    for number, table in enumerate(tables):
        if number:
            console.print()
        print_table(console, table, program)


def print_table(console: Console, table: ShownTable, program: str = "netpreflight") -> None:
    """Print a table with its title and notes."""
    if table.title:
        console.print(Text(shown(table.title), style="bold"))
    if table.rows:
        rows = [[Text(shown(cell)) for cell in row] for row in table.rows]
        headings = [shown(heading) for heading in table.headings]  # the headings of a query can be any text
        print_rows(console, headings, rows, beside=1, whole=table.whole, padding=(0, 2, 0, 2), header_style="dim")
    else:
        console.print(Padding(Text(table.none), (0, 0, 0, 2), expand=False))
    for note in table.notes:
        console.print(Padding(Text(as_called(shown(note), program)), (0, 0, 0, 2), expand=False))

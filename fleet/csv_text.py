"""Rows as CSV (RFC 4180), which spreadsheets open."""

import base64
import csv
import datetime as dt
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

from netpreflight.reports.safe_text import escaped

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Spreadsheets take a cell that begins with one of these for a formula; in some languages also the full-width forms."""


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV, with the column names first; control characters are escaped, so a terminal can show them."""
    text = io.StringIO()
    writer = csv.writer(text)
    header: list[object] = [escaped(name) for name in columns]
    for row in itertools.chain([header], _as_cells(rows)):
        writer.writerow(row)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _as_cells(rows: Iterable[Sequence[object]]) -> Iterator[list[object]]:
    """The rows, with each value as a cell."""
    for row in rows:
        yield [_cell(value) for value in row]


def _cell(value: object) -> object:
    """A value as a cell; a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    match value:
        case str():
            seen = escaped(value)
            return "'" + seen if seen.startswith(_FORMULA) else seen
        case dt.datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case bool():
            return "true" if value else "false"
        case _:
            return value

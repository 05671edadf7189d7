"""Rows as CSV (RFC 4180), which spreadsheets open."""

import base64
import csv
import datetime as dt
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula, or may after it has cut off what is not seen."""


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV, with the names of the columns first."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in itertools.chain([columns], _as_cells(rows)):
        writer.writerow(row)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _as_cells(rows: Iterable[Sequence[object]]) -> Iterator[list[object]]:
    for row in rows:
        yield [_cell(value) for value in row]


def _cell(value: object) -> object:
    """A value as a cell; only a text can be a formula."""
    match value:
        case str():
            return "'" + value if value.startswith(_FORMULA) else value
        case dt.datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case bool():
            return "true" if value else "false"
        case _:
            return value

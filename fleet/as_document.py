"""The answers to the questions as one JSON document each, all of one shape: every row of every table, by column."""

import base64
import datetime as dt
import math
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from netpreflight.fleet.answers import asked, asked_of_site
from netpreflight.fleet.engine import Answer, Connection
from netpreflight.fleet.questions import OF_A_SITE
from netpreflight.probes.observations import Label, Plain

Question = Literal["changes", "why", "regressions", "site", "quarantine", "query"]
TABLES_OF: dict[Question, dict[str, str]] = {
    "changes": {"changes": "changes"},
    "why": {"why": "why"},
    "regressions": {"broken": "broken", "months": "regressions"},
    "quarantine": {"quarantine": "quarantine"},
}
"""The tables that answer a question, with the names of their queries; those of one site are `OF_A_SITE`."""
Row = dict[Label, Label | int | float | bool | None]


class FleetAnswer(Struct, frozen=True, kw_only=True):
    """The answer to a question: `netpreflight fleet changes --json`, and the like.

    It may hold the names of sites and of what a network has: like the tables themselves, it is for their owner only.

    Attributes:
        question: the command.
        tables: rows by the name of the table that answers; each is an object with that table's columns. Times are in
            UTC, bytes in base64.
        is_cut: whether there are more rows: only of `query`, beyond `--rows`.
    """

    schema: Literal["netpreflight-answer/1"] = "netpreflight-answer/1"
    question: Question
    tables: dict[Plain, list[Row]]
    is_cut: bool = False


def answer(connection: Connection, question: Question) -> FleetAnswer:
    """The answer to one of our own questions."""
    tables = {table: rows(asked(connection, query)) for table, query in TABLES_OF[question].items()}
    return FleetAnswer(question=question, tables=tables)


def answer_of_site(connection: Connection, site: str) -> FleetAnswer | None:
    """What is known of one site; None: it is not known."""
    tables = {table: rows(asked_of_site(connection, table, site)) for table in OF_A_SITE}
    return FleetAnswer(question="site", tables=tables) if any(tables.values()) else None


def answer_to_query(answered: Answer, *, is_cut: bool) -> FleetAnswer:
    """The answer to a user's query."""
    return FleetAnswer(question="query", tables={"rows": rows(answered)}, is_cut=is_cut)


def rows(answered: Answer) -> list[Row]:
    """The rows of an answer; where two columns have one name, the later one has a number behind it."""
    names = list(_distinct(answered.columns))
    return [{name: _value(value) for name, value in zip(names, row, strict=True)} for row in answered.rows]


def _distinct(columns: Iterable[str]) -> Iterable[str]:
    taken: set[str] = set()
    for column in columns:
        name, number = column, 1
        while name in taken:
            number += 1
            name = f"{column}_{number}"
        taken.add(name)
        yield name


def _value(value: Any) -> str | int | float | bool | None:
    """A value that JSON has: times in UTC, bytes in base64, a number that JSON lacks as null, all else as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    if isinstance(value, dt.datetime):  # in UTC, as the session is, also where it has a zone
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)

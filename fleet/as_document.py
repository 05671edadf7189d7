"""The answers to the fleet questions, each as a JSON document of one shape: every row of every table, by column."""

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
"""For each question, the tables that answer it, and the query in `QUESTIONS` behind each table; the tables about one
site are in `OF_A_SITE`."""
Row = dict[Label, Label | int | float | bool | None]


class FleetAnswer(Struct, frozen=True, kw_only=True):
    """The answer to a question, such as that of `netpreflight fleet changes --json`.

    It may hold the names of sites, and names and addresses of their networks: like the tables themselves, it is for
    their owner only.

    Attributes:
        question: the name of the command.
        tables: the rows of each table, by the table's name; a row is an object with that table's columns. Times are in
            UTC, bytes in base64.
        is_cut: whether there are more rows than `--rows` allows; only for `query`.
    """

    schema: Literal["netpreflight-answer/1"] = "netpreflight-answer/1"
    question: Question
    tables: dict[Plain, list[Row]]
    is_cut: bool = False


def answer(connection: Connection, question: Question) -> FleetAnswer:
    """The answer to one of the questions in `TABLES_OF`."""
    tables = {table: rows(asked(connection, query)) for table, query in TABLES_OF[question].items()}
    return FleetAnswer(question=question, tables=tables)


def answer_of_site(connection: Connection, site: str) -> FleetAnswer | None:
    """What is known about one site; None: the store has nothing about it."""
    tables = {table: rows(asked_of_site(connection, table, site)) for table in OF_A_SITE}
    return FleetAnswer(question="site", tables=tables) if any(tables.values()) else None


def answer_to_query(answered: Answer, *, is_cut: bool) -> FleetAnswer:
    """The answer to a user's query."""
    return FleetAnswer(question="query", tables={"rows": rows(answered)}, is_cut=is_cut)


def rows(answered: Answer) -> list[Row]:
    """The rows of an answer as objects; if two columns have the same name, the later one gets a number appended."""
    names = list(_distinct(answered.columns))
    return [{name: _value(value) for name, value in zip(names, row, strict=True)} for row in answered.rows]


def _distinct(columns: Iterable[str]) -> Iterable[str]:
    """The names of columns, with a number appended to a name that was used before."""
    taken: set[str] = set()
    for column in columns:
        name, number = column, 1
        while name in taken:
            number += 1
            name = f"{column}_{number}"
        taken.add(name)
        yield name


def _value(value: Any) -> str | int | float | bool | None:
    """A value as JSON can hold it: times in UTC, bytes in base64, NaN and infinity as null, anything else as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    if isinstance(value, dt.datetime):  # in UTC, like the session, even if it has a zone
        return f"{value.replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)

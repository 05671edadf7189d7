"""The result of reading one document: rows of the tables, or the reason why the document is refused."""

import datetime as dt
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import msgspec

from netpreflight.agent import __version__
from netpreflight.agent.report import RULES
from netpreflight.fleet.tables import LONGEST_TEXT, TABLES

READ_BY = f"{__version__}/{RULES}"
"""The versions of netpreflight and of its rules: files that another version could not read are tried again."""
FUTURE_S = 3600
"""By how many seconds the clock of the laptop that measured may be ahead of this machine's clock."""

Outcome = Literal["run", "log", "watch", "quarantined"]
Kind = Literal[
    "not-a-file", "unreadable", "too-large", "not-a-run", "newer", "bad-time", "future", "altered", "killed", "internal"
]
"""Why a file is quarantined."""
Rows = dict[str, list[dict[str, Any]]]
"""The rows by table; a row has its values by column."""


class RefusedError(ValueError):
    """A file's content cannot be added to the store; the message is one line.

    Args:
        kind: the reason as a word.
        reason: the reason as a sentence.
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Taken(NamedTuple):
    """The content of a file as rows, with its key."""

    outcome: Outcome
    key: str
    rows: Rows


class Source(NamedTuple):
    """A file, and what is known about it apart from its content."""

    file: str
    received: dt.datetime
    """When the file was added: in UTC without a zone, like all times in the tables."""
    site: str | None = None
    """The site by a manifest or by the file's name; None: neither names it."""
    site_from: str = "unknown"
    place: str | None = None


def hashed(content: bytes) -> str:
    """The hash of a content, which is used as a key."""
    return blake2b(content, digest_size=16).hexdigest()


def cut(text: object) -> str:
    """A text, cut to what a table can hold."""
    return str(text)[:LONGEST_TEXT].replace("\0", "\\x00")


def row(**values: Any) -> dict[str, Any]:
    """A row with these values by column, its texts cut to what a table can hold."""
    return {name: cut(value) if isinstance(value, str) else value for name, value in values.items()}


def without_zone(moment: dt.datetime, source: Source) -> dt.datetime:
    """A time in UTC, without a zone.

    Raises:
        RefusedError: the time is later than the file's arrival (by more than FUTURE_S), or not a date in UTC.
    """
    try:
        found = (moment.astimezone(dt.UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    except OverflowError as problem:
        raise RefusedError("bad-time", f"{moment} is no time in UTC") from problem
    if found > source.received + dt.timedelta(seconds=FUTURE_S):
        raise RefusedError("future", f"{found:%Y-%m-%d %H:%M:%S} UTC is later than now: a clock was wrong")
    return found


def lines_of(rows: Rows) -> dict[str, bytes]:
    """Rows as lines of JSON, by table."""
    encode = msgspec.json.Encoder().encode
    return {table: b"".join(encode(each) + b"\n" for each in rows[table]) for table in TABLES if rows.get(table)}

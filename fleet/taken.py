"""What becomes of one document: rows of the tables, or the reason why it is refused."""

import datetime as dt
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import msgspec

from netpreflight.agent import __version__
from netpreflight.agent.report import RULES
from netpreflight.fleet.tables import LONGEST_TEXT, TABLES

READ_BY = f"{__version__}/{RULES}"
"""This version, and that of its rules: what another one could not read is tried again."""
FUTURE_S = 3600
"""By how much another clock may be ahead of this one."""

Outcome = Literal["run", "log", "watch", "quarantined"]
Kind = Literal[
    "not-a-file", "unreadable", "too-large", "not-a-run", "newer", "bad-time", "future", "altered", "killed", "internal"
]
"""Why a file is quarantined."""
Rows = dict[str, list[dict[str, Any]]]
"""By table."""


class RefusedError(ValueError):
    """What a file holds cannot be taken in; the message is one line.

    Args:
        kind: why, as a word.
        reason: the same, as a sentence.
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Taken(NamedTuple):
    """What a file holds."""

    outcome: Outcome
    key: str
    rows: Rows


class Source(NamedTuple):
    """A file, and what is known of it beside its content."""

    file: str
    received: dt.datetime
    """In UTC and without a zone, as all times here."""
    site: str | None = None
    """From a manifest or the file's name."""
    site_from: str = "unknown"
    place: str | None = None


def hashed(content: bytes) -> str:
    """The key of a document."""
    return blake2b(content, digest_size=16).hexdigest()


def cut(text: object) -> str:
    """A text that a table can hold."""
    return str(text)[:LONGEST_TEXT].replace("\0", "\\x00")


def row(**values: Any) -> dict[str, Any]:
    """A row whose texts are cut."""
    return {name: cut(value) if isinstance(value, str) else value for name, value in values.items()}


def without_zone(moment: dt.datetime, source: Source) -> dt.datetime:
    """A time in UTC, without a zone.

    Raises:
        RefusedError: it is later than now.
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

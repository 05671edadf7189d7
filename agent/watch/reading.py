"""Reads a watch's store, which anyone may have sent: nothing in it is trusted, run or changed.

A file is read only if it has exactly our tables, and within limits of size, length and work; each value is checked.
"""

import contextlib
import datetime as dt
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from netpreflight.agent.watch import tables, watched
from netpreflight.agent.watch.explained import explained
from netpreflight.agent.watch.records import Outage
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.tables import StoreError

MOST_BYTES = 64_000_000
LONGEST_VALUE = 1_000_000
MOST_ROWS = 300_000
"""The most rows of one table: a store of 20 MB, the largest that a watch writes, holds fewer."""
_STEPS, _MOST_LOOKS = 10_000, 10_000
"""The work that reading may take: so many times so many steps of SQLite's virtual machine, which is about a second."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 10_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 64,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_EARLIEST, _LATEST = 0.0, 253_402_300_799.0  # the years 1970 and 9999

Finite = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
T = TypeVar("T")


class _Boot(msgspec.Struct, frozen=True, array_like=True):
    """A start of the laptop: at `at` seconds after it, the laptop's clock showed `wall` (seconds since 1970)."""

    id: int
    at: Finite
    wall: Finite

    def utc(self, at: float) -> dt.datetime:
        """The UTC time of a moment, in seconds since this start; limited to the years 1970 to 9999."""
        seconds = min(max(self.wall + (at - self.at), _EARLIEST), _LATEST)
        return dt.datetime.fromtimestamp(round(seconds, 3), dt.UTC)


class _Stretch(msgspec.Struct, frozen=True, array_like=True):
    """A stretch in which the watch observed, and why it ended; `why` is None if nothing has ended it so far."""

    boot: int
    begin: Finite
    end: Finite
    why: watched.Blind | None


class _Hour(msgspec.Struct, frozen=True, array_like=True):
    """How often a layer worked in one hour, counted in hours since a start of the laptop."""

    boot: int
    hour: int
    layer: watched.Layer
    good: int
    bad: int
    slowest: float | None


class _Note(msgspec.Struct, frozen=True, array_like=True):
    """A note, at so many seconds since a start of the laptop."""

    boot: int
    at: Finite
    kind: watched.NoteKind
    said: str
    bssid: str | None


class Checked(NamedTuple):
    """What a store says about itself: the plan of its watch, and the texts in its table `about`."""

    plan: Plan
    about: dict[str, str]


def read(path: Path) -> watched.Watch:
    """What the watch in a store has seen.

    Raises:
        StoreError: the file is not a store, is broken, of a newer version, or too large.
    """
    with _read_only(path) as rows:
        plan, about = _about(rows)
        boots = {boot.id: boot for boot in rows.all("SELECT id, at, wall FROM boot", _Boot)}
        stretches = rows.all("SELECT boot, begin, end, why FROM stretch ORDER BY id", _Stretch)
        if not stretches:
            raise StoreError(f"{path} holds a watch that has observed nothing yet")
        begin = boots[stretches[0].boot].utc(stretches[0].begin)
        outages = [
            explained(msgspec.json.decode(doc, type=Outage), boots[boot].utc, plan)
            for boot, doc in rows.all("SELECT boot, doc FROM outage ORDER BY number", tuple[int, str])
        ]
        hours = rows.all("SELECT boot, hour, layer, good, bad, slowest FROM hour ORDER BY boot, hour, layer", _Hour)
        made = watched.Watch(
            begin=begin,
            end=max(boots[stretches[-1].boot].utc(stretches[-1].end), begin),
            observed_s=round(sum(max(stretch.end - stretch.begin, 0.0) for stretch in stretches), 3),
            unobserved=_gaps(stretches, boots),
            outages=outages,
            unasked=_unasked(plan, about, {hour.layer for hour in hours} | {outage.layer for outage in outages}),
            hours=[
                watched.Hour(
                    layer=hour.layer,
                    at=boots[hour.boot].utc(hour.hour * 3600.0),
                    good=hour.good,
                    bad=hour.bad,
                    slowest_ms=hour.slowest,
                )
                for hour in hours
            ],
            traffic=rows.all("SELECT * FROM traffic", watched.Traffic, ("host", "")),
            notes=[
                watched.Note(at=boots[note.boot].utc(note.at), kind=note.kind, said=note.said, bssid=note.bssid)
                for note in rows.all("SELECT boot, at, kind, said, bssid FROM note ORDER BY id", _Note)
            ],
            limits=msgspec.json.decode(about.get("limits", "[]"), type=list[str]),
            lost_rows=int(about.get("lost", "0")),
            interface=about.get("interface"),
            ssid=about.get("ssid"),
            device=plan.device,
            device_label=plan.label,
            os_version=plan.os_version,
            step_s=plan.step_s,
            version=about.get("version", ""),
            utc_offset_s=msgspec.convert(about.get("utc_offset_s"), watched.Offset | None, strict=False),
        )
        # The limits of the types are checked only when a document is decoded, so decode what was made here.
        return msgspec.json.decode(msgspec.json.encode(made), type=watched.Watch)


def checked(path: Path) -> Checked:
    """What a store says about itself; reading it makes sure that the watch can be continued in this file.

    Raises:
        StoreError: the file is not a store, is broken, of a newer version, or too large.
    """
    with _read_only(path) as rows:
        return _about(rows)


def _about(rows: "_Rows") -> Checked:
    """Read the plan and the texts in the table `about`."""
    about = dict(rows.all("SELECT key, value FROM about", tuple[str, str]))
    return Checked(msgspec.json.decode(about["plan"], type=Plan), about)


def _unasked(plan: Plan, about: dict[str, str], asked: set[watched.Layer]) -> list[watched.Unasked]:
    """The layers of a plan that could never be asked, each with why it could not."""
    return [
        watched.Unasked(layer=layer, said=about.get(tables.unasked(layer), ""))
        for layer in plan.intervals()
        if layer not in asked
    ]


def _gaps(stretches: list[_Stretch], boots: dict[int, _Boot]) -> list[watched.Unobserved]:
    """The gaps between the stretches, in which nothing was observed."""
    found = []
    for before, after in itertools.pairwise(stretches):
        begin, end = boots[before.boot].utc(before.end), boots[after.boot].utc(after.begin)
        why = before.why or "stopped"
        if end < begin:  # the clock was set back between two starts of the laptop
            why, end = "clock-stepped", begin
        found.append(watched.Unobserved(begin=begin, end=end, why=why))
    return found


class _Rows:
    """Reads rows, and checks each value."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    def all(self, query: str, kind: type[T], empty: tuple[str, Any] | None = None) -> list[T]:
        """All rows of a query.

        Args:
            query: the SQL, always a constant of this module.
            kind: the type to which each row is converted.
            empty: a column, and the value in it that stands for None.

        Raises:
            StoreError: there are too many rows.
            msgspec.ValidationError: a value does not fit the type.
        """
        cursor = self._file.execute(query)
        rows: list[Any] = cursor.fetchmany(MOST_ROWS)
        if cursor.fetchone() is not None:
            raise StoreError("it has too many rows")
        if empty is not None:
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in rows]
            rows = [{**row, empty[0]: None} if row[empty[0]] == empty[1] else row for row in rows]
        return msgspec.convert(rows, list[kind])  # type: ignore[valid-type]  # a type that is given as a value


@contextlib.contextmanager
def _read_only(path: Path) -> Iterator[_Rows]:
    """A store, open for reading only.

    Raises:
        StoreError: the store cannot be read, or the code within the `with` block fails because of what the store holds.
    """
    try:
        with contextlib.closing(_opened(path)) as file:
            _harden(file)
            _check_tables(file, path)
            yield _Rows(file)
    except StoreError as problem:
        text = str(problem)
        raise StoreError(text if str(path) in text else f"{path}: {text}") from problem
    except (sqlite3.Error, msgspec.MsgspecError, KeyError, ValueError, OverflowError) as problem:
        raise StoreError(f"{path} is a damaged store of a watch ({type(problem).__name__})") from problem
    except OSError as problem:
        raise StoreError(f"{path} cannot be read: {problem.strerror or problem}") from problem


def _opened(path: Path) -> sqlite3.Connection:
    """Open a file that is not too large and is a SQLite database; whether it is a store is checked later.

    Raises:
        StoreError: the file is too large, or is not a SQLite database.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise StoreError(f"{path} is larger than any store of a watch")
    with path.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3\0"):
            raise StoreError(f"{path} is no store of a watch")
    # Without a write-ahead log beside the file, nobody is writing; `immutable` keeps SQLite from making its own files.
    mode = "ro" if path.with_name(path.name + "-wal").exists() else "ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=2.0)


def _harden(file: sqlite3.Connection) -> None:
    """Set up SQLite so that nothing in the file is executed, and limit the work that the file can cause."""
    for limit, value in _LIMITS.items():
        file.setlimit(limit, value)
    looks = iter(range(_MOST_LOOKS))
    file.set_progress_handler(lambda: next(looks, None) is None, _STEPS)
    file.execute("PRAGMA trusted_schema = OFF")
    file.execute("PRAGMA query_only = ON")
    file.execute("PRAGMA cell_size_check = ON")
    file.execute("PRAGMA mmap_size = 0")


def _check_tables(file: sqlite3.Connection, path: Path) -> None:
    """Make sure that the file is a store of this version, with our tables and nothing else; then allow only reading.

    Raises:
        StoreError: the file is not such a store.
    """
    (application,) = file.execute("PRAGMA application_id").fetchone()
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if application != tables.APPLICATION:
        raise StoreError(f"{path} is no store of a watch")
    if version > tables.VERSION:
        raise StoreError(f"{path} was written by a newer netpreflight: update this one")
    rows = file.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100").fetchall()
    if sorted(rows, key=str) != sorted((("table", name, sql) for name, sql in tables.TABLES.items()), key=str):
        raise StoreError(f"{path} has other tables than a store of a watch")
    file.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)

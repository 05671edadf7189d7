"""Stores what a watch has seen, in a SQLite file of limited size that stays intact if the watch is killed.

What cannot be written, for example because the disk is full, waits in memory and is tried again. A lock file beside the
store keeps a second watch out, and says which process has the store. The lock ends with the process, however that ends.
"""

import contextlib
import os
import sqlite3
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from netpreflight.agent.watch import tables
from netpreflight.agent.watch.reading import checked
from netpreflight.agent.watch.records import Counts, Gap, Moment, Note, Outage, Peer, Record, Sample, Unasked
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.tables import StoreError
from netpreflight.agent.watch.watched import Blind, Layer
from netpreflight.systems import SYSTEM

MOST_BYTES = 20_000_000
"""The largest size of the file and its write-ahead log together."""
LOG_BYTES = 1_000_000
"""The size that is set aside for SQLite's write-ahead log: twice that at which `wal_autocheckpoint` empties it, because
a transaction or two can come on top."""
BEAT_S = 60.0
"""How often counts, notes and the progress of the watch are written; outages and gaps are written at once."""
AGAIN_S = 5.0
"""How long to wait after a failed write before the next one is tried."""
MOST_WAITING = 2000
"""The most outages, and the most notes, that wait in memory while nothing can be written."""
_FREED_AT_ONCE = 500
_TRIES = 4
_MAKE_ROOM = (
    (
        "hour",
        """DELETE FROM hour WHERE (boot, hour, layer) IN
        (SELECT boot, hour, layer FROM hour ORDER BY boot, hour LIMIT ?)""",
    ),
    ("note", "DELETE FROM note WHERE id IN (SELECT id FROM note ORDER BY id LIMIT ?)"),
    (
        "evidence",
        """UPDATE outage SET doc = json_remove(doc, '$.asked', '$.ladder', '$.runs') WHERE number IN
        (SELECT number FROM outage WHERE json_type(doc, '$.asked') NOTNULL ORDER BY number LIMIT ?)""",
    ),
    ("outage", "DELETE FROM outage WHERE number IN (SELECT number FROM outage ORDER BY number LIMIT ?)"),
)
"""What is deleted, oldest first, when the file has reached its size: hourly counts, then notes, then the evidence of
outages, and outages last."""
_HOUR_S = 3600.0


@dataclass
class _Waiting:
    """What is not yet written to the file."""

    hours: dict[tuple[int, Layer], tuple[int, int, float | None]] = field(default_factory=dict)
    outages: dict[int, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    traffic: defaultdict[Peer, Counts] = field(default_factory=lambda: defaultdict(Counts))
    stretches: dict[int, tuple[float, float, Blind | None]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)


class Store:
    """A store that is open for writing; only its owner may read it.

    Args:
        path: the file; a new one is made, or the watch in an existing one is continued.
        plan: the plan of the watch; a store holds the watch for one device and Device OS version only.
        now: what the clocks show.
        about: further texts to keep: `interface`, `ssid`, `version`.
        most_bytes: how large the file may grow.

    Raises:
        StoreError: the file is not a store, holds the watch for another device, belongs to another user, is in use, or
            cannot be written.
    """

    def __init__(
        self, path: Path, plan: Plan, now: Moment, about: dict[str, str], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._path = path
        self._waiting = _Waiting()
        self._lost = 0
        self._now = now
        self._tried_at = now.at
        self.problem: str | None = None
        """Why the last write failed; None: it succeeded."""
        self._stretch_id, self._stretch = 0, (now.at, now.at)
        try:
            self._lock = _Lock(path, now)
            try:
                self._file = _opened(path, plan)
                try:
                    self._set_up(most_bytes)
                    self._begin(plan, about)
                except BaseException:
                    self._file.close()
                    raise
            except BaseException:
                self._lock.close()
                raise
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as problem:
            raise StoreError(f"{path} cannot be written: {problem}") from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def next_number(self) -> int:
        """The number of the next outage."""
        (last,) = self._file.execute("SELECT coalesce(max(number), 0) FROM outage").fetchone()
        return int(last) + 1

    def put(self, records: Iterable[Record], now: Moment) -> None:
        """Take records of the engine; outages and gaps are written at once, the rest every BEAT_S."""
        self._now = now
        is_urgent = False
        for record in records:
            match record:
                case Sample():
                    self._count(record)
                case Outage():
                    self._waiting.outages[record.number] = msgspec.json.encode(record).decode()
                    is_urgent = True
                case Unasked(layer=layer, said=said):
                    self.tell(tables.unasked(layer), said)
                case Note():
                    self._waiting.notes.append(record)
                case Gap(begin=begin, end=end, why=why):
                    self._end_stretch(begin, why)
                    self._begin_stretch(end)
                    is_urgent = True
        self._stretch = self._stretch[0], self._now.at
        self._waiting.stretches[self._stretch_id] = (*self._stretch, None)
        is_due = now.at - self._tried_at >= (AGAIN_S if self.problem else BEAT_S)
        if is_due or (is_urgent and not self.problem):
            self.write()

    def add_traffic(self, peer: Peer, counts: Counts) -> None:
        """Add to the counts of what was sent to a peer and received from it."""
        self._waiting.traffic[peer] = self._waiting.traffic[peer].plus(counts)

    def tell(self, key: str, value: str) -> None:
        """Keep a text about the watch under a key of the table `about`, such as `ssid`."""
        self._waiting.about[key] = value

    def stop(self, records: Iterable[Record], now: Moment) -> None:
        """Take and write the last records, because the watch was ended."""
        self.put(records, now)
        self._end_stretch(now.at, "stopped")
        self.write()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.write()
        self._file.close()
        self._lock.close()

    # --- what is kept

    def _count(self, sample: Sample) -> None:
        """Add a sample to the counts of its hour and layer."""
        key = int(sample.at // _HOUR_S), sample.layer
        good, bad, slowest = self._waiting.hours.get(key, (0, 0, None))
        times = [ms for ms in (slowest, sample.ms) if ms is not None]
        self._waiting.hours[key] = good + sample.good, bad + (not sample.good), max(times, default=None)

    def _begin_stretch(self, at: float) -> None:
        """Begin a stretch in which the watch observes."""
        self._stretch_id += 1
        self._stretch = (at, at)

    def _end_stretch(self, at: float, why: Blind) -> None:
        """End the present stretch, and note why."""
        self._waiting.stretches[self._stretch_id] = self._stretch[0], max(at, self._stretch[0]), why

    # --- the file

    def _set_up(self, most_bytes: int) -> None:
        """Set SQLite to a write-ahead log, and limit the sizes of the log and of the file to `most_bytes` together."""
        execute = self._file.execute
        execute("PRAGMA journal_mode = WAL")
        # The file stays intact if the process is killed; only a loss of power can lose the last transactions.
        execute("PRAGMA synchronous = NORMAL")
        execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        execute(f"PRAGMA wal_autocheckpoint = {LOG_BYTES // 2 // tables.PAGE_BYTES}")
        execute("PRAGMA cache_spill = OFF")  # only COMMIT writes to the disk, see `_begin_writing`
        execute(f"PRAGMA max_page_count = {max((most_bytes - LOG_BYTES) // tables.PAGE_BYTES, 64)}")

    def _begin(self, plan: Plan, about: dict[str, str]) -> None:
        """Write that a watch begins, and end the outages and the stretch that an earlier watch left open."""
        execute, now = self._file.execute, self._now
        execute("BEGIN IMMEDIATE")
        execute("UPDATE boot SET at = ?, wall = ? WHERE name = ?", (now.at, now.wall, now.boot))
        row = execute("SELECT id FROM boot WHERE name = ?", (now.boot,)).fetchone()
        self._boot = row[0] if row else execute(
            "INSERT INTO boot (name, at, wall) VALUES (?, ?, ?)", (now.boot, now.at, now.wall)
        ).lastrowid  # fmt: skip
        self._end_left_open()
        lost = execute("SELECT value FROM about WHERE key = 'lost'").fetchone()
        self._lost = int(lost[0]) if lost else 0
        (last,) = execute("SELECT coalesce(max(id), 0) FROM stretch").fetchone()
        self._stretch_id, self._stretch = last + 1, (now.at, now.at)
        self._waiting.stretches[self._stretch_id] = now.at, now.at, None
        kept = {**about, "plan": msgspec.json.encode(plan).decode()}
        for key, value in kept.items():
            execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))
        execute("COMMIT")
        self.write()

    def _end_left_open(self) -> None:
        """End what was open when an earlier watch was killed or the laptop lost power, and write why it ended."""
        execute = self._file.execute
        for number, boot, doc in execute("SELECT number, boot, doc FROM outage").fetchall():
            outage = msgspec.json.decode(doc, type=Outage)
            if outage.is_open:
                outage.ended_by = "stopped" if boot == self._boot else "restarted"
                text = msgspec.json.encode(outage).decode()
                execute("UPDATE outage SET doc = ? WHERE number = ?", (text, number))
        execute(
            "UPDATE stretch SET why = CASE WHEN boot = ? THEN 'stopped' ELSE 'restarted' END WHERE why IS NULL",
            (self._boot,),
        )

    def write(self) -> None:
        """Write what waits. If that fails, it goes on waiting, up to MOST_WAITING, and `problem` says why."""
        self._tried_at = self._now.at
        try:
            self._begin_writing()
            self._file.execute("COMMIT")
        except sqlite3.Error as problem:
            self.problem = str(problem)
            self._roll_back()
            self._limit_waiting()
        else:
            self.problem, self._waiting = None, _Waiting()

    def _begin_writing(self) -> None:
        """Put what waits into a transaction; if the file has reached its size, delete the oldest entries first.

        SQLITE_FULL means here that the file has reached its own limit. A full disk never leads to deletions: because of
        `PRAGMA cache_spill = OFF`, it refuses only the COMMIT.
        """
        for tries_left in reversed(range(_TRIES)):
            self._file.execute("BEGIN IMMEDIATE")
            try:
                self._write_all()
            except sqlite3.Error as problem:
                if problem.sqlite_errorcode != sqlite3.SQLITE_FULL or not tries_left:
                    raise
                self._roll_back()
                self._make_room()
            else:
                return

    def _roll_back(self) -> None:
        """End a transaction that failed."""
        with contextlib.suppress(sqlite3.Error):
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")

    def _write_all(self) -> None:
        """Write everything that waits, within the transaction that is open."""
        execute, many, waiting, boot = self._file.execute, self._file.executemany, self._waiting, self._boot
        execute("UPDATE boot SET at = ?, wall = ? WHERE id = ?", (self._now.at, self._now.wall, boot))
        many(
            "INSERT INTO stretch VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET begin = excluded.begin, end = excluded.end, why = excluded.why",
            [(number, boot, *stretch) for number, stretch in waiting.stretches.items()],
        )
        many(
            "INSERT INTO outage VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc",
            [(number, boot, doc) for number, doc in waiting.outages.items()],
        )
        many(
            "INSERT INTO hour VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET good = good + excluded.good, "
            "bad = bad + excluded.bad, slowest = max(coalesce(slowest, excluded.slowest), "
            "coalesce(excluded.slowest, slowest))",
            [(boot, *key, *counts) for key, counts in waiting.hours.items()],
        )
        many(
            "INSERT INTO note (boot, at, kind, said, bssid) VALUES (?, ?, ?, ?, ?)",
            [(boot, *note) for note in waiting.notes],
        )
        many(
            "INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "packets_out = packets_out + excluded.packets_out, bytes_out = bytes_out + excluded.bytes_out, "
            "packets_in = packets_in + excluded.packets_in, bytes_in = bytes_in + excluded.bytes_in",
            [(*peer, *counts) for peer, counts in waiting.traffic.items()],
        )
        about = {**waiting.about, **({"lost": str(self._lost)} if self._lost else {})}
        many("INSERT OR REPLACE INTO about VALUES (?, ?)", about.items())

    def _make_room(self) -> None:
        """Delete the oldest entries of the first kind in `_MAKE_ROOM` that has any."""
        with contextlib.suppress(sqlite3.Error):
            for kind, statement in _MAKE_ROOM:
                freed = self._file.execute(statement, (_FREED_AT_ONCE,)).rowcount
                if freed > 0:
                    self._lost += freed if kind == "outage" else 0
                    return

    def _limit_waiting(self) -> None:
        """Drop the oldest notes and outages that wait, beyond MOST_WAITING of each."""
        notes, outages = self._waiting.notes, self._waiting.outages
        while len(notes) > MOST_WAITING:
            notes.pop(0)
            self._lost += 1
        while len(outages) > MOST_WAITING:
            del outages[next(iter(outages))]
            self._lost += 1


class _Lock:
    """Keeps a second watch out of a store.

    The lock is an open transaction on a SQLite file beside the store: the system ends it with the process. Other
    processes can still read in that file which process holds the lock.

    Raises:
        StoreError: another process holds the lock.
    """

    def __init__(self, path: Path, now: Moment) -> None:
        file = path.with_name(path.name + ".lock")
        _make_private(file)
        self._held = sqlite3.connect(file, isolation_level=None, timeout=0, check_same_thread=False)
        try:
            self._hold(os.getpid(), now.wall)
        except sqlite3.OperationalError as problem:
            holder = self._holder()
            self._held.close()
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise StoreError(f"{path} is in use by another watch{holder}") from problem

    def _hold(self, pid: int, since: float) -> None:
        """Write which process holds the lock, and begin the transaction that is the lock."""
        execute = self._held.execute
        execute("BEGIN IMMEDIATE")
        execute("CREATE TABLE IF NOT EXISTS holder (pid INTEGER, since REAL)")
        execute("DELETE FROM holder")
        execute("INSERT INTO holder VALUES (?, ?)", (pid, since))
        execute("COMMIT")
        execute("BEGIN IMMEDIATE")

    def _holder(self) -> str:
        """Which process holds the lock, for the end of an error message; empty: not known."""
        with contextlib.suppress(sqlite3.Error):
            row = self._held.execute("SELECT pid FROM holder").fetchone()
            if row and isinstance(row[0], int):
                return f" (process {row[0]})"
        return ""

    def close(self) -> None:
        """Release the lock."""
        self._held.close()


def _make_private(path: Path) -> bool:
    """Make an empty file that only its owner may read; returns False if this user already has a file there.

    Raises:
        StoreError: something at this path is not a file, or belongs to another user.
        OSError: the file cannot be made.
    """
    try:
        os.close(SYSTEM.create_private(str(path)))
    except FileExistsError:
        found = path.lstat()
        own = getattr(os, "geteuid", lambda: found.st_uid)()
        if not stat.S_ISREG(found.st_mode) or found.st_uid != own:
            raise StoreError(f"{path} is not a file of yours, so nothing is written to it") from None
        return False
    return True


def _opened(path: Path, plan: Plan) -> sqlite3.Connection:
    """Open the store at a path, or make a new one.

    Raises:
        StoreError: the store cannot be continued.
        OSError: the store cannot be made.
    """
    is_new = _make_private(path) or path.stat().st_size == 0
    if not is_new:
        before = checked(path).plan
        if before.device != plan.device or before.os_version != plan.os_version:
            raise StoreError(f"{path} holds the watch for {before.label}: name another file with --store")
    file = sqlite3.connect(path, isolation_level=None, timeout=2.0, check_same_thread=False)
    if is_new:
        file.execute(f"PRAGMA page_size = {tables.PAGE_BYTES}")
        file.execute("BEGIN IMMEDIATE")
        for statement in tables.TABLES.values():
            file.execute(statement)
        file.execute(f"PRAGMA application_id = {tables.APPLICATION}")
        file.execute(f"PRAGMA user_version = {tables.VERSION}")
        file.execute("INSERT INTO about VALUES ('plan', ?)", (msgspec.json.encode(plan).decode(),))
        file.execute("COMMIT")
    return file

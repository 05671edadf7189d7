"""Adding files to a store: each ends as a run, a log, a watch, a duplicate or in quarantine, with its reason.

Adding again changes nothing. What was quarantined is tried again by another version, and at once where the reason may
have passed.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from netpreflight.fleet import engine, reading
from netpreflight.fleet.known import Known, Refusal
from netpreflight.fleet.pool import Document, Pool, Result
from netpreflight.fleet.reading import Read
from netpreflight.fleet.sites import Sites
from netpreflight.fleet.store import Store, Writer
from netpreflight.fleet.taken import READ_BY, Source
from netpreflight.probes.net.clock import CLOCK, Clock

BATCH_FILES, BATCH_BYTES = 32, 4 << 20
"""What one process is given at a time."""
PART_FILES, PART_BYTES = 1000, 32 << 20
"""After so many files, or rows of so many bytes, what was read is committed: no more is read again after a kill."""
_MAY_PASS = frozenset({"unreadable", "future", "killed"})
"""Reasons that may be gone the next time."""


class Added(Struct):
    """What became of the files."""

    run: int = 0
    log: int = 0
    watch: int = 0
    duplicate: int = 0
    quarantined: int = 0
    before: int = 0
    """Accounted for by an earlier call."""

    @property
    def files(self) -> int:
        """How many files that are."""
        return self.run + self.log + self.watch + self.duplicate + self.quarantined + self.before


class _Found(NamedTuple):
    """A file that was read, with what it holds or the key of what it repeats."""

    file: Read
    result: Result | None = None
    """None: it is a duplicate."""
    key: str | None = None
    refused: Refusal | None = None
    """Why it was quarantined before, if it was."""


def add(
    store: Store,
    paths: Iterable[Path],
    sites: Sites,
    pool: Pool,
    *,
    on_progress: Callable[[Added], None] = lambda _: None,
    on_wait: Callable[[], None] = lambda: None,
    clock: Clock = CLOCK,
) -> Added:
    """Add files, and those in folders.

    Args:
        store: to which.
        paths: files and folders.
        sites: the sites of files whose runs do not name one.
        pool: the processes that read.
        on_progress: is called after each batch.
        on_wait: is called if another process has to end first.
        clock: what time it is.

    Raises:
        StoreError: the store cannot be read or written.
    """
    with engine.damage_told(), store.writing(on_wait, clock) as writer, engine.for_writing(store) as connection:
        adding = _Adding(Known(connection, store), connection, writer, sites, pool, clock)
        for _ in adding.each(reading.find(paths, store.folder)):
            on_progress(adding.added)
        writer.merge(connection)
        return adding.added


class _Adding:
    """One call of `add`."""

    def __init__(
        self, known: Known, connection: engine.Connection, writer: Writer, sites: Sites, pool: Pool, clock: Clock
    ) -> None:
        self._known, self._connection = known, connection
        self._writer, self._sites, self._pool = writer, sites, pool
        self._now = dt.datetime.fromtimestamp(clock.wall(), dt.UTC).replace(tzinfo=None)
        self._uncommitted = 0
        self.added = Added()

    def each(self, files: Iterable[Path]) -> Iterator[None]:
        """Add files, batch by batch."""
        waiting: deque[list[_Found]] = deque()
        documents = self._documents(_in_batches(map(reading.read, files)), waiting)
        for results in self._pool.results(documents):
            found = waiting.popleft()
            left = iter(results)
            self._take([each if each.result or each.key else each._replace(result=next(left)) for each in found])
            yield
        self._commit()

    def _documents(self, batches: Iterable[list[Read]], waiting: "deque[list[_Found]]") -> Iterator[list[Document]]:
        """What has to be read of each batch; the rest of it is known or refused already."""
        for batch in batches:
            found = list(self._not_known(batch))
            waiting.append(found)
            yield [
                Document(each.file.content, self._source(each.file.path))
                for each in found
                if not (each.result or each.key)
            ]

    def _not_known(self, batch: Sequence[Read]) -> Iterator[_Found]:
        """The files of a batch that are not accounted for."""
        known = self._known.files([file.hash for file in batch], [reading.named(file.path) for file in batch])
        for file in batch:
            place = file.hash, reading.named(file.path)
            refusal = known.refused.get(place)
            if place in known.settled or (
                refusal and refusal.tool == READ_BY and file.kind is None and refusal.kind not in _MAY_PASS
            ):
                self.added.before += 1
            elif file.kind is not None:
                result = Result("quarantined", kind=file.kind, reason=file.reason)
                yield _Found(file, result, refused=refusal)
            else:
                yield _Found(file, key=known.keys.get(file.hash), refused=refusal)

    def _take(self, batch: Sequence[_Found]) -> None:
        """Add what a batch of files holds."""
        new = self._known.new_keys([each.result.key for each in batch if each.result and each.result.key])
        for file, result, key, refused in batch:
            if result is not None and refused == Refusal(result.kind or "", READ_BY):
                self.added.before += 1
                continue
            if result is None or (result.key is not None and result.key not in new):
                self._account(file, "duplicate", key=key or (result and result.key))
                continue
            new.discard(result.key or "")
            for table, lines in (result.lines or {}).items():
                self._writer.add_lines(table, lines)
            self._account(file, result.outcome, key=result.key, kind=result.kind, reason=result.reason)
        if self._uncommitted >= PART_FILES or self._writer.size >= PART_BYTES:
            self._commit()

    def _account(self, file: Read, outcome: str, **told: Any) -> None:
        """Add the row of a file."""
        setattr(self.added, outcome, getattr(self.added, outcome) + 1)
        self._uncommitted += 1
        row = {
            "content": file.hash,
            "path": reading.named(file.path),
            "outcome": outcome,
            "tool": READ_BY,
            "received": self._now.isoformat(),
        }
        self._writer.add("files", [row | told])

    def _commit(self) -> None:
        self._known.committed(self._writer.commit(self._connection))
        self._uncommitted = 0

    def _source(self, path: Path) -> Source:
        named = self._sites.of(path)
        file = reading.named(path)
        return Source(file, self._now) if named is None else Source(file, self._now, *named)


def _in_batches(files: Iterable[Read]) -> Iterator[list[Read]]:
    """Files in batches that one process can have in its memory."""
    batch: list[Read] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.content)
        if len(batch) == BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

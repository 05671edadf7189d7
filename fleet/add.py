"""Adding files to a store: each file ends as a run, a log, a watch, a duplicate, or in quarantine with a reason.

Adding the same file again changes nothing. A quarantined file is tried again by another version of netpreflight, or by
the same version if its reason may have passed.
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
"""How much one process is given at a time."""
PART_FILES, PART_BYTES = 1000, 32 << 20
"""After this many files, or this many bytes of rows, what was read is committed: at most this is lost by a kill."""
_MAY_PASS = frozenset({"unreadable", "future", "killed"})
"""Kinds of refusal whose reason may have passed the next time."""


class Added(Struct):
    """How many files ended in which way."""

    run: int = 0
    log: int = 0
    watch: int = 0
    duplicate: int = 0
    quarantined: int = 0
    before: int = 0
    """Files that an earlier call has already added or refused."""

    @property
    def files(self) -> int:
        """How many files there were in all."""
        return self.run + self.log + self.watch + self.duplicate + self.quarantined + self.before


class _Found(NamedTuple):
    """A file that was read, with its result; or, for a copy of a known file, the key of its run, log or watch."""

    file: Read
    result: Result | None = None
    """What the file holds; None: not decoded yet, or the file is a duplicate."""
    key: str | None = None
    """For a duplicate, the key of the run, log or watch that it repeats."""
    refused: Refusal | None = None
    """Why the file was quarantined before; None: it was not."""


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
    """Add files, and the files in folders, to a store.

    Args:
        store: the store to add to.
        paths: files and folders.
        sites: tells the site of files whose runs do not name one.
        pool: the processes that decode the files.
        on_progress: called after each batch.
        on_wait: called if another process has to finish writing first.
        clock: gives the time at which the files are added.

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
        """Add files, batch by batch; yields after each batch."""
        waiting: deque[list[_Found]] = deque()
        documents = self._documents(_in_batches(map(reading.read, files)), waiting)
        for results in self._pool.results(documents):
            found = waiting.popleft()
            left = iter(results)
            self._add_batch([each if each.result or each.key else each._replace(result=next(left)) for each in found])
            yield
        self._commit()

    def _documents(self, batches: Iterable[list[Read]], waiting: "deque[list[_Found]]") -> Iterator[list[Document]]:
        """The documents of each batch that have to be decoded; the batch itself is appended to `waiting`."""
        for batch in batches:
            found = list(self._not_known(batch))
            waiting.append(found)
            yield [
                Document(each.file.content, self._source(each.file.path))
                for each in found
                if not (each.result or each.key)
            ]

    def _not_known(self, batch: Sequence[Read]) -> Iterator[_Found]:
        """The files of a batch that earlier calls have not added or refused; the others are counted as `before`."""
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

    def _add_batch(self, batch: Sequence[_Found]) -> None:
        """Add the rows of a batch of files; commit if enough has been collected."""
        new = self._known.new_keys([each.result.key for each in batch if each.result and each.result.key])
        for file, result, key, refused in batch:
            if result is not None and refused == Refusal(result.kind or "", READ_BY):
                self.added.before += 1
                continue
            if result is None or (result.key is not None and result.key not in new):
                self._add_file_row(file, "duplicate", key=key or (result and result.key))
                continue
            new.discard(result.key or "")
            for table, lines in (result.lines or {}).items():
                self._writer.add_lines(table, lines)
            self._add_file_row(file, result.outcome, key=result.key, kind=result.kind, reason=result.reason)
        if self._uncommitted >= PART_FILES or self._writer.size >= PART_BYTES:
            self._commit()

    def _add_file_row(self, file: Read, outcome: str, **columns: Any) -> None:
        """Add the row of a file to the table `files`, and count the file."""
        setattr(self.added, outcome, getattr(self.added, outcome) + 1)
        self._uncommitted += 1
        row = {
            "content": file.hash,
            "path": reading.named(file.path),
            "outcome": outcome,
            "tool": READ_BY,
            "received": self._now.isoformat(),
        }
        self._writer.add("files", [row | columns])

    def _commit(self) -> None:
        """Commit what was collected, and count the new runs as known."""
        self._known.committed(self._writer.commit(self._connection))
        self._uncommitted = 0

    def _source(self, path: Path) -> Source:
        """What is known about a file apart from its content: its path, and the site by manifest or name."""
        named = self._sites.of(path)
        file = reading.named(path)
        return Source(file, self._now) if named is None else Source(file, self._now, *named)


def _in_batches(files: Iterable[Read]) -> Iterator[list[Read]]:
    """Files in batches that fit into the memory of one process."""
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

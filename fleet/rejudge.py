"""Judging the runs of a store again, for another device or version of Device OS.

Each run that can be judged gets a new row in `verdicts`; no row is replaced. Runs that were already judged for this
device and version by the same rules are skipped, so a call that was killed can be continued.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec
from msgspec import Struct

from netpreflight.agent.profiles import Profile
from netpreflight.fleet import engine
from netpreflight.fleet.judging_again import judge_again, rules_of
from netpreflight.fleet.pool import Document, Pool, Result
from netpreflight.fleet.store import Store, quoted
from netpreflight.fleet.taken import Source
from netpreflight.probes.net.clock import CLOCK, Clock

BATCH_RUNS = 64
"""How many runs one process is given at a time."""
COMMIT_RUNS = 4000
"""After this many runs, what was judged is committed: at most this many are lost by a kill."""


class Rejudged(Struct):
    """How many runs were judged."""

    judged: int = 0
    before: int = 0
    """Runs that an earlier call has judged for this device, version and rules."""
    failed: int = 0
    """Runs that could not be judged; the next call tries them again."""


def judge_each(batch: Sequence[Document], profile: Profile) -> list[Result]:
    """Judge a batch of runs, in one of the pool's processes; returns a row of `verdicts` for each."""
    return [_judge(document, profile) for document in batch]


def _judge(document: Document, profile: Profile) -> Result:
    """Judge one run; `document.source.file` holds the key of the run."""
    key, moment = document.source.file, document.source.received.isoformat()
    try:
        result = judge_again(document.content, profile)
    except Exception as problem:  # noqa: BLE001 - whatever a run does, the others are judged
        return Result("quarantined", key, kind="internal", reason=f"{type(problem).__name__}: {problem}"[:200])
    row = {"run": key, **result._asdict(), "judged": moment, "again": True}
    return Result("run", key, {"verdicts": msgspec.json.encode(row) + b"\n"})


def pool_for(profile: Profile, processes: int | None = None) -> Pool:
    """The pool of processes that judge for a device; a context manager."""
    return Pool(processes, partial(judge_each, profile=profile))


def rejudge(
    store: Store,
    profile: Profile,
    pool: Pool,
    *,
    on_progress: Callable[[Rejudged], None] = lambda _: None,
    on_wait: Callable[[], None] = lambda: None,
    clock: Clock = CLOCK,
) -> Rejudged:
    """Judge every run of a store for a device, and add a row for each.

    Args:
        store: the store of the runs.
        profile: the device, with its version of Device OS.
        pool: the processes that judge for this device (`pool_for`).
        on_progress: called after each batch.
        on_wait: called if another process has to finish writing first.
        clock: gives the time of judging.

    Raises:
        StoreError: the store cannot be read or written.
    """
    now = dt.datetime.fromtimestamp(clock.wall(), dt.UTC).replace(tzinfo=None)
    done = Rejudged()
    with store.writing(on_wait, clock) as writer, engine.for_writing(store) as connection:
        done.before = _create_done(connection, store, profile)
        uncommitted = 0
        for results in pool.results(_batches(connection, store, now)):
            for result in results:
                writer.add_lines("verdicts", (result.lines or {}).get("verdicts", b""))
            judged = sum(result.outcome == "run" for result in results)
            done.judged += judged
            done.failed += len(results) - judged
            uncommitted += judged
            if uncommitted >= COMMIT_RUNS:
                writer.commit(connection)
                uncommitted = 0
            on_progress(done)
        writer.commit(connection)
    return done


def _create_done(connection: engine.Connection, store: Store, profile: Profile) -> int:
    """Create the table `done`: the runs already judged again for this device, version and rules; returns how many.

    Such runs have a row in `verdicts` whose column `again` is true. `done` is not a TEMP table, so that the cursors in
    `_batches` see it.
    """
    connection.execute(
        f"CREATE TABLE done AS SELECT DISTINCT run FROM ({engine.relation(store, 'verdicts')}) "  # noqa: S608 - our own text
        "WHERE again AND device = $device AND os IS NOT DISTINCT FROM $os AND rules = $rules",
        {"device": profile.name, "os": profile.os_version, "rules": rules_of(profile)},
    )
    return int(engine.ask(connection, "SELECT count(*) FROM done").rows[0][0])


def _batches(connection: engine.Connection, store: Store, now: dt.datetime) -> Iterator[list[Document]]:
    """The runs that are left to judge, in batches: only a few runs are in memory at a time."""
    for part in store.files("raw"):
        with connection.cursor() as cursor:  # the connection itself runs the commits in between
            found = cursor.execute(
                f"SELECT run, document FROM read_parquet({quoted(part)}) ANTI JOIN done USING (run)"  # noqa: S608 - a quoted path
            )
            while batch := found.fetchmany(BATCH_RUNS):
                yield [Document(document, Source(run, now)) for run, document in batch]

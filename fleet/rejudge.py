"""Judging the runs of a store again, for another device or version of Device OS.

Each run that can be judged gets a row in `verdicts`; none is replaced. What was judged for this device and version by
the same rules is not judged again, so a call that was killed goes on where it was.
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
"""What one process is given at a time."""
COMMIT_RUNS = 4000
"""After so many runs, what was judged is committed: no more is judged again after a kill."""


class Rejudged(Struct):
    """What became of the runs."""

    judged: int = 0
    before: int = 0
    """Judged for this device and version by an earlier call."""
    failed: int = 0
    """That could not be judged, and are tried again by the next call."""


def judge_each(batch: Sequence[Document], profile: Profile) -> list[Result]:
    """The rows of some runs, in one of the pool's processes."""
    return [_judge(document, profile) for document in batch]


def _judge(document: Document, profile: Profile) -> Result:
    key, moment = document.source.file, document.source.received.isoformat()
    try:
        again = judge_again(document.content, profile)
    except Exception as problem:  # noqa: BLE001 - whatever a run does, the others are judged
        return Result("quarantined", key, kind="internal", reason=f"{type(problem).__name__}: {problem}"[:200])
    row = {"run": key, **again._asdict(), "judged": moment, "again": True}
    return Result("run", key, {"verdicts": msgspec.json.encode(row) + b"\n"})


def pool_for(profile: Profile, processes: int | None = None) -> Pool:
    """The processes that judge for a device; to be entered."""
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
        store: whose runs.
        profile: the device, with its version of Device OS.
        pool: the processes that judge for it (`pool_for`).
        on_progress: is called after each batch.
        on_wait: is called if another process has to end first.
        clock: what time it is.

    Raises:
        StoreError: the store cannot be read or written.
    """
    now = dt.datetime.fromtimestamp(clock.wall(), dt.UTC).replace(tzinfo=None)
    done = Rejudged()
    with store.writing(on_wait, clock) as writer, engine.for_writing(store) as connection:
        done.before = _find_done(connection, store, profile)
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


def _find_done(connection: engine.Connection, store: Store, profile: Profile) -> int:
    """Find the runs that need not be judged, as the table `done`, which cursors see, too; returns how many they are."""
    connection.execute(
        f"CREATE TABLE done AS SELECT DISTINCT run FROM ({engine.relation(store, 'verdicts')}) "  # noqa: S608 - our own text
        "WHERE again AND device = $device AND os IS NOT DISTINCT FROM $os AND rules = $rules",
        {"device": profile.name, "os": profile.os_version, "rules": rules_of(profile)},
    )
    return int(engine.ask(connection, "SELECT count(*) FROM done").rows[0][0])


def _batches(connection: engine.Connection, store: Store, now: dt.datetime) -> Iterator[list[Document]]:
    """The runs that are left to judge: few are in memory at a time, though a part may hold many."""
    for part in store.files("raw"):
        with connection.cursor() as cursor:  # what is committed meanwhile is another query
            found = cursor.execute(
                f"SELECT run, document FROM read_parquet({quoted(part)}) ANTI JOIN done USING (run)"  # noqa: S608 - a quoted path
            )
            while some := found.fetchmany(BATCH_RUNS):
                yield [Document(document, Source(run, now)) for run, document in some]

"""Processes that read documents: one that is killed, because a document filled its memory, takes no other with it."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, Self

from netpreflight.fleet.document import take
from netpreflight.fleet.taken import Kind, Outcome, RefusedError, Source, lines_of

MOST_PROCESSES = 8


class Document(NamedTuple):
    """A file that is to be read."""

    content: bytes
    source: Source


class Result(NamedTuple):
    """What a document holds: lines of JSON by table, or why it was refused."""

    outcome: Outcome
    key: str | None = None
    lines: dict[str, bytes] | None = None
    kind: Kind | None = None
    reason: str | None = None


KILLED = Result("quarantined", kind="killed", reason="the process that read it was killed: it takes too much memory")


def read_each(batch: Sequence[Document]) -> list[Result]:
    """The results of some documents."""
    return [_read(document) for document in batch]


def _read(document: Document) -> Result:
    try:
        taken = take(document.content, document.source)
        return Result(taken.outcome, taken.key, lines_of(taken.rows))
    except RefusedError as problem:
        return Result("quarantined", kind=problem.kind, reason=str(problem))
    except Exception as problem:  # noqa: BLE001 - whatever a document does, the others are read
        return Result("quarantined", kind="internal", reason=f"an internal error: {type(problem).__name__}")


class _Task(NamedTuple):
    """A batch that is read."""

    batch: Sequence[Document]
    executor: ProcessPoolExecutor
    future: Future[list[Result]] | None


class Pool:
    """Some processes; each is started when there is something to read.

    Args:
        processes: how many; None: as many as this laptop has processors, up to a limit.
        read: reads a batch, in one of the processes.
    """

    def __init__(
        self, processes: int | None = None, read: Callable[[Sequence[Document]], list[Result]] = read_each
    ) -> None:
        self._processes = processes or min(os.cpu_count() or 1, MOST_PROCESSES)
        self._read = read
        self._executor = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        self._executor.shutdown(cancel_futures=True)

    def results(self, batches: Iterable[Sequence[Document]]) -> Iterator[list[Result]]:
        """The results of each batch, in order; few batches are in hand at a time."""
        waiting: deque[_Task] = deque()
        for batch in batches:
            waiting.append(self._submitted(batch))
            if len(waiting) > self._processes:
                yield self._result(waiting.popleft())
        while waiting:
            yield self._result(waiting.popleft())

    def _submitted(self, batch: Sequence[Document]) -> _Task:
        if not batch:
            return _Task(batch, self._executor, None)  # no process is started for nothing
        try:
            return _Task(batch, self._executor, self._executor.submit(self._read, batch))
        except BrokenProcessPool:
            self._executor = self._started()
            return _Task(batch, self._executor, self._executor.submit(self._read, batch))

    def _result(self, task: _Task) -> list[Result]:
        if task.future is None:
            return []
        try:
            return task.future.result()
        except BrokenProcessPool:
            if task.executor is self._executor:
                self._executor = self._started()
            return list(self._one_by_one(task.batch))

    def _one_by_one(self, batch: Sequence[Document]) -> Iterator[Result]:
        """The results of documents that were in hand when a process was killed: each alone, to know which it was."""
        executor = self._started(1)
        for document in batch:
            try:
                yield from executor.submit(self._read, [document]).result()
            except BrokenProcessPool:
                yield KILLED
                executor = self._started(1)
        executor.shutdown()

    def _started(self, processes: int | None = None) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # alike on every system; a fork would copy DuckDB's threads
        return ProcessPoolExecutor(processes or self._processes, context, _begin)


def _begin() -> None:
    """Leave Ctrl-C to the process that started this one, and end with it, even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end, name="ends with its parent", daemon=True).start()

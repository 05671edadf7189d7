"""Processes that read documents, so that a document that fills the memory gets only one process killed."""

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
    """A file whose content is to be decoded."""

    content: bytes
    source: Source


class Result(NamedTuple):
    """The result of decoding a document: rows as lines of JSON, by table; or why the document was refused."""

    outcome: Outcome
    key: str | None = None
    lines: dict[str, bytes] | None = None
    kind: Kind | None = None
    reason: str | None = None


KILLED = Result("quarantined", kind="killed", reason="the process that read it was killed: it takes too much memory")


def read_each(batch: Sequence[Document]) -> list[Result]:
    """Decode a batch of documents; called in one of the pool's processes."""
    return [_read(document) for document in batch]


def _read(document: Document) -> Result:
    """Decode one document; whatever goes wrong puts it into quarantine."""
    try:
        taken = take(document.content, document.source)
        return Result(taken.outcome, taken.key, lines_of(taken.rows))
    except RefusedError as problem:
        return Result("quarantined", kind=problem.kind, reason=str(problem))
    except Exception as problem:  # noqa: BLE001 - whatever a document does, the others are read
        return Result("quarantined", kind="internal", reason=f"an internal error: {type(problem).__name__}")


class _Task(NamedTuple):
    """A batch that a process is reading; `future` is None for an empty batch."""

    batch: Sequence[Document]
    executor: ProcessPoolExecutor
    future: Future[list[Result]] | None


class Pool:
    """A pool of processes, each started when there is something to read.

    Args:
        processes: how many processes; None: one for each processor, up to MOST_PROCESSES.
        read: the function that decodes a batch in one of the processes.
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
        """The results of each batch, in order; only a few batches are taken from `batches` at a time."""
        waiting: deque[_Task] = deque()
        for batch in batches:
            waiting.append(self._submitted(batch))
            if len(waiting) > self._processes:
                yield self._result(waiting.popleft())
        while waiting:
            yield self._result(waiting.popleft())

    def _submitted(self, batch: Sequence[Document]) -> _Task:
        """Hand a batch to a process; if the pool is broken because a process was killed, start a new pool first."""
        if not batch:
            return _Task(batch, self._executor, None)  # no process is started for an empty batch
        try:
            return _Task(batch, self._executor, self._executor.submit(self._read, batch))
        except BrokenProcessPool:
            self._executor = self._started()
            return _Task(batch, self._executor, self._executor.submit(self._read, batch))

    def _result(self, task: _Task) -> list[Result]:
        """Wait for a batch; if its process was killed, decode its documents one by one."""
        if task.future is None:
            return []
        try:
            return task.future.result()
        except BrokenProcessPool:
            if task.executor is self._executor:
                self._executor = self._started()
            return list(self._one_by_one(task.batch))

    def _one_by_one(self, batch: Sequence[Document]) -> Iterator[Result]:
        """The results of the batch that a killed process had, each document alone, to find the one that is to blame."""
        executor = self._started(1)
        for document in batch:
            try:
                yield from executor.submit(self._read, [document]).result()
            except BrokenProcessPool:
                yield KILLED
                executor = self._started(1)
        executor.shutdown()

    def _started(self, processes: int | None = None) -> ProcessPoolExecutor:
        """A new pool with this many processes (None: as many as configured)."""
        context = multiprocessing.get_context("spawn")  # the same on every system; a fork would copy DuckDB's threads
        return ProcessPoolExecutor(processes or self._processes, context, _begin)


def _begin() -> None:
    """Ignore Ctrl-C, which the parent process handles, and end when the parent ends, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end, name="ends with its parent", daemon=True).start()

"""The process in which the device lives, and what it and its parent tell each other.

It is forked while the run is still root, takes a network namespace where its way needs one, and gives root's rights up
as its parent does. It waits until it is told to begin, measures, and sends up what it finds, one JSON document a line.
It ends with its parent, whatever ends that: then the namespace goes, and the interface in it.
"""

import contextlib
import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import NoReturn

import msgspec
from msgspec import Struct

from netpreflight.agent.internal_faults import fault_of
from netpreflight.agent.report import Run
from netpreflight.agent.results import Check
from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.observations import Event, Fault, Join, LinkNeighbor, Waiting, Wifi
from netpreflight.systems import SYSTEM

_LARGEST_LINE = 64 << 20
STOPPED_WITHIN_S = 5.0
"""How long a child that is to end early has for it."""
_LOOK_EVERY_S = 0.2


class Stopped(BaseException):
    """The parent wants this process to end, before it has begun to measure."""


class Begin(Struct, frozen=True, kw_only=True):
    """What the parent sends down, once the device's interface, or the radio, is in the child's namespace.

    Attributes:
        survey: what was heard on the air; None: nothing was surveyed.
        neighbours: hosts of this link that the laptop's ARP table has.
        router: that of the laptop; None: it has none.
    """

    survey: Wifi | None = None
    neighbours: list[str] = []
    router: str | None = None


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the child sends up: one of these.

    Attributes:
        ready: it is in its namespace, without root's rights.
        refused: what the system did not allow, in words; nothing more follows.
        fault: the internal error that ended it; nothing more follows.
        check: a check whose result is known.
        waiting: all that is waited for now.
        event: for --debug.
        neighbours: which hosts of the link answer the device.
        router: whether the laptop's router answers a device without a lease.
        join: what was seen of the join, once the network has been left again.
        run: what was measured.
    """

    ready: bool = False
    refused: str | None = None
    fault: Fault | None = None
    check: Check | None = None
    waiting: tuple[Waiting, ...] | None = None
    event: Event | None = None
    neighbours: list[LinkNeighbor] = []
    router: LinkNeighbor | None = None
    join: Join | None = None
    run: Run | None = None


class Up:
    """The child's end."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.measures = False
        """Whether the run itself takes SIGTERM, or has ended; until then it raises `Stopped`."""

    def tell(self, told: Told) -> None:
        """Send a message up; without a parent, this process ends anyway."""
        with contextlib.suppress(OSError):
            self._socket.sendall(msgspec.json.encode(told) + b"\n")

    def stop(self) -> None:
        """End the measurement early, as the parent may; called by any thread. Before it has begun, nothing happens."""
        if self.measures:
            os.kill(os.getpid(), signal.SIGTERM)

    def await_begin(self) -> Begin | None:
        """Wait until the device's interface is there; None: the parent has ended, or does not want it any more."""
        line = _lines(self._socket)
        return next((msgspec.json.decode(text, type=Begin) for text in line), None)


class Child:
    """The parent's end."""

    def __init__(self, pid: int, sock: socket.socket) -> None:
        self.pid = pid
        self._socket = sock
        self._socket.settimeout(_LOOK_EVERY_S)
        self._ended = False
        self._ends_at: float | None = None

    def await_ready(self) -> Told:
        """Wait until it is ready, or has refused."""
        return next(self.told(), Told(refused="the process of the device has ended"))

    def begin(self, begin: Begin) -> None:
        """Let it begin."""
        with contextlib.suppress(OSError):
            self._socket.sendall(msgspec.json.encode(begin) + b"\n")

    def told(self) -> Iterator[Told]:
        """What it tells, until it has ended or has told all."""
        for line in _lines(self._socket, self._look):
            yield msgspec.json.decode(line, type=Told)

    def stop(self) -> None:
        """Have it end early, and give back what it has; asked again, at once."""
        if self._ends_at is not None:
            self._signal(signal.SIGKILL)
            return
        self._ends_at = CLOCK.monotonic() + STOPPED_WITHIN_S
        self._signal(signal.SIGTERM)

    def end(self) -> None:
        """End it at once if it has not ended by itself, and wait until it has."""
        self._socket.close()
        self._signal(signal.SIGKILL)
        if not self._ended:
            self._ended = True
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)

    def _look(self) -> None:
        """End it where it was to end by now."""
        if self._ends_at is not None and CLOCK.monotonic() > self._ends_at:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self._ended:  # its number cannot be another process's until it is waited for
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def fork(*, has_namespace: bool, give_up: Callable[[], object], work: Callable[[Up, Begin], None]) -> Child:
    """Fork the process of the device.

    Args:
        has_namespace: whether it takes a network namespace of its own.
        give_up: gives root's rights up.
        work: what it does, once it may begin.

    Raises:
        OSError: the system has no process or socket left.
    """
    ours, its = socket.socketpair()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _live(Up(its), parent, has_namespace=has_namespace, give_up=give_up, work=work)
    its.close()
    return Child(pid, ours)


def _live(
    up: Up, parent: int, *, has_namespace: bool, give_up: Callable[[], object], work: Callable[[Up, Begin], None]
) -> NoReturn:
    """Be the process of the device; never returns to the code that forked it."""
    try:
        gc.freeze()
        # Ctrl-C reaches this process, too. Only while it measures does that end it; else its parent says when.
        for ignored in (signal.SIGINT, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: _stop(up))
        try:
            if has_namespace:
                SYSTEM.enter_namespace()
            give_up()
            SYSTEM.end_with(parent)
        except OSError as problem:
            up.tell(Told(refused=str(problem)))
            os._exit(0)
        up.tell(Told(ready=True))
        begin = up.await_begin()
        if begin is not None:
            work(up, begin)
    except OSError as problem:
        up.tell(Told(refused=str(problem)))
    except Stopped:
        pass
    except Exception as problem:  # noqa: BLE001 - it is reported, and the parent goes on
        up.tell(Told(fault=fault_of(problem)))
    finally:
        os._exit(0)


def _stop(up: Up) -> None:
    """Take SIGTERM where nothing is measured."""
    if not up.measures:
        raise Stopped


def _lines(sock: socket.socket, look: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """The lines that arrive, until the other end is closed; what is left of the last one is dropped."""
    kept = bytearray()
    while True:
        try:
            part = sock.recv(1 << 16)
        except TimeoutError:
            look()
            continue
        except OSError:
            return
        if not part or len(kept) > _LARGEST_LINE:
            return
        kept += part
        while (end := kept.find(b"\n")) >= 0:
            line = bytes(kept[:end])
            del kept[: end + 1]
            yield line

"""The process that plays the device, and the messages between it and its parent.

It is forked while the run is still root. It enters a network namespace of its own if its way of playing the device
needs one, and gives root's rights up as its parent does. It waits until it is told to begin, measures, and sends what
it finds to its parent, one JSON document a line. It ends whenever its parent ends, for whatever reason; then the
namespace is removed, with the interface in it.
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
"""How long a child that is told to end early has to do so, before it is killed."""
_LOOK_EVERY_S = 0.2


class Stopped(BaseException):
    """The parent wants this process to end; raised only before it has begun to measure."""


class Begin(Struct, frozen=True, kw_only=True):
    """What the parent sends to the child, once the device's interface, or the radio, is in the child's namespace.

    Attributes:
        survey: the parent's Wi-Fi survey; None: nothing was surveyed.
        neighbours: hosts on this link, from the laptop's ARP table.
        router: the laptop's router; None: it has none.
    """

    survey: Wifi | None = None
    neighbours: list[str] = []
    router: str | None = None


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message from the child to its parent. Each message has one of these fields; the last one has `join` and `run`.

    Attributes:
        ready: the child is in its namespace, without root's rights.
        refused: what the system did not allow, in words; nothing more follows.
        fault: the internal error that ended the child; nothing more follows.
        check: a check whose result is known.
        waiting: everything that the run is waiting for now.
        event: an event for --debug.
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
    """The child's end of the connection to its parent."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.measures = False
        """Whether the measurement has begun, which handles SIGTERM itself; before that, SIGTERM raises `Stopped`."""

    def tell(self, told: Told) -> None:
        """Send a message to the parent; if it is gone, the error is ignored, because this process ends then anyway."""
        with contextlib.suppress(OSError):
            self._socket.sendall(msgspec.json.encode(told) + b"\n")

    def stop(self) -> None:
        """End the measurement early, as a SIGTERM from the parent does; without effect before it has begun.

        Any thread may call this.
        """
        if self.measures:
            os.kill(os.getpid(), signal.SIGTERM)

    def await_begin(self) -> Begin | None:
        """Wait until the parent says that the interface is there; None: the parent has ended, or closed the socket."""
        line = _lines(self._socket)
        return next((msgspec.json.decode(text, type=Begin) for text in line), None)


class Child:
    """The parent's end of the connection to the device's process."""

    def __init__(self, pid: int, sock: socket.socket) -> None:
        self.pid = pid
        self._socket = sock
        self._socket.settimeout(_LOOK_EVERY_S)
        self._ended = False
        self._ends_at: float | None = None

    def await_ready(self) -> Told:
        """Wait for the child's first message: that it is ready, or what the system has refused."""
        return next(self.told(), Told(refused="the process of the device has ended"))

    def begin(self, begin: Begin) -> None:
        """Tell the child to begin."""
        with contextlib.suppress(OSError):
            self._socket.sendall(msgspec.json.encode(begin) + b"\n")

    def told(self) -> Iterator[Told]:
        """The child's messages, until the child has ended."""
        for line in _lines(self._socket, self._look):
            yield msgspec.json.decode(line, type=Told)

    def stop(self) -> None:
        """Make the child end early, after it has released its lease; a second call kills it at once."""
        if self._ends_at is not None:
            self._signal(signal.SIGKILL)
            return
        self._ends_at = CLOCK.monotonic() + STOPPED_WITHIN_S
        self._signal(signal.SIGTERM)

    def end(self) -> None:
        """Kill the child if it has not ended by itself, and wait until it has ended."""
        self._socket.close()
        self._signal(signal.SIGKILL)
        if not self._ended:
            self._ended = True
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)

    def _look(self) -> None:
        """Kill the child if it was told to end, and its time for that is over."""
        if self._ends_at is not None and CLOCK.monotonic() > self._ends_at:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the child, unless it has ended."""
        if not self._ended:  # the system does not reuse a process id before the process was waited for
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def fork(*, has_namespace: bool, give_up: Callable[[], object], work: Callable[[Up, Begin], None]) -> Child:
    """Fork the device's process.

    Args:
        has_namespace: whether the process enters a network namespace of its own.
        give_up: gives root's rights up.
        work: what the process does, once it may begin.

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
    """Be the device's process; never returns to the code that forked it."""
    try:
        gc.freeze()
        # Ctrl-C reaches this process, too. It is ignored here: the measurement handles it, and otherwise the parent
        # says when this process ends.
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
    """Handle SIGTERM before the measurement has begun."""
    if not up.measures:
        raise Stopped


def _lines(sock: socket.socket, look: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """The lines that arrive, until the other end is closed; an incomplete last line is dropped.

    `look` is called whenever a read times out.
    """
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

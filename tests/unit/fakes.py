"""A network that answers from a script, on a clock that only the script moves."""

from collections.abc import Callable

from netpreflight.probes.net.clock import Clock as System
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, Shape
from netpreflight.probes.net.sockets import Datagram, Network, Refusal, UdpSocket
from netpreflight.probes.observations import Icmp
from netpreflight.systems.interface import UnnamedError

Answer = bytes | Icmp | tuple[bytes, str, int]
"""A datagram from the address asked, an ICMP error, or a datagram from another address and port."""
Script = Callable[[int, bytes], list[tuple[float, Answer]] | str]
"""What comes back for the nth datagram sent, each with its delay in seconds; or the system's words of refusal."""


def never() -> None:
    """What nothing may call."""
    raise AssertionError


class Clock(System):
    """Seconds that pass only where somebody waits for them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """What it says now."""
        return self.now

    def wall(self) -> float:
        """The same: 1970 was when the monotonic clock began."""
        return self.now

    def hold_up(self, seconds: float) -> None:
        """It is so much later at once."""
        self.now += seconds

    async def sleep_until(self, at: float) -> None:
        """It is that late at once; whoever else is ready goes on first."""
        await super().sleep_until(self.now)
        self.now = max(self.now, at)


class FakeSocket(UdpSocket):
    """Sends into a script, and receives from it."""

    is_quoted = True
    """Whether ICMP errors quote what was sent, as those of Linux's routers do."""

    def __init__(self, clock: Clock, script: Script, shape: Shape = CLIENT_HELLO) -> None:
        self.clock, self.script, self.shape = clock, script, shape
        self.is_whole = False
        self.is_flooded = False
        self.sent: list[tuple[float, bytes]] = []
        self.shapes: list[Shape | None] = []
        """Of what was sent, each."""
        self.ttls: list[int | None] = []
        """The same."""
        self.on_unnamed: Callable[[UnnamedError, float], None] = lambda *_: None
        self.coming: list[tuple[float, Datagram | Refusal]] = []

    def expect(self, port: int, address: str | None = None, mark: bytes = b"", mark_at: int = 0) -> None:
        """Note what an answer looks like."""
        self.expected = (port, address, mark, mark_at)

    def tell_unnamed(self, on_unnamed: Callable[[UnnamedError, float], None]) -> None:
        """Keep who is told."""
        self.on_unnamed = on_unnamed

    def take_lost(self) -> bool:
        """Whether the script says that more came than could be read."""
        return self.is_flooded

    def take_refused(self) -> bool:
        """Whether Windows says that somebody refused a datagram."""
        return False

    def forbid_fragments(self) -> None:
        """Note that from now on nobody may fragment what is sent."""
        self.is_whole = True

    def forget(self) -> None:
        """Drop what has come by now."""
        self.coming = [arrival for arrival in self.coming if arrival[0] > self.clock.now]

    @property
    def port(self) -> int:
        """A port of nobody's."""
        return 40000

    def send(
        self, payload: bytes, address: str, port: int, *, ttl: int | None = None, shape: Shape | None = None
    ) -> str | None:
        """Note the datagram, and queue what the script answers."""
        self.sent.append((self.clock.now - 1000, payload))
        self.shapes.append(shape or self.shape)
        self.ttls.append(ttl)
        answers = self.script(len(self.sent), payload)
        if isinstance(answers, str):
            return answers
        for delay, what in answers:
            at = self.clock.now + delay
            event: Datagram | Refusal
            if isinstance(what, Icmp):
                event = Refusal(what, address, port, at, payload if self.is_quoted else b"")
            elif isinstance(what, tuple):
                event = Datagram(*what, at)
            else:
                event = Datagram(what, address, port, at)
            self.coming.append((at, event))
        self.coming.sort(key=lambda arrival: arrival[0])
        return None

    async def receive(self, deadline: float) -> Datagram | Refusal | None:
        """What comes next, or the deadline, whichever is first."""
        if self.coming and self.coming[0][0] <= deadline:
            at, event = self.coming.pop(0)
            self.clock.now = max(self.clock.now, at)
            return event
        self.clock.now = max(self.clock.now, deadline)
        return None


class FakeNetwork(Network):
    """Hands out fake sockets, all with one script."""

    clock: Clock

    def __init__(self, clock: Clock, script: Script) -> None:
        super().__init__("fake0", 1000.0, clock=clock)
        self.script = script
        self.sockets: list[FakeSocket] = []

    def udp(self, purpose: str, shape: Shape, host: str | None = None, *, local_port: int = 0) -> UdpSocket:
        """A socket that nothing leaves."""
        self.sockets.append(FakeSocket(self.clock, self.script, shape))
        return self.sockets[-1]

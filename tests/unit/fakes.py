"""A network that answers from a script, on a clock that only the script moves."""

from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from netpreflight.probes.net import exchange
from netpreflight.probes.net.sockets import Datagram, Network, Refusal, UdpSocket
from netpreflight.probes.observations import Icmp

Answer = bytes | Icmp | tuple[bytes, str, int]
"""A datagram from the address asked, an ICMP error, or a datagram from another address and port."""
Script = Callable[[int, bytes], list[tuple[float, Answer]] | str]
"""What comes back for the nth datagram sent, each with its delay in seconds; or the system's words of refusal."""


class Clock:
    """Monotonic seconds, for `exchange` and the `probes` that look at the time themselves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *probes: ModuleType) -> None:
        self.now = 1000.0
        for one in (exchange, *probes):
            monkeypatch.setattr(one, "time", SimpleNamespace(monotonic=lambda: self.now))


class FakeSocket(UdpSocket):
    """Sends into a script, and receives from it."""

    def __init__(self, clock: Clock, script: Script) -> None:
        self.clock, self.script = clock, script
        self.sent: list[tuple[float, bytes]] = []
        self.coming: list[tuple[float, Datagram | Refusal]] = []

    @property
    def port(self) -> int:
        """A port of nobody's."""
        return 40000

    def send(self, payload: bytes, address: str, port: int, *, ttl: int | None = None) -> str | None:
        """Note the datagram, and queue what the script answers."""
        self.sent.append((self.clock.now - 1000, payload))
        answers = self.script(len(self.sent), payload)
        if isinstance(answers, str):
            return answers
        for delay, what in answers:
            at = self.clock.now + delay
            event: Datagram | Refusal
            if isinstance(what, Icmp):
                event = Refusal(what, address, port, at)
            elif isinstance(what, tuple):
                event = Datagram(*what, at)
            else:
                event = Datagram(what, address, port, at)
            self.coming.append((at, event))
        self.coming.sort(key=lambda one: one[0])
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

    def __init__(self, clock: Clock, script: Script) -> None:
        super().__init__("fake0", 1000.0)
        self.clock, self.script = clock, script
        self.sockets: list[FakeSocket] = []

    def udp(self, purpose: str, host: str | None = None, *, local_port: int = 0, whole: bool = False) -> UdpSocket:
        """A socket that nothing leaves."""
        self.sockets.append(FakeSocket(self.clock, self.script))
        return self.sockets[-1]

"""How far do packets to a port get, and which router is the last that they pass?

Each packet may be passed on by a limited number of routers (its TTL); the one that may not any more says so, by an ICMP
Time Exceeded (RFC 792). A ladder of such packets to the device's port stands beside ladders to other ports of the same
address: where those get further, somebody treats the device's port in another way. Where this process may open raw
sockets it does; else Linux gives a program without privileges the ICMP errors that its own packets caused, with their
sender and with what they quote (ip(7), IP_RECVERR).

The server is to get as little of this as can be. The device's ladder climbs rung by rung, carries what the device
itself sends, and ends with the first packet that the server answers. The other ladders follow it: up to the furthest
router that is known, so that nothing of theirs gets to the server; and beyond only where the device's port has fallen
silent, no further than the first router that answers them, or where it was answered after all, no further than that.

Then what was not answered is asked again, up to three times. A rung that was answered is not, but for those that tell
where the device's port is lost: its own last one, and a control's beyond it. Routers that limit their ICMP errors have
few to give, and the device's port is to have the first of them. Whatever is asked again is asked from another port, so
that a balancer by flow is seen, and cannot pass for a drop.

Sends at most MOST_PACKETS for a port and its controls. Runs only where the device's port did not answer, or where it is
asked for. There, the path can also be asked whether large datagrams get out whole: by a few with the DF bit set (RFC
1191), whose TTL ends at the furthest router before the server.
"""

import asyncio
import sys
from typing import NamedTuple

from netpreflight.probes.net.ladders import SYN_WAIT_S, Climb, Destination, PendingProbe, Rungs, TcpClimb, UdpClimb
from netpreflight.probes.net.payload_shapes import WHOLE
from netpreflight.probes.net.sockets import UDP_OVERHEAD, Datagram, Network
from netpreflight.probes.observations import Path, PathProbe, PathTarget, WholePackets

MOST_PACKETS = 80
MOST_HOPS = 24
TRIES = 3
LEAST_TRIES = 2
"""Of a silent rung before one that was answered, and of a control's."""
SILENT_RUN = 4
"""After so many silent rungs in a row, nothing more is expected."""
BEYOND = 2
"""So many of them are asked again; and so many of the device's port before a control goes beyond the known routers."""
STEP_S = 0.25
"""How long a rung is waited for before the next is asked; later answers still count."""
LONGER = 2.0
"""So much longer than an answer took a rung is waited for, where the port is known to answer."""
PACE_S = 0.01
"""How often it is looked whether a rung was answered."""
WAIT_S = 0.4
"""How long what was asked again is waited for."""
REPEATED = 2
"""How often more the device's port is asked than a control, where it is silent and the control is not."""
SURER = 4
"""How often once more it is asked there."""
SURER_WITHIN_S = 2.5
"""A look that has taken so long, on a long way, is not made longer by that: it is to end within 4 s."""
LARGE_TRIES = 3


class Target(NamedTuple):
    """The device's port, and the controls at the same address."""

    place: Destination
    device: Rungs
    controls: tuple[Rungs, ...] = ()
    """The first has the protocol of the device's port. None: the port answers, so there is nothing to compare."""
    whole_size: int | None = None
    """Bytes of the IP packets that are to get out whole; None: that is not asked."""
    answers_in_s: float = 0.0
    """How long the port's answer took in this run, where it answered: the ladder waits for more than that."""


async def path(network: Network, targets: list[Target]) -> Path:
    """Look how far packets to the targets get, one target after the other.

    Raises:
        OSError: the interface cannot be used.
    """
    if sys.platform != "linux":
        return Path(
            not_run="only Linux tells a program without privileges which router dropped its packet",
            unlocked_by="Run netpreflight on a Linux laptop in the same network.",
        )
    return Path(targets=[await _Look(network, target).run() for target in targets])


class _Look:
    """The ladders of one target."""

    def __init__(self, network: Network, target: Target) -> None:
        self._network = network
        self._target = target
        self._device = _climb(network, target.place, target.device, "path of the device's port")
        self._controls = [_climb(network, target.place, rungs, "control for the path") for rungs in target.controls]
        self._climbs = [self._device, *self._controls]
        self._step_s = max(STEP_S, LONGER * target.answers_in_s)
        self._device.is_patient = target.answers_in_s > 0
        self._cut_short = False

    async def run(self) -> PathTarget:
        begun = self._network.clock.monotonic()
        whole: WholePackets | None = None
        try:
            while not self._cut_short and ((new := self._further()) or (again := self._again())):
                await (self._round(new, self._step_s) if new else self._round(again, WAIT_S))
            if self._network.clock.monotonic() - begun < SURER_WITHIN_S:
                self._ask_what_counts()
            if sent := [probe.at for climb in self._climbs for probe in climb.tries if probe.open]:
                # Each SYN is waited for to its end: the system would answer what came for one that was given up.
                await self._listen(max(sent) + SYN_WAIT_S - self._network.clock.monotonic())
            if self._target.whole_size is not None:
                whole = await self._large(self._target.whole_size)
        finally:
            for ladder in self._climbs:
                await ladder.close()
        host, address = self._target.place
        return PathTarget(
            host=host,
            address=address,
            device=self._device.seen(),
            controls=[climb.seen() for climb in self._controls],
            cut_short=self._cut_short,
            whole=whole,
        )

    # --- upwards

    def _further(self) -> list[tuple[int, Climb]]:
        """The next rung of each ladder that goes on."""
        going = [self._device] if self._device_goes_on() else []
        going += [climb for climb in self._controls if self._control_goes_on(climb)]
        return [(climb.top + 1, climb) for climb in going]

    def _device_goes_on(self) -> bool:
        device = self._device
        if device.end is not None or device.reached or self._telling():
            return False
        return device.top < min([MOST_HOPS, *self._ends, self._reach + SILENT_RUN])

    def _control_goes_on(self, control: Climb) -> bool:
        """Whether a control is asked one rung further: where a router is, or where it has to be compared."""
        device, rung = self._device, control.top + 1
        if control.end is not None or control.reached or rung > MOST_HOPS:
            return False
        if rung <= self._known:
            return True
        if device.end is not None:
            return rung <= device.end
        if self._telling() or control.last > device.last or rung > min([*self._ends, self._reach + SILENT_RUN]):
            return False
        silent = device.top - device.last
        return rung <= device.top and (silent >= BEYOND or not self._device_goes_on())

    @property
    def _known(self) -> int:
        """The highest TTL of which a router has said that packets get no further with it; 0: none."""
        passed = (ttl for ladder in self._climbs for ttl in range(1, ladder.top + 1) if ladder.passed(ttl))
        return max(passed, default=0)

    @property
    def _reach(self) -> int:
        """The highest TTL that anybody answered for the device's protocol."""
        return max(climb.last for climb in self._climbs[:2])

    @property
    def _ends(self) -> list[int]:
        """The TTLs with which a control got to the destination, or to somebody who refuses it."""
        return [climb.end for climb in self._controls if climb.end is not None]

    def _telling(self) -> list[int]:
        """The first rung at which the device's port is silent, and a control of its protocol is not; as a list."""
        device = self._device
        if device.end is not None or not self._controls:
            return []
        control = self._controls[0]
        return [ttl for ttl in range(device.last + 1, device.top + 1) if control.passed(ttl)][:1]

    # --- once more

    def _again(self) -> list[tuple[int, Climb]]:
        """What is asked once more; the device's port first."""
        telling = self._telling()
        wanted: list[tuple[int, Climb]] = []
        for climb in self._climbs:
            again = [ttl for ttl in range(1, climb.top + 1) if self._is_missing(climb, ttl)]
            if telling:
                again += self._confirming(climb, telling[0], again)
            wanted += [(ttl, climb) for ttl in again]
        return sorted(wanted, key=lambda rung: (rung[0], self._climbs.index(rung[1])))

    def _is_missing(self, climb: Climb, ttl: int) -> bool:
        """Whether a rung was not answered, and may be with another try."""
        most = TRIES if climb is self._device and ttl > climb.last else LEAST_TRIES
        if climb.has_answer(ttl) or climb.asked(ttl) >= most or (climb.end is not None and ttl > climb.end):
            return False
        if climb.reached and ttl > self._known + 1:
            return False  # the server has had one already
        within = MOST_HOPS if climb.unsettled else max(self._ends, default=self._reach + BEYOND)
        return ttl <= min(climb.last + SILENT_RUN, within)

    def _confirming(self, climb: Climb, telling: int, again: list[int]) -> list[int]:
        """What is asked beside `again`, where the device's port falls silent and a control goes on at `telling`."""
        if climb is self._controls[0]:
            return [telling] if climb.asked(telling) < TRIES else []
        if climb is not self._device:
            return []
        more = [climb.last] if 0 < climb.asked(climb.last) < TRIES else []
        lacking = REPEATED * TRIES - climb.asked(telling) - (telling in again)
        return more + [telling] * max(0, min(lacking, REPEATED))

    def _ask_what_counts(self) -> None:
        """Ask again, as far as the limit allows, where the device's port is silent and a control is not.

        Where each packet takes one of two ways by chance, so many are not all lost by chance. The last router that
        answered is spared: many answer only a few at a time.
        """
        for ttl in self._telling() * SURER:
            if sum(ladder.packets for ladder in self._climbs) + self._device.most_packets > MOST_PACKETS:
                break
            self._device.send(ttl)

    # --- sending and waiting

    async def _round(self, wanted: list[tuple[int, Climb]], wait_s: float) -> None:
        """Ask these, and wait until they are answered, or for so long. What ends at a known router keeps nobody."""
        asked: list[PendingProbe] = []
        known = self._known
        for ttl, climb in wanted:
            if not await self._has_room(climb):
                return
            made = climb.send(ttl)
            if ttl > known or wait_s == WAIT_S:
                asked.append(made)
        deadline = self._network.clock.monotonic() + wait_s
        await self._listen(PACE_S)
        while any(probe.open for probe in asked) and (left_s := deadline - self._network.clock.monotonic()) > 0:
            await self._listen(min(left_s, PACE_S))

    async def _has_room(self, climb: Climb) -> bool:
        """Whether the limit of packets leaves room for one more try, if need be once it is known what others cost."""
        while sum(ladder.packets for ladder in self._climbs) + climb.most_packets > MOST_PACKETS:
            if sum(ladder.sent for ladder in self._climbs) + climb.most_packets > MOST_PACKETS:
                self._cut_short = True
                return False
            await self._listen(PACE_S)
        return True

    async def _listen(self, seconds: float) -> None:
        deadline = self._network.clock.monotonic() + seconds
        await asyncio.gather(*(ladder.listen(deadline) for ladder in self._climbs))

    # --- large datagrams

    async def _large(self, size: int) -> WholePackets:
        """Send datagrams of `size` bytes, from the IP header on, to the furthest router before the server.

        They are of the ladder's own flow: another's way may be shorter, and would lead them to the server.
        """
        place = self._target.place
        sock, last = self._device.last_before_the_end()
        if sock is None:
            return WholePackets(size=size)
        probes: list[PathProbe] = []
        sock.forbid_fragments()
        for _ in range(LARGE_TRIES):
            at = self._network.clock.monotonic()
            payload = bytes(size - UDP_OVERHEAD)
            problem = sock.send(payload, place.address, self._target.device.port, ttl=last, shape=WHOLE)
            made = PendingProbe(last, at, payload, outcome="error" if problem else "timeout", detail=problem)
            while made.open and (event := await sock.receive(at + WAIT_S)):
                if not isinstance(event, Datagram) and event.quoted[:1] in {b"", b"\0"}:
                    made.refused(event.icmp, b"", event.at)
            probes.append(made.seen(self._network))
            if made.outcome != "timeout":
                break
        return WholePackets(size=size, probes=probes)


def _climb(network: Network, place: Destination, rungs: Rungs, purpose: str) -> Climb:
    kind = UdpClimb if rungs.protocol == "udp" else TcpClimb
    return kind(network, place, rungs, purpose)

"""How far do packets to a port get, and which is the last router that they pass?

The TTL of a packet limits how many routers may forward it; the router at which the TTL runs out answers with an ICMP
Time Exceeded (RFC 792). A ladder is a series of packets with rising TTL, one rung for each TTL. The ladder to the cloud
port (the port that the device uses to reach its cloud; `device` in this file) is compared with ladders to other ports
of the same address, the controls: if those get further, a router or firewall on the way treats the cloud port
differently. Raw sockets are used if this process may open them. If not, Linux still gives a program the ICMP errors
that its own packets caused, with their sender and the part of the packet that they quote (ip(7), IP_RECVERR), and
Windows those that its SYNs caused, with their sender.

The server should get as few of these packets as possible. The ladder to the cloud port climbs rung by rung, carries
what the device itself sends, and ends with the first packet that the server answers. The controls climb up to the
furthest known router, so that none of their packets reaches the server. They go further only after packets to the cloud
port have stopped being answered; then they stop at the first router that answers them, or at the rung at which the
cloud port was answered.

Then rungs without an answer are asked again, up to three times. Answered rungs are asked again only if they show where
packets to the cloud port are lost: its own last answered rung, and the next rung of a control. Many routers limit how
many ICMP errors they send, so the cloud port is asked first. Repeats use another source port, so that load balancing by
flow shows, and is not mistaken for a drop.

At most MOST_PACKETS are sent for a port and its controls. The probe runs only if the cloud port did not answer, or on
request. It can also find out whether large datagrams leave the network unfragmented: it sends a few with the DF bit set
(RFC 1191), whose TTL ends at the furthest router before the server.
"""

import asyncio
from typing import NamedTuple

from netpreflight.probes import obstacles
from netpreflight.probes.net.ladders import SYN_WAIT_S, Climb, Destination, PendingProbe, Rungs, TcpClimb, UdpClimb
from netpreflight.probes.net.payload_shapes import WHOLE
from netpreflight.probes.net.sockets import Network, Refusal
from netpreflight.probes.observations import UDP_OVERHEAD, Path, PathProbe, PathTarget, WholePackets
from netpreflight.systems import SYSTEM

MOST_PACKETS = 80
"""The most packets for one target: the cloud port and its controls."""
MOST_HOPS = 24
"""The highest TTL that is tried."""
TRIES = 3
"""How often a silent rung of the cloud port is tried above its last answered rung."""
LEAST_TRIES = 2
"""How often a silent rung is tried: of a control, or of the cloud port below a rung that was answered."""
SILENT_RUN = 4
"""A ladder stops after this many silent rungs in a row."""
SILENT_RUNGS_REPEATED = 2
"""How many silent rungs at the end are asked again; also how many rungs of the cloud port have to be silent before a
control goes beyond the known routers."""
STEP_S = 0.25
"""How long to wait for a rung before the next one is sent; later answers still count."""
ANSWER_TIMES_WAITED = 2.0
"""If the port answered earlier in the run, each rung waits this many times as long as that answer took."""
PACE_S = 0.01
"""How long to wait before checking again whether a rung was answered."""
WAIT_S = 0.4
"""How long to wait for the answers of rungs that were asked again."""
REPEATS_AT_LOSS = 2
"""At the rung where only the cloud port is silent, the cloud port is tried this many times as often as elsewhere."""
EXTRA_PACKETS = 4
"""How many more packets are sent to the cloud port at that rung at the end."""
EXTRA_WITHIN_S = 2.5
"""The extra packets are not sent if the ladders have taken longer than this: all should end within 4 s."""
LARGE_TRIES = 3
"""How many large datagrams are sent at most."""


class Target(NamedTuple):
    """The cloud port at one address, and the controls at the same address."""

    place: Destination
    device: Rungs
    controls: tuple[Rungs, ...] = ()
    """The first control has the protocol of the cloud port. Empty: the cloud port answers, nothing is compared."""
    whole_size: int | None = None
    """Size in bytes of the large IP packets to send with the DF bit; None: send none."""
    answers_in_s: float = 0.0
    """How long the cloud port took to answer earlier in this run, so that the ladder waits for it; 0: it did not."""


async def path(network: Network, targets: list[Target]) -> Path:
    """Measure how far packets to each target get, one target after the other.

    Raises:
        OSError: the interface cannot be used.
    """
    told = SYSTEM.tells_icmp_errors_now()
    targets_seen = []
    for target in targets:
        if (obstacle := obstacles.to_trace(target.device.protocol, told, SYSTEM)) is not None:
            return Path(not_run=obstacle.reason, unlocked_by=obstacle.step)
        controls = tuple(control for control in target.controls if control.protocol in told)
        look = _Look(network, target._replace(controls=controls))
        with network.waiting("path", network.clock.monotonic() + look.most_s, port=target.device.port):
            targets_seen.append(await look.run())
    return Path(targets=targets_seen)


class _Look:
    """The ladders of one target."""

    def __init__(self, network: Network, target: Target) -> None:
        self._network = network
        self._target = target
        self._device = _climb(network, target.place, target.device, "path of the device's port")
        self._controls = [_climb(network, target.place, rungs, "control for the path") for rungs in target.controls]
        self._climbs = [self._device, *self._controls]
        self._step_s = max(STEP_S, ANSWER_TIMES_WAITED * target.answers_in_s)
        self._device.is_patient = target.answers_in_s > 0
        self._cut_short = False

    @property
    def most_s(self) -> float:
        """The longest time that `run` can take: if each packet is sent in a round of its own."""
        return MOST_PACKETS * max(self._step_s, WAIT_S) + SYN_WAIT_S + LARGE_TRIES * WAIT_S

    async def run(self) -> PathTarget:
        """Climb the ladders, ask silent rungs again, and send the large datagrams."""
        self._network.watch_unasked(self._target.device.port, errors_only=True)
        begun = self._network.clock.monotonic()
        whole: WholePackets | None = None
        try:
            while not self._cut_short and ((rungs := self._next_rungs()) or (repeats := self._rungs_to_repeat())):
                await (self._round(rungs, self._step_s) if rungs else self._round(repeats, WAIT_S))
            if self._network.clock.monotonic() - begun < EXTRA_WITHIN_S:
                self._send_extra()
            if sent := [probe.at for climb in self._climbs for probe in climb.tries if probe.open]:
                # Wait until the last SYN has timed out: the system would answer the reply to a SYN given up before.
                await self._listen(max(sent) + SYN_WAIT_S - self._network.clock.monotonic())
            if self._target.whole_size is not None:
                whole = await self._send_large(self._target.whole_size)
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
            unasked=self._network.unasked(address, self._target.device.port),
        )

    # --- upwards

    def _next_rungs(self) -> list[tuple[int, Climb]]:
        """(TTL, ladder) of the next rung of each ladder that has to climb further."""
        climbing = [self._device] if self._device_goes_on() else []
        climbing += [climb for climb in self._controls if self._control_goes_on(climb)]
        return [(climb.top + 1, climb) for climb in climbing]

    def _device_goes_on(self) -> bool:
        """Whether the ladder to the cloud port has to climb further."""
        device = self._device
        if device.end is not None or device.reached or self._ttl_of_loss():
            return False
        return device.top < min([MOST_HOPS, *self._ends, self._reach + SILENT_RUN])

    def _control_goes_on(self, control: Climb) -> bool:
        """Whether a control has to climb one rung further: up to the known routers, or for the comparison."""
        device, rung = self._device, control.top + 1
        if control.end is not None or control.reached or rung > MOST_HOPS:
            return False
        if rung <= self._known:
            return True
        if device.end is not None:
            return rung <= device.end
        if self._ttl_of_loss() or control.last > device.last or rung > min([*self._ends, self._reach + SILENT_RUN]):
            return False
        silent_rungs = device.top - device.last
        return rung <= device.top and (silent_rungs >= SILENT_RUNGS_REPEATED or not self._device_goes_on())

    @property
    def _known(self) -> int:
        """The highest TTL at which a router answered any ladder with Time Exceeded; 0: no router did."""
        passed = (ttl for ladder in self._climbs for ttl in range(1, ladder.top + 1) if ladder.passed(ttl))
        return max(passed, default=0)

    @property
    def _reach(self) -> int:
        """The highest TTL that was answered on the ladders with the cloud port's protocol (UDP or TCP)."""
        return max(climb.last for climb in self._climbs[:2])

    @property
    def _ends(self) -> list[int]:
        """The TTLs at which controls reached the destination, or were refused on the way."""
        return [climb.end for climb in self._controls if climb.end is not None]

    def _ttl_of_loss(self) -> list[int]:
        """The first TTL at which a router answers the control of the same protocol, but not the cloud port.

        A list with that TTL; empty: there is none.
        """
        device = self._device
        if device.end is not None or not self._controls:
            return []
        control = self._controls[0]
        return [ttl for ttl in range(device.last + 1, device.top + 1) if control.passed(ttl)][:1]

    # --- once more

    def _rungs_to_repeat(self) -> list[tuple[int, Climb]]:
        """(TTL, ladder) of each rung to ask once more, sorted by TTL; at each TTL the cloud port comes first."""
        loss_ttl = self._ttl_of_loss()
        wanted: list[tuple[int, Climb]] = []
        for climb in self._climbs:
            ttls = [ttl for ttl in range(1, climb.top + 1) if self._is_missing(climb, ttl)]
            if loss_ttl:
                ttls += self._ttls_to_confirm(climb, loss_ttl[0], ttls)
            wanted += [(ttl, climb) for ttl in ttls]
        return sorted(wanted, key=lambda rung: (rung[0], self._climbs.index(rung[1])))

    def _is_missing(self, climb: Climb, ttl: int) -> bool:
        """Whether a rung was not answered, and another try is worthwhile."""
        most = TRIES if climb is self._device and ttl > climb.last else LEAST_TRIES
        if climb.has_answer(ttl) or climb.asked(ttl) >= most or (climb.end is not None and ttl > climb.end):
            return False
        if climb.reached and ttl > self._known + 1:
            return False  # a packet has already reached the server
        within = MOST_HOPS if climb.unsettled else max(self._ends, default=self._reach + SILENT_RUNGS_REPEATED)
        return ttl <= min(climb.last + SILENT_RUN, within)

    def _ttls_to_confirm(self, climb: Climb, loss_ttl: int, already_wanted: list[int]) -> list[int]:
        """The TTLs to ask besides `already_wanted`, to confirm that at `loss_ttl` only the cloud port is silent."""
        if climb is self._controls[0]:
            return [loss_ttl] if climb.asked(loss_ttl) < TRIES else []
        if climb is not self._device:
            return []
        last_ttl = [climb.last] if 0 < climb.asked(climb.last) < TRIES else []
        missing_tries = REPEATS_AT_LOSS * TRIES - climb.asked(loss_ttl) - (loss_ttl in already_wanted)
        return last_ttl + [loss_ttl] * max(0, min(missing_tries, REPEATS_AT_LOSS))

    def _send_extra(self) -> None:
        """Ask a few more times, within the limit of packets, at the rung where only the cloud port is silent.

        If routers choose one of two paths at random for each packet, this many packets are not all lost by chance. The
        last router that answered is not asked again: many routers answer only a few packets at a time.
        """
        for ttl in self._ttl_of_loss() * EXTRA_PACKETS:
            if sum(ladder.packets for ladder in self._climbs) + self._device.most_packets > MOST_PACKETS:
                break
            self._device.send(ttl)

    # --- sending and waiting

    async def _round(self, wanted: list[tuple[int, Climb]], wait_s: float) -> None:
        """Ask these rungs, and wait up to `wait_s` for the answers, but not for those of routers already known."""
        awaited: list[PendingProbe] = []
        known = self._known
        for ttl, climb in wanted:
            if not await self._has_room(climb):
                return
            probe = climb.send(ttl)
            if ttl > known or wait_s == WAIT_S:
                awaited.append(probe)
        deadline = self._network.clock.monotonic() + wait_s
        await self._listen(PACE_S)
        while any(probe.open for probe in awaited) and (left_s := deadline - self._network.clock.monotonic()) > 0:
            await self._listen(min(left_s, PACE_S))

    async def _has_room(self, climb: Climb) -> bool:
        """Whether the limit of packets allows one more try.

        If unanswered tries may still send packets, wait until it is known how many packets they sent.
        """
        while sum(ladder.packets for ladder in self._climbs) + climb.most_packets > MOST_PACKETS:
            if sum(ladder.sent for ladder in self._climbs) + climb.most_packets > MOST_PACKETS:
                self._cut_short = True
                return False
            await self._listen(PACE_S)
        return True

    async def _listen(self, seconds: float) -> None:
        """Read the answers to all ladders for `seconds`, or until no answer is outstanding."""
        deadline = self._network.clock.monotonic() + seconds
        await asyncio.gather(*(ladder.listen(deadline) for ladder in self._climbs))

    # --- large datagrams

    async def _send_large(self, size: int) -> WholePackets:
        """Send datagrams of `size` bytes, from the IP header on, to the furthest router before the server.

        They belong to the same flow as the ladder: another flow may take a shorter path, on which they would reach the
        server.
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
            probe = PendingProbe(last, at, payload, outcome="error" if problem else "timeout", detail=problem)
            while probe.open and (event := await sock.receive(at + WAIT_S)):
                if isinstance(event, Refusal) and event.quoted[:1] in {b"", b"\0"}:
                    probe.refused(event.icmp, b"", event.at)
            probes.append(probe.seen(self._network))
            if probe.outcome != "timeout":
                break
        return WholePackets(size=size, probes=probes)


def _climb(network: Network, place: Destination, rungs: Rungs, purpose: str) -> Climb:
    """A ladder for the protocol of these rungs: with datagrams or SYNs."""
    kind = UdpClimb if rungs.protocol == "udp" else TcpClimb
    return kind(network, place, rungs, purpose)

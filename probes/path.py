"""How far do packets to a port get, and which router is the last that they pass?

Each packet may be passed on by a limited number of routers (its TTL); the one that may not any more says so, by an ICMP
Time Exceeded (RFC 792). A ladder of such packets to the device's port stands beside ladders to other ports of the same
address: where those get further, somebody treats the device's port in another way. Where this process may open raw
sockets it does; else Linux gives a program without privileges the ICMP errors that its own packets caused, with their
sender and with what they quote (ip(7), IP_RECVERR).

Rungs are asked at once, eight in a flight, and up to three times where nothing came. A rung that was answered is not
asked again, but for those that tell where the device's port is lost: its own last one, and a control's beyond it.
Routers that limit their ICMP errors have few to give, and the device's port is to have the first of them. Whatever is
asked again is asked from another port, so that a balancer by flow is seen, and cannot pass for a drop.

Sends at most MOST_PACKETS for a port and its controls. Runs only where the device's port did not answer, or where it is
asked for.
"""

import asyncio
import sys
import time
from itertools import groupby
from typing import NamedTuple

from probes.ladders import SYN_WAIT_S, Climb, Place, Rungs, TcpClimb, UdpClimb
from probes.network import Network
from probes.observations import Path, PathTarget

MOST_PACKETS = 80
MOST_HOPS = 24
FLIGHT = 8
TRIES = 3
LEAST_TRIES = 2
"""Of a silent rung before one that was answered, and of the other protocol's control."""
SILENT_RUN = 4
"""After so many silent rungs in a row, nothing more is expected."""
BEYOND = 2
"""So many of them are asked again."""
PACE_S = 0.01
"""Between one rung and the next, while answers are on their way: a destination that is reached ends a ladder."""
WAIT_S = 0.4
"""How long a flight is waited for before what is missing is asked again; later answers still count."""
REPEATED = 2
"""At so many rungs a control is asked as often as the device's port; where there is but one, that twice as often."""
SURER = 4
"""How often more the device's port is asked for where it is silent and a control is not."""
SURER_WITHIN_S = 2.5
"""A look that has taken so long, on a long way, is not made longer by that: it is to end within 4 s."""
_ROUNDS = MOST_HOPS // FLIGHT + TRIES - 1


class Target(NamedTuple):
    """The device's port, and the controls at the same address."""

    place: Place
    device: Rungs
    controls: tuple[Rungs, ...]
    """The first has the protocol of the device's port."""


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
    return Path(targets=[await _Look(network, one).run() for one in targets])


class _Look:
    """The ladders of one target."""

    def __init__(self, network: Network, target: Target) -> None:
        self._target = target
        self._device = _climb(network, target.place, target.device, "path of the device's port")
        self._controls = [_climb(network, target.place, one, "control for the path") for one in target.controls]
        self._climbs = [self._device, *self._controls]
        self._cut_short = False

    async def run(self) -> PathTarget:
        begun = time.monotonic()
        try:
            for flight in range(_ROUNDS):
                if not await self._round(self._wanted(flight)):
                    break
            surer = time.monotonic() - begun < SURER_WITHIN_S and self._ask_what_counts()
            if surer or any(not one.has_answer(ttl) for one in self._climbs for ttl in range(1, one.top + 1)):
                await self._listen(SYN_WAIT_S if surer else SYN_WAIT_S - WAIT_S)
        finally:
            for one in self._climbs:
                await one.close()
        host, address = self._target.place
        return PathTarget(
            host=host,
            address=address,
            device=self._device.seen(),
            controls=[one.seen() for one in self._controls],
            cut_short=self._cut_short,
        )

    def _wanted(self, flight: int) -> list[tuple[int, Climb]]:
        """What is asked in a round: the next flight, and again what is missing; the device's port first each time."""
        ends = {one.end for one in self._climbs if one.end is not None}
        reach, top = max(one.last for one in self._climbs), max(one.top for one in self._climbs)
        goes_on = top < MOST_HOPS and (flight == 0 or reach > top - SILENT_RUN)
        telling = [] if self._device.end else self._telling()
        wanted: list[tuple[int, Climb]] = []
        for climb in self._climbs:
            most = TRIES if climb in self._climbs[:2] else LEAST_TRIES
            again = [
                ttl
                for ttl in range(1, climb.top + 1)
                if not climb.has_answer(ttl)
                and 0 < climb.asked(ttl) < (most if ttl > climb.last else LEAST_TRIES)
                and (ttl in ends or ttl <= min(climb.last + SILENT_RUN, self._within(climb, ends, reach)))
            ]
            if telling:
                again += self._confirming(climb, telling, again)
            # Beyond the destination as another port found it, only who still gets answers goes on.
            far = climb.end is not None or (ends and climb.top > max(ends) and climb.last <= max(ends))
            if far or not goes_on or self._overtaken(climb):
                new = [ttl for ttl in ends if climb.end is None and not climb.asked(ttl)]
            else:
                new = [*range(climb.top + 1, min(top, FLIGHT * flight) + FLIGHT + 1)]
            wanted += [(ttl, climb) for ttl in [*again, *new]]
        return sorted(wanted, key=lambda one: (one[0], self._climbs.index(one[1])))

    def _within(self, climb: Climb, ends: set[int], reach: int) -> int:
        """The furthest rung that is worth another try, where nothing came from it."""
        if climb.unsettled:
            return MOST_HOPS
        return max(ends) if ends else reach + BEYOND

    def _overtaken(self, climb: Climb) -> bool:
        """Whether others are answered at so many rungs beyond a ladder's last that nothing more is expected of it."""
        beyond = range(climb.last + 1, climb.top + 1)
        return sum(any(one.has_answer(ttl) for one in self._climbs) for ttl in beyond) >= SILENT_RUN

    def _telling(self) -> list[int]:
        """The next rungs at which the device's port is silent, and a control of its protocol is not."""
        device, control = self._device, self._controls[0]
        return [ttl for ttl in range(device.last + 1, control.top + 1) if control.passed(ttl)][:REPEATED]

    def _confirming(self, climb: Climb, telling: list[int], again: list[int]) -> list[int]:
        """What is asked beside `again`, where the device's port falls silent and a control goes on at `telling`."""
        if climb is self._controls[0]:
            return [ttl for ttl in telling if climb.asked(ttl) < TRIES]
        if climb is not self._device:
            return []
        more = [climb.last] if 0 < climb.asked(climb.last) < TRIES else []
        for ttl in telling:
            lacking = REPEATED * TRIES // len(telling) - climb.asked(ttl) - (ttl in again)
            more += [ttl] * max(0, min(lacking, REPEATED))
        return more

    def _ask_what_counts(self) -> bool:
        """Ask again, as far as the limit allows, where the device's port is silent and a control is not.

        Where each packet takes one of two ways by chance, so many are not all lost by chance. The last router that
        answered is spared: many answer only a few at a time.

        Returns:
            Whether there was anything to ask.
        """
        asked = False
        for ttl in ([] if self._device.end else self._telling()) * SURER:
            if sum(one.packets for one in self._climbs) + self._device.most_packets > MOST_PACKETS:
                break
            self._device.send(ttl)
            asked = True
        return asked

    async def _round(self, wanted: list[tuple[int, Climb]]) -> bool:
        """Ask these, and wait; whether there was anything to ask."""
        for ttl, rung in groupby(wanted, key=lambda one: one[0]):
            first = False
            for _, climb in rung:
                if (climb.end is None or ttl < climb.end or climb.has_answer(ttl)) and await self._has_room(climb):
                    first = first or not climb.asked(ttl)
                    climb.send(ttl)
            if first:
                await self._listen(PACE_S)
        await self._listen(WAIT_S)
        return bool(wanted)

    async def _has_room(self, climb: Climb) -> bool:
        """Whether the limit of packets leaves room for one more try, if need be once it is known what others cost."""
        while sum(one.packets for one in self._climbs) + climb.most_packets > MOST_PACKETS:
            if sum(one.sent for one in self._climbs) + climb.most_packets > MOST_PACKETS:
                self._cut_short = True
                return False
            await self._listen(PACE_S)
        return True

    async def _listen(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        await asyncio.gather(*(one.listen(deadline) for one in self._climbs))


def _climb(network: Network, place: Place, rungs: Rungs, purpose: str) -> Climb:
    kind = UdpClimb if rungs.protocol == "udp" else TcpClimb
    return kind(network, place, rungs, purpose)

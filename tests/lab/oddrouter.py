"""A router that does what Linux's routers never do: one more hop of a chain, in this process, between r2 and r3.

It stands between two tun devices. Whether it quotes little, answers late, alternates between two ways, or passes on
what it should not, is what a test gives it.
"""

import asyncio
import itertools
import os
import random
from dataclasses import dataclass, field
from functools import partial

from netpreflight.probes.net import packets
from tests.lab.chain import Chain
from tests.lab.tunnel import tun

INET = packets.layers("inet")
HEADERS = 28  # IP without options, and the eight bytes that RFC 792 asks for
SYN = 2
_numbers = itertools.count(1)


@dataclass
class OddRouter:
    """What the router does, and how often it did.

    Attributes:
        quote: bytes that it quotes in an ICMP error, from the IP header on; None: what there is.
        trims: whether it cuts the quotes in others' errors to that, too, as if they had quoted no more.
        delay_s: how late its own errors are.
        forgets: whether what it quotes has lost its identification.
        overrun: whether it passes on a packet whose time is up, so that the next router answers for it.
        hidden: whether it counts no hop at all.
        ways: the addresses in whose name it answers, one for each packet by chance.
        drops: protocol number and port that the first of its ways drops.
        accepts_s: after how long it accepts every SYN in the destination's name; None: it does not.
    """

    quote: int | None = None
    trims: bool = False
    delay_s: float = 0.0
    forgets: bool = False
    overrun: bool = False
    hidden: bool = False
    ways: tuple[str, ...] = ("192.0.2.201",)
    drops: tuple[int, int] | None = None
    accepts_s: float | None = None
    did: int = field(default=0, init=False)
    _chance: random.Random = field(default_factory=lambda: random.Random(2026), init=False)

    def join(self, chain: Chain) -> None:
        """Take the place of the link between r2 and r3."""
        near, far = chain.routers[1].where, chain.routers[2].where
        device = f"odd{next(_numbers)}"
        ends = tun(near, device), tun(far, device)
        for namespace in (near, far):
            namespace.ip(f"link set {device} up")
            namespace.sysctl(f"net/ipv4/conf/{device}/rp_filter", "0")
            namespace.sysctl("net/ipv4/conf/all/rp_filter", "0")
        near.ip(f"route replace default dev {device}")
        far.ip(f"route replace {chain.outside}/32 dev {device}")
        self._near, self._far = ends

        async def start() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._near, self._outwards)
            self._loop.add_reader(self._far, self._homewards)

        chain.reactor.call(start())
        chain.reactor.closers += [partial(os.close, end) for end in ends]

    def _outwards(self) -> None:
        packet = os.read(self._near, 65535)
        if packet[0] >> 4 != 4:
            return
        left = packet[8] if self.hidden else packet[8] - 1
        way = self._chance.choice(self.ways)
        if left < 1 and not self.overrun:
            self.did += 1
            self._loop.call_later(self.delay_s, os.write, self._near, self._error(packet, way))
            return
        port = int.from_bytes(packet[22:24])
        if (packet[9], port) == self.drops and way == self.ways[0]:
            self.did += 1
            return
        if packet[9] == 6 and self.accepts_s is not None:
            if packet[33] == SYN:
                self.did += 1
                self._loop.call_later(self.accepts_s, os.write, self._near, _acceptance(packet))
            return
        self.did += self.hidden or left < 1
        os.write(self._far, _with_ttl(packet, max(left, 1)))

    def _homewards(self) -> None:
        packet = os.read(self._far, 65535)
        if packet[0] >> 4 != 4:
            return
        if self.trims and packet[9] == 1 and packet[20] in {3, 11}:
            error = INET.IP(packet)
            made = INET.IP(src=error.src, dst=error.dst) / INET.ICMP(type=packet[20], code=packet[21])
            packet = bytes(made / packet[28:][: self.quote])
            self.did += 1
        os.write(self._near, packet)

    def _error(self, packet: bytes, way: str) -> bytes:
        quoted = packet
        if self.forgets:
            quoted = packet[:4] + b"\0\0" + packet[6:]
        made = INET.IP(src=way, dst=INET.IP(packet).src) / INET.ICMP(type=11) / quoted[: self.quote]
        return bytes(made)


def _acceptance(packet: bytes) -> bytes:
    syn = INET.IP(packet)
    transport = syn[INET.TCP]
    made = INET.TCP(sport=transport.dport, dport=transport.sport, seq=1, ack=transport.seq + 1, flags="SA")
    return bytes(INET.IP(src=syn.dst, dst=syn.src) / made)


def _with_ttl(packet: bytes, ttl: int) -> bytes:
    made = INET.IP(packet)
    made.ttl = ttl
    made.chksum = None
    return bytes(made)

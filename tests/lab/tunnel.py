"""A VPN tunnel: two real tun devices in two namespaces, and a callback that carries packets between them."""

import contextlib
import fcntl
import os
import struct
from functools import partial

from tests.lab.fakes import Reactor
from tests.lab.namespaces import Namespace

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def tun(where: Namespace, device: str) -> int:
    """A tun device, and the descriptor at which its packets are read and written."""
    with where.entered():
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


def join(reactor: Reactor, a: Namespace, b: Namespace, device: str) -> None:
    """Make `device` in both namespaces, joined like the two ends of a VPN; they go when the reactor does."""
    ends = tun(a, device), tun(b, device)

    def carry(source: int, target: int) -> None:
        with contextlib.suppress(OSError):  # the far end is down: the packet is lost
            os.write(target, os.read(source, 65535))

    async def start() -> None:
        for source, target in (ends, ends[::-1]):
            reactor.loop.add_reader(source, carry, source, target)

    reactor.call(start())
    reactor.closers += [partial(os.close, end) for end in ends]

"""A hostile neighbour: a host of the lab's LAN that nobody asks, and that sends in other hosts' names.

It sees nothing of what the laptop sends. It knows addresses and well-known ports, and tries all ports that the laptop
may have chosen, thousands a second. What it sends comes from a process of its own, which counts it: a test that reads
no count has shown nothing.

    neighbour = HostileNeighbour(lab)
    with neighbour.alerts("198.51.100.21") as attack:
        run = lab.check(...)
    assert attack.sent > 1000
"""

import itertools
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from netpreflight.probes.net import packets
from tests.lab import sweeper
from tests.lab.lab import LAPTOP, Lab
from tests.lab.namespaces import Namespace, kill, wait_until
from tests.lab.servers import LAPTOP_MAC

ADDRESS, MAC = "192.168.77.66", "02:00:00:77:00:66"
EPHEMERAL = range(32768, 61000)
"""The ports that Linux chooses from (net.ipv4.ip_local_port_range)."""
PER_SECOND = 2600
DTLS, NTP, DNS = 5684, 123, 53
_ETHERNET, _IP, _UDP = 14, 20, 8
_numbers = itertools.count(1)


class Attack:
    """Frames that are sent, one for each port in turn, from `with ... as attack:` to the end of the block.

    Args:
        where: the namespace to send from; its device is eth0.
        folder: for the counter and the log.
        frame: what to send, from the Ethernet header on.
        port_at: where in it the port goes.
        complement_at: where the complement of the port goes, which keeps a checksum the same; None: nowhere.
        ports: the ports to try, over and over.
        per_second: how many frames are sent in a second.
    """

    def __init__(
        self,
        where: Namespace,
        folder: Path,
        frame: bytes,
        *,
        port_at: int,
        complement_at: int | None = None,
        ports: range = EPHEMERAL,
        per_second: int = PER_SECOND,
    ) -> None:
        self._where = where
        self._count = folder / f"attack{next(_numbers)}"
        self._argv = [
            sys.executable, sweeper.__file__, str(self._count), frame.hex(), str(port_at),
            "none" if complement_at is None else str(complement_at), str(ports.start), str(ports.stop), str(per_second),
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._count.write_bytes(bytes(sweeper.COUNT_SIZE))
        log = self._count.with_suffix(".log")
        self._process: subprocess.Popen[bytes] = self._where.spawn(self._argv, log)
        wait_until(lambda: self.sent > 0 or self._process.poll() is not None, "the hostile neighbour to begin")
        assert self._process.poll() is None, log.read_text()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        kill(self._process)

    @property
    def sent(self) -> int:
        """How many frames it has sent so far, by its own count."""
        return int.from_bytes(self._count.read_bytes(), sys.byteorder)


class HostileNeighbour:
    """A further host on the LAN of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._folder = lab.folder
        self.where = lab.add_host("neighbour", f"{ADDRESS}/24", MAC)

    def attack(
        self,
        frame: bytes,
        *,
        port_at: int,
        complement_at: int | None = None,
        ports: range = EPHEMERAL,
        per_second: int = PER_SECOND,
    ) -> Attack:
        """Send a frame again and again, with another port each time; see `Attack`."""
        return Attack(
            self.where,
            self._folder,
            frame,
            port_at=port_at,
            complement_at=complement_at,
            ports=ports,
            per_second=per_second,
        )

    def datagrams(
        self, source: str, port: int, payload: bytes, *, ports: range = EPHEMERAL, per_second: int = PER_SECOND
    ) -> Attack:
        """Datagrams to the laptop in the name of a server; the port that they go to is tried."""
        frame = _frame(source, socket.IPPROTO_UDP, udp(port, 0, payload))
        return self.attack(frame, port_at=_ETHERNET + _IP + 2, ports=ports, per_second=per_second)

    def alerts(self, cloud: str, *, ports: range = EPHEMERAL, per_second: int = PER_SECOND) -> Attack:
        """Fatal DTLS alerts (handshake_failure) in the name of a device's cloud."""
        return self.datagrams(cloud, DTLS, alert(), ports=ports, per_second=per_second)

    def refusals(
        self,
        router: str,
        to: tuple[str, int],
        *,
        kind: tuple[int, int] = (3, 13),
        payload: bytes = b"",
        ports: range = EPHEMERAL,
        per_second: int = PER_SECOND,
    ) -> Attack:
        """ICMP errors in the name of a router, which quote a datagram from the laptop to `to`; its port is tried.

        Args:
            router: the address in whose name they come.
            to: the server that the datagram was for, and its port.
            kind: type and code; (3, 13): communication administratively prohibited.
            payload: what is quoted of the datagram's payload.
            ports: the ports to try.
            per_second: how many are sent in a second.
        """
        # The UDP checksum in the quote is the complement of the port: nobody can check it, and the sum stays the same.
        quoted = struct.pack("!4H", 0, to[1], _UDP + len(payload), 0xFFFF) + payload
        quote = _ip(LAPTOP, to[0], socket.IPPROTO_UDP, quoted)
        head = struct.pack("!BBHI", *kind, 0, 0)
        error = head[:2] + checksum(head + quote).to_bytes(2) + head[4:] + quote
        at = _ETHERNET + _IP + len(head) + _IP
        frame = _frame(router, socket.IPPROTO_ICMP, error)
        return self.attack(frame, port_at=at, complement_at=at + 6, ports=ports, per_second=per_second)


def alert(level: int = 2, description: int = 40) -> bytes:
    """A DTLS alert in a record of its own (RFC 6347): fatal, handshake_failure."""
    return struct.pack("!BHQH", 21, 0xFEFD, 0, 2) + bytes([level, description])


def udp(source_port: int, to_port: int, payload: bytes) -> bytes:
    """A datagram without a checksum, which IPv4 allows (RFC 768)."""
    return struct.pack("!4H", source_port, to_port, _UDP + len(payload), 0) + payload


def checksum(data: bytes) -> int:
    """The Internet's checksum (RFC 1071)."""
    words: Iterable[int] = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ip(source: str, to: str, protocol: int, payload: bytes) -> bytes:
    inet = packets.layers("inet")
    return bytes(inet.IP(src=source, dst=to, proto=protocol, id=0, flags="DF") / payload)


def _frame(source: str, protocol: int, payload: bytes) -> bytes:
    """An Ethernet frame to the laptop, with a packet in somebody's name."""
    macs = bytes.fromhex((LAPTOP_MAC + MAC).replace(":", ""))
    return macs + b"\x08\x00" + _ip(source, LAPTOP, protocol, payload)

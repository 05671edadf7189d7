"""Who watches what leaves the laptop in a run, and what of it gets to the internet, and holds it against `shapes`.

The kernel keeps the packets in the queue of a packet socket; they are read when the run is over. What was sent is
judged in its order: what may be sent to a server depends on what that server has answered before.
"""

import contextlib
import ctypes
import errno
import fcntl
import re
import socket
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tests.lab import allowed_shapes as shapes
from tests.lab.allowed_shapes import Entry, Match, Role
from tests.lab.namespaces import Namespace

Address = tuple[str, int]
Destinations = dict[Role, set[Address]]
"""Which servers there are, by what they are for; a port of 0 stands for any."""

_ALL, _IPV4, _ARP = 0x0003, 0x0800, 0x0806  # linux/if_ether.h
_HOST, _OTHERHOST, _OUTGOING = 0, 3, 4  # linux/if_packet.h: PACKET_HOST, PACKET_OTHERHOST, PACKET_OUTGOING
_SOL_PACKET, _STATISTICS = 263, 6
_SIOCGIFHWADDR = 0x8927
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_QUEUE = 128 * 2**20
_KEPT_OF_ANSWERS = 600
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # classic BPF
_PROTOCOL, _KIND, _DEVICE = 0xFFFFF000, 0xFFFFF004, 0xFFFFF008  # its ancillary data, linux/filter.h: SKF_AD_OFF
_LOOPBACK = 1  # a namespace's first device
_SYN, _ACK = 0x02, 0x10
_NAMES = {1: "icmp", 6: "tcp", 17: "udp"}
_RECORDS = {20, 21, 22, 23}
_RECORD_HEADER, _HEADERS = 13, 28
_NONCE = 40
_LIMITED = 32
"""A TTL at the end of the way: of what began with 64, at most 12 are gone; looks at the path begin with 24 at most."""


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet, as a packet socket shows it."""

    outgoing: bool
    protocol: str
    ttl: int
    source: Address
    to: Address
    payload: bytes
    flags: int = 0
    """Of TCP."""
    sequence: int = 0
    fragment: bool = False
    by_device: bool = False
    """Whether it is from, or for, the MAC address of a device that the run is, and not the laptop's own."""

    def __str__(self) -> str:
        data = self.payload.hex()
        return (
            f"{self.protocol} {self.source[0]}:{self.source[1]} -> {self.to[0]}:{self.to[1]}, TTL {self.ttl}, "
            f"{len(self.payload)} bytes {data[:400]}{'...' if len(data) > 400 else ''}"
            + (f", TCP flags {self.flags:02x}" if self.protocol == "tcp" else "")
        )


def packet_in(data: bytes, *, outgoing: bool) -> Packet:
    """The packet that these bytes are, from the IP header on."""
    size = (data[0] & 15) * 4
    whole, place, ttl, protocol = (*struct.unpack_from("!H2xH", data, 2), data[8], data[9])
    rest = data[size : min(whole, len(data)) if whole else len(data)]
    source, to = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    near = far = flags = sequence = 0
    fragment = bool(place & 0x3FFF)
    if protocol == socket.IPPROTO_UDP and len(rest) >= 8:
        near, far = struct.unpack_from("!HH", rest)
        rest = rest[8:]
    elif protocol == socket.IPPROTO_TCP and len(rest) >= 20:
        near, far, sequence = struct.unpack_from("!HHI", rest)
        flags = rest[13]
        rest = rest[(rest[12] >> 4) * 4 :]
    name = _NAMES.get(protocol, f"ip-{protocol}")
    return Packet(outgoing, name, ttl, (source, near), (to, far), rest, flags, sequence, fragment)


def arp_in(data: bytes, *, outgoing: bool) -> Packet:
    """The ARP packet that these bytes are (RFC 826), as one to the address that it asks for."""
    return Packet(
        outgoing, "arp", shapes.USUAL_TTL, (socket.inet_ntoa(data[14:18]), 0), (socket.inet_ntoa(data[24:28]), 0), data
    )


def _is_record(data: bytes) -> bool:
    """Whether a datagram begins with a record of DTLS, not encrypted (RFC 6347 section 4.1); its end may be lacking."""
    whole = len(data) < _KEPT_OF_ANSWERS - _HEADERS
    return (
        len(data) > _RECORD_HEADER
        and data[0] in _RECORDS
        and data[1:5] in {b"\xfe\xfd\0\0", b"\xfe\xff\0\0"}
        and (not whole or len(data) >= _RECORD_HEADER + int.from_bytes(data[11:13], "big"))
    )


class Recorder:
    """The IPv4 packets of a namespace: those that leave it and the heads of what comes, or only what comes, whole.

    Of ARP, what leaves it with no address of its own: what the system asks by itself has one.
    """

    def __init__(self, where: Namespace, *, leaving: bool) -> None:
        with where.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL))
            self._mac = _mac_of("eth0") if leaving else None
        self._name = where.name
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _QUEUE)
        self._attach(_filter(leaving=leaving))
        self._socket.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:  # what came before there was a filter
                self._socket.recv(1)

    def _attach(self, program: bytes) -> None:
        buffer = ctypes.create_string_buffer(program)
        handed = struct.pack("HL", len(program) // 8, ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, handed)

    def end(self) -> list[Packet]:
        """Everything since the beginning; fails where the kernel could not keep it all."""
        found = []
        while True:
            try:
                data, (_, ethertype, kind, _, sender) = self._socket.recvfrom(65535)
            except BlockingIOError:
                break
            if ethertype == _IPV4:
                is_outgoing = kind == _OUTGOING
                by_device = self._mac is not None and (sender != self._mac if is_outgoing else kind == _OTHERHOST)
                found.append(replace(packet_in(data, outgoing=is_outgoing), by_device=by_device))
            elif kind == _OUTGOING and (packet := arp_in(data, outgoing=True)).source[0] == "0.0.0.0":
                found.append(packet)
        _, dropped = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8))
        self.close()
        assert not dropped, f"{dropped} packets of {self._name} were not seen"
        return found

    def close(self) -> None:
        """Stop, without a look."""
        self._socket.close()


def _mac_of(device: str) -> bytes | None:
    """The MAC address of a device of this namespace (netdevice(7)); None: there is no such device."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            return fcntl.ioctl(sock, _SIOCGIFHWADDR, struct.pack("40s", device.encode()))[18:24]
        except OSError as problem:
            if problem.errno != errno.ENODEV:
                raise
            return None


def _filter(*, leaving: bool) -> bytes:
    """Classic BPF: IPv4 and ARP, not by the loopback device; what leaves, whole, the rest's heads; or what comes."""
    outgoing, incoming = (65535, _KEPT_OF_ANSWERS) if leaving else (0, 65535)
    program = (
        (_LOAD, 0, 0, _PROTOCOL),
        (_EQUAL, 1, 0, _IPV4),
        (_EQUAL, 0, 7, _ARP),
        (_LOAD, 0, 0, _DEVICE),
        (_EQUAL, 5, 0, _LOOPBACK),
        (_LOAD, 0, 0, _KIND),
        (_EQUAL, 4, 0, _OUTGOING),
        (_EQUAL, 1, 0, _HOST),
        (_EQUAL, 0, 1, _OTHERHOST),  # for the MAC address of a device that the run is
        (_RETURN, 0, 0, incoming),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, outgoing),
    )
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


@dataclass
class Seen:
    """What a run sent, and what of it arrived in the internet."""

    sent: list[Packet]
    arrived: list[Packet]
    destinations: Destinations
    names: Sequence[str]
    used: Counter[str] = field(default_factory=Counter)
    """How often each form was sent."""
    foreign: list[str] = field(default_factory=list)
    """What was sent that no form allows, and what else was wrong."""

    def arrivals(self, address: str) -> Counter[str]:
        """What arrived at a server, by the names of its forms; TCP by its SYNs."""
        found: Counter[str] = Counter()
        for packet in self.arrived:
            if packet.to[0] == address and not (packet.protocol == "tcp" and packet.flags & (_SYN | _ACK) != _SYN):
                found[self.shape_of(packet)] += 1
        return found

    def shape_of(self, packet: Packet) -> str:
        """The name of the form that a packet has, at the end of its way; a SYN has none but that of its port.

        Its TTL tells whether that was a small one, unless a router on the way has set it anew.
        """
        fits = [
            entry
            for entry in shapes.ENTRIES
            if self.is_for(entry, packet) and (packet.protocol == "tcp" or entry.match(packet.payload))
        ]
        fits.sort(key=lambda entry: entry.limited != (packet.ttl <= _LIMITED))
        return fits[0].name if fits else f"foreign: {packet}"

    def hellos(self, address: Address) -> int:
        """How many ClientHellos arrived at a server."""
        return sum(packet.to == address and packet.payload[:1] == b"\x16" for packet in self.arrived)

    def is_for(self, entry: Entry, packet: Packet) -> bool:
        """Whether an entry is about packets to such a server."""
        if entry.protocol != packet.protocol:
            return False
        if entry.roles == ("anybody",):
            return True
        if entry.port is not None and entry.port != packet.to[1]:
            return False
        known = {server for role in entry.roles for server in self.destinations.get(role, ())}
        if entry.port is not None:
            return any(address == packet.to[0] for address, _ in known)
        return packet.to in known or (packet.to[0], 0) in known


class Witness:
    """Watches one run, from its making to `end()`.

    Args:
        laptop: where the run is.
        far: where its servers are.
        destinations: what they are for.
        names: what else may be asked for than `shapes` has; `*.` stands for all names below one.
        silent: whether the run takes the device's port for silent, although it may answer.
    """

    def __init__(
        self,
        laptop: Namespace,
        far: Iterable[Namespace],
        destinations: Destinations,
        names: Sequence[str] = (),
        *,
        silent: bool = False,
    ) -> None:
        self._laptop = Recorder(laptop, leaving=True)
        self._far = [Recorder(namespace, leaving=False) for namespace in far]
        self._destinations, self._names, self._silent = destinations, names, silent

    def end(self) -> Seen:
        """What there was to see; fails where something was sent that may not be."""
        packets = self._laptop.end()
        arrived = [packet for recorder in self._far for packet in recorder.end()]
        laptops, devices = ([packet for packet in packets if packet.by_device is whose] for whose in (False, True))
        seen = Judgement(laptops, arrived, self._destinations, self._names, silent=self._silent).made()
        if devices:  # what a server has answered the laptop is nothing that the device knows
            of_device = Judgement(devices, [], self._destinations, self._names, silent=self._silent).made()
            seen.sent += of_device.sent
            seen.used += of_device.used
            seen.foreign += of_device.foreign
        assert not seen.foreign, "\n".join(["what may not be sent was sent:", *seen.foreign])
        return seen

    def close(self) -> None:
        """Stop, without a look."""
        for recorder in (self._laptop, *self._far):
            recorder.close()


@dataclass
class Flow:
    """What one port of the laptop has sent to one of a server's."""

    records: int = 0
    random: bytes = b""
    hellos: int = 0
    echoes: int = 0
    cookies: set[bytes] = field(default_factory=set)
    """What the server has given it."""
    used: bytes = b""
    """The one that it goes on with."""
    with_cookie: int = 0
    """ClientHellos with it."""
    messages: dict[int, int] = field(default_factory=dict)
    """The server's handshake messages after its HelloVerifyRequest: their types, by their sequence numbers."""

    @property
    def begun(self) -> bool:
        """Whether the server has begun a handshake."""
        return bool(self.messages)

    @property
    def done(self) -> bool:
        """Whether the server's flight has come, from its ServerHello (2) to its ServerHelloDone (14)."""
        numbers = {kind: number for number, kind in self.messages.items()}
        begin, end = numbers.get(2), numbers.get(14)
        return begin is not None and end is not None and all(number in self.messages for number in range(begin, end))

    def hear_flight(self, data: bytes) -> None:
        """Remember the handshake messages of a datagram, which may be several records (RFC 6347, 4.1 and 4.2.2)."""
        while len(data) > 18:
            if data[0] == 22:
                self.messages[int.from_bytes(data[17:19])] = data[13]
            data = data[13 + int.from_bytes(data[11:13]) :]


class Judgement:
    """Holds packets against the list, in their order."""

    def __init__(
        self,
        packets: Sequence[Packet],
        arrived: Sequence[Packet],
        destinations: Destinations,
        names: Sequence[str] = (),
        *,
        silent: bool = False,
    ) -> None:
        self._packets, self._silent = packets, silent
        self._seen = Seen([packet for packet in packets if packet.outgoing], list(arrived), destinations, names)
        self._flows: dict[tuple[int, Address], Flow] = defaultdict(Flow)
        self._answered: set[Address] = set()
        """The servers that have sent a DTLS record, or have answered a CoAP ping."""
        self._greeted: set[Address] = set()
        self._came: Counter[tuple[Address, int]] = Counter()
        """Bytes that came by TCP, for each connection."""

    def made(self) -> Seen:
        """The judgement."""
        streams: dict[tuple[Address, Address], list[Packet]] = defaultdict(list)
        for packet in self._packets:
            if not packet.outgoing:
                self._hear(packet)
            elif packet.fragment:
                self._object(packet, "it is a fragment")
            elif packet.protocol == "tcp":
                streams[packet.source, packet.to].append(packet)
            else:
                self._judge(packet)
        for stream in streams.values():
            self._judge_stream(stream)
        self._count()
        return self._seen

    def _object(self, packet: Packet, why: str) -> None:
        self._seen.foreign.append(f"{packet}: {why}")

    def _hear(self, packet: Packet) -> None:
        """Take what came."""
        data = packet.payload
        if packet.protocol == "tcp":
            self._came[packet.source, packet.to[1]] += len(data)
        flow = self._flows.get((packet.to[1], packet.source))
        if packet.protocol == "udp" and flow and flow.random and data == b"\x70\x00" + flow.random:
            self._answered.add(packet.source)  # a Reset, which answers our ping
        asked = (packet.to[1], packet.source) in self._flows  # else it is forged: a server answers where it is asked
        if packet.protocol != "udp" or not _is_record(data) or not asked:
            return
        self._answered.add(packet.source)
        if data[0] == 22 and len(data) > 27 and data[13] == 3:
            self._flows[packet.to[1], packet.source].cookies.add(data[28 : 28 + data[27]])
        elif data[0] == 22:
            flow = self._flows[packet.to[1], packet.source]
            flow.hear_flight(data)

    def _judge(self, packet: Packet) -> None:
        """Hold a datagram against the list."""
        limited = packet.ttl < shapes.USUAL_TTL
        reasons: list[str] = []
        for entry in shapes.ENTRIES:
            if entry.limited == limited and self._seen.is_for(entry, packet) and (found := entry.match(packet.payload)):
                problem = self._problem(entry, packet, found)
                if problem is None:
                    self._seen.used[entry.name] += 1
                    return
                reasons.append(f"{entry.name}: {problem}")
        self._object(packet, "; ".join(reasons) or "no form for it")

    def _problem(self, entry: Entry, packet: Packet, found: Match) -> str | None:
        """What is wrong with a payload that has a form, where it is sent; None: nothing."""
        if entry.name in {"DNS query", "rung: DNS query"}:
            return self._of_name(found)
        if entry.name.startswith("ClientHello") or entry.name == "alert":
            return self._of_record(entry, self._flows[packet.source[1], packet.to], found, packet.to)
        if entry.name.startswith("echo"):
            return self._of_echo(self._flows[packet.source[1], packet.to], found, packet.to)
        if entry.name == "CoAP ping":
            return self._of_ping(self._flows[packet.source[1], packet.to], found)
        return None

    def _of_name(self, found: Match) -> str | None:
        name = shapes.name_in(found["labels"])
        cloud = name is not None and (shapes.is_known(name, shapes.CLOUD_NAMES) or name in self._seen.names)
        below = name is not None and any(
            host.startswith("*.") and name.endswith(host[1:]) and name != host[2:] for host in self._seen.names
        )
        if cloud or below or (name is not None and shapes.is_known(name, shapes.OTHER_NAMES)):
            aaaa = found.groupdict().get("kind") == b"\0\x1c"
            return "no device asks for its IPv6 address" if aaaa and not (cloud or below) else None
        return f"nobody has to ask for {name}"

    def _of_record(self, entry: Entry, flow: Flow, found: Match, server: Address) -> str | None:
        """A record has the number after the one before it, and a handshake one random."""
        number = found["record"][0]
        if number != flow.records:
            return f"its record has the number {number}, after {flow.records} others"
        if entry.name == "alert":
            if not (flow.used or flow.begun):
                return "there is no handshake that it could end"
        elif "cookie" in entry.name:
            cookie = found["cookie"]
            if cookie not in flow.cookies:
                return "the server has given this port no such cookie"
            if found["random"] != flow.random:
                return "not the random of the first ClientHello"
            if flow.used not in {b"", cookie}:
                return "another cookie than before"
            flow.used = cookie
            flow.with_cookie += 1
        else:
            if flow.records and found["random"] != flow.random:
                return "another random than that of the first"
            if flow.used and (flow.with_cookie != 2 or flow.done):
                return "it comes after one with a cookie"  # that was not sent twice, in vain
            flow.with_cookie += flow.with_cookie == 2
            flow.random = found["random"]
            flow.hellos += 1
            self._greeted.add(server)
        flow.records += 1
        return None

    def _of_echo(self, flow: Flow, found: Match, server: Address) -> str | None:
        """A device tests the internet only after its cloud has stayed silent."""
        if server in self._answered:
            return "this server has answered in DTLS before"
        if server not in self._greeted:
            return "this server was sent no ClientHello before"
        number = found["sequence"][0]
        if number != flow.echoes:
            return f"it has the number {number}, after {flow.echoes} others"
        flow.echoes += 1
        return None

    def _of_ping(self, flow: Flow, found: Match) -> str | None:
        if flow.random == found["id"]:
            flow.hellos += 1
            return None if flow.hellos <= 4 else "RFC 7252 section 4.8: MAX_RETRANSMIT is 4"
        flow.random, flow.hellos = found["id"], 1
        return None

    def _judge_stream(self, stream: list[Packet]) -> None:
        """Hold all that a connection sent against the list, its repetitions left out."""
        first = stream[0]
        limited = first.ttl < shapes.USUAL_TTL
        begun = next((packet.sequence for packet in stream if packet.flags & _SYN), None)
        data = bytearray()
        for packet in stream:
            at = 0 if begun is None else (packet.sequence - begun - 1) & 0xFFFFFFFF
            if packet.payload:
                data[at : at + len(packet.payload)] = packet.payload
        whole = replace(first, payload=bytes(data))
        usable = [entry for entry in shapes.ENTRIES if entry.limited == limited and self._seen.is_for(entry, whole)]
        if not data and usable:
            self._seen.used[
                next((entry.name for entry in usable if entry.pattern == shapes.NOTHING), "TCP, cut short")
            ] += 1
            return
        fits = next((entry for entry in usable if entry.match(whole.payload)), None)
        if fits is None:
            self._object(whole, f"no form for what {len(stream)} segments have sent")
        else:
            self._seen.used[fits.name] += 1

    # --- what arrived

    def _count(self) -> None:
        """Hold what arrived at servers against what may arrive there."""
        seen = self._seen
        for address in {packet.to[0] for packet in seen.arrived}:
            roles = {role for role, servers in seen.destinations.items() if any(address == text for text, _ in servers)}
            if not roles & set(shapes.ANY_SERVER):
                continue
            controls = {
                name: count
                for name, count in seen.arrivals(address).items()
                if name in shapes.BY_NAME and shapes.BY_NAME[name].control
            }
            answers = not self._silent and self._answers(address)
            dead = all(packet.outgoing or packet.source[0] != address for packet in self._packets)
            most = 0 if answers else shapes.MOST_CONTROLS_OF_THE_DEAD if dead else shapes.MOST_CONTROLS
            for name, count in controls.items():
                if count > most or name == "whole datagram":
                    more = ", whose port answers" if answers else ", which is silent" if dead else ""
                    seen.foreign.append(f"{count} of {name} arrived at {address}{more}")
        for server in seen.destinations.get("dtls", ()):
            if (count := seen.hellos(server)) > shapes.MOST_HELLOS:
                seen.foreign.append(f"{count} ClientHellos arrived at {server}")

    def _answers(self, address: str) -> bool:
        """Whether a server at an address answers in its own protocol what a device sends it."""
        nonces = {server for (server, _), size in self._came.items() if size == _NONCE}
        known: Destinations = self._seen.destinations
        spoke = (known.get("nonce", set()) & nonces) | {
            server for role in ("dtls", "coap", "own-coap") for server in known.get(role, set()) & self._answered
        }
        return any(server == address for server, _ in spoke)


def is_run(argv: Sequence[str]) -> bool:
    """Whether a command line measures: the tool's `check`, or a program that uses a part of it."""
    return "check" in argv or any(re.search(r"\b(agent|probes)\.", word) for word in argv if "\n" in word)

"""Floods on real sockets of this machine's loopback: an answer behind junk is read, or called perhaps lost."""

import asyncio
import contextlib
import itertools
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from netpreflight.probes.net import filters, packets
from netpreflight.probes.net.exchange import Exchange, exchange
from netpreflight.probes.net.inbox import MOST_AT_ONCE, MOST_WAITING, Inbox
from netpreflight.probes.net.payload_shapes import DNS_QUERY
from netpreflight.probes.net.raw import Ends, quote_in, segment_in
from netpreflight.probes.net.sockets import MOST_STRANGERS, Datagram, Network
from netpreflight.probes.observations import TOO_MUCH
from tests.unit.fakes import Clock

MARK = b"\x12\x34"
TRUE = MARK + b" yes"
AT_S = (0.0, 0.3, 0.6)
GIVE_UP_S = 1.2


@dataclass
class Server:
    """A host that was asked, and a stranger; both on 127.0.0.1."""

    asked: socket.socket
    stranger: socket.socket
    junk: int = 0
    """How many datagrams of junk were really sent."""
    ended: threading.Event = field(default_factory=threading.Event)


Behaviour = Callable[[Server, tuple[str, int], int], None]
"""What a server does about its nth question, which came from this address."""


@contextlib.contextmanager
def serving(behave: Behaviour) -> Iterator[Server]:
    with socket.socket(type=socket.SOCK_DGRAM) as asked, socket.socket(type=socket.SOCK_DGRAM) as stranger:
        asked.bind(("127.0.0.1", 0))
        stranger.bind(("127.0.0.1", 0))
        asked.settimeout(0.05)
        made = Server(asked, stranger)

        def serve() -> None:
            for number in itertools.count(1):
                while not made.ended.is_set():
                    with contextlib.suppress(TimeoutError):
                        _, client = asked.recvfrom(100)
                        break
                if made.ended.is_set():
                    return
                behave(made, client, number)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield made
        finally:
            made.ended.set()
            thread.join()


def ask(
    behave: Behaviour, read_s: float = 0.0, mark: bytes = MARK, give_up_s: float = GIVE_UP_S
) -> tuple[Exchange[bytes], int]:
    """Ask a server; returns what came of it, and how much junk was sent in all."""

    def read(payload: bytes) -> bytes:
        time.sleep(read_s)
        if payload != TRUE:
            raise ValueError("junk")
        return payload

    async def measure(server: Server) -> Exchange[bytes]:
        async with asyncio.timeout(60), Network("lo", time.monotonic()) as network:
            sock = network.udp("DNS", DNS_QUERY)
            to = server.asked.getsockname()
            return await exchange(network, sock, b"?", *to, at_s=AT_S, give_up_s=give_up_s, read=read, mark=mark)

    with serving(behave) as server:
        found = asyncio.run(measure(server))
    return found, server.junk


def burst(many: int, payload: bytes, *, by_stranger: bool = False) -> Behaviour:
    """So much junk, and then the answer."""

    def behave(server: Server, client: tuple[str, int], _: int) -> None:
        sender = server.stranger if by_stranger else server.asked
        for _ in range(many):
            sender.sendto(payload, client)
        server.junk += many
        server.asked.sendto(TRUE, client)

    return behave


def endless(payload: bytes, *, by_stranger: bool = False, answers: bool = True) -> Behaviour:
    """Junk without end after the first question, and the answer in the middle of it."""

    def behave(server: Server, client: tuple[str, int], _: int) -> None:
        sender = server.stranger if by_stranger else server.asked
        while not server.ended.is_set():
            sender.sendto(payload, client)
            server.junk += 1
            if answers and server.junk % 2000 == 0:
                server.asked.sendto(TRUE, client)

    return behave


@pytest.mark.parametrize("by_stranger", [False, True], ids=["by the server", "by a stranger"])
@pytest.mark.parametrize("payload", [b"junk", MARK + b" no"], ids=["other id", "right id"])
@pytest.mark.parametrize("many", [70, 5_000])
def test_junk_before_the_answer_hides_it_not(many: int, payload: bytes, *, by_stranger: bool) -> None:
    is_read = many == 70 or by_stranger or payload == b"junk"
    found, junk = ask(burst(many, payload, by_stranger=by_stranger), give_up_s=30.0 if is_read else GIVE_UP_S)

    assert junk >= many
    if is_read:
        assert found.value == TRUE
    else:  # the kernel cannot tell these from the answer, and its buffer does not hold so many
        assert found.value == TRUE or found.attempts[0].outcome == "unread"


@pytest.mark.parametrize("by_stranger", [False, True], ids=["by the server", "by a stranger"])
def test_junk_without_end_hides_no_answer_that_has_its_id(*, by_stranger: bool) -> None:
    found, junk = ask(endless(b"junk", by_stranger=by_stranger), give_up_s=30.0)

    assert junk > MOST_STRANGERS
    assert found.value == TRUE


@pytest.mark.more
def test_silence_behind_more_junk_than_can_be_read_is_not_called_silence() -> None:
    found, junk = ask(endless(MARK + b" no", answers=False), read_s=0.002)

    assert junk > MOST_WAITING
    assert found.value is None
    sent = [attempt for attempt in found.attempts if attempt.outcome != "ignored"]
    assert {(attempt.outcome, attempt.detail) for attempt in sent if attempt.outcome != "timeout"} == {
        ("unread", TOO_MUCH)
    }


def test_silence_behind_a_little_junk_is_silence() -> None:
    def behave(server: Server, client: tuple[str, int], _: int) -> None:
        for _ in range(30):
            server.asked.sendto(b"junk", client)
            server.junk += 1

    found, junk = ask(behave)

    assert junk == 90
    assert [attempt.outcome for attempt in found.attempts if attempt.outcome != "ignored"] == ["timeout"] * 3


def test_silence_is_silence() -> None:
    found, _ = ask(lambda *_: None)

    assert [attempt.outcome for attempt in found.attempts] == ["timeout"] * 3


# --- what waits


def test_what_waits_is_limited_and_what_is_left_out_is_known() -> None:
    inbox: Inbox[Datagram] = Inbox(Clock())
    for number in range(MOST_WAITING):
        inbox.put(Datagram(b"", "", number, 1000.0))
    assert not inbox.take_lost()
    inbox.put(Datagram(b"", "", 0, 1000.0))
    assert inbox.take_lost()
    assert not inbox.take_lost(), "it is asked for what happened since"


def test_what_came_after_the_deadline_is_left_for_the_next() -> None:
    async def measure() -> list[int]:
        inbox: Inbox[Datagram] = Inbox(Clock())
        inbox.put(Datagram(b"", "", 1, 999.0))
        inbox.put(Datagram(b"", "", 2, 999.6))
        taken = [await inbox.take(at) for at in (999.5, 999.5, 999.5, 999.7)]
        return [event.port if event else 0 for event in taken]

    assert asyncio.run(measure()) == [1, 0, 0, 2]


def test_a_queue_that_is_never_read_empty_may_have_lost_something() -> None:
    inbox: Inbox[Datagram] = Inbox(Clock())
    for _ in range(MOST_AT_ONCE):
        inbox.has_read_one(fits=True)
    inbox.is_read_empty()
    assert not inbox.take_lost()
    for _ in range(2 * MOST_AT_ONCE):
        inbox.has_read_one(fits=True)
    assert inbox.take_lost()


# --- the kernel's filters


def passes(tests: list[filters.Test] | None, data: bytes) -> bool:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        assert filters.attach(far, tests)
        far.settimeout(0)
        near.send(data)
        try:
            assert far.recv(4096) == data
        except BlockingIOError:
            return False
        return True


@pytest.mark.parametrize(
    ("payload", "by_stranger", "comes"),
    [
        (TRUE, False, True),
        (TRUE, True, False),
        (b"\x12\x35 no", False, False),
        (MARK[:1], False, False),
        (b"", False, False),
    ],
)
@pytest.mark.parametrize("mark_at", [0, 2])
def test_only_what_may_be_an_answer_passes(payload: bytes, mark_at: int, *, by_stranger: bool, comes: bool) -> None:
    with contextlib.ExitStack() as stack:
        client, asked, stranger = (stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(3))
        for sock in (client, asked, stranger):
            sock.bind(("127.0.0.1", 0))
        address, port = asked.getsockname()
        assert filters.attach(client, filters.datagrams(address, port, MARK, mark_at))
        client.settimeout(0)
        (stranger if by_stranger else asked).sendto(bytes(mark_at) + payload, client.getsockname())
        if comes:
            assert client.recv(100) == bytes(mark_at) + payload
        else:
            with pytest.raises(BlockingIOError):
                client.recv(100)


def test_nothing_passes_where_nothing_is_wanted() -> None:
    assert not passes(None, b"x")
    assert passes([], b"x")


def test_whatever_is_read_from_a_raw_socket_passes_its_filter() -> None:
    inet, source = packets.layers("inet"), random.Random(16)
    ends = Ends("udp", ("192.168.77.10", 40002), ("198.51.100.20", 5684))
    ours = inet.IP(src=ends.near[0], dst=ends.far[0], id=7, options=inet.IPOption_RR()) / inet.UDP(
        sport=40002, dport=5684
    )
    error = bytes(inet.IP(src="203.0.113.1", dst=ends.near[0]) / inet.ICMP(type=11) / bytes(ours))
    tcp = Ends("tcp", ends.near, ends.far)
    segment = bytes(inet.IP(src=tcp.far[0], dst=tcp.near[0]) / inet.TCP(sport=5684, dport=40002, flags="SA"))
    quoted, segments = filters.quotes(17, ends.far[0]), filters.segments(5684, 40002)
    counts = {"quotes": 0, "segments": 0, "strangers": 0}
    for _ in range(2000):
        made = bytearray(error), bytearray(segment)
        for packet in made:
            for _ in range(source.choice((0, 1, 3))):
                packet[source.randrange(len(packet))] = source.randrange(256)
        if quote_in(bytes(made[0]), ends, 0.0):
            counts["quotes"] += 1
            assert passes(quoted, bytes(made[0]))
        if segment_in(bytes(made[1]), tcp, 0.0):
            counts["segments"] += 1
            assert passes(segments, bytes(made[1]))
        counts["strangers"] += not passes(quoted, bytes(made[0]))
    assert min(counts.values()) > 10


def test_arp_of_ipv4_passes_and_nothing_else() -> None:
    layer = packets.layers("l2")

    def arp(**more: int) -> bytes:
        return bytes(layer.Ether() / layer.ARP(psrc="10.0.0.7", hwsrc="02:00:00:00:00:01", **more))

    assert passes(filters.arp(), arp())
    assert passes(filters.arp(), arp(op=2))
    assert not passes(filters.arp(), arp(hwtype=6))
    assert not passes(filters.arp(), arp(plen=16))
    assert not passes(filters.arp(), arp()[:18])

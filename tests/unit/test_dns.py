"""Lookups, against messages made by RFC 1035: what a device would take from a reply, and what it would not."""

import asyncio
import re
import struct
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netpreflight.agent.run import with_another_id
from netpreflight.probes import dns
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.net.sockets import Datagram, Refusal
from netpreflight.probes.observations import Dns, Icmp, NameKind
from tests.unit.dns_lookups import NAME, RESOLVER, SECOND, ask, lookup
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket

A, CNAME, AAAA = 1, 5, 28


def labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def record(kind: int, data: bytes, ttl: int = 60) -> bytes:
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def answer(query: bytes, *records: bytes, rcode: int = 0, flags: int = 0x8180, question: bytes | None = None) -> bytes:
    asked = query[12:] if question is None else question
    return query[:2] + struct.pack("!HHHHH", flags | rcode, 1, len(records), 0, 0) + asked + b"".join(records)


def address(*octets: int, ttl: int = 60) -> bytes:
    return record(A, bytes(octets), ttl)


def test_the_query_is_plain_recursive_a_without_edns(monkeypatch: pytest.MonkeyPatch) -> None:
    _, network, _ = ask(monkeypatch, lambda _: [])

    query = network.sockets[0].sent[0][1]
    assert query[2:12] == struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0), "recursion desired, one question, no OPT record"
    assert query[12:] == labels(NAME) + struct.pack("!HH", A, 1)


def test_silence_is_asked_at_0_1_and_2_s(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, network, used = ask(monkeypatch, lambda _: [])

    first = network.sockets[0].sent[0][0]
    assert [at - first for at, _ in network.sockets[0].sent] == [0, 1, 2]
    (found,) = seen.of(NAME)
    assert (found.rcode, found.addresses, found.failure) == (None, [], "no answer")
    assert found.elapsed_ms == pytest.approx(4000)
    assert used is None


def test_two_random_names_under_real_domains_are_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _, _ = ask(monkeypatch, lambda query: [(0.01, answer(query, rcode=3))])

    made = [query for query in seen.lookups if query.kind == "random"]
    assert len({query.name.partition(".")[2] for query in made}) == len(made) == 2
    assert all(len(query.name.partition(".")[0]) >= 10 and query.rcode == "NXDOMAIN" for query in made)


def test_addresses_ttl_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lookup(
        monkeypatch,
        lambda query: [(0.02, answer(query, address(192, 0, 2, 7, ttl=300), address(192, 0, 2, 8, ttl=300)))],
    )

    assert (found.rcode, found.addresses, found.ttl_s, found.failure) == (
        "NOERROR",
        ["192.0.2.7", "192.0.2.8"],
        300,
        None,
    )
    assert found.elapsed_ms == pytest.approx(20)


def test_the_address_behind_a_cname_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    target = labels("a.example")
    behind = target + struct.pack("!HHIH", A, 1, 60, 4) + bytes([192, 0, 2, 9])

    assert lookup(monkeypatch, lambda q: [(0.0, answer(q, record(CNAME, target), behind))]).addresses == ["192.0.2.9"]


@pytest.mark.parametrize(
    ("rcode", "name"), [(1, "FORMERR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED")]
)
def test_an_error_of_the_resolver_is_kept_by_name(monkeypatch: pytest.MonkeyPatch, rcode: int, name: str) -> None:
    found = lookup(monkeypatch, lambda query: [(0.0, answer(query, rcode=rcode))])

    assert (found.rcode, found.failure, len(found.attempts)) == (name, name, 1)


def test_an_answer_without_an_address_is_no_failure_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lookup(monkeypatch, lambda query: [(0.0, answer(query, record(AAAA, bytes(15) + b"\1")))])

    assert (found.rcode, found.addresses, found.failure) == ("NOERROR", [], "no A record")


def test_truncation_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lookup(monkeypatch, lambda query: [(0.0, answer(query, flags=0x8380))])

    assert found.truncated
    assert found.failure == "truncated answer without an address"


GOOD = address(192, 0, 2, 7)


@pytest.mark.parametrize(
    "reply",
    [
        lambda query: bytes([query[0] ^ 1]) + answer(query, GOOD)[1:],
        lambda query: answer(query, GOOD, flags=0x0100),
        lambda query: answer(query, GOOD, question=labels("evil.example") + struct.pack("!HH", A, 1)),
        lambda query: answer(query, GOOD, question=labels(NAME) + struct.pack("!HH", AAAA, 1)),
        lambda query: query,
        lambda _: b"",
        lambda query: answer(query, GOOD)[:20],
        lambda query: answer(query, GOOD)[:-2],
        lambda query: answer(query) + b"\xc0\x0c",
        lambda query: query[:12] + b"\xc0\x0c" + query[12:],
        lambda query: (answer(query, GOOD), "192.0.2.99", 53),
        lambda query: (answer(query, GOOD), RESOLVER, 5353),
    ],
    ids=["id", "not-a-response", "another-name", "another-type", "echo", "empty", "cut-question", "cut-record",
         "count-0-garbage", "pointer-loop", "another-address", "another-port"],
)  # fmt: skip
def test_what_a_device_would_not_take_gives_no_address(
    monkeypatch: pytest.MonkeyPatch, reply: Callable[[bytes], Answer]
) -> None:
    found = lookup(monkeypatch, lambda query: [(0.0, reply(query))])

    assert found.addresses == []
    assert found.failure


def test_a_forged_reply_does_not_hide_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lookup(monkeypatch, lambda q: [(0.1, b"\0\0" + answer(q, address(6, 6, 6, 6))[2:]), (0.2, answer(q, GOOD))])

    assert found.addresses == ["192.0.2.7"]
    assert [attempt.outcome for attempt in found.attempts] == ["reply", "ignored"]


def test_icmp_is_named_with_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lookup(monkeypatch, lambda _: [(0.0, Icmp(type=3, code=3, source=RESOLVER))])

    assert found.failure == f"no answer; {RESOLVER} said port unreachable"


def test_the_second_resolver_is_used_once_the_first_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, network, used = ask(monkeypatch, lambda q: [(0.0, answer(q, rcode=2))], [RESOLVER, SECOND])
    assert used is None
    assert [query.resolver for query in seen.of(NAME)] == [RESOLVER, SECOND]

    broken: list[tuple[float, Answer]] = [(0.0, b"")]
    turn = iter([broken, broken, broken])
    seen, network, used = ask(
        monkeypatch, lambda q: next(turn, [(0.0, answer(q, GOOD))]), [RESOLVER, SECOND]
    )  # fmt: skip
    device = seen.as_device(NAME)
    assert device is not None
    assert (device.resolver, used) == (SECOND, "192.0.2.7")
    assert len(network.sockets) == 6


def test_no_answer_can_be_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lookup(monkeypatch, lambda q: [(0.0, answer(q, *[address(10, 0, n >> 8, n & 255) for n in range(240)]))])

    assert 0 < len(found.addresses) <= 16
    assert len(found.attempts[0].reply) <= 3000


def test_a_name_with_another_id_is_asked_of_each_resolver_and_nobody_waits_for_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = "e00fce68a1b2c3d4e5f60718.v6.udp.particle.io"

    async def run() -> Dns:
        names: dict[str, NameKind] = {NAME: "device", other: "another-id"}
        return await dns.resolve(network, [RESOLVER, SECOND], names, HostAddresses([NAME]))

    network = FakeNetwork(Clock(), lambda _, query: [(0.0, answer(query, GOOD))])
    seen = asyncio.run(run())

    assert [(query.resolver, query.kind) for query in seen.of(other)] == [
        (RESOLVER, "another-id"),
        (SECOND, "another-id"),
    ]


def test_another_id_is_drawn_for_each_run_and_is_one_of_the_same_platform() -> None:
    names = ["e00fce680000000000000000.v6.udp.particle.io", "e00fce680000000000000000.udp-mesh.particle.io", NAME]
    drawn = [with_another_id(names) for _ in range(20)]

    for first, second in drawn:
        assert re.fullmatch(r"e00fce68[0-9a-f]{16}\.v6\.udp\.particle\.io", first)
        assert second == f"{first[:24]}.udp-mesh.particle.io"
    assert len({first for first, _ in drawn} - {*names}) == len(drawn)


WANTED = frozenset({NAME})
SIX = record(AAAA, bytes.fromhex("0064ff9b0000000000000000c0000207"))


def kind(query: bytes) -> int:
    return int.from_bytes(query[-4:-2])


def test_no_ipv6_address_is_asked_for_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, network, _ = ask(monkeypatch, lambda query: [(0.0, answer(query, GOOD))])

    assert {kind(query) for sock in network.sockets for _, query in sock.sent} == {A}
    assert seen.aaaa(NAME) == []


def test_ipv6_addresses_are_asked_for_beside_and_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _, used = ask(
        monkeypatch, lambda q: [(0.0, answer(q, SIX if kind(q) == AAAA else GOOD))], [RESOLVER, SECOND], WANTED
    )

    assert [(query.resolver, query.addresses) for query in seen.aaaa(NAME)] == [(RESOLVER, ["64:ff9b::c000:207"])]
    assert [(query.resolver, query.addresses) for query in seen.of(NAME)] == [
        (RESOLVER, ["192.0.2.7"]),
        (SECOND, ["192.0.2.7"]),
    ]
    assert used == "192.0.2.7"
    assert {query.type for query in seen.lookups if query.kind == "random"} == {"A"}


def test_a_name_without_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _, _ = ask(monkeypatch, lambda q: [(0.0, answer(q, *([GOOD] if kind(q) == A else [])))], aaaa=WANTED)

    (found,) = seen.aaaa(NAME)
    assert (found.rcode, found.addresses, found.failure) == ("NOERROR", [], "no AAAA record")


def test_dropped_ipv6_questions_are_asked_on_the_same_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, network, used = ask(monkeypatch, lambda q: [(0.0, answer(q, GOOD))] if kind(q) == A else [], aaaa=WANTED)

    (silent,) = (sock for sock in network.sockets if kind(sock.sent[0][1]) == AAAA)
    assert [at - silent.sent[0][0] for at, _ in silent.sent] == [0, 1, 2]
    (found,) = seen.aaaa(NAME)
    assert found.elapsed_ms == pytest.approx(4000)
    assert (found.rcode, found.failure, used) == (None, "no answer", "192.0.2.7")


def test_addresses_are_settled_while_ipv6_questions_are_still_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate in the place of silence: the address is used before the resolver's silence ends."""

    async def run() -> str | None:
        gate = asyncio.Event()

        class Silent(FakeSocket):
            async def receive(self, deadline: float) -> Datagram | Refusal | None:
                if kind(self.sent[-1][1]) == AAAA:
                    await gate.wait()
                return await super().receive(deadline)

        clock = Clock()
        network = FakeNetwork(clock, lambda _, q: [(0.0, answer(q, GOOD))] if kind(q) == A else [])
        monkeypatch.setattr(network, "udp", lambda *_: Silent(clock, network.script))
        answers = HostAddresses([NAME])
        work = asyncio.create_task(dns.resolve(network, [RESOLVER], {NAME: "device"}, answers, WANTED))
        used = await answers.address(NAME)
        assert not work.done()
        gate.set()
        await work
        return used

    assert asyncio.run(run()) == "192.0.2.7"


def test_ipv6_addresses_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [record(AAAA, bytes(14) + n.to_bytes(2)) for n in range(100)]
    seen, _, _ = ask(monkeypatch, lambda q: [(0.0, answer(q, *many))], aaaa=WANTED)

    assert 0 < len(seen.aaaa(NAME)[0].addresses) <= 16


def test_a_report_from_before_ipv6_lookups_still_loads() -> None:
    old = b'{"lookups": [{"name": "n", "kind": "device", "resolver": "r", "attempts": [], "addresses": ["192.0.2.7"]}]}'
    seen = msgspec.json.decode(old, type=Dns)

    assert [query.addresses for query in seen.of("n")] == [["192.0.2.7"]]
    assert seen.aaaa("n") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.one_of(st.binary(max_size=60), st.tuples(st.integers(2, 60), st.integers(0, 255), st.integers(0, 80))))
def test_hostile_replies_are_evidence_and_never_a_crash(
    monkeypatch: pytest.MonkeyPatch, hostile: bytes | tuple[int, int, int]
) -> None:
    def reply(query: bytes) -> list[tuple[float, Answer]]:
        if isinstance(hostile, bytes):
            return [(0.0, query[:2] + hostile)]
        at, value, cut = hostile
        whole = answer(query, GOOD)
        return [(0.0, (whole[:at] + bytes([value]) + whole[at + 1 :])[:cut])]

    with monkeypatch.context() as patch:
        found = lookup(patch, reply)

    assert found.addresses or found.failure
    assert {attempt.outcome for attempt in found.attempts} <= {"reply", "timeout", "ignored"}

"""The cloud port beyond "it answers": how sure a silence is, packets that are too large, and what a NAT forgets."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Check, Named
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import (
    Arrival,
    AsDevice,
    Attempt,
    Cloud,
    Connection,
    Dns,
    Icmp,
    Ladder,
    LargeHello,
    Mapping,
    Path,
    PathProbe,
    PathTarget,
    ServerFlight,
    Unasked,
    WholePackets,
)
from tests.unit import seen
from tests.unit.dtls_records import KEY_EXCHANGE, OPENSSL_KEY, RANDOM, VENDOR_HELLO, VENDOR_KEY
from tests.unit.seen import ARGON_ADDRESS, HELLO_VERIFY, PHOTON_NAME, RESOLVER, attempts, healthy, lookup

P2_NAME = seen.ARGON_NAME
ANSWERED = attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0)
TOO_BIG = Icmp(type=3, code=4, source="203.0.113.1", mtu=1200)


def check(check_id: str, device: str, version: Any = None, **changed: Any) -> Check:
    judged = judge(healthy(**changed), profiles.load(device, version), Selection())
    return next(row for row in judged.checks if row.id == check_id)


def cloud(**fields: Any) -> dict[str, Cloud]:
    """The healthy clouds, with some fields of the DTLS one changed."""
    dtls = seen.argon(*fields.pop("attempts", ANSWERED), **{"record": HELLO_VERIFY, **fields})
    return {"cloud": Cloud(endpoints=[seen.photon(seen.NONCE), dtls])}


def large(*made: Any, record: str | None = None) -> dict[str, Cloud]:
    return cloud(large=LargeHello(size=1280, attempts=[attempt for some in made for attempt in some], record=record))


def held(after: str | None, before: str = "accepted", **fields: Any) -> Mapping:
    usual = {"transport": "dtls", "host": P2_NAME, "port": 5684, "address": ARGON_ADDRESS, "cookie": True}
    times = {"hold_s": 30.0, "silent_s": 30.0, "idle_s": 30.0}
    return Mapping(
        **{**usual, **times, "before_answer": before, "after_answer": after, "control_answer": "accepted", **fields}
    )


# --- silence


def test_a_hurried_silence_says_how_sure_it_is() -> None:
    silent = cloud(attempts=attempts(ARGON_ADDRESS, 5684, "timeout", 3), record=None, given_s=15.0)
    found = check("cloud.transport", "photon2", **silent)

    assert found.status == "fail"
    assert found.reason is not None
    assert "3 ClientHellos" in found.reason
    assert "The device sends 4 in 45 s" in found.reason
    assert "--deep" in found.reason
    assert "once in 146 times" in found.reason  # 1 / (1 - 0.9 * 0.9) ** 3


def test_a_silence_as_long_as_the_devices_needs_no_such_words() -> None:
    silent = cloud(attempts=attempts(ARGON_ADDRESS, 5684, "timeout", 4), record=None, given_s=45.0)
    found = check("cloud.transport", "argon", **silent)

    assert found.status == "fail"
    assert "--deep" not in (found.reason or "")


@pytest.mark.parametrize(("version", "status"), [("1.4.4", "fail"), ("1.5.0", "pass"), ("6.2.0", "pass")])
def test_an_answer_later_than_the_device_waits(version: str, status: str) -> None:
    """Before Device OS 1.5.0 a handshake ends after 9 s."""
    late = [
        *attempts(ARGON_ADDRESS, 5684, "timeout", 2),
        *(attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=1500.0, count=1)),
    ]
    late = [*late[:2], Attempt(at_s=9.0, address=ARGON_ADDRESS, port=5684, outcome="reply", rtt_ms=1500.0)]
    name = profiles.load("argon", version).cloud.hosts.value[0]
    changed = cloud(attempts=late, host=name)
    names = seen.dns(lookup(name, ARGON_ADDRESS))

    assert check("cloud.transport", "argon", version, dns=names, **changed).status == status


# --- who signed it

SIGNED: dict[str, Any] = {
    "answer": "ServerHello",
    "client_random": RANDOM.hex(),
    "server_random": VENDOR_HELLO[27:59].hex(),
    "key_exchange": KEY_EXCHANGE[25:].hex(),
}
"""By the vendor's server, with the key of its tests."""
WAITED, REPLY = attempts(ARGON_ADDRESS, 5684, "timeout", 2), attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0)
REJECTED = Icmp(type=3, code=13, source="203.0.113.1")


def carrying(key: str | None, certainty: Any = "inferred") -> Profile:
    """An Argon that carries this key of its cloud."""
    argon = profiles.load("argon")
    fact = Fact(value=key, source="a test", name="cloud.server_key", certainty=certainty) if key else None
    return msgspec.structs.replace(argon, cloud=msgspec.structs.replace(argon.cloud, server_key=fact))


def handshake(key: str | None, certainty: Any = "inferred", *, asked: Any = None, **fields: Any) -> Check:
    """The check of an Argon that carries a key, of a handshake that ended so, and what else was seen of its server."""
    answered = cloud(flight=ServerFlight(**fields), **(asked or {}))
    judged = judge(healthy(**answered), carrying(key, certainty), Selection())
    return next(row for row in judged.checks if row.id == "cloud.transport")


@pytest.mark.parametrize("certainty", ["confirmed", "inferred"])
def test_who_signs_with_the_devices_key_passes(certainty: str) -> None:
    found = handshake(VENDOR_KEY, certainty, **SIGNED)

    assert (found.status, found.problem) == ("pass", None)
    assert found.summary.endswith("signed this run's random number with the key that devices carry")
    assert "cloud.server_key" in {fact.name for fact in found.rests_on}


SILENT = {"attempts": attempts(ARGON_ADDRESS, 5684, "timeout", 3), "record": None}


@pytest.mark.parametrize(
    ("run", "key", "answer", "is_said"),
    [
        (AsDevice(way="radio"), VENDOR_KEY, {"flight": ServerFlight(**SIGNED)}, True),
        (AsDevice(way="radio"), OPENSSL_KEY, {"flight": ServerFlight(**SIGNED)}, False),
        (AsDevice(way="radio"), VENDOR_KEY, {}, False),
        (AsDevice(way="radio"), VENDOR_KEY, SILENT, False),
        (UNSET, VENDOR_KEY, {"flight": ServerFlight(**SIGNED)}, False),
    ],
    ids=["proved", "other-key", "not-proved", "silent", "as-the-laptop"],
)
def test_a_portal_fails_also_where_the_proved_cloud_answers_and_says_so(
    run: AsDevice | UnsetType, key: str, answer: dict[str, Any], *, is_said: bool
) -> None:
    found = healthy(portal=seen.portal({"status": 302, "location": "http://192.168.77.1/login"}), **cloud(**answer))
    found.as_device = run
    judged = judge(found, carrying(key), Selection())
    portal = next(row for row in judged.checks if row.id == "portal")

    assert (portal.status, portal.problem, judged.verdict) == ("fail", "redirected", "incompatible")
    assert ("answers this MAC address all the same" in (portal.reason or "")) is is_said


@pytest.mark.parametrize(
    "changed",
    [
        {"client_random": RANDOM[::-1].hex()},
        {"server_random": RANDOM.hex()},
        {"key_exchange": ""},
        {"key_exchange": OPENSSL_KEY.encode().hex()},
        {"answer": "Alert 40", "key_exchange": ""},
    ],
    ids=["replayed", "another-server", "nothing-signed", "garbage", "alert"],
)
@pytest.mark.parametrize(("sure", "status"), [("confirmed", "fail"), ("inferred", "warn"), ("unconfirmed", "warn")])
def test_who_does_not_is_warned_of_or_fails_once_the_key_is_confirmed(
    changed: dict[str, str], sure: str, status: str
) -> None:
    said = {**SIGNED, **changed}
    found = handshake(VENDOR_KEY, sure, **said)

    assert (found.status, found.problem, found.owner) == (status, "other-key", "network administrator")
    assert ("its signature does not fit" in found.summary) is bool(said["key_exchange"])


@pytest.mark.parametrize(
    ("answered", "expected"), [(2, ("unknown", "unproved")), (3, ("fail", "other-key"))], ids=["two", "three"]
)
def test_what_anybody_may_have_said_to_an_ordinary_user_is_no_failure(answered: int, expected: tuple[str, str]) -> None:
    """A handshake that does not prove the key fails only if three new ports hear the server, too."""
    asked = {"unasked": Unasked(closed=0), "new_ports": attempts(ARGON_ADDRESS, 5684, "reply", answered, rtt_ms=9.0)}
    found = handshake(VENDOR_KEY, "confirmed", asked=asked, **{**SIGNED, "answer": "Alert 40", "key_exchange": ""})

    assert (found.status, found.problem) == expected


def test_a_flood_in_place_of_a_flight_proves_nothing() -> None:
    found = handshake(VENDOR_KEY, "confirmed", answer="flood", attempts=REPLY)

    assert (found.status, found.problem, found.owner) == ("unknown", "not-read", "network administrator")


def test_nobody_here_signs_with_the_key_that_devices_really_carry() -> None:
    assert check("cloud.transport", "photon2", **cloud(flight=ServerFlight(**SIGNED))).problem == "other-key"


@pytest.mark.parametrize("answer", ["ServerHello", "Alert 40"])
def test_without_a_key_the_second_flight_is_enough(answer: str) -> None:
    found = handshake(None, attempts=REPLY, answer=answer)

    assert (found.status, found.summary.endswith(f"with the cookie with {answer}")) == ("pass", True)


@pytest.mark.parametrize("key", [VENDOR_KEY, None], ids=["key", "no-key"])
@pytest.mark.parametrize(
    ("same", "new", "status"),
    [
        (WAITED[:1], REPLY, "fail"),
        (WAITED[:1], WAITED[:1], "fail"),
        (REPLY, REPLY, "unknown"),
        (REPLY, WAITED[:1], "unknown"),
        ([], [], "unknown"),
    ],
    ids=["conversation-dropped", "all-dropped", "server-drops", "only-this-conversation", "no-time"],
)
def test_a_silent_second_flight(key: str | None, same: list[Attempt], new: list[Attempt], status: str) -> None:
    found = handshake(key, attempts=WAITED, same_port=same, new_port=new)

    assert (found.status, found.problem, found.owner) == (status, "second-flight", "network administrator")
    assert bool(found.to_allow) == (status == "fail")
    assert any("ClientHello with the cookie" in line for line in found.evidence)


@pytest.mark.parametrize("key", [VENDOR_KEY, None], ids=["key", "no-key"])
@pytest.mark.parametrize(
    "came",
    [
        {"attempts": REPLY, "answer": "HelloVerifyRequest"},
        {"answer": "HelloVerifyRequest"},
        {"attempts": WAITED, "same_port": WAITED[:1], "new_port": REPLY, "messages": ["ServerHello"]},
        {"messages": ["ServerHello"]},
    ],
    ids=["cookie-not-taken", "no-cookie-given", "half-a-flight", "half-a-flight-without-a-cookie"],
)
def test_a_handshake_that_gets_no_further_is_no_proof(key: str | None, came: dict[str, Any]) -> None:
    found = handshake(key, **came)

    assert (found.status, found.problem) == ("unknown", "second-flight")


@pytest.mark.parametrize(("address", "status"), [("192.168.77.5", "fail"), (seen.ARGON_ADDRESS, "warn")])
def test_an_impostor_on_the_lan_fails_and_one_in_public_is_warned_of(address: str, status: str) -> None:
    answers = cloud(flight=ServerFlight(**{**SIGNED, "server_random": RANDOM.hex()}), address=address)
    names = [lookup(name, address) for name in (seen.ARGON_NAME, seen.OTHER_ARGON_NAME)]
    kept = [query for query in seen.dns().lookups if query.name not in {seen.ARGON_NAME, seen.OTHER_ARGON_NAME}]
    observed = healthy(**answers, dns=Dns(resolvers=[seen.RESOLVER], lookups=[*kept, *names]))
    judged = {row.id: row for row in judge(observed, profiles.load("argon"), Selection()).checks}

    assert (judged["cloud.transport"].status, judged["cloud.transport"].problem) == (status, "other-key")
    assert judged["dns.integrity"].status == ("warn" if status == "fail" else "pass")
    assert "answer as it should" not in (judged["dns.integrity"].reason or "")


NO_SECOND = Connection(at_s=1, connect_ms=9, error="timeout", waited_s=5.0)


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (Connection(at_s=1, connect_ms=9, received=b"HTTP/1.1 403".hex(), error="closed"), "unknown"),
        (Connection(at_s=1, error="refused"), "unknown"),
        (msgspec.structs.replace(NO_SECOND, received=b"no".hex()), "unknown"),
        (NO_SECOND, "pass"),
        (msgspec.structs.replace(seen.NONCE, received=bytes(range(100, 140)).hex()), "pass"),
    ],
    ids=["http", "refused", "other-bytes", "silent", "another-nonce"],
)
def test_a_second_connection_counts(second: Connection, status: str) -> None:
    found = check("cloud.transport", "photon", cloud=Cloud(endpoints=[seen.photon(seen.NONCE, second)]))

    assert (found.status, found.problem) == (status, "no-nonce" if status == "unknown" else None)


def test_whoever_rejects_the_second_flight_is_named() -> None:
    found = handshake(VENDOR_KEY, attempts=attempts(ARGON_ADDRESS, 5684, "icmp", 2, icmp=REJECTED))

    assert (found.status, found.problem) == ("fail", "rejected")
    assert found.named is not None
    assert found.named.address == "203.0.113.1"


def test_a_laptop_that_does_not_send_it_blames_nobody() -> None:
    found = handshake(VENDOR_KEY, attempts=attempts(ARGON_ADDRESS, 5684, "error", detail="not permitted"))

    assert (found.status, found.problem) == ("unknown", "not-sent")


# --- path MTU

ARGON_PORT = f"{P2_NAME} ({ARGON_ADDRESS}), UDP 5684"
EXCEEDED = Icmp(type=11, code=0, source="203.0.113.1")


def sent(outcome: Any, icmp: Icmp | None = None, **fields: Any) -> PathProbe:
    """A large datagram whose TTL ends at the second router."""
    source = icmp.source if icmp else None
    return PathProbe(ttl=2, at_s=1.0, outcome=outcome, icmp=icmp, source=source, **fields)


def out(*probes: PathProbe, size: int = 1280, address: str = ARGON_ADDRESS, port: int = 5684) -> dict[str, Path]:
    """A path of which large datagrams were these."""
    device = Ladder(protocol="udp", port=port, payload="dtls")
    made = PathTarget(host=P2_NAME, address=address, device=device, whole=WholePackets(size=size, probes=list(probes)))
    return {"path": Path(targets=[made])}


GOT_OUT, TIMEOUT = sent("time-exceeded", EXCEEDED), sent("timeout")
REFUSED = sent("unreachable", TOO_BIG)
NOT_SENT = sent("error", detail="Message too long")


@pytest.mark.parametrize("device", ["photon2", "argon"])
@pytest.mark.parametrize("probes", [[GOT_OUT], [TIMEOUT, GOT_OUT], [TIMEOUT, TIMEOUT, GOT_OUT]], ids=len)
def test_large_packets_that_a_router_had_whole_are_evidence(device: str, probes: list[PathProbe]) -> None:
    found = check("cloud.transport", device, **out(*probes))

    assert (found.status, found.reason) == ("pass", None)
    assert "answers a DTLS ClientHello" in found.summary
    assert (
        f"{ARGON_PORT}, packets of 1280 bytes out: get whole to 203.0.113.1 (hop 2), which is before the server"
        in found.evidence
    )


@pytest.mark.parametrize("device", ["photon2", "argon"])
@pytest.mark.parametrize("probes", [[REFUSED], [TIMEOUT, REFUSED]], ids=len)
def test_a_router_that_says_that_they_are_too_large_is_warned_of(device: str, probes: list[PathProbe]) -> None:
    found = check("cloud.transport", device, **out(*probes))

    assert found.status == "warn"
    assert found.summary == f"{ARGON_PORT} answers, but no packet of 1280 bytes gets past 203.0.113.1 whole"
    assert found.reason is not None
    assert "refused by 203.0.113.1: fragmentation needed, next hop's MTU 1200." in found.reason
    assert "up to 1280 bytes" in found.reason
    assert found.remedy is not None
    assert "MTU" in found.remedy
    assert found.owner == "network administrator"
    assert "cloud.path_mtu" in {fact.name for fact in found.rests_on}
    assert any(
        line.endswith("out: do not: unreachable, fragmentation needed, next hop's MTU 1200 from 203.0.113.1")
        for line in found.evidence
    )
    assert f"{ARGON_PORT}, 0.0 s: reply" in found.evidence, "what the exchange brought stays"


@pytest.mark.parametrize(
    ("probes", "why"),
    [
        ([], "no router before the server says so"),
        ([TIMEOUT] * 3, "no router before the server says so"),
        ([NOT_SENT], "Message too long"),
        ([TIMEOUT, NOT_SENT], "Message too long"),
    ],
    ids=["none-sent", "silent", "not-sent", "not-sent-again"],
)
def test_where_nobody_says_so_it_is_not_known_and_no_warning(probes: list[PathProbe], why: str) -> None:
    found = check("cloud.transport", "photon2", **out(*probes))

    assert (found.status, found.reason) == ("pass", None)
    assert f"{ARGON_PORT}, packets of 1280 bytes out: not known: {why}" in found.evidence


@pytest.mark.parametrize(
    ("icmp", "words"),
    [(seen.PROHIBITED, "prohibited"), (Icmp(type=3, code=1, source="203.0.113.1"), "host unreachable")],
    ids=["prohibited", "no-route"],
)
def test_what_else_a_router_says_of_them_is_evidence_and_no_warning(icmp: Icmp, words: str) -> None:
    found = check("cloud.transport", "photon2", **out(sent("unreachable", icmp)))

    assert found.status == "pass"
    (line,) = (text for text in found.evidence if "bytes out" in text)
    assert words in line
    assert icmp.source in line


@pytest.mark.parametrize(
    ("device", "changed"),
    [
        ("photon2", out(REFUSED, address="198.51.100.99")),
        ("photon2", out(REFUSED, port=5683)),
        ("photon", out(REFUSED)),
        ("generic", out(REFUSED)),
    ],
    ids=["another-address", "another-port", "no-dtls", "coap"],
)
def test_large_packets_to_elsewhere_say_nothing_of_a_device(device: str, changed: dict[str, Any]) -> None:
    found = check("cloud.transport", device, **changed)

    assert found.status == "pass"
    assert not [line for line in found.evidence if "bytes out" in line]


def test_a_packet_larger_than_any_of_the_devices_may_be_refused() -> None:
    unnamed = replace(REFUSED, icmp=replace(REFUSED.icmp, mtu=None)) if REFUSED.icmp else REFUSED
    for probe, status in ((unnamed, "pass"), (REFUSED, "warn")):  # one names its MTU, which is smaller than they need
        found = check("cloud.transport", "photon2", **out(probe, size=1281))

        assert found.status == status
        assert any("fragmentation needed" in line for line in found.evidence)


def test_where_the_port_does_not_answer_its_size_is_no_matter() -> None:
    silent = cloud(attempts=attempts(ARGON_ADDRESS, 5684, "timeout", 3), record=None)
    found = check("cloud.transport", "photon2", **silent, **out(REFUSED))

    assert found.status == "fail"
    assert "1280" not in found.summary


def test_by_default_nothing_is_said_of_the_size() -> None:
    assert not [line for line in check("cloud.transport", "photon2").evidence if "bytes" in line]


@pytest.mark.parametrize("largest", [1, 512, 754, 1252])
def test_the_largest_datagram_of_the_server_is_evidence_of_the_way_back(largest: int) -> None:
    found = check("cloud.transport", "photon2", mapping=held("accepted", largest=largest))

    assert found.status == "pass"
    assert (
        f"{ARGON_PORT}, packets from the server back: the largest had {largest + 28} bytes, unfragmented"
        in found.evidence
    )


@pytest.mark.parametrize(
    "mapping",
    [held("accepted", largest=0), held("accepted"), held("accepted", largest=754, address="198.51.100.99"),
     held("accepted", largest=754, port=5685), Mapping(largest=754), Mapping(not_run="no default route")],
    ids=["none", "not-noted", "another-address", "another-port", "nobody", "not-run"],
)  # fmt: skip
def test_what_another_server_sent_says_nothing_of_the_way_back(mapping: Mapping) -> None:
    assert not [
        line
        for line in check("cloud.transport", "photon2", mapping=mapping).evidence
        if "packets from the server" in line
    ]


def test_a_nat_that_forgets_hides_nothing_of_the_size() -> None:
    forgotten = held("new-cookie", largest=754)
    found = check("cloud.transport", "photon2", mapping=forgotten, **out(GOT_OUT))
    narrow = check("cloud.transport", "photon2", mapping=forgotten, **out(REFUSED))

    assert (found.status, narrow.status) == ("warn", "warn")
    assert "forgets" in found.summary
    assert "1280" in narrow.summary
    for row in (found, narrow):
        assert [word for line in row.evidence for word in ("out", "back") if f" {word}: " in line] == ["out", "back"]
        assert any("30 s of silence" in line for line in row.evidence)


# --- path MTU, in a run of rules 1 to 3


@pytest.mark.parametrize(
    ("device", "seen_large", "status"),
    [
        ("photon2", large(ANSWERED, record="ServerHello"), "pass"),
        ("photon2", large(attempts(ARGON_ADDRESS, 5684, "timeout", 3)), "pass"),
        ("photon2", large(attempts(ARGON_ADDRESS, 5684, "icmp", 1)), "pass"),
        ("argon", large(attempts(ARGON_ADDRESS, 5684, "icmp", 1, icmp=TOO_BIG)), "warn"),
        ("argon", large(attempts(ARGON_ADDRESS, 5684, "icmp", 1, icmp=TOO_BIG), ANSWERED, record="Alert 40"), "pass"),
        ("photon2", large(attempts(ARGON_ADDRESS, 5684, "error", 3, detail="Message too long")), "pass"),
        ("photon", large(attempts(ARGON_ADDRESS, 5684, "icmp", 1, icmp=TOO_BIG)), "pass"),
    ],
    ids=["whole", "lost", "prohibited", "refused", "refused-at-first", "not-sent", "no-dtls"],
)
def test_a_large_hello_is_warned_of_only_where_somebody_says_so(
    device: str, seen_large: dict[str, Any], status: str
) -> None:
    """That it was lost says nothing: the vendor's published server answers none."""
    found = check("cloud.transport", device, **seen_large)

    assert found.status == status
    if status == "warn":
        assert found.problem == "small-mtu"
    else:
        assert found.reason is None


def test_what_came_of_a_large_hello_is_evidence() -> None:
    found = check("cloud.transport", "photon2", **large(attempts(ARGON_ADDRESS, 5684, "timeout", 3)))

    assert [line for line in found.evidence if "1280 bytes" in line] == [
        *(f"{ARGON_PORT}, 1280 bytes, {2 * n}.0 s: timeout" for n in range(3)),
        f"{ARGON_PORT}, 1280 bytes: that a ClientHello of this size gets no answer says nothing of the path",
    ]


def test_who_refuses_a_large_packet_is_named() -> None:
    found = check("cloud.transport", "argon", **large(attempts(ARGON_ADDRESS, 5684, "icmp", 1, icmp=TOO_BIG)))

    assert found.named == Named(address="203.0.113.1")
    assert any("1200" in line for line in found.evidence)


# --- NAT


@pytest.mark.parametrize(
    ("mapping", "status"),
    [
        (None, "pass"),
        (Mapping(not_run="no default route"), "pass"),
        (Mapping(), "pass"),
        (held("accepted"), "pass"),
        (held("new-cookie"), "warn"),
        (held("silence"), "warn"),
        (held("silence", "answered", cookie=False), "pass"),
        (held("new-cookie", control_answer="new-cookie"), "pass"),
        (held("silence", control_answer="silence"), "pass"),
        (held("answered", "answered", cookie=False), "pass"),
        (held(None), "pass"),
        (held(None, "silence", silent_s=0.0, idle_s=0.0), "pass"),
        (held("new-cookie", "new-cookie"), "pass"),
        (held("new-cookie", silent_s=90.0, idle_s=90.0), "pass"),
    ],
    ids=[
        "not-deep", "not-run", "nobody-answers", "kept", "other-port", "dead", "dead-no-cookie", "new-secret",
        "server-gone", "answered-no-cookie", "flooded", "never-began", "secret-changes-always",
        "much-longer-than-a-device",
    ],
)  # fmt: skip
def test_what_a_nat_forgets(mapping: Mapping | None, status: str) -> None:
    found = check("cloud.transport", "photon2", mapping=mapping)

    assert (found.status, found.problem) == (status, "mapping-forgotten" if status == "warn" else None)


@pytest.mark.parametrize(("idle_s", "proved"), [(20.0, True), (30.0, False)])
def test_a_silence_longer_than_the_keep_alive_proves_no_disconnection(idle_s: float, *, proved: bool) -> None:
    reason = check("cloud.transport", "photon2", mapping=held("new-cookie", silent_s=idle_s, idle_s=idle_s)).reason
    assert ("did not measure whether that is often enough" not in (reason or "")) is proved


def test_a_nat_concerns_only_devices_with_udp() -> None:
    assert check("cloud.transport", "photon", mapping=held("new-cookie")).status == "pass"


@pytest.mark.parametrize(("version", "words"), [("3.0.0", "connect again and again"), ("3.1.0", "connection id")])
def test_a_connection_id_outlives_another_port(version: str, words: str) -> None:
    name = profiles.load("argon", version).cloud.hosts.value[0]
    found = check(
        "cloud.transport", "argon", version, mapping=held("new-cookie"), dns=seen.dns(lookup(name, ARGON_ADDRESS)),
        **cloud(host=name),
    )  # fmt: skip

    assert found.status == "warn"
    assert words in (found.reason or "")


def test_what_was_held_is_evidence() -> None:
    came = held("accepted", arrived=[Arrival(at_s=12.0, size=60)])
    evidence = check("cloud.transport", "photon2", mapping=came).evidence

    assert any("30 s of silence" in line and "same address and port" in line for line in evidence)
    assert any("1 datagram came unasked" in line for line in evidence)


# --- AAAA


def aaaa(*addresses: str, rcode: str | None = "NOERROR", name: str = P2_NAME) -> dict[str, Any]:
    found = seen.dns()
    found.lookups.append(lookup(name, *addresses, rcode=rcode, type="AAAA"))
    return {"dns": found}


@pytest.mark.parametrize(
    ("device", "version", "changed", "status", "problem"),
    [
        ("photon2", None, aaaa(), "pass", None),
        ("photon2", None, aaaa(rcode=None), "warn", "aaaa-unanswered"),
        ("photon2", None, aaaa("64:ff9b::c633:6415"), "warn", "ipv6-address"),
        ("photon2", None, aaaa(rcode="SERVFAIL"), "pass", None),
        ("argon", "6.2.0", aaaa(rcode=None), "pass", None),
        ("photon", None, aaaa(rcode=None, name=PHOTON_NAME), "pass", None),
    ],
    ids=["empty", "silent", "dns64", "servfail", "argon-without-ipv6", "photon"],
)
def test_devices_that_ask_for_aaaa_first(
    device: str, version: str | None, changed: dict[str, Any], status: str, problem: str | None
) -> None:
    found = check("dns.resolve", device, version, **changed)

    assert found.status == status
    assert found.problem == problem


def test_how_long_an_unanswered_aaaa_takes() -> None:
    found = check("dns.resolve", "photon2", **aaaa(rcode=None))

    assert "4 s" in (found.reason or "")
    assert found.named == Named(address=RESOLVER)

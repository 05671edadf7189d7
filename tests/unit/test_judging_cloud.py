"""The cloud port beyond "it answers": how sure a silence is, packets that are too large, and what a NAT forgets."""

from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.results import Check, Named
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Arrival, Attempt, Cloud, Icmp, LargeHello, Mapping
from tests.unit import seen
from tests.unit.seen import ARGON_ADDRESS, HELLO_VERIFY, PHOTON_NAME, RESOLVER, attempts, healthy, lookup

P2_NAME = seen.ARGON_NAME
ANSWERED = attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0)
TOO_BIG = Icmp(type=3, code=4, source="203.0.113.1", mtu=1200)


def check(check_id: str, device: str, version: Any = None, **changed: Any) -> Check:
    judged = judge(healthy(**changed), profiles.load(device, version), Selection())
    return next(one for one in judged.checks if one.id == check_id)


def cloud(**fields: Any) -> dict[str, Cloud]:
    """The healthy clouds, with some fields of the DTLS one changed."""
    dtls = seen.argon(*fields.pop("attempts", ANSWERED), **{"record": HELLO_VERIFY, **fields})
    return {"cloud": Cloud(endpoints=[seen.photon(seen.NONCE), dtls])}


def large(*made: Any, record: str | None = None) -> dict[str, Cloud]:
    return cloud(large=LargeHello(size=1280, attempts=[one for some in made for one in some], record=record))


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


# --- path MTU


@pytest.mark.parametrize(
    ("device", "seen_large", "status"),
    [
        ("photon2", large(ANSWERED, record="ServerHello"), "pass"),
        ("photon2", large(attempts(ARGON_ADDRESS, 5684, "timeout", 3)), "warn"),
        ("argon", large(attempts(ARGON_ADDRESS, 5684, "icmp", 1, icmp=TOO_BIG)), "warn"),
        ("photon2", large(attempts(ARGON_ADDRESS, 5684, "error", 3, detail="Message too long")), "pass"),
        ("photon", large(attempts(ARGON_ADDRESS, 5684, "timeout", 3)), "pass"),
    ],
    ids=["whole", "lost", "refused", "not-sent", "no-dtls"],
)
def test_large_packets(device: str, seen_large: dict[str, Any], status: str) -> None:
    found = check("cloud.transport", device, **seen_large)

    assert found.status == status
    if status == "warn":
        assert found.problem == "small-mtu"


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
    assert ("soon enough was not looked at" not in (reason or "")) is proved


def test_a_nat_concerns_only_devices_with_udp() -> None:
    assert check("cloud.transport", "photon", mapping=held("new-cookie")).status == "pass"


@pytest.mark.parametrize(("version", "words"), [("3.0.0", "connect anew"), ("3.1.0", "connection id")])
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
    assert any("1 datagrams came unasked" in line for line in evidence)


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

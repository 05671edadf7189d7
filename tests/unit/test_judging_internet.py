"""Judging NTP, CoAP, the cloud port and captive portals: what is witnessed passes, and nothing else does."""

from typing import Any

import msgspec
import pytest

from netpreflight.probes.observations import (
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Connection,
    Control,
    Icmp,
    Ntp,
    NtpReply,
    Portal,
    PortalApi,
    TlsWitness,
)
from tests.unit import seen
from tests.unit.seen import (
    ARGON_ADDRESS,
    COAP_ADDRESSES,
    FILTER,
    GATEWAY,
    GOOD_NTP,
    NTP_ADDRESS,
    NTP_NAME,
    PHOTON_ADDRESS,
    VENDORS,
    attempts,
    dns,
    lookup,
    witness,
)
from tests.unit.test_judging_ip import ADMIN, OWNER, Case, verify, without


def replied(**fields: Any) -> dict[str, Ntp]:
    return {"ntp": seen.ntp(msgspec.structs.replace(GOOD_NTP, **fields))}


PROHIBITED_HERE: dict[str, Any] = {"outcome": "error", "detail": "Operation not permitted"}
NTP_CASES = [
    Case("good", "ntp.reply", {}, "pass", (NTP_ADDRESS, "stratum 2")),
    Case("good at last", "ntp.reply", {"ntp": seen.ntp(NtpReply(length=20), GOOD_NTP)}, "pass"),
    Case("silence", "ntp.reply", {"ntp": seen.ntp()}, "fail", ("UDP 123", NTP_NAME, NTP_ADDRESS), ADMIN),
    Case("silence warns a Photon", "ntp.reply", {"ntp": seen.ntp()}, "warn", ("UDP 123",), ADMIN, "photon"),
    Case("silence warns an Argon", "ntp.reply", {"ntp": seen.ntp()}, "warn", ("UDP 123",), ADMIN, "argon 5.5.0"),
    # From 5.6.0 on it does not ask: what failed is reported, and does not count (test_judging_verdict).
    Case("silence is nothing to a newer Argon", "ntp.reply", {"ntp": seen.ntp()}, "fail", ("UDP 123",), ADMIN, "argon"),
    Case("rejected", "ntp.reply", {"ntp": seen.ntp(outcome="icmp")}, "fail", (FILTER, "prohibited", "UDP 123"), ADMIN),
    Case("kiss", "ntp.reply", replied(stratum=0, reference="RATE"), "fail", ("kiss-of-death RATE", NTP_ADDRESS), ADMIN),
    Case("short", "ntp.reply", replied(length=20, mode=None, stratum=None), "fail", ("20 bytes", NTP_ADDRESS), ADMIN),
    Case("wrong mode", "ntp.reply", replied(mode=3), "fail", ("mode 3",), ADMIN),
    Case("longer than a device's buffer", "ntp.reply", replied(length=68), "warn", ("68 bytes",), ADMIN),
    Case("not sent", "ntp.reply", {"ntp": seen.ntp(**PROHIBITED_HERE)}, "unknown", ("not permitted",), OWNER),
    Case("no address", "ntp.reply", {"ntp": seen.ntp(address=None), **without(NTP_NAME)}, "unknown", (NTP_NAME,)),
    Case("not run", "ntp.reply", {"ntp": Ntp(not_run="no default route")}, "unknown", ("o default route",)),
    Case("cut short", "ntp.reply", {"ntp": None}, "unknown", ("cut short",)),
]  # fmt: skip


@pytest.mark.parametrize("case", NTP_CASES, ids=lambda case: case.name)
def test_ntp(case: Case) -> None:
    verify(case)


def coap(*made: Any, **more: Any) -> dict[str, Coap]:
    return {"coap": seen.coap(*made, **more)}


SILENT = attempts(COAP_ADDRESSES[0], 5683, "timeout", 4)
HTTP = Control(port=80, protocol="http", answered=True, detail="HTTP/1.1 200 OK")
NO_HTTP = Control(port=80, protocol="http", answered=False, detail="no answer")
CLOSED = Icmp(type=3, code=3, source=COAP_ADDRESSES[0])
CLOSED_NEARER = Icmp(type=3, code=3, source=FILTER)
NO_NAME = {"coap": Coap(servers=[CoapServer(host="coap.me", port=5683)])}
COAP_CASES = [
    Case("reset", "coap.udp-5683", {}, "pass", ("coap.me", COAP_ADDRESSES[0])),
    Case("silence alone", "coap.udp-5683", coap(SILENT), "unknown", (*COAP_ADDRESSES, "UDP 5683"), never=("block is",)),
    Case("silence with a live host", "coap.udp-5683", coap(SILENT, controls=(HTTP,)), "fail",
         ("UDP 5683", COAP_ADDRESSES[0], "TCP 80"), ADMIN),
    Case("silence of a dead host", "coap.udp-5683", coap(SILENT, controls=(NO_HTTP,)), "unknown"),
    Case("the host answers NTP", "coap.udp-5683", coap(SILENT) | {"ntp": Ntp(server=NTP_NAME, address=COAP_ADDRESSES[1],
         attempts=seen.ntp(GOOD_NTP).attempts)}, "fail", ("UDP 5683", COAP_ADDRESSES[1]), ADMIN),
    Case("prohibited", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2)), "fail",
         ("UDP 5683", FILTER, "prohibited"), ADMIN),
    Case("port unreachable, not from the host", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2,
         icmp=CLOSED_NEARER)), "fail", ("UDP 5683", FILTER), ADMIN),
    Case("port unreachable from the host", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2,
         icmp=CLOSED),
         [], controls=(HTTP,)), "unknown", (COAP_ADDRESSES[0],), never=("blocked:",)),
    Case("not sent", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, **PROHIBITED_HERE)), "unknown",
         ("not permitted",), OWNER),
    Case("no name resolves", "coap.udp-5683", NO_NAME | without(*seen.COAP_NAMES), "unknown", ("coap.me",)),
    Case("not run", "coap.udp-5683", {"coap": Coap(not_run="no default route")}, "unknown", ("o default route",)),
    Case("cut short", "coap.udp-5683", {"coap": None}, "unknown", ("cut short",)),
    Case("the generic device's cloud is CoAP", "cloud.transport", {}, "pass", ("coap.me",)),
    Case("and fails with it", "cloud.transport", coap(SILENT, controls=(HTTP,)), "fail", ("UDP 5683",), ADMIN),
]  # fmt: skip


@pytest.mark.parametrize("case", COAP_CASES, ids=lambda case: case.name)
def test_coap(case: Case) -> None:
    verify(case)


def cloud(*endpoints: CloudEndpoint) -> dict[str, Cloud]:
    return {"cloud": Cloud(endpoints=list(endpoints))}


def tcp(received: bytes = b"", error: str | None = None, connect_ms: float | None = 9.0) -> dict[str, Cloud]:
    return cloud(seen.photon(*[Connection(at_s=0, connect_ms=connect_ms, received=received.hex(), error=error)] * 2))


def udp(outcome: Any = "timeout", **more: Any) -> dict[str, Cloud]:
    return cloud(seen.argon(*attempts(ARGON_ADDRESS, 5684, outcome, 3, **more)))


RANDOM_40 = bytes(range(200, 240))
PHOTON_SAYS, ARGON_SAYS = ("TCP 5683", "device.spark.io", PHOTON_ADDRESS), ("UDP 5684", "particle.io", ARGON_ADDRESS)
FAILING = [
    ("silent", tcp(error="timeout"), ("silent",)),
    ("reset after connecting", tcp(error="reset"), ("reset",)),
    ("closed after connecting", tcp(error="closed"), ("closed",)),
    ("refused", tcp(error="refused", connect_ms=None), ("refused",)),
    ("no connection", tcp(error="timeout", connect_ms=None), ("no answer",)),
    ("no route", tcp(error="No route to host", connect_ms=None), ("No route to host",)),
    ("39 bytes", tcp(RANDOM_40[:39], "timeout"), ("39 bytes",)),
    ("41 bytes", tcp(RANDOM_40 + b"\xff"), ("41 bytes",)),
    ("40 bytes, then an end", tcp(RANDOM_40, "closed"), ("40 bytes",)),
    ("a banner of 40 characters", tcp(b"220 mail.example.org ESMTP ready to go\r\n"), ("40 bytes",)),
]
CLOUD_CASES = [
    Case("nonce", "cloud.transport", {}, "pass", PHOTON_SAYS, device="photon"),
    *(Case(name, "cloud.transport", made, "fail", (*PHOTON_SAYS, *says), ADMIN, "photon") for name, made,
    says in FAILING),
    Case("hello", "cloud.transport", {}, "pass", ARGON_SAYS, device="argon"),
    Case("silence", "cloud.transport", udp(), "fail", ARGON_SAYS, ADMIN, "argon"),
    Case("prohibited", "cloud.transport", udp("icmp"), "fail", (*ARGON_SAYS, FILTER, "prohibited"), ADMIN, "argon"),
    Case("garbage", "cloud.transport", udp("ignored", detail="not a DTLS record"), "fail", ARGON_SAYS, ADMIN, "argon"),
    Case("closed by the host", "cloud.transport", udp("icmp", icmp=Icmp(type=3, code=3, source=ARGON_ADDRESS)), "fail",
         ARGON_SAYS, ADMIN, "argon"),
    Case("not sent", "cloud.transport", udp(**PROHIBITED_HERE), "unknown", ("not permitted",), OWNER, "argon"),
    Case("another version's name", "cloud.transport", cloud(seen.argon(host=seen.ARGON_NAME.replace(".v6.", ".v5."))),
         "unknown",
         ("argon",), OWNER, "argon"),
    Case("no address", "cloud.transport", cloud(seen.photon(address=None)) | without("device.spark.io"), "unknown",
         ("device.spark.io",), ADMIN, "photon"),
    Case("not run", "cloud.transport", {"cloud": Cloud(not_run="no default route")}, "unknown", device="photon"),
    Case("cut short", "cloud.transport", {"cloud": None}, "unknown", ("cut short",), device="argon"),
    Case("a Photon needs no UDP 5683", "coap.udp-5683", coap(SILENT, controls=(HTTP,)), "fail", device="photon"),
]  # fmt: skip


@pytest.mark.parametrize("case", CLOUD_CASES, ids=lambda case: f"{case.device} {case.name}")
def test_cloud(case: Case) -> None:
    verify(case)


PAGE, API = "http://192.168.77.1:8080/login", "https://portal.example/api"
WRONG = {"status": 200, "body": "<html>Welcome</html>", "location": None}
REDIRECT = {"status": 302, "body": "", "location": PAGE}
NO_ANSWER = {"status": None, "body": "", "error": "no answer"}
FIRST, SECOND, THIRD = VENDORS
TO_GATEWAY = {**WRONG, "address": GATEWAY}


def some(*wrong: tuple[str, dict[str, Any]], **more: Any) -> dict[str, Portal]:
    changed = dict(wrong)
    return {"portal": Portal(http=[witness(name, **changed.get(name, {})) for name in VENDORS], **more)}


def api(**fields: Any) -> dict[str, Portal]:
    return {"portal": seen.portal(api=PortalApi(url=API, status=200, **fields))}


def everyone(answer: dict[str, Any]) -> dict[str, Portal]:
    return {"portal": seen.portal(answer)}


FOREIGN = TlsWitness(host=FIRST, address="198.51.100.31", mismatch="Hostname mismatch")
PORTAL_CASES = [
    Case("right answers", "portal", {}, "pass"),
    Case("one vendor down", "portal", some((FIRST, NO_ANSWER)), "pass"),
    Case("one vendor's own trouble", "portal", some((FIRST, {"status": 500})), "pass"),
    Case("redirect", "portal", everyone(REDIRECT), "fail", (PAGE, "MAC"), ADMIN),
    Case("one redirect and silence", "portal", some((FIRST, REDIRECT), (SECOND, NO_ANSWER), (THIRD, NO_ANSWER)), "fail",
         (PAGE,), ADMIN),
    Case("511", "portal", everyone({**WRONG, "status": 511}), "fail", (FIRST,), ADMIN),
    Case("by DNS", "portal", everyone(TO_GATEWAY), "fail", (GATEWAY,), ADMIN),
    Case("by DNS to a local address", "portal", everyone({**WRONG, "address": "10.1.1.1"}), "fail", ("10.1.1.1",),
         ADMIN),
    Case("another's page for all", "portal", everyone(WRONG), "fail", (), ADMIN),
    Case("a success page in disguise", "portal", everyone({"status": 200, "body": "log in"}), "fail", (), ADMIN),
    Case("one wrong, one right", "portal", some((FIRST, WRONG), (SECOND, NO_ANSWER)), "unknown", (FIRST,)),
    Case("two wrong, one right", "portal", some((FIRST, WRONG), (SECOND, REDIRECT)), "fail", (), ADMIN),
    Case("one wrong, no other", "portal", some((FIRST, WRONG), (SECOND, NO_ANSWER), (THIRD, NO_ANSWER)), "unknown",
         (FIRST,)),
    Case("another's certificate", "portal", {"portal": seen.portal(NO_ANSWER, tls=[FOREIGN])}, "unknown",
         ("certificate",)),
    Case("names at the gateway, and silence", "portal", everyone({**NO_ANSWER, "address": GATEWAY}), "unknown",
         (GATEWAY,)),
    Case("nobody answers", "portal", everyone(NO_ANSWER), "unknown", ("no answer",), OWNER),
    Case("API says captive", "portal", api(captive=True, portal_url=PAGE), "fail", (PAGE, API, "RFC 8908"), ADMIN),
    Case("API knows the laptop", "portal", api(captive=False, session=True), "fail", (API, "new device"), ADMIN),
    Case("API names a portal", "portal", api(captive=False, portal_url=PAGE), "unknown", (PAGE, "new device"), ADMIN),
    Case("API denies", "portal", api(captive=False), "unknown", (API, "new device"), ADMIN),
    Case("DHCP says that there is none", "portal",
         {"portal": seen.portal(api=PortalApi(url="urn:ietf:params:capport:unrestricted", captive=False))}, "pass"),
    Case("API that cannot be asked", "portal", api(error="no answer"), "unknown", (API, "no answer"), ADMIN),
    Case("broken API and a redirect", "portal", {"portal": seen.portal(REDIRECT, api=PortalApi(url=API, error="x"))},
         "fail",
         (PAGE,), ADMIN),
    Case("not run", "portal", {"portal": Portal(not_run="no default route")}, "unknown", ("o default route",)),
    Case("cut short", "portal", {"portal": None}, "unknown", ("cut short",)),
]  # fmt: skip


@pytest.mark.parametrize("case", PORTAL_CASES, ids=lambda case: case.name)
def test_portal(case: Case) -> None:
    verify(case)


def test_a_204_with_a_body_is_no_right_answer() -> None:
    assert not witness(FIRST, body="x").right
    assert not witness(SECOND, status=204).right
    assert witness(SECOND, body="<HTML><BODY>Success</BODY></HTML>").right


def test_a_dns_hijack_is_never_called_a_working_cloud() -> None:
    changed = {
        "dns": dns(lookup("device.spark.io", GATEWAY)),
        **cloud(seen.photon(Connection(at_s=0, connect_ms=1))),
    }
    verify(Case("hijack", "cloud.transport", changed, "fail", ("device.spark.io",), ADMIN, "photon"))

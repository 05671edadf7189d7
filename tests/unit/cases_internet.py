"""Every way in which the checks of NTP, the portal, CoAP and the cloud can end."""

from typing import Any

import msgspec

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
from tests.unit.cases import ADMIN, OWNER, Case, without
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
    witness,
)


def replied(**fields: Any) -> dict[str, Ntp]:
    return {"ntp": seen.ntp(msgspec.structs.replace(GOOD_NTP, **fields))}


NO_ROUTE = Icmp(type=3, code=0, source=GATEWAY)
PROHIBITED_HERE: dict[str, Any] = {"outcome": "error", "detail": "Operation not permitted"}
NTP_CASES = [
    Case("good", "ntp.reply", {}, "pass", evidence=("stratum 2",)),
    Case("good at last", "ntp.reply", {"ntp": seen.ntp(NtpReply(length=20), GOOD_NTP)}, "pass"),
    Case("silence", "ntp.reply", {"ntp": seen.ntp()}, "fail", "no-answer", ADMIN),
    Case("silence warns a Photon", "ntp.reply", {"ntp": seen.ntp()}, "warn", "no-answer", ADMIN, device="photon"),
    Case("silence warns an Argon", "ntp.reply", {"ntp": seen.ntp()}, "warn", "no-answer", ADMIN, device="argon 5.5.0"),
    # From 5.6.0 on it does not ask: what failed is reported, and does not count (test_judging_verdict).
    Case("silence is nothing to a newer Argon", "ntp.reply", {"ntp": seen.ntp()}, "fail", "no-answer", ADMIN,
         device="argon"),
    Case("rejected", "ntp.reply", {"ntp": seen.ntp(outcome="icmp")}, "fail", "rejected", ADMIN, FILTER),
    Case("no route", "ntp.reply", {"ntp": seen.ntp(outcome="icmp", icmp=NO_ROUTE)}, "fail", "no-route", ADMIN, GATEWAY),
    Case("kiss", "ntp.reply", replied(stratum=0, reference="RATE"), "fail", "kiss-of-death", ADMIN, NTP_ADDRESS),
    Case("short", "ntp.reply", replied(length=20, mode=None, stratum=None), "fail", "short-reply", ADMIN, NTP_ADDRESS,
         evidence=("20 bytes",)),
    Case("wrong mode", "ntp.reply", replied(mode=3), "fail", "wrong-mode", ADMIN, NTP_ADDRESS, evidence=("mode 3",)),
    Case("does not know the time", "ntp.reply", replied(offset_s=None, without_time=True), "warn", "no-time", ADMIN,
         NTP_ADDRESS, evidence=("transmit timestamp 0",)),
    Case("counts from 1970", "ntp.reply", replied(offset_s=-1.79e9), "warn", "wrong-time", ADMIN, NTP_ADDRESS,
         evidence=("-1790000000 s",)),
    Case("counts from 1900", "ntp.reply", replied(offset_s=2.9e8), "warn", "wrong-time", ADMIN, NTP_ADDRESS),
    Case("months ahead", "ntp.reply", replied(offset_s=3.1e7), "pass"),
    Case("months behind", "ntp.reply", replied(offset_s=-3.1e7), "pass"),
    Case("the wrong time warns a Photon", "ntp.reply", replied(offset_s=3.2e7), "warn", "wrong-time", ADMIN,
         NTP_ADDRESS, device="photon"),
    Case("longer than a device's buffer", "ntp.reply", replied(length=68), "warn", "long-reply", ADMIN, NTP_ADDRESS,
         evidence=("68 bytes",)),
    Case("not sent", "ntp.reply", {"ntp": seen.ntp(**PROHIBITED_HERE)}, "unknown", "not-sent", OWNER,
         evidence=("not permitted",)),
    Case("no address", "ntp.reply", {"ntp": seen.ntp(address=None), **without(NTP_NAME)}, "unknown", "no-address",
         ADMIN),
    Case("not run", "ntp.reply", {"ntp": Ntp(not_run="no default route")}, "unknown", "not-looked", OWNER),
    Case("cut short", "ntp.reply", {"ntp": None}, "unknown", "not-looked", OWNER),
]  # fmt: skip


def coap(*made: Any, **more: Any) -> dict[str, Coap]:
    return {"coap": seen.coap(*made, **more)}


SILENT = attempts(COAP_ADDRESSES[0], 5683, "timeout", 4)
HTTP = Control(port=80, protocol="http", answered=True, detail="HTTP/1.1 200 OK")
NO_HTTP = Control(port=80, protocol="http", answered=False, detail="no answer")
CLOSED = Icmp(type=3, code=3, source=COAP_ADDRESSES[0])
CLOSED_NEARER = Icmp(type=3, code=3, source=FILTER)
NO_NAME = {"coap": Coap(servers=[CoapServer(host="coap.me", port=5683)])}
COAP_CASES = [
    Case("reset", "coap.udp-5683", {}, "pass", evidence=("coap.me", COAP_ADDRESSES[0])),
    Case("silence alone", "coap.udp-5683", coap(SILENT), "unknown", "no-answer", OWNER,
         evidence=(*COAP_ADDRESSES, "UDP 5683")),
    Case("silence with a live host", "coap.udp-5683", coap(SILENT, controls=(HTTP,)), "fail", "blocked", ADMIN,
         evidence=("UDP 5683", COAP_ADDRESSES[0])),
    Case("silence of a dead host", "coap.udp-5683", coap(SILENT, controls=(NO_HTTP,)), "unknown", "no-answer", OWNER),
    Case("the host answers NTP", "coap.udp-5683",
         coap(SILENT) | {"ntp": Ntp(server=NTP_NAME, address=COAP_ADDRESSES[1], attempts=seen.ntp(GOOD_NTP).attempts)},
         "fail", "blocked", ADMIN, evidence=("UDP 5683", COAP_ADDRESSES[1])),
    Case("prohibited", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2)), "fail", "rejected", ADMIN,
         FILTER, evidence=("UDP 5683", "prohibited")),
    Case("port unreachable, not from the host", "coap.udp-5683",
         coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2, icmp=CLOSED_NEARER)), "fail", "rejected", ADMIN, FILTER,
         evidence=("UDP 5683",)),
    Case("port unreachable from the host", "coap.udp-5683",
         coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2, icmp=CLOSED), [], controls=(HTTP,)), "unknown",
         "port-closed", OWNER, COAP_ADDRESSES[0]),
    Case("not sent", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, **PROHIBITED_HERE)), "unknown",
         "not-sent", OWNER, evidence=("not permitted",)),
    Case("no route", "coap.udp-5683", coap(attempts(COAP_ADDRESSES[0], 5683, "icmp", 2, icmp=NO_ROUTE)), "fail",
         "no-route", ADMIN, GATEWAY),
    Case("answered as no CoAP server does", "coap.udp-5683",
         coap([*SILENT, *attempts(COAP_ADDRESSES[0], 5683, "ignored", 1, detail="another message id")]), "unknown",
         "foreign-answer", OWNER, evidence=("another message id",)),
    Case("no name resolves", "coap.udp-5683", NO_NAME | without(*seen.COAP_NAMES), "unknown", "no-address", ADMIN),
    Case("not run", "coap.udp-5683", {"coap": Coap(not_run="no default route")}, "unknown", "not-looked", OWNER),
    Case("cut short", "coap.udp-5683", {"coap": None}, "unknown", "not-looked", OWNER),
    Case("the generic device's cloud is CoAP", "cloud.transport", {}, "pass", evidence=("coap.me",)),
    Case("and fails with it", "cloud.transport", coap(SILENT, controls=(HTTP,)), "fail", "blocked", ADMIN,
         evidence=("UDP 5683",)),
]  # fmt: skip


def cloud(*endpoints: CloudEndpoint) -> dict[str, Cloud]:
    return {"cloud": Cloud(endpoints=list(endpoints))}


def tcp(received: bytes = b"", error: str | None = None, connect_ms: float | None = 9.0) -> dict[str, Cloud]:
    return cloud(seen.photon(*[Connection(at_s=0, connect_ms=connect_ms, received=received.hex(), error=error)] * 2))


def udp(outcome: Any = "timeout", **more: Any) -> dict[str, Cloud]:
    return cloud(seen.argon(*attempts(ARGON_ADDRESS, 5684, outcome, 3, **more)))


RANDOM_40 = bytes(range(200, 240))
PHOTON_SAYS, ARGON_SAYS = ("TCP 5683", "device.spark.io", PHOTON_ADDRESS), ("UDP 5684", "particle.io", ARGON_ADDRESS)
FAILING = [
    ("silent", tcp(error="timeout"), "no-nonce", "0 bytes received, timeout"),
    ("reset after connecting", tcp(error="reset"), "no-nonce", "reset"),
    ("closed after connecting", tcp(error="closed"), "no-nonce", "closed"),
    ("refused", tcp(error="refused", connect_ms=None), "connection-refused", "refused"),
    ("no connection", tcp(error="timeout", connect_ms=None), "no-answer", "not connected"),
    ("no route", tcp(error="No route to host", connect_ms=None), "no-connection", "No route to host"),
    ("39 bytes", tcp(RANDOM_40[:39], "timeout"), "foreign-answer", "39 bytes"),
    ("41 bytes", tcp(RANDOM_40 + b"\xff"), "foreign-answer", "41 bytes"),
    ("40 bytes, then an end", tcp(RANDOM_40, "closed"), "foreign-answer", "40 bytes"),
    ("40 bytes of which few differ", tcp(bytes(range(19)) * 2 + b"\0\1"), "foreign-answer", "40 bytes"),
    ("the same nonce twice", tcp(RANDOM_40), "foreign-answer", "40 bytes"),
    ("a banner of 40 characters", tcp(b"220 mail.example.org ESMTP ready to go\r\n"), "foreign-answer", "40 bytes"),
]
NONCES = cloud(
    seen.photon(
        *(Connection(at_s=0, connect_ms=9.0, received=bytes(range(first, first + 40)).hex()) for first in (0, 1))
    )
)
CLOUD_CASES = [
    Case("nonce", "cloud.transport", {}, "pass", device="photon", evidence=PHOTON_SAYS),
    Case("another nonce each time", "cloud.transport", NONCES, "pass", device="photon", evidence=PHOTON_SAYS),
    *(Case(name, "cloud.transport", made, "fail", problem, ADMIN, device="photon", evidence=(*PHOTON_SAYS, shown))
      for name, made, problem, shown in FAILING),
    Case("hello", "cloud.transport", {}, "pass", device="argon", evidence=ARGON_SAYS),
    Case("silence", "cloud.transport", udp(), "fail", "no-answer", ADMIN, device="argon", evidence=ARGON_SAYS),
    Case("prohibited", "cloud.transport", udp("icmp"), "fail", "rejected", ADMIN, FILTER, device="argon",
         evidence=(*ARGON_SAYS, "prohibited")),
    Case("garbage", "cloud.transport", udp("ignored", detail="not a DTLS record"), "fail",
         "foreign-answer", ADMIN, device="argon", evidence=(*ARGON_SAYS, "not a DTLS record")),
    Case("closed by the host", "cloud.transport", udp("icmp", icmp=Icmp(type=3, code=3, source=ARGON_ADDRESS)), "fail",
         "port-closed", ADMIN, ARGON_ADDRESS, device="argon", evidence=ARGON_SAYS),
    Case("not sent", "cloud.transport", udp(**PROHIBITED_HERE), "unknown", "not-sent", OWNER, device="argon",
         evidence=("not permitted",)),
    Case("another version's name", "cloud.transport", cloud(seen.argon(host=seen.ARGON_NAME.replace(".v6.", ".v5."))),
         "unknown", "other-run", OWNER, device="argon"),
    Case("no address", "cloud.transport", cloud(seen.photon(address=None)) | without("device.spark.io"), "unknown",
         "no-address", ADMIN, device="photon"),
    Case("not run", "cloud.transport", {"cloud": Cloud(not_run="no default route")}, "unknown", "not-looked", OWNER,
         device="photon"),
    Case("cut short", "cloud.transport", {"cloud": None}, "unknown", "not-looked", OWNER, device="argon"),
    Case("a Photon needs no UDP 5683", "coap.udp-5683", coap(SILENT, controls=(HTTP,)), "fail", "blocked", ADMIN,
         device="photon"),
]  # fmt: skip
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
    Case("redirect", "portal", everyone(REDIRECT), "fail", "redirected", ADMIN, GATEWAY, evidence=(PAGE,)),
    Case("one redirect and silence", "portal", some((FIRST, REDIRECT), (SECOND, NO_ANSWER), (THIRD, NO_ANSWER)),
         "fail", "redirected", ADMIN, GATEWAY, evidence=(PAGE,)),
    Case("511", "portal", everyone({**WRONG, "status": 511}), "fail", "status-511", ADMIN, evidence=(FIRST,)),
    Case("by DNS", "portal", everyone(TO_GATEWAY), "fail", "by-dns", ADMIN, GATEWAY),
    Case("by DNS to a local address", "portal", everyone({**WRONG, "address": "10.1.1.1"}), "fail", "by-dns", ADMIN,
         "10.1.1.1"),
    Case("another's page for all", "portal", everyone(WRONG), "fail", "others-answer", ADMIN),
    Case("a success page in disguise", "portal", everyone({"status": 200, "body": "log in"}), "fail", "others-answer",
         ADMIN),
    Case("one wrong, one right", "portal", some((FIRST, WRONG), (SECOND, NO_ANSWER)), "unknown", "suspected", ADMIN,
         evidence=(FIRST,)),
    Case("two wrong, one right", "portal", some((FIRST, WRONG), (SECOND, REDIRECT)), "fail", "redirected", ADMIN,
         GATEWAY),
    Case("one wrong, no other", "portal", some((FIRST, WRONG), (SECOND, NO_ANSWER), (THIRD, NO_ANSWER)), "unknown",
         "suspected", ADMIN, evidence=(FIRST,)),
    Case("another's certificate", "portal", {"portal": seen.portal(NO_ANSWER, tls=[FOREIGN])}, "unknown", "suspected",
         ADMIN),
    Case("names at the gateway, and silence", "portal", everyone({**NO_ANSWER, "address": GATEWAY}), "unknown",
         "suspected", ADMIN, GATEWAY),
    Case("nobody answers", "portal", everyone(NO_ANSWER), "unknown", "no-answer", OWNER, evidence=("no answer",)),
    Case("API says captive", "portal", api(captive=True, portal_url=PAGE), "fail", "api-says-captive", ADMIN,
         evidence=(PAGE, API)),
    Case("API knows the laptop", "portal", api(captive=False, session=True), "fail", "api-knows-laptop", ADMIN,
         evidence=(API,)),
    Case("API names a portal", "portal", api(captive=False, portal_url=PAGE), "unknown", "api-lets-laptop-pass", ADMIN,
         evidence=(PAGE,)),
    Case("API denies", "portal", api(captive=False), "unknown", "api-lets-laptop-pass", ADMIN, evidence=(API,)),
    Case("DHCP says that there is none", "portal",
         {"portal": seen.portal(api=PortalApi(url="urn:ietf:params:capport:unrestricted", captive=False))}, "pass"),
    Case("API that cannot be asked", "portal", api(error="no answer"), "unknown", "api-unreachable", ADMIN,
         evidence=(API, "no answer")),
    Case("broken API and a redirect", "portal", {"portal": seen.portal(REDIRECT, api=PortalApi(url=API, error="x"))},
         "fail", "redirected", ADMIN, GATEWAY, evidence=(PAGE,)),
    Case("not run", "portal", {"portal": Portal(not_run="no default route")}, "unknown", "not-looked", OWNER),
    Case("cut short", "portal", {"portal": None}, "unknown", "not-looked", OWNER),
]  # fmt: skip

"""Odd cases that were once told wrong: each stays told right."""

import json
import os
import struct
from typing import Any

import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.judging import judge
from netpreflight.agent.selection import Selection
from netpreflight.probes.net.coap import reply_to
from netpreflight.probes.observations import Coap, Control
from netpreflight.reports import FORMATS
from tests.unit import seen
from tests.unit.cases import ADMIN, OWNER, Case, verify
from tests.unit.coap_messages import ACK, MID
from tests.unit.coap_messages import message as coap_message
from tests.unit.command import SAVED, refused
from tests.unit.command import run as cli
from tests.unit.dhcp_replies import OFFER, decoded, ip, option, reply
from tests.unit.dns_lookups import lookup as asked
from tests.unit.fakes import Answer
from tests.unit.hostile import TAGS, planted
from tests.unit.rendered import raw, run
from tests.unit.seen import COAP_ADDRESSES, attempts, dns, healthy, lookup, message

HTTP = (Control(port=80, protocol="http", answered=True, detail="HTTP/1.1 200 OK"),)
SILENT = attempts(COAP_ADDRESSES[0], 5683, "timeout", 4)


def test_huge_counts(tmp_path: Any) -> None:
    s = json.loads(SAVED)
    for contact in s["footprint"][:2]:
        contact["packets"] = "BIG"
    f = tmp_path / "big.json"
    f.write_text(json.dumps(s).replace('"BIG"', "9" * 4300))
    assert "Traceback" not in cli("report", str(f)).stderr


def test_fifo(tmp_path: Any) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    refused("report", str(tmp_path / "fifo.json"), says=("fifo.json",))


def test_after_end() -> None:
    assert decoded(reply(OFFER) + option(6, ip("1.1.1.1"))).resolvers == []


@pytest.mark.parametrize("device", ["photon", "argon"])
@pytest.mark.parametrize("only", ["coap.udp-5683", "ntp.reply"])
def test_nothing_required_was_judged(device: Any, only: Any) -> None:
    seen_ = healthy(coap=seen.coap(SILENT, controls=HTTP), ntp=seen.ntp())
    assert judge(seen_, profiles.load(device), Selection(only=[only])).verdict == "undetermined"


@pytest.mark.parametrize("received", [(message(), message("NAK")), (message(),)])
def test_no_lease_no_internet_test(received: Any) -> None:
    judged = judge(healthy(dhcp=seen.dhcp(*received)), profiles.load("photon"), Selection())
    assert judged.internet_test.result is None


@pytest.mark.parametrize("changed", [{}, {"dns": dns(lookup("device.spark.io", rcode="NXDOMAIN"))}])
def test_a_name_never_asked(changed: Any) -> None:
    check = next(
        c
        for c in judge(healthy(**changed), profiles.load("argon", "5.5.0"), Selection()).checks
        if c.id == "dns.resolve"
    )
    assert check.status == "unknown"
    assert check.problem == "other-run"


def test_garbage_came_back() -> None:
    garbage = attempts(
        COAP_ADDRESSES[0], 5683, "ignored", 1, detail="a broken option", source=f"{COAP_ADDRESSES[0]}:5683"
    )
    verify(
        Case(
            "x",
            "coap.udp-5683",
            {"coap": seen.coap([*SILENT, *garbage], controls=HTTP)},
            "unknown",
            "foreign-answer",
            OWNER,
        )
    )


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_integrity_of_nothing(rcode: Any) -> None:
    verify(Case("x", "dns.integrity", {"dns": dns(default=rcode)}, "unknown", "no-denial", ADMIN))


def test_given_back() -> None:
    check = next(c for c in judge(healthy(), profiles.load("generic"), Selection()).checks if c.id == "dhcp.lease")
    dhcp = healthy().dhcp

    assert dhcp
    assert not dhcp.released
    assert "given back" not in check.summary


def test_force_color(monkeypatch: Any) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert raw(FORMATS[".txt"](report.make(run(), profiles.load("generic")))) == []


@pytest.mark.parametrize("kind", [4, 254])
def test_a_record_of_another_class(monkeypatch: Any, kind: Any) -> None:
    def answer(query: bytes) -> list[tuple[float, Answer]]:
        rr = b"\xc0\x0c" + struct.pack("!HHIH", 1, kind, 60, 4) + bytes([192, 0, 2, 7])
        return [(0.0, query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + query[12:] + rr)]

    assert asked(monkeypatch, answer).addresses == []


@pytest.mark.parametrize("code", [0x01, 0x1F, 0x20, 0xC1, 0xFF])
def test_reserved_code(code: Any) -> None:
    with pytest.raises(ValueError, match="CoAP"):
        reply_to(MID, coap_message(ACK, code))


def test_foreign_token() -> None:
    with pytest.raises(ValueError, match="CoAP"):
        reply_to(MID, bytes([0x64, 0x45]) + MID.to_bytes(2) + b"abcd")


def test_json_tags() -> None:
    assert raw(FORMATS[".json"](report.make(planted(run(), TAGS, own=False), profiles.load("generic")))) == []


def test_local_second() -> None:
    verify(
        Case(
            "x",
            "dns.integrity",
            {"dns": dns(lookup("coap.me", "198.51.100.11", "10.0.0.9"))},
            "fail",
            "local-address",
            ADMIN,
            seen.RESOLVER,
            evidence=("10.0.0.9",),
        )
    )


def test_no_servers() -> None:
    verify(Case("x", "coap.udp-5683", {"coap": Coap()}, "unknown", "not-looked", OWNER))


def test_took() -> None:
    tries = [
        *attempts(COAP_ADDRESSES[0], 5683, "icmp", 1, rtt_ms=1.0),
        *attempts(COAP_ADDRESSES[0], 5683, "reply", 1, rtt_ms=250.0),
    ]
    case = Case("x", "coap.udp-5683", {"coap": seen.coap(tries, reply="Reset")}, "pass")

    verify(case)
    assert "250 ms" in case.judge().summary

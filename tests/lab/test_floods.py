"""Floods: answers behind junk are read, and junk to port 68 hides no DHCP server; each with its twin."""

import os
from typing import Any

import pytest

from netpreflight.probes.net import packets
from tests.lab.datagrams import JUNK
from tests.lab.hostile_neighbour import MAC, Attack, HostileNeighbour
from tests.lab.lab import Lab
from tests.lab.namespaces import wait_until
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab

PER_SECOND = 24_000
_XID_AT = 14 + 20 + 8 + 6
"""The lower half of a BOOTP message's transaction id, in a frame."""


def check(report: dict[str, Any], check_id: str) -> dict[str, Any]:
    return next(found for found in report["checks"] if found["id"] == check_id)


def junk_to_port_68(payload: bytes) -> bytes:
    """A frame from the gateway's port 67 to everybody's port 68, in the gateway's name."""
    l2, inet = packets.layers("l2"), packets.layers("inet")
    head = l2.Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / inet.IP(src=GATEWAY, dst="255.255.255.255")
    return bytes(head / inet.UDP(sport=67, dport=68, chksum=0) / payload)


def flooding(neighbour: HostileNeighbour, payload: bytes) -> Attack:
    """Datagrams to port 68, in each of which two bytes are others."""
    frame = junk_to_port_68(payload)
    return neighbour.attack(frame, port_at=_XID_AT, ports=range(1, 65536), per_second=PER_SECOND)


BOOT_REPLY = b"\x02\x01\x06\x00" + os.urandom(296)
"""Its transaction id is not the laptop's, and changes with each frame."""


def test_a_flood_to_port_68_hides_no_dhcp_server() -> None:
    with Lab() as lab:
        neighbour = HostileNeighbour(lab)
        reports = [lab.check("--only", "dhcp").report]
        for payload in (os.urandom(300), BOOT_REPLY):
            with flooding(neighbour, payload) as flood:
                wait_until(lambda: flood.sent > PER_SECOND, "more than a second's worth, by its own count")
                reports.append(lab.check("--only", "dhcp").report)
                assert flood.sent > PER_SECOND * 3 // 2, "half a second's worth during the run"

    for report in reports:
        for check_id in ("dhcp.offer", "dhcp.lease", "dhcp.servers"):
            assert check(report, check_id)["status"] == "pass", check(report, check_id)
        assert report["observations"]["dhcp"]["released"]


def test_where_there_is_no_dhcp_server_a_flood_is_none() -> None:
    """What the kernel drops is no answer that was lost: nobody offers anything, as without the flood."""
    with Lab(dhcp=None) as lab, flooding(HostileNeighbour(lab), BOOT_REPLY) as flood:
        found = check(lab.check("--only", "dhcp").report, "dhcp.offer")
        assert flood.sent > PER_SECOND

    assert (found["status"], found["problem"]) == ("fail", "no-answer")


def test_seventy_datagrams_before_each_answer_hide_none() -> None:
    with Lab(dns="junk-first", argon_cloud="junk-first") as lab:
        run = lab.check("--device", "argon", "--skip", "wifi,path")
    report = run.report

    assert (report["verdict"], run.exit_code) == ("compatible", 0), [
        found for found in report["checks"] if found["status"] not in {"pass", "skip"}
    ]
    lookups = report["observations"]["dns"]["lookups"]
    assert all(any(attempt["outcome"] == "ignored" for attempt in lookup["attempts"]) for lookup in lookups), JUNK
    assert check(report, "cloud.transport")["status"] == "pass"

"""Made-up logs with the traps of real ones, each with what a careful reader says of it.

Their lines are those of the firmware's sources and of `patterns.md`; what is expected was written down before the
product was asked. They come with the prefixes, encodings and torn lines of the tools that people log with.
"""

import random
from functools import cache
from pathlib import Path

import pytest

from netpreflight.agent.results import LogAnswer
from tests.unit.device_logs import DO, NA, PREFIXES, Says, claimed, claims, of, says

LOGS = {log.stem: log for log in sorted((Path(__file__).parent / "data" / "device-logs-made").glob("*.log"))}
INDEX = {
    # Photon, P1
    "photon-static": Says("stops", "dns", "dns.resolve", NA),
    "photon-claim": Says("online", "cloud"),
    "photon-8021x": Says("stops", "scan"),
    "photon-nonce-ts": Says("stops", "cloud", "cloud.transport", NA),
    "photon-06-dhcp": Says("stops", "ip", "dhcp.lease", NA),
    "photon-05-dns": Says("stops", "dns", "dns.resolve", NA),
    "photon-debug-scan": Says("stops", "scan", "wifi.band"),
    "photon-lost-ap": Says("stops", "scan", "wifi.band"),
    "photon-24-join-lost": Says("stops", "scan"),
    "photon-hello": Says("stops", "cloud"),
    "portal-private": Says("stops", "cloud", "dns.integrity", NA),
    "clouddebug-fail": Says("stops", "cloud", "cloud.transport", NA),
    # Argon
    "argon-ethernet": Says("online", "cloud"),
    "argon-mesh-link": Says("stops", "scan"),
    "argon-keys-torn": Says("stops", "cloud", "device.keys", DO),
    "argon-14-udp": Says("stops", "cloud"),
    "argon-sleep": Says("online", "cloud"),
    "argon-intermittent": Says("online", "cloud"),
    "argon-resumed-nohello": Says("lost", "cloud"),
    "argon-170": Says("stops", "scan", "wifi.band"),
    "argon-flap": Says("not-known", "link"),
    "argon-no-address": Says("stops", "ip", "dhcp.lease", NA),
    # Photon 2, P2, M-SoM
    "photon2-59-4way": Says("stops", "scan", "device.credentials", DO),
    "p2-middle": Says("stops", "dns", "dns.resolve", NA),
    "p2-listening": Says("not-known"),
    "p2-safe-mode": Says("online", "cloud"),
    "p2-62-udp-blocked": Says("stops", "cloud", "cloud.transport", NA),
    "p2-alert": Says("stops", "cloud", "device.keys", DO),
    "p2-beacon": Says("lost", "link"),
    "p2-ap-full": Says("stops", "scan", None, NA),
    "msom-failover": Says("online", "cloud"),
    # others, and of several
    "boron-muxer": Says("lost", "link"),
    "boron-muxer-middle": Says("lost", "cloud"),
    "boron-muxer-handshake": Says("stops", "cloud"),
    "two-devices": Says("not-known"),
    "cli-dfu": Says("foreign"),
    "foreign-esp": Says("foreign"),
    "forum": Says("not-known", "ip"),
    "json-online": Says("online", "cloud"),
    "own-server": Says("stops", "dns", "dns.resolve"),
    "ncp-dead": Says("stops", "scan", "device.firmware", DO),
    "panic-loop": Says("online", "cloud"),
}
TOLD = {
    "photon-static": ["DHCP was not asked"],
    "photon-lost-ap": ["It was online before, by line 3"],
    "photon-hello": ["so the port is open"],
    "argon-ethernet": ["over an interface other than Wi-Fi", "says nothing about the Wi-Fi"],
    "argon-keys-torn": ["this says nothing about the network"],
    "argon-14-udp": ["silence, and an alert of the cloud, look alike"],
    "argon-sleep": ["on purpose"],
    "argon-resumed-nohello": ["whether it reached its cloud at that time is not told"],
    "p2-listening": ["listening mode"],
    "p2-safe-mode": ["(device.firmware). To do: Give the device the Device OS"],
    "p2-62-udp-blocked": ["UDP 5684 may be blocked"],
    "p2-alert": ["the port is open"],
    "p2-beacon": ["no longer heard the access point"],
    "p2-ap-full": ["full"],
    "msom-failover": ["over an interface other than Wi-Fi"],
    "boron-muxer": ["neither the network nor the cloud"],
    "boron-muxer-middle": ["was online", "neither the network nor the cloud"],
    "boron-muxer-handshake": ["neither the network nor the cloud"],
    "two-devices": ["more than one device"],
    "cli-dfu": ["nothing of the device", "DFU mode"],
    "forum": ["begins to connect to its cloud"],
    "own-server": ["not Particle's"],
    "panic-loop": ["crash"],
}
"""What has to be said of it besides."""
NOT_TOLD = {
    "photon-hello": ["a blocked port look alike"],
    "photon-05-dns": ["settings of the server"],
    "boron-muxer": ["an interface other"],
    "two-devices": ["It was online before"],
    "forum": ["6800"],
    "photon-claim": ["A1b2C3d4"],
}

ALSO: dict[str, set[tuple[str, str | None, str | None] | None]] = {
    "portal-private": {("stops", "cloud", "cloud.transport")},  # what is left to say where the address is lost
}


@cache
def content(name: str) -> bytes:
    return LOGS[name].read_bytes()


def told(answer: LogAnswer) -> str:
    return " ".join([answer.sentence, *answer.notes, *(line.text for line in answer.lines)])


def test_there_are_all_of_them() -> None:
    assert set(LOGS) == set(INDEX)


@pytest.mark.parametrize("name", INDEX)
def test_a_log_says_what_a_careful_reader_says(name: str) -> None:
    assert says(content(name)) == INDEX[name]
    said = told(of(content(name)))
    assert [text for text in TOLD.get(name, []) if text not in said] == []
    assert [text for text in NOT_TOLD.get(name, []) if text in said] == []


def test_one_failure_is_one_attempt() -> None:
    for name in ("p2-62-udp-blocked", "p2-alert", "argon-keys-torn", "ncp-dead"):
        assert [attempt.result for attempt in of(content(name)).attempts] == ["stops"], name
    assert [attempt.result for attempt in of(content("p2-safe-mode")).attempts] == ["online"]
    assert of(content("foreign-esp")).attempts == []


@pytest.mark.parametrize("name", INDEX)
def test_a_log_that_was_cut_or_lost_bytes_says_no_more_than_the_whole(name: str) -> None:
    text, source = content(name), random.Random(name)
    whole = claims(of(text)) | {None} | ALSO.get(name, set())

    for end in range(0, len(text), 29):
        assert claimed(of(text[:end])) in whole, text[:end][-80:]
    for _ in range(40):
        made = bytearray(text)
        for _ in range(source.choice((1, 3, 20))):
            begin = source.randrange(len(made) or 1)
            del made[begin : begin + source.choice((1, 2, 9, 40))]
        assert claimed(of(bytes(made))) in whole, bytes(made)


@pytest.mark.parametrize("name", [name for name in INDEX if not content(name).startswith(b"\xff\xfe")])
def test_what_other_tools_put_before_the_lines_changes_nothing(name: str) -> None:
    source = random.Random(name)
    made = b"".join(source.choice(PREFIXES) + line for line in content(name).splitlines(keepends=True))

    assert says(made) == INDEX[name]

"""What is said of a device's own log: 17 public ones, the same with parts missing, and what must not be concluded.

The expected values of the public logs are those of the index that came with them, written down by hand. Where no real
log with a line was found, the lines are made up from the firmware's format strings, and the test says so.
"""

import random
from functools import cache
from pathlib import Path

import pytest

from netpreflight.agent.judging.device_log import answered
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.probes.device_log import LogReader
from netpreflight.probes.observations import DeviceLog, LogRecord
from tests.unit.device_logs import DO, IP, NA, PREFIXES, Says, claimed, claims, of, says

LOGS = sorted((Path(__file__).parent / "data" / "device-logs").glob("*.log"))


INDEX = {
    "01": Says("online", "cloud"),
    "03": Says("stops", "cloud", "cloud.transport", NA),
    "05": Says("stops", "dns", "dns.resolve", NA),
    "06": Says("stops", "cloud", "device.keys", DO),
    "07": Says("stops", "scan"),
    "10": Says("stops", "cloud"),
    "12": Says("stops", "dns", "dns.resolve", IP),
    "14": Says("online", "cloud"),
    "16": Says("online", "cloud"),
    "18": Says("stops", "cloud"),
    "20": Says("not-known", "ip"),
    "22": Says("not-known"),
    "24": Says("stops", "link"),
    "26": Says("not-known", "scan"),
    "28": Says("foreign"),
    "30": Says("not-known"),
    "32": Says("not-known", "ip"),
}


@cache
def content(log: Path) -> bytes:
    return log.read_bytes()


def test_there_are_all_of_them() -> None:
    assert {log.name[:2] for log in LOGS} == set(INDEX)


def test_a_ping_without_an_answer_is_told_and_is_no_fault() -> None:
    """Made up from the format strings of particle-iot/cloud-debug fe99a6a src/CloudDebugWiFi.cpp."""
    pings = b"0000009000 [app] INFO: ping gateway=0\n0000010000 [app] INFO: ping dnsServerIP=1\n"
    answer, without = of(pings + ONLINE), of(ONLINE)

    assert [note for note in answer.notes if "ping" in note] == [
        "Its gateway did not answer Cloud Debug's ping: many drop pings, so this alone needs no remedy",
        "The resolver that it was given answered Cloud Debug's ping",
    ]
    assert (answer.result, claims(answer)) == (without.result, claims(without))


@pytest.mark.parametrize("counts", [(b"0", b"1", b"0"), (b"1", b"0")])
def test_of_pings_of_several_tests_one_answer_is_enough(counts: tuple[bytes, ...]) -> None:
    pings = b"".join(b"0000009000 [app] INFO: ping gateway=%b\n" % count for count in counts)

    assert [note for note in of(pings + ONLINE).notes if "ping" in note] == ["Its gateway answered Cloud Debug's ping"]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name[:2])
def test_a_public_log_says_what_its_index_asks(log: Path) -> None:
    assert says(content(log)) == INDEX[log.name[:2]]


def test_the_index_asks_for_more_of_some() -> None:
    answers = {log.name[:2]: of(content(log)) for log in LOGS}

    assert any("ruled out" in note for note in answers["06"].notes)
    assert answers["06"].harmless[0].line == 2
    assert answers["10"].platform == "cellular"
    assert [line.line for line in answers["14"].harmless] == [6]
    assert (answers["26"].device, answers["26"].os_version) == ("photon", "2.3.0")
    assert any("-81 dBm" in note for note in answers["26"].notes)
    assert answers["30"].platform == "cellular"
    assert any("cellular" in note for note in answers["30"].notes)
    assert not any(check and check.startswith("dhcp") for _, _, check in claims(answers["24"]))
    assert [attempt.result for attempt in answers["03"].attempts] == ["lost", "stops", "unfinished"]
    assert {"Its gateway answered Cloud Debug's ping", "8.8.8.8 answered Cloud Debug's ping"} <= {*answers["01"].notes}
    states = {stage.stage: stage.state for stage in answers["32"].attempts[-1].stages}
    assert states == {
        "scan": "implied",
        "link": "witnessed",
        "ip": "witnessed",
        "dns": "not-shown",
        "cloud": "not-shown",
    }
    assert [stage.state for stage in answers["03"].attempts[1].stages][3:] == ["witnessed", "stops"]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name[:2])
def test_a_log_that_was_cut_anywhere_says_no_more_than_the_whole(log: Path) -> None:
    text = content(log)
    whole = claims(of(text)) | {None}

    for end in range(0, len(text), 7):
        assert claimed(of(text[:end])) in whole, text[:end][-80:]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name[:2])
def test_a_log_that_lost_bytes_says_no_more_than_the_whole(log: Path) -> None:
    text, source = content(log), random.Random(log.name)
    whole = claims(of(text)) | {None}

    for _ in range(150):
        made = bytearray(text)
        for _ in range(source.choice((1, 3, 20))):
            begin = source.randrange(len(made))
            del made[begin : begin + source.choice((1, 2, 9, 40))]
            if not made:
                break
        assert claimed(of(bytes(made))) in whole, bytes(made)


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name[:2])
def test_what_other_tools_put_before_the_lines_changes_nothing(log: Path) -> None:
    source = random.Random(log.name)
    lines = content(log).splitlines(keepends=True)

    for _ in range(5):
        made = b"".join(source.choice(PREFIXES) + line for line in lines)
        assert says(made) == INDEX[log.name[:2]]
    assert says(content(log).decode().encode("utf-16")) == INDEX[log.name[:2]]


JOINED = b"[hal.wlan] INFO: Bringing WiFi interface up with DHCP\n"
STATIC = b"[hal.wlan] INFO: Bringing WiFi interface up with static IP\n"
NO_LEASE = b"[system] INFO: DHCP fail, ARM_WLAN_WD 4\n"
ADDRESS = b"[system] INFO: CLR_WLAN_WD 1, DHCP success\n"
CLOUD = b"[system] INFO: Cloud: connecting\n"
RESOLVED = b"[system] INFO: Resolved device.spark.io to 198.51.100.3\n"
ONLINE = b"[system] INFO: Cloud connected\n"
TCP_FAILED = b"[system] ERROR: Failed to connect to 198.51.100.3:5683 (-2)\n"
REMEMBERED = b"[system] INFO: Loaded cloud server address and port from session data\n"
SOCKET = b"[system] TRACE: Cloud socket=1, connecting to 198.51.100.3#5684\n"
STATE = b"%010d [system.nm] INFO: State changed: %s -> %s\n"
LINK = b"%010d [net.ifapi] INFO: Netif wl3 link UP\n"
JOIN = b"[hal.wlan] INFO: Joining net-1\n[hal.wlan] ERROR: wiced_join_ap_specific(), result: %d\n"
DTLS = b"[comm.dtls] ERROR: handshake failed -%s\n[system] WARN: Cloud handshake failed, code=17\n"
NONCE = b"[comm.protocol.handshake] INFO: Encrypting nonce\n"
TRY = b"[ncp.rltk.client] INFO: Try to connect to ssid: net-1\n"
OPEN = b"0000019000 [system] INFO: Cloud: connecting\n0000020000 [system] INFO: Cloud socket connected\n"
LATER = b"%010d [app] INFO: still here\n"


def lasting(begin_s: int, end_s: int) -> bytes:
    """A program's own lines, every few seconds."""
    return b"".join(LATER % (at_s * 1000) for at_s in [*range(begin_s + 1, end_s, 7), end_s])


def state(at_ms: int, was: bytes, now: bytes) -> bytes:
    return STATE % (at_ms, was, now)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # `DHCP fail` follows every failed join: only after the line of the link does it speak of DHCP.
        (JOIN % 1003 + NO_LEASE, Says("stops", "scan")),
        (NO_LEASE, Says("not-known")),
        (JOINED + NO_LEASE, Says("stops", "ip", "dhcp.lease", NA)),
        (STATIC + NO_LEASE, Says("stops", "ip")),
        # A remembered address is no DNS, and a UDP socket is no packet.
        (REMEMBERED + SOCKET + b"[system] INFO: Cloud socket connected\n", Says("not-known", "ip")),
        (SOCKET, Says("not-known", "dns")),
        # The end of a log is not where it stopped.
        (JOINED + ADDRESS + CLOUD + RESOLVED, Says("not-known", "dns")),
        (JOIN % 1024 + JOINED + ADDRESS, Says("not-known", "ip")),
        (CLOUD + RESOLVED + TCP_FAILED + b"[system] INFO: ARM_WLAN_WD 1\n",
         Says("stops", "cloud", "cloud.transport", NA)),
        # The application's lines are nobody's evidence.
        (b"[app] INFO: Cloud connected\n[app.x] ERROR: handshake failed -6800\n[mqtt] INFO: Cloud connected\n",
         Says("not-known")),
        (b"Cloud connected\n" + CLOUD, Says("not-known", "ip")),
        # -1 alone tells no stage; after a line that does, it follows from that.
        (CLOUD + b"[system] WARN: Cloud socket connection failed: -1\n", Says("not-known", "ip")),
        (CLOUD + TCP_FAILED + b"[system] WARN: Cloud socket connection failed: -1\n",
         Says("stops", "cloud", "cloud.transport", NA)),
        # 17 stands for silence and for alerts (these are made up: no real log with `handshake failed -6800` was found).
        (CLOUD + b"[system] WARN: Cloud handshake failed, code=17\n", Says("stops", "cloud")),
        (CLOUD + DTLS % b"6800", Says("stops", "cloud", "cloud.transport", NA)),
        (CLOUD + DTLS % b"7780", Says("stops", "cloud", "device.keys", DO)),
        (CLOUD + DTLS % b"6600", Says("stops", "cloud")),
        (CLOUD + DTLS % b"44", Says("stops", "cloud")),
        # Keys that the device cannot use are no fault of the network: nothing was sent.
        (CLOUD + b"[comm.dtls] ERROR: unable to parse negotiated pub key: -3f80\n",
         Says("stops", "cloud", "device.keys", DO)),
        # Lines that look like errors, and are none.
        (CLOUD + b"[system] ERROR: Failed to load session data from persistent storage\n" + ONLINE,
         Says("online", "cloud")),
        (CLOUD + b"[system] WARN: Read Server Address = type:255,defaulting to device.spark.io\n" + ONLINE,
         Says("online", "cloud")),
        (ONLINE + b"[system] INFO: Cloud: disconnecting\n[system] INFO: Cloud: disconnected\n",
         Says("online", "cloud")),
        (ONLINE + b"[comm.protocol] ERROR: Event loop error 21\n", Says("online", "cloud")),
        (ONLINE + b"[comm.protocol] WARN: ping ACK not received\n", Says("lost", "cloud")),
        (ONLINE + b"[comm.protocol] WARN: ping ACK not received\n" + CLOUD + ONLINE, Says("online", "cloud")),
        # The first 40 bytes rule the network out; without them nothing came.
        (CLOUD + NONCE + b"[c] INFO: x\n[comm.protocol.handshake] ERROR: Unable to receive key 26\n",
         Says("stops", "cloud", "device.keys", DO)),
        (CLOUD + b"[comm.protocol.handshake] ERROR: Could not receive nonce: -19\n",
         Says("stops", "cloud", "cloud.transport", NA)),
        # A local address for the cloud is the resolver's doing.
        (CLOUD + RESOLVED.replace(b"198.51.100.3", b"192.168.0.1") + TCP_FAILED,
         Says("stops", "cloud", "dns.integrity", NA)),
        # One cause gives several codes in turn.
        (JOIN % 1024 + JOIN % 1024, Says("stops", "scan", "wifi.band")),
        (JOIN % 1062, Says("stops", "scan", "device.credentials", DO)),
        (JOIN % 1062 + JOIN % 1024, Says("stops", "scan")),
        (b"[ncp.at] TRACE: < +CWJAP:3\n[hal] TRACE: Failed to connect to WiFi: -1200\n",
         Says("stops", "scan", "wifi.band")),
        # Another interface's link and address are not Wi-Fi's.
        (b"[net.ifapi] INFO: Netif en2 link UP\n" + state(9, b"IFACE_UP", b"IFACE_LINK_UP")
         + state(9, b"IFACE_LINK_UP", b"IP_CONFIGURED") + CLOUD, Says("not-known")),
        # No address for a minute, where the line would have been printed.
        (LINK % 5000 + state(5001, b"IFACE_UP", b"IFACE_LINK_UP") + lasting(5, 64), Says("not-known", "link")),
        (LINK % 5000 + state(5001, b"IFACE_UP", b"IFACE_LINK_UP") + lasting(5, 66),
         Says("stops", "ip", "dhcp.lease", NA)),
        (LINK % 5000 + lasting(5, 66), Says("not-known", "link")),
        # Where nothing is printed for long, the line may be missing.
        (LINK % 5000 + state(5001, b"IFACE_UP", b"IFACE_LINK_UP") + LATER % 66_000, Says("not-known", "link")),
        # Nor does it get to its cloud within its patience: then it stops there, and what keeps it is open.
        (OPEN + lasting(20, 139), Says("not-known", "ip")),
        (OPEN + lasting(20, 141), Says("stops", "cloud")),
        (OPEN + LATER % 141_000, Says("not-known", "ip")),
        (OPEN.replace(b"INFO", b"WARN") + lasting(20, 141), Says("not-known", "ip")),
        (OPEN + b"0000021000 [system] INFO: Cloud: disconnecting\n" + lasting(20, 141), Says("not-known", "ip")),
        (OPEN + b"[system] INFO: Start listening timer\n" + lasting(20, 141), Says("not-known", "ip")),
        (OPEN + lasting(20, 100) + b"0000101000 [system] INFO: Cloud connected\n" + lasting(102, 300),
         Says("online", "cloud")),
        (LINK % 5000 + state(5001, b"IFACE_UP", b"IFACE_LINK_UP")
         + b"[system] INFO: Start listening timer\n" + lasting(5, 66),
         Says("not-known", "link")),
        # The link went away, or was taken down on purpose.
        (ONLINE + state(9000, b"IP_CONFIGURED", b"IFACE_UP") + LATER % 12_000, Says("lost", "link")),
        (ONLINE + state(9000, b"IP_CONFIGURED", b"IFACE_UP")
         + state(9500, b"IFACE_UP", b"IFACE_REQUEST_DOWN") + LATER % 12_000,
         Says("online", "cloud")),
        (ONLINE + state(9000, b"IP_CONFIGURED", b"IFACE_UP"), Says("online", "cloud")),
        # Bits of a Photon 2's driver (made up from its format string).
        (b"[hal] INFO: Try to connect to ssid: net-1\n[hal] WARN: Disconnect linkError=00000020 reason=000f: x\n",
         Says("stops", "scan", "device.credentials", DO)),
        (b"[hal] WARN: Disconnect linkError=00000001 reason=fffe: roamed\n", Says("not-known")),
        # A message that was cut says no number.
        (b"[system] WARN: Cloud handshake failed, code=25", Says("stops", "cloud")),
        # A device tries to join again only after a join has failed; which side failed is not told.
        (TRY + TRY, Says("stops", "scan")),
        (TRY, Says("not-known", "scan")),
        (TRY + LINK % 9 + TRY, Says("not-known", "link")),
        # Lines that other programs print, too, are no log of Device OS.
        (b'Connecting to "net-1"\nConnected to 192.168.1.5:80\nWiFi up\n', Says("foreign")),
        (b"I (1234) wifi: connected\nPlatform: ESP32\n", Says("foreign")),
        (b"Cloud handshake failed, code=17\n", Says("stops", "cloud")),
        # A modem that stops answering is neither the network nor the cloud.
        (ONLINE + b"[gsm0710muxer] ERROR: The other end has not replied to keep alives (TESTs) 5 times, "
         b"considering muxed connection dead\n", Says("lost", "link")),
        # Where the link is gone, it does not wait for an address.
        (LINK % 5000 + state(5001, b"IFACE_UP", b"IFACE_LINK_UP")
         + b"0000008000 [net.ifapi] INFO: Netif wl3 link DOWN\n" + lasting(8, 80), Says("not-known", "link")),
        (LINK % 5000 + state(5001, b"IFACE_UP", b"IFACE_LINK_UP") + state(8000, b"IFACE_LINK_UP", b"IFACE_UP")
         + lasting(8, 80), Says("not-known", "link")),
        (ONLINE + state(9000, b"IP_CONFIGURED", b"IFACE_LINK_UP") + LATER % 12_000, Says("lost", "ip")),
        # Numbers of mbedTLS that say nothing of an answer, or of the memory (ssl.h of 2.22).
        (CLOUD + DTLS % b"7100", Says("stops", "cloud")),
        (CLOUD + DTLS % b"7200", Says("stops", "cloud")),
        (CLOUD + DTLS % b"7f00", Says("stops", "cloud", "device.firmware", DO)),
        # A session that was saved is dropped, and the socket closed for that.
        (ONLINE + b"[comm.protocol] ERROR: Event loop error 21\n"
         b"[system] WARN: Communication loop error, closing cloud socket\n", Says("online", "cloud")),
        (ONLINE + b"[system] WARN: Communication loop error, closing cloud socket\n", Says("lost", "cloud")),
        # It can say only online that it is in safe mode.
        (b"[system] INFO: Sending safe mode event\n", Says("online", "cloud")),
        # Other makers' programs, and people who tell what they expect, print such lines, too.
        (b"Cloud connected\n", Says("foreign")),
        (b"Entering listening mode\nClearing network settings\nCloud connected\n", Says("foreign")),
        (b"DNS server list changed\nCloud connected\n", Says("foreign")),
        (b'Connecting to "net-1"\nConnected to 192.168.1.5:80\nCloud connected\n', Says("foreign")),
        (b"0000001000 [app] INFO: it said: 0000011508 [system] INFO: Cloud connected\n", Says("not-known")),
        (b"", Says("foreign")),
        (b"\n\n", Says("foreign")),
    ],
)  # fmt: skip
def test_nothing_is_concluded_that_the_lines_do_not_say(text: bytes, expected: Says) -> None:
    assert says(text) == expected


def test_a_crash_is_the_devices_own() -> None:
    log = b"0000009000 [app] INFO: x\n!\n0000000100 [system] INFO: Cloud: connecting\n" + ONLINE
    reader = LogReader(KINDS)
    reader.feed(log)
    reader.finish()

    assert answered(reader.seen).result == "online"
    assert any("crash" in line.means for line in answered(reader.seen).lines)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (ONLINE + CLOUD + TCP_FAILED, "It was online before, by line 1: what stops it came after that"),
        (CLOUD + TCP_FAILED + ONLINE, None),
        (ONLINE + CLOUD, "It begins again at line 2, and the log ends before it says whether it is online again"),
        (ONLINE, None),
        ((LATER % 9000 + LATER % 100) * 3, "It started again 3 times within a minute of its start"),
        ((LATER % 90_000 + LATER % 100) * 3, None),
    ],
)
def test_what_came_before_and_after_is_noted(text: bytes, note: str | None) -> None:
    begins = ("It was online before", "It begins again", "It started again")
    notes = [each for each in of(text).notes if each.startswith(begins)]

    assert [each.startswith(note or "?") for each in notes] == ([True] if note else [])


@pytest.mark.parametrize(
    ("text", "device", "version"),
    [
        (b"Platform: Photon\nSystem version: 2.3.0\n" + ONLINE, "photon", "2.3.0"),
        # Logs that were put together, and those of another maker's device, name none.
        (b"Platform: Photon\nSystem version: 2.3.0\nPlatform: Argon\nSystem version: 4.2.0\n" + ONLINE, None, None),
        (b"Platform: Photon\nSystem version: 2.3.0\n", None, None),
    ],
)
def test_a_device_is_named_only_where_the_log_is_sure_of_it(
    text: bytes, device: str | None, version: str | None
) -> None:
    answer = of(text)

    assert (answer.device, answer.os_version) == (device, version)


def test_a_network_that_is_heard_well_is_no_join() -> None:
    known = b"Configured credentials:\n  ssid=net-1 security=wpa2 cipher=AES\n"
    text = known + b"  ssid=net-1 security=wpa2 channel=6 rssi=-60\n"

    assert says(text) == Says("not-known", "scan")
    assert not any("weak" in note for note in of(text).notes)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("disconnect", "no-number"),
        ("disconnect", "-1"),
        ("battery", "full"),
        ("ping-gateway", "none"),
        ("ping-internet", "1" * 5000),
    ],
)
def test_a_saved_run_that_has_something_else_for_a_number_is_judged_all_the_same(kind: str, value: str) -> None:
    record = LogRecord(line=1, kind=kind, text="as somebody edited it", code=value, said=value)
    found = answered(DeviceLog(records=[record], heads=1))

    assert found.result == "not-known"
    assert not any("ping" in note for note in found.notes)

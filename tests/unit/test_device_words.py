"""The device's own words: what its log and LED show by Device OS version, and that real logs have those lines.

The lines are from public logs (shared/device-log/corpus, by number), names and addresses made up there; 12, 14 and 24
are of cellular devices, whose words at these places are the Photon's. The versions are those of
shared/device-log/patterns.md, sections B and D, and of led.md.
"""

import re
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.led import LedSignal
from netpreflight.agent.profiles import Fact
from netpreflight.agent.results import Judgement
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Connection
from netpreflight.reports.words import log_lines
from tests.unit import seen
from tests.unit.networks import network
from tests.unit.seen import bss

CYAN, FAST_CYAN = LedSignal(colour="cyan", on_ms=100, off_ms=100), LedSignal(colour="cyan", on_ms=50, off_ms=50)
RED = LedSignal(colour="red", on_ms=250, off_ms=0, times=1)


def orange(blinks: int) -> LedSignal:
    return LedSignal(colour="orange", on_ms=250, off_ms=250, times=blinks)


def judged(device: str, version: str, **broken: Any) -> Judgement:
    return judge(network(**broken), profiles.load(device, version), Selection())


def fact(device: str, version: str, name: str) -> Fact[Any] | None:
    found: Fact[Any] | None = getattr(profiles.load(device, version).startup, name)
    return found


def reads(template: str, record: str) -> re.Match[str] | None:
    """A template as a reader of logs uses it: each blank to be filled is a group of the record."""
    parts = re.split(r"\{\w+\}|<\w+>", template)
    return re.search(r"(\S+)".join(map(re.escape, parts)), record)


# --- one table: what is predicted is what real logs have

REAL = [
    ("photon", "0.5.3", "dns_line", "01",
     "0000011119:INFO : int determine_connection_address(...) (803):Resolved host device.spark.io to 198.51.100.237"),
    ("photon", "0.5.3", "cloud_line", "01",
     "0000011157:INFO : int spark_cloud_socket_connect() (891):connected to cloud 198.51.100.237:5683"),
    ("photon", "0.6.4", "dns_line", "03",
     "0001027857 [system] INFO: Resolved host device.spark.io to 198.51.100.237"),
    ("photon", "0.6.4", "connect_failed_line", "03",
     "0001032857 [system] ERROR: connection failed to 198.51.100.237:5683, code=-2"),
    ("photon", "0.6.4", "link_line", "03", "0001038627 [hal.wlan] INFO: Bringing WiFi interface up with DHCP"),
    ("photon", "0.6.4", "ip_line", "03", "0001038648 [system] INFO: CLR_WLAN_WD 1, DHCP success"),
    ("p1", "0.7.0", "cloud_line", "06", "0000005649 [system] INFO: connected to cloud 198.51.100.43:5683"),
    ("p1", "0.7.0", "handshake_failed_line", "06", "0000006302 [system] WARN: Cloud handshake failed, code=-19"),
    ("photon", "0.7.0", "scan_line", "07", "0000007703 [hal.wlan] INFO: Joining net-1"),
    ("photon", "0.7.0", "scan_failed_line", "07",
     "0000008489 [hal.wlan] ERROR: wiced_join_ap_specific(), result: 1025"),
    ("photon", "0.8.0", "dns_failed_line", "12",
     "0000407831 [system] ERROR: Cloud: unable to resolve IP for e00fce680000000000000000.udp.particle.io"),
    ("photon", "1.5.0", "dns_line", "14",
     "925781 - 0000386926 [system] INFO: Resolved e00fce680000000000000000.udp.particle.io to 198.51.100.189"),
    ("photon", "0.7.0", "ip_failed_line", "24", "0000467913 [system] INFO: DHCP fail, ARM_WLAN_WD 4"),
    ("argon", "1.5.2", "scan_line", "32", '[hal] TRACE: Connecting to "net-1"  '),
    ("argon", "1.5.2", "link_line", "32", "[net.ifapi] INFO: Netif wl3 link UP"),
    ("argon", "6.2.0", "ip_line", "32", "[system.nm] INFO: State changed: IFACE_LINK_UP -> IP_CONFIGURED"),
    ("msom", "5.6.0", "dns_line", "22",
     "0001170027 [system.cm] TRACE: Resolving publish-receiver-udp.particle.io#40000"),
]  # fmt: skip


@pytest.mark.parametrize(("device", "version", "name", "log", "record"), REAL)
def test_a_real_log_has_the_line(device: str, version: str, name: str, log: str, record: str) -> None:
    line = fact(device, version, name)

    assert line is not None, log
    assert reads(line.value, record), (log, line.value)
    # A record of level TRACE, or of a debug build's format, is in no default log, and the profile says so.
    level = "debug build" if re.match(r"\d{10}:", record) else "TRACE" if " TRACE: " in record else None
    assert line.log_level == level


@pytest.mark.parametrize(
    ("device", "version", "name", "record"),
    [
        ("photon", "2.3.1", "dns_line", "[system] INFO: Resolved host device.spark.io to 198.51.100.237"),
        ("photon", "2.3.1", "connect_failed_line", "[system] ERROR: connection failed to 198.51.100.237:5683, code=-2"),
        ("photon", "0.6.4", "ip_failed_line", "[system] INFO: DHCP fail, ARM_WLAN_WD 4"),
        ("argon", "5.5.0", "link_line", "[net.ifapi] INFO: Netif wl3 link UP"),
        ("argon", "6.2.0", "no_answer_line", "[comm.dtls] ERROR: handshake failed -7780"),
    ],
)
def test_the_words_of_another_version_or_failure_are_not_this_ones(
    device: str, version: str, name: str, record: str
) -> None:
    line = fact(device, version, name)

    assert line is not None
    assert not reads(line.value, record)


DISCONNECT = "Disconnect linkError=<bits> reason=<reason>: <text>"
WORDS = [
    ("photon", "scan_line", {"0.5.5": None, "0.6.4": None, "0.7.0": "Joining {ssid}"}),
    ("photon", "scan_failed_line", {"0.6.4": None, "0.7.0": "wiced_join_ap_specific(), result: <code>"}),
    ("photon", "link_line", {"0.5.5": None, "0.6.0": "Bringing WiFi interface up with DHCP"}),
    ("photon", "ip_line", {"0.5.5": None, "0.6.0": "CLR_WLAN_WD 1, DHCP success"}),
    ("photon", "ip_failed_line", {"0.5.5": None, "0.6.4": "DHCP fail, ARM_WLAN_WD 5",
                                  "2.3.1": "DHCP fail, ARM_WLAN_WD 4"}),
    ("photon", "dns_line", {"1.0.1": "Resolved host {host} to {address}", "1.2.1": "Resolved {host} to {address}"}),
    ("photon", "dns_failed_line", {"1.0.1": "unable to resolve IP for {host}",
                                   "1.2.1": "Unable to resolve IP for {host} (<code>)"}),
    ("photon", "cloud_line", {"1.0.1": "connected to cloud {address}:{port}",
                              "1.2.1": "Connected to {address}:{port}"}),
    ("photon", "connect_failed_line", {"1.0.1": "connection failed to {address}:{port}, code=<code>",
                                       "1.2.1": "Failed to connect to {address}:{port} (<code>)"}),
    ("argon", "link_line", {"5.4.1": "Netif wl3 link UP", "5.5.0": "Netif wl3 link UP, profile=<name>"}),
    ("argon", "cloud_line", {"5.7.0": "connecting to {address}#{port}",
                             "5.8.2": "connecting to {address}#{port} using if <n>",
                             "5.9.0": "connecting to {address}#{port} using if <n>",
                             "6.1.2": "connecting to {address}#{port}",
                             "6.2.0": "connecting to {address}#{port} using if <n>"}),
    ("photon2", "scan_failed_line", {"5.8.2": None, "5.9.0": DISCONNECT, "6.1.2": None,
                                     "6.2.0": DISCONNECT}),
]  # fmt: skip


@pytest.mark.parametrize(("device", "name", "by_version"), WORDS)
def test_the_words_are_those_of_the_version(device: str, name: str, by_version: dict[str, str | None]) -> None:
    found = {version: fact(device, version, name) for version in by_version}

    assert {version: line.value if line else None for version, line in found.items()} == by_version


# --- the cloud stays silent, and the healthy twin


@pytest.mark.parametrize(
    ("device", "version", "lights", "words"),
    [
        ("argon", "6.2.0", [FAST_CYAN, RED, orange(3)],
         "fast blinking cyan, then one red blink, then orange, 3 blinks, again and again"),
        ("photon2", "5.0.0", [FAST_CYAN, RED, orange(3)],
         "fast blinking cyan, then one red blink, then orange, 3 blinks, again and again"),
        # Up to 1.5 a failed handshake starts no test.
        ("argon", "1.5.2", [FAST_CYAN, RED], "fast blinking cyan, then one red blink, again and again"),
        # Over TCP nobody accepts the connection: there is no handshake.
        ("photon", "2.3.1", [CYAN, orange(3)], "blinking cyan, then orange, 3 blinks, again and again"),
    ],
)  # fmt: skip
def test_the_light_where_the_clouds_port_is_dropped(
    device: str, version: str, lights: list[LedSignal], words: str
) -> None:
    start = judged(device, version, cloud="dropped").startup

    assert (start.stops_at, start.lights, start.led) == ("cloud", lights, words)


@pytest.mark.parametrize(("version", "tested"), [("2.3.1", [orange(3)]), ("1.5.2", [])])
def test_the_light_of_a_photon_whose_connection_is_accepted_and_silent(version: str, tested: list[LedSignal]) -> None:
    start = judged("photon", version, cloud="silent").startup

    assert start.lights == [FAST_CYAN, RED, *tested]


@pytest.mark.parametrize(("device", "version"), [("argon", "6.2.0"), ("argon", "1.5.2"), ("photon", "2.3.1")])
def test_a_cloud_that_answers_is_breathing_cyan(device: str, version: str) -> None:
    start = judged(device, version).startup

    assert start.led == "breathing cyan"
    assert start.lights == [LedSignal(colour="cyan", on_ms=2000, off_ms=2000, breathes=True)]
    assert not any("failed" in line for line in start.log)


def test_before_the_cloud_there_is_no_handshake_to_fail() -> None:
    start = judged("argon", "6.2.0", unresolved="all").startup

    assert (start.stops_at, start.lights) == ("dns", [CYAN, orange(2)])
    assert "Failed to determine server address" in start.log
    assert not any("handshake" in line for line in start.log)


def test_the_log_of_a_silent_udp_cloud_is_that_of_the_firmware() -> None:
    result = judged("argon", "6.2.0", cloud="dropped")

    assert result.startup.log == [
        "Netif wl3 link UP, profile=<name>",
        "State changed: IFACE_LINK_UP -> IP_CONFIGURED",
        "connecting to 198.51.100.21#5684 using if <n>",
        "handshake failed -6800",  # "code=17" alone would be an alert, too
        *result.internet_test.log,
    ]


def test_the_log_of_a_silent_nonce_is_that_of_the_firmware() -> None:
    assert judged("photon", "1.5.2", cloud="silent").startup.log[-2:] == [
        "Connected to 198.51.100.20:5683",
        "Could not receive nonce: <code>",
    ]


def test_an_answer_that_is_none_is_not_told_as_silence() -> None:
    observed = network(cloud="silent")
    assert observed.cloud is not None
    photon = seen.photon(Connection(at_s=0.0, connect_ms=9.0, received="48545450", error="closed"))
    observed.cloud.endpoints = [photon, *(end for end in observed.cloud.endpoints if end.transport == "dtls")]
    start = judge(observed, profiles.load("photon", "2.3.1"), Selection()).startup

    assert start.stages[-1].instead == "Cloud handshake failed, code=<code>"
    # The firmware tests the internet before it logs that, and blinks after it.
    assert start.log[-3:] == [
        "Internet available, cloud not reachable", "Cloud handshake failed, code=<code>", "Handling cloud error: 3",
    ]  # fmt: skip


# --- what a default log does not have


def test_a_line_of_level_trace_is_not_promised() -> None:
    start = judged("argon", "6.2.0").startup
    scan, dns = start.stages[0], start.stages[3]

    assert (scan.line, dns.line) == (None, None)
    assert (dns.hidden_line or "").startswith("Resolving e00fce68")
    assert not any("Resolving" in line or "Connecting to" in line for line in start.log)
    assert "not in a default log" in log_lines(dns)[0]
    # The Photon logs all of that by default.
    photon = judged("photon", "2.3.1").startup
    assert all(stage.line and stage.hidden_line is None for stage in photon.stages)


def test_a_join_that_fails_is_told_at_level_trace_only() -> None:
    missing = network()
    missing.wifi = seen.wifi(bss(ssid="other"), target="Home")
    scan = judge(missing, profiles.load("argon"), Selection()).startup.stages[0]

    assert (scan.state, scan.instead, scan.hidden_line) == ("stops", None, "+CWJAP:<code>")


def test_a_level_is_of_lines_only(tmp_path: Any) -> None:
    file = tmp_path / "ours.toml"
    text = 'based_on = "argon"\ntitle = "Ours"\n[startup]\nlink_line = {{ value = "up", log_level = "{}" }}\n'
    file.write_text(text.format("TRACE"))
    line = profiles.load(str(file)).startup.link_line
    assert line is not None
    assert line.log_level == "TRACE"

    file.write_text(text.format("INFO"))
    with pytest.raises(profiles.UnknownDeviceError, match='log_level: expected one of "TRACE", "debug build"'):
        profiles.load(str(file))
    file.write_text('based_on = "argon"\ntitle = "Ours"\n[cloud]\nport = { value = 1, log_level = "TRACE" }\n')
    with pytest.raises(profiles.UnknownDeviceError, match="log_level: no such key"):
        profiles.load(str(file))

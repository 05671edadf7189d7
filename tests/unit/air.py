"""The air made by hand: BSSs, what a source heard of them, and one check judged for one device."""

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS, judge_one
from netpreflight.agent.judging.registry import COMMON_PROBLEMS
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, HtOperation, Observations, Suites, Wifi
from netpreflight.probes.wifi.elements import ssid_text
from tests.unit.seen import healthy

ADMIN, OWNER = "network administrator", "device owner"
DEVICES = ("generic", "photon", "argon")
WIFI = [check_id for check_id in CHECKS if check_id.startswith("wifi.")]
B_RATES, G_RATES = [1.0, 2.0, 5.5, 11.0], [6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 54.0]
BSSID, NET = "02:11:22:33:44:55", "net"


def bss(**changes: Any) -> Bss:
    """A healthy BSS: WPA2-PSK with CCMP, 20 MHz, channel 6, -50 dBm; `name` (bytes) and `channel` imply the rest.

    Each name has a BSSID of its own, far from the others.
    """
    name = changes.pop("name", NET.encode())
    number = changes.get("channel", 6)
    low = number is None or number <= 14
    frequency = 2484 if number == 14 else 2407 + 5 * (number or 0) if low else 5000 + 5 * (number or 0)
    usual: dict[str, Any] = {
        "bssid": BSSID if name in {NET.encode(), b""} else f"02:{zlib.crc32(name).to_bytes(5).hex(':')}",
        "ssid": ssid_text(name),
        "ssid_hex": name.hex(),
        "frequency_mhz": 2437 if number is None else frequency,
        "channel": 6,
        "width_mhz": 20,
        "signal_dbm": -50.0,
        "age_s": 1.0,
        "security": ["wpa2-psk"],
        "pmf": "none",
        "rates_mbps": B_RATES + G_RATES if low else G_RATES,
        "basic_rates_mbps": B_RATES if low else [6.0, 12.0, 24.0],
        "privacy": True,
        "ht": HtOperation(primary_channel=number or 6, secondary_offset=0, any_width=False),
        "ht_capable_40": False,
        "hidden": name == b"",
        "rsn": rsn("PSK"),
    }
    return Bss(**{**usual, **changes})


def rsn(*akms: str, pairwise: tuple[str, ...] = ("CCMP",), group: str | None = "CCMP", **fields: Any) -> Suites:
    return Suites(version=1, group_cipher=group, pairwise_ciphers=list(pairwise), akms=list(akms), **fields)


def wpa(*akms: str) -> Suites:
    return rsn(*akms, pairwise=("TKIP",), group="TKIP")


def wifi(*heard: Bss, **fields: Any) -> Wifi:
    """What was heard, by a capture of which `net` is judged."""
    usual: dict[str, Any] = {"source": "capture", "target": NET, "target_from": "option", "bss": list(heard)}
    return Wifi(**{**usual, **fields})


def scan(*heard: Bss, **fields: Any) -> Wifi:
    """The same, by this laptop's own scan."""
    return wifi(*heard, **{"source": "nl80211", "triggered": True, **fields})


def device(words: str) -> Profile:
    """A device at the newest Device OS that it can run, or at a version: `argon 4.2.0`."""
    return profiles.load(*words.split())


@cache
def _usual() -> Observations:
    """All but the air, made once for the thousands of networks that are judged."""
    return healthy()


def observed(seen: Wifi | None) -> Observations:
    """A healthy network with this air, as a saved run has it."""
    return replace(_usual(), wifi=msgspec.json.decode(msgspec.json.encode(seen), type=Wifi | None))


def check(check_id: str, seen: Wifi | None, of: str = "generic") -> Check:
    return judge_one(check_id, observed(seen), device(of), Selection())


def text_of(made: Check) -> str:
    return "\n".join(filter(None, (made.summary, made.reason, made.remedy)))


def sound(made: Check) -> None:
    """What every finding owes its reader."""
    assert made.summary.strip()
    assert not made.summary.endswith((".", ";")), made
    for words in (made.reason, made.remedy):
        assert words is None or words == words.strip()
        assert words is None or words.endswith((".", "!", "?")), made
    if made.status in {"fail", "warn", "unknown"}:
        assert made.problem in {*CHECKS[made.id].problems, *COMMON_PROBLEMS} - {"internal-error"}, made
        assert made.reason, made
        assert made.remedy, made
        assert made.owner, made
    else:
        assert made.problem is None, made


@dataclass(frozen=True)
class Case:
    """What was heard, and what one check has to make of it for some devices."""

    name: str
    check: str
    seen: Wifi | None
    status: str
    problem: str | None = None
    owner: str | None = None
    devices: tuple[str, ...] = DEVICES
    evidence: tuple[str, ...] = ()
    """What stands in the evidence: the first of these in its first line, which is the access point that is judged."""


def verify(case: Case, device: str) -> None:
    made = check(f"wifi.{case.check}", case.seen, device)

    assert (made.status, made.problem, made.owner) == (case.status, case.problem, case.owner), made
    sound(made)
    assert [text for text in case.evidence if text not in "\n".join(made.evidence)] == [], made
    assert not case.evidence or case.evidence[0] in made.evidence[0], made


def each(cases: list[Case]) -> pytest.MarkDecorator:
    pairs = [(case, device) for case in cases for device in case.devices]
    return pytest.mark.parametrize(("case", "device"), pairs, ids=[f"{case.name}-{device}" for case, device in pairs])


HEALTHY = bss()
HIGH = bss(channel=36, width_mhz=80, bssid="02:11:22:33:44:56")
SIX = bss(
    channel=5, frequency_mhz=5975, width_mhz=160, bssid="02:11:22:33:44:57", rates_mbps=G_RATES, basic_rates_mbps=[6.0]
)
OTHER = bss(name=b"other", channel=1, bssid="02:00:00:00:00:01")
HIGH_OTHER = bss(name=b"other", channel=36, bssid="02:00:00:00:00:03")
HIDDEN = bss(name=b"", channel=11, bssid="02:00:00:00:00:02")


def crowd(count: int, channel: int, **changes: Any) -> list[Bss]:
    return [
        bss(name=b"other", channel=channel, bssid=f"02:00:00:00:{channel:02x}:{n:02x}", **changes) for n in range(count)
    ]

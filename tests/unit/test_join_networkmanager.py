"""Joining by NetworkManager: what it is asked for, what the radio's driver tells, and what of it counts."""

import contextlib
import errno
import struct
import threading
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any, Self

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.judging.verdict import judge_some
from netpreflight.agent.selection import Selection
from netpreflight.probes.join import saved, way_for
from netpreflight.probes.join.frames import contacts_of
from netpreflight.probes.join.heard import Heard, Link, Scans
from netpreflight.probes.join.interface import Device, Passphrase
from netpreflight.probes.join.manager_bus import Changed, Manager, Question, RefusedError
from netpreflight.probes.join.networkmanager import LEASE_S, LOOK_S, NetworkManager, settings
from netpreflight.probes.join.radio import Radio
from netpreflight.probes.observations import Join, JoinAttempt, JoinEnd, Observations, Scope, Wifi
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import Adapter, StationEvent, Uptime
from netpreflight.systems.linux import station_events
from netpreflight.systems.linux.station_events import event_of
from tests.unit.air import bss, rsn, scan, wpa
from tests.unit.fakes import Clock, never

AP, STATION = "02:00:00:00:00:00", "94:94:4a:12:34:56"
SECRET = "correct horse"
INDEX = 7
IN = StationEvent("authentication", AP, 0)
ASSOCIATED = StationEvent("association", AP, 0)
SENT_AWAY = StationEvent("end", AP, 15)
FAILED, JOINED, ACTIVATED = Changed(120), Changed(70), Changed(100)
FIRST, ANOTHER = Question("802-11-wireless-security", is_new=False), Question("802-11-wireless-security", is_new=True)
Script = list[Changed | Question | StationEvent]


class FakeManager:
    """A NetworkManager that tells these, one list for each activation; what the driver tells is in its place there."""

    def __init__(self, clock: Clock, *scripts: Script, permissions: dict[str, str] | None = None) -> None:
        self._clock, self._scripts = clock, list(scripts)
        self._told: Script = []
        self.permissions = permissions or {}
        self.frequency = 2412
        self.made: list[dict[str, Any]] = []
        self.answers: list[str | None] = []
        self.events: list[StationEvent] = []
        self.ended = 0
        self.scanned_before: list[int] = []
        self.refuses_scans: list[str] = []
        self.before_config: list[StationEvent] = []
        self.before_prepare: Script = []

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Answer a call."""
        match method:
            case "GetPermissions":
                return ({f"org.freedesktop.NetworkManager.{name}": told for name, told in self.permissions.items()},)
            case "GetDeviceByIpIface":
                return ("/device",)
            case "RequestScan":
                if self.refuses_scans:
                    raise RefusedError(f"org.freedesktop.NetworkManager.Device.{self.refuses_scans.pop()}", "")
                assert body == ({"ssids": ("aay", [b"", b"Home"])},)
                self.scanned_before.append(len(self.made))
                return ()
            case "AddAndActivateConnection2":
                self.made.append(body[0])
                assert body[3] == {"persist": ("s", "volatile"), "bind-activation": ("s", "dbus-client")}
                self._told = [
                    *self.before_prepare,
                    Changed(40),
                    *self.before_config,
                    Changed(50),
                    *self._scripts.pop(0),
                ]
                return "/settings", "/active", {}
            case "DeactivateConnection":
                self.ended += 1
                return ()
        raise AssertionError(method)

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        return {
            "ActiveConnection": "/active" if self.made else "/",
            "ActiveAccessPoint": "/point",
            "Frequency": self.frequency,
            "HwAddress": AP.upper(),
            "State": 4 if path == "/active" else 100,
            "LastScan": len(self.scanned_before),
            "Dhcp4Config": "/lease",
            "Options": {"routers": ("s", "192.0.2.1")},
        }[name]

    def follow(self, device: str) -> None:
        """Be told."""
        assert device == "/device"

    def next(self, timeout_s: float) -> Changed | Question | None:
        """The next change or question."""
        while self._told:
            told = self._told.pop(0)
            if isinstance(told, StationEvent):
                self.events.append(told)
            else:
                return told
        self._clock.now += timeout_s
        return None

    def answer(self, question: Question, passphrase: str | None) -> None:
        """Note an answer."""
        self.answers.append(passphrase)

    def event(self) -> StationEvent | None:
        """The next event of the driver."""
        return self.events.pop(0) if self.events else None


def device(name: str = "argon", passphrase: bytes | None = SECRET.encode()) -> Device:
    return Device(
        scope=Scope(interface="wlan0", medium="wifi", os="linux", mac="02:00:00:00:05:00"),
        mac=STATION,
        ssid="Home",
        radio=abilities_of(profiles.load(name).radio),
        passphrase=None if passphrase is None else Passphrase(bytearray(passphrase)),
    )


def joined(
    monkeypatch: pytest.MonkeyPatch,
    *scripts: Script,
    who: Device | None = None,
    frequency: int = 2412,
    survey: Wifi | None = None,
    refuses_scans: list[str] | None = None,
    before_config: list[StationEvent] | None = None,
    before_prepare: Script | None = None,
) -> tuple[Join, str | None, FakeManager]:
    """The join that a run makes, the interface that it may then measure on, and who was asked."""
    clock = Clock()
    bus = FakeManager(clock, *scripts)
    bus.before_prepare = before_prepare or []
    bus.frequency, bus.refuses_scans, bus.before_config = frequency, refuses_scans or [], before_config or []
    monkeypatch.setattr(SYSTEM, "station_events", lambda _, scans: contextlib.nullcontext(bus.event if scans else None))
    monkeypatch.setattr(SYSTEM, "user_name", lambda: "alice")
    way = NetworkManager(who or device(), clock, clock.monotonic, lambda: contextlib.nullcontext(bus))
    with way.enter(survey, never) as entered:
        interface = entered.interface
    assert entered.join is not None
    return entered.join, interface, bus


def test_it_joins_and_the_passphrase_is_told_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = device()
    join, interface, bus = joined(monkeypatch, [FIRST, IN, ASSOCIATED, JOINED], who=asked)

    assert interface == "wlan0"
    assert [(attempt.ended, attempt.bssid, attempt.frequency_mhz) for attempt in join.attempts] == [
        ("joined", AP, 2412)
    ]
    assert (join.way, join.link, join.end_bssid) == ("networkmanager", "there", AP)
    assert bus.answers == [SECRET]
    assert SECRET not in repr(bus.made)
    assert asked.passphrase is not None
    assert asked.passphrase.content == b"", "it is forgotten"


REFUSED = StationEvent("authentication", AP, 1)
CAUSES: dict[str, tuple[list[Script], list[str], tuple[int | None, int | None]]] = {
    "wrong passphrase": (
        [[FIRST, IN, ASSOCIATED, SENT_AWAY, ANOTHER, IN, ASSOCIATED, SENT_AWAY, ANOTHER, FAILED]],
        ["key-refused"] * 2,
        (None, 15),
    ),
    "handshake that nobody ended": (
        [[FIRST, IN, ASSOCIATED, FAILED]] * 3,
        ["not-told"] * 3,
        (None, None),
    ),
    "MAC address refused": ([[REFUSED, REFUSED, REFUSED, FAILED]], ["auth-refused"] * 3, (1, None)),
    "refused in several activations": ([[REFUSED, FAILED]] * 3, ["auth-refused"] * 3, (1, None)),
    "association refused": (
        [[IN, StationEvent("association", AP, 17), StationEvent("connection", AP, 17)] * 3],
        ["assoc-refused"] * 3,
        (17, None),
    ),
    "no answer": ([[StationEvent("authentication", AP, None)] * 3], ["no-answer"] * 3, (None, None)),
    "nobody was asked": ([[FAILED]], ["not-told"], (None, None)),
    "a radio that makes the requests itself": (
        [[StationEvent("connection", AP, 1)] * 3],
        ["assoc-refused"] * 3,
        (1, None),
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_causes_are_what_the_driver_tells(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    scripts, ended, codes = CAUSES[name]
    join, interface, bus = joined(monkeypatch, *scripts)

    assert [attempt.ended for attempt in join.attempts] == ended
    assert (join.attempts[0].status, join.attempts[0].reason) == codes
    assert interface is None
    assert (len(bus.made), bus.ended) == (len(scripts), 1)
    assert bus.answers.count(SECRET) <= 3


def test_a_refused_passphrase_is_tried_twice_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, bus = joined(monkeypatch, *CAUSES["wrong passphrase"][0])

    assert bus.answers == [SECRET, SECRET, None]


def test_a_join_where_the_device_has_no_channel_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    join, interface, _ = joined(monkeypatch, [FIRST, IN, ASSOCIATED, JOINED], frequency=2472)

    assert (join.joined, interface) == (None, None)
    assert "2472 MHz" in join.attempts[0].said[0]


def test_it_scans_as_the_laptop_and_then_asks_one_bss_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    home = {"name": b"Home", "security": ["wpa2-psk"]}
    survey = scan(
        bss(**home, bssid="02:00:00:00:00:0b", signal_dbm=-70.0),
        bss(**home, bssid="02:00:00:00:00:0a", signal_dbm=-60.0, channel=11),
        bss(**home, bssid="02:00:00:00:00:0c", signal_dbm=-40.0, channel=36),
        bss(name=b"Other", bssid="02:00:00:00:00:0d", signal_dbm=-40.0),
        target="Home",
    )
    scripts: list[Script] = [[REFUSED]] * 3
    _, _, bus = joined(monkeypatch, *scripts, survey=survey, refuses_scans=["NotAllowed"] * 2)

    assert bus.scanned_before == [0], "once, before the first attempt"
    assert [made["802-11-wireless"]["bssid"] for made in bus.made] == [
        ("ay", bytes([2, 0, 0, 0, 0, last])) for last in (0x0A, 0x0B, 0x0A)
    ]


STRONG, WEAK = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
TWO = scan(
    bss(name=b"Home", bssid=STRONG, signal_dbm=-40.0), bss(name=b"Home", bssid=WEAK, signal_dbm=-70.0), target="Home"
)
JOINS: Script = [FIRST, IN, ASSOCIATED, JOINED]
UNHEARD = StationEvent("unheard", None, None, since_s=0.5)
GONE: dict[str, tuple[list[Script], list[str], list[str]]] = {
    "the strongest has gone": ([[FIRST, FAILED], JOINS], [STRONG, WEAK], ["not-told", "joined"]),
    "it is looked for once": ([[FIRST, ANOTHER, FAILED], JOINS], [STRONG, WEAK], ["not-told", "joined"]),
    "the other one refuses": (
        [[FAILED], [REFUSED], [REFUSED]], [STRONG, WEAK, WEAK], ["not-told", "auth-refused", "auth-refused"]
    ),
    "both have gone": ([[FAILED], [FAILED]], [STRONG, WEAK], ["not-told"] * 2),
    "it goes before it answers": (
        [[StationEvent("authentication", STRONG, None)], JOINS], [STRONG, WEAK], ["no-answer", "joined"]
    ),
    "none has gone": ([JOINS], [STRONG], ["joined"]),
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
def test_a_bss_that_has_gone_since_the_survey_is_left_for_the_others(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scripts, asked, ended = GONE[name]
    join, interface, bus = joined(monkeypatch, *scripts, survey=TWO)

    assert [attempt.ended for attempt in join.attempts] == ended
    assert [made["802-11-wireless"]["bssid"][1].hex(":") for made in bus.made] == asked
    assert (interface is not None) is (ended[-1] == "joined")
    assert len(bus.answers) == sum(script.count(FIRST) for script in scripts), "it is not looked for anew"
    assert [STRONG in " ".join(attempt.said) for attempt in join.attempts] == [
        attempt.ended == "not-told" and number == 0 for number, attempt in enumerate(join.attempts)
    ]


LOST = "the outcome was not read"


@pytest.mark.parametrize(
    ("scripts", "asked", "said"),
    [
        ([[FIRST, UNHEARD, FAILED], [FAILED], JOINS], [STRONG, WEAK, STRONG], [LOST, "never asked", ""]),
        ([[FIRST, FAILED], [UNHEARD, FAILED], JOINS], [STRONG, WEAK, WEAK], ["never asked", LOST, ""]),
        ([[FIRST, FAILED], [FAILED]], [STRONG, WEAK], ["never asked"] * 2),
        ([[IN, UNHEARD, FAILED], JOINS], [STRONG, WEAK], ["too busy to read", ""]),
        ([[UNHEARD, REFUSED], JOINS], [STRONG, WEAK], ["", ""]),
        ([[UNHEARD, FAILED]] * 3, [STRONG, WEAK, STRONG], [LOST] * 3),
    ],
)
def test_a_bss_whose_answer_was_lost_may_have_been_asked_and_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, scripts: list[Script], asked: list[str], said: list[str]
) -> None:
    join, _, bus = joined(monkeypatch, *scripts, survey=TWO)

    assert [made["802-11-wireless"]["bssid"][1].hex(":") for made in bus.made] == asked
    assert len(join.attempts) == len(said)
    for attempt, words in zip(join.attempts, said, strict=True):
        assert words in " ".join(attempt.said)
        assert bool(attempt.said) is bool(words)


def test_an_access_point_that_goes_as_the_station_joins_ends_that_attempt_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Going(FakeManager):
        def get(self, path: str, interface: str, name: str) -> Any:
            if name == "Frequency" and len(self.made) == 1:
                raise RefusedError("org.freedesktop.DBus.Error.UnknownObject", "")
            return super().get(path, interface, name)

    monkeypatch.setattr(f"{__name__}.FakeManager", Going)
    join, interface, _ = joined(monkeypatch, JOINS, JOINS, survey=TWO)

    assert [attempt.ended for attempt in join.attempts] == ["not-told", "joined"]
    assert [(to.address, to.packets) for to in contacts_of(join)] == [(AP, 3)], "both attempts"
    assert interface == "wlan0"


SAE_ONLY: dict[str, Any] = {"security": ["wpa3-sae"], "pmf": "required", "rsn": rsn("SAE", pmf_required=True)}
MIXED: dict[str, Any] = {"security": ["wpa2-psk", "wpa3-sae"], "pmf": "capable", "rsn": rsn("PSK", "SAE")}
OPEN: dict[str, Any] = {"security": ["open"], "rsn": None}
BESIDE: dict[str, tuple[dict[str, Any], bytes | None, bool]] = {
    "WPA2": ({}, SECRET.encode(), True),
    "WPA2 and WPA3": (MIXED, SECRET.encode(), True),
    "WPA": ({"security": ["wpa-psk"], "rsn": None, "wpa": wpa("PSK")}, SECRET.encode(), True),
    "TKIP for groups": ({"rsn": rsn("PSK", group="TKIP")}, SECRET.encode(), True),
    "its family only": ({"rsn": None}, SECRET.encode(), True),
    "nothing told": ({"security": None, "rsn": None}, SECRET.encode(), True),
    "open, without a passphrase": (OPEN, None, True),
    "WPA3 only": (SAE_ONLY, SECRET.encode(), False),
    "WPA3 only, its family only": ({"security": ["wpa3-sae"], "pmf": None, "rsn": None}, SECRET.encode(), False),
    "PMF required": ({"pmf": "required", "rsn": rsn("PSK", pmf_required=True)}, SECRET.encode(), False),
    "fast transition only": ({"rsn": rsn("FT-PSK")}, SECRET.encode(), False),
    "GCMP only": ({"rsn": rsn("PSK", pairwise=("GCMP-256",), group="GCMP-256")}, SECRET.encode(), False),
    "WEP for groups": ({"rsn": rsn("PSK", group="WEP-40")}, SECRET.encode(), False),
    "WEP": ({"security": ["wep"], "rsn": None}, SECRET.encode(), False),
    "open, with a passphrase": (OPEN, SECRET.encode(), False),
    "OWE, without a passphrase": ({"security": ["owe"], "rsn": rsn("OWE")}, None, False),
}
"""What another BSS of the name offers, the passphrase, and whether the device can join it."""


@pytest.mark.parametrize("name", BESIDE)
def test_only_a_bss_whose_security_fits_the_device_is_asked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    offers, passphrase, fits = BESIDE[name]
    beside = {} if passphrase else OPEN
    survey = scan(
        bss(name=b"Home", bssid=STRONG, signal_dbm=-40.0, **offers),
        bss(name=b"Home", bssid=WEAK, signal_dbm=-70.0, **beside),
        target="Home",
    )
    join, _, bus = joined(monkeypatch, [IN, ASSOCIATED, JOINED], who=device("photon", passphrase), survey=survey)

    assert join.joined
    asked = bytes.fromhex((STRONG if fits else WEAK).replace(":", ""))
    assert [made["802-11-wireless"]["bssid"] for made in bus.made] == [("ay", asked)]


@pytest.mark.parametrize(("offers", "is_tried"), [(SAE_ONLY, False), (MIXED, True)])
def test_a_network_without_security_of_the_devices_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch, offers: dict[str, Any], *, is_tried: bool
) -> None:
    survey = scan(bss(name=b"Home", **offers), bss(name=b"Other"), target="Home")
    scripts: list[Script] = [[IN, ASSOCIATED, JOINED]] * is_tried
    join, interface, bus = joined(monkeypatch, *scripts, survey=survey)

    assert (bool(join.joined), interface == "wlan0", len(bus.made)) == (is_tried, is_tried, is_tried)
    if not is_tried:
        (check,) = judge_some(["join.auth"], Observations(join=join), profiles.load("argon"), Selection())
        assert (check.status, check.problem) == ("unknown", "not-looked")
        assert "access point of 'Home' that was heard offers a way in that the station has" in (check.reason or "")
        assert "wifi.security" in (check.remedy or "")
        assert NetworkManager(device()).kept(join) == [], "the laptop stays on its network"


@pytest.mark.parametrize(
    ("offers", "passphrase", "reason", "step"),
    [
        ([OPEN], SECRET.encode(), "'Home' is open, and a passphrase was given", "give an empty passphrase"),
        ([OPEN, SAE_ONLY], SECRET.encode(), "offers a way in that the station has", "wifi.security"),
        ([OPEN], None, None, None),
    ],
)
def test_a_passphrase_for_an_open_network_is_not_the_networks_fault(
    monkeypatch: pytest.MonkeyPatch,
    offers: list[dict[str, Any]],
    passphrase: bytes | None,
    reason: str | None,
    step: str | None,
) -> None:
    survey = scan(*(bss(name=b"Home", bssid=f"02:00:00:00:00:{i:02x}", **offer) for i, offer in enumerate(offers)))
    scripts: list[Script] = [] if reason else [[IN, ASSOCIATED, JOINED]]
    join, _, bus = joined(monkeypatch, *scripts, who=device(passphrase=passphrase), survey=survey)

    assert len(bus.made) == (reason is None)
    assert (reason or "") in (join.not_run or "")
    assert (step or "") in (join.unlocked_by or "")
    assert (join.not_run is None) is (reason is None)


@pytest.mark.parametrize("refused", [["PermissionDenied"], ["NotAllowed"] * 100])
def test_a_scan_that_is_refused_keeps_nobody_from_joining(monkeypatch: pytest.MonkeyPatch, refused: list[str]) -> None:
    join, _, bus = joined(monkeypatch, [FIRST, IN, ASSOCIATED, JOINED], refuses_scans=refused)

    assert join.joined
    assert bus.scanned_before == []
    assert "bssid" not in bus.made[0]["802-11-wireless"], "none was heard"


ALL_BANDS = StationEvent("scan", None, None, frequencies_mhz=(2412, 5180, 5955))
SCAN_ENDS = StationEvent("scan-end", None, None)
LOW_BAND = StationEvent("scan", None, None, frequencies_mhz=(2412, 2437))
SCANS: dict[str, tuple[str, list[StationEvent], list[StationEvent], tuple[bool, bool]]] = {
    "none": ("argon", [], [], (False, False)),
    "before it has the device's address": ("argon", [ALL_BANDS, SCAN_ENDS], [], (False, False)),
    "since it has the device's address": ("argon", [ALL_BANDS], [], (True, False)),
    "for the join": ("argon", [], [ALL_BANDS, SCAN_ENDS], (True, False)),
    "for the join, on 2.4 GHz": ("argon", [], [LOW_BAND, SCAN_ENDS], (False, False)),
    "for the join of a device that has 5 GHz": ("photon2", [], [ALL_BANDS, SCAN_ENDS], (False, False)),
    "perhaps, as events were lost": ("argon", [], [UNHEARD], (False, True)),
    "perhaps, as events were lost before": ("argon", [UNHEARD, SCAN_ENDS], [], (False, True)),
    "perhaps, and one that was told": ("argon", [], [UNHEARD, ALL_BANDS, SCAN_ENDS], (True, True)),
    "perhaps, by a device that has 5 GHz": ("photon2", [], [UNHEARD], (False, False)),
}


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_on_5_ghz_with_the_devices_address_is_noted_and_so_is_that_there_may_have_been_one(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    device_name, before, meanwhile, noted = SCANS[name]
    script: Script = [*meanwhile, FIRST, IN, ASSOCIATED, JOINED]
    join, _, _ = joined(monkeypatch, script, who=device(device_name), before_config=before)

    assert join.joined
    assert (join.scanned_5ghz_s is not None, join.unheard_s is not None) == noted


@pytest.mark.parametrize("event", [ALL_BANDS, UNHEARD])
@pytest.mark.parametrize("is_given_back", [True, False])
def test_a_scan_between_two_attempts_counts_only_where_the_interface_was_not_given_back(
    monkeypatch: pytest.MonkeyPatch, event: StationEvent, *, is_given_back: bool
) -> None:
    between: Script = [Changed(110), *([Changed(30)] if is_given_back else []), event, SCAN_ENDS]
    join, _, _ = joined(monkeypatch, [REFUSED], JOINS, before_prepare=between)

    assert [attempt.ended for attempt in join.attempts] == ["auth-refused", "joined"]
    assert (join.scanned_5ghz_s is not None) is (event == ALL_BANDS and not is_given_back)
    assert (join.unheard_s is not None) is (event == UNHEARD), "it may have gone on until the next attempt"


@pytest.mark.parametrize("event", [ALL_BANDS, UNHEARD])
@pytest.mark.parametrize("is_given_back", [True, False])
def test_a_scan_after_the_link_counts_only_where_the_interface_was_not_given_back(
    event: StationEvent, *, is_given_back: bool
) -> None:
    scans = Scans(Clock().monotonic, has_5ghz=False)
    scans.begin()
    if is_given_back:
        scans.end()
    scans.read(event)
    noted = scans.first_s if event == ALL_BANDS else scans.unheard_s

    assert (noted is None) is is_given_back


def test_what_was_not_heard_counts_since_all_was_heard_and_the_station_was_the_device() -> None:
    clock = Clock()
    scans = [Scans(clock.monotonic, has_5ghz=False) for _ in range(2)]
    begun = clock.now
    scans[0].begin()
    clock.now += 10.0
    scans[1].begin()
    for of_one in scans:
        of_one.read(StationEvent("unheard", None, None, since_s=4.0))
        of_one.read(StationEvent("unheard", None, None, since_s=0.0))

    assert [of_one.unheard_s for of_one in scans] == [begun + 6.0, begun + 10.0]


def test_a_link_that_is_lost_while_a_lease_is_waited_for_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutLease(FakeManager):
        def get(self, path: str, interface: str, name: str) -> Any:
            return 70 if (path, name) == ("/device", "State") else super().get(path, interface, name)

    monkeypatch.setattr(f"{__name__}.FakeManager", WithoutLease)
    join, interface, _ = joined(monkeypatch, [*JOINS, SENT_AWAY, ALL_BANDS, SCAN_ENDS])

    (joined_s,) = [attempt.at_s for attempt in join.attempts]
    assert isinstance(join.duration_s, float)
    assert join.duration_s > LEASE_S, "it was waited for"
    assert [(loss.reason, loss.at_s < joined_s + 2) for loss in join.lost] == [(15, True)]
    assert isinstance(join.scanned_5ghz_s, float)
    assert join.scanned_5ghz_s < joined_s + 2
    assert ([attempt.ended for attempt in join.attempts], join.link, interface) == (["joined"], "gone", "wlan0")


def test_a_radio_without_11n_is_not_played(monkeypatch: pytest.MonkeyPatch) -> None:
    core = device("core")
    join, _, _ = joined(monkeypatch, [FIRST, IN, ASSOCIATED, JOINED], who=core)

    assert (core.radio.ht, join.abilities.ht) == (False, True)


def test_a_passphrase_that_wpa_does_not_have_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    join, interface, bus = joined(monkeypatch, who=device(passphrase=b"short"))

    assert (join.key_form, interface, bus.made) == ("not-allowed", None, [])


def test_the_connection_is_held_to_the_device_and_the_laptops_traffic_keeps_out_of_it() -> None:
    made, both, free = (
        settings(device(), "alice"),
        settings(device("photon2"), "alice"),
        settings(device("argon", None), ""),
    )

    assert made["connection"]["permissions"] == ("as", ["user:alice:"])
    assert made["802-11-wireless"]["band"] == ("s", "bg")
    assert "band" not in both["802-11-wireless"]
    assert made["802-11-wireless"]["cloned-mac-address"] == ("ay", bytes.fromhex("94944a123456"))
    assert made["802-11-wireless-security"]["psk-flags"] == ("u", 1), "0 leaves it in /run"
    assert made["802-11-wireless-security"]["pmf"] == ("i", 1)
    assert "psk" not in made["802-11-wireless-security"]
    assert "802-11-wireless-security" not in free
    table, (rule,) = made["ipv4"]["route-table"], made["ipv4"]["routing-rules"][1]
    assert rule["table"] == table
    assert rule["oifname"] == ("s", "wlan0")


# --- what stands in its way

MAY = {"network-control": "yes", "settings.modify.own": "yes"}


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An ordinary user, where NetworkManager has the radio."""
    monkeypatch.setattr(SYSTEM, "joiners", ("radio", "networkmanager"))
    answers = {"is_privileged": False, "radio_manager": "NetworkManager", "remote_session": None}
    for name, answer in answers.items():
        monkeypatch.setattr(SYSTEM, name, lambda *_, answer=answer: answer)
    return monkeypatch


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        (MAY, None),
        ({**MAY, "network-control": "no"}, "network-control"),
        ({**MAY, "settings.modify.own": "auth"}, "administrator's password"),
        ({}, "network-control"),
    ],
)
def test_polkit_decides_and_is_asked_before_anything_is_changed(
    fits: pytest.MonkeyPatch, permissions: dict[str, str], words: str | None
) -> None:
    bus, connected = FakeManager(Clock(), permissions=permissions), 0

    def connect() -> AbstractContextManager[Manager]:
        nonlocal connected
        connected += 1
        return contextlib.nullcontext(bus)

    refused = NetworkManager(device(), connect=connect).refusal()

    assert connected == 1
    assert (refused is None) is (words is None)
    if refused is not None and words is not None:
        assert words in refused.reason
        assert refused.step == "Run netpreflight again as root (sudo)."
        assert refused.is_denied
    assert bus.made == [], "no connection was made"


def test_a_bus_that_is_not_there_is_a_result(fits: pytest.MonkeyPatch) -> None:
    def nowhere() -> AbstractContextManager[Manager]:
        raise RefusedError("org.freedesktop.DBus.Error.NameHasNoOwner", "no NetworkManager")

    refused = NetworkManager(device(), connect=nowhere).refusal()

    assert refused is not None
    assert "no NetworkManager" in refused.reason
    assert refused.is_denied


@pytest.mark.parametrize(
    ("privileged", "managed_by", "way"),
    [(False, "NetworkManager", NetworkManager), (True, "NetworkManager", Radio), (False, "iwd", Radio)],
)
def test_networkmanager_joins_for_an_ordinary_user_only(
    fits: pytest.MonkeyPatch, managed_by: str, way: type, *, privileged: bool
) -> None:
    fits.setattr(SYSTEM, "is_privileged", lambda: privileged)
    fits.setattr(SYSTEM, "radio_manager", lambda _: managed_by)

    assert type(way_for(device())) is way


# --- the passphrase that is saved


class Saved(FakeManager):
    """A NetworkManager that has saved one connection to 'Home', with these flags of its passphrase."""

    def __init__(self, flags: int, told: dict[str, Any] | None) -> None:
        super().__init__(Clock())
        self._flags, self._secret = flags, told

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Answer a call."""
        match path, method:
            case _, "ListConnections":
                return (["/cable", "/open", "/home"],)
            case "/cable", "GetSettings":
                return ({"802-3-ethernet": {}},)
            case "/open", "GetSettings":
                return ({"802-11-wireless": {"ssid": ("ay", b"Free")}},)
            case "/home", "GetSettings":
                security = {"psk-flags": ("u", self._flags)} if self._flags else {}
                return ({"802-11-wireless": {"ssid": ("ay", b"Home")}, "802-11-wireless-security": security},)
            case "/home", "GetSecrets":
                if self._secret is None:
                    raise RefusedError("org.freedesktop.NetworkManager.Settings.PermissionDenied", "")
                return ({"802-11-wireless-security": self._secret},)
        raise AssertionError(path, method)


@pytest.mark.parametrize(
    ("ssid", "flags", "secret", "words"),
    [
        ("Home", 0, None, "does not tell this user the passphrase of 'Home'"),
        ("Home", 1, {}, "keyring of the desktop"),
        ("Home", 2, {}, "saves none"),
        ("Free", 0, {}, "has saved no passphrase for 'Free'"),
        ("Away", 0, {}, "has saved no passphrase for 'Away'"),
    ],
)
def test_why_a_saved_passphrase_is_not_told_is_said(
    ssid: str, flags: int, secret: dict[str, Any] | None, words: str
) -> None:
    with pytest.raises(OSError, match=words):
        saved.passphrase(ssid, lambda: contextlib.nullcontext(Saved(flags, secret)))


def test_a_saved_passphrase_is_used_as_it_is() -> None:
    bus = Saved(0, {"psk": ("s", "pass: word\\ ")})

    assert saved.passphrase("Home", lambda: contextlib.nullcontext(bus)) == "pass: word\\ "


# --- what the kernel tells


def message(command: int, *attributes: tuple[int, bytes], index: int = INDEX) -> bytes:
    """A message as the kernel makes it (linux/nl80211.h)."""
    body = bytes([command, 1, 0, 0])
    for kind, data in ((3, struct.pack("=I", index)), *attributes):
        body += struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)
    return struct.pack("=IHHII", 16 + len(body), 28, 0, 0, 0) + body


def frame(kind: int, sender: str, *words: int) -> tuple[int, bytes]:
    """A management frame of the BSS: its header, and these fields of two bytes."""
    receiver = STATION if sender == AP else AP
    addresses = b"".join(bytes.fromhex(address.replace(":", "")) for address in (receiver, sender, AP))
    return 51, struct.pack("<HH", kind << 4, 0) + addresses + bytes(2) + struct.pack(f"<{len(words)}H", *words)


def never_mind(*_: object) -> None:
    """Nothing."""


FREQUENCIES = b"".join(struct.pack("=HHI", 8, number, mhz) for number, mhz in enumerate((2412, 5180)))
MAC_OF_AP = (6, bytes.fromhex(AP.replace(":", "")))
TOLD: list[tuple[bytes, StationEvent | None]] = [
    (message(37, frame(11, AP, 0, 2, 0)), IN),
    (message(37, frame(11, AP, 0, 2, 82)), StationEvent("authentication", AP, 82)),
    (message(37, (65, b""), MAC_OF_AP), StationEvent("authentication", AP, None)),
    (message(38, frame(1, AP, 0x431, 0, 0xC001)), ASSOCIATED),
    (message(38, frame(1, AP, 0x431, 27, 0)), StationEvent("association", AP, 27)),
    (message(39, frame(12, AP, 15)), SENT_AWAY),
    (message(40, frame(10, AP, 8)), StationEvent("end", AP, 8)),
    (message(39, frame(12, STATION, 3)), StationEvent("end", AP, 3, by_laptop=True)),
    (message(46, MAC_OF_AP, (72, struct.pack("=H", 17))), StationEvent("connection", AP, 17)),
    (message(47, MAC_OF_AP), StationEvent("roam", AP, 0)),
    (message(88, (38, struct.pack("=I", 2437))), StationEvent("channel", None, None, frequency_mhz=2437)),
    (message(88), None),
    (message(48, (54, struct.pack("=H", 4))), StationEvent("end", None, 4, by_laptop=True)),
    (message(48, (54, struct.pack("=H", 2)), (71, b"")), StationEvent("end", None, 2)),
    (message(39, frame(12, AP, 15), index=8), None),
    (message(33, (44, FREQUENCIES)), StationEvent("scan", None, None, frequencies_mhz=(2412, 5180))),
    (message(34, (44, FREQUENCIES)), StationEvent("scan-end", None, None, frequencies_mhz=(2412, 5180))),
    (message(35), StationEvent("scan-end", None, None)),
    (message(32), None),
    (b"", None),
]


@pytest.mark.parametrize(("told", "event"), TOLD)
def test_what_the_kernel_tells_is_read(told: bytes, event: StationEvent | None) -> None:
    assert event_of(told, INDEX) == event


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([message(33, (44, FREQUENCIES))], [StationEvent("scan", None, None, frequencies_mhz=(2412, 5180))]),
        ([OSError(errno.ENOBUFS, "No buffer space available"), message(35)], [UNHEARD, SCAN_ENDS]),
        ([OSError(errno.EBADF, "Bad file descriptor")] * 5, [UNHEARD, None, UNHEARD]),
    ],
)
def test_that_the_kernel_lost_events_is_an_event(
    monkeypatch: pytest.MonkeyPatch, told: list[bytes | OSError], expected: list[StationEvent | None]
) -> None:
    """What it does is said by netlink(7): ENOBUFS is told first, and what is in the buffer after that."""
    now = Clock()
    nothing: list[bytes | OSError] = [BlockingIOError()]
    waiting = nothing + told + nothing

    class Socket:
        def __init__(self, *_: int) -> None:
            self.bind = self.setsockopt = self.settimeout = never_mind

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def recvfrom(self, _: int) -> tuple[bytes, tuple[int, int]]:
            """The next message."""
            first = waiting.pop(0)
            if isinstance(first, OSError):
                raise first
            return first, (0, 0)

    async def groups(*_: str) -> list[int]:
        return [5]

    fake = SimpleNamespace(AF_NETLINK=16, SOCK_RAW=3, socket=Socket, if_nametoindex=lambda _: INDEX)
    monkeypatch.setattr(station_events, "socket", fake)
    monkeypatch.setattr(station_events, "_groups", groups)
    monkeypatch.setattr(station_events, "uptime", lambda: Uptime(boot="", at_s=now.now, awake_s=now.now))
    with station_events.heard("wlan0", scans=True) as following:
        assert following() is None
        now.now += UNHEARD.since_s

        assert [following() for _ in expected] == expected
        assert following() is None, "whoever asks until there is nothing more comes to an end"


@pytest.mark.parametrize("told", [told for told, _ in TOLD])
def test_a_message_cut_off_anywhere_is_read_without_a_fault(told: bytes) -> None:
    for size in range(len(told)):
        event = event_of(told[:size], INDEX)
        whole = event_of(told, INDEX)
        assert event is None or (whole is not None and event.what == whole.what)


def test_the_end_of_the_laptops_own_link_is_no_attempt() -> None:
    heard = Heard(STATION, lambda: 0.0)
    heard.read(StationEvent("end", "02:00:00:00:09:09", 3, by_laptop=True))
    heard.close()

    assert heard.attempts == []


def test_each_loss_of_a_link_is_noted_once() -> None:
    link = Link(AP, Clock().monotonic)
    for event in (SENT_AWAY, StationEvent("end", None, 15), IN, ASSOCIATED, StationEvent("end", AP, 4, by_laptop=True)):
        link.read(event)

    assert [(loss.reason, loss.by_laptop) for loss in link.lost] == [(15, False), (4, True)]
    assert not link.is_there


@pytest.mark.parametrize(
    ("told", "state", "status"),
    [
        ([], "there", "pass"),
        ([UNHEARD], "unheard", "unknown"),
        ([UNHEARD, SENT_AWAY], "gone", "fail"),
        ([SENT_AWAY, UNHEARD, IN, ASSOCIATED], "unheard", "warn"),
    ],
)
def test_a_link_whose_loss_may_have_been_missed_is_not_known_to_last(
    monkeypatch: pytest.MonkeyPatch, told: list[StationEvent], state: str, status: str
) -> None:
    class WithoutLease(FakeManager):
        def get(self, path: str, interface: str, name: str) -> Any:
            return 70 if (path, name) == ("/device", "State") else super().get(path, interface, name)

    monkeypatch.setattr(f"{__name__}.FakeManager", WithoutLease)
    join, _, _ = joined(monkeypatch, [*JOINS, *told], who=device("photon2"))
    (check,) = judge_some(["join.link"], Observations(join=join), profiles.load("photon2"), Selection())

    assert (join.link, check.status) == (state, status)


# --- NetworkManager gives the link up, and joins the laptop's own network on the same interface

OFFICE = "02:00:00:00:0f:0f"
OFFICE_JOINS: Script = [
    Changed(30), Changed(40), Changed(50), StationEvent("association", OFFICE, 0), Changed(70), Changed(100),
]  # fmt: skip
GIVEN_UP: dict[str, Script] = {
    "sent away": [SENT_AWAY, Changed(120), *OFFICE_JOINS],
    "sent away, and told at once": [SENT_AWAY, *OFFICE_JOINS],
    "ended by somebody at the laptop": [StationEvent("end", AP, 3, by_laptop=True), Changed(110), *OFFICE_JOINS],
    "switched off": [Changed(20)],
}


class Late(FakeManager):
    """One that tells of the laptop's own network once a join has begun, which is only being prepared."""

    begun = 0

    def next(self, timeout_s: float) -> Changed | Question | None:
        """The next change or question."""
        told = super().next(timeout_s)
        self.begun += told == Changed(40)
        return told

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        if name == "State" and self.begun < 2:
            return {"/device": 40, "/active": 1}[path]
        return super().get(path, interface, name)


@pytest.mark.parametrize(
    ("script", "ended", "interface"),
    [
        (
            [FIRST, IN, ASSOCIATED, SENT_AWAY, ANOTHER, IN, ASSOCIATED, SENT_AWAY, ANOTHER, FAILED],
            ["key-refused"] * 2,
            None,
        ),
        (JOINS, ["joined"], "wlan0"),
    ],
)
def test_what_is_told_late_of_the_laptops_own_network_is_no_join(
    monkeypatch: pytest.MonkeyPatch, script: Script, ended: list[str], interface: str | None
) -> None:
    monkeypatch.setattr("tests.unit.test_join_networkmanager.FakeManager", Late)
    late: Script = [Changed(40), Changed(50), Changed(70), Changed(110), Changed(30)]
    join, entered, _ = joined(monkeypatch, script, before_prepare=late)

    assert ([attempt.ended for attempt in join.attempts], entered) == (ended, interface)


class Telling(FakeManager):
    """One whose properties are what it told last."""

    state, active = 0, "/active"

    def next(self, timeout_s: float) -> Changed | Question | None:
        """The next change or question."""
        told = super().next(timeout_s)
        if isinstance(told, Changed):
            self.state = told.state
            if self.made and (told.state <= 30 or told.state >= 110):
                self.active = "/"
            elif self.made and self.active == "/":
                self.active = "/office"
        return told

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        if path == "/device" and name in {"State", "ActiveConnection"}:
            return self.state if name == "State" else self.active
        return super().get(path, interface, name)


def ran_on(
    monkeypatch: pytest.MonkeyPatch, bus: FakeManager, mac: str = STATION, *, ends: bool
) -> tuple[Join, str | None, bool]:
    """A run that measures until it is stopped, or else for ten looks; the join, the interface, and if it was stopped.

    It has to be stopped where it `ends`; `mac` is that of the interface meanwhile.
    """
    clock, stopped = bus._clock, threading.Event()  # noqa: SLF001 - the clock of both
    adapter = Adapter(name="wlan0", id="wlan0", index=3, state="up", mac=mac)
    monkeypatch.setattr(SYSTEM, "adapters", lambda: [adapter])
    monkeypatch.setattr(SYSTEM, "station_events", lambda _, scans: contextlib.nullcontext(bus.event))
    monkeypatch.setattr(SYSTEM, "user_name", lambda: "alice")
    way = NetworkManager(device("photon2"), clock, clock.monotonic, lambda: contextlib.nullcontext(bus))
    with way.enter(None, stopped.set) as entered:
        interface = entered.interface
        until = clock.now + 10 * LOOK_S
        while interface and not ends and clock.now < until:
            pass
        if interface and ends:
            assert stopped.wait(60), "it goes on"
            assert not entered.is_device()
        elif interface:
            assert entered.is_device() is (mac == STATION)
            assert entered.router == "192.0.2.1"
    assert entered.join is not None
    return entered.join, interface, stopped.is_set()


@pytest.mark.parametrize("is_leased", [True, False])
@pytest.mark.parametrize("name", GIVEN_UP)
def test_what_networkmanager_gives_up_is_gone_for_good_and_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, name: str, *, is_leased: bool
) -> None:
    bus = Telling(Clock(), [*JOINS, *([ACTIVATED] if is_leased else []), *GIVEN_UP[name]])
    join, interface, is_stopped = ran_on(monkeypatch, bus, ends=True)
    (check,) = judge_some(["join.link"], Observations(join=join), profiles.load("photon2"), Selection())

    assert [attempt.ended for attempt in join.attempts] == ["joined"]
    assert (join.link, join.end_bssid) == ("gone", None)
    assert (interface, is_stopped) == (("wlan0", True) if is_leased else (None, False))
    assert check.status == ("fail" if name.startswith("sent away") else "unknown")
    assert [loss.bssid for loss in join.lost] == ([] if name == "switched off" else [AP])


def test_the_lease_of_another_connection_is_not_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    class Switched(FakeManager):
        looks = 0

        def get(self, path: str, interface: str, name: str) -> Any:
            if name == "ActiveConnection":
                self.looks += 1
                return "/active" if self.looks <= 2 else "/office"  # of the join, and of its access point
            return super().get(path, interface, name)

    join, interface, _ = ran_on(monkeypatch, Switched(Clock(), JOINS), ends=True)

    assert (bool(join.joined), join.link, interface) == (True, "gone", None)


@pytest.mark.parametrize(
    ("told", "link", "status"),
    [([], "there", "pass"), ([SENT_AWAY, IN, ASSOCIATED], "there", "warn"), ([SENT_AWAY], "gone", "fail")],
)
def test_a_link_that_networkmanager_keeps_is_watched_to_the_end(
    monkeypatch: pytest.MonkeyPatch, told: Script, link: str, status: str
) -> None:
    join, interface, is_stopped = ran_on(monkeypatch, Telling(Clock(), [*JOINS, ACTIVATED, *told]), ends=False)
    (check,) = judge_some(["join.link"], Observations(join=join), profiles.load("photon2"), Selection())

    assert (join.link, check.status, interface, is_stopped) == (link, status, "wlan0", False)


@pytest.mark.parametrize("mac", [STATION, "02:00:00:00:05:00"])
def test_without_d_bus_the_interfaces_address_tells_whether_it_is_the_device(
    monkeypatch: pytest.MonkeyPatch, mac: str
) -> None:
    class Gone(Telling):
        def next(self, timeout_s: float) -> Changed | Question | None:
            if self.state == 100:
                self._clock.now += timeout_s
                raise OSError("D-Bus has gone")
            return super().next(timeout_s)

    has_left = mac != STATION
    join, _, is_stopped = ran_on(monkeypatch, Gone(Clock(), [*JOINS, ACTIVATED]), mac, ends=has_left)

    assert (join.link, is_stopped) == (("gone", True) if has_left else ("there", False))


def attempt(ended: JoinEnd) -> JoinAttempt:
    return JoinAttempt(at_s=1.0, duration_s=1.0, mac=STATION, ended=ended)


@pytest.mark.parametrize(
    ("join", "kept"),
    [
        (Join(not_run="it logs each station in by 802.1X"), []),
        (Join(key_form="not-allowed"), []),
        (Join(attempts=[attempt("key-refused")]), ["rejoined this laptop's network"]),
        (Join(attempts=[attempt("joined")]), ["keeps the lease", "rejoined this laptop's network"]),
        (None, ["keeps the lease", "rejoined this laptop's network"]),
    ],
)
def test_only_what_it_can_have_kept_is_told(join: Join | None, kept: list[str]) -> None:
    asked = device()
    asked.scope.addresses = ["192.0.2.1/24"]
    told = NetworkManager(asked).kept(join)

    assert len(told) == len(kept)
    assert all(words in line for words, line in zip(kept, told, strict=True))


@pytest.mark.parametrize("mac", [STATION, "02:00:00:00:05:00"])
def test_an_interface_that_is_the_laptops_again_has_no_link_whatever_networkmanager_tells(
    monkeypatch: pytest.MonkeyPatch, mac: str
) -> None:
    """A NetworkManager that was started anew tells nothing of the connection that it had."""
    join, _, _ = ran_on(monkeypatch, Telling(Clock(), [*JOINS, ACTIVATED]), mac, ends=False)

    assert join.link == ("there" if mac == STATION else "gone")

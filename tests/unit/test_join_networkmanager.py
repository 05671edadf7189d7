"""Joining by NetworkManager: what it is asked for, what the radio's driver tells, and what of it counts."""

import contextlib
import struct
from contextlib import AbstractContextManager
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging.join import abilities_of
from netpreflight.probes.join import saved, way_for
from netpreflight.probes.join.heard import Heard, Link
from netpreflight.probes.join.interface import Device, Passphrase
from netpreflight.probes.join.manager_bus import Changed, Manager, Question, RefusedError
from netpreflight.probes.join.networkmanager import NetworkManager, settings
from netpreflight.probes.join.radio import Radio
from netpreflight.probes.observations import Join, Scope
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import StationEvent
from netpreflight.systems.linux.station_events import event_of
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

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Answer a call."""
        match method:
            case "GetPermissions":
                return ({f"org.freedesktop.NetworkManager.{name}": told for name, told in self.permissions.items()},)
            case "GetDeviceByIpIface":
                return ("/device",)
            case "AddAndActivateConnection2":
                self.made.append(body[0])
                assert body[3] == {"persist": ("s", "volatile"), "bind-activation": ("s", "dbus-client")}
                self._told = [Changed(40), *self._scripts.pop(0)]
                return "/settings", "/active", {}
            case "DeactivateConnection":
                self.ended += 1
                return ()
        raise AssertionError(method)

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        return {
            "ActiveAccessPoint": "/point",
            "Frequency": self.frequency,
            "HwAddress": AP.upper(),
            "State": 100,
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
    monkeypatch: pytest.MonkeyPatch, *scripts: Script, who: Device | None = None, frequency: int = 2412
) -> tuple[Join, str | None, FakeManager]:
    """The join that a run makes, the interface that it may then measure on, and who was asked."""
    clock = Clock()
    bus = FakeManager(clock, *scripts)
    bus.frequency = frequency
    monkeypatch.setattr(SYSTEM, "station_events", lambda _: contextlib.nullcontext(bus.event))
    monkeypatch.setattr(SYSTEM, "user_name", lambda: "alice")
    way = NetworkManager(who or device(), clock, clock.monotonic, lambda: contextlib.nullcontext(bus))
    with way.enter(None, never) as entered:
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
    assert bus.ended == len(scripts)
    assert bus.answers.count(SECRET) <= 3


def test_a_refused_passphrase_is_tried_twice_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, bus = joined(monkeypatch, *CAUSES["wrong passphrase"][0])

    assert bus.answers == [SECRET, SECRET, None]


def test_a_join_where_the_device_has_no_channel_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    join, interface, _ = joined(monkeypatch, [FIRST, IN, ASSOCIATED, JOINED], frequency=2472)

    assert (join.joined, interface) == (None, None)
    assert "2472 MHz" in join.attempts[0].said[0]


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
    bus = FakeManager(Clock(), permissions=permissions)
    refused = NetworkManager(device(), connect=lambda: contextlib.nullcontext(bus)).refusal()

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
    (message(33), None),
    (b"", None),
]


@pytest.mark.parametrize(("told", "event"), TOLD)
def test_what_the_kernel_tells_is_read(told: bytes, event: StationEvent | None) -> None:
    assert event_of(told, INDEX) == event


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

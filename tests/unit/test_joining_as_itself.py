"""Joining by Windows' and macOS's own calls, with fakes of both; nothing here ran on either."""

import contextlib
import ctypes
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.as_device import as_itself, asked
from netpreflight.agent.judging import judge
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.report import notes
from netpreflight.agent.run import AirChoice, RunSettings
from netpreflight.agent.selection import Selection
from netpreflight.probes.join.as_itself import WATCHED_S, AsItself
from netpreflight.probes.join.interface import Device, Passphrase
from netpreflight.probes.observations import Join, JoinEnd, Scope, Wifi
from netpreflight.systems import watchdog
from netpreflight.systems.interface import Adapter, Joined, JoinTold, NetworkToJoin, System
from netpreflight.systems.macos import Macos
from netpreflight.systems.windows import Windows, native
from tests.lab.namespaces import wait_until
from tests.unit import again, wlan_service
from tests.unit.air import BSSID, bss, scan
from tests.unit.fakes import Clock
from tests.unit.seen import healthy
from tests.unit.wlan_service import GUID, Service

SECRET = b"correct <horse> & 'battery'"
AP, FAR = "02:00:00:00:00:00", "02:00:00:00:00:05"
NETWORK = NetworkToJoin(name=b"net", bssids=(AP, FAR), security="wpa2-psk", passphrase=bytearray(SECRET))
OPEN = NetworkToJoin(name="Café".encode(), bssids=(AP,), security="open", is_hidden=True)
WIFI = Adapter(name="Wi-Fi", id=GUID, index=12, state="up", medium="wifi", mac="0a:00:00:00:00:01")
V1 = "{http://www.microsoft.com/networking/WLAN/profile/v1}"
V3 = "{http://www.microsoft.com/networking/WLAN/profile/v3}"
ARGON = profiles.load("argon")


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ("", None),
        ("192.0.2.9 50000 192.0.2.1 22", "over SSH through this radio"),
        ("fe80::9%en0 50000 fe80::1%en0 22", "over SSH through this radio"),
        ("fe80::9%12 50000 fe80::1%12 22", "perhaps through this radio"),
        ("fe80::9%en5 50000 fe80::1%en5 22", None),
        ("192.0.2.9 50000 198.51.100.1 22", None),
        ("192.0.2.9", None),
    ],
)
@pytest.mark.parametrize("system", [Windows, Macos])
def test_it_does_not_cut_the_login_by_which_it_was_started(
    connection: str, reason: str | None, system: type[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", connection)
    scope = Scope(interface="en0", addresses=["192.0.2.1/24"])
    refused = AsItself(Device(scope=scope, mac="", ssid="net"), system()).refusal()

    assert (refused is None) is (reason is None)
    assert refused is None or (reason or "") in refused.reason


@pytest.mark.parametrize(("answer", "is_refused"), [(0, False), (1, True)])
def test_it_does_not_cut_remote_desktop(answer: int, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool) -> None:
    asked_for: list[int] = []

    def metrics(number: int) -> int:
        asked_for.append(number)
        return answer

    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setattr(native, "library", lambda _: SimpleNamespace(GetSystemMetrics=metrics))
    way = AsItself(Device(scope=Scope(interface="Wi-Fi", addresses=["192.0.2.1/24"]), mac="", ssid="net"), Windows())

    refused = way.refusal()
    assert ("Remote Desktop" in (refused.reason if refused else "")) is is_refused
    assert asked_for == [0x1000]


# --- Windows


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    wlan_service.install(monkeypatch, made)
    monkeypatch.setattr(Windows, "adapters", lambda _: [WIFI])
    return made


def windows_joins(service: Service, network: NetworkToJoin, *ends: tuple[int, int]) -> JoinTold:
    """What Windows tells of an attempt; afterwards its handle is closed, and all of its memory is freed."""
    service.ends.append(list(ends))
    told = Windows().join("Wi-Fi", network, lambda: False)
    assert (service.opened, service.given, set(service.asked)) == (0, {}, {GUID})
    return told


def texts(profile: str, *path: str) -> list[str | None]:
    """What stands at these places of a profile."""
    root = ET.fromstring(profile)
    return [root.findtext(place) for place in path]


def test_windows_joins_by_a_profile_in_memory_with_a_random_mac_address(service: Service) -> None:
    told = windows_joins(service, NETWORK, (10, 0))
    (profile,) = service.profiles
    security = f"{V1}MSM/{V1}security/"

    assert (told.ended, told.status) == ("joined", None)
    assert (service.bssids, service.flags) == ([AP, FAR], 0)
    assert texts(
        profile,
        f"{V1}SSIDConfig/{V1}SSID/{V1}hex",
        f"{V1}SSIDConfig/{V1}nonBroadcast",
        f"{V1}connectionType",
        f"{V1}connectionMode",
        f"{security}{V1}authEncryption/{V1}authentication",
        f"{security}{V1}authEncryption/{V1}encryption",
        f"{security}{V1}sharedKey/{V1}keyType",
        f"{security}{V1}sharedKey/{V1}keyMaterial",
        f"{V3}MacRandomization/{V3}enableRandomization",
    ) == ["6E6574", "false", "ESS", "manual", "WPA2PSK", "AES", "passPhrase", SECRET.decode(), "true"]
    assert Windows().joined("Wi-Fi") == Joined(network=None, name=b"net", bssid=AP)


def test_an_open_hidden_network_has_no_key_and_64_digits_are_one(service: Service) -> None:
    windows_joins(service, OPEN, (10, 0))
    assert service.flags == 1, "WLAN_CONNECTION_HIDDEN_NETWORK"
    key = bytearray(b"0123456789abcdef" * 4)
    windows_joins(service, NetworkToJoin(name=b"n", bssids=(AP,), security="wpa-psk", passphrase=key), (10, 0))
    security = f"{V1}MSM/{V1}security/"

    assert texts(service.profiles[0], f"{V1}SSIDConfig/{V1}SSID/{V1}hex", f"{V1}SSIDConfig/{V1}nonBroadcast") == [
        "436166C3A9",
        "true",
    ]
    assert ET.fromstring(service.profiles[0]).find(f"{security}{V1}sharedKey") is None
    assert texts(
        service.profiles[1], f"{security}{V1}sharedKey/{V1}keyType", f"{security}{V1}sharedKey/{V1}keyMaterial"
    ) == ["networkKey", key.decode()]


def test_the_text_with_the_passphrase_is_overwritten(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[int] = []
    memset = ctypes.memset

    def noted(at: Any, to: int, size: int) -> int:
        cleared.append(size)
        return memset(at, to, size)

    monkeypatch.setattr(ctypes, "memset", noted)

    windows_joins(service, NETWORK, (10, 0))

    ((_, size),) = service.texts
    assert cleared == [size + 2], "the whole of it, with its end"


@pytest.mark.parametrize(
    ("ends", "ended"),
    [
        ([(10, 0x48014)], "key-refused"),
        ([(11, 0x48014), (10, 0x38002)], "key-refused"),
        ([(11, 0x48014), (10, 0)], "joined"),
        ([(10, 0x2800D)], "key-refused"),
        ([(10, 0x48005)], "key-unfinished"),
        ([(10, 0x2800B)], "not-found"),
        ([(10, 0x38002)], "not-told"),
        ([(10, 0x12345678)], "not-told"),
        ([(10, 0x30002)], "passed-over"),
    ],
)
def test_windows_reasons(service: Service, ends: list[tuple[int, int]], ended: JoinEnd) -> None:
    told = windows_joins(service, NETWORK, *ends)

    assert told.ended == ended
    assert told.said
    assert all(words.startswith("Windows: ") for words in told.said)


def test_windows_that_refuses_or_is_silent_or_stopped(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.ends.append([])
    assert Windows().join("Wi-Fi", NETWORK, lambda: True).ended == "not-told"
    service.codes["connect"] = 5
    assert windows_joins(service, NETWORK).ended == "not-made"
    service.codes["register"] = 8
    with pytest.raises(OSError, match="does not tell"):
        Windows().join("Wi-Fi", NETWORK, lambda: False)
    service.codes["open"] = 1062
    with pytest.raises(OSError, match="AutoConfig"):
        Windows().joined("Wi-Fi")
    assert service.opened == 0


def test_windows_goes_back_to_the_profile_that_it_was_on(service: Service) -> None:
    service.join(b"Home", 3, profile="Home 5")
    before = Windows().joined("Wi-Fi")
    windows_joins(service, NETWORK, (10, 0))

    assert before == Joined(network="Home 5", name=b"Home", bssid="02:00:00:00:00:03")
    Windows().rejoin("Wi-Fi", "Home 5")
    assert (service.left_by, service.profiles[1:]) == (1, ["Home 5"])
    Windows().rejoin("Wi-Fi", None)
    assert (service.left_by, Windows().joined("Wi-Fi")) == (2, None)


# --- macOS


class CoreWlan:
    """CoreWLAN, and its one interface."""

    def __init__(self, *heard: tuple[str | None, int, int]) -> None:
        self.heard = heard
        self.error: int | None = None
        self.calls: list[Any] = []
        self.name: bytes | None = b"Home"

    def interface(self, name: str) -> Any:
        """CWInterface; a call that is not here fails."""
        assert name == "en0"
        return SimpleNamespace(
            ssidData=lambda: self.name,
            ssid=lambda: self.name and self.name.decode(),
            bssid=lambda: "02:00:00:00:00:AA",
            scanForNetworksWithSSID_includeHidden_error_=lambda *asked: (self._networks(*asked[:2]), None),
            associateToNetwork_password_error_=self._associate,
            disassociate=lambda: self.calls.append("leave"),
            setPower_error_=self._set_power,
        )

    def _networks(self, name: bytes, is_hidden: Any) -> list[Any]:
        self.calls.append((name, is_hidden))
        return [
            SimpleNamespace(
                bssid=lambda bssid=bssid: bssid,
                rssiValue=lambda rssi=rssi: rssi,
                wlanChannel=lambda band=band: SimpleNamespace(channelBand=lambda: band),
                place=place,
            )
            for place, (bssid, rssi, band) in enumerate(self.heard)
        ]

    def _associate(self, network: Any, password: str | None, _: None) -> tuple[bool, Any]:
        self.calls.append((network.place, password))
        return self.error is None, self._problem()

    def _set_power(self, is_on: Any, _: None) -> tuple[bool, Any]:
        self.calls.append(is_on)
        return self.error is None, self._problem()

    def _problem(self) -> Any:
        if self.error is None:
            return None
        number = self.error
        return SimpleNamespace(
            code=lambda: number, domain=lambda: "com.apple.wifi.error", localizedDescription=lambda: "It failed."
        )


def core_wlan(monkeypatch: pytest.MonkeyPatch, *heard: tuple[str | None, int, int]) -> CoreWlan:
    made = CoreWlan(*heard)
    client = SimpleNamespace(interfaceNames=lambda: ["en0"], interfaceWithName_=made.interface)
    library = SimpleNamespace(CWWiFiClient=SimpleNamespace(sharedWiFiClient=lambda: client))
    monkeypatch.setitem(sys.modules, "CoreWLAN", library)
    return made


def test_macos_joins_the_best_of_the_access_points(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = core_wlan(monkeypatch, (AP.upper(), -70, 1), (FAR, -50, 1), ("02:00:00:00:00:99", -30, 1), (AP, -20, 2))
    fake.heard = fake.heard[:3]

    assert Macos().join("en0", NETWORK, lambda: False).ended == "joined"
    assert fake.calls == [(b"net", False), (1, SECRET.decode())]
    assert Macos().joined("en0") == Joined(network="Home", name=b"Home", bssid="02:00:00:00:00:aa")


def test_macos_that_withholds_bssids_joins_on_2_4_ghz(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = core_wlan(monkeypatch, (None, -40, 2), (None, -60, 1))

    assert Macos().join("en0", OPEN, lambda: False).ended == "joined"
    assert fake.calls == [("Café".encode(), True), (1, None)]
    fake.heard = fake.heard[:1]
    assert Macos().join("en0", OPEN, lambda: False).ended == "not-found"


@pytest.mark.parametrize(
    ("error", "ended", "status"),
    [
        (-3924, "key-refused", None),
        (-3925, "key-unfinished", None),
        (-3913, "assoc-refused", 17),
        (-3909, "assoc-refused", 12),
        (-3912, "auth-refused", 15),
        (-3930, "not-made", None),
        (-3905, "not-told", None),
        (82, "not-told", None),
    ],
)
def test_macos_errors(monkeypatch: pytest.MonkeyPatch, error: int, ended: JoinEnd, status: int | None) -> None:
    core_wlan(monkeypatch, (AP, -50, 1)).error = error
    told = Macos().join("en0", NETWORK, lambda: False)

    assert (told.ended, told.status) == (ended, status)
    assert told.said == (f"macOS: It failed. (com.apple.wifi.error {error})",)


def test_macos_goes_back_by_itself_once_its_radio_was_off(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = core_wlan(monkeypatch)

    Macos().rejoin("en0", None)
    assert fake.calls == ["leave"]
    Macos().rejoin("en0", "Home")
    assert fake.calls[1:] == ["leave", False, True]
    fake.error = -3930
    with pytest.raises(OSError, match="does not switch Wi-Fi off"):
        Macos().rejoin("en0", "Home")
    with pytest.raises(OSError, match="en7 is no Wi-Fi interface"):
        Macos().joined("en7")
    fake.name = None
    assert Macos().joined("en0") is None


# --- the way, on either


class FakeSystem(System):
    """A system that joins as itself: each attempt ends as told, and it goes back after so many looks."""

    joins_as_itself = "windows"

    def __init__(self, *told: JoinTold, looks: int = 0, lasts: int = 1000) -> None:
        self.told, self.looks, self.lasts = list(told), looks, lasts
        self.asked: list[NetworkToJoin] = []
        self.secrets: list[bytes | None] = []
        self.now: Joined | None = Joined(network="Home 5", name=b"Home", bssid="02:00:00:00:00:03")
        self.back: list[str | None] = []

    def adapters(self) -> list[Adapter]:
        """One radio."""
        return [WIFI]

    def joined(self, adapter: str) -> Joined | None:
        """The network that it is on now."""
        assert adapter == "Wi-Fi"
        if self.back:
            self.looks -= 1
            return None if self.looks >= 0 else Joined(network="Home 5", name=b"Home")
        if self.asked:
            self.lasts -= 1
        return self.now if self.lasts >= 0 else None

    def join(self, adapter: str, network: NetworkToJoin, is_stopped: Any) -> JoinTold:
        """The next end."""
        self.asked.append(network)
        self.secrets.append(bytes(network.passphrase) if network.passphrase is not None else None)
        told = self.told.pop(0)
        self.now = Joined(network=None, name=network.name, bssid=BSSID) if told.ended == "joined" else None
        return told

    def rejoin(self, adapter: str, network: str | None) -> None:
        """Note where to."""
        self.back.append(network)


def joined_by(system: FakeSystem, survey: Wifi | None, secret: bytes | None = SECRET, **how: Any) -> Join:
    """The join on that system."""
    scope = Scope(interface="Wi-Fi", medium="wifi", mac="0a:00:00:00:00:02")
    device = Device(scope=scope, mac="", ssid="net", radio=abilities_of(ARGON.radio))
    device.passphrase = None if secret is None else Passphrase(bytearray(secret))
    join = AsItself(device, system, Clock(), guard=lambda *_: contextlib.nullcontext()).join(
        survey, how.get("is_stopped", lambda: False)
    )
    assert device.passphrase is None or device.passphrase.content == b""
    return join


JOINS, WRONG = JoinTold(ended="joined", said=("Windows: ok",)), JoinTold(ended="key-refused")
SURVEY = scan(bss(), bss(bssid="02:00:00:00:00:77", channel=13), target="net")


def test_it_joins_on_the_devices_channels_watches_and_goes_back() -> None:
    system = FakeSystem(JOINS, looks=3)
    join = joined_by(system, SURVEY)

    assert [(network.bssids, network.security, network.name) for network in system.asked] == [
        ((BSSID,), "wpa2-psk", b"net")
    ]
    assert (system.secrets, system.back) == ([SECRET], ["Home 5"])
    (attempt,) = join.attempts
    assert (attempt.ended, attempt.mac, attempt.bssid) == ("joined", WIFI.mac, BSSID)
    assert (join.way, join.key_form, join.link, join.end_bssid, join.left) == ("windows", "allowed", "there", BSSID, [])
    assert join.watched_s >= WATCHED_S
    assert join.restored_s == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("told", "tries"), [([WRONG, WRONG], 2), ([JoinTold(ended="not-found")] * 3, 3), ([WRONG, JOINS], 2)]
)
def test_it_tries_a_wrong_passphrase_twice_and_all_else_three_times(told: list[JoinTold], tries: int) -> None:
    system = FakeSystem(*told)

    assert [attempt.ended for attempt in joined_by(system, SURVEY).attempts] == [each.ended for each in told]
    assert (len(system.asked), system.back) == (tries, ["Home 5"])


@pytest.mark.parametrize(
    ("survey", "secret", "says"),
    [
        (None, SECRET, "did not hear"),
        (scan(bss(channel=13), target="net"), SECRET, "did not hear"),
        (SURVEY, None, "no passphrase was given"),
        (SURVEY, "Füße im Wasser".encode(), "ASCII"),
        (scan(bss(security=["wpa3-sae"]), target="net"), SECRET, "no security"),
    ],
)
def test_what_cannot_be_tried_leaves_the_network_alone(survey: Wifi | None, secret: bytes | None, says: str) -> None:
    system = FakeSystem()
    join = joined_by(system, survey, secret)

    assert [attempt.ended for attempt in join.attempts] == ["not-made"]
    assert says in join.attempts[0].said[0]
    assert (system.asked, system.back) == ([], [])


def test_a_passphrase_that_wpa_has_not_is_not_tried() -> None:
    assert (joined_by(FakeSystem(), SURVEY, b"short").attempts, FakeSystem().back) == ([], [])


def test_a_link_that_ends_and_a_laptop_that_does_not_come_back_are_told() -> None:
    system = FakeSystem(JOINS, looks=1000, lasts=4)
    join = joined_by(system, SURVEY)

    assert (join.link, join.restored_s) == ("gone", None)
    assert join.left == ["Wi-Fi is not on its network"]


def test_the_user_ends_it_and_it_goes_back_first() -> None:
    system = FakeSystem(WRONG)
    stops = iter([False, True])
    join = joined_by(system, SURVEY, is_stopped=lambda: next(stops, True))

    assert (len(join.attempts), system.back) == (1, ["Home 5"])


# --- after a kill


PARENT = """
import sys, time
from netpreflight.systems import watchdog
command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
with watchdog.watched("Wi-Fi", "Home 5", command):
    print("joined", flush=True)
    sys.stdin.readline()
"""
CHILD = """
import sys
from netpreflight.systems import watchdog
class System:
    def rejoin(self, *to):
        with open(sys.argv[1], "a") as file:
            file.write(f"{to}\\n")
watchdog.SYSTEM = System()
watchdog.main()
open(sys.argv[1] + ".ended", "w").close()
"""


@pytest.mark.more
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_run_that_is_killed_leaves_a_process_that_goes_back(tmp_path: Path, *, is_killed: bool) -> None:
    file, ended = tmp_path / "back", tmp_path / "back.ended"
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD, str(file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"
    assert not file.exists()
    if is_killed:
        process.kill()
    process.communicate("\n")
    wait_until(ended.exists, "the process that goes back has ended", 20)

    assert (file.read_text() if file.exists() else None) == ("('Wi-Fi', 'Home 5')\n" if is_killed else None)


def test_the_process_is_this_module_or_the_executable_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watchdog.words() == [sys.executable, "-P", "-m", "netpreflight.systems.watchdog"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert watchdog.words() == [sys.executable, "--go-back"]
    start = Path(__file__).parents[2] / "packaging" / "start.py"
    assert f'GO_BACK = "{watchdog.WORD}"' in start.read_text()


@pytest.mark.more
def test_the_process_takes_no_module_from_the_folder_that_the_user_is_in(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("open('taken', 'w').close()")
    ran = subprocess.run(watchdog.words(), cwd=tmp_path, input=b'["Wi-Fi", null]\nover\n', check=False)

    assert (ran.returncode, (tmp_path / "taken").exists()) == (0, False)


# --- what it means


def test_of_the_join_only_the_passphrase_is_judged() -> None:
    for told, key in (((JOINS,), ("pass", None)), ((WRONG, WRONG), ("fail", "wrong-passphrase"))):
        seen = healthy(join=joined_by(FakeSystem(*told), SURVEY), wifi=SURVEY)
        checks = {check.id: check for check in judge(seen, ARGON, Selection()).checks}

        assert (checks["join.key"].status, checks["join.key"].problem) == key
        assert (checks["join.auth"].status, checks["join.auth"].problem) == ("unknown", "other-radio")
        assert checks["join.link"].status == "unknown"
        assert "Linux" in (checks["join.auth"].remedy or "")
        assert checks["dhcp.offer"].status == "pass", "measured as the laptop, whatever became of the join"


def test_a_run_measures_first_and_then_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    own = again.run_of(healthy(wifi=SURVEY))

    def measured(*_: Any, **__: Any) -> Any:
        order.append("measure")
        return own

    class Way:
        """A way that was asked to join."""

        def join(self, survey: Wifi | None, is_stopped: Any) -> Join:
            order.append("join")
            assert (survey, is_stopped()) == (SURVEY, False)
            return Join(way="windows", left=["Wi-Fi is not on its network"])

    monkeypatch.setattr(as_itself, "measure", measured)
    joining: Any = as_itself.JoiningAsItself(Way())  # type: ignore[arg-type] # what is needed of one
    settings = RunSettings(own.observations.scope, AirChoice(), ARGON, Selection())
    run = as_itself.run(joining, settings)

    assert (order, run.complete) == (["measure", "join"], True)
    judgement = judge(run.observations, ARGON, Selection())
    told = notes.on_the_answer(judgement, ARGON, [], run.observations)
    assert any("joins as itself" in note for note in told)
    assert any("not seen to be restored within 30 s: Wi-Fi is not on its network" in note for note in told)
    own = msgspec.structs.replace(own, complete=False)
    cut = as_itself.run(joining, settings)
    assert order == ["measure", "join", "measure"]
    assert isinstance(cut.observations.join, Join)
    assert cut.observations.join.not_run == "the run was cut short"


@pytest.mark.parametrize(
    ("options", "ssid", "skip", "told"),
    [
        ({"mac": "94:94:4A"}, "net", [], "--mac: on this system, a run cannot choose the MAC address"),
        ({"uses_saved": True}, "net", [], "--saved-passphrase"),
        ({}, "net", ["join"], "leaves the join out"),
        ({}, None, [], "no network is named"),
    ],
)
def test_what_this_system_cannot_do_is_refused(
    options: dict[str, Any], ssid: str | None, skip: list[str], told: str
) -> None:
    selection = Selection(skip=[name for name in ("join.auth", "join.key", "join.link") if skip])
    with pytest.raises(asked.CannotError, match=told):
        asked.prepare_itself(asked.Asked(**options), Scope(interface="Wi-Fi", medium="wifi"), ARGON, selection, ssid)

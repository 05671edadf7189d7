# ruff: noqa: D102 - what the fakes stand for is documented there
"""Windows, macOS and monitor mode behind their boundaries, and the choice between sources."""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netpreflight import systems
from netpreflight.probes import wifi as survey_module
from netpreflight.probes.net import sockets
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.wifi import macos, monitor, source, wifi, windows
from netpreflight.probes.wifi.capture import read_capture
from netpreflight.probes.wifi.macos import CoreWlanError, CoreWlanInterface, CoreWlanNetwork
from netpreflight.probes.wifi.source import NOT_ASKED, NoRadio, SourceUnavailable
from netpreflight.systems.interface import Adapter
from netpreflight.systems.linux import radios
from netpreflight.systems.windows import Windows
from tests.unit import wlan_service
from tests.unit.beacons import usual
from tests.unit.fakes import Clock
from tests.unit.wlan_service import GUID, NOW_S, Service, bss_list, entry

# --- Windows ------------------------------------------------------------------------------------------------------

CISCO = read_capture(Path(__file__).parent / "data" / "captures" / "Beacon-Cisco-AP-Name-v1-v2.pcapng").bss[0].elements


class FakeWindows(Windows):
    """Windows with two adapters, one of them a radio."""

    def adapters(self) -> list[Adapter]:
        return [
            Adapter(name="Ethernet", id="{A}", index=3, state="up", medium="wired"),
            Adapter(name="Wi-Fi", id=GUID, index=12, state="up", medium="wifi"),
        ]


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Wifi]:
    """Survey with a fake WLAN service."""

    def run(service: Service, interface: str | None = "Wi-Fi", ssid: str | None = None, *, scan: bool = True) -> Wifi:
        wlan_service.install(monkeypatch, service)
        here = FakeWindows()
        monkeypatch.setattr(survey_module, "SYSTEM", here)
        monkeypatch.setattr(windows, "SYSTEM", here)
        clock = Clock()
        clock.now = NOW_S
        return asyncio.run(wifi(sockets.Network("fake0", 0.0, clock=clock), interface, ssid, scan=scan))

    return run


def test_windows_gives_networks_with_their_elements(on_windows: Callable[..., Wifi]) -> None:
    corporate = entry(b"jjj-PSK", bytes.fromhex(CISCO), 1, lRssi=-55, ulChCenterFrequency=5_745_000)
    service = Service(entry(b"net", usual()), corporate, entry("é".encode(), usual(name="é".encode()), 2))
    service.join(b"jjj-PSK", 1)

    seen = on_windows(service)

    bss, cisco, accented = seen.bss
    assert (bss.ssid, bss.channel, bss.signal_dbm, bss.age_s, bss.beacon_interval_tu) == ("net", 6, -61.0, 2.5, 100)
    assert (bss.security, bss.complete, accented.ssid) == (["open"], True, "é")
    found = [cisco.ssid, cisco.channel, cisco.width_mhz, cisco.signal_dbm, cisco.security]
    assert found == ["jjj-PSK", 149, 80, -55, ["wpa3-sae"]], "as tshark has it"
    assert (seen.source, seen.interface, seen.triggered) == ("windows", "Wi-Fi", True), "as in the scope"
    joined = [seen.associated_ssid, seen.associated_bssid, seen.associated_frequency_mhz]
    assert joined == ["jjj-PSK", "02:00:00:00:00:01", 5745]
    assert (seen.target, seen.target_from, seen.limits) == ("jjj-PSK", "association", [])


@pytest.mark.parametrize("interface", ["Wi-Fi", GUID, "Ethernet", None])
def test_the_interface_is_named_as_in_the_scope(on_windows: Callable[..., Wifi], interface: str | None) -> None:
    """By that name the run knows that the laptop's own network is the one under test."""
    assert on_windows(Service(entry(b"net", usual())), interface).interface == "Wi-Fi"


def test_a_hidden_network_is_named_after_a_scan_by_name(on_windows: Callable[..., Wifi]) -> None:
    service = Service()
    hidden, named = entry(b"", usual(name=b""), 1), entry(b"secret", usual(name=b"secret"), 1)
    service.heard_by = [bss_list(hidden), bss_list(hidden, named)]

    seen = on_windows(service, ssid="secret")

    assert service.scans == [None, b"secret"]
    assert [(bss.ssid, bss.ssid_hex, bss.hidden) for bss in seen.bss] == [("secret", b"secret".hex(), True)]
    assert seen.limits == []


def test_a_name_that_nobody_answers_is_told(on_windows: Callable[..., Wifi]) -> None:
    service = Service(entry(b"net", usual()))

    seen = on_windows(service, ssid="absent")

    assert service.scans == [None, b"absent"]
    assert seen.limits == ["No access point named 'absent' was heard, also when a scan asked for that name"]


def test_location_that_is_off_says_what_to_click(on_windows: Callable[..., Wifi]) -> None:
    seen = on_windows(Service(scan=5, list=5, query=5))

    assert (seen.source, seen.bss, seen.associated_ssid) == (None, [], None)
    assert "without permission to know this laptop's location" in seen.limits[0]
    for clicked in ("Settings > Privacy & security > Location", "Location services", "Let desktop apps access your"):
        assert clicked in (seen.unlocked_by or "")


def test_a_service_that_is_off_and_no_radio(on_windows: Callable[..., Wifi]) -> None:
    off, none = Service(open=1062), Service()
    none.radios = []

    assert "net start wlansvc" in (on_windows(off).unlocked_by or "")
    seen = on_windows(none)
    assert (seen.limits, seen.unlocked_by) == (
        ["Windows knows no Wi-Fi adapter in this laptop"],
        source.CAPTURE_INSTEAD,
    )


def test_a_refused_scan_leaves_the_last_results_of_windows(on_windows: Callable[..., Wifi]) -> None:
    seen = on_windows(Service(entry(b"net", usual()), scan=170))

    assert (seen.triggered, len(seen.bss), seen.scan_s) == (False, 1, None)
    assert seen.limits == [
        "No scan was made: the Wi-Fi adapter is busy",
        "These are the last results of Windows, 2 s old",
    ]
    assert seen.unlocked_by == "Run netpreflight again in a minute."


def test_windows_that_hears_nothing(on_windows: Callable[..., Wifi]) -> None:
    assert any("heard nothing at all" in limit for limit in on_windows(Service()).limits)


def test_a_hidden_name_that_windows_knows(on_windows: Callable[..., Wifi]) -> None:
    service = Service(entry(b"secret", usual(name=b"")), entry(b"", usual(name=b""), 1))

    known, unknown = on_windows(service).bss

    assert (known.ssid, known.ssid_hex, known.hidden) == ("secret", b"secret".hex(), True)
    assert (unknown.ssid, unknown.hidden) == ("", True)


def test_a_network_without_elements_is_not_complete(on_windows: Callable[..., Wifi]) -> None:
    (bss,) = on_windows(Service(entry(b"net", usual(), ulIeOffset=1))).bss

    assert (bss.ssid, bss.complete) == ("net", False)


def test_what_is_no_network_is_counted(on_windows: Callable[..., Wifi]) -> None:
    service = Service(entry(b"net", usual(), dot11BssType=2), entry(b"net", usual(), usCapabilityInformation=0))

    seen = on_windows(service)

    assert not seen.bss
    assert any("left out: 2" in limit.lower() for limit in seen.limits)


def test_a_time_of_the_driver_that_cannot_be_true_is_none(on_windows: Callable[..., Wifi]) -> None:
    for filetime in (5, wlan_service.FILETIME + 10**9, wlan_service.FILETIME - 10**13):
        (bss,) = on_windows(Service(entry(b"net", usual(), ullHostTimestamp=filetime))).bss
        assert bss.age_s is None


# --- macOS --------------------------------------------------------------------------------------------------------


def network(**changes: Any) -> CoreWlanNetwork:
    usual_one = {
        "bssid": "02:00:00:00:00:AA",
        "ssid": b"net",
        "elements": usual(),
        "rssi": -50,
        "channel": 6,
        "band": 1,
        "width": 1,
        "securities": (4,),
    }
    return CoreWlanNetwork(**{**usual_one, **changes})


class FakeCoreWlan:
    """CoreWLAN with one interface."""

    def __init__(self, *networks: CoreWlanNetwork, refusal: CoreWlanError | None = None, is_on: bool = True) -> None:
        self.networks, self.refusal = list(networks), refusal
        self.state: CoreWlanInterface | None = CoreWlanInterface("en0", is_on, b"net", "02:00:00:00:00:AA", 6, 1, "DE")
        self.remembered: list[CoreWlanNetwork] = []
        self.later: list[CoreWlanNetwork] = []
        """What only later scans hear."""
        self.scans = 0

    def radio(self, name: str | None) -> CoreWlanInterface | None:
        return self.state

    def scan(self) -> tuple[list[CoreWlanNetwork], CoreWlanError | None]:
        self.scans += 1
        if self.refusal:
            return [], self.refusal
        return [*self.networks, *(self.later if self.scans > 1 else [])], None

    def cached(self) -> list[CoreWlanNetwork]:
        return self.remembered


def on_macos(core: FakeCoreWlan) -> Wifi:
    return asyncio.run(macos.survey("en0", elapsed=lambda: 1.0, make=lambda: core))


@pytest.mark.parametrize(
    ("first", "later", "scans", "channels"),
    [
        ([36], [6], 2, [36, 6]),
        ([36], [], 2, [36]),
        ([6, 36], [], 1, [6, 36]),
    ],
)
def test_macos_is_asked_to_scan_again_for_a_network_that_was_not_heard_on_2_4_ghz(
    first: list[int], later: list[int], scans: int, channels: list[int]
) -> None:
    def on(channel: int) -> CoreWlanNetwork:
        return network(bssid=f"02:00:00:00:00:{channel:02x}", channel=channel, band=1 if channel < 36 else 2)

    core = FakeCoreWlan(*map(on, first))
    core.later = [*map(on, later)]
    seen = on_macos(core)

    assert core.scans == scans
    assert [bss.channel for bss in seen.bss] == channels
    assert seen.triggered


def test_macos_gives_networks_with_their_elements() -> None:
    seen = on_macos(FakeCoreWlan(network()))

    (bss,) = seen.bss
    assert (bss.ssid, bss.bssid, bss.frequency_mhz, bss.signal_dbm, bss.complete) == (
        "net",
        "02:00:00:00:00:aa",
        2437,
        -50.0,
        True,
    )
    assert (seen.triggered, seen.names_withheld, seen.associated_ssid) == (True, False, "net")
    assert (seen.associated_frequency_mhz, seen.regulatory_country) == (2437, "DE")


def test_withheld_names_leave_band_width_and_channel() -> None:
    withheld: dict[str, Any] = {"ssid": None, "bssid": None, "elements": None}
    core = FakeCoreWlan(
        network(**withheld, width=2, securities=(13,)), network(**withheld, channel=36, band=2, width=3)
    )
    core.state = CoreWlanInterface("en0", is_on=True, ssid=None, bssid=None, channel=None, band=0, country=None)
    seen = on_macos(core)

    assert [(bss.ssid, bss.ssid_hex, bss.bssid) for bss in seen.bss] == [(None, None, None)] * 2
    assert [(bss.frequency_mhz, bss.channel, bss.width_mhz) for bss in seen.bss] == [(2437, 6, 40), (5180, 36, 80)]
    assert seen.bss[0].security == ["wpa2-psk", "wpa3-sae"]
    assert not any(bss.complete for bss in seen.bss)
    assert seen.names_withheld
    assert any("Location permission" in limit for limit in seen.limits)
    assert "Location Services" in (seen.unlocked_by or "")
    assert [bss.hidden for bss in seen.bss] == [None, None]


def test_the_network_that_a_mac_is_on_is_known_by_its_channel() -> None:
    withheld: dict[str, Any] = {"ssid": None, "bssid": None, "elements": None}
    core = FakeCoreWlan(
        network(**withheld, width=1, rssi=-71), network(**withheld, width=1, rssi=-44), network(**withheld, width=2)
    )
    assert core.state is not None
    core.state = replace(core.state, ssid=None, bssid=None, width=1, rssi=-45)
    own, *others = on_macos(core).bss

    assert (own.associated, own.channel, own.width_mhz, own.signal_dbm) == (True, 6, 20, -45.0)
    assert [(bss.associated, bss.width_mhz, bss.signal_dbm) for bss in others] == [
        (False, 20, -71.0),
        (False, 40, -50.0),
    ]


def test_one_hidden_network_is_not_withheld_names() -> None:
    seen = on_macos(FakeCoreWlan(network(ssid=None, elements=usual(name=b"")), network()))

    assert [(bss.ssid, bss.hidden) for bss in seen.bss] == [("", True), ("net", None)]
    assert not seen.names_withheld


@pytest.mark.parametrize(
    ("code", "words"),
    [(-3930, "does not let"), (1, "does not let"), (16, "busy"), (-3905, "in time"), (82, "off"), (7, "odd .dom 7")],
)
def test_each_refusal_of_macos_has_its_reason(code: int, words: str) -> None:
    core = FakeCoreWlan(refusal=CoreWlanError("dom", code, "odd"))

    with pytest.raises(SourceUnavailable, match=words):
        on_macos(core)

    core.remembered = [network()]
    seen = on_macos(core)

    assert (seen.triggered, len(seen.bss)) == (False, 1)
    assert any("last results of macOS" in limit for limit in seen.limits)


def test_macos_without_a_radio_or_with_it_off_or_in_silence() -> None:
    without = FakeCoreWlan()
    without.state = None

    with pytest.raises(NoRadio, match="no Wi-Fi interface"):
        on_macos(without)
    with pytest.raises(NoRadio, match="switched off"):
        on_macos(FakeCoreWlan(is_on=False))
    assert any("heard nothing at all" in limit for limit in on_macos(FakeCoreWlan()).limits)


def test_a_call_that_never_comes_back_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macos, "DEADLINE_S", 0.05)
    over = threading.Event()

    class Stuck(FakeCoreWlan):
        def scan(self) -> tuple[list[CoreWlanNetwork], CoreWlanError | None]:
            over.wait(60)
            return [], None

    with pytest.raises(SourceUnavailable, match="did not end its scan"):
        on_macos(Stuck())
    over.set()


def test_what_pyobjc_gives_becomes_plain_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives(**values: Any) -> Any:
        return SimpleNamespace(**{name: lambda value=value: value for name, value in values.items()})

    channel = gives(channelNumber=36, channelBand=2, channelWidth=3)
    found = gives(bssid=None, ssidData=None, informationElementData=None, rssiValue=-70, wlanChannel=channel)
    found.supportsSecurity_ = lambda kind: kind == 11
    error = gives(domain="d", code=16, localizedDescription="busy")
    radio = gives(
        interfaceName="en0",
        powerOn=1,
        ssidData=memoryview(b"net"),
        bssid=None,
        wlanChannel=channel,
        countryCode="X",
        rssiValue=-61,
    )
    radio.scanForNetworksWithName_error_ = lambda name, _error: ([found], error)
    radio.cachedScanResults = lambda: [found]
    client = SimpleNamespace(interfaceNames=lambda: ["en0"], interfaceWithName_=lambda _name: radio)
    library = SimpleNamespace(CWWiFiClient=SimpleNamespace(sharedWiFiClient=lambda: client))
    monkeypatch.setitem(sys.modules, "CoreWLAN", library)

    core = macos.PyobjcCoreWlan()

    assert core.radio("en0") == CoreWlanInterface("en0", True, b"net", None, 36, 2, "X", 3, -61)  # noqa: FBT003 - by position, as the fields stand
    assert core.scan()[1] == CoreWlanError("d", 16, "busy")
    assert core.cached() == [CoreWlanNetwork(None, None, None, -70, 36, 2, 3, (11,))]


def test_macos_without_its_package() -> None:
    with pytest.raises(SourceUnavailable, match="pyobjc-framework-CoreWLAN"):
        asyncio.run(macos.survey(None, elapsed=lambda: 1.0))


# --- monitor mode -------------------------------------------------------------------------------------------------


class FakeRadio:
    """Gives frames, one each second of its clock."""

    def __init__(self, *frames: bytes) -> None:
        self.frames, self.clock, self.closed = list(frames), Clock(), False

    def frame(self, timeout_s: float) -> tuple[bytes, float] | None:
        self.clock.now += 1
        return (self.frames.pop(0), self.clock.now) if self.frames else None

    def close(self) -> None:
        self.closed = True


def beacon(name: bytes) -> bytes:
    """A beacon with a radiotap header: channel 6, -40 dBm."""
    radiotap = b"\0\0\x0d\0\x28\0\0\0" + (2437).to_bytes(2, "little") + b"\xa0\0" + bytes([256 - 40])
    header = b"\x80\0\0\0" + b"\xff" * 6 + b"\x02\0\0\0\0\x01" * 2 + b"\0\0"
    return radiotap + header + bytes(8) + b"\x64\0\x01\0" + usual(name=name)


def test_a_radio_in_monitor_mode_is_listened_to_until_the_time_is_up() -> None:
    radio = FakeRadio(beacon(b"net"), b"", b"\xff" * 40)

    seen = asyncio.run(monitor.survey("mon0", elapsed=lambda: 1.0, make=lambda *_: radio, clock=radio.clock))

    assert [(bss.ssid, bss.signal_dbm) for bss in seen.bss] == [("net", -40)]
    assert (seen.source, seen.interface, seen.triggered, radio.closed) == ("monitor", "mon0", True, True)
    assert (seen.frequencies_mhz, seen.bss[0].hidden) == ([2437], False)


def test_a_radio_that_may_not_be_listened_to() -> None:
    def refuse(*_: Any) -> monitor.Radio:
        raise PermissionError(1, "no")

    def gone(*_: Any) -> monitor.Radio:
        raise OSError(19, "No such device")

    with pytest.raises(SourceUnavailable, match="CAP_NET_RAW"):
        asyncio.run(monitor.survey("mon0", elapsed=lambda: 1.0, make=refuse))
    with pytest.raises(SourceUnavailable, match="No such device"):
        asyncio.run(monitor.survey("mon0", elapsed=lambda: 1.0, make=gone))


def test_which_interfaces_are_in_monitor_mode(tmp_path: Path) -> None:
    for name, kind, flags in (("mon0", 803, "0x1043"), ("mon1", 803, "0x1002"), ("wlan0", 1, "0x1003"), ("x", "", "")):
        (tmp_path / "class/net" / name).mkdir(parents=True)
        (tmp_path / "class/net" / name / "type").write_text(f"{kind}\n")
        (tmp_path / "class/net" / name / "flags").write_text(f"{flags}\n")

    assert radios.monitoring(tmp_path) == ["mon0"]


# --- the choice ---------------------------------------------------------------------------------------------------

Answer = Wifi | Exception
NOWHERE = sockets.Network("fake0", 0.0)
"""For its clock: no source sends through it."""
HEARD = [Bss(bssid="02:00:00:00:00:01", ssid="net", ssid_hex="6e6574", frequency_mhz=2437, channel=6)]


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Wifi]:
    """Run a survey over sources that answer, in this order."""

    def run(*answers: tuple[str, Answer], ssid: str | None = None) -> Wifi:
        def scripted(answer: Answer) -> Callable[..., Awaitable[Wifi]]:
            async def look(*_: Any) -> Wifi:
                if isinstance(answer, Exception):
                    raise answer
                return answer

            return look

        listed = [(name, scripted(answer)) for name, answer in answers]
        monkeypatch.setattr(survey_module, "_sources", lambda _interface: listed)
        return asyncio.run(wifi(NOWHERE, "wlan0", ssid))

    return run


def test_the_first_source_that_scans_is_taken(choose: Callable[..., Wifi]) -> None:
    seen = choose(
        ("one", SourceUnavailable("it is asleep")),
        ("two", ImportError("no", name="pack")),
        ("three", Wifi(source="windows", triggered=True, bss=HEARD, limits=["and more"])),
        ("four", AssertionError("not asked")),
    )

    assert seen.source == "windows"
    assert seen.limits == [
        "This survey could not use one: it is asleep",
        "This survey could not use two: the package pack is not installed",
        "And more",
    ]


def test_a_scan_is_better_than_last_results_and_keeps_what_they_knew(choose: Callable[..., Wifi]) -> None:
    stale = Wifi(source="nl80211", interface="wlan0", regulatory_country="DE", associated_bssid="02:00:00:00:00:01",
                 limits=["an ordinary user may not scan", "these are the kernel's last results, 7 s old"])  # fmt: skip

    seen = choose(
        ("nl80211", stale),
        ("wpa_supplicant", Wifi(source="wpa_supplicant", interface="wlan0", triggered=True, bss=HEARD)),
    )

    assert (seen.source, seen.regulatory_country) == ("wpa_supplicant", "DE")
    assert seen.limits == ["An ordinary user may not scan"]
    assert seen.associated_bssid == "02:00:00:00:00:01"


def test_the_first_step_that_unlocks_more_is_told(choose: Callable[..., Wifi]) -> None:
    blind = choose(
        ("one", SourceUnavailable("no")), ("two", SourceUnavailable("no", "Do it.")), ("three", NoRadio("x", "Or."))
    )
    stale = choose(("one", SourceUnavailable("no", "Do it.")), ("two", Wifi(source="nl80211", bss=HEARD)))
    good = choose(("one", SourceUnavailable("no", "Do it.")), ("two", Wifi(source="monitor", triggered=True)))

    assert [survey.unlocked_by for survey in (blind, stale, good)] == ["Do it.", "Do it.", None]


def test_which_network_is_meant(choose: Callable[..., Wifi]) -> None:
    def seen() -> Wifi:
        return Wifi(source="nl80211", triggered=True, associated_ssid="mine", bss=HEARD, limits=["a refusal. "])

    named, associated = choose(("one", seen()), ssid="caf\udce9"), choose(("one", seen()))

    assert (named.target, named.target_from) == ("caf\\xe9", "option"), (
        "an argument that is no UTF-8, as Bss.ssid has it"
    )
    assert (associated.target, associated.target_from) == ("mine", "association")
    assert named.limits == ["A refusal"]


def test_last_results_survive_a_later_source_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stale(_: Any) -> Wifi:
        return Wifi(source="nl80211", bss=HEARD)

    async def never(_: Any) -> Wifi:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(survey_module, "SURVEY_S", 0.05)
    monkeypatch.setattr(survey_module, "_sources", lambda _interface: [("nl80211", stale), ("wpa_supplicant", never)])

    assert asyncio.run(wifi(NOWHERE, None, None)).source == "nl80211"


def test_last_results_are_better_than_none(choose: Callable[..., Wifi]) -> None:
    seen = choose(
        ("nl80211", Wifi(source="nl80211", bss=HEARD)),
        ("wpa_supplicant", SourceUnavailable("no")),
        ("NetworkManager", AssertionError("nl80211 has asked it")),
    )

    assert (seen.source, seen.triggered, seen.bss) == ("nl80211", False, HEARD)


def test_no_radio_ends_the_search_but_for_one_that_listens(choose: Callable[..., Wifi]) -> None:
    off = choose(("nl80211", NoRadio("Wi-Fi is off")), ("wpa_supplicant", AssertionError("not asked")))
    listening = choose(
        ("nl80211", NoRadio("Wi-Fi is off")), ("listening", Wifi(source="monitor", triggered=True, bss=HEARD))
    )

    assert (off.source, off.limits, off.bss) == (None, ["Wi-Fi is off"], [])
    assert listening.source == "monitor"


def test_a_survey_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> Wifi:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(survey_module, "SURVEY_S", 0.05)
    monkeypatch.setattr(survey_module, "_sources", lambda _interface: [("nl80211", never)])

    seen = asyncio.run(wifi(NOWHERE, None, None))

    assert seen.source is None
    assert any("too long" in limit for limit in seen.limits)


def test_a_system_without_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "SYSTEM", systems.system("plan9"))

    assert any("plan9" in limit for limit in asyncio.run(wifi(NOWHERE, None, None)).limits)


@pytest.mark.parametrize(
    ("platform", "first"), [("linux", "nl80211"), ("win32", "the WLAN API"), ("darwin", "CoreWLAN")]
)
def test_each_system_has_its_sources(monkeypatch: pytest.MonkeyPatch, platform: str, first: str) -> None:
    monkeypatch.setattr(survey_module, "SYSTEM", systems.system(platform))

    seen = asyncio.run(wifi(NOWHERE, None, None))

    assert seen.source is None, "this machine has no radio"
    assert first in str(seen.limits) or "no Wi-Fi" in str(seen.limits)


def test_without_a_radio_no_library_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = systems.system("linux")
    monkeypatch.setattr(survey_module, "SYSTEM", here)
    monkeypatch.setattr(here, "has_radio", lambda: radios.has_radio(tmp_path))
    monkeypatch.setattr(survey_module, "_load", lambda name: pytest.fail(f"{name} was loaded"))
    (tmp_path / "class/net").mkdir(parents=True)

    absent = asyncio.run(wifi(NOWHERE, "eth0", "net"))
    (tmp_path / "class/ieee80211").mkdir()
    empty = asyncio.run(wifi(NOWHERE, "eth0", None))

    for seen in (absent, empty):
        assert (seen.source, seen.bss, seen.limits) == (None, [], ["This laptop has no Wi-Fi radio that Linux knows"])
        assert seen.unlocked_by == source.CAPTURE_INSTEAD
    assert (absent.target, absent.target_from, empty.target) == ("net", "option", None)


def test_a_radio_is_seen_and_so_is_that_it_cannot_be_seen(tmp_path: Path) -> None:
    assert radios.has_radio(tmp_path), "without /sys it cannot be told"
    (tmp_path / "class/net").mkdir(parents=True)
    assert not radios.has_radio(tmp_path)
    (tmp_path / "class/ieee80211/phy0").mkdir(parents=True)
    assert radios.has_radio(tmp_path)


def test_work_in_a_thread_ends_with_what_it_returned_or_raised() -> None:
    def fail() -> None:
        raise LookupError("so")

    assert asyncio.run(source.in_thread(lambda: 7, 5)) == 7
    with pytest.raises(LookupError, match="so"):
        asyncio.run(source.in_thread(fail, 5))


@pytest.mark.parametrize(
    ("ages", "words"),
    [([], "of unknown age"), ([None], "of unknown age"), ([3.0], "3 s old"), ([3.0, 400.0], "3 s to 7 minutes old")],
)
def test_ages_in_words(ages: list[float | None], words: str) -> None:
    listed = [Bss(bssid=None, ssid="", ssid_hex="", frequency_mhz=None, channel=None, age_s=age) for age in ages]

    assert source.age_of(listed) == words


# --- whether a scan could be made, without one


def test_windows_is_not_asked_to_scan_and_that_is_said(on_windows: Callable[..., Wifi]) -> None:
    service = Service(entry(b"net", usual()))

    said = on_windows(service, scan=False)

    assert service.scans == []
    assert (said.source, said.triggered, said.interface) == ("windows", False, "Wi-Fi")
    assert f"{NOT_ASKED[0].upper()}{NOT_ASKED[1:]}" in said.limits
    assert "Settings > Privacy" in (on_windows(Service(list=5), scan=False).unlocked_by or "")


def test_macos_is_not_asked_to_scan_and_that_is_said() -> None:
    core = FakeCoreWlan(network())
    core.scan = lambda: pytest.fail("it scanned")  # type: ignore[method-assign]  # the point of this test

    said = asyncio.run(macos.survey("en0", elapsed=lambda: 1.0, make=lambda: core, scan=False))

    assert (said.source, said.triggered, said.regulatory_country) == ("macos", False, "DE")
    assert said.limits == [NOT_ASKED]
    core.remembered = [network(ssid=None, bssid=None, elements=None)]
    withheld = asyncio.run(macos.survey("en0", elapsed=lambda: 1.0, make=lambda: core, scan=False))
    assert "Location Services" in (withheld.unlocked_by or "")


def test_an_interface_in_monitor_mode_is_opened_and_not_listened_to() -> None:
    radio = FakeRadio(beacon(b"net"))

    said = asyncio.run(
        monitor.survey("mon0", elapsed=lambda: 1.0, make=lambda *_: radio, clock=radio.clock, scan=False)
    )

    assert said.triggered
    assert said.bss == []

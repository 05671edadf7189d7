# ruff: noqa: D102, SLF001 - what the fakes stand for is documented there; ctypes.byref has nothing but `_obj`
"""Windows, macOS and monitor mode behind their boundaries, and the choice between sources."""

import asyncio
import ctypes
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes import wifi as survey_module
from netpreflight.probes.net import sockets
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.wifi import macos, monitor, source, wifi, windows
from netpreflight.probes.wifi.macos import CoreWlanError, CoreWlanInterface, CoreWlanNetwork
from netpreflight.probes.wifi.source import NOT_ASKED, NoRadio, SourceUnavailable
from netpreflight.probes.wifi.windows import Adapter
from tests.unit.beacons import usual
from tests.unit.fakes import Clock

NOW_S = 1_800_000_000.0
FILETIME = int((NOW_S + 11_644_473_600 - 2.5) * 1e7)

# --- Windows ------------------------------------------------------------------------------------------------------


class RateSet(ctypes.LittleEndianStructure):
    """WLAN_RATE_SET."""

    _fields_ = (("length", ctypes.c_uint32), ("rates", ctypes.c_uint16 * 126))


class Entry(ctypes.LittleEndianStructure):
    """WLAN_BSS_ENTRY as wlanapi.h has it, with the widths that its types have on Windows."""

    _fields_ = (
        ("ssid_length", ctypes.c_uint32),
        ("ssid", ctypes.c_char * 32),
        ("phy", ctypes.c_uint32),
        ("bssid", ctypes.c_ubyte * 6),
        ("bss_type", ctypes.c_uint32),
        ("phy_type", ctypes.c_uint32),
        ("rssi", ctypes.c_int32),
        ("quality", ctypes.c_uint32),
        ("in_domain", ctypes.c_ubyte),
        ("interval", ctypes.c_uint16),
        ("timestamp", ctypes.c_uint64),
        ("host_timestamp", ctypes.c_uint64),
        ("capability", ctypes.c_uint16),
        ("frequency_khz", ctypes.c_uint32),
        ("rates", RateSet),
        ("ie_offset", ctypes.c_uint32),
        ("ie_size", ctypes.c_uint32),
    )


def bss_list(*networks: tuple[bytes, bytes], **changes: Any) -> bytes:
    """A WLAN_BSS_LIST of (name, elements); the elements follow all entries, as Windows lays them out."""
    entries, blob = b"", b""
    size = ctypes.sizeof(Entry)
    for number, (name, elements) in enumerate(networks):
        about = {
            "ssid_length": len(name),
            "ssid": name,
            "bssid": (ctypes.c_ubyte * 6)(2, 0, 0, 0, 0, number),
            "bss_type": 1,
            "rssi": -61,
            "interval": 100,
            "host_timestamp": FILETIME,
            "capability": 0x0401,
            "frequency_khz": 2_437_000,
            "ie_offset": size * (len(networks) - number) + len(blob),
            "ie_size": len(elements),
        }
        entries += bytes(Entry(**{**about, **changes}))
        blob += elements
    total = 8 + len(entries) + len(blob)
    return total.to_bytes(4, "little") + len(networks).to_bytes(4, "little") + entries + blob


def connected(name: bytes, number: int) -> bytes:
    """WLAN_CONNECTION_ATTRIBUTES."""
    head = (1).to_bytes(4, "little") + bytes(516)
    return (
        head
        + len(name).to_bytes(4, "little")
        + name.ljust(32, b"\0")
        + bytes(4)
        + bytes([2, 0, 0, 0, 0, number])
        + bytes(22)
    )


class FakeWlan:
    """The WLAN API with one adapter, and an error code for each call."""

    def __init__(self, data: bytes = b"", **codes: int) -> None:
        self.data, self.codes, self.closed = data, codes, False
        self.listed = [Adapter(None, "{A}", "Other adapter", 4), Adapter(None, "{B}", "Some adapter", 1)]
        self.joined = b""
        self.used: list[str] = []

    def open(self) -> int:
        return self.codes.get("open", 0)

    def adapters(self) -> tuple[int, list[Adapter]]:
        return self.codes.get("adapters", 0), self.listed

    def scan(self, adapter: Adapter) -> int:
        self.used.append(adapter.guid)
        return self.codes.get("scan", 0)

    def bss_list(self, adapter: Adapter) -> tuple[int, bytes]:
        return self.codes.get("bss_list", 0), self.data

    def connection(self, adapter: Adapter) -> tuple[int, bytes]:
        return self.codes.get("connection", 0), self.joined

    def close(self) -> None:
        self.closed = True


def on_windows(wlan: FakeWlan, interface: str | None = None) -> Wifi:
    slept: list[float] = []
    seen = asyncio.run(
        windows.survey(interface, elapsed=lambda: 1.0, make=lambda: wlan, sleep=slept.append, now_s=lambda: NOW_S)
    )
    assert slept == ([windows.SCAN_S] if seen.triggered else [])
    return seen


def test_the_layout_is_that_of_windows() -> None:
    assert ctypes.sizeof(Entry) == 360
    assert (Entry.host_timestamp.offset, Entry.frequency_khz.offset, Entry.ie_offset.offset) == (80, 92, 352)


def test_windows_gives_networks_with_their_elements() -> None:
    wlan = FakeWlan(bss_list((b"net", usual()), ("é".encode(), usual(name="é".encode()))))
    wlan.joined = connected(b"net", 0)

    seen = on_windows(wlan)

    bss, two = seen.bss
    assert (bss.ssid, bss.channel, bss.signal_dbm, bss.age_s, bss.beacon_interval_tu) == ("net", 6, -61.0, 2.5, 100)
    assert (bss.security, bss.complete, two.ssid) == (["open"], True, "é")
    assert (seen.interface, wlan.used, wlan.closed) == ("Some adapter", ["{B}"], True)
    assert (seen.associated_ssid, seen.associated_bssid, seen.associated_frequency_mhz) == ("net", bss.bssid, 2437)


def test_the_adapter_under_test_is_used() -> None:
    wlan = FakeWlan(bss_list((b"net", usual())))

    assert on_windows(wlan, "A").interface == "Other adapter"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, "Location is off"),
        (1062, "stopped"),
        (1058, "disabled"),
        (50, "cannot do that"),
        (0x80342002, "switched off"),
        (1168, "gone"),
        (31, "Windows error 31"),
        (0x80070005, "0x80070005"),
    ],
)
@pytest.mark.parametrize("call", ["open", "adapters", "bss_list"])
def test_each_windows_error_has_its_reason(call: str, code: int, words: str) -> None:
    wlan = FakeWlan(b"", **{call: code})

    with pytest.raises(SourceUnavailable, match=words) as raised:
        on_windows(wlan)

    assert (raised.value.unlocked_by is not None) is (code in {5, 1062, 1058, 0x80342002})
    assert wlan.closed


def test_windows_without_an_adapter_or_without_the_api() -> None:
    wlan = FakeWlan()
    wlan.listed = []

    def missing() -> windows.Wlan:
        raise FileNotFoundError("wlanapi.dll")

    with pytest.raises(SourceUnavailable, match="no Wi-Fi adapter"):
        on_windows(wlan)
    with pytest.raises(SourceUnavailable, match="no WLAN API"):
        asyncio.run(windows.survey(None, elapsed=lambda: 1.0, make=missing))


def test_a_refused_scan_leaves_the_last_results_of_windows() -> None:
    seen = on_windows(FakeWlan(bss_list((b"net", usual())), scan=5))

    assert not seen.triggered
    assert len(seen.bss) == 1
    assert any("Location" in limit for limit in seen.limits)
    assert any("last results of Windows, 2 s old" in limit for limit in seen.limits)


def test_windows_that_hears_nothing_or_names_nothing() -> None:
    assert any("heard nothing at all" in limit for limit in on_windows(FakeWlan(bss_list())).limits)

    nameless = on_windows(FakeWlan(bss_list(*[(b"", usual(name=b""))] * 3)))

    assert nameless.names_withheld
    assert any("Location" in limit for limit in nameless.limits)
    assert "Location services" in (nameless.unlocked_by or "")


def test_a_hidden_name_that_windows_knows() -> None:
    known, unknown = on_windows(FakeWlan(bss_list((b"secret", usual(name=b"")), (b"", usual(name=b""))))).bss

    assert (known.ssid, known.ssid_hex, known.hidden) == ("secret", b"secret".hex(), True)
    assert (unknown.ssid, unknown.hidden) == ("", True)


@pytest.mark.parametrize(
    "changes",
    [{"ie_offset": 0}, {"ie_offset": 2**32 - 1}, {"ie_size": 2**32 - 1}, {"ie_offset": 100_000}, {"ie_size": 0}],
)
def test_elements_that_lie_elsewhere_are_not_read(changes: dict[str, int]) -> None:
    (bss,) = on_windows(FakeWlan(bss_list((b"net", usual()), **changes))).bss

    assert (bss.ssid, bss.complete) == ("net", False)


@pytest.mark.parametrize("changes", [{"ssid_length": 33}, {"ssid_length": 2**32 - 1}, {"bss_type": 2}])
def test_entries_that_are_no_network_are_counted(changes: dict[str, int]) -> None:
    seen = on_windows(FakeWlan(bss_list((b"net", usual()), **changes)))

    assert not seen.bss
    assert any("left out: 1" in limit for limit in seen.limits)


def test_numbers_that_cannot_be_true_are_none() -> None:
    (bss,) = on_windows(FakeWlan(bss_list((b"net", usual()), rssi=0, host_timestamp=5, frequency_khz=0))).bss

    assert (bss.signal_dbm, bss.age_s) == (None, None)


@given(st.binary(max_size=900), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_list_of_whatever_bytes(data: bytes, total: int, count: int) -> None:
    windows.parse_bss_list(data, NOW_S)
    windows.parse_bss_list(total.to_bytes(4, "little") + count.to_bytes(4, "little") + data, NOW_S)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_list_gives_no_network_that_is_not_there(at: int, damage: bytes) -> None:
    whole = bss_list((b"net", usual()))
    damaged = whole[:at] + damage + whole[at + len(damage) :]

    found, _ = windows.parse_bss_list(damaged[: len(whole)], NOW_S)

    assert len(found) <= 1


def test_windows_imports_here_and_its_api_does_not() -> None:
    with pytest.raises(SourceUnavailable):
        asyncio.run(windows.survey(None, elapsed=lambda: 1.0))


class Guid(ctypes.Structure):
    """A GUID, which comtypes has on Windows only."""

    _fields_ = (("data", ctypes.c_ubyte * 16),)

    def __str__(self) -> str:
        return "{" + bytes(self.data).hex() + "}"


class InterfaceInfo(ctypes.Structure):
    """WLAN_INTERFACE_INFO."""

    _fields_ = (
        ("InterfaceGuid", Guid),
        ("strInterfaceDescription", ctypes.c_wchar * 256),
        ("isState", ctypes.c_uint32),
    )


class InterfaceList(ctypes.Structure):
    """WLAN_INTERFACE_INFO_LIST of two."""

    _fields_ = (
        ("dwNumberOfItems", ctypes.c_uint32),
        ("dwIndex", ctypes.c_uint32),
        ("InterfaceInfo", InterfaceInfo * 2),
    )


class BssListHead(ctypes.Structure):
    """The head of a WLAN_BSS_LIST."""

    _fields_ = (("dwTotalSize", ctypes.c_uint32), ("dwNumberOfItems", ctypes.c_uint32))


def test_the_bindings_of_pywifi_are_called_and_their_memory_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[int] = []
    scanned: list[str] = []
    data = bss_list((b"net", usual()))
    memory = ctypes.create_string_buffer(data, len(data))
    joined = ctypes.create_string_buffer(connected(b"net", 0), 588)
    listed = InterfaceList(dwNumberOfItems=2)
    listed.InterfaceInfo[1].strInterfaceDescription = "Some adapter"
    listed.InterfaceInfo[1].isState = 1
    listed.InterfaceInfo[1].InterfaceGuid.data[15] = 7

    def point(at: Any, memory: Any, kind: Any) -> int:
        at._obj.contents = ctypes.cast(ctypes.pointer(memory), ctypes.POINTER(kind)).contents
        return 0

    def query(handle: Any, guid: Any, opcode: int, size: Any, at: Any, kind: Any) -> int:
        assert opcode == 7
        size._obj.value = len(joined)
        return point(at, joined, ctypes.c_uint32)

    def scan(handle: Any, guid: Any) -> int:
        scanned.append(str(guid._obj))
        return 0x80342002 - 2**32

    calls = SimpleNamespace(
        _wlan_open_handle=lambda *_: 0,
        _wlan_enum_interfaces=lambda handle, at: point(at, listed, InterfaceList),
        _wlan_scan=scan,
        _wlan_get_network_bss_list=lambda handle, guid, at: point(at, memory, BssListHead),
        _wlan_query_interface=query,
        _wlan_close_handle=lambda handle: freed.append(-1),
    )
    api = SimpleNamespace(
        WifiUtil=lambda: calls,
        HANDLE=ctypes.c_void_p,
        DWORD=ctypes.c_uint32,
        CLIENT_VERSION=2,
        WLAN_INTERFACE_INFO=InterfaceInfo,
        WLAN_INTERFACE_INFO_LIST=InterfaceList,
        WLAN_BSS_LIST=BssListHead,
        native_wifi=SimpleNamespace(WlanFreeMemory=lambda pointer: freed.append(pointer.value)),
    )
    monkeypatch.setitem(sys.modules, "pywifi._wifiutil_win", api)

    seen = asyncio.run(windows.survey(None, elapsed=lambda: 1.0, now_s=lambda: NOW_S))

    assert [bss.ssid for bss in seen.bss] == ["net"]
    assert (seen.interface, seen.associated_ssid, seen.triggered) == ("Some adapter", "net", False)
    assert scanned == ["{" + "00" * 15 + "07}"]
    assert any("switched off" in limit for limit in seen.limits), "a signed error code"
    assert freed == [ctypes.addressof(listed), ctypes.addressof(memory), ctypes.addressof(joined), -1]


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

    def radio(self, name: str | None) -> CoreWlanInterface | None:
        return self.state

    def scan(self) -> tuple[list[CoreWlanNetwork], CoreWlanError | None]:
        return ([], self.refusal) if self.refusal else (self.networks, None)

    def cached(self) -> list[CoreWlanNetwork]:
        return self.remembered


def on_macos(core: FakeCoreWlan) -> Wifi:
    return asyncio.run(macos.survey("en0", elapsed=lambda: 1.0, make=lambda: core))


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
            over.wait(10)
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

    assert source.monitoring(tmp_path) == ["mon0"]


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
    monkeypatch.setattr(sys, "platform", "plan9")

    assert any("plan9" in limit for limit in asyncio.run(wifi(NOWHERE, None, None)).limits)


@pytest.mark.parametrize(
    ("platform", "first"), [("linux", "nl80211"), ("win32", "the WLAN API"), ("darwin", "CoreWLAN")]
)
def test_each_system_has_its_sources(monkeypatch: pytest.MonkeyPatch, platform: str, first: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)

    seen = asyncio.run(wifi(NOWHERE, None, None))

    assert seen.source is None, "this machine has no radio"
    assert first in str(seen.limits) or "no Wi-Fi" in str(seen.limits)


def test_without_a_radio_no_library_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(survey_module, "has_radio", lambda: source.has_radio(tmp_path))
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
    assert source.has_radio(tmp_path), "without /sys it cannot be told"
    (tmp_path / "class/net").mkdir(parents=True)
    assert not source.has_radio(tmp_path)
    (tmp_path / "class/ieee80211/phy0").mkdir(parents=True)
    assert source.has_radio(tmp_path)


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


def test_windows_is_not_asked_to_scan_and_that_is_said() -> None:
    wlan, refused = FakeWlan(bss_list()), FakeWlan(bss_list(), bss_list=5)

    said = asyncio.run(windows.survey(None, elapsed=lambda: 1.0, make=lambda: wlan, scan=False))

    assert (wlan.used, wlan.closed) == ([], True)
    assert (said.source, said.triggered, said.interface) == ("windows", False, "Some adapter")
    assert NOT_ASKED in said.limits
    with pytest.raises(SourceUnavailable, match="Location is off") as raised:
        asyncio.run(windows.survey(None, elapsed=lambda: 1.0, make=lambda: refused, scan=False))
    assert "Settings > Privacy" in (raised.value.unlocked_by or "")


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

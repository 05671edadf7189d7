"""The survey by Windows' WLAN API, with a fake service; nothing here ran on Windows."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.wifi.capture import read_capture
from netpreflight.systems.interface import Adapter, Air, SurveyRefused
from netpreflight.systems.windows import Windows, wlan
from tests.unit import wlan_service
from tests.unit.beacons import usual
from tests.unit.wlan_service import GUID, NOW_S, OTHER_GUID, Service, bss_list, entry, ssid

CAPTURES = Path(__file__).parent / "data" / "captures"
CISCO = bytes.fromhex(read_capture(CAPTURES / "Beacon-Cisco-AP-Name-v1-v2.pcapng").bss[0].elements)
WIFI = Adapter(name="Wi-Fi", id=GUID, index=12, state="up", medium="wifi")
SECOND = Adapter(name="Wi-Fi 2", id=OTHER_GUID, index=13, state="no-carrier", medium="wifi")
ETHERNET = Adapter(name="Ethernet", id="{00000000-2222-3333-4444-555555555555}", index=3, state="up", medium="wired")
NET = entry(b"net", usual())


def look(
    monkeypatch: pytest.MonkeyPatch,
    service: Service,
    adapter: str | None = "Wi-Fi",
    *names: bytes,
    scan: bool = True,
    told: list[tuple[str, str]] | None = None,
) -> Air:
    """A survey of that service; afterwards its handle is closed, and all of its memory is freed."""
    wlan_service.install(monkeypatch, service)
    monkeypatch.setattr(Windows, "adapters", lambda _: [ETHERNET, SECOND, WIFI])
    calls: list[tuple[str, str]] = [] if told is None else told
    try:
        return Windows().survey(adapter, names, scan=scan, tell=lambda *call: calls.append(call))
    finally:
        assert (service.opened, service.given) == (0, {})


def test_a_scan_gives_what_was_heard_with_its_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    corp = entry(b"jjj-PSK", CISCO, 1, lRssi=-55, ulChCenterFrequency=5_745_000)
    service = Service(NET, corp)
    told: list[tuple[str, str]] = []
    service.join(b"jjj-PSK", 1)

    air = look(monkeypatch, service, told=told)

    net, corporate = air.bss
    assert (net.name, net.bssid, net.elements) == (b"net", "02:00:00:00:00:00", usual())
    assert (net.frequency_mhz, net.signal_dbm, net.beacon_interval_tu, net.capability) == (2437, -61.0, 100, 0x0401)
    assert net.heard_at == NOW_S - 2.5
    assert (corporate.name, corporate.frequency_mhz, corporate.elements) == (b"jjj-PSK", 5745, CISCO)
    assert (air.own_name, air.own_bssid) == (b"jjj-PSK", "02:00:00:00:00:01")
    assert (air.adapter, air.scanned, air.limits, air.unsound) == ("Wi-Fi", True, (), 0)
    assert air.asked_for == (b"jjj-PSK",), "the laptop's own network, which was heard on 5 GHz only"
    assert (service.scans, set(service.asked)) == ([None, b"jjj-PSK"], {GUID})
    assert told == [
        ("WlanOpenHandle", "ok"),
        ("WlanEnumInterfaces", "ok"),
        ("WlanRegisterNotification", "ok"),
        ("WlanScan", "ok"),
        ("WlanGetNetworkBssList", "ok"),
        ("WlanQueryInterface", "ok"),
        ("WlanScan", "ok"),
        ("WlanGetNetworkBssList", "ok"),
        ("WlanCloseHandle", "ok"),
    ]


@pytest.mark.parametrize(
    ("adapter", "used", "name"),
    [
        ("Wi-Fi", GUID, "Wi-Fi"),
        ("Wi-Fi 2", OTHER_GUID, "Wi-Fi 2"),
        (OTHER_GUID.lower(), OTHER_GUID, "Wi-Fi 2"),
        ("Ethernet", GUID, "Wi-Fi"),  # which has no radio: the one that is joined
        (None, GUID, "Wi-Fi"),
    ],
)
def test_the_radio_of_the_interface_under_test_is_used(
    monkeypatch: pytest.MonkeyPatch, adapter: str | None, used: str, name: str
) -> None:
    service = Service(NET)

    assert look(monkeypatch, service, adapter).adapter == name
    assert set(service.asked) == {used}


def test_a_radio_that_is_no_adapter_has_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(NET)
    service.radios = [("{0A000000-2222-3333-4444-555555555555}", "Intel(R) Wi-Fi ☂", 4)]

    assert look(monkeypatch, service).adapter == "Intel(R) Wi-Fi ☂"


def test_a_hidden_network_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, named = entry(b"", usual(name=b""), 1), entry(b"secret", usual(name=b"secret"), 1)
    service = Service()
    service.heard_by = [bss_list(NET, hidden), bss_list(named)]  # the driver empties its list for the second scan

    air = look(monkeypatch, service, "Wi-Fi", b"secret")

    assert service.scans == [None, b"secret"]
    assert air.asked_for == (b"secret",)
    assert [(bss.name, bss.bssid[-1]) for bss in air.bss] == [(b"net", "0"), (b"", "1"), (b"secret", "1")]


def test_a_network_that_was_heard_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(NET)

    assert look(monkeypatch, service, "Wi-Fi", b"net").asked_for == ()
    assert service.scans == [None]


@pytest.mark.parametrize("heard_again", [True, False])
def test_a_network_that_was_heard_on_5_ghz_only_is_asked_for_once_more(
    monkeypatch: pytest.MonkeyPatch, *, heard_again: bool
) -> None:
    high, low = entry(b"both", usual(name=b"both"), 1, ulChCenterFrequency=5_180_000), entry(b"both", usual(), 2)
    service = Service()
    service.heard_by = [bss_list(NET, high), bss_list(NET, high, *([low] if heard_again else []))]

    air = look(monkeypatch, service, "Wi-Fi", b"both")

    assert service.scans == [None, b"both"]
    assert [bss.frequency_mhz for bss in air.bss if bss.name == b"both"] == ([5180, 2437] if heard_again else [5180])


def test_what_both_scans_heard_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.heard_by = [bss_list(NET), bss_list(entry(b"net", usual(), lRssi=-40))]

    (bss,) = look(monkeypatch, service, "Wi-Fi", b"absent").bss

    assert bss.signal_dbm == -40.0


def test_a_refused_scan_by_name_leaves_what_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    air = look(monkeypatch, Service(NET, scan_by_name=50), "Wi-Fi", b"absent")

    assert (air.scanned, air.asked_for, len(air.bss)) == (True, (), 1)
    assert "by its name: this Wi-Fi adapter or its driver cannot do that" in air.limits[0]


def test_without_a_scan_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(NET)
    service.join(b"net")

    air = look(monkeypatch, service, "Wi-Fi", b"absent", scan=False)

    assert (air.scanned, service.scans, [bss.name for bss in air.bss]) == (False, [], [b"net"])
    assert (air.own_name, air.limits) == (b"net", ())


@pytest.mark.parametrize(
    ("code", "words", "step"),
    [
        (5, "without permission to know this laptop's location", "Let desktop apps access your location"),
        (1062, "stopped", "net start wlansvc"),
        (1058, "disabled", "start automatically"),
        (50, "cannot do that", None),
        (0x80342002, "switched off", "Switch Wi-Fi on"),
        (1168, "gone", None),
        (1722, "Windows error 1722", None),
        (0x80070005, "0x80070005", None),
    ],
)
@pytest.mark.parametrize("call", ["open", "enumerate", "list"])
def test_each_error_has_its_reason_and_its_step(
    monkeypatch: pytest.MonkeyPatch, call: str, code: int, words: str, step: str | None
) -> None:
    with pytest.raises(SurveyRefused, match=words) as raised:
        look(monkeypatch, Service(NET, **{call: code}))

    assert (step in raised.value.unlocked_by) if step and raised.value.unlocked_by else raised.value.unlocked_by is step
    assert raised.value.has_radio


def test_no_radio_and_no_api(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.radios = []
    with pytest.raises(SurveyRefused, match="no Wi-Fi adapter") as raised:
        look(monkeypatch, service)
    assert not raised.value.has_radio
    monkeypatch.undo()
    with pytest.raises(SurveyRefused, match="no WLAN API") as raised:
        Windows().survey(None, (), scan=True, tell=lambda *_: None)
    assert "Wireless LAN Service" in (raised.value.unlocked_by or "")


def test_a_refused_scan_leaves_what_windows_has(monkeypatch: pytest.MonkeyPatch) -> None:
    air = look(monkeypatch, Service(NET, scan=170), "Wi-Fi", b"absent")

    assert (air.scanned, air.asked_for, [bss.name for bss in air.bss]) == (False, (), [b"net"])
    assert air.limits == ("no scan was made: the Wi-Fi adapter is busy",)
    assert air.unlocked_by == "Run netpreflight again in a minute."


def test_a_scan_that_fails_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(NET)
    service.ending = 8  # wlan_notification_acm_scan_fail

    air = look(monkeypatch, service)

    assert (air.scanned, len(air.bss)) == (False, 1)
    assert "no scan was made" in air.limits[0]


@pytest.mark.parametrize("is_registered", [True, False])
def test_a_scan_whose_end_is_not_told_is_waited_for(monkeypatch: pytest.MonkeyPatch, *, is_registered: bool) -> None:
    monkeypatch.setattr(wlan, "SCAN_S", 0.05)
    service = Service(NET, **({} if is_registered else {"register": 5}))
    service.ending = None

    air = look(monkeypatch, service)

    assert (air.scanned, len(air.bss)) == (True, 1)
    assert "networks may be missing" in air.limits[0]


def test_what_is_joined_to_nothing_or_hidden_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(NET)
    assert (look(monkeypatch, service).own_name, look(monkeypatch, service).own_bssid) == (None, None)
    service.codes["query"] = 5
    assert look(monkeypatch, service).own_name is None
    service.join(b"net")
    service.joined_size = 100
    assert look(monkeypatch, service).own_bssid is None
    service.joined_size = 588
    assert look(monkeypatch, service).own_bssid == "02:00:00:00:00:00"
    assert service.joined is not None
    service.joined = b"\4" + service.joined[1:]  # wlan_interface_state_disconnected
    assert look(monkeypatch, service).own_bssid is None


@pytest.mark.parametrize(
    "changes",
    [{"ulIeOffset": 1}, {"ulIeOffset": 2**32 - 1}, {"ulIeSize": 2**32 - 1}, {"ulIeOffset": 100_000}],
)
def test_elements_that_lie_elsewhere_are_not_read(changes: dict[str, Any]) -> None:
    (bss,), unsound = wlan.bss_list(bss_list(entry(b"net", usual(), **changes)))

    assert (bss.name, bss.elements, unsound) == (b"net", None, 0)


@pytest.mark.parametrize(
    "changes", [{"dot11Ssid": ssid(b"net", 33)}, {"dot11Ssid": ssid(b"net", 2**32 - 1)}, {"dot11BssType": 2}]
)
def test_entries_that_are_no_network_are_counted(changes: dict[str, Any]) -> None:
    found, unsound = wlan.bss_list(bss_list(entry(b"bad", usual(), **changes), NET))

    assert ([bss.name for bss in found], unsound) == ([b"net"], 1)


def test_numbers_that_cannot_be_true_are_none() -> None:
    (bss,), _ = wlan.bss_list(bss_list(entry(b"net", usual(), lRssi=0, ullHostTimestamp=5, ulChCenterFrequency=0)))

    assert (bss.signal_dbm, bss.heard_at, bss.frequency_mhz) == (None, None, None)


@given(st.binary(max_size=900), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_list_of_whatever_bytes(data: bytes, total: int, count: int) -> None:
    wlan.bss_list(data)
    wlan.bss_list(total.to_bytes(4, "little") + count.to_bytes(4, "little") + data)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_list_gives_no_network_that_is_not_there(at: int, damage: bytes) -> None:
    whole = bss_list(NET)
    damaged = whole[:at] + damage + whole[at + len(damage) :]

    found, _ = wlan.bss_list(damaged[: len(whole)])

    assert len(found) <= 1
    assert all(bss.elements is None or bss.elements in damaged for bss in found)

"""Windows: the WLAN API, through pywifi's bindings.

pywifi itself gives neither elements nor channel widths, and returns an empty list for every error. So its bindings of
`wlanapi.dll` are called directly, and the memory that they return is decoded here, with every length checked. All
system calls are in `PywifiWlan`, which has not run on a real machine yet.

Layouts: WLAN_BSS_LIST, WLAN_BSS_ENTRY and WLAN_CONNECTION_ATTRIBUTES of wlanapi.h, the same on 32 and 64 bits.
"""

import ctypes
import importlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import structs

from netpreflight.probes.net.clock import SYSTEM
from netpreflight.probes.observations import LONGEST_SSID, Bss, Wifi
from netpreflight.probes.wifi.elements import bss, outline, ssid_text
from netpreflight.probes.wifi.source import (
    CAPTURE_INSTEAD,
    NOT_ASKED,
    NoRadio,
    SourceUnavailable,
    Tell,
    age_of,
    in_thread,
    left_out,
    tell_nobody,
)

SCAN_S = 4.0
"""Drivers have to end a scan within this time (WlanScan, remarks)."""
DEADLINE_S = 20.0
MOST_BSSS = 2000
MOST_OCTETS = 16 << 20
NAMELESS_IS_WITHHELD = 3
"""If at least this many access points are listed and none has a name, the system withholds names."""

_ACCESS_DENIED, _INVALID_HANDLE, _NOT_SUPPORTED, _INVALID_PARAMETER, _NOT_FOUND = 5, 6, 50, 87, 1168
_BUSY, _SERVICE_NOT_ACTIVE, _SERVICE_DISABLED, _RADIO_OFF = 170, 1062, 1058, 0x80342002
_LIST_HEADER, _ENTRY = 8, 360
_CONNECTED = 1
_INFRASTRUCTURE = 1
_CURRENT_CONNECTION = 7
_CONNECTION_SSID, _CONNECTION_BSSID, _CONNECTION_SIZE = 520, 560, 588
_FILETIME_OF_1970_S = 11_644_473_600
_LOCATION = "Windows does not show networks while Location is off for desktop apps"
_ALLOW_LOCATION = (
    "Open Settings > Privacy & security > Location, and switch on Location services and Let desktop apps access your "
    "location."
)
_START_SERVICE = "Start the service WLAN AutoConfig (as administrator: net start wlansvc)."
_STEPS = {
    _ACCESS_DENIED: _ALLOW_LOCATION,
    _SERVICE_NOT_ACTIVE: _START_SERVICE,
    _SERVICE_DISABLED: f"Set the service WLAN AutoConfig to start automatically. {_START_SERVICE}",
    _RADIO_OFF: "Switch Wi-Fi on in Settings > Network & internet, or leave airplane mode.",
    _BUSY: "Run netpreflight again in a minute.",
}
"""What makes a scan possible after an error."""


@dataclass(frozen=True)
class Adapter:
    """A WLAN interface; `handle` is its GUID as the API needs it, `guid` the same as text."""

    handle: Any
    guid: str
    description: str
    state: int


class Wlan(Protocol):
    """The WLAN API. Numbers are Windows error codes; 0 is success."""

    def open(self) -> int:
        """Connect to the WLAN service."""

    def adapters(self) -> tuple[int, list[Adapter]]:
        """The WLAN interfaces."""

    def scan(self, adapter: Adapter) -> int:
        """Start a scan."""

    def bss_list(self, adapter: Adapter) -> tuple[int, bytes]:
        """A WLAN_BSS_LIST of dwTotalSize bytes."""

    def connection(self, adapter: Adapter) -> tuple[int, bytes]:
        """WLAN_CONNECTION_ATTRIBUTES."""

    def close(self) -> None:
        """Disconnect."""


class PywifiWlan:
    """The WLAN API by pywifi's bindings."""

    def __init__(self) -> None:
        self._api: Any = importlib.import_module("pywifi._wifiutil_win")
        self._calls = self._api.WifiUtil()
        self._handle = self._api.HANDLE()
        self._opened = False

    def open(self) -> int:
        """Connect to the WLAN service."""
        version = self._api.DWORD()
        api_version = self._api.CLIENT_VERSION
        code = int(self._calls._wlan_open_handle(api_version, ctypes.byref(version), ctypes.byref(self._handle)))
        self._opened = code == 0
        return _unsigned(code)

    def adapters(self) -> tuple[int, list[Adapter]]:
        """The WLAN interfaces."""
        listed = ctypes.POINTER(self._api.WLAN_INTERFACE_INFO_LIST)()
        code = self._calls._wlan_enum_interfaces(self._handle, ctypes.byref(listed))
        if code or not listed:
            return _unsigned(code), []
        try:
            infos = ctypes.cast(listed.contents.InterfaceInfo, ctypes.POINTER(self._api.WLAN_INTERFACE_INFO))
            # Copy each GUID, because the list's memory is freed.
            return 0, [
                Adapter(
                    type(infos[index].InterfaceGuid).from_buffer_copy(infos[index].InterfaceGuid),
                    str(infos[index].InterfaceGuid),
                    str(infos[index].strInterfaceDescription),
                    int(infos[index].isState),
                )
                for index in range(min(listed.contents.dwNumberOfItems, 64))
            ]
        finally:
            self._free(listed)

    def scan(self, adapter: Adapter) -> int:
        """Start a scan."""
        return _unsigned(self._calls._wlan_scan(self._handle, ctypes.byref(adapter.handle)))

    def bss_list(self, adapter: Adapter) -> tuple[int, bytes]:
        """A WLAN_BSS_LIST of dwTotalSize bytes."""
        listed = ctypes.POINTER(self._api.WLAN_BSS_LIST)()
        code = self._calls._wlan_get_network_bss_list(self._handle, ctypes.byref(adapter.handle), ctypes.byref(listed))
        if code or not listed:
            return _unsigned(code), b""
        try:
            return 0, ctypes.string_at(listed, min(listed.contents.dwTotalSize, MOST_OCTETS))
        finally:
            self._free(listed)

    def connection(self, adapter: Adapter) -> tuple[int, bytes]:
        """WLAN_CONNECTION_ATTRIBUTES."""
        size, kind = self._api.DWORD(), self._api.DWORD()
        data = ctypes.POINTER(self._api.DWORD)()
        code = self._calls._wlan_query_interface(
            self._handle,
            ctypes.byref(adapter.handle),
            _CURRENT_CONNECTION,
            ctypes.byref(size),
            ctypes.byref(data),
            ctypes.byref(kind),
        )
        if code or not data:
            return _unsigned(code), b""
        try:
            return 0, ctypes.string_at(data, min(size.value, _CONNECTION_SIZE * 2))
        finally:
            self._free(data)

    def close(self) -> None:
        """Disconnect."""
        if self._opened:
            self._opened = False
            self._calls._wlan_close_handle(self._handle)

    def _free(self, memory: Any) -> None:
        self._api.native_wifi.WlanFreeMemory(ctypes.cast(memory, ctypes.c_void_p))


def _unsigned(code: int) -> int:
    """An error code as Windows lists it; pywifi's bindings return it signed."""
    return int(code) & 0xFFFF_FFFF


async def survey(
    interface: str | None,
    *,
    elapsed: Callable[[], float],
    make: Callable[[], Wlan] = PywifiWlan,
    sleep: Callable[[float], None] = SYSTEM.hold_up,
    now_s: Callable[[], float] = SYSTEM.wall,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Scan, and read the list of BSSs.

    Args:
        interface: the interface under test, by GUID or description; its radio is used if it is one.
        elapsed: seconds since the run started.
        make: opens the WLAN API; tests pass a fake one.
        sleep: as `Clock.hold_up`.
        now_s: as `Clock.wall`.
        tell: reports each call, for `--debug`.
        scan: False: read what Windows has, and do not scan.

    Raises:
        SourceUnavailable: Location is off, the service is stopped, or there is no adapter.
    """
    try:
        return await in_thread(lambda: look(interface, make(), elapsed, sleep, now_s, tell, scan=scan), DEADLINE_S)
    except TimeoutError as problem:
        raise SourceUnavailable(f"the WLAN service of Windows did not answer within {DEADLINE_S:.0f} s") from problem
    except ImportError as problem:
        raise SourceUnavailable(f"a package that pywifi needs on Windows is missing ({problem.name})") from problem
    except OSError as problem:
        raise SourceUnavailable(
            "this Windows has no WLAN API", "On Windows Server, add the feature Wireless LAN Service."
        ) from problem


def look(
    interface: str | None,
    wlan: Wlan,
    elapsed: Callable[[], float],
    sleep: Callable[[float], None],
    now_s: Callable[[], float],
    tell: Tell = tell_nobody,
    *,
    scan: bool = True,
) -> Wifi:
    """Scan, and read the BSSs and the adapter's connection; blocks."""

    def answered(method: str, code: int) -> int:
        tell(method, f"error {code}" if code else "ok")
        return code

    try:
        _demand(answered("WlanOpenHandle", wlan.open()))
        code, adapters = wlan.adapters()
        _demand(answered("WlanEnumInterfaces", code))
        if not adapters:
            raise NoRadio("Windows knows no Wi-Fi adapter in this computer", CAPTURE_INSTEAD)
        named = (
            adapter
            for adapter in adapters
            if interface in {adapter.guid, adapter.guid.strip("{}"), adapter.description}
        )
        connected = (adapter for adapter in adapters if adapter.state == _CONNECTED)
        adapter = next(named, None) or next(connected, None) or adapters[0]
        seen = Wifi(source="windows", interface=adapter.description or adapter.guid)
        begun = elapsed()
        if not scan:
            seen.limits.append(NOT_ASKED)
        elif code := answered("WlanScan", wlan.scan(adapter)):
            seen.limits.append(f"no scan was made: {reason(code)}")
            seen.unlocked_by = _STEPS.get(code)
        else:
            sleep(SCAN_S)
            seen.triggered = True
            seen.scan_s = round(elapsed() - begun, 3)
        code, data = wlan.bss_list(adapter)
        _demand(answered("WlanGetNetworkBssList", code))
        seen.bss, unsound = parse_bss_list(data, now_s())
        code, data = wlan.connection(adapter)
        if not answered("WlanQueryInterface", code):
            _associate(seen, data)
    finally:
        wlan.close()
    _comment(seen, unsound)
    return seen


def _comment(seen: Wifi, unsound: int) -> None:
    """Add to `limits` what the results cannot show."""
    if unsound:
        seen.limits.append(left_out(unsound))
    if not seen.triggered:
        ages = age_of(seen.bss) if seen.bss else "and there are none"
        seen.limits.append(f"these are the last results of Windows, {ages}")
    elif not seen.bss:
        seen.limits.append("Windows scanned without an error and heard nothing at all")
    if len(seen.bss) >= NAMELESS_IS_WITHHELD and not any(candidate.ssid for candidate in seen.bss):
        seen.names_withheld = True
        seen.limits.append(f"all names are missing: {_LOCATION}")
        seen.unlocked_by = _ALLOW_LOCATION


def parse_bss_list(data: bytes, now_s: float) -> tuple[list[Bss], int]:
    """The BSSs in a WLAN_BSS_LIST, and the number of entries that could not be decoded."""
    found: list[Bss] = []
    if len(data) < _LIST_HEADER:
        return found, 0
    total, count = struct.unpack_from("<II", data)
    data = data[:total]
    unsound = 0
    for number in range(min(count, MOST_BSSS)):
        at = _LIST_HEADER + number * _ENTRY
        if at + _ENTRY > len(data):
            unsound += count - number
            break
        try:
            found.append(_entry(data, at, now_s))
        except ValueError:
            unsound += 1
    return found, unsound


def _entry(data: bytes, at: int, now_s: float) -> Bss:
    """Decode the WLAN_BSS_ENTRY at offset `at`.

    Raises:
        ValueError: the entry describes no network that a device could join.
    """
    length = struct.unpack_from("<I", data, at)[0]
    if length > LONGEST_SSID:
        raise ValueError("overlong SSID")
    name = data[at + 4 : at + 4 + length]
    if struct.unpack_from("<I", data, at + 48)[0] != _INFRASTRUCTURE:
        raise ValueError("an ad-hoc network")
    (rssi,) = struct.unpack_from("<i", data, at + 56)
    (interval,) = struct.unpack_from("<H", data, at + 66)
    (heard,) = struct.unpack_from("<Q", data, at + 80)
    (capability,) = struct.unpack_from("<H", data, at + 88)
    (frequency_khz,) = struct.unpack_from("<I", data, at + 92)
    offset, size = struct.unpack_from("<II", data, at + 352)
    begin, end = at + offset, at + offset + size
    sound = offset >= _ENTRY and end <= len(data)
    elements = data[begin:end] if sound else b""
    if outline(elements)[0] is None:
        elements = bytes((0, len(name))) + name + elements
        sound = False
    candidate = bss(
        elements,
        bssid=data[at + 40 : at + 46].hex(":"),
        frequency_mhz=frequency_khz // 1000 or None,
        signal_dbm=float(rssi) if -120 <= rssi < 0 else None,
        age_s=_age(heard, now_s),
        beacon_interval_tu=interval or None,
        capability=capability,
        complete=sound,
    )
    if candidate.ssid != "":
        return candidate  # the name is from a beacon or a probe response: Windows does not say which
    if any(name):
        return structs.replace(candidate, ssid=ssid_text(name), ssid_hex=name.hex(), hidden=True)
    return structs.replace(candidate, hidden=True)


def _age(filetime: int, now_s: float) -> float | None:
    """Seconds since a FILETIME (100 ns units since 1601); None if the driver gave something else."""
    age = now_s - (filetime / 1e7 - _FILETIME_OF_1970_S)
    return round(max(age, 0.0), 3) if -5 <= age <= 86_400 else None


def _associate(seen: Wifi, data: bytes) -> None:
    """Set the network that the adapter is joined to, from WLAN_CONNECTION_ATTRIBUTES."""
    if len(data) < _CONNECTION_BSSID + 6 or struct.unpack_from("<I", data)[0] != _CONNECTED:
        return
    (length,) = struct.unpack_from("<I", data, _CONNECTION_SSID)
    if length <= LONGEST_SSID:
        seen.associated_ssid = ssid_text(data[_CONNECTION_SSID + 4 : _CONNECTION_SSID + 4 + length]) or None
    seen.associated_bssid = data[_CONNECTION_BSSID : _CONNECTION_BSSID + 6].hex(":")
    mine = (candidate.frequency_mhz for candidate in seen.bss if candidate.bssid == seen.associated_bssid)
    seen.associated_frequency_mhz = next(mine, None)


def _demand(code: int) -> None:
    """Raise SourceUnavailable for an error code."""
    if code:
        raise SourceUnavailable(reason(code), _STEPS.get(code))


def reason(code: int) -> str:
    """A Windows error code in plain words."""
    return {
        _ACCESS_DENIED: _LOCATION,
        _SERVICE_NOT_ACTIVE: "the WLAN service of Windows (WLAN AutoConfig) is stopped",
        _SERVICE_DISABLED: "the WLAN service of Windows (WLAN AutoConfig) is disabled",
        _RADIO_OFF: "Wi-Fi is switched off",
        _NOT_SUPPORTED: "this Wi-Fi adapter or its driver cannot do that",
        _BUSY: "the Wi-Fi adapter is busy",
        _NOT_FOUND: "the Wi-Fi adapter has gone",
        _INVALID_PARAMETER: "the Wi-Fi adapter has gone, or its driver is faulty",
        _INVALID_HANDLE: "the WLAN service of Windows was restarted meanwhile",
    }.get(code, f"Windows error {code if code < 0x10000 else hex(code)}")

"""The air, by the WLAN API (wlanapi.dll).

The memory that Windows gives is copied before it is read. The sizes and offsets in it are checked, because elements
come from strangers. Numbers and structures: wlanapi.h, windot11.h, winerror.h.
"""

import contextlib
import ctypes
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netpreflight.probes.observations import LONGEST_SSID
from netpreflight.systems.interface import Adapter, Air, HeardBss, SurveyRefused
from netpreflight.systems.windows import native

SCAN_S = 8.0
"""How long to wait for the end of a scan; drivers have to end one within 4 s (WlanScan, remarks)."""
MOST_BSSS = 2000
MOST_ADAPTERS = 64
MOST_OCTETS = 16 << 20

_ACCESS_DENIED, _INVALID_HANDLE, _NOT_SUPPORTED, _INVALID_PARAMETER, _NOT_FOUND = 5, 6, 50, 87, 1168
_BUSY, _SERVICE_NOT_ACTIVE, _SERVICE_DISABLED, _RADIO_OFF = 170, 1062, 1058, 0x80342002
_API_VERSION = 2  # Windows Vista and later
SOURCE_ACM = 8  # L2_NOTIFICATION_SOURCE_WLAN_ACM
_SCAN_COMPLETE, _SCAN_FAILED = 7, 8  # WLAN_NOTIFICATION_ACM
_CURRENT_CONNECTION = 7  # WLAN_INTF_OPCODE
CONNECTED = 1  # WLAN_INTERFACE_STATE
_INFRASTRUCTURE, _ANY = 1, 3  # DOT11_BSS_TYPE
_FILETIME_OF_1970_S = 11_644_473_600
_LEAST_DBM = -120
_LOCATION = "Windows hides Wi-Fi from programs without permission to know this laptop's location"
_ALLOW_LOCATION = (
    "Open Settings > Privacy & security > Location (ms-settings:privacy-location), switch on Location services, Let "
    "apps access your location, and Let desktop apps access your location; then run netpreflight again."
)
_START_SERVICE = "Start the service WLAN AutoConfig (as administrator: net start wlansvc)."
_REASONS = {
    _ACCESS_DENIED: _LOCATION,
    _SERVICE_NOT_ACTIVE: "the WLAN service of Windows (WLAN AutoConfig) is stopped",
    _SERVICE_DISABLED: "the WLAN service of Windows (WLAN AutoConfig) is disabled",
    _RADIO_OFF: "Wi-Fi is switched off",
    _NOT_SUPPORTED: "this Wi-Fi adapter or its driver cannot do that",
    _BUSY: "the Wi-Fi adapter is busy",
    _NOT_FOUND: "the Wi-Fi adapter has gone",
    _INVALID_PARAMETER: "the Wi-Fi adapter has gone, or its driver is faulty",
    _INVALID_HANDLE: "the WLAN service of Windows was restarted meanwhile",
}
_STEPS = {
    _ACCESS_DENIED: _ALLOW_LOCATION,
    _SERVICE_NOT_ACTIVE: _START_SERVICE,
    _SERVICE_DISABLED: f"Set the service WLAN AutoConfig to start automatically. {_START_SERVICE}",
    _RADIO_OFF: "Switch Wi-Fi on in Settings > Network & internet, or leave airplane mode.",
    _BUSY: "Run netpreflight again in a minute.",
}
"""By error code, the step that makes a scan possible."""

Tell = Callable[[str, str], None]


class Guid(ctypes.Structure):
    """GUID."""

    _fields_ = [
        ("Data1", ctypes.c_uint32),
        ("Data2", ctypes.c_uint16),
        ("Data3", ctypes.c_uint16),
        ("Data4", ctypes.c_uint8 * 8),
    ]


class Ssid(ctypes.Structure):
    """DOT11_SSID."""

    _fields_ = [("uSSIDLength", ctypes.c_uint32), ("ucSSID", ctypes.c_uint8 * LONGEST_SSID)]


class InterfaceInfo(ctypes.Structure):
    """WLAN_INTERFACE_INFO."""

    _fields_ = [
        ("InterfaceGuid", Guid),
        ("strInterfaceDescription", ctypes.c_uint16 * 256),
        ("isState", ctypes.c_int32),
    ]


class InterfaceInfoList(ctypes.Structure):
    """WLAN_INTERFACE_INFO_LIST, up to its entries."""

    _fields_ = [("dwNumberOfItems", ctypes.c_uint32), ("dwIndex", ctypes.c_uint32)]


class RateSet(ctypes.Structure):
    """WLAN_RATE_SET."""

    _fields_ = [("uRateSetLength", ctypes.c_uint32), ("usRateSet", ctypes.c_uint16 * 126)]


class BssEntry(ctypes.Structure):
    """WLAN_BSS_ENTRY."""

    _fields_ = [
        ("dot11Ssid", Ssid),
        ("uPhyId", ctypes.c_uint32),
        ("dot11Bssid", ctypes.c_uint8 * 6),
        ("dot11BssType", ctypes.c_int32),
        ("dot11BssPhyType", ctypes.c_int32),
        ("lRssi", ctypes.c_int32),
        ("uLinkQuality", ctypes.c_uint32),
        ("bInRegDomain", ctypes.c_uint8),
        ("usBeaconPeriod", ctypes.c_uint16),
        ("ullTimestamp", ctypes.c_uint64),
        ("ullHostTimestamp", ctypes.c_uint64),
        ("usCapabilityInformation", ctypes.c_uint16),
        ("ulChCenterFrequency", ctypes.c_uint32),
        ("wlanRateSet", RateSet),
        ("ulIeOffset", ctypes.c_uint32),
        ("ulIeSize", ctypes.c_uint32),
    ]


class BssList(ctypes.Structure):
    """WLAN_BSS_LIST, up to its entries."""

    _fields_ = [("dwTotalSize", ctypes.c_uint32), ("dwNumberOfItems", ctypes.c_uint32)]


class AssociationAttributes(ctypes.Structure):
    """WLAN_ASSOCIATION_ATTRIBUTES."""

    _fields_ = [
        ("dot11Ssid", Ssid),
        ("dot11BssType", ctypes.c_int32),
        ("dot11Bssid", ctypes.c_uint8 * 6),
        ("dot11PhyType", ctypes.c_int32),
        ("uDot11PhyIndex", ctypes.c_uint32),
        ("wlanSignalQuality", ctypes.c_uint32),
        ("ulRxRate", ctypes.c_uint32),
        ("ulTxRate", ctypes.c_uint32),
    ]


class ConnectionAttributes(ctypes.Structure):
    """WLAN_CONNECTION_ATTRIBUTES, up to the last field that is read."""

    _fields_ = [
        ("isState", ctypes.c_int32),
        ("wlanConnectionMode", ctypes.c_int32),
        ("strProfileName", ctypes.c_uint16 * 256),
        ("wlanAssociationAttributes", AssociationAttributes),
    ]


class NotificationData(ctypes.Structure):
    """WLAN_NOTIFICATION_DATA."""

    _fields_ = [
        ("NotificationSource", ctypes.c_uint32),
        ("NotificationCode", ctypes.c_uint32),
        ("InterfaceGuid", Guid),
        ("dwDataSize", ctypes.c_uint32),
        ("pData", ctypes.c_void_p),
    ]


@dataclass(frozen=True, slots=True)
class Radio:
    """A WLAN interface, with its GUID in the form that the API expects."""

    guid: Guid
    description: str
    is_connected: bool

    @property
    def id(self) -> str:
        """The GUID, as in `Adapter.id`."""
        return _text(self.guid)


_ABOVE_2_4_GHZ = 2500
"""In MHz: above the 2.4 GHz band, and below the 5 GHz band."""


def survey(adapters: list[Adapter], adapter: str | None, names: Sequence[bytes], *, scan: bool, tell: Tell) -> Air:
    """Scan, and read the BSSs and the connection; see `System.survey`.

    Args:
        adapters: all interfaces, for their names: the WLAN API knows their GUIDs only.
        adapter: as for `System.survey`, as are the other arguments.
        names: the networks to ask for by name.
        scan: False: send nothing.
        tell: called with each call to the API and its outcome.

    Raises:
        SurveyRefused: the service is off, there is no radio, or Windows hides networks from this program.
    """
    try:
        with session(tell) as opened:
            return _survey(opened, adapters, adapter, names if scan else None)
    except OSError as problem:
        raise SurveyRefused(
            "this Windows has no WLAN API", "On Windows Server, add the feature Wireless LAN Service."
        ) from problem


def _survey(session: "Session", adapters: list[Adapter], adapter: str | None, names: Sequence[bytes] | None) -> Air:
    """Survey; without a scan if `names` is None."""
    known = {listed.id.upper(): listed.name for listed in adapters}
    radio = session.radio(known, adapter)
    limits: list[str] = []
    unlocked_by = None
    scanned = False
    try:
        if names is not None:
            limits += session.scan(radio)
            scanned = True
    except SurveyRefused as refused:
        limits.append(f"no scan was made: {refused.reason}")
        unlocked_by = refused.unlocked_by
    heard, unsound = session.heard(radio)
    own_name, own_bssid = session.connection(radio)
    asked_for = []
    for name in names or filter(None, [own_name]) if scanned else ():
        if any(bss.name == name and (bss.frequency_mhz or 0) < _ABOVE_2_4_GHZ for bss in heard):
            continue  # one that was heard on 5 GHz only is asked for once more: one beacon may have been lost
        try:
            limits += session.scan(radio, name)
        except SurveyRefused as refused:
            limits.append(f"no scan asked for the network by its name: {refused.reason}")
            break
        asked_for.append(name)
        also, unsound = session.heard(radio)
        # The driver may have emptied its list for this scan. A hidden network stays there without its name, too.
        heard = list({(bss.bssid, bss.frequency_mhz, bss.name): bss for bss in (*heard, *also)}.values())
    return Air(
        adapter=known.get(radio.id) or radio.description or radio.id,
        scanned=scanned,
        asked_for=tuple(asked_for),
        bss=tuple(heard),
        unsound=unsound,
        own_name=own_name,
        own_bssid=own_bssid,
        limits=tuple(limits),
        unlocked_by=unlocked_by,
    )


@contextlib.contextmanager
def session(tell: Tell) -> Iterator["Session"]:
    """A session with the WLAN service."""
    handle, version = ctypes.c_void_p(), ctypes.c_uint32()
    code = call(tell, "WlanOpenHandle", _API_VERSION, None, ctypes.pointer(version), ctypes.pointer(handle))
    demand(code)
    try:
        yield Session(handle, tell)
    finally:
        # This ends the notifications, and waits until one that is being handled is done.
        call(tell, "WlanCloseHandle", handle, None)


class Session:
    """The calls of a session with the WLAN service."""

    def __init__(self, handle: ctypes.c_void_p, tell: Tell) -> None:
        self._handle = handle
        self._tell = tell
        self._callback: Any = None
        """Kept until the session ends, because Windows may call it until then."""
        self._scanning = b""
        """The GUID of the radio whose scan is waited for."""
        self._ended = threading.Event()
        self._has_failed = False

    def radios(self) -> list[Radio]:
        """The WLAN interfaces."""
        memory = ctypes.c_void_p()
        demand(call(self._tell, "WlanEnumInterfaces", self._handle, None, ctypes.pointer(memory)))
        size, head = ctypes.sizeof(InterfaceInfo), ctypes.sizeof(InterfaceInfoList)

        def measure(address: int) -> int:
            listed: Any = InterfaceInfoList.from_address(address)
            return int(head + min(listed.dwNumberOfItems, MOST_ADAPTERS) * size)

        data = _taken(memory, measure)
        found = []
        for at in range(head, len(data), size):
            info: Any = InterfaceInfo.from_buffer_copy(data, at)
            text = bytes(info.strInterfaceDescription).decode("utf-16-le", "replace").partition("\0")[0]
            found.append(Radio(Guid.from_buffer_copy(info.InterfaceGuid), text, info.isState == CONNECTED))
        return found

    def radio(self, known: Mapping[str, str], adapter: str | None) -> Radio:
        """The radio of this interface (name or GUID); else one that is joined to a network, or the first one.

        Args:
            known: the names of the interfaces, by their GUID.
            adapter: as in `System.survey`.

        Raises:
            SurveyRefused: there is none.
        """
        radios = self.radios()
        if not radios:
            raise SurveyRefused("Windows knows no Wi-Fi adapter in this laptop", has_radio=False)
        return next(
            (radio for radio in radios if adapter and adapter.upper() in {radio.id, known.get(radio.id, "").upper()}),
            next((radio for radio in radios if radio.is_connected), radios[0]),
        )

    def scan(self, radio: Radio, name: bytes | None = None) -> list[str]:
        """Scan, and wait for the end; returns sentences for `limits`.

        Args:
            radio: the radio to scan with.
            name: the network to ask for by name; None: any.

        Raises:
            SurveyRefused: no scan was made.
        """
        if self._callback is None:
            self._hear_ends()
        self._scanning = bytes(radio.guid)
        self._ended.clear()
        wanted = None
        if name is not None:
            wanted = ctypes.pointer(Ssid(len(name), (ctypes.c_uint8 * LONGEST_SSID)(*name)))
        demand(call(self._tell, "WlanScan", self._handle, ctypes.pointer(radio.guid), wanted, None, None))
        if not self._ended.wait(SCAN_S):
            return [f"Windows did not say within {SCAN_S:.0f} s that the scan has ended: networks may be missing"]
        if self._has_failed:
            raise SurveyRefused("the Wi-Fi adapter or its driver failed", _STEPS[_BUSY])
        return []

    def _hear_ends(self) -> None:
        """Have Windows report the ends of scans from now on; if it refuses, each scan is given all of SCAN_S."""

        def notified(told: Any) -> None:
            """Note the end of the scan that is waited for."""
            if bytes(told.InterfaceGuid) == self._scanning and told.NotificationCode in {_SCAN_COMPLETE, _SCAN_FAILED}:
                self._has_failed = told.NotificationCode == _SCAN_FAILED
                self._ended.set()

        self.listen(notified)

    def listen(self, notified: Callable[[Any], None]) -> int:
        """Have a function called, in a thread of Windows', with each `NotificationData` of the connections and scans.

        Returns:
            The error code of the call.
        """

        def called(address: int | None, _context: int | None) -> int:
            told: Any = NotificationData.from_address(address) if address else None
            if told is not None and told.NotificationSource == SOURCE_ACM:
                notified(told)
            return 0

        self._callback = native.callback(called, None, ctypes.c_void_p, ctypes.c_void_p)
        function = ctypes.cast(self._callback, ctypes.c_void_p)
        return call(self._tell, "WlanRegisterNotification", self._handle, SOURCE_ACM, 0, function, None, None, None)

    def heard(self, radio: Radio) -> tuple[list[HeardBss], int]:
        """The BSSs that Windows lists for a radio, and how many entries are no network that a device could join."""
        memory = ctypes.c_void_p()
        code = call(
            self._tell,
            "WlanGetNetworkBssList",
            self._handle,
            ctypes.pointer(radio.guid),
            None,
            _ANY,
            0,
            None,
            ctypes.pointer(memory),
        )
        demand(code)

        def measure(address: int) -> int:
            listed: Any = BssList.from_address(address)
            return int(min(listed.dwTotalSize, MOST_OCTETS))

        return bss_list(_taken(memory, measure))

    def connection(self, radio: Radio) -> tuple[bytes | None, str | None]:
        """The SSID and BSSID of the network that a radio is joined to; None: to none, or Windows does not say."""
        told = self.attributes(radio)
        if told is None:
            return None, None
        joined = told.wlanAssociationAttributes
        return name_of(joined.dot11Ssid) or None, bytes(joined.dot11Bssid).hex(":")

    def attributes(self, radio: Radio) -> Any:
        """The `ConnectionAttributes` of a radio that is joined to a network; None: to none, or Windows does not say."""
        memory, size = ctypes.c_void_p(), ctypes.c_uint32()
        code = call(
            self._tell,
            "WlanQueryInterface",
            self._handle,
            ctypes.pointer(radio.guid),
            _CURRENT_CONNECTION,
            None,
            ctypes.pointer(size),
            ctypes.pointer(memory),
            None,
        )
        data = b"" if code else _taken(memory, lambda _: min(size.value, ctypes.sizeof(ConnectionAttributes)))
        if len(data) < ctypes.sizeof(ConnectionAttributes):
            return None
        told: Any = ConnectionAttributes.from_buffer_copy(data)
        return told if told.isState == CONNECTED else None

    def connect(self, radio: Radio, parameters: Any) -> int:
        """Begin to connect; `parameters` is the address of a `joining.ConnectionParameters`. Returns the error code."""
        return call(self._tell, "WlanConnect", self._handle, ctypes.pointer(radio.guid), parameters, None)

    def disconnect(self, radio: Radio) -> int:
        """Leave the network; returns the error code."""
        return call(self._tell, "WlanDisconnect", self._handle, ctypes.pointer(radio.guid), None)


def bss_list(data: bytes) -> tuple[list[HeardBss], int]:
    """The BSSs in a WLAN_BSS_LIST, and how many entries are no network that a device could join."""
    found: list[HeardBss] = []
    head, size = ctypes.sizeof(BssList), ctypes.sizeof(BssEntry)
    if len(data) < head:
        return found, 0
    listed: Any = BssList.from_buffer_copy(data)
    data = data[: listed.dwTotalSize]
    count = min(listed.dwNumberOfItems, max(len(data) - head, 0) // size)
    unsound = listed.dwNumberOfItems - count
    for at in range(head, head + min(count, MOST_BSSS) * size, size):
        entry: Any = BssEntry.from_buffer_copy(data, at)
        name = name_of(entry.dot11Ssid)
        if name is None or entry.dot11BssType != _INFRASTRUCTURE:
            unsound += 1
            continue
        begin, end = at + entry.ulIeOffset, at + entry.ulIeOffset + entry.ulIeSize
        heard_at = entry.ullHostTimestamp / 1e7 - _FILETIME_OF_1970_S
        found.append(
            HeardBss(
                bssid=bytes(entry.dot11Bssid).hex(":"),
                name=name,
                elements=data[begin:end] if entry.ulIeOffset >= size and begin < end <= len(data) else None,
                frequency_mhz=entry.ulChCenterFrequency // 1000 or None,
                signal_dbm=float(entry.lRssi) if _LEAST_DBM <= entry.lRssi < 0 else None,
                heard_at=heard_at if heard_at > 0 else None,
                beacon_interval_tu=entry.usBeaconPeriod or None,
                capability=entry.usCapabilityInformation,
            )
        )
    return found, unsound


CALLS: dict[str, tuple[Any, ...]] = {
    "WlanOpenHandle": (
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.POINTER(ctypes.c_void_p),
    ),
    "WlanEnumInterfaces": (ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)),
    "WlanScan": (
        ctypes.c_void_p,
        ctypes.POINTER(Guid),
        ctypes.POINTER(Ssid),
        ctypes.c_void_p,
        ctypes.c_void_p,
    ),
    "WlanRegisterNotification": (
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ),
    "WlanGetNetworkBssList": (
        ctypes.c_void_p,
        ctypes.POINTER(Guid),
        ctypes.POINTER(Ssid),
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_void_p),
    ),
    "WlanQueryInterface": (
        ctypes.c_void_p,
        ctypes.POINTER(Guid),
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.c_void_p,
    ),
    "WlanConnect": (ctypes.c_void_p, ctypes.POINTER(Guid), ctypes.c_void_p, ctypes.c_void_p),
    "WlanDisconnect": (ctypes.c_void_p, ctypes.POINTER(Guid), ctypes.c_void_p),
    "WlanCloseHandle": (ctypes.c_void_p, ctypes.c_void_p),
}
"""The functions that return an error code, with the types of their arguments."""


def call(tell: Tell, name: str, *arguments: Any) -> int:
    """Call a function of the API; returns its error code, 0 for success."""
    code = int(native.function("wlanapi", name, ctypes.c_uint32, *CALLS[name])(*arguments))
    tell(name, f"error {code}" if code else "ok")
    return code


def _taken(memory: ctypes.c_void_p, measure: Callable[[int], int]) -> bytes:
    """Copy memory that the API has given, and free it; `measure` tells its length in bytes from its address."""
    if not memory.value:
        return b""
    try:
        return ctypes.string_at(memory.value, measure(memory.value))
    finally:
        native.function("wlanapi", "WlanFreeMemory", None, ctypes.c_void_p)(memory)


def name_of(ssid: Any) -> bytes | None:
    """The bytes of a DOT11_SSID; None: it claims more bytes than an SSID can have."""
    return bytes(ssid.ucSSID)[: ssid.uSSIDLength] if ssid.uSSIDLength <= LONGEST_SSID else None


def _text(guid: Guid) -> str:
    """A GUID as text, upper-case in braces."""
    return f"{{{uuid.UUID(bytes_le=bytes(guid))}}}".upper()


def demand(code: int) -> None:
    """Raise SurveyRefused for an error code."""
    if code:
        number = str(code) if code < 0x10000 else hex(code)
        raise SurveyRefused(_REASONS.get(code, f"Windows error {number}"), _STEPS.get(code))

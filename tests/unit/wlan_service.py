"""The WLAN service of Windows, by a fake of wlanapi.dll: it fills the structures as the documentation says."""

import ctypes
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from netpreflight.systems.windows import joining, native, wlan

GUID = "{11111111-2222-3333-4444-555555555555}"
OTHER_GUID = "{99999999-2222-3333-4444-555555555555}"
NOW_S = 1_800_000_000.0
FILETIME = int((NOW_S + 11_644_473_600 - 2.5) * 1e7)
"""Two and a half seconds earlier."""
_HANDLE = 77


def guid(text: str) -> wlan.Guid:
    """A GUID from its text, by the fields that it is written in."""
    first, second, third, *last = text.strip("{}").split("-")
    octets = (ctypes.c_uint8 * 8)(*bytes.fromhex("".join(last)))
    return wlan.Guid(int(first, 16), int(second, 16), int(third, 16), octets)


def ssid(name: bytes, length: int | None = None) -> wlan.Ssid:
    """A DOT11_SSID."""
    return wlan.Ssid(len(name) if length is None else length, (ctypes.c_uint8 * 32)(*name))


def entry(name: bytes, elements: bytes, number: int = 0, **changes: Any) -> tuple[wlan.BssEntry, bytes]:
    """A WLAN_BSS_ENTRY without the place of its elements, and the elements."""
    usual: dict[str, Any] = {
        "dot11Ssid": ssid(name),
        "dot11Bssid": (ctypes.c_uint8 * 6)(2, 0, 0, 0, 0, number),
        "dot11BssType": 1,
        "lRssi": -61,
        "usBeaconPeriod": 100,
        "ullHostTimestamp": FILETIME,
        "usCapabilityInformation": 0x0401,
        "ulChCenterFrequency": 2_437_000,
    }
    return wlan.BssEntry(**{**usual, **changes}), elements


def bss_list(*networks: tuple[wlan.BssEntry, bytes]) -> bytes:
    """A WLAN_BSS_LIST; the elements follow all entries."""
    entries, blob = b"", b""
    size = ctypes.sizeof(wlan.BssEntry)
    for number, (given, elements) in enumerate(networks):
        made = wlan.BssEntry.from_buffer_copy(given)  # another list has another place for them
        made.ulIeOffset = made.ulIeOffset or size * (len(networks) - number) + len(blob)
        made.ulIeSize = made.ulIeSize or len(elements)
        entries += bytes(made)
        blob += elements
    return bytes(wlan.BssList(8 + len(entries) + len(blob), len(networks))) + entries + blob


class Service:
    """The WLAN service.

    Attributes:
        codes: the error code of each call that fails.
        heard: the list of BSSs; after the n-th scan `heard_by[n]`, if there is one.
        ending: the code of the notification that a scan ends with; None: it is never told.
        scans: the names that scans asked for; None: any.
        ends: for each connection, the codes and reasons that are told of it; the last one ends it.
        profiles: the texts of temporary profiles, and the names of saved ones, that it was to connect by.
        bssids: the access points that the last temporary profile was for.
    """

    def __init__(self, *networks: tuple[wlan.BssEntry, bytes], **codes: int) -> None:
        self.codes = codes
        self.heard = bss_list(*networks)
        self.heard_by: list[bytes] = []
        self.radios = [(OTHER_GUID, "Other adapter", 4), (GUID, "Some adapter", 1)]
        self.joined: bytes | None = None
        self.joined_size = 588  # sizeof(WLAN_CONNECTION_ATTRIBUTES)
        self.ending: int | None = 7
        self.scans: list[bytes | None] = []
        self.asked: list[str] = []
        """The GUID of each call about a radio."""
        self.given: dict[int, Any] = {}
        """Memory that has been given and not freed."""
        self.ends: list[list[tuple[int, int]]] = []
        self.profiles: list[str] = []
        self.bssids: list[str] = []
        self.flags = 0
        self.left_by = 0
        """How often it was to leave its network."""
        self.texts: list[tuple[int, int]] = []
        """Where the texts of profiles were, and how long they were."""
        self.opened = 0
        self._callback = 0

    def library(self, name: str) -> Any:
        """wlanapi.dll; the other libraries have no call."""
        calls: dict[str, Callable[..., int]] = {}
        if name == "wlanapi":
            calls = {name[1:]: getattr(self, name) for name in dir(self) if name.startswith("_Wlan")}
        # `native.function` sets the types on the functions: let each be an object that takes them.
        return SimpleNamespace(**{call: _Function(made) for call, made in calls.items()})

    def join(self, name: bytes, number: int = 0, profile: str = "") -> None:
        """Have the second radio be joined to a network."""
        joined = wlan.AssociationAttributes(
            dot11Ssid=ssid(name), dot11Bssid=(ctypes.c_uint8 * 6)(2, 0, 0, 0, 0, number)
        )
        self.joined = bytes(
            wlan.ConnectionAttributes(isState=1, strProfileName=_words(profile), wlanAssociationAttributes=joined)
        ) + bytes(16)

    def _give(self, at: Any, data: bytes) -> None:
        memory = ctypes.create_string_buffer(data, len(data))
        at.contents.value = ctypes.addressof(memory)
        self.given[ctypes.addressof(memory)] = memory

    def _WlanFreeMemory(self, memory: Any) -> int:  # noqa: N802 - as the call
        del self.given[memory.value]
        return 0

    def _WlanOpenHandle(self, version: int, _: None, negotiated: Any, handle: Any) -> int:  # noqa: N802 - as the call
        assert (version, type(negotiated.contents)) == (2, ctypes.c_uint32)
        if code := self.codes.get("open"):
            return code
        handle.contents.value = _HANDLE
        self.opened += 1
        return 0

    def _WlanCloseHandle(self, handle: Any, _: None) -> int:  # noqa: N802
        assert handle.value == _HANDLE
        self.opened -= 1
        self._callback = 0
        return 0

    def _WlanEnumInterfaces(self, handle: Any, _: None, at: Any) -> int:  # noqa: N802
        assert handle.value == _HANDLE
        if code := self.codes.get("enumerate"):
            return code
        data = bytes(wlan.InterfaceInfoList(len(self.radios), 0))
        for text, description, state in self.radios:
            data += bytes(wlan.InterfaceInfo(guid(text), _words(description), state))
        self._give(at, data)
        return 0

    def _WlanRegisterNotification(self, handle: Any, source: int, twice: int, callback: Any, *more: None) -> int:  # noqa: N802
        assert (handle.value, source, twice, more) == (_HANDLE, 8, 0, (None, None, None))
        if code := self.codes.get("register"):
            return code
        self._callback = callback.value
        return 0

    def _WlanScan(self, handle: Any, radio: Any, name: Any, *more: None) -> int:  # noqa: N802
        assert (handle.value, more) == (_HANDLE, (None, None))
        self.asked.append(_text(radio.contents))
        wanted = None if name is None else bytes(name.contents.ucSSID)[: name.contents.uSSIDLength]
        if code := self.codes.get("scan" if wanted is None else "scan_by_name"):
            return code
        self.scans.append(wanted)
        if self.heard_by:
            self.heard = self.heard_by.pop(0)
        if self._callback and self.ending is not None:
            notify = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(self._callback)
            own, another = _guid(radio.contents), guid("{00000000-0000-0000-0000-000000000001}")
            told = [
                wlan.NotificationData(8, 7, another),  # another radio's scan
                wlan.NotificationData(16, 7, own),  # not of this source
                wlan.NotificationData(8, 26, own),  # another event
                wlan.NotificationData(8, self.ending, own),
            ]
            threading.Thread(target=lambda: [notify(ctypes.addressof(data), None) for data in told]).start()
        return 0

    def _WlanGetNetworkBssList(self, handle: Any, radio: Any, *more: Any) -> int:  # noqa: N802
        *about, at = more
        assert (handle.value, about) == (_HANDLE, [None, 3, 0, None])
        self.asked.append(_text(radio.contents))
        if code := self.codes.get("list"):
            return code
        self._give(at, self.heard)
        return 0

    def _WlanQueryInterface(self, handle: Any, radio: Any, code: int, _: None, size: Any, at: Any, kind: None) -> int:  # noqa: N802
        assert (handle.value, code, kind) == (_HANDLE, 7, None)
        self.asked.append(_text(radio.contents))
        if self.joined is None:
            return self.codes.get("query", 5023)  # ERROR_INVALID_STATE: it is joined to no network
        size.contents.value = self.joined_size
        self._give(at, self.joined)
        return 0

    def _WlanConnect(self, handle: Any, radio: Any, at: int, _: None) -> int:  # noqa: N802
        assert handle.value == _HANDLE
        self.asked.append(_text(radio.contents))
        if code := self.codes.get("connect"):
            return code
        asked: Any = joining.ConnectionParameters.from_address(at)
        assert (asked.pDot11Ssid, asked.dot11BssType) == (None, 1)
        text = _wide(asked.strProfile)
        self.profiles.append(text)
        if asked.wlanConnectionMode == 0:
            assert asked.pDesiredBssidList is None
            self.join(text.encode(), profile=text)
            return 0
        assert asked.wlanConnectionMode == 1
        self.texts.append((asked.strProfile, 2 * len(text)))
        listed: Any = joining.BssidList.from_address(asked.pDesiredBssidList)
        assert (listed.Header.Type, listed.Header.Revision, listed.uNumOfEntries) == (
            0x80,
            1,
            listed.uTotalNumOfEntries,
        )
        octets = ctypes.string_at(asked.pDesiredBssidList + 12, 6 * listed.uNumOfEntries)
        self.bssids = [octets[at : at + 6].hex(":") for at in range(0, len(octets), 6)]
        self.flags, self.joined = asked.dwFlags, None
        notify = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(self._callback)
        threading.Thread(target=self._tell_ends, args=(notify, _guid(radio.contents), self.ends.pop(0))).start()
        return 0

    def _tell_ends(self, notify: Any, own: wlan.Guid, ends: list[tuple[int, int]]) -> None:
        """Tell how a connection ends, after what is about others: a saved profile's, another radio's."""
        another = guid("{00000000-0000-0000-0000-000000000001}")
        told = [(own, 10, 0, 0), (another, 10, 1, 0), *((own, code, 1, reason) for code, reason in ends)]
        for radio, code, mode, reason in told:
            about = joining.ConnectionNotification(wlanConnectionMode=mode, wlanReasonCode=reason)
            data = wlan.NotificationData(8, code, radio, ctypes.sizeof(about), ctypes.addressof(about))
            if (code, mode, reason) == (10, 1, 0) and radio is own:
                self.join(b"net")
            notify(ctypes.addressof(data), None)

    def _WlanDisconnect(self, handle: Any, radio: Any, _: None) -> int:  # noqa: N802
        assert handle.value == _HANDLE
        self.asked.append(_text(radio.contents))
        self.left_by += 1
        self.joined = None
        return 0


class _Function:
    """A function of a library, whose types can be set."""

    def __init__(self, called: Callable[..., int]) -> None:
        self._called = called
        self.restype: Any = None
        self.argtypes: Sequence[Any] = ()

    def __call__(self, *arguments: Any) -> int:
        assert len(arguments) == len(self.argtypes)
        return self._called(*arguments)


def _words(text: str) -> Any:
    """A text of up to 255 UTF-16 code units, in its array."""
    return (ctypes.c_uint16 * 256)(*memoryview(text.encode("utf-16-le")).cast("H"))


def _wide(at: int) -> str:
    """The UTF-16 text at an address."""
    length = next(number for number in range(1 << 16) if ctypes.string_at(at + 2 * number, 2) == b"\0\0")
    return ctypes.string_at(at, 2 * length).decode("utf-16-le")


def _guid(given: wlan.Guid) -> wlan.Guid:
    return wlan.Guid.from_buffer_copy(given)


def _text(given: wlan.Guid) -> str:
    last = bytes(given.Data4).hex()
    return f"{{{given.Data1:08x}-{given.Data2:04x}-{given.Data3:04x}-{last[:4]}-{last[4:]}}}"


def install(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    """Have Windows' libraries be this service's, and its callbacks those of this system."""
    monkeypatch.setattr(native, "library", service.library)
    monkeypatch.setattr(native, "callback", lambda called, result, *kinds: ctypes.CFUNCTYPE(result, *kinds)(called))

"""Linux: the kernel's own scan, over nl80211.

With CAP_NET_ADMIN a scan is triggered: the channels of 2.4 GHz first, then 5 and 6 GHz. On each channel on which the
country's rules allow sending, one probe request asks for any name, and one for the target network. If the target was
not heard on 2.4 GHz, those channels are visited twice more: asked again, then only listened to, for longer. For an
ordinary user, NetworkManager is asked to scan; if it refuses, the kernel's last results are read, with their age. No
interface is brought up or down, and nothing is changed.

pyroute2 carries the messages. Attributes are decoded here, because pyroute2 fails on hostile elements.
Numbers are those of linux/nl80211.h.
"""

import asyncio
import contextlib
import errno
import os
import struct
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from msgspec import structs
from pyroute2.netlink import NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, genlmsg
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nl80211 import AsyncNL80211

from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import MOST_BSSS, Bss, Wifi, band_of, strength
from netpreflight.probes.wifi.elements import channel_at, outline, ssid_text
from netpreflight.probes.wifi.source import (
    AS_ROOT,
    CAPTURE_INSTEAD,
    MOST_REVISITS,
    PREFERRED_6GHZ,
    NoRadio,
    SourceUnavailable,
    Tell,
    age_of,
    band_name,
    in_thread,
    left_out,
    of_both,
    tell_nobody,
    told,
    unheard,
    without_twins,
)

ANSWER_S = 3.0
"""The kernel answers a request at once; after this long it never will."""
SCAN_S = 3.0
CHANNEL_S = 0.4
"""A scan may take SCAN_S, plus this for each channel: a passive visit takes 0.11 s, and an associated radio returns to
its own channel between visits."""
ASKED_SCAN_S = 20.0
"""How long NetworkManager's scan may take: it visits all channels, and may have to wait before it starts."""
REMEMBERED_S = 60.0
"""A BSS that was heard this recently is looked for once more if the scan did not hear it."""
SAME_VISIT_US = 5_000_000
"""A beacon and a response whose TSFs differ by no more than this (in µs) may be from one visit to the channel."""
DECODE_S = 30.0
MOST_DUMPS = 4
"""How often a table is read, in all, if it changes while it is read."""

_GET_WIPHY, _GET_INTERFACE, _GET_REG, _GET_SCAN, _TRIGGER_SCAN, _NEW_SCAN_RESULTS, _SCAN_ABORTED = (
    1,
    5,
    31,
    32,
    33,
    34,
    35,
)
_COMMANDS = {
    _GET_WIPHY: "GET_WIPHY",
    _GET_INTERFACE: "GET_INTERFACE",
    _GET_REG: "GET_REG",
    _GET_SCAN: "GET_SCAN",
    _TRIGGER_SCAN: "TRIGGER_SCAN",
    _NEW_SCAN_RESULTS: "NEW_SCAN_RESULTS",
    _SCAN_ABORTED: "SCAN_ABORTED",
}
_WIPHY, _WIPHY_NAME, _IFINDEX, _IFNAME, _IFTYPE, _BANDS, _ALPHA2 = 1, 2, 3, 4, 5, 22, 33
_MOST_SSIDS, _SCAN_FREQUENCIES, _SCAN_SSIDS, _BSS, _SSID, _SCAN_FLAGS, _SPLIT_DUMP = 43, 44, 45, 47, 52, 158, 174
_SENT = (_WIPHY, _IFINDEX, _SCAN_FREQUENCIES, _SCAN_SSIDS, _SCAN_FLAGS, _SPLIT_DUMP)
"""The attributes that requests may have."""
_BAND_FREQS = 1
_FREQ, _FREQ_DISABLED, _FREQ_NO_IR = 1, 2, 3
_BSSID, _FREQUENCY, _TSF, _INTERVAL, _CAPABILITY, _ELEMENTS, _SIGNAL_MBM = range(1, 8)
_STATUS, _SEEN_MS, _BEACON_ELEMENTS, _BEACON_TSF, _IS_RESPONSE = 9, 10, 11, 13, 14
_STATION, _P2P_CLIENT = 2, 8
_MODES = {1: "ad hoc", 3: "access point", 6: "monitor", 7: "mesh", 9: "access point"}
"""Interface types that do not scan, as `iw` names them."""
_ASSOCIATED = 1
_TYPE_BITS = 0x3FFF
_HEADERS = 20
"""Bytes of netlink's header and of generic netlink's."""
_FLAG_COLOCATED_6GHZ = 1 << 14

Attributes = dict[int, bytes]
Message = tuple[int, Attributes]
"""A command's number and its attributes."""
OnPartial = Callable[[Wifi], Awaitable[None]]
RequestScan = Callable[[str, list[bytes]], Awaitable[None]]
"""Asks NetworkManager to scan with an interface, also for these names; raises SourceUnavailable if it refuses."""


class Kernel(Protocol):
    """The connection to the kernel. A request that the kernel refuses raises OSError with the error number."""

    async def __aenter__(self) -> Self:
        """Connect, and listen to scan events from now on."""

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""

    async def ask(self, command: int, attributes: Attributes, *, dump: bool = False) -> list[Message]:
        """Send a request; returns the messages that answer it."""

    async def event(self) -> Message:
        """The next scan event."""


async def survey(
    interface: str | None,
    name: bytes | None = None,
    *,
    elapsed: Callable[[], float],
    request_scan: RequestScan,
    kernel: Kernel | None = None,
    sysfs: Path = Path("/sys"),
    on_partial: OnPartial | None = None,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Scan, or read the kernel's last results if no scan is possible.

    Args:
        interface: the interface under test; its radio is used if it has one.
        name: the target network, to ask for it by name, too: a hidden network answers nothing else.
        elapsed: seconds since the run started.
        request_scan: requests the scan if the kernel does not let this user make one.
        kernel: connection to the kernel; tests pass a fake one.
        sysfs: /sys; tests pass another folder.
        on_partial: called with the results of 2.4 GHz while the other bands are still being scanned.
        tell: reports each request, for `--debug`.
        scan: False: find out whether a scan could be made, by the same steps, and make none.

    Raises:
        NoRadio: there is no radio, or it is off.
        SourceUnavailable: the kernel does not answer.
    """
    try:
        async with kernel or Netlink() as opened:
            survey = _Survey(opened, sysfs, name, elapsed, on_partial, tell)
            await survey.find_radio(interface)
            return await (survey.run(request_scan) if scan else survey.ask_whether(request_scan))
    except TimeoutError as problem:
        raise SourceUnavailable(f"nl80211: the kernel did not answer within {ANSWER_S:.0f} s") from problem
    except OSError as problem:
        if problem.errno == errno.ENOENT:
            raise NoRadio("this laptop has no Wi-Fi radio that Linux knows (no nl80211)", CAPTURE_INSTEAD) from problem
        raise SourceUnavailable(f"nl80211: {problem.strerror or problem}") from problem


class _Message(genlmsg):  # type: ignore[misc]
    """A message whose attributes are bytes."""

    nla_map = tuple((number, str(number), "cdata") for number in _SENT)


class _Socket(AsyncNL80211):  # type: ignore[misc]
    module_err_level = "debug"  # pyroute2 logs nothing if there is no nl80211: `survey` reports that


class Netlink:
    """The kernel, over two netlink sockets: one for requests, one for events."""

    def __init__(self) -> None:
        self._requests = _Socket()
        self._events = _Socket()
        self._waiting: list[Message] = []

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(ANSWER_S):
                for socket in (self._requests, self._events):
                    await socket.bind()
                    socket.register_policy(socket.prid, _Message)
                self._events.add_membership("scan")
        except BaseException as problem:
            await self.__aexit__(None, None, None)
            if isinstance(problem, NetlinkError):
                raise _os_error(problem) from problem
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for socket in (self._requests, self._events):
            with contextlib.suppress(OSError):
                socket.close()
        await asyncio.sleep(0)  # the transports close their sockets in the loop's next round

    async def ask(self, command: int, attributes: Attributes, *, dump: bool = False) -> list[Message]:
        """Send a request; returns the messages that answer it."""
        for _ in range(MOST_DUMPS):
            message = _Message()
            message["cmd"] = command
            message["attrs"] = [[str(number), value] for number, value in attributes.items()]
            flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else NLM_F_ACK)
            try:
                async with asyncio.timeout(ANSWER_S):
                    answer = await self._requests.nlm_request(message, msg_type=self._requests.prid, msg_flags=flags)
                    got = [reply async for reply in answer]
            except NetlinkError as problem:
                raise _os_error(problem) from problem
            if not any(message["header"]["flags"] & NLM_F_DUMP_INTR for message in got):
                break  # else the table changed while it was read: ask again, which pyroute2 does not do
        return [_plain(message) for message in got]

    async def event(self) -> Message:
        """The next scan event."""
        while not self._waiting:
            async for message in self._events.get():
                self._waiting.append(_plain(message))
        return self._waiting.pop(0)


def _plain(message: genlmsg) -> Message:
    """A message of pyroute2's as a command's number and its attributes."""
    whole = bytes(message.data[message.offset : message.offset + message.length])
    return int(message.get("cmd") or 0), attributes_of(whole[_HEADERS:])


def _os_error(problem: NetlinkError) -> OSError:
    return OSError(problem.code, os.strerror(problem.code))


def attributes_of(data: bytes) -> Attributes:
    """Netlink attributes by number, up to the first malformed one; if one is repeated, the last counts."""
    return dict(_walk(data))


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute as (number, value), nested ones and repeats included, up to the first malformed one."""
    at = 0
    while at + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, at)
        if length < 4 or at + length > len(data):
            return
        yield number & _TYPE_BITS, data[at + 4 : at + length]
        at += length + -length % 4


def _number(value: bytes | None) -> int | None:
    """An unsigned number of any of the kernel's widths, 8 to 64 bits; None for anything else."""
    return int.from_bytes(value, sys.byteorder) if value and len(value) in {1, 2, 4, 8} else None


def _list(values: Iterable[bytes]) -> bytes:
    """A nested list of attributes."""
    packed = b""
    for number, value in enumerate(values):
        packed += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return packed


@dataclass(frozen=True)
class _Radio:
    index: int
    name: str
    wiphy: int
    phy: str = ""
    """The name of the wiphy, such as phy0."""
    ssid: bytes | None = None
    """Name of the network that it is associated with; None: it is not associated."""
    is_p2p: bool = False
    most_ssids: int | None = None
    """How many names one scan may ask for; 0: the radio only listens."""
    frequencies: dict[int, bool] = field(default_factory=dict)
    """Each frequency that may be used (MHz), and whether probe requests may be sent there."""
    forbidden: frozenset[int] = frozenset()
    """The frequencies (MHz) that the regulatory domain disables."""


@dataclass(frozen=True)
class _Entry:
    """A BSS in the kernel's table."""

    bssid: str
    frequency: int
    signal_dbm: float | None
    age_s: float | None
    interval: int | None
    capability: int | None
    associated: bool
    elements: bytes
    """Elements of the last probe response, or of the last beacon if there was no response."""
    is_response: bool
    tsf: int | None
    beacon: bytes | None
    beacon_tsf: int | None

    @property
    def place(self) -> tuple[str, int]:
        """BSSID and frequency."""
        return self.bssid, self.frequency

    @property
    def names(self) -> tuple[bytes | None, bytes | None]:
        """The name in `elements`, and the name in the last beacon."""
        return outline(self.elements)[0], outline(self.beacon)[0] if self.beacon is not None else None

    @property
    def key(self) -> tuple[str, int, bool]:
        """BSSID, frequency, and whether there is a name: Linux lists a hidden network without its name and with it."""
        return *self.place, any(self.names[0] or b"")


class _Survey:
    """One survey with one radio."""

    def __init__(
        self,
        kernel: Kernel,
        sysfs: Path,
        name: bytes | None,
        elapsed: Callable[[], float],
        on_partial: OnPartial | None,
        tell: Tell,
    ) -> None:
        self._kernel = kernel
        self._on_asked = tell
        self._sysfs = sysfs
        self._name = name
        self._elapsed = elapsed
        self._on_partial = on_partial
        self._seen = Wifi(source="nl80211")
        self._before: dict[tuple[str, int, bool], _Entry] = {}
        """The kernel's table before the scan, by `_Entry.key`."""
        self._radio = _Radio(0, "", 0)

    async def _ask(self, command: int, attributes: Attributes, *, dump: bool = False) -> list[Message]:
        """Send a request to the kernel, and report it for `--debug`."""
        with told(self._on_asked, _COMMANDS[command]):
            return await self._kernel.ask(command, attributes, dump=dump)

    async def find_radio(self, interface: str | None) -> None:
        """Choose the radio, and note what it cannot do.

        Raises:
            NoRadio: no radio can scan.
        """
        interfaces = [
            entry
            for _, entry in await self._ask(_GET_INTERFACE, {}, dump=True)
            if {_IFINDEX, _IFNAME, _WIPHY} <= entry.keys()
        ]
        radios = [
            await self._describe(
                _Radio(
                    index=_number(interface[_IFINDEX]) or 0,
                    name=_text(interface[_IFNAME]),
                    wiphy=_number(interface[_WIPHY]) or 0,
                    ssid=interface.get(_SSID),
                    is_p2p=_number(interface.get(_IFTYPE)) == _P2P_CLIENT,
                )
            )
            for interface in interfaces
            if _number(interface.get(_IFTYPE)) in {_STATION, _P2P_CLIENT}
        ]
        if not radios:
            raise _nothing_scans(interfaces)
        obstacles = {radio.name: self._obstacle(radio) for radio in radios}
        self._radio = max(
            radios,
            key=lambda radio: (
                obstacles[radio.name] is None,
                any(band_of(frequency) == "2.4" for frequency in radio.frequencies),
                radio.name == interface,
                not radio.is_p2p,
                radio.ssid is not None,
            ),
        )
        if (obstacle := obstacles[self._radio.name]) is not None:
            raise obstacle
        self._name = self._name or self._radio.ssid or None
        self._seen.interface = self._radio.name
        self._seen.regulatory_country = await self._country()
        if not any(band_of(frequency) == "2.4" for frequency in self._radio.frequencies):
            self._seen.limits.append("this laptop's radio must not listen on 2.4 GHz at all: no network there is seen")
            self._seen.unlocked_by = CAPTURE_INSTEAD
        missing = [mhz for mhz in sorted(self._radio.forbidden) if band_of(mhz) == "2.4" and mhz != 2484]
        if missing and any(band_of(frequency) == "2.4" for frequency in self._radio.frequencies):
            channels = " and ".join(str(channel_at(mhz) or mhz) for mhz in missing)
            country = self._seen.regulatory_country or "unknown"
            self._seen.limits.append(
                f"this laptop's radio must not listen on channel {channels} (regulatory domain {country}); "
                "a network there is not seen"
            )
        if not any(band_of(frequency) == "5" for frequency in self._radio.frequencies):
            self._seen.limits.append("this laptop's radio has no 5 GHz: networks there are not seen")

    async def _describe(self, radio: _Radio) -> _Radio:
        """Add the abilities of the radio behind an interface: names per scan, frequencies."""
        request = {_WIPHY: struct.pack("=I", radio.wiphy), _SPLIT_DUMP: b""}
        allowed: dict[int, bool] = {}
        forbidden: set[int] = set()
        phy = ""
        most_ssids: int | None = None
        for _, entry in await self._ask(_GET_WIPHY, request, dump=True):
            if _number(entry.get(_WIPHY)) != radio.wiphy:
                continue
            phy = _text(entry.get(_WIPHY_NAME, b"")) or phy
            most_ssids = _number(entry.get(_MOST_SSIDS)) if _MOST_SSIDS in entry else most_ssids
            for _, band in _walk(entry.get(_BANDS, b"")):
                for _, channel in _walk(attributes_of(band).get(_BAND_FREQS, b"")):
                    about = attributes_of(channel)
                    frequency = _number(about.get(_FREQ)) or 0
                    if band_of(frequency) is None:  # such as 900 MHz
                        continue
                    if _FREQ_DISABLED in about:
                        forbidden.add(frequency)
                    else:
                        allowed[frequency] = _FREQ_NO_IR not in about
        return replace(radio, phy=phy, most_ssids=most_ssids, frequencies=allowed, forbidden=frozenset(forbidden))

    def _obstacle(self, radio: _Radio) -> NoRadio | None:
        """Why a radio cannot scan now (switched off, or down); None if it can."""
        for switch in sorted(self._sysfs.glob("class/rfkill/rfkill*")):
            where = str(switch.resolve()).split("/")
            # An rfkill switch of the laptop itself belongs to no single radio, and so applies to all.
            if _read(switch / "type") != "wlan" or ("ieee80211" in where and radio.phy not in where):
                continue
            if _read(switch / "hard") == "1":
                return NoRadio("Wi-Fi is switched off by a switch or key of this laptop", "Switch Wi-Fi on there.")
            if _read(switch / "soft") == "1":
                return NoRadio(
                    "Wi-Fi is switched off in the system's settings (rfkill)",
                    "Switch Wi-Fi on (rfkill unblock wifi).",
                )
        flags = _read(self._sysfs / "class/net" / radio.name / "flags")
        with contextlib.suppress(ValueError):
            if not int(flags, 16) & 1:
                return NoRadio(
                    f"the Wi-Fi interface {radio.name} is down",
                    f"Switch Wi-Fi on (as root: ip link set {radio.name} up).",
                )
        return None

    async def _country(self) -> str | None:
        """The regulatory domain of this radio: its own, or else the system's; None if not known."""
        for attributes in ({_WIPHY: struct.pack("=I", self._radio.wiphy)}, {}):
            with contextlib.suppress(OSError):
                for _, entry in await self._ask(_GET_REG, attributes):
                    if country := _text(entry.get(_ALPHA2, b"")):
                        return country
        return None

    async def ask_whether(self, request_scan: RequestScan) -> Wifi:
        """Find out whether this user may scan, and which BSS the laptop is joined to, without a scan.

        A scan request that names no interface is sent: the kernel checks the user's rights before it looks at the
        request (genl_rcv_msg()), and such a request starts no scan.
        """
        joined = [entry for entry in await self._dump() if entry.associated]
        await self._add_entries_in_thread(self._seen, joined, self._elapsed())
        try:
            await self._ask(_TRIGGER_SCAN, {})
        except PermissionError:
            self._seen.unlocked_by = AS_ROOT
            refusals = len(self._seen.limits)
            await self._ask_manager(request_scan, [])
            if len(self._seen.limits) == refusals:
                self._seen.triggered = True
                self._seen.limits.append("an ordinary user may not scan, but NetworkManager scans for this one")
        except OSError:  # EINVAL: the request is refused, and not the user
            self._seen.triggered = True
        return self._seen

    async def run(self, request_scan: RequestScan) -> Wifi:
        """Scan, or have NetworkManager scan, and read the kernel's table."""
        self._before = {entry.key: entry for entry in await self._dump()}
        low, high = self._plan()
        begun = self._elapsed()
        try:
            entries = await self._scan_all(low, high, begun)
        except PermissionError:
            may_scan = False
            self._seen.unlocked_by = AS_ROOT
            visits = int(await self._ask_manager(request_scan, low))
            entries = await self._dump()
            if self._seen.triggered and self._name and not self._is_heard(self._name, entries, begun):
                visits += await self._ask_manager_again(request_scan, low)
                entries = await self._dump()
                if visits and not self._is_heard(self._name, entries, begun):
                    self._seen.limits.append(unheard(self._name, visits))
            if self._seen.triggered and high and set(high).isdisjoint(self._seen.frequencies_mhz):
                self._seen.limits.append("that scan visited 2.4 GHz only: results on other bands are from before it")
        else:
            may_scan = True
        if self._seen.triggered:
            self._seen.scan_s = round(self._elapsed() - begun, 3)
        await self._add_entries_in_thread(self._seen, entries, begun)
        if not self._seen.triggered:
            ages = age_of(self._seen.bss) if self._seen.bss else "and there are none"
            what = "no scan came to its end" if may_scan else "no scan was made"
            self._seen.limits.append(f"{what}: these are the kernel's last results, {ages}")
        elif not self._seen.bss:
            self._seen.limits.append(
                f"the radio of {self._radio.name} scanned without an error and heard nothing at all"
            )
        return self._seen

    async def _scan_all(self, low: list[int], high: list[int], begun: float) -> list[_Entry]:
        """Scan all bands, 2.4 GHz first; returns the kernel's table without results from before this scan.

        Raises:
            PermissionError: this user may not scan.
        """
        has_scanned_low = whole = await self._scan(low)
        if self._on_partial and high:
            so_far_s = round(self._elapsed() - begun, 3)
            partial = structs.replace(self._seen, limits=[*self._seen.limits], bss=[], scan_s=so_far_s)
            await self._add_entries_in_thread(partial, await self._dump(), begun)
            await self._on_partial(partial)
        whole &= await self._scan(high)
        entries = await self._dump()
        visits = 1
        while has_scanned_low and visits <= MOST_REVISITS:
            # Visit a channel again before a network counts as missing: one beacon may have been lost.
            is_missing = bool(low) and self._name is not None and not self._is_heard(self._name, entries, begun)
            missed = {*self._missed(entries, begun)} if whole and visits == 1 else set()
            if not missed and not is_missing:
                break
            # A visit with probe requests may be over in 33 ms (mac80211), before a slow answer: the last one only
            # listens, for longer than the usual beacon interval of 102.4 ms.
            ended = await self._scan(
                sorted({*missed, *low} if is_missing else missed), is_repeated=True, is_passive=visits == MOST_REVISITS
            )
            whole &= ended
            has_scanned_low &= ended
            visits += ended
            entries = await self._dump()
        if silent := self._without_beacon(entries, begun):
            whole &= await self._scan(silent, is_passive=True)
            entries = await self._dump()
        if has_scanned_low and low and self._name and not self._is_heard(self._name, entries, begun):
            self._seen.limits.append(unheard(self._name, visits))
        return self._leave_out(entries, begun) if whole else entries

    def _without_beacon(self, entries: list[_Entry], begun: float) -> list[int]:
        """The frequencies on which only a probe response of the target was heard, and no beacon.

        Without a beacon it is not known whether the network hides its name.
        """
        return sorted(
            {
                entry.frequency
                for entry in entries
                if self._name in entry.names
                and entry.is_response
                and entry.beacon is None
                and self._is_fresh(entry, begun)
            }
        )

    def _is_heard(self, name: bytes, entries: list[_Entry], begun: float) -> bool:
        """Whether this scan heard the network with this name on 2.4 GHz."""
        return any(
            name in entry.names
            and band_of(entry.frequency) == "2.4"
            and (entry.associated or self._is_fresh(entry, begun))
            for entry in entries
        )

    def _plan(self) -> tuple[list[int], list[int]]:
        """The frequencies to visit, in MHz: those of 2.4 GHz, and the others."""
        frequencies = sorted(self._radio.frequencies)
        low = [frequency for frequency in frequencies if band_of(frequency) == "2.4"]
        five = [frequency for frequency in frequencies if band_of(frequency) == "5"]
        return low, five + [frequency for frequency in frequencies if frequency in PREFERRED_6GHZ]

    def _names(self, *, is_repeated: bool) -> list[bytes]:
        """The names to ask for, as many as the radio allows (none if it only listens); the empty name asks for any.

        In a repeated scan the target comes first if the radio takes one name only.
        """
        names = [b"", self._name] if self._name else [b""]
        if self._radio.most_ssids == 1 and is_repeated:
            names.reverse()
        return names[: self._radio.most_ssids]

    async def _scan(self, frequencies: list[int], *, is_repeated: bool = False, is_passive: bool = False) -> bool:
        """Make the kernel scan some frequencies (MHz), and wait for the end; True if the scan succeeded.

        A passive visit lasts for a beacon interval; a visit with probe requests is often shorter.

        Raises:
            PermissionError: this user may not scan.
        """
        if not frequencies:
            return True
        what = " and ".join(dict.fromkeys(band_name(frequency) for frequency in frequencies))
        request = {
            _IFINDEX: struct.pack("=I", self._radio.index),
            _SCAN_FREQUENCIES: _list(struct.pack("=I", frequency) for frequency in frequencies),
        }
        if not is_passive and (names := self._names(is_repeated=is_repeated)):
            request[_SCAN_SSIDS] = _list(names)
        if any(frequency > 5950 for frequency in frequencies):
            request[_SCAN_FLAGS] = struct.pack("=I", _FLAG_COLOCATED_6GHZ)
        allowed_s = SCAN_S + CHANNEL_S * len(frequencies)
        aborted = busy = False
        try:
            async with asyncio.timeout(allowed_s):
                while True:
                    busy = not await self._trigger(request)
                    if not busy:
                        ended, visited = await self._next_event(expected=set(frequencies))
                        if ended == _NEW_SCAN_RESULTS:
                            self._seen.triggered = True
                            self._visited(visited or frequencies)
                            return True
                        if aborted:
                            break
                        aborted = True
                    else:
                        await self._next_event()
        except TimeoutError:
            self._seen.limits.append(
                f"the radio was busy for {allowed_s:.0f} s, so {what} was not scanned: try again in a minute"
                if busy
                else f"the scan of {what} did not end within {allowed_s:.0f} s: there may be networks it did not hear"
            )
            return False
        except PermissionError:
            raise
        except OSError as problem:
            self._seen.limits.append(f"the kernel refused to scan {what}: {_refusal(problem)}")
            return False
        self._seen.limits.append(
            f"the scan of {what} was aborted twice, by the driver or by another program that needs the radio"
        )
        return False

    async def _trigger(self, request: Attributes) -> bool:
        """Start a scan; False if another program's scan is under way."""
        try:
            await self._ask(_TRIGGER_SCAN, request)
        except OSError as problem:
            if problem.errno == errno.EBUSY:
                return False
            raise
        return True

    async def _next_event(self, expected: set[int] | None = None) -> tuple[int, set[int]]:
        """Wait for the end of a scan by this radio: how it ended, and which frequencies it visited.

        `expected`: the frequencies that this run's own scan visits. The end of a scan is skipped if most of its
        frequencies are others: it was another program's earlier scan. None: the end of any scan counts.
        """
        while True:
            command, attributes = await self._kernel.event()
            self._on_asked("event", _COMMANDS.get(command, str(command)))
            mine = _number(attributes.get(_IFINDEX)) in {self._radio.index, None}
            if mine and command in {_NEW_SCAN_RESULTS, _SCAN_ABORTED}:
                visited = {_number(value) or 0 for _, value in _walk(attributes.get(_SCAN_FREQUENCIES, b""))}
                if expected is None or len(visited - expected) <= len(visited) / 2:
                    return command, visited

    def _visited(self, frequencies: Iterable[int]) -> None:
        """Note frequencies that a scan has visited."""
        self._seen.frequencies_mhz = sorted({*self._seen.frequencies_mhz, *frequencies} - {0})

    async def _ask_manager(self, request_scan: RequestScan, low: list[int]) -> bool:
        """Request a scan from NetworkManager; True if it visited all of 2.4 GHz, else `limits` says why not."""
        try:
            await self._scan_by_manager(request_scan, low)
        except SourceUnavailable as refusal:
            self._seen.limits.append(f"an ordinary user may not scan, and {refusal.reason}")
            if refusal.unlocked_by:
                self._seen.unlocked_by = refusal.unlocked_by
        except TimeoutError:
            self._seen.limits.append(
                f"NetworkManager was asked for a scan; within {ASKED_SCAN_S:.0f} s the radio had not "
                + ("visited all of 2.4 GHz" if self._seen.triggered else "finished one")
            )
        else:
            return True
        return False

    async def _ask_manager_again(self, request_scan: RequestScan, low: list[int]) -> bool:
        """Request one more scan of 2.4 GHz, where the network was not heard; True if it visited all of it."""
        try:
            await self._scan_by_manager(request_scan, low)
        except (SourceUnavailable, TimeoutError):  # the first scan counts as it is
            return False
        return True

    async def _scan_by_manager(self, request_scan: RequestScan, low: list[int]) -> None:
        """Request a scan, and wait until all of 2.4 GHz has been visited.

        Raises:
            SourceUnavailable: NetworkManager refuses.
            TimeoutError: not all of 2.4 GHz was visited within ASKED_SCAN_S.
        """
        everywhere: set[int] = set()
        async with asyncio.timeout(ASKED_SCAN_S):
            await request_scan(self._radio.name, [self._name] if self._name else [])
            while not everywhere >= set(low):
                ended, visited = await self._next_event()
                if ended == _NEW_SCAN_RESULTS:
                    self._seen.triggered = True
                    everywhere |= visited
                    self._visited(visited)

    async def _dump(self) -> list[_Entry]:
        """Read the kernel's table of BSSs."""
        request = {_IFINDEX: struct.pack("=I", self._radio.index)}
        entries = []
        for _, attributes in await self._ask(_GET_SCAN, request, dump=True):
            if (entry := _entry(attributes_of(attributes.get(_BSS, b"")))) is not None:
                entries.append(entry)
        return entries

    def _missed(self, entries: list[_Entry], begun: float) -> list[int]:
        """The frequencies on which BSSs were heard shortly before this scan, but not by it."""
        heard = {entry.place for entry in entries if self._is_fresh(entry, begun)}
        return sorted(
            {
                entry.frequency
                for entry in self._before.values()
                if entry.place not in heard
                and entry.frequency in self._radio.frequencies
                and entry.age_s is not None
                and entry.age_s < REMEMBERED_S
            }
        )

    def _leave_out(self, entries: list[_Entry], begun: float) -> list[_Entry]:
        """Leave out entries that this scan did not hear.

        The entry with the name of a hidden network stays as long as its beacons, without the name, are still heard.
        """
        fresh = [entry.associated or self._is_fresh(entry, begun) for entry in entries]
        nameless = {
            entry.place for entry, is_fresh in zip(entries, fresh, strict=True) if is_fresh and not entry.key[-1]
        }
        heard = [entry for entry, is_fresh in zip(entries, fresh, strict=True) if is_fresh or entry.place in nameless]
        if silent := len(entries) - len(heard):
            self._seen.limits.append(
                f"Left out, because not heard on two visits: {silent} of the results from before this scan"
            )
        return heard

    def _is_fresh(self, entry: _Entry, begun: float) -> bool:
        """Whether the entry was heard since `begun`."""
        return entry.age_s is not None and entry.age_s <= self._elapsed() - begun

    async def _add_entries_in_thread(self, seen: Wifi, entries: list[_Entry], begun: float) -> None:
        """Add the kernel's entries to an observation, in a thread: there may be thousands."""
        await in_thread(lambda: self._add_entries(seen, entries, begun), DECODE_S)

    def _add_entries(self, seen: Wifi, entries: list[_Entry], begun: float) -> None:
        """Add the kernel's entries to an observation."""
        if len(entries) > MOST_BSSS:
            seen.left_out = f"{len(entries)} access points are in range, and the {MOST_BSSS} strongest are kept"
            seen.limits.append(seen.left_out)
            entries = sorted(entries, key=lambda entry: strength(entry.signal_dbm), reverse=True)[:MOST_BSSS]
        unsound = 0
        for entry in entries:
            fresh = seen.triggered and self._is_fresh(entry, begun)
            try:
                bss = decode(entry, self._before.get(entry.key) if fresh else None)
            except ValueError:
                unsound += 1
                continue
            except Exception as fault:  # noqa: BLE001 - a fault in one access point must not lose the others
                lost(fault)
                unsound += 1
                continue
            if bss.hidden is None and bss.ssid and self._name not in entry.names:
                # It answered a wildcard probe request; an access point that hides its name does not do that.
                bss = structs.replace(bss, hidden=False)
            seen.bss.append(bss)
            if entry.associated:
                seen.associated_ssid = ssid_text(self._radio.ssid or b"") or bss.ssid or None
                seen.associated_bssid = entry.bssid
                seen.associated_frequency_mhz = entry.frequency
        seen.bss = without_twins(seen.bss)
        if unsound:
            seen.limits.append(left_out(unsound))


def _entry(about: Attributes) -> _Entry | None:
    """Decode the attributes of a BSS; None if the kernel gave no BSSID or frequency."""
    bssid, frequency = about.get(_BSSID, b""), _number(about.get(_FREQUENCY))
    if len(bssid) != 6 or not frequency:
        return None
    signal = about.get(_SIGNAL_MBM, b"")
    milliseconds = _number(about.get(_SEEN_MS))
    return _Entry(
        bssid=bssid.hex(":"),
        frequency=frequency,
        signal_dbm=struct.unpack("=i", signal)[0] / 100 if len(signal) == 4 else None,
        age_s=None if milliseconds is None else milliseconds / 1000,
        interval=_number(about.get(_INTERVAL)),
        capability=_number(about.get(_CAPABILITY)),
        associated=_number(about.get(_STATUS)) == _ASSOCIATED,
        elements=about.get(_ELEMENTS, b""),
        is_response=_IS_RESPONSE in about,
        tsf=_number(about.get(_TSF)),
        beacon=about.get(_BEACON_ELEMENTS),
        beacon_tsf=_number(about.get(_BEACON_TSF)),
    )


def decode(entry: _Entry, before: _Entry | None = None) -> Bss:
    """Decode a BSS from its last beacon or probe response.

    The kernel keeps the last beacon and the last response, however old. The beacon is used, because every station hears
    it, unless the response is clearly newer: since `before` (the entry before the scan) only the response has changed,
    or its time stamp is later by more than one visit to the channel. A name that the beacon hides is taken from the
    response.

    Raises:
        ValueError: the elements describe no network that a device could join.
    """
    return of_both(
        entry.beacon if entry.is_response or entry.beacon is not None else entry.elements,
        entry.elements if entry.is_response else None,
        prefer_response=_response_is_newer(entry, before),
        bssid=entry.bssid,
        frequency_mhz=entry.frequency,
        signal_dbm=entry.signal_dbm,
        age_s=entry.age_s,
        beacon_interval_tu=entry.interval,
        capability=entry.capability,
        answers_probes=True if entry.is_response else None,
    )


def _response_is_newer(entry: _Entry, before: _Entry | None) -> bool:
    """Whether the probe response is clearly newer than the beacon, see `decode`."""
    if before is not None:
        changed = before.tsf != entry.tsf, before.beacon_tsf != entry.beacon_tsf
        if changed[0] != changed[1]:
            return changed[0]
    if entry.tsf is None or entry.beacon_tsf is None:
        return False
    return entry.tsf - entry.beacon_tsf > SAME_VISIT_US


def _nothing_scans(interfaces: list[Attributes]) -> NoRadio:
    """The error that says why none of these interfaces can scan."""
    modes = {_text(interface[_IFNAME]): _MODES.get(_number(interface.get(_IFTYPE)) or 0) for interface in interfaces}
    if not any(modes.values()):
        return NoRadio("this laptop has no Wi-Fi interface that could scan", CAPTURE_INSTEAD)
    others = ", ".join(f"{name}: {mode}" for name, mode in modes.items() if mode)
    step = "Switch this laptop's hotspot off." if "access point" in modes.values() else CAPTURE_INSTEAD
    return NoRadio(f"this laptop has no Wi-Fi interface that could scan now ({others})", step)


def _refusal(problem: OSError) -> str:
    """The kernel's refusal to scan, in words."""
    return {
        errno.ENETDOWN: "the interface is down",
        errno.ERFKILL: "Wi-Fi is switched off (rfkill)",
        errno.EOPNOTSUPP: "this interface cannot scan in its present mode",
        errno.ENODEV: "the radio has gone",
    }.get(problem.errno or 0, problem.strerror or str(problem))


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="backslashreplace")


def _read(path: Path) -> str:
    """The text in a small file of sysfs; empty: it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""

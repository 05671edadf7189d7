"""What is on the air, from a capture file: pcap or pcapng, with radiotap or bare 802.11 frames.

Beacons and probe responses become one BSS per BSSID, band and name, with its best signal and its latest elements; a
hidden name is taken from a probe response. The file may be hostile, and larger than the memory: it is read once from
front to end, and only the BSSs are kept, within limits. `FrameCollector` also accepts single frames, from a radio in
monitor mode.
"""

import math
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from msgspec import structs

from netpreflight.probes.input_file import open_file
from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import LONGEST_SSID, MOST_BSSS, Band, Bss, Wifi, band_of, strength
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.wifi.budget import Budget
from netpreflight.probes.wifi.elements import (
    MOST_ANNOUNCED,
    MOST_OCTETS,
    announced,
    bss,
    channel_at,
    outline,
    ssid_text,
    with_others,
)
from netpreflight.probes.wifi.source import NAME_FROM_RESPONSE

MOST_FILE_OCTETS = 4 << 30
MOST_FRAME_OCTETS = 256 << 10
"""The largest snapshot length in use (libpcap's MAXIMUM_SNAPLEN): a file with a longer record is damaged."""
MOST_BAD_RECORDS = 10_000
"""If this many records in a row have no frame, the file is damaged."""
MOST_INTERFACES = 1024
"""The most interfaces that a section of a pcapng file may describe."""
ENOUGH_PROBE_REQUESTS = 3
"""This many unanswered probe requests show that a BSS does not answer; a single one may have been lost."""

RADIOTAP, BARE, PRISM, AVS, PPI = 127, 105, 119, 163, 192
_LINKS = {RADIOTAP, BARE, PRISM, AVS, PPI}
_LINK_NAMES = {0: "BSD loopback", 1: "Ethernet", 101: "raw IP", 113: "Linux cooked", 276: "Linux cooked v2"}

_CHUNK = 1 << 20
_PCAP = {
    # Magic number, as the file's first four octets: byte order, and the unit of the fraction of a second.
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
}
_FIELDS = (
    # Radiotap's fields by bit: alignment and size (radiotap.org; Linux net/wireless/radiotap.c).
    *((8, 8), (1, 1), (1, 1), (2, 4), (2, 2), (1, 1), (1, 1), (2, 2), (2, 2), (2, 2), (1, 1), (1, 1), (1, 1), (1, 1)),
    *((2, 2), (2, 2), (1, 1), (1, 1), (4, 8), (1, 3), (4, 8), (2, 12), (8, 12), (2, 12), (2, 12), (2, 6), (1, 1)),
    (2, 4),
)
_FLAGS, _CHANNEL, _SIGNAL, _XCHANNEL = 1, 3, 5, 18
_MOST_PLANS = 256
"""At most the layouts of this many kinds of radiotap headers are kept; then all are dropped and worked out again."""
_FCS_AT_END, _BAD_FCS = 0x10, 0x40
_BEACON, _PROBE_RESPONSE, _PROBE_REQUEST = 0x80, 0x50, 0x40
_MOST_FREQUENCIES = 1024
_MOST_PROBE_REQUESTS = 1024
"""The most kinds of probe requests (frequency and SSID) that are counted."""
_MOST_NAMES = 4
"""At most this many names of one BSSID are quoted."""
_BROADCAST = b"\xff" * 6
_FCS = 4


class Record(NamedTuple):
    """A frame with what the capture file says about it."""

    buffer: bytes
    """Holds the frame from `start` to `end`."""
    start: int
    end: int
    octets_on_air: int
    """The length of the whole frame, of which the capture may have kept only a part."""
    seconds: float | None
    """Since 1970."""
    link_type: int
    fcs_octets: int | None
    """The length of the frame check sequence; None: the file does not say."""


class _RadiotapPlan(NamedTuple):
    """The offsets of three fields in a radiotap header (0: absent), and the shortest header that holds them."""

    flags: int
    channel: int
    signal: int
    needed: int


def read_capture(path: Path) -> Wifi:
    """Read a capture file.

    Raises:
        ValueError: the file is no capture of 802.11 frames; the message has the reason in one line.
    """
    return read_opened(open_capture(path))


def open_capture(path: Path) -> BinaryIO:
    """Open a capture file for `read_opened`; reads nothing of it.

    Raises:
        ValueError: the file cannot be read; the message has the reason in one line.
    """
    try:
        return open_file(path, _CHUNK)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error


def read_opened(capture: BinaryIO) -> Wifi:
    """Read an open capture file, and close it; see `read_capture`."""
    try:
        with capture:
            file = CaptureFile(capture, os.fstat(capture.fileno()).st_size)
            air = FrameCollector()
            for record in file.records():
                air.frame(record)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if file.unread_link_types and not air.frames:
        names = ", ".join(_LINK_NAMES.get(link, f"link type {link}") for link in sorted(file.unread_link_types)[:3])
        raise ValueError(f"it holds {names} frames, not 802.11: capture in monitor mode")
    seen = air.wifi("capture")
    seen.left_out = file.unread or seen.left_out
    seen.limits = [*file.limits, *seen.limits]
    return seen


class _Announced(NamedTuple):
    """What a beacon or probe response says about its BSS."""

    name: bytes
    elements: bytes | None
    """None: dropped, because the BSS is decoded from its frame of the other kind (beacon or probe response)."""
    digest: int
    """The hash of the elements, to see whether the next frame has the same ones."""
    fixed: bytes
    """The beacon interval and the capability field."""
    is_complete: bool
    """Whether no element was cut off."""


_Key = tuple[bytes, Band | None, bytes]
"""A BSSID, a band, and the SSID if that BSSID announced another SSID on that band before (otherwise empty)."""


class FrameCollector:
    """Collects the BSSs that frames announce, and counts the frames that could not be used."""

    def __init__(self) -> None:
        self.frames = 0
        """The number of frames of any kind."""
        self._heard: dict[_Key, _Heard] = {}
        self._plans: dict[bytes, _RadiotapPlan] = {}
        self._listened: dict[int, None] = {}
        """The frequencies to which the radio was tuned (radiotap); a beacon may come from a neighbouring channel."""
        self._probe_requests: dict[tuple[int | None, bytes], int] = {}
        """How many broadcast probe requests were heard, by frequency and the SSID asked for (empty: any)."""
        self._end: float | None = None
        """The time of the latest frame."""
        self._has_frequency = self._has_signal = False
        self._malformed = self._bad_fcs = self._nameless = self._adhoc = self._cut = self._left_out = 0

    def frame(self, record: Record) -> None:
        """Take off the link header, note frequency and time, and read beacons, probe responses and probe requests.

        Frames that are malformed, or have a bad FCS, are counted and dropped.
        """
        try:
            self._read(record)
        except Exception as fault:  # noqa: BLE001 - a fault in one frame must not lose the others
            lost(fault)
            self._malformed += 1

    def _read(self, record: Record) -> None:
        """Read one frame, as `frame` says; any error means that it is malformed."""
        buffer, start, end, octets_on_air, seconds, link, fcs = record
        self.frames += 1
        cut_off = octets_on_air - (end - start)
        frequency: int | None = None
        signal: int | None = None
        if link == RADIOTAP:
            length = buffer[start + 2] | buffer[start + 3] << 8 if end - start >= 8 else 0
            if length < 8 or start + length > end or buffer[start]:  # its first octet is the version, 0
                self._malformed += 1
                return
            flags, frequency, signal = self._radiotap(buffer, start, length)
            start += length
            if flags is not None:
                if flags & _BAD_FCS:
                    self._bad_fcs += 1
                    return
                fcs = _FCS if flags & _FCS_AT_END else 0
        elif link != BARE:
            start += _header(buffer, start, end, link)
        if frequency is not None:
            self._has_frequency = True
            if frequency not in self._listened and len(self._listened) < _MOST_FREQUENCIES:
                self._listened[frequency] = None
        if seconds is not None and (self._end is None or seconds > self._end):
            self._end = seconds
        if end - start < 24:
            self._malformed += end - start < 10  # the shortest frame, an acknowledgement without its FCS
            return
        control = buffer[start]
        if control in (_BEACON, _PROBE_RESPONSE):
            self._announcement(buffer, start, end, cut_off, fcs, (frequency, signal, seconds))
        elif control == _PROBE_REQUEST:
            self._request(buffer, start, end, frequency)

    def wifi(self, source: str) -> Wifi:
        """The observation made from all frames so far."""
        names: dict[tuple[bytes, Band | None], list[str]] = {}
        for (bssid, band, _), heard in self._heard.items():
            names.setdefault((bssid, band), []).extend(map(ssid_text, heard.names))
        budget, made, others = Budget(), dict[_Key, Bss](), list[Bss]()
        for key, heard in sorted(self._heard.items(), key=lambda item: -strength(item[1].signal)):
            try:
                decoded = self._bss(key[0], heard, names[key[:2]])
            except ValueError:
                self._nameless += 1
                continue
            except Exception as fault:  # noqa: BLE001 - a fault in one BSS must not lose the others
                lost(fault)
                self._malformed += 1
                continue
            if len(others) < MOST_ANNOUNCED:
                others += map(budget.kept, announced(decoded))
            made[key] = budget.kept(decoded)
        sent = [made[key] for key in self._heard if key in made]
        found = with_others(sent, others)
        heard_on = sorted(frequency for frequency in self._listened if channel_at(frequency))
        surplus = f"more was heard than the {MOST_BSSS} BSSs that are kept" if self._left_out else None
        limits = [*self._limits(len(found) - len(sent)), *budget.limits]
        return Wifi(source=source, bss=found, frequencies_mhz=heard_on, left_out=surplus, limits=limits)

    def _radiotap(self, buffer: bytes, start: int, length: int) -> tuple[int | None, int | None, int | None]:
        """Flags, frequency (MHz) and signal (dBm) of a complete radiotap header; None for each that is missing."""
        key = buffer[start + 4 : start + 8]
        if key[3] & 0x80:
            at = start + 8
            while at + 4 <= start + length and buffer[at - 1] & 0x80:
                at += 4
            key = buffer[start + 4 : at]
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[key] = _plan(key)
        at_flags, at_channel, at_signal, needed = plan
        if needed > length:
            return None, None, None
        flags = buffer[start + at_flags] if at_flags else None
        frequency = signal = None
        if at_channel:
            at_channel += start
            frequency = buffer[at_channel] | buffer[at_channel + 1] << 8
        if at_signal:
            signal = buffer[start + at_signal] - 256
            if signal < -127:  # 0 dBm or more, or -128: the driver does not know the level
                signal = None
            else:
                self._has_signal = True
        return flags, frequency or None, signal

    def _announcement(
        self,
        buffer: bytes,
        start: int,
        end: int,
        missing: int,
        fcs: int | None,
        reception: tuple[int | None, int | None, float | None],
    ) -> None:
        """Process a beacon or probe response.

        `missing` is how many octets the capture has cut off; `reception` is frequency, signal and time.
        """
        fcs_octets = fcs or 0
        if fcs_octets > missing:
            end -= fcs_octets - max(missing, 0)
            missing = 0
        else:
            missing -= fcs_octets
        flags = buffer[start + 1]
        body = start + (28 if flags & 0x80 else 24)  # the header, with or without HT Control
        bssid = buffer[start + 16 : start + 22]
        if end - body < 12 or bssid[0] & 0x01 or bssid == b"\0\0\0\0\0\0":
            self._malformed += 1
            return
        if flags & 0x44 or buffer[start + 22] & 0x0F:  # protected, or a fragment
            return
        fixed, elements = buffer[body + 8 : body + 12], buffer[body + 12 : end]
        is_response = buffer[start] == _PROBE_RESPONSE
        key: _Key = bssid, band_of(reception[0]), b""
        heard = self._heard.get(key)
        if (
            heard is None
            or (last := heard.last[is_response]) is None
            or last.fixed != fixed
            or last.digest != hash(elements)
        ):
            # Some radios' headers do not mention the FCS although it is there, and it may look like an element.
            if not fcs_octets and missing <= 0 and _ends_with_fcs(buffer, start, end):
                elements = elements[:-_FCS]
            name, is_complete = outline(elements)
            if name is None or len(name) > LONGEST_SSID:
                self._nameless += 1
                return
            if not fixed[2] & 0x01:
                self._adhoc += 1
                return
            if heard is not None and any(name) and heard.names and name not in heard.names:
                key = *key[:2], name
                heard = self._heard.get(key)
            is_complete = is_complete and missing <= 0 and len(elements) <= MOST_OCTETS
            elements = elements[:MOST_OCTETS]
            heard = self._keep(key, heard, is_response, _Announced(name, elements, hash(elements), fixed, is_complete))
            if heard is None:
                return
        heard.update(*reception)

    def _keep(
        self,
        key: _Key,
        heard: "_Heard | None",
        is_response: int,
        announced: _Announced,
    ) -> "_Heard | None":
        """Keep the latest frame of a BSS; a cut frame never replaces a complete one. None: no room for another BSS."""
        last = heard.last[is_response] if heard else None
        self._cut += not announced.is_complete
        if heard is None:
            if len(self._heard) >= MOST_BSSS:
                self._left_out += 1
                return None
            heard = self._heard[key] = _Heard()
        if last is None or announced.is_complete or not last.is_complete:
            heard.last[is_response] = announced
            heard.keep_best()
            if any(announced.name) and announced.name not in heard.names:
                heard.names.append(announced.name)
        return heard

    def _request(self, buffer: bytes, start: int, end: int, frequency: int | None) -> None:
        """Count a broadcast probe request under the frequency on which it was heard, and the name that it asks for."""
        # IEEE 802.11-2020, 9.3.3.9: after the header of 24 octets comes the SSID element (identifier 0, length, name).
        if buffer[start + 4 : start + 10] != _BROADCAST or end - start < 26 or buffer[start + 24]:
            return
        name_end = start + 26 + buffer[start + 25]
        name = buffer[start + 26 : name_end]
        if (
            name_end <= end
            and len(name) <= LONGEST_SSID
            and (len(self._probe_requests) < _MOST_PROBE_REQUESTS or (frequency, name) in self._probe_requests)
        ):
            self._probe_requests[frequency, name] = self._probe_requests.get((frequency, name), 0) + 1

    def _bss(self, bssid: bytes, heard: "_Heard", names: list[str]) -> Bss:
        """Decode a BSS from the frame that represents it (`_Heard.best`).

        `names`: every SSID that this BSSID announced on this band.

        Raises:
            ValueError: the frame describes no network that a device could join.
        """
        beacon, response = heard.last
        _, elements, _, fixed, is_complete = heard.best
        assert elements is not None, "those of the best frame are kept"
        described = [
            bss(
                elements,
                bssid=bssid.hex(":"),
                frequency_mhz=frequency,
                signal_dbm=heard.signal,
                age_s=None if self._end is None or heard.at is None else round(max(0.0, self._end - heard.at), 3),
                beacon_interval_tu=int.from_bytes(fixed[:2], "little"),
                capability=int.from_bytes(fixed[2:], "little"),
                answers_probes=self._answers(heard),
                hidden=not any(beacon.name) if beacon else None,
                nontransmitted=False,  # it has sent a frame of its own
                complete=is_complete,
            )
            for frequency in heard.frequencies()
        ]
        # If the BSS was heard on several channels, choose the channel that its own elements name.
        candidate = min(described, key=lambda heard_as: len(heard_as.contradictions))
        notes = list(candidate.contradictions)
        if candidate.ssid == "" and response and any(response.name):
            candidate = structs.replace(candidate, ssid=ssid_text(response.name), ssid_hex=response.name.hex())
            notes.append(NAME_FROM_RESPONSE)
        if len(names) > 1:
            several = ", ".join(map(in_quotes, names[:_MOST_NAMES]))
            notes.append(f"This BSSID gave several names on this band ({several}): each is listed")
        return structs.replace(candidate, contradictions=notes)

    def _answers(self, heard: "_Heard") -> bool | None:
        """Whether the BSS answers probe requests; None if too few were seen to tell."""
        _, response = heard.last
        if response:
            return True
        requests = sum(
            self._probe_requests.get((frequency, name), 0)
            for frequency in heard.frequencies()
            for name in (b"", *heard.names)
        )
        return False if requests >= ENOUGH_PROBE_REQUESTS and heard.names else None

    def _limits(self, nontransmitted: int) -> list[str]:
        """Sentences about what the frames cannot show, and about frames that could not be used."""
        limits = []
        if self._has_frequency:
            bands: dict[str, list[int]] = {}
            for frequency in sorted(self._listened):
                if (band := band_of(frequency)) and (channel := channel_at(frequency)):
                    bands.setdefault(band, []).append(channel)
            bands_listened = " and ".join(
                f"{band} GHz (channels: {_channel_list(channels)})" for band, channels in bands.items()
            )
            limits.append(f"The radio listened on {bands_listened or 'no known channel'} only")
        else:
            limits.append("The frames do not say on which channel they were heard")
        if not self._has_signal:
            limits.append("The frames do not say how strong the signal was")
        if not self._heard:
            limits.append(f"There is no beacon and no probe response of a network among {self.frames} frames")
        for count, what in (
            (self._malformed, "malformed frames"),
            (self._bad_fcs, "frames that were received with errors"),
            (self._nameless, "beacons or probe responses without a valid SSID element, which belong to no network"),
            (self._adhoc, "beacons or probe responses of ad-hoc or mesh networks"),
        ):
            if count:
                limits.append(f"Left out: {count} {what}")
        if self._cut:
            limits.append(f"{_packets(self._cut)} cut short: some elements are missing")
        if nontransmitted:
            limits.append(
                f"BSSs that send no beacon, but are announced in a Multiple BSSID element (9.4.2.45): {nontransmitted}"
            )
        if self._left_out:
            limits.append(f"{_packets(self._left_out)} left out: more than {MOST_BSSS} BSSs")
        return limits


def _packets(number: int) -> str:
    """The start of a sentence about this many beacons or probe responses, with its verb."""
    return "1 beacon or probe response was" if number == 1 else f"{number} beacons or probe responses were"


class _Heard:
    """What was heard of one BSS (one `_Key`)."""

    __slots__ = ("_best", "at", "last", "names", "signal")

    def __init__(self) -> None:
        self.last: list[_Announced | None] = [None, None]
        """The latest beacon and the latest probe response."""
        self.names: list[bytes] = []
        self.signal: int | None = None
        self.at: float | None = None
        """When it was last heard, in seconds since 1970."""
        self._best: dict[int | None, int] = {}
        """The strongest level in dBm on each frequency."""

    @property
    def best(self) -> _Announced:
        """The frame to decode: the beacon; the probe response if there is no beacon or only the response is whole."""
        beacon, response = self.last
        best = response if response and (not beacon or response.is_complete > beacon.is_complete) else beacon
        assert best is not None, "a BSS is kept only with a frame that announced it"
        return best

    def keep_best(self) -> None:
        """Drop the elements of the frame that `best` does not choose: up to 4 kB for each of thousands of BSSs.

        They are not needed again, because a complete frame stays the best one.
        """
        best = self.best
        self.last = [last if last is None or last is best else last._replace(elements=None) for last in self.last]

    def update(self, frequency: int | None, signal: int | None, seconds: float | None) -> None:
        """Keep the strongest signal, overall and for each of at most 8 frequencies (MHz), and the latest time.

        Levels are in dBm. A frame without a level counts as -128, so that its frequency is kept.
        """
        level = -128 if signal is None else signal
        if level > self._best.get(frequency, -129) and (len(self._best) < 8 or frequency in self._best):
            self._best[frequency] = level
        if signal is not None and (self.signal is None or signal > self.signal):
            self.signal = signal
        if seconds is not None and (self.at is None or seconds > self.at):
            self.at = seconds

    def frequencies(self) -> list[int | None]:
        """The frequencies on which the BSS was heard, strongest first; None: the frame did not tell one."""
        return sorted(self._best, key=lambda frequency: -self._best[frequency])


class CaptureFile:
    """A capture file's records, read once from front to end."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.limits: list[str] = []
        self.unread: str | None = None
        """Why a part of the file was not read; None: all of it was."""
        self.unread_link_types: set[int] = set()
        """The link types in the file that have no 802.11 frames."""
        self._stream = stream
        self._left = min(size, MOST_FILE_OCTETS)
        if size > self._left:
            self.unread = f"only the first {MOST_FILE_OCTETS >> 30} GiB of the file were read"
            self.limits.append(f"O{self.unread[1:]}")
        self._buffer = b""
        self._at = 0

    def records(self) -> Iterator[Record]:
        """Every record with an 802.11 frame, up to the first damage in the file."""
        self._need(32)
        magic = self._buffer[:4]
        if magic == _SECTION:
            return self._pcapng()
        if magic not in _PCAP:
            for prefix, name in _PACKED.items():
                if magic.startswith(prefix[:4]):
                    raise ValueError(f"it is compressed ({name}): unpack it first")
            start = f"it begins with {magic.hex(' ')}" if magic else "it is empty"
            raise ValueError(f"it is not a pcap or pcapng capture ({start})")
        if len(self._buffer) < 24:
            raise ValueError("it ends within the header of a pcap capture")
        return self._pcap(*_PCAP[magic])

    def _need(self, octets: int) -> bool:
        """Read on until this many octets are in the buffer; False if the file ends before that."""
        available = len(self._buffer) - self._at
        if available < octets and self._left:
            chunk = self._stream.read(min(max(_CHUNK, octets - available), self._left))
            self._left = self._left - len(chunk) if chunk else 0
            self._buffer = self._buffer[self._at :] + chunk
            self._at = 0
            available = len(self._buffer)
        return available >= octets

    def _pcap(self, order: str, unit: float) -> Iterator[Record]:
        """Every record of a pcap file; `order` is its byte order, `unit` the unit of the fraction of a second."""
        link = int(struct.unpack_from(order + "I", self._buffer, 20)[0])
        # The field's upper half may give the length of the frame check sequence (draft-ietf-opsawg-pcap, LinkType).
        fcs = (link >> 28) * 2 if link & 0x0400_0000 else None
        link &= 0xFFFF
        if link not in _LINKS:
            self.unread_link_types.add(link)
            return
        head = struct.Struct(order + "IIII")
        self._at = 24
        records_without_frame = 0
        while True:
            if len(self._buffer) - self._at < 16 and not self._need(16):
                return self._end()
            seconds, fraction, size, octets_on_air = head.unpack_from(self._buffer, self._at)
            # A hostile or damaged file may go on for ever with records that have no frame.
            if size > MOST_FRAME_OCTETS or records_without_frame > MOST_BAD_RECORDS:
                return self._damaged()
            if len(self._buffer) - self._at < 16 + size and not self._need(16 + size):
                return self._end()
            start = self._at + 16
            self._at = start + size
            records_without_frame = 0 if size else records_without_frame + 1
            yield Record(self._buffer, start, start + size, octets_on_air, seconds + fraction * unit, link, fcs)

    def _pcapng(self) -> Iterator[Record]:
        """Every packet of a pcapng file."""
        order = "<"
        block = struct.Struct("<II")
        interfaces: list[_Interface] = []
        records_without_frame = 0
        while self._need(12):
            if self._buffer[self._at : self._at + 4] == _SECTION:
                order = "<" if self._buffer[self._at + 8] == 0x4D else ">"
                block = struct.Struct(order + "II")
                interfaces = []
            kind, length = block.unpack_from(self._buffer, self._at)
            if length < 12 or length % 4 or records_without_frame > MOST_BAD_RECORDS:
                return self._damaged()
            if kind in {1, 2, 3, 6} and length > MOST_FRAME_OCTETS + _CHUNK:
                return self._damaged()
            records_without_frame += 1
            if kind not in {1, 2, 3, 6}:
                if not self._skip(length):
                    return self._end(cut=True)
                continue
            if len(interfaces) > MOST_INTERFACES:
                return self._damaged()
            if not self._need(length):
                return self._end()
            at = self._at
            self._at += length
            if kind == 1:
                interfaces.append(_Interface(self._buffer[at : at + length], order))
            elif (record := _packet(self._buffer, at, length, kind, order, interfaces)) is not None:
                if record.link_type in _LINKS:
                    if record.end > record.start:
                        records_without_frame = 0
                    yield record
                else:
                    records_without_frame = 0
                    self.unread_link_types.add(record.link_type)
        return self._end()

    def _skip(self, octets: int) -> bool:
        """Skip this many octets; False if the file ends before that."""
        while octets:
            here = min(octets, len(self._buffer) - self._at)
            self._at += here
            octets -= here
            if octets and not self._need(1):
                return False
        return True

    def _end(self, *, cut: bool = False) -> None:
        """Note that the file was cut short, if it ends within a record (`cut`: it certainly does)."""
        if (cut or len(self._buffer) > self._at) and not self.limits:
            self.unread = "the file ends within a record"
            self.limits.append("The file ends within a record: it was cut short")

    def _damaged(self) -> None:
        """Note that the file is damaged and that the rest of it was not read."""
        self.unread = "the file is damaged, and what follows the damage was not read"
        self.limits.append("The file is damaged: what follows the damage was not read")


class _Interface:
    """An Interface Description Block (pcapng): the link type and the unit and offset of its times."""

    def __init__(self, block: bytes, order: str) -> None:
        self.link, _, self.snap = struct.unpack_from(order + "HHI", block, 8) if len(block) >= 20 else (-1, 0, 0)
        self.unit, self.offset, self.fcs = 1e-6, 0, None
        at = 16
        while at + 8 <= len(block):
            code, length = struct.unpack_from(order + "HH", block, at)
            value = block[at + 4 : min(at + 4 + length, len(block) - 4)]
            at += 4 + length + -length % 4
            if code == 9 and len(value) == 1:
                self.unit = 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]
            elif code == 13 and len(value) == 1:
                self.fcs = value[0]
            elif code == 14 and len(value) == 8:
                self.offset = struct.unpack(order + "q", value)[0]
            elif code == 0:
                break


def _packet(buffer: bytes, at: int, length: int, kind: int, order: str, interfaces: list[_Interface]) -> Record | None:
    """The frame in an Enhanced (6), Simple (3) or obsolete (2) Packet Block; None if it has no valid one."""
    head = {6: 32, 2: 32, 3: 16}[kind]
    if length < head:
        return None
    number, high, low = 0, 0, 0
    if kind == 3:
        octets_on_air = struct.unpack_from(order + "I", buffer, at + 8)[0]
        size = min(octets_on_air, length - 16)
    elif kind == 6:
        number, high, low, size, octets_on_air = struct.unpack_from(order + "IIIII", buffer, at + 8)
    else:
        number, _, high, low, size, octets_on_air = struct.unpack_from(order + "HHIIII", buffer, at + 8)
    if number >= len(interfaces) or size > min(length - head, MOST_FRAME_OCTETS):
        return None
    interface = interfaces[number]
    if kind == 3 and interface.snap:
        size = min(size, interface.snap)
    seconds = None if kind == 3 else (high << 32 | low) * interface.unit + interface.offset
    start = at + head - 4
    return Record(buffer, start, start + size, octets_on_air, seconds, interface.link, interface.fcs)


def _plan(present: bytes) -> _RadiotapPlan:
    """Where flags, channel and signal are in a radiotap header with these presence bitmaps.

    Fields follow each other in the order of their bits, each aligned to its own size. A further bitmap counts only if
    the bitmap before announces it as radiotap's own; fields after those of a vendor cannot be located.
    """
    words = [int.from_bytes(present[at : at + 4], "little") for at in range(0, len(present), 4)]
    offsets: dict[int, int] = {}
    at = 4 + len(present)
    for word in words:
        for bit, (alignment, size) in enumerate(_FIELDS):
            if word >> bit & 1:
                at = math.ceil(at / alignment) * alignment
                offsets.setdefault(bit, at)
                at += size
        if not word & 0x2000_0000 or word & 0x5000_0000:
            break
    channel = offsets.get(_CHANNEL, 0)
    if not channel and _XCHANNEL in offsets:
        channel = offsets[_XCHANNEL] + 4
    flags, signal = offsets.get(_FLAGS, 0), offsets.get(_SIGNAL, 0)
    return _RadiotapPlan(flags, channel, signal, max(flags + 1, channel + 2, signal + 1))


def _header(buffer: bytes, start: int, end: int, link: int) -> int:
    """The length of a Prism, AVS or PPI header; nothing else in these headers is used."""
    if end - start < 8:
        return end - start
    if link == PPI:
        length = int.from_bytes(buffer[start + 2 : start + 4], "little")
    elif buffer[start : start + 3] == b"\x80\x21\x10":  # AVS, also where the file says Prism
        length = int.from_bytes(buffer[start + 4 : start + 8], "big")
    else:
        length = int.from_bytes(buffer[start + 4 : start + 8], "little")
    return min(length, end - start)


def _ends_with_fcs(buffer: bytes, start: int, end: int) -> bool:
    """Whether the last four octets are the frame check sequence of the others (9.2.4.8)."""
    return zlib.crc32(buffer[start : end - _FCS]) == int.from_bytes(buffer[end - _FCS : end], "little")


def _channel_list(channels: list[int]) -> str:
    """Channel numbers as a text, up to 40 of them; `…` if there are more."""
    shown = ", ".join(str(channel) for channel in channels[:40])
    return shown if len(channels) <= 40 else f"{shown}, …"

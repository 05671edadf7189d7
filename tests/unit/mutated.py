"""Mutated frames: no exception but ValueError, no hang, no invented network."""

import random
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from netpreflight.probes.observations import Wifi
from netpreflight.probes.wifi.capture import BARE, RADIOTAP, CaptureFile, FrameCollector, Record
from netpreflight.probes.wifi.elements import bss
from tests.unit import beacons

CAPTURES = Path(__file__).parent / "data" / "captures"


class Outcome(NamedTuple):
    """What became of the mutated frames."""

    frames: int
    networks: int
    refused: int
    slowest_s: float


def seeds() -> list[tuple[int, bytes]]:
    """Link type and frame: everything in the captures, and beacons that are rich in elements."""
    found = []
    for file in sorted(CAPTURES.glob("*.pcap*")):
        with file.open("rb") as stream:
            records = list(CaptureFile(stream, file.stat().st_size).records())
        found += [(link, buffer[start:end]) for buffer, start, end, _, _, link, _ in records[:8]]
    rich = beacons.join(
        beacons.usual(),
        beacons.rsn([2, 6, 8], mfpc=1),
        beacons.wpa(),
        beacons.ht_capabilities(able_40=True),
        beacons.ht_operation(6, 1, any_width=True),
        (11, b"\x05\x00\x80\x00\x00"),
        (201, bytes.fromhex("000d5101") + b"\x01\2\2\2\2\2\2abcd\x02\x00"),
        (127, b"\0\0\x08"),
        beacons.he_operation(six=b"\x05\x02\x0f\0\x06"),
    )
    wide = beacons.join(
        (0, b"wide"), beacons.OFDM_RATES, beacons.ht_operation(36, 1, any_width=True), beacons.vht_operation(1, 42, 50)
    )
    made = [(BARE, beacons.frame(each, kind=kind)) for each in (rich, wide) for kind in (0x80, 0x50)]
    made.append((RADIOTAP, beacons.radiotap(beacons.frame(rich, capability=0x31), flags=0x10) + b"\0\0\0\0"))
    return found + made * (len(found) // 2)  # most of a capture's frames are no beacons


def names_by_hand(body: bytes) -> list[bytes]:
    """The SSID elements that a list of elements really has, by another walk than the decoder's."""
    rest, names = body, []
    while len(rest) > 1 and len(rest) >= 2 + rest[1]:
        if rest[0] == 0:
            names.append(rest[2 : 2 + rest[1]])
        rest = rest[2 + rest[1] :]
    return names


def check(made: bytes, link: int) -> Wifi:
    """Read one frame; what is found has to be in it."""
    air = FrameCollector()
    air.frame(Record(made, 0, len(made), len(made), 0.0, link, None))
    seen = air.wifi("capture")
    for candidate in seen.bss:
        assert candidate.bssid is not None
        assert candidate.ssid_hex is not None
        address, name = bytes.fromhex(candidate.bssid.replace(":", "")), bytes.fromhex(candidate.ssid_hex)
        assert address in made, "an address that is not in the frame"
        assert not address[0] & 1
        assert len(name) <= 32
        at = made.index(bytes.fromhex(candidate.elements))
        names = names_by_hand(made[at:])
        assert names, "a network without an SSID element"
        assert names[0] == name, "a name that the frame does not have"
    msgspec.json.decode(msgspec.json.encode(seen), type=Wifi)
    return seen


def run(count: int, seed: int) -> Outcome:
    """Read so many mutated frames, as frames and as bare lists of elements."""
    source, frames = random.Random(seed), seeds()
    networks = refused = 0
    slowest = 0.0
    for _ in range(count):
        link, original = source.choice(frames)
        made = beacons.mutate(original, source)
        begun = time.thread_time()
        seen = check(made, link)
        try:
            bss(made[36:], bssid=None, frequency_mhz=source.choice((None, 0, 2437, 5180, 5955, 65535)))
        except ValueError:
            refused += 1
        slowest = max(slowest, time.thread_time() - begun)
        networks += len(seen.bss)
    return Outcome(count, networks, refused, slowest)

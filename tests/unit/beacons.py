"""Beacons and probe responses, made by others than the decoder: scapy, and bytes by the tables of IEEE 802.11-2020."""

import random
import struct
import zlib
from typing import Any

from netpreflight.probes.net import packets

BSSID = "02:11:22:33:44:55"
NAME = (0, b"net")
B_RATES = (1, bytes([0x82, 0x84, 0x8B, 0x96]))
G_RATES = (1, bytes([0x82, 0x84, 0x8B, 0x96, 0x0C, 0x12, 0x18, 0x24]))
MORE_RATES = (50, bytes([0x30, 0x48, 0x60, 0x6C]))
OFDM_RATES = (1, bytes([0x8C, 0x12, 0x98, 0x24, 0xB0, 0x48, 0x60, 0x6C]))
ESS, PRIVACY = 0x0001, 0x0010
Element = tuple[int, bytes] | bytes


def join(*elements: Element) -> bytes:
    """Elements one after the other; bytes are taken as they are."""
    return b"".join(each if isinstance(each, bytes) else bytes([each[0], len(each[1])]) + each[1] for each in elements)


def ds(channel: int) -> Element:
    return 3, bytes([channel])


def usual(channel: int = 6, name: bytes = b"net") -> bytes:
    """What every 802.11g access point sends."""
    return join((0, name), G_RATES, ds(channel), (5, b"\0\1\0\0"), MORE_RATES)


def rsn(akms: list[int], pairwise: tuple[int, ...] = (4,), group: int = 4, *, mfpc: int = 0, mfpr: int = 0) -> bytes:
    """An RSN element, by scapy."""
    dot11: Any = packets.layers("dot11")
    return bytes(
        dot11.Dot11EltRSN(
            group_cipher_suite=dot11.RSNCipherSuite(cipher=group),
            pairwise_cipher_suites=[dot11.RSNCipherSuite(cipher=number) for number in pairwise],
            akm_suites=[dot11.AKMSuite(suite=akm) for akm in akms],
            mfp_capable=mfpc,
            mfp_required=mfpr,
        )
    )


def wpa(akms: tuple[int, ...] = (2,), pairwise: tuple[int, ...] = (2,), group: int = 2) -> bytes:
    """A WPA element, by scapy."""
    dot11: Any = packets.layers("dot11")
    return bytes(
        dot11.Dot11EltMicrosoftWPA(
            group_cipher_suite=dot11.RSNCipherSuite(oui=0x0050F2, cipher=group),
            pairwise_cipher_suites=[dot11.RSNCipherSuite(oui=0x0050F2, cipher=number) for number in pairwise],
            akm_suites=[dot11.AKMSuite(oui=0x0050F2, suite=akm) for akm in akms],
        )
    )


def ht_capabilities(*, able_40: bool) -> Element:
    """Table 9-184: bit 1 is Supported Channel Width Set."""
    return 45, struct.pack("<H", 0x002C | 0x0002 * able_40) + b"\x17\xff\xff" + bytes(21)


def ht_operation(primary: int, offset: int = 0, *, any_width: bool = False, segment_2: int = 0) -> bytes:
    """HT Operation, by scapy where it has the field."""
    dot11: Any = packets.layers("dot11")
    made = bytearray(
        bytes(
            dot11.Dot11EltHTOperation(
                primary_channel=primary, secondary_channel_offset=offset, channel_width=int(any_width)
            )
        )
    )
    made[4:6] = struct.pack("<H", segment_2 << 5)
    return bytes(made)


def vht_operation(width: int, first: int = 0, second: int = 0) -> Element:
    return 192, bytes([width, first, second]) + b"\xfc\xff"


def he_operation(*, vht: bytes = b"", cohosted: bytes = b"", six: bytes = b"") -> Element:
    """802.11ax 9.4.2.249: parameters, BSS colour, basic MCS set, and what the parameters say follows."""
    parameters = 0x3FF4 & ~0x4000 | 0x4000 * bool(vht) | 0x8000 * bool(cohosted) | 0x20000 * bool(six)
    return 255, bytes([36]) + parameters.to_bytes(3, "little") + b"\x2a\xfc\xff" + vht + cohosted + six


def eht_operation(width: int | None) -> Element:
    """802.11be 9.4.2.311."""
    return 255, bytes([106, width is not None]) + b"\x44\x44\x44\x44" + (
        bytes([width or 0, 0, 0]) * (width is not None)
    )


def profile(name: bytes, *own: Element, index: int = 1, capability: int = 0x0431) -> bytes:
    """A Nontransmitted BSSID Profile (802.11-2020, 9.4.2.45): capability first, then name and BSSID-Index."""
    return join((83, struct.pack("<H", capability)), (0, name), (85, bytes([index, 1, 0])), *own)


def multiple_bssid(*profiles: bytes, bits: int = 2) -> Element:
    """A Multiple BSSID element (802.11-2020, 9.4.2.45): the number of BSSID bits, then a subelement a profile."""
    return 71, bytes([bits]) + join(*((0, profile) for profile in profiles))


def frame(
    elements: bytes, *, kind: int = 0x80, bssid: str = BSSID, capability: int = 0x0421, fcs: bool = False, tsf: int = 0
) -> bytes:
    """A beacon (0x80) or probe response (0x50), without a radio's header."""
    address = bytes.fromhex(bssid.replace(":", ""))
    made = bytes([kind, 0, 0, 0]) + b"\xff" * 6 + address * 2 + b"\x10\0"
    made += struct.pack("<QHH", tsf, 100, capability) + elements
    return made + struct.pack("<I", zlib.crc32(made)) if fcs else made


def radiotap(made: bytes, frequency: int = 2437, signal: int | None = -50, flags: int | None = None) -> bytes:
    """A frame behind a radiotap header."""
    present, fields = 0x08, struct.pack("<HH", frequency, 0x00A0)
    if flags is not None:
        present, fields = present | 0x02, bytes([flags, 0]) + fields
    if signal is not None:
        present, fields = present | 0x20, fields + struct.pack("<b", signal)
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields + made


def pcap(*frames: bytes, link: int = 127, order: str = "<", nano: bool = False, step_s: float = 1.0) -> bytes:
    """A pcap file."""
    made = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for number, each in enumerate(frames):
        whole = int(number * step_s)
        fraction = round((number * step_s - whole) * (1e9 if nano else 1e6))
        made += struct.pack(order + "IIII", 1_700_000_000 + whole, fraction, len(each), len(each)) + each
    return made


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of a pcapng file."""
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def pcapng(*frames: bytes, link: int = 127, order: str = "<", resolution: int = 6) -> bytes:
    """A pcapng file: a section, an interface, packets."""
    made = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    options = struct.pack(order + "HHB3x", 9, 1, resolution) + struct.pack(order + "HH", 0, 0)
    made += block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)
    for number, each in enumerate(frames):
        ticks = (1_700_000_000 + number) * (1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution)
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFF_FFFF, len(each), len(each))
        made += block(6, head + each, order)
    return made


def mutate(made: bytes, source: random.Random) -> bytes:
    """A frame with bits flipped, octets changed, cut out, put in or repeated, or its end missing."""
    changed = bytearray(made)
    for _ in range(source.randint(1, 6)):
        at = source.randrange(len(changed) + 1)
        other = at + source.randrange(1, 40)
        match source.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << source.randrange(8)
            case 1 if at < len(changed):
                changed[at] = source.choice((0, 1, 0x30, 0x7F, 0x80, 0xDD, 0xFF))
            case 2:
                del changed[at:other]
            case 3:
                changed[at:at] = source.randbytes(source.randrange(1, 12))
            case 4:
                changed[at:at] = changed[at:other]
            case _:
                del changed[max(at, 1) :]
    return bytes(changed)

"""Frames of a capture, as the command line reads them: beacons on either band, and where whoever captured was."""

from tests.unit import beacons
from tests.unit.beacons import frame, ht_capabilities, ht_operation, join, radiotap, rsn, usual

PROTECTED = 0x0431
WPA2 = rsn([2])
HT20 = join(ht_capabilities(able_40=False), ht_operation(6))


def heard(
    name: bytes = b"net",
    channel: int = 6,
    *more: bytes,
    number: int = 0x55,
    kind: int = 0x80,
    signal: int = -50,
    frequency: int | None = None,
    capability: int = PROTECTED,
) -> bytes:
    """One beacon, heard on its own channel."""
    bssid = f"02:11:22:33:44:{number:02x}"
    made = frame(join(usual(channel, name), *more), bssid=bssid, capability=capability, kind=kind)
    return radiotap(made, frequency or (2484 if channel == 14 else 2407 + 5 * channel), signal)


def on_5(name: bytes = b"net", channel: int = 36, number: int = 0x56, signal: int = -50) -> bytes:
    elements = join((0, name), beacons.OFDM_RATES, WPA2)
    made = frame(elements, bssid=f"02:11:22:33:44:{number:02x}", capability=PROTECTED)
    return radiotap(made, 5000 + 5 * channel, signal)


LISTENED = [radiotap(b"\xd4\0\0\0" + bytes(6), mhz) for mhz in (*range(2412, 2473, 5), 2484, *range(5180, 5321, 20))]
"""An acknowledgement on each channel: whoever made the capture was there."""

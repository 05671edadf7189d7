"""The air around the wired lab: a capture of one good access point, in which every channel was listened to."""

from pathlib import Path

from tests.unit.beacons import frame, ht_capabilities, ht_operation, join, pcap, radiotap, rsn, usual

SSID = "net"
_LISTENED = (*range(2412, 2473, 5), *range(5180, 5321, 20), *range(5500, 5721, 20), *range(5745, 5826, 20))
_PSK, _ACK = 2, b"\xd4\0\0\0" + bytes(6)
_CHANNEL, _PROTECTED = 6, 0x0431


def write_air(file: Path) -> tuple[str, ...]:
    """Write the capture; returns the arguments that make netpreflight read it."""
    elements = join(usual(_CHANNEL, SSID.encode()), rsn([_PSK]), ht_capabilities(able_40=False), ht_operation(_CHANNEL))
    beacon = radiotap(frame(elements, capability=_PROTECTED), 2407 + 5 * _CHANNEL, -50)
    file.write_bytes(pcap(beacon, *(radiotap(_ACK, mhz) for mhz in _LISTENED), step_s=0.1))
    return "--capture", str(file), "--ssid", SSID

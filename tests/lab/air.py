"""The air around the wired lab: a capture of one good access point, in which every channel was listened to."""

from pathlib import Path

from tests.unit.beacons import frame, ht_capabilities, ht_operation, join, pcap, radiotap, rsn, usual

SSID = "net"
_LISTENED = (*range(2412, 2473, 5), *range(5180, 5321, 20), *range(5500, 5721, 20), *range(5745, 5826, 20))
_PSK, _ACK = 2, b"\xd4\0\0\0" + bytes(6)
_CHANNEL, _PROTECTED = 6, 0x0431
_FIRST_OF_5_GHZ = 36


def write_air(file: Path, channel: int = _CHANNEL) -> tuple[str, ...]:
    """Write the capture of an access point on this channel; returns the arguments that make netpreflight read it.

    Where that is one of 5 GHz, a neighbour's network is on 2.4 GHz, so that something is heard there.
    """
    beacons = [_beacon(SSID, channel), *([_beacon("neighbour", _CHANNEL)] if channel >= _FIRST_OF_5_GHZ else [])]
    file.write_bytes(pcap(*beacons, *(radiotap(_ACK, mhz) for mhz in _LISTENED), step_s=0.1))
    return "--capture", str(file), "--ssid", SSID


def _beacon(name: str, channel: int) -> bytes:
    elements = join(usual(channel, name.encode()), rsn([_PSK]), ht_capabilities(able_40=False), ht_operation(channel))
    mhz = (2407 if channel < _FIRST_OF_5_GHZ else 5000) + 5 * channel
    return radiotap(frame(elements, capability=_PROTECTED), mhz, -50)

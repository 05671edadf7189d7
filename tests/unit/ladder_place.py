"""The host that ladders climb to, and the ICMP errors of the routers on the way."""

from netpreflight.probes.net.ladders import Destination
from netpreflight.probes.observations import Icmp

HOST, ADDRESS = "device.lab.example", "198.51.100.21"
PLACE = Destination(HOST, ADDRESS)


def error(source: str, kind: int = 11, code: int = 0) -> Icmp:
    return Icmp(type=kind, code=code, source=source)

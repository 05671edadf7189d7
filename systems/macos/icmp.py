"""Which router has dropped a packet: macOS keeps no ICMP errors for a socket, but root may read them all."""

import socket
from collections.abc import Iterator

from netpreflight.systems.icmp_packets import error_in
from netpreflight.systems.interface import IcmpReport

_LARGEST_PACKET = 4096
_UDP_HEADER = 8
_PROTOCOLS = {socket.SOCK_DGRAM: socket.IPPROTO_UDP, socket.SOCK_STREAM: socket.IPPROTO_TCP}


def raw_socket() -> socket.socket:
    """A socket that receives every ICMP packet that arrives at this laptop (icmp(4)).

    Raises:
        OSError: this process is not root's.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.settimeout(0)
    return sock


def errors(sock: socket.socket, told_by: socket.socket) -> Iterator[IcmpReport]:
    """Of the ICMP packets that have arrived, the errors that quote a packet from the port of this socket.

    No error is proved: this program does not know the sequence numbers that the system gives to TCP segments.
    """
    protocol, port = _PROTOCOLS.get(sock.type), sock.getsockname()[1]
    while True:
        try:
            packet = told_by.recv(_LARGEST_PACKET)
        except OSError:  # nothing more has come
            return
        error = error_in(packet)
        if error is None or (error.protocol, error.source_port) != (protocol, port):
            continue
        quoted = error.transport[_UDP_HEADER:] if protocol == socket.IPPROTO_UDP else error.transport
        yield IcmpReport(error.icmp, quoted, error.to)

"""Windows 10 (2004) and later."""

import socket
import struct

from netpreflight.systems.interface import System

_IP_UNICAST_IF, _IP_DONTFRAGMENT = 31, 14  # ws2ipdef.h


class Windows(System):
    """Windows."""

    name = "win32"

    def bind_to_adapter(self, sock: socket.socket, adapter: str) -> None:
        """Let a socket send by this interface only."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, struct.pack("!I", socket.if_nametoindex(adapter)))

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_DONTFRAGMENT, 1)

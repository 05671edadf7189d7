"""macOS 13 and later."""

import socket

from netpreflight.systems.interface import System

_IP_BOUND_IF, _IP_DONTFRAG = 25, 28  # netinet/in.h


class Macos(System):
    """macOS."""

    name = "darwin"

    def bind_to_adapter(self, sock: socket.socket, adapter: str) -> None:
        """Let a socket send by this interface only."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_BOUND_IF, socket.if_nametoindex(adapter))

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_DONTFRAG, 1)

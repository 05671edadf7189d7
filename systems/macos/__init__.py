"""macOS 13 and later. Nothing here has run on a real machine yet."""

import socket

from netpreflight.systems.interface import Adapter, System
from netpreflight.systems.macos import adapters, routes

_IP_BOUND_IF, _IP_DONTFRAG = 25, 28  # netinet/in.h


class Macos(System):
    """macOS."""

    name = "darwin"

    def adapters(self) -> list[Adapter]:
        """All network interfaces."""
        return adapters.adapters()

    def adapter_towards(self, address: str) -> str | None:
        """The name of the interface by which the system itself would send to an IPv4 address."""
        source = routes.source_towards(address)
        for adapter in self.adapters() if source else []:
            if any(own.partition("/")[0] == source for own in adapter.addresses):
                return adapter.name
        return None

    def neighbours(self, adapter: str) -> dict[str, str] | None:
        """The ARP table of an interface."""
        found = self._find(adapter)
        return None if found is None else routes.neighbours(found.index)

    def bind_to_adapter(self, sock: socket.socket, adapter: str) -> None:
        """Let a socket send by this interface only."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_BOUND_IF, socket.if_nametoindex(adapter))

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_DONTFRAG, 1)

    def _find(self, name: str) -> Adapter | None:
        """The interface of this name, or of this other name."""
        return next((adapter for adapter in self.adapters() if name in {adapter.name, *adapter.aliases}), None)

"""The interfaces of a Linux laptop, which come and go."""

import socket

import pytest

from netpreflight.systems.linux import adapters


def test_an_interface_that_goes_while_they_are_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    there = socket.if_nameindex()
    monkeypatch.setattr(socket, "if_nameindex", lambda: [*there, (9999, "veth-gone")])

    assert [adapter.name for adapter in adapters.adapters()] == [name for _, name in there]

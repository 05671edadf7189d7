"""Somebody on the LAN who is not asked: forged answers and forged refusals, beside the same network without them."""

import socket

import pytest

from tests.lab.hostile_neighbour import HostileNeighbour
from tests.lab.lab import ARGON_CLOUD, LAPTOP, Lab
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab


def test_the_neighbours_words_reach_a_socket_of_the_laptop() -> None:
    """The attack itself: an alert and a refusal arrive in the names of hosts that sent none."""
    with Lab(argon_cloud="silent") as lab:
        lab.fakes["argon_cloud"].must_fire = False
        neighbour = HostileNeighbour(lab)
        with lab.laptop.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.bind((LAPTOP, 0))
            sock.settimeout(10)
            port = sock.getsockname()[1]
            ports = range(port, port + 1)
            with neighbour.alerts(ARGON_CLOUD, ports=ports) as alerts:
                heard, source = sock.recvfrom(100)
            assert alerts.sent
            assert (source, heard[:1], heard[-2:]) == ((ARGON_CLOUD, 5684), b"\x15", b"\x02\x28")
        with lab.laptop.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.connect((ARGON_CLOUD, 9))
            sock.settimeout(10)
            port = sock.getsockname()[1]
            ports = range(port, port + 1)
            attack = neighbour.refusals(GATEWAY, (ARGON_CLOUD, 9), kind=(3, 3), ports=ports)
            with attack, pytest.raises(ConnectionRefusedError):
                sock.recv(100)
            assert attack.sent

"""The footprint of a run, held against a capture of what was really sent."""

from typing import Any

from tests.lab.capture import Sent
from tests.lab.lab import LAPTOP


def sent_only_what_footprint_lists(report: dict[str, Any], sent: list[Sent]) -> None:
    """Every UDP and TCP packet of the capture is in the footprint, and the footprint has none that was not sent.

    Of ARP, the capture has what is listed; the rest is the system's, which asks for its gateway.

    Two things are the system's own, and nobody can count them for the footprint: what it sends once more after a
    connection was closed (its FIN), and its word to a server that answers when nobody waits for it any more (as a
    resolver's second answer does).
    """
    listed: dict[tuple[str, str, int], int] = {}
    for contact in report["footprint"]:
        key = (contact["protocol"], contact["address"], contact["port"])
        if key[0] == "arp":
            frames = [packet.frames for packet in sent if (packet.protocol, packet.destination) == key[:2]]
            assert frames == [contact["packets"]]
            continue
        listed[key] = listed.get(key, 0) + contact["packets"]
    seen = {
        (packet.protocol, packet.destination, packet.port or 0): packet
        for packet in sent
        if packet.protocol in {"udp", "tcp"}
    }

    assert set(seen) == set(listed)
    for key, packets in seen.items():
        if key[0] == "udp":
            assert listed[key] == packets.frames, key
        else:
            assert abs(listed[key] - packets.frames) <= 3 * max(1, packets.frames // 6) + packets.again, (
                listed[key],
                packets,
            )
    asked = {address for protocol, address, _ in listed if protocol == "udp"}
    others = [
        packet
        for packet in sent
        if packet.protocol not in {"udp", "tcp", "arp"}
        and not (packet.protocol == "icmp-port-unreachable" and packet.destination in asked)
    ]
    assert others == [], others
    lan = ("192.168.77.", "10.9.9.")  # the second is a foreign server's, which asks for the laptop by ARP
    assert all(packet.destination.startswith(lan) for packet in sent if packet.protocol == "arp"), LAPTOP

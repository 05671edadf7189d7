"""A capture of the laptop's interface, and other people's reading of it: tcpdump records, tshark decodes."""

import socket
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.namespaces import Laptop, Namespace, command, kill, wait_until

MARKER = b"end of the netpreflight lab's capture"
MARKER_TYPE = 0x88B5  # IEEE 802: for local experiments
FIELDS = ("eth.src", "eth.type", "ip.proto", "ip.dst", "tcp.dstport", "udp.dstport", "udp.length", "tcp.len",
          "frame.len", "arp.dst.proto_ipv4", "tcp.analysis.retransmission", "icmp.type", "icmp.code")  # fmt: skip
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}


@dataclass(frozen=True)
class Sent:
    """Frames of one kind that the laptop sent."""

    protocol: str  # "udp", "tcp", "icmp", "icmp-port-unreachable", "arp", "ip-<number>" or "ether-0x<type>"
    destination: str  # IPv4 address; "" where there is none
    port: int | None
    frames: int
    octets: int  # whole Ethernet frames
    payload: int  # UDP and TCP payload only
    again: int = 0  # of the frames, the TCP segments that had been sent before


class Capture:
    """Record every frame of the laptop's eth0: `with lab.capture() as capture: ...; capture.sent()`."""

    def __init__(self, laptop: Laptop, neighbour: Namespace, neighbour_device: str, stations: frozenset[str],
                 pcap: Path) -> None:  # fmt: skip
        self.laptop, self.neighbour, self.neighbour_device = laptop, neighbour, neighbour_device
        self.stations = stations
        self.pcap = pcap
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.pcap.unlink(missing_ok=True)
        log = self.pcap.with_suffix(".log")
        log.unlink(missing_ok=True)
        # In immediate mode the default ring of 2 MiB holds 32 frames of a veth: a burst would overrun it.
        argv = [
            "tcpdump",
            "-i",
            "eth0",
            "-n",
            "-U",
            "--immediate-mode",
            "-B",
            "32768",
            "-Z",
            "root",
            "-w",
            str(self.pcap),
        ]
        self._process = self.laptop.spawn(argv, log)
        wait_until(lambda: "listening on" in log.read_text(), "tcpdump listening")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        """Stop when a last frame, sent by the neighbour for this purpose, is in the file: then nothing is missing."""
        assert self._process
        try:
            if kind is None:
                with self.neighbour.entered():
                    marker = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                with marker:
                    marker.bind((self.neighbour_device, 0))
                    source = bytes.fromhex(min(self.stations).replace(":", ""))
                    marker.send(b"\xff" * 6 + source + MARKER_TYPE.to_bytes(2, "big") + MARKER)
                wait_until(lambda: MARKER in self.pcap.read_bytes(), "the capture's last frame")
        finally:
            kill(self._process)

    def fields(self, *names: str, display_filter: str = "", every: bool = False) -> list[tuple[str, ...]]:
        """Return tshark's values of these fields, one row per frame; empty where absent.

        Where a field occurs again and again, its first occurrence; or `every` one, with commas between.
        """
        argv = ["tshark", "-n", "-r", str(self.pcap), "-o", "ip.defragment:FALSE", "-T", "fields",
                "-E", "separator=/t", "-E", f"occurrence={'a' if every else 'f'}"]  # fmt: skip
        if display_filter:
            argv += ["-Y", display_filter]
        for name in names:
            argv += ["-e", name]
        return [tuple(line.split("\t")) for line in command(argv).splitlines()]

    def sent(self) -> list[Sent]:
        """Return what the laptop sent: every frame that does not come from another station of the LAN."""
        total: dict[tuple[str, str, int | None], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for row in self.fields(*FIELDS):
            source, kind, proto, ip_dst, tcp, udp, udp_length, tcp_length, length, arp, again, *icmp = row
            if source in self.stations:
                continue
            protocol, port, payload = f"ether-{kind}", "", 0
            if proto:
                protocol = PROTOCOLS.get(proto, f"ip-{proto}")
                protocol = "icmp-port-unreachable" if icmp == ["3", "3"] else protocol
                port = {"tcp": tcp, "udp": udp}.get(protocol, "")
                payload = {"tcp": int(tcp_length or 0), "udp": int(udp_length or 8) - 8}.get(protocol, 0)
            elif arp:
                protocol = "arp"
            count = total[protocol, ip_dst or arp, int(port) if port else None]
            count[0] += 1
            count[1] += int(length)
            count[2] += payload
            count[3] += bool(again)
        return [Sent(*key, *counts) for key, counts in sorted(total.items(), key=str)]

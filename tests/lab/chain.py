"""Routers in a row: laptop - r1 - r2 - ... - internet, where faults can be put into any of them.

laptop 192.168.77.10 -- .1 r1 .2 -- .1 r2 .6 -- .5 r3 ..., a /30 for each link: of 203.0.113.0/24 for the first, of
192.0.2.0/24, as if it were another's, for those that follow. The last leads to the internet, with real CoAP and DTLS
servers, and one that sends a nonce. r1 masquerades; r2 can, too (a second NAT, or a carrier's).
"""

import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from netpreflight.probes import observations
from tests.lab import fakes, servers, streams
from tests.lab.capture import Capture
from tests.lab.faults import Fault, Firewall, masquerade
from tests.lab.lab import LAPTOP, NOBODY, READABLE
from tests.lab.namespaces import Laptop, Namespace, connect, sweep, wait_until
from tests.lab.servers import GATEWAY
from tests.lab.witness import Destinations, Seen, Witness, is_run

SERVERS = {"coap": "198.51.100.11", "syn": "198.51.100.20", "dtls": "198.51.100.21"}
DEAD = "198.51.100.22"  # an address whose host drops everything
PORTS: dict[str, tuple[Literal["udp", "tcp"], int, observations.PathPayload]] = {
    "coap": ("udp", 5683, "coap"), "dtls": ("udp", 5684, "dtls"), "syn": ("tcp", 5683, "syn"),
}  # fmt: skip
LOOK = """
import asyncio, json, sys, time, msgspec
from netpreflight.probes.net import packets
from netpreflight.probes.net.ladders import Destination, Rungs
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.path import Target, path
packets.layers("inet")  # in a run with privileges, DHCP has loaded it before
place, device, *controls = json.loads(sys.argv[1])
async def look():
    async with Network("eth0", time.monotonic()) as network:
        target = Target(Destination(*place), Rungs(*device), tuple(Rungs(*control) for control in controls))
        seen = await path(network, [target])
        return {"took_s": network.elapsed(), "path": seen, "footprint": network.footprint()}
sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(look())))
"""
AS_MACOS = """
from netpreflight.systems import SYSTEM
from netpreflight.systems.macos import Macos
for question in ("tells_icmp_errors_now", "report_icmp_errors", "icmp_errors", "raw_socket"):
    setattr(SYSTEM, question, getattr(Macos(), question))
"""
"""Let the laptop's root be told of ICMP errors as macOS' is: by a socket that hears all of them."""
_numbers = itertools.count()


class Looked(msgspec.Struct):
    """What the probe saw."""

    took_s: float
    path: observations.Path
    footprint: list[observations.Contact]

    @property
    def target(self) -> observations.PathTarget:
        """The one target."""
        (target,) = self.path.targets
        return target


class Chain:
    """A row of routers, from `with Chain() as chain:` to the end of the block.

    Args:
        routers: how many.
        second: what r2 is: one more public router, a second NAT (its inside is 10.0.0.0/30), or a carrier's NAT.
        fork: whether r1 has two ways to r3, by r2 and by a twin of it, and takes one for each flow.
    """

    def __init__(
        self, routers: int = 4, *, second: Literal["public", "nat", "carrier"] = "public", fork: bool = False
    ) -> None:
        self._count, self._second, self._fork = routers, second, fork
        self.namespaces: list[Namespace] = []
        self._witness: Witness | None = None
        self.seen: Seen | None = None
        """What the last look sent, which has been held against what may be sent (see `shapes`)."""

    def __enter__(self) -> Self:
        sweep()
        number = next(_numbers)
        self.folder = Path(tempfile.mkdtemp(prefix="np-chain-"))
        self.folder.chmod(0o755)
        self.reactor = fakes.Reactor()
        self.fakes: list[fakes.TcpFake] = []
        try:
            self._wire(lambda role: f"np{os.getpid()}-{9000 + number}-{role}")
            self._serve()
            for namespace in self.namespaces:
                wait_until(namespace.running, f"devices of {namespace.name} running")
        except BaseException:
            self._tear_down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tear_down()

    def _tear_down(self) -> None:
        if self._witness:
            self._witness.close()
        for fake in self.fakes:
            self.reactor.loop.call_soon_threadsafe(fake.close)
        self.reactor.close()
        for namespace in self.namespaces:
            namespace.delete()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wire(self, name: Callable[[str], str]) -> None:
        self.laptop = Laptop(name("laptop"), self.folder)
        self.laptop.is_run, self.laptop.watch, self.laptop.end_watch = is_run, self.watch, self.end_watch
        rows = [Namespace(name(f"r{n}")) for n in range(1, self._count + 1)]
        self.internet = Namespace(name("internet"))
        self.namespaces = [self.laptop, *rows, self.internet]
        connect(self.laptop, "eth0", rows[0], "inner")
        self.laptop.ip(f"addr add {LAPTOP}/24 dev eth0", f"route add default via {GATEWAY} dev eth0")
        rows[0].ip(f"addr add {GATEWAY}/24 dev inner")
        self.hops = [GATEWAY]
        nets = [self._net(n) for n in range(self._count)]
        for n, ((near, far), upper) in enumerate(zip(nets, [*rows[1:], self.internet], strict=True)):
            lower = rows[n]
            connect(lower, "outer", upper, "inner")
            lower.ip(f"addr add {near}/30 dev outer")
            upper.ip(f"addr add {far}/30 dev inner")
            if not (n == 0 and self._fork):
                lower.ip(f"route add default via {far}")
            self.hops.append(far)
            upper.ip(*(f"route add {other[0]}/32 via {near}" for other in nets[:n]))
        self.hops.pop()  # the internet's own side of the last link
        self.outside, self._beyond = nets[0][0], nets[-1]
        self.internet.ip(*(f"addr add {text}/32 dev lo" for text in (*SERVERS.values(), DEAD)))
        if self._fork:
            self._add_fork(rows, name("r2b"))
        for namespace in self.namespaces[1:-1]:
            namespace.sysctl("net/ipv4/ip_forward", "1")
        masquerade(rows[0], "outer")
        if self._second != "public":
            masquerade(rows[1], "outer")
        self.routers = [Firewall(namespace) for namespace in rows]
        self.server = Firewall(self.internet)
        self.dead = self.server.drop(address=DEAD, hooks=("input",), must_fire=False)

    def _net(self, n: int) -> tuple[str, str]:
        """The addresses of a link's two ends, the laptop's side first."""
        if n == 0 and self._second != "public":
            return ("10.0.0.2", "10.0.0.1") if self._second == "nat" else ("100.64.0.2", "100.64.0.1")
        block = "203.0.113" if n == 0 else "192.0.2"
        return f"{block}.{4 * n + 2}", f"{block}.{4 * n + 1}"

    def _add_fork(self, rows: list[Namespace], name: str) -> None:
        twin = Namespace(name)
        self.namespaces.insert(-1, twin)
        connect(rows[0], "outer2", twin, "inner")
        connect(twin, "outer", rows[2], "inner2")
        near = self._net(0)[0]
        twin.ip(
            "addr add 203.0.113.201/30 dev inner", "addr add 203.0.113.206/30 dev outer",
            "route add default via 203.0.113.205", f"route add {near}/32 via 203.0.113.202",
        )  # fmt: skip
        rows[2].ip("addr add 203.0.113.205/30 dev inner2")
        rows[0].ip(
            "addr add 203.0.113.202/30 dev outer2",
            f"route add default nexthop via {self._net(0)[1]} dev outer nexthop via 203.0.113.201 dev outer2",
        )
        rows[0].sysctl("net/ipv4/fib_multipath_hash_policy", "1")
        rows[0].nft(  # both ways leave with the same address, so that answers may come back by either
            "table inet nat2 { chain post { type nat hook postrouting priority 99; policy accept; "
            f'oifname "outer2" snat ip to {near}; }}\n}}'
        )
        self.twin = Firewall(twin)
        self.twin_hop = "203.0.113.201"

    def _serve(self) -> None:
        folder, where = self.folder, self.internet
        started = [
            servers.coap_server(where, folder, SERVERS["coap"]),
            servers.coap_dtls(where, folder, SERVERS["dtls"], servers.certificate(folder, "lab.example")),
        ]
        handler = streams.cloud_handler("nonce")
        self.fakes.append(fakes.serve_tcp(self.reactor, where, [(SERVERS["syn"], 5683)], handler))
        for server in started:
            server.wait()

    def drop(self, router: int, what: str, *, reply: bool = False) -> Fault:
        """Drop a kind of packets, or the answers to them, in the forwarding of a router (1 is the first)."""
        protocol, port, _ = PORTS[what]
        return self.routers[router - 1].drop(protocol, port, reply=reply)

    def reject(self, router: int, what: str, answer: str) -> Fault:
        """Refuse a kind of packets at a router."""
        protocol, port, _ = PORTS[what]
        return self.routers[router - 1].reject(protocol, port, answer=answer)

    def silence(self, router: int) -> Fault:
        """Let a router send no ICMP of its own."""
        return self.routers[router - 1].drop("icmp", hooks=("output",))

    def limit_icmp(self, router: int, rate: str) -> Fault:
        """Let a router send Time Exceeded at this rate only."""
        wall = self.routers[router - 1]
        return wall.rule(f"icmp type time-exceeded limit rate over {rate} counter name hits drop", ("output",))

    def rewrite_ttl(self, router: int, hook: str) -> Fault:
        """Let a router set the TTL of what comes from the laptop's side to 64."""
        return self.routers[router - 1].rule('iifname "inner" counter name hits ip ttl set 64', (hook,))

    def proxy(self, router: int) -> Fault:
        """Let a router accept TCP 5683 in the cloud's place, and stay silent."""
        wall = self.routers[router - 1]
        if not wall.where.bound("tcp", 15683):
            handler = streams.cloud_handler("silent")
            self.fakes.append(fakes.serve_tcp(self.reactor, wall.where, [("", 15683)], handler))
        return wall.redirect("tcp", 5683, 15683, device="inner")

    def tunnel(self, *, inherit: bool) -> None:
        """Lead everything from r1 to the last router through a tunnel (VXLAN), which the routers between only carry.

        Args:
            inherit: whether the tunnel's own packets take the TTL of what they carry, and die with it.
        """
        first, last = self.routers[0].where, self.routers[-1].where
        near, far = "203.0.113.213", "203.0.113.214"
        ttl = "inherit" if inherit else "64"
        for where, local, remote, address in (
            (first, self.outside, self.hops[-1], near), (last, self.hops[-1], self.outside, far),
        ):  # fmt: skip
            where.ip(
                f"link add vx type vxlan id 7 local {local} remote {remote} dstport 4789 ttl {ttl} nolearning",
                "link set vx up", f"addr add {address}/30 dev vx",
            )  # fmt: skip
        first.ip(f"route add {self.hops[-1]}/32 via {self.hops[1]}", f"route replace default via {far} dev vx")
        masquerade(first, "vx")
        self.internet.ip(f"route add {near}/32 via {self._beyond[0]}")
        self.tunnel_end = far

    def capture(self) -> Capture:
        """Record every frame of the laptop's eth0."""
        where = self.routers[0].where
        mac = json.loads(where.command("ip", "-j", "link", "show", "inner"))[0]["address"]
        return Capture(self.laptop, where, "inner", frozenset({mac}), self.folder / "capture.pcap")

    def watch(self) -> None:
        """Begin to watch what leaves the laptop."""
        known: Destinations = {
            "coap": {(SERVERS["coap"], 5683), (DEAD, 5683)},
            "dtls": {(SERVERS["dtls"], 5684), (DEAD, 5684)},
            "nonce": {(SERVERS["syn"], 5683), (DEAD, 5683)},
        }
        self._witness = Witness(self.laptop, [self.internet], known, ["device.lab.example"], silent=True)

    def end_watch(self) -> None:
        """End it, and hold what was sent against what may be sent."""
        witness, self._witness = self._witness, None
        if witness:
            self.seen = witness.end()

    def look(
        self,
        what: str,
        *,
        user: int | None = None,
        address: str | None = None,
        controls: Sequence[tuple[str, int, str]] = (("udp", 53, "dns"), ("tcp", 443, "syn")),
        before: str = "",
    ) -> Looked:
        """Run the probe on the laptop, as root or as `user`, with these controls: those of the same protocol first.

        Before it, the laptop's Python runs `before`.
        """
        device = PORTS[what]
        ordered = sorted(controls, key=lambda control: control[0] != device[0])
        asked = json.dumps([["device.lab.example", address or SERVERS[what]], device, *ordered])
        done = self.laptop.run(sys.executable, "-c", before + LOOK, asked, user=user, readable=READABLE)
        assert not done.returncode, done.stderr
        return msgspec.json.decode(done.stdout, type=Looked)


USERS = {"root": None, "nobody": NOBODY}

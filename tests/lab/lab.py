"""The lab: laptop - gateway - provider - internet, with real servers; everything a scenario needs hangs on `Lab`.

laptop eth0 192.168.77.10 -- br-lan 192.168.77.1 gateway wan 203.0.113.2 -- .1 provider .5 -- .6 internet, which has an
address of 198.51.100.0/24 for each service. Other hosts of the LAN (a second DHCP server) hang on br-lan, too.
"""

import base64
import itertools
import json
import os
import re
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from netpreflight.agent import profiles
from tests.lab import allowed_shapes as shapes
from tests.lab import datagrams, fakes, servers, streams, tunnel
from tests.lab.air import write_air
from tests.lab.allowed_shapes import Role
from tests.lab.capture import Capture
from tests.lab.fakes import TcpFake, UdpFake
from tests.lab.faults import Fault, Firewall, count_arrivals, masquerade, read_counter
from tests.lab.namespaces import LabError, Laptop, Namespace, connect, kill, sweep, wait_until
from tests.lab.servers import GATEWAY, LAPTOP_MAC, Dhcp, Server
from tests.lab.vendor.build import build
from tests.lab.witness import Destinations, Seen, Witness, is_run
from tests.unit.again import assert_judged_alike

LAPTOP = "192.168.77.10"
SECOND_RESOLVER = "192.168.77.2"  # an address of the gateway, too
SECOND_DHCP = "192.168.77.3"
GATEWAY_MAC = "02:00:00:77:00:01"
SECOND_DHCP_MAC = "02:00:00:77:00:03"
FOREIGN_MAC = "02:00:00:77:00:04"
NTP = "198.51.100.123"
COAP = ("198.51.100.11", "198.51.100.12")
PHOTON_CLOUD = "198.51.100.20"
ARGON_CLOUD = "198.51.100.21"
GOOGLE_DNS = "8.8.8.8"
VENDORS = tuple(f"198.51.100.{last}" for last in range(31, 36))
STATUS_NAME, STATUS_PAGE = "status.particle.io", "198.51.100.41"
"""The vendor's status page: no resolver of a lab knows it, unless the lab is made with it in `names`."""
LOCAL_CLOUD = "192.168.77.40"
ELSEWHERE = "198.51.100.99"  # replies of the "other-address" fakes come from here, those of
COAP_ELSEWHERE = ("198.51.100.97", "198.51.100.98")  # the two CoAP hosts from here
PUBLIC_RESOLVER = "198.51.100.53"
VPN_GATEWAY = "10.8.0.1"
PORTAL_NAME = "portal.lab.example"
PORTAL_API = f"https://{PORTAL_NAME}/captive-portal/api"
LOGIN_PAGE = f"http://{GATEWAY}:8080/login"
NOBODY = 65534
NAMES = {
    "pool.ntp.org": NTP,
    "coap.me": COAP[0],
    "californium.eclipseprojects.io": COAP[1],
    "device.spark.io": PHOTON_CLOUD,
    "*.udp.particle.io": ARGON_CLOUD,
    "*.udp-mesh.particle.io": ARGON_CLOUD,
    "connectivitycheck.gstatic.com": VENDORS[0],
    "captive.apple.com": VENDORS[1],
    "www.msftconnecttest.com": VENDORS[2],
    "detectportal.firefox.com": VENDORS[3],
    "nmcheck.gnome.org": VENDORS[4],
    PORTAL_NAME: GATEWAY,
}
NO_DTLS = {"echo-only", "echo-altered"}
"""Modes of the Argon's cloud."""
VENDOR_NAMES = [name for name, address in NAMES.items() if address in VENDORS]
ARGON = Path(profiles.__file__).with_name("argon.toml")
# What the tool must be able to read when it runs without privileges, even where a folder above is closed.
READABLE = tuple({Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]})
_numbers = itertools.count()


@dataclass(frozen=True)
class CheckRun:
    """One run of the tool on the laptop."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    duration_s: float
    seen: Seen
    """What it sent, which has been held against what may be sent."""

    @property
    def report(self) -> dict[str, Any]:
        """The JSON document on stdout; fails with all output when that is not exactly one document."""
        try:
            loaded: dict[str, Any] = json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"{self}: stdout is not one JSON document") from error
        if "observations" in loaded and "sharing" not in loaded:
            assert_judged_alike(self.stdout)
        return loaded


class Lab:
    """One network with a laptop on it, from `with Lab(...) as lab:` to the end of the block.

    Args:
        laptop: How eth0 is addressed: "static" 192.168.77.10, "dhcp" by ISC dhclient (which then goes; its lease
            file stays), "dhclient" the same with dhclient kept running, "ipv6-only", or "none" (up, no address).
        dhcp: How the gateway serves DHCP; None for no server; or the mode of a fake.
        dns: The resolver at 192.168.77.1; "real" is dnsmasq, "closed" nothing, all others are fakes.
        second_dns: The same for a second resolver at 192.168.77.2, announced by DHCP unless it is None.
        unknown_names: Names that no resolver of the gateway knows (NXDOMAIN for these only).
        names: More or other names for every resolver.
        wildcard: The address that the DNS mode "wildcard" gives for everything.
        ntp: NTP at pool.ntp.org; "real" is chrony.
        ntp_drop_first: How many requests the NTP mode "drop-first" ignores.
        coap: UDP 5683 at coap.me and californium.eclipseprojects.io; "real" is libcoap's server.
        coap_http: Whether those two hosts also serve HTTP on TCP 80 (the control for "only 5683 is blocked").
        coap_dtls: Whether they also serve DTLS on UDP 5684.
        photon_cloud: TCP 5683 at device.spark.io.
        argon_cloud: UDP 5684 at *.udp.particle.io; "real" is libcoap's DTLS over OpenSSL, "s_server" openssl's own, and
            both echo reachability packets; "no-echo" is "real" without echoes; "echo-only" echoes, and speaks no DTLS,
            and so does "echo-altered", with echoes that are broken. "vendor" is the vendor's own server, with nothing
            before it. The fakes are in `datagrams`.
        known_key: Whether UDP devices carry the key that this cloud signs with; else the one that they really carry,
            with which nobody here can sign.
        tcp53: TCP 53 at 8.8.8.8.
        http: How the vendors' portal-check hosts answer on TCP 80.
        https: Whether they also serve TLS on 443, with a certificate of the lab's CA (`lab.ca`).
        second_dhcp: Whether ISC dhcpd runs on 192.168.77.3 too, with another pool and these (router, resolver).
        second_dhcp_late: Whether that one pings before it offers, and answers no INFORM: its defaults.
        public_resolver: Whether 198.51.100.53 in the internet is a (real) resolver.

    Where a fake of the internet is to answer from another address, the gateway routes without masquerading: behind a
    NAT such an answer never reaches the laptop at all.

    What a run of the tool sends is watched, and held against what may be sent to whom (see `shapes`): to the end of the
    run, or, where a test starts the run's process itself, to the end of the block or to the next run.

    At the end of the block, unless it raised: every fault and every fake that was asked for must have been hit (its
    `must_fire`), no fake may have failed, and the vendor's server must live (its `must_live`).
    """

    def __init__(
        self,
        *,
        laptop: Literal["static", "dhcp", "dhclient", "ipv6-only", "none"] = "static",
        dhcp: Dhcp | datagrams.DhcpMode | None = Dhcp(),  # noqa: B008 - frozen
        dns: datagrams.DnsMode = "real",
        second_dns: datagrams.DnsMode | None = None,
        unknown_names: Sequence[str] = (),
        names: Mapping[str, str] | None = None,
        wildcard: str = GATEWAY,
        ntp: datagrams.NtpMode = "real",
        ntp_drop_first: int = 1,
        coap: datagrams.CoapMode = "real",
        coap_http: bool = True,
        coap_dtls: bool = False,
        photon_cloud: streams.CloudMode = "nonce",
        argon_cloud: datagrams.DtlsMode = "real",
        known_key: bool = True,
        tcp53: streams.Tcp53Mode = "accept",
        http: streams.HttpMode = "right",
        https: bool = False,
        second_dhcp: tuple[str, str] | None = None,
        second_dhcp_late: bool = False,
        public_resolver: bool = False,
    ) -> None:
        self._laptop_kind = laptop
        self._dhcp, self._second_dhcp, self._second_dhcp_late = dhcp, second_dhcp, second_dhcp_late
        self._dns = {GATEWAY: dns} | ({SECOND_RESOLVER: second_dns} if second_dns else {})
        self.names = {name: to for name, to in (NAMES | dict(names or {})).items() if name not in unknown_names}
        self._wildcard = wildcard
        self._ntp, self._ntp_drop_first = ntp, ntp_drop_first
        self._coap, self._coap_http, self._coap_dtls = coap, coap_http, coap_dtls
        self._photon_cloud, self._argon_cloud, self._tcp53 = photon_cloud, argon_cloud, tcp53
        self._known_key = known_key
        self._http, self._https = http, https
        self._nat = "other-address" not in {ntp, coap, argon_cloud}
        self._public_resolver = public_resolver
        self.namespaces: list[Namespace] = []
        self._captures = itertools.count(1)
        self.fakes: dict[str, UdpFake | TcpFake] = {}
        self.servers: dict[str, Server] = {}
        self.air: tuple[str, ...] = ()
        self.destinations = self._plan()
        self.may_be_asked_for = list(self.names)
        """Names, beside those that `shapes` has."""
        self.local_host: Namespace | None = None
        self.local_wall: Firewall | None = None
        self._witness: Witness | None = None
        self._received_before: dict[str, int] = {}
        """How many requests each fake had when the watch began."""
        self.seen: Seen | None = None
        """What the last run sent that has ended."""

    def _plan(self) -> Destinations:
        """Which servers there are for what, as the resolvers of the LAN have it."""

        def at(*names: str) -> set[str]:
            known = {self.names[name] for name in names if name in self.names}
            return known | ({self._wildcard} if "wildcard" in self._dns.values() else set())

        def on(port: int, *names: str) -> set[tuple[str, int]]:
            return {(address, port) for address in at(*names)}

        resolvers = {*self._dns, GATEWAY, *(self._second_dhcp or ())[1:]}
        if isinstance(self._dhcp, Dhcp):
            resolvers |= {*(self._dhcp.resolvers or ())}
        lan = {f"192.168.77.{last}" for last in range(1, 100)}  # what a fake may call itself
        return {
            "dhcp": {(text, 67) for text in ("255.255.255.255", *lan)},
            "resolver": {(resolver, 53) for resolver in resolvers},
            "ntp": on(123, "pool.ntp.org"),
            "coap": on(5683, "coap.me", "californium.eclipseprojects.io"),
            "dtls": on(5684, "*.udp.particle.io", "*.udp-mesh.particle.io"),
            "nonce": on(5683, "device.spark.io"),
            "google": {(GOOGLE_DNS, 53)},
            "portal": on(80, *VENDOR_NAMES),
            "status": on(443, STATUS_NAME),
            "api": on(443, PORTAL_NAME),
        }

    def add_destination(self, role: Role, address: str, port: int) -> None:
        """Have one more server of a kind, which a company's file or a server of the LAN names."""
        self.destinations.setdefault(role, set()).add((address, port))

    # ---- bring up and tear down

    def __enter__(self) -> Self:
        sweep()
        self._number = next(_numbers)
        self.folder = Path(tempfile.mkdtemp(prefix="np-lab-"))
        self.folder.chmod(0o755)
        self.air = write_air(self.folder / "air.pcap")
        self.reactor = fakes.Reactor()
        try:
            self._wire()
            self._serve_internet()
            self._serve_lan()
            for server in self.servers.values():
                server.wait()
            for namespace in self.namespaces:
                wait_until(namespace.running, f"devices of {namespace.name} running")
            self._address_laptop()
            if self._known_key:
                self._carry(self.server_key)
        except BaseException:
            self._tear_down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        idle: list[str] = []
        try:
            if kind is None:
                self.end_watch()
                for wall in self.walls:
                    idle += [fault.rule for fault in wall.unfired()]
                idle += [name for name, fake in self.fakes.items() if fake.must_fire and not fake.received]
                if self._argon_cloud == "vendor" and self.vendor.must_live:
                    self.vendor.collect()
        finally:
            self._tear_down()
        if error is not None:
            for failed in self.reactor.errors:
                error.add_note(f"a fake server failed, too: {failed!r}")
            return
        if self.reactor.errors:
            raise LabError("a fake server failed") from self.reactor.errors[0]
        assert not idle, f"these faults never fired, so the scenario shows nothing: {idle}"

    def _tear_down(self) -> None:
        if self._witness:
            self._witness.close()
        for fake in self.fakes.values():
            self.reactor.loop.call_soon_threadsafe(fake.close)
        self.reactor.close()
        for namespace in self.namespaces:
            namespace.delete()
        if kept := os.environ.get("LAB_KEEP"):  # a folder for every lab's configurations, logs and captures
            shutil.copytree(self.folder, Path(kept, self._name("lab")))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _name(self, role: str) -> str:
        return f"np{os.getpid()}-{self._number}-{role}"

    def _namespace(self, role: str) -> Namespace:
        namespace = Namespace(self._name(role))
        self.namespaces.append(namespace)
        return namespace

    def _wire(self) -> None:
        self.laptop = Laptop(self._name("laptop"), self.folder)
        self.laptop.is_run, self.laptop.watch, self.laptop.end_watch = is_run, self.watch, self.end_watch
        self.namespaces.append(self.laptop)
        gateway, provider, internet = (self._namespace(role) for role in ("gateway", "provider", "internet"))
        connect(self.laptop, "eth0", gateway, "lan0")
        connect(gateway, "wan", provider, "customer")
        connect(provider, "uplink", internet, "eth0")
        self.laptop.ip(f"link set eth0 address {LAPTOP_MAC}")
        gateway.ip(
            f"link add br-lan address {GATEWAY_MAC} type bridge forward_delay 0 mcast_snooping 0",
            "link set lan0 master br-lan", "link set br-lan up",
            f"addr add {GATEWAY}/24 dev br-lan", f"addr add {SECOND_RESOLVER}/24 dev br-lan",
            "addr add 203.0.113.2/30 dev wan", "route add default via 203.0.113.1",
        )  # fmt: skip
        provider.ip(
            "addr add 203.0.113.1/30 dev customer", "addr add 203.0.113.5/30 dev uplink",
            "route add default via 203.0.113.6", "route add 192.168.77.0/24 via 203.0.113.2",
        )  # fmt: skip
        services = (
            NTP, *COAP, PHOTON_CLOUD, ARGON_CLOUD, GOOGLE_DNS, *VENDORS, STATUS_PAGE, ELSEWHERE, *COAP_ELSEWHERE,
            PUBLIC_RESOLVER,
        )  # fmt: skip
        internet.ip(
            "addr add 203.0.113.6/30 dev eth0", "route add default via 203.0.113.5",
            *(f"addr add {address}/32 dev lo" for address in services),
        )  # fmt: skip
        for router in (gateway, provider):
            router.sysctl("net/ipv4/ip_forward", "1")
        # What is bridged on the LAN must not meet the firewall rules for what is routed.
        gateway.sysctl("net/bridge/bridge-nf-call-iptables", "0")
        gateway.devices.append("br-lan")
        if self._nat:
            masquerade(gateway, "wan")
        count_arrivals(internet)
        self.walls = [Firewall(where) for where in (gateway, provider, internet)]
        self.gateway, self.provider, self.internet = self.walls

    def _udp(self, name: str, where: Namespace, address: tuple[str, int], respond: fakes.Responder,
             second: str | None = None, device: str | None = None) -> UdpFake:  # fmt: skip
        fake = fakes.serve_udp(self.reactor, where, address, respond, second=second, device=device)
        self.fakes[name] = fake
        return fake

    def _tcp(self, name: str, where: Namespace, addresses: Sequence[tuple[str, int]], handle: fakes.Handler, *,
             must_fire: bool, tls: ssl.SSLContext | None = None) -> TcpFake:  # fmt: skip
        fake = fakes.serve_tcp(self.reactor, where, addresses, handle, tls=tls)
        fake.must_fire = must_fire
        self.fakes[name] = fake
        return fake

    def _serve_ntp(self) -> None:
        where = self.internet.where
        if self._ntp == "real":
            self.servers["ntp"] = servers.chronyd(where, self.folder, NTP)
        elif self._ntp != "closed":
            responder = datagrams.ntp_responder(self._ntp, self._ntp_drop_first)
            self._udp("ntp", where, (NTP, 123), responder, ELSEWHERE)

    def _serve_coap(self) -> None:
        where = self.internet.where
        for number, (address, elsewhere) in enumerate(zip(COAP, COAP_ELSEWHERE, strict=True), 1):
            name = f"coap{number}"
            if self._coap == "real":
                self.servers[name] = servers.coap_server(where, self.folder, address)
            elif self._coap != "closed":
                fake = self._udp(name, where, (address, 5683), datagrams.coap_responder(self._coap), elsewhere)
                fake.must_fire = number == 1  # a client may be content with the first
            if self._coap_dtls:
                self.servers[f"{name}-dtls"] = servers.coap_dtls(where, self.folder, address, self._certificate())
        if self._coap_http:
            handler = streams.http_handler(streams.vendor_pages)
            self._tcp("coap_http", where, [(address, 80) for address in COAP], handler, must_fire=False)

    def _serve_clouds(self) -> None:
        where = self.internet.where
        if self._photon_cloud != "closed":
            handler = streams.cloud_handler(self._photon_cloud)
            must = self._photon_cloud != "nonce"
            self._tcp("photon_cloud", where, [(PHOTON_CLOUD, 5683)], handler, must_fire=must)
        if self._tcp53 == "accept":
            self._tcp("tcp53", where, [(GOOGLE_DNS, 53)], streams.accept, must_fire=False)
        if self._argon_cloud == "vendor":
            self.servers["argon_cloud"] = servers.vendor(where, self.folder, ARGON_CLOUD)
        elif self._argon_cloud in datagrams.ECHOING:
            self._serve_dtls_and_echo(where, self._argon_cloud)
        elif self._argon_cloud in datagrams.FAKE_CLOUDS:
            key = servers.private_key(self._certificate().key)
            responder = datagrams.dtls_responder(self._argon_cloud, key)
            self._udp("argon_cloud", where, (ARGON_CLOUD, 5684), responder, ELSEWHERE)

    def _serve_dtls_and_echo(self, where: Namespace, mode: datagrams.EchoMode) -> None:
        """A real DTLS server, and before it a fake that echoes reachability packets."""
        if mode == "s_server":
            self.servers["argon_cloud"] = servers.s_server(where, self.folder, ARGON_CLOUD, self._certificate())
        elif mode not in NO_DTLS:
            certificate = self._certificate()
            self.servers["argon_cloud"] = servers.coap_dtls(where, self.folder, ARGON_CLOUD, certificate, lead=False)
        relay = self._relay("argon_cloud", where, (ARGON_CLOUD, 5684), mode)
        relay.must_fire = mode not in {"real", "s_server"}

    def _relay(self, name: str, where: Namespace, address: tuple[str, int], mode: datagrams.EchoMode) -> UdpFake:
        """Echo reachability packets as `mode` says, and lead all others to the real server behind `address`."""
        real = (address[0], servers.BEHIND_RELAY) if mode not in NO_DTLS else None
        responder = datagrams.echo_responder(mode)
        relay = fakes.relay_udp(self.reactor, where, address, real, datagrams.is_echo, responder)
        self.fakes[name] = relay
        return relay

    def _serve_vendors(self) -> None:
        where = self.internet.where
        if self._http != "closed":
            handler = streams.http_handler(streams.vendor_pages, self._http)
            addresses = [(address, 80) for address in VENDORS]
            self._tcp("http", where, addresses, handler, must_fire=self._http != "right")
        if self._https:
            vendors = [name for name, address in self.names.items() if address in VENDORS]
            handler = streams.http_handler(streams.vendor_pages)
            addresses = [(address, 443) for address in VENDORS]
            self._tcp("https", where, addresses, handler, must_fire=False, tls=self._tls(*vendors))

    def _serve_internet(self) -> None:
        self._serve_ntp()
        self._serve_coap()
        self._serve_clouds()
        self._serve_vendors()
        if self._public_resolver:
            self._start_public_resolver()

    def _serve_lan(self) -> None:
        where = self.gateway.where
        for address, mode in self._dns.items():
            name = "dns" if address == GATEWAY else "second_dns"
            if mode == "real":
                self.servers[name] = servers.dnsmasq_dns(where, self.folder, address, self.names)
            elif mode != "closed":
                spare = SECOND_RESOLVER if SECOND_RESOLVER not in self._dns else None
                responder = datagrams.dns_responder(mode, self.names, self._wildcard)
                self._udp(name, where, (address, 53), responder, spare if mode == "other-address" else None)
        if isinstance(self._dhcp, Dhcp):
            resolvers = self._dhcp.resolvers
            self.servers["dhcp"] = servers.dnsmasq_dhcp(
                where, self.folder, self._dhcp, tuple(self._dns) if resolvers is None else resolvers
            )
        elif self._dhcp:
            responder = datagrams.dhcp_responder(self._dhcp, GATEWAY, "192.168.77.100")
            self._udp("dhcp", where, ("", 67), responder, device="br-lan")
        if self._second_dhcp:
            other = self.add_host("dhcp2", f"{SECOND_DHCP}/24", SECOND_DHCP_MAC)
            pool = ("192.168.77.200", "192.168.77.210")
            self.servers["second_dhcp"] = servers.dhcpd(
                other, self.folder, SECOND_DHCP, pool, *self._second_dhcp, late=self._second_dhcp_late
            )

    def add_host(self, role: str, address: str, mac: str = FOREIGN_MAC) -> Namespace:
        """Attach a further host to the LAN."""
        other = self._namespace(role)
        device = f"lan{len(self.namespaces)}"
        connect(other, "eth0", self.gateway.where, device)
        self.gateway.where.ip(f"link set {device} master br-lan")
        other.ip(f"link set eth0 address {mac}", f"addr add {address} dev eth0")
        wait_until(other.running, f"devices of {other.name} running")
        return other

    def _address_laptop(self) -> None:
        kind = self._laptop_kind
        if kind in {"dhcp", "dhclient"}:
            servers.dhclient(self.laptop, self.folder, linger=kind == "dhclient")
        elif kind == "static":
            self.laptop.use_resolvers(*self._dns)
            self.laptop.ip(f"addr add {LAPTOP}/24 dev eth0", f"route add default via {GATEWAY} dev eth0 metric 600")
        elif kind == "ipv6-only":
            for where, device, last in ((self.laptop, "eth0", "10"), (self.gateway.where, "br-lan", "1")):
                where.sysctl(f"net/ipv6/conf/{device}/disable_ipv6", "0")
                where.ip(f"addr add 2001:db8:77::{last}/64 dev {device} nodad")
            self.laptop.ip("route add ::/0 via 2001:db8:77::1 dev eth0")
            self.laptop.use_resolvers("2001:db8:77::1")

    # ---- keys and certificates

    @property
    def server_key(self) -> str:
        """The key that the Argon's cloud signs with, as a profile states it."""
        if self._argon_cloud == "vendor":
            return base64.b64encode((build().package / "test" / "public.der").read_bytes()).decode()
        return servers.public_key(self._certificate().key)

    def _carry(self, key: str) -> None:
        """Let every UDP device carry a key: the laptop sees another argon.toml, on which their profiles are based."""
        text, count = re.subn(r'(?m)^(server_key = \{ value = )"[^"]+"', rf'\1"{key}"', ARGON.read_text())
        assert count == 1
        file = self.folder / ARGON.name
        file.write_text(text)
        self.laptop.shown[ARGON] = file

    @property
    def ca(self) -> Path:
        """The lab's CA certificate, for SSL_CERT_FILE."""
        return self._certificate().ca

    def _certificate(self, *names: str) -> servers.Certificate:
        wanted = names or ("lab.example",)
        made = servers.Certificate(
            self.folder / f"{wanted[0]}.pem", self.folder / f"{wanted[0]}.key", self.folder / "ca.pem"
        )
        return made if made.chain.exists() else servers.certificate(self.folder, *wanted)

    def _tls(self, *names: str) -> ssl.SSLContext:
        made = self._certificate(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.chain, made.key)
        return context

    # ---- things that a scenario can add

    def _start_public_resolver(self) -> None:
        where = self.internet.where
        server = servers.dnsmasq_dns(where, self.folder, PUBLIC_RESOLVER, NAMES)
        self.servers["public_resolver"] = server

    def local_cloud(self, dtls_port: int, nonce_port: int) -> Firewall:
        """Put a company's own cloud on a host of the LAN, LOCAL_CLOUD: libcoap's DTLS with echoes, and Particle's TCP.

        libcoap serves CoAP there, too, on UDP 15683.

        Its firewall is returned: what is for the host itself goes by the hook "input".
        """
        host = self.local_host = self.add_host("cloud", f"{LOCAL_CLOUD}/24")
        self.add_destination("dtls", LOCAL_CLOUD, dtls_port)
        self.add_destination("nonce", LOCAL_CLOUD, nonce_port)
        self.add_destination("own-coap", LOCAL_CLOUD, servers.BEHIND_RELAY - 1)
        self.servers["local_dtls"] = servers.coap_dtls(host, self.folder, LOCAL_CLOUD, self._certificate(), lead=False)
        self.servers["local_dtls"].wait()
        self._relay("local_dtls", host, (LOCAL_CLOUD, dtls_port), "real").must_fire = False
        handler = streams.cloud_handler("nonce")
        self._tcp("local_nonce", host, [(LOCAL_CLOUD, nonce_port)], handler, must_fire=False)
        wall = self.local_wall = Firewall(host)
        self.walls.append(wall)
        return wall

    def restart_argon_cloud(self) -> None:
        """Start the DTLS server anew: its cookies then come from another secret."""
        kill(self.servers["argon_cloud"].process)
        where, certificate = self.internet.where, self._certificate()
        self.servers["argon_cloud"] = servers.coap_dtls(where, self.folder, ARGON_CLOUD, certificate, lead=False)
        self.servers["argon_cloud"].wait()

    def answer_dns(self, mode: datagrams.DnsMode) -> None:
        """Let the resolver, which is a fake already, answer in another way from now on; "real" means rightly."""
        fake = self.fakes["dns"]
        assert isinstance(fake, UdpFake)
        fake.respond = datagrams.dns_responder(mode, self.names, self._wildcard)

    def portal(self, *, block: bool = False, knows_laptop: bool = False) -> Fault:
        """Redirect the LAN's HTTP to a captive portal on the gateway (302 to LOGIN_PAGE); `block` drops all else.

        A portal that `knows_laptop` lets this laptop's MAC address through, and stops every other.
        """
        self.portal_page(8080)
        except_mac = LAPTOP_MAC if knows_laptop else None
        if block:
            self.gateway.drop(must_fire=False)
        return self.gateway.redirect("tcp", 80, 8080, except_mac=except_mac, must_fire=not knows_laptop)

    def portal_page(self, port: int = 80) -> TcpFake:
        """Serve the portal's pages on a port of the gateway (80: where portal by DNS leads)."""
        handler = streams.http_handler(streams.portal_pages(LOGIN_PAGE))
        return self._tcp(f"portal{port}", self.gateway.where, [("", port)], handler, must_fire=False)

    def web_page(self, address: str) -> TcpFake:
        """Serve a page of its own for every name at an address of the internet: a filter's block page."""
        handler = streams.http_handler(streams.portal_pages(LOGIN_PAGE))
        where = [(address, 80), (address, 443)]
        return self._tcp("web_page", self.internet.where, where, handler, must_fire=False)

    def portal_tls(self) -> Fault:
        """Redirect the LAN's HTTPS to the gateway, whose certificate is only good for `portal.lab.example`."""
        handler = streams.http_handler(streams.portal_pages(LOGIN_PAGE))
        self._tcp("portal_tls", self.gateway.where, [("", 8443)], handler, must_fire=False, tls=self._tls(PORTAL_NAME))
        return self.gateway.redirect("tcp", 443, 8443)

    def status_page(self, page: streams.Page) -> TcpFake:
        """Serve this at every address of the vendor's status page, which `names` has to have; trust `lab.ca`."""
        handler = streams.http_handler(lambda _host, _path: page)
        tls = self._tls(STATUS_NAME)
        return self._tcp("status_page", self.internet.where, [(STATUS_PAGE, 443)], handler, must_fire=False, tls=tls)

    def captive_api(self, mode: streams.CaptiveMode, *, elsewhere: str | None = None) -> TcpFake:
        """Serve RFC 8908's API at PORTAL_API; announce it by `Dhcp(captive_portal=PORTAL_API)`, trust `lab.ca`.

        Where `elsewhere` is given, it only redirects to there.
        """
        pages = streams.captive_api_pages(mode, f"https://{PORTAL_NAME}/login")
        handler = streams.http_handler(streams.portal_pages(elsewhere) if elsewhere else pages)
        tls = self._tls(PORTAL_NAME)
        return self._tcp("captive_api", self.gateway.where, [(GATEWAY, 443)], handler, must_fire=True, tls=tls)

    def own_services(self, address: str) -> dict[str, TcpFake]:
        """Serve HTTP and HTTPS on the laptop itself, for nobody but the laptop."""
        handler = streams.http_handler(streams.vendor_pages)
        for name, port, tls in (("own_http", 80, None), ("own_https", 443, self._tls(PORTAL_NAME))):
            self._tcp(name, self.laptop, [(address, port)], handler, must_fire=False, tls=tls)
        return {name: fake for name, fake in self.fakes.items() if isinstance(fake, TcpFake) and name[:4] == "own_"}

    def transparent_proxy(self, mode: streams.CloudMode = "silent") -> Fault:
        """Let the gateway accept TCP 5683 in the cloud's place, as a transparent proxy does."""
        self._tcp("proxy5683", self.gateway.where, [("", 15683)], streams.cloud_handler(mode), must_fire=False)
        return self.gateway.redirect("tcp", 5683, 15683)

    def narrow_path(self, mtu: int = 1200, *, silently: bool = False, must_fire: bool = True) -> Fault:
        """Let nothing larger out to the provider; unless `silently`, ICMP says so (else it is a black hole)."""
        if silently:
            self.gateway.drop("icmp", hooks=("output",))
        fault = self.gateway.narrow("wan", mtu)
        fault.must_fire = must_fire
        return fault

    def forgetful_nat(self, single_s: int, stream_s: int) -> None:
        """Let the gateway forget conversations over UDP, and give each new one another port.

        `single_s` is for those that have lasted up to two seconds so far, `stream_s` for longer ones.
        """
        self.gateway.where.sysctl("net/netfilter/nf_conntrack_udp_timeout", str(single_s))
        self.gateway.where.sysctl("net/netfilter/nf_conntrack_udp_timeout_stream", str(stream_s))
        masquerade(self.gateway.where, "wan", new_ports=True)

    def http_proxy(self) -> str:
        """Start something that accepts connections on the gateway's port 3128; return its URL for `http_proxy`."""
        self._tcp("http_proxy", self.gateway.where, [(GATEWAY, 3128)], streams.cloud_handler("silent"), must_fire=False)
        return f"http://{GATEWAY}:3128"

    def vpn(self, kind: Literal["halves", "metric"]) -> None:
        """Bring up a VPN on the laptop: device tun0 that reaches the internet whatever the LAN does.

        "halves" routes 0.0.0.0/1 and 128.0.0.0/1 into it, "metric" a default route with a lower metric; resolv.conf
        then names 198.51.100.53, which is reached through it.
        """
        far = self._namespace("vpn")
        connect(far, "eth0", self.internet.where, "vpn")
        far.sysctl("net/ipv4/ip_forward", "1")
        far.ip("addr add 203.0.113.10/30 dev eth0", "route add default via 203.0.113.9")
        self.internet.where.ip("addr add 203.0.113.9/30 dev vpn")
        masquerade(far, "eth0")
        tunnel.join(self.reactor, self.laptop, far, "tun0")
        far.ip(f"addr add {VPN_GATEWAY}/24 dev tun0", "link set tun0 up")
        routes = {"halves": ("0.0.0.0/1", "128.0.0.0/1"), "metric": ("default",)}[kind]
        self.laptop.ip(
            "addr add 10.8.0.2/24 dev tun0", "link set tun0 up",
            *(f"route add {route} via {VPN_GATEWAY} dev tun0 metric 50" for route in routes),
        )  # fmt: skip
        if "public_resolver" not in self.servers:
            self._start_public_resolver()
            self.servers["public_resolver"].wait()
        self.laptop.use_resolvers(PUBLIC_RESOLVER)

    def capture(self) -> Capture:
        """Record every frame of the laptop's eth0: `with lab.capture() as capture: ...`, then `capture.sent()`."""
        stations = frozenset({GATEWAY_MAC, SECOND_DHCP_MAC, FOREIGN_MAC})
        pcap = self.folder / f"capture{next(self._captures)}.pcap"
        return Capture(self.laptop, self.gateway.where, "br-lan", stations, pcap)

    # ---- the tool

    def check_argv(self, *arguments: str, user: int | None = None) -> list[str]:
        """Full command line of `netpreflight check --json` on the laptop (for Popen: signals, live output)."""
        return self.laptop.argv(self._tool(arguments), user, READABLE)

    def _tool(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """The tool with these arguments, and with the lab's air unless they leave the air out."""
        tool = Path(sys.executable).with_name("netpreflight")
        left_out = "--only" in arguments or any("wifi" in argument for argument in arguments)
        return str(tool), "check", "--json", *arguments, *(() if left_out else self.air)

    def check(
        self, *arguments: str, user: int | None = None, env: Mapping[str, str] | None = None, timeout_s: float = 60.0
    ) -> CheckRun:
        """Run `netpreflight check --json` on the laptop, as root or (`user=NOBODY`) without any privilege."""
        begun = time.monotonic()
        argv = self._tool(arguments)
        done = self.laptop.run(*argv, user=user, env=env, timeout_s=timeout_s, readable=READABLE)
        took_s = time.monotonic() - begun
        assert self.seen
        return CheckRun(argv, done.returncode, done.stdout, done.stderr, took_s, self.seen)

    def watch(self) -> None:
        """Begin to watch what leaves the laptop; the watch before ends, if there is one."""
        self.end_watch()
        far = [self.internet.where, *([self.local_host] if self.local_host else [])]
        self._witness = Witness(self.laptop, far, self.destinations, self.may_be_asked_for)
        self._received_before = {name: len(fake.received) for name, fake in self.fakes.items()}

    def end_watch(self) -> None:
        """End it, and hold what was sent against what may be sent."""
        witness, self._witness = self._witness, None
        if witness:
            self.seen = witness.end()
            self._hold_what_was_encrypted()

    def _hold_what_was_encrypted(self) -> None:
        """What was sent within TLS, as its server has it."""
        asked = dict.fromkeys(("captive_api", "https", "portal_tls"), shapes.API_GET) | {
            "status_page": shapes.STATUS_GET
        }
        for name, form in asked.items():
            for received in (
                self.fakes[name].received[self._received_before.get(name, 0) :] if name in self.fakes else ()
            ):
                assert not received.data or form.fullmatch(received.data), received.data

    # ---- what the far end saw

    def arrived(self, proto: str, port: int) -> int:
        """Datagrams or connection attempts that reached the internet's services (123, 5683, 5684, 80, 443, 53)."""
        return read_counter(self.internet.where, "arrivals", f"{proto}_{port}")

    def leases(self) -> list[tuple[str, str]]:
        """(MAC, address) of every lease that the gateway's dnsmasq holds."""
        rows = [line.split() for line in (self.folder / "leases").read_text().splitlines()]
        return [(row[1], row[2]) for row in rows]

    def second_leases(self) -> list[str]:
        """Addresses that the second DHCP server (ISC dhcpd) has leased now."""
        blocks = re.findall(r"lease (\S+) {(.*?)\n}", (self.folder / "dhcpd.leases").read_text(), re.DOTALL)
        last = {address: "\n  binding state active" in body for address, body in blocks}
        return [address for address, active in last.items() if active]

    def log(self, server: str) -> list[str]:
        """Log lines of a real server: dhcp, dns, second_dns, second_dhcp, ntp, coap1, coap2, argon_cloud, ..."""
        return self.servers[server].lines()

    @property
    def vendor(self) -> servers.Vendor:
        """The vendor's own server (argon_cloud="vendor")."""
        server = self.servers["argon_cloud"]
        assert isinstance(server, servers.Vendor)
        return server

    def vendor_alive(self) -> list[str]:
        """What the vendor's server calls errors; raises unless it lives on when its garbage has been collected."""
        self.vendor.collect()
        return [f"{event['where']}: {event['says']}" for event in self.vendor.events("error")]

    def queries(self, server: str = "dns") -> list[tuple[str, str]]:
        """(type, name) of every query that a real resolver was asked."""
        found = (re.search(r"query\[(\S+)\] (\S+) from", line) for line in self.log(server))
        return [(match[1], match[2]) for match in found if match]

    def http_log(self, server: str = "http") -> list[str]:
        """Requests to http, https, coap_http, portal80, portal8080 or captive_api, as "host path -> status"."""
        fake = self.fakes[server]
        assert isinstance(fake, TcpFake)
        return fake.log

"""The real servers: each function writes a configuration, starts one in a namespace and says when it is ready."""

import base64
import json
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.lab.namespaces import LabError, Laptop, Namespace, command, wait_until
from tests.lab.vendor.build import HERE as VENDOR
from tests.lab.vendor.build import build

GATEWAY = "192.168.77.1"
LAPTOP_MAC = "02:00:00:77:00:10"
COAP_DEAF_S = 0.26
BEHIND_RELAY = 15684  # where the DTLS servers listen; 5684 leads there
OTHER_MAC = "02:00:00:77:00:99"  # another client of the LAN, which holds a lease in `Dhcp(taken=True)`


@dataclass(frozen=True)
class Dhcp:
    """How the gateway's dnsmasq hands out addresses."""

    pool: tuple[str, str] = ("192.168.77.100", "192.168.77.150")
    router: str | None = GATEWAY  # None: no option 3
    resolvers: tuple[str, ...] | None = None  # None: those that the lab runs; (): no option 6
    captive_portal: str | None = None  # option 114 (RFC 8910), a URL
    known_only: bool = False  # ignores every MAC address but the laptop's
    taken: bool = False  # the first address of the pool is leased to another client
    ping: bool = False  # probe an address before offering it (dnsmasq's default; takes it 3 s)
    lease: str = "1h"
    extra: tuple[str, ...] = ()  # more dnsmasq configuration lines


@dataclass
class Server:
    """A running server and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    ready: Callable[[], bool]

    def wait(self) -> None:
        """Wait until it serves; raise with its log if it has ended instead."""

        def up() -> bool:
            if self.process.poll() is not None:
                raise LabError(f"{self.process.args!r} ended: {self.lines()}")
            return self.ready()

        wait_until(up, f"{self.process.args!r} ready; it says {self.lines()}")

    def lines(self) -> list[str]:
        """Return its log so far."""
        return self.log.read_text(errors="replace").splitlines()


def _start(where: Namespace, argv: Sequence[str], log: Path, ready: Callable[[], bool]) -> Server:
    log.touch()
    return Server(where.spawn(argv, log), log, ready)


def _dnsmasq(where: Namespace, folder: Path, name: str, lines: Sequence[str], ready: Callable[[], bool]) -> Server:
    config, log = folder / f"{name}.conf", folder / f"{name}.log"
    common = ("keep-in-foreground", "user=root", "group=root", "bind-interfaces", "no-resolv", "no-hosts",
              f"log-facility={log}", "pid-file=")  # fmt: skip
    config.write_text("\n".join([*common, *lines]) + "\n")
    return _start(where, ["dnsmasq", f"--conf-file={config}"], log, ready)


def dnsmasq_dhcp(
    where: Namespace, folder: Path, dhcp: Dhcp, resolvers: Sequence[str], device: str = "br-lan"
) -> Server:
    """Dnsmasq as the LAN's DHCP server, without DNS; its leases are in folder/leases."""
    folder.mkdir(exist_ok=True)
    leases = folder / "leases"
    taken = f"2000000000 {OTHER_MAC} {dhcp.pool[0]} other 01:{OTHER_MAC}\n" if dhcp.taken else ""
    leases.write_text(taken)
    lines = [
        "port=0", f"interface={device}", "log-dhcp", f"dhcp-leasefile={leases}",
        f"dhcp-range={dhcp.pool[0]},{dhcp.pool[1]},255.255.255.0,{dhcp.lease}",
        ",".join(["dhcp-option=3", *([dhcp.router] if dhcp.router else [])]),
        ",".join(["dhcp-option=6", *resolvers]),
        *([] if dhcp.ping else ["no-ping"]),
        *([f"dhcp-option-force=114,{dhcp.captive_portal}"] if dhcp.captive_portal else []),
        *([f"dhcp-host={LAPTOP_MAC},set:known", "dhcp-ignore=tag:!known"] if dhcp.known_only else []),
        *dhcp.extra,
    ]  # fmt: skip
    return _dnsmasq(where, folder, "dnsmasq-dhcp", lines, lambda: where.bound("udp", 67))


def dnsmasq_dns(where: Namespace, folder: Path, address: str, names: Mapping[str, str]) -> Server:
    """Dnsmasq as a resolver that knows `names` and nothing else; "*.zone" stands for every name in zone."""
    lines = [f"listen-address={address}", "log-queries", "local=/#/"]
    # Without a zone of its own, a name under a "*.zone" would not exist (NXDOMAIN) as soon as its AAAA record is asked.
    lines += [f"local=/{name[2:]}/" for name in names if name.startswith("*.")]
    lines += [
        f"address=/{name[2:]}/{target}" if name.startswith("*.") else f"host-record={name},{target}"
        for name, target in names.items()
    ]
    return _dnsmasq(where, folder, f"dns-{address}", lines, lambda: where.bound("udp", 53, address))


def dhcpd(
    where: Namespace,
    folder: Path,
    server: str,
    pool: tuple[str, str],
    router: str,
    resolver: str,
    *,
    late: bool = False,
) -> Server:
    """ISC dhcpd on eth0 of a host of its own; its leases are in folder/dhcpd.leases.

    `late`: by its defaults it pings an address for 1 s to 2 s before it offers it, and answers no INFORM.
    """
    config, leases = folder / "dhcpd.conf", folder / "dhcpd.leases"
    leases.touch()
    config.write_text(
        f"{'' if late else 'authoritative; ping-check off; '}default-lease-time 600;\n"
        "subnet 192.168.77.0 netmask 255.255.255.0 {\n"
        f"range {pool[0]} {pool[1]}; option routers {router}; option domain-name-servers {resolver}; "
        f"server-identifier {server}; }}\n"
    )
    argv = ["dhcpd", "-f", "-d", "--no-pid", "-user", "root", "-group", "root",
            "-cf", str(config), "-lf", str(leases), "eth0"]  # fmt: skip
    server_ = _start(where, argv, folder / "dhcpd.log", lambda: False)
    # dhcpd listens on a packet socket; its last line before it serves is the only sign that it does.
    server_.ready = lambda: any("Server starting service" in line for line in server_.lines())
    return server_


def chronyd(where: Namespace, folder: Path, address: str) -> Server:
    """Chrony as a stratum 2 NTP server that leaves this machine's clock alone."""
    config = folder / "chrony.conf"
    config.write_text(
        f"bindaddress {address}\nallow all\nlocal stratum 2\ncmdport 0\nbindcmdaddress /\n"
        f"pidfile {folder / 'chronyd.pid'}\n"
    )
    argv = ["chronyd", "-x", "-d", "-u", "root", "-f", str(config)]
    return _start(where, argv, folder / "chronyd.log", lambda: where.bound("udp", 123, address))


def coap_server(where: Namespace, folder: Path, address: str) -> Server:
    """Libcoap's server on UDP (and TCP) 5683.

    It answers a client's port with at most one Reset in 250 ms, and counts from the full second in which it started:
    in the first quarter of that second no ping is answered at all.
    """
    argv = ["coap-server-notls", "-A", address, "-p", "5683", "-v", "7"]
    begun = time.time()

    def ready() -> bool:
        awake = time.time() % 1 > COAP_DEAF_S or time.time() - begun > 1
        return awake and where.bound("udp", 5683, address)

    return _start(where, argv, folder / f"coap-{address}.log", ready)


def coap_dtls(where: Namespace, folder: Path, address: str, certificate: "Certificate", *, lead: bool = True) -> Server:
    """Libcoap's server over OpenSSL: DTLS 1.2 on UDP 5684 with a cookie round, for any number of clients.

    It takes ECDHE-ECDSA-AES128-CCM8. It always serves plain CoAP one port below DTLS; both ports are moved up by
    10000, and only 5684 leads there, so that UDP 5683 of this address stays as the scenario wants it. Unless it is to
    `lead`, 5684 leads there only by what the caller does.
    """
    argv = ["coap-server-openssl", "-A", address, "-p", "15683", "-v", "7",
            "-c", str(certificate.chain), "-j", str(certificate.key)]  # fmt: skip
    if lead:
        where.nft(
            f"table inet dtls-{address.replace('.', '-')} {{ chain pre {{ type nat hook prerouting priority -100; "
            f"ip daddr {address} udp dport 5684 dnat ip to {address}:{BEHIND_RELAY}; }}\n}}"
        )
    return _start(where, argv, folder / f"dtls-{address}.log", lambda: where.bound("udp", BEHIND_RELAY, address))


def s_server(where: Namespace, folder: Path, address: str, certificate: "Certificate") -> Server:
    """OpenSSL's own DTLS 1.2 server: a cookie round (-listen), then one client; it ends when that handshake fails."""
    argv = ["openssl", "s_server", "-dtls1_2", "-listen", "-accept", f"{address}:{BEHIND_RELAY}", "-cert",
            str(certificate.chain), "-key", str(certificate.key), "-cipher",
            "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0"]  # fmt: skip
    return _start(where, argv, folder / "s_server.log", lambda: where.bound("udp", BEHIND_RELAY, address))


ENDED_BY_ALERT = "SSL - A fatal alert message was received from our peer"
ALERT_ERRORS = (f"client: {ENDED_BY_ALERT}", f"socket: -30592 {ENDED_BY_ALERT}")
"""What the vendor's server calls an error where a run ends the handshake that it began."""


@dataclass
class Vendor(Server):
    """The vendor's own server; its log is a list of events (vendor/server.js)."""

    must_live: bool = True  # the lab fails at its end when this server has died

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return its events of one kind: connection, receive, send, secure, close, moved, error, ..."""
        # What it is killed by is said in other words, and its last line may not be whole yet.
        lines = [line for line in self.log.read_text(errors="replace").splitlines(keepends=True) if line[0] == "{"]
        events: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["event"] == kind]

    def collect(self) -> None:
        """Let it free all that it no longer needs; raise if that, or anything before, has killed it."""
        before = len(self.events("collected"))
        self.process.send_signal(signal.SIGUSR2)

        def collected() -> bool:
            if self.process.poll() is not None:
                raise LabError(f"the vendor's server ended: {self.process.returncode}; it says {self.lines()[-9:]}")
            return len(self.events("collected")) > before

        wait_until(collected, f"garbage collection in the vendor's server; it says {self.lines()[-9:]}")


def vendor(where: Namespace, folder: Path, address: str) -> Vendor:
    """Particle's own DTLS server (npm's node-mbed-dtls) on UDP 5684, with the key of its tests.

    What is written beyond its buffers shows once they are freed: hence `Vendor.collect`.
    """
    built = build()
    argv = [str(built.node), "--expose-gc", "--no-deprecation", str(VENDOR / "server.js"), str(built.package),
            address, "5684"]  # fmt: skip
    log = folder / "vendor.log"
    started = _start(where, argv, log, lambda: False)
    server = Vendor(started.process, log, lambda: False)
    server.ready = lambda: bool(server.events("ready"))
    return server


@dataclass(frozen=True)
class Certificate:
    """A P-256 certificate, its key, and the lab's CA that signed it."""

    chain: Path
    key: Path
    ca: Path


def certificate(folder: Path, *names: str) -> Certificate:
    """Make a certificate for DNS `names`, signed by a CA of this lab's own (made once)."""
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "9",
    ]
    if not ca.exists():
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        command([*new, "-keyout", str(ca_key), "-out", str(ca), "-subj", "/CN=netpreflight lab CA", *usage])
    made = Certificate(folder / f"{names[0]}.pem", folder / f"{names[0]}.key", ca)
    command(
        [*new, "-keyout", str(made.key), "-out", str(made.chain), "-subj", f"/CN={names[0]}",
         "-CA", str(ca), "-CAkey", str(ca_key), "-addext", "basicConstraints=critical,CA:false",
         "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    )  # fmt: skip
    return made


def private_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """The private key of a certificate."""
    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def public_key(file: Path) -> str:
    """The public half of such a key: its SubjectPublicKeyInfo in base64."""
    der = private_key(file).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


DHCLIENT_SCRIPT = """#!/bin/sh
case "$reason" in BOUND|RENEW|REBIND|REBOOT)
  ip addr replace "$new_ip_address/24" dev "$interface"
  for router in $new_routers; do ip route replace default via "$router" dev "$interface" metric 600; done
  : > /etc/resolv.conf
  for resolver in $new_domain_name_servers; do echo "nameserver $resolver" >> /etc/resolv.conf; done ;;
esac
"""


def dhclient(laptop: Laptop, folder: Path, *, linger: bool) -> None:
    """Let ISC dhclient address eth0; unless it is to `linger`, it is then killed and its lease file stays."""
    script = folder / "dhclient-script"
    script.write_text(DHCLIENT_SCRIPT)
    script.chmod(0o755)
    argv = ["dhclient", "-d", "-1", "-4", "-sf", str(script), "-lf", "/var/lib/dhcp/dhclient.leases",
            "-pf", str(folder / "dhclient.pid"), "eth0"]  # fmt: skip
    log = folder / "dhclient.log"
    server = _start(laptop, laptop.argv(argv), log, lambda: "bound to " in log.read_text())
    server.wait()
    if not linger:
        server.process.kill()
        server.process.wait()

"""Reports of networks with something of their place in whatever judging quotes."""

from typing import Any

from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report
from netpreflight.probes.observations import (
    Cloud,
    Connection,
    Contact,
    Icmp,
    Lease,
    Mapping,
    Neighbor,
    Observations,
    Path,
    PathProbe,
    PathTarget,
    PortalApi,
    Proxy,
    TlsWitness,
    WholePackets,
)
from tests.unit import seen
from tests.unit.again import run_of
from tests.unit.partly import partly
from tests.unit.seen_ladders import ladder, up_to

EACH_DEVICE = partly({"argon"}, ["argon", "generic", "photon", "photon2"])
"""The devices for which a property is held; `tests/run --fast` holds it for the first only."""


EVERY_DEVICE = partly({"argon", "photon"}, profiles.names())
"""All of them; `tests/run --fast` takes one of each kind of cloud."""


def of(observations: Observations, footprint: list[Contact] | None = None, device: str = "generic") -> Report:
    run = replace(run_of(observations), footprint=footprint or [])
    return report.make(run, profiles.load(device))


def broken(**changed: Any) -> Observations:
    """A network with something of a place in whatever judging quotes."""
    made = seen.healthy(**changed)
    made.scope.mac, made.scope.ssid, made.scope.bssid = "02:00:00:00:00:aa", "Home", "02:00:00:00:00:06"
    made.scope.tunnels, made.scope.vpn = ["wg-acme"], "wg-acme"
    made.scope.interface = made.scope.interfaces[1] = "enx020000000001"
    made.scope.proxy = [Proxy(variable="http_proxy", value="http://portal.hotel.example:3128")]
    if made.dhcp:
        made.dhcp.client_mac = "02:00:00:00:00:bb"
        made.dhcp.laptop_lease = Lease(source="dhclient", address="192.168.77.10", routers=["192.168.77.1"])
    return made


NEAR = Neighbor(operating_class=81, channel=6, bssid="02:00:00:00:00:06")
NO_NONCE = seen.photon(Connection(at_s=0, error="timeout"))
SILENT = seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, count=3))
REJECTED = seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "icmp", 2))
LADDERS = PathTarget(
    host=seen.ARGON_NAME,
    address=seen.ARGON_ADDRESS,
    device=ladder("udp 5684", *up_to(2)),
    controls=[ladder("tcp 443", *up_to(4, f"!{seen.ARGON_ADDRESS} SYN-ACK"), known_by="it answered before")],
)


def large(source: str, icmp: Icmp) -> PathTarget:
    """A path of a port that answers, with what became of a large datagram."""
    outcome: Any = "time-exceeded" if icmp.type == 11 else "unreachable"
    made = PathProbe(ttl=2, at_s=1.0, outcome=outcome, icmp=icmp, source=source)
    return replace(LADDERS, controls=[], whole=WholePackets(size=1280, probes=[made]))


API = "https://portal.hotel.example/guest-room-12"
LOCATION = "http://portal.hotel.example/guest-room-12/login?mac=02:00:00:00:00:aa&ip=192.168.77.10"
PLACES: dict[str, dict[str, Any]] = {
    "healthy": {},
    "deaf": {"wifi": None},
    "in-range": {"wifi": seen.wifi(seen.bss(), seen.bss(11, ssid="Zimmer"), target=None, target_from=None)},
    "neighbours": {"wifi": seen.wifi(seen.bss(), seen.bss(11, ssid="Horne", neighbors=[NEAR]))},
    "two-servers": {
        "dhcp": seen.dhcp(
            seen.message(server_mac="02:00:00:00:00:01"),
            seen.message(server="192.168.77.2", routers=["192.168.77.2"], server_mac="02:00:00:00:00:02"),
        )
    },
    "nak": {"dhcp": seen.dhcp(seen.message(), seen.message("NAK", message="Hello, Bob", address=None))},
    "no-router": {"dhcp": seen.lease(routers=[])},
    "no-resolver": {"dhcp": seen.lease(resolvers=[])},
    "ntp-rejected": {"ntp": seen.ntp(outcome="icmp")},
    "ntp-silent": {"ntp": seen.ntp()},
    "names-withheld": {"dns": seen.dns(default="REFUSED")},
    "names-invented": {
        "dns": seen.dns(*[seen.lookup(text, "192.168.77.1") for text in (*seen.ADDRESSES, *seen.RANDOM)])
    },
    "resolver-silent": {"dns": seen.dns(default=None)},
    "redirected": {"portal": seen.portal({"status": 302, "location": LOCATION, "body": "guest-room-12"})},
    "redirected-here": {"portal": seen.portal({"status": 302, "location": "/guest-room-12/index?a=b", "body": ""})},
    "redirected-oddly": {
        "portal": seen.portal({"status": 302, "location": "/a/../(b) 'c' <guest-room-12>?d='Hello, Bob'", "body": ""}),
    },
    "portal-api": {
        "portal": seen.portal(
            api=PortalApi(url=API, status=200, captive=True, portal_url=LOCATION),
            tls=[TlsWitness(host="captive.apple.com", mismatch="Hostname mismatch")],
        )
    },
    "portal-api-fails": {
        "portal": seen.portal(api=PortalApi(url=API, error="the certificate is not valid for portal.hotel.example")),
    },
    "portal-errors": {
        "portal": seen.portal({"status": None, "body": "", "error": "not HTTP: bytearray(b'Hello, Bob')"}),
    },
    "coap-blocked": {"coap": seen.coap(seen.attempts(seen.COAP_ADDRESSES[0], 5683, "icmp", 2))},
    "cloud-blocked": {"cloud": Cloud(endpoints=[NO_NONCE, SILENT])},
    "path-blocked": {"cloud": Cloud(endpoints=[NO_NONCE, SILENT]), "path": Path(targets=[LADDERS])},
    "narrow": {"path": Path(targets=[large("203.0.113.7", Icmp(type=3, code=4, source="203.0.113.7", mtu=1200))])},
    "wide": {
        "path": Path(targets=[large("192.168.77.1", Icmp(type=11, code=0, source="192.168.77.1"))]),
        "mapping": Mapping(
            transport="dtls", host=seen.ARGON_NAME, port=5684, address=seen.ARGON_ADDRESS, cookie=True, largest=754
        ),
    },
    "cloud-rejected": {"cloud": Cloud(endpoints=[seen.photon(seen.NONCE), REJECTED])},
}
EACH_PLACE = partly(
    {"healthy", "neighbours", "two-servers", "redirected", "portal-api", "coap-blocked", "path-blocked", "wide"}, PLACES
)
"""The same for tests, of which `tests/run --fast` takes one of each kind."""

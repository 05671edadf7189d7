"""Reports as they come from real places: healthy, a captive portal, UDP blocked, Wi-Fi wrong; and a hostile one."""

from typing import Any

import msgspec
from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report, Run
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import (
    Attempt,
    Bss,
    Cloud,
    Contact,
    HtOperation,
    Icmp,
    Neighbor,
    Path,
    PathTarget,
    Privileges,
    Proxy,
    Resolver,
    Scope,
    Wifi,
)
from tests.unit import seen
from tests.unit.seen import ARGON_ADDRESS, ARGON_NAME, COAP_ADDRESSES, GATEWAY, RESOLVER
from tests.unit.seen_ladders import ladder

SSID = "Workshop"
ROUTER_MAC = "38:10:d5:12:34:56"  # AVM GmbH, by the IEEE's registry
NEIGHBOURS = (
    ("FRITZ!Box 7590", 1, -61, "e0:28:6d:aa:01:02", 20),
    ("Café Müller", 11, -67, "f0:9f:c2:10:20:30", 40),
    ("printer-setup", 6, -72, "00:1e:0b:01:02:03", 20),
    ("", 11, -78, "02:1e:0b:01:02:04", 20),
    ("WLAN-483920", 3, -83, "34:31:c4:77:88:99", 20),
    ("guest", 1, -88, "e2:28:6d:aa:01:03", 20),
)
TIMES = {
    "wifi": (0.0, 3.1),
    "dhcp": (0.0, 0.4),
    "dns": (0.4, 0.1),
    "ntp": (0.5, 0.1),
    "portal": (0.5, 0.3),
    "coap": (0.5, 0.2),
    "cloud": (0.5, 0.2),
    "tcp": (0.5, 0.1),
    "echo": (0.5, 0.4),
}
SENT = (
    Contact(protocol="udp", host=None, address="255.255.255.255", port=67, packets=3, bytes=984, purpose="DHCP"),
    Contact(protocol="udp", host=None, address=RESOLVER, port=53, packets=14, bytes=980, purpose="DNS"),
    Contact(protocol="udp", host=ARGON_NAME, address=ARGON_ADDRESS, port=5684, packets=3, bytes=540, purpose="cloud"),
)


def air(*own: Bss, **fields: Any) -> Wifi:
    """The air of a street: our own access points, and the neighbours'."""
    ours = own or (seen.bss(6, ssid=SSID, bssid="38:10:d5:12:34:58", signal_dbm=-52.0),)
    others = [
        seen.bss(
            channel,
            ssid=name,
            ssid_hex=name.encode().hex(),
            bssid=bssid,
            signal_dbm=float(dbm),
            width_mhz=width,
            hidden=not name,
            ht=HtOperation(primary_channel=channel, secondary_offset=3 if width == 40 else 0, any_width=width == 40),
        )
        for name, channel, dbm, bssid, width in NEIGHBOURS
        if name or not own  # a hidden network could be ours
    ]
    return seen.wifi(*ours, *others, **{"target": SSID, "scan_s": 3.1, **fields})


def laptop() -> Scope:
    """A laptop by cable at the router."""
    return Scope(
        interface="eth0",
        state="up",
        medium="wired",
        mac="54:e1:ad:00:11:22",
        addresses=[seen.LAPTOP],
        gateway=GATEWAY,
        gateway_mac=ROUTER_MAC,
        interfaces=["lo", "eth0", "wlan0"],
        resolvers=[Resolver(address=RESOLVER, source="dhcp", interface="eth0")],
        privileges=Privileges(user="root", raw_sockets=True),
        os="linux",
    )


def run_of(duration_s: float = 3.4, times: dict[str, tuple[float, float]] | None = None, **changed: Any) -> Run:
    """A run on that street, with what is changed, and with the times that such a run has."""
    observed = seen.healthy(**{"scope": laptop(), "wifi": air(), **changed})
    for name, (begun, took) in {**TIMES, **(times or {})}.items():
        probe = getattr(observed, name)
        if probe is not None:
            probe.started_s, probe.duration_s = begun, took
            setattr(observed, name, _within(probe, begun, begun + took))
    return Run(
        started="2026-11-21T10:00:00Z",
        duration_s=duration_s,
        complete=True,
        selection=Selection(),
        observations=observed,
        footprint=list(SENT),
    )


def _within(value: Any, begun: float, ended: float) -> Any:
    """The same, with every time outside the probe's own moved into it."""
    if isinstance(value, list):
        return [_within(element, begun, ended) for element in value]
    if not isinstance(value, msgspec.Struct):
        return value
    inner = {name: _within(getattr(value, name), begun, ended) for name in value.__struct_fields__}
    if isinstance(inner.get("at_s"), float):
        inner["at_s"] = min(max(inner["at_s"], begun), ended)
    return replace(value, **inner)


def made(run: Run, device: str) -> Report:
    """The report on a run for a device."""
    return report.make(run, profiles.load(device))


def silent(address: str, port: int, at: tuple[float, ...] = (0.5, 3.5, 9.5)) -> list[Attempt]:
    """Requests that nobody answered."""
    return [Attempt(at_s=at_s, address=address, port=port, outcome="timeout") for at_s in at]


def healthy() -> Report:
    """A Photon 2 where everything works."""
    return made(run_of(), "photon2")


def captive_portal() -> Report:
    """A Photon 2 behind a captive portal, which answers all HTTP and drops all else."""
    page = {"status": 302, "location": "http://portal.hotel.example/login?mac=00", "body": ""}
    return made(
        run_of(
            duration_s=19.0,
            times={"ntp": (0.5, 10.0), "coap": (0.5, 12.0), "cloud": (0.5, 18.4)},
            portal=seen.portal(page),
            ntp=seen.ntp(),
            coap=seen.coap(silent(COAP_ADDRESSES[0], 5683)),
            cloud=Cloud(endpoints=[seen.photon(), seen.argon(*silent(ARGON_ADDRESS, 5684))]),
        ),
        "photon2",
    )


def blocked() -> Path:
    """Two routers of the site, the second of which drops UDP 5684."""
    way = [GATEWAY, "10.20.0.1", "203.0.113.1", "203.0.113.5"]
    arrived = Icmp(type=3, code=3, source=ARGON_ADDRESS)
    return Path(
        started_s=11.0,
        duration_s=3.6,
        targets=[
            PathTarget(
                host=ARGON_NAME,
                address=ARGON_ADDRESS,
                device=ladder("udp 5684", *way[:2], None, None, None),
                controls=[ladder("udp 53", *way, arrived), ladder("tcp 443", *way, f"!{ARGON_ADDRESS} RST")],
            )
        ],
    )


def udp_blocked() -> Report:
    """A Photon 2 behind a firewall that drops UDP 5684."""
    return made(
        run_of(
            duration_s=19.0,
            times={"cloud": (0.5, 18.4), "path": (11.0, 3.6)},
            cloud=Cloud(endpoints=[seen.photon(seen.NONCE), seen.argon(*silent(ARGON_ADDRESS, 5684))]),
            path=blocked(),
        ),
        "photon2",
    )


def wifi_wrong() -> Report:
    """A Photon, which has 2.4 GHz only, where the network is on 5 GHz only."""
    high = seen.bss(
        36, ssid=SSID, bssid="38:10:d5:12:34:59", frequency_mhz=5180, width_mhz=80, signal_dbm=-48.0, ht=None
    )
    return made(run_of(wifi=air(high)), "photon")


FOUR = {
    "healthy": healthy,
    "captive-portal": captive_portal,
    "udp-blocked": udp_blocked,
    "wifi-wrong": wifi_wrong,
}

HOSTILE = (
    "</script></style></title></pre></svg><script>document.title='executed'</script>\n"
    "<img src=x onerror=\"document.title='executed'\"><svg onload=alert(1)>&lt;b&gt;&amp;\"'`\n"
    "javascript:document.title='executed' http://evil.example/ [x](javascript:alert(1)) | a | b |\n"
    "\u202egnp.exe\u2066\u200b\u200d\ufeff\x00\x1b[31m\u2028"
)


def hostile() -> Report:
    """The UDP-blocked report, with markup and worse wherever a network or a saved report could have put text."""
    long = "W" * 10_000
    bss = seen.bss(6, ssid=HOSTILE, ssid_hex="00", bssid=HOSTILE, country=HOSTILE, contradictions=[HOSTILE, long])
    near = Neighbor(operating_class=115, channel=36, bssid=HOSTILE, short_ssid=long)
    run = run_of(
        wifi=air(bss, seen.bss(1, ssid=long, bssid=long, neighbors=[near]), target=HOSTILE, limits=[HOSTILE, long]),
        dhcp=seen.lease(domain=HOSTILE, message=long, server=HOSTILE, address=long, resolvers=[HOSTILE, long]),
        portal=seen.portal({"status": 302, "location": HOSTILE, "body": long}),
        cloud=Cloud(endpoints=[seen.argon(*silent(ARGON_ADDRESS, 5684))]),
        path=blocked(),
    )
    observed = run.observations
    assert observed.coap is not None
    observed.coap.not_run, observed.coap.unlocked_by = HOSTILE, long
    observed.scope.proxy = [Proxy(variable=HOSTILE, value=long)]
    observed.scope.gateway, observed.scope.vpn = HOSTILE, HOSTILE
    observed.scope.tunnels, observed.scope.ssid, observed.scope.bssid = [HOSTILE, long], HOSTILE, long
    sent = [replace(contact, host=HOSTILE, purpose=long) for contact in run.footprint]
    return made(replace(run, started=HOSTILE, footprint=sent), "photon2")


def crowded(count: int) -> Report:
    """So many access points in range, and no network chosen."""
    others = [
        seen.bss(
            1 + number % 11,
            ssid=f"net-{number}",
            ssid_hex=f"net-{number}".encode().hex(),
            bssid=f"02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            signal_dbm=-30.0 - number % 60,
            elements="dd" * 300,
        )
        for number in range(count)
    ]
    return made(run_of(wifi=seen.wifi(*others, target=None, target_from=None)), "photon2")

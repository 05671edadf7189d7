"""Networks with one fault each, and what every device and version makes of them."""

from typing import Any, NamedTuple

from netpreflight.probes.observations import (
    Cloud,
    CloudEndpoint,
    Connection,
    Dns,
    Echo,
    EchoPacket,
    EchoTest,
    Lookup,
    NtpReply,
    Observations,
    TcpConnect,
)
from tests.unit import seen

ID = "e00fce680000000000000000"
CLOUD_NAMES = [f"{ID}.udp-mesh.particle.io", *(f"{ID}.v{major}.udp.particle.io" for major in range(2, 7))]
UDP_CLOUD = "198.51.100.21"
GROUPS = {
    "tcp": [("photon", "0.6.4"), ("photon", "1.5.2"), ("p1", "1.5.4"), ("core", "1.4.4"), ("core", "0.7.0")],
    "none": [("argon", "1.5.2"), ("argon", "1.5.0"), ("argon", "1.4.4")],
    "ntp": [
        ("photon", "2.0.0"), ("photon", "2.3.1"), ("photon", "3.3.1"), ("p1", "2.3.1"), ("argon", "2.0.0"),
        ("argon", "4.2.0"), ("argon", "5.5.0"), ("photon2", "5.0.0"), ("p2", "5.5.0"), ("msom", "5.5.0"),
    ],
    "echo-1": [
        ("argon", "5.6.0"), ("argon", "5.8.2"), ("argon", "6.0.0"), ("argon", "6.1.2"), ("p2", "5.6.0"),
        ("photon2", "5.8.0"), ("msom", "5.8.2"), ("photon2", "6.1.0"),
    ],
    "echo-2": [
        ("argon", "5.9.0"), ("argon", "6.2.0"), ("p2", "5.9.0"), ("photon2", "6.2.0"), ("msom", "6.2.0"),
    ],
}  # fmt: skip
"""Devices and versions by their Internet Test (device-facts 1.2)."""


class Seen(NamedTuple):
    """A device on a network: whether it gets online, and the blinks and line of an Internet Test that runs."""

    online: bool | None
    blinks: int | None = None
    line: str | None = None


ONLINE = Seen(online=True)
STUCK = Seen(online=False)
OLD_PASS = Seen(online=False, blinks=3, line="Internet available, Cloud not reachable!")
OLD_FAIL = Seen(online=False, blinks=2, line="Internet Test Failed!")
PASS = Seen(online=False, blinks=3, line="Internet available, cloud not reachable")


def failed(words: str) -> Seen:
    return Seen(online=False, blinks=2, line=f"Internet test failed: {words}")


DROPPED = {"cloud": "dropped"}
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Seen]]] = {
    "everything-works": ({}, dict.fromkeys(GROUPS, ONLINE)),
    "only-ntp-blocked": ({"ntp": "timeout"}, dict.fromkeys(GROUPS, ONLINE)),
    "only-8.8.8.8-blocked": ({"tcp": "timeout"}, dict.fromkeys(GROUPS, ONLINE)),
    "cloud-blocked": (
        DROPPED,
        {"tcp": OLD_PASS, "none": STUCK, "ntp": PASS, "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-and-tests-blocked": (
        {**DROPPED, "ntp": "timeout", "tcp": "timeout"},
        {"tcp": OLD_FAIL, "none": STUCK, "ntp": failed("timeout"), "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-and-tests-rejected": (
        {**DROPPED, "ntp": "icmp", "tcp": "refused"},
        {"tcp": OLD_FAIL, "none": STUCK, "ntp": failed("timeout"), "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-blocked-ntp-kiss-of-death": (
        {**DROPPED, "ntp": NtpReply(length=48, mode=4, stratum=0, reference="RATE")},
        {"tcp": OLD_PASS, "none": STUCK, "ntp": failed("network"), "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-blocked-ntp-short": (
        {**DROPPED, "ntp": NtpReply(length=40)},
        {"tcp": OLD_PASS, "none": STUCK, "ntp": failed("network"), "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-blocked-ntp-name-filtered": (
        {**DROPPED, "unresolved": ["pool.ntp.org"]},
        {"tcp": OLD_PASS, "none": STUCK, "ntp": failed("DNS"), "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-blocked-echo-answers": (
        {**DROPPED, "echo": True},
        {"tcp": OLD_PASS, "none": STUCK, "ntp": PASS, "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-accepts-and-stays-silent": (
        {"cloud": "silent"},
        {"tcp": STUCK, "none": STUCK, "ntp": PASS, "echo-1": PASS, "echo-2": PASS},
    ),
    "cloud-name-filtered": (
        {"unresolved": ["device.spark.io", *CLOUD_NAMES]},
        {
            "tcp": OLD_PASS,
            "none": OLD_PASS,
            "ntp": PASS,
            "echo-1": failed("-230 network"),
            "echo-2": failed("-170 DNS"),
        },
    ),
    "no-name-resolves": (
        {"unresolved": "all"},
        {
            "tcp": OLD_PASS,
            "none": OLD_PASS,
            "ntp": failed("DNS"),
            "echo-1": failed("-230 network"),
            "echo-2": failed("-170 DNS"),
        },
    ),
    "no-name-resolves-8.8.8.8-blocked": (
        {"unresolved": "all", "tcp": "timeout"},
        {
            "tcp": OLD_FAIL,
            "none": OLD_PASS,
            "ntp": failed("DNS"),
            "echo-1": failed("-230 network"),
            "echo-2": failed("-170 DNS"),
        },
    ),
    "every-name-servfail": (
        {"unresolved": "all", "rcode": "SERVFAIL"},
        {
            "tcp": OLD_PASS,
            "none": OLD_PASS,
            "ntp": failed("DNS"),
            "echo-1": failed("-230 network"),
            "echo-2": failed("-170 DNS"),
        },
    ),
    "first-resolver-dead": ({"resolvers": 2}, dict.fromkeys(GROUPS, ONLINE)),
    "no-dhcp": ({"dhcp": seen.dhcp()}, dict.fromkeys(GROUPS, STUCK)),
    "dhcp-offers-and-never-grants": ({"dhcp": seen.dhcp(seen.message())}, dict.fromkeys(GROUPS, STUCK)),
    "dhcp-grants-no-address": ({"dhcp": seen.lease(address=None)}, dict.fromkeys(GROUPS, STUCK)),
}
"""What is broken, and what each generation makes of it."""


def lookups(unresolved: list[str] | str, rcode: str | None, resolvers: int) -> Dns:
    names = {**seen.ADDRESSES, **dict.fromkeys(CLOUD_NAMES, UDP_CLOUD)}
    found: list[Lookup] = []
    for number in range(resolvers):
        address = f"192.168.77.{number + 1}"
        dead = resolvers == 2 and number == 0
        for name, where in names.items():
            if dead or unresolved == "all" or name in unresolved:
                found.append(seen.lookup(name, resolver=address, rcode=None if dead else rcode))
            else:
                found.append(seen.lookup(name, where, resolver=address))
        found += [seen.lookup(text, resolver=address, rcode=None if dead else "NXDOMAIN") for text in seen.RANDOM]
    return Dns(resolvers=[f"192.168.77.{number + 1}" for number in range(resolvers)], lookups=found)


def clouds(state: str, unresolved: list[str] | str) -> Cloud:
    """Every cloud endpoint of every version, all in one state."""
    connection = {
        "works": seen.NONCE,
        "dropped": Connection(at_s=0, error="timeout", waited_s=5),
        "silent": Connection(at_s=0, connect_ms=20, error="timeout", waited_s=15),
    }[state]
    works = state == "works"
    hello: Any = {"outcome": "reply", "rtt_ms": 9.0} if works else {"outcome": "timeout", "count": 3}
    endpoints = [seen.photon(connection)]
    for name in CLOUD_NAMES:
        made = seen.attempts(UDP_CLOUD, 5684, **hello)
        endpoints.append(
            CloudEndpoint(
                transport="dtls", host=name, port=5684, address=UDP_CLOUD, attempts=made, waited_s=15.0,
                record="HelloVerifyRequest" if works else None,
            )
        )  # fmt: skip
    gone = [endpoint.host for endpoint in endpoints] if unresolved == "all" else unresolved
    return Cloud(
        endpoints=[
            CloudEndpoint(transport=endpoint.transport, host=endpoint.host, port=endpoint.port)
            if endpoint.host in gone
            else endpoint
            for endpoint in endpoints
        ]
    )


def echoes(*, answered: bool, unresolved: list[str] | str) -> Echo:
    def packets(form: int) -> list[EchoPacket]:
        if answered:
            return [EchoPacket(at_s=1.0, sequence=0, size=100, echo_ms=12.0)]
        return [EchoPacket(at_s=n / 4, sequence=n, size=113) for n in range(5 if form == 1 else 10)]

    return Echo(
        tests=[
            EchoTest(
                form=form, host=name, port=5684, interface=interface, address=UDP_CLOUD, packets=packets(form),
                stopped_early=answered,
            )
            for form in (1, 2)
            for interface in (4, 5)
            for name in CLOUD_NAMES
            if unresolved != "all" and name not in unresolved
        ]
    )  # fmt: skip


def network(
    *,
    cloud: str = "works",
    ntp: Any = None,
    tcp: str | None = None,
    unresolved: list[str] | str = (),  # type: ignore[assignment]  # an empty tuple holds no name
    rcode: str | None = None,
    resolvers: int = 1,
    echo: bool | None = None,
    dhcp: Any = None,
) -> Observations:
    """A network, broken as the arguments say."""
    grants = ["192.168.77.1", "192.168.77.2"][:resolvers]
    connected = Connection(at_s=0, connect_ms=8.0) if tcp is None else Connection(at_s=0, error=tcp)
    silent: dict[str, Any] = {"outcome": ntp}
    answers = seen.ntp(seen.GOOD_NTP) if ntp is None else seen.ntp(**silent) if isinstance(ntp, str) else seen.ntp(ntp)
    if unresolved == "all" or "pool.ntp.org" in unresolved:
        answers = seen.ntp(address=None)
    return seen.healthy(
        dhcp=dhcp or seen.lease(resolvers=grants),
        dns=lookups(unresolved, rcode, resolvers) if dhcp is None else Dns(),
        ntp=answers,
        cloud=clouds(cloud, unresolved),
        tcp=TcpConnect(address="8.8.8.8", port=53, connection=connected),
        echo=echoes(answered=cloud == "works" if echo is None else echo, unresolved=unresolved),
    )

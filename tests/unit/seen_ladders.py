"""Ladders of packets with rising TTL, as a run has seen them."""

from typing import Any

from msgspec.structs import replace

from netpreflight.probes.observations import (
    Cloud,
    Coap,
    CoapServer,
    Connection,
    Icmp,
    Ladder,
    Observations,
    Path,
    PathProbe,
    PathTarget,
    Portal,
    Scope,
)
from tests.unit import seen
from tests.unit.seen import ARGON_ADDRESS, COAP_ADDRESSES, COAP_NAMES, GATEWAY, PHOTON_ADDRESS, attempts, healthy

EDGE, ISP, FAR = "203.0.113.1", "192.0.2.5", "192.0.2.9"
ROUTERS = (GATEWAY, EDGE, ISP, FAR)
OPEN = 5  # the TTL with which the destination is reached


def probe(ttl: int, what: str | Icmp | None, **fields: Any) -> PathProbe:
    """A probe that a router says it dropped, that was answered (`!words`), refused (an error), or nothing."""
    if what is None:
        return PathProbe(ttl=ttl, at_s=0.0, outcome="timeout")
    if isinstance(what, Icmp):
        return PathProbe(ttl=ttl, at_s=0.0, outcome="unreachable", icmp=what, source=what.source, rtt_ms=1.0)
    if what.startswith("!"):
        source, _, words = what[1:].partition(" ")
        return PathProbe(ttl=ttl, at_s=0.0, outcome="answered", source=source, detail=words, rtt_ms=1.0)
    icmp = Icmp(type=11, code=0, source=what)
    usual = {"quoted": "4000abcd", "icmp": icmp, "source": what, "rtt_ms": 1.0}
    return PathProbe(ttl=ttl, at_s=0.0, outcome="time-exceeded", **{**usual, **fields})


def ladder(name: str, *rungs: str | Icmp | None, tries: int = 6, again: int = 3, **fields: Any) -> Ladder:
    """A ladder with these rungs; silent ones are asked `tries` times, and others `again`."""
    protocol, _, port = name.partition(" ")
    probes = [
        probe(ttl, what)
        for ttl, what in enumerate(rungs, 1)
        for _ in range(tries if what is None else again)
    ]  # fmt: skip
    payload: Any = "syn" if protocol == "tcp" else {"5683": "coap", "5684": "dtls"}.get(port, "dns")
    kind: Any = protocol
    return Ladder(protocol=kind, port=int(port), payload=payload, probes=probes, **fields)


def up_to(number: int, *then: str | Icmp | None) -> list[str | Icmp | None]:
    """The first routers, and then something else; silence to the TTL of the destination where nothing is said."""
    return [*ROUTERS[:number], *(then or [None] * (OPEN - number))]


def closed(address: str, source: str | None = None) -> Icmp:
    return Icmp(type=3, code=3, source=source or address)


UDP = {"argon": ("udp 5684", ARGON_ADDRESS), "generic": ("udp 5683", COAP_ADDRESSES[0])}


def observed(
    device: str,
    *rungs: str | Icmp | None,
    controls: list[Ladder] | None = None,
    path: Path | None = None,
    exchange: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
    scope: Scope | None = None,
    portal: Portal | None = None,
    **fields: Any,
) -> Observations:
    """A run in which the device's port did not answer, and its ladder is this one."""
    tcp = device == "photon"
    name, address = ("tcp 5683", PHOTON_ADDRESS) if tcp else UDP[device]
    host = {"photon": seen.PHOTON_NAME, "argon": seen.ARGON_NAME, "generic": COAP_NAMES[0]}[device]
    if controls is None:
        controls = [
            ladder("udp 53", *up_to(4, closed(address))),
            ladder("tcp 443", *up_to(4, f"!{address} RST"), one_flow=False),
        ]
    controls = sorted(controls, key=lambda climbed: climbed.protocol != name.partition(" ")[0])
    made = PathTarget(
        host=host, address=address, device=ladder(name, *rungs, **fields), controls=controls, **(target or {})
    )
    port = int(name.partition(" ")[2])
    silent = {"attempts": attempts(address, port, "timeout", 3), **(exchange or {})}
    late = Connection(at_s=0.0, error="timeout")
    changed: dict[str, Any] = {"path": path or Path(targets=[made])}
    if device == "generic":
        servers = [CoapServer(host=host, port=5683, address=address, **silent)]
        changed["coap"] = Coap(servers=servers)
    elif device == "photon":
        changed["cloud"] = Cloud(endpoints=[seen.photon(*(exchange or {}).get("connections", [late] * 3))])
    else:
        changed["cloud"] = Cloud(endpoints=[replace(seen.argon(), **silent)])
    run = healthy(**changed)
    run.scope, run.portal = scope or run.scope, portal or run.portal
    return run

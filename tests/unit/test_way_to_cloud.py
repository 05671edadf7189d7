"""The drawn way: it puts each router where the finding of `path.egress` puts it."""

from itertools import product
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.report.way_to_cloud import Station, way_to_cloud
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Scope
from tests.unit.partly import first
from tests.unit.seen import ARGON_ADDRESS, GATEWAY
from tests.unit.seen_ladders import closed, ladder, observed

NEXT = ("10.1.1.1", "100.64.0.1", "203.0.113.1", "203.0.114.9", "198.18.0.1")
"""Private, a carrier-grade NAT's, and public: of one /8, and of another."""
WAYS = [routers for routers in product(NEXT, repeat=3) if len(set(routers)) == 3]


def drawing(*rungs: str | None, **changed: Any) -> tuple[Check, list[Station]]:
    """The finding of `path.egress` for an Argon, and the way as it is drawn."""
    run, argon = observed("argon", *rungs, **changed), profiles.load("argon")
    checks = judge(run, argon, Selection()).checks
    return next(check for check in checks if check.id == "path.egress"), way_to_cloud(device_view(run, argon), checks)


def station_of(way: list[Station], address: str) -> Station:
    (found,) = [station for station in way if address in station.detail]
    return found


@pytest.mark.parametrize("own", first(1, ["192.168.77.10/24", "198.51.100.7/24"]))
@pytest.mark.parametrize("last", [1, 2, 3])
def test_the_drawing_agrees_with_the_finding(last: int, own: str) -> None:
    scope = Scope(addresses=[own], gateway=GATEWAY)
    for routers in WAYS:
        way = [GATEWAY, *routers]
        rungs = [*way[: last + 1], *[None] * (4 - last)]
        found, drawn = drawing(*rungs, controls=[ladder("udp 53", *way, closed(ARGON_ADDRESS))], scope=scope)
        if found.status != "fail":
            assert last == 3
            continue  # nothing but the destination comes after it
        assert found.named is not None
        assert (found.named.address, found.named.hop) == (way[last], last + 1)
        station = station_of(drawn, way[last])

        if found.owner == "internet provider":
            assert station.kind == "provider", (way, found.summary)
        elif station.kind == "provider":  # a private address, after the provider's: it can be the provider's, too
            assert "or a router of the provider" in found.summary
            assert station.detail[0] != way[last]
        else:
            assert (station.kind, found.owner) == ("router", "network administrator"), (way, found.summary)
        lost = drawn[drawn.index(station) + 1]
        assert ("UDP 5684 lost", "fail") in [(step.what, step.status) for step in lost.steps]


def test_where_this_sites_private_addresses_end_is_drawn_between_the_gateway_and_the_internet() -> None:
    way = [GATEWAY, "203.0.113.1", "198.18.0.1"]
    found, drawn = drawing(
        *way[:2], *[None] * 3, controls=[ladder("udp 53", *way, "198.18.0.9", closed(ARGON_ADDRESS))]
    )

    assert (found.owner, "the edge of this site" in found.summary) == ("network administrator", True)
    assert [(station.kind, station.title) for station in drawn[2:5]] == [
        ("gateway", "Gateway"),
        ("router", "Edge of this site"),
        ("provider", "Internet"),
    ]
    assert drawn[3].detail == ["203.0.113.1", "or a router of the provider"]
    assert drawn[4].detail == ["198.18.0.1", "198.18.0.9"]

"""What a run holds stays within a budget, and what a run writes can be loaded."""

import msgspec
import pytest
from msgspec.structs import replace

from netpreflight.agent.report.saved import as_saved
from netpreflight.probes.observations import Neighbor, Observations
from netpreflight.probes.quoting import QuotedNames
from netpreflight.probes.wifi import budget
from netpreflight.probes.wifi.budget import within_budget
from netpreflight.reports.sharing import HIDDEN, shared
from tests.unit import seen
from tests.unit.places import of

RICH = 2_000
NAMED = [
    *(Neighbor(operating_class=115, channel=36, bssid=f"02:00:00:00:01:{at:02x}") for at in range(62)),
    *(Neighbor(operating_class=115, channel=36, same_ssid=True) for _ in range(2)),
]


def rich(number: int, **fields: object) -> object:
    bssid = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    return replace(seen.bss(6), bssid=bssid, elements="dd" * 4_095, neighbors=NAMED, **fields)


@pytest.mark.more
def test_thousands_of_rich_access_points_keep_what_judging_needs() -> None:
    air = seen.wifi(*(rich(number, ssid="Other") for number in range(RICH)), rich(RICH, signal_dbm=-90.0))  # type: ignore[arg-type]
    within_budget(air)

    assert len(air.bss) == RICH + 1
    assert sum(len(bss.elements) for bss in air.bss) <= budget.MOST_ELEMENTS
    assert sum(len(bss.neighbors) for bss in air.bss) <= budget.MOST_NEIGHBORS + RICH * budget.MOST_SAME
    assert all(any(neighbor.same_ssid for neighbor in bss.neighbors) for bss in air.bss)
    assert air.bss[-1] == rich(RICH, signal_dbm=-90.0), "the network that the run is about comes first"
    assert len(air.limits) == 1


def test_a_few_access_points_lose_nothing() -> None:
    air = seen.wifi(*(rich(number) for number in range(20)))  # type: ignore[arg-type]
    before = list(air.bss)
    within_budget(air)

    assert (air.bss, air.limits) == (before, [])


@pytest.mark.more
def test_what_is_more_than_a_saved_run_may_hold_is_cut_so_that_it_loads() -> None:
    seen_now = seen.healthy()
    assert seen_now.dhcp is not None
    seen_now.dhcp.received[0] = replace(seen_now.dhcp.received[0], wrong_length=[1] * 700, message="A" * 100_000)
    kept = as_saved(seen_now)

    assert kept.dhcp is not None
    assert len(kept.dhcp.received[0].wrong_length) == 256
    assert msgspec.json.decode(msgspec.json.encode(kept), type=Observations) == kept
    assert replace(kept, dhcp=None) == replace(as_saved(seen.healthy()), dhcp=None)


@pytest.mark.more
def test_a_forged_run_is_shared_without_a_search_that_does_not_end() -> None:
    """Where too much would have to be searched, a text is hidden as a whole."""
    names = [seen.bss(6, ssid="a" * length) for length in range(1, 129)]
    forged = [f"{chr(39) * 3_990}{number}" for number in range(200)]
    made = shared(of(seen.healthy(wifi=seen.wifi(*names, limits=forged, target="Home"))), "public")

    assert made.observations.wifi is not None
    assert made.observations.wifi.limits[-1] == HIDDEN
    assert made.observations.wifi.limits[0] != HIDDEN


@pytest.mark.more
def test_names_are_not_searched_for_ever() -> None:
    names = QuotedNames({"a" * length: "net-1" for length in range(1, 129)})
    text = "'" * 100_000

    assert names.replaced("it is 'aa' here") == "it is 'net-1' here"
    assert names.replaced(text) is None
    assert QuotedNames({"a": "net-1"}).replaced(text) == text

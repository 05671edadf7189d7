"""Reports of all kinds, for what has to hold of every one of them."""

from collections.abc import Callable, Iterator
from functools import cache

import msgspec

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report
from netpreflight.agent.selection import select
from tests.unit import places, seen
from tests.unit.cases_internet import CLOUD_CASES, COAP_CASES, NTP_CASES, PORTAL_CASES
from tests.unit.cases_ip import DHCP_CASES, DNS_CASES
from tests.unit.four import FOUR, crowded, hostile
from tests.unit.hostile import HOSTILE, planted
from tests.unit.partly import partly
from tests.unit.rendered import run
from tests.unit.samples import SAMPLES

CASES = [*DHCP_CASES, *DNS_CASES, *NTP_CASES, *COAP_CASES, *CLOUD_CASES, *PORTAL_CASES]
FIT = [seen.bss(6, ssid=f"fit-{i}", bssid=f"02:00:00:00:06:0{i}") for i in range(5)]
HIGH = [
    seen.bss(36, ssid=f"high-{i}", bssid=f"02:00:00:00:36:0{i}", frequency_mhz=5180, rates_mbps=[6.0, 12.0, 24.0])
    for i in range(4)
]


def samples() -> Iterator[Report]:
    for path in SAMPLES:
        saved, device = report.load(path)
        yield report.make(saved, profiles.load(device.name, device.os_version))
        for name in ("argon", "photon"):
            yield report.make(saved, profiles.load(name))


def of_places() -> Iterator[Report]:
    for changed in places.PLACES.values():
        for name in ("generic", "argon", "photon2"):
            yield places.of(places.broken(**changed), device=name)


def of_four() -> Iterator[Report]:
    for make in FOUR.values():
        yield make()
    yield hostile()
    yield crowded(30)


def in_range() -> Iterator[Report]:
    for bss in (FIT, HIGH, FIT[:1], FIT + HIGH, FIT + HIGH[:2]):
        for name in ("generic", "photon"):
            observed = run(wifi=seen.wifi(*bss, target=None))
            yield report.make(observed, profiles.load(name))
            yield report.make(msgspec.structs.replace(observed, complete=True), profiles.load(name))
    crowd = [seen.bss(1 + number % 11, ssid=f"Hall {number} \u4e16\u754c", bssid=f"02:00:00:00:07:{number:02x}")
             for number in range(60)]  # fmt: skip
    yield report.make(run(wifi=seen.wifi(*crowd, target=None)), profiles.load("generic"))


def of_selections() -> Iterator[Report]:
    for only, skip in (("wifi", None), (None, "wifi"), (None, "dhcp,dns"), ("dhcp.offer", None), (None, "portal")):
        for changed in ({}, {"dns": None}, {"wifi": None}, {"ntp": seen.ntp()}, {"dhcp": seen.lease(routers=[])}):
            changed_run = msgspec.structs.replace(run(**changed), selection=select(only, skip))
            yield report.make(changed_run, profiles.load("argon"))


def of_cases() -> Iterator[Report]:
    for case in CASES:
        observed = msgspec.structs.replace(run(), complete=True, observations=seen.healthy(**case.changed))
        yield report.make(observed, profiles.load(*case.device.split()))


def planted_everywhere() -> Iterator[Report]:
    for text in HOSTILE.values():
        yield planted(report.make(run(ntp=seen.ntp()), profiles.load("generic")), text, own=True)
    for text in ("\u4e16" * 500, "word " * 200, "x" * 900):
        yield planted(report.make(run(ntp=seen.ntp()), profiles.load("generic")), text, own=True)


_SOURCES: dict[str, Callable[[], Iterator[Report]]] = {
    source.__name__: source
    for source in (samples, of_places, of_four, in_range, of_selections, of_cases, planted_everywhere)
}
EACH_SOURCE = partly({"of_four", "planted_everywhere"}, _SOURCES.keys())
"""Their names; `tests/run --fast` leaves out those with the most reports."""


@cache
def reports_of(source: str) -> tuple[Report, ...]:
    """The reports of one source."""
    return tuple(_SOURCES[source]())

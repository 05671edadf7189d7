"""Two runs to compare: one at a site, another by a phone's hotspot or at the same site later."""

from collections.abc import Callable
from typing import Any, Literal

from hypothesis import strategies as st

from netpreflight.agent import profiles, report
from netpreflight.agent.compare import Comparison, Given, compare
from netpreflight.agent.report import RULES, Run, Saved, SavedCheck, Tool
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Cloud, Observations, Privileges, Scope
from tests.unit import seen
from tests.unit.seen import ARGON_ADDRESS, argon, attempts, bss, dns, healthy, lease, ntp, photon, portal, wifi

NOON = "2026-11-21T12:00:00Z"
ROUTER_MAC, PHONE_MAC = "02:00:00:77:00:01", "fe:10:00:00:00:64"
SITE: dict[str, Any] = {
    "interface": "wlan0",
    "state": "up",
    "mac": "3c:22:fb:00:00:10",
    "mtu": 1500,
    "medium": "wifi",
    "ssid": "Office",
    "bssid": "02:00:00:00:00:06",
    "addresses": ["192.168.77.10/24"],
    "gateway": "192.168.77.1",
    "interfaces": ["lo", "wlan0"],
    "privileges": Privileges(user="root", raw_sockets=True),
    "os": "linux",
}
PHONE: dict[str, Any] = {
    **SITE,
    "ssid": "Ann's iPhone",
    "bssid": "02:00:00:00:00:99",
    "addresses": ["172.20.10.3/28"],
    "gateway": "172.20.10.1",
}


def answering(address: str = ARGON_ADDRESS) -> Cloud:
    made = argon(*attempts(address, 5684, "reply", rtt_ms=9.0), address=address, record=seen.HELLO_VERIFY)
    return Cloud(endpoints=[photon(seen.NONCE), made])


def blocked(address: str = ARGON_ADDRESS) -> Cloud:
    return Cloud(endpoints=[photon(seen.NONCE), argon(*attempts(address, 5684, "timeout", 3), address=address)])


def site(scope: dict[str, Any] | None = None, **changed: Any) -> Observations:
    """The customer's network, where a laptop is on its Wi-Fi."""
    usual: dict[str, Any] = {
        "scope": Scope(**{**SITE, **(scope or {})}),
        "wifi": wifi(bss(ssid="Office"), target="Office"),
        "dhcp": lease(server_mac=ROUTER_MAC),
        "cloud": answering(),
    }
    return healthy(**{**usual, **changed})


def phone(scope: dict[str, Any] | None = None, **changed: Any) -> Observations:
    """A phone's hotspot, by the same laptop."""
    usual: dict[str, Any] = {
        "scope": Scope(**{**PHONE, **(scope or {})}),
        "wifi": wifi(bss(ssid="Ann's iPhone"), target="Ann's iPhone"),
        "dhcp": lease(server_mac=PHONE_MAC, server="172.20.10.1", address="172.20.10.5", mask="255.255.255.240",
                      routers=["172.20.10.1"], resolvers=["172.20.10.1"]),
        "dns": dns(resolvers=("172.20.10.1",)),
        "cloud": answering(),
    }  # fmt: skip
    return healthy(**{**usual, **changed})


def given_as(
    letter: Literal["A", "B"],
    observed: Observations,
    started: str = NOON,
    *,
    complete: bool = True,
    selection: Selection | None = None,
    device: str = "argon",
    judged_for: str | None = None,
    rules: str = RULES,
    was: dict[str, Any] | None = None,
) -> Given:
    """A run, as a file holds it."""
    run = Run(
        started=started, duration_s=5.0, complete=complete, selection=selection or Selection(), observations=observed,
        footprint=[],
    )  # fmt: skip
    made = report.make(run, profiles.load(device))
    then = report.make(run, profiles.load(judged_for)) if judged_for else made
    saved = Saved(
        **{name: getattr(run, name) for name in Run.__struct_fields__},
        schema="netpreflight-report/1",
        tool=Tool(rules=rules),
        device=then.device,
        checks=[SavedCheck(id=check.id, status=(was or {}).get(check.id, check.status)) for check in then.checks],
    )
    return Given(letter=letter, file=f"{letter}.json", report=made, saved=saved)


def compared(a: Observations, b: Observations, first: str = NOON, second: str = NOON, **more: Any) -> Comparison:
    device = more.get("device", "argon")
    return compare(given_as("A", a, first, **more), given_as("B", b, second, **more), profiles.load(device))


def later(minutes: int) -> str:
    return f"2026-11-21T{12 + minutes // 60:02}:{minutes % 60:02}:00Z"


BREAKS: dict[str, Callable[[], dict[str, Any]]] = {
    "blocked": lambda: {"cloud": blocked()},
    "moved": lambda: {"cloud": blocked("198.51.100.77")},
    "no-cloud": lambda: {"cloud": None},
    "no-dns": lambda: {"dns": None},
    "bad-dns": lambda: {"dns": dns(default="SERVFAIL")},
    "no-dhcp": lambda: {"dhcp": seen.dhcp()},
    "not-asked": lambda: {"dhcp": seen.dhcp(exchange_denied="it needs root")},
    "no-ntp": lambda: {"ntp": ntp()},
    "portal": lambda: {"portal": portal({"status": 302, "body": "", "location": "http://x/"})},
    "no-air": lambda: {"wifi": None},
    "channel-13": lambda: {"wifi": wifi(bss(13, ssid="Office"), target="Office")},
    "wide": lambda: {"wifi": wifi(bss(ssid="Office", width_mhz=40), target="Office")},
}
observed = st.builds(
    lambda where, broken: where(
        **{name: value for name_of_break in broken for name, value in BREAKS[name_of_break]().items()}
    ),
    st.sampled_from([site, phone]),
    st.sets(st.sampled_from(sorted(BREAKS)), max_size=3),
)

"""The changes that a judged run asks for: the least that opens what is blocked, of validated values only."""

import ipaddress
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.report.changes import MOST_ADDRESSES, Change, Rule, changes
from netpreflight.agent.results import Check, Flow
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Cloud, Coap, Connection, Icmp, Observations, PortalApi
from netpreflight.reports import FORMATS, firewall
from netpreflight.reports.requests import requests_of, with_subject
from tests.unit import four, seen
from tests.unit.partly import partly
from tests.unit.seen import BEYOND, SILENT_ARGON, SILENT_COAP, SILENT_PHOTON


def asked(device: str, version: str | None = None, **changed: Any) -> list[Change]:
    return of(seen.healthy(**changed), profiles.load(device, version))


def of(observed: Observations, profile: Profile) -> list[Change]:
    return changes(judge(observed, profile, Selection()).checks, observed, profile)


def only(found: list[Change]) -> Change:
    assert len(found) == 1, found
    return found[0]


def test_a_healthy_network_needs_no_change() -> None:
    for device in profiles.names():
        assert asked(device) == []


def test_dtls_is_let_out_of_the_leased_subnet_to_the_whole_zone_and_kept_past_the_keep_alive() -> None:
    found = only(asked("argon", cloud=SILENT_ARGON))

    assert (found.checks, found.needed, found.where, found.owner) == (
        ["cloud.transport"], True, "firewall", "network administrator",
    )  # fmt: skip
    assert found.rules == [
        Rule(
            protocol="udp",
            port=5684,
            host="*.v6.udp.particle.io",
            addresses=[seen.ARGON_ADDRESS],
            source="192.168.77.0/24",
            idle_s=35,
        )
    ]
    assert found.line == (
        "Allow outbound UDP from 192.168.77.0/24 to *.v6.udp.particle.io (now 198.51.100.21; its addresses change), "
        "destination port 5684, with replies; keep an idle conversation for at least 35 s."
    )


def test_the_nonce_is_let_out_past_proxies_to_one_name_without_an_idle_time() -> None:
    found = only(asked("photon", cloud=SILENT_PHOTON))

    assert found.rules == [
        Rule(protocol="tcp", port=5683, host="device.spark.io", addresses=["198.51.100.20"], source="192.168.77.0/24")
    ]
    assert "without any proxy or inspection in between" in found.line


def test_all_addresses_of_the_name_are_named_up_to_a_limit() -> None:
    many = [f"198.51.100.{last}" for last in range(100, 150)]
    found = only(asked("photon", cloud=SILENT_PHOTON, dns=seen.dns(seen.lookup(seen.PHOTON_NAME, *many))))

    assert found.rules[0].addresses == ["198.51.100.20", *many[: MOST_ADDRESSES - 1]]


def test_two_checks_of_one_exchange_ask_for_one_change() -> None:
    found = only(asked("generic", coap=SILENT_COAP))

    assert found.checks == ["coap.udp-5683", "cloud.transport"]
    assert [(rule.protocol, rule.port, rule.host) for rule in found.rules] == [("udp", 5683, "coap.me")]


def test_what_the_device_does_not_need_is_not_asked_for() -> None:
    assert asked("photon", coap=SILENT_COAP) == []


def test_ntp_is_optional_where_the_device_only_blinks_by_it() -> None:
    found = only(asked("photon", ntp=seen.ntp()))

    assert (found.checks, found.needed) == (["ntp.reply"], False)
    assert [(rule.protocol, rule.port, rule.host) for rule in found.rules] == [("udp", 123, "pool.ntp.org")]
    assert only(asked("generic", ntp=seen.ntp())).needed


def test_needed_changes_come_first() -> None:
    found = asked("photon", ntp=seen.ntp(), cloud=SILENT_PHOTON)

    assert [change.needed for change in found] == [True, False]


@pytest.mark.parametrize(("resolver", "ports"), [(BEYOND, [53]), (seen.RESOLVER, [])])
def test_a_silent_resolver_is_let_through_only_where_a_firewall_can_be_on_the_way(
    resolver: str, ports: list[int]
) -> None:
    dead = seen.dns(
        *(seen.lookup(name, resolver=resolver, rcode=None) for name in (*seen.ADDRESSES, *seen.RANDOM)),
        resolvers=(resolver,),
    )
    dead.lookups = [
        msgspec.structs.replace(lookup, attempts=seen.attempts(resolver, 53, "timeout", 3)) for lookup in dead.lookups
    ]
    found = only(asked("photon", dns=dead, dhcp=seen.lease(resolvers=[resolver])))

    assert [rule.port for rule in found.rules] == ports
    assert found.where == ("firewall" if ports else "resolver")
    assert resolver in found.line


@pytest.mark.parametrize(
    ("icmp", "opens"),
    [
        (seen.PROHIBITED, True),
        (Icmp(type=3, code=0, source=seen.FILTER), False),
        (Icmp(type=3, code=3, source=seen.NTP_ADDRESS), True),
    ],
    ids=["prohibited", "no-route", "the-host-itself"],
)
def test_a_route_that_is_missing_is_no_matter_of_a_rule(icmp: Icmp, opens: bool) -> None:  # noqa: FBT001 - a case
    tries = [
        msgspec.structs.replace(attempt, icmp=icmp, outcome="icmp") for attempt in seen.ntp(outcome="icmp").attempts
    ]
    observed = seen.ntp()
    observed.attempts = tries
    found = only(asked("generic", ntp=observed))

    assert bool(found.rules) is opens


def test_one_missing_route_is_one_change() -> None:
    unreachable = Icmp(type=3, code=0, source=seen.GATEWAY)
    tries = [seen.attempts(address, 5683, "icmp", 2, icmp=unreachable) for address in seen.COAP_ADDRESSES]
    found = only(asked("generic", coap=seen.coap(*tries), ntp=seen.ntp(outcome="icmp", icmp=unreachable)))

    assert found.checks == ["ntp.reply", "coap.udp-5683", "cloud.transport"]
    assert (found.where, found.rules) == ("network", [])
    assert seen.GATEWAY in found.line


@pytest.mark.parametrize(
    ("changed", "check", "where"),
    [
        ({"dhcp": seen.lease(resolvers=[])}, "dhcp.lease", "DHCP server"),
        ({"dns": seen.dns(seen.lookup(seen.NTP_NAME, rcode="NXDOMAIN"))}, "dns.resolve", "resolver"),
        ({"portal": seen.portal({"status": 302, "location": "http://192.168.77.1/login"})}, "portal", "captive portal"),
        ({"wifi": seen.wifi(seen.bss(36, frequency_mhz=5180))}, "wifi.band", "access point"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_firewall_can_open_has_the_remedy_of_its_check(changed: dict[str, Any], check: str, where: str) -> None:
    profile = profiles.load("generic")
    observed = seen.healthy(**changed)
    remedies = {row.id: row.remedy for row in judge(observed, profile, Selection()).checks}
    found = next(change for change in of(observed, profile) if check in change.checks)

    assert (found.where, found.rules, found.line) == (where, [], remedies[check])


def test_a_consequence_has_no_change_of_its_own() -> None:
    found = only(asked("generic", dhcp=seen.dhcp(), dns=None, ntp=None, portal=None, coap=None, cloud=None))

    assert found.checks == ["dhcp.offer"]


@pytest.mark.parametrize(
    "address", ["192.168.77.1", "127.0.0.1", "0.0.0.0", "224.0.0.1", "169.254.1.1", "255.255.255.255"]
)
def test_an_address_that_no_firewall_is_in_front_of_enters_no_rule(address: str) -> None:
    endpoint = seen.photon(Connection(at_s=0.0, error="timeout"), address=address)
    lookups = seen.dns(seen.lookup(seen.PHOTON_NAME, address))
    found = asked("photon", cloud=Cloud(endpoints=[endpoint]), dns=lookups)

    assert found
    assert [change.rules for change in found] == [[]] * len(found)
    assert {change.where for change in found} <= {"network", "resolver"}


CAUGHT = {"portal": seen.portal({"status": 302, "location": "http://192.168.77.1/login"})}
INVENTED = {"dns": seen.dns(*(seen.lookup(name, BEYOND) for name in (*seen.ADDRESSES, *seen.RANDOM)))}
LOCAL = {"dns": seen.dns(*(seen.lookup(name, "10.9.9.9") for name in seen.ADDRESSES))}
BLOCKED: dict[str, dict[str, Any]] = {
    "generic": {"coap": SILENT_COAP, "ntp": seen.ntp()},
    "argon": {"cloud": SILENT_ARGON},
    "photon2": {"cloud": SILENT_ARGON},
    "photon": {"cloud": SILENT_PHOTON},
}


def at(address: str, blocked: dict[str, Any]) -> dict[str, Any]:
    """The same, where the resolver gives this address for every name that a device asks for."""
    found = dict(blocked)
    if cloud := blocked.get("cloud"):
        silent = [msgspec.structs.replace(made, address=address) for made in cloud.endpoints if not made.nonce]
        found["cloud"] = Cloud(endpoints=silent)
    if coap := blocked.get("coap"):
        servers = [msgspec.structs.replace(server, address=address, controls=[]) for server in coap.servers]
        found |= {"coap": Coap(servers=servers), "ntp": seen.ntp(address=address)}
    return found


@pytest.mark.parametrize("device", partly({"argon"}, BLOCKED.keys()))
@pytest.mark.parametrize(
    ("cause", "checks"),
    [(CAUGHT, {"portal"}), (INVENTED, {"dns.resolve", "dns.integrity"}), (LOCAL, {"dns.integrity"})],
    ids=["portal", "invented", "local"],
)
def test_what_may_fail_only_because_of_a_portal_or_a_hijack_is_not_asked_for(
    device: str, cause: dict[str, Any], checks: set[str]
) -> None:
    blocked = BLOCKED[device] if cause is CAUGHT else at(BEYOND if cause is INVENTED else "10.9.9.9", BLOCKED[device])
    made = four.made(four.run_of(**blocked, **cause), device)

    assert made.verdict == "incompatible"
    assert {check_id for change in made.changes for check_id in change.checks} <= checks
    assert any(change.needed for change in made.changes)
    assert not [change for change in made.changes if change.rules]
    assert made.enough is not None
    assert made.enough.perhaps
    assert "cloud.transport" in made.enough.not_seen
    assert made.enough.sentence.count("Only if it still fails then: ") == 1
    copied = ["\n".join(with_subject(request, "")) for request in requests_of(made)]
    told = [*copied, made.answer.change or "", *(FORMATS[ending](made) for ending in (".txt", ".md", ".html"))]
    assert not [text for text in told if "allow outbound" in text.lower()]
    assert all("Only if it still fails then" in letter for letter in copied)
    assert "allow" not in firewall.render(made.changes, "nftables").lower().replace("allowed", "")


@pytest.mark.parametrize("device", BLOCKED)
def test_the_same_port_is_asked_for_where_nothing_before_it_fails(device: str) -> None:
    made = four.made(four.run_of(**BLOCKED[device]), device)
    blocked = next(change for change in made.changes if "cloud.transport" in change.checks)

    assert blocked.rules
    assert blocked.needed
    assert "allow outbound" in FORMATS[".md"](made).lower()
    assert "Only if it still fails" not in FORMATS[".md"](made)


def test_a_portal_that_lets_this_laptop_pass_is_no_cause_of_what_this_laptop_measured() -> None:
    knows = seen.portal(api=PortalApi(url="https://portal.example/api", status=200, captive=False, session=True))
    found = asked("argon", cloud=SILENT_ARGON, portal=knows)

    assert [change.checks for change in found] == [["portal"], ["cloud.transport"]]
    assert found[1].rules


@pytest.mark.parametrize(
    ("mask", "own", "source"),
    [
        ("255.255.255.0", "10.1.2.3/16", "192.168.77.0/24"),
        ("0.0.0.0", "10.1.2.3/16", "10.1.0.0/16"),
        ("255.255.255.255", "10.1.2.3", None),
        ("nonsense\n", "10.1.2.3/33", None),
    ],
)
def test_the_source_is_the_leased_subnet_or_else_the_interfaces(mask: str, own: str, source: str | None) -> None:
    observed = seen.healthy(cloud=SILENT_PHOTON, dhcp=seen.lease(mask=mask))
    observed.scope.addresses = [own]
    rule = only(of(observed, profiles.load("photon"))).rules[0]

    assert rule.source == source
    assert (source or "its subnet is not known") in rule.line


def test_a_whole_mac_address_narrows_the_source_and_a_prefix_does_not() -> None:
    photon = profiles.load("photon")
    macs = []
    for value in ("94:94:4A", "94:94:4A:00:00:01"):
        profile = msgspec.structs.replace(photon, mac_prefix=Fact(value=value, source="its label"))
        macs.append(only(of(seen.healthy(cloud=SILENT_PHOTON), profile)).rules[0].mac)

    assert macs == [None, "94:94:4A:00:00:01"]


HOSTILE = (
    "a.example\nset x",
    "a.example'",
    'a.example"',
    "a.example;reboot",
    "$(reboot).example",
    "*",
    "*.",
    "a..b",
    "-a.b",
    "a.example ",
    " a.example",
    "a.example\r",
    "a_b.example",
    "xn--\u0430.example",
    "\u0430.example",
    "a" * 300 + ".b",
    "x" * 24 + ".a\nb.c",
    "1.2",
    "a.1",
    "a.example#",
    "a.example\x00",
    "a.example\u2028",
)


@pytest.mark.parametrize("host", HOSTILE, ids=repr)
def test_a_hostile_name_never_enters_a_rule(host: str) -> None:
    rule = made(Flow(protocol="udp", port=5684, address="198.51.100.21", host=host))

    assert rule is not None
    assert rule.host is None
    assert rule.line.isprintable()


@given(
    st.builds(
        Flow,
        protocol=st.sampled_from(["udp", "tcp"]),
        port=st.integers(-10, 100_000),
        address=st.text() | st.ip_addresses(v=4).map(str) | st.from_regex(r"\d{1,3}(\.\d{1,3}){3}"),
        host=st.none()
        | st.text()
        | st.sampled_from(HOSTILE)
        | st.from_regex(r"(\*\.)?[a-z0-9.\n-]{1,40}", fullmatch=True),
    ),
    st.text() | st.ip_addresses(v=4).map(str),
    st.text() | st.ip_addresses(v=4).map(str),
)
def test_whatever_a_saved_run_says_a_rule_has_valid_values_only(flow: Flow, leased: str, mask: str) -> None:
    rule = made(flow, seen.healthy(dhcp=seen.lease(address=leased, mask=mask)))

    if rule is None:
        return
    assert 1 <= rule.port <= 65535
    assert all(str(ipaddress.IPv4Address(address)) == address for address in rule.addresses)
    assert rule.source is None or str(ipaddress.IPv4Network(rule.source)) == rule.source
    assert rule.host is None or re.fullmatch(r"(\*\.)?[a-z0-9.-]+[a-z0-9]", rule.host)
    assert re.fullmatch(r"[ -~]+", rule.line)
    assert not set(rule.line) & set("'\"`$\\{}#!|&<>")


def made(flow: Flow, observed: Observations | None = None) -> Rule | None:
    check = Check(
        id="cloud.transport", stage="cloud", level="required", status="fail", summary="s", remedy="r", to_allow=[flow]
    )
    found = only(changes([check], observed or seen.healthy(), profiles.load("argon")))
    return found.rules[0] if found.rules else None

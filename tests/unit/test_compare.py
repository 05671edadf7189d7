"""Two runs side by side: which story they tell, what that rules out, and what it leaves open."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netpreflight.agent import profiles
from netpreflight.agent.compare import Comparison, compare
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.judging.registry import survey_checks
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import (
    Attempt,
    Cloud,
    Icmp,
    Join,
    JoinAttempt,
    Ladder,
    LargeHello,
    Mapping,
    NtpReply,
    Observations,
    Path,
    PathProbe,
    PathTarget,
    Privileges,
    Proxy,
    ServerFlight,
    WholePackets,
)
from tests.unit import seen
from tests.unit.partly import first
from tests.unit.seen import ARGON_ADDRESS, argon, attempts, bss, dns, lease, ntp, portal, wifi
from tests.unit.two_runs import PHONE_MAC, ROUTER_MAC, blocked, compared, given_as, later, observed, phone, site


def standing(made: Comparison) -> dict[str, str]:
    return {conclusion.subject: conclusion.standing for conclusion in made.conclusions}


def limits_of(made: Comparison) -> str:
    return "\n".join(limit.text for limit in made.limits)


# --- two networks


def test_what_works_on_the_hotspot_alone_is_the_networks_doing_and_not_the_laptops() -> None:
    made = compared(site(cloud=blocked()), phone(), second=later(10))

    assert (made.story, made.sure) == ("two-networks", True)
    assert made.sentence == (
        "A ('Office') stops a Particle Argon at the device's cloud port, and the likely hotspot (B) does not. "
        "A ('Office') fails cloud.transport. This laptop is ruled out; the cause is in the network that stops the "
        "device."
    )
    assert made.headline == (
        "A ('Office') stops a Particle Argon at the device's cloud port, and the likely hotspot (B) does not."
    )
    assert standing(made) == {
        "this laptop": "ruled-out",
        "A ('Office')": "suspect",
        "the device's cloud": "ruled-out",
        "the likely hotspot (B)": "not-settled",
        "the device and its firmware": "not-tried",
        "the passphrase": "not-tried",
    }
    assert made.b.hotspot == "172.20.10.0/28 is the usual subnet of an iPhone's or iPad's hotspot"
    assert [pair.id for pair in made.checks if pair.relation == "better"] == ["cloud.transport"]
    assert made.worse is False


def test_the_laptop_is_cleared_by_the_exchange_itself_whatever_else_is_not_known_there() -> None:
    as_user = {"privileges": Privileges(user="ordinary user")}
    asked_nothing = {"dhcp": seen.dhcp(exchange_denied="it needs root")}
    made = compared(site(as_user, cloud=blocked(), **asked_nothing), phone(as_user, **asked_nothing))

    found = {conclusion.subject: conclusion for conclusion in made.conclusions}
    assert found["this laptop"].standing == "ruled-out"
    assert found["this laptop"].rests_on == ["B cloud.transport"]
    assert found["DHCP on the likely hotspot (B)"].standing == "not-settled"
    assert "the likely hotspot (B)" not in found


@pytest.mark.parametrize(
    ("scope", "b", "says"),
    [
        ({}, phone({"mac": "52:00:00:00:00:01"}), "it is not known whether both runs were made on the same laptop"),
        ({}, phone({"mac": None}), "it is not known whether both runs were made on the same laptop"),
        ({}, phone({"mac": None, "os": ""}), "it is not known whether both runs were made on the same laptop"),
        ({}, phone({"mac": "3c:22:fb:00:00:11"}), "another laptop made the other run"),
        ({}, phone({"os": "darwin"}), "another laptop made the other run"),
        ({"vpn": "tun0", "tunnels": ["tun0"]}, phone(), "in run A a VPN or tunnel was up"),
        ({"medium": "wired", "ssid": None, "bssid": None}, phone(), "one by cable and one by Wi-Fi"),
    ],
    ids=["made-up-mac", "no-mac", "no-mac-no-system", "another-mac", "another-system", "vpn", "by-cable"],
)
def test_the_laptop_stays_in_question_where_it_may_differ(scope: dict[str, Any], b: Observations, says: str) -> None:
    made = compared(site(scope, cloud=blocked()), b)

    assert standing(made)["this laptop"] == "not-settled"
    assert "ruled out; what stops" not in made.sentence
    assert says in made.sentence


def test_runs_that_are_hours_apart_rule_nothing_out() -> None:
    made = compared(site(cloud=blocked()), phone(), second=later(61))

    assert standing(made)["this laptop"] == standing(made)["the device's cloud"] == "not-settled"
    assert "more than an hour apart" in made.sentence
    assert standing(compared(site(cloud=blocked()), phone(), second=later(60)))["this laptop"] == "ruled-out"


@pytest.mark.parametrize("started", ["", "yesterday", "2026-11-21T25:00:00Z", "\x1b[31m"])
def test_a_time_that_cannot_be_read_rules_nothing_out(started: str) -> None:
    made = compared(site(cloud=blocked()), phone(), first=started)

    assert standing(made)["this laptop"] == "not-settled"
    assert "not known" in made.sentence


def test_a_server_that_was_asked_at_another_address_may_be_what_fails() -> None:
    elsewhere = "198.51.100.77"
    made = compared(site(cloud=blocked(elsewhere)), phone())

    assert standing(made)["the device's cloud"] == "not-settled"
    assert standing(made)["this laptop"] == "ruled-out"
    assert "The cause may be the network or the server" in made.sentence
    assert elsewhere in made.sentence


def test_an_ntp_server_is_a_server_too() -> None:
    site_ntp = msgspec.structs.replace(ntp(), address="198.51.100.124")
    made = compared(site(ntp=site_ntp), phone(), device="generic")

    assert standing(made)["the server asked"] == "not-settled"
    assert "what stops the device is in that network" not in made.sentence


def test_two_networks_that_fail_alike_point_at_what_they_have_in_common() -> None:
    made = compared(site(cloud=blocked()), phone(cloud=blocked()))

    assert made.sentence == (
        "Both networks stop a Particle Argon at the device's cloud port. They fail the same checks: cloud.transport. "
        "Look first at what the two runs share: this laptop, the device's cloud, and its profile."
    )
    assert standing(made)["this laptop"] == "suspect"
    assert standing(made)["the device's cloud, and the device's profile"] == "suspect"
    assert standing(made)["A ('Office') and the likely hotspot (B)"] == "not-settled"
    assert "ruled-out" not in standing(made).values()


def test_two_laptops_that_fail_alike_do_not_make_the_laptop_suspect() -> None:
    made = compared(site(cloud=blocked()), phone({"os": "win32"}, cloud=blocked()))

    assert standing(made)["this laptop"] == "not-settled"


def test_two_networks_that_fail_otherwise_are_no_reference_for_each_other() -> None:
    made = compared(site(cloud=blocked()), phone(dns=dns(resolvers=("172.20.10.1",), default="SERVFAIL")))

    assert "neither network is a reference for the other" in made.sentence
    assert "ruled-out" not in standing(made).values()
    assert {standing(made)[name] for name in ("A ('Office')", "the likely hotspot (B)")} == {"suspect"}


def test_a_hotspot_that_fails_where_the_site_works_is_no_reference() -> None:
    made = compared(site(), phone(cloud=blocked()))

    assert made.headline == (
        "The likely hotspot (B) stops a Particle Argon at the device's cloud port, and A ('Office') does not."
    )
    assert "The likely hotspot (B) fails cloud.transport." in made.sentence
    assert made.sentence.endswith("So the hotspot is no reference for A ('Office') here.")
    assert made.worse is True


def test_where_both_work_the_device_is_left() -> None:
    made = compared(site(), phone())

    assert "Both networks let a Particle Argon online" in made.sentence
    assert "passphrase" in made.sentence
    assert standing(made)["the device and its firmware"] == "not-tried"


@pytest.mark.parametrize(
    ("ended", "key_form", "expected"),
    [
        ("joined", "allowed", "not-settled"),
        ("key-refused", "allowed", "suspect"),
        ("joined", "none", "not-tried"),
    ],
)
def test_what_a_run_that_joins_shows_of_the_passphrase(ended: Any, key_form: Any, expected: str) -> None:
    tried = [JoinAttempt(at_s=2.0, ended=ended, bssid=ROUTER_MAC, frequency_mhz=2437, mac=PHONE_MAC)] * 2
    abilities = abilities_of(profiles.load("argon").radio)
    join = Join(ssid="Office", way="radio", abilities=abilities, key_form=key_form, attempts=tried)
    made = compared(site(join=join), phone())

    assert standing(made)["the passphrase"] == expected


def test_a_network_with_warnings_is_not_cleared() -> None:
    weak = wifi(bss(ssid="Office", signal_dbm=-80.0), target="Office")
    made = compared(site(wifi=weak), phone())

    assert made.a.verdict == "compatible-with-warnings"
    assert standing(made)["A ('Office')"] == "not-settled"
    assert "look at the warnings (wifi.signal on A ('Office')" in made.sentence
    assert "A warning now: wifi.signal." in compared(site(), site(wifi=weak), second=later(1)).sentence


def test_a_network_that_suits_the_device_by_an_unconfirmed_fact_alone_is_not_said_to_let_it_online() -> None:
    channel_13 = wifi(bss(13, ssid="Office"), target="Office")
    two = compared(site(wifi=channel_13), phone())
    comparison = compared(site(), site(wifi=channel_13), second=later(1))

    assert "It is not known whether A ('Office') would let a Particle Argon online" in two.sentence
    assert standing(two)["Wi-Fi on A ('Office')"] == "not-settled"
    assert "It is not known whether a Particle Argon would get online now" in comparison.sentence
    assert "A warning now: wifi.channel." in comparison.sentence


def test_what_may_work_now_and_then_is_no_certain_no() -> None:
    rogue = seen.message(server="192.168.77.3", routers=["192.168.77.3"])
    offered = [seen.message(server_mac=ROUTER_MAC), seen.message("ACK", server_mac=ROUTER_MAC)]
    two_servers = site(dhcp=seen.dhcp(*offered, rogue))

    better = compared(two_servers, site(), second=later(1)).sentence
    assert "before, it could not be relied on to. Works now: dhcp.servers" in better
    assert "could not be relied on to get online now" in compared(site(), two_servers, second=later(1)).sentence


def test_what_becomes_known_is_not_said_to_be_as_it_was() -> None:
    made = compared(site(wifi=None), site(), second=later(1))

    assert "Of what is known in both runs, nothing that the device needs got better or worse" in made.sentence
    assert "known in both" not in compared(site(), site(), second=later(1)).sentence


def test_where_nothing_was_compared_nothing_is_said_to_be_no_worse() -> None:
    only = Selection(only=["ntp.reply"])

    assert compared(site(), site(), second=later(1), selection=only).worse is None
    assert compared(site(), phone(), second=later(1), selection=only).worse is None


def test_what_two_networks_left_out_is_named() -> None:
    made = compared(site(), phone(), selection=Selection(skip=["portal"]))

    assert made.sentence == (
        "It is not known whether A ('Office') or the likely hotspot (B) would let a Particle Argon online. "
        "A ('Office'): portal left out of that run, as asked. "
        "The likely hotspot (B): portal left out of that run, as asked."
    )


def test_a_change_for_a_failure_that_is_a_warning_is_not_said_to_have_worked() -> None:
    refused = seen.ntp(NtpReply(length=48, mode=4, stratum=0, reference="RATE"))
    made = compared(site(ntp=ntp()), site(ntp=refused), second=later(1), device="photon")

    assert [pair.b for pair in made.checks if pair.id == "ntp.reply"] == ["warn"]
    assert [(asked.checks, asked.state) for asked in made.asked] == [(["ntp.reply"], "not-known")]


def test_a_hotspot_on_5_ghz_is_a_reference_beyond_the_air_and_none_for_it() -> None:
    high = wifi(bss(36, ssid="Ann's iPhone", frequency_mhz=5180), target="Ann's iPhone")
    made = compared(site(cloud=blocked()), phone(wifi=high))

    assert "This laptop is ruled out" in made.sentence
    assert "The likely hotspot (B) stops a Particle Argon at Wi-Fi" in made.sentence
    assert "As a reference, the likely hotspot (B) is not clean: the device could not hear it" in limits_of(made)
    assert standing(made)["the likely hotspot (B)"] == "suspect"


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ({"addresses": ["192.0.0.2/29"]}, "464XLAT"),
        ({"addresses": ["100.72.1.2/24"]}, "carrier-grade NAT"),
        ({"addresses": [], "ipv6_addresses": ["2001:db8::2"]}, "IPv6 only"),
    ],
)
def test_a_hotspot_of_another_kind_is_no_clean_reference(scope: dict[str, Any], says: str) -> None:
    assert says in limits_of(compared(site(cloud=blocked()), phone(scope)))


def test_what_is_unknown_in_the_reference_rules_nothing_out() -> None:
    made = compared(site(cloud=blocked()), phone(cloud=None))

    assert "ruled-out" not in standing(made).values()
    assert "is not known" in made.sentence
    assert "so this rules out nothing" in made.sentence
    assert made.worse is False  # it failed before: it cannot be worse


def test_where_the_port_is_lost_is_told_with_the_network() -> None:
    def ladder(port: int, *routers: str) -> Ladder:
        hops = [
            PathProbe(ttl=ttl, at_s=1.0, outcome="time-exceeded", source=source,
                      icmp=Icmp(type=11, code=0, source=source), quoted="00")
            for ttl, source in enumerate(routers, 1) for _ in range(3)
        ]  # fmt: skip
        silent = [PathProbe(ttl=ttl, at_s=2.0, outcome="timeout")
                  for ttl in range(len(routers) + 1, 7) for _ in range(3)]  # fmt: skip
        return Ladder(protocol="udp", port=port, payload="dtls" if port == 5684 else "dns", probes=[*hops, *silent])

    target = PathTarget(
        host=seen.ARGON_NAME, address=ARGON_ADDRESS, device=ladder(5684, seen.GATEWAY),
        controls=[ladder(53, seen.GATEWAY, "203.0.113.1", "203.0.113.5")],
    )  # fmt: skip
    made = compared(site(cloud=blocked(), path=Path(targets=[target])), phone())

    path = next(pair for pair in made.checks if pair.id == "path.egress")
    assert path.a == "fail"
    assert path.a_summary in "\n".join(conclusion.because for conclusion in made.conclusions)
    assert {"what": "Routers on the path", "a": "192.168.77.1 → 203.0.113.1 → 203.0.113.5", "b": "not known"} in [
        msgspec.to_builtins(difference) for difference in made.differences
    ]


# --- one network, before and after


def test_a_change_that_did_its_work() -> None:
    made = compared(site(cloud=blocked()), site(), second=later(30))

    assert (made.story, made.sure, made.worse) == ("before-and-after", True, False)
    assert made.sentence == (
        "Better: a Particle Argon would get online now; before, it would not. Works now: cloud.transport."
    )
    assert [(asked.checks, asked.state) for asked in made.asked] == [(["cloud.transport"], "works-now")]
    assert made.conclusions == []
    assert next(pair for pair in made.checks if pair.id == "cloud.transport").meaning == "works now"


def test_a_change_that_broke_something() -> None:
    made = compared(site(), site(portal=portal({"status": 302, "body": "", "location": "http://x/"})), second=later(1))

    assert made.worse is True
    assert made.sentence.startswith("Worse: a Particle Argon would not get online now; before, it would. Fails now:")
    assert "portal" in made.sentence
    assert made.new_changes
    assert made.asked == []


def test_a_change_that_was_not_made() -> None:
    made = compared(site(cloud=blocked()), site(cloud=blocked()), second=later(1))

    assert [asked.state for asked in made.asked] == ["still-asked"]
    assert made.sentence == "A Particle Argon would not get online, before or after. Still fails: cloud.transport."
    assert made.worse is False


def test_a_rule_for_addresses_that_have_moved() -> None:
    name, elsewhere = seen.ARGON_NAME, "198.51.100.77"
    moved = dns(seen.lookup(name, elsewhere))
    made = compared(site(cloud=blocked()), site(cloud=blocked(elsewhere), dns=moved), second=later(1))

    assert [asked.state for asked in made.asked] == ["asked-otherwise"]
    assert f"now also resolves to {elsewhere}" in made.asked[0].because


def test_what_a_change_was_for_is_not_known_where_it_was_not_seen() -> None:
    made = compared(site(cloud=blocked()), site(cloud=None), second=later(1))

    assert [asked.state for asked in made.asked] == ["not-known"]
    assert "No longer known: cloud.transport" in made.sentence
    assert made.worse is False


def test_what_worked_and_is_no_longer_known_may_be_worse() -> None:
    assert compared(site(), site(cloud=None), second=later(1)).worse is None
    assert compared(site(cloud=None), site(cloud=blocked()), second=later(1)).worse is None
    assert compared(site(cloud=None), site(), second=later(1)).worse is False


def test_the_earlier_run_belongs_first() -> None:
    made = compared(site(), site(cloud=blocked()), first=later(30))

    assert made.sentence.startswith("B was measured before A")
    assert made.worse is None
    assert not made.asked
    assert not made.new_changes
    assert "now" not in next(pair for pair in made.checks if pair.id == "cloud.transport").meaning


def test_what_both_left_out_is_told_and_stands_in_no_ones_way() -> None:
    air = survey_checks()
    made = compared(site(cloud=blocked()), site(), second=later(1), selection=Selection(skip=air))
    nothing = compared(site(), site(dns=None), second=later(1), selection=Selection(only=["wifi.band"], skip=air))

    assert made.sentence.startswith("Without wifi, which both runs left out: better: a Particle Argon would get")
    assert "Works now: cloud.transport" in made.sentence
    assert nothing.sentence.startswith("It is not known whether a Particle Argon would get online")


def another_key() -> Cloud:
    """A cloud that answers, signed with another key than the device has: it would refuse that."""
    cloud = argon(*attempts(ARGON_ADDRESS, 5684, "reply"))
    flight = ServerFlight(answer="ServerHello")
    return Cloud(endpoints=[msgspec.structs.replace(cloud, record="HelloVerifyRequest", flight=flight)])


def test_what_is_doubtful_now_is_not_better() -> None:
    made = compared(site(cloud=blocked()), site(cloud=another_key()), second=later(1))
    healthy = compared(site(cloud=blocked()), site(), second=later(1))
    pair = next(pair for pair in made.checks if pair.id == "cloud.transport")

    assert made.headline == "It is doubtful whether a Particle Argon would get online now."
    assert "Doubtful now: cloud.transport." in made.sentence
    assert "Works now" not in made.sentence
    assert (pair.b, pair.b_problem, pair.relation) == ("warn", "other-key", "no-longer-known")
    assert pair.meaning == "fails in A; doubtful in B"
    assert healthy.headline.startswith("Better: ")
    assert ([row.state for row in made.asked], [row.state for row in healthy.asked]) == (["not-known"], ["works-now"])


def test_what_worked_and_is_doubtful_now_is_no_yes() -> None:
    made = compared(site(), site(cloud=another_key()), second=later(1))

    assert made.worse is None
    assert next(pair for pair in made.checks if pair.id == "cloud.transport").meaning == "works in A; doubtful in B"
    assert made.headline == "It is doubtful whether a Particle Argon would get online now."


def test_a_doubtful_network_is_no_reference() -> None:
    made = compared(site(cloud=blocked()), phone(cloud=another_key()), second=later(10))

    assert "ruled-out" not in standing(made).values()
    assert "does not" not in made.headline


def test_the_same_run_twice() -> None:
    made = compared(site(cloud=blocked()), site(cloud=blocked()))

    assert made.story == "same-run"
    assert "nothing to compare" in made.sentence
    assert not made.differences
    assert not made.limits


# --- which story


OTHER_LAN = {"addresses": ["10.9.0.10/24"], "gateway": "10.9.0.1"}
NO_NAMES = {"ssid": None, "bssid": None, "medium": None}
UNKNOWN: dict[str, Any] = {"addresses": [], "gateway": None}


BY_CABLE: dict[str, Any] = {**NO_NAMES, "medium": "wired"}
VRRP = "00:00:5E:00:01:01"


def no_mac(**fields: Any) -> dict[str, Any]:
    return {"dhcp": lease(**fields)}


def routed_by(mac: str, **fields: Any) -> Observations:
    """A network of the usual addresses, by cable and by an ordinary user, with this gateway."""
    return site({**BY_CABLE, "gateway_mac": mac, **fields}, **no_mac())


@pytest.mark.parametrize(
    ("a", "b", "story", "sure"),
    first(6, [
        (site(), site(), "before-and-after", True),
        (site({"bssid": "02:00:00:00:00:01"}), site(), "before-and-after", True),
        (site(NO_NAMES, **no_mac()), site(NO_NAMES, **no_mac()), "before-and-after", False),
        (site({"ssid": "Office-IoT", "bssid": None}), site(), "not-told", False),
        (site(dhcp=lease(server_mac=PHONE_MAC)), site({"bssid": None}), "two-networks", False),
        (site({"ssid": "Home"}, dhcp=lease(server_mac=PHONE_MAC)), site(), "two-networks", True),
        (site(OTHER_LAN), site(), "not-told", False),
        (site({**OTHER_LAN, **NO_NAMES}, **no_mac()), site(NO_NAMES), "two-networks", False),
        (site({**OTHER_LAN, "ssid": "Guest", "bssid": None}), site(), "two-networks", True),
        (site(UNKNOWN, dhcp=seen.dhcp()), site(), "before-and-after", True),
        (site({**UNKNOWN, "bssid": None}, dhcp=seen.dhcp()), site(), "before-and-after", False),
        (site({**UNKNOWN, "ssid": "Guest", "bssid": None}, dhcp=seen.dhcp()), site(), "two-networks", True),
        (site({**UNKNOWN, **NO_NAMES}, dhcp=seen.dhcp()), site(), "not-told", False),
        (routed_by(PHONE_MAC), routed_by(ROUTER_MAC), "two-networks", False),
        (routed_by(ROUTER_MAC.upper()), routed_by(ROUTER_MAC), "before-and-after", True),
        (routed_by(PHONE_MAC), site(), "before-and-after", False),
        (routed_by(VRRP), routed_by(VRRP), "before-and-after", False),
        (routed_by(PHONE_MAC, **OTHER_LAN), routed_by(ROUTER_MAC), "two-networks", True),
    ]),
    ids=["all-alike", "another-access-point", "alike-by-addresses", "one-lan-two-names", "same-addresses-other-server",
         "other-name-other-server", "same-bss-other-subnet", "other-subnet", "other-subnet-other-name",
         "no-lease-same-bss", "no-lease-same-name", "no-lease-other-name", "nothing-known",
         "alike-by-addresses-other-gateway", "the-same-gateway", "a-gateway-and-a-dhcp-server", "a-shared-address",
         "other-subnet-other-gateway"],
)  # fmt: skip
def test_which_story_two_runs_tell(a: Observations, b: Observations, story: str, sure: bool) -> None:  # noqa: FBT001
    made = compared(a, b, second=later(1))

    assert (made.story, made.sure) == (story, sure), made.told_by
    assert made.told_by
    assert ("as far as can be told" in made.sentence.lower() or story == "not-told") == (not sure)
    mirrored = compared(b, a, second=later(1))
    assert (mirrored.story, mirrored.sure) == (story, sure)


def test_a_hotspot_of_the_customers_name_is_told_by_its_addresses() -> None:
    """The forum's advice is to name the hotspot like the access point (seed 002)."""
    made = compared(site(cloud=blocked()), phone({"ssid": "Office"}))

    assert made.story == "two-networks"


# --- what is not comparable


def test_another_device_is_said_and_both_are_judged_for_the_same() -> None:
    made = compare(given_as("A", site()), given_as("B", site(), later(1), judged_for="photon"), profiles.load("argon"))

    assert "B was judged for Particle Photon" in limits_of(made)
    assert made.device.name == "argon"
    assert {pair.relation for pair in made.checks} == {"same"}


def test_other_rules_say_only_what_they_changed() -> None:
    old = given_as("A", site(), rules="1", was={"dns.resolve": "fail"})
    made = compare(old, given_as("B", site(), later(1), rules="1"), profiles.load("argon"))

    assert "A was saved with rules 1" in limits_of(made)
    assert "That changes: dns.resolve was fail and is pass." in limits_of(made)
    assert "B was saved with rules 1; both are judged by rules" in limits_of(made)
    assert limits_of(made).count("That changes none of its results") == 1


@pytest.mark.parametrize(
    ("b", "says", "check"),
    first(4, [
        (site({"os": "win32"}), "The runs were made on two different laptops (linux and win32)", None),
        (site({"vpn": "tun0", "tunnels": ["tun0"]}), "In run B a VPN was up, in run A none.", "cloud.transport"),
        (site({"tunnels": ["tun0"]}), "In run B a tunnel was up, in run A none.", "cloud.transport"),
        (site({"proxy": [Proxy(variable="http_proxy", value="http://p")]}), "run B this laptop had a proxy", "portal"),
        (site({"privileges": Privileges(user="ordinary user")}), "A could ask for a DHCP lease", "dhcp.lease"),
        (site({"medium": "wired"}), "Run A was made by Wi-Fi, run B by cable", "dns.resolve"),
        (site(wifi=None), "The source of the Wi-Fi survey differs: nl80211 in run A, none in run B", "wifi.band"),
        (site(wifi=wifi(bss(ssid="Office"), target="Office", triggered=False)), "the results of an earlier scan",
         "wifi.band"),
        (site(wifi=wifi(bss(ssid="Guest"), target="Guest")), "'Office' in run A, and 'Guest' in run B", "wifi.band"),
        (site(mapping=Mapping()), "Only run B tested how long a NAT keeps", "cloud.transport"),
    ]),
    ids=lambda value: value[:30].replace(" ", "-") if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_what_is_not_simply_comparable_is_named(b: Observations, says: str, check: str | None) -> None:
    made = compared(site(), b, second=later(1))

    limit = next(limit for limit in made.limits if says in limit.text)
    assert (check in limit.checks) if check else not limit.checks
    assert not [check_id for check_id in limit.checks if check_id.startswith("join.")], "neither run joined"
    assert says not in limits_of(compared(site(), site(), second=later(1)))


@pytest.mark.parametrize(("transport", "named"), [("udp", False), (None, True)])
def test_who_asks_for_a_lease_over_udp_needs_no_root_for_it(transport: str | None, *, named: bool) -> None:
    dhcp = msgspec.structs.replace(lease(server_mac=ROUTER_MAC), transport=transport)
    here = site({"privileges": Privileges(user="ordinary user")}, dhcp=dhcp)

    assert ("could ask for a DHCP lease" in limits_of(compared(site(), here, second=later(1)))) is named


def test_what_was_left_out_or_cut_short_is_named_and_never_counts() -> None:
    cut = given_as("B", site(cloud=None), later(1), complete=False)
    made = compare(given_as("A", site()), cut, profiles.load("argon"))
    assert "B was cut short" in limits_of(made)

    some = given_as("B", site(), later(1), selection=Selection(skip=["cloud.transport"]))
    made = compare(given_as("A", site()), some, profiles.load("argon"))
    pair = next(check for check in made.checks if check.id == "cloud.transport")
    assert "B left out cloud.transport" in limits_of(made)
    assert (pair.relation, pair.limits) == ("no-longer-known", [limits_of(made)])
    assert made.worse is None


@pytest.mark.parametrize("joins", [False, True])
def test_of_what_was_left_out_only_what_the_other_run_has_is_named(joins: bool) -> None:  # noqa: FBT001 - the table's
    other = site(join=Join(not_run="the port is in use")) if joins else site()
    skipping = given_as("B", site(), later(1), selection=Selection(skip=["join.auth", "join.key", "join.link"]))
    text = limits_of(compare(given_as("A", other), skipping, profiles.load("argon")))

    assert ("B left out join, as asked; run A did not" in text) == joins
    assert "join" in text or not joins


def test_what_differs_around_the_runs_is_listed() -> None:
    made = compared(site(), phone({"mtu": 1420, "ipv6_addresses": ["2001:db8::2"]}))

    found = {difference.what: (difference.a, difference.b) for difference in made.differences}
    assert found["Gateway"] == ("192.168.77.1", "172.20.10.1")
    assert found["MTU of the interface"] == ("1500", "1420")
    assert found["Resolvers from DHCP"] == ("192.168.77.1", "172.20.10.1")
    assert found["DHCP servers"] == (f"192.168.77.1 ({ROUTER_MAC})", f"172.20.10.1 ({PHONE_MAC})")
    assert found["IPv6"] == ("no", "yes")
    assert "Operating system" not in found


WHOLE = PathProbe(ttl=2, at_s=0.0, outcome="time-exceeded", icmp=Icmp(type=11, code=0, source="203.0.113.1"))
NARROW = Icmp(type=3, code=4, source="203.0.113.1", mtu=1200)
TOO_LARGE = PathProbe(ttl=2, at_s=0.0, outcome="unreachable", icmp=NARROW)
LOST = PathProbe(ttl=2, at_s=0.0, outcome="timeout")


def measured(*probes: PathProbe) -> dict[str, Any]:
    """A run of which large datagrams were these."""
    device = Ladder(protocol="udp", port=5684, payload="dtls")
    whole = WholePackets(size=1280, probes=list(probes))
    return {"path": Path(targets=[PathTarget(host=seen.ARGON_NAME, address=ARGON_ADDRESS, device=device, whole=whole)])}


def padded(*tries: Attempt, record: str | None = None) -> dict[str, Any]:
    """A run of an earlier version, of which a large ClientHello was this."""
    usual = attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0)
    large = LargeHello(size=1280, attempts=list(tries), record=record)
    return {"cloud": Cloud(endpoints=[argon(*usual, record=seen.HELLO_VERIFY, large=large)])}


OUT, NOT_OUT = "get out whole", "do not get out: fragmentation needed, next hop's MTU 1200"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, "not known"),
        (measured(WHOLE), OUT),
        (measured(LOST, WHOLE), OUT),
        (measured(TOO_LARGE), NOT_OUT),
        (measured(LOST, LOST, LOST), "not known"),
        (measured(), "not known"),
        (padded(record="ServerHello"), OUT),
        (padded(*attempts(ARGON_ADDRESS, 5684, "icmp", 2, icmp=NARROW)), NOT_OUT),
        (padded(*attempts(ARGON_ADDRESS, 5684, "timeout", 3)), "not known"),
    ],
    ids=["not-looked", "whole", "at-last", "narrow", "lost", "no-router", "old-whole", "old-narrow", "old-lost"],
)
def test_whether_large_packets_get_out_whole_is_compared(changed: dict[str, Any], says: str) -> None:
    made = compared(site(**changed), phone(**measured(WHOLE)), device="argon")

    found = {difference.what: (difference.a, difference.b) for difference in made.differences}
    assert found.get("Packets of 1280 bytes to the cloud", (OUT, OUT)) == (says, OUT)


# --- whatever the runs


devices = st.sampled_from(["generic", "argon", "photon"])


@settings(max_examples=40)
@given(observed, devices)
def test_a_run_compared_with_itself_differs_in_nothing(observations: Observations, device: str) -> None:
    made = compared(observations, observations, second=later(1), device=device)

    assert {pair.relation for pair in made.checks} <= {"same", "not-known"}
    assert made.differences == []
    assert made.worse is False
    assert not {state.state for state in made.asked} & {"works-now"}


@settings(max_examples=40)
@given(observed, observed, devices)
def test_the_other_way_round_better_is_worse(observations: Observations, other: Observations, device: str) -> None:
    mirror = {"better": "worse", "worse": "better", "now-known": "no-longer-known", "no-longer-known": "now-known"}
    here, there = compared(observations, other, device=device), compared(other, observations, device=device)

    assert [mirror.get(pair.relation, pair.relation) for pair in here.checks] == [
        pair.relation for pair in there.checks
    ]
    assert (here.story, here.sure) == (there.story, there.sure)
    assert {(each.what, each.b, each.a) for each in here.differences} == {
        (each.what, each.a, each.b) for each in there.differences
    }


@settings(max_examples=40)
@given(observed, observed, devices)
def test_nothing_is_ruled_out_by_what_was_not_seen_to_work(
    observations: Observations, other: Observations, device: str
) -> None:
    made = compared(observations, other, device=device)
    status = {f"{letter} {pair.id}": getattr(pair, letter.lower()) for pair in made.checks for letter in "AB"}

    for conclusion in made.conclusions:
        if conclusion.standing == "ruled-out":
            assert conclusion.rests_on
            assert {status[result] for result in conclusion.rests_on} <= {"pass", "warn"}, conclusion
            assert conclusion.subject not in {"the device and its firmware", "the passphrase"}
    if made.story == "two-networks":
        assert standing(made)["the device and its firmware"] == standing(made)["the passphrase"] == "not-tried"


@settings(max_examples=40)
@given(st.sampled_from([site, phone]), st.sampled_from([site, phone]), devices)
def test_two_runs_that_saw_nothing_rule_out_nothing(first: Any, other: Any, device: str) -> None:
    nothing = dict.fromkeys(("wifi", "dhcp", "dns", "ntp", "portal", "coap", "cloud"))
    made = compared(first(**nothing), other(**nothing), device=device)

    assert "ruled-out" not in standing(made).values()
    assert "ruled out" not in made.sentence


@settings(max_examples=40)
@given(observed, observed, devices)
def test_every_comparison_is_whole(observations: Observations, other: Observations, device: str) -> None:
    made = compared(observations, other, device=device)

    assert made.sentence.startswith(made.headline)
    assert made.headline.endswith(".")
    assert made.sentence.endswith(".")
    assert ".." not in made.sentence
    assert [pair.id for pair in made.checks if re.search(rf"\b{pair.id}\b", made.headline)] == []
    assert [pair.id for pair in made.checks] == [check.id for check in given_as("A", observations).report.checks]
    assert all(pair.meaning for pair in made.checks)
    for text in (made.sentence, *(each.because for each in made.conclusions)):
        assert "None" not in text
    assert msgspec.json.decode(msgspec.json.encode(made), type=Comparison) == made

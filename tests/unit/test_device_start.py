"""Where a device stays, and whether its Internet Test runs: on networks that are broken in part, or seen in part."""

from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Run, make
from netpreflight.agent.report.other_devices import VersionVerdict, by_version
from netpreflight.agent.results import Judgement
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import CloudEndpoint, CoapServer, Connection, Dhcp, Dns, Observations, Suites
from netpreflight.reports import FORMATS
from tests.unit import seen
from tests.unit.networks import CLOUD_NAMES, ID, UDP_CLOUD, network
from tests.unit.seen import attempts, bss, lookup

ALL = Selection()
FIRST, SECOND, BY_ADDRESS = "198.51.100.50", "198.51.100.51", "192.0.2.17"


def judged(observed: Observations, device: str | Profile, version: str | None = None) -> Judgement:
    profile = profiles.load(device, version) if isinstance(device, str) else device
    return judge(observed, profile, ALL)


def status(result: Judgement, check_id: str) -> str:
    return next(check.status for check in result.checks if check.id == check_id)


def product(folder: Path, content: str, based_on: str = "argon") -> Profile:
    file = folder / "ourproduct.toml"
    file.write_text(f'based_on = "{based_on}"\ntitle = "Our product"\n{content}')
    return profiles.load(str(file))


def dtls(host: str, address: str | None, *, answers: bool = True) -> CloudEndpoint:
    tries: dict[str, Any] = {"outcome": "reply", "rtt_ms": 9.0} if answers else {"outcome": "timeout", "count": 3}
    return CloudEndpoint(
        transport="dtls", host=host, port=5684, address=address, waited_s=15.0,
        attempts=attempts(address, 5684, **tries) if address else [],
        record="HelloVerifyRequest" if answers and address else None,
    )  # fmt: skip


# --- a company's product with several hosts


def with_hosts(*endpoints: CloudEndpoint) -> Observations:
    """A healthy network with these endpoints, and a name for each that has an address."""
    observed = seen.healthy()
    assert observed.dns is not None
    assert observed.cloud is not None
    observed.dns.lookups += [
        lookup(endpoint.host, endpoint.address) if endpoint.address else lookup(endpoint.host, rcode="NXDOMAIN")
        for endpoint in endpoints
        if endpoint.host != endpoint.address
    ]
    observed.cloud.endpoints += endpoints
    return observed


@pytest.mark.parametrize(
    ("endpoints", "outcome"),
    [
        ([dtls("a.example.com", FIRST, answers=False), dtls("b.example.com", SECOND)], ("compatible", True)),
        ([dtls("a.example.com", FIRST), dtls("b.example.com", SECOND, answers=False)], ("compatible", True)),
        ([dtls("a.example.com", None), dtls("b.example.com", SECOND)], ("compatible", True)),
        ([dtls(name, FIRST, answers=False) for name in ("a.example.com", "b.example.com")], ("incompatible", False)),
        ([dtls("a.example.com", FIRST, answers=False)], ("undetermined", None)),
    ],
    ids=["the-second", "the-first", "the-one-with-a-name", "neither", "the-second-was-not-asked"],
)
def test_any_one_of_several_hosts_will_do(
    tmp_path: Path, endpoints: list[CloudEndpoint], outcome: tuple[str, bool | None]
) -> None:
    profile = product(tmp_path, '[cloud]\nhosts = ["a.example.com", "b.example.com"]\n')
    observed = with_hosts(*endpoints)
    assert observed.dns is not None
    if len(endpoints) == 1:
        observed.dns.lookups.append(lookup("b.example.com", SECOND))
    result = judged(observed, profile)

    assert (result.verdict, result.startup.online) == outcome


def test_a_host_by_address_does_without_the_name_of_another(tmp_path: Path) -> None:
    profile = product(tmp_path, f'[cloud]\nhosts = ["a.example.com", "{BY_ADDRESS}"]\n')
    result = judged(with_hosts(dtls("a.example.com", None), dtls(BY_ADDRESS, BY_ADDRESS)), profile)

    assert status(result, "dns.resolve") == "warn"
    assert (result.verdict, result.startup.online) == ("compatible-with-warnings", True)
    assert (result.internet_test.result, result.internet_test.runs) == ("passed", False)


@pytest.mark.parametrize("dns", [Dns(resolvers=[seen.RESOLVER], assumed=True), Dns(), None], ids=str)
def test_a_host_by_address_needs_no_resolver(tmp_path: Path, dns: Dns | None) -> None:
    profile = product(tmp_path, f'[cloud]\nhosts = ["{BY_ADDRESS}"]\n')
    observed = with_hosts(dtls(BY_ADDRESS, BY_ADDRESS, answers=False))
    observed.dns = dns
    result = judged(observed, profile)

    assert status(result, "dns.resolve") == "pass"
    assert (result.startup.online, result.startup.stops_at) == (False, "cloud")
    assert result.internet_test.runs is True
    assert result.internet_test.log[-1] == "Handling cloud error: 3"
    assert result.startup.stages[-1].line == f"connecting to {BY_ADDRESS}#5684 using if <n>"
    assert [stage.network_sees for stage in result.startup.stages if stage.stage in {"dns", "cloud"}] == [
        None,
        f"UDP 5684 to {BY_ADDRESS}",
    ]


# --- a company's CoAP product


def with_coap(port: int, *, own: bool, public: bool) -> Observations:
    observed = seen.healthy(
        coap=seen.coap(attempts(seen.COAP_ADDRESSES[0], 5683, "reply", rtt_ms=9.0), reply="Reset")
        if public
        else seen.coap(attempts(seen.COAP_ADDRESSES[0], 5683, "icmp", 2))
    )
    assert observed.coap is not None
    tries = attempts(BY_ADDRESS, port, "reply", rtt_ms=9.0) if own else attempts(BY_ADDRESS, port, "icmp", 2)
    observed.coap.servers.append(
        CoapServer(host=BY_ADDRESS, port=port, address=BY_ADDRESS, attempts=tries, reply="Reset" if own else None)
    )
    return observed


@pytest.mark.parametrize("port", [5683, 5690])
def test_another_server_says_nothing_of_a_products_own(tmp_path: Path, port: int) -> None:
    profile = product(tmp_path, f'[cloud]\nport = {port}\nhosts = ["{BY_ADDRESS}"]\n', "generic")
    result = judged(with_coap(port, own=False, public=True), profile)

    assert (status(result, "cloud.transport"), result.verdict) == ("fail", "incompatible")


def test_a_product_of_another_port_does_not_need_udp_5683(tmp_path: Path) -> None:
    profile = product(tmp_path, f'[cloud]\nport = 5690\nhosts = ["{BY_ADDRESS}"]\n', "generic")
    observed = with_coap(5690, own=True, public=False)
    result = judged(observed, profile)

    assert status(result, "cloud.transport") == "pass"
    assert status(result, "coap.udp-5683") == "fail"
    assert result.verdict == "compatible"
    # and it proves nothing of UDP 5683 for a device that needs that
    generic = judged(observed, "generic")
    assert (status(generic, "coap.udp-5683"), status(generic, "cloud.transport")) == ("fail", "fail")


def test_a_dtls_product_based_on_the_generic_device_does_not_need_udp_5683(tmp_path: Path) -> None:
    content = f'[cloud]\ntransport = "dtls"\nport = 5684\nhosts = ["{BY_ADDRESS}"]\n'
    assert product(tmp_path, content, "generic").level("coap.udp-5683") == "reported"


def test_which_of_two_services_cannot_be_connected_is_not_mixed_up(tmp_path: Path) -> None:
    profile = product(tmp_path, '[cloud]\nhosts = ["a.example.com"]\n', "photon")
    observed = with_hosts(
        CloudEndpoint(
            transport="tcp-nonce", host="a.example.com", port=5683, address=FIRST,
            connections=[Connection(at_s=0, connect_ms=9.0, error="closed")],
        )
    )  # fmt: skip
    assert observed.cloud is not None
    observed.cloud.endpoints[0] = seen.photon(Connection(at_s=0, error="timeout"))

    assert judged(observed, profile).startup.stages[-1].instead == "Could not receive nonce: <code>"
    failed = "Failed to connect to 198.51.100.20:5683 (<code>)"
    assert judged(observed, "photon").startup.stages[-1].instead == failed


def test_what_a_product_does_not_need_does_not_stop_it(tmp_path: Path) -> None:
    profile = product(tmp_path, '[checks.portal]\nlevel = "reported"\nwhy = "It clicks."\n')
    page = {"status": 302, "body": "", "location": "http://192.168.77.1/login"}
    result = judged(seen.healthy(portal=seen.portal(page)), profile)

    assert (status(result, "portal"), result.verdict, result.startup.online) == ("fail", "compatible", True)


# --- names


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
@pytest.mark.parametrize(
    ("device", "version"), [("photon", "1.5.2"), ("photon", "2.3.1"), ("argon", "1.5.2"), ("argon", "6.2.0")]
)
def test_a_name_that_leads_nowhere_is_no_cloud(device: str, version: str, address: str) -> None:
    names = ["device.spark.io", *CLOUD_NAMES]
    observed = network(unresolved=names)  # no probe has sent anything to such an address
    assert observed.dns is not None
    observed.dns.lookups = [
        lookup(query.name, address, resolver=query.resolver) if query.name in names else query
        for query in observed.dns.lookups
    ]
    result = judged(observed, device, version)

    assert (result.startup.online, result.startup.stops_at) == (False, "dns")
    # Up to 1.5 only a connection that cannot be made starts the test, and over UDP that may be made to nowhere.
    assert result.internet_test.runs is (None if (device, version) == ("argon", "1.5.2") else True)
    assert "without error blinks" not in (result.startup.led or "")
    assert result.startup.stages[3].instead is None, "it does resolve"
    if result.internet_test.method == "echo-2":
        assert (result.internet_test.result, result.internet_test.log) == (None, [])


def test_a_resolver_that_the_device_does_not_keep_does_not_help_it(tmp_path: Path) -> None:
    profile = product(tmp_path, "[dns]\nresolvers = 1\n")
    result = judged(network(resolvers=2), profile)

    assert (result.startup.online, result.startup.stops_at) == (False, "dns")
    assert (result.internet_test.runs, result.internet_test.result) == (True, "dns")
    assert result.startup.log[-1] == "Handling cloud error: 2"


# --- what was seen in part


@pytest.mark.parametrize(("device", "version"), [("core", "1.4.4"), ("photon", "2.3.1"), ("argon", "4.2.0")])
def test_a_device_that_does_not_join_runs_no_test(device: str, version: str) -> None:
    suites = Suites(version=1, group_cipher="CCMP", pairwise_ciphers=["CCMP"], akms=["SAE"])
    observed = network(cloud="dropped", ntp="timeout", tcp="timeout")
    observed.wifi = seen.wifi(bss(security=["wpa3-sae"], pmf="required", rsn=suites))
    result = judged(observed, device, version)

    assert (result.startup.stops_at, result.startup.led) == ("scan", "blinking green")
    assert result.internet_test.runs is False
    assert not any("cloud error" in line for line in result.startup.log)


def test_a_lease_that_comes_too_late_starts_no_test() -> None:
    late = seen.dhcp(seen.message(at_s=19.0), seen.message("ACK", at_s=20.0))
    observed = network(cloud="dropped", ntp="timeout", dhcp=late)
    result = judged(observed, "photon", "2.3.1")

    assert (result.startup.stops_at, result.internet_test.runs) == ("ip", False)
    assert result.startup.log[-1] == "DHCP fail, ARM_WLAN_WD 4"


def test_a_portal_that_lets_only_this_laptop_past() -> None:
    page = {"status": 302, "body": "", "location": "http://192.168.77.1/login"}
    # Over UDP the handshake begins all the same; over TCP it is not known whether the portal accepts the connection.
    light = "fast blinking cyan, then one red blink, again and again"
    for device, led in (("photon", "blinking cyan"), ("argon", light), ("photon2", light)):
        result = judged(seen.healthy(portal=seen.portal(page)), device)

        assert (result.startup.online, result.startup.stops_at) == (False, "cloud")
        assert result.internet_test.runs is None
        assert result.startup.led == led
        assert result.startup.stages[-1].instead is None


def test_with_the_laptops_own_resolver_it_is_not_known_whether_the_test_runs() -> None:
    observed = network()
    assert observed.dns is not None
    observed.dns.assumed = True
    observed.dhcp = Dhcp(exchange_denied="needs root")
    for device in ("photon", "argon", "photon2"):
        result = judged(observed, device)
        assert (result.startup.online, result.internet_test.runs) == (None, None)


@pytest.mark.parametrize(("device", "version"), [("argon", "4.2.0"), ("argon", "6.2.0"), ("photon2", "6.2.0")])
def test_a_device_that_guesses_its_router_wrong_comes_up_and_gets_no_further(device: str, version: str) -> None:
    observed = network(dhcp=seen.lease(routers=[], address="10.9.0.7"))
    observed.dns = network().dns
    result = judged(observed, device, version)

    assert result.verdict == "incompatible"
    assert (result.startup.online, result.startup.stops_at) == (False, "cloud")
    assert [stage.state for stage in result.startup.stages[2:]] == ["reached", "unknown", "stops"]
    assert (result.internet_test.result, result.internet_test.runs) == (None, None)
    assert "green" not in (result.startup.led or "")


@pytest.mark.parametrize(("cloud", "state"), [("works", "unknown"), ("dropped", "stops")])
def test_a_device_that_soon_loses_its_address_gets_as_far_as_any_other(cloud: str, state: str) -> None:
    observed = network(cloud=cloud, dhcp=seen.lease(lease_s=30))
    observed.dns = network().dns
    result = judged(observed, "argon", "6.2.0")

    assert (status(result, "dhcp.lease"), result.verdict) == ("fail", "incompatible")
    assert result.startup.online is (None if cloud == "works" else False)
    assert [stage.state for stage in result.startup.stages[2:]] == ["reached", "reached", state]


def test_a_device_whose_host_name_is_refused_gets_no_address() -> None:
    refused = [seen.message(), seen.message("NAK", host_name=True)] * 2
    observed = network(dhcp=seen.dhcp(*refused, seen.message(), seen.message("ACK", host_name=False)))
    observed.dns = network().dns
    result = judged(observed, "argon", "6.2.0")

    assert (result.startup.online, result.startup.stops_at, result.internet_test.result) == (False, "ip", None)
    assert judged(observed, "core", "1.4.4").startup.online


def test_through_another_router_than_the_devices_nothing_is_known_of_its_test() -> None:
    result = judged(network(dhcp=seen.lease(routers=["192.168.77.2"])), "argon", "4.2.0")

    assert status(result, "dhcp.lease") == "unknown"
    assert (result.internet_test.result, result.internet_test.runs, result.startup.online) == (None, None, None)


def test_which_of_two_servers_a_device_takes_is_not_known() -> None:
    other = seen.message(server="192.168.77.9", routers=["192.168.77.9"])
    for cloud in ("works", "dropped"):
        dhcp = seen.dhcp(seen.message(), seen.message("ACK"), other)
        observed = network(cloud=cloud, dhcp=dhcp)
        observed.dns = network().dns
        assert judged(observed, "argon", "4.2.0").internet_test.runs is None


def test_times_of_another_network_are_not_the_devices() -> None:
    observed = network()
    observed.scope.ssid = "Office"
    assert [stage.expected for stage in judged(observed, "argon").startup.stages[2:4]] == ["", ""]


@pytest.mark.parametrize("ntp", ["timeout", "error"])
def test_online_does_not_contradict_the_verdict_of_a_network_that_has_to_have_everything(ntp: str) -> None:
    result = judged(network(ntp=ntp), "generic")

    assert result.verdict in {"incompatible", "undetermined"}
    assert result.startup.online is None


def test_the_lines_of_a_test_that_are_not_confirmed_are_named() -> None:
    core = judged(network(cloud="dropped"), "core", "1.4.4").internet_test

    assert "Internet available, Cloud not reachable!" in [fact.value for fact in core.rests_on]


# --- in words


def stages_of(result: Judgement) -> dict[str, str]:
    return {stage.stage: stage.expected for stage in result.startup.stages}


def test_no_time_for_a_test_that_does_not_run() -> None:
    silent = network(cloud="silent")

    assert stages_of(judged(silent, "photon", "1.5.2"))["cloud"] == "gives up after 25 s"
    assert stages_of(judged(silent, "argon", "1.5.2"))["cloud"] == "gives up after 45 s"
    assert stages_of(judged(silent, "photon", "2.3.1"))["cloud"].endswith("then tests for up to 10 s before it blinks")


def test_a_cloud_that_is_not_known_is_not_shown_as_online() -> None:
    observed = network()
    observed.cloud = None
    cloud = judged(observed, "argon").startup.stages[-1]

    assert (cloud.state, cloud.led) == ("unknown", "blinking cyan")


def test_what_is_not_confirmed_says_so() -> None:
    for device, doubts in (("photon", True), ("core", True), ("argon", False)):
        ip = judged(network(dhcp=seen.dhcp()), device).startup.stages[2]
        assert ("not confirmed" in (ip.network_sees or "")) is doubts
        assert ("not confirmed" in ip.expected) is doubts


def text(observed: Observations, device: str, version: str | None = None) -> str:
    run = Run(started="", duration_s=1, complete=True, selection=ALL, observations=observed, footprint=[])
    return " ".join(FORMATS[".txt"](make(run, profiles.load(device, version))).split())


def test_no_lines_of_stages_that_are_not_reached() -> None:
    shown = text(network(dhcp=seen.dhcp()), "photon2")
    assert "Try to connect to ssid" in shown
    assert "Resolving" not in shown
    assert "UDP 5684 to" not in shown
    assert "To look for in its log" not in text(network(dhcp=seen.dhcp()), "core")


def test_the_unconfirmed_words_of_an_internet_test_are_marked() -> None:
    assert "unconfirmed: internet_test.passed_line (device-os v1.5.2" in text(network(cloud="dropped"), "core")
    assert "unconfirmed: internet_test" not in text(network(cloud="dropped"), "argon")


# --- by version


def versions(observed: Observations, version: str) -> dict[str, VersionVerdict]:
    return {verdict.since: verdict for verdict in by_version(observed, profiles.load("argon", version), ALL)}


def only_asked(*names: str) -> Observations:
    observed = network(cloud="dropped", ntp="timeout")
    assert observed.cloud is not None
    assert observed.dns is not None
    observed.cloud.endpoints = [endpoint for endpoint in observed.cloud.endpoints if endpoint.host in names]
    observed.dns.lookups = [
        query for query in observed.dns.lookups if query.name in names or query.name not in CLOUD_NAMES
    ]
    return observed


def test_a_version_is_judged_by_its_own_name_where_that_was_asked() -> None:
    v4, v6 = f"{ID}.v4.udp.particle.io", f"{ID}.v6.udp.particle.io"
    observed = only_asked(v4, v6)
    assert observed.cloud is not None
    observed.cloud.endpoints = [
        dtls(v4, UDP_CLOUD) if endpoint.host == v4 else endpoint for endpoint in observed.cloud.endpoints
    ]
    found = versions(observed, "4.2.0")

    assert found["2.0.0"].online is True
    assert found["2.0.0"].asked_instead == v4
    assert found["6.2.0"].online is False, "its own name was asked, and did not answer"
    assert found["6.2.0"].asked_instead is None


def test_what_another_versions_name_stands_for_is_said() -> None:
    v6 = f"{ID}.v6.udp.particle.io"
    found = versions(only_asked(v6), "6.2.0")

    assert {version.asked_instead for since, version in found.items() if since < "6"} == {v6}
    assert {version.asked_instead for since, version in found.items() if since >= "6"} == {None}
    assert f"resolves like {v6}" in text(only_asked(v6), "argon")

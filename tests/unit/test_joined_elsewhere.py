"""A run whose device joins one network while the laptop is on another: what counts is the device's."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.compare.differences import differences
from netpreflight.agent.judging import CHECKS, let_through
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.next_step import Invocation, Options, as_device
from netpreflight.probes.observations import AsDevice, CoapServer, Join, JoinAttempt, Observations, Wifi
from tests.unit import seen
from tests.unit.again import run_of
from tests.unit.air import BSSID, bss, scan

MAC = "94:94:4a:12:34:56"
ARGON = profiles.load("argon")


def joined(own: str | None, **changed: Any) -> Observations:
    """A run that joined `net` as the device, on a laptop that is on the network `own`."""
    found = seen.healthy(wifi=scan(bss(), target="net"), **changed)
    found.scope = msgspec.structs.replace(found.scope, medium="wifi", ssid="net", bssid=BSSID)
    found.join = Join(
        way="radio",
        ssid="net",
        abilities=abilities_of(ARGON.radio),
        key_form="allowed",
        attempts=[JoinAttempt(at_s=1.0, mac=MAC, ended="joined", bssid=BSSID, frequency_mhz=2437)],
        link="there",
        end_bssid=BSSID,
        watched_s=30.0,
    )
    found.as_device = AsDevice(
        way="radio",
        mac=MAC,
        laptop_addresses=["10.9.8.7/24"],
        laptop_ssid=own,
        laptop=let_through.exchanges(seen.healthy()),
    )
    return found


def checks(found: Observations) -> dict[str, tuple[str, str | None]]:
    return {check.id: (check.status, check.problem) for check in report.make(run_of(found), ARGON).checks}


@pytest.mark.parametrize("own", ["net", "Office", None])
def test_what_the_device_measured_counts_whichever_network_the_laptop_is_on(own: str | None) -> None:
    made = report.make(run_of(joined(own)), ARGON)

    assert {check.problem for check in made.checks if CHECKS[check.id].beyond_the_air} == {None}
    assert not any("This laptop is on" in note or "with this laptop" in note for note in made.notes)


@pytest.mark.parametrize(
    ("own", "air", "offered"),
    [
        ("Office", scan(bss(), target="net"), True),
        ("net", scan(bss(), target="net"), False),
        ("Office", scan(bss(name=b"else"), bss(name=b"else", channel=36), target="net"), False),
    ],
    ids=["elsewhere", "there", "not-on-the-air"],
)
def test_being_the_device_is_offered_where_the_laptop_is_on_another_network(
    own: str, air: Wifi, *, offered: bool
) -> None:
    found = joined(own, cloud=seen.silent_cloud())
    found.wifi = air
    found.join = found.as_device = msgspec.UNSET
    found.scope.ssid, found.scope.os = own, "linux"
    by = Invocation(options=Options(device="argon", ssid="net", passphrase_file="secret"), is_root=True)

    command = as_device(report.make(run_of(found), ARGON), by)
    assert command == (
        "netpreflight --device argon --ssid net --as device --passphrase-file secret" if offered else None
    )


def test_what_the_laptop_itself_measured_on_another_network_does_not_count() -> None:
    """The healthy twin's fault: the same laptop, without a device."""
    found = joined("Office")
    found.join = found.as_device = msgspec.UNSET
    found.scope.ssid = "Office"

    assert checks(found)["dhcp.lease"] == checks(found)["cloud.transport"] == ("unknown", "other-network")


def test_a_port_that_is_closed_on_the_devices_network_alone_is_a_rule_for_that_and_no_allow_list() -> None:
    made = report.make(run_of(joined("Office", coap=seen.silent_coap(), cloud=seen.silent_cloud())), ARGON)
    coap, cloud = (
        next(check for check in made.checks if check.id == name) for name in ("coap.udp-5683", "cloud.transport")
    )

    assert (coap.status, coap.problem, coap.owner) == ("fail", "no-answer", "network administrator")
    assert coap.summary == "UDP 5683 is closed on 'net', and open on 'Office'"
    assert [flow.port for flow in coap.to_allow] == [5683]
    assert (cloud.status, cloud.problem) == ("fail", "no-answer")
    assert any(note.startswith("Answers this laptop on 'Office', and not the device on 'net': ") for note in made.notes)
    assert not any("lets this laptop through" in note for note in made.notes)


def test_on_one_network_it_is_the_laptop_that_is_let_through() -> None:
    found = checks(joined("net", coap=seen.silent_coap(), cloud=seen.silent_cloud()))

    assert found["coap.udp-5683"] == found["cloud.transport"] == ("fail", "only-laptop")


def test_a_resolver_of_another_network_is_another_host() -> None:
    dns = seen.healthy().dns
    assert dns is not None
    silent = [msgspec.structs.replace(lookup, rcode=None, addresses=[]) for lookup in dns.lookups]
    lost = {
        own: {
            exchange.what
            for exchange in let_through.only_laptop(joined(own, dns=msgspec.structs.replace(dns, lookups=silent)))
        }
        for own in ("Office", "net")
    }

    assert "resolver" not in lost["Office"]
    assert "resolver" in lost["net"]


@pytest.mark.parametrize("own", ["Office", None])
def test_no_port_is_closed_where_nothing_gets_out_and_nobody_is_let_through(own: str | None) -> None:
    """The uplink may be down. Where the laptop's network is not known, it may be any."""
    dark = {
        "coap": seen.silent_coap(), "cloud": seen.silent_cloud(), "portal": seen.silent_web(), "ntp": seen.silent_ntp()
    }  # fmt: skip
    found = checks(joined(own, **dark))

    assert found["coap.udp-5683"] == ("unknown", "no-answer")
    assert "only-laptop" not in {problem for _, problem in found.values()}
    assert checks(joined("net", **dark))["coap.udp-5683"] == ("fail", "only-laptop"), "it is asked on one network"


@pytest.mark.parametrize("own", ["Office", "net"])
def test_another_server_that_answers_this_laptop_shows_nothing_of_the_companys_own(tmp_path: Path, own: str) -> None:
    file = tmp_path / "acme.toml"
    file.write_text('based_on = "generic"\ntitle = "Acme"\n[cloud]\nhosts = ["cloud.acme.example"]\nport = 15683\n')
    coap = seen.silent_coap()
    address = "203.0.113.77"
    coap.servers.append(
        CoapServer(
            host="cloud.acme.example", port=15683, address=address, attempts=seen.attempts(address, 15683, "timeout", 3)
        )
    )
    made = report.make(run_of(joined(own, coap=coap)), profiles.load(str(file)))
    cloud = next(check for check in made.checks if check.id == "cloud.transport")

    assert (cloud.status, cloud.problem, cloud.to_allow) == ("unknown", "no-answer", [])


def test_a_run_of_an_earlier_version_is_judged_as_it_was() -> None:
    found = joined("Office")
    assert found.as_device is not msgspec.UNSET
    found.as_device.laptop_ssid = msgspec.UNSET
    found.scope.ssid = "Office"

    assert checks(found)["cloud.transport"] == ("unknown", "other-network")


def around(a: Observations, b: Observations) -> dict[str, tuple[str, str]]:
    return {found.what: (found.a, found.b) for found in differences(a, b, ARGON) if "SSID" in found.what}


def test_of_two_runs_it_is_compared_on_which_network_they_measured_and_not_on_which_the_laptop_was() -> None:
    of_earlier_version = joined("Office")
    assert of_earlier_version.as_device is not msgspec.UNSET
    of_earlier_version.as_device.laptop_ssid = msgspec.UNSET
    of_earlier_version.scope = msgspec.structs.replace(
        of_earlier_version.scope, ssid="Office", bssid="02:00:00:00:00:06"
    )
    by_laptop = joined(None)
    by_laptop.join = by_laptop.as_device = msgspec.UNSET
    by_laptop.scope.ssid, by_laptop.scope.bssid = "Office", "02:00:00:00:00:06"
    expected = {"SSID measured on": ("'net'", "'Office'"), "BSSID measured on": (BSSID, "02:00:00:00:00:06")}

    assert around(joined("Office"), of_earlier_version) == around(joined("Office"), joined("net")) == {}
    assert around(joined("Office"), by_laptop) == around(of_earlier_version, by_laptop) == expected

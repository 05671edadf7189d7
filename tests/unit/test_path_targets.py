"""Whose path is looked at, beside which ports, and whether large packets are."""

from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.path_targets import path_targets
from netpreflight.probes.observations import Cloud, Control, Icmp, Observations, Scope
from tests.unit import seen

TOO_LARGE = Icmp(type=3, code=4, source="203.0.113.1", mtu=1200)
NAMES = ("generic", "argon", "photon")


@pytest.mark.parametrize("name", NAMES)
def test_a_port_that_answers_needs_no_look(name: str) -> None:
    assert path_targets(seen.healthy(), profiles.load(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_where_it_is_asked_for_it_is_looked_at_alone(name: str) -> None:
    profile = profiles.load(name)
    (target,) = path_targets(seen.healthy(), profile, always=True)

    assert target.device.port == profile.cloud.port.value
    assert target.controls == (), "its server is sent what a device sends it, and nothing on other ports"
    assert target.whole_size is None


@pytest.mark.parametrize(("name", "size"), [("generic", None), ("photon", None), ("argon", 1280), ("photon2", 1280)])
def test_a_deep_run_looks_at_large_packets_where_the_device_sends_them(name: str, size: int | None) -> None:
    for always in (False, True):
        (target,) = path_targets(seen.healthy(), profiles.load(name), always=always, deep=True)

        assert (target.controls, target.whole_size) == ((), size)


def with_scope(**fields: Any) -> Observations:
    """A healthy network, seen through another link."""
    made = seen.healthy()
    made.scope = Scope(**{name: getattr(made.scope, name) for name in made.scope.__struct_fields__} | fields)
    return made


def told(icmp: Icmp) -> Observations:
    """A cloud that answered at last, after an ICMP error."""
    tries = [
        *seen.attempts(seen.ARGON_ADDRESS, 5684, "icmp", 1, icmp=icmp),
        *seen.attempts(seen.ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0),
    ]
    return seen.healthy(cloud=Cloud(endpoints=[seen.photon(seen.NONCE), seen.argon(*tries, record=seen.HELLO_VERIFY)]))


@pytest.mark.parametrize(
    ("run", "looks"),
    [
        (with_scope(mtu=1500), False),
        (with_scope(mtu=9000), False),
        (with_scope(mtu=None), False),
        (with_scope(mtu=1499), True),
        (with_scope(mtu=1492), True),
        (with_scope(mtu=1500, is_tunnel=True), True),
        (told(TOO_LARGE), True),
        (told(replace(TOO_LARGE, mtu=None)), True),
        (told(seen.PROHIBITED), False),
        (told(Icmp(type=11, code=0, source="203.0.113.1")), False),
    ],
    ids=[
        "ethernet",
        "jumbo",
        "not-known",
        "narrower",
        "pppoe",
        "tunnel",
        "too-large",
        "too-large-for-whom",
        "icmp",
        "te",
    ],
)
def test_large_packets_are_looked_at_where_something_suggests_a_small_mtu(run: Observations, *, looks: bool) -> None:
    targets = path_targets(run, profiles.load("argon"))

    assert [(target.device.port, target.controls, target.whole_size) for target in targets] == (
        [(5684, (), 1280)] if looks else []
    )
    assert path_targets(run, profiles.load("photon")) == []
    assert path_targets(run, profiles.load("generic")) == []
    (asked,) = path_targets(run, profiles.load("argon"), always=True)
    assert asked.whole_size == (1280 if looks else None)


@pytest.mark.parametrize("how", [{}, {"deep": True}, {"always": True}], ids=str)
@pytest.mark.parametrize("scope", [{"mtu": 1500}, {"mtu": 1400, "is_tunnel": True}], ids=str)
def test_a_port_that_does_not_answer_has_controls_and_no_large_packets(
    how: dict[str, bool], scope: dict[str, Any]
) -> None:
    run = with_scope(**scope)
    run.cloud = Cloud(endpoints=[seen.photon(), seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "timeout", 3))])
    for name, protocols in (("argon", ["udp", "tcp"]), ("photon", ["tcp", "udp"])):
        (target,) = path_targets(run, profiles.load(name), **how)

        assert [rungs.protocol for rungs in target.controls] == protocols
        assert target.whole_size is None


def test_controls_are_ports_that_answered_first() -> None:
    silent = seen.attempts(seen.COAP_ADDRESSES[1], 5683)
    alive = Control(port=80, protocol="http", answered=True)
    coap = seen.coap(silent)
    coap.servers[1] = replace(coap.servers[1], controls=[alive])
    run = seen.healthy(coap=coap)
    (target,) = path_targets(run, profiles.load("generic"))

    assert target.place == (seen.COAP_NAMES[1], seen.COAP_ADDRESSES[1])
    assert [(rungs.protocol, rungs.port) for rungs in target.controls] == [("udp", 123), ("tcp", 80)]
    assert all(rungs.known_by for rungs in target.controls)

    bare = seen.healthy(coap=seen.coap(silent), ntp=seen.ntp())
    (target,) = path_targets(bare, profiles.load("generic"))
    assert [(rungs.protocol, rungs.port) for rungs in target.controls] == [("udp", 53), ("tcp", 443)]


def test_a_control_of_the_same_protocol_comes_first() -> None:
    run = seen.healthy(cloud=Cloud(endpoints=[seen.photon()]))
    (target,) = path_targets(run, profiles.load("photon"))

    assert target.device == ("tcp", 5683, "syn", None)
    assert [rungs.protocol for rungs in target.controls] == ["tcp", "udp"]


def test_no_address_no_path() -> None:
    run = seen.healthy(coap=None, cloud=None)

    assert path_targets(run, profiles.load("generic"), always=True) == []
    assert path_targets(run, profiles.load("argon"), always=True) == []

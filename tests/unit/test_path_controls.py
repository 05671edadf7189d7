"""Which ports are the controls of a path: those that answered, and nobody in their place."""

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging.witnessed import answered_at
from netpreflight.agent.path_targets import path_targets
from netpreflight.probes.observations import Control, Portal, Unasked
from tests.unit import seen

LOGIN = seen.portal({"status": 302, "location": "http://192.168.77.1/login"})


def controls(portal: Portal, *, foreign: bool = False) -> list[tuple[str, int, bool]]:
    """The controls of a CoAP server that is silent, and whose TCP 80 answered; with whether they are known to pass."""
    coap = seen.coap(seen.attempts(seen.COAP_ADDRESSES[0], 5683))
    answered = Control(port=80, protocol="http", answered=True, foreign=foreign)
    coap.servers[0] = replace(coap.servers[0], controls=[answered])
    run = seen.healthy(coap=coap, portal=portal)
    (target,) = path_targets(run, profiles.load("generic"))
    return [(rungs.protocol, rungs.port, rungs.known_by is not None) for rungs in target.controls]


def test_a_port_that_answered_is_a_control() -> None:
    assert controls(seen.portal()) == [("udp", 123, True), ("tcp", 80, True)]


def test_what_a_portal_answers_for_everybody_is_no_control() -> None:
    assert controls(LOGIN) == [("udp", 123, True), ("tcp", 443, False)]
    assert controls(seen.portal(), foreign=True) == [("udp", 123, True), ("tcp", 443, False)]


def test_a_vendor_that_said_what_only_it_knows_is_witnessed_behind_a_portal() -> None:
    mixed = Portal(http=[*LOGIN.http[:2], seen.portal().http[2]])
    address, *_ = seen.VENDORS["www.msftconnecttest.com"]
    run = seen.healthy(portal=mixed)

    assert [answered.words for answered in answered_at(run, address)] == ["HTTP on TCP 80"]


@pytest.mark.parametrize(("answered", "count"), [(3, 1), (2, 0)])
def test_a_dtls_control_that_anybody_can_have_sent_has_to_come_on_three_more_ports(answered: int, count: int) -> None:
    address = seen.COAP_ADDRESSES[0]
    control = Control(
        port=5684,
        protocol="dtls",
        answered=True,
        unasked=Unasked(closed=0),
        new_ports=[
            *seen.attempts(address, 5684, "reply", answered),
            *seen.attempts(address, 5684, "timeout", 3 - answered),
        ],
    )
    coap = seen.coap(seen.attempts(address, 5683))
    coap.servers[0] = replace(coap.servers[0], controls=[control])

    assert len(answered_at(seen.healthy(coap=coap), address)) == count

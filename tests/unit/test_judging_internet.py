"""Judging NTP, CoAP, the cloud port and captive portals: what is witnessed passes, and nothing else does."""

import pytest

from netpreflight.probes.observations import Connection
from tests.unit import seen
from tests.unit.cases import ADMIN, Case, verify
from tests.unit.cases_internet import CLOUD_CASES, COAP_CASES, FIRST, NTP_CASES, PORTAL_CASES, SECOND, cloud
from tests.unit.seen import GATEWAY, dns, lookup, witness


@pytest.mark.parametrize("case", NTP_CASES, ids=lambda case: case.name)
def test_ntp(case: Case) -> None:
    verify(case)


@pytest.mark.parametrize("case", COAP_CASES, ids=lambda case: case.name)
def test_coap(case: Case) -> None:
    verify(case)


@pytest.mark.parametrize("case", CLOUD_CASES, ids=lambda case: f"{case.device} {case.name}")
def test_cloud(case: Case) -> None:
    verify(case)


@pytest.mark.parametrize("case", PORTAL_CASES, ids=lambda case: case.name)
def test_portal(case: Case) -> None:
    verify(case)


def test_a_204_with_a_body_is_no_right_answer() -> None:
    assert not witness(FIRST, body="x").right
    assert not witness(SECOND, status=204).right
    assert witness(SECOND, body="<HTML><BODY>Success</BODY></HTML>").right


def test_a_dns_hijack_is_never_called_a_working_cloud() -> None:
    changed = {
        "dns": dns(lookup("device.spark.io", GATEWAY)),
        **cloud(seen.photon(Connection(at_s=0, connect_ms=1))),
    }
    verify(Case("hijack", "cloud.transport", changed, "fail", "no-nonce", ADMIN, device="photon"))

"""Judging NTP, CoAP, the cloud port and captive portals: what is witnessed passes, and nothing else does."""

from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Connection
from tests.unit import seen
from tests.unit.cases import ADMIN, Case, verify
from tests.unit.cases_internet import CLOUD_CASES, COAP_CASES, FIRST, NTP_CASES, PORTAL_CASES, SECOND, cloud
from tests.unit.seen import GATEWAY, SILENT_ARGON, SILENT_COAP, SILENT_PHOTON, dns, lookup, witness


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


NO_PAGE = {"status": None, "body": "", "error": "no answer"}


@pytest.mark.parametrize("device", ["generic", "photon", "photon2", "argon"])
def test_without_any_vendors_page_the_cloud_decides_which_step_settles_it(device: str) -> None:
    """TCP 80 is dropped: a browser shows nothing either; where the cloud does not answer either, it may."""
    profile, caught = profiles.load(device), seen.portal(NO_PAGE)
    silent: dict[str, Any] = {"coap": SILENT_COAP} if device == "generic" else {
        "cloud": SILENT_PHOTON if device == "photon" else SILENT_ARGON
    }  # fmt: skip
    answers = judge(seen.healthy(portal=caught), profile, Selection())
    dead = judge(seen.healthy(portal=caught, **silent), profile, Selection())
    near, far = (next(check for check in run.checks if check.id == "portal") for run in (answers, dead))

    assert answers.verdict == "undetermined"
    assert (near.status, near.problem, near.owner) == ("unknown", "no-answer", "device owner")
    assert "the device's cloud answers" in near.summary
    assert "captive.apple.com" not in (near.remedy or "")
    assert "Try one device" in (answers.answer.change or "")
    assert (far.status, far.problem) == ("unknown", "no-answer")
    assert "captive.apple.com" in (far.remedy or "")

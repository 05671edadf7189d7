"""Numbers in sentences: one of a thing is not several, and nothing sent has no list after it."""

from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.selection import Selection
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import HttpWitness, Ntp, NtpAttempt, NtpReply, Path, Portal, Wifi
from netpreflight.reports import FORMATS
from tests.unit import four, seen
from tests.unit.seen_ladders import EDGE, ladder, observed


def test_one_is_not_several() -> None:
    assert [counted(number, "hop") for number in (0, 1, 2)] == ["0 hops", "1 hop", "2 hops"]


@pytest.mark.parametrize("ending", [".txt", ".md", ".html"])
def test_a_run_that_sent_nothing_names_nobody(ending: str) -> None:
    made = replace(four.healthy(), footprint=[])

    assert "sent nothing" in FORMATS[ending](made)
    assert "sent 0" not in FORMATS[ending](made)
    assert "sent nothing" not in FORMATS[ending](four.healthy())


def test_an_answer_from_one_hop_away_is_one_hop_away() -> None:
    controls = [ladder("udp 53", seen.GATEWAY, EDGE), ladder("tcp 443", seen.GATEWAY, EDGE)]
    run = observed("photon", f"!{seen.PHOTON_ADDRESS} SYN-ACK", controls=controls)
    found = next(
        check for check in judge(run, profiles.load("photon"), Selection()).checks if check.id == "path.egress"
    )

    assert found.problem == "answered-nearer"
    assert "within 1 hop," in found.summary
    assert "within the first hop," in (found.remedy or "")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, "the device's cloud answers, so no fault on the path had to be found"),
        ({"cloud": seen.SILENT_ARGON}, "it was left out, or the run was cut short"),
        ({"cloud": seen.SILENT_ARGON, "path": Path(not_run="only Linux tells it")}, "only Linux tells it"),
    ],
)
def test_a_path_that_was_not_looked_at_has_a_reason(changed: dict[str, Any], reason: str) -> None:
    made = four.made(four.run_of(**changed), "argon")

    assert f"the path to the device's cloud was not looked at: {reason}" in {asked.source for asked in made.answers}


@pytest.mark.parametrize("ending", [".txt", ".md", ".html"])
def test_air_that_was_not_looked_at_has_a_reason(ending: str) -> None:
    text = FORMATS[ending](four.made(four.run_of(wifi=Wifi(not_run="this laptop has no radio")), "photon2"))

    assert "not looked at: this laptop has no radio" in text


@pytest.mark.parametrize(
    "changed",
    [
        {"portal": Portal(http=[HttpWitness(url="http://captive.apple.com/", expected_status=200, expected_body="S")])},
        {"portal": seen.portal({"address": None, "status": None, "error": "its name does not resolve"})},
        {"portal": seen.portal({"status": 503})},
        {
            "ntp": Ntp(
                server=seen.NTP_NAME,
                address=seen.NTP_ADDRESS,
                attempts=[
                    NtpAttempt(at_s=0, address=seen.NTP_ADDRESS, port=123, outcome="reply", decoded=NtpReply(length=20))
                ],
            )
        },
    ],
    ids=["not-asked", "no-name", "trouble", "short-reply"],
)
def test_an_exchange_that_did_not_happen_has_a_reason(changed: dict[str, Any]) -> None:
    told = judge(seen.healthy(**changed), profiles.load("generic"), Selection()).checks

    assert "None" not in " ".join(
        " ".join([check.summary, check.reason or "", *check.evidence]).replace("None of them", "") for check in told
    )

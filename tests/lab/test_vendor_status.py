"""Is it the cloud? The vendor's status page is asked where the device's cloud stays silent, and nowhere else."""

from typing import Any

import pytest

from tests.lab.lab import STATUS_NAME, STATUS_PAGE, CheckRun, Lab
from tests.lab.streams import OPERATIONAL, OUTAGE

pytestmark = pytest.mark.lab

KNOWN = {STATUS_NAME: STATUS_PAGE}
ASKED = [f"{STATUS_NAME} /api/v2/summary.json -> 200 OK"]


def check(lab: Lab, *arguments: str, trusts: bool = True) -> CheckRun:
    env = {"SSL_CERT_FILE": str(lab.ca)} if trusts else None
    return lab.check("--only", "cloud", *arguments, env=env)


def said(run: CheckRun) -> dict[str, Any]:
    status: dict[str, Any] = run.report["observations"]["vendor_status"]
    return status


def notes(run: CheckRun) -> str:
    return "\n".join(run.report["notes"])


def in_footprint(run: CheckRun) -> list[tuple[str, int]]:
    return [(contact["address"], contact["port"]) for contact in run.report["footprint"]
            if contact["host"] == STATUS_NAME]  # fmt: skip


def test_a_silent_cloud_and_the_vendors_words_of_it() -> None:
    with Lab(names=KNOWN) as lab:
        page = lab.status_page(OUTAGE)
        healthy = check(lab, "--device", "argon")
        not_asked = (page.received == [] and ("A", STATUS_NAME) not in lab.queries(), said(healthy)["host"])
        lab.gateway.drop("udp", 5684)
        silent = check(lab, "--device", "argon")
        asked, queries = page.log, lab.queries().count(("A", STATUS_NAME))

    assert not_asked == (True, None)
    assert (STATUS_NAME in notes(healthy), in_footprint(healthy)) == (False, [])
    assert (asked, queries, in_footprint(silent)) == (ASKED, 1, [(STATUS_PAGE, 443)])
    status = said(silent)
    assert (status["indicator"], status["description"], status["updated"], status["incidents"], status["error"]) == (
        "major", "Partial System Outage", "2026-03-04T13:06:07Z", ["Devices cannot connect"], None,
    )  # fmt: skip
    assert "Is it the cloud? status.particle.io says 'Partial System Outage' ('major')" in notes(silent)
    assert "as of 2026-03-04T13:06:07Z" in notes(silent)
    # What the vendor says excuses nothing.
    (transport,) = [row for row in silent.report["checks"] if row["id"] == "cloud.transport"]
    assert (transport["status"], silent.report["verdict"]) == ("fail", "incompatible")


def test_who_else_answers_or_stays_silent_is_not_the_vendor() -> None:
    with Lab(names=KNOWN) as lab:
        lab.gateway.reject("tcp", 5683, answer="tcp reset")
        page = lab.status_page(OPERATIONAL)
        stranger, asked_of_stranger = check(lab, "--device", "photon", trusts=False), list(page.log)
        skipped, connections = check(lab, "--device", "photon", "--skip", "vendor-status"), lab.arrived("tcp", 443)
        trusted, asked = check(lab, "--device", "photon"), list(page.log)
        lab.gateway.drop("tcp", 443)
        dropped = check(lab, "--device", "photon")

    assert said(stranger)["error"].startswith("its certificate is not trusted")
    assert (said(stranger)["indicator"], asked_of_stranger) == (None, [])
    assert "Is it the cloud? Not known." in notes(stranger)
    assert "Look at https://status.particle.io/" in notes(stranger)
    assert (skipped.report["observations"]["vendor_status"], in_footprint(skipped), connections) == (None, [], 1)
    assert "This run did not ask status.particle.io." in notes(skipped)
    assert (said(trusted)["description"], asked) == ("All Systems Operational", ASKED)
    assert said(dropped)["error"] == "no answer"
    assert said(dropped)["duration_s"] == pytest.approx(3, abs=0.4)
    assert {run.report["verdict"] for run in (stranger, skipped, trusted, dropped)} == {"incompatible"}

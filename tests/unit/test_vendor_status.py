"""Is it the cloud? What is read of a vendor's status page, what is said of it, and that it decides nothing.

The summaries are in the format of Statuspage's public API (/api/v2/summary.json), with the fields of its documentation.
"""

import json
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.vendor_status import Told, is_it_the_cloud
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Report, Run, make
from netpreflight.agent.selection import OPTIONAL, Selection, UnknownCheckError, select
from netpreflight.probes.observations import Observations, VendorStatus
from netpreflight.probes.vendor_status import LARGEST, read_summary
from netpreflight.reports import FORMATS
from tests.unit import seen

HOST = "status.particle.io"


def summary(**changed: Any) -> dict[str, Any]:
    usual = {
        "page": {"id": "y2j98763l56x", "name": "Particle", "url": "https://status.particle.io",
                 "time_zone": "Etc/UTC", "updated_at": "2026-03-04T05:06:07.890-08:00"},
        "components": [{"id": "b13yz5g2cw10", "name": "API", "status": "partial_outage", "group": False}],
        "incidents": [],
        "scheduled_maintenances": [],
        "status": {"indicator": "none", "description": "All Systems Operational"},
    }  # fmt: skip
    return usual | changed


def read(document: Any, status: int = 200) -> VendorStatus:
    return read_summary(status, document if isinstance(document, bytes) else json.dumps(document).encode())


# --- reading


def test_all_is_well() -> None:
    assert read(summary()) == VendorStatus(
        indicator="none", description="All Systems Operational", updated="2026-03-04T13:06:07Z"
    )


def test_an_outage_with_its_incidents_and_no_more_of_them() -> None:
    incidents = [{"name": f"Incident {number}", "status": "investigating"} for number in range(9)]
    told = read(summary(status={"indicator": "major", "description": "Partial Outage"}, incidents=incidents))

    assert (told.indicator, told.incidents) == ("major", [f"Incident {number}" for number in range(5)])


@pytest.mark.parametrize(
    ("at", "updated"),
    [
        ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07Z"),
        ("2026-03-04T05:06:07", None),  # of no zone
        ("yesterday", None),
        ("", None),
        (None, None),
        ("0001-01-01T00:00:00+14:00", None),  # before year 1 in UTC
        ("2026-03-04T05:06:07+99:99", None),
    ],
)
def test_a_time_is_one_or_none(at: str | None, updated: str | None) -> None:
    assert read(summary(page={"updated_at": at})).updated == updated


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"", 200),
        (b"<html>Sign in</html>", 200),
        (b"[]", 200),
        (b"{}", 200),
        (b"\xff\xfe{}", 200),
        (b"[" * 60_000, 200),
        (b'{"a":' * 10_000, 200),
        (json.dumps(summary(status={"indicator": None, "description": "x"})).encode(), 200),
        (json.dumps(summary(status={"indicator": "none"})).encode(), 200),
        (json.dumps(summary(incidents="none")).encode(), 200),
        (json.dumps(summary(incidents=[{"name": 7}])).encode(), 200),
        (json.dumps(summary(page=[])).encode(), 200),
        (json.dumps(summary(more="x" * LARGEST)).encode(), 200),
        (json.dumps(summary()).encode(), 302),
        (json.dumps(summary()).encode(), 503),
    ],
    ids=range(15),
)
def test_what_is_no_summary_says_nothing(document: bytes, status: int) -> None:
    told = read_summary(status, document)

    assert told.error
    assert (told.indicator, told.description, told.incidents) == (None, None, [])


def test_no_text_is_kept_without_end() -> None:
    endless = "x" * 20_000
    told = read(summary(status={"indicator": endless, "description": endless}, incidents=[{"name": endless}]))

    assert {len(text) for text in (told.indicator or "", told.description or "", *told.incidents)} == {200}


# --- saying

SAYS = VendorStatus(
    host=HOST, indicator="minor", description="Degraded", updated="2026-03-04T13:06:07Z", incidents=["Slow", "Late"]
)


def network(told: VendorStatus | None, *, silent: bool = True) -> Observations:
    observed = seen.healthy()
    assert observed.cloud is not None
    lost = seen.attempts(seen.ARGON_ADDRESS, 5684, "timeout", 3)
    if silent:
        others = [end for end in observed.cloud.endpoints if end.transport != "dtls"]
        observed.cloud.endpoints = [*others, seen.argon(*lost)]
    observed.vendor_status = told
    return observed


def told(observed: Observations, device: Profile | str = "argon") -> Told | None:
    return is_it_the_cloud(device_view(observed, profiles.load(device) if isinstance(device, str) else device))


def report(observed: Observations, device: str = "argon") -> Report:
    run = Run(started="", duration_s=1, complete=True, selection=Selection(), observations=observed, footprint=[])
    return make(run, profiles.load(device))


def test_what_the_vendor_says_is_said_with_its_time() -> None:
    found = told(network(SAYS))

    assert found is not None
    assert found.says == (
        "status.particle.io says 'Degraded' ('minor'), as of 2026-03-04T13:06:07Z; not resolved: 'Slow', 'Late'."
    )
    assert found.how is None


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (None, "did not ask"),  # a run of an older version
        (VendorStatus(), "did not ask"),
        (VendorStatus(not_run="this laptop has no default route"), "did not ask"),
        (VendorStatus(host="status.example.com", indicator="none", description="of others"), "did not ask"),
        (VendorStatus(host=HOST, error="its certificate is not trusted: self-signed certificate"), "self-signed"),
        (VendorStatus(host=HOST, error="its name does not resolve"), "does not resolve"),
    ],
    ids=["older-run", "not-asked", "not-run", "another-page", "not-trusted", "no-name"],
)
def test_without_an_answer_it_says_where_to_look(status: VendorStatus | None, why: str) -> None:
    found = told(network(status))

    assert found is not None
    assert found.says is None
    assert why in (found.how or "")
    assert "https://status.particle.io/" in (found.how or "")


@pytest.mark.parametrize(
    ("observed", "device"),
    [
        (network(SAYS, silent=False), "argon"),
        (network(None, silent=False), "argon"),
        (network(SAYS), "photon"),  # its own cloud answers
        (network(SAYS), "generic"),
    ],
    ids=["answers", "answers-older-run", "another-devices-cloud", "no-page"],
)
def test_where_the_cloud_is_not_silent_nothing_is_said(observed: Observations, device: str) -> None:
    assert told(observed, device) is None


def test_a_cloud_of_a_companys_own_has_no_page_of_particles(tmp_path: Any) -> None:
    file = tmp_path / "ours.toml"
    file.write_text('based_on = "argon"\ntitle = "Ours"\n[cloud]\nhosts = ["{id}.example.com"]\n')
    assert profiles.load(str(file)).cloud.status_page is None

    file.write_text(
        'based_on = "argon"\ntitle = "Ours"\n[cloud]\nhosts = ["{id}.example.com"]\n'
        'status_page = "https://status.example.com/api/v2/summary.json"\n'
    )
    page = profiles.load(str(file)).cloud.status_page
    assert page is not None
    assert page.value == "https://status.example.com/api/v2/summary.json"


@pytest.mark.parametrize("url", ["http://status.example.com/x", "https://a b/x", "https://user@host/x", "https:///x"])
def test_a_page_is_asked_by_https_of_a_host(tmp_path: Any, url: str) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(f'based_on = "argon"\ntitle = "Ours"\n[cloud]\nstatus_page = "{url}"\n')

    with pytest.raises(profiles.UnknownDeviceError, match="status_page: expected an https:// URL"):
        profiles.load(str(file))


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("device", ["argon", "photon", "generic"])
def test_what_the_vendor_says_decides_nothing(device: str, *, silent: bool) -> None:
    profile = profiles.load(device)
    worst = VendorStatus(host=HOST, indicator="critical", description="Major Outage")
    best = VendorStatus(host=HOST, indicator="none", description="All Systems Operational")
    judged = [judge(network(status, silent=silent), profile, Selection()) for status in (None, best, worst)]

    assert judged[0] == judged[1] == judged[2]


# --- showing


def test_every_format_shows_it_and_nothing_of_it_is_obeyed() -> None:
    hostile = VendorStatus(
        host=HOST, indicator="\x1b[31mnone", description="<script>alert(1)</script>", updated="2026-03-04T13:06:07Z",
        incidents=["[click](http://evil.example)\n# Yes", "\u202egnp"],
    )  # fmt: skip
    made = report(network(hostile))

    for ending in (".txt", ".md", ".html"):
        text = FORMATS[ending](made)
        assert "Is it the cloud?" in text
        assert "2026-03-04T13:06:07Z" in text
        assert not {"\x1b", "\u202e"} & set(text)
        assert ending != ".html" or "<script>alert" not in text
    # Markdown has it as code, where nothing is markup.
    assert "`<script>alert(1)</script>`" in FORMATS[".md"](made)
    assert "`[click](http://evil.example)" in FORMATS[".md"](made)
    (question,) = [asked for asked in made.answers if asked.question == "Is it the cloud?"]
    assert question.answer


def test_a_network_that_is_well_asks_no_such_question() -> None:
    assert "Is it the cloud?" not in FORMATS[".txt"](report(network(None, silent=False)))


# --- skipping


def test_it_can_be_skipped_and_is_no_check() -> None:
    assert select(None, "vendor-status,portal").skip == ["vendor-status", "portal"]
    assert "vendor-status" in OPTIONAL
    with pytest.raises(UnknownCheckError, match="no check 'vendor-status'"):
        select("vendor-status", None)
    with pytest.raises(UnknownCheckError, match="also: vendor-status"):
        select(None, "vendor")


def test_skipping_it_leaves_nothing_out_of_the_verdict() -> None:
    observed = network(None)
    run = Run(
        started="", duration_s=1, complete=True, selection=Selection(skip=["vendor-status"]),
        observations=observed, footprint=[],
    )  # fmt: skip

    made, usual = make(run, profiles.load("argon")), report(observed)
    assert (made.verdict, made.checks) == (usual.verdict, usual.checks)
    assert not any(note.startswith("Left out") for note in made.notes)

"""Requests: whoever gets one can act on it without asking back, and it has no more than a ticket."""

import email
import os
import re
import shlex
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netpreflight.agent import profiles, report
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.report import Report
from netpreflight.agent.report.requests import Request, requests
from netpreflight.agent.selection import select
from netpreflight.agent.sentences import with_article
from netpreflight.probes.observations import Attempt, Cloud, Connection, Icmp, Join, JoinAttempt, ServerFlight
from netpreflight.probes.observations import Path as Traced
from netpreflight.reports import FORMATS, eml
from netpreflight.reports.requests import LONGEST_SUBJECT, body, requests_of, subject, with_subject
from netpreflight.reports.safe_text import escaped, shown
from netpreflight.reports.sharing import shared
from tests.unit import four, seen
from tests.unit.cases_internet import CLOUD_CASES, COAP_CASES, NTP_CASES, PORTAL_CASES
from tests.unit.cases_ip import DHCP_CASES, DNS_CASES
from tests.unit.command import refused, run
from tests.unit.filled import Filler, forms
from tests.unit.hostile import HOSTILE, planted
from tests.unit.partly import partly
from tests.unit.places import PLACES, broken, of
from tests.unit.rendered import raw
from tests.unit.reveals import SECRET
from tests.unit.samples import DATA, SAMPLES
from tests.unit.seen_ladders import ladder

ADMIN = "network administrator"
CASES = [*DHCP_CASES, *DNS_CASES, *NTP_CASES, *COAP_CASES, *CLOUD_CASES, *PORTAL_CASES]
INJECTED = "Net\r\nBcc: evil@example.org\r\n\r\n\u202egnp.exe\x00\x1b[2J" + "W" * 3000


def text_of(request: Request, contact: str = "") -> str:
    return "\n".join(with_subject(request, contact))


def suspected() -> Report:
    """A port that is dropped on the way to what may be a filter's block page."""
    loaded, _ = report.load(DATA / "sample-report-1-path.json")
    return report.make(loaded, profiles.load("argon"))


def two_owners() -> Report:
    """A signal that is too weak, and a firewall that drops UDP 5684."""
    made = four.udp_blocked()
    weak = seen.bss(6, ssid=four.SSID, signal_dbm=-93.0)
    return msgspec.structs.replace(
        four.made(
            four.run_of(wifi=seen.wifi(weak, target=four.SSID), cloud=made.observations.cloud, path=four.blocked()),
            "photon2",
        )
    )


def provider() -> Report:
    """A port that the provider's router drops."""
    way = [seen.GATEWAY, "203.0.113.1", "203.0.113.5", "203.0.113.9"]
    observed = four.blocked()
    (target,) = observed.targets
    arrived = target.controls[0].probes[-1].icmp
    lost = ladder("udp 5684", *way[:3], None, None, None)
    passed = ladder("udp 53", *way, "203.0.113.13", arrived)
    path = msgspec.structs.replace(observed, targets=[msgspec.structs.replace(target, device=lost, controls=[passed])])
    return four.made(four.run_of(cloud=four.udp_blocked().observations.cloud, path=path), "photon2")


@cache
def every() -> list[tuple[str, Report]]:
    """A report of each sample, place and problem for whom it is told."""
    found = [(name, made()) for name, made in four.FOUR.items()]
    for sample in SAMPLES:
        loaded, device = report.load(sample)
        found += [(sample.name, report.make(loaded, profiles.load(name))) for name in {device.name, "argon", "photon"}]
    found += [(name, of(broken(**changed), device="argon")) for name, changed in PLACES.items()]
    found += [
        (f"{case.check} {case.problem}", of(seen.healthy(**case.changed), device=case.device.split()[0]))
        for case in CASES
        if case.status != "pass"
    ]
    return [*found, ("suspected", suspected()), ("two owners", two_owners()), ("provider", provider())]


@cache
def each() -> list[tuple[str, Report, Request]]:
    return [(name, made, request) for name, made in every() for request in requests_of(made)]


# --- what a request has


@pytest.mark.more
def test_there_is_one_for_each_owner_of_a_change_and_for_nobody_twice() -> None:
    asked = set[str]()
    for name, made in every():
        owners = [request.owner for request in requests(made)]
        assert len({*owners}) == len(owners), name
        assert {change.owner for change in made.changes} - {"nobody"} <= {*owners}, name
        asked |= {*owners}

    assert asked == {"device owner", ADMIN, "internet provider"}


@pytest.mark.more
def test_each_has_the_change_the_proof_the_verification_and_blanks() -> None:
    for name, made, request in each():
        text = text_of(request)
        lines = text.splitlines()
        ticket = shared(made, "ticket")
        for change in ticket.changes:
            if change.owner == request.owner:
                assert all(any(escaped(rule.line) in line for line in lines) for rule in change.rules), name
                assert change.rules or any(
                    shown(change.line).replace("this laptop", "the laptop") in line for line in lines
                ), name
                for check in ticket.checks:
                    told = shown(check.summary)[:380].replace("this laptop", "the laptop")
                    assert check.id not in change.checks or told in text, (name, check.id)
        headings = (
            "Subject: ",
            "What was seen",
            "How to verify it afterwards",
            "The device's MAC address: ",
            "Asked by: ",
        )
        for heading in headings:
            assert sum(line.startswith(heading) for line in lines) == 1, (name, heading)
        assert re.search(r"Measured on \d{4}-\d\d-\d\d, \d\d:\d\d:\d\d to \d\d:\d\d:\d\d UTC, from a laptop", text), (
            name
        )
        assert raw(text) == [], name


@pytest.mark.more
def test_each_subject_is_one_short_line_that_names_the_problem_and_the_device() -> None:
    for name, made, request in each():
        line, first = subject(request), request.asks[0]
        assert len(line) <= LONGEST_SUBJECT + 1, name
        assert made.device.title in line, name
        if first.rules and first.sure == "needed":
            assert f"{first.rules[0].protocol.upper()} {first.rules[0].port}" in line, name
        else:
            assert first.seen[0].rstrip(".")[:40] in line, name


@pytest.mark.more
def test_what_each_names_as_its_verification_says_so_where_all_is_well() -> None:
    told = set[tuple[str, str | None, tuple[str, ...], str]]()
    for name, made, request in each():
        words = shlex.split(request.command)
        asked = {check for ask in request.asks for check in ask.checks}
        assert any("A laptop still meets the portal" in line for line in request.elsewhere) == ("portal" in asked), name
        by_client = {check.id for check in made.checks if check.problem == "only-known-clients"}
        ids = asked - {"portal"} - by_client
        assert any("--as device --mac ADDRESS" in line for line in request.elsewhere) == bool(by_client & asked), name
        assert bool(words) == bool(ids), "what is changed for the device alone is seen by no laptop"
        if not words:
            continue
        assert words[:2] == ["sudo", "./netpreflight"], name
        options = dict(zip(words[2::2], words[3::2], strict=True))
        assert set(options) <= {"--as", "--device", "--os", "--ssid", "--only"}, name
        assert options.get("--as") == (None if made.observations.as_device is msgspec.UNSET else "device"), name
        assert options.get("--os") in {None, made.device.os_version}, name
        if "--ssid" in options and "--only" in options:
            assert any(check.startswith("wifi.") for check in ids), "else it is wrong usage"
        assert ids <= {*(select(options.get("--only"), None).only or ids)}, name
        told.add((options["--device"], options.get("--only"), tuple(sorted(ids)), request.says))
    for device, only, found, says in told:
        well = four.made(msgspec.structs.replace(four.run_of(path=through()), selection=select(only, None)), device)
        assert well.verdict == "compatible", (device, only, well.headline)
        assert all(check.status == "pass" for check in well.checks if check.id in found), (device, found)
        if only is None:
            assert says.startswith("nothing of "), (device, says)
        else:
            sentence = well.answer.sentence.partition(" (")[0]
            assert says in (f'"{sentence}", and ends with exit code 0', f'"{sentence}"'), (device, only)


def test_a_join_is_verified_by_a_run_that_joins() -> None:
    refused = JoinAttempt(at_s=1, mac="02:00:00:00:00:0d", bssid="38:10:d5:12:34:58", ended="auth-refused", status=1)
    joins = Join(way="radio", abilities=abilities_of(profiles.load("argon").radio), attempts=[refused] * 3)
    made = four.made(four.run_of(join=joins), "argon")
    (request,) = [request for request in requests_of(made) if request.owner == ADMIN]
    words = shlex.split(request.command)

    assert words[words.index("--as") :] == ["--as", "device", "--ssid", four.SSID, "--only", "join.auth"]


def test_a_warning_ends_with_exit_code_0_before_the_change_too() -> None:
    """Signed with another key: a device would refuse that, so nothing says that it does not need the change."""
    endpoint = seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "reply"))
    endpoint = msgspec.structs.replace(endpoint, record="HelloVerifyRequest", flight=ServerFlight(answer="ServerHello"))
    (request,) = requests(four.made(four.run_of(cloud=Cloud(endpoints=[endpoint])), "argon"))

    assert [ask.sure for ask in request.asks] == ["suspected"]
    assert "exit code" not in request.says


def test_silence_without_a_place_is_only_suspected() -> None:
    """One hop further nobody saw where the packets are lost; in the twin, a router is named."""
    silent_cloud = Cloud(endpoints=[seen.argon(*four.silent(seen.ARGON_ADDRESS, 5684))])
    way = [seen.GATEWAY, "10.20.0.1", "203.0.113.1"]
    (target,) = four.blocked().targets
    device = ladder("udp 5684", *way, None, None)
    control = ladder("udp 123", *way, f"!{seen.ARGON_ADDRESS} port unreachable")
    path = msgspec.structs.replace(
        four.blocked(), targets=[msgspec.structs.replace(target, device=device, controls=[control])]
    )
    made = four.made(four.run_of(cloud=silent_cloud, path=path), "photon2")
    lost = next(check for check in made.checks if check.id == "path.egress")
    (unplaced,) = requests(made)
    (placed,) = requests(four.udp_blocked())

    assert ([ask.sure for ask in unplaced.asks], [ask.sure for ask in placed.asks]) == (["suspected"], ["needed"])
    assert unplaced.subject.startswith("Please check, ")
    assert lost.status == "unknown"
    assert {f"{lost.summary}.", lost.reason} <= {*unplaced.asks[0].seen}


def through() -> Any:
    """The way of a port that gets through."""
    way = [seen.GATEWAY, "10.20.0.1", "203.0.113.1"]
    (target,) = four.blocked().targets
    answered = ladder("udp 5684", *way, f"!{seen.ARGON_ADDRESS} HelloVerifyRequest")
    photon = msgspec.structs.replace(
        target, host=seen.PHOTON_NAME, address="198.51.100.20", controls=[],
        device=ladder("tcp 5683", *way, "!198.51.100.20 SYN-ACK"),
    )  # fmt: skip
    coap = msgspec.structs.replace(
        target, host=seen.COAP_NAMES[0], address=seen.COAP_ADDRESSES[0], controls=[],
        device=ladder("udp 5683", *way, f"!{seen.COAP_ADDRESSES[0]} Reset"),
    )  # fmt: skip
    dtls = msgspec.structs.replace(target, device=answered, controls=[])
    return msgspec.structs.replace(four.blocked(), targets=[dtls, photon, coap])


def test_a_blocked_port_is_proved_by_times_addresses_and_a_control_and_nothing_is_left_to_ask() -> None:
    (request,) = requests_of(four.udp_blocked())
    text = text_of(request, "Ana Diaz")

    assert subject(request) == "Please allow outbound UDP 5684 to *.v6.udp.particle.io for a Particle Photon 2"
    for part in (
        "Allow outbound UDP from 192.168.77.0/24 to *.v6.udp.particle.io (now 198.51.100.21; its addresses change)",
        "destination port 5684, with replies; keep an idle conversation for at least 35 s.",
        "Look first at 10.20.0.1 (hop 2 from the laptop)",
        "nothing has to be let in that it did not ask for",
        "encrypted (DTLS)",
        "Measured on 2026-11-21, 10:00:00 to 10:00:19 UTC",
        "Sent from 192.168.77.10 to 198.51.100.21, UDP 5684, at 10:00:00.5, 10:00:03.5 and 10:00:09.5 UTC",
        "UDP 53 (control): 1 192.168.77.1",
        "198.51.100.123 answers: stratum 2",
        "--only cloud.transport,path.egress",
        "with packets in both directions",
        "The device's MAC address: 94:94:4A:__:__:__ (",
        "Asked by: Ana Diaz",
    ):
        assert part in text, part
    assert "device fact" not in text


def test_a_device_without_a_sourced_prefix_has_a_blank_for_its_mac() -> None:
    (request,) = requests_of(four.wifi_wrong())

    assert "The device's MAC address: __:__:__:__:__:__ (" in text_of(request)
    assert re.search(r"^Asked by: _+ \(", text_of(request), re.MULTILINE)


def test_a_suspicion_is_one_and_is_not_called_enough() -> None:
    made = suspected()
    (request,) = requests_of(made)
    text = text_of(request)

    assert made.enough is not None
    assert made.enough.answer == "not-known"
    assert "dns.integrity may be the cause" in made.enough.sentence
    assert "alone is enough" not in " ".join(render(made) for render in FORMATS.values())
    assert subject(request).startswith("Please check, for a Particle Argon: ")
    assert "Please check whether this is the cause; it is suspected, and not proved:" in text
    assert "may be a filter's block page" in text
    assert "If it has, allow outbound UDP 5684 to *.v6.udp.particle.io" in text
    assert "Please change:" not in text
    assert "That is enough" not in text


def test_a_suspected_portal_is_looked_at_by_whoever_runs_the_network() -> None:
    case = next(case for case in CASES if (case.check, case.problem) == ("portal", "suspected"))
    (request,) = requests_of(of(seen.healthy(**case.changed)))

    assert (request.owner, [ask.sure for ask in request.asks]) == (ADMIN, ["suspected"])


def test_two_owners_have_one_each_and_know_of_one_another() -> None:
    found = requests_of(two_owners())

    assert {request.owner for request in found} == {"device owner", ADMIN}
    for request in found:
        assert "UDP 5684" in text_of(request) or request.owner != ADMIN
        assert "somebody else is asked for another change that it needs, too" in text_of(request)


def test_a_provider_is_told_whose_line_it_is() -> None:
    (request,) = requests_of(provider())
    text = text_of(request)

    assert request.owner == "internet provider"
    assert re.search(r"^Customer number, and the connection's public address: _+$", text, re.MULTILINE)
    assert "192.168.77.0/24 is behind that address: you do not see it." in text


def test_nothing_is_asked_where_all_is_well() -> None:
    for device in profiles.names():
        assert requests(four.made(four.run_of(), device)) == []


def test_a_companys_whole_address_is_in_the_rule_and_in_the_request(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(
        'based_on = "argon"\ntitle = "Our product"\nmac_prefix = { value = "AA:BB:CC:00:11:22", source = "us" }\n'
    )
    silent = Cloud(endpoints=[seen.argon(*four.silent(seen.ARGON_ADDRESS, 5684))])
    made = report.make(four.run_of(cloud=silent), profiles.load(str(file)))
    text = "\n".join(map(text_of, requests_of(made)))

    assert "from 192.168.77.0/24 (MAC AA:BB:CC:00:11:22) to" in text
    assert re.search(r"^The device's MAC address: AA:BB:CC:00:11:22$", text, re.MULTILINE)
    assert "--device FILE.toml" in text
    assert "AA:BB:CC" not in FORMATS[".md"](shared(made, "public")).upper()


# --- what it must not have


@pytest.mark.parametrize("choice", range(4))
def test_the_request_of_a_complete_report_has_no_more_than_a_ticket(choice: int) -> None:
    filler = Filler(ran=True, choice=choice)
    filled = filler.observations()
    filled.join = msgspec.UNSET  # after a join that failed, nothing is asked of anybody else
    made = of(filled, filler.footprint(), "argon")
    text = " ".join("\n".join(map(text_of, requests_of(made))).split()).lower()
    mails = [parsed(eml.render(request, "")) for request in requests_of(made)]
    text += " ".join(f"{mail['Subject']} {mail.get_content()}" for mail in mails).lower()
    neighbours = {"Bss.ssid", "Bss.ssid_hex", "Bss.bssid", "Neighbor.bssid"}

    assert bool(mails) is (choice < 3)
    for where, what, planted_text in filler.planted:
        if what in SECRET["ticket"] or where in neighbours:
            assert not [form for form in forms(planted_text) if form in text], where


def test_a_public_one_says_that_nobody_can_act_on_it() -> None:
    (request,) = requests_of(shared(four.udp_blocked(), "public"))
    text = text_of(request)

    assert "Names and addresses are replaced by tokens here" in text
    assert "192.168.77" not in text
    assert four.SSID not in text


# --- as a mail


def parsed(document: str) -> EmailMessage:
    """The mail as Python's email package reads it, without a defect."""
    made = email.message_from_bytes(document.encode("ascii"), policy=default)
    assert isinstance(made, EmailMessage)
    assert made.defects == []
    return made


def is_sound(request: Request, contact: str) -> None:
    document = eml.render(request, contact)
    mail = parsed(document)

    assert set(mail.keys()) <= {
        "Subject",
        "Date",
        "X-Unsent",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert len(mail.keys()) == len({*mail.keys()})
    assert (mail["X-Unsent"], mail.get_content_type(), mail.get_content_charset()) == ("1", "text/plain", "utf-8")
    assert " ".join(mail["Subject"].split()) == " ".join(subject(request).split())
    assert mail.get_content().splitlines() == body(request, contact)
    assert document.count("\n") == document.count("\r\n")
    assert max(map(len, document.split("\r\n"))) <= 998
    assert mail["Subject"].defects == ()


@pytest.mark.more
def test_each_is_a_sound_mail() -> None:
    for _, _, request in each():
        is_sound(request, "")
        mail = parsed(eml.render(request, "Jörg Müller, +49 30 1234"))
        assert mail["Date"].datetime == datetime.fromisoformat(request.made.isoformat() if request.made else "")
        assert mail.get_content().splitlines()[-1] == "Asked by: Jörg Müller, +49 30 1234"


ENCODED = {
    "header": "=?utf-8?q?=0ABcc:eve@evil.io?=",
    "body": "=?utf-8?b?Cgo8Yj5oaTwvYj4=?=",
    "escape": "=?utf-8?q?=00=1b[31m?=",
    "joined": "=?utf-8?q?a?= =?utf-8?q?b?=",
    "empty": "=?x?q??=",
}
"""Names in plain ASCII that RFC 2047 would decode."""


@pytest.mark.parametrize(
    "hostile",
    partly(
        {"C0", "injected", next(iter(ENCODED))},
        {**HOSTILE, "injected": INJECTED, "html": four.HOSTILE, **ENCODED},
    ),
)
def test_nothing_from_the_network_makes_a_header(hostile: str) -> None:
    name = four.made(
        four.run_of(
            wifi=four.air(
                seen.bss(36, ssid=hostile, ssid_hex="00", bssid=hostile, frequency_mhz=5180, ht=None), target=hostile
            )
        ),
        "photon",
    )
    for made in (name, planted(four.udp_blocked(), hostile, own=True)):
        for request in requests(made):
            is_sound(request, hostile)
            assert raw(text_of(request, hostile)) == []
            assert not re.search("^Bcc", text_of(request, hostile), re.MULTILINE)
            assert len(text_of(request, hostile)) < 60_000


@settings(max_examples=40)
@given(name=st.text(), contact=st.text())
def test_any_name_and_contact_make_a_sound_mail(name: str, contact: str) -> None:
    (request,) = requests_of(four.udp_blocked())
    is_sound(msgspec.structs.replace(request, subject=name, about=[name]), contact)


@pytest.mark.parametrize("started", ["2026-11-21T10:00:00", "2026-11-21T12:00:00+02:00"])
def test_a_time_is_the_same_in_every_zone(started: str) -> None:
    made = msgspec.structs.replace(four.udp_blocked(), started=started)
    (request,) = requests(made)

    assert request.made == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert "10:00:00 to 10:00:19 UTC" in request.measured


@pytest.mark.parametrize("started", ["", "x\r\nTo: y", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:00"])
def test_a_forged_time_has_no_date_or_a_sound_one(started: str) -> None:
    made = msgspec.structs.replace(four.udp_blocked(), started=started, duration_s=float("inf"))
    (request,) = requests(made)

    is_sound(request, "")


# --- the command line


def saved(folder: Path, made: Report) -> str:
    (folder / "run.json").write_text(FORMATS[".json"](made))
    return "run.json"


def test_a_mail_for_one_owner_has_the_name_that_was_given(tmp_path: Path) -> None:
    made = four.udp_blocked()
    ran = run("report", saved(tmp_path, made), "-o", "ask.eml", "--contact", " Ana\n Diaz ", folder=tmp_path)

    assert (ran.returncode, ran.stderr) == (1, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ask.eml", "run.json"]
    mail = parsed((tmp_path / "ask.eml").read_bytes().decode())
    assert mail.get_content().splitlines() == body(requests_of(made)[0], "Ana Diaz")


@pytest.mark.more
def test_several_owners_have_a_file_each(tmp_path: Path) -> None:
    ran = run("report", saved(tmp_path, two_owners()), "-o", "request.eml", "--share", "complete", folder=tmp_path)
    names = ["request-device-owner.eml", "request-network-administrator.eml"]

    assert ran.returncode == 1
    assert ran.stderr.startswith("netpreflight: 2 requests are written: ")
    assert ran.stderr.count("\n") == 1
    assert all(name in ran.stderr for name in names)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "run.json"]
    for name in names:
        mail = parsed((tmp_path / name).read_bytes().decode())
        assert mail.get_content().startswith(f"To the {name[8:-4].replace('-', ' ')} (")
        assert "Café" not in mail.get_content()


def test_where_nobody_has_to_change_anything_there_is_no_file_and_one_line(tmp_path: Path) -> None:
    file = saved(tmp_path, four.healthy())
    ran = run("report", file, "-o", "request.eml", folder=tmp_path)

    assert ran.returncode == run("report", file, folder=tmp_path).returncode == 0
    assert ran.stderr == (
        "netpreflight: nothing was found that anybody has to change: no request is written to request.eml\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]

    (tmp_path / "request.eml").write_text("older")
    again = run("report", file, "-o", "request.eml", folder=tmp_path)
    assert (again.returncode, (tmp_path / "request.eml").read_text()) == (0, "older")
    assert again.stderr.endswith("; the file of that name is an older one\n")


def test_what_nobody_could_act_on_is_refused(tmp_path: Path) -> None:
    file = str(DATA / "sample-report-1-path.json")
    where = str(tmp_path / "request.eml")

    refused("report", file, "-o", where, "--redact", says=(where, "--share ticket"))
    refused("report", file, "--contact", "Ana", "--share", "public", says=("--contact",))
    refused("report", file, "--contact", "x" * 201, says=("--contact", "200", "201"))
    refused("compare", file, file, "-o", where, says=(".html, .json, .md, .txt\n",))
    refused("check", "-o", "request.xml", says=(".txt, .eml\n",))
    assert not list(tmp_path.iterdir())


def test_who_asks_is_in_each_request_and_in_no_saved_run(tmp_path: Path) -> None:
    endings = [".html", ".md", ".txt", ".json", ".eml"]
    outputs = [word for ending in endings for word in ("-o", f"made{ending}")]
    file = saved(tmp_path, four.udp_blocked())
    ran = run("report", file, *outputs, "--full", "--contact", "<b>Ana & Diaz", folder=tmp_path)
    texts = {ending: (tmp_path / f"made{ending}").read_text() for ending in endings}

    assert "Asked by: <b>Ana & Diaz" in ran.stdout
    assert "Asked by: &lt;b&gt;Ana &amp; Diaz" in texts[".html"]
    for ending in (".md", ".txt", ".eml"):
        assert "Asked by: <b>Ana & Diaz" in texts[ending], ending
    assert "Diaz" not in texts[".json"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can make another user's link")
@pytest.mark.parametrize("name", ["request.eml", "request-network-administrator.eml", "request-internet-provider.eml"])
def test_a_link_of_somebody_elses_is_refused_whoever_is_asked(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / name).symlink_to(target)
    os.lchown(tmp_path / name, 65534, 65534)
    ran = run("report", saved(tmp_path, four.healthy()), "-o", "request.eml", folder=tmp_path)

    assert ran.returncode == 2
    assert f"cannot write {name}: " in ran.stderr
    assert "another user" in ran.stderr
    assert target.read_text() == "kept"


def names_led_to_a_portal() -> Report:
    """A portal by DNS: every name leads to it, and it answers HTTP."""
    invented = [seen.lookup(name, seen.GATEWAY) for name in (*seen.ADDRESSES, *seen.RANDOM)]
    page = {"status": 302, "location": "http://portal.hotel.example/login", "body": ""}
    silent_cloud = Cloud(endpoints=[seen.argon(*four.silent(seen.GATEWAY, 5684))])
    run = four.run_of(dns=seen.dns(*invented), portal=seen.portal(page), ntp=seen.ntp(), cloud=silent_cloud)
    return four.made(run, "photon2")


def test_screen_and_request_lead_with_the_same_cause_and_ask_for_each_change_once() -> None:
    made = names_led_to_a_portal()
    (request,) = requests(made)
    lines = [ask.line for ask in request.asks]

    assert made.answer.check == "portal"
    assert (request.asks[0].line, request.asks[0].checks) == (made.answer.change, ["portal"])
    assert "captive portal" in request.subject
    assert len([line for line in lines if line.startswith("Switch off the rewriting")]) == 1


def test_an_uplink_that_is_down_is_asked_for_once() -> None:
    """A router of the site says that it has no route, to the cloud's datagrams and to the trace."""
    down = Icmp(type=3, code=0, source="10.20.0.1")
    tries = [
        Attempt(at_s=at_s, address=seen.ARGON_ADDRESS, port=5684, outcome="icmp", icmp=down) for at_s in (0.5, 3.5, 9.5)
    ]
    (target,) = four.blocked().targets
    way: tuple[str, Icmp] = (seen.GATEWAY, down)
    path = Traced(
        targets=[msgspec.structs.replace(target, device=ladder("udp 5684", *way), controls=[ladder("udp 123", *way)])]
    )
    made = four.made(four.run_of(cloud=Cloud(endpoints=[seen.argon(*tries)]), path=path), "photon2")
    (request,) = requests(made)

    assert [check.id for check in made.checks if check.problem == "no-route"] == ["cloud.transport", "path.egress"]
    assert [ask.line for ask in request.asks] == [made.answer.change]


def test_a_mail_to_who_runs_the_dhcp_server_does_not_speak_of_this_laptop() -> None:
    made = four.made(four.run_of(dhcp=seen.dhcp()), "photon2")
    (request,) = requests(made)

    assert "this laptop" not in " ".join([request.subject, *(ask.line for ask in request.asks)])
    assert not [line for ask in request.asks for line in ask.seen if "this laptop" in line.lower()]


# --- nobody outside answers


def cut_off(device: str = "generic", **changed: Any) -> Report:
    """A network of which nobody outside is reached, but for what is changed; its own resolver answers."""
    dead = {
        "cloud": Cloud(
            endpoints=[
                seen.photon(Connection(at_s=0.0, error="timeout")), seen.argon(*four.silent(seen.ARGON_ADDRESS, 5684))
            ]
        ),
        "coap": seen.coap(seen.attempts(seen.COAP_ADDRESSES[0], 5683, "timeout", 4)),
        "ntp": seen.ntp(),
        "portal": seen.portal({"status": None, "error": "timeout", "body": ""}),
    }  # fmt: skip
    return four.made(four.run_of(**{**dead, **changed}), device)


@pytest.mark.parametrize("device", ["generic", "photon2", "photon"])
def test_where_nobody_outside_answers_no_single_port_is_blamed(device: str) -> None:
    made = four.made(
        four.run_of(**{name: getattr(cut_off().observations, name) for name in ("cloud", "coap", "ntp", "portal")}),
        device,
    )

    assert made.verdict == "incompatible"
    assert made.headline.startswith(f"No: {with_article(made.device.title)} would not get online here. Nobody outside")
    assert (made.answer.change or "").startswith("Look first whether this network has internet access at all")
    assert "time" not in (made.answer.plain or "")
    (request,) = requests(made)
    assert [ask.sure for ask in request.asks][:1] == ["suspected"]
    assert request.subject.startswith("Please check, ")
    assert "Nobody outside this network answers" in request.subject
    assert "internet access at all" in (request.asks[0].place or "")


@pytest.mark.parametrize(
    "works", [{"ntp": seen.ntp(seen.GOOD_NTP)}, {"portal": seen.portal()}], ids=["a-time-server", "web-pages"]
)
def test_where_anybody_outside_answers_the_port_is(works: dict[str, Any]) -> None:
    assert "Nobody outside" not in cut_off(**works).headline


@pytest.mark.parametrize(
    ("platform", "begins"),
    [
        ("linux", "sudo ./netpreflight --device "),
        ("darwin", "sudo ./netpreflight --device "),
        ("win32", "netpreflight --device "),
        ("", "sudo ./netpreflight --device "),
    ],
)
def test_the_command_is_one_of_the_system_that_measured(platform: str, begins: str) -> None:
    observed = broken(**PLACES["coap-blocked"])
    observed.scope.os = platform
    request, *_ = requests(of(observed))

    assert request.command.startswith(begins)
    assert "'" not in request.command or platform != "win32"

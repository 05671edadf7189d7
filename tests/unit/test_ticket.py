"""A report for a ticket, judged again: the result is that of the complete run, or the ticket says that it cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Run, ticket
from netpreflight.probes import observations
from netpreflight.probes.observations import (
    AddressCheck,
    Bss,
    Cloud,
    CloudEndpoint,
    Connection,
    Icmp,
    PathProbe,
    PathTarget,
    ServerFlight,
    Unasked,
)
from netpreflight.probes.wifi.capture import read_capture
from netpreflight.probes.wifi.elements import ssid_text
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from tests.unit import cases_internet, cases_ip, seen
from tests.unit.again import NEWEST, differences, every_version, run_of, saved_again, ticket_of, with_key
from tests.unit.cases import Case
from tests.unit.command import refused, run
from tests.unit.dtls_records import KEY_EXCHANGE, RANDOM, VENDOR_HELLO, VENDOR_KEY
from tests.unit.networks import NETWORKS, network
from tests.unit.partly import first, partly
from tests.unit.places import EACH_PLACE, PLACES, broken
from tests.unit.samples import DATA, SAMPLES
from tests.unit.seen_ladders import ladder, up_to

GENERIC = profiles.load("generic")
CAPTURES = sorted((DATA / "captures").rglob("*.pcap*"))
IN_FAST = {"names", "modes", "security"}
"""The captures that `tests/run --fast` has."""
CASES = {
    f"{module.__name__.rpartition('.')[2]}-{name}-{case.name}": case
    for module in (cases_internet, cases_ip)
    for name, cases in vars(module).items()
    if isinstance(cases, list | tuple) and cases and all(isinstance(case, Case) for case in cases)
    for case in cases
}


def assert_alike(complete: Run, devices: list[Any] | None = None) -> None:
    made = ticket_of(complete, GENERIC)

    assert made.judgeable is True
    assert differences(complete, saved_again(made), devices or NEWEST) == []


# --- every run that there is


@pytest.mark.parametrize("sample", first(2, SAMPLES), ids=lambda path: path.stem)
def test_the_ticket_of_a_saved_run_is_judged_as_the_run(sample: Path) -> None:
    assert_alike(report.load(sample)[0], every_version())


@pytest.mark.parametrize("changed", EACH_PLACE)
def test_and_that_of_a_place(changed: dict[str, Any]) -> None:
    assert_alike(run_of(broken(**changed)))


@pytest.mark.parametrize(
    "capture",
    [pytest.param(path, id=path.stem, marks=[] if path.stem in IN_FAST else pytest.mark.more) for path in CAPTURES],
)
def test_and_that_of_a_capture_with_the_networks_in_it(capture: Path) -> None:
    try:
        wifi = read_capture(capture)
    except ValueError:
        return
    assert_alike(run_of(seen.healthy(wifi=wifi)))


@pytest.mark.more
@pytest.mark.parametrize("changed", [*PLACES.values()], ids=PLACES)
def test_and_that_of_a_place_for_every_version(changed: dict[str, Any]) -> None:
    assert_alike(run_of(broken(**changed)), every_version())


@pytest.mark.more
@pytest.mark.parametrize("name", NETWORKS)
def test_and_that_of_a_network_with_one_fault(name: str) -> None:
    assert_alike(run_of(network(**NETWORKS[name][0])), every_version())


@pytest.mark.more
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_and_that_of_every_way_in_which_a_check_can_end(case: Case) -> None:
    assert_alike(run_of(seen.healthy(**case.changed)), [*NEWEST, profiles.load(*case.device.split())])


def test_there_are_many_of_them() -> None:
    assert len(CASES) > 200
    assert len(CAPTURES) > 10
    assert len(every_version()) > 50


# --- names, and what is alike

NAMES = [
    b"Home", b"H0me", b"home", b"Ho-me", b"net-1", b"net-2", b"look-1", b"a,b", b" x ", b"caf\xc3\xa9", b"caf\xe9",
    rb"caf\xe9", b"x" * 33, b"it's", "it\N{RIGHT SINGLE QUOTATION MARK}s".encode(), "\u200eab".encode(), b"a\x01",
    b"5GHz", b"SGHz", b'q"', b"", "\u041dome".encode(), b"the", b"I1l", b"lll",
]  # fmt: skip
OCTETS = st.sampled_from(["02", "00", "3c"])


@st.composite
def heard(draw: st.DrawFn) -> Bss:
    name = draw(st.sampled_from(NAMES))
    bssid = f"{draw(OCTETS)}:00:00:00:0{draw(st.integers(0, 2))}:{draw(st.integers(0, 1))}{draw(st.integers(0, 3))}"
    return seen.bss(
        draw(st.sampled_from([1, 6, 11, 12, 36])),
        ssid=ssid_text(name),
        ssid_hex=draw(st.sampled_from([name.hex(), name.hex(), None])),
        bssid=draw(st.sampled_from([bssid, bssid, bssid, None])),
        signal_dbm=draw(st.sampled_from([-40.0, -45.0, -60.0, -85.0, None])),
        hidden=draw(st.sampled_from([False, False, True, None])),
        nontransmitted=draw(st.sampled_from([False, False, False, True])),
        elements=draw(st.sampled_from(["", "", "5503000102"])),
    )


@pytest.mark.more
@settings(max_examples=60, deadline=None)
@given(st.lists(heard(), min_size=1, max_size=10), st.sampled_from([None, None, "Home", "net-1", "a,b"]), st.booleans())
def test_whatever_the_networks_are_called(bsss: list[Bss], target: str | None, joined: bool) -> None:  # noqa: FBT001 - drawn
    wifi = seen.wifi(*bsss, target=target, target_from="option" if target else None)
    wifi.associated_ssid = "Home" if joined else None

    assert_alike(run_of(seen.healthy(wifi=wifi)))


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (b"Horne", None),
        (b"H0me", "look-alike"),
        (b"Ho me", "look-alike"),
        (b"H\xd0\xbeme", "look-alike"),
    ],
    ids=ascii,
)
def test_a_look_alike_of_this_network_is_found_again_and_not_told(other: bytes, problem: str | None) -> None:
    wifi = seen.wifi(seen.bss(), seen.bss(11, ssid=other.decode(), ssid_hex=other.hex(), bssid="3c:00:00:00:00:01"))
    made = ticket_of(run_of(seen.healthy(wifi=wifi)), GENERIC)
    again = report.make(saved_again(made), GENERIC)

    assert next(check for check in again.checks if check.id == "wifi.ssid").problem == problem
    document = FORMATS[".json"](made)
    assert other.decode() not in json.loads(document)["observations"]["wifi"]["bss"][1].values()
    assert f"'{other.decode()}'" not in json.dumps(json.loads(document), ensure_ascii=False)
    assert other.hex() not in document


@pytest.mark.parametrize(("name", "problem"), [(b"abc", None), (b"a,bc", "refused-character")], ids=ascii)
def test_a_comma_in_a_hidden_name_is_told_and_nothing_else_of_it(name: bytes, problem: str | None) -> None:
    argon = profiles.load("argon")
    wifi = seen.wifi(seen.bss(ssid=name.decode(), ssid_hex=name.hex()), target=None, target_from=None)
    made = ticket_of(run_of(seen.healthy(wifi=wifi)), argon)
    (found,) = report.make(saved_again(made), argon).networks

    assert found.ssid == "net-1"
    assert next(check for check in found.checks if check.id == "wifi.ssid").problem == problem
    assert made.observations.wifi is not None
    hidden: Any = made.observations.wifi.bss[0].hidden_name
    assert (hidden.octets, hidden.marks, hidden.spelling) == (len(name), "," if problem else "", 1)
    assert hidden.looks == ["look-1", "look-2"]


def test_of_a_character_that_a_ticket_does_not_tell_of_nothing_is_claimed() -> None:
    argon = profiles.load("argon")
    fact = replace(argon.radio.refused_in_ssid, value="z")  # type: ignore[type-var]  # it is stated
    refuses_a_letter = replace(argon, radio=replace(argon.radio, refused_in_ssid=fact))
    wifi = seen.wifi(seen.bss(ssid="abz", ssid_hex=b"abz".hex()), target=None, target_from=None)
    complete = run_of(seen.healthy(wifi=wifi))

    def of(measured: Run) -> tuple[str, str | None]:
        (found,) = report.make(measured, refuses_a_letter).networks
        check = next(check for check in found.checks if check.id == "wifi.ssid")
        return check.status, check.problem

    assert of(complete) == ("fail", "refused-character")
    assert of(saved_again(ticket_of(complete, argon))) == ("unknown", "not-told")
    assert ticket_of(complete, refuses_a_letter).judgeable is False


# --- bytes


def judged(endpoint: CloudEndpoint, device: str) -> tuple[str, str | None]:
    """What the ticket's check of the cloud is."""
    complete = run_of(seen.healthy(cloud=Cloud(endpoints=[endpoint])))
    assert_alike(complete)
    again = report.make(saved_again(ticket_of(complete, GENERIC)), profiles.load(device))
    check = next(check for check in again.checks if check.id == "cloud.transport")
    return check.status, check.problem


def connection(received: bytes, error: str | None = None) -> Connection:
    return Connection(at_s=0.5, connect_ms=9.0, received=received.hex(), error=error)


FIRST, OTHER = bytes(range(200, 240)), bytes(range(100, 140))


@pytest.mark.parametrize(
    ("received", "result"),
    [
        ([connection(FIRST), connection(OTHER)], ("pass", None)),
        ([connection(FIRST), connection(FIRST)], ("fail", "foreign-answer")),
        ([connection(b"SSH-2.0-x\r\n"), connection(b"SSH-2.0-x\r\n")], ("fail", "foreign-answer")),
        ([connection(b"", "timeout"), connection(b"", "timeout")], ("fail", "no-nonce")),
    ],
    ids=["new", "repeated", "banner", "silent"],
)
def test_a_nonce_stays_one_and_the_same_one_the_same(
    received: list[Connection], result: tuple[str, str | None]
) -> None:
    assert judged(seen.photon(*received), "photon") == result


SIGNED = ServerFlight(
    answer="ServerHello",
    client_random=RANDOM.hex(),
    server_random=VENDOR_HELLO[27:59].hex(),
    key_exchange=KEY_EXCHANGE[25:].hex(),
)


@pytest.mark.parametrize(
    ("flight", "status"),
    [(SIGNED, "pass"), (replace(SIGNED, server_random=RANDOM.hex()), "fail")],
    ids=["signed", "not-signed"],
)
def test_a_signature_is_checked_with_a_key_that_nobody_knew_when_the_ticket_was_made(
    flight: ServerFlight, status: str
) -> None:
    answered = seen.attempts(seen.ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0)
    endpoint = seen.argon(*answered, record="ServerHello", flight=flight)
    complete = run_of(seen.healthy(cloud=Cloud(endpoints=[endpoint])))
    ours = with_key(profiles.load("argon"), VENDOR_KEY)

    again = report.make(saved_again(ticket_of(complete, GENERIC)), ours)

    before = report.make(complete, ours)
    assert [check.status for check in again.checks] == [check.status for check in before.checks]
    assert next(check for check in again.checks if check.id == "cloud.transport").status in {status, "warn"}


def test_what_stands_in_place_of_a_signature_is_not_told() -> None:
    secret = b"serial 4711 of the box in room 12".hex()
    flight = replace(SIGNED, key_exchange=secret)
    endpoint = seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "reply"), record="ServerHello", flight=flight)
    made = ticket_of(run_of(seen.healthy(cloud=Cloud(endpoints=[endpoint]))), GENERIC)

    assert secret not in FORMATS[".json"](made)
    assert RANDOM.hex() not in FORMATS[".json"](made)
    assert made.judgeable


def test_that_a_router_quoted_our_packet_is_told_and_not_what() -> None:
    outside = PathProbe(
        ttl=3, at_s=1.0, outcome="time-exceeded", source="198.51.100.1", quoted="cafe" * 14,
        icmp=Icmp(type=11, code=0, source="198.51.100.1", proved=True),
    )  # fmt: skip
    device = ladder("udp 5684", *up_to(2))
    target = PathTarget(
        host=seen.ARGON_NAME,
        address=seen.ARGON_ADDRESS,
        device=replace(device, probes=[*device.probes, outside]),
        controls=[ladder("tcp 443", *up_to(4, f"!{seen.ARGON_ADDRESS} SYN-ACK"), known_by="it answered before")],
        unasked=Unasked(ports=0),
    )
    silent = seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, count=3))
    complete = run_of(seen.healthy(cloud=Cloud(endpoints=[silent]), path=observations.Path(targets=[target])))

    assert_alike(complete)
    assert "cafe" not in FORMATS[".json"](ticket_of(complete, GENERIC))


def test_the_holder_of_an_address_is_still_not_its_server() -> None:
    for holder in ("06:00:00:00:00:01", "02:00:00:00:00:99"):
        dhcp = seen.lease(server_mac="06:00:00:00:00:01")
        dhcp.address_check = AddressCheck(at_s=0.1, address="192.168.77.120", holders=[holder])
        assert_alike(run_of(seen.healthy(dhcp=dhcp)))


# --- a ticket that would be judged otherwise


def test_a_ticket_that_would_be_judged_otherwise_says_so_and_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As it would be if judging read something that a ticket hides, and nobody had thought of it."""
    monkeypatch.setattr(ticket, "oddities", lambda _raw, _text: [])
    wifi = seen.wifi(seen.bss(ssid="a'b", ssid_hex=b"a'b".hex()), target=None, target_from=None)
    made = ticket_of(run_of(seen.healthy(wifi=wifi)), GENERIC)
    document, page = tmp_path / "ticket.json", tmp_path / "ticket.html"
    document.write_text(FORMATS[".json"](made))
    page.write_text(FORMATS[".html"](made))

    assert json.loads(document.read_text())["judgeable"] is False
    refused("report", str(document), says=("--share ticket", "complete JSON"))
    refused("report", str(page), says=("no run in it", "complete JSON"))
    assert "attach the run" in page.read_text()


def test_a_ticket_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "ticket.json"
    document.write_text(FORMATS[".json"](shared(report.make(run_of(seen.healthy()), GENERIC), "ticket")))

    assert "judgeable" not in json.loads(document.read_text())
    refused("report", str(document), says=("--share ticket", "by an earlier version, which left out", "complete JSON"))
    refused("compare", str(document), str(document), says=("--share ticket", "complete JSON"))


@pytest.mark.parametrize("removed", [("sharing",), ("sharing", "judgeable")], ids="-".join)
@pytest.mark.parametrize("without_air", [False, True], ids=["air", "no-air"])
def test_a_ticket_that_does_not_say_so_any_longer_is_refused(
    removed: tuple[str, ...], tmp_path: Path, *, without_air: bool
) -> None:
    """Its tokens are no addresses; in the twin, the complete run has addresses, and is judged."""
    wifi = None if without_air else seen.wifi(seen.bss(ssid="a", bssid="02:00:00:00:00:01"))
    scope = replace(seen.healthy().scope, mac="54:e1:ad:00:11:22")
    complete = run_of(seen.healthy(wifi=wifi, scope=scope))
    document = json.loads(FORMATS[".json"](ticket_of(complete, GENERIC)))
    for key in removed:
        del document[key]
    forged, whole = tmp_path / "forged.json", tmp_path / "whole.json"
    forged.write_text(json.dumps(document))
    whole.write_text(FORMATS[".json"](report.make(complete, GENERIC)))

    refused("report", str(forged), says=("made for sharing, and its level of sharing was removed", "complete JSON"))
    assert run("report", str(whole)).returncode in {0, 1, 3}


# --- the command

SAMPLE = str(DATA / "sample-report-1-path.json")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A ticket as JSON and as a page."""
    document, page = tmp_path / "ticket.json", tmp_path / "ticket.html"
    assert run("report", SAMPLE, "--share", "ticket", "-o", str(document), "-o", str(page)).returncode == 1
    return str(document), str(page)


@pytest.mark.parametrize("which", [0, 1], ids=["json", "page"])
@pytest.mark.parametrize("device", partly({"argon"}, ["argon", "photon", "generic"]))
def test_report_judges_a_ticket_for_any_device(files: tuple[str, str], which: int, device: str) -> None:
    complete = run("report", SAMPLE, "--device", device, "--json")
    again = run("report", files[which], "--device", device, "--json")

    assert again.returncode == complete.returncode
    before, after = json.loads(complete.stdout), json.loads(again.stdout)
    assert after["sharing"] == "ticket"
    assert after["judgeable"] is True
    assert after["verdict"] == before["verdict"]
    keys = ("id", "status", "problem", "owner", "level")
    assert [[check[key] for key in keys] for check in after["checks"]] == [
        [check[key] for key in keys] for check in before["checks"]
    ]


def test_what_is_made_of_a_ticket_is_one_or_less(files: tuple[str, str], tmp_path: Path) -> None:
    document, page = files
    texts = [tmp_path / name for name in ("again.json", "again.html", "again.txt")]
    ended = run("report", page, "--full", *[word for text in texts for word in ("-o", str(text))])
    public = run("report", document, "--redact", "--json")

    assert ended.returncode == 1
    assert "Made for a ticket" in ended.stdout
    assert json.loads(texts[0].read_text())["sharing"] == "ticket"
    assert texts[1].read_bytes() == Path(page).read_bytes()
    assert "Made for a ticket" in texts[2].read_text()
    assert json.loads(public.stdout)["sharing"] == "public"
    assert "judgeable" not in json.loads(public.stdout)
    assert "192.168.77.1" not in public.stdout
    assert run("report", str(texts[0]), "--device", "photon").returncode == 0


def test_nothing_makes_a_ticket_complete_or_replaces_a_run_by_less(files: tuple[str, str]) -> None:
    document, page = files
    for file in files:
        refused("report", file, "--share", "complete", says=("made for a ticket", "leave --share complete out"))
        refused("report", file, "--redact", "-o", file, says=("would replace the ticket", "another -o"))
    refused("compare", document, SAMPLE, says=("made for a ticket", "complete JSON"))
    refused("compare", SAMPLE, page, says=("made for a ticket", "complete JSON"))

    assert run("report", document, "-o", document).returncode == 1
    assert json.loads(Path(document).read_text())["judgeable"] is True


def test_rules_for_a_firewall_are_those_of_the_complete_run(files: tuple[str, str]) -> None:
    of_the_run, of_its_page = (
        run("rules", file, "--for", "nftables", "--device", "argon").stdout for file in (SAMPLE, files[1])
    )

    assert of_its_page == of_the_run

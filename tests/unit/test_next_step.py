"""What is said where something is not settled: the sentence, and a command that changes something."""

import os
import shlex
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netpreflight import systems
from netpreflight.agent import profiles, report
from netpreflight.agent.called import as_called, called
from netpreflight.agent.next_step import Invocation, NextStep, Options, known_before, next_step, options_of
from netpreflight.agent.report import Report
from netpreflight.agent.selection import Selection, select
from netpreflight.probes.net import unasked
from netpreflight.probes.observations import AS_ROOT, ROOT_ON_LINUX, Cloud, Dhcp, Privileges, ServerFlight, Unasked
from netpreflight.reports.safe_text import escaped
from netpreflight.reports.terminal import Terminal
from netpreflight.systems import system
from netpreflight.systems.interface import System
from tests.unit import places, seen
from tests.unit.again import run_of
from tests.unit.made_reports import EACH_SOURCE, FIT, HIGH, reports_of
from tests.unit.rendered import Screen, without_codes

PROGRAM = "./netpreflight"
ROOT_FOLDER = Path(__file__).parents[2]
USER = Privileges(user="ordinary user")
ROOT = Privileges(user="root", raw_sockets=True)
DENIED = {
    "exchange_denied": "sending a DISCOVER needs root or CAP_NET_RAW",
    "unlocked_by": f"Run netpreflight again {AS_ROOT}: it then asks for a lease, and gives it back.",
}


def as_user() -> Dhcp:
    return msgspec.structs.replace(seen.dhcp(), **DENIED)


def made(device: str = "argon", selection: Selection | None = None, *, complete: bool = True, user: Privileges = USER,
         **changed: Any) -> Report:  # fmt: skip
    observed = seen.healthy(**changed)
    observed.scope.privileges = user
    run = msgspec.structs.replace(run_of(observed, selection), complete=complete)
    return report.make(run, profiles.load(device))


def step(found: Report, options: Options | None = None, *, is_root: bool = False) -> NextStep | None:
    options = Options(device="argon") if options is None else options
    return next_step(found, Invocation(program=PROGRAM, options=options, is_root=is_root))


def test_an_ordinary_user_is_told_probably_yes_and_the_command_as_root() -> None:
    found = made(dhcp=as_user())

    assert found.verdict == "undetermined"
    assert (
        found.answer.sentence == "Probably yes: a Particle Argon would get online here, but one thing was not tested."
    )
    assert step(found, Options(device="argon", ssid="net")) == NextStep(
        command="sudo ./netpreflight --device argon --ssid net"
    )
    assert step(found, is_root=True) == NextStep(command="./netpreflight --device argon")


@pytest.mark.parametrize(
    ("unlocked_by", "command"),
    [
        (None, "sudo ./netpreflight --device argon"),
        ("Run netpreflight again as root (sudo)", "sudo ./netpreflight --device argon"),
        ("Run netpreflight again with sudo", "sudo ./netpreflight --device argon"),
        (f"Run netpreflight {ROOT_ON_LINUX}", None),
    ],
)
def test_what_roots_rights_would_show_is_a_step_for_this_system(unlocked_by: str | None, command: str | None) -> None:
    ntp = seen.ntp(seen.GOOD_NTP)
    ntp.unasked = Unasked(closed=0, unlocked_by=unlocked_by)
    found = made("generic", ntp=ntp)
    (unproved,) = [check for check in found.checks if check.problem == "unproved"]

    assert (unproved.remedy or "").startswith(f"{unlocked_by or 'Run netpreflight again as root (sudo)'}: then it sees")
    assert found.answer.sentence.startswith("Probably yes")
    assert step(found) == (None if command is None else NextStep(command=command))


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", "Run netpreflight again as root (sudo)"),
        ("win32", f"Run netpreflight {ROOT_ON_LINUX}"),
        ("darwin", f"Run netpreflight {ROOT_ON_LINUX}"),
    ],
)
def test_a_run_keeps_the_step_of_its_system(platform: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = system(platform)
    monkeypatch.setattr(here, "packet_socket", System().packet_socket)
    monkeypatch.setattr(unasked, "SYSTEM", here)
    watch = unasked.UnaskedWatch("lo", set)
    try:
        assert watch.seen("192.0.2.1", 123).unlocked_by == words
    finally:
        watch.close()


@pytest.mark.parametrize(
    "more",
    [{"wifi": None}, {"cloud": None}, {"dns": None}, {"portal": None}],
    ids=["air", "cloud", "names", "portal"],
)
def test_with_more_left_untested_it_is_not_probably(more: dict[str, Any]) -> None:
    assert not made(dhcp=as_user(), **more).answer.sentence.startswith("Probably")


def test_a_failure_is_no_probably() -> None:
    assert made(dhcp=as_user(), cloud=Cloud(endpoints=[places.SILENT])).answer.sentence.startswith("No: ")


def test_without_a_radio_the_air_is_left_out_in_the_command() -> None:
    air = seen.wifi(target=None)
    air.bss, air.source, air.limits = [], None, ["This laptop has no Wi-Fi radio that Linux knows"]
    air.unlocked_by = "Use a laptop with Wi-Fi, or give a capture; --skip wifi judges the rest without the air."
    found = made(wifi=air, user=ROOT)

    assert found.answer.sentence.startswith("Not settled: ")
    assert step(found, Options(ssid="net")) == NextStep(command="sudo ./netpreflight --skip wifi")
    assert step(found, Options(skip="portal")) == NextStep(command="sudo ./netpreflight --skip portal,wifi")
    both = made(wifi=air, dhcp=as_user())
    assert step(both, Options()) == NextStep(command="sudo ./netpreflight --skip wifi")


def test_of_several_networks_the_best_is_named() -> None:
    found = made(wifi=seen.wifi(*FIT, *HIGH, target=None))

    assert step(found) == NextStep(command="./netpreflight --device argon --ssid fit-0")
    assert step(made(wifi=seen.wifi(*HIGH, target=None))) is None


def test_a_run_cut_short_is_to_be_run_again() -> None:
    found = made(cloud=None, complete=False, user=ROOT)

    assert step(found) == NextStep(command="sudo ./netpreflight --device argon")


def test_what_has_to_be_changed_first_comes_first() -> None:
    scope = seen.healthy().scope
    scope.ssid = "Other"
    found = made(scope=scope, wifi=seen.wifi(seen.bss(), target="Home"))

    assert found.verdict == "undetermined"
    assert step(found) == NextStep(command="./netpreflight --device argon", afterwards=True)


def test_nothing_is_to_be_run_where_all_is_settled() -> None:
    assert step(made()) is None
    assert step(made(cloud=Cloud(endpoints=[places.SILENT]))) is None


def test_a_resolver_of_dhcp_needs_dhcp() -> None:
    found = made(dhcp=as_user(), dns=seen.dns(default=None), selection=select(None, "dhcp,portal"))
    checks = [msgspec.structs.replace(check, problem="only-laptop-resolver", status="unknown",
                                      remedy=f"Run netpreflight {AS_ROOT}, without --skip dhcp: it then learns.")
              if check.id == "dns.resolve" else check for check in found.checks]  # fmt: skip
    found = msgspec.structs.replace(found, checks=checks, verdict="undetermined")

    assert step(found, Options(device="argon", skip="dhcp,portal")) == NextStep(
        command="sudo ./netpreflight --device argon --skip portal"
    )


@pytest.mark.parametrize("source", EACH_SOURCE)
def test_no_command_is_the_same_run_again_unless_something_is_changed_before(source: str) -> None:
    for found in reports_of(source):
        options = options_of(found)
        told = step(found, options)
        if told is None or told.afterwards or not found.complete:
            continue
        same = Invocation(program=PROGRAM).check(options, as_root=found.scope.privileges.raw_sockets)
        assert told.command != same


@pytest.mark.parametrize("source", EACH_SOURCE)
def test_whatever_asks_for_root_says_so_in_the_same_words(source: str) -> None:
    for found in reports_of(source):
        for check in found.checks:
            if source != "planted_everywhere" and "sudo" in (check.remedy or ""):
                assert AS_ROOT in (check.remedy or "")


def test_left_out_with_a_failure_is_asked_for_and_not_the_same_again() -> None:
    found = made(cloud=Cloud(endpoints=[places.SILENT]), selection=select(None, "wifi"), user=ROOT)

    assert found.enough
    assert found.enough.sentence.endswith(
        "may not be enough: wifi was left out. After the fix, run netpreflight again, this time with wifi."
    )


def test_another_key_is_doubtful_and_not_nothing_in_the_way() -> None:
    flight = ServerFlight(answer="ServerHello")
    cloud = seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "reply"))
    cloud = msgspec.structs.replace(cloud, record="HelloVerifyRequest", flight=flight)
    found = made(cloud=Cloud(endpoints=[cloud]), user=ROOT)
    transport = next(check for check in found.checks if check.id == "cloud.transport")

    assert (transport.status, transport.problem) == ("warn", "other-key")
    assert found.answer.sentence == "It is doubtful whether a Particle Argon would get online here."
    assert found.startup.online is None
    assert "Nothing" not in found.headline


def test_without_a_device_it_is_said_first_which_get_no() -> None:
    found = made("generic", cloud=Cloud(endpoints=[seen.photon(seen.NONCE), places.SILENT]), wifi=None)

    assert found.answer.sentence.startswith("It depends on the device (--device names it): no for Particle Argon")
    assert "Not settled: this run found nothing in the way" in found.answer.sentence
    assert not made("generic").answer.sentence.startswith("It depends")


@example("a\u3164b", "ssid")
@example("a\u2800", "ssid")
@example("e\u0301\u0301x", "ssid")
@example(r"\xe9", "ssid")
@given(st.text(min_size=1, max_size=32), st.sampled_from(["ssid", "capture", "device", "interface"]))
def test_a_command_is_one_that_a_shell_reads_alike(value: str, option: str) -> None:
    command = Invocation(program=PROGRAM).check(msgspec.convert({option: value}, Options), as_root=False)
    words = shlex.split(command)

    assert command.isprintable()
    assert words[0] == PROGRAM
    if escaped(value) != value or "\\x" in value:
        assert value not in words[1:]
    elif value.isprintable() and not any(map(unicodedata.combining, value)):
        assert words[1:] in ([f"--{option}", value], [f"--{option}={value}"])


def test_a_report_without_names_gives_commands_without_names() -> None:
    options = Options(device="secret.toml", ssid="Home", capture="/home/ann/air.pcap", interface="eth7", only="wifi")

    assert options.without_names().words() == [
        *("--device", "FILE.toml", "--ssid", "NAME", "--capture", "FILE", "--interface", "IF", "--only", "wifi")
    ]


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("./netpreflight", "./netpreflight"), ("", "netpreflight"), ("\x1b[1m", "netpreflight"),
     ("../np/netpreflight", "../np/netpreflight"), ("/my tools/netpreflight", "'/my tools/netpreflight'"),
     ("$(id)", "'$(id)'"), (r"a\b", r"'a\b'")],
)  # fmt: skip
def test_the_program_is_called_as_the_user_calls_it(given_name: str, name: str) -> None:
    assert called({"NETPREFLIGHT_CALLED": given_name}) == name
    assert called({}) == "netpreflight"


@pytest.mark.parametrize(
    ("given_name", "name"),
    [(r"C:\Users\a\netpreflight.exe", r"C:\Users\a\netpreflight.exe"), (r"C:\a b\n.exe", r'"C:\a b\n.exe"'),
     (r"C:\%a%\n.exe", "netpreflight")],
)  # fmt: skip
def test_on_windows_it_is_called_as_its_shells_take_it(
    given_name: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systems, "SYSTEM", systems.system("win32"))

    assert called({"NETPREFLIGHT_CALLED": given_name}) == name


def test_a_command_in_a_text_is_told_as_the_user_types_it() -> None:
    text = "see netpreflight rules --help, netpreflight --deep; netpreflight checks what netpreflight can"

    assert as_called(text, r"C:\\1\netpreflight") == text.replace(
        "netpreflight rules", r"C:\\1\netpreflight rules"
    ).replace("netpreflight --", r"C:\\1\netpreflight --")


@pytest.mark.parametrize("page", sorted((ROOT_FOLDER / "docs/commands").glob("*.md")), ids=lambda page: page.stem)
def test_every_command_is_told_as_the_user_types_it(page: Path) -> None:
    command = page.stem.partition("-")[0]
    if command != "netpreflight":
        assert as_called(f"see netpreflight {command} --help", PROGRAM) == f"see {PROGRAM} {command} --help"


def test_the_launcher_tells_how_it_was_called(tmp_path: Path) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "bin"
    python = checkout / ".venv/bin/python"
    for folder in (python.parent, checkout / ".venv/packages/netpreflight/fleet", elsewhere):
        folder.mkdir(parents=True)
    launcher = checkout / "netpreflight"
    shutil.copy(ROOT_FOLDER / "netpreflight", launcher)
    python.write_text('#!/bin/sh\nprintf "%s" "$NETPREFLIGHT_CALLED"\n')
    python.chmod(0o755)
    for lock in (checkout / "requirements.lock", checkout / ".venv/requirements.lock"):
        lock.write_text("")
    (checkout / ".venv/stamp").write_text(f"{checkout.resolve()}\n")
    (elsewhere / "netpreflight").symlink_to(launcher)

    def told(word: str, folder: Path) -> str:
        environment = {"PATH": f"{elsewhere}:{os.environ['PATH']}"}
        return subprocess.run([word], cwd=folder, env=environment, capture_output=True, check=True, text=True).stdout

    assert told("./netpreflight", checkout) == "./netpreflight"
    assert told("checkout/netpreflight", tmp_path) == "checkout/netpreflight"
    assert told(str(launcher), tmp_path) == str(launcher)
    assert told(str(elsewhere / "netpreflight"), tmp_path) == "netpreflight"


def test_what_will_not_be_tested_is_said_before() -> None:
    scope = seen.healthy().scope
    scope.os, scope.privileges = "linux", USER
    by = Invocation(program=PROGRAM, options=Options(device="argon"))
    argon = profiles.load("argon")

    def told(selection: Selection | None = None, *, has_radio: bool = True) -> list[str]:
        return known_before(scope, argon, selection or Selection(), by, has_radio=has_radio)

    assert told()[0].startswith("One thing will not be tested, because sending a DISCOVER needs root")
    assert told()[0].endswith("For that: sudo ./netpreflight --device argon")
    assert told(select(None, "dhcp")) == []
    air, lease = told(has_radio=False)
    assert "no Wi-Fi radio" in air
    assert lease.endswith("sudo ./netpreflight --device argon --skip wifi")
    scope.privileges = ROOT
    assert told() == []
    assert len(told(has_radio=False)) == 1

    stream = Screen()
    Terminal(stream, lambda: 0.0, plain=True).begin(scope, argon, ahead=told(has_radio=False))
    assert "no Wi-Fi radio" in without_codes(stream.getvalue())

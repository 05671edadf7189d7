"""The command line from outside: wrong usage is one line and exit code 2, whatever the file; nothing hangs."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netpreflight.agent import __version__
from netpreflight.agent.cli import main
from netpreflight.probes.observations import MOST_SAVED_BSSS
from netpreflight.systems import SYSTEM
from tests.unit.command import ROOT, SAMPLE, SAVED, refused, run
from tests.unit.partly import partly

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("check", "--device", "fridge"), ("fridge", "generic", "photon", "argon")),
        (("check", "--device", "argon", "--os", "0.6.3"), ("0.6.3", "1.0.0", "6.2.0")),
        (("check", "--interface", "wlan\x1b[31m7"), ("wlan", "lo")),
        (("check", "--only", "dhcp.nonsense"), ("dhcp.nonsense", "dhcp.offer")),
        (("--skip", "nonsense"), ("nonsense", "dhcp.offer")),
        (("check", "-o", "report.pdf"), ("report.pdf", ".json", ".txt")),
        (("check", "-o", "/nowhere/report.txt"), ("/nowhere",)),
        (("check", "--frobnicate"), ("--frobnicate",)),
        (("frobnicate",), ("frobnicate",)),
        (("explain",), ("'CHECK'", "known: cloud.transport, ", ", common, ", " (see netpreflight explain --help)")),
        (("rules",), ("'--for'", "known: nftables, ", ", meraki (see netpreflight rules --help)")),
        (("report", str(SAMPLE), "--device", "fridge"), ("fridge", "generic", "photon", "argon")),
        (("report", str(SAMPLE), "-o", "x.pdf"), ("x.pdf", ".json", ".txt")),
    ],
    ids=lambda value: " ".join(value[:3])[:40] if value and isinstance(value, tuple) else None,
)
def test_wrong_usage_is_one_line_that_names_what_is_allowed(arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    refused(*arguments, says=says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--devcie", "argon"), "option: --devcie. Did you mean --device? (see netpreflight check --help)"),
        (("--dveice=argon",), "option: --dveice. Did you mean --device? ("),
        (("-device", "argon"), "option: -device. Did you mean --device? ("),
        (("check", "--osversion", "6.2.0"), "option: --osversion. Did you mean --os? ("),
        (("check", "--out", "x.json"), "option: --out. Did you mean --output? ("),
        (("report", "--jsn", "x.json"), "option: --jsn. Did you mean --json? (see netpreflight report --help)"),
        (("devices", "--json"), "option: --json (see netpreflight devices --help)"),
        (("--frobnicate",), "option: --frobnicate (see netpreflight check --help)"),
        (("chekc",), "command 'chekc'. Did you mean 'check'? (see netpreflight --help)"),
        (("explian", "portal"), "Did you mean 'explain'?"),
        (("compare",), "Missing argument 'A'. (see netpreflight compare --help)"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_misspelt_word_suggests_the_right_one(arguments: tuple[str, ...], says: str) -> None:
    refused(*arguments, says=(says,))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--devcie",), "(see ./netpreflight check --help)"),
        (("devices", "--os", "6.2.0"), "./netpreflight devices NAME --os VERSION"),
    ],
)
def test_a_usage_error_names_the_program_as_the_user_typed_it(arguments: tuple[str, ...], says: str) -> None:
    assert says in run(*arguments, NETPREFLIGHT_CALLED="./netpreflight").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--device", "argn"), "no device 'argn' (a company's own is named as FILE.toml); did you mean argon?"),
        (("--only", "cloud.transprt"), "no check 'cloud.transprt'; did you mean cloud.transport?"),
        (("--skip", "vendor-statu"), "no check 'vendor-statu'; did you mean vendor-status?"),
        (("--skip", "wfii"), "no check 'wfii'; did you mean wifi"),
        (("--for", "fortois"), "no dialect 'fortois'; did you mean fortios?"),
        (("rules", str(SAMPLE), "--for", "opensense"), "did you mean opnsense"),
        (("--share", "tickt"), "no level 'tickt' for --share; did you mean ticket?"),
        (("devices", "photn2"), "did you mean photon2 or photon"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, tuple) else None,
)
def test_a_misspelt_value_suggests_the_right_one(arguments: tuple[str, ...], says: str) -> None:
    refused(*arguments, says=(says,))


@pytest.mark.parametrize(
    ("only", "skip"), [("wifi", "wifi"), ("dhcp.offer", "dhcp"), ("wifi,dhcp", "dhcp,wifi,ntp")], ids=str
)
def test_what_is_left_out_altogether_cannot_be_measured(only: str, skip: str) -> None:
    refused("--only", only, "--skip", skip, says=("--skip leaves out all that --only names",))


COMPLETED = {
    "--dev": {"--device"},
    "--de": {"--device", "--deep", "--debug"},
    "--device ph": {"photon", "photon2"},
    "--json --share ": {"complete", "ticket", "public"},
    "comp": {"compare"},
    "check --in": {"--interface"},
    "explain cl": {"cloud.transport"},
    "report x.json --for pf": {"pf", "pfsense"},
    "rules x.json --for ios": {"ios"},
    "devices ms": {"msom"},
}


@pytest.mark.parametrize("words", partly({"--device ph"}, COMPLETED.keys()))
def test_a_shell_completes_commands_options_and_values(words: str, tmp_path: Path) -> None:
    command = tmp_path / "netpreflight"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m netpreflight.agent "$@"\n')
    command.chmod(0o755)
    script = (
        'eval "$(_NETPREFLIGHT_COMPLETE=source_bash netpreflight)"; read -ra COMP_WORDS <<<"netpreflight $1"; '
        '[ -n "${1##* }" ] || COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        '_netpreflight_completion netpreflight; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "-c", script, "bash", words],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert ran.stderr == ""
    assert set(ran.stdout.split()) == COMPLETED[words]


def edited(change: Callable[[dict[str, object]], object]) -> bytes:
    document = json.loads(SAVED)
    change(document)
    return json.dumps(document).encode()


def beside(value: str) -> bytes:
    return f'{{"unknown": {value}, {SAVED.lstrip()[1:]}'.encode()


ARRAYS, OBJECTS = "[" * MILLION + "]" * MILLION, '{"a":' * MILLION + "1" + "}" * MILLION
FILES: dict[str, bytes] = {
    "empty": b"",
    "truncated": SAVED.encode()[: len(SAVED) // 2],
    "binary": bytes(range(256)) * 64,
    "text": b"hello\n",
    "null": b"null",
    "empty-object": b"{}",
    "utf-16": SAVED.encode("utf-16"),
    "two-documents": SAVED.encode() * 2,
    "another-schema": edited(lambda saved: saved.update(schema="netpreflight-report/2")),
    "no-schema": edited(lambda saved: saved.pop("schema")),
    "wrong-type": edited(lambda saved: saved.update(observations=[])),
    "wrong-inner-type": edited(lambda saved: saved.update(footprint=[{"protocol": 7}])),
    "unknown-device": edited(
        lambda saved: saved.update(device={"name": "\x1b[31m" * 9, "title": "", "os_version": None})
    ),
    "huge-float": edited(lambda saved: saved.update(duration_s=0.5)).replace(
        b'"duration_s": 0.5', b'"duration_s": 1e999'
    ),
    "huge-int": edited(lambda saved: saved.update(duration_s=0.5)).replace(b": 0.5", b": " + b"9" * 100_000),
    "nan": edited(lambda saved: saved.update(duration_s=float("nan"))),
    "lone-surrogate": SAVED.replace("2026-", "\\ud800", 1).encode(),
    "deep-arrays": ARRAYS.encode(),
    "deep-objects": OBJECTS.encode(),
    "unclosed": b"[" * MILLION,
    "deep-arrays-in-unknown-field": beside(ARRAYS),
    "deep-objects-in-unknown-field": beside(OBJECTS),
    "deep-in-known-field": SAVED.replace('"networks": []', f'"networks": [{{"a": {ARRAYS}}}]').encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_saved_report_is_one_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.json"
    file.write_bytes(FILES[name])
    assert FILES[name] != SAVED.encode()

    refused("report", str(file), says=() if name == "unknown-device" else (file.name,))


def test_a_file_of_two_gibibytes_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as made:
        made.write(SAVED.encode())
        made.truncate(2 << 30)

    refused("report", str(file), says=("large.json", "16 MiB"))


BSS = '{"bssid":null,"ssid":"","ssid_hex":"","frequency_mhz":1,"channel":1}'


def of_air(*, bsss: int = 0, limits: int = 0) -> str:
    """A saved run with a survey of the smallest BSSs, and of so many sentences about its limits."""
    saved = json.loads(SAVED)
    saved["observations"]["wifi"] |= {"bss": ["BSS"], "limits": ["LIMITS"]}
    listed = {"BSS": ",".join([BSS] * bsss), "LIMITS": ",".join(['"a"'] * limits)}
    text = json.dumps(saved)
    for mark, items in listed.items():
        text = text.replace(f'"{mark}"', items)
    return text


@pytest.mark.parametrize(
    ("fields", "says"), [({"bsss": 200_000}, "length <= 20000"), ({"limits": 3_000_000}, "1,500,000 values")]
)
def test_a_file_of_tiny_parts_is_refused_in_bounded_memory(tmp_path: Path, fields: dict[str, int], says: str) -> None:
    file = tmp_path / "tiny.json"
    file.write_text(of_air(**fields))

    refused("report", str(file), says=("tiny.json", says))


@pytest.mark.more
def test_as_much_as_a_survey_ever_kept_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "crowded.json"
    file.write_text(of_air(bsss=MOST_SAVED_BSSS))

    ran = run("report", str(file), "--json")
    assert len(json.loads(ran.stdout)["observations"]["wifi"]["bss"]) == MOST_SAVED_BSSS


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused("report", str(tmp_path / "missing.json"), says=("missing.json",))
    refused("report", str(tmp_path), says=(tmp_path.name,))


def test_version_and_help_answer_without_scapy_or_anything_heavy() -> None:
    version = run("--version", PYTHONPROFILEIMPORTTIME="1")
    helped = run("--help")

    assert (version.returncode, version.stdout) == (0, f"netpreflight {__version__}\n")
    assert "scapy" not in version.stderr
    assert not {line.rpartition("|")[2].strip() for line in version.stderr.splitlines()} & {
        "dns",
        "rich.table",
        "netifaces",
    }
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "check" in helped.stdout
    assert "report" in helped.stdout


def test_a_saved_run_is_judged_without_a_network_and_with_its_exit_code(tmp_path: Path) -> None:
    failing = json.loads(SAVED)
    failing["observations"]["ntp"]["attempts"] = [
        {"at_s": 1.0, "address": "198.51.100.123", "port": 123, "outcome": "timeout"}
    ]
    file = tmp_path / "failing.json"
    file.write_text(json.dumps(failing))
    cut = tmp_path / "cut.json"
    cut.write_text(json.dumps({**failing, "observations": {**failing["observations"], "ntp": None}}))

    assert run("report", str(SAMPLE)).returncode == 0
    incompatible, undetermined = run("report", "--json", str(file)), run("report", str(cut))
    assert (incompatible.returncode, json.loads(incompatible.stdout)["verdict"]) == (1, "incompatible")
    assert undetermined.returncode == 3
    assert run("report", str(file), "--device", "photon").returncode == 0


def test_a_device_os_newer_than_known_is_judged_as_the_newest_with_a_note(tmp_path: Path) -> None:
    newest, newer = (
        json.loads(run("report", str(SAMPLE), "--device", "argon", "--os", version, "--json").stdout)
        for version in ("6.2.0", "6.3.1")
    )
    note = (
        "Device OS 6.3.1 is newer than 6.2.0, the newest for a Particle Argon that this version of netpreflight "
        "knows: this is the answer for 6.2.0."
    )

    assert newer["notes"] == [note, *newest["notes"]]
    assert newer["device"] == {**newest["device"], "asked_os": "6.3.1"}
    assert {**newer, "notes": 0, "device": 0} == {**newest, "notes": 0, "device": 0}
    saved = tmp_path / "newer.json"
    saved.write_text(json.dumps(newer))
    assert json.loads(run("report", str(saved), "--json").stdout) == newer, "what was asked for is kept"
    known = json.loads(run("report", str(saved), "--os", "6.2.0", "--json").stdout)
    assert known == newest
    compared = json.loads(run("compare", str(saved), str(saved), "--json").stdout)
    assert note in [limit["text"] for limit in compared["limits"]]
    text = run("report", str(saved)).stdout
    assert note in " ".join(text.split())


def test_rules_for_a_newer_device_os_are_the_newest_ones_with_a_note_beside_them() -> None:
    newest, newer = (
        run("rules", str(SAMPLE), "--for", "nftables", "--device", "argon", "--os", version)
        for version in ("6.2.0", "7.0.0")
    )

    assert (newest.returncode, newest.stderr) == (0, "")
    assert (newer.returncode, newer.stdout) == (0, newest.stdout)
    assert newer.stderr.startswith("netpreflight: Device OS 7.0.0 is newer than 6.2.0, ")
    assert newer.stderr.count("\n") == 1


def test_files_are_written_beside_the_report_or_not_at_all(tmp_path: Path) -> None:
    ran = run("report", str(SAMPLE), "-o", "a.json", "-o", "a.txt", folder=tmp_path)
    assert ran.returncode == 0
    assert json.loads((tmp_path / "a.json").read_text())["verdict"] == "compatible"
    assert (tmp_path / "a.txt").read_text().strip()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.txt"]

    nowhere = run("report", str(SAMPLE), "-o", "/proc/self/a.txt")
    assert nowhere.returncode == 2
    assert len(nowhere.stderr.splitlines()) == 1
    assert "/proc/self/a.txt" in nowhere.stderr


@pytest.mark.parametrize(
    ("pipe_encoding", "is_terminal", "encoding"),
    [("utf-8", False, "utf-8"), ("utf-8", True, "cp1252"), (None, False, "cp1252")],
)
def test_what_goes_to_a_pipe_is_in_the_encoding_that_the_system_wants_there(
    monkeypatch: pytest.MonkeyPatch, pipe_encoding: str | None, encoding: str, *, is_terminal: bool
) -> None:
    """On Windows, Python's own encoding of a pipe has not all characters of a report."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(SYSTEM, "pipe_encoding", pipe_encoding)

    with pytest.raises(SystemExit):
        main(["explain", "ntp.reply"])

    assert (stream.encoding, stream.errors) == (encoding, "backslashreplace")
    assert stream.buffer.tell() > 0

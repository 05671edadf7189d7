"""Saved runs: those of earlier versions load, files are written whole or not at all, and no password is in any."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.judging.signature import is_signed
from netpreflight.probes.net import payload_shapes as shapes
from netpreflight.probes.observations import Contact, Observations
from netpreflight.reports import FORMATS
from tests.unit.command import ROOT, run
from tests.unit.dtls_records import DEVICES_KEY, VENDOR_KEY
from tests.unit.partly import first, partly
from tests.unit.reveals import every_struct
from tests.unit.samples import DATA, SAMPLES

SAMPLE = DATA / "sample-report-1-path.json"
OF_THESE_RULES = [path for path in SAMPLES if json.loads(path.read_text())["tool"]["rules"] == report.RULES]
ROUTER, LAPTOP = "192.168.77.1", "192.168.77.10"


# --- earlier versions


@pytest.mark.parametrize("device", partly({"argon"}, profiles.names()))
@pytest.mark.parametrize("sample", first(2, SAMPLES), ids=lambda path: path.stem)
def test_a_run_of_an_earlier_version_is_judged(sample: Path, device: str) -> None:
    loaded, judged_for = report.load(sample)
    made = report.make(loaded, profiles.load(device))

    assert judged_for.name in profiles.names()
    assert not [check for check in made.checks if "Internal error" in (check.reason or "")]
    for render in FORMATS.values():
        assert render(made)


def test_there_is_a_sample_of_each_version_of_the_rules() -> None:
    rules = {json.loads(path.read_text())["tool"]["rules"] for path in SAMPLES}

    assert rules >= {str(number) for number in range(1, int(report.RULES) + 1)}


@pytest.mark.parametrize("sample", OF_THESE_RULES, ids=lambda path: path.stem)
def test_by_the_same_rules_a_run_is_judged_as_it_was(sample: Path) -> None:
    saved = json.loads(sample.read_text())
    loaded, judged_for = report.load(sample)
    again = report.make(loaded, profiles.load(judged_for.name, judged_for.os_version))

    assert again.verdict == saved["verdict"]
    before = {check["id"]: check["status"] for check in saved["checks"]}
    assert {check.id: check.status for check in again.checks if check.id in before} == before


def test_the_sample_of_rules_5_has_a_bss_that_another_one_announces() -> None:
    wifi = report.load(DATA / "sample-report-1-announced.json")[0].observations.wifi

    assert wifi is not None
    assert [bss.ssid for bss in wifi.bss if bss.nontransmitted] == ["iot"]


def test_the_sample_of_rules_4_has_what_came_with_them() -> None:
    """A healthy deep run: a large datagram got out, what the server sent is measured, and nothing was echoed."""
    made = report.load(DATA / "sample-report-1-whole.json")[0]
    seen = made.observations

    assert seen.path is not None
    ((whole, controls),) = ((target.whole, target.controls) for target in seen.path.targets)
    assert whole is not None
    assert [(probe.ttl, probe.outcome, probe.source) for probe in whole.probes] == [(2, "time-exceeded", "203.0.113.1")]
    assert controls == []
    assert seen.mapping is not None
    assert seen.mapping.largest == 754
    assert seen.echo is not None
    assert seen.echo.tests == []
    assert seen.cloud is not None
    assert [endpoint.large for endpoint in seen.cloud.endpoints] == [None] * len(seen.cloud.endpoints)
    known = {var.name for var in vars(shapes).values() if isinstance(var, shapes.Shape)}
    assert all(contact.shapes and set(contact.shapes) <= known for contact in made.footprint)


def test_the_sample_of_rules_5_has_the_servers_signature() -> None:
    """The vendor's server signed with the key of its tests, for this run's random, and not with the devices' key."""
    made = report.load(DATA / "sample-report-1-signed.json")[0]

    assert made.observations.cloud is not None
    (flight,) = (endpoint.flight for endpoint in made.observations.cloud.endpoints if endpoint.transport == "dtls")
    assert flight is not None
    assert flight.messages[:2] == ["ServerHello", "ServerKeyExchange"]
    signed = (flight.client_random, flight.server_random, flight.key_exchange)
    assert is_signed(VENDOR_KEY, *signed)
    assert not is_signed(DEVICES_KEY, *signed)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("device", ["argon", "photon2"])
def test_what_was_not_measured_then_is_said_and_changes_nothing(sample: Path, device: str) -> None:
    """Before rules 5 the first record decided, and so it does for such a run."""
    made = report.make(report.load(sample)[0], profiles.load(device))
    (cloud,) = (check for check in made.checks if check.id == "cloud.transport")
    older = json.loads(sample.read_text())["tool"]["rules"] < "5"
    answered = any(
        endpoint.record and endpoint.host in profiles.load(device).cloud.hosts.value
        for endpoint in (made.observations.cloud.endpoints if made.observations.cloud else [])
    )

    assert any("The first answer was therefore taken as genuine" in note for note in made.notes) == (older and answered)
    if older and answered:
        assert cloud.problem not in {"other-key", "second-flight"}
        assert any("was not measured then" in line for line in cloud.evidence)


# --- files


def write_file(path: Path) -> subprocess.CompletedProcess[str]:
    return run("report", str(SAMPLE), "-o", str(path))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


KILLED = """
import os, sys, threading, time
from pathlib import Path
from netpreflight.agent import report
fsync = os.fsync
def slow(handle):
    print("half", flush=True)
    time.sleep(60)
os.fsync = slow
report.write(Path(sys.argv[1]), "new" * 100000)
"""


@pytest.mark.more
@pytest.mark.parametrize("old", partly({"old"}, [None, "old"]))
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_crash_leaves_the_old_file_or_none(tmp_path: Path, old: str | None, kill: signal.Signals) -> None:
    file = tmp_path / "run.json"
    if old is not None:
        file.write_text(old)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.send_signal(kill)

    assert process.returncode != 0
    assert (file.read_text() if file.exists() else None) == old
    if kill != signal.SIGKILL:
        assert left(tmp_path) == ([file.name] if old else [])


@pytest.mark.more
@pytest.mark.parametrize("old", partly({"old"}, [None, "old"]))
def test_a_full_disk_leaves_the_old_file_or_none(tmp_path: Path, old: str | None) -> None:
    """The largest file that the process may write stands for the disk; the lab has a real one."""
    file = tmp_path / "run.json"
    if old is not None:
        file.write_text(old)
    arguments = [sys.executable, "-m", "netpreflight.agent", "report", str(SAMPLE), "-o", str(file)]
    ended = subprocess.run(
        ["sh", "-c", 'ulimit -f 8; exec "$0" "$@"', *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert ended.returncode == 2
    assert ended.stderr == f"netpreflight: cannot write {file}: File too large\n"
    assert "would not get online here" in ended.stdout  # the answer is not lost
    assert (file.read_text() if file.exists() else None) == old
    assert left(tmp_path) == ([file.name] if old else [])


def test_a_folder_that_cannot_be_written_to_is_one_line() -> None:
    ended = write_file(Path("/sys/run.json"))

    assert ended.returncode == 2
    assert ended.stderr.startswith("netpreflight: cannot write /sys/run.json: ")
    assert ended.stderr.count("\n") == 1
    assert "would not get online here" in ended.stdout


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/dev/null"])
def test_what_has_no_ending_is_refused(path: str) -> None:
    ended = write_file(Path(path))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "the ending has to be one of" in ended.stderr


def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "real.json", tmp_path / "run.json"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)

    assert write_file(link).returncode == 1

    assert link.is_symlink()
    assert json.loads(target.read_text())["schema"] == "netpreflight-report/1"
    assert left(target.parent) == ["real.json"]


def test_a_link_that_leads_nowhere_yet_leads_to_the_new_file(tmp_path: Path) -> None:
    link = tmp_path / "run.json"
    link.symlink_to(tmp_path / "new.json")

    report.write(link, "text")

    assert link.is_symlink()
    assert (tmp_path / "new.json").read_text() == "text"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "run.json"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        report.write(pipe, "text")
        assert reader.communicate(timeout=60)[0] == "text"

    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert left(tmp_path) == ["run.json"]


def test_a_device_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "run.json"
    link.symlink_to("/dev/null")

    report.write(link, "text")

    assert link.is_symlink()
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_permissions_stay_and_a_new_file_has_the_usual_ones(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept.txt", tmp_path / "new.txt"
    kept.write_text("old")
    kept.chmod(0o640)
    before = os.umask(0o027)
    try:
        report.write(kept, "new")
        report.write(new, "new")
    finally:
        os.umask(before)

    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert kept.stat().st_uid == os.geteuid()


def test_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / f"{'n' * 250}.txt"

    report.write(file, "text")

    assert file.read_text() == "text"


def test_of_several_files_each_is_written_for_itself(tmp_path: Path) -> None:
    first, last = tmp_path / "first.json", tmp_path / "last.txt"
    ended = run("report", str(SAMPLE), "-o", str(first), "-o", "/sys/second.json", "-o", str(last))

    assert ended.returncode == 2
    assert "/sys/second.json" in ended.stderr
    assert json.loads(first.read_text())["verdict"] == "incompatible"
    assert "UDP 5684" in last.read_text()
    assert "UDP 5684" in ended.stdout


# --- the levels, from outside


def test_by_default_json_and_the_screen_are_complete_and_text_is_for_a_ticket(tmp_path: Path) -> None:
    saved = json.loads(SAMPLE.read_text())
    saved["observations"]["scope"]["mac"] = "02:00:00:00:00:aa"
    file, out, text = tmp_path / "run.json", tmp_path / "out.json", tmp_path / "out.txt"
    file.write_text(json.dumps(saved))

    ended = run("report", str(file), "-o", str(out), "-o", str(text))

    assert ended.returncode == 1
    assert "Made for" not in ended.stdout
    assert json.loads(out.read_text())["observations"]["scope"]["mac"] == "02:00:00:00:00:aa"
    assert "sharing" not in json.loads(out.read_text())
    assert "Made for a ticket" in text.read_text()
    assert ROUTER in text.read_text()


@pytest.mark.parametrize("option", [("--redact",), ("--share", "public")], ids=" ".join)
def test_redacted_is_everything_that_is_written_and_printed(tmp_path: Path, option: tuple[str, ...]) -> None:
    out, text = tmp_path / "out.json", tmp_path / "out.txt"
    ended = run("report", str(SAMPLE), *option, "-o", str(out), "-o", str(text))
    printed = run("report", str(SAMPLE), *option, "--json")

    assert (ended.returncode, printed.returncode) == (1, 1)
    for shown in (ended.stdout, ended.stderr, out.read_text(), text.read_text(), printed.stdout, printed.stderr):
        assert ROUTER not in shown
        assert LAPTOP not in shown
        assert "'Home'" not in shown
    assert json.loads(printed.stdout)["sharing"] == "public"
    assert printed.stdout == out.read_text()


@pytest.mark.parametrize("arguments", [("report",), ("rules", "--for", "fortios")], ids=" ".join)
def test_what_was_shared_with_the_public_is_refused_in_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = tmp_path / "shared.json"
    assert run("report", str(SAMPLE), "--share", "public", "-o", str(file)).returncode == 1

    ended = run(arguments[0], str(file), *arguments[1:])

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "--share public" in ended.stderr
    assert "cannot be judged again" in ended.stderr
    assert "complete JSON" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--share", "all"), ("all", "complete, ticket, public")),
        (("--redact", "--share", "ticket"), ("--redact", "ticket")),
        (("--redact", "-o", "RUN"), ("complete run", "another -o")),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    file = tmp_path / "run.json"
    file.write_text(SAMPLE.read_text())
    ended = run("report", str(file), *[str(file) if argument == "RUN" else argument for argument in arguments])

    assert (ended.returncode, ended.stdout) == (2, "")
    assert file.read_text() == SAMPLE.read_text()
    for words in says:
        assert words in ended.stderr


@pytest.mark.more
def test_a_saved_run_gives_the_same_file_each_time(tmp_path: Path) -> None:
    every = []
    for number in range(2):
        for suffix in FORMATS:
            file = tmp_path / f"{number}{suffix}"
            assert run("report", str(SAMPLE), "-o", str(file), PYTHONHASHSEED=str(number)).returncode == 1
            every.append(file.read_bytes())

    half = len(every) // 2
    assert every[:half] == every[half:]


# --- no password

SECRET_WORDS = ("psk", "passphrase", "password", "passwd", "secret", "private_key", "wep_key", "credential")


def test_no_field_and_no_option_could_hold_a_password() -> None:
    names = {field.name for kind in every_struct(Observations, {Contact}) for field in msgspec.structs.fields(kind)}
    shown = "".join(run(command, "--help").stdout for command in ("check", "report", "rules"))

    assert "ssid" in names
    assert "--ssid" in shown
    assert not [name for name in names if any(word in name.lower() for word in SECRET_WORDS)]
    # Options say where a passphrase is; none takes it, because arguments are seen by every user of a system.
    assert [
        line.split()[:2] for line in shown.splitlines() if line.strip().startswith("--") and "passphrase" in line
    ] == [
        ["--passphrase-file", "FILE|-"],
        ["--saved-passphrase", "With"],
    ]
    assert not [word for word in SECRET_WORDS if word != "passphrase" and word in shown.lower()]


READS = {
    "probes/wifi/networkmanager.py": ("GetSecrets", "GetSettings", "/etc/NetworkManager/system-connections"),
    "probes/wifi/wpa_supplicant.py": ("GET_NETWORK", "LIST_NETWORKS", "wpa_supplicant.conf", "network_profiles"),
    "systems/windows/wlan.py": ("WlanGetProfile", "keyMaterial", "network_profiles", "key clear"),
    "probes/wifi/macos.py": ("find-generic-password", "SecItemCopyMatching", "CWKeychain"),
    "probes/wifi/nl80211.py": ("NL80211_CMD_GET_KEY",),
}
"""The sources that talk to whoever holds the password of a network, and the calls that would tell it."""


@pytest.mark.parametrize("file", READS)
def test_no_source_of_the_air_asks_for_a_password(file: str) -> None:
    text = (ROOT / file).read_text()

    assert not [read for read in READS[file] if read in text]


def test_a_path_of_more_packets_than_any_run_sends_is_refused(tmp_path: Path) -> None:
    saved = json.loads((DATA / "sample-report-1-path.json").read_text())
    ladder = saved["observations"]["path"]["targets"][0]["device"]
    ladder["probes"] = [{**ladder["probes"][0], "source": f"10.0.{at >> 8}.{at & 255}"} for at in range(2000)]
    file = tmp_path / "run.json"
    file.write_text(json.dumps(saved))

    ran = run("report", str(file))

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "probes" in ran.stderr

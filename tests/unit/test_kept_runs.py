"""The kept runs: where they are, who may read them, which stay, and that `report` and `rules` take the newest."""

import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path, PureWindowsPath
from typing import Any

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.windows import Windows

from netpreflight.agent import kept_runs, run_folder
from netpreflight.agent.kept_runs import KeptRun, place
from netpreflight.agent.output_files import make_folder
from netpreflight.agent.privilege.helper import Helper
from netpreflight.agent.run_folder import MOST_RUNS, file_name, newest, remove_old
from netpreflight.probes.net.clock import Clock
from netpreflight.systems import system
from netpreflight.systems.interface import System
from tests.lab.air import write_air
from tests.unit.command import SAVED, failing, run
from tests.unit.partly import partly
from tests.unit.rooted import run_root, served
from tests.unit.stopping import MOMENTS, REPORTED, started, stopped

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
STRANGER, USER = 61_000, 61_001
NOON = 1_796_040_000.0  # 2026-11-30T12:00:00Z
STANDS_FOR = "FILE being this run as JSON (-o run.json)"
WITHOUT_AIR = ("check", "--interface", "lo", "--only", "wifi")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the kept runs, which is not there yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "netpreflight" / "runs"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class At(Clock):
    """A clock that has stopped at this time."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def wall(self) -> float:
        """This time."""
        return self._now_s


def keep(started_s: float, text: str = SAVED) -> Path:
    return KeptRun(At(started_s)).write(text, None)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- the tests themselves


def test_what_tests_start_keeps_its_runs_elsewhere() -> None:
    """So that no test writes into the home of who started the tests."""
    elsewhere = Path(os.environ["XDG_DATA_HOME"])

    assert elsewhere.parent == Path(tempfile.gettempdir())
    assert not elsewhere.is_relative_to(pwd.getpwuid(os.geteuid()).pw_dir)
    assert place().folder == elsewhere / "netpreflight" / "runs"
    assert not [name for name in os.environ if name.startswith(("SUDO_", "DOAS_"))]


# --- names


def test_a_name_has_the_time_in_utc_and_nothing_of_the_network() -> None:
    name = file_name(NOON + 0.25)

    assert name.startswith("2026-11-30T120000.250Z-")
    assert len(name) == len("2026-11-30T120000.250Z-01234567.json")
    assert len({file_name(NOON) for _ in range(50)}) == 50
    assert file_name(NOON) < file_name(NOON + 0.001) < file_name(NOON + 86_400)


# --- which stay


def test_of_25_runs_the_newest_20_stay(runs: Path) -> None:
    kept = [keep(NOON + 60 * number) for number in range(25)]

    assert names(runs) == [path.name for path in kept[-MOST_RUNS:]]
    assert MOST_RUNS == 20
    assert newest(runs) == runs / kept[-1].name


def test_only_what_netpreflight_named_is_removed_and_no_other_file_counts(runs: Path) -> None:
    make_folder(runs)
    own = ["notes.txt", "run.json", "2026-01-01T000000.000Z.json", "2026-01-01T000000.000Z-0123456789.json", ".x"]
    for name in own:
        (runs / name).write_text("mine")
    (runs / "2026-01-01T000000.000Z-00000000.json").mkdir()
    for number in range(25):
        keep(NOON + number)

    assert len(names(runs)) == MOST_RUNS + len(own) + 1
    assert {*own, "2026-01-01T000000.000Z-00000000.json"} <= {*names(runs)}


def test_a_run_on_a_laptop_whose_clock_has_stopped_is_not_removed_at_once(runs: Path) -> None:
    for number in range(MOST_RUNS):
        keep(NOON + number)
    late = keep(0.0)

    assert late.name.startswith("1970-01-01T000000")
    assert late.name in names(runs)
    assert len(names(runs)) == MOST_RUNS


def test_what_a_killed_run_has_left_is_removed_an_hour_later(runs: Path) -> None:
    make_folder(runs)
    old, young, foreign = (runs / f".netpreflight-{digits}" for digits in ("0" * 16, "1" * 16, "x" * 16))
    for file in (old, young, foreign):
        file.write_text("half")
    os.utime(old, (1, 1))
    os.utime(foreign, (1, 1))
    kept = keep(NOON)

    assert names(runs) == sorted([young.name, foreign.name, kept.name])


def test_a_file_that_another_run_removes_meanwhile_is_no_error(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep(NOON)
    there = ["2020-01-01T000000.000Z-00000000.json"] * 30 + [kept.name]
    monkeypatch.setattr(run_folder, "_names", lambda _: there)

    remove_old(runs / kept.name)
    assert newest(runs) == runs / kept.name


# --- the newest


def test_a_link_a_pipe_and_a_half_file_are_no_runs(runs: Path, tmp_path: Path) -> None:
    kept = keep(NOON)
    (tmp_path / "other.json").write_text(SAVED)
    (runs / "2027-01-01T000000.000Z-00000001.json").symlink_to(tmp_path / "other.json")
    os.mkfifo(runs / "2027-01-01T000000.000Z-00000002.json")
    (runs / ".netpreflight-0123456789abcdef").write_text(SAVED)

    assert newest(runs) == runs / kept.name


@pytest.mark.root
@as_root
def test_a_file_that_a_stranger_left_in_a_folder_that_was_open_is_no_run(runs: Path) -> None:
    kept = keep(NOON)
    planted = runs / file_name(NOON + 60)
    planted.write_text(SAVED)
    assert newest(runs) == planted
    os.chown(planted, STRANGER, STRANGER)

    assert newest(runs) == runs / kept.name


def test_a_run_from_the_future_counts_only_if_there_is_no_other(runs: Path) -> None:
    """The clock was wrong once: the run that is kept now is the one that `report` takes."""
    now, day_s = At(NOON), 86_400
    ahead = [keep(NOON + day_s + 60), keep(NOON + 10_000 * day_s)]
    assert place().newest(now) == runs / ahead[1].name
    kept = keep(NOON)

    assert place().newest(now) == runs / kept.name
    assert place().newest(At(NOON + 120)) == runs / ahead[0].name, "a day ahead, it may be of another clock"
    assert place().newest(At(1e18)) == runs / ahead[1].name


def test_runs_from_the_future_go_first(runs: Path) -> None:
    """The clock was wrong for 20 runs: they do not push out those that are right."""
    day_s = 86_400
    before = [keep(NOON + number) for number in range(3)]
    ahead = [keep(NOON + 1000 * day_s + number) for number in range(MOST_RUNS)]
    right = [keep(NOON + day_s + number) for number in range(3)]

    assert names(runs) == [path.name for path in [*right, *ahead[3:]]]
    assert not {path.name for path in before} & {*names(runs)}, "pushed out while the clock was wrong"
    more = [keep(NOON + day_s + 3 + number) for number in range(MOST_RUNS - 3)]
    assert names(runs) == [path.name for path in [*right, *more]]


def test_without_a_folder_there_is_none(runs: Path) -> None:
    assert newest(runs) is None


# --- who may read and write them


@pytest.mark.parametrize("before", [None, 0o755, 0o777])
def test_the_folder_and_the_files_are_for_their_owner_only(before: int | None, runs: Path) -> None:
    if before is not None:
        runs.mkdir(parents=True)
        runs.chmod(before)
    umask = os.umask(0)
    try:
        kept = keep(NOON)
    finally:
        os.umask(umask)

    assert (mode(runs), mode(runs / kept.name)) == (0o700, 0o600)
    assert before is not None or mode(runs.parent) == 0o700


@pytest.mark.root
@as_root
@pytest.mark.parametrize("level", ["runs", "netpreflight", "data"])
def test_a_strangers_link_is_not_followed(level: str, runs: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    link = next(path for path in (runs, *runs.parents) if path.name == level)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(victim)
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)

    with pytest.raises(PermissionError, match="link that another user made"):
        keep(NOON)
    with pytest.raises(PermissionError, match="link that another user made"):
        newest(runs)
    assert names(victim) == []
    os.chown(link, 0, 0, follow_symlinks=False)
    keep(NOON)
    assert len(names(victim)) == 1


@pytest.mark.root
@as_root
@pytest.mark.parametrize("linked", [False, True])
def test_a_strangers_folder_is_not_used(runs: Path, tmp_path: Path, *, linked: bool) -> None:
    folder = tmp_path / "theirs" if linked else runs
    folder.mkdir(parents=True)
    os.chown(folder, STRANGER, STRANGER)
    (folder / file_name(NOON)).write_text(SAVED)
    if linked:
        runs.parent.mkdir(parents=True)
        runs.symlink_to(folder)
    before = names(folder)

    told = f"belongs to another user .uid {STRANGER}"
    with pytest.raises(PermissionError, match=told):
        keep(NOON)
    with pytest.raises(PermissionError, match=told):
        newest(runs)
    assert (names(folder), mode(folder)) == (before, 0o755)


@pytest.mark.root
@as_root
def test_root_writes_as_the_user_where_it_could_not_become_that_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS: a link of the user's own leads root nowhere."""
    home, closed = tmp_path / "home", tmp_path / "closed"
    for folder in (home, closed):
        folder.mkdir()
    tmp_path.chmod(0o755)
    home.chmod(0o700)
    os.chown(home, USER, USER)
    known(monkeypatch, home)

    with reachable(tmp_path):
        kept = keep(NOON)
        file = home / ".local/share/netpreflight/runs" / kept.name
        assert kept == Path("~") / file.relative_to(home)
        assert {(path.stat().st_uid, path.stat().st_gid) for path in (file, file.parent)} == {(USER, USER)}
        assert place().newest() == file

        file.parent.rename(home / "before")
        file.parent.symlink_to(closed)
        os.chown(file.parent, USER, USER, follow_symlinks=False)
        with pytest.raises(PermissionError):
            keep(NOON)
    assert (os.geteuid(), os.getegid(), names(closed)) == (0, 0, [])


class reachable:  # noqa: N801 - used as a function
    """Let other users pass the folders above a test's own, which are root's alone."""

    def __init__(self, folder: Path) -> None:
        self._closed = [path for path in folder.parents if not path.stat().st_mode & stat.S_IXOTH]

    def __enter__(self) -> None:
        for path in self._closed:
            path.chmod(mode(path) | stat.S_IXOTH)

    def __exit__(self, *_: object) -> None:
        for path in self._closed:
            path.chmod(mode(path) & ~stat.S_IXOTH)


# --- where they are


def known(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A user who called sudo, in whose place root runs."""
    entry = pwd.struct_passwd(("somebody", "x", USER, USER, "", str(home), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {USER: entry}[uid])
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid])
    monkeypatch.setattr(os, "geteuid", os.geteuid if os.getuid() == 0 else lambda: 0)
    monkeypatch.setenv("SUDO_UID", str(USER))
    monkeypatch.setenv("SUDO_GID", str(USER))


@pytest.mark.parametrize("data", ["roots", "missing", "relative/data", ""])
def test_with_sudo_it_is_the_users_and_not_roots(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, tmp_path / "home")
    monkeypatch.setattr(kept_runs, "_is_of", lambda path, uid: (path, uid) == ("of the user", USER))
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("XDG_DATA_HOME", data and str(tmp_path / data))

    found = place()

    assert found.folder == tmp_path / "home/.local/share/netpreflight/runs"
    assert found.owner == (USER, USER)
    assert (os.environ["HOME"], os.environ["XDG_DATA_HOME"]) == ("/root", data and str(tmp_path / data))


@pytest.mark.root
@as_root
@pytest.mark.parametrize(("uid", "counts"), [(USER, True), (0, False), (STRANGER, False)])
def test_with_sudo_a_data_folder_counts_if_it_is_the_users(
    uid: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, counts: bool
) -> None:
    known(monkeypatch, tmp_path / "home")
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, uid, uid)
    monkeypatch.setenv("XDG_DATA_HOME", str(data / "not/yet"))

    expected = data / "not/yet" if counts else tmp_path / "home/.local/share"
    assert place().folder == expected / "netpreflight/runs"


@pytest.mark.root
@as_root
@pytest.mark.parametrize(("uid", "counts"), [(0, True), (STRANGER, False)])
def test_roots_own_is_in_its_home_whatever_su_has_left(
    uid: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, counts: bool
) -> None:
    os.chown(tmp_path, uid, uid)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME")

    home = tmp_path if counts else Path(pwd.getpwuid(0).pw_dir)
    assert place() == (home / ".local/share/netpreflight/runs", home, None)


@pytest.mark.parametrize("home", ["", "relative", "~", "/home/of/a/stranger"])
def test_roots_is_found_whatever_home_says(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(kept_runs, "_is_of", lambda path, uid: False)
    monkeypatch.setenv("HOME", home)

    expected = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert place() == (expected / ".local/share/netpreflight/runs", expected, None)
    assert os.environ["HOME"] == home


@pytest.mark.parametrize("home", ["~", "~nobody-has-this-name"])
def test_a_home_that_is_none_is_told(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("XDG_DATA_HOME")

    with pytest.raises(FileNotFoundError, match="no home folder is known"):
        keep(NOON)


def test_an_ordinary_users_is_where_the_system_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert place() == (tmp_path / "data/netpreflight/runs", tmp_path / "home", None)
    monkeypatch.delenv("XDG_DATA_HOME")
    assert place().folder == tmp_path / "home/.local/share/netpreflight/runs"
    assert place().shown(place().folder / "a") == Path("~/.local/share/netpreflight/runs/a")


def test_on_macos_it_is_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME")

    assert place().folder == tmp_path / "Library/Application Support/netpreflight/runs"
    known(monkeypatch, tmp_path / "home")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert place().folder == tmp_path / "home/Library/Application Support/netpreflight/runs"


def test_on_windows_it_is_in_the_local_application_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = str(PureWindowsPath(r"C:\Users\somebody\AppData\Local"))
    monkeypatch.setattr(platformdirs, "PlatformDirs", Windows)
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", lambda _: local)
    monkeypatch.delattr(os, "geteuid")

    assert str(place().folder).replace("/", "\\") == local + r"\netpreflight\runs"


def test_on_windows_runs_are_kept_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netpreflight.agent.output_files._HAS_FOLDER_DESCRIPTORS", False)
    here = system("win32")
    monkeypatch.setattr(here, "create_private", System().create_private)
    monkeypatch.setattr("netpreflight.agent.kept_runs.SYSTEM", here)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    kept = [keep(NOON + number) for number in range(22)]

    assert kept[0].is_absolute(), "no shell there knows ~"
    assert names(tmp_path / "netpreflight/runs") == [path.name for path in kept[2:]]
    assert place().newest() == kept[-1]


def test_without_a_home_the_run_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(**_: Any) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(platformdirs, "PlatformDirs", unknown)

    with pytest.raises(FileNotFoundError, match="no home folder is known"):
        keep(NOON)
    assert KeptRun(At(NOON)).for_helper() is None


@pytest.mark.parametrize("now_s", [4e11, 1e18, 1e30], ids=["value", "system", "overflow"])
def test_with_a_clock_beyond_every_calendar_the_run_says_so(now_s: float, runs: Path) -> None:
    kept = KeptRun(At(now_s))

    assert (kept.folder, kept.for_helper()) == (runs, None)
    with pytest.raises(OSError, match="the clock is beyond what a calendar can show"):
        kept.write(SAVED, None)
    assert not runs.exists()


# --- the root helper


def test_the_helper_leaves_the_newest_too(runs: Path) -> None:
    for number in range(MOST_RUNS):
        keep(NOON + number)
    kept = KeptRun(At(NOON + 100))
    file = kept.for_helper()
    assert file is not None
    with served(runs.parent / "other.json", file) as serving:
        serving.server._kept = file  # noqa: SLF001 - as the process gets it when it is forked
        serving.client.write(runs.parent / "other.json", "text", private=False)
        assert len(names(runs)) == MOST_RUNS
        kept.write(SAVED, serving.client)

    assert len(names(runs)) == MOST_RUNS
    assert newest(runs) == file
    assert file.read_text() == SAVED


def test_a_helper_that_has_ended_is_an_error_that_the_run_tells(runs: Path) -> None:
    kept = KeptRun(At(NOON))
    file = kept.for_helper()
    assert file is not None
    with served(file) as serving:
        client: Helper = serving.client
    with pytest.raises(OSError, match=r"pipe|ended|reset|descriptor"):
        kept.write(SAVED, client)
    assert names(runs) == []


# --- whole runs


def kept_by(*arguments: str) -> tuple[subprocess.CompletedProcess[str], list[Path]]:
    """A run without a network, and what it has kept in the folder of the environment."""
    folder = Path(os.environ["XDG_DATA_HOME"], "netpreflight/runs")
    before = {*folder.iterdir()} if folder.is_dir() else set()
    ran = run(*WITHOUT_AIR, *arguments, XDG_DATA_HOME=os.environ["XDG_DATA_HOME"])
    assert ran.returncode == 3, ran
    return ran, sorted({*folder.iterdir()} - before if folder.is_dir() else [])


def test_a_run_is_kept_and_report_and_rules_take_it(runs: Path, tmp_path: Path) -> None:
    ran, (kept,) = kept_by("--device", "argon")
    data = str(tmp_path / "data")

    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1] == f"Kept: {kept}"
    assert kept.parent == runs
    named = run("report", str(kept), "--json")
    newest_one = run("report", "--json", XDG_DATA_HOME=data)
    assert (newest_one.stdout, newest_one.returncode) == (named.stdout, 3)
    assert newest_one.stderr == f"netpreflight: the newest run is {kept}\n"
    assert json.loads(named.stdout)["device"]["name"] == "argon"
    assert named.stderr == ""
    rules = run("rules", "--for", "nftables", XDG_DATA_HOME=data)
    assert (rules.returncode, rules.stderr) == (0, newest_one.stderr)
    assert rules.stdout == run("rules", str(kept), "--for", "nftables").stdout
    assert names(runs) == [kept.name], "report and rules keep nothing"


def test_with_json_the_document_is_all_that_is_said(runs: Path) -> None:
    ran, (kept,) = kept_by("--json")

    assert ran.stderr == ""
    assert json.loads(kept.read_text()) == json.loads(ran.stdout)


def test_at_the_level_of_a_ticket_the_complete_run_is_kept(runs: Path) -> None:
    ran, (kept,) = kept_by("--share", "ticket", "--json")

    assert json.loads(ran.stdout)["sharing"] == "ticket"
    assert "sharing" not in json.loads(kept.read_text())


@pytest.mark.parametrize("option", [["--no-keep"], ["--redact"], ["--share", "public"]])
def test_a_run_is_not_kept_if_one_says_so(option: list[str], runs: Path) -> None:
    ran, kept = kept_by(*option)

    assert (ran.stderr, kept) == ("", [])
    assert "Kept: " not in ran.stdout
    assert not runs.parent.parent.exists()


def test_a_folder_that_cannot_be_written_is_a_note(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    for arguments in ((), ("--json",)):
        ran, kept = kept_by(*arguments)

        assert ran.stderr == f"netpreflight: this run is not kept in {runs}: Not a directory\n"
        assert "Kept: " not in ran.stdout
        assert kept == []


@pytest.mark.parametrize("command", [["report"], ["rules", "--for", "pf"]])
@pytest.mark.parametrize("how", ["empty", "missing", "unreadable"])
def test_where_no_run_is_kept_it_is_one_line(command: list[str], how: str, runs: Path, tmp_path: Path) -> None:
    if how == "empty":
        make_folder(runs)
    if how == "unreadable":
        (tmp_path / "data").write_text("a file")
    ran = run(*command, XDG_DATA_HOME=str(tmp_path / "data"))

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "no kept run can be read: Not a directory" in ran.stderr or how != "unreadable"
    told = f"no run is kept in {runs}: check a network first, or name a file: netpreflight {command[0]} FILE\n"
    assert how == "unreadable" or ran.stderr == f"netpreflight: {told}"


@pytest.mark.more
def test_a_run_that_is_interrupted_is_kept_too(runs: Path, tmp_path: Path) -> None:
    (moment,) = REPORTED
    end = stopped(MOMENTS[moment], tmp_path)
    (kept,) = runs.iterdir()

    assert end.exit_code == 130
    assert json.loads(kept.read_text())["complete"] is False


@pytest.mark.more
@pytest.mark.parametrize("number", partly({signal.SIGKILL}, [signal.SIGKILL, signal.SIGINT]))
def test_a_run_that_is_killed_while_it_writes_leaves_no_half_run(
    number: signal.Signals, runs: Path, tmp_path: Path
) -> None:
    slow = """
import os
really_sync = os.fsync
def sync(handle):
    if "/runs/" in os.readlink(f"/proc/self/fd/{handle}"):
        busy()
    really_sync(handle)
os.fsync = sync
"""
    with started(slow, tmp_path) as process:
        assert process.stderr is not None
        while "BUSY" not in (line := process.stderr.readline()):
            assert line
        (half,) = runs.iterdir()
        assert half.stat().st_size > 1000
        process.send_signal(number)
        process.communicate(timeout=60)

    assert newest(runs) is None
    assert names(runs) == ([half.name] if number == signal.SIGKILL else [])


@pytest.mark.more
def test_runs_at_the_same_time_are_all_kept(runs: Path) -> None:
    for number in range(MOST_RUNS - 1):
        keep(NOON - 86_400 * 365 + number)
    argv = [sys.executable, "-m", "netpreflight.agent", *WITHOUT_AIR]
    processes = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    kept = [process.communicate(timeout=60)[0].splitlines()[-1].removeprefix("Kept: ") for process in processes]

    assert len({*kept} & {str(path) for path in runs.iterdir()}) == 3
    assert len(names(runs)) == MOST_RUNS


@pytest.mark.more
@pytest.mark.root
@as_root
def test_what_root_keeps_is_roots_and_what_it_cannot_is_told(runs: Path, tmp_path: Path) -> None:
    """In a folder that the run itself cannot enter: the helper writes it."""
    tmp_path.chmod(0o700)
    argument = write_air(tmp_path / "air.pcap")
    ran = run_root("--json", *argument)
    (kept,) = runs.iterdir()

    assert ran.stderr == ""
    assert json.loads(kept.read_text())["scope"]["privileges"]["given_up"] is True
    assert (kept.stat().st_uid, mode(kept), runs.stat().st_uid, mode(runs)) == (0, 0o600, 0, 0o700)
    os.chown(runs, STRANGER, STRANGER)
    again = run_root("--json", *argument)
    assert again.returncode == ran.returncode
    assert f"not kept in {runs}: the folder belongs to another user (uid {STRANGER})\n" in again.stderr
    assert names(runs) == [kept.name]


@pytest.mark.more
@pytest.mark.root
@as_root
def test_with_sudo_nothing_is_kept_in_roots_folder(runs: Path) -> None:
    """A user without a home, who may write nowhere."""
    ran = run_root("--json", env={"SUDO_UID": str(USER), "SUDO_GID": str(USER)})

    assert ran.returncode == 3
    assert ran.stderr == "netpreflight: this run is not kept in /.local/share/netpreflight/runs: Permission denied\n"
    assert not runs.parent.parent.exists()


@pytest.mark.more
def test_the_commands_that_a_run_names_can_be_typed_as_they_are(runs: Path, tmp_path: Path) -> None:
    """Under the name that was typed, and for this run: by its file, or as the newest one."""
    (tmp_path / "saved.json").write_text(failing())
    keep(NOON, failing())

    def told(*arguments: str) -> tuple[str, str]:
        """What the screen and a text file for others say."""
        ran = run(
            "report",
            *arguments,
            "--full",
            "-o",
            "a.txt",
            folder=tmp_path,
            NETPREFLIGHT_CALLED="./netpreflight",
            XDG_DATA_HOME=str(tmp_path / "data"),
        )
        return " ".join(ran.stdout.split()), " ".join((tmp_path / "a.txt").read_text().split())

    for arguments, file in (([], ""), (["saved.json"], "saved.json ")):
        shown, written = told(*arguments, "--device", "photon")
        assert f"As text for one product: ./netpreflight rules {file}--for fortios The request" in shown
        assert f"As text for one product: netpreflight rules FILE --for fortios, {STANDS_FOR}" in written
        shown, written = told(*arguments, "--device", "generic")
        which = "Say which: {}netpreflight report FILE --device photon2 --os 6.2.0 (without FILE: the newest run)."
        assert which.format("./") in shown
        assert which.format("") in written

"""The files that -o names: whose they are, who may read them, and that no link of somebody else is followed."""

import os
import pwd
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from netpreflight.agent import report
from netpreflight.agent.output_files import FileOwner, refuse_planted, write
from netpreflight.agent.privilege.caller import FIRST_OWN_UID, caller
from tests.unit.command import SAMPLE, run
from tests.unit.partly import first

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
STRANGER = 61_000
USER = FileOwner(61_001, 61_002)
"""Ids that nobody has."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def plant(link: Path, target: Path, uid: int = STRANGER) -> None:
    link.symlink_to(target)
    os.chown(link, uid, uid, follow_symlinks=False)


def report_to(file: Path, *arguments: str, **variables: str) -> None:
    ran = run("report", str(SAMPLE), "-o", str(file), *arguments, folder=None, **variables)
    assert (ran.returncode, ran.stderr) == (0, "")


# --- who may read them


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_a_complete_report_is_for_its_owner_only(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "run.json"
    if before is not None:
        file.write_text("old")
        file.chmod(before)

    report_to(file)

    assert mode(file) == 0o600


@pytest.mark.parametrize(
    ("name", "level", "private"),
    [
        ("a.json", None, True),
        ("a.html", None, False),
        ("a.md", None, False),
        ("a.txt", "complete", True),
        ("a.html", "complete", True),
        ("a.json", "ticket", False),
        ("a.txt", "public", False),
    ],
)
def test_the_level_says_who_may_read_a_file(tmp_path: Path, name: str, level: str | None, *, private: bool) -> None:
    file = tmp_path / name
    share = [] if level is None else ["--share", level]

    report_to(file, *share)

    assert (mode(file) & 0o077 == 0) == private


def test_a_complete_comparison_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "two.json"

    run("compare", str(SAMPLE), str(SAMPLE), "-o", str(file))

    assert mode(file) == 0o600


@pytest.mark.root
@as_root
@pytest.mark.parametrize("name", ["run.json", "run.html"])
def test_files_belong_to_the_user_who_called_sudo(tmp_path: Path, name: str) -> None:
    file = tmp_path / name

    report_to(file, SUDO_UID=str(USER.uid), SUDO_GID=str(USER.gid))

    assert (file.stat().st_uid, file.stat().st_gid) == USER
    assert (file.stat().st_mode & 0o077 == 0) == (name == "run.json")


@pytest.mark.root
@as_root
def test_the_file_of_somebody_else_is_replaced_and_not_handed_back(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text("old")
    file.chmod(0o666)
    os.chown(file, STRANGER, STRANGER)
    before = os.umask(0o022)
    try:
        write(file, "new")
    finally:
        os.umask(before)

    assert (file.stat().st_uid, mode(file)) == (0, 0o644)


@pytest.mark.root
@as_root
def test_the_owners_file_stays_its_own(tmp_path: Path) -> None:
    file = tmp_path / "run.txt"
    file.write_text("old")
    file.chmod(0o640)
    os.chown(file, USER.uid, USER.gid)

    write(file, "new", owner=USER)

    assert (file.stat().st_uid, file.stat().st_gid, mode(file)) == (*USER, 0o640)


# --- links


@pytest.mark.root
@as_root
@pytest.mark.parametrize("way", ["file", "folder", "further link", "no target yet"])
def test_a_planted_link_is_refused_before_the_run_and_when_writing(tmp_path: Path, way: str) -> None:
    victim = tmp_path / "secret" / "run.json"
    victim.parent.mkdir()
    victim.write_text("old")
    named = tmp_path / "run.json"
    if way == "file":
        plant(named, victim)
    elif way == "folder":
        plant(tmp_path / "planted", victim.parent)
        named = tmp_path / "planted" / "run.json"
    elif way == "further link":
        plant(tmp_path / "planted", victim)
        named.symlink_to("planted")
    else:
        victim.unlink()
        plant(named, victim)

    ran = run("report", str(SAMPLE), "-o", str(named))

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"netpreflight: cannot write {named}: ")
    assert f"link that another user made (uid {STRANGER})" in ran.stderr
    assert ran.stderr.count("\n") == 1
    with pytest.raises(PermissionError):
        write(named, "new", owner=USER)
    assert [path.name for path in victim.parent.iterdir()] == ([] if way == "no target yet" else ["run.json"])
    assert not victim.exists() or victim.read_text() == "old"


@pytest.mark.root
@as_root
@pytest.mark.parametrize("uid", [0, USER.uid])
@pytest.mark.parametrize("way", ["file", "folder", "relative", "up"])
def test_the_users_own_links_and_roots_are_followed(tmp_path: Path, way: str, uid: int) -> None:
    target = tmp_path / "there" / "run.json"
    target.parent.mkdir()
    named = tmp_path / "run.json"
    if way == "file":
        plant(named, target, uid)
    elif way == "folder":
        plant(tmp_path / "link", target.parent, uid)
        named = tmp_path / "link" / "run.json"
    elif way == "relative":
        plant(named, Path("there/run.json"), uid)
    else:
        plant(target.parent / "up", Path(".."), uid)
        named = target.parent / "up" / "there" / ".." / "there" / "run.json"

    refuse_planted(named, USER)
    write(named, "new", owner=USER)

    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.root
@as_root
def test_a_planted_hard_link_is_replaced_and_what_it_shares_stays(tmp_path: Path) -> None:
    victim, named = tmp_path / "secret", tmp_path / "run.json"
    victim.write_text("old")
    os.link(victim, named)

    report_to(named)

    assert victim.read_text() == "old"
    assert named.stat().st_nlink == 1


@pytest.mark.root
@as_root
def test_a_planted_pipe_gets_no_report(tmp_path: Path) -> None:
    pipe = tmp_path / "run.json"
    os.mkfifo(pipe, 0o666)
    os.chown(pipe, STRANGER, STRANGER)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(PermissionError):
            write(pipe, "new")
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)


def test_links_that_go_in_circles_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    ran = run("report", str(SAMPLE), "-o", str(tmp_path / "a" / "run.json"))

    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    with pytest.raises(OSError, match="symbolic links"):
        write(tmp_path / "a" / "run.json", "new")


# --- what is not a regular file


@pytest.mark.parametrize("late", [False, True])
def test_a_pipe_is_written_to_as_soon_as_it_has_a_reader(tmp_path: Path, *, late: bool) -> None:
    pipe = tmp_path / "run.json"
    os.mkfifo(pipe)
    writer = threading.Thread(target=write, args=(pipe, "x" * 200_000))
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    for thread in (writer, reader) if late else (reader, writer):
        thread.start()
    for thread in (writer, reader):
        thread.join(60)

    assert read == ["x" * 200_000]


@pytest.mark.parametrize("target", first(1, ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]))
def test_a_link_to_standard_output_leads_there(tmp_path: Path, target: str) -> None:
    link = tmp_path / "run.json"
    link.symlink_to(target)
    program = "from pathlib import Path; import sys; from netpreflight.agent import report\n"
    program += "report.write(Path(sys.argv[1]), 'text')"
    ran = subprocess.run([sys.executable, "-c", program, link], capture_output=True, text=True, check=True)

    assert ran.stdout == "text"


@pytest.mark.parametrize("name", ["run.txt", "./run.txt", "there/../run.txt", "there/../there/run.txt"])
def test_a_relative_path_is_written(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)

    report.write(Path(name), "text")

    assert (tmp_path / name).read_text() == "text"


def test_a_dash_is_refused_in_one_line() -> None:
    ran = run("report", str(SAMPLE), "-o", "-")

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)


# --- who called


@pytest.mark.parametrize(
    ("environment", "uid", "gid"),
    [
        ({"SUDO_UID": "61001", "SUDO_GID": "61002"}, 61001, 61002),
        ({"SUDO_UID": "61001"}, 61001, 61001),
        ({"SUDO_UID": "61001", "SUDO_GID": "0"}, 61001, 61001),
        ({"SUDO_UID": "61001", "SUDO_GID": "x"}, 61001, 61001),
    ],
)
def test_the_caller_of_sudo_is_known(environment: dict[str, str], uid: int, gid: int) -> None:
    user = caller(environment)

    assert (user.uid, user.gid, user.has_called) == (uid, gid, True)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SUDO_UID": "0", "SUDO_GID": "0"},
        {"SUDO_UID": "-1"},
        {"SUDO_UID": "4294967295"},
        {"SUDO_UID": "9" * 5000},
        {"SUDO_UID": ""},
        {"SUDO_UID": "root"},
        {"DOAS_USER": "nobody-has-this-name"},
        {"DOAS_USER": "root"},
    ],
)
def test_where_root_itself_started_the_run_the_user_is_one_of_its_own(environment: dict[str, str]) -> None:
    user = caller(environment)

    assert (user.uid, user.gid, user.groups, user.has_called) == (FIRST_OWN_UID, FIRST_OWN_UID, (), False)


def test_the_caller_of_doas_is_known_by_name(known_user: Callable[[], str]) -> None:
    name = known_user()
    user = caller({"DOAS_USER": name})

    assert (user.uid, user.gid, user.name) == (pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid, name)
    assert 0 not in user.groups


@pytest.fixture
def known_user() -> Callable[[], str]:
    return lambda: next(entry.pw_name for entry in pwd.getpwall() if entry.pw_uid and entry.pw_gid)


def test_where_folders_cannot_be_opened_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr("netpreflight.agent.output_files._HAS_FOLDER_DESCRIPTORS", False)
    file = tmp_path / "run.json"
    for text in ("old", ["n", "ew"]):
        write(file, text, private=True)
        assert file.read_text() == "".join(text)

    with pytest.raises(UnicodeEncodeError):
        write(file, "\ud800")

    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]

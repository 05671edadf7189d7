"""Keeping a run: whose folder it is, and whose the file, for whoever starts a run on a real network."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.lab.lab import NOBODY, READABLE, Lab

pytestmark = pytest.mark.lab

TOOL = str(Path(sys.executable).with_name("netpreflight"))
USER = 61_001
RUNS = ".local/share/netpreflight/runs"


def made_for_user(lab: Lab) -> Path:
    """The home of a user that the laptop knows, and nobody else may enter."""
    home = lab.folder / "somebody"
    home.mkdir(mode=0o700)
    home.chmod(0o700)
    os.chown(home, USER, USER)
    passwd = lab.folder / "passwd"
    passwd.write_text(Path("/etc/passwd").read_text() + f"somebody:x:{USER}:{USER}::{home}:/bin/sh\n")
    lab.laptop.shown[Path("/etc/passwd")] = passwd
    return home


def rights(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def test_with_sudo_it_is_the_users_who_called_it() -> None:
    """Whatever root's environment says."""
    with Lab() as lab:
        home = made_for_user(lab)
        sudo = {"SUDO_UID": str(USER), "SUDO_GID": str(USER)}
        run = lab.check(env=sudo)
        (kept,) = (home / RUNS).iterdir()

        assert (run.exit_code, run.stderr) == (0, "")
        assert json.loads(kept.read_text()) == run.report
        assert rights(kept) == (USER, USER, 0o600)
        assert rights(kept.parent) == rights(kept.parent.parent) == (USER, USER, 0o700)
        for user in (None, USER):  # and with sudo or without, that user has it judged again
            argv = ["env", "-u", "XDG_DATA_HOME", TOOL, "report", "--json"]
            again = lab.laptop.run(*argv, env=sudo | {"HOME": str(home)}, user=user, readable=READABLE)
            assert again.stderr == f"netpreflight: the newest run is ~/{RUNS}/{kept.name}\n"
            assert json.loads(again.stdout)["verdict"] == "compatible"


def test_with_sudo_a_link_of_the_users_leads_root_nowhere() -> None:
    with Lab() as lab:
        home = made_for_user(lab)
        victim = lab.folder / "victim"
        victim.mkdir()
        (home / ".local").symlink_to(victim)
        run = lab.check(env={"SUDO_UID": str(USER), "SUDO_GID": str(USER)})

        assert run.exit_code == 0
        assert run.stderr == f"netpreflight: this run is not kept in ~/{RUNS}: Permission denied\n"
        assert list(victim.iterdir()) == []


def test_an_ordinary_user_keeps_it_itself() -> None:
    with Lab() as lab:
        run = lab.check(user=NOBODY)
        (kept,) = (lab.laptop.home / f"{NOBODY}" / "netpreflight/runs").iterdir()

        assert (run.exit_code, run.stderr) == (3, "")
        assert json.loads(kept.read_text()) == run.report
        assert rights(kept) == (NOBODY, NOBODY, 0o600)


def test_nobody_who_may_write_nowhere_has_an_answer_and_a_note() -> None:
    with Lab() as lab:
        lab.laptop.home.chmod(0o755)
        run = lab.check(user=NOBODY)

        assert run.exit_code == 3
        assert run.stderr.startswith("netpreflight: this run is not kept in ")
        assert run.stderr.endswith(": Permission denied\n")

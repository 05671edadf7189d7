"""Setting up with ./netpreflight: who does it, from where, and what is refused. The package index is a folder."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.lab.lab import NOBODY
from tests.pseudo_terminal import Emulator, PseudoTerminal

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
MODULE, PROJECT = "netpreflight_example", "netpreflight-example"
VERSIONS = ("1.0", "1.1")
DEADLINE_S = 120


def make_index(
    folder: Path, content: str, project: str = PROJECT, file: str = f"{MODULE}.py", versions: Sequence[str] = VERSIONS
) -> dict[str, str]:
    """Make an index with some versions of a package, which has one file, and return the SHA-256 of their wheels."""
    packages = folder / project
    packages.mkdir(parents=True)
    name = project.replace("-", "_")
    digests = {}
    for version in versions:
        wheel = packages / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(file, f"WHOSE = '{content} {version}'\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        digests[version] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (packages / "index.html").write_text(
        "".join(f'<a href="{path.name}">{path.name}</a>' for path in packages.iterdir())
    )
    return digests


class Place:
    """A folder with a checkout, the right index, and an attacker's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "checkout"
        self.index, self.evil = folder / "index", folder / "evil"
        self.digests = make_index(self.index, "ours")
        make_index(self.evil, "theirs")
        self.trap = folder / "pip.conf"
        self.trap.write_text(f"[global]\nindex-url = file://{self.evil}\nextra-index-url = file://{self.evil}\n")
        self.checkout.mkdir()
        (self.checkout / "agent").mkdir()
        for name in ("netpreflight", "agent/__init__.py", "agent/start.py", "locked.sh"):
            shutil.copy(ROOT / name, self.checkout / name)
        for name in ("fleet", "probes", "reports", "systems", "docs/checks"):
            (self.checkout / name).mkdir(parents=True)
        self.lock = self.checkout / "requirements.lock"
        self.lock_version("1.0")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.name == "netpreflight" else 0o644)

    def lock_version(self, version: str) -> None:
        """Lock one of the two versions."""
        self.lock.write_text(f"{PROJECT}=={version} --hash=sha256:{self.digests[version]}\n")

    def give(self, user: int) -> None:
        """Give the checkout to a user."""
        for path in (self.checkout, *self.checkout.rglob("*")):
            os.chown(path, user, user)

    def environment(self, **variables: str) -> dict[str, str]:
        """The environment, with all that leads pip elsewhere."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SUDO_", "PYTHON"))}
        return {
            **kept,
            "PIP_CONFIG_FILE": str(self.trap),
            "PIP_INDEX_URL": f"file://{self.evil}",
            "PIP_FIND_LINKS": str(self.evil / PROJECT),
            "NETPREFLIGHT_INDEX": f"file://{self.index}",
            **variables,
        }

    def run(self, user: int | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `./netpreflight --version`."""
        return subprocess.run(
            ["./netpreflight", "--version"],
            cwd=self.checkout,
            env=self.environment(**variables),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=DEADLINE_S,
        )

    def start_on(self, terminal: int, *words: str, stdin: int, **variables: str) -> subprocess.Popen[bytes]:
        """Start `./netpreflight` as the user nobody, in a session of its own that writes to a terminal."""
        return subprocess.Popen(
            ["./netpreflight", *words],
            cwd=self.checkout,
            env=self.environment(**variables),
            user=NOBODY,
            group=NOBODY,
            stdin=stdin,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )

    def installed(self) -> str:
        """Whose package is installed."""
        asked = f"import {MODULE}; print({MODULE}.WHOSE)"
        python = self.checkout / ".venv/bin/python"
        return subprocess.run(
            [python, "-I", "-c", asked], capture_output=True, check=False, encoding="utf-8"
        ).stdout.strip()

    def owners(self) -> set[int]:
        """Who owns what is in the checkout."""
        return {path.lstat().st_uid for path in (self.checkout, *self.checkout.rglob("*"))}


def steps(place: Place) -> list[str]:
    """What setting up says in a pipe."""
    return [
        f"netpreflight: setting up, once (1 of 3): making {place.checkout}/.venv …",
        f"netpreflight: setting up, once (2 of 3): downloading and installing 1 package, from file://{place.index} …",
        "netpreflight: setting up, once (3 of 3): compiling netpreflight itself …",
    ]


@pytest.fixture
def place() -> Iterator[Place]:
    """Not pytest's own folder, into which only root may look."""
    with tempfile.TemporaryDirectory(prefix="netpreflight-") as folder:
        yield Place(Path(folder))


def test_sudo_sets_up_as_the_user_who_called_it(place: Place) -> None:
    place.give(NOBODY)
    first = place.run(SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY))

    assert (first.returncode, first.stdout[:13]) == (0, "netpreflight "), first
    assert "the user nobody sets up, not root" in first.stderr
    assert first.stderr.splitlines()[1:] == steps(place)
    assert place.installed() == "ours 1.0"
    assert place.owners() == {NOBODY}
    # The trap was one: pip, asked in the usual way, takes the attacker's package.
    python = str(place.checkout / ".venv/bin/python")
    tricked = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place.folder / "x"), MODULE]
    subprocess.run(tricked, env=place.environment(), check=True, capture_output=True)
    assert (place.folder / "x" / f"{MODULE}.py").read_text() == "WHOSE = 'theirs 1.1'\n"

    # What changes later is compiled by the user, and not by root.
    changed = place.checkout / "agent/__init__.py"
    changed.write_text(changed.read_text() + "# changed\n")
    again = place.run(SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY))
    assert (again.returncode, again.stderr, again.stdout) == (0, "", first.stdout)
    assert place.owners() == {NOBODY}
    compiled = [path for path in (place.checkout / "agent/__pycache__").iterdir() if path.name.startswith("__init__")]
    assert [path.stat().st_mtime >= changed.stat().st_mtime for path in compiled] == [True]

    # Another package than the locked one is refused, wherever it is from, and what is there goes on.
    place.lock_version("1.1")
    forged = place.run(SUDO_UID=str(NOBODY), NETPREFLIGHT_INDEX=f"file://{place.evil}")
    assert forged.returncode == 2
    assert "HASHES" in forged.stderr
    assert "could not update" in forged.stderr
    assert place.installed() == "ours 1.0"
    healed = place.run(SUDO_UID=str(NOBODY))
    assert (healed.returncode, healed.stdout) == (0, first.stdout)
    changed_lock = (
        f"netpreflight: updating {place.checkout}/.venv, because requirements.lock has changed (1 of 2): "
        f"downloading and installing what has changed of 1 package, from file://{place.index} …"
    )
    assert healed.stderr.splitlines()[1:] == [
        changed_lock,
        "netpreflight: updating (2 of 2): compiling netpreflight itself …",
    ]
    assert place.installed() == "ours 1.1"
    assert place.owners() == {NOBODY}


def test_an_ordinary_user_sets_up_also_after_a_ctrl_c(place: Place) -> None:
    place.give(NOBODY)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(DEADLINE_S)
        index = f"http://127.0.0.1:{silent.getsockname()[1]}"
        running = subprocess.Popen(
            ["./netpreflight", "--version"],
            cwd=place.checkout,
            env=place.environment(NETPREFLIGHT_INDEX=index),
            user=NOBODY,
            group=NOBODY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        connection, _ = silent.accept()  # pip waits for the index
        with connection:
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does
            output, errors = running.communicate(timeout=DEADLINE_S)
    assert (running.returncode, output) == (130, "")
    assert errors.splitlines() == [
        *(line.replace(f"file://{place.index}", index) for line in steps(place)[:2]),
        "netpreflight: stopped",
    ]

    ran = place.run(user=NOBODY)
    assert (ran.returncode, ran.stdout[:13]) == (0, "netpreflight ")
    assert ran.stderr.splitlines()[-3:] == steps(place)  # it may wait for the end of pip first
    assert place.installed() == "ours 1.0"
    assert place.owners() == {NOBODY}


def test_a_folder_that_a_checkout_did_not_have_before_is_linked(place: Place) -> None:
    place.give(NOBODY)
    assert place.run(NOBODY).returncode == 0
    link = place.checkout / ".venv/packages/netpreflight/fleet"
    link.unlink()
    again = place.run(NOBODY)

    assert (again.returncode, again.stderr) == (0, "")
    assert link.resolve() == place.checkout.resolve() / "fleet"


def test_a_terminal_sees_how_long_a_step_takes_and_no_number_stays(place: Place) -> None:
    place.give(NOBODY)
    written, emulator = "", Emulator(200)
    with PseudoTerminal(200) as terminal, socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}"
        running = place.start_on(
            terminal.far_end, "--version", stdin=subprocess.DEVNULL, NETPREFLIGHT_INDEX=index, TERM="xterm"
        )
        for part in terminal.shows_until_closed():  # also what counts the seconds has closed it then
            written += part
            emulator.write(part)
            if written.partition("2 of 3")[2].endswith("  2 s\r"):
                os.killpg(running.pid, signal.SIGINT)
    assert running.wait(DEADLINE_S) == 130
    assert emulator.screen() == [
        *(line.replace(f"file://{place.index}", index) for line in steps(place)[:2]),
        "netpreflight: stopped",
    ]
    assert place.owners() == {NOBODY}


@pytest.mark.parametrize(
    ("owner", "caller", "says", "sets_up"),
    [
        (NOBODY, None, "the user nobody sets up, not root", NOBODY),
        (0, str(NOBODY), "root sets up, because this checkout is root's", 0),
    ],
)
def test_root_sets_up_as_the_owner_of_the_checkout(
    place: Place, owner: int, caller: str | None, says: str, sets_up: int
) -> None:
    telling = "import os\nprint('set up from', os.environ.get('NETPREFLIGHT_SET_UP'))\n"
    (place.checkout / "agent/start.py").write_text(telling)
    place.give(owner)
    ran = place.run(None, **({} if caller is None else {"SUDO_UID": caller, "SUDO_GID": caller}))

    assert ran.returncode == 0, ran
    assert says in ran.stderr
    assert ran.stdout == "set up from mirror\n"  # the report says it
    assert place.run().stdout == "set up from None\n"
    assert place.installed() == "ours 1.0"
    assert place.owners() == {sets_up}


def test_who_calls_sudo_in_another_users_checkout_is_told(place: Place) -> None:
    place.give(NOBODY)
    ran = place.run(SUDO_UID="12345", SUDO_GID="12345")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines() == [f"netpreflight: cannot write to {place.checkout}, where .venv has to be set up"]
    assert not (place.checkout / ".venv").exists()


def on_a_terminal(place: Place, *answers: str) -> tuple[str, int]:
    """What `./netpreflight fleet summary` shows somebody who gives these answers, and its exit code."""
    with PseudoTerminal(200) as terminal:
        running = place.start_on(terminal.far_end, "fleet", "summary", stdin=terminal.far_end, TERM="dumb")
        shown = terminal.answers(*(("[y/N] ", f"{answer}\n") for answer in answers))
    return shown, running.wait(DEADLINE_S)


def test_what_fleet_needs_is_added_to_a_checkout_if_the_answer_is_yes(place: Place) -> None:
    (digest,) = make_index(place.index, "ours", "duckdb", "duckdb/__init__.py", ["2.0"]).values()
    (place.checkout / "requirements-fleet.lock").write_text(f"duckdb==2.0 --hash=sha256:{digest}\n")
    (place.checkout / "agent/start.py").write_text(
        "import sys\nif 'fleet' in sys.argv:\n    import site\n    site.main()\n"
        "    import duckdb\n    print('started with', duckdb.WHOSE)\n"
    )
    place.give(NOBODY)
    assert place.run(NOBODY).returncode == 0
    added = place.checkout / ".venv/fleet.lock"
    question = f"DuckDB and sqlglot, about 25 MB from file://{place.index}. Add them to {place.checkout}/.venv? [y/N]"

    for answer in ("", "n"):
        shown, code = on_a_terminal(place, answer)
        assert question in shown
        assert "nothing was added" in shown
        assert (code, added.exists()) == (2, False)
    shown, code = on_a_terminal(place, "yes")
    assert question in shown
    assert (shown.split("\r\n")[-2], code) == ("started with ours 2.0", 0)
    assert on_a_terminal(place) == ("started with ours 2.0\r\n", 0)
    assert place.owners() == {NOBODY}

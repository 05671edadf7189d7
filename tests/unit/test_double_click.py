"""What somebody is asked and told who starts netpreflight by a double click, and what runs then."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.called import words
from netpreflight.agent.double_click import Window, guide, place
from netpreflight.probes.observations import Privileges
from netpreflight.reports import FORMATS
from netpreflight.systems import system
from netpreflight.systems.interface import System
from tests.pseudo_terminal import PseudoTerminal
from tests.unit import seen
from tests.unit.again import run_of

CLOSE = "\nPress Enter to close this window. "
PICKED = "Home"
DEVICE = "Its number (Enter: 1): "


class Laptop(System):
    """A system with sudo, or with windows for administrators."""

    def __init__(self, *as_root: str, is_root: bool = False, allows: bool = True) -> None:
        self.as_root, self._is_root, self._allows = as_root, is_root, allows
        self.privileged_user = "root" if as_root else "administrator"
        self.elevated: list[list[str]] = []

    def is_privileged(self) -> bool:
        """Whether it is root's."""
        return self._is_root

    def start_elevated(self, words: Sequence[str]) -> bool:
        """Ask somebody, who allows it or not."""
        self.elevated.append(list(words))
        return self._allows


class Desk:
    """Somebody who sits before the window: what is answered, and all that is seen, run and opened."""

    def __init__(self, *answers: str, system: System | None = None, has_browser: bool = True) -> None:
        self.answers, self.system, self.has_browser = list(answers), system or Laptop("sudo"), has_browser
        self.shown: list[str] = []
        self.ran: list[list[str]] = []
        self.opened: list[str] = []

    def ask(self, question: str) -> str:
        """Type the next answer; Enter where there is none left."""
        self.shown.append(question)
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "^C":
            raise KeyboardInterrupt
        return answer

    def open(self, address: str) -> bool:
        """Open a page, if there is a browser."""
        self.opened.append(address)
        return self.has_browser

    def start(self, folder: Path, *runs: Callable[[list[str]], int], ssid: str | None = None) -> int:
        """Start it with these runs one after the other."""
        waiting = list(runs)

        def run(started: Sequence[str]) -> int:
            self.ran.append(list(started))
            return waiting.pop(0)(list(started))

        window = Window(
            say=self.shown.append, ask=self.ask, run=run, open_page=self.open, program=["netpreflight"],
            system=self.system, newest=lambda: max(kept_beside(folder).glob("*.json"), default=None),
        )  # fmt: skip
        code = guide(window, folder, "argon" if ssid else None, ssid)
        assert waiting == []
        assert self.shown[-1] == CLOSE, "the window stays open"
        return code

    def saw(self, text: str) -> bool:
        """Whether this was shown."""
        return any(text in line for line in self.shown)


def kept_beside(folder: Path) -> Path:
    """The folder of the kept runs."""
    kept = folder.with_name(f"{folder.name}-kept")
    kept.mkdir(exist_ok=True)
    return kept


def ends(code: int, *, for_root: bool = False, picked: bool = False, on: str = "linux") -> Callable[[list[str]], int]:
    """A run that writes its files, and ends with this code."""

    def run(started: list[str]) -> int:
        observed = seen.healthy()
        observed.scope.os = on
        observed.scope.privileges = Privileges(user="ordinary user", raw_sockets=not for_root)
        if for_root:
            step = f"Run netpreflight again {system(on).as_privileged_user}."
            denied = {"exchange_denied": "it was not allowed", "unlocked_by": step}
            assert observed.dhcp is not None
            observed.dhcp = msgspec.structs.replace(observed.dhcp, **denied)
        if picked:
            assert observed.wifi is not None
            assert observed.wifi.target == PICKED
            observed.wifi = msgspec.structs.replace(observed.wifi, target_from="picked")
        made = report.make(run_of(observed), profiles.load(started[started.index("--device") + 1]))
        page = Path(started[-1])
        page.write_text(f"the page of {' '.join(started)}")
        kept = kept_beside(page.parent)
        (kept / f"{len(list(kept.iterdir()))}.json").write_text("".join(FORMATS[".json"](made)))
        return code

    return run


def fails(code: int) -> Callable[[list[str]], int]:
    """A run that writes nothing."""
    return lambda _: code


def test_enter_is_enough_and_the_page_is_opened(tmp_path: Path) -> None:
    desk = Desk()
    code = desk.start(tmp_path, ends(0))
    page = tmp_path / "report.html"

    assert code == 0
    assert desk.ran == [["netpreflight", "check", "--device", "generic", "-o", str(page)]]
    assert desk.opened == [page.as_uri()]
    assert desk.saw(f"is then written to\n{page}\n")
    assert [line for line in desk.shown if line in {DEVICE, CLOSE}] == [DEVICE, CLOSE]
    assert not desk.saw("as root"), "nothing is open"
    assert list(tmp_path.iterdir()) == [page]


def test_the_device_is_picked_by_its_number(tmp_path: Path) -> None:
    number = profiles.names().index("photon2") + 1
    desk = Desk("0", "99", "photon2", "\N{SUPERSCRIPT TWO}", str(number))
    desk.start(tmp_path, ends(1))

    assert desk.shown.count(f"There is no such number: 1 to {len(profiles.names())}.") == 4
    assert desk.saw(f"{number:4d}. Particle Photon 2")
    assert desk.ran[0][:4] == ["netpreflight", "check", "--device", "photon2"]


def test_an_older_report_stays(tmp_path: Path) -> None:
    for name in ("report.html", "report-2.html"):
        (tmp_path / name).write_text("older")
    desk = Desk()
    desk.start(tmp_path, ends(0))

    assert (tmp_path / "report.html").read_text() == (tmp_path / "report-2.html").read_text() == "older"
    assert desk.opened == [(tmp_path / "report-3.html").as_uri()]


def test_root_is_offered_where_it_settles_something(tmp_path: Path) -> None:
    desk = Desk("", "y")
    code = desk.start(tmp_path, ends(3, for_root=True, picked=True), ends(0))
    page = tmp_path / "report.html"

    assert code == 0, "that of the run as root"
    assert desk.saw("run it again as root, type y")
    assert desk.ran[1][:8] == [
        "sudo",
        "netpreflight",
        "check",
        "--device",
        "generic",
        f"--ssid={PICKED}",
        "-o",
        str(page),
    ]
    assert page.read_text().startswith("the page of sudo "), "the report is the one of the second run"
    assert desk.opened == [page.as_uri()]


@pytest.mark.parametrize("answer", ["", "n", "no", "what?"])
def test_it_does_not_run_as_root_unasked(answer: str, tmp_path: Path) -> None:
    desk = Desk("", answer)

    assert desk.start(tmp_path, ends(3, for_root=True)) == 3
    assert len(desk.opened) == 1


def test_who_is_root_is_not_offered_it_and_has_no_browser_started(tmp_path: Path) -> None:
    desk = Desk(system=Laptop("sudo", is_root=True))
    desk.start(tmp_path, ends(3, for_root=True))

    assert not desk.saw("run it again")
    assert desk.opened == []
    assert desk.saw("open the report from there")


def test_a_password_that_is_wrong_leaves_the_first_report(tmp_path: Path) -> None:
    def no_sudo(_words: list[str]) -> int:
        raise FileNotFoundError(2, "No such file or directory", "sudo")

    for number, second in enumerate((fails(1), no_sudo)):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = Desk("", "yes")
        assert desk.start(folder, ends(3, for_root=True), second) == 3
        assert desk.saw("It did not run as root.")
        assert desk.opened == [(folder / "report.html").as_uri()]


@pytest.mark.parametrize("allows", [True, False])
def test_an_administrator_has_a_window_of_its_own(tmp_path: Path, *, allows: bool) -> None:
    system = Laptop(allows=allows)
    desk = Desk("", "y", system=system)

    assert desk.start(tmp_path, ends(3, for_root=True, picked=True, on="win32")) == 3
    assert desk.saw("run it again as administrator, type y")
    assert system.elevated == [["netpreflight", "guided", "--device", "generic", f"--ssid={PICKED}"]]
    assert desk.saw("in the window that has just opened") == allows
    assert desk.saw("It did not run as administrator.") == (not allows)
    assert len(desk.opened) == (not allows), "the other window opens its own"


def test_that_window_asks_nothing_again(tmp_path: Path) -> None:
    desk = Desk(system=Laptop(is_root=True))
    desk.start(tmp_path, ends(0), ssid="-x")

    assert DEVICE not in desk.shown
    assert desk.ran[0][:5] == ["netpreflight", "check", "--device", "argon", "--ssid=-x"]
    assert len(desk.opened) == 1, "Windows' browsers give an administrator's rights up"


@pytest.mark.parametrize("code", [2, 1])
def test_the_window_stays_after_an_error(code: int, tmp_path: Path) -> None:
    desk = Desk()

    assert desk.start(tmp_path, fails(code)) == code
    assert desk.saw("No report was written.")
    assert desk.opened == []


def test_the_window_stays_after_a_run_that_was_stopped(tmp_path: Path) -> None:
    desk = Desk()

    assert desk.start(tmp_path, ends(130, for_root=True)) == 130
    assert not desk.saw("as root"), "who stops a run wants no other one"
    assert len(desk.opened) == 1, "what was measured is reported"


def test_the_window_stays_after_ctrl_c_at_a_question(tmp_path: Path) -> None:
    desk = Desk("^C", "^C")

    assert desk.start(tmp_path) == 130
    assert desk.saw("Stopped.")


def test_the_window_stays_after_a_fault_of_this_program(tmp_path: Path) -> None:
    def breaks(_words: list[str]) -> int:
        raise RuntimeError("what nobody thought of")

    desk = Desk()
    assert desk.start(tmp_path, breaks) == 2
    assert desk.saw("what nobody thought of")


def test_an_older_run_that_is_kept_is_not_this_one(tmp_path: Path) -> None:
    desk = Desk()
    assert desk.start(tmp_path, ends(3, for_root=True)) == 3
    assert desk.saw("run it again as root")
    again = Desk()
    assert again.start(tmp_path, fails(2)) == 2
    assert not again.saw("run it again as root")


def test_without_a_browser_it_says_where_the_report_is(tmp_path: Path) -> None:
    desk = Desk(has_browser=False)
    desk.start(tmp_path, ends(0))

    assert desk.saw(f"The report: {tmp_path / 'report.html'}")
    assert desk.saw("No browser was started: open the report from there.")


def test_the_first_folder_that_can_be_written_is_taken(tmp_path: Path) -> None:
    assert place([tmp_path, Path("/")]) == tmp_path
    assert place([tmp_path / "none", Path("/proc"), tmp_path]) == tmp_path
    assert place([tmp_path / "none"]) == tmp_path / "none"
    assert list(tmp_path.iterdir()) == []


def test_the_program_is_started_again_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-I", "-S", "agent/start.py", "guided", "--device=p2"])
    monkeypatch.setattr(sys, "argv", ["agent/start.py", "guided", "--device=p2"])
    assert words({}) == ["python", "-I", "-S", "agent/start.py"]
    launcher = tmp_path / "netpreflight"
    assert words({"NETPREFLIGHT_CALLED": str(launcher)}) == ["python", "-I", "-S", "agent/start.py"]
    launcher.write_text("#!/bin/sh\n")
    launcher.chmod(0o755)
    assert words({"NETPREFLIGHT_CALLED": str(launcher)}) == [str(launcher)]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert words({"NETPREFLIGHT_CALLED": str(launcher)}) == [sys.executable]


STARTED = """
import sys
from netpreflight.agent import double_click
from netpreflight.agent.start import main
from netpreflight.probes import scope
from netpreflight.systems import SYSTEM
SYSTEM.has_own_window = lambda: sys.argv.pop() == "own"
double_click.guide = lambda *_: 77
scope.scope = lambda _: sys.exit(66)
main([])
"""


@pytest.mark.more
@pytest.mark.parametrize(
    ("window", "has_terminal", "code"), [("own", True, 77), ("a shell's", True, 66), ("own", False, 66)]
)
def test_without_words_it_is_guided_in_a_window_of_its_own(window: str, code: int, *, has_terminal: bool) -> None:
    """Else it is a check, such as where another program started it and reads what it says."""
    with PseudoTerminal() as terminal:
        ended = subprocess.run(
            [sys.executable, "-c", STARTED, window], stdin=terminal.far_end, stderr=subprocess.PIPE, check=False,
            stdout=terminal.far_end if has_terminal else subprocess.DEVNULL,
        )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (code, b"")

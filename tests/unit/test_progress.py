"""What is shown during a run: on a terminal, on one without cursor control, in a pipe, and where nobody can be told."""

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from rich.console import ConsoleDimensions

from netpreflight.agent import profiles
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Scope, WaitedFor, Waiting
from netpreflight.reports.console import TerminalConsole
from netpreflight.reports.terminal import Terminal
from netpreflight.reports.terminal import progress as module
from tests.pseudo_terminal import Emulator, PseudoTerminal
from tests.unit import seen
from tests.unit.partly import first
from tests.unit.places import of
from tests.unit.rendered import raw, without_codes
from tests.unit.stopping import UNTIL_STOPPED, WITHOUT_HURRY, capture

CHECKS = of(seen.healthy()).checks
PROFILE = profiles.load("argon")
BEFORE = "$ netpreflight"
SILENT = Waiting(what="udp", port=5684, since=1000.0, until=1015.0)
HIDES_CURSOR = "\x1b[?25l"


class Screen(io.StringIO):
    """A terminal that is looked at, in a program that has the stream only."""

    def __init__(self, columns: int = 80, rows: int = 24, encoding: str = "utf-8") -> None:
        super().__init__()
        self.emulator = Emulator(columns, rows)
        self.emulator.write(f"{BEFORE}\n")
        self._encoding = encoding
        self.columns, self.rows = columns, rows

    @property
    def encoding(self) -> str:  # type: ignore[override] # io.StringIO has an attribute
        """That of a stream in an old locale, for example."""
        return self._encoding

    def isatty(self) -> bool:
        """As a terminal answers."""
        return True

    def write(self, text: str) -> int:
        """Show it, too."""
        self.emulator.write(text)
        return super().write(text)

    def resize(self, columns: int, rows: int) -> None:
        """As when somebody drags the window's corner."""
        self.columns, self.rows = columns, rows
        self.emulator.resize(columns, rows)

    def lines(self) -> list[str]:
        """What is shown below what was there before."""
        shown = self.emulator.screen()
        assert not self.emulator.scrolled()
        assert shown[0] == BEFORE
        return shown[1:]


@pytest.fixture(autouse=True)
def _never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests draw when they want to, on a terminal with cursor control."""
    monkeypatch.setattr(module, "FIRST_S", 3600.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


class Run:
    """A run that is shown on a screen, with a clock that is set."""

    def __init__(self, screen: io.StringIO, *, discreet: bool = False, plain: bool = False) -> None:
        self.now = 1000.0
        self.screen = screen
        self.terminal = Terminal(screen, lambda: self.now, discreet=discreet, plain=plain)

    def begin(self) -> "Run":
        """Say what is checked."""
        self.terminal.begin(Scope(interface="eth0", addresses=["192.168.77.10/24"]), PROFILE)
        return self

    def at(self, seconds: float, *waiting: Waiting) -> None:
        """So many seconds later this is waited for, and drawn."""
        self.now = 1000.0 + seconds
        self.terminal.waiting(waiting)
        self.terminal.draw()


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Screen]:
    """Make a screen of some size, which rich asks for."""

    def made(columns: int = 80, rows: int = 24, encoding: str = "utf-8") -> Screen:
        screen = Screen(columns, rows, encoding)
        monkeypatch.setattr(TerminalConsole, "size", property(lambda _: ConsoleDimensions(screen.columns, screen.rows)))
        return screen

    return made


@pytest.fixture
def ended() -> Iterator[list[Run]]:
    """Runs that end with the test."""
    runs: list[Run] = []
    yield runs
    for run in runs:
        run.terminal.close()


def test_it_says_what_is_waited_for_and_how_long_at_most(sized: Callable[..., Screen]) -> None:
    screen = sized()
    run = Run(screen).begin()
    run.terminal.known(CHECKS[0])
    run.at(6.4, SILENT)

    assert screen.lines() == [
        "Checking eth0 (192.168.77.10/24) for: Particle Argon, Device OS 6.2.0",
        f"      ok  {CHECKS[0].id}: {CHECKS[0].summary}"[:79].rstrip(),
        "UDP 5684: no answer yet, 6 of 15 s",
    ]
    assert screen.emulator.cursor == (0, 4), "where a shell can go on if this process is killed"

    run.at(7, SILENT)
    assert screen.lines()[-1] == "UDP 5684: no answer yet, 7 of 15 s"
    run.terminal.close()
    assert screen.lines() == []
    assert screen.emulator.cursor == (0, 1)
    assert HIDES_CURSOR not in screen.getvalue()


def test_what_is_known_ahead_is_never_cut(sized: Callable[..., Screen]) -> None:
    screen = sized(40, 10)
    run = Run(screen)
    ahead = "It will not be known whether the device gets an address. Run: sudo ./netpreflight --device argon"
    run.terminal.begin(Scope(interface="eth0", addresses=["192.168.77.10/24"]), PROFILE, ahead=[ahead])
    for check in CHECKS:
        run.terminal.known(check)
    run.at(2, SILENT)

    assert ahead in " ".join(screen.lines())
    run.terminal.close()
    assert screen.lines() == []


def test_after_the_end_nothing_is_shown(sized: Callable[..., Screen]) -> None:
    screen = sized()
    run = Run(screen).begin()
    run.at(2, SILENT)
    run.terminal.close()
    written = screen.getvalue()
    run.terminal.known(CHECKS[0])
    run.terminal.close()

    assert screen.getvalue() == written


def test_what_has_just_begun_is_not_shown_and_what_is_the_same_once(sized: Callable[..., Screen]) -> None:
    screen = sized()
    run = Run(screen).begin()
    young = Waiting(what="udp", port=53, since=1002.5, until=1006.5)
    same = Waiting(what="udp", port=5684, since=1001.0, until=1019.2)
    run.at(3, SILENT, young, same)
    assert screen.lines()[1:] == ["UDP 5684: no answer yet, 3 of 20 s"]
    run.at(4, SILENT, young)
    assert screen.lines()[1:] == ["UDP 5684: no answer yet, 4 of 15 s", "DNS (UDP 53): no answer yet, 1 of 4 s"]
    run.at(400, SILENT)
    assert screen.lines()[1:] == ["UDP 5684: no answer yet, 15 of 15 s"]
    run.at(401)
    assert len(screen.lines()) == 1
    run.terminal.close()


LONGEST_S: dict[WaitedFor, int] = {"informed": 2, "asked-again": 9, "other-servers": 5}


@pytest.mark.parametrize("what", get_args(WaitedFor))
@pytest.mark.parametrize("port", [53, 123, 65535])
def test_each_wait_fits_on_a_narrow_terminal(what: WaitedFor, port: int, sized: Callable[..., Screen]) -> None:
    screen = sized(40)
    run = Run(screen).begin()
    most = 4 if port < 1000 and what == "udp" else LONGEST_S.get(what, 60)
    run.at(most, Waiting(what=what, port=port, since=1000.0, until=1000.0 + most))

    assert screen.lines()[-1].endswith(f", {most} of {most} s")
    run.terminal.close()
    assert screen.lines() == []


@pytest.mark.parametrize(("columns", "rows"), first(2, [(80, 24), (16, 3), (40, 24), (40, 10), (20, 5), (200, 60)]))
def test_it_never_scrolls(columns: int, rows: int, sized: Callable[..., Screen]) -> None:
    screen = sized(columns, rows)
    waits = [Waiting(what="udp", port=port, since=1000.0, until=1015.0) for port in (53, 123, 5683, 5684)]
    run = Run(screen).begin()
    for number, check in enumerate(CHECKS):
        run.terminal.known(check)
        run.at(number, *waits)
        assert len(screen.lines()) <= rows - 2
        assert len(screen.lines()) == min(rows - 2, len(screen.lines()))
    if rows >= 10:
        assert screen.lines()[0].startswith("Checking eth0")
        assert screen.lines()[-1].startswith("UDP 5684")
        assert CHECKS[-1].id in screen.lines()[-5]
    run.terminal.close()
    assert screen.lines() == []


@pytest.mark.parametrize("sizes", [[(40, 24)], [(120, 24)], [(36, 24), (100, 40)], [(80, 30), (50, 30)]])
def test_another_size_leaves_nothing_behind(sizes: list[tuple[int, int]], sized: Callable[..., Screen]) -> None:
    screen = sized()
    run = Run(screen).begin()
    for check in CHECKS[:6]:
        run.terminal.known(check)
    run.at(2, SILENT)
    for number, size in enumerate(sizes):
        screen.resize(*size)
        run.at(3 + number, SILENT)
        assert screen.lines()[-1] == f"UDP 5684: no answer yet, {3 + number} of 15 s"
    run.terminal.close()
    assert screen.lines() == []


def test_text_from_the_network_is_shown_escaped(sized: Callable[..., Screen]) -> None:
    screen = sized(200)
    hostile = "\x1b[2J\x1b[1;1Hall is well\r\n\u202e\x07" + "\u0301" * 9
    run = Run(screen).begin()
    run.terminal.known(Check(id="wifi.ssid", stage="scan", status="fail", level="required", summary=hostile))
    run.at(1)

    assert "\\x1b[2J\\x1b[1;1Hall is well" in screen.lines()[1]
    assert raw(without_codes(screen.getvalue()).replace("\r", "")) == []
    run.terminal.close()
    assert screen.lines() == []


def test_an_encoding_that_lacks_a_character(sized: Callable[..., Screen]) -> None:
    screen = sized(60, encoding="ascii")
    run = Run(screen).begin()
    run.terminal.known(
        Check(id="wifi.ssid", stage="scan", status="fail", level="required", summary="Café 東京: " + "long " * 20)
    )
    run.at(2, SILENT)

    assert screen.lines()[2] == "    FAIL  wifi.ssid: Caf? ??: long long long long long long"
    assert screen.getvalue().isascii()
    run.terminal.close()
    assert screen.lines() == []


def test_a_shared_level_names_nothing_of_this_place(sized: Callable[..., Screen]) -> None:
    screen = sized(200)
    run = Run(screen, discreet=True).begin()
    for check in CHECKS[:9]:
        run.terminal.known(check)
    run.at(2, SILENT)

    assert screen.lines() == [
        "Checking this network for: Particle Argon, Device OS 6.2.0",
        *(f"{'ok':>8}  {check.id}" for check in CHECKS[:9]),
        "UDP 5684: no answer yet, 2 of 15 s",
    ]
    run.terminal.close()


def plain_lines(screen: Screen) -> list[str]:
    """What was written, which has no code that moves the cursor."""
    assert set(without_codes(screen.getvalue())) & {"\r", "\x1b"} == set()
    assert all(
        code.endswith("m") for code in screen.getvalue().split("\x1b[")[1:] for code in [code[: code.find("m") + 1]]
    )
    return without_codes(screen.getvalue()).splitlines()


@pytest.mark.parametrize("why", ["TERM=dumb", "TERM=unknown", "TTY_INTERACTIVE=0", "--debug"])
def test_without_cursor_control_each_line_stands_once(
    why: str, sized: Callable[..., Screen], monkeypatch: pytest.MonkeyPatch, ended: list[Run]
) -> None:
    if "=" in why:
        monkeypatch.setenv(*why.split("="))
    screen = sized(200)
    run = Run(screen, plain=why == "--debug").begin()
    ended.append(run)
    for check in CHECKS[:3]:
        run.terminal.known(check)
    long = Waiting(what="silence", port=5684, since=1000.0, until=1030.0)
    for quarter in range(4 * 28):
        run.at(quarter / 4, SILENT, long)

    assert plain_lines(screen) == [
        "Checking eth0 (192.168.77.10/24) for: Particle Argon, Device OS 6.2.0",
        *(f"{'ok':>8}  {check.id}: {check.summary}" for check in CHECKS[:3]),
        "UDP 5684: no answer yet, 1 of 15 s",
        "NAT hold: silent on purpose, 1 of 30 s",
        "UDP 5684: no answer yet, 11 of 15 s",
        "NAT hold: silent on purpose, 11 of 30 s",
        "UDP 5684: no answer yet, 15 of 15 s",
        "NAT hold: silent on purpose, 21 of 30 s",
    ]


@pytest.mark.parametrize("forced", [{}, {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}], ids=["", "colours-forced"])
def test_a_pipe_gets_nothing(forced: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in forced.items():
        monkeypatch.setenv(name, value)
    others = set(threading.enumerate())  # an earlier test's may be ending
    run = Run(stream := io.StringIO()).begin()
    run.terminal.known(CHECKS[0])
    run.at(2, SILENT)
    started = set(threading.enumerate()) - others
    run.terminal.close()

    assert stream.getvalue() == ""
    assert started == set()


class Gone(Screen):
    """A terminal whose other end was closed."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self.problem = problem
        self.tries = 0

    def write(self, text: str) -> int:
        """Fail."""
        self.tries += bool(text)
        raise self.problem


@pytest.mark.parametrize(
    "problem", [BrokenPipeError(), OSError(5, "Input/output error"), ValueError("closed")], ids=repr
)
@pytest.mark.parametrize("kind", ["in-place", "plain"])
def test_a_terminal_that_is_gone_ends_nothing(problem: Exception, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_S", 0.0)
    others = set(threading.enumerate())
    run = Run(gone := Gone(problem), plain=kind == "plain")
    run.terminal.waiting((Waiting(what="scan", since=0.0, until=60.0),))
    run.begin()
    for drawing in set(threading.enumerate()) - others:
        drawing.join(60)
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= others
    run.terminal.known(CHECKS[0])
    run.terminal.close()

    assert gone.tries > 0


def test_standard_error_that_is_closed_is_no_terminal() -> None:
    closed = Screen()
    closed.isatty = lambda: io.StringIO.isatty(closed)  # type: ignore[method-assign] # as any closed stream answers
    closed.close()
    for stream in (None, closed):
        terminal = Terminal(stream, lambda: 0.0)
        terminal.begin(Scope(), PROFILE)
        terminal.known(CHECKS[0])
        terminal.close()


def stopped_on_a_terminal(
    folder: Path, *arguments: str, columns: int = 80, number: int = signal.SIGINT
) -> tuple[Emulator, str, int]:
    """A run that waits until it is stopped, on a terminal: the terminal, what was written to it, and the exit code.

    It shows that it waits only once it is where a stop is reported, and its clock stands still: so the machine's load
    changes nothing.
    """
    command = ["check", "--capture", str(capture(folder)), "--ssid", "net", "--only", "wifi", "--interface", "lo"]
    program = f"""
import sys
import netpreflight.agent.judging, netpreflight.agent.run
from netpreflight.probes.observations import Waiting
from netpreflight.probes.net.clock import CLOCK
stopped, terminals = [], []
def busy():
    if not stopped:
        terminals[0].waiting((Waiting(what="udp", port=5684, since=997.0, until=1060.0),))
    while not stopped:
        CLOCK.hold_up(0.01)
{UNTIL_STOPPED}{WITHOUT_HURRY}
import netpreflight.reports.terminal
begin = netpreflight.reports.terminal.Terminal.begin
def begun(terminal, *given, **more):
    terminal._clock = lambda: 1000.0
    terminals.append(terminal)
    begin(terminal, *given, **more)
netpreflight.reports.terminal.Terminal.begin = begun
from netpreflight.agent.cli import main
main({[*command, *arguments]!r})
"""
    emulator, written = Emulator(columns), ""
    environment = {**os.environ, "TERM": "xterm"}
    with PseudoTerminal(columns) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if "--json" in arguments else terminal.far_end,
            stderr=terminal.far_end,
            env=environment,
        )
        told = False
        for part in terminal.shows_until_closed():
            written += part
            emulator.write(part)
            if "no answer yet" in written and not told:
                told = True
                process.send_signal(number)
        process.wait(60)
    return emulator, written, process.returncode


@pytest.mark.more
def test_ctrl_c_is_acknowledged_where_the_region_was(tmp_path: Path) -> None:
    emulator, written, code = stopped_on_a_terminal(tmp_path, "--json")

    assert code == 130, written
    assert "UDP 5684: no answer yet, 3 of 63 s" in written
    assert emulator.screen() == ["netpreflight: stopping; what was measured is reported"]
    assert emulator.cursor == (0, 1)
    assert HIDES_CURSOR not in written


@pytest.mark.more
def test_killed_it_leaves_the_cursor_seen_and_on_a_line_of_its_own(tmp_path: Path) -> None:
    emulator, written, code = stopped_on_a_terminal(tmp_path, "--json", number=signal.SIGKILL)

    assert code == -signal.SIGKILL, written
    assert emulator.screen()[-1] == "UDP 5684: no answer yet, 3 of 63 s"
    assert emulator.cursor == (0, len(emulator.screen()))
    assert HIDES_CURSOR not in written


@pytest.mark.more
def test_the_answer_stands_last_and_alone(tmp_path: Path) -> None:
    emulator, written, code = stopped_on_a_terminal(tmp_path)
    everything = [*emulator.scrolled(), *emulator.screen()]

    assert code == 130, written
    assert everything[0] == "netpreflight: stopping; what was measured is reported"
    assert "no answer yet" not in "\n".join(everything)
    assert len([line for line in everything if line.startswith("Checking ")]) == 0


@pytest.mark.more
def test_with_debug_no_line_is_moved_or_erased(tmp_path: Path) -> None:
    emulator, written, code = stopped_on_a_terminal(tmp_path, "--json", "--debug", columns=400)

    assert code == 130, written
    lines = [*emulator.scrolled(), *emulator.screen()]
    assert lines[0].startswith("Checking lo")
    assert any(line.startswith("debug ") for line in lines)
    assert "UDP 5684: no answer yet, 3 of 63 s" in lines
    assert "\x1b[1A" not in written
    assert written.replace("\r\n", "\n").count("\n") == len(lines)

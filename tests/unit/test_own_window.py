"""A program's own window, a further one as administrator, and programs that run in it, by fakes of Windows' calls."""

import os
import signal
import sys
import webbrowser
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netpreflight.systems import programs
from netpreflight.systems.interface import System
from netpreflight.systems.windows import Windows, native

SHELL = 4321
"""The process number of somebody else in the console."""


class Library:
    """kernel32 and shell32."""

    def __init__(self, *processes: int, started: int = 42) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._processes, self._started = processes, started
        self.GetConsoleProcessList = partial(self._list)
        self.ShellExecuteW = partial(self._execute)

    def _list(self, numbers: Any, room: int) -> int:
        """As documented: where there is too little room, how much there has to be, and nothing is filled in."""
        if len(self._processes) <= room:
            for place, number in enumerate(self._processes):
                numbers[place] = number
        return len(self._processes)

    def _execute(self, *words: Any) -> int:
        self.asked.append(words)
        return self._started


def use(monkeypatch: pytest.MonkeyPatch, library: object) -> None:
    monkeypatch.setattr(native, "library", lambda _name: library)


@pytest.mark.parametrize(
    ("processes", "is_file", "is_own"),
    [
        ((os.getpid(),), False, True),
        ((os.getpid(), SHELL), False, False),
        ((os.getpid(), os.getppid()), False, False),  # a shell that waits for Python
        ((os.getpid(), os.getppid()), True, True),  # the executable that has unpacked itself
        ((os.getppid(), os.getpid(), SHELL), True, False),
        ((os.getpid(), SHELL), True, False),
        ((), True, False),  # there is no console
    ],
)
def test_a_window_is_own_where_nobody_else_uses_it(
    monkeypatch: pytest.MonkeyPatch, *, processes: tuple[int, ...], is_file: bool, is_own: bool
) -> None:
    monkeypatch.setattr(sys, "frozen", is_file, raising=False)
    use(monkeypatch, Library(*processes))

    assert Windows().has_own_window() == is_own


def test_what_a_system_cannot_say_or_do_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not System().has_own_window()
    assert not System().start_elevated(["netpreflight"])
    use(monkeypatch, SimpleNamespace())
    assert not Windows().has_own_window()
    assert not Windows().start_elevated(["netpreflight"])


@pytest.mark.parametrize(("result", "has_started"), [(42, True), (33, True), (5, False), (2, False), (None, False)])
def test_an_elevated_command_starts_if_the_user_allows_it(
    monkeypatch: pytest.MonkeyPatch, *, result: Any, has_started: bool
) -> None:
    library = Library(started=result)  # 5: SE_ERR_ACCESSDENIED, the user said no
    use(monkeypatch, library)
    monkeypatch.setenv("PYINSTALLER_RESET_ENVIRONMENT", "")

    assert Windows().start_elevated([r"C:\my tools\netpreflight.exe", "guided", '--ssid=a "b" c']) == has_started
    assert library.asked == [(None, "runas", r"C:\my tools\netpreflight.exe", r'guided "--ssid=a \"b\" c"', None, 1)]
    assert os.environ["PYINSTALLER_RESET_ENVIRONMENT"] == "1"


def test_a_program_in_this_terminal_tells_how_it_ended() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert programs.run_here([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert programs.run_here([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]) == 128 + 9
    assert signal.getsignal(signal.SIGINT) == before
    with pytest.raises(OSError, match="nothing-of-that-name"):
        programs.run_here(["./nothing-of-that-name"])


def test_ctrl_c_ends_the_program_and_not_this_one() -> None:
    ends_both = "import os, signal; os.kill(os.getppid(), 2); os.kill(os.getpid(), signal.SIGINT)"

    assert programs.run_here([sys.executable, "-c", f"{ends_both}; signal.pause()"]) == 128 + signal.SIGINT


def test_a_browser_gets_the_users_own_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[str | None] = []

    def opened(_address: str) -> bool:
        seen.append(os.environ.get("LD_LIBRARY_PATH"))
        return True

    monkeypatch.setattr(webbrowser, "open", opened)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/tmp/unpacked")
    assert programs.open_in_browser(tmp_path.as_uri())
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert programs.open_in_browser(tmp_path.as_uri())
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    assert programs.open_in_browser(tmp_path.as_uri())
    assert seen == ["/tmp/unpacked", None, "/opt/lib"]
    assert os.environ["LD_LIBRARY_PATH"] == "/tmp/unpacked"


def test_a_browser_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(_address: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "open", fails)
    assert not programs.open_in_browser(tmp_path.as_uri())

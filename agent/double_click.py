"""`netpreflight guided`, for a double click: ask for the device, run a check, open its report, keep the window open.

Each check runs as a process of its own in the same window, so that the window stays open however the check ends.
"""

import contextlib
import re
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netpreflight.agent import profiles
from netpreflight.agent.next_step import is_for_root, options_of
from netpreflight.agent.report import Report, SavedReportError, load, make
from netpreflight.agent.start import CANNOT_START, INTERRUPTED
from netpreflight.reports.safe_text import shown
from netpreflight.systems.interface import System

REPORT = "report.html"
_WHAT = """\
netpreflight says whether a 2.4 GHz IoT device would get online in the network
that this computer is on, and if not, who has to change what.

It sends what the device would send, and changes nothing in the network. A run
takes up to about 20 seconds. Its report is then written to
{page}
and opened in the browser. Ctrl-C stops it.
"""
_OFFER = """
Only a run as {user} can settle what is still open.
To run it again as {user}, type y and press Enter. Enter alone: no. """


@dataclass(frozen=True, kw_only=True)
class Window:
    """The window in which the user is asked, and what the program can do from there.

    Attributes:
        say: writes a line.
        ask: writes a question and returns the answer, without spaces around it; empty at the end of the input.
        run: runs a program in this window, and returns its exit code.
        newest: returns the file of the newest kept run; None: no run is kept.
        open_page: opens a URL in the browser, and returns whether a browser was started.
        program: the words that start netpreflight.
        system: this laptop's operating system.
    """

    say: Callable[[str], None]
    ask: Callable[[str], str]
    run: Callable[[Sequence[str]], int]
    newest: Callable[[], Path | None]
    open_page: Callable[[str], bool]
    program: Sequence[str]
    system: System


def guide(window: Window, folder: Path, device: str | None = None, ssid: str | None = None) -> int:
    """Ask, measure, and show the report; then wait for Enter. Returns the exit code of the last run.

    Args:
        window: where the user is asked.
        folder: where the report is written.
        device: the device to judge for; None: the user is asked.
        ssid: the Wi-Fi network to judge, as `--ssid` accepts it; None: the run asks if it has to.
    """
    try:
        return _guided(window, _new_file(folder), device, ssid)
    except KeyboardInterrupt:
        window.say("\nStopped.")
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - the user can read any error before the window closes
        window.say(f"\nnetpreflight has failed. That is a fault of netpreflight:\n{traceback.format_exc()}")
        return CANNOT_START
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            window.ask("\nPress Enter to close this window. ")


def place(folders: Sequence[Path]) -> Path:
    """The first of these folders in which this user can write; if there is none, the first folder."""
    for folder in folders:
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder):
            return folder
    return folders[0]


def _guided(window: Window, page: Path, device: str | None, ssid: str | None) -> int:
    """Ask, run a check, offer a second one as root if that would settle something, and show the report.

    Returns the exit code of the check that wrote the report.
    """
    window.say(_WHAT.format(page=shown(str(page))))
    name = device or _ask_device(window)
    window.say("")
    newest_before = window.newest()
    code = window.run([*window.program, "check", *_options(name, ssid), "-o", str(page)])
    saved = window.newest()
    report = _report(saved, name) if saved is not None and saved != newest_before and code != INTERRUPTED else None
    if report is not None and _wants_root(window, report):
        options, written_before = _options(name, ssid or options_of(report).ssid), _written_ns(page)
        if not window.system.as_root and window.system.start_elevated([*window.program, "guided", *options]):
            window.say("\nnetpreflight goes on in the window that has just opened; this one can be closed.")
            return code
        code_as_root = code
        if window.system.as_root:
            with contextlib.suppress(OSError):  # there may be no sudo
                code_as_root = window.run([*window.system.as_root, *window.program, "check", *options, "-o", str(page)])
        if _written_ns(page) != written_before:
            code = code_as_root
        else:
            window.say(f"\nIt did not run as {window.system.privileged_user}. The report is from the first run.")
    _show(window, page)
    return code


def _written_ns(page: Path) -> int | None:
    """When a page was written (nanoseconds since 1970); None: there is no page."""
    return page.stat().st_mtime_ns if page.is_file() else None


def _ask_device(window: Window) -> str:
    """Let the user pick a device from a list; returns its name."""
    names = profiles.names()
    window.say("Which device is it for?")
    for number, name in enumerate(names, 1):
        window.say(f"{number:4d}. {profiles.load(name).title}")
    while answer := window.ask(f"Its number (Enter: {names.index(profiles.DEFAULT) + 1}): "):
        if re.fullmatch("[0-9]{1,4}", answer) and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        window.say(f"There is no such number: 1 to {len(names)}.")
    return profiles.DEFAULT


def _options(device: str, ssid: str | None) -> list[str]:
    """The options of `netpreflight check` for a device and a network."""
    return ["--device", device, *([f"--ssid={ssid}"] if ssid is not None else [])]


def _report(saved: Path, device: str) -> Report | None:
    """The report of a saved run, judged for a device; None: the file is no saved run."""
    try:
        run, _ = load(saved)
        return make(run, profiles.load(device))
    except SavedReportError:
        return None


def _wants_root(window: Window, report: Report) -> bool:
    """Whether a run as root would settle something; if so, ask whether the user wants such a run."""
    if window.system.is_privileged() or not is_for_root(report):
        return False
    return window.ask(_OFFER.format(user=window.system.privileged_user)).lower() in {"y", "yes"}


def _show(window: Window, page: Path) -> None:
    """Say where the page is, and open it in the browser, unless the browser would run as root."""
    if not page.is_file():
        window.say("\nNo report was written.")
        return
    window.say(f"\nThe report: {shown(str(page))}")
    is_root = bool(window.system.as_root) and window.system.is_privileged()  # then the browser would run as root, too
    if is_root or not window.open_page(page.absolute().as_uri()):
        window.say("No browser was started: open the report from there.")


def _new_file(folder: Path) -> Path:
    """report.html in a folder, with a number if there is one already."""
    file, number = folder / REPORT, 1
    while file.exists():
        number += 1
        file = file.with_name(f"{Path(REPORT).stem}-{number}{file.suffix}")
    return file

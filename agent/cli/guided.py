"""`netpreflight guided`: a run in a window, for a start by a double click."""

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import Device


def guided(
    *,
    device: Device = None,
    ssid: Annotated[
        str | None, typer.Option(metavar="NAME", help="Wi-Fi network to judge; without it, chosen as by check.")
    ] = None,
) -> int:
    """Ask for the device, make a run, and open its report in the browser: for a start by a double click.

    The report is written to report.html in the folder for documents, with a number if that file exists. If a run as
    root or administrator would settle something, you are offered one. The window stays open until Enter is pressed,
    also after an error. Exit codes: as for check.
    """
    from tempfile import gettempdir  # noqa: PLC0415 - loaded only where it is needed

    import platformdirs  # noqa: PLC0415

    from netpreflight.agent.called import words  # noqa: PLC0415
    from netpreflight.agent.double_click import Window, guide, place  # noqa: PLC0415
    from netpreflight.agent.kept_runs import place as kept_place  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415
    from netpreflight.systems.programs import open_in_browser, run_here  # noqa: PLC0415

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def ask(question: str) -> str:
        SYSTEM.forget_typed()
        sys.stdout.write(question)
        sys.stdout.flush()
        try:
            return sys.stdin.readline().strip()
        except (OSError, ValueError):  # the terminal is gone, or what was typed is no text
            return ""

    def newest() -> Path | None:
        with contextlib.suppress(OSError):
            return kept_place().newest()
        return None

    if sys.stdin is None or sys.stdout is None:
        raise UsageError("guided asks in a window: standard input or output is closed")
    # Ctrl-C ends the questions; a check is a process of its own, and ends by itself.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    window = Window(
        say=say,
        ask=ask,
        run=run_here,
        newest=newest,
        open_page=open_in_browser,
        program=words(os.environ),
        system=SYSTEM,
    )
    folders = [platformdirs.user_documents_path(), Path.home(), Path(gettempdir())]
    return guide(window, place(folders), device, ssid)

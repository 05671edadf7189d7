"""What is said to the user, on standard output and standard error."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from netpreflight.agent.cli.exits import UsageError

if TYPE_CHECKING:
    from typing import TextIO

    from netpreflight.agent.next_step import Invocation, Options
    from netpreflight.agent.report import Report, SharingLevel


def show_report(
    report: "Report",
    kept: Path | None,
    *,
    by: "Invocation",
    dialects: list[str],
    contact: str,
    full: bool,
    file: Path | None = None,
    is_newest: bool = False,
    page: Path | None = None,
) -> None:
    """Print the firewall rules that were asked for, or with --full the whole report; then the answer.

    Args:
        report: the report, at the level of sharing that the screen may show.
        kept: the file in which this run was kept; None: it was not kept.
        by: how the user calls this program.
        dialects: the products for which the firewall change is shown as well.
        contact: whom the requests name as the person to ask.
        full: whether everything is shown.
        file: the saved run that was named; None: no file was named.
        is_newest: whether the report is of the newest kept run, because no file was named.
        page: the HTML page that is written, too; None: no page is.
    """
    from netpreflight.reports.console import on_terminal  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.terminal.answer import print_answer  # noqa: PLC0415
    from netpreflight.reports.terminal.report import print_report, print_rules  # noqa: PLC0415

    console = on_terminal(sys.stdout)
    if full:
        # How commands to run next name this run: by its file; not at all, if it is the newest; None: it was not kept.
        saved = [str(file)] if file else [] if kept or is_newest else None
        print_report(console, report, dialects, contact, by=by, saved=saved)
    else:
        print_rules(console, report, dialects)
    print_answer(console, report, by, file=file, kept=kept, full=full, page=page)


def invocation(options: "Options", level: "SharingLevel | None", *, is_root: bool) -> "Invocation":
    """How this program was called, for the commands that it suggests; at level public, their options hide names."""
    from netpreflight.agent.called import called  # noqa: PLC0415 - as above
    from netpreflight.agent.next_step import Invocation  # noqa: PLC0415

    shared_options = options.without_names() if level == "public" else options
    return Invocation(program=called(os.environ), options=shared_options, is_root=is_root)


def called_by_root() -> bool:
    """Whether root itself called this program, and needs no sudo."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and "SUDO_UID" not in os.environ


def standard_output(purpose: str) -> "TextIO":
    """Standard output.

    Args:
        purpose: what it is needed for, to follow "cannot" in an error, such as "show the page".

    Raises:
        UsageError: standard output is closed.
    """
    if sys.stdout is None:
        raise UsageError(f"cannot {purpose}: standard output is closed")
    return sys.stdout


def tell(line: str) -> None:
    """Write a line to standard error, with this program's commands as the user types them.

    If the line cannot be written, the program goes on.
    """
    from netpreflight.agent.called import as_called, called  # noqa: PLC0415 - as above
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"netpreflight: {as_called(shown(line), called(os.environ))}\n")

"""What a command on a run or a saved run writes at its end: files, the kept run, and the screen."""

import contextlib
import signal
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.screen import standard_output, tell
from netpreflight.agent.start import stop, stop_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TextIO

    from netpreflight.agent.kept_runs import KeptRun
    from netpreflight.agent.owner import Owner
    from netpreflight.agent.privilege.helper import Helper
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import Report, SharingLevel

Answer = TypeVar("Answer")


def deliver(
    report: "Report",
    profile: "Profile",
    show: "Callable[[Report, Path | None], None]",
    outputs: list[Path],
    dialects: list[str],
    level: "SharingLevel | None",
    contact: str,
    *,
    as_json: bool,
    helper: "Helper | None" = None,
    kept: "KeptRun | None" = None,
) -> None:
    """Write the files that were asked for, keep the run, and show the report even if a file could not be written."""
    from netpreflight.reports import MAIL, in_parts  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.sharing import shared  # noqa: PLC0415

    at_level = cache(partial(shared, report, profile=profile))
    failed = write_each(
        [path for path in outputs if path.suffix != MAIL],
        level,
        lambda path, wanted: in_parts(path.suffix, at_level(wanted), dialects, contact),
        helper,
    )
    if mails := [path for path in outputs if path.suffix == MAIL]:
        failed += _write_mails(report, mails, contact, helper)
    kept_file = _keep(report, kept, helper) if kept else None
    shown_report = at_level(level or "complete")
    if not as_json:
        show(shown_report, kept_file)
    else:
        screen = standard_output("write the report")
        screen.flush()
        screen.buffer.writelines(part.encode() for part in in_parts(".json", shown_report))
        screen.buffer.flush()
    if failed:
        raise UsageError("; ".join(failed))


def deliver_answer(
    at_level: "Callable[[SharingLevel], Answer]",
    formats: "Mapping[str, Callable[[Answer], str]]",
    show: "Callable[[Answer, TextIO], None]",
    outputs: list[Path],
    level: "SharingLevel | None",
    *,
    what: str,
    as_json: bool,
) -> None:
    """Write an answer to the files that were asked for, and show it even if a file could not be written.

    Args:
        at_level: makes the answer, without what a level does not allow.
        formats: keyed by the ending of a file: renders the answer.
        show: shows the answer on a terminal.
        outputs: the files to write.
        level: what files and screen may show; None: a file by its kind, the screen everything.
        what: what standard output is needed for; the error says so if it is closed.
        as_json: print the JSON document in place of what `show` shows.
    """
    made = cache(at_level)
    failed = write_each(outputs, level, lambda path, wanted: formats[path.suffix](made(wanted)))
    screen, shown = standard_output(what), made(level or "complete")
    if as_json:
        screen.buffer.write(formats[".json"](shown).encode())
    else:
        show(shown, screen)
    if failed:
        raise UsageError("; ".join(failed))


def _keep(report: "Report", kept: "KeptRun", helper: "Helper | None") -> Path | None:
    """Keep the complete report; returns its file, or None (and tells the user) if it could not be written."""
    from netpreflight.reports import in_parts  # noqa: PLC0415 - as above

    try:
        with undone_when_stopped():
            return kept.write(in_parts(".json", report), helper)
    except OSError as problem:
        where = f" in {kept.folder}" if kept.folder else ""
        tell(f"this run is not kept{where}: {problem.strerror or problem}")
        return None


def write_each(
    outputs: list[Path],
    level: "SharingLevel | None",
    render: "Callable[[Path, SharingLevel], str | Iterable[str]]",
    helper: "Helper | None" = None,
) -> list[str]:
    """Write each file completely or not at all; return a message for each that could not be written.

    Without a level, JSON files are complete, and all others are for a ticket. Complete ones are for their owner only.
    """
    from netpreflight.agent.privilege.caller import file_owner  # noqa: PLC0415 - as above
    from netpreflight.agent.report import write  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415

    failed = []
    for path in outputs:
        wanted_level = level_of(path, level)
        text, private = render(path, wanted_level), wanted_level == "complete"
        try:
            with undone_when_stopped():
                if helper is not None:
                    helper.write(path, text, private=private)
                else:
                    write(path, text, private=private, owner=file_owner(), create=SYSTEM.create_private)
        except OSError as problem:
            failed.append(f"cannot write {path}: {problem.strerror or problem}")
        del text  # it may be large, and so may the next one
    return failed


def level_of(path: Path, level: "SharingLevel | None") -> "SharingLevel":
    """What a file may show: what the user chose, or else everything in JSON, and in others what a ticket may show."""
    return level or ("complete" if path.suffix == ".json" else "ticket")


def _write_mails(report: "Report", outputs: list[Path], contact: str, helper: "Helper | None") -> list[str]:
    """Write the request to each owner, and say so if that makes no file or several; return as `write_each` does."""
    from netpreflight.reports import eml  # noqa: PLC0415 - as above
    from netpreflight.reports.requests import requests_of  # noqa: PLC0415

    found, texts = requests_of(report), dict[Path, str]()
    for path in outputs:
        mails = {
            path if len(found) == 1 else _for_owner(path, request.owner): eml.render(request, contact)
            for request in found
        }
        if not found:
            older = "; the file of that name is an older one" if _exists(path) else ""
            tell(f"nothing was found that anybody has to change: no request is written to {path}{older}")
        elif len(found) > 1:
            tell(f"{len(found)} requests are written: {', '.join(map(str, mails))}")
        texts |= mails
    return write_each(list(texts), "ticket", lambda path, _: texts[path], helper)


def _exists(path: Path) -> bool:
    """Whether there is such a file, as far as this process, which may have given up root's rights, can see."""
    with contextlib.suppress(OSError):
        return path.exists()
    return False


def _for_owner(path: Path, owner: "Owner") -> Path:
    """The file of one of several requests: request-network-administrator.eml."""
    return path.with_name(f"{path.stem}-{owner.replace(' ', '-')}{path.suffix}")


def every_file(outputs: list[Path]) -> list[Path]:
    """Every file that may be written; of mails, one for each owner: who has to be asked is known only at the end."""
    from netpreflight.agent.owner import ASKED  # noqa: PLC0415 - as above
    from netpreflight.reports import MAIL  # noqa: PLC0415

    mails = [_for_owner(path, owner) for path in outputs if path.suffix == MAIL for owner in ASKED]
    return list(dict.fromkeys([*outputs, *mails]))


def page_of(outputs: list[Path]) -> Path | None:
    """The first HTML page among the files to write; None: there is none."""
    return next((path for path in outputs if path.suffix == ".html"), None)


@contextlib.contextmanager
def undone_when_stopped() -> "Iterator[None]":
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt, so that a file that is half written is removed before the end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is stop:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        stop(signal.SIGINT, None)
    finally:
        stop_at_once()

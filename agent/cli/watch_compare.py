"""`netpreflight compare` of two watches."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from netpreflight.agent.cli.checked import check_outputs
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.outputs import write_each
from netpreflight.agent.cli.saved import is_same_file
from netpreflight.agent.cli.screen import standard_output
from netpreflight.agent.cli.watch_report import load_watch

if TYPE_CHECKING:
    from netpreflight.agent.report import SharingLevel
    from netpreflight.agent.watch.watched import WatchComparison


def compare_watches(
    a: Path,
    b: Path,
    device: str | None,
    os_version: str | None,
    output: list[Path] | None,
    level: "SharingLevel | None",
    *,
    as_json: bool,
) -> int:
    """Compare two watches; returns the exit code."""
    from netpreflight.agent.watch.comparing import compare  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.sharing import hidden  # noqa: PLC0415
    from netpreflight.reports.sharing.watch import shared_watch  # noqa: PLC0415
    from netpreflight.reports.watch.comparison import FORMATS, show  # noqa: PLC0415

    outputs = check_outputs(output, list(FORMATS))
    if any(is_same_file(watch, path) for watch in (a, b) for path in outputs):
        raise UsageError("-o would replace one of the two watches with the comparison: give another -o")
    first, second = (load_watch(file, device, os_version) for file in (a, b))
    names = (a.name, b.name)
    compared = compare(first, second, names)

    @cache
    def at_level(wanted_level: "SharingLevel") -> "WatchComparison":
        if wanted_level == "complete":
            return compared
        made = compare(shared_watch(first, wanted_level), shared_watch(second, wanted_level), names)
        return hidden(made, [], wanted_level, own=[first, second])

    failed = write_each(outputs, level, lambda path, wanted_level: FORMATS[path.suffix](at_level(wanted_level)))
    screen = standard_output("show the comparison")
    if as_json:
        screen.buffer.write(FORMATS[".json"](at_level(level or "complete")).encode())
    else:
        show(at_level(level or "complete"), screen)
    if failed:
        raise UsageError("; ".join(failed))
    return {True: 1, False: 0, None: 3}[compared.worse]

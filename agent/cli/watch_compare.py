"""`netpreflight compare` of two watches."""

from pathlib import Path
from typing import TYPE_CHECKING

from netpreflight.agent.cli.checked import check_outputs
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.outputs import deliver_answer
from netpreflight.agent.cli.saved import is_same_file
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

    def at_level(wanted_level: "SharingLevel") -> "WatchComparison":
        if wanted_level == "complete":
            return compared
        made = compare(shared_watch(first, wanted_level), shared_watch(second, wanted_level), names)
        return hidden(made, [], wanted_level, own=[first, second])

    deliver_answer(at_level, FORMATS, show, outputs, level, what="show the comparison", as_json=as_json)
    return {True: 1, False: 0, None: 3}[compared.worse]

"""`netpreflight watch report`: what a watch has seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.checked import check_outputs, choose_level, load_profile
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import AnswerOutput, Json, Redact, SavedDevice, SavedOs, Share
from netpreflight.agent.cli.outputs import deliver_answer
from netpreflight.agent.cli.saved import is_same_file, looks_like_a_run

if TYPE_CHECKING:
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import SharingLevel
    from netpreflight.agent.watch.watched import Watch


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The store of a watch, or its report as JSON.")],
    *,
    device: SavedDevice = None,
    os_version: SavedOs = None,
    output: AnswerOutput = None,
    share: Share = None,
    redact: Redact = False,
    as_json: Json = False,
) -> int:
    """Show what a watch has seen: each outage, when they cluster, who has to change what, and what was not observed.

    A watch that is still running can be reported, too. It needs no network. Exit codes: 0 no outage, 1 outages, 2 wrong
    usage, 3 nothing could be observed.
    """
    from netpreflight.agent.watch.told import EXIT_CODES, result  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.sharing.watch import shared_watch  # noqa: PLC0415
    from netpreflight.reports.watch import FORMATS  # noqa: PLC0415
    from netpreflight.reports.watch.terminal import show  # noqa: PLC0415

    outputs, level = check_outputs(output, list(FORMATS)), choose_level(share, redact=redact)
    if any(is_same_file(file, path) for path in outputs):
        raise UsageError(f"-o {file} would replace the watch: give another -o")
    watch = load_watch(file, device, os_version)

    def at_level(wanted_level: "SharingLevel") -> "Watch":
        return shared_watch(watch, wanted_level)

    deliver_answer(at_level, FORMATS, show, outputs, level, what="show the watch", as_json=as_json)
    return EXIT_CODES[result(watch)]


def load_watch(file: Path, device: str | None, os_version: str | None) -> "Watch":
    """Load a watch, and work out its result for the device named, or else for the device of the watch."""
    from netpreflight.agent.watch.loading import load  # noqa: PLC0415 - as above
    from netpreflight.agent.watch.tables import StoreError  # noqa: PLC0415
    from netpreflight.agent.watch.told import result, told  # noqa: PLC0415

    try:
        watch = load(file)
    except StoreError as problem:
        if looks_like_a_run(file):
            raise UsageError(f"{file} is a run, and no watch: netpreflight report FILE shows it") from problem
        raise UsageError(str(problem)) from problem
    if watch.result == result(watch) and device is None and os_version is None:
        return watch  # otherwise the result is missing, or does not follow from what was seen
    return told(watch, _profile(watch, device, os_version))


def _profile(watch: "Watch", device: str | None, os_version: str | None) -> "Profile | None":
    """The profile of the device; None: the watch is of a device that is not known here, such as a company's own."""
    from netpreflight.agent import profiles  # noqa: PLC0415 - as above

    if device is None and watch.device not in profiles.names():
        return None
    return load_profile(device or watch.device, os_version or (watch.os_version if device is None else None))

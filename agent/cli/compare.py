"""`netpreflight compare`: two saved runs side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.checked import check_outputs, choose_level
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import AnswerOutput, Json, Redact, SavedDevice, SavedOs, Share
from netpreflight.agent.cli.outputs import deliver_answer
from netpreflight.agent.cli.saved import is_same_file, looks_like_a_watch, profile_for
from netpreflight.agent.cli.watch_compare import compare_watches

if TYPE_CHECKING:
    from netpreflight.agent.compare import Comparison, Given
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import SharingLevel


def compare(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="A",
            help="A run saved as JSON, or a watch (its store, or its report as JSON). If both are from the same "
            "network, give the earlier one here.",
        ),
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other run, or the other watch.")],
    *,
    device: SavedDevice = None,
    os_version: SavedOs = None,
    output: AnswerOutput = None,
    share: Share = None,
    redact: Redact = False,
    as_json: Json = False,
) -> int:
    """Put two saved runs, or two watches, side by side: what differs, what that rules out, what got better or worse.

    The runs may be of one laptop on two networks, such as a customer's and a phone's hotspot, or of one network before
    and after a change. Both are judged again, for the device of A or for --device. Exit codes: 0 nothing that the
    device needs is worse in B, 1 something that it needs worked in A and fails in B, 2 wrong usage, 3 not known.
    """
    watches = [path for path in (a, b) if looks_like_a_watch(path)]
    if len(watches) == 1:
        raise UsageError(f"{watches[0]} is a watch, and the other file is not: compare two runs, or two watches")
    if watches:
        return compare_watches(a, b, device, os_version, output, choose_level(share, redact=redact), as_json=as_json)
    from netpreflight.agent.compare import compare as compared  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.comparison import FORMATS  # noqa: PLC0415
    from netpreflight.reports.comparison.terminal import show  # noqa: PLC0415
    from netpreflight.reports.sharing import hidden  # noqa: PLC0415

    outputs, level = check_outputs(output, list(FORMATS)), choose_level(share, redact=redact)
    for run in (a, b):
        if any(is_same_file(run, file_path) for file_path in outputs):
            raise UsageError(f"-o {run} would replace one of the two runs with the comparison: give another -o")
    first, second, profile = _two_saved(a, b, device, os_version)
    comparison = compared(first, second, profile)

    def at_level(wanted_level: "SharingLevel") -> "Comparison":
        return (
            comparison
            if wanted_level == "complete"
            else hidden(comparison, [first.report, second.report], wanted_level)
        )

    deliver_answer(at_level, FORMATS, show, outputs, level, what="show the comparison", as_json=as_json)
    return {True: 1, False: 0, None: 3}[comparison.worse]


def _two_saved(a: Path, b: Path, device: str | None, os_version: str | None) -> "tuple[Given, Given, Profile]":
    """Load two saved runs, and judge both for the device named, or else for the device of the first."""
    from netpreflight.agent.compare import Given  # noqa: PLC0415 - as above
    from netpreflight.agent.report import SavedReportError, load_saved, make  # noqa: PLC0415

    try:
        first, second = load_saved(a), load_saved(b)
    except SavedReportError as problem:
        raise UsageError(str(problem)) from problem
    for path, saved in ((a, first), (b, second)):
        if saved.sharing == "ticket":
            raise UsageError(
                f"{path}: made for a ticket: each ticket has its own numbers for what it hides, so two runs "
                "cannot be compared by it; give the complete JSON of the run (-o run.json, without --share)"
            )
    profile = profile_for(a, first.device, device, os_version)
    given_a = Given(letter="A", file=a.name, report=make(first.run, profile), saved=first)
    return given_a, Given(letter="B", file=b.name, report=make(second.run, profile), saved=second), profile

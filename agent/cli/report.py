"""`netpreflight report`: judge a saved run again."""

from functools import partial
from typing import TYPE_CHECKING

from netpreflight.agent.cli.checked import check_contact, check_dialects, check_outputs, choose_level
from netpreflight.agent.cli.exits import EXIT_CODES, UsageError
from netpreflight.agent.cli.options import (
    Contact,
    Dialects,
    Full,
    Json,
    Output,
    Redact,
    SavedDevice,
    SavedOs,
    SavedRun,
    Share,
)
from netpreflight.agent.cli.outputs import deliver, level_of, page_of
from netpreflight.agent.cli.saved import is_same_file, load_saved_run, newest_kept
from netpreflight.agent.cli.screen import called_by_root, invocation, show_report

if TYPE_CHECKING:
    from netpreflight.agent.report import SharingLevel


def report(
    file: SavedRun = None,
    *,
    device: SavedDevice = None,
    os_version: SavedOs = None,
    dialects: Dialects = None,
    output: Output = None,
    contact: Contact = None,
    share: Share = None,
    redact: Redact = False,
    full: Full = False,
    as_json: Json = False,
) -> int:
    """Judge a saved run again, without a network: by today's rules, or for another device.

    If the saved report was made for a ticket, everything that is written and printed is for a ticket, too.
    """
    from netpreflight.agent.next_step import options_of  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.report import LEVELS, make  # noqa: PLC0415

    outputs, products, level = check_outputs(output), check_dialects(dialects), choose_level(share, redact=redact)
    saved = file or newest_kept("report")
    run, profile = load_saved_run(saved, device, os_version)
    own_level: SharingLevel = run.sharing if run.sharing == "ticket" else "complete"
    if own_level == "ticket" and level == "complete":
        raise UsageError(f"{saved} was made for a ticket, so its report cannot be complete: leave --share complete out")
    level = level or ("ticket" if own_level == "ticket" else None)
    for path in outputs:
        if is_same_file(saved, path) and LEVELS.index(level_of(path, level)) > LEVELS.index(own_level):
            raise UsageError(f"-o {saved} would replace the {own_level} run with one that shows less: give another -o")
    who_asks = check_contact(contact, outputs, level)
    judged_again = make(run, profile)
    by = invocation(options_of(judged_again), level, is_root=called_by_root())
    show = partial(
        show_report,
        by=by,
        dialects=products,
        contact=who_asks,
        full=full,
        file=file,
        is_newest=file is None,
        page=page_of(outputs),
    )
    deliver(judged_again, profile, show, outputs, products, level, who_asks, as_json=as_json)
    return EXIT_CODES[judged_again.verdict]

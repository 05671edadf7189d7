"""`netpreflight fleet rejudge`: what another device or version of Device OS would change."""

from typing import Annotated

import typer

from netpreflight.agent.cli.checked import load_profile
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.fleet.progress import Progress, tell_waiting
from netpreflight.agent.cli.fleet.store import StoreFolder, existing_store, reading
from netpreflight.agent.cli.options import Device, Json, Os
from netpreflight.agent.cli.screen import standard_output


def rejudge(
    *,
    device: Device = None,
    os_version: Os = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=256, help="How many runs are judged at the same time.")
    ] = None,
    store: StoreFolder = None,
    as_json: Json = False,
) -> int:
    """Judge every run again for a device and version, by today's rules: what would break, and what would be fixed.

    Rows are added to the table verdicts, and none is replaced; a run that was judged before by the same rules is not
    judged again. A site counts by its newest complete run, one for this device before one for another. Exit codes: 0 no
    site would break, 1 at least one would, 2 wrong usage, 3 none is known to break, but for some that is not known.
    """
    from netpreflight.fleet import rejudge as judging  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.fleet.store import StoreError  # noqa: PLC0415
    from netpreflight.fleet.update import tables, update  # noqa: PLC0415
    from netpreflight.reports.documents import render_json  # noqa: PLC0415
    from netpreflight.reports.terminal.tables import show  # noqa: PLC0415

    screen = standard_output("show the answer")
    opened, profile = existing_store(store), load_profile(device, os_version)
    progress = Progress("runs")
    try:
        with judging.pool_for(profile, processes) as pool:
            done = judging.rejudge(
                opened, profile, pool, on_progress=lambda done: progress.show(done.judged), on_wait=tell_waiting
            )
    except StoreError as problem:
        raise UsageError(str(problem)) from problem
    finally:
        progress.clear()
    with reading(store) as connection:
        told = update(connection, profile, judged=done.judged, failed=done.failed)
    if as_json:
        screen.buffer.write(render_json(told).encode())
    else:
        show(tables(told), screen)
    found = {site.outcome for site in told.sites}
    return 1 if "breaks" in found else 3 if "unknown" in found else 0

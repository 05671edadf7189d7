"""`netpreflight watch`: look at the network for hours or days, and say what broke when."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.checked import load_profile
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.measuring import scope_of
from netpreflight.agent.cli.options import Device, Os
from netpreflight.agent.cli.screen import tell
from netpreflight.agent.cli.watch_report import report
from netpreflight.agent.cli.watch_shown import Line, Textfile, Trouble, has_observed, summary, tell_what_is_done

if TYPE_CHECKING:
    from netpreflight.agent.watch.schedule import Plan
    from netpreflight.agent.watch.watcher import State
    from netpreflight.probes.observations import Obstacle

watch_app = typer.Typer(
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[report FILE]",
)
watch_app.command("report")(report)
NOTHING_OBSERVED = 3
_DURATION = r"(?P<number>\d{1,6}(?:\.\d{1,3})?)(?P<unit>[smhd])"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_S = 366 * 86400.0


@watch_app.callback(invoke_without_command=True)
def watch(
    context: typer.Context,
    *,
    duration: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long to watch, such as 90m, 24h or 7d; without it, until Ctrl-C."),
    ] = None,
    device: Device = None,
    os_version: Os = None,
    interface: Annotated[str | None, typer.Option(metavar="IF", help="Network interface to watch.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file in which the watch is stored, 20 MB at most; name it again to continue a watch that was "
            "stopped. Without this option, a file for each device in your own folder.",
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a Prometheus textfile (.prom), and rewrite it every minute."),
    ] = None,
) -> int:
    """Look at a network for hours or days, and say what broke when.

    The device's cloud is asked as often as the device asks it; about 30 kB are sent in an hour. Without --device no
    cloud is asked. Time in which the laptop sleeps or the watch is stopped counts as not observed, and not as an
    outage. netpreflight watch report FILE shows what was seen. Exit codes: 0 no outage, 1 outages, 2 wrong usage, 3
    nothing could be observed.
    """
    if context.invoked_subcommand is not None:
        return 0
    seconds = read_duration(duration)
    from netpreflight.agent.privilege import give_up, start_helper  # noqa: PLC0415 - loaded only where it is needed

    # The helper releases the lease if the watch is killed. It starts before the rest is loaded, and so stays small.
    helper = start_helper([]) if context.obj else None
    import json  # noqa: PLC0415

    from netpreflight.agent import __version__  # noqa: PLC0415
    from netpreflight.agent.watch.schedule import plan_of  # noqa: PLC0415
    from netpreflight.agent.watch.store import Store  # noqa: PLC0415
    from netpreflight.agent.watch.tables import StoreError  # noqa: PLC0415
    from netpreflight.agent.watch.watcher import NoClockError, WatchSettings, moment  # noqa: PLC0415
    from netpreflight.agent.watch.watcher import watch as watch_until  # noqa: PLC0415
    from netpreflight.probes import obstacles  # noqa: PLC0415

    profile = load_profile(device, os_version)
    path = store or _own_store(profile.name)
    give_up(helper, only_to_caller=True)  # raw sockets stay, for ladders
    seen = scope_of(interface)
    if seen.interface is None:
        raise UsageError("this laptop is connected to no network: connect it, or name an interface: --interface IF")
    without_lease = obstacles.to_hold_lease(seen)
    plan = plan_of(profile, holds_lease=without_lease is None)
    limits = _limits(plan, seen.interface, without_lease)
    about = {"interface": seen.interface, "version": __version__, "limits": json.dumps(limits)}
    try:
        begun = moment()
        about["utc_offset_s"] = str(utc_offset_s(begun.wall))
        with Store(path, plan, begun, about) as opened:
            tell_what_is_done(profile, plan, path, limits)
            line, trouble, textfile = Line(), Trouble(path), Textfile(metrics, path)

            def show(state: "State") -> None:
                line.show(state)
                trouble.show(opened.problem)
                textfile.write(state.now.at)

            try:
                state = watch_until(WatchSettings(seen.interface, profile, plan, opened, seconds, show, guard=helper))
            finally:
                line.end()
            trouble.end(opened.problem)
            textfile.write()
    except StoreError as problem:
        raise UsageError(str(problem)) from problem
    except NoClockError as problem:
        raise UsageError("this system does not say how long it has been running: a watch needs that") from problem
    tell(summary(state, path))
    if not has_observed(state):
        return NOTHING_OBSERVED
    return 1 if state.outages else 0


def utc_offset_s(wall: float) -> int:
    """How many seconds this laptop's zone is ahead of UTC at a time (seconds since 1970); 0 if no calendar has it."""
    import datetime as dt  # noqa: PLC0415 - as above

    try:
        offset = dt.datetime.fromtimestamp(wall, dt.UTC).astimezone().utcoffset()
    except (ValueError, OverflowError, OSError):
        return 0
    return round(offset.total_seconds()) if offset else 0


def read_duration(text: str | None) -> float | None:
    """A duration such as `24h` in seconds; None: none was given.

    Raises:
        UsageError: the text is no duration.
    """
    if text is None:
        return None
    import re  # noqa: PLC0415 - as above

    found = re.fullmatch(_DURATION, text, re.ASCII)
    seconds = float(found["number"]) * _UNITS[found["unit"]] if found else 0.0
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(f"--duration {text}: give a number and s, m, h or d, such as 90m or 24h, up to 366d")
    return seconds


def _own_store(device: str) -> Path:
    """The store of a device in the user's own folder; the folder is made."""
    from netpreflight.agent.kept_runs import as_owner, place  # noqa: PLC0415 - as above
    from netpreflight.agent.output_files import make_folder  # noqa: PLC0415

    try:
        kept = place()
        folder = kept.folder.parent / "watches"
        with as_owner(kept.owner):
            make_folder(folder)
    except OSError as problem:
        raise UsageError(
            f"no folder for the watch: {problem.strerror or problem}; name a file with --store"
        ) from problem
    return folder / f"{device}.sqlite"


def _limits(plan: "Plan", interface: str, without_lease: "Obstacle | None") -> list[str]:
    """What this watch cannot see, and why, as sentences."""
    from netpreflight.agent.watch.asking import air_limit  # noqa: PLC0415 - as above

    found = []
    if without_lease is not None:
        found.append(
            f"The renewal of a lease is not watched: {without_lease.reason}. {without_lease.step or ''}".strip()
        )
    if air_reason := air_limit(interface):
        found.append(air_reason)
    if plan.transport is None:
        found.insert(
            0,
            "The test servers of the device 'generic' belong to others, and are not asked again and again: name a "
            "device or a company's file with --device, so that its cloud is watched.",
        )
    return found

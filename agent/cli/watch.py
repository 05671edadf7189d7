"""`netpreflight watch`: look at the network for hours or days, and say what broke when."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import Device, Os
from netpreflight.agent.cli.watch_report import report

if TYPE_CHECKING:
    from netpreflight.agent.privilege.helper import Helper
    from netpreflight.agent.profiles import Profile
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
METRICS_S = 60.0
LONGEST_S = 366 * 86400.0


@watch_app.callback(invoke_without_command=True)
def watch(
    context: typer.Context,
    *,
    duration: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How long, such as 90m, 24h or 7d; without it, until Ctrl-C."),
    ] = None,
    device: Device = None,
    os_version: Os = None,
    interface: Annotated[str | None, typer.Option(metavar="IF", help="Network interface to watch.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file of the watch, 20 MB at most; a watch that was stopped goes on in it. Without this option, a "
            "file for each device in your own folder.",
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
    helper = _start_helper() if context.obj else None
    from netpreflight.agent import __version__, profiles  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.watch.schedule import plan_of  # noqa: PLC0415
    from netpreflight.agent.watch.store import Store  # noqa: PLC0415
    from netpreflight.agent.watch.tables import StoreError  # noqa: PLC0415
    from netpreflight.agent.watch.watcher import NoClockError, moment  # noqa: PLC0415
    from netpreflight.agent.watch.watcher import watch as watch_until  # noqa: PLC0415
    from netpreflight.probes import obstacles  # noqa: PLC0415
    from netpreflight.probes.scope import scope  # noqa: PLC0415

    try:
        profile = profiles.load(device or profiles.DEFAULT, os_version)
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem
    path = store or _own_store(profile.name)
    _become_caller(helper)
    seen = scope(interface)
    without_lease = obstacles.to_hold_lease(seen)
    plan = plan_of(profile, holds_lease=without_lease is None)
    if seen.interface is None or (interface is not None and interface not in seen.interfaces):
        raise UsageError(f"no interface {interface!r}; this laptop has: {', '.join(seen.interfaces)}")
    limits = _limits(plan, seen.interface, without_lease)
    about = {"interface": seen.interface, "version": __version__, "limits": _json(limits)}
    try:
        begun = moment()
        about["utc_offset_s"] = str(utc_offset_s(begun.wall))
        with Store(path, plan, begun, about) as opened:
            _say_what_is_done(profile, plan, path, limits)
            line, trouble, textfile = _Line(), _Trouble(path), _Textfile(metrics, path)

            def tell(state: "State") -> None:
                line.show(state)
                trouble.show(opened.problem)
                textfile.write(state.now.at)

            try:
                state = watch_until(seen.interface, profile, plan, opened, seconds, tell, guard=helper)
            finally:
                line.end()
            trouble.end(opened.problem)
            textfile.write()
    except StoreError as problem:
        raise UsageError(str(problem)) from problem
    except NoClockError as problem:
        raise UsageError("this system does not say how long it has been up, so it cannot be watched") from problem
    _say(_summary(state, path))
    if not _has_observed(state):
        return NOTHING_OBSERVED
    return 1 if state.outages else 0


def utc_offset_s(wall: float) -> int:
    """How many seconds this laptop's clock is ahead of UTC at a time, in seconds since 1970."""
    import datetime as dt  # noqa: PLC0415 - as above

    offset = dt.datetime.fromtimestamp(wall, dt.UTC).astimezone().utcoffset()
    return round(offset.total_seconds()) if offset else 0


def read_duration(text: str | None) -> float | None:
    """A duration such as `24h` in seconds; None: none was given.

    Raises:
        UsageError: it is none.
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
    """The store of a device in the user's own folder, which is made."""
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


def _start_helper() -> "Helper | None":
    """Start the root helper, before the rest is loaded: it gives the lease back if the watch is killed."""
    from netpreflight.agent.privilege import start_helper  # noqa: PLC0415 - as above

    return start_helper([])


def _become_caller(helper: "Helper | None") -> None:
    """Where somebody called sudo, become that user; raw sockets for ladders stay."""
    if helper is None:
        return
    from netpreflight.agent.privilege.caller import caller  # noqa: PLC0415 - as above
    from netpreflight.agent.privilege.drop import become  # noqa: PLC0415
    from netpreflight.agent.privilege.readable import read_later  # noqa: PLC0415

    user = caller(os.environ)
    if user.has_called:
        become(user, read_later())


def _limits(plan: "Plan", interface: str, without_lease: "Obstacle | None") -> list[str]:
    """What this watch cannot see."""
    from netpreflight.agent.watch.asking import air_limit  # noqa: PLC0415 - as above

    found = []
    if without_lease is not None:
        found.append(
            f"The renewal of a lease is not watched: {without_lease.reason}. {without_lease.step or ''}".strip()
        )
    if of_air := air_limit(interface):
        found.append(of_air)
    if plan.transport is None:
        found.insert(
            0,
            "The test servers of the device 'generic' belong to others, and are not asked again and again: name a "
            "device or a company's file with --device, so that its cloud is watched.",
        )
    return found


def _say_what_is_done(profile: "Profile", plan: "Plan", path: Path, limits: list[str]) -> None:
    """Say whom the watch asks, and how often, before it begins."""
    from netpreflight.agent.watch.proving import can_prove  # noqa: PLC0415 - as above

    if plan.transport is not None:
        what = {"dtls": "a ClientHello, half a handshake", "coap": "a CoAP ping", "tcp-nonce": "a connection"}
        _say(
            f"{plan.hosts[0]} is asked every {plan.keep_alive_s:g} s, as often as {profile.title} sends its "
            f"keep-alive: {what[plan.transport]}. After an hour without an answer it is asked every 5 min."
        )
    if can_prove(profile):
        _say("At the start and after each outage, a handshake up to the server's signature shows that it is the cloud.")
    if plan.holds_lease:
        _say(
            "An address is leased by DHCP for a device that is new here, renewed as a device does, and given back at "
            "the end."
        )
    for limit in limits:
        _say(limit)
    _say(f"watching; kept in {path}; Ctrl-C ends it")


def _say(text: str) -> None:
    from netpreflight.agent.called import as_called, called  # noqa: PLC0415 - as above
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"netpreflight: {as_called(shown(text), called(os.environ))}\n")
        sys.stderr.flush()


class _Line:
    """One line on the terminal that says how it goes on; without a terminal, nothing."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._last = ""

    def show(self, state: "State") -> None:
        """Write it anew, where it has changed."""
        if not self._is_shown:
            return
        from netpreflight.agent.counted import counted  # noqa: PLC0415 - as above
        from netpreflight.agent.watch.durations import in_words  # noqa: PLC0415

        well = "all well" if state.reached else "nothing known yet"
        now = f"{state.open[-1].layer} is broken" if state.open else well
        minutes = (state.now.at - state.begun_at) // 60 * 60
        text = f"{in_words(minutes) if minutes else 'begun'}: {now}; {counted(state.outages, 'outage')} so far"
        if text != self._last:
            self._last = text
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"\r\x1b[K{text}")
                sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._last:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write("\n")


class _Trouble:
    """Says when what is seen cannot be written any more, and when it can again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_told = False

    def show(self, problem: str | None) -> None:
        """Say it, where it has changed."""
        if self._is_told == (problem is not None):
            return
        self._is_told = problem is not None
        if problem is None:
            _say(f"{self._path} is written again, with what was seen meanwhile")
        else:
            _say(f"{self._path} cannot be written ({problem}): what is seen waits in memory, and is tried again")

    def end(self, problem: str | None) -> None:
        """Say what is lost with the end of the watch."""
        self.show(problem)
        if problem is not None:
            _say(f"{self._path} does not have what was seen since then: it is lost")


class _Textfile:
    """The metrics of a watch, written anew every minute."""

    def __init__(self, path: Path | None, store: Path) -> None:
        self._path, self._store = path, store
        self._due = 0.0
        self._has_failed = False

    def write(self, at: float | None = None) -> None:
        """Write it, if it is time; None: in any case."""
        if self._path is None or (at is not None and at < self._due):
            return
        self._due = (at or 0.0) + METRICS_S
        from netpreflight.agent.output_files import write  # noqa: PLC0415 - as above
        from netpreflight.agent.watch.reading import read  # noqa: PLC0415
        from netpreflight.agent.watch.tables import StoreError  # noqa: PLC0415
        from netpreflight.reports.watch.prometheus import render  # noqa: PLC0415

        try:
            write(self._path, render(read(self._store)))
        except (OSError, StoreError) as problem:
            if not self._has_failed:
                _say(f"the metrics cannot be written: {problem}")
            self._has_failed = True


def _has_observed(state: "State") -> bool:
    """Whether it can be said that there were outages, or none; see `told.result`."""
    return state.reached or (state.observed and state.outages > 0)


def _summary(state: "State", path: Path) -> str:
    """What came of it, and how to read it."""
    import datetime as dt  # noqa: PLC0415 - as above

    from netpreflight.agent.watch.durations import in_words  # noqa: PLC0415

    if not _has_observed(state):
        return f"nothing could be observed: {_not_seen(state)}"
    passed = in_words(state.now.at - state.begun_at)
    at = dt.datetime.fromtimestamp(state.now.wall, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    what = {0: "no outage", 1: "1 outage"}.get(state.outages, f"{state.outages} outages")
    return f"{what} in {passed}, until {at}; see: netpreflight watch report {path}"


def _not_seen(state: "State") -> str:
    """Why it is not known whether something broke."""
    if "cloud" in state.unasked and state.observed:
        return f"the device's cloud could not be asked ({state.unasked['cloud']}); netpreflight check shows more"
    return f"{'nothing behind the router' if state.observed else 'no part of the network'} ever answered"


def _json(texts: list[str]) -> str:
    import json  # noqa: PLC0415 - as above

    return json.dumps(texts)

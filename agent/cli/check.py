"""`netpreflight check`: measure, judge, report."""

import contextlib
import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.checked import (
    check_contact,
    check_dialects,
    check_labels,
    check_outputs,
    choose_level,
    load_profile,
    read_ssid,
)
from netpreflight.agent.cli.device_log import open_given_log, read_given_log
from netpreflight.agent.cli.exits import EXIT_CODES, UsageError
from netpreflight.agent.cli.measuring import measure, open_capture, read_air, read_asked, scope_of, start_device
from netpreflight.agent.cli.options import Contact, Device, Dialects, Full, Json, Os, Output, Redact, Share
from netpreflight.agent.cli.outputs import deliver, every_file, page_of
from netpreflight.agent.cli.screen import called_by_root, invocation, show_report
from netpreflight.agent.start import INTERRUPTED, stop_at_once

if TYPE_CHECKING:
    from netpreflight.agent.next_step import Invocation
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import Report, Run, SetUp, SharingLevel
    from netpreflight.probes.observations import Event

PREPARE_AFTER_S = 0.3
MOST_WORK_S, MOST_BLOCKED_S = 0.6, 3.0
"""How long the report of a run that the user stopped may take, of the processor's time and by the clock."""


def check(
    context: typer.Context,
    *,
    device: Device = None,
    os_version: Os = None,
    ssid: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Wi-Fi network to judge; without this option, the one that this laptop is on, or one of those in "
            "range that you pick on the terminal.",
        ),
    ] = None,
    capture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read a Wi-Fi capture (pcap, pcapng) instead of scanning.")
    ] = None,
    interface: Annotated[str | None, typer.Option(metavar="IF", help="Network interface to measure.")] = None,
    device_log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            metavar="FILE",
            help="The device's own log: what it shows is reported beside each stage of this run.",
        ),
    ] = None,
    log_port: Annotated[
        str | None,
        typer.Option(
            metavar="auto|NAME",
            help="The device's own log, read live before the network is measured, for 90 s at most: from the Particle "
            "device that is connected by USB (auto), or from this serial port. Nothing is written to the port.",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="ID,...", help="Judge these checks or groups only, such as wifi or cloud.transport."),
    ] = None,
    skip: Annotated[
        str | None,
        typer.Option(
            metavar="ID,...", help="Checks or groups to leave out; vendor-status: do not ask the vendor's status page."
        ),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Wait for the cloud as long as a device does, trace the path to it, and test how long a NAT keeps an "
            "idle conversation; takes about 1 min.",
        ),
    ] = False,
    as_whom: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="device",
            help="Measure as the device: with a MAC address, a DHCP lease and requests of its own. By cable a second "
            "MAC address appears at the switch port, and this laptop stays online; that needs root. By Wi-Fi this "
            "laptop joins as the device, and is off its own network for the run.",
        ),
    ] = None,
    mac: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|PREFIX",
            help="With --as device: the device's MAC address, or the first three to five bytes, in any usual form "
            "(94:94:4a:12:34:56, 94-94-4A-12-34-56, 9494.4a12.3456, 94944a123456). Without this option, an address is "
            "made up: for this network and this laptop always the same, with the maker's prefix if that is known.",
        ),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-",
            help="With --as device by Wi-Fi: the network's passphrase, from a file or standard input (-); empty, or an "
            "empty line: the network is open. Without this option, you are asked for it.",
        ),
    ] = None,
    saved_passphrase: Annotated[
        bool,
        typer.Option(
            "--saved-passphrase", help="With --as device by Wi-Fi: use the passphrase that NetworkManager has saved."
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --as device: also run where that is refused because the switch port might shut down, or this "
            "laptop's Wi-Fi might not reconnect by itself.",
        ),
    ] = False,
    site: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="The name of this site for netpreflight fleet. It is saved in the run, and shown in all reports "
            "of the run except public ones.",
        ),
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Where at the site this laptop is, such as a room; saved and shown as --site is."
        ),
    ] = None,
    dialects: Dialects = None,
    output: Output = None,
    contact: Contact = None,
    share: Share = None,
    redact: Redact = False,
    full: Full = False,
    no_keep: Annotated[
        bool,
        typer.Option(
            "--no-keep",
            help="Do not keep this run. Without this option its complete report is kept, for netpreflight report and "
            "rules, as the file that is named at the end. The newest 20 stay. With --redact no run is kept.",
        ),
    ] = False,
    as_json: Json = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Also write to standard error what was sent and received, with times. With --share ticket "
            "or public, the trace is printed at the end of the run, and holds only what that level allows.",
        ),
    ] = False,
) -> int:
    """Measure the network that this laptop is on, judge it for a device, and report.

    As root it also asks for a DHCP lease as a device that the network has never seen, and gives it back. What was
    sent, and to whom, is listed in the report's footprint.
    """
    gc.disable()  # modules loaded now stay, so looking through them for garbage would waste time (30 ms)
    from netpreflight.agent.kept_runs import KeptRun  # noqa: PLC0415 - usage errors do not wait for these
    from netpreflight.agent.privilege import give_up, start_helper  # noqa: PLC0415

    outputs, is_root, labels = check_outputs(output), called_by_root(), check_labels(site=site, place=place)
    kept = None if no_keep or redact or share == "public" else KeptRun()
    # The helper starts before the rest is loaded, so that its process stays small.
    helper = start_helper(every_file(outputs), kept) if context.obj else None
    from msgspec import structs  # noqa: PLC0415 - loaded only where it is needed

    from netpreflight.agent import judging  # noqa: PLC0415
    from netpreflight.agent.next_step import Options, known_before  # noqa: PLC0415
    from netpreflight.agent.selection import UnknownCheckError, select  # noqa: PLC0415
    from netpreflight.probes.net.clock import CLOCK  # noqa: PLC0415
    from netpreflight.reports.terminal import Terminal  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    level = choose_level(share, redact=redact)
    products, who_asks = check_dialects(dialects), check_contact(contact, outputs, level)
    profile = load_profile(device, os_version)
    try:
        selection = select(only, skip)
    except UnknownCheckError as problem:
        raise UsageError(str(problem)) from problem
    if (ssid is not None or capture is not None) and not (
        {"wifi"} if as_whom is None else {"wifi", "join"}
    ) & judging.probes_for(selection):
        raise UsageError("--ssid and --capture are for the wifi checks, and this run leaves out all of them")
    name, opened, opened_log = read_ssid(ssid), open_capture(capture), open_given_log(device_log, log_port)
    played = start_device(
        read_asked(as_whom, mac, passphrase_file, uses_saved=saved_passphrase, is_forced=force),
        profile,
        selection,
        name,
        interface,
        helper,
        deep=deep,
        is_traced=debug,
    )
    rights = give_up(helper, reads_port=log_port is not None)  # before anything is read from the network
    air, seen_log = read_air(name, capture, opened), read_given_log(device_log, opened_log, log_port)
    laptop_scope = scope_of(interface)
    if rights is not None:
        laptop_scope.privileges = rights.told(laptop_scope.privileges)
    terminal = Terminal(sys.stderr, CLOCK.monotonic, discreet=level in {"ticket", "public"}, plain=debug)
    by = invocation(
        Options(
            device=device,
            os_version=os_version,
            ssid=name,
            capture=str(capture) if capture else None,
            interface=interface,
            only=only,
            skip=skip,
            deep=deep,
            as_device=played is not None,
            mac=mac,
            passphrase_file=None if passphrase_file in {None, Path("-")} else str(passphrase_file),
        ),
        level,
        is_root=is_root,
    )
    ahead = known_before(laptop_scope, profile, selection, by, has_radio=SYSTEM.has_radio())
    terminal.begin(laptop_scope, profile, deep=deep, ahead=[*ahead, *(played.way.says() if played else [])])
    _prepare(outputs)
    from netpreflight.agent.run import RunSettings  # noqa: PLC0415 - loaded after root's rights are given up

    events: list[Event] = []
    run = measure(
        played,
        RunSettings(
            laptop_scope,
            air,
            profile,
            selection,
            deep=deep,
            # With a level that hides something, the lines wait: what must be hidden is known only at the end.
            trace=(events.append if level in {"ticket", "public"} else _write_event) if debug else None,
            guard=helper,
        ),
        terminal,
    )
    stop_at_once()
    if not run.complete:
        _end_soon()
    del air  # the survey in it may be large, and the run has it
    report, is_stopped = _judge(
        structs.replace(
            run,
            set_up=_set_up_from(),
            observations=structs.replace(run.observations, log=seen_log),
            **labels,
        ),
        profile,
        asks=not as_json and level in {None, "complete"},  # at other levels, the screen shows no network's name
    )
    _write_held_events(report, events, level)
    show = partial(
        show_report, by=_with_picked(by, report), dialects=products, contact=who_asks, full=full, page=page_of(outputs)
    )
    deliver(report, profile, show, outputs, products, level, who_asks, as_json=as_json, helper=helper, kept=kept)
    return EXIT_CODES[report.verdict] if run.complete and not is_stopped else INTERRUPTED


def _prepare(outputs: list[Path]) -> None:
    """Load what the report needs (0.2 s, mostly for HTML) in a thread, while the run waits for the network."""
    import threading  # noqa: PLC0415 - as above

    def load() -> None:
        """Load the registry of hardware makers, and the HTML templates if an HTML file is wanted."""
        with contextlib.suppress(Exception):  # an error shows again where the module is used
            from netpreflight.agent.report.hardware_makers import registry  # noqa: PLC0415 - as above

            registry()
            if any(path.suffix == ".html" for path in outputs):
                from netpreflight.reports.html.page import environment, templates  # noqa: PLC0415 - as above

                for name in templates():
                    environment().get_template(name)

    timer = threading.Timer(PREPARE_AFTER_S, load)  # by then the run has sent its packets, and waits for answers
    timer.daemon = True
    timer.start()


def _end_soon() -> None:
    """End the program if the report of a run that the user stopped takes too long.

    The processor's time is limited (`MOST_WORK_S`), so that a busy laptop does not cost the report; and the time by the
    clock (`MOST_BLOCKED_S`), in case a write blocks.
    """
    import _thread  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415

    from netpreflight.probes.net.clock import CLOCK  # noqa: PLC0415

    def worked() -> float:
        """The processor's time that this process has used so far, in seconds."""
        return sum(os.times()[:2])

    work_end, end = worked() + MOST_WORK_S, CLOCK.monotonic() + MOST_BLOCKED_S

    def watch() -> None:
        """Wait until either limit is reached, and then do what Ctrl-C does."""
        while worked() < work_end and CLOCK.monotonic() < end:
            CLOCK.hold_up(0.02)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write("netpreflight: the report takes too long\n")
        _thread.interrupt_main()

    with contextlib.suppress(RuntimeError):  # the system allows no more threads: without a limit, then
        threading.Thread(target=watch, name="end soon", daemon=True).start()


def _set_up_from() -> "SetUp | None":
    """Where `./netpreflight` took packages from, if it installed them just before this run; None: it did not."""
    told = os.environ.get("NETPREFLIGHT_SET_UP")
    return "PyPI" if told == "PyPI" else "mirror" if told == "mirror" else None


def _judge(run: "Run", profile: "Profile", *, asks: bool) -> "tuple[Report, bool]":
    """The report, and whether the user pressed Ctrl-C when asked.

    If several networks are in range and `asks` is set, the user picks the one that the report is for.
    """
    from netpreflight.agent.picker import can_ask, pick  # noqa: PLC0415 - as above
    from netpreflight.agent.report import aimed_at, make  # noqa: PLC0415

    made = make(run, profile)
    if not (asks and run.complete and len(made.networks) > 1 and can_ask(sys.stdin, sys.stdout)):
        return made, False
    try:
        name = pick(made.networks, sys.stdin, sys.stdout)
    except KeyboardInterrupt:
        return made, True
    return (made if name is None else make(aimed_at(run, name), profile)), False


def _with_picked(by: "Invocation", report: "Report") -> "Invocation":
    """The invocation with `--ssid` for the network that the user picked; if none was picked, as it was."""
    from msgspec import structs  # noqa: PLC0415 - as above

    wifi = report.observations.wifi
    if wifi is None or wifi.target_from != "picked":
        return by
    return structs.replace(by, options=structs.replace(by.options, ssid=wifi.target))


def _write_event(event: "Event") -> None:
    """Write a line of --debug; an error in writing it does not end the run."""
    from netpreflight.reports.debug import line  # noqa: PLC0415 - as above

    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(line(event))


def _write_held_events(report: "Report", events: "list[Event]", level: "SharingLevel | None") -> None:
    """Write the lines of --debug that waited for the end of the run, with what `level` does not allow removed."""
    from netpreflight.reports.debug import shared_lines  # noqa: PLC0415 - as above

    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.writelines(shared_lines(report, events, level or "complete"))

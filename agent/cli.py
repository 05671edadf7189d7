"""The command line: arguments in, a report out, and the exit code."""

import contextlib
import gc
import io
import os
import signal
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer
from typer.core import TyperGroup

from netpreflight.agent.start import CANNOT_WRITE, INTERRUPTED, stop, stop_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from netpreflight.agent.as_device.asked import Asked
    from netpreflight.agent.as_device.both import Played
    from netpreflight.agent.compare import Comparison, Given
    from netpreflight.agent.kept_runs import KeptRun
    from netpreflight.agent.next_step import Invocation, Options
    from netpreflight.agent.owner import Owner
    from netpreflight.agent.privilege.helper import Helper
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import Device as JudgedDevice
    from netpreflight.agent.report import Report, Run, SetUp, SharingLevel
    from netpreflight.agent.results import Led, LogAnswer
    from netpreflight.agent.run import AirChoice
    from netpreflight.agent.selection import Selection
    from netpreflight.probes.net.sockets import Trace
    from netpreflight.probes.observations import DeviceLog, Event, Scope
    from netpreflight.reports.terminal import Terminal

EXIT_CODES = {"compatible": 0, "compatible-with-warnings": 0, "incompatible": 1, "undetermined": 3}
WRONG_USAGE = 2
PREPARE_AFTER_S = 0.3
LONGEST_CONTACT = 200
LONGEST_LOG_S = 86_400
MOST_WORK_S, MOST_BLOCKED_S = 0.6, 3.0
"""How long the report of a run that the user stopped may take, of the processor's time and by the clock."""


def _devices(incomplete: str) -> list[str]:
    """The devices that a shell offers."""
    from netpreflight.agent.profiles import names  # noqa: PLC0415 - loaded only where it is needed

    return [name for name in names() if name.startswith(incomplete)]


def _dialects(incomplete: str) -> list[str]:
    """The products with rules of their own that a shell offers."""
    from netpreflight.reports.firewall import DIALECTS  # noqa: PLC0415 - as above

    return [name for name in DIALECTS if name.startswith(incomplete)]


def _levels(incomplete: str) -> list[str]:
    """The levels of sharing that a shell offers."""
    from netpreflight.agent.report import LEVELS  # noqa: PLC0415 - as above

    return [level for level in LEVELS if level.startswith(incomplete)]


def _pages(incomplete: str) -> list[str]:
    """The pages of checks that a shell offers."""
    from netpreflight.agent.check_pages import names  # noqa: PLC0415 - as above

    return [name for name in names() if name.startswith(incomplete)]


class Commands(TyperGroup):
    """The commands; without the name of one, it is `check`: its options are explained and completed here, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `check` before its options."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        is_option_of_check = bool(args) and args[0].startswith("-") and args[0].partition("=")[0] not in own
        if is_option_of_check:
            args = ["check", *args]
        elif not (args or ctx.resilient_parsing):  # a shell that completes asks with no words
            args = ["guided" if _is_double_clicked() else "check"]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options and commands, and then the options of `check`."""
        super().format_options(ctx, formatter)
        with formatter.section("Options of check, the command if none is named"):
            formatter.write_dl([parameter.get_help_record(ctx) for parameter in self.commands["check"].params])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What a shell offers for the word before the cursor."""
        found = super().shell_complete(ctx, incomplete)
        return found + (self.commands["check"].shell_complete(ctx, incomplete) if incomplete.startswith("-") else [])


app = typer.Typer(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[COMMAND] [ARGS]...",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Will this network let a 2.4 GHz IoT device online, and if not, who has to change what? "
    "Without a command: check. Exit codes: 0 compatible (with or without warnings), 1 incompatible, 2 wrong usage, "
    "3 undetermined, 130 cut short.",
)

SavedRun = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="A report saved as JSON or as a page (HTML), complete or for a ticket; without it, the newest of the runs "
        "that are kept.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.toml",
        autocompletion=_devices,
        help="Device to judge for: generic (the default), argon, core, msom, p1, p2, photon, photon2, or a company's "
        "own file.",
    ),
]
Os = Annotated[
    str | None,
    typer.Option(
        "--os",
        metavar="VERSION",
        help="Device OS version, such as 4.2.0; without this option, and for a newer one, the newest known.",
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Also write the report: .html, .json, .md or .txt; or .eml: the request to whoever has to change "
        "something, as a mail that is not sent. May be repeated.",
    ),
]
ComparisonOutput = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Also write the comparison: .html, .json, .md or .txt. May be repeated."
    ),
]
Dialects = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="DIALECT",
        autocompletion=_dialects,
        help="Also print the firewall change for this product (see netpreflight rules --help). May be repeated.",
    ),
]
Contact = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Who asks, such as a name and a telephone number: the last line of each request, on pages, in Markdown, "
        "texts and mails. It is saved nowhere else.",
    ),
]
Share = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL",
        autocompletion=_levels,
        help="What the files and the screen may show: complete, ticket (without other networks' names, this laptop's "
        "MAC addresses and texts of web pages) or public (no name and no address of this place). Default: .json files "
        "and the terminal are complete, other files are for a ticket.",
    ),
]
Redact = Annotated[bool, typer.Option("--redact", help="The same as --share public, for a post in a forum.")]
Full = Annotated[
    bool, typer.Option("--full", help="Show everything, and not only the answer: all checks, and what each rests on.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on standard output.")]


class UsageError(Exception):
    """The user's request cannot be carried out; the message says what is allowed."""


def _show_licences(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    """Print the licences, and exit."""
    if wanted:
        from netpreflight.agent.licences import text  # noqa: PLC0415 - as above

        sys.stdout.write(text())
        raise typer.Exit


@app.callback()
def no_command(
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    licences: Annotated[  # noqa: ARG001 - answered where it is read, because no command need follow
        bool,
        typer.Option(
            "--licences",
            is_eager=True,
            callback=_show_licences,
            help="Show the licences of the program and of what is in it, and exit.",
        ),
    ] = False,
) -> None:
    """What stands before the command."""
    if version:
        from netpreflight.agent import __version__  # noqa: PLC0415 - as above

        sys.stdout.write(f"netpreflight {__version__}\n")
        raise typer.Exit


@app.command()
def check(
    context: typer.Context,
    *,
    device: Device = None,
    os_version: Os = None,
    ssid: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Wi-Fi network to judge; without this option, the one that this laptop is on, or one that you pick "
            "on the terminal of those in range.",
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
            help="The device's own log, to be read beside this run: what the device saw stands beside each stage.",
        ),
    ] = None,
    log_port: Annotated[
        str | None,
        typer.Option(
            metavar="auto|NAME",
            help="The same, live from USB, before the network is measured: of the Particle device that is connected "
            "(auto), or from this port, for 90 s at most. Nothing is written to it.",
        ),
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="ID,...", help="Judge these checks or groups only.")] = None,
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
            help="Be the device: with its own MAC address, lease and exchanges. By cable a second MAC address appears "
            "at this port, and this laptop stays online; it needs root.",
        ),
    ] = None,
    mac: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|PREFIX",
            help="With --as device: the MAC address, or what it begins with. Without this option it is made for this "
            "network and this laptop, the same each time, with the maker's prefix if that is known.",
        ),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-",
            help="With --as device by Wi-Fi: the network's passphrase, from a file or standard input (-); without this "
            "option it is asked for.",
        ),
    ] = None,
    saved_passphrase: Annotated[
        bool, typer.Option("--saved-passphrase", help="Use the passphrase that this laptop has saved instead.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --as device: take the risk where it is refused because the port or the connection may not come "
            "back by itself.",
        ),
    ] = False,
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
    gc.disable()  # what is loaded now stays, and need not be looked through for garbage (30 ms)
    from netpreflight.agent.kept_runs import KeptRun  # noqa: PLC0415 - usage errors do not wait for these
    from netpreflight.agent.privilege import give_up, start_helper  # noqa: PLC0415

    outputs, is_root = _check_outputs(output), _is_root()
    kept = None if no_keep or redact or share == "public" else KeptRun()
    # Before the rest is loaded, so that it stays small.
    helper = start_helper(_every_file(outputs), kept) if context.obj else None
    from msgspec import structs  # noqa: PLC0415 - as above

    from netpreflight.agent import judging, profiles  # noqa: PLC0415
    from netpreflight.agent.next_step import Options, known_before  # noqa: PLC0415
    from netpreflight.agent.selection import UnknownCheckError, select  # noqa: PLC0415
    from netpreflight.probes.net.clock import CLOCK  # noqa: PLC0415
    from netpreflight.probes.scope import scope  # noqa: PLC0415
    from netpreflight.reports.terminal import Terminal  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    level = _choose_level(share, redact=redact)
    products, who_asks = _check_dialects(dialects), _check_contact(contact, outputs, level)
    try:
        profile = profiles.load(device or profiles.DEFAULT, os_version)
        selection = select(only, skip)
    except (profiles.UnknownDeviceError, UnknownCheckError) as problem:
        raise UsageError(str(problem)) from problem
    if (ssid is not None or capture is not None) and not (
        {"wifi"} if as_whom is None else {"wifi", "join"}
    ) & judging.probes_for(selection):
        raise UsageError("--ssid and --capture are for the wifi checks, and this run leaves out all of them")
    name, opened, opened_log = _read_ssid(ssid), _open_capture(capture), _open_one_log(device_log, log_port)
    played = _start_device(
        _asked(as_whom, mac, passphrase_file, uses_saved=saved_passphrase, is_forced=force),
        profile,
        selection,
        name,
        interface,
        helper,
        deep=deep,
        is_traced=debug,
    )
    rights = give_up(helper)  # before anything is read from the network
    air, seen_log = _read_air(name, capture, opened), _read_one_log(device_log, opened_log, log_port)
    laptop_scope = scope(interface)
    if rights is not None:
        laptop_scope.privileges = rights.told(laptop_scope.privileges)
    if interface is not None and interface not in laptop_scope.interfaces:
        raise UsageError(f"no interface {interface!r}; this laptop has: {', '.join(laptop_scope.interfaces)}")
    terminal = Terminal(sys.stderr, CLOCK.monotonic, discreet=level in {"ticket", "public"}, plain=debug)
    by = _invocation(
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
        ),
        level,
        is_root=is_root,
    )
    ahead = known_before(laptop_scope, profile, selection, by, has_radio=SYSTEM.has_radio())
    terminal.begin(laptop_scope, profile, deep=deep, ahead=[*ahead, *(played.way.says() if played else [])])
    _prepare(outputs)
    events: list[Event] = []
    run = _measure(
        played,
        laptop_scope,
        air,
        profile,
        selection,
        terminal,
        deep=deep,
        # With a level that hides something, the lines wait: what must be hidden is known only at the end.
        trace=(events.append if level in {"ticket", "public"} else _write_event) if debug else None,
        guard=helper,
    )
    stop_at_once()
    if not run.complete:
        _end_soon()
    del air  # its survey, which may be large, is in the run
    report, left = _judge(
        structs.replace(run, set_up=_set_up_from(), observations=structs.replace(run.observations, log=seen_log)),
        profile,
        asks=not as_json and level in {None, "complete"},  # the others name no network on the screen
    )
    _write_held_events(report, events, level)
    show = partial(
        _show, by=_with_picked(by, report), dialects=products, contact=who_asks, full=full, page=_page_of(outputs)
    )
    _deliver(report, profile, show, outputs, products, level, who_asks, as_json=as_json, helper=helper, kept=kept)
    return EXIT_CODES[report.verdict] if run.complete and not left else INTERRUPTED


@app.command()
def report(
    file: SavedRun = None,
    *,
    device: Device = None,
    os_version: Os = None,
    dialects: Dialects = None,
    output: Output = None,
    contact: Contact = None,
    share: Share = None,
    redact: Redact = False,
    full: Full = False,
    as_json: Json = False,
) -> int:
    """Judge a saved run again, without a network: by today's rules, or for another device.

    Of a report that was made for a ticket everything that is written and printed is for a ticket, too.
    """
    from netpreflight.agent.next_step import options_of  # noqa: PLC0415 - as above
    from netpreflight.agent.report import LEVELS, make  # noqa: PLC0415

    outputs, products, level = _check_outputs(output), _check_dialects(dialects), _choose_level(share, redact=redact)
    saved = file or _newest_kept("report")
    run, profile = _saved(saved, device, os_version)
    own_level: SharingLevel = run.sharing if run.sharing == "ticket" else "complete"
    if own_level == "ticket" and level == "complete":
        raise UsageError(f"{saved} was made for a ticket, so its report cannot be complete: leave --share complete out")
    level = level or ("ticket" if own_level == "ticket" else None)
    for path in outputs:
        if _is_same(saved, path) and LEVELS.index(_level_of(path, level)) > LEVELS.index(own_level):
            raise UsageError(f"-o {saved} would replace the {own_level} run with one that shows less: give another -o")
    who_asks = _check_contact(contact, outputs, level)
    again = make(run, profile)
    by = _invocation(options_of(again), level, is_root=_is_root())
    show = partial(
        _show,
        by=by,
        dialects=products,
        contact=who_asks,
        full=full,
        file=file,
        is_newest=file is None,
        page=_page_of(outputs),
    )
    _deliver(again, profile, show, outputs, products, level, who_asks, as_json=as_json)
    return EXIT_CODES[again.verdict]


@app.command()
def compare(
    a: Annotated[
        Path,
        typer.Argument(
            metavar="A", help="A run saved as JSON. If both runs are from the same network, give the earlier one here."
        ),
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other run saved as JSON.")],
    *,
    device: Device = None,
    os_version: Os = None,
    output: ComparisonOutput = None,
    share: Share = None,
    redact: Redact = False,
    as_json: Json = False,
) -> int:
    """Put two saved runs side by side: what differs, what that rules out, what got better and what got worse.

    The runs may be of one laptop on two networks, such as a customer's and a phone's hotspot, or of one network before
    and after a change. Both are judged again, for the device of A or for --device. Exit codes: 0 nothing that the
    device needs is worse in B, 1 something that it needs worked in A and fails in B, 2 wrong usage, 3 not known.
    """
    from netpreflight.agent.compare import compare as compared  # noqa: PLC0415 - as above
    from netpreflight.reports.comparison import FORMATS  # noqa: PLC0415
    from netpreflight.reports.comparison.terminal import show  # noqa: PLC0415
    from netpreflight.reports.sharing import hidden  # noqa: PLC0415

    outputs, level = _check_outputs(output, list(FORMATS)), _choose_level(share, redact=redact)
    for run in (a, b):
        if any(_is_same(run, file_path) for file_path in outputs):
            raise UsageError(f"-o {run} would replace one of the two runs with the comparison: give another -o")
    first, second, profile = _two_saved(a, b, device, os_version)
    comparison = compared(first, second, profile)

    @cache
    def at_level(wanted_level: "SharingLevel") -> "Comparison":
        return (
            comparison
            if wanted_level == "complete"
            else hidden(comparison, [first.report, second.report], wanted_level)
        )

    failed = _write_each(outputs, level, lambda path, wanted_level: FORMATS[path.suffix](at_level(wanted_level)))
    if sys.stdout is None:
        raise UsageError("cannot show the comparison: standard output is closed")
    if as_json:
        sys.stdout.buffer.write(FORMATS[".json"](at_level(level or "complete")).encode())
    else:
        show(at_level(level or "complete"), sys.stdout)
    if failed:
        raise UsageError("; ".join(failed))
    return {True: 1, False: 0, None: 3}[comparison.worse]


@app.command()
def rules(
    file: SavedRun = None,
    *,
    dialect: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="DIALECT",
            autocompletion=_dialects,
            help="The product: nftables, iptables, pf, windows, ios, asa, fortios, panos, srx, routeros, opnsense, "
            "pfsense, unifi or meraki.",
        ),
    ],
    device: Device = None,
    os_version: Os = None,
) -> int:
    """Print the firewall change that the device needs, as text for one product.

    The saved run is judged again. Read the text before you use it: replace the names of interfaces, zones and lists by
    your own.
    """
    from netpreflight.agent.report import make  # noqa: PLC0415 - as above
    from netpreflight.agent.report.notes import on_newer_version  # noqa: PLC0415
    from netpreflight.reports.firewall import render  # noqa: PLC0415
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415

    _check_dialects([dialect])
    run, profile = _saved(file or _newest_kept("rules"), device, os_version)
    text = render(make(run, profile).changes, dialect)
    if sys.stdout is None:
        raise UsageError("cannot print the rules: standard output is closed")
    sys.stdout.write(text)
    if profile.asked_os is not None and sys.stderr is not None:  # what is on standard output may be pasted
        note = on_newer_version(profile.title, profile.asked_os, profile.os_version)
        sys.stderr.write(f"netpreflight: {shown(note)}\n")
    return 0


@app.command()
def devices(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE.toml]",
            autocompletion=_devices,
            help="Show every fact of this device; without a name, list all devices.",
        ),
    ] = None,
    *,
    os_version: Os = None,
) -> int:
    """List the known devices, or show every fact about one of them, with its source and how sure it is."""
    import shutil  # noqa: PLC0415 - as above

    from netpreflight.agent import profiles  # noqa: PLC0415
    from netpreflight.reports.devices import render_list, render_sheet  # noqa: PLC0415

    if name is None and os_version is not None:
        raise UsageError("--os needs a device: netpreflight devices NAME --os VERSION")
    width = shutil.get_terminal_size().columns
    try:
        text = (
            render_list([profiles.sheet(name) for name in profiles.names()], width)
            if name is None
            else render_sheet(profiles.sheet(name, os_version), width)
        )
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem
    if sys.stdout is None:
        raise UsageError("cannot show the devices: standard output is closed")
    sys.stdout.write(text)
    return 0


@app.command()
def explain(
    check: Annotated[
        str,
        typer.Argument(
            metavar="CHECK",
            autocompletion=_pages,
            help="A check's id, such as cloud.transport; a group, such as wifi, to list its checks; common or routers.",
        ),
    ],
    problem: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROBLEM]",
            help="Show only the part about this problem, such as no-answer, of the check's page; of the page routers, "
            "one router's settings, such as eero.",
        ),
    ] = None,
) -> int:
    """Print the page of one check: what it asks and sends, what each problem means, and who changes what, and where.

    It needs no network. The page "common" has the problems that any check can have; the page "routers" says where
    common routers keep the settings that the checks ask for.
    """
    from netpreflight.agent import check_pages as pages  # noqa: PLC0415 - as above
    from netpreflight.agent.called import called  # noqa: PLC0415
    from netpreflight.agent.suggested import suggested  # noqa: PLC0415
    from netpreflight.reports.check_page import print_page  # noqa: PLC0415
    from netpreflight.reports.console import on_terminal  # noqa: PLC0415

    if problem is None and check not in pages.names() and (group := pages.of_group(check)):
        text = group
    elif check not in pages.names():
        raise UsageError(f"no check {check!r}{suggested(check, pages.names())}")
    elif problem is None or check != pages.ROUTERS:
        known = pages.sections(check)
        if problem is not None and problem not in known:
            own = [name for name in known if f"\n## {name}\n" in pages.page(check)]
            raise UsageError(f"{check} has no problem {problem!r}{suggested(problem, own)}")
        text = pages.with_settings(check, problem)
    else:
        settings = pages.router_settings()
        text = settings.get(problem) or pages.of_router(problem)
        if not text:
            raise UsageError(f"no router or setting {problem!r}{suggested(problem, [*settings, *pages.routers()])}")
        text = f"# {check}\n\n{text}"
    if sys.stdout is None:
        raise UsageError("cannot show the page: standard output is closed")
    print_page(on_terminal(sys.stdout), text, called(os.environ))
    return 0


@app.command()
def guided(
    *,
    device: Device = None,
    ssid: Annotated[
        str | None, typer.Option(metavar="NAME", help="Wi-Fi network to judge; without this option as for check.")
    ] = None,
) -> int:
    """Ask for the device, make a run, and open its report in the browser: for a start by a double click.

    The report is written to report.html in the folder for documents, with a number where there is one already. Where a
    run as root or administrator would settle something, it offers that. The window stays open until Enter is pressed,
    also after an error. Exit codes: as for check.
    """
    from tempfile import gettempdir  # noqa: PLC0415 - as above

    import platformdirs  # noqa: PLC0415

    from netpreflight.agent.called import words  # noqa: PLC0415
    from netpreflight.agent.double_click import Window, guide, place  # noqa: PLC0415
    from netpreflight.agent.kept_runs import place as kept_place  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415
    from netpreflight.systems.programs import open_in_browser, run_here  # noqa: PLC0415

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def ask(question: str) -> str:
        SYSTEM.forget_typed()
        sys.stdout.write(question)
        sys.stdout.flush()
        try:
            return sys.stdin.readline().strip()
        except (OSError, ValueError):  # the terminal is gone, or what was typed is no text
            return ""

    def newest() -> Path | None:
        with contextlib.suppress(OSError):
            return kept_place().newest()
        return None

    if sys.stdin is None or sys.stdout is None:
        raise UsageError("guided asks in a window: standard input or output is closed")
    # What is asked and said can be stopped; a run is a process of its own, which ends as every run does.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    window = Window(
        say=say,
        ask=ask,
        run=run_here,
        newest=newest,
        open_page=open_in_browser,
        program=words(os.environ),
        system=SYSTEM,
    )
    folders = [platformdirs.user_documents_path(), Path.home(), Path(gettempdir())]
    return guide(window, place(folders), device, ssid)


@app.command()
def doctor(context: typer.Context, *, as_json: Json = False) -> int:
    """Say what this laptop can and cannot measure, and the one step that unlocks each; contacts nobody.

    What it says is what a run as the same user goes by. Exit codes: 0 every check can be made, 3 something cannot be
    measured.
    """
    from netpreflight.agent.doctor import examine  # noqa: PLC0415 - as above
    from netpreflight.agent.kept_runs import KeptRun  # noqa: PLC0415
    from netpreflight.agent.privilege import give_up, start_helper  # noqa: PLC0415
    from netpreflight.probes.scope import scope  # noqa: PLC0415
    from netpreflight.reports.doctor import render  # noqa: PLC0415
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415
    from netpreflight.reports.terminal.doctor import show  # noqa: PLC0415

    kept_in = KeptRun().folder  # as root, before root's rights are given up
    # As a run does, so that what is left is what a run has.
    rights = give_up(start_helper([]) if context.obj else None)
    laptop_scope = scope()
    if rights is not None:
        laptop_scope.privileges = rights.told(laptop_scope.privileges)
    found = examine(laptop_scope, shown(str(kept_in)) if kept_in else None)
    if sys.stdout is None:
        raise UsageError("cannot show what this laptop can measure: standard output is closed")
    if as_json:
        sys.stdout.buffer.write(render(found).encode())
    else:
        show(found, sys.stdout)
    return 0 if found.can_all else 3


@app.command()
def led(
    words: Annotated[
        list[str],
        typer.Argument(metavar="WORDS", help='What the light does, such as "cyan, then orange twice".'),
    ],
    *,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            autocompletion=_devices,
            help="The device whose light it is; without this option, any Particle device with Wi-Fi.",
        ),
    ] = None,
    os_version: Annotated[
        str | None,
        typer.Option("--os", metavar="VERSION", help="Its Device OS version; without this option, any."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Say what a device's light means, from its colours and how it blinks: which stage, and what to do.

    Say it as you see it: colours in order, how each blinks, and how often. While it may be several lights, there is one
    question that tells them apart; a terminal takes an answer to it. A program on the device may use the light itself:
    then this does not hold. It needs no network. Exit codes: 0 it is one light, 3 several or none.
    """
    from netpreflight.agent import profiles  # noqa: PLC0415 - as above
    from netpreflight.agent.called import called  # noqa: PLC0415
    from netpreflight.agent.lights import looked_up  # noqa: PLC0415
    from netpreflight.agent.picker import can_ask  # noqa: PLC0415
    from netpreflight.reports.led import render  # noqa: PLC0415
    from netpreflight.reports.terminal.led import show  # noqa: PLC0415

    if sys.stdout is None:
        raise UsageError("cannot say what the light means: standard output is closed")
    said = " ".join(words)
    try:
        found = looked_up(said, device, os_version)
        if as_json:
            sys.stdout.buffer.write(render(found).encode())
            return 0 if len(found.rows) == 1 else 3
        show(found, sys.stdout, called(os.environ), _page_about(found))
        if found.question is not None and can_ask(sys.stdin, sys.stdout):
            sys.stdout.write("Answer (Enter: none): ")
            sys.stdout.flush()
            if answer := sys.stdin.readline().strip():
                found = looked_up(said, device, os_version, answer)
                show(found, sys.stdout, called(os.environ), _page_about(found))
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem
    return 0 if len(found.rows) == 1 else 3


@app.command()
def log(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE|-]", help="The log of a device, as it was printed; -: standard input."),
    ] = None,
    *,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="auto|NAME",
            help="Read the log live from a serial port, and not from a file: of the Particle device that is connected "
            "by USB (auto), or of this port. Nothing is written to it.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="With --port: read for so long at most, if the device is not online or stops before; "
            "without this option 90.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            autocompletion=_devices,
            help="The device whose log it is; without this option, what the log itself says.",
        ),
    ] = None,
    os_version: Annotated[
        str | None,
        typer.Option("--os", metavar="VERSION", help="Its Device OS version, where the log does not say it."),
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="A saved run: also say what it and the log say together, if both are of one network."
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write the answer: .json, .txt. May be repeated."),
    ] = None,
    share: Share = None,
    redact: Redact = False,
    as_json: Json = False,
) -> int:
    """Read a device's own log (Cloud Debug, particle serial monitor): where it stops, by its own lines.

    A log says what was when it was written. Passphrases and keys in it are cut before anything is kept. It needs no
    network. Exit codes: 0 online, 1 it stops at a stage or was lost, 2 wrong usage, no such port or a port that is in
    use, 3 not known, or no log of a device, 130 stopped (what was read until then is shown).
    """
    from netpreflight.agent import profiles  # noqa: PLC0415 - as above
    from netpreflight.agent.judging.device_log import answered  # noqa: PLC0415
    from netpreflight.reports.device_log import FORMATS  # noqa: PLC0415
    from netpreflight.reports.sharing import hidden  # noqa: PLC0415
    from netpreflight.reports.terminal.device_log import show  # noqa: PLC0415

    outputs, level = _check_outputs(output, list(FORMATS)), _choose_level(share, redact=redact)
    if (file is None) == (port is None):
        raise UsageError(
            "log reads either FILE (- for standard input) or --port auto, a device that is connected by USB"
        )
    if seconds is not None and (port is None or not 0 < seconds <= LONGEST_LOG_S):
        raise UsageError(f"--seconds belongs to --port, and is more than 0 and at most {LONGEST_LOG_S}")
    if file is not None and any(_is_same(file, path) for path in outputs):
        raise UsageError(f"-o {file} would replace the log: give another -o")
    try:
        profile = profiles.load(device, os_version) if device is not None else None
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem
    if os_version is not None and profile is None:
        raise UsageError("--os needs a device: netpreflight log FILE --device NAME --os VERSION")
    is_stopped = False
    if port is not None:
        seen, is_stopped = _read_port(port, seconds)
    elif file is not None:
        seen = _read_log(file, _open_log(file))
    answer = answered(seen, file.name if file else port or "", profile.name if profile else None)
    made = None if beside is None else _beside(seen, beside, device, os_version)
    if made is not None:
        answer = _with_run(answer, made)

    @cache
    def at_level(wanted_level: "SharingLevel") -> "LogAnswer":
        return (
            answer if wanted_level == "complete" else hidden(answer, [made] if made else [], wanted_level, logs=[seen])
        )

    failed = _write_each(outputs, level, lambda path, wanted_level: FORMATS[path.suffix](at_level(wanted_level)))
    if sys.stdout is None:
        raise UsageError("cannot say what the log says: standard output is closed")
    if as_json:
        sys.stdout.buffer.write(FORMATS[".json"](at_level(level or "complete")).encode())
    else:
        show(at_level(level or "complete"), sys.stdout)
    if failed:
        raise UsageError("; ".join(failed))
    return INTERRUPTED if is_stopped else {"online": 0, "stops": 1, "lost": 1}.get(answer.result, 3)


def _read_port(port: str, seconds: float | None) -> "tuple[DeviceLog, bool]":
    """Read a device's log from its serial port; and whether the user ended that."""
    from netpreflight.agent.live_log import read_live  # noqa: PLC0415 - as above
    from netpreflight.probes.serial_port import DEFAULT_S, PortError  # noqa: PLC0415

    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):  # the port is let go first, and what was read is judged
        if signal.getsignal(number) is stop:
            signal.signal(number, lambda *_: stops.append(1))
    try:
        live = read_live(port, seconds or DEFAULT_S, _tell, lambda: bool(stops))
    except PortError as problem:
        raise UsageError(str(problem)) from problem
    finally:
        stop_at_once()
    if live.end == "absent":
        raise UsageError(f"no Particle device was connected by USB within {seconds or DEFAULT_S:g} s")
    return live.seen, live.end == "stopped"


def _beside(seen: "DeviceLog", run_file: Path, device: str | None, os_version: str | None) -> "Report":
    """The report of a saved run, with a device's log in it."""
    from msgspec import structs  # noqa: PLC0415 - as above

    from netpreflight.agent.report import make  # noqa: PLC0415

    run, profile = _saved(run_file, device, os_version)
    return make(structs.replace(run, observations=structs.replace(run.observations, log=seen)), profile)


def _with_run(answer: "LogAnswer", report: "Report") -> "LogAnswer":
    """What a log says, and what it says together with a run."""
    from msgspec import structs  # noqa: PLC0415 - as above

    from netpreflight.agent.report.notes import on_log  # noqa: PLC0415

    told = on_log(report.log or None)[1:]
    run_says = f"The run: {report.headline.rstrip('.')}"
    return structs.replace(answer, notes=[run_says, *(line.rstrip(".") for line in told), *answer.notes])


def _open_one_log(file: Path | None, port: str | None) -> BinaryIO | None:
    """Open the log that a run is given as a file; None: it is given none, or a port."""
    if file is not None and port is not None:
        raise UsageError("--log and --log-port are two logs: give only one of them")
    return _open_log(file) if file is not None else None


def _read_one_log(file: Path | None, opened: BinaryIO | None, port: str | None) -> "DeviceLog | None":
    """The log that a run is given, from a file or a port; None: none. Ctrl-C while a port is read ends the run."""
    if port is not None:
        seen, is_stopped = _read_port(port, None)
        if is_stopped:
            stop(signal.SIGINT, None)
        return seen
    return _read_log(file, opened) if file is not None and opened is not None else None


def _open_log(file: Path) -> BinaryIO:
    """Open a device's log, which perhaps only root may read; -: standard input."""
    if str(file) == "-":
        if sys.stdin is None:
            raise UsageError("cannot read the log: standard input is closed")
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror or problem}") from problem


def _read_log(file: Path, opened: BinaryIO) -> "DeviceLog":
    """Read a log once root's rights have been given up."""
    from netpreflight.agent.profiles.log_lines import KINDS  # noqa: PLC0415 - as above
    from netpreflight.probes.device_log import read_log  # noqa: PLC0415

    try:
        with opened:
            return read_log(opened, KINDS)
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror or problem}") from problem


def _page_about(found: "Led") -> str | None:
    """The page, or the group, of the first check that the only light that is left may be about; None: there is none."""
    from netpreflight.agent import check_pages as pages  # noqa: PLC0415 - as above

    checks = found.rows[0].checks if len(found.rows) == 1 else []
    known = [check for check in checks if check in pages.names()]
    group = known[0].partition(".")[0] if known else ""
    return group if sum(check.startswith(f"{group}.") for check in known) > 2 else known[0] if known else None


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    stop_at_once()
    arguments = sys.argv[1:] if arguments is None else arguments
    is_own_process = arguments == sys.argv[1:]  # then root's rights can be given up: nothing else needs them
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # escape characters that the terminal's encoding lacks
            stream.reconfigure(encoding=_encoding(stream), errors="backslashreplace")
    try:
        code = app(arguments, prog_name="netpreflight", standalone_mode=False, obj=is_own_process)
        sys.stdout.flush()
        if is_own_process:  # everything is said; Python's end would make a traceback of Ctrl-C
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except UsageError as problem:
        _refuse(str(problem))
    except BrokenPipeError:
        _close_standard_output()
        sys.exit(CANNOT_WRITE)
    except OSError as problem:
        _close_standard_output()
        _refuse(f"cannot write the report: {problem.strerror or problem}")
    except Exception as problem:  # typer's own usage errors have `format_message`
        if not hasattr(problem, "format_message"):
            raise
        _refuse(_usage(problem, arguments))
    gc.freeze()  # else Python collects garbage once more on exit, which takes a tenth of a second
    sys.exit(code)


def _encoding(stream: io.TextIOWrapper) -> str | None:
    """The encoding that a standard stream has to have; None: its own."""
    if stream.encoding == "utf-8" or stream.isatty():
        return None
    from netpreflight.systems import SYSTEM  # noqa: PLC0415 - most streams are UTF-8

    return SYSTEM.pipe_encoding


def _usage(problem: Any, arguments: list[str]) -> str:
    """The message of one of typer's usage errors; what was probably meant, or what there is."""
    message, context = problem.format_message(), getattr(problem, "ctx", None)
    if context and hasattr(problem, "possibilities"):
        word = problem.option_name
        if not word.startswith("--"):  # of -device, typer tells only -d
            word = next((word_given for word_given in arguments if word_given.startswith(word)), word).partition("=")[0]
        known = [name for parameter in context.command.get_params(context) for name in parameter.opts]
        message = f"No such option: {word}{_meant(word, known)}"
    missing = {"check": _pages, "dialect": _dialects}.get(getattr(getattr(problem, "param", None), "name", None) or "")
    if missing and message.startswith("Missing"):
        from netpreflight.agent.selection import in_groups  # noqa: PLC0415 - as above

        message = f"{message.rstrip('.')}; known: {in_groups(missing(''))}"
    return f"{message} (see {context.command_path if context else 'netpreflight'} --help)"


def _meant(word: str, known: list[str]) -> str:
    """The end of the message about an option that does not exist: what was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - as above

    typed, names = word.lstrip("-"), [name.lstrip("-") for name in known if name.startswith("--")]
    alike = [name for name in names if name.startswith(typed)] or [name for name in names if typed.startswith(name)]
    alike = alike or get_close_matches(typed, names, n=1, cutoff=0.7)
    return f". Did you mean {' or '.join(f'--{name}' for name in alike)}?" if alike else ""


def _acknowledge_stop(terminal: "Terminal", restored: list[str]) -> None:
    """Say that the run ends, and what is given back first."""
    terminal.close()
    first = f", and giving {' and '.join(restored)} back" if restored else ""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        # Past Python's own buffer, which may be in use at this moment.
        os.write(sys.stderr.fileno(), f"netpreflight: stopping{first}; what was measured is reported\n".encode())


def _judge(run: "Run", profile: "Profile", *, asks: bool) -> "tuple[Report, bool]":
    """The report; of several networks for the one that the user picks, if asked. And whether Ctrl-C was the answer."""
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
    """The invocation that would have named the network that the user picked, if any."""
    from msgspec import structs  # noqa: PLC0415 - as above

    wifi = report.observations.wifi
    if wifi is None or wifi.target_from != "picked":
        return by
    return structs.replace(by, options=structs.replace(by.options, ssid=wifi.target))


def _end_soon() -> None:
    """End the program if the report of a run that the user stopped takes too long.

    What counts is the processor's time, so that a busy laptop does not cost the report; a write that blocks ends, too.
    """
    import _thread  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415

    from netpreflight.probes.net.clock import CLOCK  # noqa: PLC0415

    def worked() -> float:
        return sum(os.times()[:2])

    work_end, end = worked() + MOST_WORK_S, CLOCK.monotonic() + MOST_BLOCKED_S

    def watch() -> None:
        """Wait for either end, and then do what Ctrl-C does."""
        while worked() < work_end and CLOCK.monotonic() < end:
            CLOCK.hold_up(0.02)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write("netpreflight: its report takes too long\n")
        _thread.interrupt_main()

    threading.Thread(target=watch, name="end soon", daemon=True).start()


def _set_up_from() -> "SetUp | None":
    """Where `./netpreflight` took packages from, if it set up directly before it started this."""
    told = os.environ.get("NETPREFLIGHT_SET_UP")
    return "PyPI" if told == "PyPI" else "mirror" if told == "mirror" else None


def _close_standard_output() -> None:
    """Point standard output at the null device: else Python tries to write the rest again on exit, and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)


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


def _deliver(
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
    from netpreflight.reports import MAIL, in_parts  # noqa: PLC0415 - as above
    from netpreflight.reports.sharing import shared  # noqa: PLC0415

    at_level = cache(partial(shared, report, profile=profile))
    failed = _write_each(
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
    elif sys.stdout is None:
        raise UsageError("cannot write the report: standard output is closed")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(part.encode() for part in in_parts(".json", shown_report))
        sys.stdout.buffer.flush()
    if failed:
        raise UsageError("; ".join(failed))


def _keep(report: "Report", kept: "KeptRun", helper: "Helper | None") -> Path | None:
    """Keep the complete report; returns the file, or None if it could not be written, which is told and no failure."""
    from netpreflight.reports import in_parts  # noqa: PLC0415 - as above
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415

    try:
        with _undone_when_stopped():
            return kept.write(in_parts(".json", report), helper)
    except OSError as problem:
        reason = shown(problem.strerror or str(problem))
        where = f" in {shown(str(kept.folder))}" if kept.folder else ""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"netpreflight: this run is not kept{where}: {reason}\n")
        return None


def _newest_kept(command: str) -> Path:
    """The newest of the runs that are kept, for a command that was given no file."""
    from netpreflight.agent.kept_runs import place  # noqa: PLC0415 - as above
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415

    try:
        runs = place()
        file = runs.newest()
    except OSError as problem:
        raise UsageError(f"no kept run can be read: {problem.strerror or problem}") from problem
    if file is None:
        raise UsageError(
            f"no run is kept in {runs.shown(runs.folder)}: check a network first, or name a file: "
            f"netpreflight {command} FILE"
        )
    if sys.stderr is not None:
        sys.stderr.write(f"netpreflight: the newest run is {shown(str(runs.shown(file)))}\n")
    return file


def _is_root() -> bool:
    """Whether root itself called this program, and needs no sudo."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and "SUDO_UID" not in os.environ


def _is_double_clicked() -> bool:
    """Whether this program has a window of its own, in which somebody can be asked."""
    from netpreflight.systems import SYSTEM  # noqa: PLC0415 - as above

    streams = (sys.stdin, sys.stdout)
    return SYSTEM.has_own_window() and all(stream is not None and stream.isatty() for stream in streams)


def _invocation(options: "Options", level: "SharingLevel | None", *, is_root: bool) -> "Invocation":
    """How this program was called, for the commands that it names; with level public, without names."""
    from netpreflight.agent.called import called  # noqa: PLC0415 - as above
    from netpreflight.agent.next_step import Invocation  # noqa: PLC0415

    shared_options = options.without_names() if level == "public" else options
    return Invocation(program=called(os.environ), options=shared_options, is_root=is_root)


def _show(
    report: "Report",
    kept: Path | None,
    *,
    by: "Invocation",
    dialects: list[str],
    contact: str,
    full: bool,
    file: Path | None = None,
    is_newest: bool = False,
    page: Path | None = None,
) -> None:
    """Show the answer on standard output or, with --full, everything.

    Args:
        report: the report, at the level of sharing that the screen may show.
        kept: the file in which this run was kept; None: it was not.
        by: how the user calls this program.
        dialects: the products for which the firewall change is shown, too.
        contact: who asks, for the requests.
        full: whether everything is shown.
        file: the saved run that was named; None: none was.
        is_newest: whether it is the newest of the kept runs, because none was named.
        page: the page that was asked for; None: none was.
    """
    from netpreflight.reports.console import on_terminal  # noqa: PLC0415 - as above
    from netpreflight.reports.terminal.answer import print_answer  # noqa: PLC0415
    from netpreflight.reports.terminal.report import print_report, print_rules  # noqa: PLC0415

    console = on_terminal(sys.stdout)
    if full:
        saved = [str(file)] if file else [] if kept or is_newest else None
        print_report(console, report, dialects, contact, by=by, saved=saved)
    else:
        print_rules(console, report, dialects)
    print_answer(console, report, by, file=file, kept=kept, full=full, page=page)


def _page_of(outputs: list[Path]) -> Path | None:
    """The first page of the files to write; None: there is none."""
    return next((path for path in outputs if path.suffix == ".html"), None)


def _write_each(
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
        wanted_level = _level_of(path, level)
        text, private = render(path, wanted_level), wanted_level == "complete"
        try:
            with _undone_when_stopped():
                if helper is not None:
                    helper.write(path, text, private=private)
                else:
                    write(path, text, private=private, owner=file_owner(), create=SYSTEM.create_private)
        except OSError as problem:
            failed.append(f"cannot write {path}: {problem.strerror or problem}")
        del text  # it may be large, and so may the next one
    return failed


def _level_of(path: Path, level: "SharingLevel | None") -> "SharingLevel":
    """What a file may show: what the user said, else everything in a JSON file, and in others what a ticket may."""
    return level or ("complete" if path.suffix == ".json" else "ticket")


def _write_mails(report: "Report", outputs: list[Path], contact: str, helper: "Helper | None") -> list[str]:
    """Write the request to each owner, and say where that is no file, or several; return as `_write_each` does."""
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
            _tell(f"nothing was found that anybody has to change: no request is written to {path}{older}")
        elif len(found) > 1:
            _tell(f"{len(found)} requests are written: {', '.join(map(str, mails))}")
        texts |= mails
    return _write_each(list(texts), "ticket", lambda path, _: texts[path], helper)


def _exists(path: Path) -> bool:
    """Whether there is such a file, as far as this process, which may have given up root's rights, can see."""
    with contextlib.suppress(OSError):
        return path.exists()
    return False


def _tell(line: str) -> None:
    """Write a line about the files, which does not end the program where nobody reads it."""
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415 - as above

    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"netpreflight: {shown(line)}\n")


def _for_owner(path: Path, owner: "Owner") -> Path:
    """The file of one of several requests: request-network-administrator.eml."""
    return path.with_name(f"{path.stem}-{owner.replace(' ', '-')}{path.suffix}")


def _every_file(outputs: list[Path]) -> list[Path]:
    """Every file that may be written: who is asked for something is known only at the end."""
    from netpreflight.agent.owner import ASKED  # noqa: PLC0415 - as above
    from netpreflight.reports import MAIL  # noqa: PLC0415

    mails = [_for_owner(path, owner) for path in outputs if path.suffix == MAIL for owner in ASKED]
    return list(dict.fromkeys([*outputs, *mails]))


@contextlib.contextmanager
def _undone_when_stopped() -> "Iterator[None]":
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
                f"{path}: made for a ticket: each ticket numbers in its own way what it hides, so two runs cannot be "
                "compared by it; give the complete JSON of the run (-o run.json, without --share)"
            )
    profile = _profile(a, first.device, device, os_version)
    given_a = Given(letter="A", file=a.name, report=make(first.run, profile), saved=first)
    return given_a, Given(letter="B", file=b.name, report=make(second.run, profile), saved=second), profile


def _is_same(file: Path, other: Path) -> bool:
    """Whether both paths lead to the same file."""
    return file.exists() and other.exists() and other.samefile(file)


def _saved(file: Path, device: str | None, os_version: str | None) -> "tuple[Run, Profile]":
    """Load a saved report: its run, and the profile to judge it for."""
    from netpreflight.agent.report import SavedReportError, load  # noqa: PLC0415 - as above

    try:
        run, judged = load(file)
    except SavedReportError as problem:
        raise UsageError(str(problem)) from problem
    return run, _profile(file, judged, device, os_version)


def _profile(file: Path, judged: "JudgedDevice", device: str | None, os_version: str | None) -> "Profile":
    """The profile of the device named, or else of the device in a saved report."""
    from netpreflight.agent import profiles  # noqa: PLC0415 - as above

    try:
        if device is not None:
            return profiles.load(device, os_version)
        if judged.name not in profiles.names():
            raise UsageError(
                f"{file}: judged for {judged.name!r}, which is no known device; give its file: --device FILE.toml"
            )
        return profiles.load(judged.name, os_version or judged.asked_os or judged.os_version)
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem


def _asked(
    as_whom: str | None, mac: str | None, passphrase_file: Path | None, *, uses_saved: bool, is_forced: bool
) -> "Asked | None":
    """What a run as the device is asked; None: the run is to be the laptop, as most are.

    Raises:
        UsageError: the options make no sense together.
    """
    if not (as_whom or mac or passphrase_file or uses_saved or is_forced):
        return None
    from netpreflight.agent.as_device.asked import CannotError, read  # noqa: PLC0415 - as above

    try:
        return read(as_whom, mac, passphrase_file, uses_saved=uses_saved, is_forced=is_forced)
    except CannotError as problem:
        raise UsageError(str(problem)) from problem


def _start_device(
    asked: "Asked | None",
    profile: "Profile",
    selection: "Selection",
    ssid: str | None,
    interface: str | None,
    helper: "Helper | None",
    *,
    deep: bool,
    is_traced: bool,
) -> "Played | None":
    """Start the process of the device, while this one may still be root's; None: this run is to be the laptop.

    Raises:
        UsageError: this laptop cannot be the device here.
    """
    if asked is None:
        return None
    from netpreflight.agent.as_device import both  # noqa: PLC0415 - as above
    from netpreflight.agent.as_device.asked import CannotError, prepare  # noqa: PLC0415
    from netpreflight.agent.privilege import give_up  # noqa: PLC0415
    from netpreflight.probes.scope import scope  # noqa: PLC0415

    laptop_scope = scope(interface)
    try:
        way, chosen = prepare(asked, laptop_scope, profile, selection, ssid)
        guard = helper and helper.for_device(laptop_scope.interface or "", chosen.mac)
        process = both.start(
            way,
            profile,
            selection,
            ssid=ssid,
            deep=deep,
            is_traced=is_traced,
            give_up=partial(give_up, helper),
            guard=guard,
        )
    except (CannotError, OSError) as problem:
        raise UsageError(str(problem)) from problem
    return both.Played(way, chosen, process, [])


def _measure(
    played: "Played | None",
    scope: "Scope",
    air: "AirChoice",
    profile: "Profile",
    selection: "Selection",
    terminal: "Terminal",
    *,
    deep: bool,
    trace: "Trace | None",
    guard: "Helper | None",
) -> "Run":
    """Measure, as the laptop or as the device, and show how it goes on."""
    from netpreflight.agent.run import measure  # noqa: PLC0415 - as above

    measured = partial(measure, deep=deep, guard=guard)
    if played is not None:
        from netpreflight.agent.as_device import both  # noqa: PLC0415 - few runs are the device

        measured = partial(both.run, _hold_mac(played, scope))
    with contextlib.closing(terminal):
        return measured(
            scope,
            air,
            profile,
            selection,
            terminal.known,
            trace=trace,
            on_waiting=terminal.waiting,
            on_stop=partial(_acknowledge_stop, terminal),
        )


def _hold_mac(played: "Played", scope: "Scope") -> "Played":
    """The same, once it is seen that nobody has the MAC address that was given.

    Raises:
        UsageError: somebody has it.
    """
    if played.chosen.source != "given":
        return played
    from netpreflight.probes.join.holder import holder  # noqa: PLC0415 - as above

    address, sent = holder(scope, played.chosen.mac)
    if address is not None:
        played.process.end()
        raise UsageError(
            f"--mac {played.chosen.mac}: {address} has this MAC address just now; switch that device off, or leave "
            "--mac out"
        )
    return played._replace(checked=sent)


def _read_ssid(ssid: str | None) -> str | None:
    """The network that the user named, as in `Bss.ssid`."""
    from netpreflight.probes.observations import LONGEST_SSID  # noqa: PLC0415 - as above
    from netpreflight.probes.wifi.elements import ssid_bytes, ssid_text  # noqa: PLC0415

    if ssid is None:
        return None
    name = ssid_bytes(ssid)
    if not any(name) or len(name) > LONGEST_SSID:
        raise UsageError(f"--ssid: a network's name has 1 to {LONGEST_SSID} bytes; this one has {len(name)}")
    return ssid_text(name)


def _open_capture(path: Path | None) -> BinaryIO | None:
    """Open a capture: perhaps only root may read it, and it is read once root's rights have been given up."""
    if path is None:
        return None
    from netpreflight.probes.wifi.capture import open_capture  # noqa: PLC0415 - as above

    try:
        return open_capture(path)
    except ValueError as problem:
        raise UsageError(f"{path}: {problem}") from problem


def _read_air(ssid: str | None, path: Path | None, capture: BinaryIO | None) -> "AirChoice":
    """The network that the user named, and the Wi-Fi survey of a capture file, if one was given."""
    from netpreflight.agent.run import AirChoice  # noqa: PLC0415 - as above

    if capture is None:
        return AirChoice(ssid)
    from netpreflight.probes.wifi.capture import read_opened  # noqa: PLC0415 - as above

    try:
        return AirChoice(ssid, read_opened(capture))
    except ValueError as problem:
        raise UsageError(f"{path}: {problem}") from problem


def _check_outputs(output: list[Path] | None, endings: list[str] | None = None) -> list[Path]:
    """The files to write, checked before the run; `endings` are the allowed ones, if not those of a report.

    Raises:
        UsageError: a file cannot be written, or has another ending.
    """
    from netpreflight.agent.output_files import refuse_planted  # noqa: PLC0415 - as above
    from netpreflight.agent.privilege.caller import file_owner  # noqa: PLC0415
    from netpreflight.reports import FORMATS, MAIL  # noqa: PLC0415

    known = endings or [*FORMATS, MAIL]
    for path in output or []:
        if path.suffix not in known:
            raise UsageError(f"cannot write {path}: the ending has to be one of {', '.join(known)}")
    for path in _every_file(output or []):
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder, or there is no folder {path.parent}")
        try:
            refuse_planted(path, file_owner())
        except OSError as problem:
            raise UsageError(f"cannot write {path}: {problem.strerror or problem}") from problem
    return output or []


def _choose_level(share: str | None, *, redact: bool) -> "SharingLevel | None":
    """The level of sharing that the user chose; None: none, so each format has its default."""
    from netpreflight.agent.report import LEVELS  # noqa: PLC0415 - as above

    if redact:
        if share not in {None, "public"}:
            raise UsageError(f"--redact means --share public, but --share {share} was given too: give only one of them")
        return "public"
    for level in LEVELS:
        if share == level:
            return level
    if share is not None:
        from netpreflight.agent.suggested import suggested  # noqa: PLC0415 - as above

        raise UsageError(f"no level {share!r} for --share{suggested(share, LEVELS)}")
    return None


def _check_contact(contact: str | None, outputs: list[Path], level: "SharingLevel | None") -> str:
    """Who asks, as the user gave it; empty: a blank.

    Raises:
        UsageError: it is too long, or a request is wanted at a level at which nobody could act on it.
    """
    from netpreflight.reports import MAIL  # noqa: PLC0415 - as above

    said = " ".join((contact or "").split())
    if len(said) > LONGEST_CONTACT:
        raise UsageError(f"--contact: at most {LONGEST_CONTACT} characters; this has {len(said)}")
    if level == "public":
        for path in outputs:
            if path.suffix == MAIL:
                raise UsageError(
                    f"-o {path}: a request needs the addresses that --share public leaves out: give --share ticket, "
                    "or leave it out"
                )
        if said:
            raise UsageError("--contact names somebody, and --share public is to name nobody: leave out one of them")
    return said


def _check_dialects(dialects: list[str] | None) -> list[str]:
    """The products for which a firewall change is wanted, without doubles, checked before the run.

    Raises:
        UsageError: a product is not known.
    """
    if not dialects:
        return []
    from netpreflight.agent.suggested import suggested  # noqa: PLC0415 - as above
    from netpreflight.reports.firewall import DIALECTS  # noqa: PLC0415

    for dialect in dialects:
        if dialect not in DIALECTS:
            raise UsageError(f"no dialect {dialect!r}{suggested(dialect, DIALECTS)}")
    return list(dict.fromkeys(dialects))


def _refuse(message: str) -> NoReturn:
    """Write why the command cannot be carried out, in one line, and exit with the code for wrong usage."""
    from netpreflight.agent.called import as_called, called  # noqa: PLC0415 - as above
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415

    told = as_called(shown(" ".join(message.split())), called(os.environ))
    sys.stderr.write(f"netpreflight: {told}\n")
    sys.exit(WRONG_USAGE)

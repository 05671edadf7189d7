"""The command line: arguments in, a report out, and the exit code."""

import gc
import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from agent import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.compare import Given
    from agent.profiles import Profile
    from agent.report import Device as JudgedDevice
    from agent.report import Run
    from agent.run import Air

EXIT_CODES = {"compatible": 0, "compatible-with-warnings": 0, "incompatible": 1, "undetermined": 3}
WRONG_USAGE = 2
INTERRUPTED = 130
CANNOT_WRITE = 2

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Will this network let a 2.4 GHz IoT device online, and if not, who has to change what? "
    "Without a command: check. Exit codes: 0 compatible (with or without warnings), 1 incompatible, 2 wrong usage, "
    "3 undetermined, 130 cut short.",
)

Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.toml",
        help="Device to judge for: generic (the default), argon, core, msom, p1, p2, photon, photon2, or a company's "
        "own file.",
    ),
]
Os = Annotated[
    str | None, typer.Option("--os", metavar="VERSION", help="Device OS version, such as 4.2.0; else the newest known.")
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Also write the report: .html, .json, .md or .txt. May be repeated."
    ),
]
ComparisonOutput = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", metavar="FILE", help="Also write it: .html, .json, .md or .txt. May be repeated."),
]
Dialects = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="DIALECT",
        help="Also print the firewall change for this product (see netpreflight rules --help). May be repeated.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on standard output.")]


class UsageError(Exception):
    """What the user asked for cannot be done; the message says what would be allowed."""


@app.command()
def check(
    *,
    device: Device = None,
    os_version: Os = None,
    ssid: Annotated[
        str | None, typer.Option(metavar="NAME", help="Wi-Fi network to judge; else the one that this laptop is on.")
    ] = None,
    capture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read the air from a capture (pcap, pcapng), not by a scan.")
    ] = None,
    interface: Annotated[str | None, typer.Option(metavar="IF", help="Network interface to measure.")] = None,
    only: Annotated[str | None, typer.Option(metavar="ID,...", help="Checks or groups that count; no others.")] = None,
    skip: Annotated[str | None, typer.Option(metavar="ID,...", help="Checks or groups to leave out.")] = None,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Wait for the cloud as long as a device, see its path and what a NAT forgets: 1 min."
        ),
    ] = False,
    dialects: Dialects = None,
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Measure the network that this laptop is on, judge it for a device, and report.

    As root it also asks for a DHCP lease as a device that the network has never seen, and gives it back. What was
    sent, and to whom, is listed in the report's footprint.
    """
    from agent import judging, profiles  # noqa: PLC0415 - `--version` and `--help` do not wait for these
    from agent.checks import UnknownCheckError, select  # noqa: PLC0415
    from agent.report import make  # noqa: PLC0415
    from agent.run import measure  # noqa: PLC0415
    from probes.scope import scope  # noqa: PLC0415
    from reports.terminal import Terminal  # noqa: PLC0415

    outputs, products = _checked(output), _known_dialects(dialects)
    try:
        profile = profiles.load(device or profiles.DEFAULT, os_version)
        selection = select(only, skip, list(judging.JUDGES))
    except (profiles.UnknownDeviceError, UnknownCheckError) as problem:
        raise UsageError(str(problem)) from problem
    if (ssid is not None or capture is not None) and "wifi" not in judging.probes_for(selection):
        raise UsageError("--ssid and --capture are about the air, and this run leaves out every check of the air")
    air = _air(ssid, capture)
    here = scope(interface)
    if interface is not None and interface not in here.interfaces:
        raise UsageError(f"no interface {interface!r}; this laptop has: {', '.join(here.interfaces)}")
    terminal = Terminal(sys.stderr if as_json else sys.stdout)
    terminal.begin(here, profile, deep=deep)
    run = measure(here, air, profile, selection, terminal.known, deep=deep)
    report = make(run, profile)
    _deliver(report, terminal, outputs, products, as_json=as_json)
    return EXIT_CODES[report.verdict] if run.complete else INTERRUPTED


@app.command()
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A report saved as JSON.")],
    *,
    device: Device = None,
    os_version: Os = None,
    dialects: Dialects = None,
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Judge a saved run again, without a network: by today's rules, or for another device."""
    from agent.report import make  # noqa: PLC0415 - as above
    from reports.terminal import Terminal  # noqa: PLC0415

    outputs, products = _checked(output), _known_dialects(dialects)
    again = make(*_saved(file, device, os_version))
    _deliver(again, Terminal(sys.stderr if as_json else sys.stdout), outputs, products, as_json=as_json)
    return EXIT_CODES[again.verdict]


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A run saved as JSON; of one network, the earlier one.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other run.")],
    *,
    device: Device = None,
    os_version: Os = None,
    output: ComparisonOutput = None,
    as_json: Json = False,
) -> int:
    """Put two saved runs side by side: what differs, what that rules out, what got better and what got worse.

    Of one laptop on two networks, such as a customer's and a phone's hotspot, or of one network before and after a
    change. Both are judged again, for the device of A or the one named. Exit codes: 0 nothing that the device needs
    is worse in B, 1 something that it needs worked in A and fails in B, 2 wrong usage, 3 that is not known.
    """
    from agent.compare import compare as compared  # noqa: PLC0415 - as above
    from agent.report import write  # noqa: PLC0415
    from reports.comparison import FORMATS  # noqa: PLC0415
    from reports.comparison.terminal import show  # noqa: PLC0415

    outputs = _checked(output, list(FORMATS))
    made = compared(*_two_saved(a, b, device, os_version))
    for path in outputs:
        _write(write, path, FORMATS[path.suffix](made))
    if sys.stdout is None:
        raise UsageError("cannot show the comparison: standard output is closed")
    if as_json:
        sys.stdout.buffer.write(FORMATS[".json"](made).encode())
    else:
        show(made, sys.stdout)
    return {True: 1, False: 0, None: 3}[made.worse]


@app.command()
def rules(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A report saved as JSON.")],
    *,
    dialect: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="DIALECT",
            help="The product: nftables, iptables, pf, windows, ios, asa, fortios, panos, srx, routeros, opnsense, "
            "pfsense, unifi or meraki.",
        ),
    ],
    device: Device = None,
    os_version: Os = None,
) -> int:
    """Print the firewall change that opens what is blocked for the device, as text for one product.

    The saved run is judged again. Read what is printed before it is used: names of interfaces, zones and lists are
    stand-ins for your own.
    """
    from agent.report import make  # noqa: PLC0415 - as above
    from reports.rules import render  # noqa: PLC0415

    _known_dialects([dialect])
    text = render(make(*_saved(file, device, os_version)).changes, dialect)
    if sys.stdout is None:
        raise UsageError("cannot print the rules: standard output is closed")
    sys.stdout.write(text)
    return 0


@app.command()
def devices(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE.toml]", help="One device, with every fact; else all of them.")
    ] = None,
    *,
    os_version: Os = None,
) -> int:
    """Show the known devices, or every fact of one with where it comes from and how sure it is."""
    import shutil  # noqa: PLC0415 - as above

    from agent import profiles  # noqa: PLC0415
    from reports.devices import render_list, render_sheet  # noqa: PLC0415

    if name is None and os_version is not None:
        raise UsageError("--os is for one device: netpreflight devices NAME --os VERSION")
    width = shutil.get_terminal_size().columns
    try:
        text = (
            render_list([profiles.sheet(one) for one in profiles.names()], width)
            if name is None
            else render_sheet(profiles.sheet(name, os_version), width)
        )
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem
    if sys.stdout is None:
        raise UsageError("cannot show the devices: standard output is closed")
    sys.stdout.write(text)
    return 0


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments == ["--version"]:
        sys.stdout.write(f"netpreflight {__version__}\n")
        sys.exit(0)
    if not arguments or (arguments[0].startswith("-") and arguments[0] != "--help"):
        arguments = ["check", *arguments]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the run itself listens
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the terminal's encoding lacks is escaped, not an error
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except UsageError as problem:
        _refuse(str(problem))
    except BrokenPipeError:
        _close_standard_output()
        sys.exit(CANNOT_WRITE)
    except OSError as problem:
        _close_standard_output()
        _refuse(f"cannot write the report: {problem.strerror or problem}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as problem:  # typer's own usage errors have a message for people
        if not hasattr(problem, "format_message"):
            raise
        _refuse(f"{problem.format_message()} (see netpreflight --help)")
    gc.freeze()  # looking through everything for garbage once more, as Python does on exit, takes a tenth of a second
    sys.exit(code)


def _close_standard_output() -> None:
    """Point standard output at nothing: Python would try to write the rest once more on exit, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)


def _deliver(report: Any, terminal: Any, outputs: list[Path], dialects: list[str], *, as_json: bool) -> None:
    """Write the files that were asked for, and show the report."""
    from agent.report import write  # noqa: PLC0415 - as above
    from reports import FORMATS  # noqa: PLC0415

    for path in outputs:
        _write(write, path, FORMATS[path.suffix](report, dialects))
    if not as_json:
        terminal.final(report, dialects)
    elif sys.stdout is None:
        raise UsageError("cannot write the report: standard output is closed")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(FORMATS[".json"](report).encode())
        sys.stdout.buffer.flush()


def _write(write: "Callable[[Path, str], None]", path: Path, text: str) -> None:
    try:
        write(path, text)
    except OSError as problem:
        raise UsageError(f"cannot write {path}: {problem.strerror or problem}") from problem


def _two_saved(a: Path, b: Path, device: str | None, os_version: str | None) -> "tuple[Given, Given, Profile]":
    """Two saved runs, both judged for the device named, or else for that of the first."""
    from agent.compare import Given  # noqa: PLC0415 - as above
    from agent.report import SavedReportError, load_saved, make  # noqa: PLC0415

    try:
        first, second = load_saved(a), load_saved(b)
    except SavedReportError as problem:
        raise UsageError(str(problem)) from problem
    profile = _profile(a, first.device, device, os_version)
    given_a = Given(letter="A", file=a.name, report=make(first.run, profile), saved=first)
    return given_a, Given(letter="B", file=b.name, report=make(second.run, profile), saved=second), profile


def _saved(file: Path, device: str | None, os_version: str | None) -> "tuple[Run, Profile]":
    """The run in a saved report, and the device to judge it for."""
    from agent.report import SavedReportError, load  # noqa: PLC0415 - as above

    try:
        run, judged = load(file)
    except SavedReportError as problem:
        raise UsageError(str(problem)) from problem
    return run, _profile(file, judged, device, os_version)


def _profile(file: Path, judged: "JudgedDevice", device: str | None, os_version: str | None) -> "Profile":
    """The device named, else that of a saved report."""
    from agent import profiles  # noqa: PLC0415 - as above

    try:
        if device is not None:
            return profiles.load(device, os_version)
        if judged.name not in profiles.names():
            raise UsageError(f"{file}: judged for {judged.name!r}, a company's own device; give its --device FILE.toml")
        return profiles.load(judged.name, os_version or judged.os_version)
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem


def _air(ssid: str | None, capture: Path | None) -> "Air":
    """The network meant, and what a capture has of the air."""
    from agent.run import Air  # noqa: PLC0415 - as above
    from probes.observations import LONGEST_SSID  # noqa: PLC0415
    from probes.wifi.elements import ssid_bytes, ssid_text  # noqa: PLC0415

    if ssid is not None:
        name = ssid_bytes(ssid)
        if not any(name) or len(name) > LONGEST_SSID:
            raise UsageError(f"--ssid: a network's name has 1 to {LONGEST_SSID} bytes; this one has {len(name)}")
        ssid = ssid_text(name)
    if capture is None:
        return Air(ssid)
    from probes.wifi.capture import read_capture  # noqa: PLC0415 - as above

    try:
        return Air(ssid, read_capture(capture))
    except ValueError as problem:
        raise UsageError(f"{capture}: {problem}") from problem


def _checked(output: list[Path] | None, endings: list[str] | None = None) -> list[Path]:
    """The files to write, refused now rather than after a run; `endings` instead of those of a report."""
    from reports import FORMATS  # noqa: PLC0415 - as above

    known = endings or list(FORMATS)
    for path in output or []:
        if path.suffix not in known:
            raise UsageError(f"cannot write {path}: the ending has to be one of {', '.join(known)}")
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"cannot write {path}: there is no folder {path.parent} or it is a folder itself")
    return output or []


def _known_dialects(dialects: list[str] | None) -> list[str]:
    """The products that a firewall change is wanted for, refused now rather than after a run."""
    if not dialects:
        return []
    from reports.rules import DIALECTS  # noqa: PLC0415 - as above

    for one in dialects:
        if one not in DIALECTS:
            raise UsageError(f"no dialect {one!r}; known: {', '.join(DIALECTS)}")
    return list(dict.fromkeys(dialects))


def _refuse(message: str) -> NoReturn:
    from reports.text import shown  # noqa: PLC0415 - as above

    sys.stderr.write(f"netpreflight: {shown(' '.join(message.split()))}\n")
    sys.exit(WRONG_USAGE)

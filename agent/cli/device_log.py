"""Reading a device's log, from a file or live from its serial port."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.screen import tell
from netpreflight.agent.start import stop, stop_at_once

if TYPE_CHECKING:
    from netpreflight.probes.observations import DeviceLog


def read_port(port: str, seconds: float | None) -> "tuple[DeviceLog, bool]":
    """Read a device's log from its serial port; returns the log, and whether the user stopped reading."""
    from netpreflight.agent.live_log import read_live  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.probes.serial_port import DEFAULT_S, PortError  # noqa: PLC0415

    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):  # the port is closed first, and what was read is judged
        if signal.getsignal(number) is stop:
            signal.signal(number, lambda *_: stops.append(1))
    try:
        live = read_live(port, seconds or DEFAULT_S, tell, lambda: bool(stops))
    except PortError as problem:
        raise UsageError(str(problem)) from problem
    finally:
        stop_at_once()
    if live.end == "absent":
        raise UsageError(f"no Particle device was connected by USB within {seconds or DEFAULT_S:g} s")
    return live.seen, live.end == "stopped"


def open_given_log(file: Path | None, port: str | None) -> BinaryIO | None:
    """Open the file of `check --log`; None: the option was not given."""
    if file is not None and port is not None:
        raise UsageError("--log and --log-port are two logs: give only one of them")
    return open_log(file) if file is not None else None


def read_given_log(file: Path | None, opened: BinaryIO | None, port: str | None) -> "DeviceLog | None":
    """The log of `check --log` or `--log-port`; None: neither was given. Ctrl-C while a port is read ends the run."""
    if port is not None:
        seen, is_stopped = read_port(port, None)
        if is_stopped:
            stop(signal.SIGINT, None)
        return seen
    return read_log(file, opened) if file is not None and opened is not None else None


def open_log(file: Path) -> BinaryIO:
    """Open a device's log before root's rights are given up: perhaps only root may read it. -: standard input."""
    if str(file) == "-":
        if sys.stdin is None:
            raise UsageError("cannot read the log: standard input is closed")
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror or problem}") from problem


def read_log(file: Path, opened: BinaryIO) -> "DeviceLog":
    """Read a log that is open, once root's rights have been given up."""
    from netpreflight.agent.profiles.log_lines import KINDS  # noqa: PLC0415 - as above
    from netpreflight.probes.device_log import read_log  # noqa: PLC0415

    try:
        with opened:
            return read_log(opened, KINDS)
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror or problem}") from problem

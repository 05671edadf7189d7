"""Measuring, as the laptop or as the device, and reading the capture that the user gave."""

import contextlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from netpreflight.agent.cli.exits import UsageError

if TYPE_CHECKING:
    from netpreflight.agent.as_device.as_itself import JoiningAsItself
    from netpreflight.agent.as_device.asked import Asked
    from netpreflight.agent.as_device.both import Played
    from netpreflight.agent.privilege.helper import Helper
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import Run
    from netpreflight.agent.run import AirChoice, RunSettings
    from netpreflight.agent.selection import Selection
    from netpreflight.probes.observations import Scope
    from netpreflight.reports.terminal import Terminal


def scope_of(interface: str | None) -> "Scope":
    """This laptop, and its interface under test.

    Raises:
        UsageError: this laptop has no interface of the name that was given.
    """
    from netpreflight.probes.scope import scope  # noqa: PLC0415 - loaded only where it is needed

    found = scope(interface)
    if interface is not None and interface not in found.interfaces:
        raise UsageError(f"no interface {interface!r}; this laptop has: {', '.join(found.interfaces)}")
    return found


def read_asked(
    as_whom: str | None, mac: str | None, passphrase_file: Path | None, *, uses_saved: bool, is_forced: bool
) -> "Asked | None":
    """The options of a run with `--as device`; None: the run measures as the laptop, as most runs do.

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


def start_device(
    asked: "Asked | None",
    profile: "Profile",
    selection: "Selection",
    ssid: str | None,
    interface: str | None,
    helper: "Helper | None",
    *,
    deep: bool,
    is_traced: bool,
) -> "Played | JoiningAsItself | None":
    """Start the process that acts as the device, while this one may still be root's; None: measure as the laptop.

    Where the system itself joins the network as the device, there is no such process.

    Raises:
        UsageError: this laptop cannot be the device here.
    """
    if asked is None:
        return None
    from netpreflight.agent.as_device import both  # noqa: PLC0415 - as above
    from netpreflight.agent.as_device.as_itself import JoiningAsItself  # noqa: PLC0415
    from netpreflight.agent.as_device.asked import CannotError, prepare, prepare_itself  # noqa: PLC0415
    from netpreflight.agent.privilege import give_up  # noqa: PLC0415
    from netpreflight.agent.run import AirChoice, RunSettings  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415

    laptop_scope = scope_of(interface)
    try:
        if laptop_scope.medium == "wifi" and SYSTEM.joins_as_itself is not None:
            return JoiningAsItself(prepare_itself(asked, laptop_scope, profile, selection, ssid))
        way, chosen = prepare(asked, laptop_scope, profile, selection, ssid)
        guard = helper and helper.for_device(laptop_scope.interface or "", chosen.mac)
        process = both.start(
            way,
            RunSettings(laptop_scope, AirChoice(ssid), profile, selection, deep=deep, guard=guard),
            is_traced=is_traced,
            give_up=partial(give_up, helper),
        )
    except (CannotError, OSError) as problem:
        raise UsageError(str(problem)) from problem
    return both.Played(way, chosen, process, [], laptop_scope.ssid)


def measure(played: "Played | JoiningAsItself | None", settings: "RunSettings", terminal: "Terminal") -> "Run":
    """Measure, as the laptop or as the device, and show the progress on the terminal."""
    from netpreflight.agent.run import measure  # noqa: PLC0415 - as above

    measured = measure
    if played is not None:
        from netpreflight.agent.as_device import as_itself, both  # noqa: PLC0415 - few runs are the device

        measured = (
            partial(as_itself.run, played)
            if isinstance(played, as_itself.JoiningAsItself)
            else partial(both.run, _check_mac_is_free(played, settings.scope))
        )
    with contextlib.closing(terminal):
        return measured(
            settings._replace(
                on_check=terminal.known, on_waiting=terminal.waiting, on_stop=partial(_acknowledge_stop, terminal)
            )
        )


def _acknowledge_stop(terminal: "Terminal", restored: list[str]) -> None:
    """Say that the run is stopping, and what is given back first (`restored`)."""
    terminal.close()
    first = f", and giving {' and '.join(restored)} back" if restored else ""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        # Past Python's own buffer, which may be in use at this moment.
        os.write(sys.stderr.fileno(), f"netpreflight: stopping{first}; what was measured is reported\n".encode())


def _check_mac_is_free(played: "Played", scope: "Scope") -> "Played":
    """Ask whether a host has the MAC address of `--mac`; returns `played`, with what was sent to find that out.

    Raises:
        UsageError: a host has the address, or it is not possible to ask.
    """
    if played.chosen.source != "given" or played.way.denial is not None:
        return played
    from netpreflight.agent.as_device.asked import words_of_holder  # noqa: PLC0415 - as above
    from netpreflight.probes.join.holder import holder  # noqa: PLC0415

    try:
        address, sent = holder(scope, played.chosen.mac)
    except OSError as problem:
        played.process.end()
        why = problem.strerror or problem
        told = f"it was not possible to ask whether a host has this address now ({why})"
        raise UsageError(
            f"--mac {played.chosen.mac}: {told}; leave --mac out, or give its first three bytes"
        ) from problem
    if address is not None:
        played.process.end()
        raise UsageError(f"--mac {played.chosen.mac}: {words_of_holder(address, scope)}")
    return played._replace(checked=sent)


def open_capture(path: Path | None) -> BinaryIO | None:
    """Open a capture while this process may still be root, in case only root may read it; it is read after that."""
    if path is None:
        return None
    from netpreflight.probes.wifi.capture import open_capture  # noqa: PLC0415 - as above

    try:
        return open_capture(path)
    except ValueError as problem:
        raise UsageError(f"{path}: {problem}") from problem


def read_air(ssid: str | None, path: Path | None, capture: BinaryIO | None) -> "AirChoice":
    """The network that the user named, and the Wi-Fi survey of a capture file, if one was given."""
    from netpreflight.agent.run import AirChoice  # noqa: PLC0415 - as above

    if capture is None:
        return AirChoice(ssid)
    from netpreflight.probes.wifi.capture import read_opened  # noqa: PLC0415 - as above

    try:
        return AirChoice(ssid, read_opened(capture))
    except ValueError as problem:
        raise UsageError(f"{path}: {problem}") from problem

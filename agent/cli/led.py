"""`netpreflight led`: what a device's light means."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import Json, offered_devices
from netpreflight.agent.cli.screen import standard_output

if TYPE_CHECKING:
    from netpreflight.agent.results import Led


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
            autocompletion=offered_devices,
            help="The device whose light it is; without this option, any Particle device with Wi-Fi.",
        ),
    ] = None,
    os_version: Annotated[
        str | None,
        typer.Option("--os", metavar="VERSION", help="The device's Device OS version; without this option, any."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Say what a device's light means, from its colours and how it blinks: which stage, and what to do.

    Describe the light as you see it: its colours in order, how each blinks, and how many times. If several lights
    match, one question tells them apart; on a terminal you can answer it. A program on the device may use the light
    itself: then this does not hold. It needs no network. Exit codes: 0 one light matches, 3 several or none.
    """
    from netpreflight.agent import profiles  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.called import called  # noqa: PLC0415
    from netpreflight.agent.lights import looked_up  # noqa: PLC0415
    from netpreflight.agent.picker import can_ask  # noqa: PLC0415
    from netpreflight.reports.documents import render_json  # noqa: PLC0415
    from netpreflight.reports.terminal.led import show  # noqa: PLC0415

    screen = standard_output("say what the light means")
    said = " ".join(words)
    try:
        found = looked_up(said, device, os_version)
        if as_json:
            screen.buffer.write(render_json(found).encode())
            return 0 if len(found.rows) == 1 else 3
        show(found, screen, called(os.environ), _page_about(found))
        if found.question is not None and can_ask(sys.stdin, screen):
            screen.write("Answer (Enter: none): ")
            screen.flush()
            if answer := sys.stdin.readline().strip():
                found = looked_up(said, device, os_version, answer)
                show(found, screen, called(os.environ), _page_about(found))
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem
    return 0 if len(found.rows) == 1 else 3


def _page_about(found: "Led") -> str | None:
    """The page to read if only one light is left: that of its first check, or the group of several; None: no page."""
    from netpreflight.agent import check_pages as pages  # noqa: PLC0415 - as above

    checks = found.rows[0].checks if len(found.rows) == 1 else []
    known = [check for check in checks if check in pages.names()]
    group = known[0].partition(".")[0] if known else ""
    return group if sum(check.startswith(f"{group}.") for check in known) > 2 else known[0] if known else None

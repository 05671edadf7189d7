"""`netpreflight devices`: the known devices, and every fact about each."""

from typing import Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import Os, offered_devices
from netpreflight.agent.cli.screen import standard_output


def devices(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE.toml]",
            autocompletion=offered_devices,
            help="Show every fact of this device; without a name, list all devices.",
        ),
    ] = None,
    *,
    os_version: Os = None,
) -> int:
    """List the known devices, or show every fact about one of them, with its source and how sure it is."""
    import shutil  # noqa: PLC0415 - loaded only where it is needed

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
    standard_output("show the devices").write(text)
    return 0

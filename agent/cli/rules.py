"""`netpreflight rules`: the firewall change, as text for one product."""

from typing import Annotated

import typer

from netpreflight.agent.cli.checked import check_dialects
from netpreflight.agent.cli.options import SavedDevice, SavedOs, SavedRun, offered_dialects
from netpreflight.agent.cli.saved import load_saved_run, newest_kept
from netpreflight.agent.cli.screen import standard_output, tell


def rules(
    file: SavedRun = None,
    *,
    dialect: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="DIALECT",
            autocompletion=offered_dialects,
            help="The product: nftables, iptables, pf, windows, ios, asa, fortios, panos, srx, routeros, opnsense, "
            "pfsense, unifi or meraki.",
        ),
    ],
    device: SavedDevice = None,
    os_version: SavedOs = None,
) -> int:
    """Print the firewall change that the device needs, as text for one product.

    The saved run is judged again. Read the text before you use it: replace the names of interfaces, zones and lists by
    your own.
    """
    from netpreflight.agent.report import make  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.report.notes import on_newer_version  # noqa: PLC0415
    from netpreflight.reports.firewall import render  # noqa: PLC0415

    check_dialects([dialect])
    run, profile = load_saved_run(file or newest_kept("rules"), device, os_version)
    text = render(make(run, profile).changes, dialect)
    standard_output("print the rules").write(text)
    if profile.asked_os is not None:
        # Not on standard output, which may be pasted.
        tell(on_newer_version(profile.title, profile.asked_os, profile.os_version))
    return 0

"""Ctrl-C on Windows' console ends a run as on Linux: with what is known, and with nothing left behind."""

import json

import pytest

from tests.lab.lab import Lab
from tests.lab.namespaces import wait_until
from tests.pseudo_terminal import PseudoTerminal
from tests.windows.wine import MOST_S, wine_on

pytestmark = pytest.mark.lab


def test_ctrl_c_gives_the_lease_back_and_reports_what_is_known() -> None:
    """A cloud that is silent keeps a run that waits as long as the device from ending by itself."""
    with Lab() as lab, wine_on(lab) as wine, PseudoTerminal() as terminal:
        fault = lab.gateway.drop("udp", 5684)
        process = wine.start_check(terminal, "--device", "argon", "--deep")
        wait_until(lambda: fault.counter() > 0, "the cloud asked", MOST_S)
        wait_until(lambda: any("DHCPACK" in line for line in lab.log("dhcp")), "DHCPACK in the server's log", MOST_S)
        terminal.type("\x03")
        output, errors = process.communicate(timeout=MOST_S)
        report = json.loads(output)
        statuses = {check["id"]: check["status"] for check in report["checks"]}

        wait_until(lambda: lab.leases() == [], "no lease on the server")
        assert any("DHCPRELEASE" in line for line in lab.log("dhcp"))

    assert process.returncode == 130
    assert "netpreflight: stopping" in errors
    assert "Traceback" not in errors
    assert report["scope"]["os"] == "win32"
    assert report["complete"] is False
    assert "cut short" in " ".join(report["notes"])
    assert report["verdict"] == "undetermined"
    assert statuses["dhcp.offer"] == "pass", "the ACK had come"

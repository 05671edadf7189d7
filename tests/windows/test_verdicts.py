"""Windows' run and Linux' run, as an ordinary user, of the same network say the same; what differs is listed."""

from collections.abc import Mapping

import pytest

from tests.lab.lab import NOBODY, CheckRun, Lab
from tests.windows.wine import wine_on

pytestmark = pytest.mark.lab

DEVICES = ("argon", "photon")


def statuses(run: CheckRun) -> dict[str, str]:
    return {check["id"]: check["status"] for check in run.report["checks"]}


def assert_same(windows: CheckRun, linux: CheckRun, differs: Mapping[str, str]) -> None:
    """The statuses on Windows are those on Linux, except `differs`."""
    assert "Traceback" not in windows.stderr
    assert windows.report["scope"]["os"] == "win32"
    assert linux.report["scope"]["os"] == "linux"
    assert statuses(windows) == statuses(linux) | dict(differs), windows.stderr
    assert windows.report["verdict"] == linux.report["verdict"]
    assert windows.exit_code == linux.exit_code


@pytest.mark.parametrize("device", DEVICES)
def test_a_healthy_network(device: str) -> None:
    with Lab() as lab, wine_on(lab) as wine:
        windows = wine.check("--device", device)
        linux = lab.check("--device", device, user=NOBODY)
        kept = wine.kept()

    assert_same(windows, linux, {})
    assert [run["started"] for run in kept] == [windows.report["started"]]

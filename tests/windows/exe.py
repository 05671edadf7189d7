"""netpreflight.exe under Wine, held against Linux' run of the same network.

Not part of `tests/run`, which does not build it. `sudo tests/run --exe` does; then, to run it again:

    sudo .venv/bin/pytest tests/windows/exe.py
"""

import shutil

import pytest

from tests.lab.lab import CheckRun, Lab
from tests.windows.faults import CLOUD_PORTS, FAULTS, Fault, assert_same, statuses
from tests.windows.set_up import REPOSITORY
from tests.windows.wine import wine_on, words

pytestmark = pytest.mark.lab

EXE = REPOSITORY / "dist" / "netpreflight.exe"
MOST_BYTES = 15_000_000
ANSWERS = {
    "compatible": (0, "Yes"),
    "compatible-with-warnings": (0, "It is doubtful"),
    "incompatible": (1, "No:"),
    "undetermined": (3, "Not "),
}
"""The exit code, and how the text in the window begins."""
NETWORKS = {"healthy": Fault({}), **{name: FAULTS[name] for name in ("cloud-port-dropped", "no-dhcp")}}


def test_it_is_small() -> None:
    assert EXE.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("device", CLOUD_PORTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_it_judges_as_the_checkout_does_on_linux(name: str, device: str) -> None:
    fault = NETWORKS[name]
    with Lab(known_key=False, **fault.lab) as lab, wine_on(lab) as wine:
        shutil.copy(EXE, wine.prefix / "drive_c")
        fault.breaks(lab, device)
        arguments = ("check", "--device", device, *lab.air, "-o", "C:\\page.html", "-o", "C:\\run.json")
        argv = words("C:\\netpreflight.exe", *arguments)
        told = lab.laptop.run(*argv, env=wine.env, timeout_s=120)
        assert lab.seen
        assert told.returncode in {0, 1, 3}, told.stderr
        assert [injected.rule for wall in lab.walls for injected in wall.unfired()] == []
        drive = wine.prefix / "drive_c"
        run = CheckRun(
            tuple(argv), told.returncode, (drive / "run.json").read_text("utf-8"), told.stderr, 0.0, lab.seen
        )
        page = (drive / "page.html").read_text("utf-8")
        linux = lab.check("--device", device)

    assert_same(run, linux, {**fault.differs, **fault.differs_for.get(device, {})})
    assert statuses(run).items() >= fault.shows.items()
    code, begins = ANSWERS[run.report["verdict"]]
    assert told.returncode == code
    assert told.stdout.lstrip().startswith(begins)
    assert "<html" in page

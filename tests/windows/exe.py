"""netpreflight.exe under Wine: its run held against Linux' of the same network, and what a double click starts.

Not part of `tests/run`, which does not build it. `sudo tests/run --exe` does; then, to run it again:

    sudo .venv/bin/pytest tests/windows/exe.py
"""

import getpass
import shutil
import subprocess
import tty

import pytest

from tests.lab.lab import CheckRun, Lab
from tests.pseudo_terminal import PseudoTerminal
from tests.windows.faults import CLOUD_PORTS, FAULTS, Fault, assert_same, statuses
from tests.windows.set_up import REPOSITORY
from tests.windows.wine import MOST_S, wine_on, words

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
ENDS_WINE = '"$@"; code=$?; wineserver -k; exit $code'
"""Wine would keep the terminal open."""
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


@pytest.mark.parametrize("is_double_click", [True, False])
def test_it_guides_whoever_double_clicks_it_and_not_whoever_starts_it_in_a_shell(*, is_double_click: bool) -> None:
    """A terminal is a console of Windows'. The file is alone in it, as in the window that a double click opens."""
    argv = ["wine", *([] if is_double_click else ["cmd", "/c"]), "C:\\netpreflight.exe"]
    steps = (("Its number (Enter: 1):", "2\r"), ("Press Enter to close this window.", "\r")) if is_double_click else ()
    with Lab(known_key=False) as lab, wine_on(lab) as wine, PseudoTerminal() as terminal:
        shutil.copy(EXE, wine.prefix / "drive_c")
        documents = wine.prefix / "drive_c" / "users" / getpass.getuser() / "Documents"
        documents.unlink()  # Wine has made it a link to the home of whoever runs the tests
        documents.mkdir()
        tty.setraw(terminal.far_end)  # Wine does that later, and an Enter that is typed before is another key to it
        process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *lab.laptop.argv(["sh", "-c", ENDS_WINE, "sh", *argv])],
            env=lab.laptop.environment(wine.env),
            stdin=terminal.far_end,
            stdout=terminal.far_end,
            stderr=terminal.far_end,
        )
        shown = terminal.answers(*steps)
        code = process.wait(MOST_S)
        pages = [page.read_text("utf-8") for page in documents.iterdir()]
        assert len(wine.kept()) == 1

    assert code == 3, shown  # nobody looked at the air
    assert ("Which device is it for?" in shown) is is_double_click
    device = "Particle Argon" if is_double_click else "2.4 GHz CoAP device"
    assert f"Checking eth0 (192.168.77.10/24) for: {device}" in shown
    assert [device in page for page in pages] == [True] * is_double_click

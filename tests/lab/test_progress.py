"""What a terminal shows while a whole run waits, and that nothing of it is left at the end."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.air import write_air
from tests.lab.command import SHORT_HOLD, patched, popen
from tests.lab.lab import Lab
from tests.pseudo_terminal import Emulator, PseudoTerminal

pytestmark = pytest.mark.lab
TOOL = str(Path(sys.executable).with_name("netpreflight"))


def shown(lab: Lab, argv: list[str], columns: int = 80, *, answer: bool = False) -> tuple[str, list[str]]:
    """All that was written to the terminal, and all lines that are left on it and above it.

    Args:
        lab: with the laptop.
        argv: what it runs.
        columns: of the terminal; the lab's COLUMNS is another.
        answer: whether the report goes to the same terminal.
    """
    written, emulator = "", Emulator(columns)
    with PseudoTerminal(columns) as terminal:
        stdout = terminal.far_end if answer else subprocess.DEVNULL
        process = popen(lab, ["env", "TERM=xterm", *lab.laptop.argv(argv)], stdout=stdout, stderr=terminal.far_end)
        for part in terminal.shows_until_closed():
            written += part
            emulator.write(part)
        assert process.wait(60) in {0, 1, 3}, written
    return written, [*emulator.scrolled(), *emulator.screen()]


@pytest.mark.parametrize("columns", [80, 40])
def test_a_silent_port_is_told_while_it_is_waited_for(columns: int) -> None:
    with Lab() as lab:
        fault = lab.gateway.drop("udp", 5684)
        written, left = shown(lab, [TOOL, "check", "--device", "argon", *lab.air], columns, answer=True)
        dropped = fault.counter()

    told = [
        (int(passed), int(most)) for passed, most in re.findall(r"UDP 5684: no answer yet, (\d+) of (\d+) s", written)
    ]
    assert dropped > 0
    assert {most for _, most in told} == {12, 5}, "the handshake, and then the Internet Test"
    assert {passed for passed, most in told if most == 12} >= {2, 5, 8}
    assert any("cloud.transport" in line for line in left)
    assert not [line for line in left if "no answer yet, " in line or line.startswith("Checking eth0")]


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("channel", [36, 6], ids=["5-ghz-only", "2.4-ghz"])
def test_a_network_on_5_ghz_only_is_told_on_any_terminal(channel: int, columns: int) -> None:
    with Lab() as lab:
        air = write_air(lab.folder / "air-of-one-band.pcap", channel)
        as_wide = ["env", "-u", "COLUMNS", TOOL]
        _, left = shown(lab, [*as_wide, "check", "--device", "argon", *air], columns, answer=True)

    text = " ".join(" ".join(left).split())
    assert all(len(line) <= columns for line in left)
    assert ("No: a Particle Argon would not get online here." in text) == (channel == 36)
    assert ("Yes: a Particle Argon would get online here." in text) == (channel == 6)
    assert bool(re.search(r"FAIL +wifi\.band", text)) == (channel == 36)
    if channel == 36:
        assert "5 GHz" in text
        assert "To do (network administrator): " in text or "To do (device owner): " in text
        assert "Its light at the end: blinking green" in text
    if columns == 80:
        assert len(left) <= 24, "one screen"


def test_a_healthy_run_leaves_nothing_behind() -> None:
    with Lab() as lab:
        written, left = shown(lab, [TOOL, "check", "--json", *lab.air])

    assert "UDP 5684: no answer yet" not in written
    assert left == []


def test_a_dhcp_server_that_is_not_there_is_told() -> None:
    with Lab(dhcp=None) as lab:
        written, left = shown(lab, [TOOL, "check", "--json", "--only", "dhcp"])

    assert re.search(r"DHCP: no OFFER yet, \d+ of 15 s", written)
    assert left == []


def test_a_silence_on_purpose_is_told() -> None:
    with Lab() as lab:
        written, left = shown(lab, patched(SHORT_HOLD, "--device", "argon", "--only", "cloud", "--deep"))

    assert re.search(r"NAT hold: silent on purpose, [345] of 6 s", written)
    assert left == []

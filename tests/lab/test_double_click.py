"""A start by a double click on a real network, in a terminal of its own: asked, measured, shown in a browser."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.lab import NOBODY, READABLE, Lab
from tests.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.lab

TOOL = str(Path(sys.executable).with_name("netpreflight"))
DEVICE, OFFER, CLOSE = "Its number (Enter: 1): ", "Enter alone: no. ", "Press Enter to close this window. "
ARGON = "2\n"
CTRL_C = "\x03"


class Desktop:
    """Folders and programs of a user: documents, a browser, and a sudo that knows no password but asks for none."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.home = lab, lab.folder / "desktop"
        self.documents, programs = self.home / "Documents", self.home / "bin"
        programs.mkdir(parents=True)
        self.documents.mkdir()
        for name, then in (("browser", ""), ("sudo", 'exec "$@"')):
            program = programs / name
            program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>{self.home}/{name}.log\n{then}\n")
            program.chmod(0o755)
        for path in (self.home, self.documents):
            os.chown(path, NOBODY, NOBODY)
        lab.folder.chmod(0o755)
        self._programs = programs

    def said(self, program: str) -> list[str]:
        """What a program was started with, each time."""
        log = self.home / f"{program}.log"
        return log.read_text().splitlines() if log.exists() else []

    def sit(self, argv: list[str], *steps: tuple[str, str]) -> tuple[int, str]:
        """Start it, and type each answer once its question is shown; returns the exit code and what was shown."""
        variables = {
            "TERM": "xterm",
            "HOME": str(self.home),
            "XDG_DOCUMENTS_DIR": str(self.documents),
            "BROWSER": str(self._programs / "browser"),
            "PATH": f"{self._programs}:{os.environ['PATH']}",
        }
        words = ["env", *(f"{name}={value}" for name, value in variables.items()), *argv]
        with PseudoTerminal() as terminal:
            process = subprocess.Popen(
                ["setsid", "--ctty", "--wait", *self.lab.laptop.argv(words, NOBODY, READABLE)],
                stdin=terminal.far_end, stdout=terminal.far_end, stderr=terminal.far_end,
                env=self.lab.laptop.environment(),
            )  # fmt: skip
            shown = terminal.answers(*steps)
        return process.wait(60), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.replace("\r\n", "\n"))


def test_somebody_is_led_to_the_report_and_offered_root() -> None:
    with Lab() as lab:
        desktop = Desktop(lab)
        code, shown = desktop.sit([TOOL, "guided"], (DEVICE, ARGON), (OFFER, "y\n"), (CLOSE, "\n"))
        page = desktop.documents / "report.html"

        assert code == 3, shown
        assert "2. Particle Argon\n" in shown
        assert "Checking eth0 (192.168.77.10/24) for: Particle Argon" in shown
        assert "Kept: " in shown, "the answer stays in the window, too"
        assert [words.partition(" -o ")[0] for words in desktop.said("sudo")] == [f"{TOOL} check --device argon"]
        assert desktop.said("browser") == [page.as_uri()]
        assert "Particle Argon" in page.read_text()
        assert list(desktop.documents.iterdir()) == [page]
        assert shown.rstrip().endswith(CLOSE.rstrip())


def test_a_run_that_is_stopped_leaves_the_window_open() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        desktop = Desktop(lab)
        code, shown = desktop.sit(
            [TOOL, "guided", "--device", "argon"], ("UDP 5684: no answer yet", CTRL_C), (CLOSE, "\n")
        )

        assert code == 130
        assert "netpreflight: stopping; what was measured is reported" in shown
        assert desktop.said("browser") == [(desktop.documents / "report.html").as_uri()]


def test_what_cannot_run_is_told_and_the_window_stays() -> None:
    with Lab() as lab:
        desktop = Desktop(lab)
        code, shown = desktop.sit([TOOL, "guided", "--device", "nothing"], (CLOSE, "\n"))

        assert code == 2
        assert "netpreflight: no device 'nothing'" in shown
        assert "No report was written." in shown
        assert desktop.said("browser") == []

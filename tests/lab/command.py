"""The tool started on the lab's laptop, as it is or with one thing of it replaced."""

import json
import subprocess
import sys
from typing import Any

from tests.lab.lab import READABLE, Lab


def start(
    lab: Lab, *arguments: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start a check on the laptop, and go on at once."""
    return popen(lab, lab.check_argv(*arguments), stdout, stderr)


def start_with(lab: Lab, patch: str, *arguments: str) -> subprocess.Popen[str]:
    """The same with one thing of `netpreflight.agent.run` replaced."""
    return popen(lab, lab.laptop.argv(patched(patch, *arguments)))


def popen(
    lab: Lab, argv: list[str], stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start a command line of the laptop's."""
    return subprocess.Popen(
        argv,
        env=lab.laptop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
    )


def check_with(lab: Lab, patch: str, *arguments: str, user: int | None = None) -> dict[str, Any]:
    """The report of a check with one thing of `netpreflight.agent.run` replaced, for what no option sets."""
    done = lab.laptop.run(*patched(patch, *arguments), user=user, timeout_s=90, readable=READABLE)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def patched(patch: str, *arguments: str) -> list[str]:
    """The tool's command line with one thing of `netpreflight.agent.run` replaced."""
    start = f"from netpreflight.agent.cli import main\nmain({['check', '--json', *arguments]!r})\n"
    program = f"import netpreflight.agent.run\n{patch}\n{start}"
    return [sys.executable, "-c", program]


SHORT_HOLD = "netpreflight.agent.run.hold_s = lambda known: 6.0"

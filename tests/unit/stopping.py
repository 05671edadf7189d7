"""A run that is stopped at a moment of its own choosing: one part of it goes on for ever, and says when it begins."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.unit import beacons

BUSY = """
import sys
import netpreflight.agent.judging, netpreflight.agent.report, netpreflight.agent.run, netpreflight.reports

def busy(*_, **__):
    print("BUSY", file=sys.stderr, flush=True)
    while not stopped:
        sum(range(100))

stopped = []
"""
UNTIL_STOPPED = """
really_stop = netpreflight.agent.run._Measurement._stop
def stop(*given):
    really_stop(*given)
    stopped.append(True)
netpreflight.agent.run._Measurement._stop = stop

really_judge = netpreflight.agent.judging.judge_some
def judge(*given):
    busy()
    return really_judge(*given)
netpreflight.agent.judging.judge_some = judge
"""
WITHOUT_HURRY = """
from netpreflight.agent.cli import check
check.MOST_WORK_S = check.MOST_BLOCKED_S = 60.0
"""
"""So that a busy machine reports, too; that a laptop does it in time is measured by tests/bench."""
NEVER_MADE = """
def make(*_):
    print("BUSY", file=sys.stderr, flush=True)
    while True:
        sum(range(100))
netpreflight.agent.report.make = make
"""
MOMENTS = {
    "judging during the run": UNTIL_STOPPED + WITHOUT_HURRY,
    "judging at its end": "netpreflight.agent.report.make = busy",
    "sharing": "import netpreflight.reports.sharing; netpreflight.reports.sharing.shared = busy",
    "rendering": "netpreflight.reports.FORMATS['.html'] = busy",
    "writing": "import os; os.fsync = busy",
    "judging what was measured when it was stopped": UNTIL_STOPPED + NEVER_MADE,
}
"""What goes on for ever, by the moment at which the run is stopped."""
REPORTED = {"judging during the run"}
"""The moments at which what was measured is reported all the same."""


class Stopped(NamedTuple):
    """What became of a run that was stopped."""

    exit_code: int
    output: str
    errors: str
    took_s: float
    """From the signal to the end of the process."""
    left: list[str]
    """The files in the folder that it was to write to."""


def capture(folder: Path) -> Path:
    """A capture of one access point."""
    file = folder / "air.pcap"
    file.write_bytes(beacons.pcap(beacons.radiotap(beacons.frame(beacons.usual()))))
    return file


@contextlib.contextmanager
def started(patch: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of the capture alone, which writes an HTML file."""
    (folder / "out").mkdir()
    command = ["check", "--capture", str(capture(folder)), "--ssid", "net", "--only", "wifi", "--interface", "lo"]
    command += ["--json", "-o", str(folder / "out/report.html")]
    program = f"{BUSY}{patch}\nfrom netpreflight.agent.cli import main\nmain({command!r})\n"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stopped(patch: str, folder: Path, number: int = signal.SIGINT) -> Stopped:
    """Stop such a run once the part that goes on for ever has begun."""
    with started(patch, folder) as process:
        assert process.stderr is not None
        before: list[str] = []
        while "BUSY" not in (line := process.stderr.readline()):
            assert line, f"it was never busy: {before}"
            before.append(line)
        os.kill(process.pid, number)
        begun = time.perf_counter()
        output, errors = process.communicate(timeout=60)
        took_s = time.perf_counter() - begun
    return Stopped(process.returncode, output, errors, took_s, sorted(file.name for file in (folder / "out").iterdir()))

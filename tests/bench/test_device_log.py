"""A device's log of 100 MB is read soon, and in little memory: `.venv/bin/pytest tests/bench/test_device_log.py`."""

import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.conftest import Say
from tests.bench.measured import measured

pytestmark = pytest.mark.bench

SIZE = 100_000_000
MOST_TIMES = 16
"""More of the processor's time than a log of one line takes, in that which Python's `re` needs for one pattern.

It is 8 to 11 times as much: 8 CPU-s where a machine is quick, 18 where it is slow.
"""
ONE_PATTERN = r"""
import re, resource, sys
form, words = re.compile(rb"(\d{10}) \[([^]]+)] (\w+): (.*)"), 0
with open(sys.argv[1], "rb") as file:
    for line in file:
        if match := form.match(line):
            words += len(match[4].decode(errors="replace").split())
assert words
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""
"""Reads a log as simply as Python can, and prints what that took of the processor's time, in seconds."""
MOST_MB = 60
"""More than a log of one line takes."""
LOGS = sorted((Path(__file__).parents[1] / "unit" / "data" / "device-logs").glob("*.log"))


def simple_s(log: Path) -> float:
    return float(subprocess.run([sys.executable, "-c", ONE_PATTERN, log], capture_output=True, check=True).stdout)


def test_a_log_of_100_mb_is_read_soon(tmp_path: Path, say: Say) -> None:
    block = b"".join(log.read_bytes() for log in LOGS)
    long, short = tmp_path / "long.log", tmp_path / "short.log"
    short.write_bytes(LOGS[0].read_bytes())
    with long.open("wb") as file:
        for _ in range(SIZE // len(block)):
            file.write(block)

    simple = [simple_s(long), simple_s(long)]
    least, used = measured(tmp_path, "log", str(short), "--json"), measured(tmp_path, "log", str(long), "--json")
    simple += [simple_s(long), simple_s(long)]  # before and after: a machine that is shared is not always equally fast
    more_s, more_mb = used.cpu_s - least.cpu_s, (used.most_bytes - least.most_bytes) / 1e6
    times = more_s / statistics.mean(simple)
    say(
        f"a log of 100 MB: read in {more_s:.1f} CPU-s, {times:.1f} x one pattern, with {more_mb:.0f} MB more memory "
        f"({used.most_bytes / 1e6:.0f} MB in all)"
    )

    assert times < MOST_TIMES
    assert more_mb < MOST_MB

"""A device's log of 100 MB is read soon, and in little memory: `.venv/bin/pytest tests/bench/test_device_log.py`."""

import os
import sys
from pathlib import Path

import pytest

from tests.bench.conftest import Say

pytestmark = pytest.mark.bench

SIZE = 100_000_000
MOST_S = 20
"""Of the processor's time: twice what an idle machine takes, because a busy one slows the processor down."""
MOST_MB = 60
"""More than a log of one line takes."""
LOGS = sorted((Path(__file__).parents[1] / "unit" / "data" / "device-logs").glob("*.log"))


def used(log: Path) -> tuple[int, float, float]:
    """The exit code of reading a log, the seconds of the processor, and the most MB of memory at a time."""
    words = [sys.executable, "-m", "netpreflight.agent", "log", str(log), "--json"]
    quiet = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    child = os.posix_spawn(words[0], words, os.environ, file_actions=[quiet])
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def test_a_log_of_100_mb_is_read_soon(tmp_path: Path, say: Say) -> None:
    block = b"".join(log.read_bytes() for log in LOGS)
    long, short = tmp_path / "long.log", tmp_path / "short.log"
    short.write_bytes(LOGS[0].read_bytes())
    with long.open("wb") as file:
        for _ in range(SIZE // len(block)):
            file.write(block)

    _, least_s, least_mb = used(short)
    code, took_s, took_mb = used(long)
    more_s, more_mb = took_s - least_s, took_mb - least_mb
    say(f"a log of 100 MB: read in {more_s:.1f} s, with {more_mb:.0f} MB more memory ({took_mb:.0f} MB in all)")

    assert code in {0, 1, 3}
    assert more_s < MOST_S
    assert more_mb < MOST_MB

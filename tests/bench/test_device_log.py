"""A device's log of 100 MB is read soon, and in little memory: `.venv/bin/pytest tests/bench/test_device_log.py`."""

from pathlib import Path

import pytest

from tests.bench.conftest import Say
from tests.bench.measured import measured

pytestmark = pytest.mark.bench

SIZE = 100_000_000
MOST_S = 10
"""Of the processor's time, more than a log of one line takes."""
MOST_MB = 60
"""More than a log of one line takes."""
LOGS = sorted((Path(__file__).parents[1] / "unit" / "data" / "device-logs").glob("*.log"))


def test_a_log_of_100_mb_is_read_soon(tmp_path: Path, say: Say) -> None:
    block = b"".join(log.read_bytes() for log in LOGS)
    long, short = tmp_path / "long.log", tmp_path / "short.log"
    short.write_bytes(LOGS[0].read_bytes())
    with long.open("wb") as file:
        for _ in range(SIZE // len(block)):
            file.write(block)

    least, used = measured(tmp_path, "log", str(short), "--json"), measured(tmp_path, "log", str(long), "--json")
    more_s, more_mb = used.cpu_s - least.cpu_s, (used.most_bytes - least.most_bytes) / 1e6
    say(
        f"a log of 100 MB: read in {more_s:.1f} CPU-s, with {more_mb:.0f} MB more memory "
        f"({used.most_bytes / 1e6:.0f} MB in all)"
    )

    assert more_s < MOST_S
    assert more_mb < MOST_MB

"""The command line run from outside, with little memory and little time."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "data" / "sample-report-1-air.json"
SAVED = SAMPLE.read_text()


def run(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `netpreflight` with 200 MiB of address space, which no run may need: more would end in a traceback."""
    limited = [
        "sh",
        "-c",
        f'ulimit -v {200 << 10}; exec "$0" "$@"',
        sys.executable,
        "-m",
        "netpreflight.agent",
        *arguments,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(limited, capture_output=True, text=True, timeout=10, check=False, cwd=folder, env=environment)


def refused(*arguments: str, says: tuple[str, ...] = ()) -> None:
    ran = run(*arguments)

    assert (ran.returncode, ran.stdout) == (2, ""), ran
    assert ran.stderr.endswith("\n")
    assert ran.stderr[:-1].isprintable(), ran
    assert len(ran.stderr) < 1000
    assert "Traceback" not in ran.stderr
    for words in says:
        assert words in ran.stderr

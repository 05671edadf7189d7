"""Writing reports to a disk that is full, or may not be written to: a real one, seen by the one process only."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "unit" / "data" / "sample-report-1-path.json"
ON_A_DISK = """
set -e
mount -t tmpfs -o size="$2" tmpfs "$1"
printf old >"$1/old.json"
mount -o remount,"$3" "$1"
set +e
shift 3
"$@" >/dev/null
echo "exit $?"
set -e
cat "$0/old.json"
echo
ls -A "$0"
"""


@pytest.mark.parametrize(
    ("size", "mode", "name", "says"),
    [
        ("8k", "rw", "old.json", "No space left on device"),
        ("8k", "rw", "new.json", "No space left on device"),
        ("4m", "ro", "old.json", "Read-only file system"),
        ("4m", "ro", "new.json", "Read-only file system"),
    ],
)
def test_the_old_file_stays_and_nothing_else_is_left(
    tmp_path: Path, size: str, mode: str, name: str, says: str
) -> None:
    tool = [sys.executable, "-m", "netpreflight.agent", "report", str(SAMPLE), "-o", str(tmp_path / name)]
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_DISK.replace("$0", str(tmp_path)), "sh", str(tmp_path), size, mode, *tool],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert ended.stdout == "exit 2\nold\nold.json\n"
    assert ended.stderr == f"netpreflight: cannot write {tmp_path / name}: {says}\n"


def test_on_a_disk_with_room_it_is_written(tmp_path: Path) -> None:
    tool = [sys.executable, "-m", "netpreflight.agent", "report", str(SAMPLE), "-o", str(tmp_path / "new.json")]
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_DISK.replace("$0", str(tmp_path)), "sh", str(tmp_path), "4m", "rw", *tool],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert ended.stdout == "exit 1\nold\nnew.json\nold.json\n"

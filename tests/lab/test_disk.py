"""Writing reports to a disk that is full, or may not be written to: a real one, seen by the one process only."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.air import write_air

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


ON_A_FULL_DISK = """
set -e
mount -t tmpfs -o size=16k tmpfs "$1"
export XDG_DATA_HOME="$1"
shift
set +e
"$@" >/dev/null
echo "exit $?"
find "$XDG_DATA_HOME" -type f
"""


@pytest.mark.parametrize("by", ["helper", "itself"])
def test_where_a_run_cannot_be_kept_nothing_is_left_and_the_run_has_its_answer(by: str, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    arguments = ["check", "--interface", "lo", "--only", "wifi", *write_air(tmp_path / "air.pcap")]
    itself = ["-c", f"from netpreflight.agent.cli import main; main({arguments!r})"]
    tool = [sys.executable, *(["-m", "netpreflight.agent", *arguments] if by == "helper" else itself)]
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_FULL_DISK, "sh", str(disk), *tool],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert ended.stdout == "exit 0\n"
    told = f"this run is not kept in {disk}/netpreflight/runs: No space left on device"
    assert ended.stderr == f"netpreflight: {told}\n"

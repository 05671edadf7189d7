"""A capture of many beacons is judged as quickly as tshark prints four fields of it, in memory that does not grow."""

import json
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.conftest import Say

pytestmark = pytest.mark.bench

FIELDS = ("wlan.bssid", "wlan.ssid", "wlan.ds.current_channel", "radiotap.dbm_antsignal")
READ = """
import sys
from pathlib import Path
from netpreflight.probes.wifi.capture import read_capture
seen = read_capture(Path(sys.argv[1]))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(seen.bss), peak.split()[1])
"""
"""VmHWM begins anew with the program, unlike ru_maxrss, which remembers the process that started it."""
TOOL = str(Path(sys.executable).with_name("netpreflight"))
NETWORKS = 200
RUNS = 3


def beacon(number: int) -> bytes:
    """A beacon as an access point sends it: the TSF, the DTIM count and the channel's load differ from each to each."""
    network, channel = number % NETWORKS, (1, 6, 11)[number % NETWORKS % 3]
    elements = (
        (0, f"Network {network}".encode()),
        (1, bytes.fromhex("82848b962430486c")),
        (3, bytes([channel])),
        (5, bytes([number // NETWORKS % 3, 3, 0, 0])),
        (7, b"DE " + bytes([1, 13, 20])),
        (42, b"\0"),
        (50, bytes.fromhex("0c121860")),
        (48, bytes.fromhex("0100000fac040100000fac040100000fac020c00")),
        (11, struct.pack("<HBH", network, number // 7 % 256, 0)),
        (45, bytes.fromhex("ef0917ffff000000000000000000000000000000000000000000")),
        (61, bytes([channel, 0]) + bytes(20)),
        (127, bytes.fromhex("0400080000000040")),
        (221, bytes.fromhex("0050f20201018400 03a4000027a4000042435e0062322f00")),
        (221, bytes.fromhex("0050f204104a0001101044000102103c000103")),
        (221, bytes.fromhex("8cfdf00000020100")),
    )
    body = b"".join(bytes([each, len(value)]) + value for each, value in elements)
    bssid = bytes([2, 0, 0, 0, network >> 8, network & 0xFF])
    frame = b"\x80\0\0\0" + b"\xff" * 6 + bssid * 2 + struct.pack("<H", number * 16 & 0xFFFF)
    frame += struct.pack("<QHH", number * 1000, 100, 0x0431) + body + b"\0\0\0\0"
    signal = -30 - number * 7 % 60
    radio = struct.pack("<BBHIQBBHHbB", 0, 0, 24, 0x0000082F, number, 0x10, 2, 2407 + 5 * channel, 0x00A0, signal, 0)
    return radio + frame


def write(path: Path, beacons: int) -> Path:
    """A pcap file with so many beacons."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 127))
        for number in range(beacons):
            frame = beacon(number)
            seconds, fraction = divmod(number * 500, 1_000_000)
            file.write(struct.pack("<IIII", 1_700_000_000 + seconds, fraction, len(frame), len(frame)) + frame)
    return path


def run(*argv: str, exit_code: int = 0) -> tuple[float, str]:
    """How long a command takes, and what it prints."""
    begun = time.perf_counter()
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    took = time.perf_counter() - begun
    assert done.returncode == exit_code, done.stderr
    return took, done.stdout


def test_a_capture_is_judged_in_no_more_time_than_tshark_takes(tmp_path: Path, say: Say) -> None:
    file = str(write(tmp_path / "many.pcap", 100_000))
    fields = [word for field in FIELDS for word in ("-e", field)]
    theirs, ours = [], []
    for _ in range(RUNS):  # taking turns, so that what else this machine does hits both
        took, printed = run("tshark", "-r", file, "-T", "fields", *fields)
        theirs.append(took)
        # No network is chosen, so all of them are judged, and the exit code is "undetermined".
        took, report = run(TOOL, "check", "--capture", file, "--only", "wifi", "--json", exit_code=3)
        ours.append(took)
    mine, tsharks = statistics.median(ours), statistics.median(theirs)
    say(f"100,000 beacons read and judged: {mine:.2f} s, tshark {tsharks:.2f} s ({tsharks / mine:.1f} x)")

    assert printed.count("\n") == 100_000
    assert len({line.split("\t")[0] for line in printed.splitlines()}) == NETWORKS
    assert len(json.loads(report)["networks"]) == NETWORKS
    assert mine <= tsharks


def test_memory_does_not_grow_with_the_file(tmp_path: Path, say: Say) -> None:
    peaks = [
        int(run(sys.executable, "-c", READ, str(write(tmp_path / "file.pcap", beacons)))[1].split()[1])
        for beacons in (10_000, 100_000)
    ]
    say(f"peak memory: {peaks[0] / 1024:.1f} MB for 10,000 beacons, {peaks[1] / 1024:.1f} MB for 100,000")

    assert peaks[1] <= peaks[0] * 1.05 + 1024

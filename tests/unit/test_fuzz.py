"""The fuzz targets with fixed inputs, and that the harness finds what it is there to find."""

import re
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.fuzz import harness
from tests.fuzz.harness import Fuzzer, Input, Target

INPUTS, SEED = 60_000, 2026
ROOT = Path(__file__).parents[2]


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The documented command, in a process of its own, whose memory is that of the targets alone."""
    argv = [sys.executable, "-m", "tests.fuzz", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.fuzz
def test_no_input_escapes_hangs_or_takes_much_memory() -> None:
    done = fuzz("--inputs", str(INPUTS), "--seed", str(SEED))

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(f"^{INPUTS:,} inputs in ", done.stdout, re.MULTILINE), "after lines of progress, if it was slow"
    lines = re.findall(r"^  ([\w-]+): ([\d,]+)$", done.stdout, re.MULTILINE)
    counts = {name: int(count.replace(",", "")) for name, count in lines}
    assert sum(counts.values()) == INPUTS
    assert min(counts.values()) > 20, "every target got some"


@pytest.mark.fuzz
def test_an_input_is_repeated_by_its_number() -> None:
    done = fuzz("--only", "dns", "--seed", "3", "--number", "17")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "--only dns --seed 3 --number 17" in done.stdout


def found(
    feed: object, *, inputs: int = 40, most_s: float = 60.0, most_memory: int = harness.MOST_MEMORY * 100
) -> list[tuple[str, str]]:
    fuzzer = Fuzzer([Target("planted", [b"seed"], feed)], 5, most_s=most_s, most_memory=most_memory)  # type: ignore[arg-type]
    return [(finding.what, str(finding.which)) for finding in fuzzer.run(inputs, None).findings]


def when_mutated(made: bytes) -> bool:
    """Whether an input is another than its seed, which every target has to take."""
    return made != b"seed"


def test_the_harness_finds_an_escape() -> None:
    made: list[bytes] = []

    def feed(data: bytes, _: Random) -> None:
        made.append(data)
        if len(data) > 20:
            raise IndexError("planted")

    escapes = found(feed)
    long_ones = [number for number, data in enumerate(made[1:]) if len(data) > 20]

    assert long_ones
    assert escapes == [("escape", f"--only planted --seed 5 --number {number}") for number in long_ones]


def test_the_harness_finds_a_hang_even_where_everything_is_caught() -> None:
    hung: list[int] = []

    def feed(data: bytes, _: Random) -> None:
        if when_mutated(data) and not hung:
            hung.append(1)
            try:
                while True:
                    pass
            except Exception:  # noqa: BLE001
                return

    assert [what for what, _ in found(feed, most_s=0.1)] == ["hang"]
    assert hung


def test_the_harness_does_not_call_waiting_a_hang() -> None:
    assert found(lambda *_: time.sleep(0.15), inputs=2, most_s=0.1) == []


@pytest.mark.more
def test_the_harness_finds_too_much_memory() -> None:
    most = harness.peak_memory() + (32 << 20)
    kept: list[bytearray] = []

    def feed(data: bytes, _: Random) -> None:
        if when_mutated(data) and not kept:
            kept.append(bytearray(b"x") * most)  # however much of the peak has been given back since

    assert [what for what, _ in found(feed, most_memory=most)] == ["memory"]


def test_an_input_is_the_same_in_every_run() -> None:
    made: list[bytes] = []
    target = Target("planted", [b"one seed", b"another"], lambda data, _: made.append(data))
    whole = Fuzzer([target], 9)
    whole.run(30, None)
    del made[: len(target.seeds)]
    Fuzzer([target], 9).feed(Input("planted", 9, 21))

    assert made[21] == made[30]
    assert len(set(made)) > 20

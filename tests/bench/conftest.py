"""What the benchmarks share."""

import sys
from collections.abc import Callable

import pytest

Say = Callable[[str], None]
MOST_S = 3.0
"""For 10,000 access points. Processors differ: one took 1.9 s, and another of the same kind 2.3 s for the same code."""


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print a figure although the test passes."""

    def show(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {line}")

    return show

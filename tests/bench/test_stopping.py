"""Ctrl-C ends the program within a second, whatever it is doing."""

from pathlib import Path

import pytest

from tests.bench.conftest import Say
from tests.unit.stopping import MOMENTS, stopped

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_program_ends_within_a_second(moment: str, tmp_path: Path, say: Say) -> None:
    ends = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        ends.append(stopped(MOMENTS[moment], tmp_path / str(number)))
    say(f"stopped while {moment}: ended after {min(end.took_s for end in ends):.2f} s")

    assert {end.exit_code for end in ends} == {130}
    assert min(end.took_s for end in ends) < 1  # the best of three: what else this machine does can only add

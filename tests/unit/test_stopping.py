"""Ctrl-C ends a run at any moment: it is acknowledged, leaves no half file, and what was measured is reported."""

import json
import signal
from pathlib import Path

import pytest

from tests.unit.stopping import MOMENTS, REPORTED, started, stopped


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_is_stopped_at_any_moment(moment: str, tmp_path: Path) -> None:
    end = stopped(MOMENTS[moment], tmp_path)

    assert end.exit_code == 130
    assert "netpreflight: stop" in end.errors
    assert "Traceback" not in end.errors
    if moment in REPORTED:
        report = json.loads(end.output)
        assert report["complete"] is False
        assert "cut short" in " ".join(report["notes"])
        assert end.left == ["report.html"]
    else:
        assert end.errors.endswith("netpreflight: stopped\n")
        assert end.output == ""
        assert end.left == []


@pytest.mark.parametrize("moment", ["judging during the run", "writing"])
def test_sigterm_does_the_same(moment: str, tmp_path: Path) -> None:
    end = stopped(MOMENTS[moment], tmp_path, signal.SIGTERM)

    assert (end.exit_code, end.left) == (130, ["report.html"] if moment in REPORTED else [])
    assert "netpreflight: stop" in end.errors


def test_a_run_that_nobody_stops_says_nothing_of_it(tmp_path: Path) -> None:
    with started("", tmp_path) as process:
        output, errors = process.communicate(timeout=60)

    assert json.loads(output)["complete"] is True
    assert "stop" not in errors
    assert (tmp_path / "out/report.html").exists()

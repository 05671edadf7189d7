"""A run is judged for every known device, and every Device OS version of the one judged, in an instant."""

import time
from pathlib import Path
from typing import Literal

import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Run
from tests.bench.conftest import Say
from tests.bench.machine import at_most
from tests.lab.lab import Lab

pytestmark = pytest.mark.bench

SAVED = Path(__file__).parents[1] / "unit" / "data" / "sample-report-1-air.json"
MOST_S = 0.050


def fastest(run: Run, profile: Profile) -> float:
    """Seconds that a whole report takes, once everything is loaded: the best of several."""
    took = []
    for _ in range(7):
        begun = time.perf_counter()
        made = report.make(run, profile)
        took.append(time.perf_counter() - begun)
        assert len(made.devices) == len(profiles.names())
    return min(took)


@pytest.mark.parametrize("source", ["saved", "fresh"])
def test_all_devices_are_judged_in_an_instant(source: Literal["saved", "fresh"], tmp_path: Path, say: Say) -> None:
    file = SAVED
    if source == "fresh":
        file = tmp_path / "run.json"
        with Lab() as lab:
            file.write_text(lab.check("--device", "argon").stdout)
    run, _ = report.load(file)
    took = {device.name: fastest(run, device) for device in profiles.load_all()}
    slowest = max(took, key=lambda name: took[name])
    say(
        f"a {source} run judged for all devices and versions: {min(took.values()) * 1000:.1f} ms "
        f"to {took[slowest] * 1000:.1f} ms ({slowest}), all in turn {sum(took.values()) * 1000:.0f} ms"
    )

    assert took[slowest] < at_most(MOST_S)

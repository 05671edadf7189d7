"""What `--metrics` writes, as Prometheus' own checker reads it; test_watch.py has the file of a watch that runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from netpreflight.reports.watch.prometheus import render
from tests.lab.promtool import complaints
from tests.unit.hostile import HOSTILE
from tests.unit.watches import hostile_week, nights, watch

pytestmark = pytest.mark.lab

TOOL = str(Path(sys.executable).with_name("netpreflight"))
SAMPLES = Path(__file__).parents[1] / "unit" / "data"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('# HELP a_total Help.\n# TYPE a_total counter\na_total{b="c} 1\n', "error while linting"),
        ("# HELP a Help.\n# TYPE a counter\na 1\n", '"_total" suffix'),
        ("# HELP a_total Help.\n# TYPE a_total counter\na_total 1\n", ""),
    ],
    ids=["broken", "badly named", "right"],
)
def test_the_checker_tells_what_is_wrong(text: str, says: str) -> None:
    found = complaints(text)

    assert says in found
    assert bool(found) == bool(says)


def test_the_metrics_of_a_watch_are_right_whatever_is_named() -> None:
    hostile = [watch(1, device=text, version=text) for text in HOSTILE.values()]

    texts = [render(made) for made in (watch(1), nights(), hostile_week(), *hostile)]
    assert [found for text in texts if (found := complaints(text))] == []


def test_the_metrics_of_a_fleet_are_right(tmp_path: Path) -> None:
    store, metrics = str(tmp_path / "store"), tmp_path / "fleet.prom"
    run = str(SAMPLES / "sample-report-1.json")
    for words in (["add", run, "--names", "{site}-1.json"], ["export", "--metrics", str(metrics)]):
        done = subprocess.run([TOOL, "fleet", *words, "--store", store], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    assert 'netpreflight_fleet_site_verdicts{device="' in metrics.read_text()
    assert complaints(metrics.read_text()) == ""

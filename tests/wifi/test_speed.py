"""A survey takes hardly longer than the kernel itself takes to scan the same channels."""

import re
import sys
from collections.abc import Sequence

import pytest

from tests.wifi.access_points import AIRS
from tests.wifi.radios import LAPTOP, OnAir, Radios
from tests.wifi.surveys import Surveys
from tests.wifi.vm import Process

pytestmark = pytest.mark.lab
SAME_CHANNELS = ("crowd", "security", "names")
"""Three airs of one regulatory domain."""
MOST = 1.3


def stamps(events: Process) -> list[tuple[float, str]]:
    """When scans were started and finished, as the kernel told it."""
    found = re.findall(r"^(\d+\.\d+): .*: scan (started|finished)", events.says(), re.MULTILINE)
    return [(float(at), what) for at, what in found]


def kernels_own(radios: Radios, events: Process, frequencies: Sequence[int]) -> float:
    """How many seconds one scan of these frequencies takes."""
    known = len(stamps(events))
    radios.laptop.scan(frequencies, flush=False)
    # `scan` waited for the same events with a listener of its own.
    radios.guest.wait_until(lambda: len(stamps(events)) >= known + 2, events.says)
    (begun, started), (ended, finished) = stamps(events)[-2:]
    assert (started, finished) == ("started", "finished")
    return ended - begun


def test_survey_of_both_bands_is_as_fast_as_the_kernel(
    radios: Radios, surveys: Surveys, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [surveys.of(air).survey for air in SAME_CHANNELS]
    frequencies = made[0]["frequencies_mhz"]
    with OnAir(radios, AIRS[SAME_CHANNELS[0]]):
        events = radios.guest.start("ip", "netns", "exec", LAPTOP, "iw", "event", "-t")

        def is_listening() -> bool:
            radios.laptop.scan(frequencies[:1], flush=False)
            return [what for _, what in stamps(events)][-1:] == ["finished"]

        radios.guest.wait_until(is_listening, "iw event listening")
        scans = [kernels_own(radios, events, frequencies) for _ in SAME_CHANNELS]
        events.stop()
    assert {frequency // 1000 for frequency in frequencies} >= {2, 5}
    assert all(entry["frequencies_mhz"] == frequencies for entry in made)
    fastest, kernel, whole = (
        min(entry["scan_s"] for entry in made),
        min(scans),
        min(entry["duration_s"] for entry in made),
    )
    figures = (
        f"{len(frequencies)} channels: kernel {kernel:.2f} s, survey {fastest:.2f} s, {fastest / kernel:.2f} times; "
        f"{whole:.2f} s with the libraries loaded, in an emulated machine"
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")
    assert fastest <= MOST * kernel, figures

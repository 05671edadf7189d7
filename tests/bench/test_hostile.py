"""What somebody else's file or network can make netpreflight read is dealt with soon, however it is made.

That all of it ends as text, or as a refusal, is shown by the unit tests; here is only how long it takes.
"""

import time
from pathlib import Path

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.report import SharedLevel
from netpreflight.reports.sharing import shared
from netpreflight.reports.words import TOLD
from tests.bench.conftest import Say
from tests.unit import mutated, seen
from tests.unit.hostile import HOSTILE, HOSTILE_FILES, SLOW, planted
from tests.unit.places import PLACES, broken, of

pytestmark = pytest.mark.bench

FRAMES = 20_000
MOST_FRAME_S = 0.5
"""A frame that takes longer, of the processor's time, hangs; most take 0.00005 s."""


def test_a_hostile_company_file_is_refused_soon(tmp_path: Path, say: Say) -> None:
    file = tmp_path / "ourproduct.toml"
    took = {}
    for name, content in HOSTILE_FILES.items():
        file.write_text(content)
        begun = time.perf_counter()
        with pytest.raises(profiles.DeviceFileError):
            profiles.load(str(file))
        took[name] = time.perf_counter() - begun
    slowest = max(took, key=lambda name: took[name])
    say(f"a hostile company's file: refused within {took[slowest]:.2f} s ({slowest})")

    assert took[slowest] < 5


def test_hostile_text_in_every_field_is_shared_soon(say: Say) -> None:
    took: dict[tuple[str, SharedLevel], float] = {}
    for name, text in {**HOSTILE, **SLOW}.items():
        made = of(planted(broken(**PLACES["redirected"]), text, own=False))
        for level in TOLD:
            begun = time.perf_counter()
            shared(made, level)
            took[name, level] = time.perf_counter() - begun
    slowest = max(took, key=lambda case: took[case])
    say(f"hostile text in every field: shared within {took[slowest]:.2f} s ({', '.join(slowest)})")

    assert took[slowest] < 5


def test_ten_thousand_networks_are_shared_soon(say: Say) -> None:
    crowd = [
        seen.bss(1 + number % 11, ssid=f"Network {number}", bssid=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        for number in range(10_000)
    ]
    made = of(seen.healthy(wifi=seen.wifi(*crowd, target=None, target_from=None)))
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        public = shared(made, "public")
        took.append(time.perf_counter() - begun)
    say(f"10,000 networks: shared in {min(took):.2f} s")

    assert min(took) < 2  # the best of three: what else this machine does can only add
    assert public.observations.wifi is not None
    assert len(public.observations.wifi.bss) == 10_000
    assert not [bss.ssid for bss in public.observations.wifi.bss if bss.ssid and bss.ssid.startswith("Network")]


def test_no_mutated_frame_takes_long(say: Say) -> None:
    outcome = mutated.run(FRAMES, seed=2026)
    say(f"{FRAMES:,} mutated frames: the slowest took {outcome.slowest_s * 1000:.1f} ms of the processor's time")

    assert outcome.frames == FRAMES
    assert outcome.slowest_s < MOST_FRAME_S

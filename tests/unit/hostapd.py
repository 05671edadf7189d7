"""Captures of real access points (hostapd), and what their configurations say."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from netpreflight.probes.observations import Wifi
from netpreflight.probes.wifi.capture import read_capture

FOLDER = Path(__file__).parent / "data/captures/hostapd"
AIRS = sorted(file.stem for file in FOLDER.glob("*.pcap"))
EVERYWHERE = [*range(2412, 2473, 5), 2484, *range(5180, 5321, 20), 5745, 5785, 5975]
DEVICES = ("generic", "photon", "argon")


@cache
def air(name: str) -> Wifi:
    # The lab's monitor hears every channel; a channel on which nobody sent leaves no trace in the file.
    return replace(read_capture(FOLDER / f"{name}.pcap"), frequencies_mhz=EVERYWHERE)


def configured(name: str) -> list[dict[str, Any]]:
    truths: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return truths

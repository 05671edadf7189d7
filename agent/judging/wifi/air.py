"""How full the air is, counted once per run: a capture may hold thousands of BSSs, and every check needs the counts."""

import unicodedata
from collections import Counter, defaultdict

from netpreflight.probes.observations import Bss

PLAIN = (1, 6, 11)
"""The 2.4 GHz channels that do not overlap one another."""
_ALL_24 = range(1, 15)
_APART = 5
"""Channels are 5 MHz apart and 20 MHz wide, so those with numbers less than 5 apart overlap."""
_APART_40 = 4
"""The secondary channel of 40 MHz lies 20 MHz, that is four numbers, from the primary."""
_UNKNOWN_DBM, _LEAST_DBM = -70.0, -95.0
_SHAPES = str.maketrans("I1|0\u041e\u039f5", "lllOOOS")
"""Characters that look alike in many typefaces; U+041E and U+039F are the Cyrillic and the Greek capital O."""
_FOREIGN = str.maketrans("аеорсухіјѕһοαρν", "aeopcyxijshoapv")  # noqa: RUF001 - Cyrillic and Greek on purpose
_OVERLOOKED = str.maketrans("", "", " -_.\u00a0")


class AirOccupancy:
    """The BSSs that were heard, by name, by channel, and by look-alike names."""

    def __init__(self, heard: list[Bss]) -> None:
        self.named: dict[str, list[Bss]] = defaultdict(list)
        self.on_5: list[Bss] = []
        self.overlapping: Counter[int] = Counter()
        """How many BSSs overlap each 2.4 GHz channel, with their secondary channels."""
        self.load: dict[int, float] = {}
        """The highest BSS Load (0 to 1) that a BSS with this primary 2.4 GHz channel reports."""
        self._weight: dict[int, float] = dict.fromkeys(PLAIN, 0.0)
        for bss in heard:
            if bss.ssid:
                self.named[bss.ssid].append(bss)
            if bss.band == "5":
                self.on_5.append(bss)
            self.overlapping.update(channel for channel in _ALL_24 if overlaps(bss, channel))
            for channel in PLAIN:
                self._weight[channel] += _power(bss, channel) + _busy(bss, channel)
            if bss.load and bss.channel is not None and bss.band == "2.4":
                self.load[bss.channel] = max(bss.load.utilisation, self.load.get(bss.channel, 0.0))
        self._alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name in self.named:
            for key in _folded(name):
                self._alike[key].append(name)

    def weight(self, channel: int, without: str | None) -> float:
        """How busy channel 1, 6 or 11 is: by the BSSs that overlap it, their signal, and BSS Load; no unit.

        The BSSs of the network `without` do not count, because they would be moved to that channel. Their BSS Load
        does, because it includes everybody's traffic.
        """
        own = sum(_power(bss, channel) for bss in self.named.get(without or "", []))
        return round(self._weight[channel] - own, 6)

    def look_alikes(self, name: str) -> list[str]:
        """Other names that a person can mistake for this one."""
        return sorted({other for key in _folded(name) for other in self._alike.get(key, []) if other != name})


def overlaps(bss: Bss, channel: int) -> bool:
    """Whether a BSS overlaps this 2.4 GHz channel with its primary or secondary channel."""
    if bss.channel is None or bss.band != "2.4":
        return False
    if abs(bss.channel - channel) < _APART:
        return True
    offset = bss.ht.secondary_offset if bss.ht and (bss.width_mhz or 20) > 20 else 0
    return abs(bss.channel + {1: _APART_40, 3: -_APART_40}.get(offset, 0) - channel) < _APART


def _power(bss: Bss, channel: int) -> float:
    if not overlaps(bss, channel):
        return 0.0
    power = _UNKNOWN_DBM if bss.signal_dbm is None else min(max(bss.signal_dbm, _LEAST_DBM), 0.0)
    return (power + 100.0) / 10.0


def _busy(bss: Bss, channel: int) -> float:
    return min(bss.load.utilisation, 1.0) * 5 if bss.load and overlaps(bss, channel) else 0.0


def _folded(name: str) -> list[tuple[str, str]]:
    """Two keys of a name, the same for names that look alike: one ignores case, one similar shapes of letters."""
    plain = unicodedata.normalize("NFKC", name).translate(_OVERLOOKED)
    by_shape = plain.translate(_SHAPES).casefold().translate(_FOREIGN)
    return [("case", plain.casefold().translate(_FOREIGN)), ("shape", by_shape)]

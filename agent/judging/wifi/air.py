"""All that was heard, counted once: a capture may hold thousands of networks, and each is judged among all others."""

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
    """What was heard, by name, by channel, and by what names look like."""

    def __init__(self, heard: list[Bss]) -> None:
        self.named: dict[str, list[Bss]] = defaultdict(list)
        self.on_5: list[Bss] = []
        self.overlapping: Counter[int] = Counter()
        """BSSs whose channel, the secondary included, overlaps this 2.4 GHz channel."""
        self.load: dict[int, float] = {}
        """The highest BSS Load of those on just this 2.4 GHz channel, 0 to 1."""
        self._weight: dict[int, float] = dict.fromkeys(PLAIN, 0.0)
        for bss in heard:
            if bss.ssid:
                self.named[bss.ssid].append(bss)
            if bss.band == "5":
                self.on_5.append(bss)
            self.overlapping.update(number for number in _ALL_24 if overlaps(bss, number))
            for number in PLAIN:
                self._weight[number] += _power(bss, number) + _busy(bss, number)
            if bss.load and bss.channel is not None and bss.band == "2.4":
                self.load[bss.channel] = max(bss.load.utilisation, self.load.get(bss.channel, 0.0))
        self._alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name in self.named:
            for key in _folded(name):
                self._alike[key].append(name)

    def weight(self, number: int, without: str | None) -> float:
        """How used 1, 6 or 11 is: by the BSSs that overlap it and how strong they are, and by BSS Load.

        A network's own BSSs do not count: they are what would be moved. Their BSS Load does, for it counts everybody.
        """
        own = sum(_power(bss, number) for bss in self.named.get(without or "", []))
        return round(self._weight[number] - own, 6)

    def look_alikes(self, name: str) -> list[str]:
        """Other names that a person takes for this one."""
        return sorted({text for key in _folded(name) for text in self._alike.get(key, []) if text != name})


def overlaps(bss: Bss, number: int) -> bool:
    """Whether a BSS is sent on a 2.4 GHz channel that overlaps this one, its secondary channel included."""
    if bss.channel is None or bss.band != "2.4":
        return False
    if abs(bss.channel - number) < _APART:
        return True
    offset = bss.ht.secondary_offset if bss.ht and (bss.width_mhz or 20) > 20 else 0
    return abs(bss.channel + {1: _APART_40, 3: -_APART_40}.get(offset, 0) - number) < _APART


def _power(bss: Bss, number: int) -> float:
    if not overlaps(bss, number):
        return 0.0
    power = _UNKNOWN_DBM if bss.signal_dbm is None else min(max(bss.signal_dbm, _LEAST_DBM), 0.0)
    return (power + 100.0) / 10.0


def _busy(bss: Bss, number: int) -> float:
    return min(bss.load.utilisation, 1.0) * 5 if bss.load and overlaps(bss, number) else 0.0


def _folded(text: str) -> list[tuple[str, str]]:
    """A name without what the eye overlooks: by case, and by the shape of its letters; both without separators."""
    plain = unicodedata.normalize("NFKC", text).translate(_OVERLOOKED)
    by_shape = plain.translate(_SHAPES).casefold().translate(_FOREIGN)
    return [("case", plain.casefold().translate(_FOREIGN)), ("shape", by_shape)]

"""How full the air is, counted once per run: a capture may hold thousands of BSSs, and every check needs the counts."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from netpreflight.probes.observations import Bss, strength

PLAIN = (1, 6, 11)
"""The 2.4 GHz channels that do not overlap one another."""
_ALL_24 = range(1, 15)
_APART = 5
"""Channels are 5 MHz apart and 20 MHz wide, so those with numbers less than 5 apart overlap."""
_APART_40 = 4
"""The secondary channel of 40 MHz lies 20 MHz, that is four numbers, from the primary."""
_UNKNOWN_DBM, _LEAST_DBM = -70.0, -95.0
DEFERS_DBM = -82.0
"""A station waits while it hears a 20 MHz OFDM frame of at least this strength (IEEE 802.11-2020, 17.3.10.6). A weaker
one is noise to it, and does not crowd its channel."""
_SAME_RADIO_DB = 10.0
"""The most by which the names of one radio, sent with the same power, differ in strength where they are received."""
_SHAPES = str.maketrans("I1|0\u041e\u039f5", "lllOOOS")
"""Characters that look alike in many typefaces; U+041E and U+039F are the Cyrillic and the Greek capital O."""
_FOREIGN = str.maketrans("аеорсухіјѕһοαρν", "aeopcyxijshoapv")  # noqa: RUF001 - Cyrillic and Greek on purpose
_MARKS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\u0060\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02", '"')
)
"""Typographic apostrophes, accents and quotes, which phones and word processors put in place of the typed ones."""
_OVERLOOKED = {"Zs", "Pd", "Cf"}
"""Unicode's categories of blanks, dashes, and characters that are not shown."""
_UNDECODED = re.compile(r"\\x([89a-f][0-9a-f])")
"""A byte of a name that is not valid UTF-8, as `Bss.ssid` shows it."""
_OTHERS_OVERLOOKED = "-_.\t\u2212\ufe0e\ufe0f"
"""Further ones: the minus sign, and the selectors between a character as text and as a picture."""


class Radio:
    """The BSSs that are taken to be of one radio: on one channel, alike in BSSID and strength, and with other names.

    An access point numbers the BSSIDs of its names upwards from the radio's own, or changes their first octet. It never
    sends one name twice on a channel.
    """

    def __init__(self, strongest: Bss) -> None:
        self.strongest = strongest
        self.names = {strongest.ssid}
        self.load = strongest.load.utilisation if strongest.load else 0.0

    @property
    def is_near(self) -> bool:
        """Whether stations here wait for it; a radio of unknown strength counts."""
        return self.strongest.signal_dbm is None or self.strongest.signal_dbm >= DEFERS_DBM

    def has(self, bss: Bss) -> bool:
        """Whether a BSS, which is no stronger and alike in BSSID, can be of this radio."""
        if bss.ssid and bss.ssid in self.names:
            return False
        mine, its = self.strongest.signal_dbm, bss.signal_dbm
        return mine is None or its is None or mine - its <= _SAME_RADIO_DB

    def add(self, bss: Bss) -> None:
        """Count a BSS to this radio."""
        self.names.add(bss.ssid)
        self.load = max(self.load, bss.load.utilisation if bss.load else 0.0)


class AirOccupancy:
    """The BSSs that were heard, by name, by BSSID, by radio, and by look-alike names."""

    def __init__(self, heard: list[Bss]) -> None:
        self.named: dict[str, list[Bss]] = defaultdict(list)
        self.by_bssid: dict[str, list[Bss]] = defaultdict(list)
        """The BSSs with a name that send beacons."""
        self.on_5: list[Bss] = []
        self.overlapping: Counter[int] = Counter()
        """How many BSSs overlap each 2.4 GHz channel, with their secondary channels."""
        self.radios: list[Radio] = _radios(bss for bss in heard if bss.band == "2.4" and not bss.nontransmitted)
        """The radios on 2.4 GHz."""
        self.load: dict[int, float] = {}
        """The highest BSS Load (0 to 1) that a BSS with this primary 2.4 GHz channel reports."""
        for bss in heard:
            if bss.ssid:
                self.named[bss.ssid].append(bss)
            if bss.ssid and bss.bssid and not bss.nontransmitted:
                self.by_bssid[bss.bssid].append(bss)
            if bss.band == "5":
                self.on_5.append(bss)
            if not bss.nontransmitted:
                self.overlapping.update(channel for channel in _ALL_24 if overlaps(bss, channel))
            if bss.load and bss.channel is not None and bss.band == "2.4":
                self.load[bss.channel] = max(bss.load.utilisation, self.load.get(bss.channel, 0.0))
        self._alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name in self.named:
            for key in _folded(name):
                self._alike[key].append(name)

        # Once for each channel: every network in range is judged by them.
        self._on = {
            channel: [radio for radio in self.radios if overlaps(radio.strongest, channel)] for channel in _ALL_24
        }
        self.near = {channel: sum(radio.is_near for radio in there) for channel, there in self._on.items()}
        """How many near radios overlap each 2.4 GHz channel."""
        self._power = {channel: sum(_power(radio.strongest) for radio in there) for channel, there in self._on.items()}
        self._load = {channel: sum(min(radio.load, 1.0) * 5 for radio in there) for channel, there in self._on.items()}
        self._radios_named: dict[str, list[Radio]] = defaultdict(list)
        for radio in self.radios:
            for ssid in filter(None, radio.names):
                self._radios_named[ssid].append(radio)

    def on(self, channel: int) -> list[Radio]:
        """The radios that overlap a 2.4 GHz channel."""
        return self._on.get(channel, [])

    def weight(self, channel: int, without: str | None) -> float:
        """How busy channel 1, 6 or 11 is: by the radios that overlap it, their signal, and BSS Load; no unit.

        The radios of the network `without` do not count, because they would be moved to that channel. Their BSS Load
        does, because it includes everybody's traffic.
        """
        own = [radio for radio in self._radios_named.get(without or "", []) if overlaps(radio.strongest, channel)]
        return round(self._power[channel] - sum(_power(radio.strongest) for radio in own) + self._load[channel], 6)

    def look_alikes(self, name: str) -> list[str]:
        """Other names that a person can mistake for this one."""
        return sorted({other for key in _folded(name) for other in self._alike.get(key, []) if other != name})


def _radios(heard: Iterable[Bss]) -> list[Radio]:
    """The radios of these BSSs."""
    radios: list[Radio] = []
    alike: dict[tuple[int | None, str], list[Radio]] = defaultdict(list)
    for bss in sorted(heard, key=lambda bss: strength(bss.signal_dbm), reverse=True):
        # Without the first octet, and without the last four bits.
        near = alike[bss.channel, bss.bssid[2:-1]] if bss.bssid else []
        radio = next((radio for radio in near if radio.has(bss)), None)
        if radio is not None:
            radio.add(bss)
            continue
        radios.append(Radio(bss))
        near.append(radios[-1])
    return radios


def overlaps(bss: Bss, channel: int) -> bool:
    """Whether a BSS overlaps this 2.4 GHz channel with its primary or secondary channel."""
    if bss.channel is None or bss.band != "2.4":
        return False
    if abs(bss.channel - channel) < _APART:
        return True
    offset = bss.ht.secondary_offset if bss.ht and (bss.width_mhz or 20) > 20 else 0
    return abs(bss.channel + {1: _APART_40, 3: -_APART_40}.get(offset, 0) - channel) < _APART


def _power(bss: Bss) -> float:
    power = _UNKNOWN_DBM if bss.signal_dbm is None else min(max(bss.signal_dbm, _LEAST_DBM), 0.0)
    return (power + 100.0) / 10.0


def _folded(name: str) -> list[tuple[str, str]]:
    """Two keys of a name, the same for names that look alike: one ignores case, one similar shapes of letters.

    Both ignore blanks, dashes, the kind of apostrophe or quote, the normal form, and whether the name is in UTF-8 or in
    Windows' Western encoding.
    """
    text = _UNDECODED.sub(lambda match: bytes.fromhex(match[1]).decode("cp1252", "replace"), name)
    shown = "".join(
        character
        for character in unicodedata.normalize("NFKC", text.translate(_MARKS))
        if unicodedata.category(character) not in _OVERLOOKED and character not in _OTHERS_OVERLOOKED
    )
    by_shape = shown.translate(_SHAPES).casefold().translate(_FOREIGN)
    return [("case", shown.casefold().translate(_FOREIGN)), ("shape", by_shape)]

"""How full the air is, counted once per run: a capture may hold thousands of BSSs, and every check needs the counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from msgspec import UNSET

from netpreflight.agent.judging.wifi.names import folded, hidden_name_of
from netpreflight.probes.observations import Band, Bss, strength

PLAIN = (1, 6, 11)
"""The 2.4 GHz channels that do not overlap one another."""
_ALL_24 = range(1, 15)
_APART = 5
"""Channels are 5 MHz apart, and a DSSS signal is 22 MHz wide, so channels with numbers less than 5 apart overlap."""
_APART_40 = 4
"""At 40 MHz the secondary channel is 20 MHz, that is four channel numbers, above or below the primary."""
_UNKNOWN_DBM, _LEAST_DBM = -70.0, -95.0
"""The strength that is assumed for a BSS without one, and the lowest strength that `_power` tells apart."""
DEFERS_DBM = -82.0
"""A station does not send while it receives a 20 MHz OFDM frame of at least this strength (IEEE 802.11-2020,
17.3.10.6). It treats a weaker frame as noise, so a radio weaker than this does not crowd a channel."""
_SAME_RADIO_DB = 10.0
"""The largest difference in received strength between BSSs of one radio, which sends all with the same power."""
MOST_ALIKE = 5
"""At most this many look-alikes of a name are returned: a neighbour can send thousands."""


class Radio:
    """BSSs that are counted as one radio: on one channel, with similar BSSIDs and strengths, and with different names.

    An access point derives the BSSIDs of its networks from the radio's own address: it counts the address up, or
    changes the first octet. It never sends the same name twice on one channel.
    """

    def __init__(self, strongest: Bss) -> None:
        self.strongest = strongest
        self.names = {strongest.ssid}
        self.load = strongest.load.utilisation if strongest.load else 0.0

    @property
    def is_near(self) -> bool:
        """Whether stations here wait while this radio sends (`DEFERS_DBM`); they do if its strength is unknown."""
        return self.strongest.signal_dbm is None or self.strongest.signal_dbm >= DEFERS_DBM

    def is_too_strong_for(self, bss: Bss) -> bool:
        """Whether this radio is received so much stronger than a BSS that the BSS cannot belong to it."""
        mine, its = self.strongest.signal_dbm, bss.signal_dbm
        return mine is not None and its is not None and mine - its > _SAME_RADIO_DB

    def add(self, bss: Bss) -> None:
        """Count a BSS to this radio."""
        self.names.add(bss.ssid)
        self.load = max(self.load, bss.load.utilisation if bss.load else 0.0)


class _Alike:
    """The radios with the same channel and similar BSSIDs, the strongest first.

    BSSs have to be passed in the order of falling signal. Each belongs to the first radio of similar strength that does
    not have its name yet.
    """

    def __init__(self) -> None:
        self._radios: list[Radio] = []
        self._quiet_from = 0
        """The index of the first radio that is not too strong for the BSSs still to come; all radios before it are."""
        self._may_lack: dict[tuple[str, bool], int] = {}
        """Keyed by (name, whether the BSS has a signal strength): the index of the first radio that may lack that name.

        All radios before that index have the name. The search goes on from there, so that no radio is looked at twice
        for one name, however many BSSs have it.
        """

    def radio_of(self, bss: Bss) -> Radio | None:
        """The first radio that a BSS can belong to, if BSSs come strongest first; None: no radio fits."""
        has_signal = bss.signal_dbm is not None
        while has_signal and self._quiet_from < len(self._radios):
            if not self._radios[self._quiet_from].is_too_strong_for(bss):
                break
            self._quiet_from += 1
        at = self._quiet_from if has_signal else 0
        if bss.ssid:
            at = max(at, self._may_lack.get((bss.ssid, has_signal), 0))
            while at < len(self._radios) and bss.ssid in self._radios[at].names:
                at += 1
            self._may_lack[bss.ssid, has_signal] = at
        return self._radios[at] if at < len(self._radios) else None

    def add(self, radio: Radio) -> None:
        """Add a further radio; its strongest BSS must not be stronger than the BSSs before it."""
        self._radios.append(radio)


class AirOccupancy:
    """The BSSs that were heard, by name, by BSSID, by radio, and by look-alike names."""

    def __init__(self, heard: list[Bss]) -> None:
        self.named: dict[str, list[Bss]] = defaultdict(list)
        self.by_bssid: dict[str, list[Bss]] = defaultdict(list)
        """The BSSs that send beacons and have a name, by BSSID."""
        self.on_band: dict[Band | None, list[Bss]] = defaultdict(list)
        self.nameless: dict[Band | None, list[Bss]] = defaultdict(list)
        """The BSSs that send beacons, but no name, by band."""
        self.beacons: Counter[Band | None] = Counter()
        """How many BSSs send beacons, by band."""
        self.countries: set[str] = set()
        """The countries that Country elements name."""
        self.overlapping: Counter[int] = Counter()
        """How many BSSs overlap each 2.4 GHz channel with their primary or secondary channel."""
        self.load: dict[int, float] = {}
        """The highest BSS Load (0 to 1) that a BSS with this primary 2.4 GHz channel reports."""
        for bss in heard:
            band = bss.band
            self.on_band[band].append(bss)
            if bss.ssid:
                self.named[bss.ssid].append(bss)
            if bss.country is not None:
                self.countries.add(bss.country)
            if not bss.nontransmitted:
                self.beacons[band] += 1
                self.overlapping.update(overlapped(bss))
                if not bss.ssid:
                    self.nameless[band].append(bss)
                elif bss.bssid:
                    self.by_bssid[bss.bssid].append(bss)
            if bss.load and bss.channel is not None and band == "2.4":
                self.load[bss.channel] = max(bss.load.utilisation, self.load.get(bss.channel, 0.0))
        self.radios: list[Radio] = _radios(bss for bss in self.on_band["2.4"] if not bss.nontransmitted)
        """The radios on 2.4 GHz."""
        self._alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name in sorted(self.named):
            for key in self._look_alike_keys(name):
                self._alike[key].append(name)

        # Worked out once for each channel, because every network in range is judged by these counts.
        self._on: dict[int, list[Radio]] = {channel: [] for channel in _ALL_24}
        for radio in self.radios:
            for channel in overlapped(radio.strongest):
                self._on[channel].append(radio)
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
        does count, because it includes everybody's traffic.
        """
        named = self._radios_named.get(without or "", [])
        own = [radio for radio in named if channel in overlapped(radio.strongest)]
        return round(self._power[channel] - sum(_power(radio.strongest) for radio in own) + self._load[channel], 6)

    def look_alikes(self, name: str) -> list[str]:
        """Other names that a person can mistake for this one: the first `MOST_ALIKE` of them, sorted."""
        found = {other for key in self._look_alike_keys(name) for other in self._alike.get(key, [])[: MOST_ALIKE + 1]}
        return sorted(found - {name})[:MOST_ALIKE]

    def _look_alike_keys(self, name: str) -> list[tuple[str, str]]:
        """The keys by which look-alikes of a name are found: from `folded`, or from the ticket if it hides the name."""
        hidden = hidden_name_of(self.named.get(name, []))
        return folded(name) if hidden is None else list(zip(("case", "shape"), hidden.looks, strict=False))


def _radios(heard: Iterable[Bss]) -> list[Radio]:
    """Group these BSSs into radios."""
    radios: list[Radio] = []
    alike: dict[tuple[int | None, str], _Alike] = defaultdict(_Alike)
    for bss in sorted(heard, key=lambda bss: strength(bss.signal_dbm), reverse=True):
        # The BSSID without its first octet and its last four bits; a ticket has a number (`Bss.radio`) in its place.
        near = alike[bss.channel, bss.bssid[2:-1] if bss.radio is UNSET else str(bss.radio)] if bss.bssid else _Alike()
        radio = near.radio_of(bss)
        if radio is not None:
            radio.add(bss)
            continue
        radios.append(Radio(bss))
        near.add(radios[-1])
    return radios


def overlapped(bss: Bss) -> frozenset[int]:
    """The 2.4 GHz channels that a BSS overlaps with its primary or secondary channel."""
    if bss.channel is None or bss.band != "2.4":
        return frozenset()
    return _overlapped_around(bss.channel, bss.ht.secondary_offset if bss.ht and (bss.width_mhz or 20) > 20 else 0)


@lru_cache(maxsize=256)
def _overlapped_around(primary: int, offset: int) -> frozenset[int]:
    """The 2.4 GHz channels that a primary channel and its secondary channel (by HT Operation's offset) overlap."""
    both = primary, primary + {1: _APART_40, 3: -_APART_40}.get(offset, 0)
    return frozenset(channel for channel in _ALL_24 if any(abs(part - channel) < _APART for part in both))


def _power(bss: Bss) -> float:
    """The weight of a BSS by its signal strength: from 0.5 at -95 dBm and below to 10 at 0 dBm."""
    power = _UNKNOWN_DBM if bss.signal_dbm is None else min(max(bss.signal_dbm, _LEAST_DBM), 0.0)
    return (power + 100.0) / 10.0

"""A Wi-Fi survey with cached results, shared by all checks, devices and networks of one run.

A neighbour can send thousands of beacons of the judged name. So whatever looks at all BSSs is worked out once for each
survey, network or kind of radio, and not for each BSS, check, device and Device OS version.
"""

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from netpreflight.agent.judging.wifi.air import PLAIN, AirOccupancy
from netpreflight.agent.judging.wifi.bss import PASSIVE, by_strength, is_fresh
from netpreflight.agent.judging.wifi.names import hidden_name_of, octets_in, oddities
from netpreflight.probes.observations import Band, Bss, HiddenName, Neighbor, Observations, Oddity, Wifi

_MULTIPLE_BSSID_INDEX = 85
"""IEEE 802.11-2020, 9.4.2.73."""
_HIGH_CLASSES = range(115, 138)
"""Global operating classes of 5 GHz (115 to 130) and 6 GHz (131 to 137): IEEE 802.11-2020, table E-4, and 802.11ax."""

if TYPE_CHECKING:
    from netpreflight.agent.judging.wifi.ess import Ess
    from netpreflight.agent.judging.wifi.ranking import Kinds, Ranking, Statuses
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.results import Finding


class Survey(Wifi, kw_only=True, dict=True):
    """A Wi-Fi survey that keeps what has been worked out from it, so that nothing is worked out twice."""

    judged: "tuple[Profile, Ess | Finding] | None" = None
    """The device that was judged last, and the network as judged for it, which all checks of this device share."""

    kinds: "Kinds | None" = None
    """The network's BSSs by kind; None: they were not ranked yet."""

    @cached_property
    def air(self) -> AirOccupancy:
        """The counts over all BSSs that were heard."""
        return AirOccupancy(self.bss)

    @cached_property
    def statuses(self) -> "Statuses":
        """The statuses judged so far, so that BSSs that are equal in what a check looks at are judged once."""
        return {}

    @cached_property
    def rankings(self) -> "dict[bytes, Ranking]":
        """The rankings of the network's BSSs made so far, by the encoded facts about the radio."""
        return {}

    @cached_property
    def ours(self) -> list[Bss]:
        """The BSSs of the network, the strongest first."""
        return by_strength(self.air.named.get(self.target or "", []))

    @cached_property
    def ours_on(self) -> dict[Band | None, list[Bss]]:
        """The BSSs of the network by band, the strongest first."""
        found = defaultdict(list)
        for bss in self.ours:
            found[bss.band].append(bss)
        return found

    @cached_property
    def heard(self) -> list[Bss]:
        """The BSSs of the network that send beacons, the strongest first."""
        return [bss for bss in self.ours if not bss.nontransmitted]

    @cached_property
    def names_sent(self) -> list[bytes]:
        """The different byte sequences that the network's beacons send as its name."""
        return list(dict.fromkeys(octets for bss in self.heard if (octets := octets_of(bss.ssid_hex)) is not None))

    @cached_property
    def hidden_name(self) -> HiddenName | None:
        """What a ticket keeps of the network's hidden name; None: the name is not hidden, or this is no ticket."""
        return hidden_name_of(self.heard) or hidden_name_of(self.ours)

    @property
    def octets(self) -> int:
        """How many bytes the network's name has."""
        hidden, raws = self.hidden_name, self.names_sent
        return octets_in(raws[0] if raws else None, self.target or "") if hidden is None else hidden.octets

    @property
    def oddities(self) -> list[Oddity]:
        """What is odd about the network's name."""
        hidden, raws = self.hidden_name, self.names_sent
        return oddities(raws[0] if raws else None, self.target or "") if hidden is None else hidden.odd

    @cached_property
    def spellings(self) -> int:
        """How many different byte sequences the network's beacons send as its name."""
        told = (bss.hidden_name for bss in self.heard if not bss.ssid_hex)
        hidden = {name.spelling for name in told if name is not UNSET and name.spelling is not None}
        return len(self.names_sent) + len(hidden)

    @cached_property
    def contradictions(self) -> list[str]:
        """The different contradictions in the network's beacons."""
        return list(dict.fromkeys(note for bss in self.heard for note in bss.contradictions))

    @cached_property
    def announced_high(self) -> list[Neighbor]:
        """The access points with the same name on 5 and 6 GHz that the network's 2.4 GHz beacons announce."""
        return [
            neighbor
            for bss in self.heard
            for neighbor in bss.neighbors
            if neighbor.same_ssid is True and neighbor.operating_class in _HIGH_CLASSES and bss.band == "2.4"
        ]

    @cached_property
    def double(self) -> tuple[Bss, Bss] | None:
        """A BSS of the network and a BSS of another name with the same BSSID, both fresh; None: no such pair."""
        for bss in self.heard:
            other = self._others.get(bss.bssid or "")
            if other is not None and is_fresh(bss, self):
                return bss, other
        return None

    @cached_property
    def _others(self) -> dict[str, Bss]:
        """Keyed by the BSSIDs of the network's BSSs: the first fresh BSS with that BSSID and another name."""
        found = {}
        for bssid in dict.fromkeys(bss.bssid for bss in self.heard if bss.bssid):
            same = self.air.by_bssid.get(bssid, [])
            other = next((bss for bss in same if bss.ssid != self.target and is_fresh(bss, self)), None)
            if other is not None:
                found[bssid] = other
        return found

    @cached_property
    def best_channel(self) -> int:
        """The least used of channels 1, 6 and 11, not counting the judged network's own radios."""
        return min(PLAIN, key=lambda channel: self.air.weight(channel, without=self.target))

    def aimed_at(self, name: str) -> "Survey":
        """The same survey with the network of this name as the one to judge; what was counted over all BSSs is kept."""
        aimed = msgspec.structs.replace(self, target=name, target_from=None, judged=None, kinds=None)
        aimed.air, aimed.statuses = self.air, self.statuses
        return aimed


def survey_of(wifi: Wifi) -> Survey:
    """Turn scan results into a `Survey`; one that already is a `Survey` is returned as it is."""
    if isinstance(wifi, Survey):
        return wifi
    survey = Survey(**{name: getattr(wifi, name) for name in wifi.__struct_fields__})
    if survey.source not in PASSIVE:
        survey.bss = [
            msgspec.structs.replace(bss, nontransmitted=True) if _is_made_up(bss.elements) else bss
            for bss in survey.bss
        ]
    return survey


def octets_of(name_hex: str | None) -> bytes | None:
    """The bytes of a BSS's name (`Bss.ssid_hex`); None: the source or the saved report does not have them."""
    try:
        return bytes.fromhex(name_hex) if name_hex else None
    except ValueError:
        return None


def _is_made_up(elements: str) -> bool:
    """Whether the operating system made this result up from another BSS's beacon, for a nontransmitted BSSID.

    Its elements then include a Multiple BSSID-Index element.

    Runs saved before `Bss.nontransmitted` existed have such results, but not that field.
    """
    try:
        octets = bytes.fromhex(elements)
    except ValueError:
        return False
    at = 0
    while at + 2 <= len(octets) and octets[at] != _MULTIPLE_BSSID_INDEX:
        at += 2 + octets[at + 1]
    return at + 2 <= len(octets)


def surveyed(seen: Observations) -> Observations:
    """A run's observations with their scan results as a `Survey`."""
    return seen if seen.wifi is None else msgspec.structs.replace(seen, wifi=survey_of(seen.wifi))

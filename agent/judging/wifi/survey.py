"""A Wi-Fi survey with cached results, shared by all checks, devices and networks of one run."""

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from netpreflight.agent.judging.wifi.air import AirOccupancy
from netpreflight.agent.judging.wifi.bss import PASSIVE
from netpreflight.probes.observations import Observations, Wifi

_MULTIPLE_BSSID_INDEX = 85
"""IEEE 802.11-2020, 9.4.2.73."""

if TYPE_CHECKING:
    from netpreflight.agent.judging.wifi.ess import Ess
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.results import Finding


class Survey(Wifi, kw_only=True, dict=True):
    """A Wi-Fi survey that keeps what has been worked out from it, so that nothing is worked out twice."""

    judged: "tuple[Profile, Ess | Finding] | None" = None
    """The device that was judged last, and the network as judged for it: all checks of that device share it."""

    @cached_property
    def air(self) -> AirOccupancy:
        """The counts over all BSSs that were heard."""
        return AirOccupancy(self.bss)

    def aimed_at(self, name: str) -> "Survey":
        """The same survey, about the network of this name."""
        aimed = msgspec.structs.replace(self, target=name, target_from=None, judged=None)
        aimed.air = self.air
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


def _is_made_up(elements: str) -> bool:
    """Whether a system made these elements from another BSS's announcement: they have a Multiple BSSID-Index element.

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

"""A survey as it is handed from check to check, from device to device and from network to network of one run."""

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from netpreflight.agent.judging.wifi.air import AirOccupancy
from netpreflight.probes.observations import Observations, Wifi

if TYPE_CHECKING:
    from netpreflight.agent.judging.wifi.ess import Ess
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.results import Finding


class Survey(Wifi, kw_only=True, dict=True):
    """What is on the air, with what has been worked out of it so far: whoever is handed it need not do that again."""

    judged: "tuple[Profile, Ess | Finding] | None" = None
    """The device that was judged last, and the network as that device has it: all checks of a device share it."""

    @cached_property
    def air(self) -> AirOccupancy:
        """All that was heard, counted."""
        return AirOccupancy(self.bss)

    def aimed_at(self, name: str) -> "Survey":
        """The same survey, about the network of this name."""
        aimed = msgspec.structs.replace(self, target=name, target_from=None, judged=None)
        aimed.air = self.air
        return aimed


def survey_of(wifi: Wifi) -> Survey:
    """A survey to be handed on; one that is already stays as it is."""
    if isinstance(wifi, Survey):
        return wifi
    return Survey(**{name: getattr(wifi, name) for name in wifi.__struct_fields__})


def surveyed(seen: Observations) -> Observations:
    """A run's observations with the survey to be handed on."""
    return seen if seen.wifi is None else msgspec.structs.replace(seen, wifi=survey_of(seen.wifi))

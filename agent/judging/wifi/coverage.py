"""What was listened to: the difference between a network that is absent and one that could not have been heard."""

from agent.judging.wifi.air import air_of
from agent.judging.wifi.bss import PASSIVE, age_words, is_fresh
from agent.judging.wifi.channels import plan, spans
from agent.profiles.facts import RadioFacts
from probes.observations import Wifi, band_of, frequency_of

OVERHEARD_MHZ = 10
"""Beacons on 2.4 GHz are sent at 1 Mb/s with few exceptions, and DSSS of 22 MHz is still received two channels away. So
a capture made on 1, 6 and 11 for a while has all of them; a scan, which stays for a tenth of a second, may not."""


def not_covered(wifi: Wifi, radio: RadioFacts) -> str | None:
    """Why the results do not show that a network is absent from the device's bands, in a phrase; None: they do."""
    reason = _not_covered_24(wifi, radio) if "2.4" in radio.bands.value else None
    if reason is None and "5" in radio.bands.value and not looked_at_high(wifi):
        reason = "5 GHz was not looked at"
    return reason


def _not_covered_24(wifi: Wifi, radio: RadioFacts) -> str | None:
    passive, wanted = wifi.source in PASSIVE, plan(radio.channels.value)
    low = [one for one in wifi.bss if one.band == "2.4"]
    if wifi.left_out:
        return wifi.left_out
    if passive and not low:
        return "nothing at all was heard on 2.4 GHz"
    if not passive and not wifi.triggered:
        return f"no scan was made for this run; the youngest of the earlier results was heard {age_words(wifi.bss)}"
    if wifi.frequencies_mhz:
        reach = OVERHEARD_MHZ if passive else 0
        missing = {one for one in wanted if not _is_within(reach, frequency_of(one, "2.4"), wifi.frequencies_mhz)}
        missing -= _not_used_here(wifi)
        return f"2.4 GHz was not listened to on channels {spans(missing)}" if missing else None
    if passive:
        # What is heard may itself have come from a channel beside the one that was listened to.
        missing = wanted - {one.channel for one in low if one.channel is not None}
        if not missing:
            return None
        return f"the {wifi.source} does not say where it listened, and nothing was heard of channels {spans(missing)}"
    if not low:
        return "nothing was heard on 2.4 GHz, and the source does not say whether it listened there"
    if not any(is_fresh(one, wifi) for one in low):
        return f"of 2.4 GHz there are earlier results only, the youngest heard {age_words(low)}"
    return None


def _not_used_here(wifi: Wifi) -> set[int]:
    """Channels that the laptop's radio may not use, where the rules of its country are those of this place.

    They are not where an access point announces another country (Country element, IEEE 802.11-2020, 9.4.2.8).
    """
    country = wifi.regulatory_country
    if country is None or not country.isalpha() or wifi.source in PASSIVE:
        return set()  # "00" and "99" are no countries
    if any(one.country not in {None, country} for one in wifi.bss):
        return set()
    return {12, 13, 14}


def _is_within(reach_mhz: int, frequency_mhz: int | None, listened_mhz: list[int]) -> bool:
    return frequency_mhz is not None and any(abs(frequency_mhz - one) <= reach_mhz for one in listened_mhz)


def looked_at_high(wifi: Wifi) -> bool:
    """Whether 5 GHz was looked at, at least in part: something was listened to or heard there for this run."""
    if (wifi.triggered or wifi.source in PASSIVE) and any(band_of(one) == "5" for one in wifi.frequencies_mhz):
        return True
    return any(is_fresh(one, wifi) for one in air_of(wifi).on_5)


def listened_high(wifi: Wifi) -> str:
    """Where on 5 GHz the source listened, for the evidence; empty where it does not say."""
    numbers = {(one - 5000) // 5 for one in wifi.frequencies_mhz if band_of(one) == "5" and one > 5000}
    return f"listened on 5 GHz channels {spans(numbers)}" if numbers else ""

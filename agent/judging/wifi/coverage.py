"""What was listened to: the difference between a network that is absent and one that could not have been heard."""

from netpreflight.agent.judging.wifi.bss import PASSIVE, age_words, is_fresh, source_words
from netpreflight.agent.judging.wifi.channels import plan, plans, spans
from netpreflight.agent.judging.wifi.survey import Survey
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.probes.observations import Band, Wifi, band_of, frequency_of

OVERHEARD_MHZ = 10
"""Beacons on 2.4 GHz are sent at 1 Mb/s with few exceptions, and DSSS of 22 MHz is still received two channels away. So
a capture made on 1, 6 and 11 for a while has all of them; a scan, which stays for a tenth of a second, may not."""

_EUROPE = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
"""Where wireless LANs end at 5725 MHz (ECC Decision (04)08), in the middle of channel 144."""


def not_covered(wifi: Wifi, radio: RadioFacts) -> str | None:
    """Why the results do not show that a network is absent from the device's bands, in a phrase; None: they do."""
    if wifi.left_out:
        return wifi.left_out
    if wifi.source not in PASSIVE and not wifi.triggered:
        return f"no scan was made for this run; the youngest of the earlier results was heard {age_words(wifi.bss)}"
    return next(filter(None, (_band_not_covered(band, wifi, radio) for band in radio.bands.value)), None)


def _band_not_covered(band: Band, wifi: Wifi, radio: RadioFacts) -> str | None:
    passive, uses = wifi.source in PASSIVE, plans(radio, band)[0]
    if uses is None:
        return f"the profile does not say which channels of {band} GHz the device uses"
    wanted = plan(uses.value, band)
    heard = [bss for bss in wifi.bss if bss.band == band]
    if passive and not heard:
        return f"nothing at all was heard on {band} GHz"
    if wifi.frequencies_mhz:
        reach = OVERHEARD_MHZ if passive and band == "2.4" else 0
        missing = {
            number for number in wanted if not _is_within(reach, frequency_of(number, band), wifi.frequencies_mhz)
        }
        missing -= _not_used_here(wifi, band)
        return f"{band} GHz was not listened to on channels {spans(missing, band)}" if missing else None
    if passive or band == "5":
        # What is heard may itself have come from a channel beside the one that was listened to.
        missing = set(wanted) - {bss.channel for bss in heard if bss.channel is not None and is_fresh(bss, wifi)}
        where = f"the {source_words(wifi)} does not say where it listened"
        return f"{where}, and nothing was heard of channels {spans(missing, band)}" if missing else None
    if not heard:
        return f"nothing was heard on {band} GHz, and the source does not say whether it listened there"
    if not any(is_fresh(bss, wifi) for bss in heard):
        return f"of {band} GHz there are earlier results only, the youngest heard {age_words(heard)}"
    return None


def _not_used_here(wifi: Wifi, band: Band) -> set[int]:
    """Channels that the laptop's radio may not use, where the rules of its country are those of this place.

    They are not where an access point announces another country (Country element, IEEE 802.11-2020, 9.4.2.8). Of 5 GHz
    that is only known of Europe: other radios may lack channels for other reasons, such as radar detection.
    """
    country = wifi.regulatory_country
    if country is None or not country.isalpha() or wifi.source in PASSIVE:
        return set()  # "00" and "99" are no countries
    if any(bss.country not in {None, country} for bss in wifi.bss):
        return set()
    if band == "5":
        return {144} if country in _EUROPE.split() else set()
    return {12, 13, 14}


def _is_within(reach_mhz: int, frequency_mhz: int | None, listened_mhz: list[int]) -> bool:
    return frequency_mhz is not None and any(abs(frequency_mhz - number) <= reach_mhz for number in listened_mhz)


def looked_at_high(wifi: Survey) -> bool:
    """Whether 5 GHz was looked at, at least in part: something was listened to or heard there for this run."""
    if (wifi.triggered or wifi.source in PASSIVE) and any(band_of(number) == "5" for number in wifi.frequencies_mhz):
        return True
    return any(is_fresh(bss, wifi) for bss in wifi.air.on_5)


def listened_high(wifi: Wifi) -> str:
    """Where on 5 GHz the source listened, for the evidence; empty where it does not say."""
    numbers = {(number - 5000) // 5 for number in wifi.frequencies_mhz if band_of(number) == "5" and number > 5000}
    return f"listened on 5 GHz channels {spans(numbers)}" if numbers else ""

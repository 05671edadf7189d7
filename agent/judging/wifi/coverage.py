"""Which channels were listened to: whether a network that was not heard is absent, or could not have been heard."""

from netpreflight.agent.judging.wifi.bss import PASSIVE, age_words, is_fresh, source_words
from netpreflight.agent.judging.wifi.channels import plan, plans, spans
from netpreflight.agent.judging.wifi.survey import Survey
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.probes.observations import Band, Wifi, band_of, frequency_of

OVERHEARD_MHZ = 10
"""A beacon can be received this far from its own channel: nearly all 2.4 GHz beacons are sent at 1 Mb/s, in DSSS that
is 22 MHz wide. So a longer capture on channels 1, 6 and 11 has the beacons of channels 1 to 13; a scan, which stays on
a channel for a tenth of a second, can miss some."""

_EUROPE = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
"""Countries where the 5 GHz band ends at 5725 MHz (ECC Decision (04)08), in the middle of channel 144."""


def not_covered(wifi: Survey, radio: RadioFacts) -> str | None:
    """Why the results cannot show that a network is absent from the device's bands, as a phrase; None: they can."""
    if wifi.left_out:
        return wifi.left_out
    if wifi.source not in PASSIVE and not wifi.triggered:
        return f"no scan was made for this run; the latest of the earlier results was heard {age_words(wifi.bss)}"
    return next(filter(None, (_band_not_covered(band, wifi, radio) for band in radio.bands.value)), None)


def _band_not_covered(band: Band, wifi: Survey, radio: RadioFacts) -> str | None:
    """Why the results cannot show that a network is absent from one band, as a phrase; None: they can."""
    passive, uses = wifi.source in PASSIVE, plans(radio, band)[0]
    if uses is None:
        return f"the profile does not say which channels of {band} GHz the device uses"
    wanted = plan(uses.value, band)
    heard = wifi.air.on_band[band]
    if passive and not heard:
        return f"nothing at all was heard on {band} GHz"
    if wifi.frequencies_mhz:
        # A radio that only listens also hears 2.4 GHz channels this close to the one it is tuned to.
        reach = OVERHEARD_MHZ if passive and band == "2.4" else 0
        missing = {
            channel for channel in wanted if not _is_within(reach, frequency_of(channel, band), wifi.frequencies_mhz)
        }
        missing -= _not_used_here(wifi, band)
        return f"{band} GHz was not listened to on channels {spans(missing, band)}" if missing else None
    if passive or band == "5":
        # A scan may skip 5 GHz channels (radar detection, country), and a capture may skip any channel. So only
        # channels on which a BSS was heard count as listened to. If the radio heard a BSS from the next channel, the
        # results do not show that it listened on that next channel.
        missing = set(wanted) - {bss.channel for bss in heard if bss.channel is not None and is_fresh(bss, wifi)}
        where = f"the {source_words(wifi)} does not say where it listened"
        return f"{where}, and nothing was heard on channels {spans(missing, band)}" if missing else None
    if not heard:
        return f"nothing was heard on {band} GHz, and the source does not say whether it listened there"
    if not any(is_fresh(bss, wifi) for bss in heard):
        return f"for {band} GHz there are earlier results only, the latest heard {age_words(heard)}"
    return None


def _not_used_here(wifi: Survey, band: Band) -> set[int]:
    """Channels that the country of the laptop's radio forbids, so that no access point here should use them.

    Empty where an access point announces another country (Country element, IEEE 802.11-2020, 9.4.2.8). On 5 GHz this is
    known for Europe only: elsewhere a radio may lack channels for other reasons, such as radar detection.
    """
    country = wifi.regulatory_country
    if country is None or not country.isalpha() or wifi.source in PASSIVE:
        return set()  # "00" and "99" are no countries
    if wifi.air.countries - {country}:
        return set()
    if band == "5":
        return {144} if country in _EUROPE.split() else set()
    return {12, 13, 14}


def _is_within(reach_mhz: int, frequency_mhz: int | None, listened_mhz: list[int]) -> bool:
    """Whether the radio listened within `reach_mhz` of a frequency, so that it would have heard a beacon there."""
    return frequency_mhz is not None and any(abs(frequency_mhz - listened) <= reach_mhz for listened in listened_mhz)


def looked_at_high(wifi: Survey) -> bool:
    """Whether this run looked at 5 GHz, at least in part: it listened there, or heard something there."""
    if (wifi.triggered or wifi.source in PASSIVE) and any(band_of(mhz) == "5" for mhz in wifi.frequencies_mhz):
        return True
    return any(is_fresh(bss, wifi) for bss in wifi.air.on_band["5"])


def listened_high(wifi: Wifi) -> str:
    """The 5 GHz channels on which the source listened, as evidence; empty: the source does not say."""
    channels = {(mhz - 5000) // 5 for mhz in wifi.frequencies_mhz if band_of(mhz) == "5" and mhz > 5000}
    return f"listened on 5 GHz channels {spans(channels)}" if channels else ""

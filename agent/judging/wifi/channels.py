"""Channels: whether the device uses the network's channel, how wide the channel is, and how crowded 2.4 GHz is."""

from functools import cache
from typing import Any

from netpreflight.agent.judging.wifi.air import DEFERS_DBM, PLAIN
from netpreflight.agent.judging.wifi.bss import either, judged_name, not_told
from netpreflight.agent.judging.wifi.survey import Survey
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.profiles.facts import Channels, RadioFacts
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import Bss, Wifi

BUSY = 0.75
"""A channel counts as crowded if BSS Load reports at least this share of busy time."""
CROWDED_RADIOS = 8
"""A channel counts as crowded if at least this many other radios that are near enough (`DEFERS_DBM`) overlap it."""


_SPACING = {"2.4": 1, "5": 4}
"""Steps from one 20 MHz channel number to the next: on 5 GHz every fourth number is a channel."""


@cache
def plan(text: str, band: str = "2.4") -> frozenset[int]:
    """The channel numbers in a text such as `1-11,13` or, on 5 GHz, `36-64,149-165`."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1, _SPACING[band]))
    return frozenset(found)


def spans(numbers: set[int], band: str = "2.4") -> str:
    """Channel numbers as text, such as `1-11, 13`: the reverse of `plan`."""
    ordered, step = sorted(numbers), _SPACING[band]
    starts = [number for number in ordered if number - step not in numbers]
    ends = [number for number in ordered if number + step not in numbers]
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def judge_channel(bss: Bss, wifi: Survey, profile: Profile) -> Finding:
    """Whether the primary channel is in the device's plan."""
    name, radio = judged_name(wifi), profile.radio
    if bss.channel is None:
        return not_told(wifi, "the channel", bss)
    uses, by_country = plans(radio, bss.band)
    if uses is None or bss.band is None:
        return Finding(
            status="unknown",
            summary=f"{name} is on channel {bss.channel} of {bss.band} GHz",
            problem="no-channel-plan",
            reason=f"The profile {profile.name} does not say which channels of that band the device uses.",
            remedy="Look up in the device's datasheet whether it uses this channel.",
            owner="device owner",
        )
    country_plans = {country: plan(text, bss.band) for country, text in by_country.value.items()} if by_country else {}
    rests_on: list[Fact[Any]] = [uses, *([by_country] if by_country else [])]
    if bss.channel in plan(uses.value, bss.band):
        countries_without = [country for country, numbers in country_plans.items() if bss.channel not in numbers]
        return Finding(
            status="pass",
            summary=f"{name} is on channel {bss.channel}, in the device's plan ({uses.value})",
            evidence=[f"not in the device's plan once its country is set to {either(countries_without)}"]
            if countries_without
            else [],
            rests_on=rests_on if countries_without else [uses],
        )
    remedy = f"Set the {bss.band} GHz channel to one of {uses.value}."
    if bss.band == "2.4":
        remedy = f"Set the 2.4 GHz channel to 1, 6 or 11. {advice(wifi)}"
    unconfirmed_channels = radio.channels_unconfirmed
    if bss.band == "2.4" and unconfirmed_channels is not None and bss.channel in plan(unconfirmed_channels.value):
        return Finding(
            status="warn",
            summary=f"{name} is on channel {bss.channel}; not confirmed for this device",
            problem="channel-unconfirmed",
            reason=f"It is not confirmed that this device uses channel {bss.channel}.",
            remedy=remedy,
            owner="network administrator",
            rests_on=[unconfirmed_channels],
        )
    countries = [country for country, numbers in country_plans.items() if bss.channel in numbers]
    if countries:
        remedy += f" Or set the device's own country, if that is {either(countries)}."
    elif country_plans:
        remedy += " No country setting of the device includes this channel."
    return Finding(
        status="fail",
        summary=f"{name} is on channel {bss.channel}; this device uses {uses.value}"
        + (" until its country is set" if countries else ""),
        problem="country-not-set" if countries else "outside-plan",
        reason="A device never hears a network on a channel that it does not use.",
        remedy=remedy,
        owner="network administrator",
        rests_on=rests_on,
    )


def plans(radio: RadioFacts, band: str | None) -> tuple[Fact[Channels] | None, Fact[dict[str, Channels]] | None]:
    """The channels of a band that a device uses as delivered, and by country once its country is set."""
    if band == "2.4":
        return radio.channels, radio.channels_by_country
    return (radio.channels_5, radio.channels_5_by_country) if band == "5" else (None, None)


def judge_width(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether a 2.4 GHz BSS operates at 20 MHz.

    This check never fails, because no element can refuse a 20 MHz station. Every station joins on the 20 MHz primary
    channel of HT Operation (IEEE 802.11-2020, 11.15.2), and the BSS membership selectors (9.4.2.3) demand a PHY, not a
    width. 40 MHz is a warning, because devices are reported to lose their connection there. On 5 GHz, where wide
    channels are usual, there are no such reports.
    """
    name, width = judged_name(wifi), profile.radio.width_mhz
    if bss.band != "2.4":
        used = "any width" if bss.width_mhz is None else f"{bss.width_mhz} MHz"
        return Finding(
            status="pass",
            summary=f"{name} may use {used} on {bss.band} GHz: the device joins on the primary {width.value} MHz",
            rests_on=[width],
        )
    if bss.width_mhz is None:
        return not_told(wifi, "the channel width", bss)
    if bss.width_mhz > width.value:
        where = "" if bss.channel is None else f" on channel {bss.channel}"
        return Finding(
            status="warn",
            summary=f"{name} uses {bss.width_mhz} MHz{where}",
            problem="wide-channel",
            reason=f"HT Operation has a secondary channel and allows any width. A {width.value} MHz device joins on "
            "the primary channel, but is reported to lose its connection on such networks.",
            remedy=f"Set the 2.4 GHz channel width of {name} to 20 MHz on the access point.",
            owner="network administrator",
            rests_on=[width],
        )
    return Finding(status="pass", summary=f"{name} uses {bss.width_mhz} MHz on 2.4 GHz", rests_on=[width])


def crowd(bss: Bss, wifi: Survey) -> str | None:
    """Why the channel of a BSS counts as crowded, in a few words; None: it does not."""
    if bss.load and bss.load.utilisation >= BUSY:
        return f"{bss.load.utilisation:.0%} busy"
    if bss.channel is None:
        return None
    # Access points of the same network on the same channel take turns; on overlapping channels they interfere.
    others = sum(
        radio.is_near and not (wifi.target in radio.names and radio.strongest.channel == bss.channel)
        for radio in wifi.air.on(bss.channel)
    )
    return f"{others} other access points overlap it" if others >= CROWDED_RADIOS else None


def crowd_remedy(bss: Bss, wifi: Survey) -> str:
    """What to do about a crowded channel; never advises the channel that is already in use."""
    if bss.band != "2.4":
        return f"Set the {bss.band} GHz channel to another one."
    best = wifi.best_channel
    if best == bss.channel:
        return f"Channel {best} is the least used of 1, 6 and 11 here already: move other devices to 5 GHz."
    return f"Set the 2.4 GHz channel to {best}, the least used of 1, 6 and 11 here."


def crowding(wifi: Survey) -> list[str]:
    """Evidence lines for channels 1, 6 and 11: how many BSSs and near radios overlap each, and its BSS Load if sent."""
    air = wifi.air
    near = air.near
    return [
        *(
            f"overlapping channel {channel}: {counted(air.overlapping[channel], 'BSS')}"
            + (
                f", {air.load[channel]:.0%} busy according to the access point's BSS Load element"
                if channel in air.load
                else ""
            )
            for channel in PLAIN
        ),
        f"access points of at least {DEFERS_DBM:.0f} dBm, however many names each has: "
        + ", ".join(f"{count} on channel {channel}" for channel, count in near.items()),
    ]


def advice(wifi: Survey) -> str:
    """The least used of channels 1, 6 and 11, as a sentence."""
    return f"The least used of 1, 6 and 11 here is {wifi.best_channel}."

"""2.4 GHz channels: whether the device uses the one in use, how wide it is, and how crowded the band is."""

from agent.checks import Finding
from agent.judging.wifi.air import PLAIN, air_of, overlaps
from agent.judging.wifi.bss import not_told
from agent.profiles import Profile
from probes.observations import Bss, Wifi

BUSY = 0.75
"""BSS Load: from this share of busy time on a channel counts as crowded."""
CROWDED_BSSS = 8
"""So many other BSSs on overlapping channels are worth a word."""


def plan(text: str) -> set[int]:
    """Channel numbers out of a text such as `1-11,13`."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def spans(numbers: set[int]) -> str:
    """The reverse of `plan`, for people: `1-11, 13`."""
    ordered = sorted(numbers)
    starts = [one for one in ordered if one - 1 not in numbers]
    ends = [one for one in ordered if one + 1 not in numbers]
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def judge_channel(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether the primary channel is in the device's plan."""
    name, radio = f"'{wifi.target}'", profile.radio
    if bss.channel is None:
        return not_told(wifi, "the channel", bss)
    high = bss.band != "2.4"
    uses = radio.channels_5 if high else radio.channels
    if uses is None or bss.band not in {"2.4", "5"}:
        return Finding(
            status="unknown",
            summary=f"{name} is on channel {bss.channel} of {bss.band} GHz",
            reason=f"The profile {profile.name} says nothing of channels of {bss.band} GHz.",
            remedy="Look up in the device's datasheet whether it uses this channel.",
            owner="device owner",
        )
    if bss.channel in plan(uses.value):
        return Finding(
            status="pass",
            summary=f"{name} is on channel {bss.channel}, in the device's plan ({uses.value})",
            rests_on=[uses],
        )
    remedy = (
        f"Set the 5 GHz channel to one of {uses.value}."
        if high
        else f"Set the 2.4 GHz channel to 1, 6 or 11. {advice(wifi)}"
    )
    perhaps = radio.channels_unconfirmed
    if not high and perhaps is not None and bss.channel in plan(perhaps.value):
        return Finding(
            status="warn",
            summary=f"{name} is on channel {bss.channel}; not confirmed for this device",
            reason=f"That this device uses channel {bss.channel} is not confirmed.",
            remedy=remedy,
            owner="network administrator",
            rests_on=[perhaps],
        )
    by_country = radio.channels_5_by_country if high else radio.channels_by_country
    countries = [one for one, there in by_country.value.items() if bss.channel in plan(there)] if by_country else []
    if countries:
        remedy += f" Or set the device's own country, if that is one of {', '.join(countries)}."
    return Finding(
        status="fail",
        summary=f"{name} is on channel {bss.channel}; this device uses {uses.value}"
        + (" as long as it is not told its country" if countries else ""),
        reason="A device never hears a network on a channel that it does not use.",
        remedy=remedy,
        owner="network administrator",
        rests_on=[uses, *([by_country] if by_country and countries else [])],
    )


def judge_width(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether a 2.4 GHz BSS operates at 20 MHz.

    It never fails: no element can say that a 20 MHz station is refused. HT Operation names a primary channel of
    20 MHz by which every station joins (IEEE 802.11-2020, 11.15.2), and the BSS membership selectors (9.4.2.3) demand
    a PHY, not a width. 40 MHz in use is a warning for what is reported of such networks.
    """
    name = f"'{wifi.target}'"
    if bss.band != "2.4":
        return Finding(status="pass", summary=f"{name}: the device joins on {bss.band} GHz")
    if bss.width_mhz is None:
        return not_told(wifi, "the channel width", bss)
    width = profile.radio.width_mhz
    if bss.width_mhz > width.value:
        where = "" if bss.channel is None else f" on channel {bss.channel}"
        return Finding(
            status="warn",
            summary=f"{name} uses {bss.width_mhz} MHz{where}",
            reason="HT Operation has a secondary channel and allows any width. A 20 MHz device joins by the primary "
            "channel, but such devices are reported to lose their connection on such networks.",
            remedy=f"Set the 2.4 GHz channel width of {name} to 20 MHz on the access point.",
            owner="network administrator",
            rests_on=[width],
        )
    return Finding(status="pass", summary=f"{name} uses {bss.width_mhz} MHz on 2.4 GHz", rests_on=[width])


def crowd(bss: Bss, wifi: Wifi) -> str | None:
    """Why the channel of a BSS counts as crowded, in a few words; None where it does not."""
    if bss.load and bss.load.utilisation >= BUSY:
        return f"{bss.load.utilisation:.0%} busy"
    if bss.channel is None:
        return None
    air = air_of(wifi)
    # Access points of one network on one channel take turns like its stations; on other channels they interfere.
    own = sum(one.channel == bss.channel and overlaps(one, bss.channel) for one in air.named.get(wifi.target or "", []))
    others = air.overlapping[bss.channel] - own
    return f"{others} other BSSs overlap it" if others >= CROWDED_BSSS else None


def crowd_remedy(bss: Bss, wifi: Wifi) -> str:
    """What to do about a crowded channel: never the advice to use the one in use."""
    best = best_channel(wifi)
    if best == bss.channel:
        return f"Channel {best} is the least used of 1, 6 and 11 here already: move other devices to 5 GHz."
    return f"Set the 2.4 GHz channel to {best}, the least used of 1, 6 and 11 here."


def crowding(wifi: Wifi) -> list[str]:
    """How full 1, 6 and 11 are: BSSs heard that overlap each, and BSS Load where a BSS on it gives that."""
    air = air_of(wifi)
    return [
        f"overlapping channel {number}: {air.overlapping[number]} BSSs"
        + (f", {air.load[number]:.0%} busy by BSS Load" if number in air.load else "")
        for number in PLAIN
    ]


def advice(wifi: Wifi) -> str:
    """The best of 1, 6 and 11, as a sentence."""
    return f"The least used of 1, 6 and 11 here is {best_channel(wifi)}."


def best_channel(wifi: Wifi) -> int:
    """The least used of 1, 6 and 11."""
    air = air_of(wifi)
    return min(PLAIN, key=lambda number: air.weight(number, without=wifi.target))

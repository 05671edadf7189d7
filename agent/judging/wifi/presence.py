"""Presence: whether the network is on the air in the device's bands, and whether other bands use its name too."""

from typing import Any, Literal

import msgspec

from netpreflight.agent.judging.wifi.bss import (
    FRESH_S,
    PASSIVE,
    age_words,
    channel_words,
    describe_all,
    either,
    is_fresh,
    sentences,
    signal_words,
    source_words,
    unlocking_step,
)
from netpreflight.agent.judging.wifi.channels import plans
from netpreflight.agent.judging.wifi.coverage import listened_high, looked_at_high, not_covered
from netpreflight.agent.judging.wifi.ess import Ess, see_band
from netpreflight.agent.judging.wifi.ssid import NOT_ASKED_FOR, not_asked_for
from netpreflight.agent.profiles import Fact
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import Bss, strength
from netpreflight.probes.quoting import in_quotes

STEERING_GAP_DB = 10.0
"""If 5 GHz is this much stronger than 2.4 GHz, band steering and dual-band laptops prefer it."""
_MOST_NEAR = 3
"""At most this many names that look like the one asked for are listed in the finding."""


def judge_band(network: Ess) -> Finding:
    """Whether the network is on the air in a band that the device has.

    A pass needs a scan result from this run, or a result of up to `FRESH_S` ago and an answer to this run's join. A
    fail needs a survey of every channel in the device's plan. Anything else is unknown.
    """
    best, wifi, name = network.best, network.wifi, network.name
    if best is None:
        return _not_in_band(network)
    has_answered = best.bssid in network.answered and best.age_s is not None and best.age_s <= FRESH_S
    if not (is_fresh(best, wifi) or has_answered):
        return _unknown(
            network,
            "stale-result",
            f"{name} was heard {age_words([best])}, and not since",
            f"The latest result is {'of unknown age' if best.age_s is None else f'{best.age_s:.0f} s old'}, "
            "so the network may be gone by now",
            *(() if wifi.triggered else ("No scan was made for this run", *wifi.limits)),
            settled_by="scan",
        )
    return Finding(
        status="pass",
        summary=f"{name} is on {best.band} GHz, {channel_words(best)}, {signal_words(best)}",
        evidence=[*network.evidence, *([f"{best.bssid} answered this run's join"] if has_answered else [])],
        rests_on=[network.profile.radio.bands],
    )


def _not_in_band(network: Ess) -> Finding:
    """The finding where no BSS of the network was heard in the device's bands, with names that look like it."""
    found = _absent(network)
    near = [] if network.ours else network.wifi.air.look_alikes(network.wifi.target or "")[:_MOST_NEAR]
    if not near:
        return found
    names = either([in_quotes(name) for name in near])
    heard = [network.wifi.air.named[name][0] for name in near]
    remedy = found.remedy or ""
    return msgspec.structs.replace(
        found,
        summary=f"{found.summary}; {names} was heard" if len(near) == 1 else f"{found.summary}; {names} were heard",
        remedy=f"Heard: {names}. Did you mean that? Enter the name exactly as it is here, on the device too. If it is "
        f"another network: {remedy[:1].lower()}{remedy[1:]}",
        evidence=[
            *found.evidence,
            *(f"looks the same as {network.name}: {in_quotes(bss.ssid or '')} ({bss.ssid_hex})" for bss in heard),
            *describe_all(heard),
        ],
    )


def _absent(network: Ess) -> Finding:
    """The finding where no BSS of the network was heard in the device's bands: a failure, or unknown."""
    wifi, ours, name, radio = network.wifi, network.ours, network.name, network.profile.radio
    others = " and ".join(sorted(band for band, there in wifi.ours_on.items() if band and there))
    elsewhere = f"{name} is on {others} GHz"
    if network.unheard:
        elsewhere = f"{name} has no beacon of its own, but is announced in another one (nontransmitted BSSID)"
    has = either(radio.bands.value)
    if wifi.ours_on[None]:
        return _unknown(
            network,
            "not-told",
            f"{name} was heard, but not on which band",
            f"The {source_words(wifi)} does not tell the frequency",
            settled_by="settings",
        )
    nameless = [bss for band in radio.bands.value for bss in wifi.air.nameless[band]]
    if nameless:
        hidden = f"{counted(len(nameless), 'BSS')} without a name, and {name} may be one of them"
        where = f"{elsewhere}; on {has} GHz it was not heard" if ours else f"{name} was not heard"
        why_not_found = NOT_ASKED_FOR if any(not_asked_for(bss, radio) for bss in nameless) else ""
        return _unknown(network, "hidden-names", where, hidden, why_not_found, settled_by="settings")
    gap = not_covered(wifi, radio)
    if gap is not None:
        where = f"{elsewhere}; {has} GHz was not surveyed as a whole" if ours else f"{name} was not heard"
        return _unknown(
            network,
            "not-surveyed",
            where,
            f"The results do not cover all of the device's channels: {gap}",
            *wifi.limits,
            settled_by="scan" if unlocking_step(wifi) or not wifi.triggered else "settings",
        )
    rests_on: list[Fact[Any]] = [radio.bands]
    rests_on += [uses for band in radio.bands.value if (uses := plans(radio, band)[0])]
    if network.unheard:
        return Finding(
            status="fail",
            summary=f"{name} has no beacon of its own: this device does not find it",
            problem="nontransmitted",
            reason="It is a nontransmitted BSSID: only the beacon of another BSS of the same access point has its "
            "name, in a Multiple BSSID element (IEEE 802.11-2020, 9.4.2.45). Stations with 802.11ax read that element; "
            f"this device has 802.11{'/'.join(radio.phy.value)}, and does not.",
            remedy=f"Switch off Multiple BSSID (MBSSID) for {has} GHz on the access point, so that {name} has beacons "
            "of its own; or give the device the network that has them.",
            owner="network administrator",
            evidence=describe_all(ours),
            rests_on=[*rests_on, radio.phy],
        )
    if ours:
        return Finding(
            status="fail",
            summary=f"{name} is on {others} GHz only; this device has {' and '.join(radio.bands.value)} GHz",
            problem="other-band",
            reason=f"{counted(len(ours), 'BSS')} of {name} heard, none of them on {has} GHz.",
            remedy=f"Switch on {has} GHz for {name} on the access point, or give the device a network that has it.",
            owner="network administrator",
            evidence=describe_all(ours),
            rests_on=rests_on,
        )
    beacons = wifi.air.beacons
    there = sum(beacons[band] for band in radio.bands.value)
    return Finding(
        status="fail",
        summary=f"{name} is not on the air here",
        problem="not-on-the-air",
        reason=f"The survey heard {counted(beacons.total(), 'BSS')}, {there} of them on {has} GHz. No BSS has this "
        "name, and no BSS on the device's bands hides its name.",
        remedy=f"Check the spelling of {name}, move nearer to the access point, or switch on its {has} GHz radio.",
        owner="device owner",
        rests_on=rests_on,
    )


def _unknown(
    network: Ess, problem: str, summary: str, *reasons: str, settled_by: Literal["scan", "settings"]
) -> Finding:
    """The finding where presence is not settled; another scan or the access point's settings would settle it."""
    wifi, name, radio = network.wifi, network.name, network.profile.radio
    if wifi.source in PASSIVE:
        listed = [f"{band} GHz channels {uses.value}" for band in radio.bands.value if (uses := plans(radio, band)[0])]
        remedy = f"Capture beside the access point, on each of the {' and the '.join(listed)} in turn."
    elif settled_by == "scan":
        remedy = unlocking_step(wifi) or "Run netpreflight again beside the access point, so that it makes a new scan."
    else:
        has = either(radio.bands.value)
        remedy = f"Check the access point's settings: {has} GHz must be on and broadcast {name}; note its channel."
    return Finding(
        status="unknown",
        summary=summary,
        problem=problem,
        reason=sentences(reasons),
        remedy=remedy,
        owner="device owner",
        evidence=describe_all(network.ours, network.best),
    )


def judge_shared(network: Ess) -> Finding:
    """Whether the name is used on 5 or 6 GHz too, and how big a risk that is for a device with 2.4 GHz only."""
    ours, name, bands = network.ours, network.name, network.profile.radio.bands
    low = [bss for bss in network.wifi.ours_on["2.4"] if not bss.nontransmitted]
    high = [*network.wifi.ours_on["5"], *network.wifi.ours_on["6"]]
    if "5" in bands.value and network.usable:
        where = " and ".join(sorted({bss.band for bss in network.usable if bss.band}))
        return Finding(
            status="pass",
            summary=f"{name} is on {where} GHz, and this device has {' and '.join(bands.value)} GHz",
            evidence=network.evidence,
            rests_on=[bands],
        )
    if not low:
        return _only_high(network) if high and not network.unheard else see_band(network)
    announced = network.wifi.announced_high
    if not high and not announced:
        return _not_shared(network)
    signs = _steering_signs(low, high)
    if announced and not high:
        signs.append(f"its own Reduced Neighbor Report names {counted(len(announced), 'BSS')} there")
    likelihood = "likely" if len(signs) > 1 else "possible" if signs else "nothing points at it"
    return Finding(
        status="warn",
        summary=f"{name} is on 2.4 and on 5 or 6 GHz; band steering: {likelihood}",
        problem="shared-name",
        reason="An access point that steers clients to 5 GHz can refuse a device that has 2.4 GHz only."
        + (f" Seen: {'; '.join(signs)}." if signs else ""),
        remedy=f"If the device does not join, switch off band steering for {name}, or give 2.4 GHz a name of its own.",
        owner="network administrator",
        evidence=describe_all(ours, network.best),
        rests_on=[bands],
    )


def _only_high(network: Ess) -> Finding:
    """The finding where the name is only on bands that the device lacks: a failure if wifi.band fails too."""
    band = judge_band(network)
    if band.standing != "fail":
        return see_band(network)
    bands = network.profile.radio.bands
    high = " or ".join(name for name in ("5", "6") if name not in bands.value)
    return Finding(
        status="fail",
        summary=f"{network.name} is on {high} GHz only",
        problem="other-band",
        reason="The name is used only on bands that this device does not have, and not on "
        f"{either(bands.value)} GHz; see wifi.band.",
        remedy="Do what wifi.band says.",
        owner="network administrator",
        due_to="wifi.band",
        rests_on=band.rests_on,
    )


def _not_shared(network: Ess) -> Finding:
    """The finding where the name was heard on 2.4 GHz only: a pass if 5 GHz was surveyed too, else unknown."""
    wifi, name = network.wifi, network.name
    if looked_at_high(wifi):
        evidence = [*network.evidence, *filter(None, [listened_high(wifi)])]
        bands = network.profile.radio.bands
        return Finding(status="pass", summary=f"{name} is on 2.4 GHz only", evidence=evidence, rests_on=[bands])
    if wifi.source in PASSIVE:
        remedy = "Capture on 5 GHz channels too (36 to 48 and 149 to 161 at least), and judge that capture."
    elif (step := unlocking_step(wifi)) is not None:
        remedy = step
    else:
        remedy = f"Check in the access point's settings whether 5 GHz uses the name {name} too."
    return Finding(
        status="unknown",
        summary=f"It is not known whether {name} is on 5 GHz too",
        problem="not-surveyed",
        reason=sentences(["Nothing was heard on 5 GHz, and nothing shows that it was listened to", *wifi.limits]),
        remedy=remedy,
        owner="device owner",
        evidence=network.evidence,
    )


def _steering_signs(low: list[Bss], high: list[Bss]) -> list[str]:
    """The signs of band steering that were seen, as phrases."""
    ours, signs = [*low, *high], []
    if any(bss.bss_transition for bss in ours):
        signs.append("802.11v BSS transition is on, which access points use for steering")
    if any(bss.radio_measurement for bss in ours):
        signs.append("802.11k is on")
    high_dbm, low_dbm = _strongest(high), _strongest(low)
    if high_dbm is not None and low_dbm is not None and high_dbm - low_dbm >= STEERING_GAP_DB:
        signs.append(f"5 GHz is {high_dbm - low_dbm:.0f} dB stronger")
    if all(bss.answers_probes is False for bss in low):
        signs.append("on 2.4 GHz no probe response was heard")
    return signs


def _strongest(bsss: list[Bss]) -> float | None:
    """The signal of the strongest BSS in dBm; None: not known."""
    return max(bsss, key=lambda bss: strength(bss.signal_dbm)).signal_dbm if bsss else None

"""Names: whether the device can join a network of this name, and whether its beacons hide the name."""

import msgspec

from netpreflight.agent.judging.wifi.bss import describe, judged_name, not_told, sentences
from netpreflight.agent.judging.wifi.channels import plan
from netpreflight.agent.judging.wifi.names import in_words, is_mark
from netpreflight.agent.judging.wifi.survey import Survey
from netpreflight.agent.profiles import Profile
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.quoting import in_quotes

NOT_ASKED_FOR = (
    "On channels 12 to 14, a device that does not know its country only listens, if it uses them at all. A hidden "
    "network is found only by a probe request for its name, so such a device does not find it there."
)
"""Why a device might not find a hidden network on these channels (`not_asked_for`)."""
_ABOVE_11 = range(12, 15)
"""The 2.4 GHz channels that some countries do not allow."""
_MOST_TWINS = 5
"""At most this many byte sequences of the name, and look-alike names, are evidence."""
_MOST_NOTES = 40
"""At most this many contradictions are evidence."""


def judge_name(hidden: Finding, wifi: Survey, profile: Profile) -> Finding:
    """Whether the device can join a network of this name; `hidden` is the `judge_hidden` finding of its best BSS."""
    name, text = judged_name(wifi), wifi.target or ""
    raws, notes = wifi.names_sent, wifi.contradictions
    marks = text if wifi.hidden_name is None else wifi.hidden_name.marks
    evidence = [f"{len(raw)} bytes: {raw.hex(' ')}" for raw in raws[:_MOST_TWINS]]
    evidence += notes[:_MOST_NOTES]
    if len(notes) > _MOST_NOTES:
        evidence.append(f"and {len(notes) - _MOST_NOTES} more contradictions in its beacons")
    refused_in_ssid = profile.radio.refused_in_ssid
    if refused_in_ssid is not None and (
        refused := [character for character in refused_in_ssid.value if character in marks]
    ):
        return Finding(
            status="fail",
            summary=f"{name} has a {'comma' if refused[0] == ',' else refused[0]!r} in it: this device cannot join it",
            problem="refused-character",
            reason="The device skips such names when it reads its scan results, and it joins only what it found there.",
            remedy=f"Rename {name}, or give the device a network with another name.",
            owner="network administrator",
            evidence=evidence,
            rests_on=[refused_in_ssid],
        )
    if hidden.standing in {"fail", "unknown"}:
        return msgspec.structs.replace(hidden, evidence=evidence)
    if refused_in_ssid is not None and wifi.hidden_name is not None and not all(map(is_mark, refused_in_ssid.value)):
        return not_told(wifi, "every character")  # a ticket does not tell if the name has these
    if wifi.double is not None:
        return _shared_bssid(wifi.double, hidden, wifi, evidence)
    oddities = in_words(wifi.oddities, wifi.octets)
    problem = "odd-name" if oddities else "look-alike"
    if wifi.spellings > 1:
        oddities.append(f"{wifi.spellings} names with different bytes look the same")
    if twins := wifi.air.look_alikes(text):
        oddities.append(f"{in_quotes(twins[0])} looks the same, but is another network")
        evidence += [f"looks the same: {in_quotes(twin)}" for twin in twins[1:_MOST_TWINS]]
    if oddities:
        hides = ["its beacons hide the name"] if hidden.status == "warn" else []
        reason = "Such a name is easy to mistype when the device is set up."
        return Finding(
            status="warn",
            summary=f"The name {name}: {'; '.join([*oddities, *hides])}",
            problem=problem,
            reason=f"{reason} {hidden.reason}" if hides else reason,
            remedy=f"Enter the name {name} exactly, byte by byte, or rename the network with letters and digits only.",
            owner="device owner",
            evidence=evidence,
            rests_on=hidden.rests_on,
        )
    if hidden.standing == "warn":
        return msgspec.structs.replace(hidden, evidence=evidence)
    return Finding(
        status="pass",
        summary=f"{name} is a name that the device can join",
        evidence=evidence,
        rests_on=[*([refused_in_ssid] if refused_in_ssid else []), *hidden.rests_on],
    )


def _shared_bssid(double: tuple[Bss, Bss], hidden: Finding, wifi: Survey, evidence: list[str]) -> Finding:
    """The finding where one BSSID has two names."""
    names = f"{judged_name(wifi)} and {in_quotes(double[1].ssid or '')}"
    return Finding(
        status="warn",
        summary=f"{names} have the same BSSID",
        problem="shared-bssid",
        reason=sentences(
            [
                (
                    "A BSSID is to have one name: an access point that gives it two is faulty, and stations may lose "
                    "the connection to either (if it was only renamed in the meantime, that is no fault)"
                ),
                (hidden.reason or "") if hidden.standing == "warn" else "",
            ]
        ),
        remedy=f"Give {names} BSSIDs (MAC addresses) of their own on the access point, or update its firmware; then "
        "look at the air again.",
        owner="network administrator",
        evidence=[*evidence, *map(describe, double)],
        rests_on=hidden.rests_on,
    )


def not_asked_for(bss: Bss, radio: RadioFacts) -> bool:
    """Whether the device might send no probe request on this channel, so that it finds no hidden network there.

    A device that does not know its country only listens on channels 12 to 14, if it uses them at all. This holds for
    the channels that are not in its plan as delivered, but unconfirmed, or in its plan only once its country is set.
    """
    if bss.band != "2.4" or bss.channel not in _ABOVE_11 or bss.channel in plan(radio.channels.value):
        return False
    uncertain_plans = [radio.channels_unconfirmed.value] if radio.channels_unconfirmed else []
    uncertain_plans += radio.channels_by_country.value.values() if radio.channels_by_country else []
    return any(bss.channel in plan(text) for text in uncertain_plans)


def judge_hidden(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether the device joins this BSS even if its beacons hide the name."""
    name, radio = judged_name(wifi), profile.radio
    if bss.hidden is False:
        return Finding(status="pass", summary=f"{name} is in its beacons")
    remedy = f"Let the access point broadcast the name {name}."
    joins = radio.hidden
    if bss.hidden is None:
        if joins.value == "no":
            return msgspec.structs.replace(not_told(wifi, "whether the beacons hide the name", bss), rests_on=[joins])
        return Finding(status="pass", summary=f"{name} was heard, though not in a beacon", rests_on=[joins])
    if joins.value == "no":
        since = joins.before
        has = f"Device OS {profile.os_version}" if since else "This device"
        newer = f"; {since} and later can join" if since else ""
        return Finding(
            status="fail",
            summary=f"{name} hides its name: this device cannot join it",
            problem="hidden-name",
            reason=f"{has} joins only names that its scan finds, and a hidden name is not among them{newer}.",
            remedy=f"{remedy[:-1]}, or update the device to {since} or later." if since else remedy,
            owner="network administrator",
            rests_on=[joins],
        )
    if not_asked_for(bss, radio):
        return Finding(
            status="unknown",
            summary=f"{name} hides its name on channel {bss.channel}: it is not known if this device finds it there",
            problem="hidden-above-11",
            reason=NOT_ASKED_FOR,
            remedy=f"{remedy[:-1]}, or set its 2.4 GHz channel to 1, 6 or 11.",
            owner="network administrator",
            rests_on=[joins, radio.channels],
        )
    reason = "The name has to be typed at setup, and the device then sends it in probe requests wherever it is."
    if joins.value == "with-cipher":
        reason = "This device joins such a network only if its cipher was given at setup too."
    return Finding(
        status="warn",
        summary=f"{name} hides its name",
        problem="hidden-name",
        reason=sentences([reason, joins.note]),
        remedy=remedy,
        owner="device owner",
        rests_on=[joins],
    )

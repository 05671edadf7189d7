"""What netpreflight has to say of the lab's networks: by their configurations, and by what is known of each device.

Written by hand from device-facts, section 3, and the report's contract; nothing of `agent` has a part in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.wifi.access_points import Truth

CHECKS = ("wifi.band", "wifi.shared-ssid", "wifi.channel-width", "wifi.channel", "wifi.security", "wifi.mode",
          "wifi.ssid", "wifi.signal")  # fmt: skip
BETTER = ("pass", "warn", "fail")
WEAK_DBM, UNUSABLE_DBM = -75, -85
CROWD = 8
"""So many other BSSs on overlapping channels crowd a network's channel."""
ODD = "\"'\\,"
"""Characters that are easily typed wrong, or that a device's commands have to escape."""
LOOK_ALIKE = str.maketrans({"\N{CYRILLIC CAPITAL LETTER ES}": "C"})


@dataclass(frozen=True)
class Device:
    """What is known of a device: a status for each thing that not every device can do.

    Attributes:
        plan: channels that it uses for certain.
        perhaps: channels of which that is not confirmed.
        old: WEP, and WPA with TKIP or CCMP.
        hidden: a network that hides its name.
    """

    plan: range
    perhaps: range
    old: str
    enterprise: str
    pmf_required: str
    n_only: str
    hidden: str
    comma: str


DEVICES = {
    "generic": Device(range(1, 12), range(0), "fail", "fail", "fail", "warn", "warn", "warn"),
    "photon": Device(range(1, 14), range(14, 15), "warn", "warn", "warn", "warn", "warn", "warn"),
    # Its Device OS is 4.2.0 where none is named, and hidden names need 5.5.0; that it joins n-only is inferred only.
    "argon": Device(range(1, 12), range(12, 15), "warn", "fail", "fail", "warn", "fail", "fail"),
}


def expected(device: str, network: str, air: Sequence[Truth]) -> dict[str, str]:
    """The status of each check, for one network among all that is on the air."""
    known = DEVICES[device]
    ours = [one for one in air if one.network == network]
    low = [one for one in ours if one.frequency_mhz < 3000]
    statuses = {"wifi.ssid": name(ours, air, known)}
    if not low:
        unseen = dict.fromkeys(set(CHECKS) - set(statuses), "unknown")
        return unseen | statuses | {"wifi.band": "fail", "wifi.shared-ssid": "fail"}
    return statuses | {
        "wifi.band": "pass",
        "wifi.shared-ssid": "warn" if len(ours) > len(low) else "pass",
        "wifi.channel-width": "warn" if any(one.width_mhz > 20 for one in low) else "pass",
        "wifi.channel": min((channel(one, known) for one in low), key=BETTER.index),
        "wifi.security": min((security(one, known) for one in low), key=BETTER.index),
        "wifi.mode": min((known.n_only if "ht" in one.membership else "pass" for one in low), key=BETTER.index),
        "wifi.signal": signal(low, air),
    }


def verdict(statuses: dict[str, str]) -> str:
    """The network's verdict; every check is required of it."""
    for status, word in (("fail", "incompatible"), ("unknown", "undetermined"), ("warn", "compatible-with-warnings")):
        if status in statuses.values():
            return word
    return "compatible"


def channel(one: Truth, known: Device) -> str:
    """Its primary channel."""
    return "pass" if one.channel in known.plan else "warn" if one.channel in known.perhaps else "fail"


def security(one: Truth, known: Device) -> str:
    """Its security."""
    if all(akm.startswith("FT-") for akm in one.akms) and one.akms:
        return "fail"
    match one.security:
        case ["open"]:
            status = "warn"
        case ["wep"] | ["wpa-psk"]:
            status = known.old
        case ["wpa2-psk"] if one.akms == ["WPA-PSK-SHA256"]:
            status = "fail"  # an AKM of its own, which no source gives to any of these devices
        case ["wpa2-psk"] | ["wpa-psk", "wpa2-psk"]:
            status = "pass"
        case ["wpa2-psk", "wpa3-sae"]:
            status = "warn"
        case ["wpa2-eap", *_]:
            status = known.enterprise
        case _:
            status = "fail"
    return max(status, known.pmf_required if one.pmf == "required" else "pass", key=BETTER.index)


def name(ours: Sequence[Truth], air: Sequence[Truth], known: Device) -> str:
    """Its name."""
    raw, text = bytes.fromhex(ours[0].real_ssid_hex), ours[0].network
    plain = text.translate(LOOK_ALIKE).casefold()
    others = {one.network for one in air if not one.hidden} - {text}
    statuses = ["pass"]
    if any(one.hidden for one in ours):
        statuses.append(known.hidden)
    if "," in text:
        statuses.append(known.comma)
    if not raw.isascii() or any(byte < 32 for byte in raw) or text != text.strip() or set(text) & set(ODD):
        statuses.append("warn")
    if any(other.translate(LOOK_ALIKE).casefold() == plain for other in others):
        statuses.append("warn")
    return max(statuses, key=BETTER.index)


def signal(low: Sequence[Truth], air: Sequence[Truth]) -> str:
    """How strong its best BSS is, and how many others overlap its channel: 20 MHz are four channels."""
    best = max(low, key=lambda one: one.signal_dbm)
    if best.signal_dbm < WEAK_DBM:
        return "fail" if best.signal_dbm < UNUSABLE_DBM else "warn"
    others = [one for one in air if one.frequency_mhz < 3000 and one.network != best.network]
    return "warn" if sum(abs(one.channel - best.channel) < 5 for one in others) >= CROWD else "pass"

"""What netpreflight has to say of the lab's networks: by their configurations, and by what is known of each device.

Written by hand from device-facts, section 3, and the report's contract; nothing of `agent` has a part in it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

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


NOT_USED = {"US": {2467, 2472, 2484}, "DE": {2484, 5720}}
"""Frequencies that a device may use, and the law of the place does not have: nobody has to listen there."""
HIGH = frozenset([*range(36, 65, 4), *range(100, 145, 4), *range(149, 166, 4)])
"""Channels of 5 GHz in the United States."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """What is known of a device: a status for each thing that not every device can do.

    Attributes:
        plan: channels of 2.4 GHz that it uses for certain.
        perhaps: channels of which that is not confirmed.
        high: channels of 5 GHz that it uses.
        old: WEP, and WPA with TKIP or CCMP.
        hidden: a network that hides its name.
    """

    plan: range = range(1, 12)
    perhaps: range = range(0)
    high: frozenset[int] = frozenset()
    old: str = "warn"
    wpa3: str = "fail"
    enterprise: str = "fail"
    pmf_required: str = "fail"
    n_only: str = "warn"
    hidden: str = "warn"
    comma: str = "warn"

    def uses(self, one: Truth) -> bool:
        """Whether it has the band of a BSS."""
        return one.frequency_mhz < 3000 or (one.frequency_mhz < 5925 and bool(self.high))

    def frequencies(self) -> set[int]:
        """Where it could be on the air with an access point."""
        return {2407 + 5 * one for one in self.plan} | {5000 + 5 * one for one in self.high}


PHOTON = Device(plan=range(1, 14), perhaps=range(14, 15), enterprise="warn", pmf_required="warn")
ARGON = Device(perhaps=range(12, 15), comma="fail")
PHOTON_2 = Device(high=HIGH, wpa3="warn", pmf_required="warn")
DEVICES = {
    "generic": Device(old="fail"),
    "core": Device(n_only="fail"),
    "photon": PHOTON,
    "photon --os 1.0.1": replace(PHOTON, n_only="fail"),
    "photon --os 0.6.4": replace(PHOTON, enterprise="fail"),
    "p1": PHOTON,
    # That an Argon joins n-only is inferred only; hidden names need 5.5.0.
    "argon": ARGON,
    "argon --os 5.4.0": replace(ARGON, hidden="fail"),
    "photon2": PHOTON_2,
    "photon2 --os 5.4.0": replace(PHOTON_2, hidden="fail", wpa3="fail"),
    "p2": PHOTON_2,
    "msom": PHOTON_2,
}
"""By the words that name a device, and a version where that is not the newest, to netpreflight."""


def expected(device: str, network: str, air: Sequence[Truth], listened: Collection[int]) -> dict[str, str]:
    """The status of each check, for one network among all that is on the air; `listened`: where, in MHz."""
    known = DEVICES[device]
    ours = [one for one in air if one.network == network]
    usable = [one for one in ours if known.uses(one)]
    statuses = {"wifi.ssid": name(ours, air, known)}
    if not usable:
        unseen = dict.fromkeys(set(CHECKS) - set(statuses), "unknown")
        absent = "fail" if is_absent(known, air, listened) else "unknown"
        return unseen | statuses | {"wifi.band": absent, "wifi.shared-ssid": absent}
    strongest = max(one.signal_dbm for one in usable)
    wide = [one for one in usable if one.frequency_mhz < 3000 and one.width_mhz > 20 and one.signal_dbm >= strongest]
    return statuses | {
        "wifi.band": "pass",
        "wifi.shared-ssid": "warn" if not known.high and len(ours) > len(usable) else "pass",
        "wifi.channel-width": "warn" if wide else "pass",
        "wifi.channel": min((channel(one, known) for one in usable), key=BETTER.index),
        "wifi.security": min((security(one, known) for one in usable), key=BETTER.index),
        "wifi.mode": min((mode(one, known) for one in usable), key=BETTER.index),
        "wifi.signal": signal(usable, air),
    }


def is_absent(known: Device, air: Sequence[Truth], listened: Collection[int]) -> bool:
    """Whether it is settled that a network which was not heard on the device's bands is not there."""
    if any(one.hidden and known.uses(one) for one in air):
        return False
    return not known.frequencies() - NOT_USED.get(air[0].country, set()) - set(listened)


def verdict(statuses: dict[str, str]) -> str:
    """The network's verdict; every check is required of it."""
    for status, word in (("fail", "incompatible"), ("unknown", "undetermined"), ("warn", "compatible-with-warnings")):
        if status in statuses.values():
            return word
    return "compatible"


def channel(one: Truth, known: Device) -> str:
    """Its primary channel."""
    if one.frequency_mhz > 3000:
        return "pass" if one.channel in known.high else "fail"
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
        case ["wpa3-sae"]:
            status = known.wpa3
        case ["wpa2-eap", *_]:
            status = known.enterprise
        case _:
            status = "fail"
    return max(status, known.pmf_required if one.pmf == "required" else "pass", key=BETTER.index)


def mode(one: Truth, known: Device) -> str:
    """The PHYs that it admits; no device here has 802.11ac."""
    return "fail" if "vht" in one.membership else known.n_only if "ht" in one.membership else "pass"


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


def signal(usable: Sequence[Truth], air: Sequence[Truth]) -> str:
    """How strong its best BSS is, and how many others overlap its channel: 20 MHz are four channels of 2.4 GHz."""
    best = max(usable, key=lambda one: one.signal_dbm)
    if best.signal_dbm < WEAK_DBM:
        return "fail" if best.signal_dbm < UNUSABLE_DBM else "warn"
    if best.frequency_mhz > 3000:
        return "pass"
    others = [one for one in air if one.frequency_mhz < 3000 and one.network != best.network]
    return "warn" if sum(abs(one.channel - best.channel) < 5 for one in others) >= CROWD else "pass"

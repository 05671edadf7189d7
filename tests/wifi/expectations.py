"""What netpreflight has to say of the lab's networks: by their configurations, and by what is known of each device.

Written by hand from device-facts, section 3, and the report's contract; nothing of `agent` has a part in it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tests.wifi.access_points import Truth

CHECKS = ("wifi.band", "wifi.shared-ssid", "wifi.channel-width", "wifi.channel", "wifi.security", "wifi.mode",
          "wifi.ssid", "wifi.signal")  # fmt: skip
BETTER = ("pass", "warn", "fail")
Found = tuple[str, str | None]
"""A status, and the problem that it has where it is no pass."""
PASS: Found = ("pass", None)
WEAK_DBM, UNUSABLE_DBM = -75, -85
CROWD, NEAR_DBM = 8, -82
"""So many other radios on overlapping channels crowd a network's channel, if they are at least so strong: at -82 dBm a
station has to wait for an OFDM frame (IEEE 802.11-2020, 17.3.10.6)."""
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
        abroad: channels of 2.4 GHz that it uses once it is told its country.
        old: WEP, and WPA with TKIP or CCMP.
        hidden: a network that hides its name.
    """

    plan: range = range(1, 12)
    perhaps: range = range(0)
    high: frozenset[int] = frozenset()
    abroad: range = range(0)
    old: str = "warn"
    wpa3: str = "fail"
    enterprise: str = "fail"
    pmf_required: str = "fail"
    n_only: str = "warn"
    hidden: str = "warn"
    comma: str = "warn"

    def uses(self, truth: Truth) -> bool:
        """Whether it has the band of a BSS."""
        return truth.frequency_mhz < 3000 or (truth.frequency_mhz < 5925 and bool(self.high))

    def frequencies(self) -> set[int]:
        """Where it could be on the air with an access point."""
        return {2407 + 5 * number for number in self.plan} | {5000 + 5 * number for number in self.high}


PHOTON = Device(plan=range(1, 14), perhaps=range(14, 15), enterprise="warn", pmf_required="warn")
ARGON = Device(perhaps=range(12, 15), comma="fail")
PHOTON_2 = Device(high=HIGH, abroad=range(12, 14), wpa3="warn", pmf_required="warn")
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


def worst(found: Sequence[Found]) -> Found:
    """The worst of several, the first of those that are alike."""
    return max(found, key=lambda outcome: BETTER.index(outcome[0]))


def best(found: Sequence[Found]) -> Found:
    """The best of several, the first of those that are alike."""
    return min(found, key=lambda outcome: BETTER.index(outcome[0]))


def expected(device: str, network: str, air: Sequence[Truth], listened: Collection[int]) -> dict[str, Found]:
    """What each check finds, for one network among all that is on the air; `listened`: where, in MHz."""
    known = DEVICES[device]
    ours = [truth for truth in air if truth.network == network]
    usable = [truth for truth in ours if known.uses(truth)]
    found = {"wifi.ssid": name(ours, air, known)}
    if not usable:
        unseen: dict[str, Found] = dict.fromkeys(set(CHECKS) - set(found), ("unknown", "not-heard"))
        if is_absent(known, air, listened):
            absent: dict[str, Found] = dict.fromkeys(("wifi.band", "wifi.shared-ssid"), ("fail", "other-band"))
        else:
            hide = any(truth.hidden and known.uses(truth) for truth in air)
            absent = {"wifi.band": ("unknown", "hidden-names" if hide else "not-surveyed")}
        return unseen | found | absent
    strongest = max(truth.signal_dbm for truth in usable)
    wide = [
        truth
        for truth in usable
        if truth.frequency_mhz < 3000 and truth.width_mhz > 20 and truth.signal_dbm >= strongest
    ]
    return found | {
        "wifi.band": PASS,
        "wifi.shared-ssid": ("warn", "shared-name") if not known.high and len(ours) > len(usable) else PASS,
        "wifi.channel-width": ("warn", "wide-channel") if wide else PASS,
        "wifi.channel": best([channel(truth, known) for truth in usable]),
        "wifi.security": best([security(truth, known) for truth in usable]),
        "wifi.mode": best([mode(truth, known) for truth in usable]),
        "wifi.signal": signal(usable, air),
    }


def is_absent(known: Device, air: Sequence[Truth], listened: Collection[int]) -> bool:
    """Whether it is settled that a network which was not heard on the device's bands is not there."""
    if any(truth.hidden and known.uses(truth) for truth in air):
        return False
    return not known.frequencies() - NOT_USED.get(air[0].country, set()) - set(listened)


def verdict(found: dict[str, Found]) -> str:
    """The network's verdict; every check is required of it."""
    statuses = {status for status, _ in found.values()}
    for status, word in (("fail", "incompatible"), ("unknown", "undetermined"), ("warn", "compatible-with-warnings")):
        if status in statuses:
            return word
    return "compatible"


def channel(truth: Truth, known: Device) -> Found:
    """Its primary channel."""
    if truth.channel in (known.high if truth.frequency_mhz > 3000 else known.plan):
        return PASS
    if truth.channel in known.perhaps:
        return "warn", "channel-unconfirmed"
    return "fail", "country-not-set" if truth.channel in known.abroad else "outside-plan"


def security(truth: Truth, known: Device) -> Found:
    """Its security."""
    if all(akm.startswith("FT-") for akm in truth.akms) and truth.akms:
        return "fail", "fast-transition-only"
    found: Found
    match truth.security:
        case ["open"]:
            found = "warn", "open"
        case ["wep"] | ["wpa-psk"]:
            found = known.old, "wep-or-wpa"
        case ["wpa2-psk"] if truth.akms == ["WPA-PSK-SHA256"]:
            found = "fail", "no-common-akm"  # which no source gives to any of these devices
        case ["wpa2-psk"] | ["wpa-psk", "wpa2-psk"]:
            found = PASS
        case ["wpa2-psk", "wpa3-sae"]:
            found = "warn", "wpa3-transition"
        case ["wpa3-sae"]:
            found = known.wpa3, "security-unconfirmed"
        case ["wpa2-eap", *_]:
            found = known.enterprise, "enterprise-limits"
        case _:
            found = "fail", None
    if found[0] == "fail" and found[1] != "no-common-akm":
        found = "fail", "no-common-security"
    return worst([found, (known.pmf_required, "pmf-required") if truth.pmf == "required" else PASS])


def mode(truth: Truth, known: Device) -> Found:
    """The PHYs that it admits; no device here has 802.11ac."""
    if "vht" in truth.membership:
        return "fail", "newer-phy-only"
    return (known.n_only, "n-only") if "ht" in truth.membership else PASS


def name(ours: Sequence[Truth], air: Sequence[Truth], known: Device) -> Found:
    """Its name."""
    raw, text = bytes.fromhex(ours[0].real_ssid_hex), ours[0].network
    plain = text.translate(LOOK_ALIKE).casefold()
    others = {truth.network for truth in air if not truth.hidden} - {text}
    found = [PASS]
    if "," in text and known.comma == "fail":
        found.append(("fail", "refused-character"))
    if not raw.isascii() or any(byte < 32 for byte in raw) or text != text.strip() or set(text) & set(ODD):
        found.append(("warn", "odd-name"))
    if any(other.translate(LOOK_ALIKE).casefold() == plain for other in others):
        found.append(("warn", "look-alike"))
    if any(truth.hidden for truth in ours):
        found.append((known.hidden, "hidden-name"))
    return worst(found)


def signal(usable: Sequence[Truth], air: Sequence[Truth]) -> Found:
    """How strong its best BSS is, and how many others overlap its channel: 20 MHz are four channels of 2.4 GHz."""
    nearest = max(usable, key=lambda truth: truth.signal_dbm)
    if nearest.signal_dbm < WEAK_DBM:
        return ("fail", "too-weak") if nearest.signal_dbm < UNUSABLE_DBM else ("warn", "weak")
    if nearest.frequency_mhz > 3000:
        return PASS
    # The lab's BSSIDs of one radio differ in the last octet only.
    radio = {truth.bssid[:-3]: truth for truth in air if truth.frequency_mhz < 3000 and truth.signal_dbm >= NEAR_DBM}
    own = {truth.bssid[:-3] for truth in usable if truth.channel == nearest.channel}
    near = [other for number, other in radio.items() if number not in own]
    crowded = sum(abs(truth.channel - nearest.channel) < 5 for truth in near) >= CROWD
    return ("warn", "crowded") if crowded else PASS

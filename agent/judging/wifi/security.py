"""Security: whether the device has the AKM, the ciphers and the PMF that one BSS asks for.

A station uses one element to join, RSN or WPA, and needs everything from that element: an AKM, a pairwise cipher and
the group cipher. So each element is judged by itself, and the two are never combined.
"""

from typing import Any, NamedTuple

import msgspec

from netpreflight.agent.judging.wifi.bss import judged_name, not_told, sentences, suites_words
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.agent.results import BEST_FIRST, Finding
from netpreflight.probes.observations import Bss, Security, Suites, Wifi

_RSN_AKM: dict[Security, str] = {
    "wpa3-sae": "SAE",
    "wpa2-psk": "PSK",
    "wpa3-eap": "EAP-SHA256",
    "wpa2-eap": "EAP",
    "owe": "OWE",
}
"""Keyed by security family, for the RSN element: the AKM that every device of this family supports. PSK-SHA256,
PSK-SHA384 and FT-* belong to the same families (IEEE 802.11-2020, table 9-151), but a device needs extra support for
each of them, and no profile claims such support."""
_WPA_AKM: dict[Security, str] = {"wpa-psk": "PSK", "wpa-eap": "EAP"}
"""Like `_RSN_AKM`, for the WPA element."""
_ADMIN: Owner = "network administrator"


class _Way(NamedTuple):
    """One way to join: a security family that the device has, and the element of the BSS that offers it.

    `element` is None where the source of the scan gives the family only.
    """

    family: Security
    element: Suites | None


def judge_security(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether the device can join in any way that the BSS offers; the best way counts."""
    name = judged_name(wifi)
    if bss.security is None:
        return _faulty_element(bss, name) if bss.complete and _faults(bss) else not_told(wifi, "the security", bss)
    ways = _ways(bss, profile)
    if not ways:
        if any(element is not None and not element.akms for element in (bss.rsn, bss.wpa)):
            return _faulty_element(bss, name)
        return _none_in_common(bss, name, profile)
    return min(
        (_judge_way(way, bss, wifi, profile) for way in ways), key=lambda finding: BEST_FIRST.index(finding.standing)
    )


def _ways(bss: Bss, profile: Profile) -> list[_Way]:
    """The ways in which the device can join, those with confirmed families first."""
    has = _families(profile.radio)
    ways = []
    if bss.rsn is None and bss.wpa is None:
        ways = [_Way(family, None) for family in bss.security or [] if family in has]
    for element, akms in ((bss.rsn, _RSN_AKM), (bss.wpa, _WPA_AKM)):
        if element is not None:
            ways += [_Way(family, element) for family, akm in akms.items() if family in has and akm in element.akms]
    return sorted(ways, key=lambda way: has[way.family] is profile.radio.security_unconfirmed)


def _judge_way(way: _Way, bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether the device can join in one way: its ciphers, PMF, and how good that security is."""
    name, radio = judged_name(wifi), profile.radio
    if way.element is not None and not way.element.pairwise_ciphers:
        return _faulty_element(bss, name)
    if way.element is not None and (lacking := _cipher_lacking(way.element, radio.ciphers.value)) is not None:
        return Finding(
            status="fail",
            summary=f"{name} uses the cipher {lacking}; this device has {', '.join(radio.ciphers.value)}",
            problem="no-common-cipher",
            reason="The access point and the device have no cipher in common.",
            remedy=f"Offer CCMP (AES) for {name}, as the group cipher too.",
            owner=_ADMIN,
            rests_on=[radio.ciphers],
        )
    family, pmf = _families(radio)[way.family], radio.pmf_required
    uses: list[Fact[Any]] = [family, *([radio.ciphers] if way.element is not None else [])]
    # An unconfirmed family is a greater doubt than unconfirmed PMF, which is part of WPA3.
    has_no_pmf = pmf.value == "no" and pmf.certainty != "unconfirmed"
    has_doubtful_pmf = (
        pmf.value == "no" or pmf.certainty == "unconfirmed"
    ) and family is not radio.security_unconfirmed
    if way.family not in {"open", "wep"} and (has_no_pmf or has_doubtful_pmf):
        # An access point that requires PMF refuses every station without it, whichever element is used (12.6.3).
        if bss.pmf == "required" or (bss.rsn is not None and bss.rsn.pmf_required):
            return _pmf_required(name, profile)
        if bss.pmf is None and way.family in _RSN_AKM:
            found = not_told(wifi, "whether protected management frames (PMF) are required", bss, "pmf-not-told")
            return msgspec.structs.replace(found, rests_on=[pmf])
    finding = _joined(way, bss, name, profile)
    if bss.pmf == "required":
        uses.append(pmf)
    return msgspec.structs.replace(finding, rests_on=[*finding.rests_on, *uses])


def _cipher_lacking(element: Suites, has: list[str]) -> str | None:
    """The ciphers of an element that the device lacks and cannot join without, in words; None: it has all it needs."""
    group = element.group_cipher
    # "Use group cipher suite" (table 9-149).
    pairwise = [group if cipher == "GROUP" and group else cipher for cipher in element.pairwise_ciphers]
    if pairwise and not set(pairwise) & set(has):
        return ", ".join(pairwise)
    if group and group != "GTK-NOT-USED" and group not in has:
        return f"{group} as the group cipher"
    return None


def _pmf_required(name: str, profile: Profile) -> Finding:
    """The finding where the BSS requires PMF, and the device has no PMF or it is not confirmed that it has PMF."""
    pmf = profile.radio.pmf_required
    unconfirmed = pmf.certainty == "unconfirmed"
    return Finding(
        status="warn" if unconfirmed else "fail",
        summary=f"{name} requires protected management frames (PMF, 802.11w)",
        problem="pmf-required",
        reason="It is not confirmed that this device has PMF." if unconfirmed else "This device does not have PMF.",
        remedy=f"Set PMF to optional or off for {name}.",
        owner=_ADMIN,
        rests_on=[pmf],
    )


def _joined(way: _Way, bss: Bss, name: str, profile: Profile) -> Finding:
    """The finding where the device can join in this way: a pass, or a warning about weak or doubtful security."""
    modes = bss.security or []
    wpa2 = f"Offer WPA2-PSK with CCMP (AES) for {name}."
    if way.family == "open":
        return _warn("open", f"{name} is open", "The device can join, but so can anybody else.", wpa2)
    if way.family in {"wep", *_WPA_AKM}:
        return _warn(
            "wep-or-wpa",
            f"{name} lets this device in with {way.family} only",
            "The device can join, but WEP and WPA are broken, and newer access points no longer offer them.",
            wpa2,
        )
    if way.element is not None and (way.element.group_cipher or "").startswith("WEP"):
        return _warn(
            "wep-for-groups",
            f"{name} uses the group cipher {way.element.group_cipher} with {way.family}",
            "WEP with WPA2 is reported to fail with some devices (particle-iot/device-os issue 435), and WEP is "
            "broken.",
            wpa2,
        )
    if way.family.endswith("eap") and profile.radio.enterprise:
        return _warn(
            "enterprise-limits",
            f"{name} offers {way.family}, which this device supports with limits",
            sentences([profile.radio.enterprise.value]),
            f"Try one device on {name} before many, or offer WPA2-PSK with CCMP (AES).",
            [profile.radio.enterprise],
        )
    experimental = profile.radio.security_unconfirmed
    if experimental is not None and way.family in experimental.value:
        return _warn(
            "security-unconfirmed",
            f"{name} lets this device in with {way.family} only, which is not confirmed for this device",
            sentences([experimental.note or f"It is not confirmed that this device has {way.family}"]),
            wpa2,
        )
    if "wpa3-sae" in modes and way.family == "wpa2-psk":
        return _warn(
            "wpa3-transition",
            f"{name} offers WPA2 and WPA3 together; this device uses WPA2",
            "Devices without WPA3 join such a network with WPA2; some access points handle that wrongly.",
            f"If the device does not join, set {name} to WPA2 only.",
        )
    return Finding(status="pass", summary=f"{name} offers {way.family}, which this device has")


def _none_in_common(bss: Bss, name: str, profile: Profile) -> Finding:
    """The finding where the BSS and the device have no AKM in common."""
    modes, has = bss.security or [], ", ".join(profile.radio.security.value)
    akms = [akm for element in (bss.rsn, bss.wpa) if element for akm in element.akms]
    remedy = f"Offer WPA2-PSK with CCMP (AES) for {name}, or give the device a network that does."
    if akms and all(akm.startswith("FT-") for akm in akms):
        problem = "fast-transition-only"
        summary = f"{name} admits fast transition (802.11r) only"
        reason = f"Its only AKMs are {', '.join(akms)}; no known device has them."
        remedy = f"Offer plain PSK as well as fast transition for {name}."
    elif akms and any(mode in profile.radio.security.value for mode in modes):
        problem = "no-common-akm"
        summary = f"{name} asks for {', '.join(akms)}; this device has plain PSK or EAP only"
        reason = f"The access point offers {suites_words(bss)}; the device has none of these AKMs."
        remedy = f"Offer plain PSK (WPA2-PSK with CCMP) as well for {name}."
    else:
        problem = "no-common-security"
        words = ", ".join(modes) or "a kind of security that no known device has"
        summary = f"{name} asks for {words}; this device has {has}"
        reason = f"The access point offers {words} ({suites_words(bss)}), and the device has none of it."
    return Finding(
        status="fail",
        summary=summary,
        problem=problem,
        reason=sentences([reason, *_faults(bss)]),
        remedy=remedy,
        owner=_ADMIN,
        rests_on=[profile.radio.security],
    )


def _faults(bss: Bss) -> list[str]:
    """What is wrong with the RSN and WPA elements, in the decoder's words."""
    return [note for note in bss.contradictions if note.startswith(("RSN ", "WPA "))]


def is_odd(bss: Bss) -> bool:
    """Whether anything is wrong with the RSN and WPA elements."""
    return bool(bss.contradictions) and bool(_faults(bss))


def _faulty_element(bss: Bss, name: str) -> Finding:
    """The finding where an RSN or WPA element does not follow the standard."""
    faults = _faults(bss) or ["a list of AKMs or of pairwise ciphers is empty"]
    return Finding(
        status="unknown",
        summary=f"{name} sends a faulty security element: {faults[0]}",
        problem="odd-element",
        reason=sentences(
            [
                *faults,
                f"What can be read is {suites_words(bss)}",
                "Stations differ in how they interpret such an element",
            ]
        ),
        remedy=f"Set {name} to WPA2-PSK with CCMP (AES) on the access point again, or update its firmware; then run "
        "netpreflight again.",
        owner=_ADMIN,
    )


def _families(radio: RadioFacts) -> dict[Security, Fact[list[Security]]]:
    """The security families that the device has, each with the fact that says so."""
    stated = [*([radio.security_unconfirmed] if radio.security_unconfirmed else []), radio.security]
    return {family: fact for fact in stated for family in fact.value}


def _warn(problem: str, summary: str, reason: str, remedy: str, rests_on: list[Fact[Any]] | None = None) -> Finding:
    """A warning about security, for the network administrator."""
    return Finding(
        status="warn",
        summary=summary,
        problem=problem,
        reason=reason,
        remedy=remedy,
        owner=_ADMIN,
        rests_on=rests_on or [],
    )

"""802.11a/b/g/n: whether a BSS admits stations with the device's PHY, by selectors, basic rates and basic MCSs."""

from typing import Any

from netpreflight.agent.judging.wifi.bss import judged_name, not_told, sentences
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import Bss, Wifi

_DSSS = {1.0, 2.0, 5.5, 11.0}
"""Rates of 802.11 and 802.11b in Mb/s."""
_OFDM = {6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 54.0}
"""Rates of 802.11a and 802.11g in Mb/s."""
_KNOWN = {"ht", "sae-h2e"}
"""The BSS membership selectors that are understood here; `sae-h2e` is about SAE, so wifi.security judges it."""
_ONLY = {"vht": "802.11ac", "he": "802.11ax", "121": "802.11be"}
"""Keyed by membership selector: the only stations that a BSS with this selector admits."""


def judge_mode(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether a BSS admits the device's PHY.

    A station must not join a BSS with a membership selector that it does not know (IEEE 802.11-2020, 9.4.2.3).
    """
    radio, name, is_24_ghz = profile.radio, judged_name(wifi), bss.band == "2.4"
    mixed = f"Set the {bss.band} GHz mode of {name} to {'b/g/n' if is_24_ghz else 'a/n'} (mixed)."
    has = f"this device has 802.11{'/'.join(radio.phy.value)}"
    unknown = [selector for selector in bss.membership if selector not in _KNOWN]
    if "ht" in bss.membership and not unknown and radio.n_only.value == "no":
        return _ht_only(name, mixed, profile)
    if unknown or ("ht" in bss.membership and "n" not in radio.phy.value):
        only = _ONLY.get(unknown[0], f"selector {unknown[0]}") if unknown else "802.11n"
        return _fail(
            "newer-phy-only" if unknown else "n-only",
            f"{name} admits {only} stations only",
            f"Its BSS membership selectors require {only}; {has}.",
            mixed,
            [radio.phy],
        )
    if "ht" in bss.membership and radio.n_only.certainty == "unconfirmed":
        return _ht_only(name, mixed, profile)
    if not bss.rates_mbps or not bss.complete:  # the part that is cut off may hold a selector
        return not_told(wifi, "the rates", bss)
    basic = set(bss.basic_rates_mbps)
    if odd := basic - _OFDM - (_DSSS if is_24_ghz else set()):
        return _fail(
            "unknown-basic-rates",
            f"{name} requires rates that no 802.11{'b/g' if is_24_ghz else 'a'} station has",
            f"Basic rates {', '.join(f'{rate:g}' for rate in sorted(odd))} Mb/s are not 802.11 rates on this band.",
            mixed,
            [radio.phy],
        )
    if (basic & _OFDM and not {"g" if is_24_ghz else "a", "n"} & set(radio.phy.value)) or (
        basic & _DSSS and "b" not in radio.phy.value
    ):
        return _fail(
            "basic-rates",
            f"{name} requires rates that this device lacks",
            f"Basic rates {', '.join(f'{rate:g}' for rate in sorted(basic))} Mb/s; {has}.",
            f"On {name}, make only those rates mandatory that every 802.11{'/'.join(radio.phy.value)} station has.",
            [radio.phy],
        )
    if "n" in radio.phy.value and _second_stream(bss):
        return Finding(
            status="warn",
            summary=f"{name} requires more than one spatial stream of 802.11n stations",
            problem="two-streams",
            reason="Its Basic HT-MCS Set has MCSs above 7; a radio with one stream can join only without 802.11n, if "
            "at all.",
            remedy=f"Take MCS 8 and above out of the mandatory rates of {name}.",
            owner="network administrator",
            rests_on=[radio.phy],
        )
    rates, n = set(bss.rates_mbps), bss.ht is not None
    if "ht" in bss.membership:
        kinds, evidence = "n", []
    elif is_24_ghz:
        kinds = "/".join(word for word, there in (("b", rates & _DSSS), ("g", rates - _DSSS), ("n", n)) if there)
        evidence = [] if rates & _DSSS else ["no 802.11b rate is offered: 802.11b-only stations cannot join"]
    else:
        kinds, evidence = "a/n" if n else "a", []
    return Finding(
        status="pass",
        summary=f"{name} admits 802.11{kinds} stations",
        evidence=evidence,
        rests_on=[radio.phy, *([radio.n_only] if "ht" in bss.membership else [])],
    )


def _ht_only(name: str, remedy: str, profile: Profile) -> Finding:
    """The finding where a BSS admits 802.11n stations only, for a device that has 802.11n."""
    n_only = profile.radio.n_only
    summary = f"{name} admits 802.11n stations only"
    if n_only.value == "no":
        newer = f"; {n_only.before} does" if n_only.before else ""
        return _fail(
            "n-only",
            summary,
            f"{profile.label} does not join such networks{newer}.",
            f"{remedy[:-1]}, or update the device." if newer else remedy,
            [n_only],
        )
    return Finding(
        status="warn",
        summary=summary,
        problem="n-only",
        reason=sentences(["This device has 802.11n, but may be unable to join a network without b and g", n_only.note]),
        remedy=remedy,
        owner="network administrator",
        rests_on=[n_only],
    )


def _second_stream(bss: Bss) -> bool:
    """Whether the Basic HT-MCS Set (9.4.2.56), which has a bit for each MCS, needs two streams or more."""
    basic = bss.ht.basic_mcs[2:20] if bss.ht else ""
    return any(digit != "0" for digit in basic)


def _fail(problem: str, summary: str, reason: str, remedy: str, rests_on: list[Fact[Any]]) -> Finding:
    """A failure of `wifi.mode`, for the network administrator."""
    return Finding(
        status="fail",
        summary=summary,
        problem=problem,
        reason=reason,
        remedy=remedy,
        owner="network administrator",
        rests_on=rests_on,
    )

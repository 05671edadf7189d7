"""One BSS: the age of its scan result, and how it is described; shared by the files of this package."""

from collections.abc import Iterable, Sequence

from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import capitalised
from netpreflight.probes.observations import AS_ROOT, ROOT_ON_LINUX, Bss, Wifi, strength
from netpreflight.probes.quoting import in_quotes

FRESH_S = 60.0
"""A scan result older than this does not show that a BSS is still on the air."""
SLACK_S = 2.0
"""Added to the duration of a scan, as the limit for the age of its results: some sources give ages in whole seconds."""
MOST_DESCRIBED = 20
"""At most this many BSSs of one network, the strongest, go into the evidence of a check."""
MOST_CONTRADICTIONS = 4
"""At most this many contradictions are in the line of one BSS; the JSON has them all."""
PASSIVE = {"capture", "monitor"}
"""Sources that do not scan, but only listen to what is sent."""


def by_strength(bsss: Iterable[Bss]) -> list[Bss]:
    """Sort BSSs, the strongest first, and those without a signal strength last."""
    return sorted(bsss, key=lambda bss: strength(bss.signal_dbm), reverse=True)


def is_fresh(bss: Bss, wifi: Wifi) -> bool:
    """Whether a result shows that a BSS is on the air now, or was while the capture was made.

    Without a scan in this run no result shows that, however recent, except for the BSS that the laptop is on: the
    access point may have been switched off since.
    """
    if wifi.source in PASSIVE or bss.associated:
        return True
    if bss.bssid is not None and bss.bssid == wifi.associated_bssid:
        return True  # the laptop is on this BSS
    if not wifi.triggered or (wifi.frequencies_mhz and bss.frequency_mhz not in wifi.frequencies_mhz):
        return False
    longest = FRESH_S if wifi.scan_s is None else wifi.scan_s + SLACK_S
    return bss.age_s is None or bss.age_s <= longest


def either(words: Sequence[str]) -> str:
    """Words joined with "or": `a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def age_words(bsss: list[Bss]) -> str:
    """How long ago the latest of these BSSs was heard, in words."""
    age = min((bss.age_s for bss in bsss if bss.age_s is not None), default=None)
    if age is None:
        return "at an unknown time"
    return f"{age / 60:.0f} minutes ago" if age >= 120 else f"{age:.0f} s ago"


def signal_words(bss: Bss) -> str:
    """The signal, such as `-60 dBm`."""
    return "signal not known" if bss.signal_dbm is None else f"{bss.signal_dbm:.0f} dBm"


def channel_words(bss: Bss) -> str:
    """`channel 6`, or the frequency where the channel is not known."""
    if bss.channel is not None:
        return f"channel {bss.channel}"
    return "an unknown channel" if bss.frequency_mhz is None else f"{bss.frequency_mhz} MHz"


def suites_words(bss: Bss) -> str:
    """The AKMs and pairwise ciphers of the RSN and WPA elements, in words."""
    parts = []
    for kind, suites in (("RSN", bss.rsn), ("WPA", bss.wpa)):
        if suites:
            akms, ciphers = (
                ", ".join(suites.akms) or "no AKM",
                ", ".join(suites.pairwise_ciphers) or "no pairwise cipher",
            )
            parts.append(f"{kind}: {akms} with {ciphers}")
    return "; ".join(parts) or "no RSN or WPA element"


def describe(bss: Bss) -> str:
    """Everything about a BSS that judging looks at, in one line."""
    where = [f"{bss.bssid or 'BSSID not known'} on {channel_words(bss)}"]
    if bss.frequency_mhz is not None and bss.channel is not None:
        where.append(f"{bss.frequency_mhz} MHz")
    if bss.width_mhz is not None:
        where.append(f"{bss.width_mhz} MHz wide")
    parts = [", ".join([*where, signal_words(bss)])]
    if bss.security is None:
        parts.append("security not known")
    else:
        parts.append(f"{', '.join(bss.security) or 'security of an unknown kind'} ({suites_words(bss)})")
    parts.append(f"PMF {bss.pmf or 'not known'}")
    if bss.hidden:
        parts.append("name hidden")
    if bss.nontransmitted:
        parts.append("sends no beacon (nontransmitted BSSID)")
    if bss.basic_rates_mbps:
        parts.append(f"basic rates {', '.join(f'{rate:g}' for rate in bss.basic_rates_mbps)} Mb/s")
    if bss.membership:
        parts.append(f"membership selectors {', '.join(bss.membership)}")
    if bss.channel is not None and 12 <= bss.channel <= 14:
        parts.append(f"country element {bss.country or 'not sent'}")
    if bss.load:
        parts.append(f"BSS Load {bss.load.utilisation:.0%} busy, {bss.load.stations} stations")
    if bss.age_s is not None and bss.age_s > FRESH_S:
        parts.append(f"{bss.age_s:.0f} s old")
    return "; ".join(parts + bss.contradictions[:MOST_CONTRADICTIONS])


def describe_all(bsss: list[Bss], judged: Bss | None = None) -> list[str]:
    """One line for each BSS of a network, the judged one first, up to `MOST_DESCRIBED`."""
    rest = [bss for bss in bsss if bss is not judged]
    chosen = [] if judged is None else [judged]
    kept = [*chosen, *rest][:MOST_DESCRIBED]
    left = len(chosen) + len(rest) - len(kept)
    return [*map(describe, kept), *([f"and {left} weaker {'one' if left == 1 else 'ones'}"] if left else [])]


def sentences(parts: Iterable[str]) -> str:
    """Join phrases as sentences: each gets a full stop and a capital, except words such as macOS."""
    return " ".join(
        (capitalised(phrase) if phrase.split()[0].islower() else phrase) + ("" if phrase[-1] in ".!?" else ".")
        for phrase in filter(None, (part.strip() for part in parts))
    )


def unlocking_step(wifi: Wifi | None) -> str | None:
    """The step that would let the source show more, as a sentence; None: the source names no such step."""
    return sentences([(wifi.unlocked_by if wifi else None) or ""]) or None


def judged_name(wifi: Wifi) -> str:
    """The name of the judged network, in quotes."""
    return in_quotes(wifi.target or "")


def source_words(wifi: Wifi) -> str:
    """The source of the scan results, in words."""
    return wifi.source if wifi.source in PASSIVE else f"scan ({wifi.source})"


def not_told(wifi: Wifi, what: str, bss: Bss | None = None, problem: str = "not-told") -> Finding:
    """The finding where the source of the scan results lacks what a check needs, with a step that fits that source."""
    name = judged_name(wifi)
    if wifi.source in PASSIVE:
        remedy = (
            f"Capture whole beacons of {name} (no snap length), with radiotap headers, which carry signal and channel, "
            "and judge that capture."
        )
    elif (step := unlocking_step(wifi)) is not None:
        remedy = step
    elif wifi.source == "nl80211":
        remedy = "Give netpreflight a capture made beside the access point (--capture FILE)."
    else:
        how = AS_ROOT if wifi.source in {"networkmanager", "wpa_supplicant"} else ROOT_ON_LINUX
        remedy = f"Run netpreflight {how}, or give it a capture (--capture FILE)."
    return Finding(
        status="unknown",
        summary=f"The {source_words(wifi)} does not show {what} of {name}",
        problem=problem,
        reason=sentences([f"This source of scan results does not have {what}", *wifi.limits]),
        remedy=remedy,
        owner="device owner",
        evidence=[] if bss is None else [describe(bss)],
    )

"""Signal strength: the thresholds with their sources, and whether a BSS is strong enough for a device."""

from typing import Literal

from netpreflight.agent.judging.wifi.bss import channel_words, judged_name, not_told, signal_words
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import Bss, Wifi

GOOD_DBM = -67.0
"""The usual design value for the edge of a cell (Apple, "About wireless roaming for enterprise", HT203068)."""
WEAK_DBM = -75.0
"""Below this macOS looks for another access point (Apple, "About wireless roaming for enterprise", for Mac). It is also
close to the sensitivity that IEEE 802.11-2020 demands for 11 Mb/s (-76 dBm, 16.3.8.2)."""
UNUSABLE_DBM = -85.0
"""3 dB (how much signal readings vary) below -82 dBm, the sensitivity that IEEE 802.11-2020 demands of a receiver for
its slowest OFDM rate, 6 Mb/s, and for HT MCS 0 (tables 17-18 and 19-23)."""


def quality(bss: Bss) -> Literal["not-known", "unusable", "weak", "good"]:
    """Which of the thresholds a BSS's signal reaches."""
    if bss.signal_dbm is None:
        return "not-known"
    if bss.signal_dbm < UNUSABLE_DBM:
        return "unusable"
    return "weak" if bss.signal_dbm < WEAK_DBM else "good"


def judge_signal(bss: Bss, wifi: Wifi, profile: Profile) -> Finding:
    """Whether a BSS is strong enough where the laptop is."""
    name, found = judged_name(wifi), quality(bss)
    if found == "not-known":
        return not_told(wifi, "the signal", bss)
    words = f"{signal_words(bss)} on {channel_words(bss)}"
    if found == "unusable":
        return Finding(
            status="fail",
            summary=f"{name} is too weak here: {words}",
            problem="too-weak",
            reason=f"Below {UNUSABLE_DBM:.0f} dBm do not expect a device to join: IEEE 802.11 demands of receivers "
            "only -82 dBm for 6 Mb/s.",
            remedy="Move the device or the access point nearer, or add an access point.",
            owner="device owner",
        )
    if found == "weak":
        return Finding(
            status="warn",
            summary=f"{name} is weak here: {words}",
            problem="weak",
            reason=f"Below {WEAK_DBM:.0f} dBm frames are often lost; {GOOD_DBM:.0f} dBm is the usual design value.",
            remedy="Move the device or the access point nearer, or use an external antenna.",
            owner="device owner",
        )
    return Finding(status="pass", summary=f"{name} is strong enough: {words}")

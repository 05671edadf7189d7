"""What `iw scan dump` says of each BSS, in the report's terms: the lab's own witness, as small as it can be."""

import re
from typing import Any

AKMS = {
    "PSK": "psk", "FT/PSK": "psk", "PSK/SHA-256": "psk", "SAE": "wpa3-sae", "FT/SAE": "wpa3-sae", "OWE": "owe",
    "IEEE 802.1X": "eap", "FT/IEEE 802.1X": "eap", "IEEE 802.1X/SHA-256": "wpa3-eap",
    "IEEE 802.1X/SUITE-B-192": "wpa3-eap",
}  # fmt: skip
ORDER = ("open", "wep", "wpa-psk", "wpa2-psk", "wpa3-sae", "wpa-eap", "wpa2-eap", "wpa3-eap", "owe")


def name(escaped: str) -> bytes:
    r"""The bytes of an SSID: iw writes all but printable ASCII, and the backslash, as `\xNN`."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), escaped.encode())


def value(block: str, pattern: str) -> str | None:
    """The first group of a pattern's first match in a BSS's block."""
    match = re.search(pattern, block, re.MULTILINE)
    return match[1] if match else None


def suites(block: str, element: str, old: str) -> set[str]:
    """Security that an element (RSN or WPA) stands for; `old` is its prefix for PSK and EAP."""
    match = re.search(rf"^\t{element}:.*\n((?:\t\t.*\n)*)", block, re.MULTILINE)
    listed = value(match[0], r"Authentication suites: (.*)$") if match else None
    if listed is None:
        return set()
    found = set()
    for suite in re.findall(r"(?:FT/)?IEEE 802\.1X(?:/\S+)?|\S+", listed):
        kind = AKMS[suite]
        found.add(f"{old}-{kind}" if kind in {"psk", "eap"} else kind)
    return found


def width(block: str) -> int:
    """Operating width by HT and VHT Operation; iw 5.19 shows no HE Operation."""
    above = value(block, r"\* secondary channel offset: (.*)$")
    any_width = value(block, r"\* STA channel width: (.*)$") == "any"
    wide = 40 if above in {"above", "below"} and any_width else 20
    if (vht := value(block, r"VHT operation:\n\t\t \* channel width: (\d)")) and vht != "0":
        first, second = (int(value(block, rf"center freq segment {n}: (\d+)") or 0) for n in (1, 2))
        wide = 160 if vht == "2" or (second and abs(first - second) == 8) else 80
    return wide


def parse(dump: str) -> list[dict[str, Any]]:
    """Every BSS of a dump."""
    return [bss(block) for block in re.split(r"^(?=BSS )", dump, flags=re.MULTILINE) if block.startswith("BSS ")]


def bss(block: str) -> dict[str, Any]:
    """One BSS."""
    ssid = name(value(block, r"^\tSSID: (.*)$") or "")
    frequency = int(value(block, r"^\tfreq: (\d+)") or 0)
    privacy = "Privacy" in (value(block, r"^\tcapability: (.*)$") or "")
    found = suites(block, "RSN", "wpa2") | suites(block, "WPA", "wpa") or {"wep" if privacy else "open"}
    rsn = value(block, r"^\tRSN:(?:.*\n\t\t)*? \* Capabilities: (.*)$") or ""
    channel = value(block, r"\* primary channel: (\d+)") or value(block, r"DS Parameter set: channel (\d+)")
    age_ms = value(block, r"^\tlast seen: (\d+) ms ago")
    return {
        "bssid": block[4:21],
        "ssid": ssid.decode(errors="backslashreplace") if ssid.strip(b"\0") else "",
        "ssid_hex": ssid.hex(),
        "frequency_mhz": frequency,
        "channel": int(channel) if channel else None,
        "width_mhz": None if frequency > 5950 else width(block),
        "signal_dbm": float(value(block, r"^\tsignal: (-?[0-9.]+) dBm") or "nan"),
        "security": [text for text in ORDER if text in found],
        "pmf": "required" if "MFP-required" in rsn else "capable" if "MFP-capable" in rsn else "none",
        "age_s": int(age_ms) / 1000 if age_ms else None,
    }

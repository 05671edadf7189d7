r"""The information elements of a beacon or probe response, decoded: one decoder for every source of Wi-Fi results.

Clauses are those of IEEE Std 802.11-2020 unless another amendment is named. Input is hostile: an element may be cut
short, overlong, repeated, or contradict another. What is valid is decoded; the rest becomes a note in
`Bss.contradictions`. A list that was cut is not `complete`: an element that is missing from it may have been sent.

The rules where the standard leaves a choice:

* A list without a valid SSID element is no BSS: that element is mandatory in both frames (9.3.3.2, 9.3.3.10), nobody
  can join without it, and wpa_supplicant drops such results, too. An SSID of more than 32 octets (9.4.2.2) is not
  valid. Ad-hoc and mesh networks (the ESS bit is 0, 9.4.1.4) are left out, because no device joins them.
* A result with a Multiple BSSID-Index element (9.4.2.73) is a nontransmitted BSSID: no beacon has that element itself,
  but systems that list nontransmitted BSSIDs (Linux: `cfg80211_gen_new_ie`) build their elements from the announcement.
* If an element is repeated, the first one counts, as in Linux and hostap.
* Primary channel: the DS Parameter Set (9.4.2.4), else HT Operation (9.4.2.56), in 6 GHz the 6 GHz Operation
  Information of HE Operation (802.11ax, 9.4.2.249), else the channel on which the frame was heard. A channel outside
  the band in which the frame was heard is ignored: signals leak into neighbouring channels, never into another band.
  DS comes first because stations without HT know nothing else; Linux prefers them in the same order.
* Width in use: 40 MHz needs a secondary channel and STA Channel Width "any" in HT Operation; more needs VHT, HE or EHT
  Operation. STA Channel Width "20 MHz" overrules VHT Operation (11.38.1).
* Security: derived from the AKMs, with the Wi-Fi Alliance's names: see `_RSN_SECURITY` and `_rsn_security`. Privacy
  without RSN, WPA, WAPI or OSEN is WEP, but only if the list is complete.
"""

import contextlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from netpreflight.probes.observations import (
    LONGEST_SSID,
    Band,
    Bss,
    BssLoad,
    HtOperation,
    Neighbor,
    Security,
    Suites,
    band_of,
    frequency_of,
)

Pmf = Literal["none", "capable", "required"]

MOST_OCTETS = 4095
"""A longer list is cut: a beacon is sent at a non-HT rate, whose LENGTH field has 12 bits (17.3.4)."""
MOST_NEIGHBORS = 64
MOST_NOTES = 16
MOST_ANNOUNCED = 1_000
MOST_PROFILES = 64
"""At most this many nontransmitted BSSIDs of one BSS are decoded; Linux decodes 46."""

_SSID, _RATES, _DS, _TIM, _COUNTRY, _LOAD, _HT_CAPABILITIES, _RSN = 0, 1, 3, 5, 7, 11, 45, 48
_EXTENDED_RATES, _MOBILITY, _HT_OPERATION, _WAPI, _RM, _MESH_ID, _EXT_CAPABILITIES = 50, 54, 61, 68, 70, 114, 127
_VHT_OPERATION, _NEIGHBORS, _VENDOR, _EXTENSION = 192, 201, 221, 255
_MULTIPLE_BSSID, _NONTRANSMITTED_CAPABILITY, _MULTIPLE_BSSID_INDEX, _NON_INHERITANCE = 71, 83, 85, 56
_HE_CAPABILITIES, _HE_OPERATION, _EHT_OPERATION, _EHT_CAPABILITIES = 35, 36, 106, 108
_NAMES = {
    _SSID: "SSID",
    _RATES: "Supported Rates",
    _DS: "DS Parameter Set",
    _TIM: "TIM",
    _COUNTRY: "Country",
    _LOAD: "BSS Load",
    _HT_CAPABILITIES: "HT Capabilities",
    _RSN: "RSN",
    _EXTENDED_RATES: "Extended Supported Rates",
    _HT_OPERATION: "HT Operation",
    _EXT_CAPABILITIES: "Extended Capabilities",
    _VHT_OPERATION: "VHT Operation",
}
"""The elements that are decoded here and that a BSS sends only once."""
_SHORTEST = {_DS: 1, _TIM: 4, _COUNTRY: 6, _LOAD: 5, _HT_CAPABILITIES: 26, _HT_OPERATION: 22, _VHT_OPERATION: 5}
"""Shortest valid body in octets."""
_WPA, _WPS, _OSEN = b"\x00\x50\xf2\x01", b"\x00\x50\xf2\x04", b"\x50\x6f\x9a\x12"

_MEMBERSHIP = {127: "ht", 126: "vht", 122: "he", 123: "sae-h2e"}
"""BSS membership selectors: table 9-92; 122 from 802.11ax."""
_LOWEST_SELECTOR = 121
"""The lowest selector that is assigned (EHT, 802.11be); any value below is a rate."""

_RSN_OUI, _WPA_OUI = b"\x00\x0f\xac", b"\x00\x50\xf2"
_CIPHERS = {
    # Table 9-149; WPA uses the same numbers for the ciphers that it has.
    0: "GROUP",
    1: "WEP-40",
    2: "TKIP",
    4: "CCMP",
    5: "WEP-104",
    6: "BIP-CMAC-128",
    7: "GTK-NOT-USED",
    8: "GCMP-128",
    9: "GCMP-256",
    10: "CCMP-256",
    11: "BIP-GMAC-128",
    12: "BIP-GMAC-256",
    13: "BIP-CMAC-256",
}
_AKMS = {
    # Table 9-151; 19 and later from its successors (802.11az, 802.11be).
    1: "EAP",
    2: "PSK",
    3: "FT-EAP",
    4: "FT-PSK",
    5: "EAP-SHA256",
    6: "PSK-SHA256",
    7: "TDLS",
    8: "SAE",
    9: "FT-SAE",
    10: "AP-PEER-KEY",
    11: "EAP-SUITE-B",
    12: "EAP-SUITE-B-192",
    13: "FT-EAP-SHA384",
    14: "FILS-SHA256",
    15: "FILS-SHA384",
    16: "FT-FILS-SHA256",
    17: "FT-FILS-SHA384",
    18: "OWE",
    19: "FT-PSK-SHA384",
    20: "PSK-SHA384",
    21: "PASN",
    22: "FT-EAP-SHA384",
    23: "EAP-SHA384",
    24: "SAE-EXT",
    25: "FT-SAE-EXT",
}
_OTHER_AKMS = {b"\x50\x6f\x9a\x01": "OSEN", b"\x50\x6f\x9a\x02": "DPP", b"\x00\x40\x96\x00": "CCKM"}
_RSN_SECURITY: dict[str, Security] = {
    "PSK": "wpa2-psk",
    "FT-PSK": "wpa2-psk",
    "PSK-SHA256": "wpa2-psk",
    "FT-PSK-SHA384": "wpa2-psk",
    "PSK-SHA384": "wpa2-psk",
    "SAE": "wpa3-sae",
    "FT-SAE": "wpa3-sae",
    "SAE-EXT": "wpa3-sae",
    "FT-SAE-EXT": "wpa3-sae",
    "OWE": "owe",
    "EAP": "wpa2-eap",
    "FT-EAP": "wpa2-eap",
    "CCKM": "wpa2-eap",
    "EAP-SUITE-B": "wpa3-eap",
    "EAP-SUITE-B-192": "wpa3-eap",
    "FT-EAP-SHA384": "wpa3-eap",
    "EAP-SHA384": "wpa3-eap",
}
"""The security that each AKM stands for, by the Wi-Fi Alliance's names; for EAP-SHA256 see `_rsn_security`."""
_WPA_SECURITY: dict[str, Security] = {"PSK": "wpa-psk", "EAP": "wpa-eap"}
_SECURITY_ORDER: list[Security] = [
    "open",
    "wep",
    "wpa-psk",
    "wpa2-psk",
    "wpa3-sae",
    "wpa-eap",
    "wpa2-eap",
    "wpa3-eap",
    "owe",
]


def bss(
    elements: bytes,
    *,
    bssid: str | None,
    frequency_mhz: int | None,
    signal_dbm: float | None = None,
    age_s: float | None = None,
    beacon_interval_tu: int | None = None,
    capability: int | None = None,
    answers_probes: bool | None = None,
    hidden: bool | None = None,
    nontransmitted: bool | None = None,
    complete: bool = True,
) -> Bss:
    """Decode the elements of one BSS.

    Args:
        elements: the information elements, as they follow the fixed fields of the frame (9.3.3.2, 9.3.3.10).
        bssid: lower-case, colons.
        frequency_mhz: the frequency on which the frame was heard, or that the source gives for the BSS.
        signal_dbm: as `Bss.signal_dbm`.
        age_s: as `Bss.age_s`.
        beacon_interval_tu: the fixed field Beacon Interval, in TU.
        capability: the fixed field Capability Information (9.4.1.4).
        answers_probes: as `Bss.answers_probes`.
        hidden: as `Bss.hidden`; for a beacon, see `hides_name`.
        nontransmitted: as `Bss.nontransmitted`; None: the elements tell.
        complete: False if the source may have left out or cut elements.

    Raises:
        ValueError: the elements describe no network that a device could join; the message has the reason in one line.
    """
    found = _Found(elements[:MOST_OCTETS], complete=complete and len(elements) <= MOST_OCTETS)
    name = found.one(_SSID)
    if name is None:
        raise ValueError("no SSID element")
    if len(name) > LONGEST_SSID:
        raise ValueError(f"an SSID of {len(name)} octets")
    if _MESH_ID in found.elements if capability is None else not capability & 0x0001:
        raise ValueError("an ad-hoc or mesh network: the ESS bit is 0")
    channel, frequency, band = _primary(found, frequency_mhz)
    ht = _ht_operation(found)
    vht_width = _vht_width(found, ht, band)
    basic, rates, membership = _rates(found)
    rsn, rsn_akms, rsn_flags = _suites(found, "RSN", found.one(_RSN), _RSN_OUI)
    wpa, wpa_akms, _ = _suites(found, "WPA", found.vendor.get(_WPA), _WPA_OUI)
    privacy = None if capability is None else bool(capability & 0x0010)
    if privacy is False and (rsn or wpa):
        found.note("The Privacy bit is 0, but there is an RSN or WPA element: the element counts")
    return Bss(
        bssid=bssid,
        ssid=ssid_text(name),
        ssid_hex=name.hex(),
        frequency_mhz=frequency,
        channel=channel,
        width_mhz=_width(found, ht, vht_width, band),
        signal_dbm=signal_dbm,
        age_s=age_s,
        security=_security(found, rsn, wpa, privacy=privacy) if rsn_akms and wpa_akms else None,
        pmf=_pmf(found, rsn) if rsn_flags else None,
        beacon_interval_tu=beacon_interval_tu,
        rates_mbps=rates,
        basic_rates_mbps=basic,
        membership=membership,
        privacy=privacy,
        short_preamble=None if capability is None else bool(capability & 0x0020),
        short_slot=None if capability is None else bool(capability & 0x0400),
        ht=ht,
        ht_capable_40=None if (able := found.one(_HT_CAPABILITIES)) is None else bool(able[0] & 0x02),
        vht_width_mhz=vht_width,
        he=_HE_CAPABILITIES in found.extensions or _HE_OPERATION in found.extensions,
        eht=_EHT_CAPABILITIES in found.extensions or _EHT_OPERATION in found.extensions,
        rsn=rsn,
        wpa=wpa,
        wps=_WPS in found.vendor,
        country=_country(found.one(_COUNTRY)),
        load=None if (load := found.one(_LOAD)) is None else _load(load),
        neighbors=_neighbors(found, name),
        bss_transition=found.holds(_EXT_CAPABILITIES, lambda body: len(body) > 2 and bool(body[2] & 0x08)),
        radio_measurement=found.holds(_RM),
        fast_transition=found.holds(_MOBILITY),
        answers_probes=answers_probes,
        hidden=hidden,
        nontransmitted=_MULTIPLE_BSSID_INDEX in found.elements if nontransmitted is None else nontransmitted,
        dtim_period=(tim[1] or None) if (tim := found.one(_TIM)) is not None else None,
        complete=found.whole,
        contradictions=found.notes,
        elements=elements[:MOST_OCTETS].hex(),
    )


def announced(sender: Bss) -> Iterator[Bss]:
    """The BSSs that a BSS announces in its Multiple BSSID elements (9.4.2.45) and that send no beacon themselves.

    Elements that a profile lacks are inherited from the sender (11.1.3.8.4). A profile may continue in the next
    Multiple BSSID element: only its first part begins with Nontransmitted BSSID Capability.
    """
    elements = list(walk(bytes.fromhex(sender.elements)))
    profiles: list[tuple[int, bytes]] = []
    for number, body in elements:
        if number != _MULTIPLE_BSSID or not 1 <= (body or b"\0")[0] <= 8:
            continue
        for kind, part in walk(body[1:]):
            if not kind and part[:2] == bytes([_NONTRANSMITTED_CAPABILITY, 2]) and len(part) >= 4:
                profiles.append((body[0], part))
            elif not kind and profiles:
                profiles[-1] = profiles[-1][0], profiles[-1][1] + part
    for bits, profile in profiles[:MOST_PROFILES]:
        own = list(walk(profile))
        kept = [*({_SSID, _MULTIPLE_BSSID} | _not_inherited(own)), *(_identity(*element) for element in own)]
        made = [element for element in own if element[0] != _NONTRANSMITTED_CAPABILITY]
        made += [element for element in elements if element[0] not in kept and _identity(*element) not in kept]
        index = next((body[0] for number, body in own if number == _MULTIPLE_BSSID_INDEX and body), 0)
        with contextlib.suppress(ValueError):  # a profile without a name, or of a network that nobody can join
            yield bss(
                b"".join(bytes([number, len(body)]) + body for number, body in made),
                bssid=_nontransmitted_bssid(sender.bssid, bits, index),
                frequency_mhz=sender.frequency_mhz,
                signal_dbm=sender.signal_dbm,
                age_s=sender.age_s,
                beacon_interval_tu=sender.beacon_interval_tu,
                capability=int.from_bytes(own[0][1], "little"),
                hidden=not any(next((body for number, body in own if number == _SSID), b"")),
                nontransmitted=True,
                complete=sender.complete,
            )


def with_announced(found: list[Bss]) -> list[Bss]:
    """Add the BSSs that the BSSs found announce, unless the system has listed them by itself."""
    return with_others(found, (candidate for sender in found for candidate in announced(sender)))


def with_others(found: list[Bss], others: Iterable[Bss]) -> list[Bss]:
    """Add announced BSSs to those found, except those that are listed already, up to `MOST_ANNOUNCED`."""
    listed = {(candidate.bssid, candidate.frequency_mhz, candidate.ssid) for candidate in found}
    more: list[Bss] = []
    for candidate in others:
        place = candidate.bssid, candidate.frequency_mhz, candidate.ssid
        if place not in listed:
            if len(more) == MOST_ANNOUNCED:
                break
            listed.add(place)
            more.append(candidate)
    return [*found, *more]


def walk(elements: bytes) -> Iterator[tuple[int, bytes]]:
    """The ID and body of each complete element (9.4.2.1)."""
    at, end = 0, len(elements)
    while end - at >= 2:
        following = at + 2 + elements[at + 1]
        if following > end:
            return
        yield elements[at], elements[at + 2 : following]
        at = following


def outline(elements: bytes) -> tuple[bytes | None, bool]:
    """The SSID (the body of the first SSID element; None: there is none), and whether the element list is complete."""
    at, end, name = 0, len(elements), None
    while end - at >= 2:
        following = at + 2 + elements[at + 1]
        if following > end:
            return name, False
        if not elements[at] and name is None:
            name = elements[at + 2 : following]
        at = following
    return name, at == end


def hides_name(beacon: bytes | None) -> bool | None:
    """Whether a beacon hides the name (no octets, or only zeros); None: no beacon, or no valid SSID element in it."""
    name = outline(beacon)[0] if beacon is not None else None
    return None if name is None or len(name) > LONGEST_SSID else not any(name)


def ssid_text(name: bytes) -> str:
    r"""An SSID as text: UTF-8, undecodable bytes as `\xNN`; empty if it is hidden (no octets, or only zeros)."""
    return name.decode("utf-8", "backslashreplace") if any(name) else ""


def ssid_bytes(text: str) -> bytes:
    r"""The octets of the name that `ssid_text` shows as this text: its inverse.

    One ambiguity: a network may itself be called `\xe9`, with a backslash and three letters. The octet e9 is shown in
    the same way, and is assumed here: names in other encodings are common, names with such a backslash are not.
    """
    plain = text.encode("utf-8", "surrogateescape")  # how Python hands over arguments that are no UTF-8
    octets = re.sub(rb"\\x([89a-f][0-9a-f])", lambda match: bytes.fromhex(match[1].decode()), plain)
    return octets if ssid_text(octets) == ssid_text(plain) else plain


def channel_at(frequency_mhz: int | None) -> int | None:
    """The channel with this centre frequency (annex E; 802.11ax for 6 GHz), or None."""
    band = band_of(frequency_mhz)
    if band is None or frequency_mhz is None:
        return None
    if frequency_mhz in {2484, 5935}:
        return 14 if frequency_mhz == 2484 else 2
    start = 4000 if frequency_mhz < 5000 and band == "5" else {"2.4": 2407, "5": 5000, "6": 5950}[band]
    channel, rest = divmod(frequency_mhz - start, 5)
    return channel if not rest and frequency_of(channel, band) == frequency_mhz else None


class _Found:
    """The elements of one list by ID (the first of each), and notes on what is wrong with them."""

    def __init__(self, octets: bytes, *, complete: bool) -> None:
        self.elements: dict[int, bytes] = {}
        self.extensions: dict[int, bytes] = {}
        """By extension ID."""
        self.vendor: dict[bytes, bytes] = {}
        """By OUI and type."""
        self.neighbors: list[bytes] = []
        self.broken: set[int] = set()
        """The IDs of elements that were sent, but are too short to be decoded."""
        self.notes: list[str] = []
        size = 0
        for number, body in walk(octets):
            size += 2 + len(body)
            if number == _EXTENSION:
                self._keep_extension(body)
            elif number == _VENDOR:
                self.vendor.setdefault(body[:4], body)
            elif number == _NEIGHBORS:
                self.neighbors.append(body)  # a report may take several elements
            elif self.elements.setdefault(number, body) != body and number in _NAMES:
                self.note(f"{_NAMES[number]} is repeated with different content: the first one counts")
        self.whole = complete and size == len(octets)
        """Whether no element can be missing."""
        if size < len(octets):
            self.note(f"The list of elements is cut short after {size} octets: what followed was not seen")
        for number, shortest in _SHORTEST.items():
            if len(self.elements.get(number, b"-" * shortest)) < shortest:
                octets_found = len(self.elements.pop(number))
                self.note(f"{_NAMES[number]} has {octets_found} octets, which is too short: not decoded")
                self.broken.add(number)

    def _keep_extension(self, body: bytes) -> None:
        if body:
            self.extensions.setdefault(body[0], body[1:])

    def one(self, number: int) -> bytes | None:
        """The body of the element with this ID, or None if there is none."""
        return self.elements.get(number)

    def holds(self, number: int, predicate: Callable[[bytes], bool] = lambda _: True) -> bool | None:
        """Whether the element with this ID has a property; False: it was certainly not sent, None: it may have been.

        `predicate` tells from the element's body whether it has the property; by default every body has it.
        """
        body = self.elements.get(number)
        if body is None:
            return False if self.whole else None
        return predicate(body)

    def note(self, text: str) -> None:
        """Add a contradiction, up to MOST_NOTES of them."""
        if len(self.notes) < MOST_NOTES and text not in self.notes:
            self.notes.append(text)


# --- channel and width ------------------------------------------------------------------------------------------


def _primary(found: _Found, heard_mhz: int | None) -> tuple[int | None, int | None, Band | None]:
    """The primary channel, its centre frequency in MHz, and its band; see the rules at the top."""
    ds, ht, six = found.one(_DS), found.one(_HT_OPERATION), _six_ghz(found)
    band = band_of(heard_mhz)
    if band is None and (ds or ht):
        band = "2.4" if (ds or ht or b"\x01")[0] <= 14 else "5"
    elif band is None and six:
        band = "6"
    heard = channel_at(heard_mhz)
    if band is None:
        return None, None, None
    claims: list[tuple[str, int]] = []
    if band == "6":
        claims += [("6 GHz Operation Information", six[0])] if six else []
    else:
        claims += [("DS Parameter Set", ds[0])] if ds else []
        claims += [("HT Operation", ht[0])] if ht else []
    for what, claimed in claims:
        if frequency_of(claimed, band) is None:
            found.note(f"{what} says channel {claimed}, which {band} GHz does not have: ignored")
    sound = [claim for claim in claims if frequency_of(claim[1], band) is not None]
    if not sound:
        return heard, heard_mhz, band
    source, channel = sound[0]
    for what, claimed in sound[1:]:
        if claimed != channel:
            found.note(
                f"{what} says channel {claimed}, {source} says {channel}: {channel} counts, "
                f"because stations without HT use {source}"
            )
    if heard_mhz is not None and frequency_of(channel, band) != heard_mhz:
        where = f"channel {heard} ({heard_mhz} MHz)" if heard else f"{heard_mhz} MHz"
        found.note(
            f"Heard on {where}, {source} says channel {channel}: {channel} counts, "
            "because frames are heard on neighbouring channels, too"
        )
    return channel, frequency_of(channel, band), band


def _ht_operation(found: _Found) -> HtOperation | None:
    """Decode the HT Operation element of a BSS (9.4.2.56); None: the BSS has no such element."""
    body = found.one(_HT_OPERATION)
    if body is None:
        return None
    if body[1] & 0x03 == 2:
        found.note("HT Operation has the reserved Secondary Channel Offset 2: treated as no secondary channel")
    return HtOperation(
        primary_channel=body[0],
        secondary_offset=body[1] & 0x03,
        any_width=bool(body[1] & 0x04),
        basic_mcs=body[6:22].hex(),
    )


def _ht_width(ht: HtOperation | None) -> int:
    """The width in use, in MHz, by HT Operation alone."""
    return 40 if ht and ht.any_width and ht.secondary_offset in {1, 3} else 20


def _vht_width(found: _Found, ht: HtOperation | None, band: Band | None) -> int | None:
    """The width in MHz by VHT Operation (9.4.2.158), or else by its copy in HE Operation; None: there is neither."""
    body = found.one(_VHT_OPERATION)
    if body is None:
        he = found.extensions.get(_HE_OPERATION, b"")
        if len(he) < 9 or not he[1] & 0x40:
            return None
        body = he[6:9]
    if body[0] == 0:
        return _ht_width(ht)
    if band == "2.4":
        found.note("VHT Operation claims more than 40 MHz, but 2.4 GHz has no VHT: ignored")
        return None
    if body[0] > 3:
        found.note(f"VHT Operation has the reserved Channel Width {body[0]}: ignored")
        return None
    if ht and not ht.any_width:
        found.note("VHT Operation claims more than 40 MHz, HT Operation only 20 MHz: 20 MHz counts (11.38.1)")
        return 20
    if body[0] in {2, 3}:
        return 160  # deprecated values: 160 and 80+80 MHz
    operation = found.one(_HT_OPERATION)
    # If VHT Operation has no second segment, a station with Extended NSS BW Support reads it from HT Operation.
    second = body[2] or (int.from_bytes(operation[2:4], "little") >> 5 & 0xFF if operation else 0)
    return 160 if second and (abs(second - body[1]) == 8 or abs(second - body[1]) > 16) else 80


def _six_ghz(found: _Found) -> bytes | None:
    """The 6 GHz Operation Information field of HE Operation (802.11ax, 9.4.2.249)."""
    he = found.extensions.get(_HE_OPERATION, b"")
    if len(he) < 6 or not he[2] & 0x02:
        return None
    at = 6 + (3 if he[1] & 0x40 else 0) + (1 if he[1] & 0x80 else 0)
    return he[at : at + 5] if len(he) >= at + 5 else None


def _width(found: _Found, ht: HtOperation | None, vht_width: int | None, band: Band | None) -> int | None:
    """The width in use, in MHz; None if the element that gives it was not seen."""
    if band == "6":
        six = _six_ghz(found)
        width = 20 << (six[1] & 0x03) if six else None
    elif vht_width is not None:
        width = vht_width
    else:
        width = _ht_width(ht) if ht or (found.whole and _HT_OPERATION not in found.broken) else None
    eht = found.extensions.get(_EHT_OPERATION, b"")
    if len(eht) < 8 or not eht[0] & 0x01:  # no EHT Operation Information (802.11be, 9.4.2.311)
        return width
    code = eht[5] & 0x07
    if code > {"2.4": 1, "5": 3, "6": 4, None: 4}[band]:
        found.note(f"EHT Operation claims a width (code {code}) that the band does not have: ignored")
        return width
    return 20 << code


# --- rates ------------------------------------------------------------------------------------------------------


def _rates(found: _Found) -> tuple[list[float], list[float], list[str]]:
    """Basic rates, all rates (Mb/s), and BSS membership selectors (9.4.2.3, 9.4.2.13)."""
    basic: dict[float, None] = {}
    rates: dict[float, None] = {}
    membership: dict[str, None] = {}
    for octet in (found.one(_RATES) or b"") + (found.one(_EXTENDED_RATES) or b""):
        value, required = octet & 0x7F, bool(octet & 0x80)
        if value >= _LOWEST_SELECTOR:
            if required:
                membership[_MEMBERSHIP.get(value, str(value))] = None
        elif value:
            rates[value / 2] = None
            if required:
                basic[value / 2] = None
    return list(basic), list(rates), list(membership)


# --- security ---------------------------------------------------------------------------------------------------


def _suites(found: _Found, what: str, body: bytes | None, oui: bytes) -> tuple[Suites | None, bool, bool]:
    """Decode an RSN or WPA element: the suites, whether its AKMs could be read, and whether its capabilities could.

    The element may end after any field from the version on; the standard's defaults then replace the missing fields
    (9.4.2.24.1): CCMP and 802.1X, for WPA TKIP and 802.1X.
    """
    if body is None:
        return None, True, True
    at = 4 if oui == _WPA_OUI else 0
    version = int.from_bytes(body[at : at + 2], "little")
    if len(body) < at + 2 or version != 1:
        found.note(f"{what} has the unknown version {version}: not decoded")
        return Suites(version=version), False, False
    at += 2
    default = "CCMP" if oui == _RSN_OUI else "TKIP"
    group = default
    if at < len(body):
        if len(body) < at + 4:
            found.note(f"{what} is cut short in its group cipher")
            return Suites(version=version), False, False
        group = _cipher(body[at : at + 4])
        at += 4
    ends = at == len(body)
    pairwise, at, sound = _list(body, at, _cipher, default)
    if not sound or (not pairwise and at == len(body)):
        found.note(f"{what} has a malformed list of pairwise ciphers")
        return Suites(version=version, group_cipher=group, pairwise_ciphers=pairwise), False, False
    if not pairwise:
        found.note(f"{what} lists no pairwise cipher (its count is 0)")
    if ends:
        found.note(f"{what} has no list of pairwise ciphers: {default} counts, the standard's default")
    # Replace "use group cipher suite" (table 9-149) by that cipher's name, to show which cipher a station needs.
    pairwise = [group if cipher == "GROUP" else cipher for cipher in pairwise]
    ends = at == len(body)
    akms, at, sound = _list(body, at, _akm, "EAP")
    if not sound:
        found.note(f"{what} has a malformed list of AKMs")
        return Suites(version=version, group_cipher=group, pairwise_ciphers=pairwise, akms=akms), False, False
    if not akms:
        found.note(f"{what} lists no AKM (its count is 0)")
    if ends:
        found.note(f"{what} has no list of AKMs: 802.1X counts, the standard's default")
    flags = int.from_bytes(body[at : at + 2], "little") if oui == _RSN_OUI else 0
    cut = len(body) == at + 1 and oui == _RSN_OUI
    if cut:
        found.note(f"{what} is cut short in its capabilities")
        flags = 0
    if flags & 0x00C0 == 0x0040:
        found.note("RSN requires PMF without being capable of it: no station can join (12.6.3)")
    suites = Suites(
        version=version,
        group_cipher=group,
        pairwise_ciphers=pairwise,
        akms=akms,
        pmf_capable=bool(flags & 0x0080),
        pmf_required=bool(flags & 0x0040),
    )
    return suites, True, not cut


def _list(body: bytes, at: int, name: Callable[[bytes], str], default: str) -> tuple[list[str], int, bool]:
    """Decode a counted list of suite selectors: their names, the offset after the list, and whether it is complete."""
    if at == len(body):
        return [default], at, True
    count = int.from_bytes(body[at : at + 2], "little")
    at += 2
    end = at + 4 * count
    names = [name(body[offset : offset + 4]) for offset in range(at, min(end, len(body) - 3), 4)]
    return list(dict.fromkeys(names)), end, end <= len(body)


def _cipher(selector: bytes) -> str:
    """The name of a cipher suite; its OUI and number if it has no name here."""
    known = _CIPHERS if selector[:3] in {_RSN_OUI, _WPA_OUI} else {}
    return known.get(selector[3]) or _number(selector)


def _akm(selector: bytes) -> str:
    """The name of an AKM suite; its OUI and number if it has no name here."""
    if selector[:3] == _RSN_OUI or (selector[:3] == _WPA_OUI and selector[3] in {1, 2}):
        return _AKMS.get(selector[3]) or _number(selector)
    return _OTHER_AKMS.get(selector) or _number(selector)


def _number(selector: bytes) -> str:
    """A suite selector as its OUI and number, such as `00-0f-ac:2`."""
    return f"{selector[:3].hex('-')}:{selector[3]}"


def _security(found: _Found, rsn: Suites | None, wpa: Suites | None, *, privacy: bool | None) -> list[Security] | None:
    """Each kind of security offered; empty: only kinds without a name here (WAPI, DPP, OSEN); None: not known."""
    modes: set[Security] = set()
    if rsn:
        modes |= _rsn_security(rsn)
    if wpa:
        modes |= {_WPA_SECURITY[akm] for akm in wpa.akms if akm in _WPA_SECURITY}
    if not rsn and not wpa:
        if privacy is None or not found.whole:
            return None
        if not privacy:
            modes.add("open")
        elif _WAPI not in found.elements and _OSEN not in found.vendor:
            modes.add("wep")
    return [mode for mode in _SECURITY_ORDER if mode in modes]


def _rsn_security(rsn: Suites) -> set[Security]:
    """The Wi-Fi Alliance's names for RSN's AKMs.

    EAP-SHA256 is WPA3-Enterprise if PMF is required (WPA3-Enterprise only mode of the WPA3 specification 3.x), or if
    EAP is offered, too, and PMF is supported (its transition mode). Otherwise it is WPA2-Enterprise.
    """
    modes = {_RSN_SECURITY[akm] for akm in rsn.akms if akm in _RSN_SECURITY}
    if "EAP-SHA256" in rsn.akms:
        transition = "EAP" in rsn.akms and rsn.pmf_capable
        modes.add("wpa3-eap" if rsn.pmf_required or transition else "wpa2-eap")
    return modes


def _pmf(found: _Found, rsn: Suites | None) -> Pmf | None:
    """Whether PMF is offered or required; None: an RSN element may be missing from a list that was cut."""
    if rsn is None:
        return "none" if found.whole else None
    return "required" if rsn.pmf_required else "capable" if rsn.pmf_capable else "none"


# --- Multiple BSSID ---------------------------------------------------------------------------------------------


def _identity(number: int, body: bytes) -> int | tuple[int, bytes]:
    """What identifies an element, so that one in a profile replaces the sender's.

    It is the ID; for vendors' elements and extensions their first octets, too.
    """
    return (number, body[: 4 if number == _VENDOR else 1]) if number in {_VENDOR, _EXTENSION} else number


def _not_inherited(profile: list[tuple[int, bytes]]) -> set[int | tuple[int, bytes]]:
    """What a profile's Non-Inheritance element (9.4.2.240) excludes from inheritance, as `_identity` names elements."""
    body = next(
        (body for number, body in profile if number == _EXTENSION and body[:1] == bytes([_NON_INHERITANCE])), b""
    )
    ids = body[2 : 2 + body[1]] if len(body) > 1 else b""
    extensions = body[3 + len(ids) :][: body[2 + len(ids)]] if len(body) > 2 + len(ids) else b""
    return {*ids, *((_EXTENSION, bytes([number])) for number in extensions)}


def _nontransmitted_bssid(sender: str | None, bits: int, index: int) -> str | None:
    """The BSSID with this index (9.4.2.45): the sender's, with the index added to its last `bits` bits."""
    if sender is None or not 0 < index < 1 << bits:
        return None
    reference = int(sender.replace(":", ""), 16)
    low = reference % (1 << bits)
    return (reference - low + (low + index) % (1 << bits)).to_bytes(6, "big").hex(":")


# --- the rest ---------------------------------------------------------------------------------------------------


def _country(body: bytes | None) -> str | None:
    """The two letters of the Country element (9.4.2.8); the third octet is the environment."""
    code = (body or b"")[:2]
    return code.decode("ascii") if code.isalnum() and len(code) == 2 else None


def _load(body: bytes) -> BssLoad:
    """Decode a BSS Load element (9.4.2.27)."""
    return BssLoad(stations=int.from_bytes(body[:2], "little"), utilisation=round(body[2] / 255, 3))


def _neighbors(found: _Found, name: bytes) -> list[Neighbor]:
    """The access points that Reduced Neighbor Reports name (9.4.2.170), up to MOST_NEIGHBORS."""
    # The Short SSID is the CRC-32 of the name (9.4.2.170.3).
    short = zlib.crc32(name).to_bytes(4, "little") if any(name) else None
    neighbors: list[Neighbor] = []
    for body in found.neighbors:
        at = 0
        while len(body) - at >= 4:
            count, size, kind = (body[at] >> 4) + 1, body[at + 1], body[at] & 0x03
            operating_class, channel = body[at + 2], body[at + 3]
            at += 4
            if not size or len(body) - at < count * size:
                found.note("A Reduced Neighbor Report is cut short")
                break
            entries = [body[offset : offset + size] for offset in range(at, at + count * size, size)]
            at += count * size
            if not kind:  # other kinds belong to multi-link devices (802.11be), and name no BSS
                neighbors += [_neighbor(operating_class, channel, entry, short) for entry in entries]
    return neighbors[:MOST_NEIGHBORS]


def _neighbor(operating_class: int, channel: int, entry: bytes, short: bytes | None) -> Neighbor:
    """Decode one TBTT Information field; its length determines its content (table 9-283)."""
    size = len(entry)
    bssid = entry[1:7] if size >= 7 else None
    short_ssid = entry[7:11] if size >= 11 else entry[1:5] if size in {5, 6} else None
    at = 11 if size >= 12 else {2: 1, 6: 5, 8: 7, 9: 7}.get(size)
    same: bool | None = None
    if at is not None:
        same = bool(entry[at] & 0x02)  # BSS Parameters: Same SSID
    elif short_ssid is not None and short is not None:
        same = short_ssid == short
    return Neighbor(
        operating_class=operating_class,
        channel=channel,
        bssid=bssid.hex(":") if bssid else None,
        short_ssid=short_ssid.hex() if short_ssid else None,
        same_ssid=same,
    )

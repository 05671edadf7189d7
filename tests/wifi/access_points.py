"""The access points of the lab: hostapd configurations, and what each of them puts on the air, derived from it.

The truth about a BSS comes from its configuration alone, by what hostapd.conf(5) says of each line: no scan, and no
decoder of ours, has a part in it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Lines = Mapping[str, str]
CONTRACT = ("bssid", "ssid", "ssid_hex", "frequency_mhz", "channel", "width_mhz", "signal_dbm", "security", "pmf")
PASSPHRASE = "correct horse"
EAP_USERS = "/run/lab/eap_users"


@dataclass(frozen=True)
class Truth:
    """What a BSS is, in the terms of the report's `observations.wifi.bss`, and more that a decoder has to see.

    Attributes:
        name: what the lab calls it; no part of the report.
        phy: the best PHY that its frames advertise: b, g, a, n, ac, ax.
        basic_rates_mbps: None where the configuration leaves them to hostapd.
        membership: BSS membership selectors.
        akms: as hostapd names them.
        ciphers: pairwise.
    """

    name: str
    bssid: str
    ssid: str
    ssid_hex: str
    frequency_mhz: int
    channel: int
    width_mhz: int
    security: list[str]
    pmf: str
    hidden: bool
    real_ssid_hex: str
    signal_dbm: int
    phy: str
    basic_rates_mbps: list[float] | None
    membership: list[str]
    country: str
    beacon_interval_tu: int
    dtim_period: int
    bss_transition: bool
    radio_measurement: bool
    fast_transition: bool
    wps: bool
    load: bool
    akms: list[str]
    ciphers: list[str]

    @property
    def network(self) -> str:
        """The name of its network, as the report has names, whether or not its beacons hide it."""
        return bytes.fromhex(self.real_ssid_hex).decode(errors="backslashreplace")

    def contract(self) -> dict[str, Any]:
        """The keys that every source has to give (contract.md)."""
        whole = asdict(self)
        return {key: whole[key] for key in CONTRACT}


@dataclass(frozen=True)
class Bss:
    """One BSS: the lab's name for it, and its lines of hostapd.conf."""

    name: str
    lines: Lines


@dataclass(frozen=True)
class Radio:
    """One radio: the lines that its BSSs share, and how strong others hear it.

    Attributes:
        first: it has to be on the air before the others: an access point that finds a neighbour on its secondary
            channel gives up 40 MHz (IEEE 802.11-2020, 11.15.5).
        width_mhz: the width in use where it is not what the configuration asks for, because of such a neighbour.
    """

    lines: Lines
    bss: tuple[Bss, ...]
    signal_dbm: int = -30
    first: bool = False
    width_mhz: int | None = None


@dataclass(frozen=True)
class Air:
    """What is on the air together: a regulatory domain and its radios."""

    name: str
    country: str
    radios: tuple[Radio, ...]

    def truths(self) -> list[Truth]:
        """What every BSS is; the lab's radio N has MAC address 02:00:00:00:NN:00, its BSSs count from there."""
        return [
            truth(self, radio, bss, bssid(number, position))
            for number, radio in enumerate(self.radios)
            for position, bss in enumerate(radio.bss)
        ]

    def frequencies(self) -> list[int]:
        """Every frequency in use, ascending."""
        return sorted({frequency(radio.lines) for radio in self.radios})

    def configuration(self, number: int, interface: str) -> str:
        """The hostapd.conf of one radio."""
        radio = self.radios[number]
        lines = [f"interface={interface}", "driver=nl80211", "ctrl_interface=/run/hostapd"]
        common = {"country_code": self.country, "ieee80211d": "1", "logger_stdout": "-1"}
        lines += [f"{key}={value}" for key, value in (common | dict(radio.lines)).items()]
        for position, bss in enumerate(radio.bss):
            if position:
                lines.append(f"bss={interface}_{position}")
            lines.append(f"bssid={bssid(number, position)}")
            lines += [f"{key}={value}" for key, value in bss.lines.items()]
        return "\n".join(lines) + "\n"


def bssid(radio: int, position: int) -> str:
    """BSSID of a radio's BSS."""
    return f"02:00:00:00:{radio:02x}:{position:02x}"


# --- what a configuration means -----------------------------------------------------------------------------------


def frequency(lines: Lines) -> int:
    """Centre frequency of the primary channel (IEEE 802.11-2020, annex E)."""
    channel = int(lines["channel"])
    if int(lines.get("op_class", "0")) in range(131, 137):
        return 5950 + 5 * channel
    if lines["hw_mode"] == "a":
        return 5000 + 5 * channel
    return 2484 if channel == 14 else 2407 + 5 * channel


def width(lines: Lines) -> int:
    """Operating width that the lines ask for: HT's secondary channel, then VHT's or HE's width."""
    if "ieee80211n" not in lines and "op_class" not in lines:
        return 20
    for key, on in (("he_oper_chwidth", "ieee80211ax"), ("vht_oper_chwidth", "ieee80211ac")):
        if on in lines and (wide := {"1": 80, "2": 160}.get(lines.get(key, "0"))):
            return wide
    return 40 if any(sign in lines.get("ht_capab", "") for sign in ("[HT40+]", "[HT40-]")) else 20


def security(lines: Lines) -> list[str]:
    """What a station may use to join, in the contract's words."""
    if "wep_key0" in lines:
        return ["wep"]
    versions, suites = int(lines.get("wpa", "0")), lines.get("wpa_key_mgmt", "WPA-PSK").split()
    if not versions:
        return ["open"]
    found = set()
    for suite in suites:
        match suite:
            case "WPA-PSK" | "FT-PSK" | "WPA-PSK-SHA256":
                found |= {"wpa-psk"} if versions & 1 else set()
                found |= {"wpa2-psk"} if versions & 2 else set()
            case "WPA-EAP" | "FT-EAP":
                found |= {"wpa-eap"} if versions & 1 else set()
                found |= {"wpa2-eap"} if versions & 2 else set()
            case "SAE" | "FT-SAE":
                found.add("wpa3-sae")
            case "WPA-EAP-SHA256" | "WPA-EAP-SUITE-B-192":
                found.add("wpa3-eap")
            case "OWE":
                found.add("owe")
            case _:
                raise ValueError(suite)
    order = ("wpa-psk", "wpa2-psk", "wpa3-sae", "wpa-eap", "wpa2-eap", "wpa3-eap", "owe")
    return [text for text in order if text in found]


def ciphers(lines: Lines) -> list[str]:
    """Pairwise ciphers of WPA and RSN; RSN's are those of WPA where they have no line of their own."""
    versions = int(lines.get("wpa", "0"))
    old = lines.get("wpa_pairwise", "TKIP").split() if versions & 1 else []
    new = lines.get("rsn_pairwise", lines.get("wpa_pairwise", "TKIP")).split() if versions & 2 else []
    return list(dict.fromkeys(old + new))


def ssid_bytes(lines: Lines) -> bytes:
    """The name: `ssid` as UTF-8, `ssid2` as hostapd takes it (hexadecimal, or in quotes)."""
    if "ssid2" in lines:
        return bytes.fromhex(lines["ssid2"])
    return lines["ssid"].encode()


def phy(lines: Lines) -> str:
    """The best PHY; TKIP alone and WEP forbid 802.11n and later (hostapd drops it, as the standard demands)."""
    old = "wep_key0" in lines or (lines.get("wpa") == "1" and "CCMP" not in lines.get("wpa_pairwise", ""))
    for key, name in (("ieee80211ax", "ax"), ("ieee80211ac", "ac"), ("ieee80211n", "n")):
        if key in lines and not old:
            return name
    return lines["hw_mode"]


def truth(air: Air, radio: Radio, bss: Bss, address: str) -> Truth:
    """Everything that the configuration says of a BSS."""
    lines = dict(radio.lines) | dict(bss.lines)
    name = ssid_bytes(bss.lines)
    shown = {"0": name, "1": b"", "2": bytes(len(name))}[lines.get("ignore_broadcast_ssid", "0")]
    hidden = shown != name
    best = phy(lines)
    rates = [int(rate) / 10 for rate in lines["basic_rates"].split()] if "basic_rates" in lines else None
    selectors = {"require_ht": "ht", "require_vht": "vht"}
    membership = [selectors[key] for key in selectors if lines.get(key) == "1"]
    sae_only = lines.get("wpa_key_mgmt") == "SAE"
    if sae_only and lines.get("sae_pwe") == "1":
        membership.append("sae-h2e")
    return Truth(
        name=bss.name,
        bssid=address,
        ssid="" if hidden else name.decode(errors="backslashreplace"),
        ssid_hex=shown.hex(),
        frequency_mhz=frequency(lines),
        channel=int(lines["channel"]),
        width_mhz=20 if best in {"b", "g", "a"} else radio.width_mhz or width(lines),
        security=security(lines),
        pmf={"0": "none", "1": "capable", "2": "required"}[lines.get("ieee80211w", "0")],
        hidden=hidden,
        real_ssid_hex=name.hex(),
        signal_dbm=radio.signal_dbm,
        phy=best,
        basic_rates_mbps=rates,
        membership=membership,
        country=air.country,
        beacon_interval_tu=int(lines.get("beacon_int", "100")),
        dtim_period=int(lines.get("dtim_period", "2")),
        bss_transition=lines.get("bss_transition") == "1",
        radio_measurement=lines.get("rrm_neighbor_report") == "1",
        fast_transition="mobility_domain" in lines,
        wps=lines.get("wps_state", "0") != "0",
        load="bss_load_update_period" in lines,
        akms=lines["wpa_key_mgmt"].split() if "wpa" in lines else [],
        ciphers=ciphers(lines),
    )


# --- the configurations -------------------------------------------------------------------------------------------

PSK = {"wpa_passphrase": PASSPHRASE}
OPEN: Lines = {}
WPA2: Lines = {"wpa": "2", "wpa_key_mgmt": "WPA-PSK", "rsn_pairwise": "CCMP", **PSK}
EAP = {"ieee8021x": "1", "eap_server": "1", "eap_user_file": EAP_USERS}
SECURITIES: dict[str, Lines] = {
    "open": OPEN,
    "wep": {"wep_default_key": "0", "wep_key0": "123456789a"},
    "wpa1-tkip": {"wpa": "1", "wpa_key_mgmt": "WPA-PSK", "wpa_pairwise": "TKIP", **PSK},
    "wpa1-ccmp": {"wpa": "1", "wpa_key_mgmt": "WPA-PSK", "wpa_pairwise": "CCMP", **PSK},
    "wpa2-ccmp": WPA2,
    "wpa2-mixed": {"wpa": "3", "wpa_key_mgmt": "WPA-PSK", "wpa_pairwise": "TKIP CCMP", "rsn_pairwise": "TKIP CCMP",
                   **PSK},
    "wpa2-tkip": {"wpa": "2", "wpa_key_mgmt": "WPA-PSK", "rsn_pairwise": "TKIP", **PSK},
    "wpa2-wpa3": {**WPA2, "wpa_key_mgmt": "WPA-PSK SAE", "ieee80211w": "1", "sae_require_mfp": "1"},
    "wpa3": {**WPA2, "wpa_key_mgmt": "SAE", "ieee80211w": "2"},
    "wpa3-h2e": {**WPA2, "wpa_key_mgmt": "SAE", "ieee80211w": "2", "sae_pwe": "1"},
    "pmf-capable": {**WPA2, "ieee80211w": "1"},
    "pmf-required": {**WPA2, "wpa_key_mgmt": "WPA-PSK-SHA256", "ieee80211w": "2"},
    "pmf-required-sha1": {**WPA2, "ieee80211w": "2"},
    "wpa-eap": {"wpa": "1", "wpa_key_mgmt": "WPA-EAP", "wpa_pairwise": "CCMP", **EAP},
    "wpa2-eap": {"wpa": "2", "wpa_key_mgmt": "WPA-EAP", "rsn_pairwise": "CCMP", **EAP},
    "wpa2-wpa3-eap": {"wpa": "2", "wpa_key_mgmt": "WPA-EAP WPA-EAP-SHA256", "rsn_pairwise": "CCMP",
                      "ieee80211w": "1", **EAP},
    "wpa3-eap": {"wpa": "2", "wpa_key_mgmt": "WPA-EAP-SHA256", "rsn_pairwise": "CCMP", "ieee80211w": "2", **EAP},
    "owe": {"wpa": "2", "wpa_key_mgmt": "OWE", "rsn_pairwise": "CCMP", "ieee80211w": "2"},
    "ft-only": {**WPA2, "wpa_key_mgmt": "FT-PSK", "mobility_domain": "a1b2", "nas_identifier": "ap.lab.example",
                "r1_key_holder": "020000000099", "ft_psk_generate_local": "1"},
}  # fmt: skip
NAMES: dict[str, Lines] = {
    "32-bytes": {"ssid2": b"A network name of just 32 bytes!".hex()},
    "32-bytes-utf8": {"ssid2": ("\N{GREEK SMALL LETTER ALPHA}" * 16).encode().hex()},
    "emoji": {"ssid2": "Caf\u00e9 \N{HOT BEVERAGE}\N{ROCKET}".encode().hex()},
    "comma": {"ssid": "Smith, Jones"},
    "quotes": {"ssid": """The "Lab's" net"""},
    "markup": {"ssid": "<b>&amp;[red]bold[/red]"},
    "markup-script": {"ssid": "<script>alert(1)</script>"},
    "terminal-escapes": {"ssid2": b"\x1b[31mred\x1b]0;title\x07\x1b[2J".hex()},
    "newline": {"ssid2": b"two\r\nlines\tand a tab".hex()},
    "leading-space": {"ssid2": b" leading".hex()},
    "trailing-space": {"ssid2": b"trailing ".hex()},
    "invalid-utf8": {"ssid2": b"caf\xe9 \xff\xfe".hex()},
    "backslash": {"ssid2": rb"\xe9 is text here".hex()},
    "nul": {"ssid2": b"a\0b".hex()},
    "one-byte": {"ssid2": b"a".hex()},
    "right-to-left": {"ssid2": "abc\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe".encode().hex()},
    "customer": {"ssid": "Customer-WiFi"},
    "look-alike": {"ssid2": "\N{CYRILLIC CAPITAL LETTER ES}ustomer-WiFi".encode().hex()},
}
G20: Lines = {"hw_mode": "g", "ieee80211n": "1", "wmm_enabled": "1"}
A80: Lines = {"hw_mode": "a", "ieee80211n": "1", "ieee80211ac": "1", "ht_capab": "[HT40+]", "vht_oper_chwidth": "1",
              "wmm_enabled": "1"}  # fmt: skip
OFTEN = {"beacon_int": "40"}
"""What answers no probe request is heard by beacons alone: a hidden BSS where nobody asks for its name, and every BSS
for a station that it denies. Linux stays on a channel for 33 to 60 ms in an active scan, and would miss some."""
NO_B = {"supported_rates": "60 90 120 180 240 360 480 540", "basic_rates": "60 120 240"}


def on(lines: Lines, channel: int, **more: str) -> Lines:
    """A radio's lines, with its channel."""
    return {**lines, "channel": str(channel), **more}


def secured(*names: str) -> tuple[Bss, ...]:
    """One BSS for each kind of security, named after it."""
    return tuple(Bss(name, {"ssid": f"sec-{name}", **SECURITIES[name]}) for name in names)


def named(*names: str) -> tuple[Bss, ...]:
    """One BSS for each kind of name."""
    return tuple(Bss(f"name-{name}", {**NAMES[name], **WPA2}) for name in names)


def wpa2(name: str, ssid: str | None = None, **more: str) -> tuple[Bss, ...]:
    """One ordinary BSS."""
    return (Bss(name, {"ssid": ssid or name, **WPA2, **more}),)


OWE_TRANSITION = (
    Bss("owe-transition-open", {"ssid": "Guests", "owe_transition_bssid": "", "owe_transition_ssid": '"Guests-OWE"'}),
    Bss("owe-transition-owe", {"ssid": "Guests-OWE", **SECURITIES["owe"], "ignore_broadcast_ssid": "1",
                               "owe_transition_bssid": "", "owe_transition_ssid": '"Guests"'}),
)  # fmt: skip


def owe_transition(radio: int, position: int) -> tuple[Bss, ...]:
    """An open BSS and a hidden OWE BSS that name each other (the Wi-Fi Alliance's OWE transition mode)."""
    there, here = bssid(radio, position + 1), bssid(radio, position)
    return tuple(
        Bss(bss.name, {**bss.lines, "owe_transition_bssid": other})
        for bss, other in zip(OWE_TRANSITION, (there, here), strict=True)
    )


SHORT = "CN"
"""A regulatory domain without 6 GHz, where a scan takes less than half the time."""
SECURITY = Air(
    "security",
    SHORT,
    (
        Radio(on(G20, 1), secured("open", "wep", "wpa1-tkip", "wpa1-ccmp", "wpa2-ccmp", "wpa2-mixed", "wpa2-tkip")),
        Radio(on(G20, 6), secured("wpa2-wpa3", "wpa3", "wpa3-h2e", "pmf-capable", "pmf-required", "pmf-required-sha1",
                                  "ft-only")),
        Radio(on(G20, 11, **OFTEN), (*secured("wpa-eap", "wpa2-eap", "wpa2-wpa3-eap", "wpa3-eap", "owe"),
                                        *owe_transition(2, 5))),
    ),
)  # fmt: skip
NAMING = Air(
    "names",
    SHORT,
    (
        Radio(on(G20, 1), named("32-bytes", "32-bytes-utf8", "emoji", "comma", "quotes", "markup", "markup-script")),
        Radio(on(G20, 6), named("terminal-escapes", "newline", "leading-space", "trailing-space", "invalid-utf8",
                                "backslash", "nul")),
        Radio(on(G20, 11, **OFTEN), (
            *named("one-byte", "right-to-left", "customer", "look-alike"),
            *wpa2("hidden", ignore_broadcast_ssid="1"), *wpa2("hidden-zeros", ignore_broadcast_ssid="2"),
        )),
    ),
)  # fmt: skip
MODES = Air(
    "modes",
    "US",
    (
        Radio(on(G20, 1, ht_capab="[HT40+]"), (*wpa2("ht40-plus"), *wpa2("ht40-both", "Both-40")), first=True),
        Radio(on({"hw_mode": "b"}, 11), wpa2("b-only")),
        Radio(on({"hw_mode": "g", **NO_B}, 11), wpa2("g-without-b")),
        Radio(on({**G20, "require_ht": "1"}, 11), wpa2("n-only")),
        Radio(on(G20, 6), (
            *wpa2("ht20", bss_transition="1", rrm_neighbor_report="1"), *wpa2("both-2g", "Both"),
            *wpa2("steered-2g", "Steered", bss_transition="1", rrm_neighbor_report="1"),
            *wpa2("wps", wps_state="2", eap_server="1", dtim_period="3"),
        )),
        # Wants 40 MHz, and finds the access point on channel 1 in the way: 20 MHz in use, 40 merely capable.
        Radio(on(G20, 6, ht_capab="[HT40-]"), wpa2("ht40-capable"), width_mhz=20),
        Radio(on({**G20, "ieee80211ax": "1"}, 11, bss_load_update_period="10"), wpa2("he20")),
        Radio(on(A80, 36, vht_oper_centr_freq_seg0_idx="42"), (
            *wpa2("vht80"), *wpa2("both-5g", "Both"), *wpa2("both-40-5g", "Both-40"), *wpa2("only-5", "Only-5"),
            *wpa2("steered-5g", "Steered", bss_transition="1", rrm_neighbor_report="1"),
        )),
        Radio(on({"hw_mode": "a", "ieee80211n": "1", "wmm_enabled": "1", "require_ht": "1"}, 149), wpa2("ht20-5g")),
        Radio(on({**A80, "vht_oper_chwidth": "0", "require_vht": "1"}, 157), wpa2("vht40-5g")),
    ),
)  # fmt: skip
EUROPE = Air(
    "europe",
    "DE",
    (
        Radio(on(G20, 11, ht_capab="[HT40-]"), wpa2("ht40-minus"), first=True),
        Radio(on(G20, 1), wpa2("channel-1")),
        Radio(on(G20, 12, **OFTEN), wpa2("channel-12")),
        Radio(on(G20, 13), (*wpa2("channel-13"), *wpa2("both-13", "Both-13"))),
        Radio(on(A80, 36, ieee80211ax="1", he_oper_chwidth="1", he_oper_centr_freq_seg0_idx="42",
                 vht_oper_centr_freq_seg0_idx="42"), (*wpa2("he80"), *wpa2("both-13-5g", "Both-13"))),
        Radio(on({"hw_mode": "a", "ieee80211ax": "1", "wmm_enabled": "1"}, 5, op_class="133", he_oper_chwidth="1",
                 he_oper_centr_freq_seg0_idx="7"), (Bss("6ghz", {"ssid": "Only-6", **SECURITIES["wpa3-h2e"]}),)),
    ),
)  # fmt: skip
JAPAN = Air(
    "japan",
    "JP",
    (
        Radio(on({"hw_mode": "b"}, 14), wpa2("channel-14")),
        Radio(on(G20, 13), wpa2("channel-13-jp")),
        Radio(on(G20, 6), wpa2("channel-6-jp")),
    ),
)
CROWD = Air(
    "crowd",
    SHORT,
    (
        Radio(on(G20, 6), tuple(Bss(f"crowd-{n}", {"ssid": f"Crowd-{n}", **WPA2}) for n in range(1, 13))),
        Radio(on(G20, 1), wpa2("mesh-near", "Mesh"), signal_dbm=-45),
        Radio(on(G20, 6), wpa2("mesh-middle", "Mesh"), signal_dbm=-70),
        Radio(on(G20, 11), wpa2("mesh-far", "Mesh"), signal_dbm=-84),
        Radio(on(A80, 36, vht_oper_centr_freq_seg0_idx="42"), wpa2("mesh-5g", "Mesh"), signal_dbm=-40),
        Radio(on(G20, 11), wpa2("faint"), signal_dbm=-90),
    ),
)
AIRS = {air.name: air for air in (SECURITY, NAMING, MODES, EUROPE, JAPAN, CROWD)}
RADIOS = max(len(air.radios) for air in AIRS.values())
"""So many radios serve as access points, at most."""

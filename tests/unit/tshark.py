"""tshark as the oracle: what it reads in each beacon and probe response of a capture, and where the decoder differs."""

import subprocess
from pathlib import Path

from netpreflight.probes.observations import Bss, Suites
from netpreflight.probes.wifi.capture import CaptureFile, FrameCollector

FIELDS = (
    *("wlan.fc.type_subtype", "wlan.bssid", "wlan.ssid", "wlan.fixed.beacon", "wlan.fixed.capabilities.ess"),
    *("wlan.fixed.capabilities.privacy", "wlan.fixed.capabilities.short_preamble"),
    *("wlan.fixed.capabilities.short_slot_time", "wlan.supported_rates", "wlan.extended_supported_rates"),
    *("wlan.ds.current_channel", "wlan.tim.dtim_period", "wlan.country_info.code", "wlan.qbss.scount", "wlan.qbss.cu"),
    *("wlan.ht.capabilities.width", "wlan.ht.info.primarychannel", "wlan.ht.info.secchanoffset"),
    *("wlan.ht.info.chanwidth", "wlan.vht.op.channelwidth", "wlan.vht.op.channelcenter0", "wlan.vht.op.channelcenter1"),
    *("wlan.ext_tag.number", "wlan.ext_tag.he_operation.6ghz.primary_channel"),
    *("wlan.ext_tag.he_operation.6ghz.control.channel_width", "wlan.rsn.version", "wlan.rsn.gcs.type"),
    *("wlan.rsn.pcs.type", "wlan.rsn.akms.type", "wlan.rsn.capabilities.mfpr", "wlan.rsn.capabilities.mfpc"),
    *("wlan.wfa.ie.wpa.version", "wlan.wfa.ie.wpa.mcs.type", "wlan.wfa.ie.wpa.ucs.type", "wlan.wfa.ie.wpa.type"),
    *("wlan.tag.vendor.oui.type", "wlan.wfa.ie.type", "wlan.extcap.b19", "wlan.rmcap", "wlan.mobility_domain.mdid"),
    *("wlan.rnr.tbtt_info.bssid", "wlan.rnr.tbtt_info.operating_class", "wlan.rnr.tbtt_info.channel_num"),
    *("wlan.rnr.tbtt_info.bss_parameters.same_ssid", "radiotap.channel.freq", "radiotap.dbm_antsignal"),
    "wlan.ht.info.chan_center_freq_seg_2",
)
# Tables 9-149 and 9-151, written down once more: the decoder's own names are what is tested.
CIPHERS = {1: "WEP-40", 2: "TKIP", 4: "CCMP", 5: "WEP-104", 8: "GCMP-128", 9: "GCMP-256", 10: "CCMP-256"}
AKMS = {1: "EAP", 2: "PSK", 3: "FT-EAP", 4: "FT-PSK", 5: "EAP-SHA256", 6: "PSK-SHA256", 8: "SAE", 9: "FT-SAE"} | {
    12: "EAP-SUITE-B-192",
    18: "OWE",
    24: "SAE-EXT",
    25: "FT-SAE-EXT",
}
Row = dict[str, list[str]]


def rows(file: Path) -> list[Row]:
    """Of every frame, each field's values."""
    fields = [word for field in FIELDS for word in ("-e", field)]
    argv = ["tshark", "-n", "-r", str(file), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;", *fields]
    printed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    return [
        {field: value.split(";") if value else [] for field, value in zip(FIELDS, line.split("\t"), strict=True)}
        for line in printed
    ]


def compare(file: Path) -> tuple[int, list[str]]:
    """How many BSSs were compared, frame by frame, and every difference."""
    with file.open("rb") as stream:
        heard = []
        for record in CaptureFile(stream, file.stat().st_size).records():
            air = FrameCollector()
            air.frame(record)
            heard.append(air.wifi("capture").bss)
    found = rows(file)
    differences = [] if len(found) == len(heard) else [f"{len(heard)} frames, tshark {len(found)}"]
    compared = 0
    for number, (row, ours) in enumerate(zip(found, heard, strict=False), 1):
        if _is_bss(row) != bool(ours):
            differences.append(f"frame {number}: ours {[bss.ssid for bss in ours]}, tshark {row['wlan.ssid']}")
        elif ours:
            compared += 1
            differences += [f"frame {number}: {text}" for text in _differences(ours[0], row)]
    return compared, differences


def _is_bss(row: Row) -> bool:
    """Whether tshark sees a network in the frame: an SSID in a beacon or probe response of an access point."""
    kind = int(row["wlan.fc.type_subtype"][0], 0) if row["wlan.fc.type_subtype"] else -1
    unicast = bool(row["wlan.bssid"]) and not int(row["wlan.bssid"][0][:2], 16) & 1
    named = bool(row["wlan.ssid"]) or bool(row["wlan.supported_rates"])  # tshark prints nothing for an empty SSID
    return kind in {5, 8} and unicast and named and row["wlan.fixed.capabilities.ess"] == ["1"]


def _differences(ours: Bss, row: Row) -> list[str]:
    expected = _expected(ours, row)
    return [f"{name}: {mine!r}, tshark {theirs!r}" for name, (mine, theirs) in expected.items() if mine != theirs]


def _expected(ours: Bss, row: Row) -> dict[str, tuple[object, object]]:
    """Field by field: ours, and tshark's in our words."""

    def number(field: str) -> int | None:
        return int(row[field][0], 0) if row[field] else None

    def flag(field: str) -> bool | None:
        return None if number(field) is None else bool(number(field))

    octets = [
        int(text, 0) for field in ("wlan.supported_rates", "wlan.extended_supported_rates") for text in row[field]
    ]
    rates = [octet for octet in octets if octet & 0x7F < 121]
    selectors = {0xFF: "ht", 0xFE: "vht", 0xFA: "he", 0xFB: "sae-h2e"}
    extensions = {int(text, 0) for text in row["wlan.ext_tag.number"]}
    ht, load = ours.ht, ours.load
    six = number("wlan.ext_tag.he_operation.6ghz.primary_channel")
    channel = number("wlan.ds.current_channel") or number("wlan.ht.info.primarychannel")
    vendor_types = {int(text, 0) for text in row["wlan.wfa.ie.type"]}
    return {
        "bssid": (ours.bssid, row["wlan.bssid"][0]),
        "ssid_hex": (ours.ssid_hex, (row["wlan.ssid"] or [""])[0].replace(":", "").replace("<MISSING>", "")),
        "interval": (ours.beacon_interval_tu, number("wlan.fixed.beacon")),
        "privacy": (ours.privacy, flag("wlan.fixed.capabilities.privacy")),
        "short preamble": (ours.short_preamble, flag("wlan.fixed.capabilities.short_preamble")),
        "short slot": (ours.short_slot, flag("wlan.fixed.capabilities.short_slot_time")),
        "rates": (ours.rates_mbps, [(rate & 0x7F) / 2 for rate in rates]),
        "basic rates": (ours.basic_rates_mbps, [(rate & 0x7F) / 2 for rate in rates if rate & 0x80]),
        "membership": (ours.membership, [selectors.get(octet, str(octet & 0x7F)) for octet in octets if octet >= 0xF9]),
        "channel": (ours.channel, six or channel or ours.channel),
        "dtim": (ours.dtim_period, number("wlan.tim.dtim_period")),
        "country": (ours.country or "", (row["wlan.country_info.code"] or [""])[0]),
        "stations": (load and load.stations, number("wlan.qbss.scount")),
        "utilisation": (load and round(load.utilisation * 255), number("wlan.qbss.cu")),
        "40 MHz able": (ours.ht_capable_40, flag("wlan.ht.capabilities.width")),
        "HT primary": (ht and ht.primary_channel, number("wlan.ht.info.primarychannel")),
        "HT offset": (ht and ht.secondary_offset, number("wlan.ht.info.secchanoffset")),
        "HT width": (ht and ht.any_width, flag("wlan.ht.info.chanwidth")),
        "width": (ours.width_mhz, _width(row) or ours.width_mhz),
        "he": (ours.he, bool(extensions & {35, 36})),
        "eht": (ours.eht, bool(extensions & {106, 108})),
        "rsn": (_suites(ours.rsn), _tshark_suites(row, "wlan.rsn.", "gcs", "pcs", "akms.type")),
        "pmf": (
            ours.rsn and (ours.rsn.pmf_required, ours.rsn.pmf_capable),
            (flag("wlan.rsn.capabilities.mfpr"), flag("wlan.rsn.capabilities.mfpc"))
            if row["wlan.rsn.version"]
            else None,
        ),
        "wpa": (_suites(ours.wpa), _tshark_suites(row, "wlan.wfa.ie.wpa.", "mcs", "ucs", "type")),
        "wps": (ours.wps, 4 in vendor_types),
        "transition": (ours.bss_transition, bool(flag("wlan.extcap.b19"))),
        "802.11k": (ours.radio_measurement, bool(row["wlan.rmcap"])),
        "802.11r": (ours.fast_transition, bool(row["wlan.mobility_domain.mdid"])),
        "neighbours": (
            [neighbor.bssid.replace(":", "") for neighbor in ours.neighbors if neighbor.bssid],
            row["wlan.rnr.tbtt_info.bssid"],
        ),
        "same SSID": (
            [int(bool(neighbor.same_ssid)) for neighbor in ours.neighbors],
            [int(text) for text in row["wlan.rnr.tbtt_info.bss_parameters.same_ssid"]],
        ),
        "signal": (ours.signal_dbm, number("radiotap.dbm_antsignal")),
    }


def _width(row: Row) -> int | None:
    """The width by tshark's fields; None where they do not say."""
    if 106 in {int(text, 0) for text in row["wlan.ext_tag.number"]}:
        return None  # tshark 4.0 does not decode EHT Operation
    if row["wlan.ext_tag.he_operation.6ghz.control.channel_width"]:
        return 20 << int(row["wlan.ext_tag.he_operation.6ghz.control.channel_width"][0], 0)
    any_width = [int(text, 0) for text in row["wlan.ht.info.chanwidth"]] == [1]
    vht = int((row["wlan.vht.op.channelwidth"] or ["0"])[0], 0)
    if any_width and vht:
        first, second = (int(row[f"wlan.vht.op.channelcenter{number}"][0], 0) for number in (0, 1))
        second = second or int(row["wlan.ht.info.chan_center_freq_seg_2"][0], 0)
        if vht > 1:
            return 160
        return 160 if second and abs(second - first) >= 8 else 80
    if not row["wlan.ht.info.chanwidth"] or row["wlan.ext_tag.number"]:
        return None
    return 40 if any_width and int(row["wlan.ht.info.secchanoffset"][0], 0) in {1, 3} else 20


def _suites(suites: Suites | None) -> object:
    return suites and (suites.group_cipher, suites.pairwise_ciphers, suites.akms)


def _tshark_suites(row: Row, prefix: str, group: str, pairwise: str, akms: str) -> object:
    if not row[prefix + "version"]:
        return None
    ciphers = [CIPHERS[int(text, 0)] for text in row[f"{prefix}{group}.type"] + row[f"{prefix}{pairwise}.type"]]
    return ciphers[0], ciphers[1:], [AKMS[int(text, 0)] for text in row[prefix + akms]]

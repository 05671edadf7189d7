"""The decoder of information elements, against what others encode and what tshark reads."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.observations import Bss, BssLoad, HtOperation, Neighbor, frequency_of
from netpreflight.probes.wifi.elements import (
    MOST_NOTES,
    MOST_OCTETS,
    bss,
    channel_at,
    outline,
    ssid_bytes,
    ssid_text,
    walk,
)
from tests.unit import mutated
from tests.unit.beacons import (
    B_RATES,
    ESS,
    G_RATES,
    NAME,
    OFDM_RATES,
    PRIVACY,
    ds,
    eht_operation,
    frame,
    he_operation,
    ht_capabilities,
    ht_operation,
    join,
    pcap,
    radiotap,
    rsn,
    usual,
    vht_operation,
    wpa,
)
from tests.unit.partly import partly
from tests.unit.tshark import compare

CAPTURES = sorted((Path(__file__).parent / "data" / "captures").glob("*.pcap*"))
HOSTAPD = sorted((Path(__file__).parent / "data" / "captures" / "hostapd").glob("*.pcap*"))
CLOSED = ESS | PRIVACY


def decoded(elements: bytes, frequency: int | None = 2437, capability: int | None = ESS, **more: Any) -> Bss:
    return bss(elements, bssid="02:11:22:33:44:55", frequency_mhz=frequency, capability=capability, **more)


@pytest.mark.more
@pytest.mark.tshark
@pytest.mark.parametrize(
    "file",
    partly({"Beacon-Cisco-AP-Name-v1-v2.pcapng", "ieee802.11_exthdr.pcap"}, {file.name: file for file in CAPTURES}),
)
def test_agrees_with_tshark_on_every_frame(file: Path) -> None:
    bsss = {"Beacon-Cisco": 1, "Beacon-Mikro": 1, "ieee802.11_e": 6}.get(file.name[:12], 0)

    assert compare(file) == (bsss, [])


@pytest.mark.more
@pytest.mark.tshark
@pytest.mark.parametrize("file", partly({"security.pcap", "europe.pcap"}, {file.name: file for file in HOSTAPD}))
def test_agrees_with_tshark_on_every_frame_of_the_lab(file: Path) -> None:
    compared, differences = compare(file)

    assert compared > 30
    assert differences == []


# --- security ---------------------------------------------------------------------------------------------------

SECURITY: dict[str, tuple[bytes, int, list[str], str]] = {
    # The elements after the usual ones, the Capability Information, and what they mean.
    "open": (b"", ESS, ["open"], "none"),
    "wep": (b"", CLOSED, ["wep"], "none"),
    "wpa1-tkip": (wpa(), CLOSED, ["wpa-psk"], "none"),
    "wpa1-eap": (wpa(akms=(1,)), CLOSED, ["wpa-eap"], "none"),
    "wpa2-ccmp": (rsn([2]), CLOSED, ["wpa2-psk"], "none"),
    "mixed-tkip-ccmp": (
        rsn([2], (4, 2), 2) + wpa(pairwise=(4, 2)),
        CLOSED,
        ["wpa-psk", "wpa2-psk"],
        "none",
    ),
    "wpa2-pmf-capable": (rsn([2, 6], mfpc=1), CLOSED, ["wpa2-psk"], "capable"),
    "wpa2-pmf-required": (rsn([6], mfpc=1, mfpr=1), CLOSED, ["wpa2-psk"], "required"),
    "wpa2-wpa3-transition": (rsn([2, 8], mfpc=1), CLOSED, ["wpa2-psk", "wpa3-sae"], "capable"),
    "wpa3-only": (rsn([8], mfpc=1, mfpr=1), CLOSED, ["wpa3-sae"], "required"),
    "wpa3-sae-ext": (rsn([24, 25], (9,), 9, mfpc=1, mfpr=1), CLOSED, ["wpa3-sae"], "required"),
    "wpa2-enterprise": (rsn([1]), CLOSED, ["wpa2-eap"], "none"),
    "wpa2-enterprise-sha256": (rsn([5], mfpc=1), CLOSED, ["wpa2-eap"], "capable"),
    "wpa3-enterprise-transition": (rsn([1, 5], mfpc=1), CLOSED, ["wpa2-eap", "wpa3-eap"], "capable"),
    "wpa3-enterprise": (rsn([5], mfpc=1, mfpr=1), CLOSED, ["wpa3-eap"], "required"),
    "wpa3-enterprise-192": (rsn([12], (9,), 9, mfpc=1, mfpr=1), CLOSED, ["wpa3-eap"], "required"),
    "ft-only": (rsn([4]) + join((54, b"\x01\x02\x01")), CLOSED, ["wpa2-psk"], "none"),
    "owe": (rsn([18], mfpc=1, mfpr=1), CLOSED, ["owe"], "required"),
    "owe-transition": (join((221, b"\x50\x6f\x9a\x1c" + bytes(6) + b"\x03owe")), ESS, ["open"], "none"),
}


@pytest.mark.parametrize("name", SECURITY)
def test_security(name: str) -> None:
    elements, capability, security, pmf = SECURITY[name]

    candidate = decoded(usual() + elements, capability=capability)

    assert (candidate.security, candidate.pmf) == (security, pmf)
    assert candidate.contradictions == []
    assert candidate.complete


def test_suites_are_kept() -> None:
    candidate = decoded(usual() + rsn([4, 9, 2], (4, 2), 2, mfpc=1) + wpa(), capability=CLOSED)

    assert candidate.rsn is not None
    assert (candidate.rsn.group_cipher, candidate.rsn.pairwise_ciphers) == ("TKIP", ["CCMP", "TKIP"])
    assert candidate.rsn.akms == ["FT-PSK", "FT-SAE", "PSK"]
    assert candidate.wpa is not None
    assert (candidate.wpa.group_cipher, candidate.wpa.pairwise_ciphers, candidate.wpa.akms) == (
        "TKIP",
        ["TKIP"],
        ["PSK"],
    )


def test_suites_without_a_name_are_numbered_and_are_no_security_of_ours() -> None:
    selectors = "0100 000fac63 0100 000fac62 0200 506f9a02 aabbcc07 0000"

    candidate = decoded(usual() + join((48, bytes.fromhex(selectors))), capability=CLOSED)

    assert candidate.rsn is not None
    assert candidate.rsn.group_cipher == "00-0f-ac:99"
    assert candidate.rsn.akms == ["DPP", "aa-bb-cc:7"]
    assert candidate.security == []


def test_a_short_rsn_element_means_the_defaults() -> None:
    candidate = decoded(usual() + join((48, b"\1\0")), capability=CLOSED)

    assert candidate.rsn is not None
    assert (candidate.rsn.group_cipher, candidate.rsn.pairwise_ciphers, candidate.rsn.akms) == (
        "CCMP",
        ["CCMP"],
        ["EAP"],
    )
    assert (candidate.security, candidate.pmf) == (["wpa2-eap"], "none")


def test_use_group_cipher_is_said_by_its_name() -> None:
    candidate = decoded(usual() + wpa(pairwise=(0,), group=1), capability=CLOSED)

    assert candidate.wpa is not None
    assert candidate.wpa.pairwise_ciphers == ["WEP-40"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "01",
        "0200 000fac04",
        "0100 000f",
        "0100 000fac04 0000",
        "0100 000fac04 3030 000fac04 0100 000fac02",
        "0100 000fac04 0100 000fac04 0200 000fac02",
        "0100 000fac04 0100 000fac04 01",
    ],
)
def test_a_broken_rsn_element_leaves_the_security_unknown(body: str) -> None:
    candidate = decoded(usual() + join((48, bytes.fromhex(body))), capability=CLOSED)

    assert (candidate.security, candidate.pmf) == (None, None)
    assert len(candidate.contradictions) == 1


def test_an_rsn_element_cut_within_its_capabilities_leaves_pmf_unknown() -> None:
    candidate = decoded(
        usual() + join((48, bytes.fromhex("0100 000fac04 0100 000fac04 0100 000fac02 80"))), capability=CLOSED
    )

    assert (candidate.security, candidate.pmf) == (["wpa2-psk"], None)


def test_privacy_is_wep_only_if_all_elements_were_seen() -> None:
    assert decoded(usual(), capability=CLOSED, complete=False).security is None
    assert decoded(usual() + b"\x30\x14\x01", capability=CLOSED).security is None
    assert decoded(usual(), capability=None).security is None
    assert decoded(usual() + join((68, bytes(20))), capability=CLOSED).security == []  # WAPI
    assert decoded(usual() + join((221, b"\x50\x6f\x9a\x12")), capability=CLOSED).security == []  # OSEN


def test_rsn_without_the_privacy_bit_is_a_contradiction() -> None:
    candidate = decoded(usual() + rsn([2]), capability=ESS)

    assert candidate.security == ["wpa2-psk"]
    assert "Privacy" in candidate.contradictions[0]


def test_pmf_required_but_not_capable_is_a_contradiction() -> None:
    candidate = decoded(usual() + rsn([8], mfpr=1), capability=CLOSED)

    assert candidate.pmf == "required"
    assert "PMF" in candidate.contradictions[0]


# --- width ------------------------------------------------------------------------------------------------------

WIDTHS: dict[str, tuple[bytes, int, int | None]] = {
    # The elements, the frequency, the width in use.
    "no-ht": (usual(), 2437, 20),
    "ht20": (usual() + join(ht_capabilities(able_40=False), ht_operation(6)), 2437, 20),
    "ht40+": (usual() + join(ht_capabilities(able_40=True), ht_operation(6, 1, any_width=True)), 2437, 40),
    "ht40-": (usual() + join(ht_capabilities(able_40=True), ht_operation(6, 3, any_width=True)), 2437, 40),
    "ht40-capable-20": (usual() + join(ht_capabilities(able_40=True), ht_operation(6)), 2437, 20),
    "any-width-no-secondary": (usual() + ht_operation(6, 0, any_width=True), 2437, 20),
    "sta-width-20-with-secondary": (usual() + ht_operation(6, 1), 2437, 20),
    "reserved-offset": (usual() + ht_operation(6, 2, any_width=True), 2437, 20),
    "vht-20": (join(NAME, OFDM_RATES, ht_operation(36), vht_operation(0)), 5180, 20),
    "vht-40": (join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), vht_operation(0)), 5180, 40),
    "vht-80": (join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), vht_operation(1, 42)), 5180, 80),
    "vht-160": (join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), vht_operation(1, 42, 50)), 5180, 160),
    "vht-80+80": (join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), vht_operation(1, 42, 155)), 5180, 160),
    "vht-160-by-ht-segment": (
        join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True, segment_2=50), vht_operation(1, 42)),
        5180,
        160,
    ),
    "vht-160-old": (join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), vht_operation(2, 50)), 5180, 160),
    "vht-80-ht-20": (join(NAME, OFDM_RATES, ht_operation(36, 1), vht_operation(1, 42)), 5180, 20),
    "vht-in-2.4": (usual() + join(ht_operation(6), vht_operation(1, 42)), 2437, 20),
    "he-vht-information": (
        join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), he_operation(vht=bytes([1, 42, 0]))),
        5180,
        80,
    ),
    "he-6-20": (join(NAME, OFDM_RATES, he_operation(six=bytes([37, 0, 37, 0, 6]))), 6135, 20),
    "he-6-80": (join(NAME, OFDM_RATES, he_operation(cohosted=b"\x01", six=bytes([37, 2, 39, 0, 6]))), 6135, 80),
    "he-6-160": (join(NAME, OFDM_RATES, he_operation(six=bytes([37, 3, 39, 47, 6]))), 6135, 160),
    "he-6-without": (join(NAME, OFDM_RATES, he_operation()), 6135, None),
    "eht-6-320": (join(NAME, OFDM_RATES, he_operation(six=bytes([37, 3, 39, 47, 6])), eht_operation(4)), 6135, 320),
    "eht-without": (join(NAME, OFDM_RATES, he_operation(six=bytes([37, 1, 35, 0, 6])), eht_operation(None)), 6135, 40),
    "eht-320-in-5": (join(NAME, OFDM_RATES, ht_operation(36, 1, any_width=True), eht_operation(4)), 5180, 40),
    "broken-ht-operation": (usual() + join((61, b"\6\1")), 2437, None),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_width(name: str) -> None:
    elements, frequency, width = WIDTHS[name]

    candidate = decoded(elements, frequency)

    assert candidate.width_mhz == width
    assert candidate.frequency_mhz == frequency


def test_ht_operation_is_kept() -> None:
    candidate = decoded(usual() + join(ht_capabilities(able_40=True), ht_operation(6, 3, any_width=True)))

    assert candidate.ht == HtOperation(primary_channel=6, secondary_offset=3, any_width=True, basic_mcs="00" * 16)
    assert candidate.ht_capable_40 is True
    assert decoded(usual()).ht_capable_40 is None


def test_an_incomplete_list_without_ht_operation_has_no_width() -> None:
    assert decoded(usual(), complete=False).width_mhz is None


# --- channel ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "frequency", "channel", "words"),
    [
        (join(NAME, ds(6)), 2437, 6, []),
        (join(NAME, ds(6), ht_operation(6)), None, 6, []),
        (join(NAME, ds(14)), 2484, 14, []),
        (join(NAME, ds(6), ht_operation(5)), 2437, 6, ["HT Operation says channel 5, DS Parameter Set says 6"]),
        (join(NAME, ds(6)), 2432, 6, ["Heard on channel 5 (2432 MHz)"]),
        (join(NAME, ht_operation(6)), 2442, 6, ["Heard on channel 7 (2442 MHz)"]),
        (join(NAME, ds(200)), 2437, 6, ["DS Parameter Set says channel 200"]),
        (join(NAME, ds(0), ht_operation(11)), 2462, 11, ["DS Parameter Set says channel 0"]),
        (join(NAME, ds(6), ht_operation(36)), 5180, 36, ["DS Parameter Set says channel 6, which 5 GHz"]),
        (join(NAME), 2472, 13, []),
        (join(NAME), 5180, 36, []),
        (join(NAME, ht_operation(149)), 5745, 149, []),
        (join(NAME, ht_operation(36)), None, 36, []),
        (join(NAME, he_operation(six=bytes([37, 0, 37, 0, 6]))), 6135, 37, []),
        (join(NAME, he_operation(six=bytes([37, 0, 37, 0, 6]))), None, 37, []),
        (join(NAME, he_operation(six=bytes([33, 2, 39, 0, 6]))), 6135, 33, ["6 GHz Operation Information"]),
        (join(NAME), None, None, []),
        (join(NAME), 1234, None, []),
    ],
)
def test_primary_channel(elements: bytes, frequency: int | None, channel: int | None, words: list[str]) -> None:
    candidate = decoded(elements, frequency)

    assert candidate.channel == channel
    assert len(candidate.contradictions) == len(words)
    for note, word in zip(candidate.contradictions, words, strict=True):
        assert word in note


@pytest.mark.parametrize(
    ("frequency", "channel", "band"),
    [
        *((2412, 1, "2.4"), (2472, 13, "2.4"), (2484, 14, "2.4"), (5180, 36, "5"), (5885, 177, "5"), (4920, 184, "5")),
        *((5955, 1, "6"), (7115, 233, "6"), (5935, 2, "6")),
    ],
)
def test_channels_and_frequencies(frequency: int, channel: int, band: Any) -> None:
    assert channel_at(frequency) == channel
    assert frequency_of(channel, band) == frequency


@pytest.mark.parametrize("frequency", [None, 0, 2411, 2414, 2483, 3000, 5181, 8000, 65535, -1])
def test_other_frequencies_are_no_channels(frequency: int | None) -> None:
    assert channel_at(frequency) is None


def test_channels_that_a_band_does_not_have() -> None:
    assert {frequency_of(0, "2.4"), frequency_of(15, "2.4"), frequency_of(255, "5"), frequency_of(0, "6")} == {None}


# --- rates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "basic", "fastest", "membership"),
    [
        (join(B_RATES), [1.0, 2.0, 5.5, 11.0], 11.0, []),
        (join(G_RATES), [1.0, 2.0, 5.5, 11.0], 18.0, []),
        (join(OFDM_RATES), [6.0, 12.0, 24.0], 54.0, []),
        (join((1, b"\x8c\x98\xff")), [6.0, 12.0], 12.0, ["ht"]),
        (join((1, b"\x8c"), (50, b"\xfe\xfa\xfb\xf9\x00\x7f")), [6.0], 6.0, ["vht", "he", "sae-h2e", "121"]),
    ],
)
def test_rates(elements: bytes, basic: list[float], fastest: float, membership: list[str]) -> None:
    candidate = decoded(join(NAME) + elements)

    assert (candidate.basic_rates_mbps, max(candidate.rates_mbps), candidate.membership) == (basic, fastest, membership)


# --- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"", ""),
        (b"\0" * 32, ""),
        (b"a" * 32, "a" * 32),
        ("\N{PILE OF POO}, \N{SNOWMAN}".encode(), "\N{PILE OF POO}, \N{SNOWMAN}"),
        (b"caf\xe9\xff", r"caf\xe9\xff"),
        (b"a\0b", "a\0b"),
        (b"\xf0\x9f\x92", r"\xf0\x9f\x92"),
        (b"<b>\x1b[31m", "<b>\x1b[31m"),
        (b" lead, \"'", " lead, \"'"),
    ],
)
def test_names(name: bytes, text: str) -> None:
    candidate = decoded(usual(name=name))

    assert (candidate.ssid, candidate.ssid_hex) == (text, name.hex())
    assert ssid_text(name) == text


@given(st.one_of(st.binary(max_size=32), st.text(max_size=16).map(lambda text: text.encode(errors="replace"))))
def test_a_name_comes_back_from_its_text(name: bytes) -> None:
    text = ssid_text(name)

    assert ssid_text(ssid_bytes(text)) == text
    if any(name) and b"\\x" not in name:
        assert ssid_bytes(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("caf\\xe9", b"caf\xe9"),
        ("café", "café".encode()),
        ("caf\udce9", b"caf\xe9"),
        (r"\xc3\xa9", rb"\xc3\xa9"),
        (r"\xE9", rb"\xE9"),
        (r"\x41", rb"\x41"),
        ("", b""),
    ],
)
def test_octets_of_a_text(text: str, name: bytes) -> None:
    assert ssid_bytes(text) == name


@pytest.mark.parametrize(
    ("elements", "capability", "why"),
    [
        (b"", ESS, "no SSID element"),
        (b"\0", ESS, "no SSID element"),
        (b"\0\x05net", ESS, "no SSID element"),
        (join(G_RATES, ds(6)), ESS, "no SSID element"),
        (b"\xde\xff" + bytes(100) + join(NAME), ESS, "no SSID element"),
        (join((0, b"x" * 33), G_RATES, NAME), ESS, "an SSID of 33 octets"),
        (usual(), 0, "ad-hoc"),
        (usual(), 2, "ad-hoc"),
        (usual() + join((114, b"mesh")), None, "mesh"),
    ],
)
def test_no_network_is_invented(elements: bytes, capability: int | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decoded(elements, capability=capability)


# --- the rest ---------------------------------------------------------------------------------------------------


def test_other_elements() -> None:
    more = join(
        (5, b"\1\3\0\0"),
        (7, b"DE \1\x0d\x14"),
        (11, b"\x07\0\x80\0\0"),
        (70, bytes(5)),
        (54, b"\1\2\1"),
        (127, b"\0\0\x08"),
        (221, b"\x00\x50\xf2\x04\x10\x4a"),
        (255, b"\x23" + bytes(20)),
        (255, b"\x6c" + bytes(20)),
        (255, b""),
    )

    candidate = decoded(join(NAME, G_RATES, ds(6)) + more, capability=0x0421, beacon_interval_tu=100, signal_dbm=-40.0)

    assert (candidate.dtim_period, candidate.country, candidate.load) == (
        3,
        "DE",
        BssLoad(stations=7, utilisation=0.502),
    )
    assert (candidate.radio_measurement, candidate.fast_transition, candidate.bss_transition, candidate.wps) == (
        True,
        True,
        True,
        True,
    )
    assert (candidate.he, candidate.eht, candidate.short_preamble, candidate.short_slot, candidate.privacy) == (
        True,
        True,
        True,
        True,
        False,
    )
    assert (candidate.beacon_interval_tu, candidate.signal_dbm) == (100, -40.0)
    assert bytes.fromhex(candidate.elements) == join(NAME, G_RATES, ds(6)) + more


def test_what_was_not_seen_is_not_denied() -> None:
    seen, cut = decoded(usual()), decoded(usual(), complete=False)

    assert (seen.bss_transition, seen.radio_measurement, seen.fast_transition) == (False, False, False)
    assert (cut.bss_transition, cut.radio_measurement, cut.fast_transition, cut.pmf) == (None, None, None, None)
    assert not cut.complete


@pytest.mark.parametrize(
    ("entry", "bssid", "short_ssid", "same"),
    [
        (b"\1", None, None, None),
        (b"\1\2", None, None, True),
        (b"\1abcd", None, "61626364", False),
        (b"\1" + bytes.fromhex("d9403b86"), None, "d9403b86", True),  # the CRC-32 of jjj-PSK
        (b"\1abcd\0", None, "61626364", False),
        (b"\1\2\2\2\2\2\2", "02:02:02:02:02:02", None, None),
        (b"\1\2\2\2\2\2\2\2", "02:02:02:02:02:02", None, True),
        (b"\1\2\2\2\2\2\2\2\0", "02:02:02:02:02:02", None, True),
        (b"\1\2\2\2\2\2\2abcd", "02:02:02:02:02:02", "61626364", False),
        (b"\1\2\2\2\2\2\2abcd\2\0", "02:02:02:02:02:02", "61626364", True),
        (b"\1\2\2\2\2\2\2abcd\2\0mld", "02:02:02:02:02:02", "61626364", True),
    ],
)
def test_neighbours(entry: bytes, bssid: str | None, short_ssid: str | None, same: bool | None) -> None:  # noqa: FBT001 - a parameter of the test
    report = (201, bytes([0x10, len(entry), 81, 6]) + entry * 2 + b"\x01\x03\x83\x25mld")

    candidate = decoded(usual(name=b"jjj-PSK") + join(report, report))

    expected = Neighbor(operating_class=81, channel=6, bssid=bssid, short_ssid=short_ssid, same_ssid=same)
    assert candidate.neighbors == [expected] * 4
    assert candidate.contradictions == []


def test_work_and_output_are_bounded() -> None:
    report = join((201, bytes([0xF0, 1, 81, 6]) + bytes(16)))

    assert len(decoded(usual() + report * 40).neighbors) == 64
    assert decoded(usual() + bytes(1 << 20)).elements == (usual() + bytes(MOST_OCTETS - len(usual()))).hex()
    assert not decoded(usual() + bytes(1 << 20)).complete
    noisy = join(*((number, bytes([count])) for number in range(1, 200) for count in (1, 2)))
    assert 0 < len(decoded(join(NAME) + noisy).contradictions) <= MOST_NOTES


def test_the_first_of_repeated_elements_counts() -> None:
    candidate = decoded(usual() + join((0, b"other"), ds(11)))

    assert (candidate.ssid, candidate.channel) == ("net", 6)
    assert [note[:4] for note in candidate.contradictions] == ["SSID", "DS P"]


def test_short_elements_are_not_decoded() -> None:
    short = join(*((number, b"\1") for number in (5, 7, 11, 45, 61, 192)))

    candidate = decoded(join(NAME, G_RATES, ds(6)) + short)

    assert (candidate.dtim_period, candidate.country, candidate.load, candidate.ht_capable_40, candidate.ht) == (
        None,
        None,
        None,
        None,
        None,
    )
    assert candidate.security == ["open"]
    assert len(candidate.contradictions) == 6


def test_walk_and_outline_stop_at_the_break() -> None:
    broken = join(NAME, ds(6)) + b"\x30\x14\x01"

    assert list(walk(broken)) == [(0, b"net"), (3, b"\6")]
    assert outline(broken) == (b"net", False)
    assert outline(broken[:-3]) == (b"net", True)
    assert outline(b"") == (None, True)


@pytest.mark.more
@pytest.mark.tshark
def test_agrees_with_tshark_on_what_others_encode(tmp_path: Path) -> None:
    made = [(usual() + elements, capability, 2437) for elements, capability, _, _ in SECURITY.values()]
    made += [(elements, ESS, frequency) for elements, frequency, _ in WIDTHS.values()]
    made += [(usual(name=name), ESS, 2437) for name in (b"a" * 32, b"caf\xe9\xff", b"a\0b", "\N{SNOWMAN}".encode())]
    kept = [each for each in made if b"\x3d\x02\x06\x01" not in each[0]]  # tshark reads half of a broken element
    frames = [radiotap(frame(elements, capability=how), frequency) for elements, how, frequency in kept]
    file = tmp_path / "made.pcap"
    file.write_bytes(pcap(*frames))

    assert compare(file) == (len(kept), [])


@pytest.mark.fuzz
def test_mutated_frames_break_nothing() -> None:
    outcome = mutated.run(20_000, seed=2026)

    assert outcome.networks > 2_000
    assert outcome.refused > 2_000

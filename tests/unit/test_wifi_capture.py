"""Captures of all kinds, sound, cut and hostile, read into the BSSs that are in them."""

import gzip
import os
import random
import struct
import tracemalloc
from pathlib import Path

import pytest

from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.wifi import capture
from netpreflight.probes.wifi.capture import BARE, PPI, PRISM, FrameCollector, Record, read_capture
from tests.unit import beacons
from tests.unit.beacons import block, frame, join, multiple_bssid, pcap, pcapng, profile, radiotap, usual

DATA = Path(__file__).parent / "data"
CAPTURES = sorted((DATA / "captures").glob("*.pcap*"))
OTHER = "02:11:22:33:44:66"


def read(made: bytes, tmp_path: Path) -> Wifi:
    file = tmp_path / "capture"
    file.write_bytes(made)
    return read_capture(file)


def only(made: bytes, tmp_path: Path) -> Bss:
    """The one BSS that is in it."""
    seen = read(made, tmp_path)
    assert len(seen.bss) == 1, seen.limits
    return seen.bss[0]


# --- formats ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_pcap(order: str, nano: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the test
    other = radiotap(frame(usual(name=b"other"), bssid=OTHER))

    seen = read(pcap(radiotap(frame(usual())), other, order=order, nano=nano, step_s=1.25), tmp_path)

    assert [(bss.ssid, bss.age_s) for bss in seen.bss] == [("net", 1.25), ("other", 0.0)]
    assert seen.source == "capture"
    assert not seen.triggered


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("resolution", [0, 6, 9, 0x80 | 20])
def test_pcapng(order: str, resolution: int, tmp_path: Path) -> None:
    other = radiotap(frame(usual(name=b"other"), bssid=OTHER))

    seen = read(pcapng(radiotap(frame(usual())), other, order=order, resolution=resolution), tmp_path)

    assert [(bss.ssid, bss.age_s) for bss in seen.bss] == [("net", 1.0), ("other", 0.0)]


def test_pcapng_with_two_sections_of_different_byte_order_and_other_blocks(tmp_path: Path) -> None:
    name_resolution = block(4, bytes(3_000_000))
    simple = block(3, struct.pack("<I", len(raw := radiotap(frame(usual(name=b"simple"), bssid=OTHER)))) + raw)

    made = pcapng(radiotap(frame(usual())), order=">") + pcapng() + name_resolution + simple
    seen = read(made, tmp_path)

    assert [(bss.ssid, bss.age_s) for bss in seen.bss] == [("net", 0.0), ("simple", None)]


@pytest.mark.parametrize("link", [BARE, PRISM, PPI])
def test_other_link_types(link: int, tmp_path: Path) -> None:
    head = {BARE: b"", PRISM: struct.pack("<II", 0x44, 144) + bytes(136), PPI: struct.pack("<BBHI", 0, 0, 8, BARE)}

    seen = read(pcap(head[link] + frame(usual()), link=link), tmp_path)

    assert [(bss.ssid, bss.channel, bss.frequency_mhz, bss.signal_dbm) for bss in seen.bss] == [("net", 6, 2437, None)]
    assert any("on which channel" in limit for limit in seen.limits)
    assert any("how strong" in limit for limit in seen.limits)


@pytest.mark.parametrize("link", [BARE, 127])
def test_the_fcs_is_no_element_whether_or_not_it_is_announced(link: int, tmp_path: Path) -> None:
    for number in range(300):  # among so many, some check sequences look like an element
        bare = frame(usual(), fcs=True, tsf=number)
        bss = only(pcap(bare if link == BARE else radiotap(bare, flags=0), link=link), tmp_path)
        assert bytes.fromhex(bss.elements) == usual()
        assert bss.complete


def test_the_fcs_is_cut_off_as_the_header_says(tmp_path: Path) -> None:
    made = radiotap(frame(usual()) + b"\xde\x02ab", flags=0x10)  # would be an element

    assert bytes.fromhex(only(pcap(made), tmp_path).elements) == usual()


def test_frames_received_with_errors_are_left_out(tmp_path: Path) -> None:
    seen = read(pcap(radiotap(frame(usual(), fcs=True), flags=0x50)), tmp_path)

    assert seen.bss == []
    assert any("1 frames that were received with errors" in limit for limit in seen.limits)


def test_a_radiotap_header_with_several_words_and_a_vendor(tmp_path: Path) -> None:
    # TSFT, flags, channel, signal; a second word for an antenna's signal; a vendor's after it.
    present = struct.pack("<III", 0x2000_002B | 0x8000_0000, 0x4000_0820 | 0x8000_0000, 0x0000_0001)
    fields = struct.pack("<QBxHHb", 7, 0x00, 2437, 0x00A0, -61) + struct.pack("<bB", -70, 0) + b"\0\x10\x18\3\4\0abcd"
    head = struct.pack("<BBH", 0, 0, 4 + len(present) + len(fields)) + present
    padding = b"\0" * (-(4 + len(present)) % 8)
    head = struct.pack("<BBH", 0, 0, 4 + len(present) + len(padding) + len(fields)) + present

    bss = only(pcap(head + padding + fields + frame(usual())), tmp_path)

    assert (bss.signal_dbm, bss.channel, bss.contradictions) == (-61, 6, [])


@pytest.mark.parametrize("signal", [0, 5, -128])
def test_an_impossible_signal_is_none(signal: int, tmp_path: Path) -> None:
    assert only(pcap(radiotap(frame(usual()), signal=signal)), tmp_path).signal_dbm is None


# --- one BSS from many frames -----------------------------------------------------------------------------------


def test_best_signal_and_latest_elements(tmp_path: Path) -> None:
    frames = [
        radiotap(frame(usual() + beacons.join((11, bytes([stations, 0, 9, 0, 0])))), signal=signal)
        for stations, signal in ((1, -70), (2, -40), (3, -60))
    ]

    bss = only(pcap(*frames), tmp_path)

    assert bss.signal_dbm == -40
    assert bss.load is not None
    assert bss.load.stations == 3
    assert bss.answers_probes is None


def test_a_probe_response_reveals_a_hidden_name(tmp_path: Path) -> None:
    hidden, response = frame(usual(name=b"")), frame(usual(name=b"secret"), kind=0x50)

    assert only(pcap(radiotap(frame(usual(name=bytes(6))))), tmp_path).hidden is True, "zeros hide it too"
    assert only(pcap(radiotap(frame(usual()))), tmp_path).hidden is False
    assert only(pcap(radiotap(response)), tmp_path).hidden is None, "no beacon was heard"
    assert only(pcap(radiotap(hidden)), tmp_path).ssid == ""
    for order in ((hidden, response), (response, hidden)):
        bss = only(pcap(*map(radiotap, order)), tmp_path)
        assert (bss.ssid, bss.ssid_hex, bss.answers_probes, bss.hidden) == ("secret", b"secret".hex(), True, True)
        assert "hide the name" in bss.contradictions[0]


def test_several_names_of_one_bssid_are_said(tmp_path: Path) -> None:
    old, new = (radiotap(frame(usual(name=name))) for name in (b"old", b"new"))
    seen = read(pcap(old, new, old), tmp_path)

    assert [bss.ssid for bss in seen.bss] == ["old", "new"]
    assert all("'old', 'new'" in bss.contradictions[0] for bss in seen.bss)


def test_one_name_of_a_bssid_on_two_bands_is_no_contradiction(tmp_path: Path) -> None:
    low, high = radiotap(frame(usual())), radiotap(frame(usual(channel=36)), frequency=5180)

    assert [bss.contradictions for bss in read(pcap(low, high), tmp_path).bss] == [[], []]


def test_unanswered_probe_requests(tmp_path: Path) -> None:
    request = b"\x40\0\0\0" + b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\xff" * 6 + b"\0\0" + join((0, b""), beacons.G_RATES)
    asked = [radiotap(request)] * capture.ENOUGH_PROBE_REQUESTS

    assert only(pcap(radiotap(frame(usual())), *asked), tmp_path).answers_probes is False
    assert only(pcap(radiotap(frame(usual())), *asked[1:]), tmp_path).answers_probes is None
    elsewhere = [radiotap(request, 2462)] * 9
    assert only(pcap(radiotap(frame(usual())), *elsewhere), tmp_path).answers_probes is None


def test_a_probe_request_that_ends_within_its_name_counts_for_no_name(tmp_path: Path) -> None:
    start = b"\x40\0\0\0" + b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\xff" * 6 + b"\0\0"
    cut = [radiotap(start + b"\0\x03" + name) for name in (b"net", b"ne", b"")]
    beacon = radiotap(frame(usual()))
    for request, heard in zip(cut, (False, None, None), strict=True):
        made = pcap(beacon, *[request] * capture.ENOUGH_PROBE_REQUESTS)
        assert only(made + b"t" * 9, tmp_path).answers_probes is heard


def test_heard_on_neighbouring_channels_too(tmp_path: Path) -> None:
    leaked, own = radiotap(frame(usual()), 2432, -30), radiotap(frame(usual()), 2437, -60)

    bss = only(pcap(leaked, own, leaked), tmp_path)
    assert (bss.channel, bss.frequency_mhz, bss.signal_dbm, bss.contradictions) == (6, 2437, -30, [])
    bss = only(pcap(leaked), tmp_path)
    assert (bss.channel, bss.frequency_mhz) == (6, 2437)
    assert "Heard on channel 5" in bss.contradictions[0]


def test_where_the_radio_listened_is_told_by_its_header_alone(tmp_path: Path) -> None:
    leaked, silent = radiotap(frame(usual(6)), 2432), radiotap(frame(b"", kind=0x48), 5180)
    unreal = radiotap(frame(usual(6)), 2433)

    assert read(pcap(leaked, silent, unreal, leaked), tmp_path).frequencies_mhz == [2432, 5180]
    assert read(pcap(frame(usual(6)), link=105), tmp_path).frequencies_mhz == []


def test_other_frames_are_skipped(tmp_path: Path) -> None:
    beacon = bytearray(frame(usual()))
    protected, fragment = bytearray(beacon), bytearray(beacon)
    protected[1] |= 0x40
    fragment[22] |= 0x01
    data = b"\x08\x41" + bytes(beacon[2:])
    acknowledgement = b"\xd4\0\0\0" + bytes(6)

    seen = read(pcap(*(radiotap(bytes(each)) for each in (protected, fragment, data, acknowledgement))), tmp_path)

    assert seen.bss == []
    assert not any("malformed" in limit for limit in seen.limits)


def test_ht_control_is_skipped(tmp_path: Path) -> None:
    made = frame(usual())
    made = made[:1] + b"\x80" + made[2:24] + bytes(4) + made[24:]

    assert only(pcap(radiotap(made)), tmp_path).ssid == "net"


@pytest.mark.parametrize("address", ["ff:ff:ff:ff:ff:ff", "03:00:00:00:00:01", "00:00:00:00:00:00"])
def test_a_bssid_is_one_station_s_address(address: str, tmp_path: Path) -> None:
    assert read(pcap(radiotap(frame(usual(), bssid=address))), tmp_path).bss == []


def test_ad_hoc_networks_are_left_out_and_said(tmp_path: Path) -> None:
    seen = read(pcap(radiotap(frame(usual(), capability=0x0002))), tmp_path)

    assert seen.bss == []
    assert any("ad-hoc" in limit for limit in seen.limits)


# --- cut, damaged, hostile --------------------------------------------------------------------------------------


def test_a_short_snapshot_length_is_said(tmp_path: Path) -> None:
    whole = radiotap(frame(usual() + beacons.rsn([2]), capability=0x0411))
    # The cut falls between two elements: only the record's original length tells.
    head = len(radiotap(frame(usual())))
    made = pcap() + struct.pack("<IIII", 1, 0, head, len(whole)) + whole[:head]

    seen = read(made, tmp_path)

    assert [(bss.ssid, bss.complete, bss.security) for bss in seen.bss] == [("net", False, None)]
    assert any("cut short" in limit for limit in seen.limits)


def test_something_whole_is_not_given_up_for_something_cut(tmp_path: Path) -> None:
    whole, cut = (
        frame(usual() + beacons.rsn([2]), capability=0x0411),
        frame(usual() + b"\x30\x14\1\0", capability=0x411),
    )

    bss = only(pcap(radiotap(whole), radiotap(cut, signal=-20)), tmp_path)

    assert (bss.security, bss.complete, bss.signal_dbm) == (["wpa2-psk"], True, -20)


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.name)
def test_published_captures(file: Path) -> None:
    expected = {
        "Beacon-Cisco-AP-Name-v1-v2.pcapng": [("jjj-PSK", 149, 80, -55, ["wpa3-sae"])],
        "Beacon-Mikrotik-Routerboard-AP-Name.pcap": [("SSID_1", 13, 20, -64, ["open"])],
        "ieee802.11_exthdr.pcap": [("omus", 1, 20, None, ["open"])],
    }

    seen = read_capture(file)

    found = [(bss.ssid, bss.channel, bss.width_mhz, bss.signal_dbm, bss.security) for bss in seen.bss]
    assert found == expected.get(file.name, [])
    assert seen.bss or any("no beacon" in limit for limit in seen.limits)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (b"", "it is empty"),
        (b"\0" * 5000, "not a pcap"),
        (b"hello, world" * 9, "not a pcap"),
        (pcap()[:20], "ends within the header"),
        (gzip.compress(pcap(radiotap(frame(usual())))), "gzip"),
        (b"\x28\xb5\x2f\xfd" + bytes(90), "zstd"),
        (b"BZh9" + bytes(90), "bzip2"),
        (pcap(bytes(60), link=1), "Ethernet"),
        (pcapng(bytes(60), link=1), "Ethernet"),
        (pcap(bytes(60), link=9999), "link type 9999"),
    ],
)
def test_what_is_no_capture(made: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=why) as failure:
        read(made, tmp_path)
    assert "\n" not in str(failure.value)


def test_a_capture_of_ethernet_says_so() -> None:
    with pytest.raises(ValueError, match=r"Ethernet.*monitor mode"):
        read_capture(DATA / "dhcp-option-108.pcapng")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "none", tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match=r"not a file|No such file"):
            read_capture(path)


def test_damage_ends_the_reading_and_is_said(tmp_path: Path) -> None:
    good = radiotap(frame(usual()))
    huge = struct.pack("<IIII", 0, 0, 0xFFFF_FFFF, 0xFFFF_FFFF)
    for made, word, found in (
        (pcap(good) + huge + b"x" * 99, "damaged", 1),
        (pcap(good) + bytes(16 * 20_000) + pcap(good)[24:], "damaged", 1),
        (pcap(good, good)[:-5], "cut short", 1),
        (pcap(good) + b"\0" * 7, "cut short", 1),
        (pcapng(good) + struct.pack("<II", 6, 0xFFFF_FFF0) + bytes(99), "damaged", 1),
        (pcapng(good) + struct.pack("<II", 4, 0xFFFF_FFF0) + bytes(99), "cut short", 1),
        (pcapng(good) + struct.pack("<II", 6, 13) + bytes(99), "damaged", 1),
        (pcapng(good) + bytes(99), "damaged", 1),
        (pcapng(good)[:-7], "cut short", 0),
        (pcapng(good) + block(1, bytes(8)) * 3000, "damaged", 1),
    ):
        seen = read(made, tmp_path)
        assert any(word in limit for limit in seen.limits), (word, seen.limits)
        assert len(seen.bss) == found


def octets_read() -> int:
    """How much this process has read from files so far."""
    return int(Path("/proc/self/io").read_text().split()[1])  # rchar


def test_a_file_of_many_gigabytes_of_nothing_is_left_at_once(tmp_path: Path) -> None:
    file = tmp_path / "sparse"
    with file.open("wb") as stream:
        stream.write(pcap(radiotap(frame(usual()))))
        stream.truncate(1 << 40)
    before = octets_read()

    seen = read_capture(file)

    assert octets_read() - before < 64 << 20
    assert [bss.ssid for bss in seen.bss] == ["net"]
    assert any("4 GiB" in limit for limit in seen.limits)


def test_bsss_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MOST_BSSS", 10)
    frames = [radiotap(frame(usual(), bssid=f"02:00:00:00:00:{number:02x}")) for number in range(30)]

    seen = read(pcap(*frames), tmp_path)

    assert len(seen.bss) == 10
    assert any("20 beacons or probe responses were left out" in limit for limit in seen.limits)


@pytest.mark.parametrize("kinds", [(0x80,), (0x80, 0x50), (0x50, 0x80), (0x80, 0x50, 0x80, 0x50)])
@pytest.mark.parametrize("is_cut", [False, True])
def test_the_elements_of_one_frame_of_a_bss_are_kept(kinds: tuple[int, ...], *, is_cut: bool) -> None:
    """Also where the beacon is cut, and the probe response is used instead; frames differ from each to each."""
    heard = FrameCollector()
    tracemalloc.start()
    try:
        for number in range(100):
            for at, kind in enumerate(kinds):
                vendor = join(*[(221, bytes([number, at]) * 120)] * 16)
                made = frame(usual() + vendor, kind=kind, bssid=f"02:00:00:00:00:{number:02x}")
                made = made[: -1 if is_cut and kind == 0x80 else None]
                heard.frame(Record(made, 0, len(made), len(made), 0.0, BARE, 0))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 100 * 3_900 < kept < 100 * 5_500
    assert {(bss.complete, bss.answers_probes) for bss in heard.wifi("capture").bss} == {
        (not is_cut or 0x50 in kinds, True if 0x50 in kinds else None)
    }


def test_announced_others_are_listed_as_such(tmp_path: Path) -> None:
    seen = read(pcap(radiotap(frame(usual() + join(multiple_bssid(profile(b"iot")))))), tmp_path)

    assert [(bss.ssid, bss.bssid, bss.nontransmitted) for bss in seen.bss] == [
        ("net", beacons.BSSID, False),
        ("iot", "02:11:22:33:44:56", True),
    ]
    assert any("Multiple BSSID" in limit for limit in seen.limits)


def test_a_frame_that_was_heard_is_not_nontransmitted(tmp_path: Path) -> None:
    """No beacon has a Multiple BSSID-Index; but one that has it was still sent."""
    assert not only(pcap(radiotap(frame(usual() + join((85, b"\1\1\0"))))), tmp_path).nontransmitted


def test_the_case_with_a_name_in_element_71_only() -> None:
    """A beacon made by others (shared/cases, 13-multiple-bssid): `iot` is in its Multiple BSSID element."""
    seen = read_capture(DATA / "captures" / "cases" / "13-multiple-bssid-air.pcap")

    assert {bss.ssid: bss.nontransmitted for bss in seen.bss if bss.ssid in {"corp", "iot"}} == {
        "corp": False,
        "iot": True,
    }


@pytest.mark.fuzz
def test_mutated_files_break_nothing(tmp_path: Path) -> None:
    source = random.Random(2026)
    originals = [file.read_bytes()[:4000] for file in CAPTURES]
    originals += [pcapng(radiotap(frame(usual()))), pcap(radiotap(frame(usual())), order=">")]
    file = tmp_path / "mutated"
    read_ones = 0
    for number in range(2_000):
        file.write_bytes(beacons.mutate(originals[number % len(originals)], source))
        try:
            seen = read_capture(file)
        except ValueError:
            continue
        read_ones += 1
        assert all(len(bss.ssid_hex or "") <= 64 for bss in seen.bss)

    assert read_ones > 500

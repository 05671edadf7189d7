"""Multiple BSSID (IEEE 802.11-2020, 9.4.2.45): the BSSs that another one's beacon announces."""

import contextlib
import random
from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.probes.observations import Bss
from netpreflight.probes.wifi.elements import (
    MOST_ANNOUNCED,
    MOST_PROFILES,
    announced,
    bss,
    walk,
    with_announced,
)
from tests.unit import beacons
from tests.unit.beacons import ESS, PRIVACY, join, multiple_bssid, profile, rsn, usual

CLOSED = ESS | PRIVACY


def decoded(elements: bytes, capability: int = ESS, **more: Any) -> Bss:
    about = {"bssid": beacons.BSSID, "frequency_mhz": 2437, "signal_dbm": -50.0}
    return bss(elements, capability=capability, **{**about, **more})


def announced_by(*elements: beacons.Element, bssid: str = beacons.BSSID) -> list[Bss]:
    sender = decoded(usual(name=b"corp") + rsn([2]) + join(*elements), bssid=bssid, capability=CLOSED)
    return list(announced(sender))


def test_a_nontransmitted_bssid_inherits_what_its_profile_does_not_have() -> None:
    [found] = announced_by(multiple_bssid(profile(b"iot")))

    assert (found.ssid, found.nontransmitted, found.hidden) == ("iot", True, False)
    assert (found.channel, found.security, found.signal_dbm) == (6, ["wpa2-psk"], -50.0)
    assert 71 not in dict(walk(bytes.fromhex(found.elements)))
    assert decoded(bytes.fromhex(found.elements)).nontransmitted, "as Linux lists it"


def test_a_profile_has_its_own_security_and_may_refuse_the_senders() -> None:
    not_rsn = (255, bytes([56, 1, 48, 0]))  # Non-Inheritance: element 48, no extensions
    sae, open_one = announced_by(
        multiple_bssid(profile(b"sae", rsn([8], mfpc=1, mfpr=1)), profile(b"open", not_rsn, index=2, capability=ESS))
    )

    assert (sae.security, sae.pmf) == (["wpa3-sae"], "required")
    assert (open_one.security, open_one.rsn) == (["open"], None)


def test_a_profile_goes_on_in_the_next_element() -> None:
    whole = profile(b"iot", rsn([8]))
    cut = len(profile(b"iot"))
    first, second = multiple_bssid(whole[:cut]), multiple_bssid(whole[cut:], profile(b"two", index=2))

    assert [(found.ssid, found.security) for found in announced_by(first, second)] == [
        ("iot", ["wpa3-sae"]),
        ("two", ["wpa2-psk"]),
    ]


@pytest.mark.parametrize(
    ("sender", "bits", "index", "bssid"),
    [
        # cfg80211_gen_new_bssid: the index is added to the last bits alone.
        ("02:11:22:33:44:50", 4, 3, "02:11:22:33:44:53"),
        ("02:11:22:33:44:5e", 4, 3, "02:11:22:33:44:51"),
        ("02:11:22:33:44:ff", 8, 1, "02:11:22:33:44:00"),
        ("02:11:22:33:44:50", 2, 4, None),
        ("02:11:22:33:44:50", 4, 0, None),
    ],
)
def test_the_bssid_of_a_profile(sender: str, bits: int, index: int, bssid: str | None) -> None:
    [found] = announced_by(multiple_bssid(profile(b"iot", index=index), bits=bits), bssid=sender)

    assert found.bssid == bssid


@pytest.mark.parametrize(
    "element",
    [
        (71, b""),
        (71, b"\2"),
        (71, b"\2\0\2\x53\0"),
        (71, b"\2\0\2\x53\2"),
        (71, b"\2\0\4\x53\2\1\0"),  # no name
        multiple_bssid(profile(b"iot"), bits=0),
        multiple_bssid(profile(b"iot"), bits=9),
        multiple_bssid(join((0, b"iot"), (85, b"\1"))),  # no capability
        multiple_bssid(profile(b"iot", capability=0)),  # no ESS
        multiple_bssid(join((83, b"\x31\x04"), (0, bytes(40)))),
    ],
)
def test_what_is_no_profile_announces_nothing(element: beacons.Element) -> None:
    assert announced_by(element) == []


def test_what_the_system_lists_by_itself_is_not_listed_twice() -> None:
    sender = decoded(usual(name=b"corp") + join(multiple_bssid(profile(b"iot"))), capability=ESS)
    once = with_announced([sender])

    assert [found.ssid for found in once] == ["corp", "iot"]
    assert with_announced(once) == once


def test_announcements_are_bounded() -> None:
    many = multiple_bssid(*(profile(b"", index=n) for n in range(1, 12)), bits=8)
    sender = decoded(usual() + join(*[many] * 15), capability=ESS)
    senders = [replace(sender, bssid=f"02:00:00:{n >> 8:02x}:{n & 255:02x}:00") for n in range(400)]

    assert len(list(announced(sender))) == MOST_PROFILES
    assert len(with_announced(senders)) <= len(senders) + MOST_ANNOUNCED + MOST_PROFILES


@pytest.mark.fuzz
def test_mutated_announcements_break_nothing() -> None:
    source = random.Random(71)
    whole = usual() + rsn([2]) + join(multiple_bssid(profile(b"iot"), profile(b"two", rsn([8]), index=2)))
    read = 0
    for _ in range(5_000):
        with contextlib.suppress(ValueError):
            read += len(list(announced(decoded(beacons.mutate(whole, source), capability=CLOSED))))

    assert read > 500

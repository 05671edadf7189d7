"""nl80211, NetworkManager and wpa_supplicant as sources, against a kernel, a bus and a socket that follow a script."""

import asyncio
import contextlib
import errno
import socket
import struct
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.observations import Wifi
from netpreflight.probes.wifi import networkmanager, nl80211, wpa_supplicant
from netpreflight.probes.wifi.networkmanager import Refused
from netpreflight.probes.wifi.nl80211 import Message
from netpreflight.probes.wifi.source import AS_ROOT, CAPTURE_INSTEAD, NoRadio, SourceUnavailable
from tests.unit.beacons import usual
from tests.unit.wifi_fakes import (
    ABORTED,
    INDEX,
    MINE,
    NM,
    RESULTS,
    SCAN,
    WIPHY,
    FakeBus,
    FakeControl,
    FakeKernel,
    nested,
    u32,
)


def entry(
    bssid: int,
    frequency: int,
    *,
    elements: bytes | None = None,
    beacon: bytes | None = None,
    age_ms: int = 5,
    associated: bool = False,
    response: bool = False,
    tsf: int = 1_000_000,
    beacon_tsf: int | None = None,
) -> Message:
    """A BSS of NL80211_CMD_GET_SCAN."""
    channels = {2412: 1, 2437: 6, 5180: 36}
    said = usual(channels[frequency]) if elements is None else elements
    about = [
        (1, bytes([2, 0, 0, 0, 0, bssid])),
        (2, u32(frequency)),
        (3, struct.pack("=Q", tsf)),
        (4, struct.pack("=H", 100)),
        (5, struct.pack("=H", 0x0401)),
        (6, said),
        (7, struct.pack("=i", -5025)),
        (10, u32(age_ms)),
    ]
    if beacon is not None:
        about += [(11, beacon), (13, struct.pack("=Q", tsf if beacon_tsf is None else beacon_tsf))]
    if response:
        about.append((14, b""))
    if associated:
        about.append((9, u32(1)))
    return RESULTS, {47: nested(*about)}


async def refuse(interface: str, names: list[bytes]) -> None:
    raise SourceUnavailable("NetworkManager does not run here")


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    (tmp_path / "class/net/wlan9").mkdir(parents=True)
    (tmp_path / "class/net/wlan9/flags").write_text("0x1003\n")
    return tmp_path


def switch(sysfs: Path, phy: str | None, *, soft: int = 0, hard: int = 0) -> None:
    """An rfkill switch: of a radio, or of the laptop itself."""
    folder = sysfs / "devices" / (f"ieee80211/{phy}/rfkill4" if phy else "platform/rfkill5")
    folder.mkdir(parents=True)
    for name, value in (("type", "wlan"), ("soft", soft), ("hard", hard)):
        (folder / name).write_text(f"{value}\n")
    (sysfs / "class/rfkill").mkdir(parents=True, exist_ok=True)
    (sysfs / "class/rfkill" / folder.name).symlink_to(folder)


def survey(kernel: FakeKernel, sysfs: Path, **more: Any) -> Wifi:
    """One survey, on a clock that moves by 10 ms with each look."""
    ticks = iter(range(1_000_000))
    options = {"elapsed": lambda: next(ticks) / 100, "request_scan": refuse, **more}
    return asyncio.run(
        nl80211.survey(options.pop("interface", None), options.pop("name", None), kernel=kernel, sysfs=sysfs, **options)
    )


def test_both_bands_are_scanned_and_two_point_four_comes_first(sysfs: Path) -> None:
    kernel = FakeKernel()
    low = [entry(1, 2412, beacon=usual(1), associated=True), entry(2, 2437, response=True)]
    kernel.tables = [[], low, [*low, entry(3, 5180)]]
    partial: list[Wifi] = []

    async def early(seen: Wifi) -> None:
        partial.append(seen)

    seen = survey(kernel, sysfs, on_partial=early)

    assert kernel.triggered == [[2412, 2437], [5180], [2437]], "the last, passive, waits for a beacon of the second"
    asked = [nl80211.attributes_of(request.get(45, b"")) for request in kernel.requests]
    assert asked == [{0: b""}, {0: b""}, {}], "asked for any name"
    assert [bss.frequency_mhz for bss in partial[0].bss] == [2412, 2437]
    assert [bss.bssid for bss in seen.bss] == ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"]
    assert seen.triggered
    assert seen.scan_s
    assert (seen.frequencies_mhz, seen.unlocked_by) == ([2412, 2437, 5180], None)
    assert [bss.hidden for bss in seen.bss] == [False, None, False], "of the second only a response was heard"
    assert (seen.interface, seen.regulatory_country) == ("wlan9", "DE")
    assert (seen.associated_ssid, seen.associated_bssid, seen.associated_frequency_mhz) == (
        "net",
        "02:00:00:00:00:01",
        2412,
    )
    candidate = seen.bss[0]
    assert (candidate.signal_dbm, candidate.age_s, candidate.beacon_interval_tu, candidate.privacy) == (
        -50.25,
        0.005,
        100,
        False,
    )


def test_a_channel_that_the_country_forbids_is_said_and_another_band_is_none(sysfs: Path) -> None:
    seen = survey(FakeKernel(), sysfs)

    assert [limit for limit in seen.limits if "channel 13 (regulatory domain DE)" in limit]
    assert "902" not in str(seen.limits)


def test_nothing_heard_is_said(sysfs: Path) -> None:
    seen = survey(FakeKernel(), sysfs)

    assert seen.triggered
    assert any("heard nothing at all" in limit for limit in seen.limits)


def test_an_ordinary_user_gets_the_last_results_with_their_age(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [-errno.EPERM]
    kernel.tables = [[entry(1, 2412, age_ms=3000), entry(2, 2437, age_ms=200_000)]]

    seen = survey(kernel, sysfs)

    assert not seen.triggered
    assert [bss.age_s for bss in seen.bss] == [3.0, 200.0]
    assert any("NetworkManager does not run here" in limit for limit in seen.limits)
    assert any("3 s to 3 minutes old" in limit for limit in seen.limits)
    assert (seen.frequencies_mhz, seen.unlocked_by) == ([], AS_ROOT)


def test_an_ordinary_user_without_any_result_is_not_taken_for_an_empty_air(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [-errno.EPERM]

    seen = survey(kernel, sysfs)

    assert (seen.triggered, seen.bss) == (False, [])
    assert any("and there are none" in limit for limit in seen.limits)


def test_somebody_elses_scan_is_waited_for(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [-errno.EPERM]
    kernel.tables = [[], [entry(1, 2412)]]
    asked = []

    async def agree(interface: str, names: list[bytes]) -> None:
        asked.append(interface)
        other = {3: u32(INDEX + 1), 44: nested((0, u32(2412)), (1, u32(2437)))}
        for event in (other, {**MINE, 44: nested((0, u32(2412)))}, {**MINE, 44: nested((0, u32(2437)))}):
            kernel.events.put_nowait((RESULTS, event))

    seen = survey(kernel, sysfs, request_scan=agree)

    assert asked == ["wlan9"]
    assert seen.triggered
    assert any("2.4 GHz only" in limit for limit in seen.limits)
    assert (seen.frequencies_mhz, seen.unlocked_by) == ([2412, 2437], AS_ROOT)
    assert len(seen.bss) == 1
    assert kernel.events.empty()


def test_a_scan_that_was_promised_and_never_ends_has_a_deadline(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nl80211, "ASKED_SCAN_S", 0.05)
    kernel = FakeKernel()
    kernel.triggers = [-errno.EPERM]

    async def promise(interface: str, names: list[bytes]) -> None:
        pass

    seen = survey(kernel, sysfs, request_scan=promise)

    assert not seen.triggered
    assert any("had not finished one" in limit for limit in seen.limits)


def test_a_busy_radio_is_tried_again_when_it_is_free(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [-errno.EBUSY]
    kernel.events.put_nowait((RESULTS, dict(MINE)))

    seen = survey(kernel, sysfs)

    assert kernel.triggered == [[2412, 2437], [2412, 2437], [5180]]
    assert seen.triggered


def test_a_scan_that_never_ends_has_a_deadline(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nl80211, "SCAN_S", 0.05)
    monkeypatch.setattr(nl80211, "CHANNEL_S", 0.0)
    kernel = FakeKernel()
    kernel.triggers = [None, None]
    kernel.tables = [[entry(1, 2412, age_ms=4000)]]

    seen = survey(kernel, sysfs)

    assert not seen.triggered
    assert len(seen.bss) == 1
    assert sum("did not end within" in limit for limit in seen.limits) == 2
    assert any("no scan came to its end" in limit for limit in seen.limits)


def test_an_aborted_scan_is_tried_once_more(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [ABORTED, RESULTS, ABORTED, ABORTED]

    seen = survey(kernel, sysfs)

    assert kernel.triggered == [[2412, 2437], [2412, 2437], [5180], [5180]]
    assert seen.triggered
    assert [limit for limit in seen.limits if "5 GHz was aborted twice" in limit]


@pytest.mark.parametrize("heard", [True, False])
def test_one_beacon_that_is_missed_is_looked_for_again(sysfs: Path, *, heard: bool) -> None:
    kernel = FakeKernel()
    old = [entry(1, 2412, age_ms=9000), entry(2, 5180, age_ms=9000)]
    new = [entry(1, 2412, age_ms=9000), entry(2, 5180)]
    kernel.tables = [old, new, [entry(1, 2412, age_ms=1 if heard else 9000), entry(2, 5180)]]

    seen = survey(kernel, sysfs)

    assert kernel.triggered == [[2412, 2437], [5180], [2412]]
    assert [bss.frequency_mhz for bss in seen.bss] == ([2412, 5180] if heard else [5180])
    assert any("Left out" in limit for limit in seen.limits) is not heard


def asked_for(kernel: FakeKernel) -> list[list[bytes]]:
    """The names in each scan request."""
    return [[*nl80211.attributes_of(request[45]).values()] if 45 in request else [] for request in kernel.requests]


@pytest.mark.parametrize(
    ("most", "main", "repeated"),
    [(None, [b"", b"lost"], [b"", b"lost"]), (4, [b"", b"lost"], [b"", b"lost"]), (1, [b""], [b"lost"]), (0, [], [])],
)
def test_the_network_that_is_meant_is_asked_by_name_and_looked_for_again(
    sysfs: Path, most: int | None, main: list[bytes], repeated: list[bytes]
) -> None:
    kernel = FakeKernel()
    kernel.most_ssids = most
    kernel.tables = [
        [],
        [entry(2, 2437)],
        [entry(2, 2437)],
        [entry(2, 2437), entry(1, 2412, elements=usual(1, b"lost"))],
    ]

    seen = survey(kernel, sysfs, name=b"lost")

    assert kernel.triggered == [[2412, 2437], [5180], [2412, 2437], [2412, 2437]]
    assert asked_for(kernel) == [main, main, repeated, []], "the last visit only listens"
    assert [bss.ssid for bss in seen.bss] == ["net", "lost"]
    assert "named" not in str(seen.limits)


def test_a_network_that_is_not_there_is_said_after_three_visits(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.tables = [[], [entry(2, 2437), entry(3, 5180, elements=usual(36, b"lost"))]]

    seen = survey(kernel, sysfs, name=b"lost")

    assert kernel.triggered == [[2412, 2437], [5180], [2412, 2437], [2412, 2437]]
    assert "no access point named 'lost' was heard on 2.4 GHz, on three visits" in seen.limits


def test_a_network_that_was_heard_is_not_looked_for_again(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.tables = [[], [entry(2, 2437)]]

    survey(kernel, sysfs, name=b"net")

    assert kernel.triggered == [[2412, 2437], [5180]]


def test_without_a_name_the_network_that_the_laptop_is_on_is_meant(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.interfaces[0][1][52] = b"lost"
    kernel.tables = [[], [entry(3, 5180, elements=usual(36, b""), associated=True)]]

    seen = survey(kernel, sysfs)

    assert asked_for(kernel) == [[b"", b"lost"], [b"", b"lost"], [b"", b"lost"], []]
    assert (seen.associated_ssid, seen.associated_frequency_mhz) == ("lost", 5180), "by the interface, not the beacon"
    assert any("'lost' was heard on 2.4 GHz" in limit for limit in seen.limits)


def test_after_a_scan_that_came_to_nothing_no_network_is_called_missing(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [ABORTED, ABORTED]

    seen = survey(kernel, sysfs, name=b"lost")

    assert kernel.triggered == [[2412, 2437], [2412, 2437], [5180]]
    assert seen.frequencies_mhz == [5180]
    assert "named" not in str(seen.limits)


@pytest.mark.parametrize(
    ("again", "heard_on", "visits"),
    [("agreed", None, "two visits"), ("agreed", 2, None), ("agreed", 1, None), ("refused", None, "one visit")],
)
def test_somebody_else_who_scans_is_told_the_name_too_and_asked_again_where_it_is_not_heard(
    sysfs: Path, again: str, heard_on: int | None, visits: str | None
) -> None:
    kernel = FakeKernel()
    kernel.triggers = [-errno.EPERM]
    without, found = [entry(2, 2437)], [entry(2, 2437), entry(1, 2412, elements=usual(1, b"lost"))]
    kernel.tables = [[], *(found if heard_on == scan else without for scan in (1, 2))]
    asked = []

    async def agree(interface: str, names: list[bytes]) -> None:
        asked.append(names)
        if len(asked) > 1 and again == "refused":
            raise SourceUnavailable("NetworkManager refuses to scan")
        kernel.events.put_nowait((RESULTS, {**MINE, 44: nested((0, u32(2412)), (1, u32(2437)), (2, u32(5180)))}))

    seen = survey(kernel, sysfs, name=b"lost", request_scan=agree)

    assert asked == [[b"lost"]] * (1 if heard_on == 1 else 2)
    assert seen.frequencies_mhz == [2412, 2437, 5180]
    assert [limit for limit in seen.limits if "named 'lost'" in limit or "refuses" in limit] == (
        [f"no access point named 'lost' was heard on 2.4 GHz, on {visits}"] if visits else []
    )
    assert ("lost" in {bss.ssid for bss in seen.bss}) is (visits is None)


def test_the_end_of_a_scan_that_somebody_else_began_before_is_not_ours(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.channels |= {5180 + 20 * number: () for number in range(1, 8)}
    everywhere = nested(*((number, u32(mhz)) for number, mhz in enumerate(sorted(kernel.channels))))
    kernel.events.put_nowait((RESULTS, {**MINE, 44: everywhere}))

    seen = survey(kernel, sysfs)

    assert seen.triggered
    assert kernel.events.empty(), "three ends for two scans"


def test_a_hidden_network_that_linux_lists_twice_is_one(sysfs: Path) -> None:
    kernel = FakeKernel()
    nameless = entry(1, 2412, elements=usual(1, b""), beacon=usual(1, b""))
    named = entry(1, 2412, elements=usual(1, b"secret"), beacon=usual(1, b""), response=True, age_ms=9000)
    kernel.tables = [[named], [nameless, named]]

    (bss,) = survey(kernel, sysfs).bss

    assert (bss.ssid, bss.hidden, bss.answers_probes) == ("secret", True, True)
    assert kernel.triggered == [[2412, 2437], [5180]], "its beacons were heard: it is there"


def test_a_signal_of_zero_is_stronger_than_others(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nl80211, "MOST_BSSS", 1)
    kernel = FakeKernel()
    strong = (RESULTS, {47: entry(2, 2412)[1][47].replace(struct.pack("=i", -5025), struct.pack("=i", 0))})
    kernel.tables = [[], [entry(1, 2412), strong]]

    assert [bss.signal_dbm for bss in survey(kernel, sysfs).bss] == [0.0]


def test_a_radio_that_is_busy_all_the_time_is_said(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nl80211, "SCAN_S", 0.05)
    monkeypatch.setattr(nl80211, "CHANNEL_S", 0.0)
    kernel = FakeKernel()
    kernel.triggers = [-errno.EBUSY] * 2

    seen = survey(kernel, sysfs)

    assert (seen.triggered, seen.frequencies_mhz) == (False, [])
    assert sum("was busy" in limit for limit in seen.limits) == 2


@pytest.mark.parametrize(
    ("kind", "words", "step"),
    [(3, "wlan9: access point", "Switch this laptop's hotspot off."), (6, "wlan9: monitor", CAPTURE_INSTEAD)],
)
def test_a_radio_that_does_something_else(sysfs: Path, kind: int, words: str, step: str) -> None:
    kernel = FakeKernel()
    kernel.interfaces[0][1][5] = u32(kind)

    with pytest.raises(NoRadio, match=words) as raised:
        survey(kernel, sysfs)

    assert raised.value.unlocked_by == step


def test_of_several_interfaces_the_one_under_test_is_used_and_a_hotspot_beside_it_is_not(sysfs: Path) -> None:
    kernel = FakeKernel()
    for number, name, kind in ((8, b"wlan1", 2), (9, b"ap0", 3), (10, b"p2p0", 8)):
        kernel.interfaces.append((7, {3: u32(number), 4: name + b"\0", 5: u32(kind), 1: u32(WIPHY)}))
        (sysfs / "class/net" / name.decode()).mkdir()
        (sysfs / "class/net" / name.decode() / "flags").write_text("0x1003\n")
    kernel.interfaces[1][1][52] = b"net"
    kernel.triggers = [-errno.EPERM] * 3

    chosen = [survey(kernel, sysfs, interface=name).interface for name in ("wlan9", "eth0", "ap0")]

    assert chosen == ["wlan9", "wlan1", "wlan1"], "the one under test, else the one that is associated"


def test_a_radio_without_two_point_four_says_so(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.channels = {2412: (2,), 5180: (), 5975: ()}

    seen = survey(kernel, sysfs, name=b"net")

    assert kernel.triggered == [[5180, 5975]]
    assert kernel.requests[0][158] == u32(1 << 14), "6 GHz access points are told of on 5 GHz"
    assert any("must not listen on 2.4 GHz at all" in limit for limit in seen.limits)
    assert "named" not in str(seen.limits)


@pytest.mark.parametrize("number", [errno.ENETDOWN, errno.ERFKILL, errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV])
def test_a_refused_scan_is_no_scan(sysfs: Path, number: int) -> None:
    kernel = FakeKernel()
    kernel.triggers = [-number, -number]

    seen = survey(kernel, sysfs)

    assert not seen.triggered
    assert sum("refused to scan" in limit for limit in seen.limits) == 2


@pytest.mark.parametrize(
    ("soft", "hard", "words", "step"),
    [(1, 0, "rfkill", "Switch Wi-Fi on (rfkill unblock wifi)."), (0, 1, "switch or key", "Switch Wi-Fi on there.")],
)
@pytest.mark.parametrize("phy", ["phy3", None])
def test_a_radio_that_is_switched_off(
    sysfs: Path, phy: str | None, soft: int, hard: int, words: str, step: str
) -> None:
    switch(sysfs, phy, soft=soft, hard=hard)
    kernel = FakeKernel()

    with pytest.raises(NoRadio, match=words) as raised:
        survey(kernel, sysfs)

    assert raised.value.unlocked_by == step
    assert kernel.closed


def test_the_switch_of_another_radio_says_nothing(sysfs: Path) -> None:
    switch(sysfs, "phy0", soft=1)

    assert survey(FakeKernel(), sysfs).triggered


def test_an_interface_that_is_down(sysfs: Path) -> None:
    (sysfs / "class/net/wlan9/flags").write_text("0x1002\n")

    with pytest.raises(NoRadio, match="wlan9 is down"):
        survey(FakeKernel(), sysfs)


def test_a_radio_that_works_is_better_than_the_interface_under_test_that_is_down(sysfs: Path) -> None:
    (sysfs / "class/net/wlan9/flags").write_text("0x1002\n")
    (sysfs / "class/net/wlan1").mkdir()
    (sysfs / "class/net/wlan1/flags").write_text("0x1003\n")
    kernel = FakeKernel()
    kernel.interfaces.append((7, {3: u32(9), 4: b"wlan1\0", 5: u32(2), 1: u32(WIPHY)}))
    kernel.triggers = [-errno.EPERM]

    assert survey(kernel, sysfs, interface="wlan9").interface == "wlan1"


def test_no_radio_and_no_nl80211_and_a_mute_kernel(sysfs: Path) -> None:
    without, foreign, mute = FakeKernel(), FakeKernel(), FakeKernel()
    without.interfaces = [(7, {3: u32(4), 4: b"mon0\0", 5: u32(6), 1: u32(WIPHY)})]
    foreign.missing = errno.ENOENT
    mute.mute = True

    with pytest.raises(NoRadio, match="no Wi-Fi interface"):
        survey(without, sysfs)
    with pytest.raises(NoRadio, match="no nl80211"):
        survey(foreign, sysfs)
    with pytest.raises(SourceUnavailable, match="did not answer"):
        survey(mute, sysfs)


def test_a_survey_that_is_cancelled_lets_go_of_the_kernel(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.triggers = [None]

    async def cancel() -> None:
        task = asyncio.create_task(
            nl80211.survey(None, elapsed=lambda: 0.0, request_scan=refuse, kernel=kernel, sysfs=sysfs)
        )
        while not kernel.triggered:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert kernel.closed


FORTY, TWENTY = usual(1, b"forty"), usual(1, b"twenty")


@pytest.mark.parametrize(
    ("before", "now", "name"),
    [
        # The beacon counts where both are of one visit.
        (None, entry(1, 2412, elements=FORTY, beacon=TWENTY, response=True), "twenty"),
        # The beacon is what it was before this scan, the response is new.
        ((50, 50), entry(1, 2412, elements=FORTY, beacon=TWENTY, response=True, tsf=99, beacon_tsf=50), "forty"),
        # ... and the other way round, after a restart too (a smaller time stamp).
        ((50, 50), entry(1, 2412, elements=FORTY, beacon=TWENTY, response=True, tsf=50, beacon_tsf=3), "twenty"),
        # Without a look before the scan, a time stamp that is later by far.
        (None, entry(1, 2412, elements=FORTY, beacon=TWENTY, response=True, tsf=60_000_000, beacon_tsf=9), "forty"),
        # No response: the kernel has one list.
        (None, entry(1, 2412, elements=FORTY), "forty"),
    ],
)
def test_the_newer_of_beacon_and_response_counts(
    sysfs: Path, before: tuple[int, int] | None, now: Message, name: str
) -> None:
    kernel = FakeKernel()
    earlier = (
        [] if before is None else [entry(1, 2412, beacon=TWENTY, tsf=before[0], beacon_tsf=before[1], response=True)]
    )
    kernel.tables = [earlier, [now]]

    (bss,) = survey(kernel, sysfs).bss

    assert bss.ssid == name
    assert bss.answers_probes is (True if 14 in nl80211.attributes_of(now[1][47]) else None)


def test_a_hidden_name_is_taken_from_a_response(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.tables = [[], [entry(1, 2412, elements=usual(name=b"secret"), beacon=usual(name=b""), response=True)]]

    (bss,) = survey(kernel, sysfs).bss

    assert (bss.ssid, bss.ssid_hex, bss.hidden) == ("secret", b"secret".hex(), True)
    assert any("hide the name" in note for note in bss.contradictions)


def test_results_that_are_no_network_are_counted(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.tables = [[], [entry(1, 2412, elements=b"\xff"), (RESULTS, {47: nested((2, u32(2412)))}), (RESULTS, {})]]

    seen = survey(kernel, sysfs)

    assert not seen.bss
    assert any("left out: 1 result that does not" in limit for limit in seen.limits)


RECORDED = bytes.fromhex(
    "0a000100020000000000000004000e000c00030019ee3a9ac6600600a0000600000a687434302d6d696e7573010882848b960c12182403010b07"
    "06444520010d142a010432043048606c30140100000fac040100000fac040100000fac020c003b0254002d1a0e001bffff00000000000000000000"
    "01000000000000000000003d160b0700000000000000000000000000000000000000007f080400400200000040dd180050f2020101010003a40000"
    "27a4000042435e0062322f0006000400640000000600050011040000080002009e090000080014000000000008000c000000000008000a00700b00"
    "000c000f00116e07c6030000000800070048f4ffff"
)
"""NL80211_ATTR_BSS as Linux 6.1 gave it for hostapd 2.10: `ssid=ht40-minus`, `channel=11`, `ht_capab=[HT40-]`, WPA2."""


@pytest.mark.parametrize(("octets", "expected"), [(1, 7), (2, 7), (4, 7), (8, 7), (3, None), (200, None)])
def test_a_number_has_one_of_the_kernels_widths(octets: int, expected: int | None) -> None:
    number = (7).to_bytes(octets, sys.byteorder)

    assert nl80211._number(number) == expected  # noqa: SLF001 - whoever calls it needs a kernel


def test_what_a_real_kernel_said(sysfs: Path) -> None:
    kernel = FakeKernel()
    kernel.tables = [[], [(RESULTS, {47: RECORDED})]]
    kernel.triggers = [-errno.EPERM]

    (bss,) = survey(kernel, sysfs).bss

    assert (bss.bssid, bss.ssid, bss.frequency_mhz, bss.channel) == ("02:00:00:00:00:00", "ht40-minus", 2462, 11)
    assert (bss.width_mhz, bss.security, bss.country) == (40, ["wpa2-psk"], "DE")
    assert (bss.signal_dbm, bss.age_s, bss.beacon_interval_tu, bss.answers_probes) == (-30.0, 2.928, 100, True)


def packet(kind: int, sequence: int, payload: bytes, flags: int = 2) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0) + payload


def test_a_table_that_changed_while_it_was_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyroute2 over a socket pair: what it sends and parses is real, the kernel is not."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    table = struct.pack("=BBH", RESULTS, 1, 0) + nested((47, RECORDED))
    asked = []

    def serve() -> None:
        for interrupted in (True, False):
            request = theirs.recv(4096)
            asked.append(request)
            (sequence,) = struct.unpack_from("=I", request, 8)
            theirs.send(packet(28, sequence, table, 0x12 if interrupted else 2) + packet(3, sequence, u32(0)))

    thread = threading.Thread(target=serve)
    thread.start()

    async def read() -> list[Message]:
        netlink = nl80211.Netlink()
        requests = nl80211._Socket(use_socket=ours)  # noqa: SLF001
        requests._prid = 28  # noqa: SLF001
        requests.register_policy(28, nl80211._Message)  # noqa: SLF001
        monkeypatch.setattr(netlink, "_requests", requests)
        try:
            return await netlink.ask(SCAN, {3: u32(INDEX)}, dump=True)
        finally:
            requests.close()
            await asyncio.sleep(0)

    found = asyncio.run(read())
    thread.join()
    for end in (ours, theirs):
        end.close()

    assert found == [(RESULTS, {47: RECORDED})]
    assert len(asked) == 2
    assert asked[0][16:18] == bytes([SCAN, 0])
    assert nl80211.attributes_of(asked[0][20:]) == {3: u32(INDEX)}


@given(st.binary(max_size=300))
def test_attributes_of_whatever_bytes(data: bytes) -> None:
    for value in nl80211.attributes_of(data).values():
        nl80211.attributes_of(value)


@given(st.binary(max_size=120), st.binary(max_size=120))
def test_elements_of_whatever_bytes(elements: bytes, beacon: bytes) -> None:
    kernel = FakeKernel()
    kernel.tables = [[], [entry(1, 2412, elements=elements, beacon=beacon, response=True)]]

    seen = survey(kernel, Path("/nonexistent"))

    assert len(seen.bss) + sum("left out" in limit for limit in seen.limits) == 1


# --- NetworkManager -----------------------------------------------------------------------------------------------


def by_networkmanager(bus: FakeBus, *, scan: bool = True) -> Wifi:
    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[FakeBus]:
        yield bus

    return asyncio.run(
        networkmanager.survey("wlan9", elapsed=lambda: 1.0, connect=connect, now_s=lambda: 100.0, scan=scan)
    )


def test_networkmanager_scans_and_lists() -> None:
    seen = by_networkmanager(FakeBus())

    (bss,) = seen.bss
    assert seen.triggered
    assert (bss.ssid, bss.channel, bss.age_s, bss.signal_dbm, bss.complete) == ("café", 6, 10.0, None, False)
    assert (bss.hidden, seen.frequencies_mhz, seen.unlocked_by) == (None, [], AS_ROOT)
    assert bss.security == ["wpa-psk", "wpa2-psk", "wpa3-sae"]
    assert bss.width_mhz is None
    assert seen.associated_bssid == "02:aa:00:00:00:01"
    assert any("no information elements" in limit for limit in seen.limits)


def test_networkmanager_asks_everybody_and_the_network_that_is_meant() -> None:
    bus = FakeBus()

    asyncio.run(networkmanager.request(bus, "/d/1", []))
    asyncio.run(networkmanager.request(bus, "/d/1", [b"lost"]))

    assert bus.bodies["RequestScan"] == [({},), ({"ssids": ("aay", [b"", b"lost"])},)]


def test_networkmanager_that_scanned_just_now_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networkmanager, "RETRY_S", 0.01)
    bus = FakeBus()
    bus.refusals_left = 3
    bus.refusals["RequestScan"] = Refused(f"{NM}.Device.NotAllowed", "Scanning not allowed immediately following")

    assert by_networkmanager(bus).triggered
    assert bus.calls.count("RequestScan") == 4


def test_networkmanager_that_scanned_just_now_gives_its_last_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networkmanager, "AGAIN_S", 0.0)
    bus = FakeBus()
    bus.refusals["RequestScan"] = Refused(f"{NM}.Device.NotAllowed", "Scanning not allowed immediately following")

    seen = by_networkmanager(bus)

    assert not seen.triggered
    assert len(seen.bss) == 1
    assert any("for now (Scanning not allowed" in limit for limit in seen.limits)
    assert any("10 s old" in limit for limit in seen.limits)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("org.freedesktop.DBus.Error.ServiceUnknown", "does not run here"),
        ("org.freedesktop.DBus.Error.AccessDenied", "polkit"),
        (f"{NM}.PermissionDenied", "polkit"),
        ("org.example.Odd", "refused: because"),
    ],
)
def test_refusals_of_networkmanager_have_reasons(name: str, words: str) -> None:
    bus = FakeBus()
    bus.refusals["GetDevices"] = Refused(name, "because")

    with pytest.raises(SourceUnavailable, match=words):
        by_networkmanager(bus)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"WirelessEnabled": False}, "switched off in NetworkManager"),
        ({"WirelessHardwareEnabled": False}, "switch or key"),
        ({"State": 10}, "does not manage"),
        ({"State": 20}, "not available"),
        ({"DeviceType": 1}, "knows no Wi-Fi radio"),
    ],
)
def test_what_stands_against_a_scan_by_networkmanager(change: dict[str, Any], words: str) -> None:
    bus = FakeBus()
    for name, value in change.items():
        (bus.manager if name.startswith("Wireless") else bus.device)[name] = value

    with pytest.raises(SourceUnavailable, match=words):
        by_networkmanager(bus)

    assert "RequestScan" not in bus.calls


def test_a_scan_by_networkmanager_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networkmanager, "SCAN_S", 0.05)
    monkeypatch.setattr(networkmanager, "POLL_S", 0.01)
    bus = FakeBus()
    bus.scans = [500]

    seen = by_networkmanager(bus)

    assert not seen.triggered
    assert any("did not end" in limit for limit in seen.limits)


def test_no_bus_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")

    with pytest.raises(SourceUnavailable, match="no D-Bus"):
        asyncio.run(networkmanager.request_scan("wlan9", []))


def test_a_bus_that_never_speaks_has_a_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(networkmanager, "ANSWER_S", 0.1)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/bus")
        listener.listen()

        with pytest.raises(SourceUnavailable, match="no D-Bus"):
            asyncio.run(networkmanager.request_scan("wlan9", []))


# --- wpa_supplicant -----------------------------------------------------------------------------------------------


def by_wpa_supplicant(
    control: FakeControl, clock: Callable[[], float] = lambda: 0.0, name: bytes | None = None, *, scan: bool = True
) -> Wifi:
    ticks = iter(range(1_000_000))
    elapsed = lambda: float(next(ticks))  # noqa: E731
    made = wpa_supplicant.survey("eth0", name, elapsed=elapsed, make=lambda: control, clock=clock, scan=scan)
    return asyncio.run(made)


def test_wpa_supplicant_scans_without_joining_and_gives_elements() -> None:
    control = FakeControl()

    seen = by_wpa_supplicant(control)

    assert [text for text in control.asked if text.startswith("SCAN")] == [
        "SCAN TYPE=ONLY freq=2412,2437",
        "SCAN TYPE=ONLY freq=5180",
    ]
    assert seen.triggered
    assert control.closed
    assert [(bss.ssid, bss.signal_dbm, bss.age_s) for bss in seen.bss] == [("one", -61.0, 2), ("two", None, 0)]
    assert (seen.interface, seen.associated_ssid, seen.associated_frequency_mhz) == ("wlan9", "one", 2412)
    assert (seen.frequencies_mhz, seen.unlocked_by) == ([2412, 2437, 5180], None)
    assert [bss.answers_probes for bss in seen.bss] == [None, True]
    assert [bss.hidden for bss in seen.bss] == [None, True]
    assert any("hide the name" in note for note in seen.bss[1].contradictions)


@pytest.mark.parametrize("found", [True, False])
def test_wpa_supplicant_asks_for_the_network_that_is_meant_by_name(*, found: bool) -> None:
    control = FakeControl()
    control.scans = ["OK\n"] * 4
    control.events *= 2
    nameless = usual(name=b"").hex()
    hidden = f"bssid=02:00:00:00:00:08\nfreq=2437\nage=0\nbeacon_ie={nameless}\n"
    control.table["NEXT-6"] = f"id=7\n{hidden}ie={nameless}\n"
    control.table["NEXT-7"] = "FAIL\n"
    control.later = {
        "NEXT-7": f"id=8\n{hidden}ie={usual(name=b'lost').hex()}\n" if found else "FAIL\n",
        "NEXT-8": "FAIL\n",
    }

    seen = by_wpa_supplicant(control, name=b"lost")

    scans = [text for text in control.asked if text.startswith("SCAN")]
    by_name, only_listening = (f"SCAN TYPE=ONLY freq=2412,2437 {how}" for how in ("ssid 6c6f7374", "passive=1"))
    assert scans[2:] == ([by_name] if found else [by_name, only_listening])
    assert [(bss.ssid, bss.hidden) for bss in seen.bss][2:] == [("lost" if found else "", True)]
    assert ("no access point named 'lost' was heard on 2.4 GHz, on three visits" in seen.limits) is not found


def test_a_busy_wpa_supplicant_is_asked_again() -> None:
    control = FakeControl()
    control.scans = ["FAIL-BUSY\n", "OK\n", "OK\n"]
    control.events.append(b"<3>CTRL-EVENT-SCAN-RESULTS ")

    assert by_wpa_supplicant(control).triggered


def test_scans_that_fail_or_are_refused_or_never_end() -> None:
    failing, refusing, silent = FakeControl(), FakeControl(), FakeControl()
    failing.scans *= 2
    failing.events = [b"<3>CTRL-EVENT-SCAN-FAILED ret=-16 "] * 4
    refusing.scans = ["FAIL\n", "UNKNOWN COMMAND\n"]
    silent.events = []

    for control, words in ((failing, "failed twice"), (refusing, "refused to scan"), (silent, "did not end in time")):
        seen = by_wpa_supplicant(control)
        assert not seen.triggered
        assert sum(words in limit for limit in seen.limits) == 2
        assert any("last results, 0 s to 2 s old" in limit for limit in seen.limits)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (PermissionError(13, "denied"), "netdev"),
        (FileNotFoundError(2, "none"), "no control socket"),
        (TimeoutError(), "did not answer"),
        (ConnectionRefusedError(111, "refused"), "refused"),
    ],
)
def test_sockets_that_cannot_be_used_have_reasons(problem: Exception, words: str) -> None:
    control = FakeControl()
    control.problem = problem

    with pytest.raises(SourceUnavailable, match=words):
        by_wpa_supplicant(control)

    assert control.closed


def test_a_wpa_supplicant_without_interface_or_with_the_radio_off() -> None:
    empty, off = FakeControl(), FakeControl()
    empty.names = ["global"]
    off.state = "INTERFACE_DISABLED"

    with pytest.raises(SourceUnavailable, match="none of its interfaces"):
        by_wpa_supplicant(empty)
    with pytest.raises(SourceUnavailable, match="switched off"):
        by_wpa_supplicant(off)


def test_a_table_that_goes_in_circles_ends() -> None:
    control = FakeControl()
    control.table["NEXT-6"] = control.table["FIRST"]

    assert len(by_wpa_supplicant(control).bss) == 2


@given(st.dictionaries(st.sampled_from(["ie", "beacon_ie", "freq", "level", "age", "bssid"]), st.text(max_size=40)))
def test_answers_of_whatever_text(about: dict[str, str]) -> None:
    with contextlib.suppress(ValueError):
        wpa_supplicant.decode(about)


def test_the_client_of_pywifi_speaks_to_a_real_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pywifi._wifiutil_linux.CTRL_IFACE_DIR", str(tmp_path))
    script = FakeControl()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(tmp_path / "wlan9"))
    server.settimeout(5)
    heard = []

    def serve() -> None:
        listener = b""
        while True:
            command, client = server.recvfrom(4096)
            heard.append(command.decode())
            if command == b"DETACH":
                return
            if command == b"ATTACH":
                listener = client
                server.sendto(b"OK\n", client)
                continue
            server.sendto(script.ask(command.decode()).encode(), client)
            if command.startswith(b"SCAN"):
                server.sendto(b"<3>CTRL-EVENT-SCAN-RESULTS ", listener)

    script.scans *= 2
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        seen = asyncio.run(wpa_supplicant.survey(None, b"none", elapsed=lambda: 1.0))
    finally:
        thread.join()
        server.close()

    assert seen.triggered
    assert len(seen.bss) == 2
    assert heard[0] == "ATTACH"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wlan9"], "no socket file is left behind"


def test_a_socket_that_never_answers_has_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pywifi._wifiutil_linux.CTRL_IFACE_DIR", str(tmp_path))
    monkeypatch.setattr(wpa_supplicant, "ANSWER_S", 0.1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "wlan9"))

        with pytest.raises(SourceUnavailable, match="did not answer"):
            asyncio.run(wpa_supplicant.survey(None, elapsed=lambda: 1.0))


# --- whether a scan could be made, without one


@pytest.mark.parametrize("may", [True, False])
def test_the_kernel_says_whether_this_user_may_scan_and_nothing_is_scanned(sysfs: Path, *, may: bool) -> None:
    asked, scanned = FakeKernel(), FakeKernel()
    for kernel in (asked, scanned):
        kernel.triggers = [] if may else [-errno.EPERM] * 3

    said, seen = survey(asked, sysfs, scan=False), survey(scanned, sysfs)

    assert (asked.triggered, asked.requests) == ([], [])
    assert said.triggered == seen.triggered == may
    assert (said.source, said.interface, said.regulatory_country) == (seen.source, seen.interface, "DE")
    assert said.unlocked_by == seen.unlocked_by == (None if may else AS_ROOT)
    assert set(said.limits) <= set(seen.limits)
    assert ("an ordinary user may not scan, and NetworkManager does not run here" in said.limits) is not may


@pytest.mark.parametrize("may", [True, False])
def test_the_kernel_says_what_the_laptop_is_joined_to_and_nothing_is_scanned(sysfs: Path, *, may: bool) -> None:
    kernel = FakeKernel()
    kernel.triggers = [] if may else [-errno.EPERM]
    kernel.tables = [[entry(2, 2437), entry(1, 2412, associated=True)]]

    said = survey(kernel, sysfs, scan=False)

    assert kernel.triggered == []
    assert (said.associated_ssid, said.associated_bssid, said.associated_frequency_mhz) == (
        "net",
        "02:00:00:00:00:01",
        2412,
    )
    assert [bss.bssid for bss in said.bss] == ["02:00:00:00:00:01"], "the others are nobody's question here"


def test_where_networkmanager_would_scan_that_is_said(sysfs: Path) -> None:
    async def agree(interface: str, names: list[bytes]) -> None:
        assert interface == "wlan9"

    kernel = FakeKernel()
    kernel.triggers = [-errno.EPERM]

    said = survey(kernel, sysfs, scan=False, request_scan=agree)

    assert (said.triggered, said.unlocked_by) == (True, AS_ROOT)
    assert "NetworkManager scans for this one" in said.limits[-1]


@pytest.mark.parametrize("switched", [{"soft": 1}, {"hard": 1}], ids=str)
def test_a_radio_that_is_off_is_off_with_and_without_a_scan(sysfs: Path, switched: dict[str, int]) -> None:
    switch(sysfs, "phy3", **switched)
    told = []
    for scan in (True, False):
        with pytest.raises(NoRadio) as raised:
            survey(FakeKernel(), sysfs, scan=scan)
        told.append((raised.value.reason, raised.value.unlocked_by))

    assert told[0] == told[1]


@pytest.mark.parametrize("may", [True, False])
def test_networkmanager_says_whether_it_would_scan_for_this_user(*, may: bool) -> None:
    asked, scanned = FakeBus(), FakeBus()
    for bus in (asked, scanned):
        bus.refusals = {} if may else {"RequestScan": Refused(f"{NM}.PermissionDenied", "")}

    said, seen = by_networkmanager(asked, scan=False), by_networkmanager(scanned)

    assert "RequestScan" not in asked.calls
    assert "RequestScan" in scanned.calls
    assert said.triggered == seen.triggered == may
    assert set(said.limits) <= set(seen.limits)
    assert any("polkit" in limit for limit in said.limits) is not may


def test_wpa_supplicant_says_that_whoever_may_ask_it_may_scan() -> None:
    control, disabled = FakeControl(), FakeControl()
    disabled.state = "INTERFACE_DISABLED"

    said = by_wpa_supplicant(control, scan=False)

    assert said.triggered
    assert control.closed
    assert not any(command.startswith("SCAN") for command in control.asked)
    with pytest.raises(NoRadio):
        by_wpa_supplicant(disabled, scan=False)

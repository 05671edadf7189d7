"""The 2.4 GHz channel map: which channel numbers a BSS covers, in lines of one width."""

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from netpreflight.probes.observations import Bss, HtOperation
from netpreflight.reports.channel_map import MARK, channel_map
from tests.unit.seen import bss, wifi


def wide(channel: int, offset: int) -> Bss:
    operation = HtOperation(primary_channel=channel, secondary_offset=offset, any_width=True)
    return bss(channel, width_mhz=40, ht=operation)


@pytest.mark.parametrize(
    ("candidate", "covers", "primary"),
    [
        (bss(1), range(1, 4), 1),
        (bss(6), range(4, 9), 6),
        (bss(13), range(11, 15), 13),
        (bss(14, frequency_mhz=2484), range(12, 15), 14),
        (wide(1, 1), range(1, 8), 1),
        (wide(11, 3), range(5, 14), 11),
        (bss(6, width_mhz=None, ht=None), range(4, 9), 6),
    ],
)
def test_a_bss_covers_its_channel_and_two_on_either_side(candidate: Bss, covers: range, primary: int) -> None:
    scale, line = channel_map(wifi(candidate))
    columns = {int(number): scale.index(f"{number:>3}") for number in scale.split()[:-1]}
    marks = {number: line[at : at + 3].strip() for number, at in columns.items()}

    assert list(marks) == list(range(1, 15))
    assert [number for number, mark in marks.items() if mark in {"#", "P"}] == list(covers)
    assert [number for number, mark in marks.items() if mark == "P"] == [primary]


def test_the_judged_network_is_marked_and_always_there() -> None:
    others = [bss(1, ssid=f"other {number}", signal_dbm=-40.0 - number) for number in range(30)]
    _, *lines, rest = channel_map(wifi(*others, bss(6, signal_dbm=-89.0), bss(11, signal_dbm=None)))

    assert [line.split()[1] for line in lines if line.startswith(MARK)] == ["Home", "Home"]
    assert [line.split()[-1] for line in lines[-2:]] == ["-89", "?"]
    assert len(lines) == 20
    assert "12 weaker" in rest
    signals = [int(line.split()[-1]) for line in lines[:-1]]
    assert signals == sorted(signals, reverse=True)


def test_what_is_not_on_2_4_ghz_is_not_drawn() -> None:
    five, unknown = bss(36, frequency_mhz=5180), replace(bss(6), channel=None)

    assert channel_map(wifi(five)) == []
    assert len(channel_map(wifi(five, bss(6), bss(7, frequency_mhz=None), unknown))) == 2


@pytest.mark.parametrize(
    "name",
    ["", None, "x" * 32, "日本語のとても長い名前", "\x1b[31mred\x1b[0m", "a\nb", "\u202egnp", "👩\u200d👩\u200d👧"],
)
def test_every_line_is_as_wide_as_the_scale_whatever_the_name(name: str | None) -> None:
    scale, line = channel_map(wifi(bss(6, ssid=name, ssid_hex=None)))

    assert cell_len(line) == cell_len(scale)
    assert line.isprintable()

"""Narrow terminals: nothing of what a wide one shows is lost, and no line is wider than the terminal."""

import io
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console

from netpreflight.agent import profiles
from netpreflight.agent.results import Ability, Doctor
from netpreflight.reports.channel_map import WIDTH
from netpreflight.reports.comparison.terminal import print_comparison
from netpreflight.reports.console import TerminalConsole
from netpreflight.reports.devices import render_list, render_sheet
from netpreflight.reports.terminal.doctor import print_doctor
from netpreflight.reports.terminal.report import print_report
from netpreflight.reports.terminal.rows import NARROW
from tests.unit.four import FOUR
from tests.unit.made_reports import reports_of
from tests.unit.partly import first, partly
from tests.unit.two_runs import blocked, compared, later, phone, site

Show = Callable[[Console], None]
"""Prints something on a console."""
DOCTOR = Doctor(
    schema="netpreflight-doctor/1",
    abilities=[
        Ability(id="network", state="yes", checks=["dns.resolve"], why="The interface eth0 is up", unlock=None),
        Ability(id="raw-sockets", state="no", checks=["dhcp.offer", "dhcp.lease"], why="Why " * 30, unlock="Do " * 30),
        Ability(id="own-resolver", state="limited", checks=["portal"], why="x" * 90, unlock="y" * 90),
    ],
)
HEADINGS_OF_BAND = "2.4 GHz, channel by channel"


def on(show: Show, columns: int) -> str:
    stream = io.StringIO()
    show(Console(file=stream, width=columns, highlight=False, markup=False, emoji=False, color_system=None))
    return stream.getvalue()


@pytest.mark.more
@pytest.mark.parametrize("columns", partly({80}, [40, 80, 120]))
def test_a_terminal_is_sent_no_blanks_at_the_ends_of_lines(columns: int) -> None:
    shows: list[Show] = [
        *(lambda console, name=name: print_report(console, FOUR[name](), ()) for name in FOUR),
        lambda console: print_doctor(console, DOCTOR),
        lambda console: print_comparison(console, compared(site(cloud=blocked()), phone(), second=later(10))),
    ]
    for show in shows:
        stream = io.StringIO()
        show(TerminalConsole(file=stream, width=columns, highlight=False, markup=False, emoji=False))
        lines = stream.getvalue().splitlines()

        assert lines == [line.rstrip(" ") for line in on(show, columns).splitlines()]


def without_band(text: str) -> str:
    """The text without the map of the band, which is drawn where there is room, and else said in words."""
    before, found, after = text.partition(f"\n{HEADINGS_OF_BAND}\n")
    return before + after.partition("\n\n")[2] if found else text


def holds(show: Show, columns: int) -> None:
    """Assert that each word of a very wide terminal is there, and that no line is too wide."""
    wide, narrow = on(show, 600), on(show, columns)
    squeezed = "".join(narrow.split())

    lost = [word for word in without_band(wide).split() if word not in squeezed]
    assert not lost
    copied = set(wide.splitlines())
    """What is copied as it is, such as a request, is not broken into lines."""
    assert not [line for line in narrow.splitlines() if cell_len(line.rstrip()) > columns and line not in copied]


@pytest.mark.parametrize("columns", partly({40}, [40, 55, NARROW - 1, NARROW, WIDTH]))
@pytest.mark.parametrize("source", partly({"of_four"}, ["samples", "of_four", "in_range", "of_selections"]))
def test_everything_of_a_report_is_there(source: str, columns: int) -> None:
    for made in reports_of(source):
        holds(lambda console, made=made: print_report(console, made, ()), columns)  # type: ignore[misc]  # bound at once


def test_the_band_is_in_words_where_it_cannot_be_drawn() -> None:
    made = FOUR["healthy"]()
    narrow = " ".join(on(lambda console: print_report(console, made, ()), 40).split())

    assert "> Workshop: channel 6, covers 4 to 8, -52 dBm" in narrow
    assert "Café Müller: channel 11, covers 5 to 13, -67 dBm" in narrow
    assert " P " not in narrow


@pytest.mark.parametrize("columns", first(1, [40, NARROW - 1, NARROW]))
def test_everything_of_a_comparison_is_there(columns: int) -> None:
    for made in (
        compared(site(cloud=blocked()), phone(), second=later(10)),
        compared(site(), site(dhcp=None), second=later(60)),
        compared(site(wifi=None), site(dns=None), second=later(90)),
    ):
        holds(lambda console, made=made: print_comparison(console, made), columns)  # type: ignore[misc]  # as above


@pytest.mark.parametrize("columns", [40, 55, NARROW])
def test_everything_that_the_doctor_says_is_there(columns: int) -> None:
    holds(lambda console: print_doctor(console, DOCTOR), columns)


@pytest.mark.parametrize("name", profiles.names())
def test_everything_of_a_device_is_there(name: str) -> None:
    wide, narrow = (render_list([sheet], columns) + render_sheet(sheet, columns)
                    for sheet in [profiles.sheet(name)] for columns in (120, 40))  # fmt: skip
    squeezed = "".join(narrow.split())

    assert not [word for word in wide.split() if word not in squeezed]
    assert max(map(cell_len, narrow.splitlines())) <= 40

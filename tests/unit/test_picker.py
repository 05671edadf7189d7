"""Several networks in range and none named: on a terminal the user picks the one that is judged."""

import errno
import io
import json
import signal
import termios
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent import picker
from netpreflight.agent.report import NetworkVerdict
from tests.unit.beacons import pcap
from tests.unit.captures import HT20, LISTENED, WPA2, heard, on_5
from tests.unit.command import run
from tests.unit.hostile import HOSTILE
from tests.unit.keyboard import CTRL_C, CTRL_D, DOWN, ENTER, ESCAPE, PAGE_DOWN, PAGE_UP, Sitting, typed
from tests.unit.partly import partly
from tests.unit.rendered import raw

EACH_TERMINAL = ["xterm-256color", pytest.param("dumb", marks=pytest.mark.more)]
ASKED = "Which one is for the device?"
GOOD, OTHER, HIGH = (heard(b"Good", 6, WPA2, HT20, number=1, signal=-40),
                     heard(b"Other", 6, WPA2, HT20, number=2, signal=-60), on_5(b"High", number=3))  # fmt: skip
"""The order in which they are listed: the best first."""


def sat(folder: Path, *steps: tuple[str, bytes | int], frames: tuple[bytes, ...] = (GOOD, HIGH, OTHER), more: str = "",
        **terminal: Any) -> tuple[Sitting, Any]:  # fmt: skip
    """What came of typing this, and the run that was written."""
    (folder / "air.pcap").write_bytes(pcap(*frames, *LISTENED, step_s=0.1))
    words = ["check", "--capture", "air.pcap", "--only", "wifi", "-o", "run.json", *more.split()]
    sitting = typed(words, *steps, folder=folder, **terminal)
    assert b"Traceback" not in sitting.written
    assert sitting.left_as_it_was
    return sitting, json.loads((folder / "run.json").read_text())


def judged(run: Any) -> Any:
    """The network that was judged, what came of it, and the list."""
    wifi = run["observations"]["wifi"]
    return wifi["target"], wifi["target_from"], run["verdict"], [network["ssid"] for network in run["networks"]]


NONE = (None, None, "undetermined", ["Good", "Other", "High"])


@pytest.mark.parametrize(
    ("steps", "picked", "code"),
    [
        ([(ASKED, ENTER)], "Good", 0),
        ([(ASKED, DOWN), (">  2.", DOWN), (">  3.", ENTER)], "High", 1),
        ([(ASKED, b"2"), (">  2.", ENTER)], "Other", 0),
    ],
    ids=["the-best", "arrows", "number"],
)
def test_the_network_that_is_picked_is_judged_as_if_it_was_named(
    steps: list[tuple[str, bytes]], picked: str, code: int, tmp_path: Path
) -> None:
    sitting, found = sat(tmp_path, *steps)
    named = run("check", "--capture", "air.pcap", "--only", "wifi", "--ssid", picked, "--json", folder=tmp_path)
    wanted = json.loads(named.stdout)

    assert sitting.code == named.returncode == code
    assert judged(found) == (picked, "picked", wanted["verdict"], [])
    assert (found["checks"], found["answer"], found["headline"]) == (
        wanted["checks"],
        wanted["answer"],
        wanted["headline"],
    )
    assert wanted["observations"]["wifi"]["target_from"] == "option"
    again = run("report", "run.json", "--json", folder=tmp_path)
    assert judged(json.loads(again.stdout)) == judged(found)


def test_the_list_has_the_best_first_with_verdicts(tmp_path: Path) -> None:
    sitting, _ = sat(tmp_path, (">  1.", ENTER))

    rows = [line.split() for line in sitting.screens[0] if "dBm" in line]
    assert rows == [
        [">", "1.", "yes", "-40", "dBm", "Good"],
        ["2.", "yes", "-60", "dBm", "Other"],
        ["3.", "NO", "-50", "dBm", "High"],
    ]


@pytest.mark.parametrize("key", [pytest.param(b"q", id="q"), pytest.param(ESCAPE, id="escape", marks=pytest.mark.more)])
def test_a_key_leaves_without_picking(key: bytes, tmp_path: Path) -> None:
    sitting, found = sat(tmp_path, (ASKED, key))

    assert sitting.code == 3
    assert judged(found) == NONE


@pytest.mark.parametrize("term", EACH_TERMINAL)
def test_ctrl_c_ends_the_run_with_what_is_known(term: str, tmp_path: Path) -> None:
    sitting, found = sat(tmp_path, ("none of them", CTRL_C), term=term)

    assert sitting.code == 130
    assert judged(found) == NONE
    assert "Not settled" in sitting.written.decode()


@pytest.mark.parametrize("term", EACH_TERMINAL)
def test_sigterm_leaves_the_terminal_as_it_was(term: str, tmp_path: Path) -> None:
    (tmp_path / "air.pcap").write_bytes(pcap(GOOD, OTHER, *LISTENED, step_s=0.1))
    words = ["check", "--capture", "air.pcap", "--only", "wifi"]
    sitting = typed(words, ("none of them", signal.SIGTERM), folder=tmp_path, term=term)

    assert (sitting.code, sitting.left_as_it_was) == (130, True)
    assert b"netpreflight: stopped" in sitting.written


def test_a_dumb_terminal_is_asked_for_a_number_and_sent_no_codes(tmp_path: Path) -> None:
    steps = [("none of them):", b"4\n"), ("There is no such number: 1 to 3.", b"2\n")]
    sitting, found = sat(tmp_path, *steps, term="dumb")

    assert sitting.code == 0
    assert judged(found)[:2] == ("Other", "picked")
    assert b"\x1b" not in sitting.written


@pytest.mark.parametrize("answer", [b"\n", CTRL_D], ids=["enter", "end-of-file"])
def test_a_dumb_terminal_is_left_without_a_number(answer: bytes, tmp_path: Path) -> None:
    sitting, found = sat(tmp_path, ("none of them):", answer), term="dumb")

    assert sitting.code == 3
    assert judged(found) == NONE


def test_what_is_no_text_picks_none(tmp_path: Path) -> None:
    sitting, found = sat(tmp_path, ("none of them):", b"caf\xe9\n"), term="dumb")

    assert sitting.code == 3
    assert judged(found) == NONE


@pytest.mark.parametrize("fails", ["_restoring", "_by_keys"])
def test_a_terminal_that_refuses_its_mode_picks_none(fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    for name in ("_restoring", "_by_keys"):
        monkeypatch.setattr(picker, name, refuse if name == fails else lambda *_: None)
    monkeypatch.setenv("TERM", "xterm-256color")

    assert picker.pick([], io.StringIO(), io.StringIO()) is None


@pytest.mark.parametrize("term", EACH_TERMINAL)
def test_hostile_names_are_text_only(term: str, tmp_path: Path) -> None:
    names = [b"\x1b[31mred\x07", "\u202edet".encode(), b"caf\xe9", b"[/b]<b>&amp;", b"a\r\n 9. yes", b"\x9b2Jc1"]
    frames = tuple(heard(name, 6, WPA2, HT20, number=16 + i) for i, name in enumerate(names))
    sitting, found = sat(tmp_path, ("none of them", b"q" if term != "dumb" else b"\n"), frames=frames, term=term)

    shown = "\n".join(sitting.screens[0])
    assert len(found["networks"]) == len(names)
    for text in (r"\x1b[31mred\x07", r"\u202edet", r"caf\xe9", "[/b]<b>&amp;", r"a\x0d\x0a 9. yes"):
        assert text in shown
    for octets in (b"\x1b[31mred", b"\x07", "\u202e".encode(), b"\x9b", b"\xe9"):
        assert octets not in sitting.written


@pytest.mark.parametrize("term", EACH_TERMINAL)
def test_at_forty_columns_a_row_has_the_verdict_and_both_ends_of_the_name(term: str, tmp_path: Path) -> None:
    names = [b"A-company-with-a-long-name-2.4-G", "客人网络客人网络客人".encode() + b"5"]
    frames = tuple(heard(name, 6, WPA2, HT20, number=16 + i) for i, name in enumerate(names))
    sitting, found = sat(
        tmp_path, ("none of them", ENTER if term != "dumb" else b"1\n"), frames=frames, columns=40, term=term
    )

    rows = [line.rstrip() for line in sitting.screens[0] if "yes" in line]
    assert len(rows) == 2
    assert [row for row in rows if "A-com" in row and "…" in row and row.endswith("4-G")]
    assert [row for row in rows if "客" in row and row.endswith("5")]
    assert found["observations"]["wifi"]["target"] in {name.decode() for name in names}


def test_more_networks_than_the_screen_has_rows_can_be_reached(tmp_path: Path) -> None:
    frames = tuple(heard(f"net-{i:02d}".encode(), 6, WPA2, HT20, number=16 + i, signal=-40 - i) for i in range(30))
    steps = [(ASKED, b"9"), (">  9.", DOWN * 3), ("> 12.", ENTER)]
    sitting, found = sat(tmp_path, *steps, frames=frames, rows=12)

    assert judged(found)[0] == "net-11"
    assert "30 networks are in range" in "\n".join(sitting.screens[0])
    assert not [line for line in sitting.screens[0] if "20." in line]


@pytest.mark.more
@pytest.mark.parametrize("keys", [PAGE_DOWN, b"y" + PAGE_DOWN, PAGE_DOWN * 2 + PAGE_UP], ids=["down", "letter", "up"])
def test_what_enter_picks_is_marked_on_the_screen(keys: bytes, tmp_path: Path) -> None:
    frames = tuple(heard(f"net-{i:02d}".encode(), 6, WPA2, HT20, number=16 + i, signal=-40 - i) for i in range(30))
    sitting, found = sat(tmp_path, (ASKED, keys), ("> 11.", ENTER), frames=frames, rows=12)

    (marked,) = [line for line in sitting.screens[1] if line.lstrip().startswith(">")]
    assert marked.split()[-1] == judged(found)[0] == "net-10"


def test_a_dumb_terminal_says_how_many_more_there_are(tmp_path: Path) -> None:
    frames = tuple(heard(f"net-{i:02d}".encode(), 6, WPA2, HT20, number=16 + i, signal=-40 - i) for i in range(30))
    sitting, _ = sat(tmp_path, ("none of them):", b"\n"), frames=frames, rows=12, term="dumb")

    assert any("and 22 more: --ssid NAME" in line for line in sitting.screens[0])


@pytest.mark.parametrize(
    ("frames", "more"),
    [
        ((GOOD,), ""),
        ((GOOD, OTHER), "--ssid Good"),
        ((GOOD, OTHER), "--json"),
        ((GOOD, OTHER), "--redact"),
        ((GOOD, OTHER), "--share ticket"),
    ],
    ids=["one-name", "named", "json", "redact", "ticket"],
)
@pytest.mark.more
def test_nobody_is_asked(frames: tuple[bytes, ...], more: str, tmp_path: Path) -> None:
    sitting, _ = sat(tmp_path, frames=frames, more=more)

    assert ASKED.encode() not in sitting.written


def test_a_pipe_has_the_list(tmp_path: Path) -> None:
    (tmp_path / "air.pcap").write_bytes(pcap(GOOD, OTHER, HIGH, *LISTENED, step_s=0.1))
    ran = run("check", "--capture", "air.pcap", "--only", "wifi", folder=tmp_path)

    assert ran.returncode == 3
    assert ASKED not in ran.stdout + ran.stderr
    assert all(name in ran.stdout for name in ("Good", "Other", "High"))
    assert raw(ran.stdout) == []


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("columns", partly({5, 60}, [5, 30, 60, 200]))
def test_no_row_is_wider_than_its_room(name: str, columns: int) -> None:
    from prompt_toolkit.utils import get_cwidth  # noqa: PLC0415 - as the picker has it

    network = NetworkVerdict(ssid=name, verdict="compatible-with-warnings", signal_dbm=-50.0, channels=[6], checks=[])
    ((verdict, rest),) = picker._rows([network], columns)  # noqa: SLF001 - each row by itself

    assert raw(verdict + rest) == []
    assert get_cwidth(verdict + rest) <= max(columns, 14)

"""The command line of `netpreflight watch`: what it takes, and what it refuses before anything is sent."""

from pathlib import Path

import pytest

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.watch import read_duration
from netpreflight.agent.cli.watch_shown import summary
from netpreflight.agent.watch.records import Moment
from netpreflight.agent.watch.watcher import State
from tests.unit.command import refused


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400.0), ("24h", 86_400.0), ("7d", 604_800.0), ("1.5h", 5400.0), ("30s", 30.0)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "0h", "1w", "400d", "1h30m", "9" * 400 + "h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="--duration"):
        read_duration(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--duration", "soon"], "--duration soon"),
        (["--device", "toaster"], "toaster"),
        (["--interface", "none9"], "none9"),
    ],
)
def test_what_cannot_be_watched_is_refused_and_makes_no_file(words: list[str], said: str, tmp_path: Path) -> None:
    refused("watch", "--store", str(tmp_path / "w"), *words, says=(said,))

    assert list(tmp_path.iterdir()) == []


def test_another_file_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("a letter")
    refused("watch", "--store", str(tmp_path / "w"), says=("is no store of a watch",))

    assert (tmp_path / "w").read_text() == "a letter"


def test_the_command_that_shows_a_watch_can_be_pasted() -> None:
    """On macOS the folder of a program's files has a space in its name; a word in '' is one word (POSIX, 2.2.2)."""
    ended = State(Moment("a", 3700.0, 3700.0, 1_796_000_000.0), 100.0, [], 2, observed=True, reached=True, unasked={})

    assert summary(ended, Path("/home/u/Application Support/argon.sqlite")) == (
        "2 outages in 1 h, until 2026-11-30T00:53:20Z; see: netpreflight watch report "
        "'/home/u/Application Support/argon.sqlite'"
    )

"""`--licences`: whose licences are printed, and that all are there."""

import re
import tomllib
from pathlib import Path

import pytest

from netpreflight.agent import licences
from netpreflight.agent.cli import main

ROOT = Path(__file__).parents[2]


def test_every_package_that_the_project_asks_for_is_looked_for() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]

    assert list(licences.BUILT_ON) == [re.split(r"[<>=;]", line)[0] for line in wanted]


def test_what_is_needed_by_what_is_needed_is_found_and_the_test_tools_are_not() -> None:
    names = {found.metadata["Name"] for found in licences.distributions()}

    assert {"scapy", "typer", "shellingham", "markdown-it-py", "mdurl", "MarkupSafe", "wcwidth"} <= names
    assert not {"pytest", "mypy", "ruff", "hypothesis", "setuptools"} & names


def test_what_is_left_out_brings_nothing_with_it() -> None:
    names = {found.metadata["Name"] for found in licences.distributions(frozenset({"rich", "scapy"}))}

    assert not {"rich", "scapy", "pygments"} & {name.lower() for name in names} - {"rich"}
    assert "dnspython" in names


def test_each_has_its_licence_in_a_word_and_its_text() -> None:
    for found in licences.distributions():
        told = licences.of_distribution(found)

        assert ": see its text\n" not in told, found.metadata["Name"]
        assert len(told) > 600, f"{found.metadata['Name']} brings no text"


def test_they_are_printed_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--licences"])
    told = capsys.readouterr()

    assert (ended.value.code, told.err) == (0, "")
    assert told.out.startswith("netpreflight is free software: GPL-2.0-or-later.")
    assert "\nscapy 2." in told.out
    assert "GNU GENERAL PUBLIC LICENSE" in told.out


def test_the_executable_prints_what_was_written_when_it_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "licences.txt"
    written.write_text("as one file", encoding="utf-8")
    monkeypatch.setattr(licences, "IN_EXECUTABLE", written)

    assert licences.text() == "as one file"

"""What somebody double-clicks: the files for Linux and macOS, and the launcher that cannot set up."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DESKTOP = ROOT / "packaging" / "linux" / "netpreflight.desktop"
COMMAND = ROOT / "packaging" / "macos" / "netpreflight.command"
CLOSE = "Press Enter to close this window. "
TELLS = '#!/bin/sh\necho "$0 $*"\n'


def exec_words(text: str, place: str) -> list[str]:
    """The words of a desktop file's Exec, as the Desktop Entry Specification reads them.

    The general escapes for strings come first, then the quotes. `%k` is where the file is.
    """
    (value,) = re.findall(r"^Exec=(.*)$", text, re.MULTILINE)
    line = re.sub(r"\\([sntr\\])", lambda found: {"s": " ", "n": "\n", "t": "\t", "r": "\r"}.get(found[1], "\\"), value)
    words = []
    for quoted, bare in re.findall(r'"((?:[^"\\`$]|\\["`$\\])*)"|([^\s"\'\\><~|&;$*?#()`]+)', line):
        words.append(place if bare == "%k" else bare or re.sub(r"\\([\"`$\\])", r"\1", quoted))
    assert "%" not in "".join(word for word in words if word != place), "field codes"
    return words


def put(path: Path, text: str = TELLS) -> Path:
    """A program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def start(words: list[str], home: Path) -> str:
    """What is shown in the window until Enter is pressed."""
    ended = subprocess.run(
        words, cwd="/", env={"HOME": str(home), "PATH": f"{home}/bin:{os.defpath}"}, input="\n", capture_output=True,
        check=False, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert ended.stderr == ""
    return ended.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a name that no shell takes as it is, with both files where a checkout has them."""
    folder = tmp_path / "a \"check\" $HOME 'out'"
    for file in (DESKTOP, COMMAND):
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True)
        shutil.copy(file, copy)
    return folder


@pytest.mark.parametrize("name", [DESKTOP.relative_to(ROOT), COMMAND.relative_to(ROOT)], ids=str)
def test_it_starts_what_is_there(name: Path, checkout: Path, tmp_path: Path) -> None:
    file = checkout / name
    words = exec_words(file.read_text(), str(file)) if file.suffix == ".desktop" else [str(file)]
    home = tmp_path / "home"
    assert start(words, home).endswith(CLOSE), "nothing is there, and the window stays"
    installed = put(home / ".local" / "bin" / "netpreflight")
    assert start(words, home) == f"{installed} guided\n"
    on_path = put(home / "bin" / "netpreflight")
    assert start(words, home) == f"{on_path} guided\n"
    put(checkout / "netpreflight")
    assert start(words, home) == "../../netpreflight guided\n"


def test_the_file_without_python_beside_it_comes_first(checkout: Path, tmp_path: Path) -> None:
    file = checkout / DESKTOP.relative_to(ROOT)
    put(checkout / "netpreflight")
    put(file.with_name("netpreflight-linux-x86_64")).chmod(0o644)  # as a browser leaves it
    assert start(exec_words(file.read_text(), str(file)), tmp_path) == "./netpreflight-linux-x86_64 guided\n"


def test_the_desktop_file_has_what_a_desktop_needs() -> None:
    """The keys that the specification requires of an application, each once."""
    lines = [line for line in DESKTOP.read_text().splitlines() if not line.startswith("#")]
    keys = [line.partition("=")[0] for line in lines[1:]]

    assert lines[0] == "[Desktop Entry]"
    assert len(set(keys)) == len(keys)
    assert {"Type", "Name", "Exec"} <= set(keys)
    assert "Terminal=true" in lines
    assert DESKTOP.stat().st_mode & 0o111
    assert COMMAND.stat().st_mode & 0o111


@pytest.mark.parametrize(("words", "stays"), [(["guided"], True), (["check"], False)])
def test_a_set_up_that_fails_keeps_the_window(words: list[str], tmp_path: Path, *, stays: bool) -> None:
    put(tmp_path / "netpreflight", (ROOT / "netpreflight").read_text())
    shutil.copy(ROOT / "locked.sh", tmp_path)
    ended = subprocess.run(
        ["/bin/sh", tmp_path / "netpreflight", *words], env={"PATH": str(tmp_path / "bin")}, input="\n", check=False,
        capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip

    assert ended.returncode != 0
    assert ended.stderr.endswith(CLOSE) == stays

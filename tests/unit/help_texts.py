"""The texts of `--help`, as `agent/help` holds them so that `--help` waits for nothing.

`.venv/bin/python -m tests.unit.help_texts` writes them anew, after a change of the command line.
"""

import subprocess
import sys
from pathlib import Path

from netpreflight.agent import start
from netpreflight.agent.cli import app

FOLDER = Path(start.__file__).resolve().parent / "help"
COMMANDS = tuple(command.callback.__name__ for command in app.registered_commands if command.callback)
NAMES = ("netpreflight", *COMMANDS)


def generated(name: str, columns: int) -> str:
    """The text that typer makes for a terminal of this width."""
    words = ["--help"] if name == "netpreflight" else [name, "--help"]
    made = subprocess.run(
        [sys.executable, "-c", f"from netpreflight.agent.cli import main; main({words!r})"],
        env={"COLUMNS": str(columns)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return made.stdout


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for each in NAMES:
        (FOLDER / f"{each}.txt").write_text(generated(each, start.SAME_FROM_COLUMNS), encoding="utf-8")

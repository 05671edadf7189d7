"""The texts of `--help`: in agent/help, so that `--help` waits for nothing, and as pages in docs/commands.

`.venv/bin/python -m tests.unit.help_texts` writes both anew, after a change of the command line.
"""

import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from netpreflight.agent import start
from netpreflight.agent.cli import app

FOLDER = Path(start.__file__).resolve().parent / "help"
PAGES = Path(__file__).parents[2] / "docs" / "commands"
_GROUP = typer.main.get_command(app)
_WIDTH = 120


def _commands(group: Any, before: str = "") -> Iterator[str]:
    """Each command, with those of a group behind it, such as `watch` and `watch report`."""
    for name, command in group.commands.items():
        yield before + name
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{before}{name} ")


NAMES = ("netpreflight", *_commands(_GROUP))


def file_name(name: str) -> str:
    """The name of a command's files, without an ending."""
    return name.replace(" ", "-")


def generated(name: str, columns: int) -> str:
    """The text that typer makes for a terminal of this width."""
    words = ["--help"] if name == "netpreflight" else [*name.split(), "--help"]
    made = subprocess.run(
        [sys.executable, "-c", f"from netpreflight.agent.cli import main; main({words!r})"],
        env={"COLUMNS": str(columns)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return made.stdout


def command_page(name: str) -> str:
    """The page of a command in docs/commands, as Markdown."""
    command: Any = _GROUP
    with command.make_context("netpreflight", [], resilient_parsing=True) as context:
        for word in name.split() if name != "netpreflight" else ():
            command = command.commands[word]
            context = typer.Context(command, info_name=word, parent=context)  # noqa: PLW2901 - of the command within
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        records = [
            record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))
        ]
    lines = [f"# {context.command_path}", "", "```text", usage, "```", ""]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), _WIDTH), ""]
    if isinstance(command, TyperGroup):
        lines += ["## Commands", ""]
        before = "" if command is _GROUP else f"{file_name(name)}-"
        lines += [*(f"* [{inner}]({before}{inner}.md)" for inner in command.commands), ""]
        if command is _GROUP:
            lines += ["Without the name of a command, the options are those of [check](check.md).", ""]
    for heading, is_option in (("Arguments", False), ("Options", True)):
        chosen = [record for record in records if record[0].startswith("-") == is_option]
        if chosen:
            lines += [f"## {heading}", "", *_items(chosen), ""]
    return "\n".join(lines)


def _items(records: list[tuple[str, str]]) -> Iterator[str]:
    """The lines of a list of arguments or options."""
    for names, said in records:
        yield from textwrap.wrap(
            f"* `{names}`: {said}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )


if __name__ == "__main__":
    for folder, ending in ((FOLDER, "txt"), (PAGES, "md")):
        folder.mkdir(exist_ok=True)
        for old in folder.glob(f"*.{ending}"):
            old.unlink()
    for each in NAMES:
        (FOLDER / f"{file_name(each)}.txt").write_text(generated(each, start.SAME_FROM_COLUMNS), encoding="utf-8")
        (PAGES / f"{file_name(each)}.md").write_text(command_page(each), encoding="utf-8")

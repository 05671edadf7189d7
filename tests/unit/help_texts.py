"""The texts of `--help`: in agent/help, so that `--help` waits for nothing, and as pages in docs/commands.

`.venv/bin/python -m tests.unit.help_texts` writes both anew, after a change of the command line.
"""

import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperGroup

from netpreflight.agent import start
from netpreflight.agent.cli import app

FOLDER = Path(start.__file__).resolve().parent / "help"
PAGES = Path(__file__).parents[2] / "docs" / "commands"
COMMANDS = tuple(command.callback.__name__ for command in app.registered_commands if command.callback)
NAMES = ("netpreflight", *COMMANDS)
_WIDTH = 120


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


def command_page(name: str) -> str:
    """The page of a command in docs/commands, as Markdown."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    with group.make_context("netpreflight", [], resilient_parsing=True) as outer:
        command = group if name == "netpreflight" else group.commands[name]
        context = outer if command is group else typer.Context(command, info_name=name, parent=outer)
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        records = [
            record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))
        ]
    lines = [f"# {context.command_path}", "", "```text", usage, "```", ""]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), _WIDTH), ""]
    if isinstance(command, TyperGroup):
        lines += ["## Commands", ""]
        lines += [f"* [{inner}]({inner}.md)" for inner in command.commands]
        lines += ["", "Without the name of a command, the options are those of [check](check.md).", ""]
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
        (FOLDER / f"{each}.txt").write_text(generated(each, start.SAME_FROM_COLUMNS), encoding="utf-8")
        (PAGES / f"{each}.md").write_text(command_page(each), encoding="utf-8")

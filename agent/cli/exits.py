"""How a command ends: the exit codes, and the refusals of what cannot be carried out."""

import sys
from typing import Any, NoReturn

from netpreflight.agent.cli.options import offered_dialects, offered_pages

EXIT_CODES = {"compatible": 0, "compatible-with-warnings": 0, "incompatible": 1, "undetermined": 3}
"""Keyed by verdict."""
WRONG_USAGE = 2


class UsageError(Exception):
    """The user's request cannot be carried out; the message says what is allowed."""


def refuse(message: str) -> NoReturn:
    """Write why the command cannot be carried out, in one line, and exit with the code for wrong usage."""
    from netpreflight.agent.cli.screen import tell  # noqa: PLC0415 - that module imports this one

    tell(" ".join(message.split()))
    sys.exit(WRONG_USAGE)


def usage_message(problem: Any, arguments: list[str]) -> str:
    """The message of one of typer's usage errors, with the option that was probably meant, or the values that exist."""
    message, context = problem.format_message(), getattr(problem, "ctx", None)
    if context and hasattr(problem, "possibilities"):
        word = problem.option_name
        if not word.startswith("--"):  # of -device, typer names only -d
            word = next((word_given for word_given in arguments if word_given.startswith(word)), word).partition("=")[0]
        known = [name for parameter in context.command.get_params(context) for name in parameter.opts]
        message = f"No such option: {word}{_meant(word, known)}"
    missing = {"check": offered_pages, "dialect": offered_dialects}.get(
        getattr(getattr(problem, "param", None), "name", None) or ""
    )
    if missing and message.startswith("Missing"):
        from netpreflight.agent.selection import in_groups  # noqa: PLC0415 - as above

        message = f"{message.rstrip('.')}; known: {in_groups(missing(''))}"
    return f"{message} (see {context.command_path if context else 'netpreflight'} --help)"


def _meant(word: str, known: list[str]) -> str:
    """The end of the message about an option that does not exist: the options that were probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - as above

    typed, names = word.lstrip("-"), [name.lstrip("-") for name in known if name.startswith("--")]
    similar = [name for name in names if name.startswith(typed)] or [name for name in names if typed.startswith(name)]
    similar = similar or get_close_matches(typed, names, n=1, cutoff=0.7)
    return f". Did you mean {' or '.join(f'--{name}' for name in similar)}?" if similar else ""

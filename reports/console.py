"""The rich consoles to print on: one for a terminal, and one that returns plain text for a file."""

import io
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

_WIDTH_IN_FILES = 100


class _Unpadded:
    """A piece to print, without blanks at the ends of its lines."""

    def __init__(self, piece: RenderableType) -> None:
        self._piece = piece

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._piece, options, pad=False):
            while line and not line[-1].text.rstrip(" "):
                line.pop()
            yield from line[:-1]
            if line:
                last = line[-1]
                yield Segment(last.text.rstrip(" "), last.style, last.control)
            yield Segment.line()


class TerminalConsole(Console):
    """A console that never hides the cursor, and that raises an error for a broken pipe instead of ending the program.

    A hidden cursor would stay hidden if this process is killed. The command line handles the broken pipe.
    """

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError."""
        raise BrokenPipeError

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        """Print objects, without the blanks that rich adds at the ends of their lines."""
        shown = objects if soft_wrap else [_Unpadded(piece) for piece in objects]
        super().print(*shown, soft_wrap=soft_wrap, **options)

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - as rich defines it
        """Leave the cursor as it is."""
        return False


def on_terminal(stream: TextIO) -> TerminalConsole:
    """A console that prints text as it is, without interpreting markup."""
    # Windows' old console wraps after its last column, so rich leaves that column empty. Pipes and files do not wrap.
    old_console = None if stream.isatty() else False
    return TerminalConsole(
        file=stream, highlight=False, markup=False, emoji=False, soft_wrap=False, legacy_windows=old_console
    )


def plain_text(show: Callable[[Console], None]) -> str:
    """Run `show` on a console of fixed width, and return what it printed as plain text."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=_WIDTH_IN_FILES,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=False,
        color_system=None,
    )
    show(console)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"

"""The progress that a command of `netpreflight fleet` shows while it works for long."""

import contextlib
import sys

from netpreflight.agent.cli.screen import tell

TOLD_EVERY = 256
"""After this many more files or runs, the count is shown again."""


def tell_waiting() -> None:
    """Say that this command waits for another process that writes the tables."""
    tell("waiting for another netpreflight fleet that writes these tables …")


class Progress:
    """A line on the terminal that counts.

    Args:
        what: what is counted: files, runs.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._told = 0

    def show(self, count: int) -> None:
        """Show the count, if it has grown by `TOLD_EVERY`."""
        if self._is_shown and count - self._told >= TOLD_EVERY:
            self._told = count
            self._write(f"  {count} {self._what} …\r")

    def clear(self) -> None:
        """Blank out the line, if it was shown."""
        if self._told:
            self._write(f"{'':30}\r")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

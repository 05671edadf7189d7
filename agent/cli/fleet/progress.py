"""What is told while a command of `netpreflight fleet` works for long."""

import contextlib
import sys

from netpreflight.agent.cli.screen import tell

TOLD_EVERY = 256
"""So many files or runs between two lines."""


def tell_waiting() -> None:
    """Say that another process has to end first."""
    tell("waiting for another netpreflight fleet that writes these tables …")


class Progress:
    """A line on the terminal that counts.

    Args:
        what: is counted: files, runs.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._told = 0

    def show(self, count: int) -> None:
        """Show how many there are, from time to time."""
        if self._is_shown and count - self._told >= TOLD_EVERY:
            self._told = count
            self._write(f"  {count} {self._what} …\r")

    def clear(self) -> None:
        """Leave an empty line."""
        if self._told:
            self._write(f"{'':30}\r")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

"""A pseudo-terminal: a program that writes to its far end believes that it is on a terminal. And what one shows."""

import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pyte


class Emulator:
    """What a terminal of this size shows of what is written to it."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self._screen.set_mode(pyte.modes.LNM)  # the system makes "\r\n" of "\n"
        self._stream = pyte.Stream(self._screen)

    def write(self, text: str) -> None:
        """Take what is written."""
        self._stream.feed(text)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; lines that were wider are cut, as by xterm."""
        self._screen.resize(rows, columns)

    def screen(self) -> list[str]:
        """The lines that are shown, up to the last that is not empty."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip().splitlines()

    def scrolled(self) -> list[str]:
        """The lines that have left at the top."""
        return [
            "".join(line[column].data for column in range(self._screen.columns)).rstrip()
            for line in self._screen.history.top
        ]

    @property
    def wraps(self) -> bool:
        """Whether a line that is too long goes on in the next one."""
        return pyte.modes.DECAWM in self._screen.mode

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y


class PseudoTerminal:
    """A terminal of this size.

    Attributes:
        far_end: for the program that is started.
    """

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self._near_end, self.far_end = pty.openpty()
        self.resize(columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_far_end()
        os.close(self._near_end)

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size."""
        fcntl.ioctl(self._near_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type this, as somebody does who sits there."""
        os.write(self._near_end, text.encode())

    def shows_until_closed(self) -> Iterator[str]:
        """What is written to it, part by part, until every program that was given the far end has closed it."""
        self._close_far_end()
        with contextlib.suppress(OSError):  # so Linux ends a terminal
            while part := os.read(self._near_end, 65536):
                yield part.decode(errors="replace")

    def answers(self, *steps: tuple[str, str]) -> str:
        """Type each answer once its question is shown; returns all that was shown until it was closed."""
        waiting, shown, answered = list(steps), "", 0
        for part in self.shows_until_closed():
            shown += part
            if waiting and (found := shown.find(waiting[0][0], answered)) >= 0:
                answered = found + len(waiting[0][0])
                self.type(waiting.pop(0)[1])
        assert waiting == [], shown
        return shown

    def _close_far_end(self) -> None:
        if self.far_end >= 0:
            os.close(self.far_end)
            self.far_end = -1

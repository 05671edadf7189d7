"""The command line at a terminal of its own: what somebody types there, and what the screen shows."""

import codecs
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from netpreflight.agent.start import main
from tests.pseudo_terminal import Emulator
from tests.unit.command import DEADLINE_S, FORKS

PAGE_UP, PAGE_DOWN = b"\x1b[5~", b"\x1b[6~"
ENTER, DOWN, ESCAPE, CTRL_C, CTRL_D = b"\r", b"\x1b[B", b"\x1b", b"\x03", b"\x04"
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"
Step = tuple[str, bytes | int]
"""What the screen has to show, and what is typed then; a number is a signal."""


@dataclass
class Sitting:
    """What came of it."""

    code: int = -1
    screens: list[list[str]] = field(default_factory=list)
    """The lines of the screen at each step, and at the end."""
    written: bytes = b""
    left_as_it_was: bool = False
    """Whether the terminal has its mode and its cursor again."""


def typed(
    arguments: Sequence[str],
    *steps: Step,
    folder: Path,
    columns: int = 80,
    rows: int = 24,
    term: str = "xterm-256color",
) -> Sitting:
    """Run `netpreflight` in a folder, and type the keys of each step once the screen shows its text.

    On a busy machine a screen is read in parts. prompt_toolkit turns wrapping off while it draws, so a screen that
    wraps has been drawn to its end.
    """
    near, far = pty.openpty()
    sitting, waiting = Sitting(), list(steps)
    emulator, decoder = Emulator(columns, rows), codecs.getincrementaldecoder("utf-8")("replace")
    with closing(os.fdopen(near, "rb")), closing(os.fdopen(far, "rb")):
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        mode = termios.tcgetattr(far)
        process = FORKS.Process(target=_at, args=(os.ttyname(far), tuple(arguments), str(folder), term))
        process.start()
        end = time.monotonic() + DEADLINE_S
        while True:
            ready, _, _ = select.select([near, process.sentinel], [], [], max(0, end - time.monotonic()))
            if near in ready:
                sitting.written += (heard := os.read(near, 1 << 16))
                emulator.write(decoder.decode(heard))
            elif ready:
                break  # it has ended, and all that it wrote is read
            else:
                process.kill()
                raise TimeoutError("\n".join(emulator.screen()))
            if waiting and emulator.wraps and waiting[0][0] in "\n".join(emulator.screen()):
                sitting.screens.append(emulator.screen())
                _, keys = waiting.pop(0)
                if isinstance(keys, int):
                    os.kill(process.pid or 0, keys)
                else:
                    os.write(near, keys)
        process.join()
        assert not waiting, emulator.screen()
        sitting.screens.append(emulator.screen())
        has_cursor = sitting.written.rfind(SHOW_CURSOR) >= sitting.written.rfind(HIDE_CURSOR)
        sitting.left_as_it_was = has_cursor and termios.tcgetattr(far) == mode
        sitting.code = process.exitcode if process.exitcode is not None else -1
    return sitting


def _at(terminal: str, arguments: tuple[str, ...], folder: str, term: str) -> None:
    os.setsid()  # so that the terminal that is opened next is this session's
    handle = os.open(terminal, os.O_RDWR)
    for number in range(3):
        os.dup2(handle, number)
    # What the fork server has is for other files.
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in enumerate("rww")
    )
    os.environ["TERM"] = term
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        os.environ.pop(name, None)
    os.chdir(folder)
    sys.argv[0] = "netpreflight"
    main(list(arguments))

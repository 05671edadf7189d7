"""Asks, on a terminal, which of the networks in range is judged."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from netpreflight.agent.report import NetworkVerdict
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.styles import NETWORKS

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import AnyFormattedText
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent
    from prompt_toolkit.output import Output

_COLOURS = {"pass": "ansigreen", "warn": "ansiyellow", "unknown": "ansimagenta", "fail": "bold ansired"}
_HAS_TERMIOS = importlib.util.find_spec("termios") is not None  # not on Windows
_SIGNAL_FROM_COLUMNS = 60
"""From this terminal width on, a row has the signal."""
_BESIDE_ROWS = 10
"""The columns that a row of the list has beside its text: margins, mark and number."""
_BESIDE_LIST = 2
"""The lines above the list, where the terminal is wide enough."""
_LEAST_NAME = 4
"""The columns that a name has at least."""


def can_ask(keyboard: TextIO | None, screen: TextIO | None) -> bool:
    """Whether somebody sits at a terminal, and this process may read what is typed there."""
    try:
        if keyboard is None or screen is None or not (keyboard.isatty() and screen.isatty()):
            return False
        # In the background, reading would stop the process.
        return not hasattr(os, "tcgetpgrp") or os.tcgetpgrp(keyboard.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # closed, or the terminal of another session
        return False


def pick(networks: Sequence[NetworkVerdict], keyboard: TextIO, screen: TextIO) -> str | None:
    """Let the user pick a network; returns its name, or None if the user picks none.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    from prompt_toolkit.utils import is_dumb_terminal  # noqa: PLC0415 - loaded only where somebody is asked

    title = f"{len(networks)} networks are in range, best first. Which one is for the device?"
    ask = _by_line if is_dumb_terminal() else _by_keys
    with contextlib.suppress(*_no_answer()), _its_signals(keyboard, screen):
        return ask(title, networks, keyboard, screen)
    return None


def _no_answer() -> tuple[type[Exception], ...]:
    """The exceptions that are raised if the terminal is gone, or if what is typed is not valid text."""
    if not _HAS_TERMIOS:
        return EOFError, OSError, UnicodeError
    import termios  # noqa: PLC0415 - not on Windows

    return EOFError, OSError, UnicodeError, termios.error


def _by_keys(title: str, networks: Sequence[NetworkVerdict], keyboard: TextIO, screen: TextIO) -> str | None:
    """Ask with a list in which the arrow keys and numbers move."""
    from prompt_toolkit.application import create_app_session  # noqa: PLC0415 - as above
    from prompt_toolkit.input import create_input  # noqa: PLC0415
    from prompt_toolkit.key_binding import KeyBindings  # noqa: PLC0415
    from prompt_toolkit.key_binding.key_processor import KeyPress  # noqa: PLC0415
    from prompt_toolkit.keys import Keys  # noqa: PLC0415
    from prompt_toolkit.shortcuts.choice_input import ChoiceInput  # noqa: PLC0415

    bindings = KeyBindings()

    def leave(event: "KeyPressEvent") -> None:
        event.app.exit(result=None)

    def move(key: Keys, event: "KeyPressEvent") -> None:
        event.app.key_processor.feed_multiple([KeyPress(key)] * max(1, event.app.output.get_size().rows - _BESIDE_LIST))

    bindings.add("q", eager=True)(leave)
    bindings.add("escape", eager=True)(leave)
    # Without this, these keys and letters move the list's cursor, but not the mark of what Enter picks.
    bindings.add("pageup", eager=True)(partial(move, Keys.Up))
    bindings.add("pagedown", eager=True)(partial(move, Keys.Down))
    for letter in {word[0] for word, _ in NETWORKS.values()}:
        for key in (letter.lower(), letter.upper()):
            bindings.add(key, eager=True)(lambda _event: None)
    rows = _rows(networks, shutil.get_terminal_size().columns - _BESIDE_ROWS)
    options: list[tuple[str | None, AnyFormattedText]] = [
        (network.ssid, [(_COLOURS[NETWORKS[network.verdict][1]], verdict), ("", rest)])
        for network, (verdict, rest) in zip(networks, rows, strict=True)
    ]
    with create_app_session(create_input(keyboard), _output(screen)):
        return ChoiceInput(
            message=f"{title}\nArrow keys or a number, then Enter. q: none of them.",
            options=options,
            enable_suspend=True,
            key_bindings=bindings,
        ).prompt()


def _output(screen: TextIO) -> "Output":
    """An output that does not ask the terminal where its cursor is: not every terminal answers."""
    if not _HAS_TERMIOS:
        from prompt_toolkit.output import create_output  # noqa: PLC0415 - as above

        return create_output(screen)
    from prompt_toolkit.data_structures import Size  # noqa: PLC0415 - as above
    from prompt_toolkit.output.vt100 import Vt100_Output  # noqa: PLC0415

    def size() -> Size:
        known = shutil.get_terminal_size()
        return Size(rows=known.lines, columns=known.columns)

    return Vt100_Output(screen, size, term=os.environ.get("TERM"), enable_cpr=False)


def _by_line(title: str, networks: Sequence[NetworkVerdict], keyboard: TextIO, screen: TextIO) -> str | None:
    """Ask for a number, on a terminal that can do no more than print lines."""
    size = shutil.get_terminal_size()
    listed = networks[: max(1, size.lines - 4)]
    rows = _rows(listed, size.columns - _BESIDE_ROWS)
    lines = [title, *(f"{number:4d}. {verdict}{rest}" for number, (verdict, rest) in enumerate(rows, 1))]
    if len(listed) < len(networks):
        lines.append(f"and {len(networks) - len(listed)} more: --ssid NAME judges one of those")
    screen.write("".join(f"{line}\n" for line in lines))
    while True:
        screen.write("Its number (Enter: none of them): ")
        screen.flush()
        answer = keyboard.readline().strip()
        if not answer:
            return None
        if re.fullmatch("[0-9]{1,4}", answer) and 1 <= int(answer) <= len(listed):
            return listed[int(answer) - 1].ssid
        screen.write(f"There is no such number: 1 to {len(listed)}.\n")


def _rows(networks: Sequence[NetworkVerdict], columns: int) -> list[tuple[str, str]]:
    """For each network its verdict, and the rest of its row: signal where there is room, and name.

    The name stands last and is cut in the middle, so that no name, however long, looks like a verdict.
    """
    longest = max(len(NETWORKS[network.verdict][0]) for network in networks)
    rows = []
    for network in networks:
        strength = "?" if network.signal_dbm is None else f"{network.signal_dbm:.0f} dBm"
        before = f"{strength:>8}  " if columns >= _SIGNAL_FROM_COLUMNS - _BESIDE_ROWS else ""
        room = max(_LEAST_NAME, columns - longest - 2 - len(before))
        rows.append((NETWORKS[network.verdict][0].ljust(longest), f"  {before}{_cut(shown(network.ssid), room)}"))
    return rows


def _cut(text: str, columns: int) -> str:
    """The text in at most this many columns; a longer text is cut in the middle."""
    from prompt_toolkit.utils import get_cwidth  # noqa: PLC0415 - as above

    if get_cwidth(text) <= columns:
        return text
    end = _start(text[::-1], (columns - 1) // 2)[::-1]
    return f"{_start(text, columns - 1 - get_cwidth(end))}…{end}"


def _start(text: str, columns: int) -> str:
    """As much of the start of a text as fits into this many columns."""
    from prompt_toolkit.utils import get_cwidth  # noqa: PLC0415 - as above

    text = text[:columns]
    while get_cwidth(text) > columns:
        text = text[:-1]
    return text


@contextlib.contextmanager
def _its_signals(keyboard: TextIO, screen: TextIO) -> Iterator[None]:
    """While the user is asked: let Ctrl-C raise KeyboardInterrupt, and SIGTERM restore the terminal before the end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    restore = _restoring(keyboard, screen)

    def end(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(*_no_answer()):
            restore()
        handler = before[signal.SIGTERM]
        if callable(handler):
            handler(number, frame)
        os._exit(128 + number)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _restoring(keyboard: TextIO, screen: TextIO) -> Callable[[], None]:
    """A function that restores the terminal's present mode, and shows its cursor."""
    if not _HAS_TERMIOS:
        return lambda: None
    import termios  # noqa: PLC0415 - not on Windows

    mode = termios.tcgetattr(keyboard)

    def restore() -> None:
        termios.tcsetattr(keyboard, termios.TCSANOW, mode)
        os.write(screen.fileno(), b"\r\n" if os.environ.get("TERM") == "dumb" else b"\x1b[?25h\r\n")

    return restore

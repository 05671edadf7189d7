"""What Linux and macOS do alike."""

import contextlib
import fcntl
import getpass
import os
import pwd
import shlex
import signal
import socket
import sys
import termios
from collections.abc import Callable, Iterator

from netpreflight.systems.interface import System


def is_root() -> bool:
    """Whether this process is root's."""
    return os.geteuid() == 0


def user_name() -> str:
    """The name of this process's user, as the system knows it; empty: it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""


def source_towards(address: str) -> str | None:
    """This laptop's own address for sending to an IPv4 address; None: there is no route. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 53))
            source: str = sock.getsockname()[0]
    except OSError:
        return None
    return source


class Posix(System):
    """A system with POSIX's signals, terminals and locks."""

    as_root = ("sudo",)
    home = "~"

    def is_privileged(self) -> bool:
        """Whether this process is root's."""
        return is_root()

    @contextlib.contextmanager
    def on_stop(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` when the user ends the run: from the signal handler, because the event loop may be busy."""
        before = {
            number: signal.signal(number, lambda *_: stop())
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def forget_typed(self) -> None:
        """Discard what was typed on standard input so far."""
        with contextlib.suppress(termios.error, OSError, ValueError, AttributeError):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)

    def ask_hidden(self, prompt: str) -> str:
        """Read what is typed at a prompt, without showing it.

        A signal that would end the program meanwhile ends it only after the terminal was restored.

        Raises:
            EOFError: nothing was typed.
            OSError: there is no terminal.
        """
        caught: list[int] = []

        def leave(number: int, _: object) -> None:
            """Note the signal, and leave the prompt."""
            caught.append(number)
            if len(caught) == 1:  # a second signal must not interrupt what the first has begun
                raise KeyboardInterrupt

        ending = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
        before = {
            number: signal.signal(number, leave) for number in ending if signal.getsignal(number) != signal.SIG_IGN
        }
        try:
            return getpass.getpass(prompt)
        except KeyboardInterrupt:
            pass  # getpass has set the terminal right again
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        os.kill(os.getpid(), caught[0])
        raise EOFError

    def lock_file(self, opened: int) -> bool:
        """Take the lock of an open file (flock(2)); False: another process holds it."""
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def quoted(self, word: str) -> str:
        """A word for the shell."""
        return shlex.quote(word)

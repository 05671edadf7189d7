"""Starts programs: those of the system that tell what it knows, netpreflight itself once more, and the browser."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import IO

_TIMEOUT_S = 2.0
_LARGEST = 1 << 20
_PR_SET_PDEATHSIG = 1
"""<linux/prctl.h>"""


_WITHOUT_CONSOLE: int = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""Creation flags on Windows: closing the console, or typing Ctrl-C in it, does not end the program."""


async def output_of(program: str, *arguments: str) -> str:
    """What a local program prints, up to 1 MiB; empty where it is missing, fails, or takes longer than 2 s."""
    path = shutil.which(program)
    if path is None:
        return ""
    # asyncio's own subprocesses would leave the program running if the task is cancelled twice, as it may be when the
    # event loop ends.
    with subprocess.Popen(  # noqa: ASYNC220, S603 - it starts at once; a program of the system, arguments of ours
        [path, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    ) as process:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return (await _read(process.stdout)).decode(errors="backslashreplace")
        except TimeoutError:
            return ""
        finally:
            process.kill()


async def _read(pipe: IO[bytes] | None) -> bytes:
    """What comes out of a pipe, up to its end or 1 MiB.

    No thread reads it, because it could wait for ever: a child of the program may keep the pipe's other end open when
    the program itself has ended.
    """
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        return await reader.readexactly(_LARGEST)
    except asyncio.IncompleteReadError as ended:
        return ended.partial
    finally:
        transport.close()


def run_here(words: Sequence[str]) -> int:
    """Run a program in this terminal; returns its exit code. Ctrl-C is for that program, and does not end this one.

    Raises:
        OSError: it cannot be started.
    """
    # A handler and not SIG_IGN, which the started program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(words, check=False).returncode  # noqa: S603 - this program itself, or sudo before it
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def beside(program: str, *arguments: str, output: int) -> Iterator[None]:
    """Run a program until the end of the block; the kernel kills it as soon as this process has ended (Linux).

    The program leaves no core dump. Call this in a thread that stays: the kernel goes by the end of the thread that has
    started the program (prctl(2)).

    Raises:
        OSError: it cannot be started.
    """
    import resource  # noqa: PLC0415 - Windows has none

    libc, parent = ctypes.CDLL(None), os.getpid()

    def bound() -> None:
        """In the new process: leave no core dump, and be killed when the parent ends (at once if it has ended)."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    process = subprocess.Popen(  # noqa: S603 - a program of the system, with arguments of ours
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        preexec_fn=bound,  # noqa: PLW1509 - nothing that it calls takes a lock
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def outliving(words: Sequence[str], text: bytes) -> Iterator[Callable[[bytes], None]]:
    """Start a program that signals to this process do not reach, and write a text to its standard input.

    Yields a function that writes more. At the end of the block, or when this process ends, the input ends; at the end
    of the block the program is waited for, too.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(  # noqa: S603 - this program itself
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYINSTALLER_RESET_ENVIRONMENT": "1"},  # not this one's files, which vanish with it
        creationflags=_WITHOUT_CONSOLE,
        start_new_session=True,
    )

    def say(more: bytes) -> None:
        """Write more to the program's standard input, if it is still running."""
        with contextlib.suppress(OSError):  # it has ended
            if process.stdin is not None:
                process.stdin.write(more)
                process.stdin.flush()

    try:
        say(text)
        yield say
    finally:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            process.communicate(timeout=_TIMEOUT_S)


def open_in_browser(address: str) -> bool:
    """Open a page in the user's browser; returns whether one was started."""
    import webbrowser  # noqa: PLC0415 - not loaded by runs that open none

    with _environment_of_the_user():
        try:
            return webbrowser.open(address)
        except (OSError, webbrowser.Error):
            return False


def as_line(words: Sequence[str]) -> str:
    """Words as one command line, quoted as Windows programs expect it."""
    return subprocess.list2cmdline(words)


@contextlib.contextmanager
def _environment_of_the_user() -> Iterator[None]:
    """Remove, for the block, the path to the libraries of the one-file program for Linux: others must not use them."""
    own = os.environ.get("LD_LIBRARY_PATH")
    users = os.environ.get("LD_LIBRARY_PATH_ORIG")  # PyInstaller keeps it, if there was one
    if own is None or not getattr(sys, "frozen", False):
        yield
        return
    del os.environ["LD_LIBRARY_PATH"]
    if users is not None:
        os.environ["LD_LIBRARY_PATH"] = users
    try:
        yield
    finally:
        os.environ["LD_LIBRARY_PATH"] = own

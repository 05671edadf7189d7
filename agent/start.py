"""The first code that runs: from here on Ctrl-C ends the program with one line, and no traceback.

`--version` and `--help` load nothing but this file. `./netpreflight` runs this file itself, without the site module, so
that Ctrl-C ends with one line even before that module is loaded. Where it can, `./netpreflight` blocks Ctrl-C and
SIGTERM until then.
"""

# The built-in part of `signal`: it loads no other module. (typeshed does not know it.)
import _signal  # type: ignore[import-not-found]

if __name__ == "__main__" and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    # Where Ctrl-C is not blocked, it ends the program in silence until `stop_at_once`: loading `os` takes a while.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import os
import sys

INTERRUPTED = 130
"""The exit code of a run that was cut short: 128 and the number of SIGINT, as in a shell."""
CANNOT_WRITE = 2
CANNOT_START = 2
SAME_FROM_COLUMNS = 80
"""In a terminal of this width or more, `--help` shows the texts as they are saved in agent/help."""


def stop(_number: int, _frame: object) -> None:
    """End the process with one line."""
    try:
        os.write(2, b"netpreflight: stopped\n")
    finally:  # also where standard error is closed
        os._exit(INTERRUPTED)


def stop_at_once() -> None:
    """From now on, let Ctrl-C and SIGTERM end the process with one line.

    No exception is raised, because it could come out of any import, and some code swallows it. So call this only while
    nothing has to be undone at the end.
    """
    for number in (_signal.SIGINT, _signal.SIGTERM):
        if _signal.getsignal(number) != _signal.SIG_IGN:  # ignored: nohup, or a shell's background
            _signal.signal(number, stop)
    if hasattr(_signal, "pthread_sigmask"):  # a signal that `./netpreflight` has blocked arrives now
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (_signal.SIGINT, _signal.SIGTERM))


def main(arguments: list[str] | None = None) -> None:
    """Answer `--version` and `--help` at once; for anything else, run the command line."""
    stop_at_once()
    arguments = sys.argv[1:] if arguments is None else arguments
    text = _answer(arguments)
    if text is None:
        try:
            from netpreflight.agent.cli import main as run  # noqa: PLC0415 - `--version` and `--help` do not wait

            os.environ["PYTHONSAFEPATH"] = "1"  # no process of ours imports from the folder that the user is in
            run(arguments)
        except ModuleNotFoundError as problem:
            _refuse_without(problem)
    else:
        try:
            os.write(1, text)
        except OSError as problem:
            os.write(2, f"netpreflight: cannot write: {problem.strerror}\n".encode())
            sys.exit(CANNOT_WRITE)


def _refuse_without(missing: ModuleNotFoundError) -> None:
    """Say in one line that a package is missing, and how to install it; if it is a module of netpreflight, raise."""
    name = str(missing.name).partition(".")[0]
    if name in {"None", "netpreflight"}:
        raise missing
    message = f"the package {name} is missing; to set up again, delete the folder .venv and run ./netpreflight"
    os.write(2, f"netpreflight: {message}\n".encode())
    sys.exit(CANNOT_START)


def _answer(arguments: list[str]) -> bytes | None:
    """What `--version`, `--help` or `COMMAND --help` print; None: the command line has to answer."""
    if arguments == ["--version"]:
        from netpreflight.agent import __version__  # noqa: PLC0415 - this file runs before its package can be found

        return f"netpreflight {__version__}\n".encode()
    match arguments:
        case ["--help" | "-h"]:
            name = "netpreflight"
        case [command, "--help" | "-h"] if command.isalpha():
            name = command
        case [group, command, "--help" | "-h"] if group.isalpha() and command.isalpha():
            name = f"{group}-{command}"
        case _:
            return None
    if _columns() < SAME_FROM_COLUMNS:
        return None
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes as long as Python itself
    try:
        with open(f"{folder}/help/{name}.txt", "rb") as file:  # noqa: PTH123 - as above
            return file.read()
    except OSError:
        return None


def _columns() -> int:
    """The width of the terminal, found as by `shutil.get_terminal_size`, which takes long to load."""
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except OSError:
            columns = 0
    return columns or SAME_FROM_COLUMNS


if __name__ == "__main__":
    stop_at_once()
    # Only the owner of a checkout writes compiled modules into it: root would leave files that the owner cannot change.
    sys.dont_write_bytecode = hasattr(os, "geteuid") and os.geteuid() != os.stat(__file__).st_uid  # noqa: PTH116
    import site

    site.main()
    main()

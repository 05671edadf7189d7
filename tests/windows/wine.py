"""The tool run by CPython for Windows, under Wine, on a lab's laptop."""

import contextlib
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

from tests.lab.lab import CheckRun, Lab
from tests.pseudo_terminal import PseudoTerminal
from tests.windows.set_up import ENVIRONMENT, PREFIX, environment, set_up

PYTHON = "C:\\python\\python.exe"
MOST_S = 400.0
"""When a test gives up; a run takes 8 s on an idle machine, and has taken 120 s beside a load of 30."""


class Wine:
    """Wine on a lab's laptop.

    Its wineserver makes all sockets and opens all files, so it has to be started on the laptop.
    """

    def __init__(self, lab: Lab, prefix: Path) -> None:
        self._lab = lab
        self.prefix = prefix
        self.env = ENVIRONMENT | {"WINEPREFIX": str(prefix)}

    def start(self) -> None:
        """Start what stays; what runs later would wait for that, and leave it its pipes."""
        script = "wineserver -p && wine cmd /c exit"
        argv = self._lab.laptop.argv(["sh", "-c", f"{{ {script}; }} </dev/null >/dev/null 2>&1"])
        subprocess.run(argv, env=self._lab.laptop.environment(self.env), timeout=MOST_S, check=True)

    def end(self) -> None:
        """End all that runs under this Wine."""
        subprocess.run(["wineserver", "-k"], env=environment(self.prefix), check=False)

    def argv(self, *arguments: str) -> list[str]:
        """The command line of Python for Windows. What it reads and prints is UTF-8, as on Windows from 3.15 on."""
        return words(PYTHON, "-X", "pycache_prefix=C:\\compiled", *arguments)

    def check_argv(self, *arguments: str) -> list[str]:
        """The command line of `netpreflight check --json`, with the lab's air."""
        return self.argv("-m", "netpreflight.agent", "check", "--json", *arguments, *self._lab.air)

    def check(self, *arguments: str) -> CheckRun:
        """Run it; the lab holds what it sends against what may be sent."""
        argv = self.check_argv(*arguments)
        done = self._lab.laptop.run(*argv, env=self.env, timeout_s=MOST_S)
        assert self._lab.seen
        return CheckRun(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0, self._lab.seen)

    def start_check(self, terminal: PseudoTerminal, *arguments: str) -> subprocess.Popen[str]:
        """Start it on a terminal, which is its console: a Ctrl-C that is typed there is one of Windows'."""
        return subprocess.Popen(
            ["setsid", "--ctty", *self._lab.laptop.argv(self.check_argv(*arguments))],
            env=self._lab.laptop.environment(self.env),
            stdin=terminal.far_end,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def kept(self) -> list[Path]:
        """The runs that were kept, oldest first."""
        return sorted(self.prefix.glob("drive_c/users/*/AppData/Local/**/*.json"))


@contextlib.contextmanager
def wine_on(lab: Lab) -> Generator[Wine]:
    """Wine on a lab's laptop, with a registry and a user's folder of its own."""
    set_up()
    prefix = lab.folder / "wine"
    drive = prefix / "drive_c"
    drive.mkdir(parents=True)
    for made in PREFIX.iterdir():
        if made.is_file():
            shutil.copy2(made, prefix)
    shutil.copytree(PREFIX / "dosdevices", prefix / "dosdevices", symlinks=True)
    for made in (PREFIX / "drive_c").iterdir():
        if made.name == "users":
            shutil.copytree(made, drive / "users", symlinks=True)
        else:
            (drive / made.name).symlink_to(made)
    wine = Wine(lab, prefix)
    try:
        wine.start()
        yield wine
    finally:
        wine.end()


def words(program: str, *arguments: str) -> list[str]:
    """The command line of a program of Windows', for which files of this machine are named as Windows names them."""
    return ["wine", program, *(of_drive(text) if text.startswith("/") else text for text in arguments)]


def of_drive(path: str) -> str:
    """A file of this machine, as Windows names it."""
    return "Z:" + path.replace("/", "\\")

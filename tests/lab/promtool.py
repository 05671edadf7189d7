"""Prometheus' own checker of its text format, from Debian's package `prometheus`, which is not installed.

The package brings a service, fonts and scripts for 96 MB: only `promtool` is taken out of it, once, into .venv.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.wifi.vm import locked

FOLDER = Path(sys.prefix) / "promtool"


def promtool() -> Path:
    """The program; downloaded if it is missing."""
    program = FOLDER / "promtool"
    with locked(FOLDER / "lock"):
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
                _download(Path(folder))
                Path(folder, "usr/bin/promtool").rename(program)
    return program


def _download(folder: Path) -> None:
    """Download the package, and unpack the program."""
    download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"]
    if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode:
        subprocess.run(["apt-get", "-q", "update"], capture_output=True, check=False)
        subprocess.run(download, cwd=folder, capture_output=True, check=True)
    (package,) = folder.glob("*.deb")
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as content:
        subprocess.run(["tar", "-x", "./usr/bin/promtool"], cwd=folder, stdin=content.stdout, check=True)


def complaints(metrics: str) -> str:
    """What promtool says against a text: errors of its format, and names that break its conventions."""
    checked = subprocess.run(
        [str(promtool()), "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
    )
    said = checked.stdout + checked.stderr
    assert (checked.returncode == 0) == (not said), f"exit {checked.returncode}: {said}"
    return said

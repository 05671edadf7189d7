"""Builds the source distribution of WORK/checkout, and the wheel from it, and puts both into INTO.

usage: SOURCE_DATE_EPOCH=SECONDS python packaging/distributions.py WORK INTO
"""

import gzip
import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def build(kind: str, source: Path, into: Path) -> Path:
    """Build a distribution of a folder, as pip does."""
    into.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(into)], cwd=source, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    return into / ran.stdout.splitlines()[-1]


def same_bytes(path: Path, seconds: int) -> None:
    """Write a source distribution anew, in one order, without owners, and all of one time."""
    made = BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = seconds
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    with path.open("wb") as file, gzip.GzipFile("", "wb", mtime=seconds, fileobj=file) as packed:
        packed.write(made.getvalue())


def main() -> None:
    """Build both."""
    work, into = Path(sys.argv[1]), Path(sys.argv[2])
    os.umask(0o022)
    source = build("build_sdist", work / "checkout", into)
    same_bytes(source, int(os.environ["SOURCE_DATE_EPOCH"]))
    with tarfile.open(source) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python (3.11.2) has none
        archive.extractall(work)  # noqa: S202 - it was made above
    wheel = build("build_wheel", work / source.name.removesuffix(".tar.gz"), into)
    for path in (source, wheel):
        sys.stdout.write(f"{path}\n")


main()

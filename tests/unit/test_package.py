"""What is installed: one package, with all its files, from a source distribution that has what a wheel needs."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from netpreflight.agent import __version__

ROOT = Path(__file__).parents[2]
FOLDERS = ("agent", "fleet", "probes", "reports", "systems")
PAGES = "docs/checks"
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
FILES = {
    str(path.relative_to(ROOT))
    for folder in (*FOLDERS, PAGES)
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"


def build(kind: str, source: Path, into: Path) -> Path:
    """Build a distribution, as pip does; what is built is found by its ending."""
    ran = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(into)], cwd=source, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution of this checkout, and the wheel that is built from that."""
    folder = tmp_path_factory.mktemp("package")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in (*FOLDERS, "docs", "tests"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", *DOCUMENTS):
        shutil.copy(ROOT / name, checkout / name)
    for kind in ("sdist", "wheel"):
        (folder / kind).mkdir()
    source = build("build_sdist", checkout, folder / "sdist")
    with tarfile.open(source) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python (3.11.2) has none
        archive.extractall(folder)
    return source, build("build_wheel", folder / f"netpreflight-{__version__}", folder / "wheel")


@pytest.mark.more
def test_the_wheel_has_one_package_with_every_file_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = set(wheel.namelist())
        points = wheel.read(f"netpreflight-{__version__}.dist-info/entry_points.txt").decode()
        told = wheel.read(f"netpreflight-{__version__}.dist-info/METADATA").decode()

    assert {name.split("/")[0] for name in names} == {"netpreflight", f"netpreflight-{__version__}.dist-info"}
    assert {name for name in names if name.startswith("netpreflight/")} == {f"netpreflight/{name}" for name in FILES}
    assert {f"netpreflight/{folder}/py.typed" for folder in FOLDERS} <= names
    assert points.split("\n")[:2] == ["[console_scripts]", "netpreflight = netpreflight.agent.start:main"]
    assert f"\nVersion: {__version__}\n" in told


@pytest.mark.more
def test_the_source_distribution_has_every_file_and_the_tests(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}

    assert names >= FILES
    assert {"tests/unit/data/sample-report-1.json", "docs/architecture.md", "docs/adding.md"} <= names
    assert not {name for name in names if name.startswith("docs/pictures")}  # the README shows them where it is read
    assert {name.split("/")[0] for name in names} == {
        *FOLDERS,
        "docs",
        "tests",
        "netpreflight.egg-info",
        "setup.py",
        "setup.cfg",
        "pyproject.toml",
        "MANIFEST.in",
        "PKG-INFO",
        "LICENSE",
        *DOCUMENTS,
    }


@pytest.mark.more
def test_what_is_installed_finds_the_page_of_each_check(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        wheel.extractall(tmp_path)
    show = "from netpreflight.agent import check_pages as pages; print(pages.__file__); print(pages.page('dhcp.offer'))"
    ran = subprocess.run(
        [sys.executable, "-c", show],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    where, _, shown = ran.stdout.partition("\n")

    assert ran.stderr == ""
    assert Path(where).is_relative_to(tmp_path)
    assert shown == (ROOT / PAGES / "dhcp.offer.md").read_text(encoding="utf-8") + "\n"

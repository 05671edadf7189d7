"""The file for Linux that needs no Python: what is in it, and what it does, held against the checkout.

`packaging/build-linux && .venv/bin/pytest tests/packaging`, as root; tests/run does that, too.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent import __version__
from tests.lab.lab import Lab

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "dist" / "netpreflight-linux-x86_64"
READER = ROOT / "build" / "executable" / "venv" / "bin" / "python"
CHECKOUT = Path(sys.executable).with_name("netpreflight")
MOST_BYTES = 15_000_000
LIST = """
import sys
from PyInstaller.archive.readers import CArchiveReader
archive = CArchiveReader(sys.argv[1])
print(*archive.toc, sep="\\n")
print(*archive.open_embedded_archive("PYZ.pyz").toc, sep="\\n")
"""
pytestmark = pytest.mark.skipif(not BUILT.exists(), reason="packaging/build-linux has not been run")


def run(*arguments: str, program: Path = BUILT, user: str | int | None = None) -> subprocess.CompletedProcess[str]:
    """Run it in an empty folder that belongs to whoever runs it."""
    return subprocess.run(
        [program, *arguments], cwd="/", user=user, capture_output=True, encoding="utf-8", check=False,
        env={"HOME": "/nonexistent", "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def contents() -> list[str]:
    """The names of the files and modules in it."""
    listed = subprocess.run([READER, "-c", LIST, BUILT], capture_output=True, encoding="utf-8", check=True)
    return listed.stdout.splitlines()


def test_it_is_small() -> None:
    assert BUILT.stat().st_size <= MOST_BYTES


def test_it_has_no_scapy_and_nothing_that_no_run_needs(contents: list[str]) -> None:
    unwanted = re.compile(
        r"(scapy|pygments|setuptools|pkg_resources|pip|PyInstaller|markdown_it|mdurl|cryptography|unittest|pydoc|doctest|"
        r"tkinter|_tkinter|xml|xmlrpc|pyexpat|readline|curses|_curses|distutils|"
        r"pytest|mypy|hypothesis|lzma|_lzma|bz2|_bz2|pyroute2\.ndb|pyroute2\.ipdb)\b",
        re.IGNORECASE,
    )
    modules = [name.rpartition("lib-dynload/")[2] for name in contents]

    assert {"netpreflight.agent.cli", "netpreflight.probes.dhcp", "ssl", "libcrypto.so.3"} <= set(modules)
    assert [name for name in modules if unwanted.match(name)] == []


def test_it_has_every_module_for_linux_and_every_page(contents: list[str]) -> None:
    for folder in ("agent", "probes", "reports", "systems", "docs/checks"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_dir() or {"__pycache__", "macos", "windows"} & {path.stem, *path.relative_to(ROOT).parts}:
                continue
            name = f"netpreflight/{path.relative_to(ROOT)}"
            if path.suffix == ".py":
                name = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            assert name in contents


@pytest.mark.parametrize("user", [None, 65534])
@pytest.mark.parametrize("arguments", [("explain", "cloud.transport"), ("devices",), ("devices", "argon")])
def test_it_says_what_the_checkout_says(arguments: tuple[str, ...], user: int | None) -> None:
    said, expected = run(*arguments, user=user), run(*arguments, program=CHECKOUT)

    assert (said.stderr, said.returncode, expected.returncode) == ("", 0, 0)
    # Each names itself in the commands that it tells, and breaks its lines accordingly.
    assert (
        said.stdout.replace(str(BUILT), "netpreflight").split()
        == expected.stdout.replace(str(CHECKOUT), "netpreflight").split()
    )


@pytest.mark.parametrize("user", [None, 65534])
def test_it_judges_a_saved_run(user: int | None) -> None:
    saved = str(ROOT / "tests" / "unit" / "data" / "sample-report-1.json")
    said, expected = (run("report", saved, "--json", user=user), run("report", saved, "--json", program=CHECKOUT))

    assert json.loads(said.stdout) == json.loads(expected.stdout)
    assert said.returncode == expected.returncode == 3


@pytest.mark.parametrize("user", [None, 65534])
def test_it_says_what_this_laptop_can_measure(user: int | None) -> None:
    said = json.loads(run("doctor", "--json", user=user).stdout)
    states = {ability["id"]: ability["state"] for ability in said["abilities"]}

    assert states["packages"] == states["python"] == "yes"


def test_it_offers_its_source_and_has_the_licences_of_what_is_in_it() -> None:
    said = run("--licences").stdout

    assert f"netpreflight {__version__}, as one file" in said
    assert "the complete corresponding source" in said
    for words in ("GNU GENERAL PUBLIC LICENSE", "PYTHON SOFTWARE FOUNDATION LICENSE", "Apache License", "OpenSSL"):
        assert words in said
    for package in ("dnspython", "Jinja2", "msgspec", "netifaces-plus", "ntplib", "pyroute2", "typer"):
        assert re.search(rf"^{package} [\d.]+: ", said, re.MULTILINE), package
    assert "scapy 2" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("add", "."),
        ("summary",),
        ("changes", "--json"),
        ("site", "a"),
        ("query", "SELECT 1"),
        ("rejudge",),
        ("export",),
    ],
    ids=" ".join,
)
def test_it_says_what_has_the_questions_about_many_sites(words: tuple[str, ...]) -> None:
    done = run("fleet", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "netpreflight: fleet needs DuckDB, which this one file does not have: install netpreflight with Python, by pip "
        "install 'netpreflight[fleet]'\n"
    )


@pytest.mark.lab
@pytest.mark.parametrize("device", ["argon", "photon"])
@pytest.mark.parametrize("fault", [{}, {"argon_cloud": "silent", "photon_cloud": "silent"}, {"dhcp": None}])
def test_it_judges_a_network_as_the_checkout_does(device: str, fault: dict[str, Any], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with Lab(known_key=False, **fault) as lab:  # the file's own, and not one that the lab puts into the checkout
        arguments = ("check", "--device", device, "--skip", "wifi", "--no-keep", "--json")
        done = lab.laptop.run(str(BUILT), *arguments, "-o", str(page), timeout_s=90)
        expected = lab.check("--device", device, "--skip", "wifi")
    report = json.loads(done.stdout)

    assert (report["verdict"], done.returncode) == (expected.report["verdict"], expected.exit_code)
    assert [(check["id"], check["status"]) for check in report["checks"]] == [
        (check["id"], check["status"]) for check in expected.report["checks"]
    ]
    healthy = "compatible-with-warnings" if device == "argon" else "compatible"
    assert expected.report["verdict"] == ("incompatible" if fault else healthy)
    assert "<html" in page.read_text(encoding="utf-8")


@pytest.mark.lab
def test_it_keeps_a_watch_in_sqlite_and_reads_it_again(tmp_path: Path) -> None:
    store = tmp_path / "watch.sqlite"
    with Lab(known_key=False) as lab:
        watched = lab.laptop.run(
            str(BUILT), "watch", "--device", "argon", "--duration", "5s", "--store", str(store), timeout_s=60
        )
    told, expected = (run("watch", "report", str(store), "--json", program=program) for program in (BUILT, CHECKOUT))

    assert watched.returncode == told.returncode == 0, watched.stderr + told.stderr
    # Both versions of the file's format are 2 in WAL mode (sqlite.org/fileformat2.html, offsets 18 and 19).
    assert (store.read_bytes()[:16], store.read_bytes()[18:20]) == (b"SQLite format 3\0", b"\2\2")
    assert json.loads(told.stdout) == json.loads(expected.stdout)
    assert json.loads(told.stdout)["observed_s"] >= 4

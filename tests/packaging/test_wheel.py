"""The wheel and the source distribution, installed into empty environments of the oldest and the newest Python here.

`packaging/build-linux && .venv/bin/pytest tests/packaging`, as root; tests/run does that, too.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from netpreflight.agent import __version__

ROOT = Path(__file__).parents[2]
WHEEL = ROOT / "dist" / f"netpreflight-{__version__}-py3-none-any.whl"
SOURCE = ROOT / "dist" / f"netpreflight-{__version__}.tar.gz"
NOBODY = 65534
pytestmark = pytest.mark.skipif(not WHEEL.exists(), reason="packaging/build-wheel has not been run")


def pythons() -> list[str]:
    """The oldest and the newest Python here that are new enough: the system's, and pyenv's."""
    of_pyenv = Path.home().glob(".pyenv/versions/3.1[1-9].*/bin/python")
    found = {str(path): path.parts[-3] for path in of_pyenv}
    found |= {path: f"3.{minor}" for minor in range(11, 15) if (path := shutil.which(f"/usr/bin/python3.{minor}"))}
    in_order = sorted(found, key=lambda path: [int(part) for part in found[path].split(".")])
    return [in_order[0], in_order[-1]]


def command(*argv: str | Path, user: int | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command without anything of this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "PIP_INDEX_URL", "PIP_CONFIG_FILE") if name in os.environ}
    return subprocess.run(
        argv, cwd=cwd or "/", user=user, capture_output=True, encoding="utf-8", check=False,
        env=kept | {"HOME": "/nonexistent" if user else str(Path.home()), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def pip(venv: Path) -> list[str | Path]:
    """The command of this environment's pip, for another environment, which then has nothing but what is installed."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", venv / "bin" / "python"]


def somebody(folder: Path) -> int | None:
    """A user without rights, unless the environment's Python is root's only (pyenv's, in root's home)."""
    return None if (folder / "python").resolve().is_relative_to(Path.home()) else NOBODY


@pytest.fixture(scope="module", params=[(0, WHEEL), (-1, WHEEL), (0, SOURCE), (-1, SOURCE)], ids=str)
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The commands of an environment that has nothing but what was installed with the distribution."""
    which, distribution = request.param
    with tempfile.TemporaryDirectory() as made_for:  # pytest's own folders are closed to others
        venv = Path(made_for)
        venv.chmod(0o755)
        made = command(pythons()[which], "-m", "venv", "--without-pip", venv)
        assert made.returncode == 0, made.stderr
        installed = command(*pip(venv), "install", "--quiet", distribution)
        assert installed.returncode == 0, installed.stderr
        yield venv / "bin"


def test_it_is_whole(folder: Path) -> None:
    checked = command(*pip(folder.parent), "check")

    assert (checked.stdout, checked.returncode) == ("No broken requirements found.\n", 0)


def test_it_claims_one_name(folder: Path) -> None:
    (record,) = folder.parent.glob(f"lib/python*/site-packages/netpreflight-{__version__}.dist-info/RECORD")
    places = {line.partition(",")[0].partition("/")[0] for line in record.read_text().splitlines()}

    assert places == {"netpreflight", f"netpreflight-{__version__}.dist-info", ".."}
    assert "../../../bin/netpreflight," in record.read_text()


def test_it_explains_and_judges_from_an_empty_folder_as_an_ordinary_user(folder: Path) -> None:
    tool = folder / "netpreflight"
    saved = folder.parent / "saved.json"  # ordinary users may enter that folder
    shutil.copy(ROOT / "tests" / "unit" / "data" / "sample-report-1.json", saved)
    own = folder.parent / "own"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    page = own / "report.html"
    said = [
        command(tool, *arguments, user=somebody(folder))
        for arguments in (
            ("--version",),
            ("explain", "cloud.transport"),
            ("devices",),
            ("report", saved, "-o", page),
            ("doctor",),
        )
    ]

    assert [done.returncode for done in said[:4]] == [0, 0, 0, 3]
    assert said[4].returncode in {0, 3}
    assert [done.stderr for done in said] == [""] * 5
    assert said[0].stdout == f"netpreflight {__version__}\n"
    assert "Asks: does the device's own cloud answer it" in said[1].stdout
    assert "<html" in page.read_text(encoding="utf-8")


def test_it_prints_the_licences(folder: Path) -> None:
    assert "\nscapy 2." in command(folder / "netpreflight", "--licences", user=somebody(folder)).stdout


def test_the_same_commit_gives_the_same_bytes() -> None:
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (WHEEL, SOURCE)]
    built = command(ROOT / "packaging" / "build-wheel")
    assert built.returncode == 0, built.stderr

    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in (WHEEL, SOURCE)] == before


def test_it_runs_by_uvx(tmp_path: Path) -> None:
    (uv,) = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["lock"]
    made = command(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    assert made.returncode == 0, made.stderr
    installed = command(*pip(tmp_path / "venv"), "install", "--quiet", uv)
    assert installed.returncode == 0, installed.stderr
    uvx = tmp_path / "venv" / "bin" / "uvx"
    options = ("--quiet", "--no-config", "--native-tls", "--cache-dir", tmp_path / "cache", "--python", pythons()[-1])

    told = command(uvx, *options, "--from", WHEEL, "netpreflight", "explain", "cloud.transport")

    assert (told.stderr, told.returncode) == ("", 0)
    assert "Asks: does the device's own cloud answer it" in told.stdout

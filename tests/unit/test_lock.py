"""The lock files have what pyproject.toml asks for, at one version each, with hashes, on every Python and system.

No network is needed: what a locked package needs itself is known from the packages that are installed here.
`tests/lock` asks the index, and fails if a wheel is missing for one of the systems.
"""

import re
import tomllib
import zlib
from functools import cache
from importlib import metadata
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "requirements-fleet.lock": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["fleet"],
    ],
    "tests/requirements.lock": PROJECT["dependency-groups"]["test"],
}
SYSTEMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "x86_64"), ("darwin", "arm64"), ("win32", "AMD64")]
PYTHONS = [
    classifier.rpartition(" ")[2]
    for classifier in PROJECT["project"]["classifiers"]
    if re.search(r":: Python :: 3\.\d+$", classifier)
]
PLACES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_machine": machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "nt" if system == "win32" else "posix",
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "extra": "",
    }
    for python, (system, machine) in product(PYTHONS, SYSTEMS)
]
STALE = "write the lock files anew: tests/lock"


class Pin(Requirement):
    """One entry of a lock file."""

    def __init__(self, entry: str) -> None:
        told, *hashes = entry.replace("\\\n", "").partition("\n")[0].split(" --hash=")
        super().__init__(told.strip())
        self.hashes = [text.strip() for text in hashes]
        self.asked_for = "netpreflight (pyproject.toml" in entry
        self.version = str(self.specifier).removeprefix("==")
        self.key = canonicalize_name(self.name)


@cache
def pins(file: str) -> list[Pin]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return [Pin(entry) for entry in re.split(r"\n(?=[a-z])", text)[1:]]


def holds(wanted: Requirement, place: dict[str, str]) -> bool:
    return wanted.marker is None or wanted.marker.evaluate(place)


def chosen(file: str, wanted: Requirement, place: dict[str, str]) -> list[Pin]:
    """What is installed at a place to meet a requirement."""
    return [pin for pin in pins(file) if pin.key == canonicalize_name(wanted.name) and holds(pin, place)]


@pytest.mark.more
def test_the_size_that_setting_up_tells_is_that_of_what_is_installed() -> None:
    """A wheel is a ZIP file of what is installed, so its size can be told without it."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    told = re.search(r"^# Download on Linux: about (\d+) MB$", text, re.MULTILINE)
    packed = sum(
        len(zlib.compress(path.read_bytes()))
        for pin in pins("requirements.lock")
        if pin.marker is None or pin.marker.evaluate()
        for file in metadata.files(pin.name) or []
        if (path := Path(str(file.locate()))).suffix != ".pyc" and path.is_file()
    )

    assert told, STALE
    assert packed / 1e6 == pytest.approx(int(told[1]), rel=0.2), STALE


@pytest.mark.parametrize("file", WANTED)
def test_everything_has_one_version_and_hashes(file: str) -> None:
    for pin in pins(file):
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        assert pin.url is None
        assert pin.hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in pin.hashes), pin
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not re.search(r"^-|://", text, re.MULTILINE), (
        "no option and no address: the user says where packages are from"
    )


@pytest.mark.parametrize("file", WANTED)
def test_what_the_project_asks_for_is_locked_everywhere(file: str) -> None:
    assert len(PYTHONS) == 4
    for text, place in product(WANTED[file], PLACES):
        wanted = Requirement(text)
        if holds(wanted, place):
            found = chosen(file, wanted, place)
            assert [wanted.specifier.contains(pin.version) for pin in found] == [True], f"{text} {place}: {STALE}"


@pytest.mark.parametrize("file", WANTED)
def test_what_is_installed_is_what_is_locked_and_needs_nothing_else(file: str) -> None:
    here = [pin for pin in pins(file) if pin.marker is None or pin.marker.evaluate()]
    assert len(here) > 15
    for pin in here:
        assert metadata.version(pin.key) == pin.version, (
            f"{pin.key}: {STALE}, or update .venv: ./netpreflight --version"
        )
        needed = [Requirement(text) for text in metadata.requires(pin.key) or ()]
        for wanted, place in product(needed, PLACES):
            if holds(pin, place) and holds(wanted, place):
                found = chosen(file, wanted, place)
                assert [wanted.specifier.contains(each.version) for each in found] == [True], (
                    f"{pin.key}: {wanted}: {STALE}"
                )


@pytest.mark.parametrize("file", WANTED)
def test_nothing_is_locked_that_nobody_needs(file: str) -> None:
    asked_for = {pin.key for pin in pins(file) if pin.asked_for}

    assert asked_for == {canonicalize_name(Requirement(text).name) for text in WANTED[file]}, STALE


@pytest.mark.parametrize("file", ["requirements-fleet.lock", "tests/requirements.lock"])
def test_both_lock_files_agree(file: str) -> None:
    versions = {pin.key: pin.version for pin in pins("requirements.lock")}
    tools = {pin.key: pin.version for pin in pins(file)}

    assert {key: tools[key] for key in versions.keys() & tools.keys()} == {
        key: versions[key] for key in versions.keys() & tools.keys()
    }

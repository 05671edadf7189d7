"""One virtual machine for all tests of the Wi-Fi lab that a worker runs."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.wifi.radios import Radios
from tests.wifi.surveys import Surveys
from tests.wifi.vm import Guest, prepare


@pytest.fixture(scope="session")
def guest() -> Generator[Guest]:
    """The machine, booted."""
    with Guest(prepare()) as booted:
        yield booted


@pytest.fixture(scope="session")
def radios(guest: Guest) -> Radios:
    """Its radios; the laptop's is in a network namespace of its own."""
    return Radios(guest)


@pytest.fixture(scope="session")
def surveys(radios: Radios, tmp_path_factory: pytest.TempPathFactory) -> Surveys:
    """What was heard of each of the lab's airs, each put on the air once."""
    folder: Path = tmp_path_factory.mktemp("captures")
    return Surveys(radios, folder)

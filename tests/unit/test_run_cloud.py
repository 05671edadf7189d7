"""The cloud's probes in the run: which ones a selection needs, and whom they ask."""

from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, run
from netpreflight.agent.run import Air, measure
from netpreflight.agent.selection import Selection
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Observation, Scope

CLOUD = ("tcp", "echo", "mapping")


def not_run(only: str, *, deep: bool) -> dict[str, str | None]:
    """Why each of the cloud's probes did not run on a laptop without an interface; nothing for those not wanted."""
    made = measure(Scope(), Air(), profiles.load("argon"), Selection(only=[only]), lambda _: None, deep=deep)
    seen: dict[str, Observation | None] = {name: getattr(made.observations, name) for name in CLOUD}
    return {name: one.not_run for name, one in seen.items() if one}


@pytest.mark.parametrize(
    ("only", "deep", "wanted"),
    [
        ("cloud.transport", False, ["tcp", "echo"]),
        ("cloud.transport", True, ["tcp", "echo", "mapping"]),
        ("ntp.reply", True, []),
    ],
)
def test_they_run_with_the_check_of_the_cloud(*, only: str, deep: bool, wanted: list[str]) -> None:
    assert not_run(only, deep=deep) == dict.fromkeys(wanted, "this laptop has no network interface")


def test_a_server_that_two_devices_share_is_asked_once() -> None:
    argon = profiles.load("argon")
    twin = msgspec.structs.replace(argon, name="twin")

    assert run.echo_targets([argon, twin]) == [(2, argon.cloud.hosts.value[0], 5684, 4)]
    assert run.echo_targets([profiles.load("msom"), argon]) == [(2, argon.cloud.hosts.value[0], 5684, 5)]
    assert run.echo_targets([profiles.load("argon", "6.1.0")]) == [(1, argon.cloud.hosts.value[0], 5684, 4)]
    assert run.echo_targets([profiles.load("argon", "5.5.0")]) == []
    assert run.echo_targets([profiles.load("photon"), profiles.load("generic")]) == []


def test_who_needs_what() -> None:
    p2, argon, photon, generic = (profiles.load(name) for name in ("p2", "argon", "photon", "generic"))

    assert run.aaaa_names([p2, photon, generic]) == set(p2.cloud.hosts.value)
    assert run.aaaa_names([argon, photon, generic]) == set()
    assert run.hold_s([argon, photon]) == 30
    assert run.hold_s([profiles.load("argon", "2.0.0"), photon]) == 35


def test_a_deep_run_gives_a_device_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    class Noting(Network):
        def __init__(self, interface: str, started: float, most_run_s: float, **rest: Any) -> None:
            super().__init__(interface, started, most_run_s, **rest)
            limits.append(most_run_s)

    monkeypatch.setattr(run, "Network", Noting)
    for deep in (False, True):
        not_run("cloud.transport", deep=deep)

    assert limits[0] == 19
    assert limits[1] >= 45 + 20, "a handshake given up after 45 s, behind a slow DHCP server and resolvers"

"""The survey in the run: which network is meant, what is told early, and what is kept of a run that is cut short."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.report import Run
from netpreflight.agent.results import Check
from netpreflight.agent.run import AirChoice, RunSettings, measure
from netpreflight.agent.selection import Selection
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Fault, Scope, Wifi
from tests.unit.seen import FREQUENCIES, bss
from tests.unit.seen import wifi as survey

AIR = [check_id for check_id in CHECKS if check_id.startswith("wifi.")]
LOW = [frequency for frequency in FREQUENCIES if frequency < 3000]
Partial = Callable[[Wifi], None] | None


def heard(**fields: Any) -> Wifi:
    """What a source returns: it knows of no network that is meant."""
    return survey(target=None, target_from=None, **fields)


def run(
    monkeypatch: pytest.MonkeyPatch, result: Wifi | Exception, air: AirChoice | None = None, early: Wifi | None = None,
    interface: str = "wlan0",
) -> tuple[Run, list[Check]]:  # fmt: skip
    """A run of the air alone: it opens no socket, and sends nothing."""

    async def looks(_network: Network, _interface: str | None, ssid: str | None, *, on_partial: Partial) -> Wifi:
        if early is not None and on_partial is not None:
            on_partial(early)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr("netpreflight.agent.run.wifi", looks)
    told: list[Check] = []
    here = Scope(interface=interface, state="up")
    return measure(
        RunSettings(here, air or AirChoice(), profiles.load("generic"), Selection(only=AIR), told.append)
    ), told


def test_the_network_that_the_laptop_is_on_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = run(monkeypatch, heard(associated_ssid="Home", associated_bssid="02:00:00:00:00:06"))
    scope, wifi = made.observations.scope, made.observations.wifi

    assert wifi is not None
    assert (wifi.target, wifi.target_from) == ("Home", "association")
    assert (scope.ssid, scope.bssid, scope.medium) == ("Home", "02:00:00:00:00:06", "wifi")
    assert {check.id: check.status for check in told if check.id in AIR} == dict.fromkeys(AIR, "pass")
    assert made.footprint == []


def test_the_network_that_the_user_names_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = run(monkeypatch, heard(associated_ssid="Neighbour"), AirChoice("Home"))

    assert made.observations.wifi is not None
    assert (made.observations.wifi.target, made.observations.wifi.target_from) == ("Home", "option")
    assert made.observations.scope.ssid == "Neighbour"
    assert told[0].status == "pass"


def test_another_radio_says_nothing_of_the_interface_under_test(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = run(monkeypatch, heard(associated_ssid="Home"), interface="eth0")[0].observations.scope

    assert (scope.ssid, scope.bssid, scope.medium) == (None, None, None)


def test_a_capture_is_taken_and_nothing_is_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = run(
        monkeypatch, AssertionError("it scanned"), AirChoice("Home", heard(source="capture", interface=None))
    )

    assert made.observations.wifi is not None
    assert made.observations.wifi.source == "capture"
    assert {check.status for check in told if check.id in AIR} == {"pass"}


def test_what_2_4_ghz_settles_is_told_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    early = heard(frequencies_mhz=LOW)
    final = heard(bss=[bss(), bss(36, frequency_mhz=5180)])
    told = [
        (check.id, check.status) for check in run(monkeypatch, final, AirChoice("Home"), early)[1] if check.id in AIR
    ]

    later = {"wifi.shared-ssid": "warn", "wifi.ssid": "pass"}
    assert told == [*((frame, "pass") for frame in AIR if frame not in later), *later.items()]


def test_what_2_4_ghz_does_not_settle_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    early = heard(bss=[bss(1, ssid="other")], frequencies_mhz=LOW)
    told = [
        (check.id, check.status) for check in run(monkeypatch, heard(), AirChoice("Home"), early)[1] if check.id in AIR
    ]

    assert sorted(told) == sorted((frame, "pass") for frame in AIR)


def test_a_run_that_is_cut_short_keeps_2_4_ghz(monkeypatch: pytest.MonkeyPatch) -> None:
    async def looks(_network: Network, _interface: str | None, _ssid: str | None, *, on_partial: Partial) -> Wifi:
        assert on_partial is not None
        on_partial(heard(frequencies_mhz=LOW))
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()
        raise AssertionError("never")

    monkeypatch.setattr("netpreflight.agent.run.wifi", looks)
    made = measure(RunSettings(Scope(), AirChoice("Home"), profiles.load("generic"), Selection(only=AIR)))

    assert not made.complete
    assert made.observations.wifi is not None
    assert [candidate.ssid for candidate in made.observations.wifi.bss] == ["Home"]


def test_a_fault_of_the_survey_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = run(monkeypatch, RuntimeError("on purpose"))

    assert made.observations.wifi is not None
    assert "on purpose" in (made.observations.wifi.not_run or "")
    fault = made.observations.wifi.fault
    assert isinstance(fault, Fault)
    assert (fault.type, fault.message) == ("RuntimeError", "on purpose")
    assert [frame.file for frame in fault.frames] == ["agent/run.py", "agent/run.py", "tests/unit/test_run_wifi.py"]
    assert fault.frames[-1].function == "looks"
    assert {check.status for check in told if check.id in AIR} == {"unknown"}

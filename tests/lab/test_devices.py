"""Every device and generation of Device OS on real networks: what `tests.unit.networks` expects of each."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent import profiles, report
from tests.lab.lab import Lab
from tests.lab.servers import Dhcp
from tests.unit.again import with_key
from tests.unit.networks import GROUPS, NETWORKS, STUCK, Seen

pytestmark = pytest.mark.lab

RUNS = {"argon": ("1.5.2", "2.0.0", "4.2.0", "5.8.2", "6.2.0")}
"""A run for each name that the cloud has had: the devices and versions with that name are judged from it."""
PARTICLE = ("device.spark.io", "*.udp.particle.io", "*.udp-mesh.particle.io")


def clouds(lab: Lab) -> None:
    """Drop what the clouds of all devices listen on."""
    lab.gateway.drop("tcp", 5683)
    lab.gateway.drop("udp", 5684)


def clouds_and_tests(lab: Lab) -> None:
    """And what the Internet Tests ask."""
    clouds(lab)
    lab.gateway.drop("udp", 123)
    lab.gateway.drop("tcp", 53)


def cloud_stays_silent(lab: Lab) -> None:
    """Accept TCP in the cloud's place, and drop UDP."""
    lab.transparent_proxy()
    lab.gateway.drop("udp", 5684)


@dataclass(frozen=True)
class Network:
    """How the lab becomes the network that the table describes; `of` is its name there."""

    of: str
    lab: Mapping[str, Any] = field(default_factory=dict)
    breaks: Callable[[Lab], object] = lambda lab: None
    differs: Mapping[str, Seen] = field(default_factory=dict)
    """Devices for which this is not known, or otherwise than for their group."""


NOT_KNOWN = Seen(online=None)
LABS = {
    "everything-works": Network("everything-works"),
    "only-ntp-blocked": Network("only-ntp-blocked", breaks=lambda lab: lab.gateway.drop("udp", 123)),
    "only-8.8.8.8-blocked": Network("only-8.8.8.8-blocked", breaks=lambda lab: lab.gateway.drop("tcp", 53)),
    "cloud-blocked": Network("cloud-blocked", breaks=clouds),
    "cloud-and-tests-blocked": Network("cloud-and-tests-blocked", breaks=clouds_and_tests),
    "cloud-blocked-ntp-kiss-of-death": Network(
        "cloud-blocked-ntp-kiss-of-death", {"ntp": "kiss-of-death"}, breaks=clouds
    ),
    "cloud-blocked-ntp-short": Network("cloud-blocked-ntp-short", {"ntp": "short"}, breaks=clouds),
    "cloud-blocked-ntp-name-filtered": Network(
        "cloud-blocked-ntp-name-filtered", {"unknown_names": ("pool.ntp.org",)}, breaks=clouds
    ),
    "cloud-accepts-and-stays-silent": Network("cloud-accepts-and-stays-silent", breaks=cloud_stays_silent),
    "cloud-blocked-echo-answers": Network(
        "cloud-blocked-echo-answers",
        {"argon_cloud": "echo-only"},
        breaks=lambda lab: lab.gateway.drop("tcp", 5683),
    ),
    "cloud-name-filtered": Network("cloud-name-filtered", {"unknown_names": PARTICLE}),
    "no-name-resolves": Network("no-name-resolves", {"dns": "silent"}),
    "no-name-resolves-8.8.8.8-blocked": Network(
        "no-name-resolves-8.8.8.8-blocked", {"dns": "silent"}, breaks=lambda lab: lab.gateway.drop("tcp", 53)
    ),
    "every-name-servfail": Network("every-name-servfail", {"dns": "servfail"}),
    "every-name-refused": Network("every-name-servfail", {"dns": "refused"}),
    "every-name-truncated": Network("every-name-servfail", {"dns": "truncated"}),
    "every-name-nxdomain": Network("every-name-servfail", {"dns": "nxdomain"}),
    "first-resolver-dead": Network(
        "first-resolver-dead",
        {"dns": "silent", "second_dns": "real"},
        differs=dict.fromkeys(("core", "photon", "p1"), NOT_KNOWN),
    ),
    "no-dhcp": Network("no-dhcp", {"dhcp": None}),
    "dhcp-refuses": Network("no-dhcp", {"dhcp": "nak"}),
    "dhcp-ignores-unknown-macs": Network("no-dhcp", {"dhcp": Dhcp(known_only=True)}),
    "dhcp-grants-no-resolver": Network(
        "no-dhcp", {"dhcp": Dhcp(resolvers=())}, differs=dict.fromkeys(("photon", "p1", "core"), NOT_KNOWN)
    ),
    "dhcp-grants-no-router": Network(
        "everything-works", {"dhcp": Dhcp(router=None)}, differs=dict.fromkeys(("core", "photon", "p1"), NOT_KNOWN)
    ),
}


ECHOES = "udp.dstport == 5684 && udp.payload[0] == 0xfc"
NO_ECHO = 2**32 - 1


def test_argon_by_its_firmware() -> None:
    """device-facts 7: cloud and NTP blocked. What 6.2.0 logs of its echoes is what was sent, by tshark's count."""
    with Lab() as lab:
        ntp, cloud = lab.gateway.drop("udp", 123), lab.gateway.drop("udp", 5684)
        older = lab.check("--device", "argon", "--os", "4.2.0")
        assert min(ntp.counter(), cloud.counter()) > 0
        with lab.capture() as capture:
            newer = lab.check("--device", "argon", "--os", "6.2.0")
        sizes = [int(size) - 8 for (size,) in capture.fields("udp.length", display_filter=ECHOES)]
        ntp.remove()
        cloud.remove()
        healthy = [lab.check("--device", "argon", "--os", version) for version in ("4.2.0", "6.2.0")]

    assert [run.exit_code for run in (older, newer)] == [1, 1]
    old, new = (run.report["internet_test"] for run in (older, newer))
    assert (old["method"], old["result"], old["runs"]) == ("ntp", "timeout", True)
    assert (old["led"]["colour"], old["led"]["blinks"]) == ("orange", 2)
    assert old["log"] == ["Internet test failed: timeout", "Handling cloud error: 2"]
    assert (new["method"], new["result"], new["runs"]) == ("echo-2", "passed", True)
    assert (new["led"]["colour"], new["led"]["blinks"]) == ("orange", 3)
    # The firmware counts whole packets that it sent, and of those that it received the payload.
    counts = f"0/{len(sizes)} packets (0 tx errors) 0/{sum(sizes)} bytes received"
    assert new["log"] == [
        f"WiFi: {counts}, avg rtt: 0, mask=0000, score={NO_ECHO}",
        "Internet available, cloud not reachable",
        "Handling cloud error: 3",
    ]
    assert len(sizes) == 10
    for run in (older, newer):
        told = {version["since"]: version for version in run.report["versions"]}
        assert (told["2.0.0"]["method"], told["2.0.0"]["internet_test"]) == ("ntp", "timeout")
        assert (told["2.0.0"]["before"], told["2.0.0"]["online"]) == ("5.6.0", False)
        assert (told["6.2.0"]["method"], told["6.2.0"]["internet_test"]) == ("echo-2", "passed")
        assert (told["6.2.0"]["before"], told["6.2.0"]["online"]) == (None, False)
        assert ("2 blinks" in told["2.0.0"]["led"], "3 blinks" in told["6.2.0"]["led"]) == (True, True)
        assert told["2.0.0"]["log"] == "Internet test failed: timeout"
        assert told["6.2.0"]["log"] == "Internet available, cloud not reachable"
    for run in healthy:
        assert (run.exit_code, run.report["startup"]["online"]) == (0, True)
        assert run.report["internet_test"]["runs"] is False


def test_argon_with_echoes_and_no_dtls() -> None:
    with Lab(argon_cloud="echo-only") as lab:
        ntp = lab.gateway.drop("udp", 123)
        with lab.capture() as capture:
            run = lab.check("--device", "argon", "--os", "6.2.0")
        assert ntp.counter() > 0
        sent = capture.fields("udp.length", display_filter=ECHOES)
        came = capture.fields("udp.length", display_filter=ECHOES.replace("dst", "src"))
    test = run.report["internet_test"]

    assert sent == came
    assert len(sent) == 1
    assert (run.exit_code, test["method"], test["result"], test["runs"]) == (1, "echo-2", "passed", True)
    assert test["led"]["blinks"] == 3
    assert "1 of 1 echo came back" in test["reason"]
    assert re.fullmatch(r"WiFi: <n>/10 packets \(0 tx errors\) <n>/<n> bytes received, .*", test["log"][0])
    assert test["log"][1:] == ["Internet available, cloud not reachable", "Handling cloud error: 3"]


@pytest.mark.parametrize("name", LABS)
def test_every_device(name: str, tmp_path: Path) -> None:
    network = LABS[name]
    expected = NETWORKS[network.of][1]
    judged: set[tuple[str, str]] = set()
    with Lab(**network.lab) as lab:
        network.breaks(lab)
        for version in RUNS["argon"]:
            run = lab.check("--device", "argon", "--os", version)
            saved = tmp_path / f"{version}.json"
            saved.write_text(run.stdout)
            judged |= judge_all(saved, version, expected, network.differs, lab.server_key)
            told = {device["name"]: device for device in run.report["devices"]}
            assert list(told) == profiles.names()
            assert (told["argon"]["os_version"], told["argon"]["online"]) == (version, run.report["startup"]["online"])
    assert judged == {device for devices in GROUPS.values() for device in devices}


def judge_all(
    saved: Path, version: str, expected: Mapping[str, Seen], differs: Mapping[str, Seen], key: str
) -> set[tuple[str, str]]:
    """Judge a run for every device whose cloud has the name that was asked for in it; returns which those are.

    The devices carry `key`, as they do where the run was made.
    """
    asked = set(profiles.load("argon", version).cloud.hosts.value)
    if version == RUNS["argon"][-1]:
        asked |= set(profiles.load("photon").cloud.hosts.value)
    run, _ = report.load(saved)
    found = set()
    for group, devices in GROUPS.items():
        for device, os_version in devices:
            profile = with_key(profiles.load(device, os_version), key)
            if not asked & set(profile.cloud.hosts.value):
                continue
            found.add((device, os_version))
            made = report.make(run, profile)
            wanted, test = differs.get(device, expected[group]), made.internet_test
            words = f"{device} {os_version}: {json.dumps([f'{check.id} {check.status}' for check in made.checks])}"
            assert made.startup.online is wanted.online, words
            assert test.method == group, words
            if wanted.blinks is not None:
                assert test.runs, words
                assert test.led is not None, words
                assert test.led.blinks == wanted.blinks, words
                assert made.startup.log[-2:] == [wanted.line, f"Handling cloud error: {wanted.blinks}"], words
            elif wanted == STUCK:
                assert test.runs is False, words
                assert not any("cloud error" in line for line in made.startup.log), words
    return found

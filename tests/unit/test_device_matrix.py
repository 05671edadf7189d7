"""Every device and generation of Device OS on every kind of network: online or not, blinks, log line.

The expectations are those of shared/device-facts.md, section 7, with its sections 1, 2 and 5 for the other rows; they
are written by hand and use nothing of `agent`.
"""

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.selection import Selection
from tests.unit.networks import GROUPS, NETWORKS, Seen, network

NOT_KNOWN = {("first-resolver-dead", "core"), ("first-resolver-dead", "photon"), ("first-resolver-dead", "p1")}
"""Not confirmed: whether these keep a second resolver."""
CASES = [
    pytest.param(network, device, version, group, marks=() if (device, version) == devices[0] else pytest.mark.more)
    for network in NETWORKS
    for group, devices in GROUPS.items()
    for device, version in devices
]


@pytest.mark.parametrize(("name", "device", "version", "group"), CASES, ids=str)
def test_what_the_device_does(name: str, device: str, version: str, group: str) -> None:
    broken, expected = NETWORKS[name]
    judged = judge(network(**broken), profiles.load(device, version), Selection())
    test, start = judged.internet_test, judged.startup
    wanted = Seen(online=None) if (name, device) in NOT_KNOWN else expected[group]

    assert test.method == group
    assert start.online is wanted.online
    verdicts = {
        True: {"compatible", "compatible-with-warnings"},
        False: {"incompatible"},
        None: {"undetermined", "compatible-with-warnings"},
    }
    assert judged.verdict in verdicts[wanted.online]
    if wanted.online is None:
        assert not test.runs
        return
    assert test.runs is (wanted.blinks is not None)
    if wanted.blinks is not None:
        assert test.led is not None
        assert (test.led.blinks, test.led.colour) == (wanted.blinks, "orange")
        assert test.log[-2:] == [wanted.line, f"Handling cloud error: {wanted.blinks}"]
        assert start.log[-2:] == test.log[-2:]
    elif wanted.online:
        assert start.log[-1] == "Cloud connected"
        assert start.led == "breathing cyan"
    else:
        assert not any("cloud error" in line for line in start.log)


def test_every_generation_is_here() -> None:
    assert {group for _, expected in NETWORKS.values() for group in expected} == set(GROUPS)
    assert all(set(expected) == set(GROUPS) for _, expected in NETWORKS.values())

"""Words that several renderings have in common."""

from typing import Any

from agent.profiles import Fact
from agent.verdicts import DeviceVerdict, VersionVerdict

METHODS = {
    "none": "none",
    "tcp": "TCP to 8.8.8.8 port 53",
    "ntp": "NTP, pool.ntp.org",
    "echo-1": "cloud echo, first form",
    "echo-2": "cloud echo, second form",
}
"""The device's Internet Test, by `method`."""
ONLINE = {True: "It gets online.", False: "It does not get online.", None: "Whether it gets online is not known."}
"""How a start ends."""


def runs(test_runs: bool | None, when: str) -> str:  # noqa: FBT001 - the field of InternetTest itself
    """Whether the Internet Test runs here, as an introduction to its log and LED."""
    return {
        True: "Here it runs, because the cloud connection fails. Its log and LED:",
        False: f"Here it does not run: it does {when}. Its log and LED where it runs:",
        None: f"Whether it runs here is not known: it does {when}. Its log and LED if it runs:",
    }[test_runs]


def doubts(facts: list[Fact[Any]]) -> list[str]:
    """The facts of the device that are not confirmed, with where they come from."""
    doubtful = [one for one in facts if one.certainty != "confirmed"]
    return list(dict.fromkeys(f"{one.certainty}: {one.name} ({one.source})" for one in doubtful))


def at_the_end(one: DeviceVerdict | VersionVerdict) -> str:
    """LED and log at the end of a start, where that is known."""
    return "" if one.online is None else ": ".join(filter(None, (one.led, one.log)))

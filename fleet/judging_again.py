"""Judging a run of the table `raw` again: one pure function, for the pool on one machine and for a cluster alike.

It is the judging of `netpreflight report`, without what only a report shows. No clock, no network, no files.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from netpreflight.agent import profiles
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import RULES, judged
from netpreflight.agent.results import Check
from netpreflight.fleet.document import unpacked_run


class Again(NamedTuple):
    """How a run is judged for one device: columns of the table `verdicts`."""

    device: str
    os: str | None
    verdict: str
    online: bool | None
    stops_at: str | None
    rules: str
    failing: str


def judge_again(document: bytes, profile: Profile) -> Again:
    """Judge a run for a device and a version of Device OS, by the rules of this version.

    Args:
        document: the run, as `raw` holds it.
        profile: the device.

    Raises:
        ValueError: there is no run in it.
    """
    _, judgement = judged(unpacked_run(document).run, profile)
    return Again(
        device=profile.name,
        os=profile.os_version,
        verdict=judgement.verdict,
        online=judgement.startup.online,
        stops_at=judgement.startup.stops_at,
        rules=rules_of(profile),
        failing=failing(judgement.checks),
    )


def rules_of(profile: Profile) -> str:
    """The version of the rules, with a hash of a company's own file: who changes that, changes how is judged."""
    if profile.name in profiles.names():
        return RULES
    return f"{RULES}+{blake2b(msgspec.json.encode(profile), digest_size=4).hexdigest()}"


def failing(checks: list[Check]) -> str:
    """The required checks that fail, and who can change each, as text such as `portal:network administrator`."""
    return ",".join(
        f"{check.id}:{check.owner or ''}" for check in checks if (check.status, check.level) == ("fail", "required")
    )

"""Judging a run of the table `raw` again: one pure function, used on one machine and on a cluster.

It judges like `netpreflight report`, without the parts that only a report shows. No clock, no network, no files.
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
    """The result of judging a run for one device: columns of the table `verdicts`."""

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
        document: the run, as in the table `raw`.
        profile: the device, with its version.

    Raises:
        ValueError: the document holds no run.
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
    """The version of the rules; for a company's own file with a hash of the file, because it changes verdicts, too."""
    if profile.name in profiles.names():
        return RULES
    return f"{RULES}+{blake2b(msgspec.json.encode(profile), digest_size=4).hexdigest()}"


def failing(checks: list[Check]) -> str:
    """The required checks that fail, with the owner of each (`portal:network administrator`), joined by commas."""
    return ",".join(
        f"{check.id}:{check.owner or ''}" for check in checks if (check.status, check.level) == ("fail", "required")
    )

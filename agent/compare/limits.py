"""Why a comparison of two runs, or of some of their checks, is limited."""

import datetime as dt

from netpreflight.agent.compare.parts import Given, Limit, Story
from netpreflight.agent.compare.story import same_laptop
from netpreflight.agent.judging.registry import CHECKS, with_stage
from netpreflight.agent.report import RULES
from netpreflight.agent.selection import in_groups
from netpreflight.probes.quoting import in_quotes


def limits(a: Given, b: Given, story: Story) -> list[Limit]:
    """Everything that limits the comparison of two runs; what concerns the whole comparison comes first."""
    found = [*_judging(a, b), *_time(a, b, story), *_completeness(a, b), *_laptop(a, b), *_way(a, b, story)]
    return [*(limit for limit in found if not limit.checks), *(limit for limit in found if limit.checks)]


def moment(given: Given) -> dt.datetime | None:
    """When a run was made; None: the time in its file cannot be read."""
    try:
        when = dt.datetime.fromisoformat(given.report.started)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)


def seconds_apart(a: Given, b: Given) -> float | None:
    """How many seconds apart two runs were made; None: not known."""
    first, second = moment(a), moment(b)
    return abs((second - first).total_seconds()) if first and second else None


def is_reversed(a: Given, b: Given) -> bool:
    """Whether B was measured before A."""
    first, second = moment(a), moment(b)
    return first is not None and second is not None and second < first


def _judging(a: Given, b: Given) -> list[Limit]:
    found = []
    judged = a.report.device
    for side in (a, b):
        was = side.saved.device
        if (was.name, was.os_version) != (judged.name, judged.os_version):
            found.append(
                Limit(
                    text=f"{side.letter} was judged for {_device(was.title, was.os_version)}; here both are judged for "
                    f"{_device(judged.title, judged.os_version)}."
                )
            )
        elif side.saved.tool.rules != RULES:
            before = {check.id: check.status for check in side.saved.checks}
            changed = [
                f"{check.id} was {before.get(check.id, 'not judged')} and is {check.status}"
                for check in side.report.checks
                if before.get(check.id) != check.status
            ]
            found.append(
                Limit(
                    text=f"{side.letter} was saved with rules {side.saved.tool.rules}; "
                    f"both are judged by rules {RULES}. "
                    + (f"That changes: {'; '.join(changed)}." if changed else "That changes none of its results.")
                )
            )
    return found


def _time(a: Given, b: Given, story: Story) -> list[Limit]:
    if story != "before-and-after":
        return []
    if moment(a) is None or moment(b) is None:
        return [
            Limit(text="The times of the two runs cannot be read, so which of them is the earlier one is not known.")
        ]
    if is_reversed(a, b):
        return [Limit(text="B was measured before A; give the earlier run first.")]
    return []


def _completeness(a: Given, b: Given) -> list[Limit]:
    found = [
        Limit(text=f"{side.letter} was cut short: what it did not get to is unknown.")
        for side in (a, b)
        if not side.report.complete
    ]
    for side, other in ((a, b), (b, a)):
        left_out = [
            check
            for check in CHECKS
            if not side.report.selection.includes(check) and other.report.selection.includes(check)
        ]
        if left_out:
            text = f"{side.letter} left out {in_groups(left_out)}, as asked, and {other.letter} did not."
            found.append(Limit(text=text, checks=left_out))
    return found


def _laptop(a: Given, b: Given) -> list[Limit]:
    here, there = a.report.scope, b.report.scope
    found = []
    same = same_laptop(here, there)
    if same is False:
        what = f"{here.os} and {there.os}" if here.os != there.os else f"MAC addresses {here.mac} and {there.mac}"
        found.append(Limit(text=f"Two laptops made the runs ({what}), which may explain a difference."))
    elif same is None:
        found.append(Limit(text="Whether the same laptop made both runs cannot be told from the MAC addresses."))
    for what, label, other in (("VPN", here.vpn, there.vpn), ("tunnel", here.tunnels, there.tunnels)):
        if bool(label) != bool(other) and not (what == "tunnel" and (here.vpn or there.vpn)):
            found.append(
                Limit(
                    text=f"In {'A' if label else 'B'} a {what} was up, in {'B' if label else 'A'} none: its software "
                    "may block traffic on the laptop, which is then not the network's fault.",
                    checks=_beyond_the_air(),
                )
            )
    if bool(here.proxy) != bool(there.proxy):
        found.append(
            Limit(
                text=f"In {'A' if here.proxy else 'B'} this laptop had a proxy set, in {'B' if here.proxy else 'A'} "
                "none; nothing was sent through it, but a network that requires a proxy may block everything else.",
                checks=_beyond_the_air(),
            )
        )
    if here.privileges.raw_sockets != there.privileges.raw_sockets:
        root, user = ("A", "B") if here.privileges.raw_sockets else ("B", "A")
        text = f"{root} could ask for a DHCP lease as an unknown device (it ran as root), and {user} could not."
        found.append(Limit(text=text, checks=[row.id for row in CHECKS.values() if row.needs_lease]))
    return found


def _way(a: Given, b: Given, story: Story) -> list[Limit]:
    """Limits from how each run measured: by which interface, by which survey, how deep."""
    here, there = a.report, b.report
    found = []
    media = (here.scope.medium, there.scope.medium)
    if None not in media and media[0] != media[1]:
        words = {"wired": "by cable", "wifi": "by Wi-Fi"}
        text = f"A was measured {words[media[0] or '']}, B {words[media[1] or '']}: the laptop's interface differs too."
        found.append(Limit(text=text, checks=_beyond_the_air()))
    air = (here.observations.wifi, there.observations.wifi)
    sources = tuple(wifi.source if wifi and not wifi.not_run else None for wifi in air)
    if sources[0] != sources[1]:
        text = f"The Wi-Fi survey was made by {sources[0] or 'nothing'} in A, and by {sources[1] or 'nothing'} in B."
        found.append(Limit(text=text, checks=with_stage("scan")))
    elif air[0] and air[1] and air[0].triggered != air[1].triggered:
        fresh, old = ("A", "B") if air[0].triggered else ("B", "A")
        text = f"{fresh} made a new Wi-Fi scan; {old} read the results of an earlier one."
        found.append(Limit(text=text, checks=with_stage("scan")))
    targets = [in_quotes(wifi.target) for wifi in air if wifi and wifi.target is not None]
    if story != "two-networks" and len(set(targets)) > 1:
        text = f"The Wi-Fi checks are about {targets[0]} in A, and about {targets[1]} in B."
        found.append(Limit(text=text, checks=with_stage("scan")))
    deep = (here.observations.mapping is not None, there.observations.mapping is not None)
    if deep[0] != deep[1]:
        text = f"Only {'A' if deep[0] else 'B'} tested how long a NAT keeps an idle conversation (--deep)."
        found.append(Limit(text=text, checks=[row.id for row in CHECKS.values() if "mapping" in row.also]))
    return found


def _device(title: str, version: str | None) -> str:
    return f"{title}, Device OS {version}" if version else title


def _beyond_the_air() -> list[str]:
    return [row.id for row in CHECKS.values() if row.beyond_the_air]

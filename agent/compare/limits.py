"""Why a comparison of two runs, or of some of their checks, is limited."""

import datetime as dt

from netpreflight.agent.compare.parts import Given, Limit, Story
from netpreflight.agent.compare.story import same_laptop
from netpreflight.agent.judging.registry import CHECKS, survey_checks
from netpreflight.agent.report import RULES
from netpreflight.agent.report.notes import on_newer_version
from netpreflight.agent.selection import in_groups
from netpreflight.probes.quoting import in_quotes


def limits(a: Given, b: Given, story: Story) -> list[Limit]:
    """Everything that limits the comparison of two runs; what limits all of it comes first."""
    found = [*_judging(a, b), *_time(a, b, story), *_completeness(a, b), *_laptop(a, b), *_measuring(a, b, story)]
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
    """Limits from judging again: a run was judged before for another device, or by other rules."""
    found = []
    device = a.report.device
    if device.asked_os:
        found.append(Limit(text=on_newer_version(device.title, device.asked_os, device.os_version)))
    for side in (a, b):
        saved_device = side.saved.device
        if (saved_device.name, saved_device.os_version) != (device.name, device.os_version):
            found.append(
                Limit(
                    text=f"{side.letter} was judged for {_device(saved_device.title, saved_device.os_version)}; "
                    f"here both are judged for {_device(device.title, device.os_version)}."
                )
            )
        elif side.saved.tool.rules != RULES:
            saved_statuses = {check.id: check.status for check in side.saved.checks}
            changed = [
                f"{check.id} was {saved_statuses.get(check.id, 'not judged')} and is {check.status}"
                for check in side.report.checks
                if saved_statuses.get(check.id) != check.status
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
    """Limits from the times of two runs on one network: B may be the earlier one."""
    if story != "before-and-after":
        return []
    if moment(a) is None or moment(b) is None:
        return [
            Limit(text="The times of the two runs cannot be read, so it is not known which of them is the earlier one.")
        ]
    if is_reversed(a, b):
        return [Limit(text="Run B was made before run A: give the earlier run first.")]
    return []


def _completeness(a: Given, b: Given) -> list[Limit]:
    """Limits from runs that were cut short, or that left out checks as asked."""
    found = [
        Limit(text=f"Run {side.letter} was cut short: the checks that it did not reach are unknown.")
        for side in (a, b)
        if not side.report.complete
    ]
    for side, other in ((a, b), (b, a)):
        left_out = [
            check.id
            for check in other.report.checks
            if not side.report.selection.includes(check.id) and other.report.selection.includes(check.id)
        ]
        if left_out:
            text = f"Run {side.letter} left out {in_groups(left_out)}, as asked; run {other.letter} did not."
            found.append(Limit(text=text, checks=left_out))
    return found


def _laptop(a: Given, b: Given) -> list[Limit]:
    """Limits from the laptop: another laptop, a VPN, a proxy, or other privileges."""
    here, there = a.report.scope, b.report.scope
    found = []
    same = same_laptop(here, there)
    if same is False:
        what = f"{here.os} and {there.os}" if here.os != there.os else f"MAC addresses {here.mac} and {there.mac}"
        found.append(
            Limit(text=f"The runs were made on two different laptops ({what}), which may explain a difference.")
        )
    elif same is None:
        found.append(Limit(text="The MAC addresses do not show whether both runs were made on the same laptop."))
    for what, here_up, there_up in (("VPN", here.vpn, there.vpn), ("tunnel", here.tunnels, there.tunnels)):
        if bool(here_up) != bool(there_up) and not (what == "tunnel" and (here.vpn or there.vpn)):
            with_it, without_it = ("A", "B") if here_up else ("B", "A")
            found.append(
                Limit(
                    text=f"In run {with_it} a {what} was up, in run {without_it} none. The {what}'s software may block "
                    "traffic on the laptop; such a failure is not the network's fault.",
                    checks=_checks_after_wifi(),
                )
            )
    if bool(here.proxy) != bool(there.proxy):
        with_it, without_it = ("A", "B") if here.proxy else ("B", "A")
        found.append(
            Limit(
                text=f"In run {with_it} this laptop had a proxy set, in run {without_it} it had none. Nothing was sent "
                "through the proxy, but a network that requires a proxy may block everything else.",
                checks=_checks_after_wifi(),
            )
        )
    if (could := _could_ask(a)) != _could_ask(b):
        asked, other = (a, b) if could else (b, a)
        how = "because it ran as root" if asked.report.scope.privileges.raw_sockets else "over UDP port 68"
        text = (
            f"Run {asked.letter} could ask for a DHCP lease as an unknown device, {how}; run {other.letter} could not."
        )
        found.append(Limit(text=text, checks=[row.id for row in CHECKS.values() if row.needs_lease]))
    return found


def _could_ask(given: Given) -> bool:
    """Whether the run was able to ask for a DHCP lease as an unknown device."""
    dhcp = given.report.observations.dhcp
    return given.report.scope.privileges.raw_sockets or (dhcp is not None and dhcp.transport == "udp")


def _measuring(a: Given, b: Given, story: Story) -> list[Limit]:
    """Limits from how each run measured: by cable or Wi-Fi, from which survey, with `--deep` or without."""
    here, there = a.report, b.report
    found = []
    media = (here.scope.medium, there.scope.medium)
    if None not in media and media[0] != media[1]:
        medium_words = {"wired": "by cable", "wifi": "by Wi-Fi"}
        ways = [medium_words[medium or ""] for medium in media]
        text = f"Run A was made {ways[0]}, run B {ways[1]}: the laptop's interface differs too."
        found.append(Limit(text=text, checks=_checks_after_wifi()))
    surveys = (here.observations.wifi, there.observations.wifi)
    sources = tuple(wifi.source if wifi and not wifi.not_run else None for wifi in surveys)
    if sources[0] != sources[1]:
        text = (
            f"The source of the Wi-Fi survey differs: {sources[0] or 'none'} in run A, {sources[1] or 'none'} in run B."
        )
        found.append(Limit(text=text, checks=survey_checks()))
    elif surveys[0] and surveys[1] and surveys[0].triggered != surveys[1].triggered:
        fresh, old = ("A", "B") if surveys[0].triggered else ("B", "A")
        text = f"Run {fresh} made a new Wi-Fi scan; run {old} read the results of an earlier scan."
        found.append(Limit(text=text, checks=survey_checks()))
    targets = [in_quotes(wifi.target) for wifi in surveys if wifi and wifi.target is not None]
    if story != "two-networks" and len(set(targets)) > 1:
        text = f"The Wi-Fi checks judge {targets[0]} in run A, and {targets[1]} in run B."
        found.append(Limit(text=text, checks=survey_checks()))
    was_deep = (here.observations.mapping is not None, there.observations.mapping is not None)
    if was_deep[0] != was_deep[1]:
        text = f"Only run {'A' if was_deep[0] else 'B'} tested how long a NAT keeps an idle conversation (--deep)."
        found.append(Limit(text=text, checks=[row.id for row in CHECKS.values() if "mapping" in row.also]))
    return found


def _device(title: str, version: str | None) -> str:
    """A device and its Device OS version, in words."""
    return f"{title}, Device OS {version}" if version else title


def _checks_after_wifi() -> list[str]:
    """The checks of what is beyond the air, from DHCP on."""
    return [row.id for row in CHECKS.values() if row.beyond_the_air]

"""What several renderings of a report share: texts for its values, and the choice of checks for a part of it."""

from typing import Any

from msgspec import UNSET

from netpreflight.agent.profiles import Fact
from netpreflight.agent.report import Report, SharedLevel
from netpreflight.agent.report.changes import remaining
from netpreflight.agent.report.other_devices import DeviceVerdict, VersionVerdict
from netpreflight.agent.results import ONLY_LAPTOP, Check, StartupStage, Status
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import Bss, Scope, Wifi
from netpreflight.probes.quoting import in_quotes

METHODS = {
    "none": "none",
    "tcp": "TCP to 8.8.8.8 port 53",
    "ntp": "NTP, pool.ntp.org",
    "echo-1": "cloud echo, first form",
    "echo-2": "cloud echo, second form",
}
"""The device's Internet Test in words, by its `method`."""
STATUS: dict[Status, str] = {
    "pass": "ok",
    "warn": "warning",
    "fail": "FAIL",
    "unknown": "unknown",
    "skip": "skipped",
}
"""The result of a check, in text formats."""
ONLINE = {True: "It gets online.", False: "It does not get online.", None: "It is not known whether it gets online."}
"""How the device's start ends: whether it gets online."""

TOLD: dict[SharedLevel, str] = {
    "ticket": (
        "Made for a ticket: names of other networks, MAC addresses of this laptop and of clients, and the content of "
        "web pages are left out or replaced by tokens such as net-2. This network's own names and addresses stay."
    ),
    "public": (
        "Made for the public: names and addresses are replaced by tokens such as net-1 and private-2, always the same "
        "token for the same one. Times are rounded to 10 ms, the start to the hour, signals to 5 dB. Firewall rules "
        "with tokens cannot be pasted, and netpreflight cannot judge it again."
    ),
}
"""What a shared report leaves out, by its level of sharing."""


def titled(title: str, os_version: str | None) -> str:
    """The device's title, with its Device OS version if it has one."""
    return f"{title}, Device OS {os_version}" if os_version else title


def due_to(cause: Check) -> str:
    """Which check has caused that another one did not pass, in words to put before the other check's summary.

    The check of captive portals can be the cause without a portal: if the web answers this laptop only (ONLY_LAPTOP).
    """
    return "only the laptop passes" if cause.problem == ONLY_LAPTOP else f"due to {cause.id}"


def runs(test_runs: bool | None, when: str) -> str:  # noqa: FBT001 - the field of InternetTest itself
    """Whether the device runs its Internet Test here, as a sentence that introduces the test's log and LED."""
    return {
        True: "Here it runs, because the cloud connection fails. Its log and LED:",
        False: f"Here it does not run: it runs {when}. Its log and LED if it ran:",
        None: f"It is not known whether it runs here: it runs {when}. Its log and LED if it runs:",
    }[test_runs]


NOT_BY_DEFAULT = "   (not in a default log: it takes level TRACE or a debug build)"


def doubts(facts: list[Fact[Any]]) -> list[str]:
    """The facts of the device that are not confirmed, with their sources."""
    doubtful = [fact for fact in facts if fact.certainty != "confirmed"]
    return list(dict.fromkeys(f"{fact.certainty}: {fact.name} ({fact.source})" for fact in doubtful))


def log_lines(stage: StartupStage) -> list[str]:
    """The log lines to look for at a stage: those which show that the device has reached it, or stops there."""
    told = stage.instead if stage.state == "stops" else stage.line
    return [*([told] if told else []), *([f"{stage.hidden_line}{NOT_BY_DEFAULT}"] if stage.hidden_line else [])]


def at_the_end(device: DeviceVerdict | VersionVerdict) -> str:
    """LED and log line at the end of the device's start; empty if it is not known how the start ends."""
    return "" if device.online is None else ": ".join(filter(None, (device.led, device.log)))


def further(report: Report) -> list[Check]:
    """The checks with a remedy that is not among the report's changes, one check for each remedy.

    They are what else to do or to settle. Checks that fail only because of another listed check are left out.
    """
    return remaining(report.checks, report.changes)


def unanswered(report: Report) -> list[Check]:
    """The checks without an answer: those that are unknown, and those that were skipped although they count."""
    return [
        check
        for check in report.checks
        if check.status == "unknown" or (check.status == "skip" and check.level != "reported")
    ]


def attached(scope: Scope) -> str:
    """The interface, its state, and whether it is wired or on which Wi-Fi network."""
    medium = {"wired": "by cable", "wifi": "Wi-Fi"}.get(scope.medium or "")
    if scope.ssid is not None:
        medium = f"on the Wi-Fi {in_quotes(scope.ssid)}" + (f" ({scope.bssid})" if scope.bssid else "")
    return f"{scope.interface or 'none'} ({', '.join(filter(None, (scope.state, medium)))})"


def resolvers(scope: Scope) -> list[str]:
    """Each resolver of this laptop, with the sources that name it."""
    sources: dict[str, list[str]] = {}
    for resolver in scope.resolvers:
        sources.setdefault(resolver.address, []).append(resolver.source)
    return [f"{address} ({', '.join(dict.fromkeys(named_by))})" for address, named_by in sources.items()]


def air(wifi: Wifi | None) -> str:
    """The source of the Wi-Fi survey and how many BSSs it has, in words."""
    if wifi is None or wifi.not_run:
        return f"not looked at: {(wifi.not_run if wifi else None) or 'it was left out, or the run was cut short'}"
    if wifi.source is None:
        return f"not looked at: {'; '.join(wifi.limits) or 'no source of scan results was found'}"
    source = (
        "a capture" if wifi.source == "capture" else f"{'a scan' if wifi.triggered else 'last results'}, {wifi.source}"
    )
    return f"{source}, {counted(len(wifi.bss), 'BSS')}"


def is_judged(bss: Bss, wifi: Wifi | None) -> bool:
    """Whether a BSS belongs to the network that the run judges."""
    return wifi is not None and wifi.target is not None and bss.ssid == wifi.target


def logged(stage: StartupStage) -> str:
    """Whether the device's own log shows a stage as reached, with the line that shows it; empty: the run has no log."""
    if stage.device_log is UNSET:
        return ""
    words = {"witnessed": "reached", "implied": "reached, as later lines show", "stops": "stops here"}
    state = words.get(stage.device_log.state, "not shown")
    line = stage.device_log.line
    return f"{state} (line {line.line}: {line.text})" if line else state

"""Hides names in lines of a device's log, where a network's name has no quotes that would show where it ends."""

import re
from collections.abc import Callable, Sequence

from netpreflight.agent import profiles
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.report import Report
from netpreflight.probes.observations import DeviceLog
from netpreflight.reports.sharing.kept import Kept
from netpreflight.reports.sharing.patterns import Shapes
from netpreflight.reports.sharing.sentences import Sentences
from netpreflight.reports.sharing.tokens import HIDDEN

_HEAD = re.compile(r"(?:(\d{10}) )?(?:\[([a-z0-9]{1,12})[A-Za-z0-9_.]{0,40}\] )?((?:TRACE|INFO|WARN|ERROR|PANIC): )?")


class LogLines:
    """Hides the network's name in predicted log lines: the line's template in the profile shows where the name is."""

    def __init__(
        self, reports: Sequence[Report], kept: Kept, show_name: Callable[[str], str], sentences: Sentences
    ) -> None:
        targets = [report.observations.wifi.target for report in reports if report.observations.wifi]
        self._names = [name for name in targets if name and name not in kept.names]
        self._templates = _templates(reports)
        self._devices_are_known = all(report.device.name in profiles.names() for report in reports)
        self._show_name = show_name
        self._sentences = sentences

    def line(self, line: str) -> str:
        """A log line in which the network's name is replaced by its token, and the rest is shown like a sentence."""
        names = [name for name in self._names if name in line]
        if not names:
            return self._sentences.text(line)
        matched = next((match for template in self._templates if (match := template.fullmatch(line))), None)
        if matched is None or matched["ssid"] not in names:
            if not self._devices_are_known:  # a company's own line: replace too much rather than reveal the name
                for name in names:
                    line = line.replace(name, self._show_name(name))
            return self._sentences.text(line)
        before, after = line[: matched.start("ssid")], line[matched.end("ssid") :]
        return self._sentences.text(before) + self._show_name(matched["ssid"]) + self._sentences.text(after)


def _templates(reports: Sequence[Report]) -> list[re.Pattern[str]]:
    """Patterns for the log lines with the network's name, from all known profiles and from these reports."""
    known = [profile.startup for profile in profiles.load_all()]
    facts = [getattr(startup, name) for startup in known for name in startup.__struct_fields__]
    facts += [fact for report in reports for fact in report.startup.rests_on]
    texts = dict.fromkeys(str(fact.value) for fact in facts if fact is not None and "{ssid}" in str(fact.value))
    return [_template(text) for text in texts]


def _template(text: str) -> re.Pattern[str]:
    """A pattern for the lines made from this text of a profile: placeholders match anything, `{ssid}` as a group."""
    before, _, after = (re.sub(r"\\\{\w+\\\}", ".*", re.escape(part)) for part in text.partition("{ssid}"))
    return re.compile(f"{before}(?P<ssid>.*){after}", re.DOTALL)


class DeviceLines:
    """Hides names and hosts in lines of a device's own log: the fields of the log's records say what they are."""

    def __init__(self, logs: Sequence[DeviceLog], kept: Kept, show_name: Callable[[str], str], shapes: Shapes) -> None:
        values = {record.name: show_name(record.name) for log in logs for record in log.records if record.name}
        values |= {record.host: shapes.host(record.host) for log in logs for record in log.records if record.host}
        longest_first = sorted((value for value in values if values[value] != value), key=len, reverse=True)
        self._values = values
        self._pattern = (
            re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in longest_first))
            if longest_first
            else None
        )
        self._shapes = shapes
        self._public = kept.public

    def line(self, line: str) -> str:
        """A line in which names, hosts and addresses are replaced; if public, only the fixed beginning of the line."""
        if self._public:
            return _beginning(line)
        if self._pattern is not None:
            line = self._pattern.sub(lambda found: self._values[found[0]], line)
        return self._shapes.text(line)


def _beginning(line: str) -> str:
    """The beginning of a line that is the same on every device, with time, category and level; else HIDDEN."""
    head = _HEAD.match(line)
    at = head.end() if head else 0
    kind = next((kind for kind in KINDS if line.startswith(kind.begin, at)), None)
    if kind is None or head is None:
        return HIDDEN if line else ""
    time, category, level = head.groups(default="")
    before = f"{time} " if time else ""
    before += f"[{category}] " if category else ""
    return f"{before}{level}{kind.begin}" + (" …" if len(line) > at + len(kind.begin) else "")


def own_names(log: DeviceLog) -> set[str]:
    """The names of the networks that a device itself joins."""
    own = ("joining", "heard-joining", "known", "wifi-link")
    return {record.name for record in log.records if record.name and record.kind in own}

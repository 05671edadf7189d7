"""Lines of a device's log: they have the network's name without quotes, where the device's profile puts it."""

import re
from collections.abc import Callable, Sequence

from netpreflight.agent import profiles
from netpreflight.agent.report import Report
from netpreflight.reports.sharing.kept import Kept
from netpreflight.reports.sharing.sentences import Sentences


class LogLines:
    """Shows log lines: the template in the profile from which a line was made tells where the name is."""

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
        """A log line in which the network's name is replaced by its token."""
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
    """Patterns for the log lines that hold the network's name, of all known devices and of those judged."""
    known = [profile.startup for profile in profiles.load_all()]
    facts = [getattr(startup, name) for startup in known for name in startup.__struct_fields__]
    facts += [fact for report in reports for fact in report.startup.rests_on]
    texts = dict.fromkeys(str(fact.value) for fact in facts if fact is not None and "{ssid}" in str(fact.value))
    return [_template(text) for text in texts]


def _template(text: str) -> re.Pattern[str]:
    before, _, after = (re.sub(r"\\\{\w+\\\}", ".*", re.escape(part)) for part in text.partition("{ssid}"))
    return re.compile(f"{before}(?P<ssid>.*){after}", re.DOTALL)

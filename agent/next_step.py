"""The command to run next if a check is not settled, with the user's own options.

A command is given only if it can change the result: it asks for something that this run did not have, or the user is
told to change something first.
"""

import unicodedata
from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Report
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.probes import obstacles
from netpreflight.probes.observations import TAKES_ROOT, Scope
from netpreflight.probes.wifi.source import CAPTURE_INSTEAD
from netpreflight.systems import SYSTEM, system

_WITHOUT_AIR = "--skip wifi"
"""In a remedy that tells the user to leave out the Wi-Fi checks."""
_AGAIN = "un netpreflight again"
"""In a remedy that tells the user to run the same command again ("Run", "run")."""
_UNSEEN = set("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and a symbol without ink, which Unicode counts as printable."""
_LONGEST_VALUE = 250
"""In characters."""


class Options(Struct, frozen=True, kw_only=True):
    """The options of a check that the next command repeats, without those for output files and for what is printed."""

    device: str | None = None
    os_version: str | None = None
    ssid: str | None = None
    capture: str | None = None
    interface: str | None = None
    only: str | None = None
    skip: str | None = None
    deep: bool = False
    as_device: bool = False
    mac: str | None = None
    passphrase_file: str | None = None

    def words(self) -> list[str]:
        """The options as the user types them, with a placeholder such as NAME for a value that cannot be typed."""
        values = (
            ("--device", self.device, "FILE.toml"),
            ("--os", self.os_version, "VERSION"),
            ("--ssid", self.ssid, "NAME"),
            ("--capture", self.capture, "FILE"),
            ("--interface", self.interface, "IF"),
            ("--only", self.only, "ID"),
            ("--skip", self.skip, "ID"),
            ("--as", "device" if self.as_device else None, ""),
            ("--mac", self.mac, "ADDRESS"),
            ("--passphrase-file", self.passphrase_file, "FILE"),
        )
        words: list[str] = []
        for option, value, stand_in in values:
            if value is not None:
                words += _typed(option, value, stand_in)
        return [*words, *(["--deep"] if self.deep else [])]

    def without_names(self) -> "Options":
        """The options for a report that hides names: with a placeholder such as NAME for each value that is a name."""
        is_file = self.device is not None and self.device.endswith(".toml")
        return msgspec.structs.replace(
            self,
            device="FILE.toml" if is_file else self.device,
            ssid=self.ssid and "NAME",
            capture=self.capture and "FILE",
            interface=self.interface and "IF",
            mac=self.mac and "ADDRESS",
            passphrase_file=self.passphrase_file and "FILE",
        )


class Invocation(Struct, frozen=True, kw_only=True):
    """How the user calls this program.

    Attributes:
        program: the program's name, as typed.
        options: the options of this run.
        is_root: whether the user is root, and needs no sudo.
    """

    program: str = "netpreflight"
    options: Options = Options()
    is_root: bool = False

    def command(self, *words: str) -> str:
        """A command of this program."""
        return " ".join([self.program, *map(_quoted, words)])

    def check(self, options: Options, *, as_root: bool) -> str:
        """The command of a check with these options."""
        before = SYSTEM.as_root if as_root and not self.is_root else ()
        return " ".join([*before, self.program, *options.words()])


class NextStep(Struct, frozen=True, kw_only=True):
    """What to run next.

    Attributes:
        command: the command.
        afterwards: whether the user has to change something before running it.
    """

    command: str
    afterwards: bool = False


def options_of(report: Report) -> Options:
    """The options of a saved run, as far as it shows them: the device, the network named or picked, and the checks."""
    wifi, selection = report.observations.wifi, report.selection
    is_named = wifi is not None and wifi.target_from in {"option", "picked"}
    asked_os = None if report.device.asked_os is UNSET else report.device.asked_os
    name = report.device.name
    is_known = name in profiles.names()
    newest = profiles.load(name).os_version if is_known else None
    return Options(
        device=None if name == profiles.DEFAULT else name if is_known else "FILE.toml",
        os_version=asked_os or (report.device.os_version if report.device.os_version != newest else None),
        ssid=wifi.target if wifi is not None and is_named else None,
        only=in_groups(selection.only).replace(" ", "") if selection.only is not None else None,
        skip=in_groups(selection.skip).replace(" ", "") if selection.skip else None,
    )


def next_step(report: Report, by: Invocation) -> NextStep | None:
    """The command that can settle what is still open; None: no command can, or nothing is open."""
    options, scope = by.options, report.scope
    open_checks = _open_checks(report)
    if not open_checks:
        return None
    remedies = [check.remedy or "" for check in open_checks]
    lacks_root = not scope.privileges.raw_sockets and any(map(_takes_root, remedies))
    as_root = lacks_root or scope.privileges.raw_sockets
    improved = options
    if any(check.problem == "other-run" for check in open_checks) and report.device.name != profiles.DEFAULT:
        improved = msgspec.structs.replace(improved, device=improved.device or report.device.name)
    if any(check.problem == "none-chosen" for check in open_checks):
        best = next((network for network in report.networks if network.verdict != "incompatible"), None)
        improved = msgspec.structs.replace(improved, ssid=best.ssid if best else None)
    if all(_WITHOUT_AIR in remedy for remedy in _scan_remedies(open_checks)) and _scan_remedies(open_checks):
        skip = ",".join(filter(None, (options.skip, "wifi")))
        improved = msgspec.structs.replace(improved, skip=skip, ssid=None, capture=None)
    if any(check.problem == "only-laptop-resolver" for check in open_checks) and improved.skip is not None:
        asked = [word for word in improved.skip.split(",") if word.partition(".")[0] != "dhcp"]
        improved = msgspec.structs.replace(improved, skip=",".join(asked) or None)
    command = by.check(improved, as_root=as_root)
    if lacks_root or improved != options:
        return NextStep(command=command)
    if not report.complete or any(_AGAIN in remedy for remedy in remedies):
        return NextStep(command=command, afterwards=report.complete)
    return None


_OTHERWISE_AS_DEVICE = {"api-knows-laptop", "api-lets-laptop-pass", "suspected"}
"""Problems of any check: the network may serve this laptop but not the device, or the other way round."""
_OTHER_LEASE_AS_DEVICE = {"no-answer", "no-offer", "only-known-clients", "client-options-wanted", "only-laptop-lease"}
"""The same, but only as problems of a check that needs a lease."""


def as_device(report: Report, by: Invocation) -> str | None:
    """The command for a run with `--as device`, if that would settle something; None: it would not, or is impossible.

    It would settle something in three cases: the verdict is yes, but was measured from this laptop's own address, which
    the network may already know; the problem found may exist for a laptop and not for a device, or the other way round;
    or this laptop is on another network than the one judged, and the Wi-Fi scan alone does not keep the device out.
    """
    scope, laptop_system = report.scope, system(report.scope.os)
    if report.observations.as_device is not UNSET or not report.complete or report.sharing == "public":
        return None
    is_by_cable = scope.medium == "wired" and laptop_system.has_namespaces and not scope.is_tunnel
    if not is_by_cable and not (scope.medium == "wifi" and laptop_system.joiners):
        return None
    is_yes = report.verdict in {"compatible", "compatible-with-warnings"} and any(
        CHECKS[check.id].beyond_the_air and check.status == "pass" for check in report.checks if check.id in CHECKS
    )
    is_open = any(
        check.problem in _OTHERWISE_AS_DEVICE
        or (check.problem in _OTHER_LEASE_AS_DEVICE and check.id in CHECKS and CHECKS[check.id].needs_lease)
        for check in report.checks
    )
    is_elsewhere = any(check.problem == "other-network" for check in report.checks) and not any(
        check.stage == "scan" and check.status == "fail" for check in report.checks
    )
    if not (is_yes or is_open or is_elsewhere):
        return None
    options = msgspec.structs.replace(by.options, as_device=True)
    return by.check(options, as_root=is_by_cable or scope.privileges.raw_sockets)


def _takes_root(step: str) -> bool:
    """Whether a remedy needs root's rights on this laptop."""
    return any(words in step for words in TAKES_ROOT)


def is_for_root(report: Report) -> bool:
    """Whether the same run as root or administrator would settle something that is open."""
    step = system(report.scope.os).as_privileged_user
    return not report.scope.privileges.raw_sockets and any(
        step in (check.remedy or "") for check in _open_checks(report)
    )


def _open_checks(report: Report) -> list[Check]:
    """The checks to settle: unknown ones that are required or, with a mere warning, the one that the answer names."""
    unknown = [check for check in report.checks if (check.status, check.level) == ("unknown", "required")]
    if report.verdict == "undetermined":
        return unknown
    if report.verdict == "compatible-with-warnings":
        return [check for check in report.checks if check.id == report.answer.check]
    return []


def _scan_remedies(checks: Iterable[Check]) -> list[str]:
    """The remedies of those checks that judge the Wi-Fi scan."""
    return [check.remedy or "" for check in checks if check.stage == "scan"]


def known_before(scope: Scope, profile: Profile, selection: Selection, by: Invocation, *, has_radio: bool) -> list[str]:
    """What this run will not be able to settle, one line for each, with the command that could; empty: nothing."""
    counted = [row for row in CHECKS.values() if selection.includes(row.id) and profile.level(row.id) == "required"]
    options, lines = by.options, []
    denied = obstacles.to_exchange(scope)
    is_without_radio = options.capture is None and not has_radio
    if is_without_radio and any(row.stage == "scan" for row in counted):
        lines.append(f"This laptop has no Wi-Fi radio, so the Wi-Fi stays untested. {CAPTURE_INSTEAD}")
        options = msgspec.structs.replace(
            options, skip=",".join(filter(None, (options.skip, "wifi"))), ssid=None, capture=None
        )
    if denied is not None and any(row.needs_lease for row in counted):
        command = by.check(options, as_root=True)
        more = f"For that: {command}" if _takes_root(denied.step or "") else denied.step
        reason = denied.reason
        lines.append(f"One thing will not be tested, because {reason}: which lease an unknown device gets. {more}")
    return lines


def _typed(option: str, value: str, stand_in: str) -> list[str]:
    """An option and its value as the user types them, with `stand_in` for a value that cannot be typed."""
    if not _can_be_copied(value) or SYSTEM.quoted(value) is None:
        value = stand_in
    return [f"{option}={_quoted(value)}"] if value.startswith("-") else [option, _quoted(value)]


def _can_be_copied(value: str) -> bool:
    """Whether a screen shows the value in full, without invisible characters and escapes that `--ssid` would decode."""
    is_seen = value.isprintable() and not set(value) & _UNSEEN and not any(map(unicodedata.combining, value))
    return is_seen and len(value) <= _LONGEST_VALUE and "\\x" not in value


def _quoted(word: str) -> str:
    """A word quoted for this system's shell, or the word itself if it cannot be quoted."""
    return SYSTEM.quoted(word) or word

"""Checks what the user gave on the command line, before anything is measured or written."""

from pathlib import Path
from typing import TYPE_CHECKING

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.outputs import every_file

if TYPE_CHECKING:
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import SharingLevel

LONGEST_CONTACT = 200
LONGEST_LABEL = 200


def check_outputs(output: list[Path] | None, endings: list[str] | None = None) -> list[Path]:
    """The files to write, checked before the run; `endings` are the allowed ones, None: those of a report.

    Raises:
        UsageError: a file cannot be written, or has another ending.
    """
    from netpreflight.agent.output_files import refuse_planted  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.privilege.caller import file_owner  # noqa: PLC0415
    from netpreflight.reports import FORMATS, MAIL  # noqa: PLC0415

    known = endings or [*FORMATS, MAIL]
    for path in output or []:
        if path.suffix not in known:
            raise UsageError(f"cannot write {path}: the ending has to be one of {', '.join(known)}")
    for path in every_file(output or []):
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder, or there is no folder {path.parent}")
        try:
            refuse_planted(path, file_owner())
        except OSError as problem:
            raise UsageError(f"cannot write {path}: {problem.strerror or problem}") from problem
    return output or []


def load_profile(device: str | None, os_version: str | None) -> "Profile":
    """The profile of the device and version that the user named; None: the default device, or the newest version.

    Raises:
        UsageError: there is no such device or version, or the file is no profile.
    """
    from netpreflight.agent import profiles  # noqa: PLC0415 - as above

    try:
        return profiles.load(device or profiles.DEFAULT, os_version)
    except profiles.UnknownDeviceError as problem:
        raise UsageError(str(problem)) from problem


def choose_level(share: str | None, *, redact: bool) -> "SharingLevel | None":
    """The level of sharing that the user chose; None: no level, so each format has its default.

    Raises:
        UsageError: there is no such level, or the two options contradict each other.
    """
    from netpreflight.agent.report import LEVELS  # noqa: PLC0415 - as above

    if redact:
        if share not in {None, "public"}:
            raise UsageError(f"--redact means --share public, but --share {share} was given too: give only one of them")
        return "public"
    for level in LEVELS:
        if share == level:
            return level
    if share is not None:
        from netpreflight.agent.suggested import suggested  # noqa: PLC0415 - as above

        raise UsageError(f"no level {share!r} for --share{suggested(share, LEVELS)}")
    return None


def check_contact(contact: str | None, outputs: list[Path], level: "SharingLevel | None") -> str:
    """Who asks for a change, as the user gave it, on one line; empty: requests have a blank to fill in.

    Raises:
        UsageError: the contact is too long, or a request is wanted at a level that hides what it needs.
    """
    from netpreflight.reports import MAIL  # noqa: PLC0415 - as above

    who_asks = " ".join((contact or "").split())
    if len(who_asks) > LONGEST_CONTACT:
        raise UsageError(f"--contact: at most {LONGEST_CONTACT} characters; this has {len(who_asks)}")
    if level == "public":
        for path in outputs:
            if path.suffix == MAIL:
                raise UsageError(
                    f"-o {path}: a request needs the addresses that --share public leaves out: give --share ticket, "
                    "or leave it out"
                )
        if who_asks:
            raise UsageError("--contact names somebody, and --share public is to name nobody: leave out one of them")
    return who_asks


def check_labels(**given: str | None) -> dict[str, str]:
    """The labels of `--site` and `--place`, keyed by option, each on one line; without those that were not given.

    Raises:
        UsageError: a label is empty or too long.
    """
    labels = {option: " ".join(label.split()) for option, label in given.items() if label is not None}
    for option, label in labels.items():
        if not 0 < len(label) <= LONGEST_LABEL:
            raise UsageError(f"--{option}: 1 to {LONGEST_LABEL} characters; this has {len(label)}")
    return labels


def check_dialects(dialects: list[str] | None) -> list[str]:
    """The products for which a firewall change is wanted, without duplicates, checked before the run.

    Raises:
        UsageError: a product is not known.
    """
    if not dialects:
        return []
    from netpreflight.agent.suggested import suggested  # noqa: PLC0415 - as above
    from netpreflight.reports.firewall import DIALECTS  # noqa: PLC0415

    for dialect in dialects:
        if dialect not in DIALECTS:
            raise UsageError(f"no dialect {dialect!r}{suggested(dialect, DIALECTS)}")
    return list(dict.fromkeys(dialects))


def read_ssid(ssid: str | None) -> str | None:
    """The name of the network that the user named, written as in `Bss.ssid`.

    Raises:
        UsageError: no network can have this name.
    """
    from netpreflight.probes.observations import LONGEST_SSID  # noqa: PLC0415 - as above
    from netpreflight.probes.wifi.elements import ssid_bytes, ssid_text  # noqa: PLC0415

    if ssid is None:
        return None
    name = ssid_bytes(ssid)
    if not any(name) or len(name) > LONGEST_SSID:
        raise UsageError(f"--ssid: a network's name has 1 to {LONGEST_SSID} bytes; this one has {len(name)}")
    return ssid_text(name)

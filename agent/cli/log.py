"""`netpreflight log`: where a device's own log stops."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.checked import check_outputs, choose_level, load_profile
from netpreflight.agent.cli.device_log import open_log, read_log, read_port
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import AnswerOutput, Json, Redact, Share, offered_devices
from netpreflight.agent.cli.outputs import deliver_answer
from netpreflight.agent.cli.saved import is_same_file, load_saved_run
from netpreflight.agent.start import INTERRUPTED

if TYPE_CHECKING:
    from netpreflight.agent.report import Report, SharingLevel
    from netpreflight.agent.results import LogAnswer
    from netpreflight.probes.observations import DeviceLog

LONGEST_LOG_S = 86_400


def log(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE|-]", help="The log of a device, as it was printed; -: standard input."),
    ] = None,
    *,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="auto|NAME",
            help="Read the log live, and not from a file: from the Particle device that is connected by USB (auto), or "
            "from this serial port. Nothing is written to the port.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="With --port: read for at most this many seconds, or until the device is online or stops; "
            "without this option, 90.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            autocompletion=offered_devices,
            help="The device whose log it is; without this option, what the log itself says.",
        ),
    ] = None,
    os_version: Annotated[
        str | None,
        typer.Option("--os", metavar="VERSION", help="The device's Device OS version, if the log does not say it."),
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="A saved run: also say what run and log say together, if both are of one network."
        ),
    ] = None,
    output: AnswerOutput = None,
    share: Share = None,
    redact: Redact = False,
    as_json: Json = False,
) -> int:
    """Read a device's own log (Cloud Debug, particle serial monitor): where the device stops, and which lines show it.

    A log tells of the time when it was written. Passphrases and keys in it are cut before anything is kept. It needs no
    network. Exit codes: 0 online, 1 the device stops at a stage or was lost, 2 wrong usage, no such port or a port that
    is in use, 3 not known, or no log of a device, 130 stopped (what was read until then is shown).
    """
    from netpreflight.agent.judging.device_log import answered  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.device_log import FORMATS  # noqa: PLC0415
    from netpreflight.reports.device_log.terminal import show  # noqa: PLC0415
    from netpreflight.reports.sharing import hidden  # noqa: PLC0415

    outputs, level = check_outputs(output, list(FORMATS)), choose_level(share, redact=redact)
    if (file is None) == (port is None):
        raise UsageError(
            "log needs either FILE (-: standard input), or --port auto for a device that is connected by USB"
        )
    if seconds is not None and (port is None or not 0 < seconds <= LONGEST_LOG_S):
        raise UsageError(f"--seconds belongs to --port, and is more than 0 and at most {LONGEST_LOG_S}")
    if file is not None and any(is_same_file(file, path) for path in outputs):
        raise UsageError(f"-o {file} would replace the log: give another -o")
    profile = load_profile(device, os_version) if device is not None else None
    if os_version is not None and profile is None:
        raise UsageError("--os needs a device: netpreflight log FILE --device NAME --os VERSION")
    is_stopped = False
    if port is not None:
        seen, is_stopped = read_port(port, seconds)
    elif file is not None:
        seen = read_log(file, open_log(file))
    answer = answered(seen, file.name if file else port or "", profile.name if profile else None)
    run_report = None if beside is None else _report_with_log(seen, beside, device, os_version)
    if run_report is not None:
        answer = _with_run(answer, run_report)

    def at_level(wanted_level: "SharingLevel") -> "LogAnswer":
        return (
            answer
            if wanted_level == "complete"
            else hidden(answer, [run_report] if run_report else [], wanted_level, logs=[seen])
        )

    deliver_answer(at_level, FORMATS, show, outputs, level, what="say what the log says", as_json=as_json)
    return INTERRUPTED if is_stopped else {"online": 0, "stops": 1, "lost": 1}.get(answer.result, 3)


def _report_with_log(seen: "DeviceLog", run_file: Path, device: str | None, os_version: str | None) -> "Report":
    """The report of a saved run, judged again with a device's log beside it."""
    from msgspec import structs  # noqa: PLC0415 - as above

    from netpreflight.agent.report import make  # noqa: PLC0415

    run, profile = load_saved_run(run_file, device, os_version)
    return make(structs.replace(run, observations=structs.replace(run.observations, log=seen)), profile)


def _with_run(answer: "LogAnswer", report: "Report") -> "LogAnswer":
    """The answer of a log, with notes on what a run says, and what log and run say together."""
    from msgspec import structs  # noqa: PLC0415 - as above

    from netpreflight.agent.report.notes import on_log  # noqa: PLC0415

    told = on_log(report.log or None)[1:]
    run_says = f"The run: {report.headline.rstrip('.')}"
    return structs.replace(answer, notes=[run_says, *(line.rstrip(".") for line in told), *answer.notes])

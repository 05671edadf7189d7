"""Judging what a device's own log says of the device itself: `device.*`.

These checks never change the network's verdict.
"""

from netpreflight.agent.judging.device_log import device_causes, shown_stages
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.profiles.log_lines import MEANS
from netpreflight.agent.results import Finding, StartStage
from netpreflight.probes.observations import Observations

_WHAT = {
    "device.credentials": "the network's name and passphrase that the device has",
    "device.keys": "the device's keys",
    "device.firmware": "the device's program and firmware",
    "device.power": "the device's power",
}
"""Keyed by check: what it is about, to complete "The device's log says nothing of …"."""
_SAYS = {
    "refused": "The device's log says that its network refused it: most likely, its passphrase is wrong",
    "not-accepted": "The device's log says that the cloud and the device do not accept each other's keys",
    "not-usable": "The device's log says that it cannot use its own keys",
    "crash": "The device's log shows a crash",
    "no-memory": "The device's log says that it has too little memory",
    "radio-silent": "The device's log says that its radio does not answer",
    "safe-mode": "The device's log says that it is in safe mode: its program does not run",
    "low-battery": "The device's log says that its battery is low",
}
"""The summary of a check that fails, keyed by its problem."""


def has_log(seen: Observations) -> bool:
    """Whether a run has a device's log; without one there are no such checks."""
    return seen.log is not None


def credentials(view: DeviceView) -> Finding:
    """What the device's log says of the network's name and passphrase; a device that joined has the right ones."""
    return _judged("device.credentials", view, stage="link", passes="The device has joined")


def keys(view: DeviceView) -> Finding:
    """What the device's log says of the device's keys; that it is online shows that the cloud accepts them."""
    return _judged("device.keys", view, stage="cloud", passes="The cloud accepts them")


def firmware(view: DeviceView) -> Finding:
    """What the device's log says of the device's program and firmware."""
    return _judged("device.firmware", view)


def power(view: DeviceView) -> Finding:
    """What the device's log says of the device's power; no version of Device OS logs a drop of its supply voltage."""
    return _judged("device.power", view)


def _judged(check: str, view: DeviceView, *, stage: StartStage | None = None, passes: str = "") -> Finding:
    """The finding of one check from the log: a failure that it shows, or a pass if it shows that `stage` was reached.

    `passes` is the summary of a pass, without "by its own log".
    """
    log = view.seen.log
    if log is None:
        raise ValueError("there is no log")
    found = device_causes(log).get(check)
    if found is not None:
        return Finding(
            status="fail",
            summary=_SAYS[found.cause.problem or ""],
            problem=found.cause.problem,
            reason=f"Line {found.line.line} of its log says so: {MEANS[found.line.kind]}."
            + (f" {found.cause.why}." if found.cause.why else ""),
            remedy=f"{found.cause.remedy}.",
            owner="device owner",
        )
    shown = shown_stages(log).get(stage) if stage else None
    if shown is not None and shown.state == "witnessed":
        return Finding(status="pass", summary=f"{passes}, by its own log")
    return Finding(
        status="unknown",
        summary=f"The device's log says nothing of {_WHAT[check]}",
        problem="not-shown",
        reason="No line of the log is about that.",
        remedy="Give a log that begins at the device's start and goes on for some minutes.",
    )

"""A device's log, read live from its serial port until it says enough; meanwhile the user is told what to do."""

from collections.abc import Callable
from typing import NamedTuple

from netpreflight.agent.judging.device_log import answered
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.results import LogAnswer
from netpreflight.probes.device_log import LogReader
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.observations import DeviceLog
from netpreflight.probes.serial_port import End, Notice, OwnPorts, Ports, listen

CONFIRMED = 2
"""This many attempts in a row have to stop at the same place: many devices join only at the second attempt."""
NOTICES: dict[Notice, str] = {
    "waiting": "waiting for a Particle device: connect it by USB. If its light blinks yellow, press reset: in DFU mode "
    "it has no serial port.",
    "dfu": "a device in DFU mode is connected (its light blinks yellow). It has no serial port then: press reset.",
    "reading": "reading the log of {port}. Press reset on the device, so that it starts from the beginning.",
    "silent": "nothing comes from {port}. Press reset. In listening mode (its light blinks dark blue) a device prints "
    "no log, and neither does one whose program does not ask for it (SerialLogHandler).",
    "lost": "the device went away: it was reset or unplugged. Waiting for it.",
}


class LiveLog(NamedTuple):
    """What was read, and why reading ended."""

    seen: DeviceLog
    end: End


def is_enough(answer: LogAnswer) -> bool:
    """Whether the log read so far says enough: the device is online, or stopped twice in a row at the same place."""
    if answer.result == "online":
        return True
    ended = [attempt for attempt in answer.attempts if attempt.result != "unfinished"][-CONFIRMED:]
    return (
        len(ended) == CONFIRMED
        and all(attempt.result == "stops" for attempt in ended)
        and len({(attempt.stage, attempt.check) for attempt in ended}) == 1
    )


def read_live(
    port: str,
    seconds: float,
    say: Callable[[str], None],
    is_stopped: Callable[[], bool],
    *,
    ports: Ports | None = None,
    clock: Clock = CLOCK,
) -> LiveLog:
    """Read a device's log from its serial port.

    Args:
        port: the name of the port; `auto`: that of the Particle device that is connected by USB.
        seconds: how long at most.
        say: called with each sentence for the user.
        is_stopped: returns whether the user wants to stop reading.
        ports: the serial ports to look among; None: those of this laptop.
        clock: tells the time.

    Raises:
        PortError: the port cannot be opened, or there is none.
    """
    reader = LogReader(KINDS)
    reader.seen.live = True

    def take(data: bytes) -> bool:
        return bool(reader.feed(data)) and is_enough(answered(reader.now(), port))

    end = listen(
        ports or OwnPorts(),
        port,
        seconds,
        clock,
        take=take,
        interrupted=reader.interrupted,
        tell=lambda notice, name: say(NOTICES[notice].format(port=name)),
        is_stopped=is_stopped,
    )
    reader.finish()
    return LiveLog(reader.seen, end)

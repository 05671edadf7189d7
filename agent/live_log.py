"""A device's log, live from its serial port: read until it says enough, with what somebody has to do meanwhile."""

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
"""A stop is confirmed by as many attempts that end alike: many a device joins only at the second one."""
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
    """Whether a device that is still being read has said enough: it is online, or stops at the same place again."""
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
        port: its name, or `auto`.
        seconds: how long at most.
        say: called with each sentence for the user.
        is_stopped: whether the user wants to end it.
        ports: the laptop's; None: its own.
        clock: what the time is taken from.

    Raises:
        PortError: the port cannot be opened, or there is none.
    """
    reader = LogReader(KINDS)

    def take(data: bytes) -> bool:
        return bool(reader.feed(data)) and is_enough(answered(reader.now(), port, is_live=True))

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

"""Where this user may not be the device: nothing is sent as the device or interrupted, and the run says why."""

import contextlib
from collections.abc import Callable, Iterator

from netpreflight.probes.join.interface import Device, Entered, Refusal
from netpreflight.probes.observations import Join, JoinWay, Wifi


class Denied:
    """A way that the system denies this user: nothing is measured as the device, and the run says why.

    Args:
        name: the way that is denied.
        device: the device to be.
        denial: who denies it, and the step that would change that.
    """

    has_namespace = False
    shares_port = False

    def __init__(self, name: JoinWay, device: Device, denial: Refusal) -> None:
        self.name, self._device, self.denial = name, device, denial

    def refusal(self) -> Refusal | None:
        """Nothing: it is a result, and the run goes on."""
        return None

    def says(self) -> list[str]:
        """What the user is told before it begins."""
        what = "measured as the device" if self.name == "cable" else "joined"
        return [f"Nothing is {what}: {self.denial.reason}.", *([self.denial.step] if self.denial.step else [])]

    @contextlib.contextmanager
    def lend(self, _: int) -> Iterator[None]:
        """Nothing is lent."""
        yield

    @contextlib.contextmanager
    def enter(self, _survey: Wifi | None, _stop: Callable[[], None]) -> Iterator[Entered]:
        """Join nothing, and tell why."""
        if self.name == "cable":
            yield Entered(interface=None)
            return
        join = Join(
            way=self.name,
            ssid=self._device.ssid,
            abilities=self._device.radio,
            not_run=self.denial.reason,
            unlocked_by=self.denial.step,
        )
        yield Entered(interface=None, join=join)

    def forget(self) -> None:
        """Nothing: no passphrase was asked for."""

    def kept(self, _: Join | None) -> list[str]:
        """Nothing."""
        return []

    def left(self) -> list[str]:
        """Nothing: the laptop is as it was all the time."""
        return []

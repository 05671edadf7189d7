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
        denial: the reason, and the step that would change it.
    """

    has_namespace = False
    shares_port = False

    def __init__(self, name: JoinWay, device: Device, denial: Refusal) -> None:
        self.name, self._device, self.denial = name, device, denial

    def refusal(self) -> Refusal | None:
        """None: the denial is a result of the run, which goes on without the device."""
        return None

    def says(self) -> list[str]:
        """What the user is told before the run begins."""
        what = "measured as the device" if self.name == "cable" else "joined"
        return [f"Nothing is {what}: {self.denial.reason}.", *([self.denial.step] if self.denial.step else [])]

    @contextlib.contextmanager
    def lend(self, _: int) -> Iterator[None]:
        """Lend nothing."""
        yield

    @contextlib.contextmanager
    def enter(self, _survey: Wifi | None, _stop: Callable[[], None]) -> Iterator[Entered]:
        """Join nothing, and yield why."""
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
        """Do nothing: no passphrase was asked for."""

    def kept(self, _: Join | None) -> list[str]:
        """The system keeps nothing, because nothing was joined."""
        return []

    def left(self) -> list[str]:
        """Nothing has to be restored: the laptop was not changed."""
        return []

"""By Wi-Fi, where this user may not have the laptop join: nothing is joined or interrupted, and the run says why."""

import contextlib
from collections.abc import Callable, Iterator

from netpreflight.probes.join.interface import Device, Entered, Refusal
from netpreflight.probes.observations import Join, JoinWay, Wifi


class Denied:
    """The device that cannot be, because the system lets only somebody else make it.

    Args:
        name: the way that was denied.
        device: the device to be.
        refusal: who denied it, and the step that would change that.
    """

    has_namespace = False
    kept: tuple[str, ...] = ()

    def __init__(self, name: JoinWay, device: Device, refusal: Refusal) -> None:
        self.name, self._device, self._refusal = name, device, refusal

    def refusal(self) -> Refusal | None:
        """Nothing: it is a result, and the run goes on."""
        return None

    def says(self) -> list[str]:
        """What the user is told before it begins."""
        return [f"Nothing is joined: {self._refusal.reason}.", *([self._refusal.step] if self._refusal.step else [])]

    @contextlib.contextmanager
    def lend(self, _: int) -> Iterator[None]:
        """Nothing is lent."""
        yield

    @contextlib.contextmanager
    def enter(self, _survey: Wifi | None, _stop: Callable[[], None]) -> Iterator[Entered]:
        """Join nothing, and tell why."""
        join = Join(
            way=self.name,
            ssid=self._device.ssid,
            abilities=self._device.radio,
            not_run=self._refusal.reason,
            unlocked_by=self._refusal.step,
        )
        yield Entered(interface=None, join=join)

    def forget(self) -> None:
        """Nothing: no passphrase was asked for."""

    def left(self) -> list[str]:
        """Nothing: the laptop is as it was all the time."""
        return []

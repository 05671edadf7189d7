"""By cable: a second interface on the laptop's port (macvlan), with the device's MAC address.

The second interface is in a network namespace of the run. The laptop stays online with its own address, and the switch
sees a second MAC address at the port. This way needs root's rights.
"""

import contextlib
from collections.abc import Callable, Iterator

from netpreflight.probes.join.interface import Device, Entered, Refusal
from netpreflight.probes.observations import AS_ROOT, Join, JoinWay, Wifi
from netpreflight.systems import SYSTEM


class Cable:
    """The device on the laptop's own port.

    Args:
        device: the device to be.
        authentication: the program that logs this laptop in at its port by 802.1X; None: no such program is known.
    """

    name: JoinWay = "cable"
    has_namespace = True
    shares_port = True
    denial = None

    def __init__(self, device: Device, authentication: str | None) -> None:
        self._device, self._authentication = device, authentication
        self._adapter = device.scope.interface or ""
        self._before: list[str] = []

    def refusal(self) -> Refusal | None:
        """Why this way may not be used here; None: it may."""
        if not SYSTEM.has_namespaces:
            return Refusal(
                "this system cannot have a second interface with a MAC address of its own on one cable",
                "Run netpreflight on a Linux laptop in the same network.",
            )
        if not SYSTEM.is_privileged():
            return Refusal(
                "being the device by cable needs root's rights", f"Run netpreflight again {AS_ROOT}.", is_denied=True
            )
        scope = self._device.scope
        if scope.state != "up":
            return Refusal(f"the interface {self._adapter} is not up", "Connect it, and run netpreflight again.")
        if scope.medium != "wired" or scope.is_tunnel:
            return Refusal(f"{self._adapter} is no cable", "Name one: --interface IF.")
        if self._authentication is not None:
            return Refusal(
                f"this port is logged in by 802.1X ({self._authentication}), and may shut for a second MAC address",
                "Use a port without 802.1X; or take that risk: --force.",
                can_be_forced=True,
            )
        return None

    def says(self) -> list[str]:
        """What the user is told before the run begins."""
        return [
            f"A second MAC address ({self._device.mac}) appears at this port. Your own connection goes on.",
            "A switch with port security may drop it, or shut the port until its administrator opens it again.",
        ]

    @contextlib.contextmanager
    def lend(self, pid: int) -> Iterator[None]:
        """Add the interface to the namespace of a process; it vanishes with that process.

        Raises:
            OSError: the system does not allow it.
        """
        self._before = SYSTEM.state_of(self._adapter)
        SYSTEM.add_twin(self._adapter, self._device.mac, pid)
        yield

    @contextlib.contextmanager
    def enter(self, _survey: Wifi | None, _stop: Callable[[], None]) -> Iterator[Entered]:
        """Set the interface up; it has no address yet.

        Raises:
            OSError: the system does not allow it.
        """
        SYSTEM.bring_up(self._adapter)
        yield Entered(interface=self._adapter)

    def forget(self) -> None:
        """Do nothing: a cable needs no passphrase."""

    def kept(self, _: Join | None) -> list[str]:
        """The system keeps nothing of this way."""
        return []

    def left(self) -> list[str]:
        """The lines of the interface's state that are gone or new since before the run; empty: none."""
        try:
            now = SYSTEM.state_of(self._adapter)
        except OSError as problem:
            return [str(problem)]
        gone, new = set(self._before) - set(now), set(now) - set(self._before)
        return [*(f"gone: {line}" for line in sorted(gone)), *(f"new: {line}" for line in sorted(new))]

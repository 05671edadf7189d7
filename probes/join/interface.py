"""What every way of being the device has in common; nothing here touches the network.

The run has two processes. The parent has the terminal, the survey and D-Bus, and stays in the laptop's network
namespace. A child process does everything that is done as the device. The parent forks it while still root; the child
takes a network namespace of its own at once, and then both give root's rights up. Then, in this order:

1. `refusal()` and `says()`, in the parent, before anything is sent.
2. `lend(pid)`, in the parent: puts the device's interface or the radio into the child's namespace, and takes it back.
3. `enter()`, in the child: makes the interface ready, joins, and yields the interface to measure on.
4. `left()`, in the parent, after the child has ended: what is not yet restored; asked again until nothing is left.

A way without a namespace (`has_namespace` is false) also has a child, which ends with the run. That child stays in the
laptop's network namespace, and one of the laptop's own interfaces acts as the device for the run.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from netpreflight.probes.observations import Join, JoinAbilities, JoinWay, Scope, Wifi


class Refusal(NamedTuple):
    """Why a way may not be used on this laptop.

    Attributes:
        reason: in plain words: lower-case at the start, no full stop.
        step: the one step that would change that, as a whole sentence; None: no such step is known.
        can_be_forced: whether --force overrides the refusal.
        is_denied: whether the system would let another user do it. That is a result: the run goes on, without a device.
    """

    reason: str
    step: str | None = None
    can_be_forced: bool = False
    is_denied: bool = False


class Passphrase:
    """A network's passphrase, in memory that is overwritten as soon as the passphrase is no longer needed.

    The passphrase is never shown: not by `repr`, and not in error messages.
    """

    def __init__(self, content: bytearray) -> None:
        self._content = content

    def __repr__(self) -> str:
        return "Passphrase()"

    @property
    def content(self) -> bytearray:
        """The bytes themselves, not a copy; empty after `forget()`."""
        return self._content

    def forget(self) -> None:
        """Overwrite the passphrase."""
        for at in range(len(self._content)):
            self._content[at] = 0
        del self._content[:]


@dataclass(slots=True, kw_only=True)
class Device:
    """The device that the laptop acts as, and the network to join as that device.

    Attributes:
        scope: the laptop's interface under test.
        mac: the device's MAC address, lower-case with colons.
        ssid: the network to join, as in `Bss.ssid`; None: a cable needs none.
        radio: what the device's radio can do; a join keeps to these limits.
        passphrase: the network's passphrase, set once no `refusal()` prevents the join; None: none was given.
        uses_saved: whether the passphrase that this laptop has saved for the network is used (--saved-passphrase).
    """

    scope: Scope
    mac: str
    ssid: str | None = None
    radio: JoinAbilities = field(default_factory=JoinAbilities)
    passphrase: Passphrase | None = None
    uses_saved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The state in which `Way.enter` leaves the device.

    Attributes:
        interface: the name of the interface to measure on; None: the join failed, so there is none.
        router: the router in the lease that NetworkManager's DHCP client got; None: there is no such lease.
        join: what was seen of the join; the way goes on filling it in until `enter()` ends. None: nothing was joined.
        is_device: tells whether the interface still acts as the device, and is not the laptop's own again.
    """

    interface: str | None
    router: str | None = None
    join: Join | None = None
    is_device: Callable[[], bool] = lambda: True


class Way(Protocol):
    """A way of being the device."""

    name: JoinWay
    has_namespace: bool
    """Whether the device has a network namespace of its own."""
    shares_port: bool
    """Whether the device is at the laptop's own port of a switch, which may take only one MAC address."""

    @property
    def denial(self) -> Refusal | None:
        """Why nothing is measured as the device, so that the laptop's results cannot be compared with the device's.

        None: the device is measured.
        """

    def refusal(self) -> Refusal | None:
        """Why this way may not be used here; None: it may. Sends nothing to the network."""

    def says(self) -> list[str]:
        """What the user is told before the run begins, in whole sentences: what is interrupted, and for how long."""

    def lend(self, pid: int) -> AbstractContextManager[None]:
        """Put the device's interface, or the radio, into the namespace of a process, and take it back at the end.

        Raises:
            OSError: the system does not allow it.
        """

    def enter(self, survey: Wifi | None, stop: Callable[[], None]) -> AbstractContextManager[Entered]:
        """Make the device's interface ready, and join.

        Args:
            survey: what the parent's scan heard; None: there was no scan.
            stop: ends the measurement early. Another thread calls it when the link is lost for good, and goes on
                calling it until the measurement has ended.

        Raises:
            OSError: the system does not allow it.
        """

    def forget(self) -> None:
        """Overwrite the passphrase in this process, once the child process has it."""

    def kept(self, join: Join | None) -> list[str]:
        """What the system may keep of the join for good, in whole sentences; called in the parent, after the run.

        Args:
            join: what was seen of the join; None: nothing was joined, or the child ended before it reported.
        """

    def left(self) -> list[str]:
        """What of this laptop is not yet as it was before `lend` (or `enter`), in words; empty: all is restored."""

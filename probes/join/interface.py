"""What every way of being the device has in common; nothing here touches the network.

The run is split. The parent has the terminal, the survey and D-Bus, and stays where the laptop is. What is done as the
device is done in a child process. The parent forks it while it is still root; it takes a network namespace of its own
there and then, and both give root's rights up. Then, in this order:

1. `refusal()` and `says()`, in the parent, before anything is sent.
2. `lend(pid)`, in the parent: puts what the device is made of into the child's namespace, and takes it back.
3. `enter()`, in the child: makes it ready, joins, and yields the interface to measure on.
4. `left()`, in the parent, after the child has ended: what is not yet as before, asked until that is nothing.

A way without a namespace (`has_namespace` is false) has a child all the same, which ends with the run; it stays where
the laptop is, and an interface of the laptop's is the device meanwhile.
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
        step: the one step that would change that, as a whole sentence; None: it is not known.
        can_be_forced: whether --force lifts it.
        is_denied: whether the system lets another user do it. That is a result: the run goes on, without the device.
    """

    reason: str
    step: str | None = None
    can_be_forced: bool = False
    is_denied: bool = False


class Passphrase:
    """A network's passphrase, in memory that is overwritten as soon as it is not needed any more.

    It is never shown: not by `repr`, and in no message of an error.
    """

    def __init__(self, content: bytearray) -> None:
        self._content = content

    def __repr__(self) -> str:
        return "Passphrase()"

    @property
    def content(self) -> bytearray:
        """The bytes themselves, not a copy; empty once they are forgotten."""
        return self._content

    def forget(self) -> None:
        """Overwrite it."""
        for at in range(len(self._content)):
            self._content[at] = 0
        del self._content[:]


@dataclass(slots=True, kw_only=True)
class Device:
    """The device to be, and the network to be it on.

    Attributes:
        scope: the laptop's interface under test.
        mac: the device's MAC address, lower-case with colons.
        ssid: the network to join, as in `Bss.ssid`; None: a cable needs none.
        radio: what the device's can do; a join keeps to it.
        passphrase: set once nothing stands in the way of the join; None: none was given.
        uses_saved: whether what this laptop has saved for the network is used instead (--saved-passphrase).
    """

    scope: Scope
    mac: str
    ssid: str | None = None
    radio: JoinAbilities = field(default_factory=JoinAbilities)
    passphrase: Passphrase | None = None
    uses_saved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Where the device is now.

    Attributes:
        interface: the name of the interface to measure on; None: the join failed, so there is none.
        router: that of a lease which another client has got for it (NetworkManager's); None: there is no such lease.
        join: what was seen of the join, which the way goes on filling in until it is left; None: nothing was joined.
        is_device: whether the interface is the device now, and not the laptop again.
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
        """Why nothing is measured as the device, so that the laptop's own exchanges have nothing to compare with."""

    def refusal(self) -> Refusal | None:
        """Why it may not be used here; None: it may. Sends nothing to the network."""

    def says(self) -> list[str]:
        """What the user is told before it begins, in whole sentences: what is interrupted, and for how long."""

    def lend(self, pid: int) -> AbstractContextManager[None]:
        """Put the device's interface, or the radio, into the namespace of a process, and take it back at the end.

        Raises:
            OSError: the system does not allow it.
        """

    def enter(self, survey: Wifi | None, stop: Callable[[], None]) -> AbstractContextManager[Entered]:
        """Make the device's interface ready, and join.

        Args:
            survey: what the parent's scan heard; None: there was none.
            stop: ends the measurement early; called by another thread, where nothing keeps the link any more, and
                again until it has ended.

        Raises:
            OSError: the system does not allow it.
        """

    def forget(self) -> None:
        """Overwrite the passphrase in this process, once its child has it."""

    def kept(self, join: Join | None) -> list[str]:
        """What the system may keep of it for good, in whole sentences; in the parent, after the run.

        Args:
            join: what was seen of the join; None: nothing was joined, or the child ended before it told.
        """

    def left(self) -> list[str]:
        """What of this laptop is not yet as it was before `lend` (or `enter`), in words; empty: all is."""

"""NetworkManager over D-Bus, for a connection that it makes for a run: calls, its signals, and its questions.

What NetworkManager activates for this connection to the bus ends with it (`bind-activation`), whatever ends that. As a
secret agent it is asked for the passphrase, so that NetworkManager writes that nowhere. Names and numbers: its D-Bus
interface (`nm-dbus-interface.h`), version 1.16 and later.
"""

import collections
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import DBusErrorResponse, unwrap_msg

from netpreflight.probes.net.clock import CLOCK

NAME = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
DEVICE = f"{NAME}.Device"
CONNECTION = f"{NAME}.Settings.Connection"
NOT_SAVED = 2
"""NMSettingSecretFlags: whoever connects is asked for the secret each time."""
MOST_CONNECTIONS = 100
"""So many saved connections are looked at."""
ANSWER_S = 10.0
_AGENT = f"{ROOT}/SecretAgent"
_AGENTS = f"{ROOT}/AgentManager"
_REQUEST_NEW = 0x2
_MOST_WAITING = 1000


class Changed(NamedTuple):
    """The device of the run has another state now (NMDeviceState)."""

    state: int


class Question(NamedTuple):
    """NetworkManager wants the passphrase; `is_new`: because the one that it had was refused."""

    setting: str
    is_new: bool
    asked: Any = None


class Manager(Protocol):
    """What is needed of NetworkManager. Each call raises OSError where it refuses, or does not answer."""

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Call a method; returns the answer, a tuple."""

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""

    def follow(self, device: str) -> None:
        """Be told of a device's states, and be asked for passphrases, from now on."""

    def next(self, timeout_s: float) -> Changed | Question | None:
        """The next of these; None: there was none in time."""

    def answer(self, question: Question, passphrase: str | None) -> None:
        """Answer a question; None: refuse to."""


class RefusedError(OSError):
    """NetworkManager answered with an error; `name` is its D-Bus name."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"NetworkManager refuses it: {words or name}")
        self.name = name


@contextlib.contextmanager
def manager() -> Iterator[Manager]:
    """Connect to the system's D-Bus.

    Raises:
        OSError: there is no D-Bus, or no NetworkManager.
    """
    try:
        connection = open_dbus_connection(bus="SYSTEM")
    except (OSError, ValueError, RuntimeError, DBusErrorResponse) as problem:
        raise OSError("there is no D-Bus through which NetworkManager could be asked") from problem
    with contextlib.closing(connection):
        yield _Bus(connection)


class _Bus:
    """The system's D-Bus."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self._waiting: collections.deque[Message] = collections.deque(maxlen=_MOST_WAITING)
        self._device = ""
        self._owner = self._send(message_bus.GetNameOwner(NAME))[0]

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Call a method; returns the answer."""
        return self._send(new_method_call(DBusAddress(path, NAME, interface), method, signature or None, body))

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        return self._send(Properties(DBusAddress(path, NAME, interface)).get(name))[0][1]

    def follow(self, device: str) -> None:
        """Be told of a device's states, and be asked for passphrases, from now on."""
        self._device = device
        self._send(message_bus.AddMatch(MatchRule(type="signal", interface=DEVICE, member="StateChanged", path=device)))
        self.call(_AGENTS, f"{NAME}.AgentManager", "Register", "s", "netpreflight")

    def next(self, timeout_s: float) -> Changed | Question | None:
        """The next change or question."""
        until = CLOCK.monotonic() + timeout_s
        while True:
            try:
                message = self._waiting.popleft() if self._waiting else self._receive(until)
            except TimeoutError:
                return None
            if (understood := self._understood(message)) is not None:
                return understood

    def answer(self, question: Question, passphrase: str | None) -> None:
        """Answer a question."""
        if passphrase is None:
            reply = new_error(question.asked, f"{NAME}.SecretAgent.UserCanceled")
        else:
            secrets = {question.setting: {"psk": ("s", passphrase)}}
            reply = new_method_return(question.asked, "a{sa{sv}}", (secrets,))
        self._connection.send(reply)

    def _understood(self, message: Message) -> Changed | Question | None:
        """What NetworkManager tells or asks of this run's device; None: another sender, or something else."""
        fields = message.header.fields
        if fields.get(HeaderFields.sender) != self._owner:
            return None
        member = fields.get(HeaderFields.member)
        if message.header.message_type is MessageType.signal:
            is_ours = member == "StateChanged" and fields.get(HeaderFields.path) == self._device
            return Changed(int(message.body[0])) if is_ours else None
        if message.header.message_type is not MessageType.method_call:
            return None
        if member == "GetSecrets" and fields.get(HeaderFields.path) == _AGENT:
            return Question(str(message.body[2]), bool(message.body[4] & _REQUEST_NEW), message)
        self._connection.send(new_method_return(message))
        return None

    def _send(self, message: Message) -> Any:
        """Send a call and return its answer; what comes meanwhile is kept for `next`."""
        serial = next(self._connection.outgoing_serial)
        until = CLOCK.monotonic() + ANSWER_S
        try:
            self._connection.send(message, serial=serial)
            while True:
                answer = self._receive(until)
                if answer.header.fields.get(HeaderFields.reply_serial) == serial:
                    return unwrap_msg(answer)
                self._waiting.append(answer)
        except TimeoutError as problem:
            raise OSError(f"NetworkManager did not answer within {ANSWER_S:.0f} s") from problem
        except DBusErrorResponse as problem:
            words = problem.data[0] if problem.data and isinstance(problem.data[0], str) else ""
            raise RefusedError(problem.name or "", words) from problem

    def _receive(self, until: float) -> Message:
        return self._connection.receive(timeout=max(0.0, until - CLOCK.monotonic()))

"""NetworkManager over D-Bus, for a network connection that it makes for a run: calls, signals, and its questions.

NetworkManager drops what it has activated for this client as soon as the client's D-Bus connection ends, for whatever
reason (`bind-activation`). The client is registered as a secret agent: NetworkManager asks it for the passphrase, and
so does not save the passphrase anywhere. Names and numbers are those of NetworkManager's D-Bus interface
(`nm-dbus-interface.h`), version 1.16 and later.
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
"""NMSettingSecretFlags: the secret is not saved, but asked for at each connection."""
MOST_CONNECTIONS = 100
"""How many saved connections are looked at, at most."""
ANSWER_S = 10.0
_AGENT = f"{ROOT}/SecretAgent"
_AGENTS = f"{ROOT}/AgentManager"
_REQUEST_NEW = 0x2
_MOST_WAITING = 1000


class Changed(NamedTuple):
    """The run's network interface has changed to another state (NMDeviceState)."""

    state: int


class Question(NamedTuple):
    """NetworkManager asks for the passphrase.

    Attributes:
        setting: the setting of the connection that the passphrase belongs to.
        is_new: whether NetworkManager asks because the passphrase that it had was refused.
        asked: the D-Bus message to reply to.
    """

    setting: str
    is_new: bool
    asked: Any = None


class Manager(Protocol):
    """The calls to NetworkManager that a run needs. Each raises OSError if it refuses or does not answer."""

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Call a method; returns the answer, a tuple."""

    def get(self, path: str, interface: str, name: str) -> Any:
        """Read a property."""

    def follow(self, device: str) -> None:
        """From now on, receive the state changes of a device (by its D-Bus path), and questions for passphrases."""

    def next(self, timeout_s: float) -> Changed | Question | None:
        """Wait for the next state change or question; None: there was none in time."""

    def answer(self, question: Question, passphrase: str | None) -> None:
        """Answer a question with the passphrase; None: decline to answer."""


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
    """NetworkManager on the system's D-Bus."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self._waiting: collections.deque[Message] = collections.deque(maxlen=_MOST_WAITING)
        self._device = ""
        self._owner = self._send(message_bus.GetNameOwner(NAME))[0]

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Call a method of NetworkManager; returns the answer, a tuple."""
        return self._send(new_method_call(DBusAddress(path, NAME, interface), method, signature or None, body))

    def get(self, path: str, interface: str, name: str) -> Any:
        """Read a property."""
        return self._send(Properties(DBusAddress(path, NAME, interface)).get(name))[0][1]

    def follow(self, device: str) -> None:
        """From now on, receive the state changes of a device (by its D-Bus path), and questions for passphrases."""
        self._device = device
        self._send(message_bus.AddMatch(MatchRule(type="signal", interface=DEVICE, member="StateChanged", path=device)))
        self.call(_AGENTS, f"{NAME}.AgentManager", "Register", "s", "netpreflight")

    def next(self, timeout_s: float) -> Changed | Question | None:
        """Wait for the next state change or question; None: there was none in time."""
        until = CLOCK.monotonic() + timeout_s
        while True:
            try:
                message = self._waiting.popleft() if self._waiting else self._receive(until)
            except TimeoutError:
                return None
            if (understood := self._news_in(message)) is not None:
                return understood

    def answer(self, question: Question, passphrase: str | None) -> None:
        """Answer a question with the passphrase; None: decline to answer."""
        if passphrase is None:
            reply = new_error(question.asked, f"{NAME}.SecretAgent.UserCanceled")
        else:
            secrets = {question.setting: {"psk": ("s", passphrase)}}
            reply = new_method_return(question.asked, "a{sa{sv}}", (secrets,))
        self._connection.send(reply)

    def _news_in(self, message: Message) -> Changed | Question | None:
        """The state change or question in a message; None: it is from another sender, or about something else.

        Other method calls are answered with an empty reply.
        """
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
        """Send a call and return its answer; other messages that arrive while waiting are kept for `next`."""
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

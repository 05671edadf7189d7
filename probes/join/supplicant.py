"""A wpa_supplicant of the run's own, and attempts to join through it.

wpa_supplicant is controlled only through its control socket: an abstract one (unix(7)), which exists only in the run's
network namespace and leaves no file. So the passphrase is in no argument list, file, environment or log. Its output is
read from a pseudo-terminal that no other process has open: it would buffer what it writes to a pipe.
"""

import collections
import contextlib
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import UNSET, UnsetType

from netpreflight.probes.join.interface import Device
from netpreflight.probes.join.words import TELLING, Watched
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.observations import MOST_HEARD, JoinAttempt, KeyForm
from netpreflight.probes.wifi.elements import ssid_bytes
from netpreflight.systems import SYSTEM

ANSWER_S = 20.0
"""How long an answer may take: adding an interface takes long on a slow or busy machine."""
START_S = 10.0
ATTEMPT_S = 25.0
"""How long one attempt may take: a scan of all channels, and the join."""
AFTER_S = 1.0
"""How long to wait for further output after a link has ended, before the handshake counts as unfinished."""
KEY_TRIES, OTHER_TRIES = 2, 3
ENDED = "the supplicant (wpa_supplicant) ended before the run did"
_LOOK_S = 0.5
_SOCKET = "netpreflight"
_PATH_BYTES = 108
"""The size of `sun_path` in sockaddr_un: the supplicant binds its name padded with zeros to this size."""
_LARGEST = 8192
_MOST_LINES = 10_000
_LONGEST_LINE = 500
OF_WPA = frozenset({"CCMP", "TKIP"})
"""The ciphers of WPA and WPA2."""
_HEARD = re.compile(r"^[0-9a-f:]{17}\t(\d{4})\t", re.MULTILINE)
"""The frequency of a BSS in the answer to SCAN_RESULTS."""
_FREQUENCY = re.compile(r"\b(\d{4}) MHz")


class Talk(Protocol):
    """What a join needs of a running supplicant."""

    def ask(self, command: bytes | bytearray) -> str:
        """Send a command; returns the answer. Raises OSError if no answer comes."""

    def line(self, timeout_s: float) -> str | None:
        """The next line of the supplicant's output; None: there was none in time, or the supplicant has ended."""

    @property
    def has_ended(self) -> bool:
        """Whether the supplicant has ended by itself, or was ended from outside."""


class Supplicant:
    """A running wpa_supplicant for one interface. It ends when this process ends, for whatever reason."""

    def __init__(self, interface: str, clock: Clock = CLOCK) -> None:
        self._interface, self._clock = interface, clock
        self._lines: collections.deque[str] = collections.deque(maxlen=_MOST_LINES)
        self._changed = threading.Condition()
        self._has_ended = False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run wpa_supplicant during the block.

        Raises:
            OSError: wpa_supplicant is not installed, does not start, or does not answer.
        """
        our_end, its_end = os.openpty()
        self._reader = threading.Thread(target=self._read, args=(our_end,), daemon=True)
        try:
            with SYSTEM.running("wpa_supplicant", "-d", "-g", f"@abstract:{_SOCKET}", output=its_end):
                os.close(its_end)
                its_end = -1
                self._reader.start()
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as self._socket:
                    self._socket.bind("")
                    self._connect()
                    added = self._send(f"INTERFACE_ADD {self._interface}\t\tnl80211".encode())
                    if added != "OK":
                        raise OSError(f"wpa_supplicant does not accept the interface ({added})")
                    yield
        finally:
            if its_end >= 0:
                os.close(its_end)
            if self._reader.ident is not None:
                self._reader.join(ANSWER_S)  # the reader ends once the supplicant closes the other end
            os.close(our_end)

    def ask(self, command: bytes | bytearray) -> str:
        """Send a command for the interface; returns the answer.

        Raises:
            OSError: no answer comes.
        """
        whole = bytearray(f"IFNAME={self._interface} ".encode()) + command
        try:
            return self._send(whole)
        finally:
            whole[:] = bytes(len(whole))

    @property
    def has_ended(self) -> bool:
        """Whether the supplicant has ended."""
        return self._has_ended

    def line(self, timeout_s: float) -> str | None:
        """The next line of the supplicant's output; None: there was none in time, or the supplicant has ended."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._lines) or self._has_ended, timeout_s)
            return self._lines.popleft() if self._lines else None

    def _send(self, command: bytes | bytearray) -> str:
        """Send a command to the control socket; returns the answer, or raises OSError if none comes."""
        self._socket.settimeout(_LOOK_S)
        until = self._clock.monotonic() + ANSWER_S
        with contextlib.suppress(ConnectionRefusedError):  # nobody has the other end
            self._socket.send(command)
            while not self.has_ended:
                with contextlib.suppress(TimeoutError):
                    return self._socket.recv(_LARGEST).decode("utf-8", "backslashreplace").strip()
                if self._clock.monotonic() > until:
                    raise OSError(f"wpa_supplicant did not answer within {ANSWER_S:.0f} s")
        raise OSError(ENDED)

    def _connect(self) -> None:
        """Connect to the supplicant's control socket, as soon as the socket exists."""
        until = self._clock.monotonic() + START_S
        while True:
            try:
                self._socket.connect(b"\0" + _SOCKET.encode().ljust(_PATH_BYTES - 1, b"\0"))
            except ConnectionRefusedError:
                if self.has_ended:
                    raise OSError("wpa_supplicant does not start") from None
                if self._clock.monotonic() > until:
                    raise OSError("wpa_supplicant does not answer") from None
                self.line(0.05)
            else:
                return

    def _read(self, terminal: int) -> None:
        """Read the supplicant's output until it ends; keep the lines that may tell something (`TELLING`)."""
        rest = b""
        while True:
            try:
                got = os.read(terminal, _LARGEST)
            except OSError:  # EIO: nobody has the other end any more
                with self._changed:
                    self._has_ended = True
                    self._changed.notify_all()
                return
            whole, newline, rest = (rest + got).rpartition(b"\n")
            rest = rest[-_LARGEST:]
            lines = TELLING.findall(whole) if newline else []
            if not lines:
                continue
            with self._changed:
                self._lines.extend(line[:_LONGEST_LINE].decode("ascii", "backslashreplace").rstrip() for line in lines)
                self._changed.notify_all()


class Joining:
    """The attempts to join one network as one device.

    Args:
        talk: the supplicant.
        device: the device to be; its passphrase is overwritten once the supplicant has it.
        clock: for deadlines.
        elapsed: gives the seconds since the run started.
    """

    def __init__(self, talk: Talk, device: Device, clock: Clock, elapsed: Callable[[], float]) -> None:
        self._talk, self._device = talk, device
        self._clock, self._elapsed = clock, elapsed

    def set_up(self) -> None:
        """Tell the supplicant the network, the passphrase and the limits of the device's radio.

        Raises:
            OSError: the supplicant does not accept them.
        """
        for setting in ("disable_btm 1", "p2p_disabled 1", "pmf 0", "reject_btm_req_reason 1"):
            self._talk.ask(f"SET {setting}".encode())  # a build without a feature need not switch it off
        number = self._talk.ask(b"ADD_NETWORK")
        if number != "0":
            raise OSError(f"wpa_supplicant adds no network ({number})")
        for name, value in self._settings().items():
            if self._set(name, value.encode()) != "OK" and name not in {"disable_he", "disable_vht"}:
                raise OSError(f"wpa_supplicant does not accept the setting {name}")
        if self._device.passphrase is not None:
            self._give_passphrase(self._device.passphrase.content)
            self._device.passphrase.forget()

    def attempts(self, *, fits_one: bool = False) -> Iterator[JoinAttempt]:
        """Try until the station has joined: at most twice if the passphrase is refused, else at most three times.

        Args:
            fits_one: whether the survey heard a BSS that the device could join. If the supplicant then passes over the
                network, it found only other BSSs of the same name: the fitting BSS is gone, or the scan has missed it.
                So another attempt is made.
        """
        tried: list[JoinAttempt] = []
        while True:
            tried.append(self._attempt())
            yield tried[-1]
            if self._talk.has_ended:
                return
            ended = [attempt.ended for attempt in tried]
            # The supplicant passes a network over because of its beacon, and would do so again.
            if ended[-1] == "joined" or (ended[-1] == "passed-over" and not fits_one):
                return
            if ended.count("key-refused") >= KEY_TRIES:
                return
            if len(ended) - ended.count("key-refused") >= OTHER_TRIES:
                return

    def _settings(self) -> dict[str, str]:
        """The network's settings for wpa_supplicant, without the passphrase: its name, and the device's limits."""
        can, device = self._device.radio, self._device
        ciphers = " ".join(cipher for cipher in can.ciphers if cipher in OF_WPA)
        frequencies = " ".join(map(str, self._frequencies()))
        found = {
            "ssid": ssid_bytes(device.ssid or "").hex(),
            "scan_ssid": "1",
            "freq_list": frequencies,
            "scan_freq": frequencies,
            "disable_ht40": "1",
            "disable_vht": "1",
            "disable_he": "1",
            "disable_ht": "0" if can.ht else "1",
            "ieee80211w": "1" if can.pmf else "0",
        }
        if device.passphrase is None:
            return {**found, "key_mgmt": "NONE"}
        protocols = " ".join(
            name for family, name in (("wpa2-psk", "RSN"), ("wpa-psk", "WPA")) if family in can.security
        )
        return {**found, "key_mgmt": "WPA-PSK", "proto": protocols, "pairwise": ciphers, "group": ciphers}

    def _frequencies(self) -> list[int]:
        """The device's frequencies that this laptop's radio has, too: it refuses a scan that names any other frequency.

        Raises:
            OSError: the radio has none of the device's frequencies.
        """
        here = {int(frequency) for frequency in _FREQUENCY.findall(self._talk.ask(b"GET_CAPABILITY freq"))}
        wanted = self._device.radio.frequencies_mhz
        found = [frequency for frequency in wanted if frequency in here] if here else wanted
        if not found:
            raise OSError("this laptop's radio has none of the device's channels")
        return found

    def _give_passphrase(self, content: bytearray) -> None:
        """Give wpa_supplicant the passphrase; the command, which holds a copy of the passphrase, is then overwritten.

        Raises:
            OSError: wpa_supplicant does not accept the passphrase.
        """
        quote = b"" if _is_key(content) else b'"'
        command = bytearray(b"SET_NETWORK 0 psk " + quote)
        command += content
        command += quote
        try:
            answer = self._talk.ask(command)
        finally:
            command[:] = bytes(len(command))
        if answer != "OK":
            raise OSError("wpa_supplicant does not accept the passphrase")

    def _set(self, name: str, value: bytes) -> str:
        return self._talk.ask(b"SET_NETWORK 0 " + name.encode() + b" " + value)

    def _heard_mhz(self) -> list[int] | UnsetType:
        """The frequencies on which the last scan heard any BSS, ascending; UNSET: the supplicant does not answer."""
        try:
            told = self._talk.ask(b"SCAN_RESULTS")
        except OSError:
            return UNSET
        return sorted({int(frequency) for frequency in _HEARD.findall(told)})[:MOST_HEARD]

    def _attempt(self) -> JoinAttempt:
        """Make one attempt with fresh scan results; disconnect afterwards unless it has joined."""
        begun, at_s = self._clock.monotonic(), self._elapsed()
        self._talk.ask(b"BSS_FLUSH 0")
        while self._talk.line(0) is not None:
            pass
        self._talk.ask(b"SELECT_NETWORK 0")
        watched, until = Watched(), begun + ATTEMPT_S
        while not self._talk.has_ended and (left_s := until - self._clock.monotonic()) > 0:
            line = self._talk.line(left_s)
            if line is not None and watched.read(line):
                if watched.reason is not None or watched.ended == "key-refused":
                    until = min(until, self._clock.monotonic() + AFTER_S)
                if watched.ended is not None and (watched.ended != "key-refused" or watched.reason is not None):
                    break
        watched.settled()
        if watched.ended == "not-found":
            watched.heard_mhz = self._heard_mhz()
        if watched.ended != "joined" and not self._talk.has_ended:
            self._talk.ask(b"DISCONNECT")
        return watched.attempt(self._device.mac, at_s, self._clock.monotonic() - begun)


def key_form(content: bytearray | None) -> KeyForm:
    """Whether a passphrase was given, is allowed, and is ASCII (IEEE 802.11-2020, J.4.1 and 12.7.1)."""
    if content is None:
        return "none"
    if _is_key(content):
        return "allowed"
    if not 8 <= len(content) <= 63 or 0 in content or 10 in content:  # a NUL or line feed would end the control command
        return "not-allowed"
    return "allowed" if all(32 <= octet <= 126 for octet in content) else "not-ascii"


def _is_key(content: bytearray) -> bool:
    """Whether this is a pre-shared key in 64 hexadecimal digits, and not a passphrase."""
    return len(content) == 64 and all(octet in b"0123456789abcdefABCDEF" for octet in content)

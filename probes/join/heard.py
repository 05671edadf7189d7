"""The attempts to join that NetworkManager makes for a run, reconstructed from the events of the radio's driver.

The driver reports an attempt only when an access point has answered, or has not answered in time. So a station that
never asked an access point has made no attempt.
"""

from collections.abc import Callable

from netpreflight.probes.join.supplicant import KEY_TRIES, OTHER_TRIES
from netpreflight.probes.join.words import Watched
from netpreflight.probes.observations import MOST_ATTEMPTS, JoinAttempt, JoinEnd, LinkLoss, band_of
from netpreflight.systems.interface import StationEvent

_SUCCESS = 0
_BY_AP_FOR_KEY = {2, 15}
"""Reason codes with which access points end a failed four-way handshake: hostapd sends 15 (timeout), some others 2 (not
valid)."""


class Heard:
    """The attempts of a station, as far as the driver's events tell.

    Args:
        mac: the station's MAC address.
        elapsed: gives the seconds since the run started.

    Attributes:
        attempts: the attempts that have ended.
        was_unheard: whether some of the driver's events were lost since `begin()`.
    """

    def __init__(self, mac: str, elapsed: Callable[[], float]) -> None:
        self._mac, self._elapsed = mac, elapsed
        self._open: Watched | None = None
        self._opened_s = 0.0
        self._is_asked_by_radio = True
        """Whether the radio itself sends the authentication and association requests: then its driver reports no
        authentication, only the connection."""
        self.attempts: list[JoinAttempt] = []
        self.was_unheard = False

    def begin(self) -> None:
        """Note that NetworkManager is asked for the next attempt."""
        self.was_unheard = False

    def read(self, event: StationEvent) -> None:
        """Process an event of the driver."""
        if event.what == "authentication":
            self._is_asked_by_radio = False
            self._note_answer(event, "auth-refused")
        elif event.what == "association" or (event.what == "connection" and self._is_asked_by_radio):
            self._note_answer(event, "assoc-refused")
        elif event.what == "end" and self._open is not None and self._open.reason is None:
            self._open.reason, self._open.by_laptop = event.code, event.by_laptop
        elif event.what == "unheard":
            self.was_unheard = True

    def key_was_refused(self) -> None:
        """Note that NetworkManager asks for another passphrase, because it blames the old one for the lost link.

        The attempt counts as `key-refused` only if the access point ended the handshake with a fitting reason code.
        """
        last = self._open
        if last and last.was_associated and not last.by_laptop and last.reason in _BY_AP_FOR_KEY:
            last.ended = "key-refused"
        self.close()

    def joined(self, bssid: str | None, frequency_mhz: int | None, *, may_use: bool) -> None:
        """Note that the station has joined; `may_use`: whether the device has that frequency."""
        watched = self._open or self._open_attempt()
        watched.bssid, watched.frequency_mhz = bssid or watched.bssid, frequency_mhz
        watched.ended, watched.reason = ("joined" if may_use else "not-made"), None
        if not may_use:
            watched.said.append(f"NetworkManager joined on {frequency_mhz} MHz, which the device does not have")
        self.close()

    def close(self) -> None:
        """End the open attempt, if there is one, and add it to `attempts`."""
        watched, self._open = self._open, None
        if watched is None:
            return
        watched.settled()
        if watched.ended is None and self.was_unheard:
            watched.said.append("this laptop was too busy to read all that its kernel reported about this attempt")
        if len(self.attempts) < MOST_ATTEMPTS:
            self.attempts.append(watched.attempt(self._mac, self._opened_s, self._elapsed() - self._opened_s))

    def not_told(self, bssid: str | None) -> None:
        """Add an attempt in which NetworkManager gave up before any access point was asked, as far as the events tell.

        If events were lost, an access point may have been asked after all; the attempt then says so.

        Args:
            bssid: the access point that NetworkManager had to ask; None: any of the network.
        """
        watched = self._open_attempt()
        if bssid is not None and self.was_unheard:
            watched.said.append(f"NetworkManager had to ask {bssid}, but the outcome was not read")
        elif bssid is not None:
            watched.said.append(f"NetworkManager never asked {bssid}")
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether an access point was asked, and the attempt has not been closed yet."""
        return self._open is not None

    @property
    def is_refused(self) -> bool:
        """Whether the open attempt was refused, or had no answer in time."""
        return self._open is not None and self._open.ended is not None

    @property
    def key_refusals(self) -> int:
        """How often the passphrase was refused."""
        return sum(attempt.ended == "key-refused" for attempt in self.attempts)

    @property
    def is_enough(self) -> bool:
        """Whether no further attempt is made: two with a refused passphrase, three otherwise."""
        others = len(self.attempts) - self.key_refusals
        return self.key_refusals >= KEY_TRIES or others + self._has_ended >= OTHER_TRIES

    @property
    def _has_ended(self) -> bool:
        """Whether the open attempt is over, so that only `close()` is still to come."""
        return self._open is not None and (self._open.ended is not None or self._open.reason is not None)

    def _note_answer(self, event: StationEvent, refused: JoinEnd) -> None:
        """Note the answer to a request, or that none came in time.

        Only an answer to an association request continues the open attempt; any other answer begins a new attempt.

        Args:
            event: the driver's event.
            refused: how the attempt ended, if the answer is a refusal.
        """
        if event.what != "association" or self._open is None:
            self.close()
        watched = self._open or self._open_attempt()
        watched.bssid = event.bssid or watched.bssid
        if event.code is None:
            watched.ended = "no-answer"
        elif event.code != _SUCCESS:
            watched.status, watched.ended = event.code, refused
        else:
            watched.was_associated = event.what != "authentication"

    def _open_attempt(self) -> Watched:
        """Open a new attempt that begins now."""
        self._open, self._opened_s = Watched(), self._elapsed()
        return self._open


class Scans:
    """Watches for scans on 5 GHz that use the MAC address of a device without 5 GHz.

    Such a scan tells access points that the station has 5 GHz; an access point with band steering may then refuse it on
    2.4 GHz.

    Args:
        has_5ghz: whether the device has 5 GHz: then no scan counts.
        elapsed: gives the seconds since the run started.

    Attributes:
        first_s: when the first such scan began; None: there was none, as far as the events tell.
        unheard_s: since when events were lost, so that such a scan may have been missed; None: no events were lost.
    """

    def __init__(self, elapsed: Callable[[], float], *, has_5ghz: bool) -> None:
        self._elapsed, self._has_5ghz = elapsed, has_5ghz
        self._has_device_mac = self._is_running = False
        self._device_mac_since_s = 0.0
        self._lost_s: float | None = None
        """Since when events were lost, before `begin()` too: a scan that began in that time may still be running."""
        self.first_s: float | None = None
        self.unheard_s: float | None = None

    def read(self, event: StationEvent) -> None:
        """Process an event of the driver."""
        if event.what == "scan":
            self._is_running = any(band_of(frequency) == "5" for frequency in event.frequencies_mhz)
            self._note()
        elif event.what == "scan-end":
            self._is_running = False
        elif event.what == "unheard":
            self._lost_s = self._elapsed() - event.since_s
            self._note()

    def begin(self) -> None:
        """Note that from now on the interface, and any scan that is running, has the device's MAC address.

        An earlier scan with the laptop's address has ended by then, because the interface was down in between.
        """
        if not self._has_device_mac:
            self._has_device_mac, self._device_mac_since_s = True, self._elapsed()
        self._note()

    def end(self) -> None:
        """Note that the interface, and any scan that begins, has the laptop's MAC address again."""
        self._has_device_mac = self._is_running = False
        self._lost_s = None

    def _note(self) -> None:
        """Set `first_s` and `unheard_s`, if a scan or a loss of events has to be noted now."""
        if not self._has_device_mac or self._has_5ghz:
            return
        if self._is_running and self.first_s is None:
            self.first_s = self._elapsed()
        if self._lost_s is not None and self.unheard_s is None:
            self.unheard_s = max(self._lost_s, self._device_mac_since_s)


class Link:
    """What became of the link after a join, by the driver's events.

    Args:
        bssid: the BSS that the station joined first.
        elapsed: gives the seconds since the run started.

    Attributes:
        bssid: the BSS that the station is on, or was on last.
        was_unheard: whether some of the driver's events were lost.
        is_over: whether NetworkManager has given the link up: later events are about the laptop's own connection.
        lost: each loss of the link.
    """

    def __init__(self, bssid: str | None, elapsed: Callable[[], float]) -> None:
        self.bssid, self._elapsed = bssid, elapsed
        self._is_up, self.was_unheard, self.is_over = True, False, False
        self.lost: list[LinkLoss] = []

    def read(self, event: StationEvent) -> None:
        """Process an event of the driver."""
        if event.what == "end" and self._is_up:
            self._is_up = False
            if len(self.lost) < MOST_ATTEMPTS:
                self.lost.append(
                    LinkLoss(
                        at_s=self._elapsed(),
                        bssid=event.bssid or self.bssid,
                        reason=event.code,
                        by_laptop=event.by_laptop,
                    )
                )
        elif event.what in {"association", "connection", "roam"} and event.code == _SUCCESS:
            if not self.is_over:
                self._is_up, self.bssid = True, event.bssid or self.bssid
        elif event.what == "unheard":
            self.was_unheard = True

    @property
    def is_there(self) -> bool:
        """Whether the station is on the network as the device."""
        return self._is_up and not self.is_over

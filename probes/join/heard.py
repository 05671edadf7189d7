"""The attempts of a station that a manager of this laptop's radio makes, by what the radio's driver tells of them.

An attempt begins with an answer of an access point, or with none that came in time. So a station that never asked one
has made no attempt.
"""

from collections.abc import Callable

from netpreflight.probes.join.supplicant import KEY_TRIES, OTHER_TRIES
from netpreflight.probes.join.words import Watched
from netpreflight.probes.observations import MOST_ATTEMPTS, JoinAttempt, JoinEnd, LinkLoss, band_of
from netpreflight.systems.interface import StationEvent

_SUCCESS = 0
_BY_AP_FOR_KEY = {2, 15}
"""Reasons with which access points end a four-way handshake: hostapd says 15 (timeout), some others 2 (not valid)."""


class Heard:
    """What was heard of a station so far.

    Args:
        mac: the station's MAC address.
        elapsed: seconds since the run started.

    Attributes:
        attempts: those that have ended.
        was_unheard: whether some of what was told was lost since `begin`.
    """

    def __init__(self, mac: str, elapsed: Callable[[], float]) -> None:
        self._mac, self._elapsed = mac, elapsed
        self._open: Watched | None = None
        self._opened_s = 0.0
        self._is_asked_by_radio = True
        """Whether the radio itself makes both requests, as those do that tell of no authentication."""
        self.attempts: list[JoinAttempt] = []
        self.was_unheard = False

    def begin(self) -> None:
        """The manager is asked for the next attempt."""
        self.was_unheard = False

    def read(self, event: StationEvent) -> None:
        """Take what the driver tells."""
        if event.what == "authentication":
            self._is_asked_by_radio = False
            self._answered(event, "auth-refused")
        elif event.what == "association" or (event.what == "connection" and self._is_asked_by_radio):
            self._answered(event, "assoc-refused")
        elif event.what == "end" and self._open is not None and self._open.reason is None:
            self._open.reason, self._open.by_laptop = event.code, event.by_laptop
        elif event.what == "unheard":
            self.was_unheard = True

    def key_was_refused(self) -> None:
        """The manager wants another passphrase: it takes the one that it had for the reason of the end before."""
        last = self._open
        if last and last.was_associated and not last.by_laptop and last.reason in _BY_AP_FOR_KEY:
            last.ended = "key-refused"
        self.close()

    def joined(self, bssid: str | None, frequency_mhz: int | None, *, may_use: bool) -> None:
        """The station is on the network; `may_use`: on a frequency that the device has."""
        watched = self._open or self._begun()
        watched.bssid, watched.frequency_mhz = bssid or watched.bssid, frequency_mhz
        watched.ended, watched.reason = ("joined" if may_use else "not-made"), None
        if not may_use:
            watched.said.append(f"NetworkManager joined on {frequency_mhz} MHz, which the device does not have")
        self.close()

    def close(self) -> None:
        """End the attempt that is open, if one is."""
        watched, self._open = self._open, None
        if watched is None:
            return
        watched.settled()
        if watched.ended is None and self.was_unheard:
            watched.said.append("this laptop was too busy to read all that its kernel told of it")
        if len(self.attempts) < MOST_ATTEMPTS:
            self.attempts.append(watched.attempt(self._mac, self._opened_s, self._elapsed() - self._opened_s))

    def not_told(self, bssid: str | None) -> None:
        """The manager gave up, and no access point was asked, as far as was told: not this one either, if it had to.

        Where some of that was lost, it may have been asked.
        """
        watched = self._begun()
        if bssid is not None and self.was_unheard:
            watched.said.append(f"NetworkManager was to ask {bssid}, and what became of it was not read")
        elif bssid is not None:
            watched.said.append(f"NetworkManager did not come to ask {bssid}")
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether an access point was asked, and the attempt has not been ended."""
        return self._open is not None

    @property
    def is_refused(self) -> bool:
        """Whether the attempt that is open was refused, or had no answer in time."""
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
        return self._open is not None and (self._open.ended is not None or self._open.reason is not None)

    def _answered(self, event: StationEvent, refused: JoinEnd) -> None:
        """An access point answered a request, or did not."""
        if event.what != "association" or self._open is None:
            self.close()
        watched = self._open or self._begun()
        watched.bssid = event.bssid or watched.bssid
        if event.code is None:
            watched.ended = "no-answer"
        elif event.code != _SUCCESS:
            watched.status, watched.ended = event.code, refused
        else:
            watched.was_associated = event.what != "authentication"

    def _begun(self) -> Watched:
        self._open, self._opened_s = Watched(), self._elapsed()
        return self._open


class Scans:
    """The scans on 5 GHz with the MAC address of a device that has no 5 GHz.

    They tell an access point that the station has 5 GHz, so that one which steers may refuse it on 2.4 GHz.

    Args:
        has_5ghz: whether the device has 5 GHz, so that none counts.
        elapsed: seconds since the run started.

    Attributes:
        first_s: when the first one began; None: none did, as far as was told.
        unheard_s: since when there may have been one that was not told; None: all was told.
    """

    def __init__(self, elapsed: Callable[[], float], *, has_5ghz: bool) -> None:
        self._elapsed, self._has_5ghz = elapsed, has_5ghz
        self._is_device = self._is_running = False
        self._device_s = 0.0
        self._lost_s: float | None = None
        """Since when events were lost; a scan that began meanwhile may go on for long."""
        self.first_s: float | None = None
        self.unheard_s: float | None = None

    def read(self, event: StationEvent) -> None:
        """Take what the driver tells."""
        if event.what == "scan":
            self._is_running = any(band_of(frequency) == "5" for frequency in event.frequencies_mhz)
            self._note()
        elif event.what == "scan-end":
            self._is_running = False
        elif event.what == "unheard":
            self._lost_s = self._elapsed() - event.since_s
            self._note()

    def begin(self) -> None:
        """The interface has the device's MAC address from now on, and so has a scan that runs.

        A scan with the laptop's address is over by then: its interface was down meanwhile.
        """
        if not self._is_device:
            self._is_device, self._device_s = True, self._elapsed()
        self._note()

    def end(self) -> None:
        """The interface has the laptop's MAC address again, and so has a scan that begins."""
        self._is_device = self._is_running = False
        self._lost_s = None

    def _note(self) -> None:
        if not self._is_device or self._has_5ghz:
            return
        if self._is_running and self.first_s is None:
            self.first_s = self._elapsed()
        if self._lost_s is not None and self.unheard_s is None:
            self.unheard_s = max(self._lost_s, self._device_s)


class Link:
    """What became of a link after a join, by what the driver tells.

    Args:
        bssid: the BSS that the station was on at first.
        elapsed: seconds since the run started.

    Attributes:
        was_unheard: whether some of what was told of it was lost.
        is_over: whether the manager has given it up, so that what the station does then is the laptop's own doing.
    """

    def __init__(self, bssid: str | None, elapsed: Callable[[], float]) -> None:
        self.bssid, self._elapsed = bssid, elapsed
        self._is_up, self.was_unheard, self.is_over = True, False, False
        self.lost: list[LinkLoss] = []

    def read(self, event: StationEvent) -> None:
        """Take what the driver tells."""
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

"""The attempts of a station that a manager of this laptop's radio makes, by what the radio's driver tells of them.

An attempt begins with an answer of an access point, or with none that came in time. So a station that never asked one
has made no attempt.
"""

from collections.abc import Callable

from netpreflight.probes.join.supplicant import KEY_TRIES, OTHER_TRIES
from netpreflight.probes.join.words import Watched
from netpreflight.probes.observations import MOST_ATTEMPTS, JoinAttempt, JoinEnd, LinkLoss
from netpreflight.systems.interface import StationEvent

_SUCCESS = 0
_BY_AP_FOR_KEY = {2, 15}
"""Reasons with which access points end a four-way handshake: hostapd says 15 (timeout), some others 2 (not valid)."""


class Heard:
    """What was heard of a station so far.

    Args:
        mac: the station's MAC address.
        elapsed: seconds since the run started.
    """

    def __init__(self, mac: str, elapsed: Callable[[], float]) -> None:
        self._mac, self._elapsed = mac, elapsed
        self._open: Watched | None = None
        self._opened_s = 0.0
        self._is_asked_by_radio = True
        """Whether the radio itself makes both requests, as those do that tell of no authentication."""
        self.attempts: list[JoinAttempt] = []

    def read(self, event: StationEvent) -> None:
        """Take what the driver tells."""
        if event.what == "authentication":
            self._is_asked_by_radio = False
            self._answered(event, "auth-refused")
        elif event.what == "association" or (event.what == "connection" and self._is_asked_by_radio):
            self._answered(event, "assoc-refused")
        elif event.what == "end" and self._open is not None and self._open.reason is None:
            self._open.reason, self._open.by_laptop = event.code, event.by_laptop

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
        if len(self.attempts) < MOST_ATTEMPTS:
            self.attempts.append(watched.attempt(self._mac, self._opened_s, self._elapsed() - self._opened_s))

    def not_told(self) -> None:
        """The manager gave up, and no access point was asked."""
        self._begun()
        self.close()

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


class Link:
    """What became of a link after a join, by what the driver tells.

    Args:
        bssid: the BSS that the station was on at first.
        elapsed: seconds since the run started.
    """

    def __init__(self, bssid: str | None, elapsed: Callable[[], float]) -> None:
        self.bssid, self._elapsed = bssid, elapsed
        self.is_there = True
        self.lost: list[LinkLoss] = []

    def read(self, event: StationEvent) -> None:
        """Take what the driver tells."""
        if event.what == "end" and self.is_there:
            self.is_there = False
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
            self.is_there, self.bssid = True, event.bssid or self.bssid

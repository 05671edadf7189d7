"""What happens to the laptop's Wi-Fi station: roaming, channel switches and lost links, each reported once.

Pure: the driver's events, looks at the current BSS and times come in, changes go out. A station that roams ends its own
link first. So a link that the laptop itself ended is reported only if the station is not on another access point soon.
"""

from typing import NamedTuple

from netpreflight.agent.judging.join import reason_words
from netpreflight.agent.watch.watched import NoteKind
from netpreflight.systems.interface import StationEvent

ROAMS_WITHIN_S = 3.0
"""A station that roams is on another access point within this time after it has ended its link."""
_SUCCESS = 0


class Change(NamedTuple):
    """Something that has changed and is not an answer of a layer; see `watched.Note`."""

    kind: NoteKind
    said: str
    bssid: str | None = None


class Station:
    """The station of one interface."""

    def __init__(self) -> None:
        self.bssid: str | None = None
        """The BSS that the station is joined to, or was joined to last."""
        self.ended = ""
        """How the link ended, in words; empty: it has not ended, as far as the driver reported."""
        self._frequency_mhz: int | None = None
        self._own_end: tuple[float, Change] | None = None
        """When the laptop itself ended the link, and the change to report for that, until it is reported."""

    def look(self, bssid: str, frequency_mhz: int | None) -> list[Change]:
        """Take the BSS and frequency that a look at the interface shows."""
        self.ended = ""
        if bssid != self.bssid:
            return self._join(bssid, frequency_mhz)
        return self._switch(frequency_mhz)

    def hear(self, event: StationEvent, at: float) -> list[Change]:
        """Take an event of the driver, and its time in seconds since some fixed moment."""
        match event.what:
            case "end" if not self.ended:
                return self._end(event, at)
            case "association" | "connection" | "roam" if event.code == _SUCCESS:
                self.ended = ""
                if event.bssid is not None and event.bssid != self.bssid:
                    return self._join(event.bssid, None)
                return self.settle(at)
            case "channel":
                return self._switch(event.frequency_mhz)
        return []

    def settle(self, at: float) -> list[Change]:
        """Report a link that the laptop itself ended, once the station is too late for roaming; `at`: the time now."""
        if self._own_end is None or at - self._own_end[0] < ROAMS_WITHIN_S:
            return []
        (_, change), self._own_end = self._own_end, None
        return [change]

    def _end(self, event: StationEvent, at: float) -> list[Change]:
        """The link has ended; if the laptop itself ended it, the change waits for `settle`."""
        bssid = event.bssid or self.bssid
        point = f"the access point{f' {bssid}' if bssid else ''}"
        why = "no reason given" if event.code is None else f"reason {reason_words(event.code)}"
        self.ended = f"this laptop ended the link to {point}: {why}" if event.by_laptop else f"{point} ended it: {why}"
        change = Change("deauthenticated", self.ended, bssid)
        if event.by_laptop:
            self._own_end = at, change
            return []
        return [change]

    def _join(self, bssid: str, frequency_mhz: int | None) -> list[Change]:
        """The station is on this BSS now; a change is reported unless it is the first one."""
        before, self.bssid, self._frequency_mhz = self.bssid, bssid, frequency_mhz
        self._own_end = None
        where = f", {frequency_mhz} MHz" if frequency_mhz else ""
        return [Change("roamed", f"from {before} to {bssid}{where}", bssid)] if before else []

    def _switch(self, frequency_mhz: int | None) -> list[Change]:
        """The BSS is on this frequency now; a change is reported unless the frequency was not known before."""
        before, self._frequency_mhz = self._frequency_mhz, frequency_mhz or self._frequency_mhz
        if before is None or before == self._frequency_mhz:
            return []
        said = f"{self.bssid or 'the access point'} went from {before} to {frequency_mhz} MHz"
        return [Change("channel", said, self.bssid)]

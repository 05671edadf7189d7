"""What wpa_supplicant's debug output says about an attempt to join, read line by line (versions 2.9 to 2.11).

A line, without its time stamp, is an event (`CTRL-EVENT-...`) or a sentence. Lines also quote names that others chose
(SSIDs; what is not plain ASCII is escaped). So only the beginning of a line decides what it means.
"""

import re
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from netpreflight.probes.observations import MOST_SAID, JoinAttempt, JoinEnd, PassedOver

LONGEST_LINE = 300
"""The most characters of a line that are kept."""
_PREFIX = re.compile(r"(?:<\d>)?(?:[\w.-]{1,15}: )?")
_BSSID = r"((?:[0-9a-f]{2}:){5}[0-9a-f]{2})"
_TRYING = re.compile(
    rf"(?:SME: )?Trying to (?:authenticate|associate) with {_BSSID} \(SSID='.*' freq=(\d{{1,6}}) MHz\)"
)
_ASSOCIATED = re.compile(rf"Associated with {_BSSID}")
_CONNECTED = re.compile(rf"CTRL-EVENT-CONNECTED - Connection to {_BSSID} completed")
_AUTH_REJECT = re.compile(rf"CTRL-EVENT-AUTH-REJECT {_BSSID} .*?status_code=(\d{{1,5}})")
_ASSOC_REJECT = re.compile(rf"CTRL-EVENT-ASSOC-REJECT (?:bssid={_BSSID} )?.*?status_code=(\d{{1,5}})( timeout)?")
_DISCONNECTED = re.compile(rf"CTRL-EVENT-DISCONNECTED bssid={_BSSID} reason=(\d{{1,5}})( locally_generated=1)?")
_WRONG_KEY = re.compile(
    r"CTRL-EVENT-SSID-TEMP-DISABLED .*reason=WRONG_KEY|WPA: 4-Way Handshake failed - pre-shared key"
)
_TIMEOUT = re.compile(
    r"(?:SME: )?(?:Authentication|Association) (?:timed out|timeout)|Authentication with .* timed out"
)
_NOT_FOUND = re.compile(r"No suitable network found")
_SKIP = re.compile(r" *skip (?:RSN IE|WPA IE|-) ?-? ?(.*)")
_MOVE = re.compile(r"(?:WNM: )?RX action 7 from ")
"""A BSS Transition Management Request (IEEE 802.11-2020, table 9-427); the supplicant is configured to ignore these."""
_SKIPPED: tuple[tuple[str, PassedOver], ...] = (
    ("no mgmt frame protection", "pmf"),
    ("mgmt frame protection", "pmf"),
    ("key mgmt mismatch", "akm"),
    ("no WPA/RSN proto match", "akm"),
    ("proto mismatch", "akm"),
    ("non-WPA network not allowed", "akm"),
    ("PTK cipher mismatch", "cipher"),
    ("GTK cipher mismatch", "cipher"),
    ("rate sets do not match", "rates"),
)
_OTHER_NETWORK = (
    "SSID mismatch",
    "SSID not known",
    "BSSID mismatch",
    "BSSID ignored",
    "disabled",
    "SSID temporarily disabled",
    "frequency not allowed",
)
"""Reasons for skipping a BSS that say nothing about the network to join."""


TELLING = re.compile(
    rb"[^\n]*(?:CTRL-EVENT-|Trying to a|Associated with|timed out|timeout|skip |No suitable|4-Way Handshake failed|"
    rb"WNM: RX action 7 )[^\n]*"
)
"""Matches the lines that may be about an attempt, among the many that wpa_supplicant writes."""


@dataclass(slots=True)
class Watched:
    """What the lines of one attempt, or the lines after a join, have said so far.

    Attributes:
        ended: how the attempt ended; None: it has not ended.
        was_associated: whether the access point had accepted the association.
        bssid: the access point's BSSID.
        status: the status code of a refusal.
        reason: the reason code with which the link ended; None: it has not ended.
        by_laptop: whether this laptop ended the link.
        wrong_key: whether the supplicant blames the passphrase.
        was_asked_to_move: whether the access point asked the station to move to another BSS.
        passed_over: why the supplicant skipped the network.
        heard_mhz: see `JoinAttempt`.
        said: the lines that these facts come from, in the supplicant's words.
    """

    ended: JoinEnd | None = None
    was_associated: bool = False
    bssid: str | None = None
    frequency_mhz: int | None = None
    status: int | None = None
    reason: int | None = None
    by_laptop: bool = False
    wrong_key: bool = False
    was_asked_to_move: bool = False
    passed_over: PassedOver | None = None
    heard_mhz: list[int] | UnsetType = UNSET
    said: list[str] = field(default_factory=list)

    def read(self, line: str) -> bool:
        """Process a line; returns whether the line said something about the attempt."""
        line = _PREFIX.sub("", line, count=1) if not line.startswith(" ") else line
        if not self._understood(line):
            return False
        words = line.strip()[:LONGEST_LINE]
        if len(self.said) < MOST_SAID and words not in self.said:
            self.said.append(words)
        return True

    def _understood(self, line: str) -> bool:
        """Note what a line without its prefix says; returns whether it is a known one."""
        if found := _SKIP.match(line):
            return self._skipped(found[1])
        if found := _TRYING.match(line):
            self.bssid, self.frequency_mhz = found[1], int(found[2])
        elif found := _ASSOCIATED.match(line):
            self.bssid, self.was_associated = found[1], True
        elif found := _CONNECTED.match(line):
            self.bssid, self.ended = found[1], "joined"
        elif found := _AUTH_REJECT.match(line):
            self.bssid, self.status, self.ended = found[1], int(found[2]), "auth-refused"
        elif found := _ASSOC_REJECT.match(line):
            self.bssid = found[1] or self.bssid
            self.status = None if found[3] else int(found[2])
            self.ended = "no-answer" if found[3] else "assoc-refused"
        elif found := _DISCONNECTED.match(line):
            self.reason, self.by_laptop = int(found[2]), bool(found[3])
        elif _WRONG_KEY.match(line):
            self.wrong_key, self.ended = True, "key-refused"
        elif _TIMEOUT.match(line):
            self.ended = self.ended or "no-answer"
        elif _NOT_FOUND.match(line):
            self.ended = self.ended or ("passed-over" if self.passed_over else "not-found")
        elif _MOVE.match(line):
            self.was_asked_to_move = True
        else:
            return False
        return True

    def _skipped(self, why: str) -> bool:
        """Note why a BSS was skipped; returns whether the reason is about the network to join."""
        if any(why.startswith(word) for word in _OTHER_NETWORK):
            return False
        self.passed_over = next((kind for word, kind in _SKIPPED if why.startswith(word)), self.passed_over or "other")
        return True

    def attempt(self, mac: str, at_s: float, duration_s: float) -> JoinAttempt:
        """This attempt as an observation, made by a station with this MAC address."""
        return JoinAttempt(
            at_s=at_s,
            duration_s=duration_s,
            mac=mac,
            ended=self.ended or "not-told",
            bssid=self.bssid,
            frequency_mhz=self.frequency_mhz,
            status=self.status,
            reason=self.reason,
            by_laptop=self.by_laptop,
            passed_over=self.passed_over if self.ended == "passed-over" else None,
            heard_mhz=self.heard_mhz,
            said=self.said,
        )

    def settled(self) -> None:
        """Set `ended` if nothing more is said after the link ended: no line has then blamed the passphrase."""
        if self.ended is None and self.reason is not None:
            self.ended = "key-unfinished" if self.was_associated else "no-answer"

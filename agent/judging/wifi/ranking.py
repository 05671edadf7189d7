"""The BSSs of one network, ranked for one kind of radio: the best BSS, and a worse one that the device may join.

Most BSSs are alike in what a check looks at, so each check judges one BSS of each kind, and not all of them.
"""

from collections.abc import Callable, Hashable
from typing import Any

import msgspec

from netpreflight.agent.judging.wifi.bss import is_fresh
from netpreflight.agent.judging.wifi.channels import judge_channel, judge_width
from netpreflight.agent.judging.wifi.mode import judge_mode
from netpreflight.agent.judging.wifi.security import is_odd, judge_security
from netpreflight.agent.judging.wifi.ssid import judge_hidden
from netpreflight.agent.judging.wifi.strength import judge_signal, quality
from netpreflight.agent.judging.wifi.survey import Survey
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import BEST_FIRST, Finding
from netpreflight.probes.observations import Bss, strength

JudgeBss = Callable[[Bss, Survey, Profile], Finding]
"""A function that judges one BSS for one check."""
Rank = tuple[int, int, float]
"""How good a BSS is, lower is better: its worst status, how many checks have that status, and its negated signal."""
Statuses = dict[tuple[bytes, JudgeBss, Hashable], int]
"""Keyed by (radio facts, check, what the check looks at in a BSS): the status, as its place in `BEST_FIRST`."""

_encoded: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
LOOKED_AT: dict[JudgeBss, Callable[[Bss], Hashable]] = {
    judge_channel: lambda bss: (bss.band, bss.channel),
    judge_security: lambda bss: (_encoded((bss.security, bss.rsn, bss.wpa, bss.pmf)), bss.complete, is_odd(bss)),
    judge_mode: lambda bss: (
        *(bss.band, bss.complete, bool(bss.rates_mbps), bss.ht.basic_mcs if bss.ht else None),
        *(tuple(bss.membership), frozenset(bss.basic_rates_mbps)),
    ),
    judge_hidden: lambda bss: (bss.band, bss.channel, bss.hidden),
    judge_signal: quality,
    judge_width: lambda bss: (bss.band, bss.width_mhz),
}
"""The checks that judge a single BSS, each with what its status depends on: BSSs that are equal in that have the same
status."""
_PASS, _WARN, _UNKNOWN, _FAIL = map(BEST_FIRST.index, ("pass", "warn", "unknown", "fail"))


class Kinds:
    """The BSSs of a network by kind: BSSs of one kind are equal in everything that the checks look at.

    Attributes:
        of: the number of each BSS's kind, in the order of the BSSs.
        looked_at: for each kind, what each check in `LOOKED_AT` looks at.
        examples: for each kind, one BSS of this kind.
    """

    def __init__(self, ours: list[Bss]) -> None:
        numbers: dict[tuple[Hashable, ...], int] = {}
        self.of: list[int] = []
        self.examples: list[Bss] = []
        for bss in ours:
            kind = numbers.setdefault(tuple(looked_at(bss) for looked_at in LOOKED_AT.values()), len(numbers))
            if kind == len(self.examples):
                self.examples.append(bss)
            self.of.append(kind)
        self.looked_at = list(numbers)


class Ranking:
    """The BSSs of a network that a radio can use, and the best of them.

    Attributes:
        usable: the BSSs in the device's bands that send beacons, so that the device hears them; strongest first.
        unheard: the nontransmitted BSSIDs in the device's bands, whose element 802.11a/b/g/n stations do not read.
        best: the usable BSS with the best rank; None: no BSS is usable.
    """

    def __init__(self, wifi: Survey, kinds: Kinds, profile: Profile, radio: bytes) -> None:
        bands = profile.radio.bands.value
        in_band = [bss.band in bands for bss in kinds.examples]
        there = [(bss, kind) for bss, kind in zip(wifi.ours, kinds.of, strict=True) if in_band[kind]]
        self.usable = [bss for bss, _ in there if not bss.nontransmitted]
        self.unheard = [bss for bss, _ in there if bss.nontransmitted]
        self._kinds = [kind for bss, kind in there if not bss.nontransmitted]
        self._statuses: dict[int, dict[JudgeBss, int]] = {
            kind: {
                judge: _status(kinds.examples[kind], judge, looked_at, wifi, profile, radio)
                for judge, looked_at in zip(LOOKED_AT, kinds.looked_at[kind], strict=True)
            }
            for kind in set(self._kinds)
        }
        self._ranks = [self._rank(bss, kind, wifi) for bss, kind in zip(self.usable, self._kinds, strict=True)]
        self.best = self.usable[self._ranks.index(min(self._ranks))] if self.usable else None
        self._in_the_way: dict[JudgeBss, Bss | None] = {}

    def in_the_way(self, judge: JudgeBss) -> Bss | None:
        """The BSS that the device may join instead of the best one, with a worse result in a check; None: no such BSS.

        Devices try the strongest BSS of a name first. So a BSS that the device cannot join counts if it is stronger
        than the best one, and a BSS that the device can join with a warning counts if it is at least as strong. BSSs
        outside the device's channels do not count.
        """
        if judge not in self._in_the_way:
            self._in_the_way[judge] = self._find_in_the_way(judge)
        return self._in_the_way[judge]

    def _rank(self, bss: Bss, kind: int, wifi: Survey) -> Rank:
        """How good a BSS is for the radio."""
        found = [*self._statuses[kind].values(), _PASS if is_fresh(bss, wifi) else _UNKNOWN]
        worst = max(found)
        return worst, found.count(worst), -strength(bss.signal_dbm)

    def _find_in_the_way(self, judge: JudgeBss) -> Bss | None:
        """Find what `in_the_way` returns, without caching it."""
        best = self.best
        if best is None or best.signal_dbm is None:
            return None
        for other, rank, kind in zip(self.usable, self._ranks, self._kinds, strict=True):
            if strength(other.signal_dbm) < best.signal_dbm:
                return None  # all that follow are weaker, too
            statuses = self._statuses[kind]
            if other is best or statuses[judge_channel] in {_FAIL, _UNKNOWN}:
                continue
            if statuses[judge] == _WARN and rank[0] <= _WARN:
                return other
            if statuses[judge] == _FAIL and strength(other.signal_dbm) > best.signal_dbm:
                return other
        return None


def ranking_of(wifi: Survey, profile: Profile) -> Ranking:
    """The BSSs of the survey's network ranked for a device; devices and versions with one radio share a ranking."""
    if wifi.kinds is None:
        wifi.kinds = Kinds(wifi.ours)
    radio = _encoded(profile.radio)
    if radio not in wifi.rankings:
        wifi.rankings[radio] = Ranking(wifi, wifi.kinds, profile, radio)
    return wifi.rankings[radio]


def _status(bss: Bss, judge: JudgeBss, looked_at: Hashable, wifi: Survey, profile: Profile, radio: bytes) -> int:
    """The status of a BSS in a check; an earlier result is used for a BSS that is equal in what the check looks at."""
    key = radio, judge, looked_at
    status = wifi.statuses.get(key)
    if status is None:
        status = wifi.statuses[key] = BEST_FIRST.index(judge(bss, wifi, profile).standing)
    return status

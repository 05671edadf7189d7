"""Limits what is kept of each BSS, so that a run near thousands of access points stays small and can be loaded again.

What judging needs is always kept. Beyond the budget, a BSS loses its raw elements, the neighbouring access points that
it names, and all notes but one: these are evidence for people. The decoded elements stay.
"""

from msgspec import structs

from netpreflight.probes.observations import Bss, Neighbor, Wifi, strength

MOST_ELEMENTS = 1 << 20
"""The most characters of raw elements, in hexadecimal, over all BSSs."""
MOST_NEIGHBORS = 4_000
"""The most neighbours (from Reduced Neighbor Reports) over all BSSs; beyond that, a BSS keeps `MOST_SAME` of them."""
MOST_SAME = 2
"""How many neighbours with its own SSID a BSS keeps beyond `MOST_NEIGHBORS`."""
MOST_NOTES = 8_000
"""The most notes in `Bss.contradictions`, over all BSSs; beyond that, each BSS keeps one."""
_CUT = "The raw elements of some access points were left out: all of them would make the run too large"


class Budget:
    """Takes BSSs one after the other, the most important first, and returns what is kept of each."""

    def __init__(self) -> None:
        self._elements = MOST_ELEMENTS
        self._neighbors = MOST_NEIGHBORS
        self._notes = MOST_NOTES
        self.has_cut = False
        """Whether something was left out."""

    def kept(self, bss: Bss) -> Bss:
        """A BSS, without what the budget has no room for."""
        changes: dict[str, object] = {}
        if len(bss.elements) > self._elements:
            changes["elements"] = ""
        else:
            self._elements -= len(bss.elements)
        if len(bss.neighbors) > self._neighbors:
            changes["neighbors"] = _same_name(bss.neighbors)
        else:
            self._neighbors -= len(bss.neighbors)
        if len(bss.contradictions) > self._notes:
            changes["contradictions"] = bss.contradictions[:1]
        else:
            self._notes -= len(bss.contradictions)
        self.has_cut |= bool(changes)
        return structs.replace(bss, **changes) if changes else bss

    @property
    def limits(self) -> list[str]:
        """The sentence that says that something was left out; empty: nothing was."""
        return [_CUT] if self.has_cut else []


def _same_name(neighbors: list[Neighbor]) -> list[Neighbor]:
    """The first neighbours that have the same SSID as the BSS that names them: judging looks for these."""
    return [neighbor for neighbor in neighbors if neighbor.same_ssid][:MOST_SAME]


def within_budget(seen: Wifi) -> None:
    """Leave out what the budget has no room for. Room goes first to the target network, then to the strongest BSSs."""
    budget = Budget()
    order = sorted(
        range(len(seen.bss)),
        key=lambda at: (seen.bss[at].ssid != seen.target, -strength(seen.bss[at].signal_dbm)),
    )
    for at in order:
        seen.bss[at] = budget.kept(seen.bss[at])
    seen.limits += budget.limits

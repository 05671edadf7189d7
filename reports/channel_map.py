"""The 2.4 GHz band as text: each BSS as the channel numbers that it covers, strongest first."""

from rich.cells import cell_len, set_cell_size

from netpreflight.probes.observations import Bss, Wifi, strength
from netpreflight.reports.safe_text import shown
from netpreflight.reports.words import is_judged

MARK = ">"
"""The mark at the beginning of a line of the judged network."""
_CHANNELS = range(1, 15)
_MOST_BSSS = 20
_NAME_WIDTH = 22
WIDTH = 2 + _NAME_WIDTH + 3 * len(_CHANNELS) + 6
"""How many columns the map is wide."""


def channel_map(wifi: Wifi, columns: int = WIDTH) -> list[str]:
    """The map as lines for a terminal, all of the same width, the scale first; empty if nothing is on 2.4 GHz.

    If a terminal has fewer columns than the map, each line lists the channels of a BSS in words instead.

    `#` is a channel number that the BSS covers, `P` its primary channel. The access points of the judged network come
    first, then the strongest of the others, up to `_MOST_BSSS` in all; the lines are ordered by signal.
    """
    bsss = [bss for bss in wifi.bss if bss.channel in _CHANNELS and bss.band == "2.4"]
    bsss.sort(key=lambda bss: (not is_judged(bss, wifi), -strength(bss.signal_dbm)))
    kept = sorted(bsss[:_MOST_BSSS], key=lambda bss: strength(bss.signal_dbm), reverse=True)
    if not kept:
        return []
    if columns < WIDTH:
        lines = _in_words(kept, wifi)
        return [*lines, *([f"  and {len(bsss) - len(kept)} weaker (see the JSON)"] if len(bsss) > len(kept) else [])]
    lines = [f"  {'':{_NAME_WIDTH}}{''.join(f'{channel:>3}' for channel in _CHANNELS)}   dBm"]
    for bss in kept:
        mark = MARK if is_judged(bss, wifi) else " "
        dbm = f"{bss.signal_dbm:.0f}" if bss.signal_dbm is not None else "?"
        lines.append(f"{mark} {set_cell_size(_name(bss), _NAME_WIDTH)}{_row(bss)}   {dbm:>3}")
    if len(bsss) > len(kept):
        lines.append(f"  and {len(bsss) - len(kept)} weaker (see the JSON)")
    return lines


def _in_words(bsss: list[Bss], wifi: Wifi) -> list[str]:
    """Each BSS with its primary channel and all that it covers."""
    lines = []
    for bss in bsss:
        low, high = _covered(bss)
        dbm = f"{bss.signal_dbm:.0f}" if bss.signal_dbm is not None else "?"
        where = f"channel {bss.channel}, covers {max(low, 1)} to {min(high, _CHANNELS[-1])}, {dbm} dBm"
        lines.append(f"{MARK if is_judged(bss, wifi) else ' '} {_name(bss)}: {where}")
    return lines


def _name(bss: Bss) -> str:
    """The name of a BSS, cut to the width of its column in the map."""
    name = shown(bss.ssid or ("(hidden)" if bss.ssid == "" else "(name withheld)"))
    return name if cell_len(name) <= _NAME_WIDTH else set_cell_size(name, _NAME_WIDTH - 1) + "…"


def _covered(bss: Bss) -> tuple[int, int]:
    """The first and the last channel number that a BSS covers."""
    primary = bss.channel or 0
    low, high = primary - 2, primary + 2  # channel numbers are 5 MHz apart, and a channel is 20 MHz wide
    if (bss.width_mhz or 20) >= 40 and bss.ht is not None:
        low, high = (low, high + 4) if bss.ht.secondary_offset == 1 else (low - 4, high)
    return low, high


def _row(bss: Bss) -> str:
    """One BSS over the channels: P for its primary channel, # for the others that it covers."""
    primary = bss.channel or 0
    low, high = _covered(bss)
    marks = ("P" if channel == primary else "#" if low <= channel <= high else "." for channel in _CHANNELS)
    return "".join(f"{mark:>3}" for mark in marks)

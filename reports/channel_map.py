"""The 2.4 GHz band as text: each BSS as the channel numbers that it covers, strongest first."""

from rich.cells import cell_len, set_cell_size

from netpreflight.probes.observations import Bss, Wifi, strength
from netpreflight.reports.safe_text import shown
from netpreflight.reports.words import is_judged

MARK = ">"
"""Begins the lines of the network judged."""
_CHANNELS = range(1, 15)
_MOST_BSSS = 20
_NAME_WIDTH = 22


def channel_map(wifi: Wifi) -> list[str]:
    """The map as lines for a terminal, all of the same width, the scale first; empty if nothing is on 2.4 GHz.

    `#` is a channel number that the BSS covers, `P` its primary channel. All access points of the judged network are
    listed, and the strongest of the others, up to `_MOST_BSSS` in all.
    """
    bsss = [bss for bss in wifi.bss if bss.channel in _CHANNELS and bss.band == "2.4"]
    bsss.sort(key=lambda bss: (not is_judged(bss, wifi), -strength(bss.signal_dbm)))
    kept = sorted(bsss[:_MOST_BSSS], key=lambda bss: strength(bss.signal_dbm), reverse=True)
    if not kept:
        return []
    lines = [f"  {'':{_NAME_WIDTH}}{''.join(f'{channel:>3}' for channel in _CHANNELS)}   dBm"]
    for bss in kept:
        mark = MARK if is_judged(bss, wifi) else " "
        name = shown(bss.ssid or ("(hidden)" if bss.ssid == "" else "(name withheld)"))
        name = name if cell_len(name) <= _NAME_WIDTH else set_cell_size(name, _NAME_WIDTH - 1) + "…"
        dbm = f"{bss.signal_dbm:.0f}" if bss.signal_dbm is not None else "?"
        lines.append(f"{mark} {set_cell_size(name, _NAME_WIDTH)}{_row(bss)}   {dbm:>3}")
    if len(bsss) > len(kept):
        lines.append(f"  and {len(bsss) - len(kept)} weaker (see the JSON)")
    return lines


def _row(bss: Bss) -> str:
    """One BSS over the channels: P for its primary channel, # for the others that it covers."""
    primary = bss.channel or 0
    low, high = primary - 2, primary + 2  # channel numbers are 5 MHz apart, and a channel is 20 MHz wide
    if (bss.width_mhz or 20) >= 40 and bss.ht is not None:
        low, high = (low, high + 4) if bss.ht.secondary_offset == 1 else (low - 4, high)
    marks = ("P" if channel == primary else "#" if low <= channel <= high else "." for channel in _CHANNELS)
    return "".join(f"{mark:>3}" for mark in marks)

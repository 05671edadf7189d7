"""Windows: decodes what its WLAN service has heard, as systems/windows/wlan.py reads it."""

from collections.abc import Callable, Sequence

from msgspec import structs

from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.wifi.elements import bss, outline, ssid_text
from netpreflight.probes.wifi.source import (
    CAPTURE_INSTEAD,
    NOT_ASKED,
    NoRadio,
    SourceUnavailable,
    Tell,
    age_of,
    in_thread,
    left_out,
    tell_nobody,
    without_twins,
)
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import HeardBss, SurveyRefused, System

DEADLINE_S = 25.0
_OLDEST_S = 86_400.0
_CLOCKS_DIFFER_S = 5.0
"""A result that seems older than _OLDEST_S, or to come from more than this in the future, has no usable time."""


async def survey(
    interface: str | None,
    name: bytes | None = None,
    *,
    elapsed: Callable[[], float],
    system: System | None = None,
    now_s: Callable[[], float] = CLOCK.wall,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Scan, and decode what was heard.

    Args:
        interface: the interface under test; its radio is used if it has one.
        name: the target network, to ask for it by name if it is not heard: a hidden network answers nothing else.
        elapsed: seconds since the run started.
        system: tests pass a system of their own.
        now_s: gives the time, as `Clock.wall` does.
        tell: reports each call, for `--debug`.
        scan: False: read what Windows has, and do not scan.

    Raises:
        SourceUnavailable: the service is stopped, there is no adapter, or Windows hides networks from this program.
    """
    names = [] if name is None else [name]
    asked_system = system or SYSTEM
    try:
        return await in_thread(
            lambda: look(asked_system, interface, names, elapsed, now_s, tell, scan=scan), DEADLINE_S
        )
    except TimeoutError as problem:
        raise SourceUnavailable(f"the WLAN service of Windows did not answer within {DEADLINE_S:.0f} s") from problem
    except SurveyRefused as refused:
        if not refused.has_radio:
            raise NoRadio(refused.reason, CAPTURE_INSTEAD) from refused
        raise SourceUnavailable(refused.reason, refused.unlocked_by) from refused


def look(
    system: System,
    interface: str | None,
    names: Sequence[bytes],
    elapsed: Callable[[], float],
    now_s: Callable[[], float],
    tell: Tell,
    *,
    scan: bool,
) -> Wifi:
    """Scan, and decode what was heard, as `survey` does; blocks."""
    begun = elapsed()
    air = system.survey(interface, names, scan=scan, tell=tell)
    seen = Wifi(
        source="windows",
        interface=air.adapter,
        triggered=air.scanned,
        scan_s=round(elapsed() - begun, 3) if air.scanned else None,
        associated_ssid=ssid_text(air.own_name) if air.own_name else None,
        associated_bssid=air.own_bssid,
        limits=[*([] if scan else [NOT_ASKED]), *air.limits],
        unlocked_by=air.unlocked_by,
    )
    unsound = air.unsound
    for heard in air.bss:
        try:
            seen.bss.append(decode(heard, now_s()))
        except ValueError:
            unsound += 1
    seen.bss = _without_twins(seen.bss)
    own = (candidate.frequency_mhz for candidate in seen.bss if candidate.bssid == air.own_bssid)
    seen.associated_frequency_mhz = next(own, None)
    names_heard = {candidate.ssid for candidate in seen.bss}
    for name in air.asked_for:
        if ssid_text(name) not in names_heard:
            quoted = in_quotes(ssid_text(name))
            seen.limits.append(f"no access point named {quoted} was heard, also when a scan asked for that name")
    if unsound:
        seen.limits.append(left_out(unsound))
    if not seen.triggered:
        ages = age_of(seen.bss) if seen.bss else "and there are none"
        seen.limits.append(f"these are the last results of Windows, {ages}")
    elif not seen.bss:
        seen.limits.append("Windows scanned without an error and heard nothing at all")
    return seen


def decode(heard: HeardBss, now_s: float) -> Bss:
    """Decode a BSS.

    Windows gives the elements of the last beacon or probe response, and does not say which it was. If they lack the
    SSID element, the name that Windows gives is used.

    Raises:
        ValueError: the elements describe no network that a device could join.
    """
    elements = heard.elements or b""
    has_name = outline(elements)[0] is not None
    if not has_name:
        elements = bytes((0, len(heard.name))) + heard.name + elements
    age_s = None if heard.heard_at is None else now_s - heard.heard_at
    is_known = age_s is not None and -_CLOCKS_DIFFER_S <= age_s <= _OLDEST_S  # otherwise the driver uses another clock
    candidate = bss(
        elements,
        bssid=heard.bssid,
        frequency_mhz=heard.frequency_mhz,
        signal_dbm=heard.signal_dbm,
        age_s=round(max(age_s, 0.0), 3) if age_s is not None and is_known else None,
        beacon_interval_tu=heard.beacon_interval_tu,
        capability=heard.capability,
        complete=has_name,
    )
    if candidate.ssid != "":
        return candidate
    if any(heard.name):
        return structs.replace(candidate, ssid=ssid_text(heard.name), ssid_hex=heard.name.hex(), hidden=True)
    return structs.replace(candidate, hidden=True)


def _without_twins(found: list[Bss]) -> list[Bss]:
    """List each hidden network once: with its name, if a scan by name has found the name out."""
    nameless = {(candidate.bssid, candidate.frequency_mhz) for candidate in found if candidate.ssid == ""}
    return without_twins(
        [
            structs.replace(candidate, hidden=True)
            if candidate.ssid and (candidate.bssid, candidate.frequency_mhz) in nameless
            else candidate
            for candidate in found
        ]
    )

"""The Wi-Fi survey: which networks are on the air, from the best source that this laptop has.

`limits` says what the source cannot see, and why better sources were not available. The result distinguishes "could not
look" (no `source`), "looked and heard nothing" (no `bss`), "results of an earlier scan" (not `triggered`, with ages)
and "names withheld". A capture is not one of these sources: `netpreflight.probes.wifi.capture.read_capture` reads it.

`limits` holds sentences: upper-case at the start, no full stop at the end. `unlocked_by` is the one step that would
show more, as a whole sentence; None if there is none.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from netpreflight.probes.net.sockets import Network
from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import LONGEST_SSID, Wifi
from netpreflight.probes.wifi.budget import within_budget
from netpreflight.probes.wifi.elements import ssid_bytes, ssid_text, with_announced
from netpreflight.probes.wifi.source import (
    CAPTURE_INSTEAD,
    NoRadio,
    SourceUnavailable,
    Tell,
    in_thread,
)
from netpreflight.systems import SYSTEM

SURVEY_S = 60.0
"""Limit for all sources together; each single one ends sooner."""
NETWORKMANAGER = "NetworkManager"
"""Skipped once another source has given results: it has then usually refused the scan that `nl80211` requested."""
LAST_RESULTS = "last results"
"""The words by which a sentence in `limits` marks the results of an earlier scan; every source uses them."""
LISTENING = "listening"
"""The source that listens with an interface in monitor mode: it works even if every other radio is switched off."""
OnPartial = Callable[[Wifi], Awaitable[None]]


@dataclass(frozen=True)
class _SurveyRequest:
    """What every source is asked to do: with which interface, for which target network, and whether to scan at all."""

    network: Network
    interface: str | None
    name: bytes | None
    """SSID of the target network, for probe requests: a hidden network answers only those that name it."""
    on_partial: OnPartial | None
    """Called with the results of 2.4 GHz as soon as they are there, if other bands follow."""
    scan: bool
    """False: only find out whether the source could scan."""

    def tell(self, part: str) -> Tell:
        """A function by which a source reports its calls to this part of the system (such as nl80211) for `--debug`."""
        return partial(self.network.asked, part)


Source = Callable[[_SurveyRequest], Awaitable[Wifi]]


async def wifi(
    network: Network,
    interface: str | None,
    ssid: str | None,
    *,
    on_partial: Callable[[Wifi], None] | None = None,
    scan: bool = True,
) -> Wifi:
    """Survey the air with the best source available; `limits` says what prevented a better one.

    Args:
        network: gives the clock and the debug trace; nothing is sent through it.
        interface: the interface under test; its radio is used if it has one.
        ssid: the target network, as in `Bss.ssid`; None: the one that the laptop is on, if any.
        on_partial: called with the results of 2.4 GHz as soon as they are there, if more follow.
        scan: False: try the sources in the same order, but let none of them send anything: only find out which one
            could scan. `triggered` then means that the source could scan.
    """

    async def early(seen: Wifi) -> None:
        """Give the results of 2.4 GHz to `on_partial`."""
        assert on_partial is not None, "asked for"
        on_partial(await in_thread(lambda: _finished(seen, ssid, []), SURVEY_S))

    octets = ssid_bytes(ssid) if ssid else b""
    ssid = ssid_text(octets) or None
    name = octets if ssid and len(octets) <= LONGEST_SSID else None
    question = _SurveyRequest(network, interface, name, early if on_partial else None, scan)
    choice = _Choice()
    try:
        with network.waiting("scan", network.clock.monotonic() + SURVEY_S):
            async with asyncio.timeout(SURVEY_S):
                await choice.run(question)
    except TimeoutError:
        choice.reasons.append("the survey was ended because it took too long")
    best = choice.best or Wifi()
    if not best.triggered and best.unlocked_by is None and choice.steps:
        best.unlocked_by = choice.steps[0]
    return await in_thread(lambda: _finished(best, ssid, choice.reasons), SURVEY_S)


class _Choice:
    """The best results so far, why no better source could be used, and the steps that would unlock one."""

    def __init__(self) -> None:
        self.best: Wifi | None = None
        self.reasons: list[str] = []
        self.steps: list[str] = []

    async def run(self, question: _SurveyRequest) -> None:
        """Ask one source after the other until one has scanned."""
        try:
            sources = _sources(question.interface)
        except NoRadio as problem:
            self._failed(problem)
            return
        if not sources:
            self._failed(SourceUnavailable(f"netpreflight cannot survey Wi-Fi on {SYSTEM.name} yet", CAPTURE_INSTEAD))
        radio_is_off = False
        for name, look in sources:
            if (radio_is_off and name != LISTENING) or (self.best is not None and name == NETWORKMANAGER):
                continue
            try:
                seen = await look(question)
            except NoRadio as problem:
                self._failed(problem)
                radio_is_off = True
                continue
            except SourceUnavailable as problem:
                self._failed(problem, name)
                continue
            except ImportError as problem:
                reason = f"the package {problem.name} is not installed"
                self._failed(SourceUnavailable(reason, f"Install the package {problem.name}."), name)
                continue
            except TimeoutError:
                raise
            except Exception as fault:  # noqa: BLE001 - a fault in one source must not end the survey
                self._failed(SourceUnavailable(lost(fault)), name)
                continue
            self._succeeded(seen)
            if seen.triggered:
                return

    def _failed(self, problem: SourceUnavailable, name: str = "") -> None:
        """Note why a source could not be used, and the step that would unlock it."""
        self.reasons.append(f"this survey could not use {name}: {problem.reason}" if name else problem.reason)
        if problem.unlocked_by:
            self.steps.append(problem.unlocked_by)

    def _succeeded(self, seen: Wifi) -> None:
        """Keep a source's results: those of a scan replace older results that a better source gave.

        What the better source knew about the laptop (country, association) is kept.
        """
        earlier = self.best
        if earlier is None:
            self.best = seen
        elif seen.triggered:
            self.best = seen
            self.reasons.extend(
                limit for limit in earlier.limits if LAST_RESULTS not in limit
            )  # the results that it speaks of are not shown now
            seen.regulatory_country = seen.regulatory_country or earlier.regulatory_country
            if seen.associated_bssid is None and seen.interface == earlier.interface:
                seen.associated_ssid = earlier.associated_ssid
                seen.associated_bssid = earlier.associated_bssid
                seen.associated_frequency_mhz = earlier.associated_frequency_mhz


def _finished(seen: Wifi, ssid: str | None, reasons: list[str]) -> Wifi:
    """Set the target network, add BSSs that only others announce, cut to the budget, and make sentences of `limits`."""
    seen.aim(ssid)
    seen.bss = with_announced(seen.bss)
    within_budget(seen)
    seen.limits = [f"{text[:1].upper()}{text[1:]}".rstrip(". ") for text in (*reasons, *seen.limits)]
    return seen


async def _load(name: str) -> None:
    """Import a source's module, and the libraries that it needs, without blocking the event loop."""
    await in_thread(lambda: importlib.import_module(f"netpreflight.probes.wifi.{name}"), SURVEY_S)


def _monitor(listening: str) -> Source:
    """The source that listens with an interface in monitor mode."""

    async def look(question: _SurveyRequest) -> Wifi:
        """Survey by listening with the interface in monitor mode."""
        await _load("monitor")
        from netpreflight.probes.wifi import monitor  # noqa: PLC0415 - each source's code when it is needed

        network = question.network
        return await monitor.survey(
            listening,
            elapsed=network.elapsed,
            clock=network.clock,
            tell=question.tell(LISTENING),
            scan=question.scan,
        )

    return look


async def _nl80211(question: _SurveyRequest) -> Wifi:
    """Survey over Linux's nl80211; if this user may not scan, NetworkManager is asked to scan."""
    await _load("nl80211")
    from netpreflight.probes.wifi import nl80211  # noqa: PLC0415 - as above

    return await nl80211.survey(
        question.interface,
        question.name,
        elapsed=question.network.elapsed,
        request_scan=partial(_request_scan, question),
        on_partial=question.on_partial,
        tell=question.tell("nl80211"),
        scan=question.scan,
    )


async def _request_scan(question: _SurveyRequest, interface: str, names: list[bytes]) -> None:
    """Ask NetworkManager to scan, for nl80211 to read the results; without `question.scan`, ask whether it would."""
    try:
        await _load("networkmanager")
        from netpreflight.probes.wifi import networkmanager  # noqa: PLC0415 - as above
    except ImportError as problem:
        raise SourceUnavailable(f"the package {problem.name}, to ask NetworkManager, is not installed") from problem
    await networkmanager.request_scan(interface, names, question.tell(NETWORKMANAGER), scan=question.scan)


async def _wpa_supplicant(question: _SurveyRequest) -> Wifi:
    """Survey by wpa_supplicant's control socket."""
    await _load("wpa_supplicant")
    from netpreflight.probes.wifi import wpa_supplicant  # noqa: PLC0415 - as above

    network = question.network
    return await wpa_supplicant.survey(
        question.interface,
        question.name,
        elapsed=network.elapsed,
        clock=network.clock.monotonic,
        tell=question.tell("wpa_supplicant"),
        scan=question.scan,
    )


async def _networkmanager(question: _SurveyRequest) -> Wifi:
    """Survey by NetworkManager's own list of access points."""
    await _load("networkmanager")
    from netpreflight.probes.wifi import networkmanager  # noqa: PLC0415 - as above

    network = question.network
    return await networkmanager.survey(
        question.interface,
        question.name,
        elapsed=network.elapsed,
        now_s=network.clock.since_boot,
        tell=question.tell(NETWORKMANAGER),
        scan=question.scan,
    )


async def _windows(question: _SurveyRequest) -> Wifi:
    """Survey by the WLAN API of Windows."""
    await _load("windows")
    from netpreflight.probes.wifi import windows  # noqa: PLC0415 - as above

    network = question.network
    return await windows.survey(
        question.interface,
        question.name,
        elapsed=network.elapsed,
        now_s=network.clock.wall,
        tell=question.tell("the WLAN API"),
        scan=question.scan,
    )


async def _macos(question: _SurveyRequest) -> Wifi:
    """Survey by CoreWLAN."""
    await _load("macos")
    from netpreflight.probes.wifi import macos  # noqa: PLC0415 - as above

    return await macos.survey(
        question.interface,
        question.name,
        elapsed=question.network.elapsed,
        tell=question.tell("CoreWLAN"),
        scan=question.scan,
    )


def _sources(interface: str | None) -> list[tuple[str, Source]]:
    """This system's sources, best first.

    Raises:
        NoRadio: /sys shows that there is no radio; this is known before any library is loaded.
    """
    looks: dict[str, Source] = {
        "the WLAN API": _windows,
        "CoreWLAN": _macos,
        "nl80211": _nl80211,
        "wpa_supplicant": _wpa_supplicant,
        NETWORKMANAGER: _networkmanager,
    }
    sources = [(name, looks[name]) for name in SYSTEM.surveyors]
    if not SYSTEM.has_radio():
        raise NoRadio("this laptop has no Wi-Fi radio that Linux knows", CAPTURE_INSTEAD)
    listening = SYSTEM.monitoring()
    if interface is not None and interface in listening:
        return [(LISTENING, _monitor(interface))]
    return [*sources, (LISTENING, _monitor(listening[0]))] if listening else sources

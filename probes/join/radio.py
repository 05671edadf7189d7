"""By Wi-Fi: the laptop's radio in a network namespace of the run, with a station of the run's own on it.

The laptop is off its own Wi-Fi for the run. The station is a second interface on the radio, with the device's MAC
address; the laptop's own interface is set down, and its MAC address never changes. Once the process that has the
namespace ends, for whatever reason, the kernel removes the station and gives the radio back. The program that manages
the radio then joins the laptop's network again. This way needs root's rights.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

from netpreflight.probes.join.by_air import missing_credentials, not_back, obstacle, renewed, says_off_air, to_join
from netpreflight.probes.join.interface import Device, Entered, Refusal
from netpreflight.probes.join.supplicant import ENDED, Joining, Supplicant, Talk, key_form
from netpreflight.probes.join.words import Watched
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.observations import AS_ROOT, MOST_ATTEMPTS, Join, JoinWay, LinkLoss, Wifi
from netpreflight.systems import SYSTEM

_LOOK_S = 0.5
_BACK_S = 10.0
"""How long a link that is down at the end of the run may take to come back, because a device would also try again."""
_TRUSTED_MANAGER = "NetworkManager"
"""The only program that is known to join the laptop's network again by itself."""


class Radio:
    """The device on the laptop's radio.

    Args:
        device: the device to be.
        clock: for deadlines.
        elapsed: gives the seconds since the run started.
    """

    name: JoinWay = "radio"
    has_namespace = True
    shares_port = False
    denial = None

    def __init__(self, device: Device, clock: Clock = CLOCK, elapsed: Callable[[], float] | None = None) -> None:
        begun = clock.monotonic()
        self._device, self._clock = device, clock
        self._elapsed = elapsed or (lambda: clock.monotonic() - begun)
        self._adapter = device.scope.interface or ""
        self._manager: str | None = None
        self._was_lent = False

    def refusal(self) -> Refusal | None:
        """Why this way may not be used here; None: it may."""
        if "radio" not in SYSTEM.joiners:
            return Refusal(
                "this system cannot lend its radio to a run", "Run netpreflight on a Linux laptop in the same network."
            )
        if (found := obstacle(self._device)) is not None:
            return found
        if not SYSTEM.is_privileged():
            return Refusal(
                "a station with a device's limits needs root's rights",
                f"Run netpreflight again {AS_ROOT}.",
                is_denied=True,
            )
        if not SYSTEM.has_program("wpa_supplicant"):
            return Refusal("wpa_supplicant is not installed", "Install the package wpasupplicant (wpa_supplicant).")
        manager = self._manager = SYSTEM.radio_manager(self._adapter)
        if manager not in {None, _TRUSTED_MANAGER}:
            return Refusal(
                f"this radio is managed by {manager}, which is not known to join the laptop's network again by itself",
                "Let NetworkManager manage it; or take that risk: --force.",
                can_be_forced=True,
            )
        if manager is None:
            return None
        from netpreflight.probes.join import way_home  # noqa: PLC0415 - jeepney, for few runs

        return way_home.doubt(self._device.scope)

    def says(self) -> list[str]:
        """What the user is told before the join begins."""
        return [
            says_off_air(self._adapter),
            f"A station with the MAC address {self._device.mac} joins in its place.",
        ]

    @contextlib.contextmanager
    def lend(self, pid: int) -> Iterator[None]:
        """Put the radio into the namespace of a process; the radio comes back when that process has ended.

        Raises:
            OSError: the system does not allow it.
        """
        SYSTEM.lend_radio(self._adapter, pid)
        self._was_lent = True
        yield

    @contextlib.contextmanager
    def enter(self, survey: Wifi | None, stop: Callable[[], None]) -> Iterator[Entered]:
        """Make the station, and join; the link is watched until the end.

        Raises:
            OSError: the system does not allow it.
        """
        device = self._device
        if (not_tried := missing_credentials(self.name, device, survey)) is not None:
            yield Entered(interface=None, join=not_tried)
            return
        form = key_form(device.passphrase.content if device.passphrase else None)
        join = Join(way="radio", ssid=device.ssid, abilities=device.radio, key_form=form, started_s=self._elapsed())
        if form == "not-allowed":
            yield Entered(interface=None, join=join)
            return
        with SYSTEM.station(self._adapter, device.mac) as station:
            supplicant = Supplicant(station, self._clock)
            with supplicant.running():
                joining = Joining(supplicant, device, self._clock, self._elapsed)
                joining.set_up()
                join.attempts.extend(joining.attempts(fits_one=bool(to_join(survey, device))))
                join.duration_s = self._elapsed() - join.started_s
                if supplicant.has_ended:
                    join.not_run, join.unlocked_by = ENDED, "Let wpa_supplicant run, and run netpreflight again."
                if join.joined is None or join.not_run:
                    yield Entered(interface=None, join=join)
                    return
                with watching(supplicant, join, self._clock, self._elapsed, stop):
                    yield Entered(interface=station, join=join)

    def forget(self) -> None:
        """Overwrite the passphrase in this process."""
        if self._device.passphrase is not None:
            self._device.passphrase.forget()

    def kept(self, _: Join | None) -> list[str]:
        """What NetworkManager has rewritten by rejoining this laptop's network, even if the device joined nothing."""
        return renewed(self._device.scope) if self._was_lent and self._manager == _TRUSTED_MANAGER else []

    def left(self) -> list[str]:
        """What of this laptop is not yet as it was."""
        return not_back(self._device.scope)


@contextlib.contextmanager
def watching(
    talk: Talk, join: Join, clock: Clock, elapsed: Callable[[], float], stop: Callable[[], None]
) -> Iterator[None]:
    """Watch the link during the block, and fill in `join`; call `stop` if the supplicant ends.

    At the end of the block, a link that is down gets up to _BACK_S to come back.
    """
    ended = threading.Event()
    begun = clock.monotonic()
    watch = threading.Thread(target=_watch, args=(talk, join, elapsed, ended, stop), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        join.watched_s = clock.monotonic() - begun
        with contextlib.suppress(OSError):
            bssid = _bssid_now(talk)
            until = clock.monotonic() + _BACK_S
            while bssid is None and len(join.lost) < MOST_ATTEMPTS and clock.monotonic() < until:
                talk.line(_LOOK_S)  # a link that was lost just now may come back
                bssid = _bssid_now(talk)
            join.link, join.end_bssid = ("there" if bssid else "gone"), bssid
            talk.ask(b"DISCONNECT")
        if talk.has_ended:
            join.link, join.end_bssid = "no-supplicant", None


def _bssid_now(talk: Talk) -> str | None:
    """The BSSID that the station is connected to; None: it is not connected."""
    status = dict(line.split("=", 1) for line in talk.ask(b"STATUS").splitlines() if "=" in line)
    return status.get("bssid") if status.get("wpa_state") == "COMPLETED" else None


def _watch(
    talk: Talk, join: Join, elapsed: Callable[[], float], ended: threading.Event, stop: Callable[[], None]
) -> None:
    """Note each loss of the link in `join`, until `ended` is set; call `stop` if the supplicant ends."""
    seen = Watched()
    while not ended.is_set():
        line = talk.line(_LOOK_S)
        if line is None and talk.has_ended:
            stop()
            while not ended.wait(_LOOK_S):
                stop()
            return
        if line is None or not seen.read(line) or seen.reason is None:
            continue
        join.lost.append(
            LinkLoss(
                at_s=elapsed(),
                bssid=seen.bssid or (join.joined.bssid if join.joined else None),
                reason=seen.reason,
                by_laptop=seen.by_laptop,
                asked_to_move=seen.was_asked_to_move,
                said=seen.said[-1] if seen.said else None,
            )
        )
        seen = Watched()
        if len(join.lost) == MOST_ATTEMPTS:
            with contextlib.suppress(OSError):
                talk.ask(b"DISCONNECT")  # otherwise the station would join and be sent away for ever
            return

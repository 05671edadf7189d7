"""By Wi-Fi, on systems that give a run no station of its own (Windows, macOS): the system itself joins for a while.

The station has the laptop's own abilities. Its MAC address is the laptop's (macOS), or a random one (Windows, if the
driver supports that). So the passphrase is really tested, but nothing that depends on the MAC address or on the radio.
The laptop leaves its own network for the join, and joins it again afterwards.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

from netpreflight.probes.join import by_air
from netpreflight.probes.join.interface import Device, Refusal
from netpreflight.probes.join.supplicant import KEY_TRIES, OTHER_TRIES, key_form
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.observations import (
    RESTORED_WITHIN_S,
    Join,
    JoinAbilities,
    JoinAttempt,
    Wifi,
)
from netpreflight.probes.wifi.elements import ssid_bytes
from netpreflight.systems import SYSTEM, watchdog
from netpreflight.systems.interface import Joined, JoinTold, NetworkToJoin, System

WATCHED_S = 10.0
"""How long a link is watched: a network access control (NAC) removes an unwanted station within seconds."""
_LOOK_S = 0.5
Guard = Callable[[str, str | None], AbstractContextManager[None]]
_FAMILIES: tuple[Literal["wpa2-psk", "wpa-psk"], ...] = ("wpa2-psk", "wpa-psk")


class AsItself:
    """A join by the laptop's own system.

    Args:
        device: the device whose channels, security and passphrase are tried.
        system: the system that joins; tests pass a fake one.
        clock: for deadlines.
        guard: a context that rejoins the laptop's network if this process is killed inside it; tests pass a fake one,
            which starts no process.
    """

    def __init__(
        self, device: Device, system: System = SYSTEM, clock: Clock = CLOCK, guard: Guard = watchdog.watched
    ) -> None:
        self._device, self._system, self._clock, self._guard = device, system, clock, guard
        self._adapter = device.scope.interface or ""
        self._begun = clock.monotonic()
        self._is_stopped: Callable[[], bool] = lambda: False

    def refusal(self) -> Refusal | None:
        """Why this way may not be used here; None: it may."""
        if self._device.ssid is None:
            return Refusal("no network is named", "Name one: --ssid NAME.")
        return by_air.remote_login(self._device.scope, self._system)

    def says(self) -> list[str]:
        """What the user is told before the join begins."""
        return [
            f"This laptop leaves its Wi-Fi ({self._adapter}) at the end of the run, for up to a minute.",
            "It joins as itself, because this system gives no station a device's MAC address: the passphrase is tried.",
        ]

    def join(self, survey: Wifi | None, is_stopped: Callable[[], bool]) -> Join:
        """Join, watch the link for a while, and go back; it takes up to a minute and a half, so call it in a thread.

        Args:
            survey: what was heard on the air; None: nothing.
            is_stopped: whether the user has ended the run.
        """
        device, self._is_stopped = self._device, is_stopped
        form = key_form(device.passphrase.content if device.passphrase else None)
        join = Join(
            way=self._system.joins_as_itself,
            ssid=device.ssid,
            abilities=JoinAbilities(frequencies_mhz=device.radio.frequencies_mhz),
            key_form=form,
            started_s=self._elapsed(),
        )
        try:
            if form != "not-allowed":
                self._join(join, survey)
        except OSError as problem:
            join.not_run = str(problem)
        finally:
            if device.passphrase is not None:
                device.passphrase.forget()
        join.duration_s = self._elapsed() - join.started_s
        return join

    def _join(self, join: Join, survey: Wifi | None) -> None:
        """Make the attempts, watch the link, and go back to the laptop's network; fills in `join`."""
        network = self._network(survey)
        if isinstance(network, str):
            join.attempts.append(self._attempt(JoinTold(ended="not-made", said=(network,)), self._elapsed()))
            return
        before = self._system.joined(self._adapter)
        with self._guard(self._adapter, before.network if before else None):
            try:
                while not self._is_stopped() and not _is_enough(join.attempts):
                    begun = self._elapsed()
                    told = self._system.join(self._adapter, network, self._is_stopped)
                    join.attempts.append(self._attempt(told, begun))
                if join.joined is not None:
                    self._watch(join)
            finally:
                self._go_back(join, before)

    def _network(self, survey: Wifi | None) -> NetworkToJoin | str:
        """The network as the survey heard it on the device's channels; a text, if it cannot be joined: why not."""
        device = self._device
        heard = [
            bss
            for bss in (survey.bss if survey else ())
            if bss.ssid == device.ssid and bss.bssid and bss.frequency_mhz in device.radio.frequencies_mhz
        ]
        if not heard:
            return "the survey did not hear it on the device's channels"
        offered = {family for bss in heard for family in bss.security or ()} & set(device.radio.security)
        secret = device.passphrase.content if device.passphrase else None
        if secret is not None and any(octet > 126 for octet in secret):
            return "this system accepts only ASCII passphrases"
        family = next((family for family in _FAMILIES if family in offered), None)
        if secret is None and "open" not in offered:
            return "no passphrase was given"
        if secret is not None and family is None:
            return "it offers no security with a passphrase that the device supports"
        return NetworkToJoin(
            name=ssid_bytes(device.ssid or ""),
            bssids=tuple(bss.bssid for bss in heard if bss.bssid),
            security=family if secret is not None and family else "open",
            is_hidden=all(bss.hidden for bss in heard),
            passphrase=secret,
        )

    def _attempt(self, told: JoinTold, begun: float) -> JoinAttempt:
        """The attempt that has just ended, with the station's MAC address, if the system tells it.

        `begun`: seconds from the run's start to the attempt's start.
        """
        own = next((adapter.mac for adapter in self._system.adapters() if adapter.name == self._adapter), None)
        joined = self._system.joined(self._adapter) if told.ended == "joined" else None
        return JoinAttempt(
            at_s=begun,
            duration_s=self._elapsed() - begun,
            mac=own or self._device.scope.mac or "",
            ended=told.ended,
            bssid=joined.bssid if joined else None,
            status=told.status,
            said=list(told.said),
        )

    def _watch(self, join: Join) -> None:
        """Watch for WATCHED_S whether the link stays up, and note with which access point it is."""
        begun = self._clock.monotonic()
        while (watched_s := self._clock.monotonic() - begun) < WATCHED_S and not self._is_stopped():
            now = self._system.joined(self._adapter)
            join.link, join.end_bssid = ("there" if now else "gone"), (now.bssid if now else None)
            if now is None:
                break
            self._clock.hold_up(_LOOK_S)
        join.watched_s = watched_s

    def _go_back(self, join: Join, before: Joined | None) -> None:
        """Take the laptop back to its own network, and wait until it has joined that again."""
        begun, wanted = self._clock.monotonic(), before.name if before else None
        self._system.rejoin(self._adapter, before.network if before else None)
        while (now := self._system.joined(self._adapter)) is None or now.name != wanted:
            if now is None and wanted is None:
                break
            if self._clock.monotonic() - begun > RESTORED_WITHIN_S:
                join.left = [f"{self._adapter} is not on its network"]
                return
            self._clock.hold_up(_LOOK_S)
        join.restored_s = round(self._clock.monotonic() - begun, 3)

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._begun


def _is_enough(attempts: list[JoinAttempt]) -> bool:
    """Whether no further attempt is made: one has joined, or KEY_TRIES or OTHER_TRIES have failed."""
    ended = [attempt.ended for attempt in attempts]
    refused = ended.count("key-refused")
    return "joined" in ended or refused >= KEY_TRIES or len(ended) - refused >= OTHER_TRIES

"""By Wi-Fi: a connection that NetworkManager makes, for an ordinary user who may have it make one.

The laptop's own interface has the device's MAC address meanwhile. NetworkManager takes that back, and joins the
laptop's network again, as soon as the run's connection to D-Bus has ended, whatever ended it. It asks the run for the
passphrase, and writes it nowhere.

It has no setting for 20 MHz or 802.11b/g. It has one for a band, and none for channels: a join on a channel that the
device does not have does not count. Its scan is not limited by any: it sends probe requests on 5 GHz, too (1.42).
It gives wpa_supplicant `freq_list`, which limits where to join, and never `scan_freq`; and it takes the interface down
for the MAC address, so that wpa_supplicant has to scan once more, with that address.

The traffic of the laptop's own programs does not leave as the device: the connection's only route is in a table of its
own, which is for what is bound to the interface.

The causes of a failed join are taken from what the radio's driver tells (nl80211), and never from NetworkManager's
reasons: it calls a MAC address that was refused "ssid-not-found".
"""

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from msgspec import structs

from netpreflight.probes.join.by_air import RENEWED, not_back, obstacle, refused_login
from netpreflight.probes.join.heard import Heard, Link
from netpreflight.probes.join.interface import Device, Entered, Refusal
from netpreflight.probes.join.manager_bus import DEVICE, NAME, ROOT, Changed, Manager, Question, manager
from netpreflight.probes.join.supplicant import KEY_TRIES, key_form
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.observations import AS_ROOT, Join, JoinAbilities, JoinWay, Wifi
from netpreflight.probes.wifi.elements import ssid_bytes
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import StationEvent

ACTIVATE_S = 60.0
"""The longest that NetworkManager may take for one activation; it ends one itself after 25 s without an answer."""
LEASE_S = 20.0
"""How long its DHCP client may take; after that the run goes on without an address."""
LOOK_S = 0.1
_NEEDED = ("network-control", "settings.modify.own")
_WIRELESS, _ACCESS_POINT = f"{DEVICE}.Wireless", f"{NAME}.AccessPoint"
_IP_CONFIG, _ACTIVATED, _FAILED, _DISCONNECTED, _PREPARE = 70, 100, 120, 30, 40
"""NMDeviceState: the supplicant has completed the join; the lease is there; and so on."""
_TABLE = 7777
_TO_TABLE = 1  # FR_ACT_TO_TBL
_NO_PMF, _PMF_IF_OFFERED = 1, 2
_KEPT_BY_AGENT, _NO_POWER_SAVING, _WITHOUT_END = 1, 2, 2**31 - 1
_FIRST_5GHZ_MHZ = 5000
Events = Callable[[], StationEvent | None]


class NetworkManager:
    """The device as a connection of NetworkManager's.

    Args:
        device: the device to be.
        clock: for deadlines.
        elapsed: seconds since the run started.
        connect: connects to NetworkManager; tests pass a fake one.
    """

    name: JoinWay = "networkmanager"
    has_namespace = False
    kept: tuple[str, ...] = (
        "NetworkManager keeps the lease of this run's connection in a file of its own, and the BSSID as a seen one.",
        RENEWED,
    )

    def __init__(
        self,
        device: Device,
        clock: Clock = CLOCK,
        elapsed: Callable[[], float] | None = None,
        connect: Callable[[], AbstractContextManager[Manager]] = manager,
    ) -> None:
        begun = clock.monotonic()
        self._device, self._clock, self._connect = device, clock, connect
        self._elapsed = elapsed or (lambda: clock.monotonic() - begun)
        self._adapter = device.scope.interface or ""

    def refusal(self) -> Refusal | None:
        """Why it may not be used here."""
        if (found := obstacle(self._device)) is not None:
            return found
        try:
            with self._connect() as bus:
                (permissions,) = bus.call(ROOT, NAME, "GetPermissions")
        except OSError as problem:
            return Refusal(str(problem), f"Run netpreflight again {AS_ROOT}.", is_denied=True)
        for needed in _NEEDED:
            if (told := permissions.get(f"{NAME}.{needed}")) != "yes":
                lets = "lets this user change the network only with an administrator's password"
                denies = "does not let this user change the network"
                return Refusal(
                    f"NetworkManager {lets if told == 'auth' else denies} (polkit: {NAME}.{needed})",
                    f"Run netpreflight again {AS_ROOT}.",
                    is_denied=True,
                )
        return None

    def says(self) -> list[str]:
        """What the user is told before it begins."""
        return [
            f"This laptop is off its Wi-Fi ({self._adapter}) for the run, and for up to half a minute after it.",
            f"NetworkManager joins with the MAC address {self._device.mac} in its place.",
        ]

    @contextlib.contextmanager
    def lend(self, _: int) -> Iterator[None]:
        """Nothing is lent: NetworkManager has the radio."""
        yield

    @contextlib.contextmanager
    def enter(self, survey: Wifi | None, _stop: Callable[[], None]) -> Iterator[Entered]:
        """Have NetworkManager join; the link is watched until the end.

        Raises:
            OSError: NetworkManager or the kernel does not allow it.
        """
        device = self._device
        if (refused := refused_login(self.name, device, survey)) is not None:
            yield Entered(interface=None, join=refused)
            return
        form = key_form(device.passphrase.content if device.passphrase else None)
        # No setting of NetworkManager's takes 802.11n from a radio.
        can = structs.replace(device.radio, ht=True)
        join = Join(way=self.name, ssid=device.ssid, abilities=can, key_form=form, started_s=self._elapsed())
        if form == "not-allowed":
            yield Entered(interface=None, join=join)
            return
        with SYSTEM.station_events(self._adapter) as events, self._connect() as bus:
            joining = _Joining(bus, events, device, self._clock, self._elapsed)
            joining.run()
            join.attempts.extend(joining.heard.attempts)
            join.duration_s = self._elapsed() - join.started_s
            if join.joined is None:
                yield Entered(interface=None, join=join)
                return
            with _watching(bus, events, join, self._clock, self._elapsed):
                yield Entered(interface=self._adapter, router=joining.router, join=join)

    def forget(self) -> None:
        """Overwrite the passphrase in this process."""
        if self._device.passphrase is not None:
            self._device.passphrase.forget()

    def left(self) -> list[str]:
        """What of this laptop is not as it was."""
        return not_back(self._device.scope)


class _Joining:
    """The attempts to join one network as one device, by NetworkManager.

    Attributes:
        heard: the attempts so far.
        router: the router of the lease; None: there is none yet.
    """

    def __init__(
        self, bus: Manager, events: Events, device: Device, clock: Clock, elapsed: Callable[[], float]
    ) -> None:
        self._bus, self._events, self._device, self._clock = bus, events, device, clock
        self.heard = Heard(device.mac, elapsed)
        self.router: str | None = None
        (self._path,) = bus.call(ROOT, NAME, "GetDeviceByIpIface", "s", device.scope.interface or "")
        bus.follow(self._path)

    def run(self) -> None:
        """Try until it has joined, twice with a refused passphrase, and three times otherwise."""
        try:
            while not self.heard.is_enough:
                before = len(self.heard.attempts)
                active = self._activate()
                if self._has_joined():
                    self._note_join()
                    self._await_lease()
                    return
                self.heard.close()
                self._deactivate(active)
                if len(self.heard.attempts) == before:
                    self.heard.not_told()
                    return
        finally:
            if self._device.passphrase is not None:
                self._device.passphrase.forget()

    def _activate(self) -> str:
        """Have NetworkManager make the connection, for as long as this process is there; returns its path."""
        options = {"persist": ("s", "volatile"), "bind-activation": ("s", "dbus-client")}
        made = settings(self._device, SYSTEM.user_name())
        answer = self._bus.call(
            ROOT, NAME, "AddAndActivateConnection2", "a{sa{sv}}ooa{sv}", made, self._path, "/", options
        )
        return str(answer[1])

    def _deactivate(self, active: str) -> None:
        with contextlib.suppress(OSError):  # it has ended by itself
            self._bus.call(ROOT, NAME, "DeactivateConnection", "o", active)

    def _has_joined(self) -> bool:
        """Follow an activation until the station is on the network, or is not."""
        has_begun = False
        until = self._clock.monotonic() + ACTIVATE_S
        while self._clock.monotonic() < until:
            told = self._bus.next(LOOK_S)
            self._hear()
            if isinstance(told, Question):
                self._answer(told)
            elif isinstance(told, Changed):
                has_begun = has_begun or told.state == _PREPARE
                if has_begun and _IP_CONFIG <= told.state <= _ACTIVATED:
                    return True
                if has_begun and told.state in {_FAILED, _DISCONNECTED}:
                    return False
            if self.heard.is_enough:
                return False
        return False

    def _hear(self) -> None:
        while (event := self._events()) is not None:
            self.heard.read(event)

    def _answer(self, question: Question) -> None:
        """Tell NetworkManager the passphrase, unless it was refused as often as it may be."""
        if question.is_new:
            self.heard.key_was_refused()
        passphrase = self._device.passphrase
        may_tell = passphrase is not None and self.heard.key_refusals < KEY_TRIES
        self._bus.answer(question, _text(passphrase.content) if passphrase is not None and may_tell else None)

    def _note_join(self) -> None:
        """Note where the station is, and whether the device could be there, too."""
        point = self._bus.get(self._path, _WIRELESS, "ActiveAccessPoint")
        frequency = int(self._bus.get(point, _ACCESS_POINT, "Frequency"))
        bssid = str(self._bus.get(point, _ACCESS_POINT, "HwAddress")).lower()
        self.heard.joined(bssid, frequency, may_use=frequency in self._device.radio.frequencies_mhz)

    def _await_lease(self) -> None:
        """Wait for the lease of NetworkManager's DHCP client, and note its router."""
        until = self._clock.monotonic() + LEASE_S
        while self._bus.get(self._path, DEVICE, "State") < _ACTIVATED:
            if self._clock.monotonic() > until:
                return
            self._bus.next(LOOK_S)
        lease = self._bus.get(self._path, DEVICE, "Dhcp4Config")
        options = self._bus.get(lease, f"{NAME}.DHCP4Config", "Options") if lease != "/" else {}
        routers = str(options.get("routers", ("s", ""))[1]).split()
        self.router = routers[0] if routers else None


def settings(device: Device, user: str) -> dict[str, dict[str, tuple[str, Any]]]:
    """The connection that NetworkManager makes for a device, as `AddAndActivateConnection2` takes it."""
    interface, can = device.scope.interface or "", device.radio
    only_24 = all(frequency < _FIRST_5GHZ_MHZ for frequency in can.frequencies_mhz)
    made: dict[str, dict[str, tuple[str, Any]]] = {
        "connection": {
            "id": ("s", "netpreflight (temporary)"),
            "uuid": ("s", str(uuid.uuid4())),
            "type": ("s", "802-11-wireless"),
            "autoconnect": ("b", False),
            "interface-name": ("s", interface),
            "auth-retries": ("i", KEY_TRIES),
            "permissions": ("as", [f"user:{user}:"]),
        },
        "802-11-wireless": {
            "ssid": ("ay", ssid_bytes(device.ssid or "")),
            "mode": ("s", "infrastructure"),
            "cloned-mac-address": ("ay", bytes.fromhex(device.mac.replace(":", ""))),
            "hidden": ("b", True),
            "powersave": ("u", _NO_POWER_SAVING),
            **({"band": ("s", "bg")} if only_24 else {}),
        },
        "ipv4": {
            "method": ("s", "auto"),
            "ignore-auto-dns": ("b", True),
            "route-table": ("u", _TABLE),
            "dhcp-send-hostname": ("b", False),
            "dhcp-client-id": ("s", "mac"),
            "dhcp-timeout": ("i", _WITHOUT_END),
            "routing-rules": ("aa{sv}", [_rule(interface)]),
        },
        "ipv6": {"method": ("s", "disabled")},
    }
    if device.passphrase is not None:
        made["802-11-wireless-security"] = _security(can)
    return made


def _security(can: JoinAbilities) -> dict[str, tuple[str, Any]]:
    """A passphrase that NetworkManager asks for each time, and the limits of the device's radio."""
    ciphers = [cipher.lower() for cipher in can.ciphers if cipher in {"CCMP", "TKIP"}]
    protocols = [name for family, name in (("wpa2-psk", "rsn"), ("wpa-psk", "wpa")) if family in can.security]
    return {
        "key-mgmt": ("s", "wpa-psk"),
        "psk-flags": ("u", _KEPT_BY_AGENT),
        "pmf": ("i", _PMF_IF_OFFERED if can.pmf else _NO_PMF),
        "proto": ("as", protocols),
        "pairwise": ("as", ciphers),
        "group": ("as", ciphers),
    }


def _rule(interface: str) -> dict[str, tuple[str, Any]]:
    """What is bound to the interface goes by the connection's own routes, and nothing else does."""
    return {
        "family": ("i", 2),
        "priority": ("u", _TABLE),
        "oifname": ("s", interface),
        "table": ("u", _TABLE),
        "action": ("y", _TO_TABLE),
    }


def _text(content: bytearray) -> str:
    """A passphrase as D-Bus has it.

    Raises:
        OSError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise OSError("NetworkManager takes only UTF-8 for a passphrase") from None


@contextlib.contextmanager
def _watching(bus: Manager, events: Events, join: Join, clock: Clock, elapsed: Callable[[], float]) -> Iterator[None]:
    """Watch the link meanwhile, and fill in what became of it."""
    ended, link = threading.Event(), Link(join.joined.bssid if join.joined else None, elapsed)
    begun = clock.monotonic()

    def look() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                told = bus.next(LOOK_S)
                if isinstance(told, Question):
                    bus.answer(
                        told, None
                    )  # it has the passphrase; who sends the device away is told, and not asked again
            while (event := events()) is not None:
                link.read(event)

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        join.watched_s = clock.monotonic() - begun
        join.lost.extend(link.lost)
        join.link, join.end_bssid = ("there", link.bssid) if link.is_there else ("gone", None)

"""By Wi-Fi: a connection that NetworkManager makes for an ordinary user who is allowed to have one made.

During the run the laptop's own interface has the device's MAC address. As soon as the run's D-Bus connection ends, for
whatever reason, NetworkManager restores the laptop's MAC address and joins the laptop's network again. It asks the run
for the passphrase, and saves it nowhere.

NetworkManager has no setting for 20 MHz or 802.11b/g. It can limit a connection to a band, but not to channels, so a
join on a channel that the device does not have is not counted. NetworkManager's scans are not limited to the band: it
gives wpa_supplicant `freq_list`, which limits where to join, but never `scan_freq` (1.42). So the scans send probe
requests on 5 GHz, which a device without 5 GHz never does. To keep such scans from using the device's MAC address:

- NetworkManager is asked for a scan before the first attempt, with the laptop's own address. wpa_supplicant joins at
  once if its scan results are less than 5 s old (`scan_res_valid_for_connect`), even if the interface was down since.
- Each connection is to one BSSID: the BSSs whose security fits the device, the strongest first. With a BSSID,
  NetworkManager neither scans while the connection is active nor has wpa_supplicant scan (`bgscan`). An Argon, too,
  joins the strongest BSS, and does not roam.
- A refused attempt is replaced at once by the next one; otherwise wpa_supplicant would scan after 0.1 s.

A 5 GHz scan that uses the device's MAC address all the same (on a slow laptop, or after a refused passphrase) is noted
in `Join.scanned_5ghz_s`; that such a scan may have been missed, in `Join.unheard_s`.

The traffic of the laptop's own programs does not leave as the device: the connection's only route is in a routing table
of its own, which only sockets bound to the interface use.

The causes of a failed join are taken from the events of the radio's driver (nl80211), and never from NetworkManager's
reasons: if a MAC address is refused, NetworkManager's reason is "ssid-not-found".

Once NetworkManager has given the connection up, it joins the laptop's own network on the same interface: the run ends.
"""

import collections
import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from msgspec import structs

from netpreflight.probes.join.by_air import (
    fits,
    missing_credentials,
    not_back,
    obstacle,
    renewed,
    says_off_air,
    surveyed,
    to_join,
)
from netpreflight.probes.join.heard import Heard, Link, Scans
from netpreflight.probes.join.interface import Device, Entered, Refusal
from netpreflight.probes.join.manager_bus import DEVICE, NAME, ROOT, Changed, Manager, Question, RefusedError, manager
from netpreflight.probes.join.supplicant import KEY_TRIES, OF_WPA, key_form
from netpreflight.probes.join.way_home import doubt
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.observations import AS_ROOT, Join, JoinAbilities, JoinWay, LinkState, Wifi
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.wifi.elements import ssid_bytes
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import StationEvent

ACTIVATE_S = 60.0
"""How long NetworkManager may take for one activation; it gives up by itself after 25 s without an answer."""
LEASE_S = 20.0
"""How long NetworkManager's DHCP client may take; after that the run goes on without an address."""
SCAN_S = 20.0
"""How long NetworkManager's scan may take. It refuses to scan for some seconds after a scan, and during a join."""
LOOK_S = 0.1
"""How long to wait for a D-Bus message before the driver's events are read again."""
HURRY_S = 0.02
"""The same during an attempt; shorter, because wpa_supplicant scans 0.1 s after a refusal."""
ASK_S = 0.3
"""How long to wait before NetworkManager is asked again to scan, or whether its scan has ended."""
_KEPT_OF_CONNECTION = (
    "NetworkManager keeps the lease of this run's connection in a file of its own, and lists the BSSID as seen."
)
_NEEDED_PERMISSIONS = ("network-control", "settings.modify.own")
_WIRELESS, _ACCESS_POINT = f"{DEVICE}.Wireless", f"{NAME}.AccessPoint"
_DISCONNECTED, _PREPARE, _CONFIG, _IP_CONFIG, _ACTIVATED, _GIVEN_UP, _FAILED = 30, 40, 50, 70, 100, 110, 120
"""NMDeviceState. The interface has the device's MAC address from `config` until its state is `disconnected` or lower.
At `ip-config` the supplicant has completed the join; at `activated` there is a lease. `deactivating`, `failed`,
`disconnected` and lower states end a connection for good."""
_DEACTIVATING = 3
"""NMActiveConnectionState."""
_TABLE = 7777
_TO_TABLE = 1  # FR_ACT_TO_TBL
_NO_PMF, _PMF_IF_OFFERED = 1, 2
_KEPT_BY_AGENT, _NO_POWER_SAVING, _WITHOUT_END = 1, 2, 2**31 - 1
_FIRST_5GHZ_MHZ = 5000
Events = Callable[[], StationEvent | None]


class NetworkManager:
    """The laptop acts as the device through a connection that NetworkManager makes.

    Args:
        device: the device to be.
        clock: for deadlines.
        elapsed: gives the seconds since the run started.
        connect: connects to NetworkManager; tests pass a fake one.
    """

    name: JoinWay = "networkmanager"
    has_namespace = False
    shares_port = False
    denial = None

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
        """Why this way may not be used here; None: it may."""
        if (found := obstacle(self._device)) is not None:
            return found
        try:
            with self._connect() as bus:
                (permissions,) = bus.call(ROOT, NAME, "GetPermissions")
                return _denial(permissions) or doubt(self._device.scope, bus)
        except OSError as problem:
            return Refusal(str(problem), f"Run netpreflight again {AS_ROOT}.", is_denied=True)

    def says(self) -> list[str]:
        """What the user is told before the join begins."""
        return [
            says_off_air(self._adapter),
            f"NetworkManager joins with the MAC address {self._device.mac} in its place.",
        ]

    @contextlib.contextmanager
    def lend(self, _: int) -> Iterator[None]:
        """Lend nothing: NetworkManager keeps the radio."""
        yield

    @contextlib.contextmanager
    def enter(self, survey: Wifi | None, stop: Callable[[], None]) -> Iterator[Entered]:
        """Have NetworkManager join; the link is watched until the end, or until NetworkManager gives it up.

        Raises:
            OSError: NetworkManager or the kernel does not allow it.
        """
        device = self._device
        if (not_tried := missing_credentials(self.name, device, survey) or _nothing_fits(device, survey)) is not None:
            yield Entered(interface=None, join=not_tried)
            return
        form = key_form(device.passphrase.content if device.passphrase else None)
        # NetworkManager has no setting that disables 802.11n (HT).
        can = structs.replace(device.radio, ht=True)
        join = Join(way=self.name, ssid=device.ssid, abilities=can, key_form=form, started_s=self._elapsed())
        if form == "not-allowed":
            yield Entered(interface=None, join=join)
            return
        with SYSTEM.station_events(self._adapter, scans=True) as events, self._connect() as bus:
            joining = _Joining(bus, events, device, to_join(survey, device), self._clock, self._elapsed)
            joining.run()
            join.attempts.extend(joining.heard.attempts)
            join.duration_s = self._elapsed() - join.started_s
            _fill_in(join, joining)
            if join.joined is None or joining.is_over:
                yield Entered(interface=None, join=join)
                return
            with _watching(bus, joining, join, self._clock, stop):
                yield Entered(
                    interface=self._adapter, router=joining.router, join=join, is_device=joining.has_interface
                )

    def forget(self) -> None:
        """Overwrite the passphrase in this process."""
        if self._device.passphrase is not None:
            self._device.passphrase.forget()

    def kept(self, join: Join | None) -> list[str]:
        """What NetworkManager keeps for good: about the run's connection, and from rejoining this laptop's network."""
        if join is not None and not join.attempts:
            return []
        has_joined = join is None or join.joined is not None
        return [*([_KEPT_OF_CONNECTION] if has_joined else []), *renewed(self._device.scope)]

    def left(self) -> list[str]:
        """What of this laptop is not yet as it was."""
        return not_back(self._device.scope)


def _denial(permissions: dict[str, str]) -> Refusal | None:
    """Why this user may not have NetworkManager make the connection (polkit's permissions); None: the user may."""
    for needed in _NEEDED_PERMISSIONS:
        if (told := permissions.get(f"{NAME}.{needed}")) != "yes":
            lets = "lets this user change the network only with an administrator's password"
            denies = "does not let this user change the network"
            return Refusal(
                f"NetworkManager {lets if told == 'auth' else denies} (polkit: {NAME}.{needed})",
                f"Run netpreflight again {AS_ROOT}.",
                is_denied=True,
            )
    return None


class _Joining:
    """The attempts to join one network as one device, through NetworkManager.

    Args:
        bssids: the BSSs to ask, one in each attempt, in turn; empty: any that NetworkManager finds.

    Attributes:
        heard: the attempts so far.
        scans: the scans on 5 GHz that the device would not make.
        link: what became of the link; None: nothing has been joined yet.
        router: the router in the lease; None: there is no lease yet, or it names no router.
    """

    def __init__(
        self,
        bus: Manager,
        events: Events,
        device: Device,
        bssids: list[str],
        clock: Clock,
        elapsed: Callable[[], float],
    ) -> None:
        self._bus, self._events, self._device, self._clock = bus, events, device, clock
        self._bssids = collections.deque(bssids)
        self._elapsed = elapsed
        self.heard = Heard(device.mac, elapsed)
        self.scans = Scans(elapsed, has_5ghz=not _only_24(device.radio))
        self.link: Link | None = None
        self.router: str | None = None
        (self._path,) = bus.call(ROOT, NAME, "GetDeviceByIpIface", "s", device.scope.interface or "")
        bus.follow(self._path)

    def run(self) -> None:
        """Try until the station has joined: at most twice if the passphrase is refused, else at most three times.

        A BSS that NetworkManager did not ask is gone since the survey, or does not answer scans: it is dropped from the
        BSSs to try, unless events were lost that may have been about it.
        """
        try:
            self._scan()
            while not self.heard.is_enough:
                before = len(self.heard.attempts)
                self.heard.begin()
                active = self._activate()
                if self._has_joined(active) and self._note_join(active):
                    self._await_lease(active)
                    return
                self.heard.close()
                is_told = len(self.heard.attempts) > before
                if not is_told:
                    self.heard.not_told(self._bssids[0] if self._bssids else None)
                if is_told or self.heard.was_unheard:
                    self._bssids.rotate(-1)
                    continue
                if len(self._bssids) < 2:
                    break
                self._bssids.popleft()
            self._deactivate(active)
        finally:
            if self._device.passphrase is not None:
                self._device.passphrase.forget()

    def _scan(self) -> None:
        """Have NetworkManager scan with the laptop's own MAC address, and wait until the scan has ended."""
        names = {"ssids": ("aay", [b"", ssid_bytes(self._device.ssid or "")])}
        until, before, is_asked = self._clock.monotonic() + SCAN_S, self._last_scan(), False
        while self._last_scan() == before and self._clock.monotonic() < until:
            if not is_asked:
                try:
                    self._bus.call(self._path, _WIRELESS, "RequestScan", "a{sv}", names)
                    is_asked = True
                except RefusedError as refusal:
                    if not refusal.name.endswith(".NotAllowed"):
                        return
            self._discard_news(ASK_S)
        self._discard_news(0.0)

    def _last_scan(self) -> int:
        """When NetworkManager's last scan ended, as a number that changes with each scan."""
        return int(self._bus.get(self._path, _WIRELESS, "LastScan"))

    def _discard_news(self, wait_s: float) -> None:
        """Wait for messages and driver events about the laptop's own connection, and discard them."""
        while (told := self._bus.next(wait_s)) is not None:
            if isinstance(told, Question):
                self._bus.answer(told, None)
            wait_s = 0.0
        while self._events() is not None:
            pass

    def _activate(self) -> str:
        """Have NetworkManager make and activate the connection; returns the D-Bus path of the active connection.

        NetworkManager drops the connection when this process leaves D-Bus.
        """
        options = {"persist": ("s", "volatile"), "bind-activation": ("s", "dbus-client")}
        made = settings(self._device, SYSTEM.user_name(), self._bssids[0] if self._bssids else None)
        answer = self._bus.call(
            ROOT, NAME, "AddAndActivateConnection2", "a{sa{sv}}ooa{sv}", made, self._path, "/", options
        )
        return str(answer[1])

    def _deactivate(self, active: str) -> None:
        """End an activation, if it has not ended by itself."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self._bus.call(ROOT, NAME, "DeactivateConnection", "o", active)

    def _has_joined(self, active: str) -> bool:
        """Follow an activation to its end; returns whether the station is on the network."""
        has_begun, before = False, len(self.heard.attempts)
        until = self._clock.monotonic() + ACTIVATE_S
        while self._clock.monotonic() < until:
            told = self._bus.next(HURRY_S)
            self.hear()
            if isinstance(told, Question):
                is_asked = self.heard.is_open or len(self.heard.attempts) > before
                if told.is_new and not is_asked and len(self._bssids) > 1:  # it would look for the same BSS again
                    return False
                self._answer(told)
            elif isinstance(told, Changed):
                self.note(told)
                has_begun = has_begun or told.state == _PREPARE
                if has_begun and told.state == _CONFIG:
                    self.scans.begin()
                if has_begun and _IP_CONFIG <= told.state <= _ACTIVATED and self._is_joined(active):
                    return True
                if has_begun and told.state in {_FAILED, _DISCONNECTED} and self._is_over(active):
                    return False
            if self.heard.is_enough or self.heard.is_refused:
                return False
        return False

    def _is_joined(self, active: str) -> bool:
        """Whether this activation is on the network now.

        NetworkManager is asked, because a state change may arrive late or be about the laptop's own connection.
        """
        return _IP_CONFIG <= self._bus.get(self._path, DEVICE, "State") <= _ACTIVATED and self._is_ours(active)

    def _is_over(self, active: str) -> bool:
        """Whether this activation itself has ended, and not only an earlier one."""
        try:
            return bool(self._bus.get(active, f"{NAME}.Connection.Active", "State") >= _DEACTIVATING)
        except RefusedError:  # the active connection no longer exists
            return True

    def hear(self) -> None:
        """Process the driver's events that have arrived: about the attempts, and after a join about the link."""
        while (event := self._events()) is not None:
            (self.link or self.heard).read(event)
            self.scans.read(event)

    def note(self, told: Changed | Question | None) -> None:
        """Process a state change: the link may be given up, or the interface be the laptop's again."""
        if not isinstance(told, Changed):
            return
        if told.state <= _DISCONNECTED:
            self.scans.end()
        if told.state <= _DISCONNECTED or told.state in {_GIVEN_UP, _FAILED}:
            self.give_up()

    def give_up(self) -> None:
        """Note that NetworkManager has given the link up, if there was one."""
        if self.link is not None:
            self.link.is_over = True

    @property
    def is_over(self) -> bool:
        """Whether there was a link that NetworkManager has given up."""
        return self.link is not None and self.link.is_over

    def has_interface(self) -> bool:
        """Whether the interface still acts as the device; if it has another MAC address, note that the link is over.

        The kernel is asked for the MAC address, because it knows of a change before NetworkManager reports one.
        """
        name = self._device.scope.interface
        now = next((adapter for adapter in SYSTEM.adapters() if adapter.name == name), None)
        if now is None or now.mac != self._device.mac:
            self.give_up()
        return not self.is_over

    def _is_ours(self, active: str) -> bool:
        """Whether the interface's active connection is the run's, and not one of the laptop's own."""
        return bool(self._bus.get(self._path, DEVICE, "ActiveConnection") == active)

    def _answer(self, question: Question) -> None:
        """Give NetworkManager the passphrase, unless it has already been refused KEY_TRIES times."""
        if question.is_new:
            self.heard.key_was_refused()
        passphrase = self._device.passphrase
        may_tell = passphrase is not None and self.heard.key_refusals < KEY_TRIES
        self._bus.answer(question, _text(passphrase.content) if passphrase is not None and may_tell else None)

    def _note_join(self, active: str) -> bool:
        """Note the BSS that the station has joined, and whether the device has that channel.

        Returns False if the link is already gone again.
        """
        point = self._bus.get(self._path, _WIRELESS, "ActiveAccessPoint")
        try:
            frequency = int(self._bus.get(point, _ACCESS_POINT, "Frequency"))
            bssid = str(self._bus.get(point, _ACCESS_POINT, "HwAddress")).lower()
        except RefusedError:  # the access point no longer exists
            return False
        if not self._is_ours(active):
            return False
        self.heard.joined(bssid, frequency, may_use=frequency in self._device.radio.frequencies_mhz)
        self.link = Link(bssid, self._elapsed)
        return True

    def _await_lease(self, active: str) -> None:
        """Wait for the lease of NetworkManager's DHCP client and note its router, or until the link is given up."""
        until = self._clock.monotonic() + LEASE_S
        while self._bus.get(self._path, DEVICE, "State") != _ACTIVATED and not self.is_over:
            if self._clock.monotonic() > until:
                break
            told = self._bus.next(LOOK_S)
            self.note(told)
            self.hear()
        else:
            self.router = None if self.is_over else self._lease_router()
        if not self._is_ours(active):  # checked last, so that all answers above are about the run's own connection
            self.give_up()
            self.router = None

    def _lease_router(self) -> str | None:
        """The router in the lease; None: the lease names none, or there is no lease any more."""
        try:
            lease = self._bus.get(self._path, DEVICE, "Dhcp4Config")
            options = self._bus.get(lease, f"{NAME}.DHCP4Config", "Options") if lease != "/" else {}
        except RefusedError:
            return None
        routers = str(options.get("routers", ("s", ""))[1]).split()
        return routers[0] if routers else None


def _nothing_fits(device: Device, survey: Wifi | None) -> Join | None:
    """The result of a join that is not tried because no BSS that was heard fits the station; None: a BSS may fit.

    If it were tried, NetworkManager would look for a BSS on all bands with the device's MAC address until it gives up.
    """
    found = surveyed(survey, device)
    if not found or any(fits(bss, device) for bss in found):
        return None
    name = in_quotes(device.ssid or "")
    if device.passphrase is not None and all("open" in (bss.security or ()) for bss in found):
        not_run = f"{name} is open, and a passphrase was given"
        unlocked_by = "Run netpreflight again, and give an empty passphrase."
    else:
        not_run = f"no access point of {name} that was heard offers a way in that the station has"
        unlocked_by = "Do what wifi.security says, then run netpreflight again."
    return Join(
        way=NetworkManager.name, ssid=device.ssid, abilities=device.radio, not_run=not_run, unlocked_by=unlocked_by
    )


def _only_24(can: JoinAbilities) -> bool:
    return all(frequency < _FIRST_5GHZ_MHZ for frequency in can.frequencies_mhz)


def settings(device: Device, user: str, bssid: str | None = None) -> dict[str, dict[str, tuple[str, Any]]]:
    """The settings of the connection that NetworkManager makes, in the form of `AddAndActivateConnection2`.

    Args:
        device: the device to be.
        user: the only user who may use the connection.
        bssid: the only BSS to ask; None: any of the network.
    """
    interface, can = device.scope.interface or "", device.radio
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
            **({"band": ("s", "bg")} if _only_24(can) else {}),
            **({"bssid": ("ay", bytes.fromhex(bssid.replace(":", "")))} if bssid else {}),
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
    """The security settings: a passphrase that NetworkManager asks for each time, and what the device supports."""
    ciphers = [cipher.lower() for cipher in can.ciphers if cipher in OF_WPA]
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
    """A routing rule: only traffic that is bound to the interface uses the connection's own routing table."""
    return {
        "family": ("i", 2),
        "priority": ("u", _TABLE),
        "oifname": ("s", interface),
        "table": ("u", _TABLE),
        "action": ("y", _TO_TABLE),
    }


def _text(content: bytearray) -> str:
    """A passphrase as text, which D-Bus requires.

    Raises:
        OSError: the passphrase is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise OSError("NetworkManager accepts only UTF-8 passphrases") from None


@contextlib.contextmanager
def _watching(bus: Manager, joining: _Joining, join: Join, clock: Clock, stop: Callable[[], None]) -> Iterator[None]:
    """Watch the link during the block, and fill in `join`; call `stop` if NetworkManager gives the link up."""
    ended, begun = threading.Event(), clock.monotonic()

    def look() -> None:
        """Process what NetworkManager and the driver report, until `ended` is set; runs in a thread of its own."""
        while not ended.is_set():
            try:
                told = bus.next(LOOK_S)
                if isinstance(told, Question):  # not answered again: it has had the passphrase, and joined
                    bus.answer(told, None)
            except OSError:  # D-Bus is gone: go by the driver and the kernel
                ended.wait(LOOK_S)
                told = None
                if not joining.has_interface():
                    joining.give_up()
            joining.note(told)
            joining.hear()
            if joining.is_over:
                stop()

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        with contextlib.suppress(OSError):
            while (told := bus.next(0.0)) is not None:
                joining.note(told)
        joining.hear()
        join.watched_s = clock.monotonic() - begun
        _fill_in(join, joining)


def _fill_in(join: Join, joining: _Joining) -> None:
    """Copy into `join` what was seen so far of scans on 5 GHz and of the link."""
    join.scanned_5ghz_s, join.unheard_s = joining.scans.first_s, joining.scans.unheard_s
    if (link := joining.link) is not None:
        join.lost = list(link.lost)
        state: LinkState = "unheard" if link.was_unheard else "there"
        join.link, join.end_bssid = (state, link.bssid) if link.is_there else ("gone", None)

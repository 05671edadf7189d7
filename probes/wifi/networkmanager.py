"""Linux: NetworkManager, which scans for an ordinary user even if the kernel does not allow that user to scan.

NetworkManager is asked over D-Bus with jeepney, which is pure Python, has no dependencies and is maintained (keyring
depends on it); other libraries need compiled parts. NetworkManager itself gives only a summary of each access point,
without elements. So after its scan the kernel's table is read, if possible (`nl80211`); `survey` is for the other
cases.

Names and numbers: NetworkManager's D-Bus interface, `nm-dbus-interface.h`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from jeepney import DBusAddress, Properties, new_method_call
from jeepney.auth import BEGIN, Authenticator
from jeepney.bus import get_bus
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, DBusRouter
from jeepney.io.common import RouterClosed
from jeepney.wrappers import DBusErrorResponse, unwrap_msg

from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import LONGEST_SSID, Bss, Security, Wifi
from netpreflight.probes.wifi.elements import channel_at, ssid_text
from netpreflight.probes.wifi.source import AS_ROOT, NoRadio, SourceUnavailable, Tell, age_of, tell_nobody, told

ANSWER_S = 3.0
SCAN_S = 15.0
AGAIN_S = 10.0
"""How long to repeat a request that is refused: NetworkManager refuses for some seconds after a scan (8 s in 1.42)."""
RETRY_S = 1.0
POLL_S = 0.3
MOST_BSSS = 500

_BUS_NAME = "org.freedesktop.NetworkManager"
_ROOT = "/org/freedesktop/NetworkManager"
_WIRELESS = f"{_BUS_NAME}.Device.Wireless"
_ACCESS_POINT = f"{_BUS_NAME}.AccessPoint"
_SCAN_PERMISSION = f"{_BUS_NAME}.wifi.scan"
_TYPE_WIFI = 2
_MODE_INFRASTRUCTURE = 2
_UNMANAGED, _UNAVAILABLE = 10, 20
_PRIVACY = 0x1
_PSK, _EAP, _SAE, _OWE, _OWE_TRANSITION, _SUITE_B_192 = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000
_NO_BUS = "there is no D-Bus through which NetworkManager could be asked"
LIMIT = (
    "NetworkManager gives no information elements: channel width, PMF, rates and more are not seen, and signals only "
    "in percent"
)


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """NetworkManager or D-Bus answered with an error.

    Attributes:
        name: the D-Bus name of the error.
        words: the error's message.
    """

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name}: {words}")
        self.name = name
        self.words = words


class Bus(Protocol):
    """The calls to NetworkManager. They raise `Refused` if it answers with an error."""

    async def call(
        self, path: str, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method; returns the first value of the answer."""

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of an object."""


class SystemBus:
    """The system's D-Bus."""

    def __init__(self, router: Any) -> None:
        self._router = router

    async def call(
        self, path: str, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method; returns the first value of the answer."""
        address = DBusAddress(path, bus_name=_BUS_NAME, interface=interface)
        answer = await self._ask(new_method_call(address, method, signature or None, body))
        return answer[0] if answer else None

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of an object."""
        address = DBusAddress(path, bus_name=_BUS_NAME, interface=interface)
        (found,) = await self._ask(Properties(address).get_all())
        return {name: value for name, (_, value) in found.items()}

    async def _ask(self, message: Any) -> Any:
        """Send a message and return its answer; an error answer becomes `Refused`."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return unwrap_msg(await self._router.send_and_get_reply(message))
        except RouterClosed as problem:
            raise ConnectionError(str(problem)) from problem
        except DBusErrorResponse as problem:
            words = problem.data[0] if problem.data and isinstance(problem.data[0], str) else ""
            raise Refused(problem.name or "", words) from problem


class _ToldBus:
    """A bus that reports each call: its method, and how it ended."""

    def __init__(self, bus: Bus, tell: Tell) -> None:
        self._bus = bus
        self._tell = tell

    async def call(
        self, path: str, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method; returns the first value of the answer."""
        with told(self._tell, method):
            return await self._bus.call(path, interface, method, signature, body)

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of an object."""
        with told(self._tell, f"GetAll {interface.removeprefix(_BUS_NAME + '.')}"):
            return await self._bus.properties(path, interface)


@contextlib.asynccontextmanager
async def system_bus() -> AsyncIterator[Bus]:
    """Connect to the system's D-Bus.

    Raises:
        SourceUnavailable: there is no D-Bus, or it does not answer.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(get_bus("SYSTEM"))
    except (OSError, ValueError, RuntimeError) as problem:
        raise SourceUnavailable(_NO_BUS) from problem
    # This connects like jeepney's own function, which would leave the socket open when it is cancelled.
    try:
        try:
            async with asyncio.timeout(ANSWER_S):
                router = await _introduce(reader, writer)
        except (OSError, EOFError, ValueError, RouterClosed) as problem:
            raise SourceUnavailable(_NO_BUS) from problem
        with contextlib.suppress(EOFError):  # the bus has gone: calls that were waiting have already failed
            async with router:
                yield SystemBus(router)
    finally:
        writer.close()


async def _introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> DBusRouter:
    """Authenticate as this user, and say hello, which has to be the first message."""
    authenticator = Authenticator()
    for request in authenticator:
        writer.write(request)
        answer = await reader.read(1024)
        if not answer:
            raise EOFError
        authenticator.feed(answer)
    writer.write(BEGIN)
    router = DBusRouter(DBusConnection(reader, writer))
    try:
        await router.send_and_get_reply(message_bus.Hello())
    except BaseException:
        with contextlib.suppress(EOFError, OSError):
            await router.__aexit__(None, None, None)
        raise
    return router


async def request_scan(interface: str, names: list[bytes], tell: Tell = tell_nobody, *, scan: bool = True) -> None:
    """Ask NetworkManager to scan with an interface; returns when it has agreed, not when it has scanned.

    Args:
        interface: the radio's interface.
        names: networks to ask for by name, too.
        tell: reports each call, for `--debug`.
        scan: False: only ask whether NetworkManager would scan.

    Raises:
        SourceUnavailable: NetworkManager does not run, does not manage this interface, or refuses.
    """
    async with _asking(system_bus, tell) as bus:
        device = await _device(bus, interface)
        await (request(bus, device, names) if scan else ask_whether(bus))


async def ask_whether(bus: Bus) -> None:
    """Ask NetworkManager whether it would scan for this user.

    Raises:
        Refused: it would not, or only after a password was given.
    """
    permissions = await bus.call(_ROOT, _BUS_NAME, "GetPermissions") or {}
    if permissions.get(_SCAN_PERMISSION, "yes") != "yes":  # before 1.22 everybody may, and this is missing
        raise Refused(f"{_BUS_NAME}.PermissionDenied", "")


async def request(bus: Bus, device: str, names: list[bytes]) -> None:
    """Ask NetworkManager to scan with a device; repeat while it refuses because it has just scanned.

    Raises:
        Refused: it refuses for another reason, or for longer than AGAIN_S.
    """
    # If names are given, some versions send no wildcard probe request unless the empty name is among them.
    options = {"ssids": ("aay", [b"", *names])} if names else {}
    clock = asyncio.get_running_loop().time
    end = clock() + AGAIN_S
    while True:
        try:
            await bus.call(device, _WIRELESS, "RequestScan", "a{sv}", (options,))
        except Refused as refusal:
            if not refusal.name.endswith(".NotAllowed") or clock() + RETRY_S > end:
                raise
        else:
            return
        await asyncio.sleep(RETRY_S)


async def survey(
    interface: str | None,
    name: bytes | None = None,
    *,
    elapsed: Callable[[], float],
    connect: Callable[[], contextlib.AbstractAsyncContextManager[Bus]] = system_bus,
    now_s: Callable[[], float] = CLOCK.since_boot,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Have NetworkManager scan, and read its own list of access points.

    Args:
        interface: the interface under test; its radio is used if it has one.
        name: the target network, to ask for it by name, too.
        elapsed: seconds since the run started.
        connect: connects to D-Bus; tests pass a fake one.
        now_s: the clock of `LastSeen` and `LastScan`: seconds since the machine was booted.
        tell: reports each call, for `--debug`.
        scan: False: find out whether a scan could be made, by the same steps, and make none.

    Raises:
        SourceUnavailable: NetworkManager does not run or has no radio, or the radio is off.
    """
    seen = Wifi(source="networkmanager", limits=[LIMIT], unlocked_by=AS_ROOT)
    begun = elapsed()
    async with _asking(connect, tell) as bus:
        device = await _device(bus, interface)
        seen.interface = (await bus.properties(device, f"{_BUS_NAME}.Device")).get("Interface")
        last_scan = (await bus.properties(device, _WIRELESS)).get("LastScan", -1)
        try:
            await (request(bus, device, [name] if name else []) if scan else ask_whether(bus))
        except Refused as refusal:
            seen.limits.append(_words(refusal))
            if not scan:
                return seen
        else:
            if not scan:
                seen.triggered = True
                return seen
            seen.triggered = await _wait(bus, device, last_scan)
            if seen.triggered:
                seen.scan_s = round(elapsed() - begun, 3)
            else:
                seen.limits.append(f"NetworkManager's scan did not end within {SCAN_S:.0f} s")
        await _read(bus, device, seen, now_s())
    if not seen.triggered:
        seen.limits.append(f"no scan was made: these are NetworkManager's last results, {age_of(seen.bss)}")
    elif not seen.bss:
        seen.limits.append("NetworkManager scanned without an error and heard nothing at all")
    return seen


async def _wait(bus: Bus, device: str, before: int) -> bool:
    """Wait until `LastScan` is no longer `before`: a scan has ended. False if none has within SCAN_S."""
    try:
        async with asyncio.timeout(SCAN_S):
            while (await bus.properties(device, _WIRELESS)).get("LastScan", -1) == before:  # noqa: ASYNC110 - a property, not an event
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        return False
    return True


async def _read(bus: Bus, device: str, seen: Wifi, now_s: float) -> None:
    """Read the list of access points, and which of them the laptop is on."""
    active = (await bus.properties(device, _WIRELESS)).get("ActiveAccessPoint", "/")
    paths = await bus.call(device, _WIRELESS, "GetAllAccessPoints")
    for path in list(paths)[:MOST_BSSS]:
        try:
            properties = await bus.properties(path, _ACCESS_POINT)
        except Refused:  # it went out of range meanwhile
            continue
        try:
            bss = access_point(properties, now_s)
        except Exception as fault:  # noqa: BLE001 - a fault in one access point must not lose the others
            lost(fault)
            continue
        if bss is None:
            continue
        seen.bss.append(bss)
        if path == active:
            seen.associated_ssid = bss.ssid or None
            seen.associated_bssid = bss.bssid
            seen.associated_frequency_mhz = bss.frequency_mhz


def access_point(properties: dict[str, Any], now_s: float) -> Bss | None:
    """Decode an access point's properties; None if it is no network that a device could join."""
    name = bytes(properties.get("Ssid", b""))
    frequency = properties.get("Frequency") or None
    if properties.get("Mode", _MODE_INFRASTRUCTURE) != _MODE_INFRASTRUCTURE or len(name) > LONGEST_SSID:
        return None
    last_seen_s = properties.get("LastSeen", -1)
    return Bss(
        bssid=str(properties.get("HwAddress", "")).lower() or None,
        ssid=ssid_text(name),
        ssid_hex=name.hex(),
        frequency_mhz=frequency,
        channel=channel_at(frequency),
        age_s=round(max(0.0, now_s - last_seen_s), 1) if last_seen_s >= 0 else None,
        security=_security(properties.get("Flags", 0), properties.get("WpaFlags", 0), properties.get("RsnFlags", 0)),
        privacy=bool(properties.get("Flags", 0) & _PRIVACY),
        hidden=None if any(name) else True,  # NetworkManager does not say whether a name came from a beacon
        complete=False,
    )


def _security(flags: int, wpa_flags: int, rsn_flags: int) -> list[Security]:
    """The kinds of security that an access point offers, according to NetworkManager's flags."""
    offered: tuple[tuple[int, Security], ...] = (
        (wpa_flags & _PSK, "wpa-psk"),
        (rsn_flags & _PSK, "wpa2-psk"),
        (rsn_flags & _SAE, "wpa3-sae"),
        (wpa_flags & _EAP, "wpa-eap"),
        (rsn_flags & _EAP, "wpa2-eap"),
        (rsn_flags & _SUITE_B_192, "wpa3-eap"),
        (rsn_flags & _OWE, "owe"),
    )
    return [name for is_set, name in offered if is_set] or ["wep" if flags & _PRIVACY else "open"]


async def _device(bus: Bus, interface: str | None) -> str:
    """The D-Bus path of this interface's radio; if it has none, of the radio with the highest `State`.

    Raises:
        SourceUnavailable: there is no radio, it is off, or NetworkManager does not manage it.
    """
    radios = {}
    for path in await bus.call(_ROOT, _BUS_NAME, "GetDevices"):
        properties = await bus.properties(path, f"{_BUS_NAME}.Device")
        if properties.get("DeviceType") == _TYPE_WIFI:
            radios[properties.get("Interface")] = (path, properties.get("State", 0))
    if not radios:
        raise SourceUnavailable("NetworkManager knows no Wi-Fi radio")
    manager = await bus.properties(_ROOT, _BUS_NAME)
    if not manager.get("WirelessHardwareEnabled", True):
        raise NoRadio("Wi-Fi is switched off by a switch or key of this laptop", "Switch Wi-Fi on there.")
    if not manager.get("WirelessEnabled", True):
        raise NoRadio("Wi-Fi is switched off in NetworkManager", "Switch Wi-Fi on (nmcli radio wifi on).")
    path, state = radios.get(interface) or max(radios.values(), key=lambda device: device[1])
    if state <= _UNMANAGED:
        raise SourceUnavailable("NetworkManager does not manage the Wi-Fi radio", AS_ROOT)
    if state == _UNAVAILABLE:
        raise SourceUnavailable("the Wi-Fi radio is not available to NetworkManager (is wpa_supplicant running?)")
    return str(path)


@contextlib.asynccontextmanager
async def _asking(connect: Callable[[], contextlib.AbstractAsyncContextManager[Bus]], tell: Tell) -> AsyncIterator[Bus]:
    """Connect to D-Bus, and turn every failure of a call into SourceUnavailable with its reason."""
    try:
        async with connect() as bus:
            yield _ToldBus(bus, tell)
    except Refused as refusal:
        raise SourceUnavailable(_words(refusal)) from refusal
    except TimeoutError as problem:
        raise SourceUnavailable(f"NetworkManager did not answer within {ANSWER_S:.0f} s") from problem
    except (OSError, EOFError) as problem:
        raise SourceUnavailable("the connection to D-Bus broke") from problem


def _words(refusal: Refused) -> str:
    """A refusal in plain words."""
    last = refusal.name.rpartition(".")[2]
    if last in {"ServiceUnknown", "NameHasNoOwner", "Spawn", "Disconnected"}:
        return "NetworkManager does not run here"
    if last in {"PermissionDenied", "AccessDenied", "NotAuthorized"}:
        return "NetworkManager does not let this user ask for a scan (polkit: network-manager.wifi.scan)"
    if last == "NotAllowed":
        return f"NetworkManager refused a scan for now ({refusal.words or 'it has scanned just now'})"
    return f"NetworkManager refused: {refusal.words or refusal.name}"

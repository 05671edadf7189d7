"""macOS: CoreWLAN, by PyObjC.

Since macOS 14.4, programs without the Location permission silently get no names and BSSIDs: networks are listed with
channel, width and signal only. All system calls are in `PyobjcCoreWlan`, which has not run on a real machine yet.

Numbers: CoreWLANTypes.h.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import structs

from netpreflight.probes.observations import MOST_BSSS, Band, Bss, Security, Wifi, frequency_of
from netpreflight.probes.wifi.elements import bss, outline, ssid_text
from netpreflight.probes.wifi.source import (
    CAPTURE_INSTEAD,
    NOT_ASKED,
    NoRadio,
    SourceUnavailable,
    Tell,
    in_thread,
    left_out,
    tell_nobody,
    told,
)

DEADLINE_S = 25.0
_WIDTHS = {1: 20, 2: 40, 3: 80, 4: 160}
_2_4_GHZ = 1
_BANDS: dict[int, Band] = {_2_4_GHZ: "2.4", 2: "5", 3: "6"}
_SECURITY: dict[int, list[Security]] = {
    0: ["open"],
    1: ["wep"],
    2: ["wpa-psk"],
    3: ["wpa-psk", "wpa2-psk"],
    4: ["wpa2-psk"],
    6: ["wep"],
    7: ["wpa-eap"],
    8: ["wpa-eap", "wpa2-eap"],
    9: ["wpa2-eap"],
    11: ["wpa3-sae"],
    12: ["wpa3-eap"],
    13: ["wpa2-psk", "wpa3-sae"],
    14: ["owe"],
    15: ["open", "owe"],
}
"""By CWSecurity; 5 and 10 ("any personal", "any enterprise") are left out, because they add nothing to the others."""
_LOCATION = "macOS withholds network names from programs without the Location permission"
_ALLOW_LOCATION = (
    "Open System Settings > Privacy & Security > Location Services, and switch it on for the program in which "
    "netpreflight runs (Terminal); where that program is not listed, give a capture (--capture FILE)."
)
_SWITCH_ON = "Switch Wi-Fi on in the menu bar, or in System Settings > Wi-Fi."
_NOT_PERMITTED, _OFF = {-3930, 1, 13}, {82, 50}
_BUSY = 16


@dataclass(frozen=True)
class CoreWlanNetwork:
    """A CWNetwork, as plain values."""

    bssid: str | None
    ssid: bytes | None
    elements: bytes | None
    rssi: int
    channel: int | None
    band: int
    width: int
    securities: tuple[int, ...]


@dataclass(frozen=True)
class CoreWlanInterface:
    """A CWInterface, as plain values."""

    name: str
    is_on: bool
    ssid: bytes | None
    bssid: str | None
    channel: int | None
    band: int
    country: str | None
    width: int = 0
    rssi: int = 0


@dataclass(frozen=True)
class CoreWlanError:
    """An NSError."""

    domain: str
    code: int
    words: str


class CoreWlan(Protocol):
    """CoreWLAN."""

    def radio(self, name: str | None) -> CoreWlanInterface | None:
        """Choose the Wi-Fi interface of that name, or else the default one; None: there is none."""

    def scan(self) -> tuple[list[CoreWlanNetwork], CoreWlanError | None]:
        """Scan with the interface that `radio` has chosen; blocks."""

    def cached(self) -> list[CoreWlanNetwork]:
        """The last results that the system has of the interface that `radio` has chosen."""


class PyobjcCoreWlan:
    """CoreWLAN by PyObjC."""

    def __init__(self) -> None:
        self._library: Any = importlib.import_module("CoreWLAN")
        self._interface: Any = None

    def radio(self, name: str | None) -> CoreWlanInterface | None:
        """Choose the Wi-Fi interface of that name, or else the default one; None: there is none."""
        client = self._library.CWWiFiClient.sharedWiFiClient()
        names = client.interfaceNames() or ()
        self._interface = client.interfaceWithName_(name) if name in names else client.interface()
        interface = self._interface
        if interface is None:
            return None
        channel = interface.wlanChannel()
        return CoreWlanInterface(
            name=str(interface.interfaceName() or ""),
            is_on=bool(interface.powerOn()),
            ssid=_bytes(interface.ssidData()),
            bssid=_text(interface.bssid()),
            channel=int(channel.channelNumber()) if channel else None,
            band=int(channel.channelBand()) if channel else 0,
            country=_text(interface.countryCode()),
            width=int(channel.channelWidth()) if channel else 0,
            rssi=int(interface.rssiValue()),
        )

    def scan(self) -> tuple[list[CoreWlanNetwork], CoreWlanError | None]:
        """Scan with the interface that `radio` has chosen; blocks."""
        found, problem = self._interface.scanForNetworksWithName_error_(None, None)
        refusal = None
        if problem is not None:
            refusal = CoreWlanError(str(problem.domain()), int(problem.code()), str(problem.localizedDescription()))
        return [self._network(network) for network in found or ()], refusal

    def cached(self) -> list[CoreWlanNetwork]:
        """The last results that the system has of the interface that `radio` has chosen."""
        return [self._network(network) for network in self._interface.cachedScanResults() or ()]

    def _network(self, found: Any) -> CoreWlanNetwork:
        """A CWNetwork as plain values."""
        channel = found.wlanChannel()
        return CoreWlanNetwork(
            bssid=_text(found.bssid()),
            ssid=_bytes(found.ssidData()),
            elements=_bytes(found.informationElementData()),
            rssi=int(found.rssiValue()),
            channel=int(channel.channelNumber()) if channel else None,
            band=int(channel.channelBand()) if channel else 0,
            width=int(channel.channelWidth()) if channel else 0,
            securities=tuple(kind for kind in _SECURITY if found.supportsSecurity_(kind)),
        )


def _bytes(data: Any) -> bytes | None:
    return None if data is None else bytes(data)


def _text(value: Any) -> str | None:
    return str(value) if value else None


async def survey(
    interface: str | None,
    name: bytes | None = None,
    *,
    elapsed: Callable[[], float],
    make: Callable[[], CoreWlan] = PyobjcCoreWlan,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Scan by CoreWLAN.

    Args:
        interface: the interface under test, such as `en0`; it is used if it is a Wi-Fi interface.
        name: the target network: if the first scan does not hear it on 2.4 GHz, a second one is made; None: the network
            that the interface is joined to.
        elapsed: seconds since the run started.
        make: opens CoreWLAN; tests pass a fake one.
        tell: reports each call, for `--debug`.
        scan: False: read what macOS has, and do not scan.

    Raises:
        SourceUnavailable: there is no interface, it is switched off, or macOS refused and has no last results.
    """
    try:
        return await in_thread(lambda: look(interface, name, make(), elapsed, tell, scan=scan), DEADLINE_S)
    except TimeoutError as problem:
        raise SourceUnavailable(f"macOS did not end its scan within {DEADLINE_S:.0f} s") from problem
    except ImportError as problem:
        raise SourceUnavailable("the package pyobjc-framework-CoreWLAN is not installed") from problem


def look(
    interface: str | None,
    name: bytes | None,
    core: CoreWlan,
    elapsed: Callable[[], float],
    tell: Tell = tell_nobody,
    *,
    scan: bool = True,
) -> Wifi:
    """Scan by CoreWLAN, or read its last results if it refuses; blocks."""
    with told(tell, "interfaceWithName"):
        radio = core.radio(interface)
    if radio is None:
        raise NoRadio("macOS knows no Wi-Fi interface in this computer", CAPTURE_INSTEAD)
    if not radio.is_on:
        raise NoRadio("Wi-Fi is switched off", _SWITCH_ON)
    seen = Wifi(
        source="macos",
        interface=radio.name,
        associated_ssid=ssid_text(radio.ssid) or None if radio.ssid else None,
        associated_bssid=radio.bssid.lower() if radio.bssid else None,
        associated_frequency_mhz=_frequency(radio.channel, radio.band),
        regulatory_country=radio.country,
    )
    begun = elapsed()
    networks, refusal = _scanned(core, tell) if scan else (_cached(core, tell), None)
    if scan and refusal is None and elapsed() - begun < DEADLINE_S / 2 - 1:  # another scan may take as long
        networks = _looked_again(networks, name or radio.ssid, core, tell)
    if not scan:
        seen.limits.append(NOT_ASKED)
    elif refusal is None:
        seen.triggered = True
        seen.scan_s = round(elapsed() - begun, 3)
    else:
        networks = _cached(core, tell)
        if not networks:
            raise SourceUnavailable(reason(refusal), _step(refusal))
        seen.unlocked_by = _step(refusal)
        seen.limits.append(f"no scan was made ({reason(refusal)}): these are the last results of macOS, of unknown age")
    unsound = 0
    for network in networks[:MOST_BSSS]:
        try:
            seen.bss.append(decode(network))
        except ValueError:
            unsound += 1
    if unsound:
        seen.limits.append(left_out(unsound))
    if not seen.bss and seen.triggered:
        seen.limits.append("macOS scanned without an error and heard nothing at all")
    if seen.bss and all(candidate.ssid is None for candidate in seen.bss):
        seen.names_withheld = True
        seen.bss = _with_own(seen.bss, radio)
        seen.limits.append(_LOCATION)
        seen.unlocked_by = _ALLOW_LOCATION
    if seen.bss and not any(candidate.complete for candidate in seen.bss):
        seen.limits.append("macOS gave no information elements: PMF, rates and more are not seen")
    return seen


def _looked_again(
    networks: list[CoreWlanNetwork], name: bytes | None, core: CoreWlan, tell: Tell
) -> list[CoreWlanNetwork]:
    """The networks, with those of a second scan if this name was not heard on 2.4 GHz: a beacon may have been lost."""
    is_withheld = bool(networks) and all(network.ssid is None for network in networks)
    if not name or is_withheld or any(network.ssid == name and network.band == _2_4_GHZ for network in networks):
        return networks
    more, refusal = _scanned(core, tell)
    if refusal is not None:  # the first scan counts as it is
        return networks
    return [*{(network.bssid, network.channel, network.ssid): network for network in (*networks, *more)}.values()]


def _with_own(found: list[Bss], radio: CoreWlanInterface) -> list[Bss]:
    """Add the BSS that this computer is joined to: macOS gives its channel, width and signal even without its name."""
    frequency, width = _frequency(radio.channel, radio.band), _WIDTHS.get(radio.width)
    if frequency is None:
        return found
    signal = float(radio.rssi) if -120 <= radio.rssi < 0 else None
    own = Bss(
        bssid=None, ssid=None, ssid_hex=None, frequency_mhz=frequency, channel=radio.channel, width_mhz=width,
        signal_dbm=signal, associated=True, complete=False,
    )  # fmt: skip
    # The scan heard this BSS, too: it must not be counted twice.
    twins = [candidate for candidate in found if (candidate.frequency_mhz, candidate.width_mhz) == (frequency, width)]
    twin = min(twins, key=lambda candidate: abs((candidate.signal_dbm or 0.0) - (signal or 0.0)), default=None)
    return [own, *(candidate for candidate in found if candidate is not twin)]


def decode(network: CoreWlanNetwork) -> Bss:
    """Decode a CWNetwork.

    macOS gives no name if it withholds the name, and also if the network hides it. So a network counts as hidden only
    if the elements show that; otherwise its name is None (not known).

    Raises:
        ValueError: the elements describe no network that a device could join.
    """
    elements = network.elements or b""
    name_in_elements = outline(elements)[0]
    name = network.ssid or name_in_elements
    if name_in_elements is None:
        elements = bytes((0, len(name or b""))) + (name or b"") + elements
    candidate = bss(
        elements,
        bssid=network.bssid.lower() if network.bssid else None,
        frequency_mhz=_frequency(network.channel, network.band),
        signal_dbm=float(network.rssi) if -120 <= network.rssi < 0 else None,
        complete=name_in_elements is not None,
    )
    if name is None:
        candidate = structs.replace(candidate, ssid=None, ssid_hex=None)
    elif candidate.ssid == "":
        candidate = structs.replace(candidate, hidden=True)
        if network.ssid and any(network.ssid):
            candidate = structs.replace(candidate, ssid=ssid_text(network.ssid), ssid_hex=network.ssid.hex())
    if name_in_elements is None:
        # There are no elements: use what CoreWLAN itself decoded from them.
        families = {name for kind in network.securities for name in _SECURITY.get(kind, [])}
        order: list[Security] = [name for names in _SECURITY.values() for name in names]
        candidate = structs.replace(
            candidate,
            channel=candidate.channel or network.channel,
            width_mhz=_WIDTHS.get(network.width),
            security=list(dict.fromkeys(name for name in order if name in families)) or None,
        )
    return candidate


def _frequency(channel: int | None, band: int) -> int | None:
    """The frequency of a CoreWLAN channel in MHz; None: not known."""
    return frequency_of(channel, _BANDS[band]) if channel and band in _BANDS else None


def reason(refusal: CoreWlanError) -> str:
    """An NSError in plain words."""
    if refusal.code in _NOT_PERMITTED:
        return "macOS does not let this program scan"
    if refusal.code == _BUSY:
        return "the Wi-Fi radio is busy"
    if refusal.code in {-3905, 60}:
        return "the Wi-Fi radio did not answer in time"
    if refusal.code in {-3903, 45, 102}:
        return "this Wi-Fi radio cannot scan now"
    if refusal.code in _OFF:
        return "Wi-Fi is switched off"
    return f"macOS refused: {refusal.words} ({refusal.domain} {refusal.code})"


def _scanned(core: CoreWlan, tell: Tell) -> tuple[list[CoreWlanNetwork], CoreWlanError | None]:
    """The results of a scan, or macOS's refusal."""
    with told(tell, "scanForNetworksWithName") as ending:
        networks, refusal = core.scan()
        if refusal is not None:
            ending.outcome = f"error {refusal.code}"
    return networks, refusal


def _cached(core: CoreWlan, tell: Tell) -> list[CoreWlanNetwork]:
    """The results that macOS has from earlier scans."""
    with told(tell, "cachedScanResults"):
        return core.cached()


def _step(refusal: CoreWlanError) -> str | None:
    """The step that makes a scan possible after an NSError; None if there is none."""
    if refusal.code in _NOT_PERMITTED:
        return _ALLOW_LOCATION
    if refusal.code == _BUSY:
        return "Run netpreflight again in a minute."
    return _SWITCH_ON if refusal.code in _OFF else None

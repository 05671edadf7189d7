"""Joining a Wi-Fi network for a while, by CoreWLAN.

Numbers: CoreWLANTypes.h. macOS may ask the user for an administrator's password before it changes the network.
"""

import importlib
from typing import Any

from netpreflight.probes.observations import JoinEnd
from netpreflight.systems.interface import Joined, JoinTold, NetworkToJoin

_BAND_2_4 = 1  # kCWChannelBand2GHz
_REASONS: dict[int, tuple[JoinEnd, int | None]] = {
    -3905: ("not-told", None),  # kCWTimeoutErr
    -3907: ("assoc-refused", 10),  # kCWUnsupportedCapabilitiesErr
    -3908: ("assoc-refused", 11),  # kCWReassociationDeniedErr
    -3909: ("assoc-refused", 12),  # kCWAssociationDeniedErr
    -3910: ("auth-refused", 13),  # kCWAuthenticationAlgorithmUnsupportedErr
    -3911: ("auth-refused", 14),  # kCWInvalidAuthenticationSequenceNumberErr
    -3912: ("auth-refused", 15),  # kCWChallengeFailureErr
    -3913: ("assoc-refused", 17),  # kCWAPFullErr
    -3914: ("assoc-refused", 18),  # kCWUnsupportedRateSetErr
    -3918: ("assoc-refused", 41),  # kCWInvalidGroupCipherErr
    -3919: ("assoc-refused", 42),  # kCWInvalidPairwiseCipherErr
    -3920: ("assoc-refused", 43),  # kCWInvalidAKMPErr
    -3924: ("key-refused", None),  # kCWInvalidPMKErr
    -3925: ("key-unfinished", None),  # kCWSupplicantTimeoutErr
    -3926: ("assoc-refused", 27),  # kCWHTFeaturesNotSupportedErr
    -3930: ("not-made", None),  # kCWOperationNotPermittedErr
}
"""By CWErr: how the attempt ended, and the status code of IEEE 802.11 that it stands for (table 9-50)."""


def joined(adapter: str) -> Joined | None:
    """The network that the radio of an interface is on; see `System.joined`."""
    radio = _radio(adapter)
    name, bssid = radio.ssidData(), radio.bssid()
    if name is None:
        return None
    return Joined(network=str(radio.ssid() or ""), name=bytes(name), bssid=str(bssid).lower() if bssid else None)


def join(adapter: str, network: NetworkToJoin) -> JoinTold:
    """Try once to join a network; see `System.join`. macOS needs the passphrase as a text, which stays in memory."""
    radio = _radio(adapter)
    found, problem = radio.scanForNetworksWithSSID_includeHidden_error_(network.name, network.is_hidden, None)
    heard = [each for each in found or () if _is_wanted(each, network)]
    if not heard:
        words = _words(problem) if problem is not None else "its scan did not hear the network on 2.4 GHz"
        return JoinTold(ended="not-found", said=(f"macOS: {words}",))
    best = max(heard, key=lambda each: int(each.rssiValue()))
    secret = None if network.passphrase is None else network.passphrase.decode("ascii")
    is_joined, problem = radio.associateToNetwork_password_error_(best, secret, None)
    if is_joined:
        return JoinTold(ended="joined", said=("macOS: associated",))
    if problem is None:
        return JoinTold(ended="not-told", said=("macOS: no error was told",))
    ended, status = _REASONS.get(int(problem.code()), ("not-told", None))
    return JoinTold(ended=ended, status=status, said=(f"macOS: {_words(problem)}",))


def rejoin(adapter: str, network: str | None) -> None:
    """Leave the network; if the laptop was on one before, have macOS join the network that it prefers."""
    radio = _radio(adapter)
    radio.disassociate()
    if network is None:
        return
    # macOS joins by itself when Wi-Fi is switched on; to join by name would need the saved passphrase.
    for is_on in (False, True):
        done, problem = radio.setPower_error_(is_on, None)
        if not done:
            raise OSError(f"macOS does not switch Wi-Fi {'on' if is_on else 'off'}: {_words(problem)}")


def _radio(adapter: str) -> Any:
    """The CWInterface of that name.

    Raises:
        OSError: there is no such Wi-Fi interface, or CoreWLAN's package is not installed.
    """
    try:
        library = importlib.import_module("CoreWLAN")
    except ImportError as problem:
        raise OSError("the package pyobjc-framework-CoreWLAN is not installed") from problem
    client = library.CWWiFiClient.sharedWiFiClient()
    if adapter not in (client.interfaceNames() or ()):
        raise OSError(f"{adapter} is no Wi-Fi interface")
    return client.interfaceWithName_(adapter)


def _is_wanted(found: Any, network: NetworkToJoin) -> bool:
    """Whether this is one of the access points to join by; if macOS withholds the BSSID: whether it is on 2.4 GHz."""
    bssid, channel = found.bssid(), found.wlanChannel()
    if bssid:
        return str(bssid).lower() in network.bssids
    return channel is not None and int(channel.channelBand()) == _BAND_2_4


def _words(problem: Any) -> str:
    """An NSError in words, with its domain and code."""
    if problem is None:
        return "no error was told"
    return f"{problem.localizedDescription()} ({problem.domain()} {int(problem.code())})"

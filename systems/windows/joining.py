"""Joining a Wi-Fi network for a while, by the WLAN API (wlanapi.dll): a profile in memory, which Windows does not keep.

Structures and numbers: wlanapi.h, windot11.h. The profile: Microsoft's schemas WLAN_profile v1 and v3.
"""

import contextlib
import ctypes
import threading
from collections.abc import Callable, Iterator
from typing import Any

from netpreflight.probes.observations import JoinEnd
from netpreflight.systems.interface import Adapter, Joined, JoinTold, NetworkToJoin, SurveyRefused
from netpreflight.systems.windows import wlan

ATTEMPT_S = 30.0
"""The longest that one attempt may take."""
_LOOK_S = 0.2
_BY_PROFILE, _BY_TEXT = 0, 1  # WLAN_CONNECTION_MODE: a saved profile, a temporary one
_INFRASTRUCTURE = 1  # dot11_BSS_type_infrastructure
_HIDDEN = 1  # WLAN_CONNECTION_HIDDEN_NETWORK
_COMPLETE, _FAILED = 10, 11  # WLAN_NOTIFICATION_ACM: connection_complete, connection_attempt_fail
_OBJECT, _REVISION = 0x80, 1  # NDIS_OBJECT_TYPE_DEFAULT, DOT11_BSSID_LIST_REVISION_1
_SECURITY_FROM, _SECURITY_TO = 0x48000, 0x50000  # WLAN_REASON_CODE_MSMSEC_CONNECT_BASE, and its end
_REASONS: dict[int, tuple[JoinEnd, str]] = {
    0: ("joined", "the connection is complete"),
    0x20001: ("passed-over", "the network is not compatible"),
    0x28002: ("not-found", "the network is not visible"),
    0x2800B: ("not-found", "the network is not available"),
    0x2800D: ("key-refused", "the key does not match"),
    0x30002: ("passed-over", "the driver does not support the security"),
    0x30005: ("passed-over", "the driver has no rate that the network wants"),
    0x38002: ("not-told", "the association failed"),
    0x38003: ("not-told", "the association took too long"),
    0x38006: ("key-unfinished", "the security failed"),
    0x38007: ("key-unfinished", "the security took too long"),
    0x48014: ("key-refused", "the passphrase is probably wrong (PSK_MISMATCH_SUSPECTED)"),
}
"""By WLAN_REASON_CODE: how the attempt ended, and what Windows says. It tells no 802.11 status code."""
_ESCAPED = {octet: f"&#{octet};".encode() for octet in b"&<>\"'"}
_PROFILE = """<?xml version="1.0"?>
<WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><name>netpreflight</name>\
<SSIDConfig><SSID><hex>{name}</hex></SSID><nonBroadcast>{hidden}</nonBroadcast></SSIDConfig>\
<connectionType>ESS</connectionType><connectionMode>manual</connectionMode><MSM><security><authEncryption>\
<authentication>{authentication}</authentication><encryption>{encryption}</encryption><useOneX>false</useOneX>\
</authEncryption>{key}</security></MSM>\
<MacRandomization xmlns="http://www.microsoft.com/networking/WLAN/profile/v3">\
<enableRandomization>true</enableRandomization></MacRandomization></WLANProfile>"""
_KEY = "<sharedKey><keyType>{kind}</keyType><protected>false</protected><keyMaterial>\0</keyMaterial></sharedKey>"
_SECURITY = {"open": ("open", "none"), "wpa2-psk": ("WPA2PSK", "AES"), "wpa-psk": ("WPAPSK", "TKIP")}
_KEY_DIGITS = 64


class ConnectionParameters(ctypes.Structure):
    """WLAN_CONNECTION_PARAMETERS."""

    _fields_ = [
        ("wlanConnectionMode", ctypes.c_int32),
        ("strProfile", ctypes.c_void_p),
        ("pDot11Ssid", ctypes.c_void_p),
        ("pDesiredBssidList", ctypes.c_void_p),
        ("dot11BssType", ctypes.c_int32),
        ("dwFlags", ctypes.c_uint32),
    ]


class ObjectHeader(ctypes.Structure):
    """NDIS_OBJECT_HEADER."""

    _fields_ = [("Type", ctypes.c_uint8), ("Revision", ctypes.c_uint8), ("Size", ctypes.c_uint16)]


class BssidList(ctypes.Structure):
    """DOT11_BSSID_LIST, with its first entry."""

    _fields_ = [
        ("Header", ObjectHeader),
        ("uNumOfEntries", ctypes.c_uint32),
        ("uTotalNumOfEntries", ctypes.c_uint32),
        ("BSSIDs", ctypes.c_uint8 * 6),
    ]


class ConnectionNotification(ctypes.Structure):
    """WLAN_CONNECTION_NOTIFICATION_DATA, up to the last field that is read."""

    _fields_ = [
        ("wlanConnectionMode", ctypes.c_int32),
        ("strProfileName", ctypes.c_uint16 * 256),
        ("dot11Ssid", wlan.Ssid),
        ("dot11BssType", ctypes.c_int32),
        ("bSecurityEnabled", ctypes.c_int32),
        ("wlanReasonCode", ctypes.c_uint32),
    ]


def joined(adapters: list[Adapter], adapter: str) -> Joined | None:
    """The network that the radio of an interface is on; see `System.joined`."""
    with _radio(adapters, adapter) as (session, radio):
        told = session.attributes(radio)
    if told is None:
        return None
    about = told.wlanAssociationAttributes
    profile = bytes(told.strProfileName).decode("utf-16-le", "replace").partition("\0")[0]
    return Joined(
        network=profile or None, name=wlan.name_of(about.dot11Ssid) or b"", bssid=bytes(about.dot11Bssid).hex(":")
    )


def join(adapters: list[Adapter], adapter: str, network: NetworkToJoin, is_stopped: Callable[[], bool]) -> JoinTold:
    """Try once to join a network; see `System.join`."""
    with _radio(adapters, adapter) as (session, radio), _profile(network) as text:
        ended = threading.Event()
        reasons: list[int] = []

        def notified(told: Any) -> None:
            """Note how the attempt with a temporary profile ended: there is no other such attempt."""
            is_end = told.NotificationCode in {_COMPLETE, _FAILED} and told.dwDataSize >= _LEAST_NOTIFICATION
            if not is_end or bytes(told.InterfaceGuid) != bytes(radio.guid) or not told.pData:
                return
            data: Any = ConnectionNotification.from_address(told.pData)
            if data.wlanConnectionMode == _BY_TEXT:
                reasons.append(data.wlanReasonCode)
                if told.NotificationCode == _COMPLETE:
                    ended.set()

        if code := session.listen(notified):
            raise OSError(f"Windows does not tell how a connection ends (error {code})")
        bssids = _bssids(network.bssids)
        parameters = ConnectionParameters(
            wlanConnectionMode=_BY_TEXT,
            strProfile=ctypes.addressof(text),
            pDesiredBssidList=ctypes.addressof(bssids),
            dot11BssType=_INFRASTRUCTURE,
            dwFlags=_HIDDEN if network.is_hidden else 0,
        )
        if code := session.connect(radio, ctypes.addressof(parameters)):
            return JoinTold(ended="not-made", said=(f"Windows does not begin to connect (error {code})",))
        for _ in range(round(ATTEMPT_S / _LOOK_S)):
            if ended.wait(_LOOK_S) or is_stopped():
                break
        return _told(reasons) if ended.is_set() else JoinTold(ended="not-told", said=("Windows did not say in time",))


def rejoin(adapters: list[Adapter], adapter: str, network: str | None) -> None:
    """Leave the network, and go back to the one of a saved profile; see `System.rejoin`."""
    with _radio(adapters, adapter) as (session, radio):
        session.disconnect(radio)
        if network is None:
            return
        name = ctypes.create_string_buffer(network.encode("utf-16-le", "replace") + b"\0\0")
        parameters = ConnectionParameters(
            wlanConnectionMode=_BY_PROFILE, strProfile=ctypes.addressof(name), dot11BssType=_INFRASTRUCTURE
        )
        if code := session.connect(radio, ctypes.addressof(parameters)):
            raise OSError(f"Windows does not go back to its network (error {code})")


_LEAST_NOTIFICATION = ctypes.sizeof(ConnectionNotification)


def _told(reasons: list[int]) -> JoinTold:
    """How the attempt ended: by the last reason, unless an earlier one says that the passphrase was refused."""
    known = [_REASONS.get(reason, (_end_of(reason), f"reason 0x{reason:x}")) for reason in reasons]
    refused = [ended for ended, _ in known if ended == "key-refused"]
    last = known[-1][0]
    return JoinTold(
        ended=refused[-1] if refused and last != "joined" else last,
        said=tuple(dict.fromkeys(f"Windows: {words}" for _, words in known)),
    )


def _end_of(reason: int) -> JoinEnd:
    """How an attempt ended by a reason that is not in `_REASONS`."""
    return "key-unfinished" if _SECURITY_FROM <= reason < _SECURITY_TO else "not-told"


@contextlib.contextmanager
def _radio(adapters: list[Adapter], adapter: str) -> Iterator[tuple[wlan.Session, wlan.Radio]]:
    """A session with the WLAN service, and the radio of an interface.

    Raises:
        OSError: there is no radio, or the WLAN service is off.
    """
    try:
        with wlan.session(lambda *_: None) as session:
            yield session, session.radio({listed.id.upper(): listed.name for listed in adapters}, adapter)
    except SurveyRefused as refused:
        raise OSError(refused.reason) from refused


def _bssids(wanted: tuple[str, ...]) -> Any:
    """A DOT11_BSSID_LIST in memory."""
    head = BssidList(ObjectHeader(_OBJECT, _REVISION, ctypes.sizeof(BssidList)), len(wanted), len(wanted))
    at: int = BssidList.BSSIDs.offset
    return ctypes.create_string_buffer(bytes(head)[:at] + bytes.fromhex("".join(wanted).replace(":", "")))


@contextlib.contextmanager
def _profile(network: NetworkToJoin) -> Iterator[Any]:
    """The text of a profile in memory, in UTF-16; the passphrase in it is overwritten at the end."""
    secret = network.passphrase
    kind = "networkKey" if secret is not None and len(secret) == _KEY_DIGITS else "passPhrase"
    authentication, encryption = _SECURITY[network.security]
    before, _, after = _PROFILE.format(
        name=network.name.hex().upper(),
        hidden="true" if network.is_hidden else "false",
        authentication=authentication,
        encryption=encryption,
        key="" if secret is None else _KEY.format(kind=kind),
    ).partition("\0")
    whole = bytearray(before.encode())
    for octet in secret or b"":
        whole += _ESCAPED.get(octet) or bytes((octet,))
    whole += after.encode() + b"\0"
    text = (ctypes.c_uint16 * len(whole))(*whole)  # all of it is ASCII
    try:
        yield text
    finally:
        ctypes.memset(text, 0, ctypes.sizeof(text))
        whole[:] = bytes(len(whole))

"""The passphrase that NetworkManager has saved for a network, if this user may see it (root, or allowed by polkit)."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from netpreflight.probes.join.manager_bus import (
    CONNECTION,
    MOST_CONNECTIONS,
    NAME,
    NOT_SAVED,
    ROOT,
    Manager,
    RefusedError,
    manager,
)
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.wifi.elements import ssid_bytes

_WIFI, _SECURITY = "802-11-wireless", "802-11-wireless-security"
_AGENT_OWNED = 1
_WITHHELD = {
    _AGENT_OWNED: "NetworkManager leaves the passphrase of {ssid} to the keyring of the desktop",
    NOT_SAVED: "NetworkManager asks for the passphrase of {ssid} each time, and saves none",
}
"""Why NetworkManager has saved no passphrase, by the flags of the secret (NMSettingSecretFlags)."""
_NONE = "this laptop has saved no passphrase for {ssid}"
_DENIED = "NetworkManager does not tell this user the passphrase of {ssid}"


def passphrase(ssid: str, connect: Callable[[], AbstractContextManager[Manager]] = manager) -> str:
    """The saved passphrase for a network: that of the first saved connection to it that has one.

    Args:
        ssid: the network's name, as in `Bss.ssid`.
        connect: connects to NetworkManager; tests pass a fake one.

    Raises:
        OSError: no passphrase is saved, or this user may not see it; the message says which.
    """
    why_none = _NONE
    with connect() as bus:
        (paths,) = bus.call(f"{ROOT}/Settings", f"{NAME}.Settings", "ListConnections")
        for path in paths[:MOST_CONNECTIONS]:
            (settings,) = bus.call(path, CONNECTION, "GetSettings")
            name = settings.get(_WIFI, {}).get("ssid", ("ay", b""))[1]
            if bytes(name) != ssid_bytes(ssid) or _SECURITY not in settings:
                continue
            try:
                (secrets,) = bus.call(path, CONNECTION, "GetSecrets", "s", _SECURITY)
            except RefusedError:
                why_none = _DENIED
                continue
            if key := secrets.get(_SECURITY, {}).get("psk"):
                return str(key[1])
            why_none = _WITHHELD.get(settings[_SECURITY].get("psk-flags", ("u", 0))[1], _NONE)
    raise OSError(why_none.format(ssid=in_quotes(ssid)))

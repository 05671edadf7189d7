"""Whether NetworkManager takes the laptop back to its own network by itself, as it has to after a run.

NetworkManager does so by autoconnecting (NetworkManager.conf(5), nm-settings-nmcli(5)): among the saved connections
whose network is in range it activates the one with the highest `autoconnect-priority`. If several have the same
priority, it activates the one that was used last, which is the laptop's own.
"""

import contextlib
from typing import Any

from netpreflight.probes.join.interface import Refusal
from netpreflight.probes.join.manager_bus import (
    CONNECTION,
    DEVICE,
    MOST_CONNECTIONS,
    NAME,
    NOT_SAVED,
    ROOT,
    Manager,
    RefusedError,
    manager,
)
from netpreflight.probes.observations import Scope
from netpreflight.probes.quoting import in_quotes
from netpreflight.systems import SYSTEM

_VOLATILE = 0x4
"""NMSettingsConnectionFlags: the connection is deleted as soon as it is deactivated."""
_SETTINGS_OF_LOGIN = ("802-11-wireless-security", "802-1x")
Settings = dict[str, dict[str, tuple[str, Any]]]


def doubt(scope: Scope, bus: Manager | None = None) -> Refusal | None:
    """Why the laptop might not come back to the network that it is on; None: it will, or it is on no network.

    Args:
        scope: the laptop's Wi-Fi interface and its addresses.
        bus: NetworkManager; None: connect to it for this question.
    """
    try:
        with manager() if bus is None else contextlib.nullcontext(bus) as connected:
            found = _doubt(connected, scope)
    except OSError as problem:
        step = "Check NetworkManager's log for the reason" if SYSTEM.is_privileged() else "Run it as root (sudo)"
        found = f"whether this laptop comes back to its network is not known ({problem})", step
    if found is None:
        return None
    reason, step = found
    return Refusal(reason, f"{step}; or take that risk: --force.", can_be_forced=True)


def _doubt(bus: Manager, scope: Scope) -> tuple[str, str] | None:
    """The reason for the doubt, and the step that would remove it, without its full stop; None: there is no doubt."""
    (radio,) = bus.call(ROOT, NAME, "GetDeviceByIpIface", "s", scope.interface or "")
    active = bus.get(radio, DEVICE, "ActiveConnection")
    if active == "/":
        if not scope.addresses:
            return None
        return (
            "NetworkManager has not joined this laptop's network, and will not do so again",
            "Let it manage the radio",
        )
    path = bus.get(active, f"{NAME}.Connection.Active", "Connection")
    (own,) = bus.call(path, CONNECTION, "GetSettings")
    name = _name(own)
    if not _is_automatic(own):
        reason = f"NetworkManager does not join {name} again by itself: its automatic connection is off"
        return reason, "Switch that on in the network's settings"
    if not bus.get(radio, DEVICE, "Autoconnect"):
        reason = f"NetworkManager is told to join nothing by itself with {scope.interface}"
        return reason, f"Run: nmcli device set {scope.interface} autoconnect yes"
    if bus.get(path, CONNECTION, "Flags") & _VOLATILE:
        return f"NetworkManager forgets {name} as soon as this laptop leaves it", "Save it in the network settings"
    if _asks_each_time(own):
        return f"NetworkManager asks for the password of {name} each time", "Have it saved in the network's settings"
    for path in bus.get(radio, DEVICE, "AvailableConnections")[:MOST_CONNECTIONS]:
        try:
            (other,) = bus.call(path, CONNECTION, "GetSettings")
        except RefusedError:  # another user's, or gone meanwhile
            continue
        if _is_automatic(other) and _priority(other) > _priority(own):
            reason = f"NetworkManager prefers {_name(other)} to {name}, and would join that one after the run"
            return reason, f"Give {name} the higher priority (nmcli: connection.autoconnect-priority)"
    return None


def _name(settings: Settings) -> str:
    return in_quotes(str(settings["connection"]["id"][1]))


def _is_automatic(settings: Settings) -> bool:
    return bool(settings["connection"].get("autoconnect", ("b", True))[1])


def _priority(settings: Settings) -> int:
    return int(settings["connection"].get("autoconnect-priority", ("i", 0))[1])


def _asks_each_time(settings: Settings) -> bool:
    """Whether any secret of the connection is not saved but asked for each time (NMSettingSecretFlags)."""
    return any(
        value & NOT_SAVED
        for setting in _SETTINGS_OF_LOGIN
        for key, (_, value) in settings.get(setting, {}).items()
        if key.endswith("-flags") and isinstance(value, int)
    )

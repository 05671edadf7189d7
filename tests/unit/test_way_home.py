"""Whether NetworkManager brings the laptop back by itself: its settings decide, and nothing is changed to find out."""

from typing import Any

import pytest

from netpreflight.probes.join import way_home
from netpreflight.probes.join.manager_bus import RefusedError
from netpreflight.probes.join.way_home import Settings, doubt
from netpreflight.probes.observations import Scope
from netpreflight.systems import SYSTEM

AT_HOME = Scope(interface="wlan0", medium="wifi", os="linux", addresses=["192.0.2.7/24"])
NOWHERE = Scope(interface="wlan0", medium="wifi", os="linux")


def connection(name: str, /, **has: Any) -> Settings:
    """A saved connection with these values in place of NetworkManager's defaults."""
    made = {key.replace("_", "-"): ("v", value) for key, value in has.items()}
    security = {key: made.pop(key) for key in [*made] if key.endswith("-flags")}
    return {"connection": {"id": ("s", name), **made}, "802-11-wireless-security": security}


class Manager:
    """A NetworkManager that has the laptop on a connection, `office`, and has saved others; None: is not told."""

    def __init__(
        self,
        office: Settings | None,
        *others: Settings | None,
        is_active: bool = True,
        is_blocked: bool = False,
        flags: int = 0,
    ) -> None:
        self._saved = {"/office": office, **{f"/{number}": other for number, other in enumerate(others)}}
        self._has = {
            ("/radio", "ActiveConnection"): "/active" if is_active else "/",
            ("/radio", "Autoconnect"): not is_blocked,
            ("/radio", "AvailableConnections"): list(self._saved),
            ("/active", "Connection"): "/office",
            ("/office", "Flags"): flags,
        }

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Only what changes nothing is asked."""
        if method == "GetDeviceByIpIface":
            assert body == ("wlan0",)
            return ("/radio",)
        assert (method, interface) == ("GetSettings", "org.freedesktop.NetworkManager.Settings.Connection")
        if (told := self._saved[path]) is None:
            raise RefusedError("org.freedesktop.NetworkManager.Settings.PermissionDenied", "")
        return (told,)

    def get(self, path: str, interface: str, name: str) -> Any:
        """A property."""
        return self._has[path, name]

    def follow(self, device: str) -> None:
        """It is not followed."""
        raise AssertionError(device)

    def next(self, timeout_s: float) -> None:
        """It is not waited for."""
        raise AssertionError(timeout_s)

    def answer(self, question: Any, passphrase: str | None) -> None:
        """It asks nothing."""
        raise AssertionError(question)


@pytest.mark.parametrize(
    ("bus", "words"),
    [
        (Manager(connection("Office")), None),
        (Manager(connection("Office", autoconnect=False)), "does not join 'Office' again by itself"),
        (Manager(connection("Office"), is_blocked=True), "join nothing by itself with wlan0"),
        (Manager(connection("Office"), flags=0x1), None),
        (Manager(connection("Office"), flags=0x5), "forgets 'Office'"),
        (Manager(connection("Office", psk_flags=2)), "asks for the password of 'Office'"),
        (Manager(connection("Office", psk_flags=1)), None),
        (Manager(connection("Office"), connection("Guests")), None),
        (Manager(connection("Office"), connection("Guests", autoconnect_priority=1)), "prefers 'Guests' to 'Office'"),
        (Manager(connection("Office", autoconnect_priority=1), connection("Guests", autoconnect_priority=1)), None),
        (Manager(connection("Office", autoconnect_priority=-1), None, connection("Guests")), "prefers 'Guests'"),
        (Manager(connection("Office"), connection("Guests", autoconnect_priority=1, autoconnect=False)), None),
        (Manager(connection("Office"), None), None),
        (Manager(None), "is not known (NetworkManager refuses it"),
        (Manager(connection("Office"), is_active=False), "has not joined this laptop's network"),
    ],
)
def test_what_networkmanager_does_by_itself_decides(bus: Manager, words: str | None) -> None:
    found = doubt(AT_HOME, bus)

    assert (found is None) is (words is None)
    if found is not None and words is not None:
        assert words in found.reason
        assert found.can_be_forced
        assert not found.is_denied
        assert found.step is not None
        assert found.step.endswith("; or take that risk: --force.")


@pytest.mark.parametrize("is_root", [True, False])
def test_root_is_not_told_to_become_root(monkeypatch: pytest.MonkeyPatch, *, is_root: bool) -> None:
    monkeypatch.setattr(SYSTEM, "is_privileged", lambda: is_root)
    found = doubt(AT_HOME, Manager(None))

    assert found is not None
    assert found.step is not None
    assert ("sudo" in found.step) is not is_root
    assert ("NetworkManager's log" in found.step) is is_root
    assert found.step.endswith("; or take that risk: --force.")


def test_a_laptop_on_no_network_has_none_to_come_back_to() -> None:
    assert doubt(NOWHERE, Manager(None, is_active=False)) is None


def test_so_many_saved_connections_are_looked_at_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_home, "MOST_CONNECTIONS", 2)
    guests = connection("Guests", autoconnect_priority=1)

    assert doubt(AT_HOME, Manager(connection("Office"), guests)) is not None
    assert doubt(AT_HOME, Manager(connection("Office"), None, guests)) is None

"""Stand-ins for the kernel, NetworkManager and wpa_supplicant, as a Linux laptop's scan asks them."""

import asyncio
import errno
import os
import struct
from types import TracebackType
from typing import Any, Self

from netpreflight.probes.wifi import nl80211
from netpreflight.probes.wifi.networkmanager import Refused
from netpreflight.probes.wifi.nl80211 import Attributes, Message
from tests.unit.beacons import usual

INDEX, WIPHY = 7, 3
SCAN, TRIGGER, RESULTS, ABORTED = 32, 33, 34, 35
MINE = {3: struct.pack("=I", INDEX)}


def nested(*attributes: tuple[int, bytes]) -> bytes:
    """Netlink attributes, as the kernel packs them."""
    return b"".join(
        struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4) for number, value in attributes
    )


def u32(number: int) -> bytes:
    return struct.pack("=I", number)


class FakeKernel:
    """Answers from a table; `triggers` is what each trigger does: an errno, or the event that follows."""

    def __init__(self) -> None:
        self.channels: dict[int, tuple[int, ...]] = {2412: (), 2437: (), 2472: (2,), 5180: (), 906: (2,)}
        self.interfaces: list[Message] = [(7, {3: u32(INDEX), 4: b"wlan9\0", 5: u32(2), 1: u32(WIPHY)})]
        self.tables: list[list[Message]] = [[]]
        self.triggers: list[int | None] = []
        self.triggered: list[list[int]] = []
        self.requests: list[Attributes] = []
        self.events: asyncio.Queue[Message] = asyncio.Queue()
        self.mute = self.closed = False
        self.missing = 0
        self.most_ssids: int | None = None

    async def __aenter__(self) -> Self:
        if self.missing:
            raise OSError(self.missing, os.strerror(self.missing))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    async def ask(self, command: int, attributes: Attributes, *, dump: bool = False) -> list[Message]:
        """The answer of the script."""
        if self.mute:
            raise TimeoutError
        if command == 5:
            return self.interfaces
        if command == 1:
            frequencies = [
                (number, nested((1, u32(frequency)), *((flag, b"") for flag in flags)))
                for number, (frequency, flags) in enumerate(self.channels.items())
            ]
            bands = nested((0, nested((1, nested(*frequencies)))))
            most = {} if self.most_ssids is None else {43: bytes([self.most_ssids])}
            return [(3, {1: u32(WIPHY), 2: b"phy3\0", 22: bands, **most}), (3, {1: u32(WIPHY)})]
        if command == 31:
            return [(31, {33: b"DE\0"})]
        if command == SCAN:
            return self.tables.pop(0) if len(self.tables) > 1 else self.tables[0]
        assert command == TRIGGER
        return self._trigger(attributes)

    def _trigger(self, attributes: Attributes) -> list[Message]:
        if not attributes:  # whoever may not scan is refused before the request is looked at
            refused = self.triggers[:1] == [-errno.EPERM]
            raise OSError(errno.EPERM if refused else errno.EINVAL, "")
        self.requests.append(attributes)
        wanted = [struct.unpack("=I", data)[0] for data in nl80211.attributes_of(attributes[44]).values()]
        self.triggered.append(wanted)
        what = self.triggers.pop(0) if self.triggers else RESULTS
        if what is not None and what < 0:
            raise OSError(-what, os.strerror(-what))
        if what is not None:
            self.events.put_nowait((what, {**MINE, 44: attributes[44]}))
        return []

    async def event(self) -> Message:
        """What the script queued."""
        return await self.events.get()


NM = "org.freedesktop.NetworkManager"


class FakeBus:
    """NetworkManager with one radio and one access point."""

    def __init__(self) -> None:
        self.refusals: dict[str, Refused] = {}
        self.refusals_left = 1000
        self.manager: dict[str, Any] = {"WirelessEnabled": True, "WirelessHardwareEnabled": True}
        self.device: dict[str, Any] = {"DeviceType": 2, "Interface": "wlan9", "State": 100}
        self.scans = [-1, 500, 900]
        self.calls: list[str] = []
        self.bodies: dict[str, list[tuple[Any, ...]]] = {}

    async def call(
        self, path: str, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> Any:
        """What a method of the bus returns."""
        self.calls.append(method)
        self.bodies.setdefault(method, []).append(body)
        if method in self.refusals and self.refusals_left:
            self.refusals_left -= 1
            raise self.refusals[method]
        if method == "GetPermissions":
            may = "yes" if "RequestScan" not in self.refusals else "auth"
            return {f"{NM}.wifi.scan": may, f"{NM}.reload": "no"}
        return {"GetDevices": ["/d/0", "/d/1"], "GetAllAccessPoints": ["/a/1"]}.get(method)

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """What the bus says of one object."""
        if interface == f"{NM}.Device":
            return self.device if path == "/d/1" else {"DeviceType": 1, "Interface": "eth0"}
        if interface == f"{NM}.Device.Wireless":
            self.scans = self.scans[1:] or self.scans
            return {"LastScan": self.scans[0], "ActiveAccessPoint": "/a/1"}
        if interface == f"{NM}.AccessPoint":
            return {
                "Ssid": b"caf\xc3\xa9",
                "HwAddress": "02:AA:00:00:00:01",
                "Frequency": 2437,
                "Flags": 1,
                "WpaFlags": 0x100,
                "RsnFlags": 0x500,
                "Mode": 2,
                "LastSeen": 90,
                "Strength": 70,
            }
        return self.manager


CHANNELS = "Mode[G] Channels:\n 1 = 2412 MHz\n 6 = 2437 MHz (NO_IR)\nMode[A] Channels:\n 36 = 5180 MHz\n"


class FakeControl:
    """wpa_supplicant with two BSSs in its table."""

    def __init__(self) -> None:
        self.names = ["global", "p2p-dev-wlan9", "wlan9"]
        self.scans = ["OK\n", "OK\n"]
        self.events = [b"<3>CTRL-EVENT-SCAN-STARTED ", b"<3>CTRL-EVENT-SCAN-RESULTS ", b"<3>CTRL-EVENT-SCAN-RESULTS "]
        self.asked: list[str] = []
        self.problem: Exception | None = None
        self.closed = False
        self.state = "COMPLETED"
        self.later: dict[str, str] = {}
        """What the table has once a network was asked by name."""
        self.table = {
            "FIRST": "id=4\nbssid=02:00:00:00:00:04\nfreq=2412\nbeacon_int=100\ncapabilities=0x0411\nlevel=-61\n"
            f"age=2\nie={usual(name=b'one').hex()}\n",
            "NEXT-4": f"id=6\nbssid=02:00:00:00:00:06\nfreq=5180\nlevel=70\nage=0\nie={usual(name=b'two').hex()}\n"
            f"beacon_ie={usual(name=b'').hex()}\n",
            "NEXT-6": "FAIL\n",
        }

    def interfaces(self) -> list[str]:
        """The interfaces that have a control socket."""
        if self.problem:
            raise self.problem
        return self.names

    def connect(self, interface: str) -> None:
        """Note whom it is connected to."""
        self.asked.append(interface)

    def ask(self, command: str) -> str:
        """The answer to a command."""
        self.asked.append(command)
        if command == "STATUS":
            return f"bssid=02:00:00:00:00:04\nfreq=2412\nssid=one\nwpa_state={self.state}\n"
        if command.startswith("SCAN"):
            if " ssid " in command:
                self.table |= self.later
            return self.scans.pop(0)
        if command.startswith("BSS"):
            return self.table[command.split()[1]]
        return CHANNELS

    def event(self, timeout_s: float) -> bytes:
        """The next event, or none in time."""
        if not self.events:
            raise TimeoutError
        return self.events.pop(0)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

"""macOS's native calls, by fakes that answer with bytes laid out as in XNU's headers; nothing here ran on macOS."""

import ctypes
import functools
import os
import plistlib
import re
import signal
import socket
import struct
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from netpreflight.probes.observations import Icmp
from netpreflight.systems import posix
from netpreflight.systems.interface import IcmpReport
from netpreflight.systems.macos import Macos, icmp, native
from tests.unit.leases import leases

SETUP, STATE = "Setup:/Network/Service", "State:/Network/Service"
INTERFACES, ROUTES, ARP = (4, 17, 0, 0, 3, 0), (4, 17, 0, 2, 1, 0), (4, 17, 0, 2, 2, 0x400)
"""What the list of interfaces, the routing table and the ARP table are in sysctl(3)."""
UP, POINT_TO_POINT, LOOPBACK = 0x8863, 0x8051, 0x8049
"""Flags as `ifconfig` shows them for en0, utun0 and lo0 (net/if.h)."""


class FakeMac:
    """The libraries and the kernel, held in this process's memory."""

    def __init__(self) -> None:
        self.calls: dict[str, Callable[..., Any]] = {}
        self.tables: dict[tuple[int, ...], bytes] = {}
        self.store: dict[str, object] = {}
        """configd's dynamic store."""
        self.media: dict[str, int] = {}
        """What SIOCGIFMEDIA has in ifm_status."""
        self.functions: dict[str, int] = {}
        """What SIOCGIFFUNCTIONALTYPE has."""
        self.objects: dict[int, Any] = {}
        """Core Foundation's objects that are not released, by their handle."""
        self.calls["sysctl"] = self.sysctl
        self.calls |= {
            "CFRelease": self.objects.pop,
            "CFDataCreate": lambda _, packed, size: self.made(packed[:size]),
            "CFPropertyListCreateWithData": lambda _, data, *rest: self.made(plistlib.loads(self.objects[data])),
            "CFPropertyListCreateData": self.packed,
            "CFDataGetLength": lambda data: len(self.objects[data]) - 1,
            "CFDataGetBytePtr": lambda data: ctypes.addressof(self.objects[data]),
            "SCDynamicStoreCreate": lambda _, name, *rest: self.made(f"session of {self.objects[name]}"),
            "SCDynamicStoreCopyMultiple": self.copied,
        }

    def library(self, _path: str) -> Any:
        """Every library, which has all calls."""
        return SimpleNamespace(**{name: functools.partial(call) for name, call in self.calls.items()})

    def made(self, value: Any) -> int:
        """A handle of a new object."""
        handle = max(self.objects, default=0x1000) + 16
        self.objects[handle] = value
        return handle

    def packed(self, _allocator: None, value: int, kind: int, *_rest: object) -> int:
        """CFPropertyListCreateData."""
        assert kind == 200
        return self.made(ctypes.create_string_buffer(plistlib.dumps(self.objects[value], fmt=plistlib.FMT_BINARY)))

    def copied(self, session: int, keys: None, patterns: int) -> int:
        """SCDynamicStoreCopyMultiple, whose patterns match whole keys."""
        assert self.objects[session] == "session of netpreflight"
        assert keys is None
        wanted = [re.compile(pattern) for pattern in self.objects[patterns]]
        return self.made(
            {key: value for key, value in self.store.items() if any(pattern.fullmatch(key) for pattern in wanted)}
        )

    def sysctl(self, numbers: Any, count: int, memory: Any, size: Any, new: None, new_size: int) -> int:
        """Answer from the tables."""
        assert (new, new_size) == (None, 0)
        table = self.tables.get(tuple(numbers)[:count])
        if table is None:
            return -1
        if memory is not None:
            if size.contents.value < len(table):
                return -1  # ENOMEM
            ctypes.memmove(memory, table, len(table))
        size.contents.value = len(table)
        return 0

    def ioctl(self, _sock: socket.socket, request: int, given: bytes) -> bytes:
        """Answer in the structure that was given."""
        name = given.partition(b"\0")[0].decode(errors="replace")
        if request == 0xC02C6938 and name in self.media:
            assert len(given) == 44
            return given[:24] + struct.pack("<i", self.media[name]) + given[28:]
        if request == 0xC02069AD and name in self.functions:
            assert len(given) == 32
            return given[:16] + struct.pack("<I", self.functions[name]) + given[20:]
        raise OSError(102, "Operation not supported on socket")


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> FakeMac:
    fake = FakeMac()
    monkeypatch.setattr(native, "library", fake.library)
    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(ioctl=fake.ioctl))
    return fake


def rounded(sockaddr: bytes) -> bytes:
    """A sockaddr as it stands in a message, ROUNDUP32 of bsd/net/rtsock.c."""
    return sockaddr + bytes(-len(sockaddr) % 4 or (0 if sockaddr else 4))


def inet(address: str) -> bytes:
    return struct.pack("<BBH", 16, 2, 0) + socket.inet_aton(address) + bytes(8)


def inet6(address: str, zone: int = 0) -> bytes:
    packed = bytearray(socket.inet_pton(socket.AF_INET6, address))
    if zone:
        packed[2:4] = zone.to_bytes(2, "big")  # as the kernel keeps it for link-local addresses
    return struct.pack("<BBHI", 28, 30, 0, 0) + bytes(packed) + bytes(4)


def mask(*parts: int) -> bytes:
    """A netmask, which ends with its last byte that is not zero."""
    return bytes([4 + len(parts), 0, 0, 0, *parts]) if parts else b""


def link(index: int, name: str = "", mac: str = "", kind: int = 6) -> bytes:
    data = name.encode() + bytes.fromhex(mac)
    body = struct.pack("<BHBBBB", 18, index, kind, len(name), len(data) - len(name), 0) + data
    return bytes([max(1 + len(body), 20)]) + body.ljust(19, b"\0")


def message(kind: int, head: bytes, sockaddrs: dict[int, bytes], version: int = 5) -> bytes:
    body = head + b"".join(rounded(sockaddrs[number]) for number in sorted(sockaddrs))
    return struct.pack("<HBB", 4 + len(body), version, kind) + body


def present(sockaddrs: dict[int, bytes]) -> int:
    return sum(1 << number for number in sockaddrs)


def interface(index: int, name: str, mac: str = "", flags: int = UP, mtu: int = 1500, kind: int = 6) -> bytes:
    """RTM_IFINFO: an if_msghdr with its if_data, and the name and MAC."""
    told = {4: link(index, name, mac, kind)}
    data = struct.pack("<8BII", kind, 0, 0, 6, 14, 0, 0, 0, mtu, 0).ljust(96, b"\0")
    return message(0xE, struct.pack("<iiH2x", present(told), flags, index) + data, told)


def address(index: int, own: bytes, netmask: bytes) -> bytes:
    """RTM_NEWADDR: an ifa_msghdr, the netmask and the address."""
    told = {2: netmask, 5: own, 7: inet("192.168.1.255")}
    return message(0xC, struct.pack("<iiH2xi", present(told), 0, index, 0), told)


def route(index: int, flags: int, **sockaddrs: bytes) -> bytes:
    """RTM_GET: an rt_msghdr, whose metrics are zero."""
    numbers = {"destination": 0, "gateway": 1, "netmask": 2}
    told = {numbers[name]: sockaddr for name, sockaddr in sockaddrs.items()}
    return message(0x4, struct.pack("<H2xii", index, flags, present(told)).ljust(88, b"\0"), told)


def laptop(mac: FakeMac) -> None:
    """A laptop with Wi-Fi, a dock without a cable, a VPN, and what macOS keeps for itself."""
    mac.tables[INTERFACES] = b"".join(
        [
            interface(1, "lo0", flags=LOOPBACK, mtu=16384, kind=24),
            address(1, inet("127.0.0.1"), mask(255)),
            interface(11, "en0", "F4D488AABBCC"),
            address(11, inet6("fe80::1c2b", zone=11), mask()),
            address(11, inet("192.168.1.7"), mask(255, 255, 255)),
            address(11, inet6("2001:db8::7"), mask()),
            interface(12, "en7", "001122334455"),
            interface(13, "awdl0", "02AABBCCDDEE"),
            interface(14, "bridge0", "36AABBCCDDEE"),
            interface(15, "utun0", flags=POINT_TO_POINT, mtu=1380, kind=1),
            address(15, inet6("fe80::2", zone=15), mask()),
            interface(16, "utun4", flags=POINT_TO_POINT, mtu=1400, kind=1),
            address(16, inet("10.8.0.2"), mask(255, 255, 255, 255)),
            interface(17, "en5", "ACDE48001122"),
            interface(18, "en8", "001122334466", flags=0x8822),
        ]
    )
    mac.media |= {"en0": 3, "en7": 1, "awdl0": 3, "bridge0": 1, "en8": 1}
    mac.functions |= {"lo0": 1, "en0": 3, "en7": 2, "awdl0": 4, "bridge0": 2, "utun0": 0, "en5": 6, "en8": 2}
    mac.store[f"{SETUP}/AAAA/Interface"] = {
        "DeviceName": "en0",
        "Hardware": "AirPort",
        "Type": "Ethernet",
        "UserDefinedName": "Wi-Fi",
    }
    mac.tables[ROUTES] = b"".join(
        [
            route(16, 0x803, destination=inet("0.0.0.0"), gateway=link(16), netmask=b""),
            route(11, 0x1000803, destination=inet("0.0.0.0"), gateway=inet("192.168.1.1"), netmask=b""),
            route(11, 0x3, destination=inet("172.16.0.0"), gateway=inet("192.168.1.9"), netmask=mask(255, 240)),
            route(12, 0x100080B, destination=inet("0.0.0.0"), gateway=inet("10.0.0.1"), netmask=b""),  # RTF_REJECT
        ]
    )


def test_adapters_are_those_that_the_system_lists(mac: FakeMac) -> None:
    laptop(mac)
    found = {adapter.name: adapter for adapter in Macos().adapters()}
    assert list(found) == ["lo0", "en0", "en7", "awdl0", "bridge0", "utun0", "utun4", "en5", "en8"]
    wireless = found["en0"]
    assert (wireless.id, wireless.aliases, wireless.index) == ("en0", ("Wi-Fi",), 11)
    assert (wireless.state, wireless.medium, wireless.is_tunnel, wireless.is_internal) == ("up", "wifi", False, False)
    assert (wireless.mac, wireless.mtu) == ("f4:d4:88:aa:bb:cc", 1500)
    assert wireless.addresses == ("192.168.1.7/24",)
    assert wireless.ipv6_addresses == ("fe80::1c2b", "2001:db8::7")
    assert (wireless.gateway, wireless.metric) == ("192.168.1.1", 1)
    assert [name for name, adapter in found.items() if adapter.is_loopback] == ["lo0"]
    assert found["utun4"].addresses == ("10.8.0.2/32",)
    assert not mac.objects, "what was made is released"


def test_the_state_of_an_adapter_is_its_carrier(mac: FakeMac) -> None:
    laptop(mac)
    states = {adapter.name: adapter.state for adapter in Macos().adapters()}
    assert (states["en0"], states["en7"], states["en8"], states["utun4"]) == ("up", "no-carrier", "down", "up")


def test_the_medium_is_known_only_where_the_system_says_it(mac: FakeMac) -> None:
    laptop(mac)
    mac.functions["en8"] = 5  # a modem
    media = {adapter.name: adapter.medium for adapter in Macos().adapters()}
    assert {name for name, medium in media.items() if medium} == {"en0", "en7"}
    assert (media["en0"], media["en7"]) == ("wifi", "wired")
    mac.functions.clear()
    assert {adapter.medium for adapter in Macos().adapters()} == {None}


def test_what_the_system_made_for_itself_is_not_to_be_tested_and_a_vpn_is_a_tunnel(mac: FakeMac) -> None:
    laptop(mac)
    found = Macos().adapters()
    assert [adapter.name for adapter in found if adapter.is_internal] == ["awdl0", "bridge0", "utun0", "en5"]
    assert [adapter.name for adapter in found if adapter.is_tunnel] == ["utun0", "utun4"]


def test_the_route_without_a_scope_comes_first(mac: FakeMac) -> None:
    laptop(mac)
    mac.tables[ROUTES] += route(11, 0x803, destination=inet("0.0.0.0"), gateway=inet("192.168.1.254"), netmask=b"")
    mac.tables[ROUTES] += route(12, 0x1000803, destination=inet("0.0.0.0"), gateway=inet("10.0.0.1"), netmask=b"")
    gateways = {adapter.name: (adapter.gateway, adapter.metric) for adapter in Macos().adapters()}
    assert gateways["en0"] == ("192.168.1.254", 0)
    assert gateways["en7"] == ("10.0.0.1", 1)
    assert gateways["utun4"] == (None, None)


def test_a_mac_that_macos_hides_is_not_known(mac: FakeMac) -> None:
    mac.tables[INTERFACES] = interface(11, "en0", "020000000000")
    assert Macos().adapters()[0].mac is None


def test_no_library_no_right_and_no_configd_are_not_known(mac: FakeMac, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Macos().adapters() == []  # sysctl fails
    laptop(mac)
    mac.calls["SCDynamicStoreCreate"] = lambda *_: None  # configd does not answer
    assert Macos().adapters()[1].aliases == ()
    assert Macos().adapters()[1].name == "en0"
    mac.calls["SCDynamicStoreCreate"] = lambda *_: mac.made("session of netpreflight")
    mac.calls["CFPropertyListCreateData"] = lambda *_: None
    assert Macos().adapters()[1].aliases == ()
    assert not mac.objects
    mac.calls.clear()
    assert Macos().adapters() == []
    assert native.store(".*") == {}
    monkeypatch.undo()
    monkeypatch.setattr(native, "LIBRARY", "/nowhere/libSystem.B.dylib")
    assert native.sysctl(1, 21) is None


def test_messages_that_are_cut_off_or_of_another_version_are_left_out(mac: FakeMac) -> None:
    whole = interface(11, "en0", "F4D488AABBCC") + address(11, inet("192.168.1.7"), mask(255, 255, 255))
    for end in range(len(whole)):
        mac.tables[INTERFACES] = whole[:end]
        assert len(Macos().adapters()) == (1 if end >= len(interface(11, "en0", "F4D488AABBCC")) else 0)
    mac.tables[INTERFACES] = whole
    assert Macos().adapters()[0].addresses == ("192.168.1.7/24",)
    mac.tables[INTERFACES] = message(0xE, bytes(108), {}, version=4) + b"\0\0\5\x0e" + whole
    assert Macos().adapters() == []
    for damaged in range(len(whole)):
        mac.tables[INTERFACES] = whole[:damaged] + b"\xff" + whole[damaged + 1 :]
        Macos().adapters()


def index_of(adapter: str) -> int:
    """What if_nametoindex(3) says on `laptop`."""
    if adapter != "en0":
        raise OSError("no interface with this name")
    return 11


def test_the_arp_table(mac: FakeMac, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", index_of)
    mac.tables[ARP] = b"".join(
        [
            route(11, 0x405, destination=inet("192.168.1.1"), gateway=link(11, mac="AABBCCDDEEFF")),
            route(11, 0x405, destination=inet("192.168.1.9"), gateway=link(11)),  # incomplete
            route(11, 0x400405, destination=inet("192.168.1.255"), gateway=link(11, mac="FFFFFFFFFFFF")),
            route(11, 0x800405, destination=inet("224.0.0.251"), gateway=link(11, mac="01005E0000FB")),
            route(12, 0x405, destination=inet("10.0.0.1"), gateway=link(12, mac="060606060606")),
        ]
    )
    assert Macos().neighbours("en0") == {"192.168.1.1": "aa:bb:cc:dd:ee:ff"}
    assert Macos().neighbours("none") is None
    mac.tables[ARP] = b""
    assert Macos().neighbours("en0") == {}
    mac.tables[ARP] = route(11, 0x405, destination=inet("192.168.1.1"), gateway=link(11, mac="020000000000"))
    assert Macos().neighbours("en0") is None  # the kernel hides the addresses
    del mac.tables[ARP]
    assert Macos().neighbours("en0") is None


def test_the_way_to_an_address_is_that_of_the_source_that_the_system_picks(
    mac: FakeMac, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop(mac)
    monkeypatch.setattr(posix, "source_towards", lambda _: "10.8.0.2")
    assert Macos().adapter_towards("8.8.8.8") == "utun4"
    monkeypatch.setattr(posix, "source_towards", lambda _: None)
    assert Macos().adapter_towards("8.8.8.8") is None
    monkeypatch.undo()
    assert posix.source_towards("127.0.0.1") == "127.0.0.1"


def test_a_list_that_grew_is_asked_for_again(mac: FakeMac) -> None:
    mac.tables[INTERFACES] = interface(11, "en0", "F4D488AABBCC")
    sizes: list[int] = []

    def growing(numbers: Any, count: int, memory: Any, size: Any, *new: Any) -> int:
        if memory is not None:
            sizes.append(size.contents.value)
            if len(sizes) == 1:
                return -1
        return mac.sysctl(numbers, count, memory, size, *new)

    mac.calls["sysctl"] = growing
    assert [adapter.name for adapter in Macos().adapters()] == ["en0"]
    assert len(sizes) >= 2


def test_sockets_are_bound_by_number_and_set_the_df_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[tuple[int, int, object]] = []
    sock: Any = SimpleNamespace(setsockopt=lambda *option: options.append(option))
    monkeypatch.setattr(socket, "if_nametoindex", index_of)
    Macos().binder("en0")(sock)
    Macos().forbid_fragments(sock)
    assert options == [(0, 25, 11), (0, 28, 1)]


def wifi_service(mac: FakeMac) -> None:
    """The Wi-Fi as the primary service, with a lease, as configd has it (`scutil`, `show State:/Network/…`)."""
    laptop(mac)
    mac.store |= {
        "State:/Network/Global/IPv4": {"PrimaryInterface": "en0", "PrimaryService": "BBBB", "Router": "192.168.1.1"},
        f"{STATE}/BBBB/IPv4": {
            "Addresses": ["192.168.1.7"],
            "InterfaceName": "en0",
            "Router": "192.168.1.1",
            "SubnetMasks": ["255.255.255.0"],
        },
        f"{STATE}/BBBB/DNS": {"DomainName": "home.example", "ServerAddresses": ["192.168.1.1", "fe80::1%en0"]},
        f"{STATE}/BBBB/DHCP": {
            "LeaseStartTime": datetime(2026, 11, 29, 9, tzinfo=UTC).replace(tzinfo=None),
            "LeaseExpirationTime": datetime(2026, 11, 30, 9, tzinfo=UTC).replace(tzinfo=None),
            "Option_1": bytes([255, 255, 255, 0]),
            "Option_3": bytes([192, 168, 1, 1]),
            "Option_6": bytes([192, 168, 1, 1, 9, 9, 9, 9]),
            "Option_54": bytes([192, 168, 1, 2]),
            "Option_114": b"https://portal.example/api",
        },
        f"{SETUP}/BBBB/IPv4": {"ConfigMethod": "DHCP"},
        f"{SETUP}/BBBB/DNS": {},
        f"{SETUP}/CCCC/DNS": {"ServerAddresses": ["1.1.1.1"]},  # a service that is not in use
    }


def found_resolvers() -> list[tuple[str, str, str | None]]:
    return [(resolver.address, resolver.source, resolver.interface) for resolver in Macos().resolvers(["utun4"])]


def test_resolvers_say_who_set_them(mac: FakeMac) -> None:
    wifi_service(mac)
    mac.store[f"{STATE}/AAAA/IPv4"] = {"Addresses": ["10.8.0.2"], "InterfaceName": "utun4"}
    mac.store[f"{STATE}/AAAA/DNS"] = {"ServerAddresses": ["10.8.0.1"], "SupplementalMatchDomains": ["work.example"]}
    assert found_resolvers() == [
        ("192.168.1.1", "dhcp", "en0"),
        ("fe80::1", "dhcp", "en0"),
        ("10.8.0.1", "vpn", "utun4"),
    ]
    mac.store[f"{SETUP}/BBBB/DNS"] = {"ServerAddresses": ["9.9.9.9", "resolver.example", 7]}
    assert found_resolvers()[0] == ("9.9.9.9", "settings", "en0")
    assert len(found_resolvers()) == 2
    mac.store[f"{SETUP}/BBBB/DNS"] = {"ServerAddresses": "not an array"}
    mac.store[f"{STATE}/BBBB/DNS"] = {"ServerAddresses": ["149.112.112.112"]}  # another program's
    assert found_resolvers()[0] == ("149.112.112.112", "settings", "en0")


def test_the_lease_that_configd_has(mac: FakeMac) -> None:
    wifi_service(mac)
    for name in ("en0", "Wi-Fi"):
        (lease,) = leases(Macos(), name)
        assert (lease.address, lease.server, lease.mask) == ("192.168.1.7", "192.168.1.2", "255.255.255.0")
        assert (lease.routers, lease.resolvers) == (["192.168.1.1"], ["192.168.1.1", "9.9.9.9"])
        assert lease.captive_portal == "https://portal.example/api"
    assert leases(Macos(), "en7") == []
    assert leases(Macos(), "none") == []
    mac.store[f"{STATE}/BBBB/DHCP"] = {"Option_54": b"\xc0\xa8", "Option_6": "not data", "Option_3": bytes(5)}
    (lease,) = leases(Macos(), "en0")
    assert (lease.server, lease.mask, lease.resolvers, lease.routers) == (None, None, [], ["0.0.0.0"])
    del mac.store[f"{STATE}/BBBB/DHCP"]  # set by hand since
    assert leases(Macos(), "en0") == []


def test_proxies_lose_their_credentials_and_those_that_are_off_do_not_count(
    mac: FakeMac, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    assert Macos().proxies() == []
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3cret@three.example:3130/")
    mac.store["State:/Network/Global/Proxies"] = {
        "ExceptionsList": ["*.local", "169.254/16"],
        "FTPPassive": 1,
        "HTTPEnable": 0,
        "HTTPProxy": "off.example",
        "HTTPPort": 3128,
        "HTTPSEnable": 1,
        "HTTPSProxy": "proxy.example",
        "HTTPSPort": 8443,
        "SOCKSEnable": 1,
        "SOCKSProxy": "",
        "ProxyAutoConfigEnable": 1,
        "ProxyAutoConfigURLString": "http://me:s3cret@pac.example/proxy.pac",
    }
    found = [(proxy.variable, proxy.value) for proxy in Macos().proxies()]
    assert found == [
        ("HTTPS_PROXY", "http://three.example:3130"),
        ("HTTPSProxy", "proxy.example:8443"),
        ("ProxyAutoConfigURLString", "http://pac.example"),
    ]


def test_a_configd_that_does_not_answer_is_nothing_known(mac: FakeMac) -> None:
    wifi_service(mac)
    mac.calls["SCDynamicStoreCopyMultiple"] = lambda *_: None
    assert Macos().resolvers([]) == []
    assert leases(Macos(), "en0") == []
    mac.calls["SCDynamicStoreCopyMultiple"] = lambda *_: mac.made(["not", "a", "dictionary"])
    assert Macos().resolvers([]) == []
    mac.calls["CFPropertyListCreateData"] = lambda *_: mac.made(ctypes.create_string_buffer(b"damaged"))
    assert Macos().resolvers([]) == []
    assert not mac.objects


def test_privileges_and_what_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 501, raising=False)
    assert not Macos().is_privileged()
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert Macos().is_privileged()
    assert (Macos().is_synchronised(), Macos().dropping()) == (None, None)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_signals_stop_the_run_and_what_was_set_is_restored() -> None:
    stopped: list[str] = []
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.getsignal(number) for number in numbers]
    with Macos().on_stop(lambda: stopped.append("stop")):
        for number in numbers:
            signal.raise_signal(number)
    assert len(stopped) == 3
    assert [signal.getsignal(number) for number in numbers] == before


def test_the_real_libraries_answer_on_a_mac_only() -> None:
    is_mac = sys.platform == "darwin"
    found = {adapter.name: adapter for adapter in Macos().adapters()}
    assert ("lo0" in found) == is_mac
    assert bool(native.store("Setup:/Network/Global/IPv4")) == is_mac
    for loopback in [found["lo0"]] if is_mac else []:
        assert (loopback.is_loopback, loopback.index) == (True, socket.if_nametoindex("lo0"))
        assert "127.0.0.1/8" in loopback.addresses


# --- ICMP errors, and what is counted


def udp_error(source: str, from_port: int, to: str, port: int, payload: bytes = b"", *, protocol: int = 17) -> bytes:
    """Time exceeded, as a raw socket of macOS gives it: the outer length and fragment fields are in the CPU's order."""
    inner = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 77, 0, 1, protocol, 0, bytes(4), socket.inet_aton(to)
    )
    error = b"\x0b\0" + bytes(6) + inner + struct.pack("!HHHH", from_port, port, 8 + len(payload), 0) + payload
    outer = struct.pack("<BBHHHBB", 0x45, 0, len(error), 5, 0x4000, 64, 1)
    return outer + bytes(2) + socket.inet_aton(source) + socket.inet_aton("192.168.1.7") + error


def heard(sock: socket.socket, *packets: bytes) -> list[IcmpReport]:
    """What macOS says of a socket where these ICMP packets have come."""
    sends, told_by = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sends, told_by:
        told_by.settimeout(0)
        for packet in packets:
            sends.send(packet)
        return list(Macos().icmp_errors(sock, told_by))


def test_root_is_told_which_router_dropped_a_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        own: int = sock.getsockname()[1]
        mine = udp_error("203.0.113.1", own, "198.51.100.20", 5684, b"\x16\xfe")
        others = (
            udp_error("203.0.113.1", own ^ 1, "198.51.100.20", 5684),
            udp_error("203.0.113.1", own, "198.51.100.20", 5684, protocol=6),
            b"\x45" + bytes(19) + b"\0\0" + bytes(30),  # an echo reply
            mine[:50],
            b"",
        )
        (report,) = heard(sock, *others, mine)

    assert report.icmp == Icmp(type=11, code=0, source="203.0.113.1")
    assert (report.to, report.quoted) == (("198.51.100.20", 5684), b"\x16\xfe")


def test_root_is_told_which_router_dropped_a_syn_and_nothing_proves_it() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        own: int = sock.getsockname()[1]
        (report,) = heard(sock, udp_error("203.0.113.1", own, "198.51.100.20", 5683, protocol=6))

    assert (report.icmp.source, report.icmp.proved, report.to) == ("203.0.113.1", False, ("198.51.100.20", 5683))
    assert report.quoted[:4] == struct.pack("!HH", own, 5683)


def test_others_than_root_are_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 501)
    monkeypatch.setattr(icmp, "raw_socket", pytest.fail)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert Macos().report_icmp_errors(sock) is None
        assert list(Macos().icmp_errors(sock, None)) == []
    assert Macos().tells_icmp_errors_now() == ()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert Macos().tells_icmp_errors_now() == ("udp", "tcp")


def test_datagrams_for_closed_ports_are_counted_without_those_to_all(mac: FakeMac) -> None:
    assert Macos().closed_ports() is None  # sysctl fails
    counts = [9000, 0, 0, 0, 130, 100, *range(16)]  # struct udpstat: the fifth is udps_noport, then those to all
    mac.tables[4, 2, 17, 2] = struct.pack("<22I", *counts)
    assert Macos().closed_ports() == 30
    mac.tables[4, 2, 17, 2] = struct.pack("<5I", *counts[:5])
    assert Macos().closed_ports() is None

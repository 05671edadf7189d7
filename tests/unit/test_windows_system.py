"""Windows' native calls, by fakes that fill the structures as the documentation says; nothing here ran on Windows."""

import asyncio
import ctypes
import itertools
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.observations import Icmp
from netpreflight.systems.interface import IcmpReport, UnnamedError
from netpreflight.systems.windows import Windows, access, adapters, icmp, joining, native, proxies, routes, wlan
from tests.unit.leases import leases

WIFI_GUID, VPN_GUID = "{11111111-2222-3333-4444-555555555555}", "{99999999-2222-3333-4444-555555555555}"
TCPIP = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
HEADERS = ("winsock2.h", "ws2tcpip.h", "mswsock.h", "iphlpapi.h", "winhttp.h", "wlanapi.h", "stddef.h")
STRUCTURES = {
    "SOCKET_ADDRESS": adapters.SocketAddress,
    "IP_ADAPTER_UNICAST_ADDRESS_LH": adapters.UnicastAddress,
    "IP_ADAPTER_DNS_SERVER_ADDRESS_XP": adapters.OtherAddress,
    "IP_ADAPTER_GATEWAY_ADDRESS_LH": adapters.OtherAddress,
    "IP_ADAPTER_ADDRESSES_LH": adapters.AdapterAddresses,
    "MIB_IPNETROW": routes.NeighbourRow,
    "WINHTTP_PROXY_INFO": proxies.ProxyInfo,
    "SDK_ICMP_ERROR_INFO": icmp.ErrorInfo,
    "SDK_IN_RECVERR": icmp.RecvErr,
    "WSABUF": icmp.Buffer,
    "WSAMSG": icmp.Message,
    "WSACMSGHDR": icmp.ControlHeader,
    "SECURITY_ATTRIBUTES": access.SecurityAttributes,
    "GUID": wlan.Guid,
    "DOT11_SSID": wlan.Ssid,
    "WLAN_INTERFACE_INFO": wlan.InterfaceInfo,
    "WLAN_INTERFACE_INFO_LIST": wlan.InterfaceInfoList,
    "WLAN_RATE_SET": wlan.RateSet,
    "WLAN_BSS_ENTRY": wlan.BssEntry,
    "WLAN_BSS_LIST": wlan.BssList,
    "WLAN_ASSOCIATION_ATTRIBUTES": wlan.AssociationAttributes,
    "WLAN_CONNECTION_ATTRIBUTES": wlan.ConnectionAttributes,
    "WLAN_NOTIFICATION_DATA": wlan.NotificationData,
    "WLAN_CONNECTION_PARAMETERS": joining.ConnectionParameters,
    "WLAN_CONNECTION_NOTIFICATION_DATA": joining.ConnectionNotification,
    "NDIS_OBJECT_HEADER": joining.ObjectHeader,
    "DOT11_BSSID_LIST": joining.BssidList,
}
DEFINED = (
    "typedef struct { SOCKADDR_INET srcaddress; enum { A } protocol; UINT8 type; UINT8 code; } SDK_ICMP_ERROR_INFO;"
    "typedef struct { enum { B } protocol; ULONG info; UINT8 type; UINT8 code; } SDK_IN_RECVERR;"
)
"""As ws2ipdef.h of the Windows SDK has it, where the enumeration is IPPROTO; mingw-w64 10 has neither."""
SIZES = {
    "IP_ADAPTER_ADDRESSES_LH": None,
    "WLAN_CONNECTION_ATTRIBUTES": None,
    "WLAN_CONNECTION_NOTIFICATION_DATA": None,
    "WLAN_INTERFACE_INFO_LIST": "offsetof(WLAN_INTERFACE_INFO_LIST, InterfaceInfo)",
    "WLAN_BSS_LIST": "offsetof(WLAN_BSS_LIST, wlanBssEntries)",
}
"""What the size of a structure is whose end is not read; None: nothing."""


class FakeWindows:
    """Libraries and a registry, held in this process's memory."""

    def __init__(self) -> None:
        self.calls: dict[str, Callable[..., int]] = {}
        self.keys: dict[str, dict[str, object]] = {}
        self.kept: list[Any] = []
        """What the structures point to, so that it stays."""

    def library(self, _name: str) -> Any:
        """Every library, which has all calls."""
        return SimpleNamespace(**self.calls)

    def keep(self, made: Any) -> int:
        """Keep an object; returns where it is."""
        self.kept.append(made)
        return ctypes.addressof(made)

    def sockaddr(self, address: str) -> adapters.SocketAddress:
        """A SOCKET_ADDRESS."""
        is_ipv6 = ":" in address
        packed = socket.inet_pton(socket.AF_INET6 if is_ipv6 else socket.AF_INET, address)
        body = b"\x17\0" + bytes(6) + packed + bytes(4) if is_ipv6 else b"\x02\0\0\0" + packed + bytes(8)
        return adapters.SocketAddress(self.keep(ctypes.create_string_buffer(body, len(body))), len(body))

    def chain(self, kind: Any, addresses: list[tuple[str, int]]) -> int:
        """A linked list of addresses with prefix length; returns where it begins."""
        following = 0
        for address, prefix in reversed(addresses):
            entry = kind(Length=ctypes.sizeof(kind), Next=following, Address=self.sockaddr(address))
            if prefix:
                entry.OnLinkPrefixLength = prefix
            following = self.keep(entry)
        return following

    def adapter(self, **about: Any) -> adapters.AdapterAddresses:
        """An entry of the list of adapters."""
        mac = bytes.fromhex(about.pop("mac", ""))
        lists = (
            ("addresses", "FirstUnicastAddress", adapters.UnicastAddress),
            ("gateways", "FirstGatewayAddress", adapters.OtherAddress),
            ("resolvers", "FirstDnsServerAddress", adapters.OtherAddress),
        )
        pointers = {field: self.chain(kind, about.pop(name, [])) for name, field, kind in lists}
        physical = (ctypes.c_uint8 * 8)(*mac)
        return adapters.AdapterAddresses(PhysicalAddress=physical, PhysicalAddressLength=len(mac), **pointers, **about)

    def list_adapters(self, *listed: adapters.AdapterAddresses) -> None:
        """GetAdaptersAddresses, which wants more room at first."""
        sizes: list[int] = []

        def call(family: int, flags: int, _: None, memory: Any, size: Any) -> int:
            assert (family, flags) == (0, 0x86)
            sizes.append(size.contents.value)
            if len(sizes) == 1:
                size.contents.value = 60_000
                return 111
            assert size.contents.value >= 16_384
            if not listed:
                return 232
            for entry, following in itertools.pairwise(listed):
                entry.Next = ctypes.addressof(following)
            ctypes.memmove(memory, ctypes.addressof(listed[0]), ctypes.sizeof(listed[0]))
            return 0

        self.calls["GetAdaptersAddresses"] = call

    @property
    def registry(self) -> Any:
        """What `winreg` is."""

        def open_key(_root: str, path: str) -> Any:
            if path not in self.keys:
                raise FileNotFoundError(2, "not found")
            return _Key(self.keys[path])

        def value(key: "_Key", number: int) -> tuple[str, object, int]:
            if number >= len(key.values):
                raise OSError(259, "no more data")
            return (*list(key.values.items())[number], 1)

        return SimpleNamespace(HKEY_LOCAL_MACHINE="HKLM", HKEY_CURRENT_USER="HKCU", OpenKey=open_key, EnumValue=value)


class _Key:
    def __init__(self, values: dict[str, object]) -> None:
        self.values = values

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    fake = FakeWindows()
    monkeypatch.setattr(native, "library", fake.library)
    monkeypatch.setattr(native, "registry", lambda: fake.registry)
    return fake


def wifi(windows: FakeWindows, **about: Any) -> adapters.AdapterAddresses:
    given: dict[str, Any] = {
        "IfIndex": 12,
        "AdapterName": WIFI_GUID.encode(),
        "FriendlyName": "Wi-Fi",
        "Description": "Intel(R) Wi-Fi 6 AX201 160MHz",
        "IfType": 71,
        "OperStatus": 1,
        "Mtu": 1500,
        "Ipv4Metric": 35,
        "mac": "001122AABBCC",
        "addresses": [("192.168.1.7", 24), ("fe80::1", 64)],
        "gateways": [("fe80::fe", 0), ("192.168.1.1", 0)],
        "resolvers": [("192.168.1.1", 0), ("9.9.9.9", 0), ("fec0:0:0:ffff::1", 0)],
    }
    return windows.adapter(**{**given, **about})


def vpn(windows: FakeWindows) -> adapters.AdapterAddresses:
    return windows.adapter(
        IfIndex=33,
        AdapterName=VPN_GUID.encode(),
        FriendlyName="Work",
        Description="TAP-Windows Adapter V9",
        IfType=6,
        OperStatus=1,
        Mtu=1400,
        addresses=[("10.8.0.2", 24)],
        resolvers=[("10.8.0.1", 0)],
    )


def test_adapters_are_those_that_the_system_lists(windows: FakeWindows) -> None:
    windows.list_adapters(wifi(windows), vpn(windows))
    wireless, tunnel = Windows().adapters()
    assert (wireless.name, wireless.id, wireless.index) == ("Wi-Fi", WIFI_GUID, 12)
    assert (wireless.state, wireless.medium, wireless.is_tunnel) == ("up", "wifi", False)
    assert (wireless.mac, wireless.mtu) == ("00:11:22:aa:bb:cc", 1500)
    assert (wireless.addresses, wireless.ipv6_addresses) == (("192.168.1.7/24",), ("fe80::1",))
    assert (wireless.gateway, wireless.metric) == ("192.168.1.1", 35)
    assert (tunnel.name, tunnel.is_tunnel, tunnel.medium, tunnel.gateway) == ("Work", True, None, None)


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [(1, 6, "up"), (2, 6, "no-carrier"), (7, 71, "no-carrier"), (6, 6, "down"), (2, 53, "down")],
)
def test_the_state_of_an_adapter(windows: FakeWindows, status: int, kind: int, state: str) -> None:
    windows.list_adapters(wifi(windows, OperStatus=status, IfType=kind))
    assert Windows().adapters()[0].state == state


def test_no_adapter_no_right_and_no_library_are_an_empty_list(windows: FakeWindows) -> None:
    assert Windows().adapters() == []  # the library lacks the call
    windows.list_adapters()
    assert Windows().adapters() == []  # ERROR_NO_DATA
    windows.calls["GetAdaptersAddresses"] = lambda *_: 5  # ERROR_ACCESS_DENIED
    assert Windows().adapters() == []


def test_resolvers_say_who_set_them(windows: FakeWindows) -> None:
    loopback = windows.adapter(FriendlyName="lo", IfType=24, OperStatus=1, resolvers=[("9.9.9.9", 0)])
    windows.list_adapters(wifi(windows), vpn(windows), loopback)
    windows.keys[f"{TCPIP}\\{WIFI_GUID}"] = {"NameServer": "", "DhcpNameServer": "192.168.1.1"}
    found = [(resolver.address, resolver.source, resolver.interface) for resolver in Windows().resolvers(["Work"])]
    assert found == [
        ("192.168.1.1", "dhcp", "Wi-Fi"),
        ("9.9.9.9", "settings", "Wi-Fi"),
        ("10.8.0.1", "vpn", "Work"),
    ]


def test_the_route_to_an_address(windows: FakeWindows) -> None:
    def best(address: int, index: Any) -> int:
        assert address.to_bytes(4, "little") == bytes([8, 8, 4, 1])
        index.contents.value = 33
        return 0

    windows.list_adapters(wifi(windows), vpn(windows))
    windows.calls["GetBestInterface"] = best
    assert Windows().adapter_towards("8.8.4.1") == "Work"
    windows.calls["GetBestInterface"] = lambda *_: 1231  # ERROR_NETWORK_UNREACHABLE
    assert Windows().adapter_towards("8.8.4.1") is None


def test_the_arp_table(windows: FakeWindows) -> None:
    def row(index: int, mac: str, address: str, kind: int) -> bytes:
        numbers = (index.to_bytes(4, "little"), (6).to_bytes(4, "little"), bytes.fromhex(mac) + bytes(2))
        return b"".join(numbers) + socket.inet_aton(address) + kind.to_bytes(4, "little")

    table = (3).to_bytes(4, "little")
    table += row(12, "AABBCCDDEEFF", "192.168.1.1", 3)
    table += row(12, "000000000000", "192.168.1.9", 2)  # invalid
    table += row(33, "020202020202", "10.8.0.1", 3)

    def call(memory: Any, size: Any, _order: int) -> int:
        too_small, size.contents.value = size.contents.value < len(table), len(table)
        if too_small:
            return 122
        ctypes.memmove(memory, table, len(table))
        return 0

    windows.list_adapters(wifi(windows))
    windows.calls["GetIpNetTable"] = call
    assert Windows().neighbours("Wi-Fi") == {"192.168.1.1": "aa:bb:cc:dd:ee:ff"}
    assert Windows().neighbours(WIFI_GUID) == {"192.168.1.1": "aa:bb:cc:dd:ee:ff"}
    windows.calls["GetIpNetTable"] = lambda *_: 232  # ERROR_NO_DATA
    assert Windows().neighbours("Wi-Fi") == {}
    windows.calls["GetIpNetTable"] = lambda *_: 5
    assert Windows().neighbours("Wi-Fi") is None
    assert Windows().neighbours("none") is None


def test_the_lease_that_the_registry_has(windows: FakeWindows) -> None:
    windows.list_adapters(wifi(windows))
    key = windows.keys.setdefault(f"{TCPIP}\\{WIFI_GUID}", {})
    assert leases(Windows(), "Wi-Fi") == []
    key.update(
        EnableDHCP=1,
        DhcpIPAddress="192.168.1.7",
        DhcpServer="192.168.1.2",
        DhcpSubnetMask="255.255.255.0",
        DhcpDefaultGateway=["192.168.1.1"],
        DhcpNameServer="192.168.1.1 9.9.9.9",
    )
    (lease,) = leases(Windows(), "Wi-Fi")
    assert (lease.address, lease.server, lease.mask) == ("192.168.1.7", "192.168.1.2", "255.255.255.0")
    assert (lease.routers, lease.resolvers) == (["192.168.1.1"], ["192.168.1.1", "9.9.9.9"])
    key["EnableDHCP"] = 0  # set by hand since
    assert leases(Windows(), "Wi-Fi") == []


def test_proxies_lose_their_credentials(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://me:s3cret@three.example:3130/")
    freed: list[int] = []
    text = ctypes.create_unicode_buffer("me:s3cret@proxy.example:8080")

    def default(info: Any) -> int:
        info.contents.dwAccessType, info.contents.lpszProxy = 3, ctypes.addressof(text)
        return 1

    def free(memory: int) -> int:
        freed.append(memory)
        return 0

    windows.calls |= {"WinHttpGetDefaultProxyConfiguration": default, "GlobalFree": free}
    windows.keys[SETTINGS] = {
        "ProxyEnable": 1,
        "ProxyServer": "http=u:p@ss@one.example:3128;https=two.example:3129",
        "AutoConfigURL": "http://me:s3cret@pac.example/proxy.pac",
    }
    found = [(proxy.variable, proxy.value) for proxy in Windows().proxies()]
    assert found == [
        ("HTTP_PROXY", "http://three.example:3130"),
        ("ProxyServer", "http=one.example:3128"),
        ("ProxyServer", "https=two.example:3129"),
        ("AutoConfigURL", "http://pac.example"),
        ("WinHTTP", "proxy.example:8080"),
    ]
    assert freed == [ctypes.addressof(text)]
    monkeypatch.delenv("HTTP_PROXY")
    windows.keys[SETTINGS] = {"ProxyEnable": 0, "ProxyServer": "one.example:3128"}
    windows.calls["WinHttpGetDefaultProxyConfiguration"] = lambda _: 0
    assert Windows().proxies() == []


def test_privileges(windows: FakeWindows) -> None:
    assert not Windows().is_privileged()
    windows.calls["IsUserAnAdmin"] = lambda: 1
    assert Windows().is_privileged()


def test_a_socket_is_bound_by_the_number_in_network_byte_order(windows: FakeWindows) -> None:
    options: list[tuple[int, int, object]] = []
    sock: Any = SimpleNamespace(setsockopt=lambda *option: options.append(option))
    windows.list_adapters(wifi(windows))
    bind = Windows().binder("Wi-Fi")
    del windows.calls["GetAdaptersAddresses"]  # the list is asked for once, and not for each socket
    bind(sock)
    bind(sock)
    assert options == [(0, 31, b"\0\0\0\x0c")] * 2
    with pytest.raises(OSError, match="no interface"):
        Windows().binder("none")


TIME_EXCEEDED = b"\x02\0" + bytes(2) + bytes([192, 0, 2, 1]) + bytes(20) + b"\x01\0\0\0" + b"\x0b\0" + bytes(2)
"""ICMP_ERROR_INFO: a sockaddr_in in 28 bytes, IPPROTO_ICMP, type 11, code 0, padding."""


class TcpSocket:
    """A socket on Windows: what it is set to, and what it says of an ICMP error."""

    type = socket.SOCK_STREAM

    def __init__(self, told: bytes | OSError = b"", *, is_old: bool = False) -> None:
        self.options: list[tuple[int, int, object]] = []
        self._told, self._is_old = told, is_old

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def setsockopt(self, *option: Any) -> None:
        """As Windows does."""
        if self._is_old:
            raise OSError(10042, "WSAENOPROTOOPT")
        self.options.append(option)

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        """TCP_ICMP_ERROR_INFO."""
        assert (level, option) == (6, 19)
        assert size >= len(TIME_EXCEEDED)
        if isinstance(self._told, OSError):
            raise self._told
        return self._told


def test_the_router_at_which_a_syn_ran_out_of_hops() -> None:
    sock: Any = TcpSocket(TIME_EXCEEDED)
    Windows().report_icmp_errors(sock)
    assert sock.options == [(6, 18, 1), (6, 9, 1)]
    (told,) = Windows().icmp_errors(sock, None)
    assert told == IcmpReport(Icmp(type=11, code=0, source="192.0.2.1"), b"")
    assert not told.icmp.proved, "nothing says that Windows compares what is quoted"


@pytest.mark.parametrize(
    "told",
    [
        OSError(11004, "WSANO_DATA"),
        b"",
        TIME_EXCEEDED[:33],
        b"\x17\0" + bytes(26) + b"\x3a\0\0\0" + bytes(4),  # ICMPv6, from ::
        b"\x17\0" + TIME_EXCEEDED[2:],
        bytes(36),
        TIME_EXCEEDED[:28] + b"\x11" + TIME_EXCEEDED[29:],
    ],
    ids=["no data", "empty", "cut off", "ICMPv6", "IPv6", "zeros", "UDP"],
)
def test_what_is_no_icmp_error_of_ipv4_is_none(told: bytes | OSError) -> None:
    sock: Any = TcpSocket(told)
    assert list(Windows().icmp_errors(sock, None)) == []


def test_icmp_errors_are_told_from_windows_10_2004_on(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", lambda *_: TcpSocket())
    assert Windows().tells_icmp_errors_now() == ("tcp",), "without WSAIoctl there is no WSARecvMsg"
    monkeypatch.setattr(socket, "socket", lambda *_: TcpSocket(is_old=True))
    assert Windows().tells_icmp_errors_now() == ()
    assert not windows.calls


class Datagrams:
    """WSARecvMsg, which hands out what has come; a number is that of Windows' error."""

    def __init__(self, windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
        self.coming: list[tuple[bytes, bytes, bytes] | int] = []
        """Payload, sender and control data."""
        self.flags = 0
        self.options: list[tuple[int, int, object]] = []
        self._error = 0
        called = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_size_t, *[ctypes.c_void_p] * 4)(self._receive)
        address = ctypes.cast(called, ctypes.c_void_p).value or 0
        windows.keep(ctypes.c_void_p(address))
        self._called = called

        def control(sock: int, code: int, given: Any, size: int, place: Any, room: int, *_: Any) -> int:
            assert (sock, code, size, room) == (5, 0xC8000006, 16, 8)
            assert ctypes.string_at(given, 16).hex(" ") == "c8 d7 89 f6 1f 6f 6b 43 8a 53 e5 4f e3 51 c3 22"
            ctypes.memmove(place, address.to_bytes(8, "little"), 8)
            return 0

        windows.calls |= {"WSAIoctl": control, "WSAGetLastError": lambda: self._error}
        monkeypatch.setattr(native, "called_at", lambda at, *types: ctypes.CFUNCTYPE(*types)(at))
        self.sock: Any = DatagramSocket(self.options)

    def _receive(self, sock: int, message: int, count: int, *_: object) -> int:
        if not self.coming:
            self._error = 10035
            return -1
        come = self.coming.pop(0)
        if isinstance(come, int):
            self._error = come
            return -1
        payload, sender, control = come
        told: Any = icmp.Message.from_address(message)
        buffer: Any = icmp.Buffer.from_address(told.lpBuffers)
        assert (sock, told.dwBufferCount) == (5, 1)
        ctypes.memmove(buffer.buf, payload, min(len(payload), buffer.len))
        ctypes.memmove(told.name, sender, min(len(sender), told.namelen))
        ctypes.memmove(told.Control.buf, control, min(len(control), told.Control.len))
        told.Control.len, told.dwFlags = len(control), self.flags
        ctypes.c_uint32.from_address(count).value = len(payload)
        return 0


class DatagramSocket:
    """A UDP socket on Windows, as far as it is asked."""

    type = socket.SOCK_DGRAM

    def __init__(self, options: list[tuple[int, int, object]]) -> None:
        self._options = options

    def setsockopt(self, *option: Any) -> None:
        """As Windows does."""
        self._options.append(option)

    def fileno(self) -> int:
        """Its handle."""
        return 5


SERVER = b"\x02\0" + (5684).to_bytes(2) + bytes([198, 51, 100, 21]) + bytes(8)


def control_data(kind: int, body: bytes, level: int = 0) -> bytes:
    """A WSACMSGHDR and its data."""
    return (16 + len(body)).to_bytes(8, "little") + level.to_bytes(4, "little") + kind.to_bytes(4, "little") + body


def recverr(kind: int, code: int) -> bytes:
    """IN_RECVERR as control data: IPPROTO_ICMP, no MTU, type and code."""
    return control_data(75, b"\1\0\0\0" + bytes(4) + bytes([kind, code, 0, 0]))


def test_a_datagrams_icmp_error_comes_without_its_sender(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    datagrams, here = Datagrams(windows, monkeypatch), Windows()
    here.report_unnamed_errors(datagrams.sock)
    assert datagrams.options == [(0, 75, 1)]
    padding = control_data(19, bytes(5)) + bytes(3)  # IP_PKTINFO, and up to the next header
    datagrams.coming = [
        (b"answer", SERVER, b""),
        (b"", SERVER, recverr(11, 0)),
        (b"quoted", SERVER, padding + recverr(3, 13)),
        (b"answer", SERVER, padding),
        10052,
        10054,
    ]
    assert [here.receive(datagrams.sock, 64) for _ in range(6)] == [
        (b"answer", ("198.51.100.21", 5684)),
        UnnamedError(11, 0),
        UnnamedError(3, 13),
        (b"answer", ("198.51.100.21", 5684)),
        UnnamedError(11, 0),
        UnnamedError(3, 3),
    ]
    with pytest.raises(BlockingIOError):
        here.receive(datagrams.sock, 64)
    assert list(here.icmp_errors(datagrams.sock, None)) == []


@pytest.mark.parametrize(
    "come",
    [10040, (b"", b"\x17\0" + bytes(26), b""), (b"", b"", b"")],
    ids=["WSAEMSGSIZE", "IPv6", "no sender"],
)
def test_what_is_neither_a_datagram_nor_an_error_is_refused(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, come: int | tuple[bytes, bytes, bytes]
) -> None:
    datagrams, here = Datagrams(windows, monkeypatch), Windows()
    here.report_unnamed_errors(datagrams.sock)
    datagrams.coming = [come]
    with pytest.raises(OSError, match="WSARecvMsg"):
        here.receive(datagrams.sock, 64)


def test_an_error_that_says_nothing_is_no_answer(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    datagrams, here = Datagrams(windows, monkeypatch), Windows()
    here.report_unnamed_errors(datagrams.sock)
    datagrams.coming, datagrams.flags = [(b"", SERVER, b"")], 0x1000  # MSG_ERRQUEUE
    with pytest.raises(OSError, match="told of an error"):
        here.receive(datagrams.sock, 64)


@given(st.binary(max_size=80))
def test_no_control_data_is_more_than_no_error(control: bytes) -> None:
    for whole in (control, recverr(11, 0) + control, control + recverr(11, 0)):
        found = icmp.error_in(whole)
        assert found is None or isinstance(found, UnnamedError)


def test_without_the_option_datagrams_are_received_as_before(windows: FakeWindows) -> None:
    here = Windows()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, socket.socket(type=socket.SOCK_DGRAM) as other:
        sock.bind(("127.0.0.1", 0))
        here.report_icmp_errors(sock)
        here.report_unnamed_errors(sock)
        other.sendto(b"answer", sock.getsockname())
        assert here.receive(sock, 64) == (b"answer", ("127.0.0.1", other.getsockname()[1]))
    assert not windows.calls


def test_ctrl_c_stops_the_run_and_what_was_set_is_restored(windows: FakeWindows) -> None:
    windows.calls["SetConsoleCtrlHandler"] = lambda *_: 0  # there is no console

    async def run() -> None:
        stopped = asyncio.Event()
        with Windows().on_stop(stopped.set):
            threading.Timer(0.05, signal.raise_signal, (signal.SIGINT,)).start()
            async with asyncio.timeout(60):
                await stopped.wait()

    before = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            native, "callback", lambda called, result, *arguments: ctypes.CFUNCTYPE(result, *arguments)(called)
        )
        asyncio.run(run())
    assert signal.getsignal(signal.SIGINT) is before


def test_closing_the_window_waits_until_the_run_has_ended(windows: FakeWindows) -> None:
    handlers: list[Any] = []
    returned: list[int] = []

    def set_handler(handler: Any, is_added: int) -> int:
        handlers.append((handler.value, is_added))
        return 1

    async def run() -> None:
        stopped = asyncio.Event()
        with Windows().on_stop(stopped.set):
            handle = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_uint32)(handlers[0][0])
            assert handle(0) == 0  # Ctrl-C is for Python's own
            closing = threading.Thread(target=lambda: returned.append(handle(2)))
            closing.start()
            async with asyncio.timeout(60):
                await stopped.wait()
            assert not returned
        closing.join(60)
        assert returned == [1]

    windows.calls["SetConsoleCtrlHandler"] = set_handler
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            native, "callback", lambda called, result, *arguments: ctypes.CFUNCTYPE(result, *arguments)(called)
        )
        asyncio.run(run())
    assert [is_added for _, is_added in handlers] == [1, 0]


@pytest.mark.more
@pytest.mark.skipif(
    shutil.which("x86_64-w64-mingw32-gcc") is None, reason="mingw-w64 (Debian: gcc-mingw-w64-x86-64) is not installed"
)
def test_structures_are_laid_out_as_in_the_headers(tmp_path: Path) -> None:
    lines = [
        "#define _WIN32_WINNT 0x0A00",
        *(f"#include <{header}>" for header in HEADERS),
        DEFINED,
    ]
    for name, structure in STRUCTURES.items():
        for entry in structure._fields_:
            field: Any = getattr(structure, entry[0])
            for measure, value in (
                (f"offsetof({name}, {entry[0]})", field.offset),
                (f"sizeof((({name} *)0)->{entry[0]})", field.size),
            ):
                lines.append(f'_Static_assert({measure} == {value}, "{measure}");')
        if size := SIZES.get(name, f"sizeof({name})"):
            lines.append(f'_Static_assert({size} == {ctypes.sizeof(structure)}, "{name}");')
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    command = ["x86_64-w64-mingw32-gcc", "-c", str(source), "-o", str(tmp_path / "layout.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    source.write_text("\n".join([*lines, '_Static_assert(sizeof(MIB_IPNETROW) == 23, "wrong");']) + "\n")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0

"""The proxies that are set for programs: in the environment, in Windows' settings, and for services (WinHTTP)."""

import ctypes
from collections.abc import Iterator
from typing import Any

from netpreflight.probes.observations import Proxy
from netpreflight.systems import environment
from netpreflight.systems.windows import native

_SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_NAMED_PROXY = 3  # WINHTTP_ACCESS_TYPE_NAMED_PROXY
_MOST = 8


class ProxyInfo(ctypes.Structure):
    """WINHTTP_PROXY_INFO."""

    _fields_ = [("dwAccessType", ctypes.c_uint32), ("lpszProxy", ctypes.c_void_p), ("lpszProxyBypass", ctypes.c_void_p)]


def proxies() -> list[Proxy]:
    """The proxies that are set, without user names and passwords."""
    told = native.values("HKEY_CURRENT_USER", _SETTINGS)
    found = environment.proxies()
    if told.get("ProxyEnable") and isinstance(servers := told.get("ProxyServer"), str):
        found += [Proxy(variable="ProxyServer", value=value) for value in _servers(servers)]
    if isinstance(script := told.get("AutoConfigURL"), str) and script:
        found.append(Proxy(variable="AutoConfigURL", value=environment.without_credentials(script)))
    found += [Proxy(variable="WinHTTP", value=value) for value in _servers(_for_services())]
    return found


def _servers(text: str) -> Iterator[str]:
    """The proxies in a setting: `host:port`, or `http=host:port;https=host:port` with one for each scheme."""
    for part in text.replace(";", " ").split()[:_MOST]:
        scheme, separator, host = part.partition("=")
        yield (
            f"{scheme}={environment.without_credentials(host)}" if separator else environment.without_credentials(part)
        )


def _for_services() -> str:
    """The proxy of WinHTTP, which Windows' services use; empty: there is none."""
    info: Any = ProxyInfo()
    try:
        call = native.function(
            "winhttp", "WinHttpGetDefaultProxyConfiguration", ctypes.c_int32, ctypes.POINTER(ProxyInfo)
        )
        free = native.function("kernel32", "GlobalFree", ctypes.c_void_p, ctypes.c_void_p)
    except OSError:
        return ""
    if not call(ctypes.pointer(info)):
        return ""
    try:
        if info.dwAccessType != _NAMED_PROXY or not info.lpszProxy:
            return ""
        return ctypes.wstring_at(info.lpszProxy)
    finally:
        for memory in (info.lpszProxy, info.lpszProxyBypass):
            if memory:
                free(memory)

"""Whether the numbers and layouts by which macOS is asked are those of its headers.

Not part of `tests/run`, because the headers are 80 MB: a Mac has them, and the package ziglang. Elsewhere:

    .venv/bin/pip install --only-binary :all: ziglang==0.13.0 && .venv/bin/pytest tests/macos/headers.py
"""

import subprocess
import sys
from pathlib import Path

import pytest

from netpreflight.systems import macos
from netpreflight.systems.macos import adapters, messages, native, routes

COMPILERS = (
    [["cc"]]
    if sys.platform == "darwin"
    else [[sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-macos"] for machine in ("aarch64", "x86_64")]
)
HEADERS = ("stddef", "sys/socket", "sys/sockio", "sys/sysctl", "net/if", "net/if_dl", "net/route", "netinet/in", "time")
CONSTANTS = {
    adapters: {
        "offsetof(struct if_msghdr, ifm_data.ifi_mtu)": "_MTU_AT",
        "IFF_UP": "_UP",
        "IFF_LOOPBACK": "_LOOPBACK",
        "SIOCGIFMEDIA": "_GET_MEDIA",
        "sizeof(struct ifmediareq)": "_MEDIA_BYTES",
        "offsetof(struct ifmediareq, ifm_status)": "_STATUS_AT",
        "SIOCGIFFUNCTIONALTYPE": "_GET_FUNCTION",
        "sizeof(struct ifreq)": "_REQUEST_BYTES",
        "offsetof(struct ifreq, ifr_ifru)": "_FUNCTION_AT",
        "IFRTYPE_FUNCTIONAL_WIRED": "_WIRED",
        "IFRTYPE_FUNCTIONAL_WIFI_INFRA": "_WIFI",
    },
    macos: {"IP_BOUND_IF": "_IP_BOUND_IF", "IP_DONTFRAG": "_IP_DONTFRAG"},
    messages: {
        "RTM_VERSION": "_VERSION",
        **{
            name: name for name in vars(messages) if name.startswith(("AF_", "CTL_", "NET_RT_", "PF_", "RTAX_", "RTM_"))
        },
    },
    native: {"IFNAMSIZ": "_NAME_BYTES"},
    routes: {
        "RTF_UP": "_UP",
        "RTF_GATEWAY": "_GATEWAY",
        "RTF_HOST": "_HOST",
        "RTF_REJECT": "_REJECT",
        "RTF_LLINFO": "_LINK_LAYER",
        "RTF_BLACKHOLE": "_BLACKHOLE",
        "RTF_IFSCOPE": "_SCOPED",
    },
}
"""What an expression in C is here."""
LAYOUTS = {
    "sizeof(struct rt_msghdr)": 92,
    "offsetof(struct rt_msghdr, rtm_index)": 4,
    "offsetof(struct rt_msghdr, rtm_flags)": 8,
    "offsetof(struct rt_msghdr, rtm_addrs)": 12,
    "sizeof(struct if_msghdr)": 112,
    "offsetof(struct if_msghdr, ifm_addrs)": 4,
    "offsetof(struct if_msghdr, ifm_flags)": 8,
    "offsetof(struct if_msghdr, ifm_index)": 12,
    "sizeof(struct ifa_msghdr)": 20,
    "offsetof(struct ifa_msghdr, ifam_addrs)": 4,
    "offsetof(struct ifa_msghdr, ifam_flags)": 8,
    "offsetof(struct ifa_msghdr, ifam_index)": 12,
    "offsetof(struct sockaddr_dl, sdl_nlen)": 5,
    "offsetof(struct sockaddr_dl, sdl_alen)": 6,
    "offsetof(struct sockaddr_dl, sdl_data)": 8,
    "offsetof(struct sockaddr_in, sin_addr)": 4,
    "offsetof(struct sockaddr_in6, sin6_addr)": 8,
    "sizeof(size_t)": 8,
}
"""The layouts that `messages` reads, and the fakes of tests/unit/test_macos_system.py write."""


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda command: str(command[-1]))
def test_numbers_and_layouts_are_those_of_the_headers(compiler: list[str], tmp_path: Path) -> None:
    numbers = {
        expression: getattr(module, name) for module, names in CONSTANTS.items() for expression, name in names.items()
    }
    lines = [f"#include <{header}.h>" for header in HEADERS]
    lines += [
        f'_Static_assert({expression} == {value}, "{expression}");'
        for expression, value in {**numbers, **LAYOUTS}.items()
    ]
    source = tmp_path / "layout.c"
    command = [*compiler, "-c", str(source), "-o", str(tmp_path / "layout.o")]
    source.write_text("\n".join(lines) + "\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    source.write_text("\n".join([*lines, '_Static_assert(sizeof(struct rt_msghdr) == 93, "wrong");']) + "\n")
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "static assertion failed" in wrong.stderr

"""Which rules of this laptop's own firewall may drop what arrives: the kernel's tables, read only.

nf_tables are read by netlink, which needs CAP_NET_ADMIN. For legacy iptables, only root can read which tables this
network namespace has; others see only whether the kernel's module is loaded, which says less.
"""

import errno
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from netpreflight.systems.linux import netlink

_NETLINK_NETFILTER = 12
_GET_CHAIN, _NEW_CHAIN = 0x0A04, 0x0A03  # NFNL_SUBSYS_NFTABLES << 8, and NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN
_DUMP_REQUEST = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_TABLE, _NAME, _HOOK, _POLICY, _USE, _HOOK_NUMBER = 1, 3, 4, 5, 6, 1  # linux/netfilter/nf_tables.h
_LOCAL_IN, _ACCEPT = 1, 1  # NF_INET_LOCAL_IN, NF_ACCEPT
_FAMILIES = {1: "inet", 2: "ip"}
_HEADER = struct.Struct("=IHHII")
_ANSWER_S = 2.0
_OLD_TABLES, _MODULES = Path("/proc/net/ip_tables_names"), Path("/proc/modules")
_OLD = "iptables, table filter"


def dropping(old_tables: Path = _OLD_TABLES, modules: Path = _MODULES) -> list[str] | None:
    """The chains that may drop what arrives for this laptop, in words; None: this process may not read them."""
    found = [_OLD] if _has_old_filter(old_tables, modules) else []
    try:
        chains = list(_chains())
    except OSError as problem:
        if problem.errno in {errno.EPERM, errno.EACCES}:
            return None
        return found  # the kernel has no nf_tables
    return found + [
        f"{_FAMILIES[family]} {table}, chain {name}"
        for family, table, name, accepts, rules in chains
        if not accepts or rules
    ]


def _has_old_filter(tables: Path, modules: Path) -> bool:
    """Whether legacy iptables has a filter table, which may drop something."""
    try:
        return "filter" in tables.read_text().split()
    except PermissionError:
        pass
    except OSError:
        return False
    try:
        return any(line.startswith("iptable_filter ") for line in modules.read_text().splitlines())
    except OSError:
        return False


def _chains() -> Iterator[tuple[int, str, str, bool, int]]:
    """The chains for arriving packets: family, table, name, whether the policy is to accept, and how many rules.

    Raises:
        OSError: the kernel refuses, does not answer, or has no such tables.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER) as sock:
        sock.settimeout(_ANSWER_S)
        sock.bind((0, 0))
        sock.send(_HEADER.pack(_HEADER.size + 4, _GET_CHAIN, _DUMP_REQUEST, 1, 0) + bytes(4))
        while True:
            data = sock.recv(1 << 16)
            while len(data) >= _HEADER.size:
                size, kind, _, _, _ = _HEADER.unpack_from(data)
                body, data = data[_HEADER.size : size], data[max(size + 3 & ~3, _HEADER.size) :]
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", body)[0], "nf_tables")
                if kind == _NEW_CHAIN and (chain := _chain(body)) is not None:
                    yield chain


def _chain(body: bytes) -> tuple[int, str, str, bool, int] | None:
    """A chain as in `_chains`; None: IPv4 packets to this laptop do not pass it."""
    family, attributes = body[0], dict(netlink.attributes(body[4:]))
    hook = dict(netlink.attributes(attributes.get(_HOOK, b""))).get(_HOOK_NUMBER)
    if family not in _FAMILIES or hook is None or int.from_bytes(hook) != _LOCAL_IN:
        return None
    table, name = (attributes.get(key, b"").rstrip(b"\0").decode(errors="replace") for key in (_TABLE, _NAME))
    policy, rules = (int.from_bytes(attributes.get(key, b"")) for key in (_POLICY, _USE))
    return family, table, name, policy == _ACCEPT, rules

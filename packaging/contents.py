"""What the executables hold, for Linux and Windows (docs/decisions/0006)."""

from __future__ import annotations

import sys

LEFT_OUT = (
    # Its licence (GPL-2.0-only) does not fit beside that of OpenSSL 3 (Apache-2.0) in one file.
    "scapy",
    # Tools of developers, of the installation, and of windows.
    "_pyrepl",
    "bdb",
    "cmd",
    "code",
    "codeop",
    "distutils",
    "doctest",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pdb",
    "pip",
    "pkg_resources",
    "profile",
    "pstats",
    "pydoc",
    "pydoc_data",
    "pytest",
    "setuptools",
    "test",
    "tkinter",
    "turtle",
    "unittest",
    "venv",
    "wheel",
    # What libraries offer and no run uses, and what stands in for a module that is there in C.
    "_bz2",
    "_codecs_cn",
    "_codecs_hk",
    "_codecs_iso2022",
    "_codecs_jp",
    "_codecs_kr",
    "_codecs_tw",
    "_lzma",
    "_multibytecodec",
    "_pydatetime",
    "_pydecimal",
    "_sqlite3",
    "_uuid",
    "argparse",
    "bz2",
    "curses",
    "dbm",
    "ftplib",
    "http",
    "logging.handlers",
    "py_compile",
    "imaplib",
    "lzma",
    "mailbox",
    "nntplib",
    "poplib",
    "readline",
    "smtplib",
    "sqlite3",
    "statistics",
    "tarfile",
    "telnetlib",
    "tracemalloc",
    "wsgiref",
    "xml",
    "xmlrpc",
    # Colours of code and Markdown in terminals.
    "markdown_it",
    "mdurl",
    "pygments",
    # The same as what stands beside it in Python, only faster.
    "wcwidth._wcwidth_c",
    # Other systems' and other servers' of what a run uses.
    "dns.quic",
    "dns._trio_backend",
    "prompt_toolkit.contrib",
    "rich.__main__",
    "rich._inspect",
    "rich.live",
    "rich.progress",
    "typer.rich_utils",
    "rich.markdown",
    "rich.syntax",
    # Compilers of C, asked when a package is built.
    "pycparser",
)
"""Modules, each with all below it."""
if sys.platform == "linux":
    LEFT_OUT += (
        "asyncio.proactor_events",
        "asyncio.windows_events",
        "asyncio.windows_utils",
        "netpreflight.probes.wifi.macos",
        "netpreflight.probes.wifi.windows",
        "netpreflight.systems.macos",
        "netpreflight.systems.windows",
        "platformdirs.android",
        "platformdirs.macos",
        "platformdirs.windows",
        "plistlib",
        "prompt_toolkit.input.win32",
        "prompt_toolkit.input.win32_pipe",
        "prompt_toolkit.output.conemu",
        "prompt_toolkit.output.win32",
        "prompt_toolkit.output.windows10",
        "prompt_toolkit.win32_types",
        "pywifi._wifiutil_win",
        "rich._win32_console",
        "rich._windows_renderer",
        "typer._click._winconsole",
    )
KEPT_OF = {
    "multiprocessing": ("context", "process", "reduction"),
    "pyroute2": (
        "common",
        "config",
        "netlink",
        "netlink.core",
        "netlink.coredata",
        "netlink.exceptions",
        "netlink.generic",
        "netlink.marshal",
        "netlink.nl80211",
        "netlink.nlsocket",
        "netlink.rt_files",
        "netns",
        "process",
        "requests",
        "requests.main",
        "statsd",
    ),
}
"""Of these packages, what pyroute2.netlink.nl80211 imports."""
RECORDS = {
    *("ANY", "ANY.CNAME", "ANY.DNAME", "ANY.HINFO", "ANY.NS", "ANY.OPT", "ANY.PTR", "ANY.RRSIG", "ANY.SOA", "ANY.TSIG"),
    *("ANY.TXT", "IN", "IN.A", "IN.AAAA", "IN.HTTPS", "IN.SVCB"),
}
"""The types of DNS records that dnspython takes apart; of others it keeps the bytes, and no run looks into those."""
ENCODINGS = ("cp", "iso8859_", "koi8_", "mac_", "hp_roman8", "kz1048", "palmos", "ptcp154", "tis_620")
"""Tables of encodings in which no Linux of today has its names; by the start of the module's name."""
KEPT_ENCODINGS = ("cp1252.", "cp437.", "iso8859_1.", "iso8859_15.")

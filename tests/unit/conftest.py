"""Hypothesis as CI needs it: the same examples on every run, and nothing written beside the tests."""

import gc
import sys

import pytest
from hypothesis import is_hypothesis_test, settings

NEEDS_LINUX = {
    "capabilities, netlink, packet sockets, namespaces, limits of memory": (
        "answers", "architecture", "cli", "dhcp", "doctor", "fuzz", "kept_runs", "ladder_files", "output_files",
        "privilege", "serial_port", "wifi_capture", "wifi_elements", "wifi_sources_linux", "wifi_sources_others",
    ),
    "a terminal, users, links and signals of POSIX, or a shell": (
        "company_file", "double_click", "explain_command", "fleet_add", "fleet_command", "fleet_rejudge", "floods",
        "macos_system", "next_step", "odd_cases", "picker", "progress", "requests", "saved", "start", "starters",
        "stopping", "watch_report_command", "watch_store", "wifi_lab",
    ),
    "the programs of .venv, and sockets as Linux has them": (
        "adding", "cli_capture", "compare_command", "debug", "devices_command", "dtls", "firewall", "html", "in_page",
        "led", "licences", "live_log", "lock", "network", "package", "raw", "safe_text", "ticket", "uptime", "version",
        "windows_system", "witnesses",
    ),
}  # fmt: skip
"""The modules that are left out on other systems, by what they need; most others judge, decode and render."""
collect_ignore = [f"test_{name}.py" for names in NEEDS_LINUX.values() for name in names if sys.platform != "linux"]

gc.disable()  # until all is collected: a quarter of the time that collecting takes

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=150)
settings.load_profile("fixed")


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever hypothesis feeds is a fuzz test."""
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker("fuzz")


@pytest.hookimpl(tryfirst=True)  # before the tests run; xdist's main process collects nothing
def pytest_runtestloop() -> None:
    """Have the garbage collector look only at what the tests make: never at thousands of collected tests."""
    gc.freeze()
    gc.enable()

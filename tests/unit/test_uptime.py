"""How long a laptop has been up and awake, as each system tells it; of Windows and macOS by fakes of their calls."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netpreflight.systems.interface import Uptime
from netpreflight.systems.linux import clock as linux
from netpreflight.systems.macos import clock as macos
from netpreflight.systems.macos import native as macos_native
from netpreflight.systems.windows import clock as windows
from netpreflight.systems.windows import native as windows_native


def test_linux_tells_its_start_and_two_clocks() -> None:
    first, second = linux.uptime(), linux.uptime()
    since_start = float(Path("/proc/uptime").read_text().split()[0])

    assert first.boot == second.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert first.at_s == pytest.approx(since_start, abs=1)
    assert first.at_s <= second.at_s
    assert first.awake_s <= second.at_s


def test_windows_tells_ticks_of_100_ns_and_the_number_of_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = {"QueryInterruptTime": 90_000_000_000, "QueryUnbiasedInterruptTime": 50_000_000_000}

    def function(_: str, call: str, *__: Any) -> Callable[[Any], int]:
        def tell(into: Any) -> int:
            into.contents.value = ticks[call]
            return 1

        return tell

    monkeypatch.setattr(windows_native, "function", function)
    monkeypatch.setattr(windows_native, "values", lambda root, _: {"BootId": 42} if root.endswith("MACHINE") else {})

    assert windows.uptime() == Uptime(boot="42", at_s=9000.0, awake_s=5000.0)


def test_macos_tells_nanoseconds_and_the_id_of_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    nanoseconds = {4: 9_000_000_000_000, 8: 5_000_000_000_000}

    def function(_: str, call: str, *__: Any) -> Callable[..., int]:
        def by_name(name: bytes, into: int, _size: int, *_rest: Any) -> int:
            assert name == b"kern.bootsessionuuid"
            ctypes.memmove(into, b"9F2C\0", 5)
            return 0

        calls: dict[str, Callable[..., int]] = {
            "clock_gettime_nsec_np": nanoseconds.__getitem__,
            "sysctlbyname": by_name,
        }
        return calls[call]

    monkeypatch.setattr(macos_native, "function", function)

    assert macos.uptime() == Uptime(boot="9F2C", at_s=9000.0, awake_s=5000.0)


def test_a_system_without_these_calls_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> Any:
        raise OSError("there is no such call")

    monkeypatch.setattr(windows_native, "function", none)
    monkeypatch.setattr(macos_native, "function", none)

    assert (windows.uptime(), macos.uptime()) == (None, None)

"""What is known of this laptop before anything is sent: for `netpreflight doctor`.

Contacts nobody on the network. The same functions are used here as by a run before it measures: the scope, what stands
in the way of each probe (`obstacles`), the sources of Wi-Fi surveys without a scan, the lease that the laptop holds.
Only services on this machine are asked (NetworkManager, wpa_supplicant, the kernel).
"""

import importlib.metadata
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from netpreflight.probes import obstacles
from netpreflight.probes.laptop_lease import laptop_lease
from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.net.witnesses import bounded
from netpreflight.probes.observations import Laptop, Package, Scope
from netpreflight.probes.wifi import wifi
from netpreflight.systems import SYSTEM

_DAY_S = 86_400
_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_WRITTEN = Path(sys.executable if hasattr(sys, "frozen") else __file__).stat().st_mtime
"""When this file, or the executable without Python, was written: a clock that shows an earlier day is wrong."""
_REQUIREMENT = re.compile(r"([\w.-]+)\s*[^;]*?>=([\d.]+)")


async def laptop(scope: Scope, kept_in: str | None = None) -> Laptop:
    """Examine this laptop; `scope`: what a run would begin with; `kept_in`: the folder in which runs are kept."""
    interface = scope.interface or ""
    async with Network(interface, CLOCK.monotonic()) as network:
        air = await wifi(network, scope.interface, None, scan=False)
    dropping = SYSTEM.dropping()
    return Laptop(
        scope=scope,
        obstacles=obstacles.of(scope, dropping, SYSTEM.tells_icmp_errors_now()),
        steps=dict(SYSTEM.steps),
        wifi=air,
        listening=SYSTEM.monitoring(),
        lease=await bounded(laptop_lease(interface, scope.addresses), lambda _: None),
        dropping=dropping,
        synchronised=SYSTEM.is_synchronised(),
        clock_behind=CLOCK.wall() < _WRITTEN - _DAY_S,
        free_bytes=_free_bytes(),
        kept_in=kept_in,
        python=platform.python_version(),
        packages=list(packages(requirements())),
    )


def packages(requirements: Iterable[str]) -> Iterator[Package]:
    """Those of the project's requirements that this system needs, each with the version that is installed."""
    for requirement in requirements:
        _, _, marker = requirement.partition(";")
        for_others = "sys_platform" in marker and SYSTEM.name not in re.findall(r"[\"'](\w+)[\"']", marker)
        told = _REQUIREMENT.match(requirement)
        if told is None or for_others or "extra ==" in marker:
            continue
        try:
            version: str | None = importlib.metadata.version(told[1])
        except importlib.metadata.PackageNotFoundError:
            version = None
        yield Package(name=told[1], least=told[2], version=version)


def requirements() -> list[str]:
    """The project's requirements: from `pyproject.toml` in a checkout, else from the installed package's metadata."""
    try:
        return list(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"])
    except (OSError, ValueError, KeyError):
        pass
    try:
        wanted = importlib.metadata.requires("netpreflight") or []
        # The executable is built without scapy (docs/decisions/0006).
        return [line for line in wanted if not (hasattr(sys, "frozen") and line.startswith("scapy"))]
    except importlib.metadata.PackageNotFoundError:
        return []


def _free_bytes() -> int | None:
    """The free space on the current folder's disk, in bytes; None: not known."""
    try:
        return shutil.disk_usage(".").free
    except OSError:
        return None

"""What is known of this laptop before anything is sent: for `netpreflight doctor`.

Contacts nobody. What a run asks before it measures is asked here by the same functions: the scope, what stands in the
way of each probe (`obstacles`), the sources of the air without their scan, the lease that the laptop holds. The
system's own services (NetworkManager, wpa_supplicant, the kernel) are asked on this machine only.
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
"""When this file was, or the one that runs without Python: a clock that shows an earlier day is wrong."""
_REQUIREMENT = re.compile(r"([\w.-]+)\s*[^;]*?>=([\d.]+)")


async def laptop(scope: Scope, kept_in: str | None = None) -> Laptop:
    """Look at this laptop; `scope` is what a run would begin with, and `kept_in` the folder in which it is kept."""
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
    """The packages that this system needs of the project's requirements, and the versions that are installed."""
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
    """What the project says that it needs: in a checkout in its own file, else where it is installed."""
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
    """What the current folder's disk has room for; None: not known."""
    try:
        return shutil.disk_usage(".").free
    except OSError:
        return None

"""What is plugged in by USB, and who has a port open (sysfs and proc)."""

import contextlib
import os
from pathlib import Path

_DEVICES = Path("/sys/bus/usb/devices")
_PROCESSES = Path("/proc")
_MOST = 5
"""At most this many programs are named."""


def devices(folder: Path = _DEVICES) -> list[tuple[int, int]] | None:
    """The vendor and product ids of what is plugged in (Documentation/ABI/stable/sysfs-bus-usb); None: not known."""
    if not folder.is_dir():
        return None
    found = []
    for device in sorted(folder.iterdir()):
        with contextlib.suppress(OSError, ValueError):  # an interface of a device, or one that was just unplugged
            vendor, product = (
                (device / name).read_text(encoding="ascii").strip() for name in ("idVendor", "idProduct")
            )
            found.append((int(vendor, 16), int(product, 16)))
    return found


def holders(file: str, processes: Path = _PROCESSES) -> list[str]:
    """The other programs that have a file open (proc(5)), such as `screen (process 1234)`."""
    wanted, found = os.path.realpath(file), list[str]()
    for process in processes.iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid() or len(found) >= _MOST:
            continue
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if any(os.path.realpath(link) == wanted for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{name or 'a program'} (process {process.name})")
    return found

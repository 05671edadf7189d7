"""What is plugged in by USB, from macOS's I/O Registry (IOUSBHostDevice), read by pyserial's calls of IOKit."""

import importlib
from typing import Any

_CLASS = "IOUSBHostDevice"


def devices() -> list[tuple[int, int]] | None:
    """The vendor and product ids of what is plugged in; None: macOS does not say."""
    try:
        iokit = _iokit()
    except (ImportError, OSError, AttributeError):
        return None
    found = []
    for device in iokit.GetIOServicesByType(_CLASS):
        vendor, product = (
            iokit.get_int_property(device, name, iokit.kCFNumberSInt16Type) for name in ("idVendor", "idProduct")
        )
        if vendor is not None and product is not None:
            found.append((vendor, product))
    return found


def _iokit() -> Any:
    """The module of pyserial that can be imported on macOS only."""
    return importlib.import_module("serial.tools.list_ports_osx")

"""scapy, imported late (it takes 0.15 s) and without the files it would leave in the home folder."""

import importlib
import os
import sys
from types import ModuleType

_FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
_NOWHERE = f"{os.devnull}/none"
_REGISTRIES = {"scapy.libs.manuf": "", "scapy.libs.bluetoothids": {}}
"""Databases that scapy unpacks on import (0.1 s) and that no layer here needs: each module, and its empty stand-in."""


def layers(name: str) -> ModuleType:
    """The module `scapy.layers.<name>`."""
    before = {variable: os.environ.get(variable) for variable in _FOLDERS}
    os.environ.update(dict.fromkeys(_FOLDERS, _NOWHERE))
    empty = {registry: ModuleType(registry) for registry in _REGISTRIES if registry not in sys.modules}
    for registry, module in empty.items():
        module.__dict__["DATA"] = _REGISTRIES[registry]
    sys.modules.update(empty)
    try:
        return importlib.import_module(f"scapy.layers.{name}")
    finally:
        for registry in empty:
            del sys.modules[registry]
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value

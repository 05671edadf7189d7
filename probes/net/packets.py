"""scapy, imported late (it takes a quarter of a second) and without the files it would leave in the home folder."""

import importlib
import os
from types import ModuleType

_FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
_NOWHERE = f"{os.devnull}/none"


def layers(name: str) -> ModuleType:
    """The module `scapy.layers.<name>`."""
    before = {variable: os.environ.get(variable) for variable in _FOLDERS}
    os.environ.update(dict.fromkeys(_FOLDERS, _NOWHERE))
    try:
        return importlib.import_module(f"scapy.layers.{name}")
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value

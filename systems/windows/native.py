"""Windows' own libraries, loaded when they are first needed, so that these modules can be imported anywhere."""

import ctypes
import importlib
from collections.abc import Callable
from typing import Any

from netpreflight.systems.libraries import typed

AF_INET, AF_INET6 = 2, 23  # winsock2.h; Python's AF_INET6 has the number of the system that it runs on
LIMIT = 4096
"""The most entries that are read of a list of the system's."""


def library(name: str) -> Any:
    """A library of Windows'.

    Raises:
        OSError: there is no library of that name, for example on another system.
    """
    load: Callable[..., Any] | None = getattr(ctypes, "WinDLL", None)
    if load is None:
        raise OSError(f"there is no {name} on this system")
    return load(name, use_last_error=True)


def function(name: str, call: str, result: Any, *arguments: Any) -> Any:
    """A function of a library, with the types of its result and arguments.

    Raises:
        OSError: there is no such function, for example on an older Windows.
    """
    return typed(library(name), name, call, result, arguments)


def last_error(path: str | None = None) -> OSError:
    """The error of the last call, about a file if one is named."""
    code: int = getattr(ctypes, "get_last_error", lambda: 0)()
    made: Callable[[int], OSError] | None = getattr(ctypes, "WinError", None)
    problem = made(code) if made else OSError(code, f"Windows error {code}")
    problem.filename = path
    return problem


def callback(called: Callable[..., int], result: Any, *arguments: Any) -> Any:
    """A Python function that the system can call; keep the result for as long as the system may call it."""
    prototype: Callable[..., Any] = getattr(ctypes, "WINFUNCTYPE")(result, *arguments)  # noqa: B009 - mypy knows it on Windows only
    return prototype(called)


def registry() -> Any:
    """Python's module `winreg`.

    Raises:
        OSError: this system has no registry.
    """
    try:
        return importlib.import_module("winreg")
    except ImportError as problem:
        raise OSError("there is no registry on this system") from problem


def called_at(address: int, result: Any, *arguments: Any) -> Any:
    """The function at an address that the system has given."""
    prototype: Callable[..., Any] = getattr(ctypes, "WINFUNCTYPE")(result, *arguments, use_last_error=True)  # noqa: B009 - as above
    return prototype(address)


def values(root: str, path: str) -> dict[str, Any]:
    """The values of a key of the registry, by name; empty where it does not exist, or may not be read."""
    found: dict[str, Any] = {}
    try:
        winreg = registry()
        with winreg.OpenKey(getattr(winreg, root), path) as key:
            for number in range(LIMIT):
                name, value, _ = winreg.EnumValue(key, number)  # raises after the last one
                found[name] = value
    except OSError:
        pass
    return found

"""macOS's own libraries, loaded when they are first needed, so that these modules can be imported anywhere."""

import contextlib
import ctypes
import importlib
import plistlib
import socket
from typing import Any

from netpreflight.systems.libraries import typed

LIBRARY = "/usr/lib/libSystem.B.dylib"
LIMIT = 4096
"""The most entries that are read of a list of the system's."""
_FOUNDATION = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
_CONFIGURATION = "/System/Library/Frameworks/SystemConfiguration.framework/SystemConfiguration"
_BINARY = 200  # kCFPropertyListBinaryFormat_v1_0, CFPropertyList.h
_TRIES = 5
"""A list may grow between two calls, so that the size that the first call told is too small."""
_MOST_BYTES = 1 << 24
_NAME_BYTES = 16  # IFNAMSIZ, net/if.h


def library(path: str) -> Any:
    """A library of macOS's.

    Raises:
        OSError: there is no such library, for example on another system.
    """
    return ctypes.CDLL(path)


def function(path: str, call: str, result: Any, *arguments: Any) -> Any:
    """A function of a library, with the types of its result and arguments.

    Raises:
        OSError: there is no such function, for example on an older macOS.
    """
    return typed(library(path), path, call, result, arguments)


def sysctl(*name: int) -> bytes | None:
    """The kernel's value of this name; None: there is none, or this process may not read it."""
    size_type = ctypes.c_size_t
    try:
        call = function(
            LIBRARY,
            "sysctl",
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_int),
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.POINTER(size_type),
            ctypes.c_void_p,
            size_type,
        )
    except OSError:
        return None
    numbers = (ctypes.c_int * len(name))(*name)
    for _ in range(_TRIES):
        size = size_type(0)
        if call(numbers, len(name), None, ctypes.pointer(size), None, 0) or size.value > _MOST_BYTES:
            return None
        size.value += size.value // 8 + 1024
        memory = ctypes.create_string_buffer(size.value)
        if call(numbers, len(name), ctypes.cast(memory, ctypes.c_void_p), ctypes.pointer(size), None, 0) == 0:
            return memory.raw[: size.value]
    return None


def of_interface(request: int, name: str, size: int) -> bytes | None:
    """What ioctl(2) says of an interface, in a structure that begins with its name; None: it says nothing."""
    given = name.encode()[: _NAME_BYTES - 1].ljust(size, b"\0")
    try:
        ioctl = importlib.import_module("fcntl").ioctl  # there is none on Windows, where this module is tested, too
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            told: bytes = ioctl(sock, request, given)
    except (OSError, ImportError):
        return None
    return told


def store(*patterns: str) -> dict[str, dict[str, Any]]:
    """The dictionaries in configd's dynamic store whose keys match one of these patterns, by key.

    They are handed over as one property list, because Python can read that. Empty: configd does not answer.
    """
    pointer, number = ctypes.c_void_p, ctypes.c_ssize_t
    try:
        release = function(_FOUNDATION, "CFRelease", None, pointer)
        create_data = function(_FOUNDATION, "CFDataCreate", pointer, pointer, ctypes.c_char_p, number)
        read = function(
            _FOUNDATION, "CFPropertyListCreateWithData", pointer, pointer, pointer, ctypes.c_ulong, pointer, pointer
        )
        write = function(
            _FOUNDATION, "CFPropertyListCreateData", pointer, pointer, pointer, number, ctypes.c_ulong, pointer
        )
        length = function(_FOUNDATION, "CFDataGetLength", number, pointer)
        place = function(_FOUNDATION, "CFDataGetBytePtr", pointer, pointer)
        open_store = function(_CONFIGURATION, "SCDynamicStoreCreate", pointer, pointer, pointer, pointer, pointer)
        copy = function(_CONFIGURATION, "SCDynamicStoreCopyMultiple", pointer, pointer, pointer, pointer)
    except OSError:
        return {}
    with contextlib.ExitStack() as held:

        def hold(made: int | None) -> int | None:
            """Keep an object until the end of this call; None: it could not be made."""
            if made:
                held.callback(release, made)
            return made or None

        def made_of(value: str | list[str]) -> int | None:
            """A CoreFoundation object with this value; None: it could not be made."""
            packed = plistlib.dumps(value, fmt=plistlib.FMT_BINARY)
            data = hold(create_data(None, packed, len(packed)))
            return data and hold(read(None, data, 0, None, None))

        name, wanted = made_of("netpreflight"), made_of(list(patterns))
        session = name and wanted and hold(open_store(None, name, None, None))
        values = session and hold(copy(session, None, wanted))
        packed = values and hold(write(None, values, _BINARY, 0, None))
        text = ctypes.string_at(place(packed), min(length(packed), _MOST_BYTES)) if packed else b""
    try:
        found = plistlib.loads(text)
    except ValueError:
        return {}
    pairs = list(found.items())[:LIMIT] if isinstance(found, dict) else []
    return {key: value for key, value in pairs if isinstance(value, dict)}

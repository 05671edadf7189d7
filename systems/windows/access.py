"""Files that only this user may read: on Windows the access control list decides that, not the file's mode."""

import ctypes
import importlib
import os
from typing import Any

from netpreflight.systems.windows import native

_TOKEN_QUERY, _TOKEN_USER = 0x8, 1  # winnt.h
_MOST_BYTES = 256
"""Room for a TOKEN_USER and the SID behind it, which has at most 68 bytes."""
_REVISION = 1  # SDDL_REVISION_1
_GENERIC_WRITE, _SHARE_READ, _CREATE_NEW, _NORMAL = 0x40000000, 1, 1, 0x80
_INVALID_HANDLE = ctypes.c_void_p(-1).value
_LIST = "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;{sid})"
"""Full access (FA) for the system, administrators and this user; nothing is inherited from the folder (P).
Administrators, like root elsewhere, could give themselves access anyway."""


class SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = [
        ("nLength", ctypes.c_uint32),
        ("lpSecurityDescriptor", ctypes.c_void_p),
        ("bInheritHandle", ctypes.c_int32),
    ]


class TokenUser(ctypes.Structure):
    """TOKEN_USER, which has one SID_AND_ATTRIBUTES."""

    _fields_ = [("Sid", ctypes.c_void_p), ("Attributes", ctypes.c_uint32)]


def create_private(path: str) -> int:
    """Create a file that only this user and administrators may read, and return its descriptor.

    Raises:
        OSError: there is a file of that name, or it cannot be made.
    """
    pointer, number, text = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p
    convert = native.function(
        "advapi32",
        "ConvertStringSecurityDescriptorToSecurityDescriptorW",
        ctypes.c_int32,
        text,
        number,
        ctypes.POINTER(pointer),
        pointer,
    )
    create = native.function("kernel32", "CreateFileW", pointer, text, number, number, pointer, number, number, pointer)
    descriptor = pointer()
    if not convert(_LIST.format(sid=_own_sid()), _REVISION, ctypes.pointer(descriptor), None):
        raise native.last_error(path)
    try:
        attributes = SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, 0)
        given = ctypes.cast(ctypes.pointer(attributes), pointer)
        handle = create(path, _GENERIC_WRITE, _SHARE_READ, given, _CREATE_NEW, _NORMAL, None)
        if handle == _INVALID_HANDLE:
            raise native.last_error(path)
    finally:
        native.function("kernel32", "LocalFree", pointer, pointer)(descriptor)
    opened: int = importlib.import_module("msvcrt").open_osfhandle(handle, os.O_WRONLY)
    return opened


def lock_file(opened: int) -> bool:
    """Take the lock of the first byte of an open file (_locking, LK_NBLCK); False: another process holds it."""
    msvcrt = importlib.import_module("msvcrt")
    try:
        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _own_sid() -> str:
    """The security identifier of this process's user, as text: S-1-5-….

    Raises:
        OSError: the system does not say it.
    """
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    current = native.function("kernel32", "GetCurrentProcess", pointer)
    open_token = native.function(
        "advapi32", "OpenProcessToken", ctypes.c_int32, pointer, number, ctypes.POINTER(pointer)
    )
    information = native.function(
        "advapi32", "GetTokenInformation", ctypes.c_int32, pointer, ctypes.c_int32, pointer, number,
        ctypes.POINTER(number),
    )  # fmt: skip
    as_text = native.function("advapi32", "ConvertSidToStringSidW", ctypes.c_int32, pointer, ctypes.POINTER(pointer))
    token, written, told = pointer(), pointer(), ctypes.create_string_buffer(_MOST_BYTES)
    if not open_token(current(), _TOKEN_QUERY, ctypes.pointer(token)):
        raise native.last_error()
    try:
        place = ctypes.cast(told, pointer)
        if not information(token, _TOKEN_USER, place, _MOST_BYTES, ctypes.pointer(number())):
            raise native.last_error()
        user: Any = TokenUser.from_buffer(told)
        if not as_text(user.Sid, ctypes.pointer(written)):
            raise native.last_error()
    finally:
        native.function("kernel32", "CloseHandle", ctypes.c_int32, pointer)(token)
    try:
        return ctypes.wstring_at(written.value or 0)
    finally:
        native.function("kernel32", "LocalFree", pointer, pointer)(written)

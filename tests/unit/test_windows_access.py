"""Files that only this user reads on Windows, by fakes of the documented calls; tests/windows makes one under Wine."""

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netpreflight.agent.output_files import write
from netpreflight.systems.interface import System
from netpreflight.systems.windows import Windows, access, native

SID = "S-1-5-21-1-2-3-1001"
TOKEN, PROCESS, HANDLE = 71, -1, 99
USER_SID, DESCRIPTOR = 0x5000, 0x6000
"""Where the fake has them."""


class Calls:
    """The calls, which answer as Windows does for a user who may do this, but for those that fail."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.freed: list[object] = []
        self.lists: list[str] = []
        self._text = ctypes.create_unicode_buffer(SID)
        calls: dict[str, Callable[..., Any]] = {
            "GetCurrentProcess": self._current_process,
            "OpenProcessToken": self._open_token,
            "GetTokenInformation": self._information,
            "ConvertSidToStringSidW": self._sid_as_text,
            "ConvertStringSecurityDescriptorToSecurityDescriptorW": self._convert,
            "CreateFileW": self._create,
            "CloseHandle": self._close,
            "LocalFree": self._free,
        }
        self.calls = {name: self._or_failing(name, call) for name, call in calls.items()}

    def _or_failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        failed = 2**64 - 1 if name == "CreateFileW" else 0  # INVALID_HANDLE_VALUE
        return lambda *given: failed if name in self.failing else call(*given)

    def _current_process(self) -> int:
        return PROCESS

    def _open_token(self, process: int, rights: int, token: Any) -> int:
        assert (process, rights) == (PROCESS, 8)
        token.contents.value = TOKEN
        return 1

    def _information(self, token: Any, kind: int, place: Any, size: int, _: Any) -> int:
        assert (token.value, kind) == (TOKEN, 1)
        assert size >= ctypes.sizeof(access.TokenUser) + 68
        ctypes.memmove(place, USER_SID.to_bytes(8, "little"), 8)
        return 1

    def _sid_as_text(self, sid: int, text: Any) -> int:
        assert sid == USER_SID
        text.contents.value = ctypes.addressof(self._text)
        return 1

    def _convert(self, text: str, revision: int, made: Any, _: None) -> int:
        assert revision == 1
        self.lists.append(text)
        made.contents.value = DESCRIPTOR
        return 1

    def _create(self, path: str, rights: int, share: int, given: Any, how: int, flags: int, _: None) -> int:
        assert (rights, share, how, flags) == (0x40000000, 1, 1, 0x80)
        attributes = access.SecurityAttributes.from_address(given.value)
        assert (attributes.nLength, attributes.lpSecurityDescriptor, attributes.bInheritHandle) == (24, DESCRIPTOR, 0)
        Path(path).touch(exist_ok=False)
        return HANDLE

    def _close(self, handle: Any) -> int:
        self.freed.append(handle.value)
        return 1

    def _free(self, memory: Any) -> None:
        self.freed.append("text" if memory.value == ctypes.addressof(self._text) else memory.value)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(native, "library", lambda _: SimpleNamespace(**made.calls))
    return made


def test_a_private_file_is_made_with_a_list_of_its_own(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles: list[int] = []
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(open_osfhandle=lambda *given: handles.append(given[0])))
    Windows().create_private(str(tmp_path / "report.json"))

    assert calls.lists == [f"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;{SID})"]
    assert handles == [HANDLE]
    assert sorted(map(str, calls.freed)) == sorted(map(str, (TOKEN, "text", DESCRIPTOR)))


@pytest.mark.parametrize(
    ("call", "freed"),
    [
        ("OpenProcessToken", []),
        ("GetTokenInformation", [TOKEN]),
        ("ConvertSidToStringSidW", [TOKEN]),
        ("ConvertStringSecurityDescriptorToSecurityDescriptorW", [TOKEN, "text"]),
        ("CreateFileW", [TOKEN, "text", DESCRIPTOR]),
    ],
)
def test_what_fails_makes_no_file_and_leaves_nothing_open(
    calls: Calls, tmp_path: Path, call: str, freed: list[object]
) -> None:
    calls.failing.add(call)
    with pytest.raises(OSError, match="Windows error"):
        Windows().create_private(str(tmp_path / "report.json"))
    assert calls.freed == freed
    assert list(tmp_path.iterdir()) == []


def test_complete_reports_are_made_so_where_folders_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def create(path: str) -> int:
        made.append(path)
        return System().create_private(path)

    monkeypatch.setattr("netpreflight.agent.output_files._HAS_FOLDER_DESCRIPTORS", False)
    write(tmp_path / "ticket.md", "for a ticket", create=create)
    assert made == []
    write(tmp_path / "run.json", "complete", private=True, create=create)
    assert [Path(path).parent for path in made] == [tmp_path]
    assert (tmp_path / "run.json").read_text() == "complete"
    assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600

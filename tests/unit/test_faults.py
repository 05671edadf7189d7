"""Errors of this tool's own: what a run keeps of one, how it comes back, and that it tells nothing when shared."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.internal_faults import LONGEST_MESSAGE, MOST_FRAMES, fault_of
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.report import Report, load, make, write
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Fault, Ntp
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from tests.unit import seen
from tests.unit.places import of


def raised(problem: BaseException, depth: int = 0) -> Fault:
    def dig(left: int) -> None:
        if left:
            dig(left - 1)
        raise problem

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any of them
        dig(depth)
    return fault_of(caught.value)


def test_where_it_was_raised_is_kept_and_no_values() -> None:
    fault = raised(ValueError("not that"))

    assert (fault.type, fault.message) == ("ValueError", "not that")
    assert [(frame.file, frame.function) for frame in fault.frames] == [
        ("tests/unit/test_faults.py", "raised"),
        ("tests/unit/test_faults.py", "dig"),
    ]
    assert all(frame.line > 0 for frame in fault.frames)


def test_files_are_named_within_their_packages() -> None:
    with pytest.raises(msgspec.DecodeError) as decoding, Path(__file__).open("rb") as file:
        msgspec.json.decode(file.read(), type=Report)
    with pytest.raises(FileNotFoundError) as writing:
        write(Path("/nowhere/run.json"), "")
    with pytest.raises(ValueError) as reading:  # noqa: PT011 - any of them
        json.loads("]")
    faults = fault_of(writing.value), fault_of(reading.value)

    assert [[frame.file for frame in fault.frames[:2]] for fault in faults] == [
        ["tests/unit/test_faults.py", "agent/output_files.py"],
        ["tests/unit/test_faults.py", "json/__init__.py"],
    ]
    frames = [frame for fault in (*faults, fault_of(decoding.value)) for frame in fault.frames]
    assert not [frame for frame in frames if frame.file.startswith("/")]


def test_the_first_error_of_a_group_is_meant() -> None:
    async def probe() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(broken())

    async def broken() -> None:
        raise LookupError("so")

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(probe())
    fault = fault_of(caught.value)

    assert (fault.type, fault.message) == ("LookupError", "so")
    assert fault.frames[-1].function == "broken"


def test_a_deep_or_wordy_one_is_bounded() -> None:
    fault = raised(ValueError("x" * 100_000), depth=200)

    assert len(fault.frames) == MOST_FRAMES
    assert fault.frames[0].function == "raised"
    assert fault.frames[-1].function == "dig"
    assert len(fault.message) == LONGEST_MESSAGE


def test_a_fault_of_a_probe_is_saved_and_loaded(tmp_path: Path) -> None:
    fault = raised(KeyError("of a probe"))
    made = of(seen.healthy(ntp=Ntp(not_run="the probe failed: KeyError: 'of a probe'", fault=fault)))
    write(tmp_path / "run.json", FORMATS[".json"](made))
    run, _ = load(tmp_path / "run.json")

    assert run.observations.ntp is not None
    assert run.observations.ntp.fault == fault
    assert FORMATS[".json"](made) == FORMATS[".json"](make(run, profiles.load("generic")))


# --- a judge's


def failing(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Have a judge fail with something out of the network in its words."""

    def broken(*_: Any) -> Any:
        raise RuntimeError(words)

    row = CHECKS["ntp.reply"]
    monkeypatch.setitem(CHECKS, "ntp.reply", replace(row, judge=broken))


def ntp_check(made: Report) -> Check:
    return next(check for check in made.checks if check.id == "ntp.reply")


def test_a_fault_of_a_judge_is_in_its_check_and_again_when_the_run_is_judged_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing(monkeypatch, "on purpose")
    made = of(seen.healthy())
    write(tmp_path / "run.json", FORMATS[".json"](made))
    again = make(load(tmp_path / "run.json")[0], profiles.load("generic"))

    fault = ntp_check(made).fault
    assert isinstance(fault, Fault)
    assert (fault.type, fault.message) == ("RuntimeError", "on purpose")
    assert [frame.file for frame in fault.frames] == ["agent/judging/verdict.py", "tests/unit/test_faults.py"]
    assert ntp_check(again).fault == fault
    assert [check.id for check in made.checks if check.fault is not msgspec.UNSET] == ["ntp.reply"]


def test_what_it_quotes_is_hidden_as_in_any_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    mac, address, home = "02:ca:fe:00:00:01", "45.203.7.7", "/home/canary/x"
    failing(monkeypatch, f"cannot read {mac} at {address}, {home}: b'canary'")
    made = of(seen.healthy())
    whole = {text: render(made) for text, render in FORMATS.items()}
    public = {text: render(shared(made, "public")) for text, render in FORMATS.items()}

    assert address in whole[".json"]
    assert "cannot read" in public[".json"]
    for name, text in public.items():
        assert not re.search(r"canary|ca:fe|45\.203", text), name


def test_a_run_without_a_fault_does_not_speak_of_one() -> None:
    assert '"fault"' not in FORMATS[".json"](of(seen.healthy()))

"""The lab's rows of routers are read strictly: what is not known is an error, and so is what makes no sense."""

import msgspec
import pytest

from tests.lab.ladder_files import Odd, Router, every_ladder, read

ROW = """
[[ladder]]
name = "a router drops"
packets = ["dtls"]
routers = ["answers", "silent", { odd = { quote = 28 } }, "answers"]
healthy = { status = "pass", problem = "none", names = "nobody" }
faults = [
  { at = 1, does = "drops", status = "fail", problem = "dropped", names = 1 },
]
"""


def test_a_row_is_read() -> None:
    (ladder,) = read(ROW)

    assert ladder.routers == ["answers", "silent", Router(odd=Odd(quote=28)), "answers"]
    assert [(fault.at, fault.does, fault.status, fault.names) for fault in ladder.faults] == [(1, "drops", "fail", 1)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('name = "a', 'color = "red"\nname = "a'),
        ("quote = 28", "quotes = 28"),
        ("quote = 28", 'quote = "28"'),
        ('"silent"', '"sleepy"'),
        ('"dtls"', '"http"'),
        ('"dtls"', ""),
        ("at = 1,", "at = 1, every = 3,"),
        ("at = 1", "at = 3"),
        ("at = 1", "at = 5"),
        ("names = 1", "names = 5"),
        ("names = 1", 'names = "somebody"'),
        (", names = 1", ""),
        ("{ odd = { quote = 28 } }", "{}"),
        ("quote = 28 }", 'quote = 28 }, limit = "1/second"'),
        ('"drops"', '"rejects"'),
        ('"drops"', '"explodes"'),
        ('"answers", "silent", {', '"answers", "silent", "answers", {'),
        ("[[ladder]]", "[[ladders]]"),
    ],
)
def test_what_is_not_known_or_makes_no_sense_is_refused(before: str, after: str) -> None:
    assert before in ROW
    with pytest.raises(msgspec.ValidationError):
        read(ROW.replace(before, after))


def test_each_row_of_the_lab_has_a_name_of_its_own() -> None:
    names = [ladder.name for ladder in every_ladder()]

    assert len(names) > 20
    assert len(set(names)) == len(names)

"""A redacted run, from the network to the file: nothing of this lab is in anything that is written or printed."""

import re
from pathlib import Path

import pytest

from tests.lab.lab import FOREIGN_MAC, GATEWAY_MAC, Lab
from tests.lab.servers import LAPTOP_MAC

pytestmark = pytest.mark.lab

OF_THE_LAB = re.compile(r"192\.168\.77|198\.51\.100|02:00:00:77:00|\blab\.example", re.IGNORECASE)


@pytest.mark.parametrize("level", ["complete", "public"])
def test_what_a_run_behind_a_portal_tells(level: str) -> None:
    with Lab() as lab:
        lab.portal()
        text, document = Path(lab.folder, "run.txt"), Path(lab.folder, "run.json")
        run = lab.check("--debug", "--share", level, "-o", str(text), "-o", str(document), "--for", "fortios")
        written = [run.stdout, run.stderr, text.read_text(), document.read_text()]

    told = [bool(OF_THE_LAB.search(text)) for text in written]
    assert run.report["verdict"] == "incompatible"
    assert {row["id"]: row["status"] for row in run.report["checks"]}["portal"] == "fail"
    assert LAPTOP_MAC.startswith("02:00:00:77:00")
    assert {GATEWAY_MAC[:14], FOREIGN_MAC[:14]} == {"02:00:00:77:00"}
    assert told == [level == "complete"] * 4

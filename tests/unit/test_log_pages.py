"""What a device's log says as a page, as Markdown and as text: the same facts, and hostile lines stay text."""

from pathlib import Path

import pytest

from netpreflight.agent.judging.device_log import answered
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.results import LogAnswer
from netpreflight.probes.device_log import LogReader
from netpreflight.reports.device_log import FORMATS
from tests.unit.command import run

KEYS = Path(__file__).parent / "data" / "device-logs" / "06-p1-07-key-not-received.log"
HOSTILE = b"[hal.wlan] INFO: Joining <script>x</script>\x1b[31m](http://a) @all\n[hal.wlan] INFO: Joining b\n"


def said(log: bytes) -> LogAnswer:
    reader = LogReader(KINDS)
    reader.feed(log)
    reader.finish()
    return answered(reader.seen, "<b>.log")


@pytest.mark.parametrize("ending", [".html", ".md", ".txt"])
def test_each_format_has_the_answer_who_acts_the_lines_and_the_notes(ending: str) -> None:
    made = FORMATS[ending](said(KEYS.read_bytes()))

    for text in (
        "By its own log, the device gets no connection to its cloud (it stops at the cloud).",
        "Repair the device's keys",
        "Unable to receive key -19",
        "Looks like an error, but is none",
        "The network is ruled out",
        "it has no date",
    ):
        assert text in made.replace("&#39;", "'").replace("`", ""), text


def test_a_hostile_line_stays_text() -> None:
    answer = said(HOSTILE)
    page, markdown = FORMATS[".html"](answer), FORMATS[".md"](answer)

    assert "Joining" in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "default-src 'none'" in page.replace("&#39;", "'")
    assert "\x1b" not in markdown
    assert "`<script>" in markdown
    assert "`@all`" in markdown


def test_no_page_for_the_public_has_a_name(tmp_path: Path) -> None:
    log = tmp_path / "device.log"
    log.write_bytes(b"[hal.wlan] INFO: Joining our-lab\n[hal.wlan] ERROR: wiced_join_ap_specific(), result: 1062\n")
    pages = [tmp_path / f"answer{ending}" for ending in FORMATS]

    ran = run(
        "log", log.name, "--share", "public", *(part for page in pages for part in ("-o", page.name)), folder=tmp_path
    )

    assert ran.returncode == 1, ran.stderr
    for page in pages:
        assert "our-lab" not in page.read_text("utf-8")
        assert "stops at scan and authentication" in page.read_text("utf-8")

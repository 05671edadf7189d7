"""The run within a page: what is packed comes out again, and a hostile page is refused within limits."""

import base64
import json
import re
import tracemalloc
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.agent import profiles, report
from netpreflight.agent.report.in_page import LARGEST_PACKED, is_page, packed, unpacked
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from tests.unit import seen
from tests.unit.again import run_of, ticket_of
from tests.unit.command import refused, run
from tests.unit.samples import SAMPLES

GENERIC = profiles.load("generic")
MIB = 1 << 20


def page_with(inner: bytes) -> bytes:
    return b'<!DOCTYPE html>\n<p>x</p><template id="netpreflight-run">' + inner + b"</template>"


def deflated(document: bytes) -> bytes:
    return base64.b64encode(zlib.compress(document, 9))


@given(st.binary(max_size=2000))
def test_what_is_packed_comes_out_again(document: bytes) -> None:
    text = packed(document)

    assert text is not None
    assert re.fullmatch(r"[A-Za-z0-9+/=\n]*", text), "nothing that HTML would have to escape"
    assert unpacked(page_with(b"\r\n" + text.replace("\n", "\r\n").encode()), MIB) == document


def test_the_same_bytes_each_time() -> None:
    assert packed(b"x" * 500) == packed(b"x" * 500)


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><p>no run</p>",
        page_with(b"")[:-11],
        page_with(b""),
        page_with(b"%%%"),
        page_with(b"AAAA"),
        page_with(deflated(b"x")[:-8]),
        page_with(base64.b64encode(zlib.compress(b"x") + b"more")),
        page_with(deflated(b"x")) + page_with(deflated(b"x")),
        page_with(b"<b>" + deflated(b"x")),
        page_with(b"A" * (LARGEST_PACKED + 4)),
        page_with(b" " * (4 * LARGEST_PACKED) + deflated(b"x")),
        page_with(deflated(bytes(MIB + 1))),
    ],
    ids=[
        "none", "not-closed", "empty", "not-base64", "not-zlib", "cut", "more-after-it", "two", "markup", "long",
        "blanks", "bomb",
    ],
)  # fmt: skip
def test_any_other_page_is_refused(page: bytes) -> None:
    assert unpacked(page_with(deflated(bytes(MIB))), MIB) == bytes(MIB)
    with pytest.raises(ValueError, match="this page"):
        unpacked(page, MIB)


@pytest.mark.more
def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    bomb = page_with(deflated(bytes(128 * MIB)))  # 1000 to 1
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="larger than 1 MiB"):
            unpacked(bomb, MIB)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < 4 * MIB


@pytest.mark.parametrize("content", [b"<", b"\xef\xbb\xbf<!DOCTYPE html>", b" \n<html>", b'{"a": "<"}', b"", b"x<"])
def test_a_page_is_told_from_json_by_how_it_begins(content: bytes) -> None:
    assert is_page(content) is (content.lstrip(b"\xef\xbb\xbf \n")[:1] == b"<")


class _Templates(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._inside = False
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self._inside = tag == "template"

    def handle_endtag(self, _tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.append(data)


def in_templates(page: str) -> list[str]:
    """The texts in the templates of a page, as somebody else's parser reads it."""
    parser = _Templates()
    parser.feed(page)
    parser.close()
    return parser.texts


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_page_of_a_run_has_what_its_json_has(sample: Path) -> None:
    made = ticket_of(report.load(sample)[0], GENERIC)
    page = FORMATS[".html"](made)
    (text,) = in_templates(page)

    inside = json.loads(zlib.decompress(base64.b64decode(text)))
    document = json.loads(FORMATS[".json"](made))
    assert inside["checks"] == [{"id": check["id"], "status": check["status"]} for check in document["checks"]]
    assert {**inside, "checks": None} == {name: document[name] for name in inside} | {"checks": None}
    assert inside["sharing"] == "ticket"
    assert "judges this page again" in page
    assert len(text) < LARGEST_PACKED + 2100


def test_a_page_for_the_public_has_no_run_and_says_so(tmp_path: Path) -> None:
    made = report.make(run_of(seen.healthy()), GENERIC)
    file = tmp_path / "page.html"
    file.write_text(FORMATS[".html"](shared(made, "public", GENERIC)))

    assert "<template" not in file.read_text()
    assert "cannot judge it again" in file.read_text()
    refused("report", str(file), says=("no run in it", "complete JSON"))


def test_a_complete_page_has_the_complete_run(tmp_path: Path) -> None:
    page, again = tmp_path / "page.html", tmp_path / "again.json"
    sample = str(SAMPLES[0])
    ran = run("report", sample, "--share", "complete", "-o", str(page))

    assert run("report", str(page), "-o", str(again)).returncode == ran.returncode
    assert (
        json.loads(again.read_text())["observations"]
        == json.loads(FORMATS[".json"](report.make(report.load(Path(sample))[0], GENERIC)))["observations"]
    )


@pytest.mark.more
def test_a_run_too_large_for_a_page_is_left_out_and_the_page_says_so(tmp_path: Path) -> None:
    noise = iter(range(1 << 24))

    def digest() -> str:
        return f"{zlib.crc32(next(noise).to_bytes(4)):08x}"

    lot = [
        seen.bss(6, ssid="Home", bssid=f"02:{digest()[:2]}:{digest()[:2]}:00:{n >> 8:02x}:{n & 255:02x}",
                 contradictions=[" ".join(digest() for _ in range(40))])
        for n in range(2500)
    ]  # fmt: skip
    made = ticket_of(run_of(seen.healthy(wifi=seen.wifi(*lot))), GENERIC)
    page, document = tmp_path / "page.html", tmp_path / "run.json"
    page.write_text(FORMATS[".html"](made))
    document.write_text(FORMATS[".json"](made))

    assert made.judgeable
    assert "<template" not in page.read_text()
    assert "attach the run" in page.read_text()
    refused("report", str(page), says=("no run in it",))
    assert run("report", str(document)).returncode == 0


def test_no_text_of_a_run_can_be_taken_for_the_element(tmp_path: Path) -> None:
    name = '<template id="netpreflight-run">'
    wifi = seen.wifi(seen.bss(ssid=name, ssid_hex=name.encode().hex()), target=name)
    made = ticket_of(run_of(seen.healthy(wifi=wifi)), GENERIC)
    page = tmp_path / "page.html"
    page.write_text(FORMATS[".html"](made))

    saved, _ = report.load(page)
    assert saved.observations.wifi is not None
    assert saved.observations.wifi.target == name

"""Judging the air: names that a device cannot join, or that people mistake."""

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.wifi.elements import ssid_text
from tests.unit.air import (
    ADMIN,
    HEALTHY,
    HIDDEN,
    HIGH,
    OTHER,
    OWNER,
    Case,
    bss,
    check,
    each,
    sound,
    text_of,
    verify,
    wifi,
)
from tests.unit.seen import healthy

# --- wifi.ssid -----------------------------------------------------------------------------------------------------


def named(name: bytes, *others: Bss) -> Wifi:
    return wifi(bss(name=name), *others, target=ssid_text(name))


OTHERS = ("generic", "photon")
SSID = [
    Case("plain", "ssid", named(b"net"), "pass"),
    Case("32-bytes", "ssid", named(b"x" * 32), "pass"),
    Case("space-inside", "ssid", named(b"my net"), "pass"),
    Case("on-5-only", "ssid", wifi(HIGH), "pass"),
    Case("comma-argon", "ssid", named(b"a,b"), "fail", ("comma", "scan parser", "Rename"), ADMIN, ("argon",)),
    Case("comma", "ssid", named(b"a,b"), "warn", ("commas",), OWNER, OTHERS),
    Case("leading-space", "ssid", named(b" net"), "warn", ("begins or ends with a space",), OWNER),
    Case("trailing-space", "ssid", named(b"net "), "warn", ("begins or ends with a space",), OWNER),
    Case("emoji", "ssid", named("caf\N{HOT BEVERAGE}".encode()), "warn", ("outside ASCII",), OWNER),
    Case("umlaut", "ssid", named("M\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen".encode()), "warn", ("outside ASCII",)),
    Case("control", "ssid", named(b"a\x1b[31mb"), "warn", ("control characters",), OWNER),
    Case("nul", "ssid", named(b"a\0b"), "warn", ("control characters",), OWNER),
    Case("not-utf-8", "ssid", named(b"a\xff\xfe"), "warn", ("no text (UTF-8)",), OWNER),
    Case("quotes", "ssid", named(b'a"b'), "warn", ("quotes",), OWNER),
    Case("backslash", "ssid", named(b"a\\b"), "warn", ("backslashes",), OWNER),
    Case("33-bytes", "ssid", named(b"x" * 33), "warn", ("33 bytes long",), OWNER),
    Case("twin-case", "ssid", named(b"net", bss(name=b"Net")), "warn", ("'Net' looks alike",), OWNER),
    Case("twin-hyphen", "ssid", named(b"my net", bss(name=b"my-net")), "warn", ("'my-net' looks alike",), OWNER),
    Case("twin-0-and-O", "ssid", named(b"H0ME", bss(name=b"HOME")), "warn", ("'HOME' looks alike",), OWNER),
    Case("twin-1-and-I", "ssid", named(b"NET1", bss(name=b"NETI")), "warn", ("looks alike",), OWNER),
    Case("no-twin", "ssid", named(b"net", OTHER, HIDDEN, bss(ssid=None), HIGH), "pass"),
]  # fmt: skip


@each(SSID)
def test_ssid(case: Case, device: str) -> None:
    verify(case, device)


SSID_MORE = [
    Case("twin-1-and-l", "ssid", named(b"Cafe1", bss(name=b"Cafel")), "warn", ("looks alike",), devices=("generic",)),
    Case("twin-I-and-l", "ssid", named(b"Il", bss(name=b"ll")), "warn", ("looks alike",), devices=("generic",)),
    Case("joined-emoji-are-no-control-characters", "ssid", named("\U0001f468\u200d\U0001f469\u200d\U0001f467".encode()),
         "warn", ("outside ASCII",), devices=("generic",), never=("control",)),
    Case("bytes-not-given", "ssid", wifi(bss(ssid_hex=None)), "pass", devices=("generic",)),
]  # fmt: skip


@each(SSID_MORE)
def test_ssid_more(case: Case, device: str) -> None:
    verify(case, device)


def test_the_bytes_of_a_name_are_evidence_or_left_out() -> None:
    assert check("wifi.ssid", named(b"a\xffb")).evidence == ["3 bytes: 61 ff 62"]
    assert check("wifi.ssid", wifi(bss(ssid_hex=None))).evidence != ["0 bytes: "]


def test_a_saved_report_with_bytes_that_are_none_is_no_internal_error() -> None:
    sound(check("wifi.ssid", wifi(bss(ssid_hex="zz"))))


def test_a_contradiction_is_evidence() -> None:
    seen = wifi(bss(contradictions=["DS says 6, HT Operation says 5: DS is taken"]))

    for one in ("wifi.band", "wifi.channel", "wifi.ssid"):
        assert "DS is taken" in "\n".join(check(one, seen).evidence)


@pytest.mark.parametrize(
    ("device", "version", "status", "says"),
    [
        ("generic", None, "warn", "typed"),
        ("photon", None, "warn", "cipher"),
        ("argon", "4.2.0", "fail", "5.5.0"),
        ("argon", "5.4.0", "fail", "Device OS 5.4.0"),
        ("argon", "5.5.0", "warn", "typed"),
        ("argon", None, "warn", "typed"),
        ("photon2", "5.4.0", "fail", "5.5.0"),
        ("photon2", "5.5.0", "warn", "5.7.0"),
        ("photon2", "5.7.0", "warn", "typed"),
        ("core", None, "warn", "by hand"),
    ],
)
def test_a_hidden_name(device: str, version: str | None, status: str, says: str) -> None:
    profile = profiles.load(device, version)
    made = judge_one("wifi.ssid", healthy(wifi=wifi(bss(hidden=True))), profile, Selection())

    assert made.status == status
    assert says in text_of(made)
    sound(made)


@pytest.mark.parametrize(
    ("value", "certainty", "heard", "status"),
    [
        ("no", "confirmed", bss(hidden=True), "fail"),
        ("no", "inferred", bss(hidden=True), "fail"),
        ("no", "unconfirmed", bss(hidden=True), "unknown"),
        ("no", "unconfirmed", HEALTHY, "pass"),
        ("yes", "confirmed", bss(hidden=None), "pass"),
        ("yes", "unconfirmed", bss(hidden=None), "warn"),
    ],
)
def test_a_hidden_name_is_judged_as_surely_as_it_is_known(value: str, certainty: str, heard: Bss, status: str) -> None:
    generic = profiles.load("generic")
    fact = msgspec.structs.replace(generic.radio.hidden, value=value, certainty=certainty)
    profile = msgspec.structs.replace(generic, radio=msgspec.structs.replace(generic.radio, hidden=fact))
    made = judge_one("wifi.ssid", healthy(wifi=wifi(heard)), profile, Selection())

    assert made.status == status, made
    sound(made)


def test_of_two_access_points_the_one_with_its_name_counts() -> None:
    assert check("wifi.ssid", wifi(bss(hidden=True, signal_dbm=-30.0), HEALTHY), "argon 4.2.0").status == "pass"


@pytest.mark.parametrize(
    ("name", "other"), [("Customer", "\u0421ustomer"), ("cafe", "caf\u0435"), ("NET-1", "net 1"), ("|o", "l0")]
)
def test_look_alikes_of_other_alphabets(name: str, other: str) -> None:
    assert "looks alike" in text_of(check("wifi.ssid", named(name.encode(), bss(name=other.encode()))))


@pytest.mark.parametrize("other", ["nets", "net-5G", "nit", "neti"])
def test_other_names_are_no_look_alikes(other: str) -> None:
    assert check("wifi.ssid", named(b"net", bss(name=other.encode()))).status == "pass"


def test_text_that_reads_as_bytes_is_told_from_bytes() -> None:
    seen = wifi(bss(name=b"caf\xe9"), bss(name=b"caf\\xe9"), target="caf\\xe9")
    made = check("wifi.ssid", seen)

    assert made.status == "warn"
    assert "2 names of different bytes" in made.summary


@pytest.mark.parametrize(
    ("device", "status"), [("generic", "pass"), ("photon", "pass"), ("argon", "pass"), ("argon 4.2.0", "unknown")]
)
def test_a_network_whose_beacons_were_not_heard(device: str, status: str) -> None:
    made = check("wifi.ssid", wifi(bss(hidden=None)), device)

    assert made.status == status
    assert "beacon" in made.summary or status == "pass"

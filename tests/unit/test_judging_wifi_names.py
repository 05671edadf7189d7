"""Judging the air: names that a device cannot join, or that people mistake."""

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.wifi.elements import ssid_text
from tests.unit.air import (
    ADMIN,
    DEVICES,
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
    verify,
    wifi,
)
from tests.unit.seen import healthy

# --- wifi.ssid -----------------------------------------------------------------------------------------------------


def named(name: bytes, *others: Bss) -> Wifi:
    return wifi(bss(name=name), *others, target=ssid_text(name))


OTHERS = ("generic", "photon")
SSID = [
    Case("plain", "ssid", named(b"net"), "pass", evidence=("3 bytes: 6e 65 74",)),
    Case("32-bytes", "ssid", named(b"x" * 32), "pass"),
    Case("space-inside", "ssid", named(b"my net"), "pass"),
    Case("on-5-only", "ssid", wifi(HIGH), "pass"),
    Case("bytes-not-given", "ssid", wifi(bss(ssid_hex=None)), "pass"),
    Case("no-twin", "ssid", named(b"net", OTHER, HIDDEN, bss(ssid=None), HIGH), "pass"),
    Case("comma-argon", "ssid", named(b"a,b"), "fail", "refused-character", ADMIN, ("argon",), ("3 bytes: 61 2c 62",)),
    Case("comma", "ssid", named(b"a,b"), "warn", "odd-name", OWNER, OTHERS, ("3 bytes: 61 2c 62",)),
]  # fmt: skip
ODD = {
    "begins or ends with a space": (b" net", b"net "),
    "characters outside ASCII": (
        "caf\N{HOT BEVERAGE}".encode(),
        "M\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen".encode(),
        "\U0001f468\u200d\U0001f469\u200d\U0001f467".encode(),  # joined emoji are no control characters
    ),
    "invisible characters that set the direction of text": ("a\u202eb".encode(),),
    "control characters": (b"a\x1b[31mb", b"a\0b"),
    "bytes that are not valid UTF-8": (b"a\xff\xfe",),
    "quotes": (b'a"b', b"it's"),
    "backslashes": (b"a\\b",),
    "commas": (b"a,b",),
    "33 bytes long, more than the 32 allowed": (b"x" * 33,),
}


@each(SSID)
def test_ssid(case: Case, device: str) -> None:
    verify(case, device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("oddity", "name"), [(oddity, name) for oddity, names in ODD.items() for name in names])
def test_what_is_easily_typed_wrong(oddity: str, name: bytes, device: str) -> None:
    made = check("wifi.ssid", named(name), device)

    if (oddity, device) == ("commas", "argon"):
        assert (made.status, made.problem) == ("fail", "refused-character")
        return
    assert (made.status, made.problem, made.owner) == ("warn", "odd-name", OWNER)
    assert made.summary.endswith(f": {oddity}")
    sound(made)


TWINS = [
    ("net", "Net"),
    ("my net", "my-net"),
    ("H0ME", "HOME"),
    ("NET1", "NETI"),
    ("Cafe1", "Cafel"),
    ("Il", "ll"),
    ("Customer", "\u0421ustomer"),
    ("cafe", "caf\u0435"),
    ("NET-1", "net 1"),
    ("|o", "l0"),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "other"), TWINS)
def test_look_alikes(name: str, other: str, device: str) -> None:
    made = check("wifi.ssid", named(name.encode(), bss(name=other.encode())), device)

    assert (made.status, made.problem, made.owner) == ("warn", "look-alike", OWNER)
    assert in_quotes(other) in made.summary
    sound(made)


def test_the_bytes_of_a_name_are_evidence_or_left_out() -> None:
    assert check("wifi.ssid", named(b"a\xffb")).evidence == ["3 bytes: 61 ff 62"]
    assert check("wifi.ssid", wifi(bss(ssid_hex=None))).evidence != ["0 bytes: "]


def test_a_saved_report_with_bytes_that_are_none_is_no_internal_error() -> None:
    sound(check("wifi.ssid", wifi(bss(ssid_hex="zz"))))


def test_a_contradiction_is_evidence() -> None:
    seen = wifi(bss(contradictions=["DS says 6, HT Operation says 5: DS is taken"]))

    for name in ("wifi.band", "wifi.channel", "wifi.ssid"):
        assert "DS is taken" in "\n".join(check(name, seen).evidence)


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

    assert (made.status, made.problem) == (status, "hidden-name")
    assert says in f"{made.reason} {made.remedy}"
    sound(made)


@pytest.mark.parametrize(
    ("value", "certainty", "heard", "status", "problem"),
    [
        ("no", "confirmed", bss(hidden=True), "fail", "hidden-name"),
        ("no", "inferred", bss(hidden=True), "fail", "hidden-name"),
        ("no", "unconfirmed", bss(hidden=True), "unknown", "hidden-name"),
        ("no", "unconfirmed", HEALTHY, "pass", None),
        ("yes", "confirmed", bss(hidden=None), "pass", None),
        ("yes", "unconfirmed", bss(hidden=None), "warn", "unconfirmed"),
    ],
)
def test_a_hidden_name_is_judged_as_surely_as_it_is_known(
    value: str, certainty: str, heard: Bss, status: str, problem: str | None
) -> None:
    generic = profiles.load("generic")
    fact = msgspec.structs.replace(generic.radio.hidden, value=value, certainty=certainty)
    profile = msgspec.structs.replace(generic, radio=msgspec.structs.replace(generic.radio, hidden=fact))
    made = judge_one("wifi.ssid", healthy(wifi=wifi(heard)), profile, Selection())

    assert (made.status, made.problem) == (status, problem), made
    sound(made)


def test_of_two_access_points_the_one_with_its_name_counts() -> None:
    assert check("wifi.ssid", wifi(bss(hidden=True, signal_dbm=-30.0), HEALTHY), "argon 4.2.0").status == "pass"


@pytest.mark.parametrize("other", ["nets", "net-5G", "nit", "neti"])
def test_other_names_are_no_look_alikes(other: str) -> None:
    assert check("wifi.ssid", named(b"net", bss(name=other.encode()))).status == "pass"


def test_text_that_reads_as_bytes_is_told_from_bytes() -> None:
    seen = wifi(bss(name=b"caf\xe9"), bss(name=b"caf\\xe9"), target="caf\\xe9")
    made = check("wifi.ssid", seen)

    assert (made.status, made.problem) == ("warn", "odd-name")
    assert made.evidence == ["4 bytes: 63 61 66 e9", "7 bytes: 63 61 66 5c 78 65 39"]


@pytest.mark.parametrize(
    ("device", "status"), [("generic", "pass"), ("photon", "pass"), ("argon", "pass"), ("argon 4.2.0", "unknown")]
)
def test_a_network_whose_beacons_were_not_heard(device: str, status: str) -> None:
    made = check("wifi.ssid", wifi(bss(hidden=None)), device)

    assert (made.status, made.problem) == (status, "not-told" if status == "unknown" else None)

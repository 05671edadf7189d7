"""Sharing: what a level hides is in no output, in no form; what it keeps is; and a report says what it is."""

import html
import itertools
import json
import re
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report, SharedLevel
from netpreflight.agent.report.in_page import unpacked
from netpreflight.agent.report.report import run_of as ticket_run
from netpreflight.probes.observations import (
    Attempt,
    Bss,
    Contact,
    DhcpMessage,
    Fault,
    Neighbor,
    Observations,
    Portal,
    PortalApi,
    Privileges,
    Proxy,
    Scope,
    Wifi,
)
from netpreflight.reports import FORMATS
from netpreflight.reports.firewall import DIALECTS
from netpreflight.reports.sharing import HIDDEN, hidden, shared
from netpreflight.reports.terminal import Terminal
from netpreflight.reports.words import TOLD
from tests.unit import seen
from tests.unit.filled import Filler, canary, forms
from tests.unit.hostile import HOSTILE, SLOW, planted
from tests.unit.partly import first, partly
from tests.unit.places import EACH_DEVICE, PLACES, broken, of
from tests.unit.rendered import Screen, on_terminal, raw, without_codes
from tests.unit.reveals import SECRET, bare_texts, every_struct

T = TypeVar("T")
IN_FAST = {(True, 0)}
VARIANTS = [
    (ran, choice) if (ran, choice) in IN_FAST else pytest.param(ran, choice, marks=pytest.mark.more)
    for ran in (True, False)
    for choice in range(4)
]
NEIGHBOURS = {"Bss.ssid", "Bss.ssid_hex", "Bss.bssid", "Neighbor.bssid", "HiddenName.looks"}


def outputs(made: Report) -> dict[str, str]:
    every = {name: render(made, list(DIALECTS)) for name, render in FORMATS.items()}
    page = every[".html"].encode()
    within = {"in the page": unpacked(page, len(page) << 8).decode()} if b"<template" in page else {}
    return {**every, "terminal": on_terminal(made), **within}


def flat(text: str) -> str:
    """Without the line breaks of a table or terminal."""
    return re.sub(r"\s+", " ", text).lower()


@pytest.mark.parametrize("kind", sorted(every_struct(Observations, {Contact}), key=str))
def test_every_text_of_an_observation_says_what_it_may_reveal(kind: type[Struct]) -> None:
    assert not [field.name for field in msgspec.structs.fields(kind) if bare_texts(field.type)]


def test_a_text_that_does_not_say_it_would_be_found() -> None:
    assert bare_texts(str | None)
    assert bare_texts(list[str])
    assert bare_texts(Annotated[list[str], msgspec.Meta(max_length=3)])


@pytest.mark.parametrize("device", EACH_DEVICE)
@pytest.mark.parametrize(("ran", "choice"), VARIANTS)
def test_no_canary_gets_out(device: str, ran: bool, choice: int) -> None:  # noqa: FBT001 - a variant
    filler = Filler(ran=ran, choice=choice)
    made = msgspec.structs.replace(of(filler.observations(), filler.footprint(), device), **filler.labels())
    assert len(filler.planted) > 150

    complete = FORMATS[".json"](made)
    for where, _, text in filler.planted:
        assert json.dumps(text)[1:-1] in complete, where
    for level, kinds in SECRET.items():
        secret = {
            form: where
            for where, what, text in filler.planted
            if what in kinds or (level == "ticket" and where in NEIGHBOURS)
            for form in forms(text)
        }
        shown = shared(made, level, profiles.load(device))
        assert level == "public" or shown.judgeable is not UNSET
        for name, output in outputs(shown).items():
            text = flat(output)
            for form, where in secret.items():
                assert form not in text, (level, name, where, form)
            if level == "public":
                for part in ("canary", "ca:fe", "ca-fe", "cafe", "10.203.", "45.203.", "203.10.", "203.45.", "cacaca"):
                    assert part not in text, (name, part, text[max(0, text.find(part) - 200) :][:400])
            assert not re.search(r"canaryquery|canaryuser|/home/canary|b'canary", text), (level, name)


@pytest.mark.more
@pytest.mark.parametrize("device", EACH_DEVICE)
def test_no_canary_gets_out_of_what_is_made_of_a_ticket(device: str) -> None:
    filler, profile = Filler(ran=True, choice=0), profiles.load(device)
    ticket = shared(of(filler.observations(), filler.footprint(), device), "ticket", profile)
    again = report.make(ticket_run(ticket), profile)

    assert (again.sharing, again.judgeable) == ("ticket", ticket.judgeable)
    for level, kinds in SECRET.items():
        secret = {form for _, what, text in filler.planted if what in kinds for form in forms(text)}
        for name, output in outputs(shared(again, level, profile)).items():
            text = flat(output)
            assert not [form for form in secret if form in text], (level, name)
    public = FORMATS[".json"](shared(again, "public", profile))
    assert '"sharing": "public"' in public
    assert "hidden_name" not in public


def test_what_was_sent_and_how_large_it_was_has_canaries_too() -> None:
    filler = Filler(ran=True, choice=0)
    observed, (contact,) = filler.observations(), filler.footprint()

    assert observed.path is not None
    assert observed.mapping is not None
    for target in observed.path.targets:
        assert target.whole is not None
        assert [bool(probe.source and probe.icmp and probe.icmp.source) for probe in target.whole.probes] == [
            True,
            True,
        ]
    assert observed.mapping.largest > 0
    assert len(contact.shapes) == 2
    planted = [text for where, what, text in filler.planted if (where, what) == ("Contact.shapes", "nothing")]
    assert planted == contact.shapes
    for level in TOLD:
        assert shared(of(observed, [contact]), level).footprint[0].shapes == contact.shapes


@pytest.mark.parametrize("level", ["ticket", "public"])
def test_a_bss_in_the_footprint_has_the_token_that_it_has_on_the_air(level: SharedLevel) -> None:
    bssid = "de:ad:be:ef:00:07"
    observed = Observations(
        scope=Scope(os="linux"),
        wifi=Wifi(bss=[Bss(bssid=bssid, ssid="Home", ssid_hex=b"Home".hex(), frequency_mhz=2412, channel=1)]),
    )
    sent = Contact(protocol="802.11", host=None, address=bssid, port=0, packets=2, bytes=0, purpose="join")

    made = shared(of(observed, [sent]), level)

    assert made.observations.wifi is not None
    assert made.footprint[0].address == made.observations.wifi.bss[0].bssid != bssid


TOLD_OF_A_PLACE = {
    "Home": "Hq7Vx",
    "192.168.77.": "10.203.4.",
    "198.51.100.": "45.203.8.",
    "203.0.113.": "46.7.9.",
    "02:00:00:00:00:": "de:ad:be:ef:00:",
    "portal.hotel.example": "wifi.acme.example",
    "guest-room-12": "office-404",
    "Hello, Bob": "Dear Alice, your lease",
    "wg-acme": "vpn-of-bob-1",
    "enx020000000001": "enxdeadbeef0001",
}
"""What stands in a run made at one place, and what would at another."""


def elsewhere(made: T) -> T:
    """The same, made at another place."""
    text = msgspec.json.encode(made).decode()
    for here, there in TOLD_OF_A_PLACE.items():
        text = text.replace(here, there).replace(here.encode().hex(), there.encode().hex())
    return msgspec.json.decode(text, type=list[Contact] if isinstance(made, list) else type(made))  # type: ignore[return-value]  # the same type


@pytest.mark.parametrize("device", EACH_DEVICE)
@pytest.mark.parametrize("changed", partly({"neighbours", "path-blocked"}, PLACES))
def test_a_public_report_is_the_same_wherever_it_was_made(changed: dict[str, Any], device: str) -> None:
    here = broken(**changed)
    usual: dict[str, Any] = {"packets": 1, "bytes": 64, "purpose": "portal"}
    contacts = [
        Contact(protocol="tcp", host="portal.hotel.example", address="203.0.113.7", port=443, **usual),
        Contact(protocol="udp", host=None, address="192.168.77.1", port=53, **usual, shapes=["DNS query"]),
    ]
    there = elsewhere(contacts)
    first, other = of(here, contacts, device), of(elsewhere(here), there, device)
    assert FORMATS[".json"](first) != FORMATS[".json"](other)

    public = shared(first, "public")

    assert shared(other, "public") == public, "and so is whatever is rendered of it"
    text = flat(FORMATS[".json"](public))
    for secret in TOLD_OF_A_PLACE:
        assert not re.search(rf"(?<![\w.]){re.escape(secret.lower())}", text), secret


# --- two reports of one place ------------------------------------------------------------------------------------


def precise(*, jitter: int, order: int = 0) -> Observations:
    """One site, run twice: what is measured differs a little, in a range that rounding takes away, and so do ids."""
    lot = [
        seen.bss(
            1 + 5 * (n % 3), ssid=f"Flat {n}", bssid=f"02:00:00:00:01:{n:02x}", signal_dbm=-41 - 5 * n + jitter % 2
        )
        for n in range(6)
    ]
    if order:
        lot = lot[order:] + lot[:order]
    wifi = seen.wifi(*lot, target=None, target_from=None)
    made = seen.healthy(wifi=wifi, ntp=seen.ntp(msgspec.structs.replace(seen.GOOD_NTP, offset_s=0.0127 + jitter / 1e3)))
    assert made.dhcp is not None
    made.dhcp.received = [
        msgspec.structs.replace(message, xid=0x5EC2E7A0 + jitter * 77 + at)
        for at, message in enumerate(made.dhcp.received)
    ]
    assert made.cloud is not None
    made.cloud.endpoints = [
        msgspec.structs.replace(
            endpoint,
            attempts=[
                msgspec.structs.replace(attempt, at_s=attempt.at_s + 0.0013 + jitter / 1e4, rtt_ms=21.37 + jitter / 7)
                for attempt in endpoint.attempts
            ],
            connections=[
                msgspec.structs.replace(connection, at_s=1.0013 + jitter / 1e4, connect_ms=23.4567 + jitter / 9)
                for connection in endpoint.connections
            ],
        )
        for endpoint in made.cloud.endpoints
    ]
    return made


def test_a_forged_time_too_large_to_round_is_shared() -> None:
    forged = precise(jitter=0)
    assert forged.dhcp is not None
    forged.dhcp.received = [msgspec.structs.replace(message, at_s=1.7e308) for message in forged.dhcp.received]

    again = shared(of(forged), "public").observations.dhcp

    assert again is not None
    assert {message.at_s for message in again.received} == {0}


def public_of(observed: Observations, device: str, started: str = "2026-01-02T03:04:05Z") -> str:
    made = msgspec.structs.replace(of(observed, device=device), started=started)
    return "\n".join(outputs(shared(made, "public")).values())


@pytest.mark.more
@pytest.mark.parametrize("device", EACH_DEVICE)
def test_two_public_reports_of_a_place_are_not_linked_by_what_was_measured(device: str) -> None:
    first, second = precise(jitter=0), precise(jitter=1, order=4)
    complete = [FORMATS[".json"](of(observed, device=device)) for observed in (first, second)]

    assert complete[0] != complete[1]
    assert public_of(first, device) == public_of(second, device, "2026-01-02T03:59:00Z")


def test_no_exact_value_is_in_a_public_report() -> None:
    observed = precise(jitter=0)
    exact = ["21.37", "23.4567", "1.0013", "0.0127", "-41", "-46", "03:04:05", str(0x5EC2E7A0), "0.013 s", "23 ms"]
    complete = "\n".join(outputs(of(observed, device="photon")).values())
    public = public_of(observed, "photon")

    assert not [value for value in exact if value not in complete]
    assert not [value for value in exact if re.search(rf"(?<![\w.]){re.escape(value)}(?!\d)", public)]
    assert "2026-01-02T03:00:00Z" in public
    assert "-40 dBm" in public
    limits = "at least -82 dBm; Below -67 dBm; demands only -82 dBm; -67 dBm is the usual design value"
    assert shown_detail(limits) == limits, "limits of checks are the same everywhere"
    assert shown_detail("-67 dBm, 14 ms") == "-65 dBm, 10 ms"


@pytest.mark.parametrize("order", [1, 3, 5])
def test_the_order_in_which_access_points_were_heard_is_not_told(order: int) -> None:
    made = shared(of(precise(jitter=0, order=order)), "public")
    assert made.observations.wifi is not None

    numbers = [int(str(bss.ssid).removeprefix("net-")) for bss in made.observations.wifi.bss]
    assert numbers == sorted(numbers)
    assert made == shared(of(precise(jitter=0)), "public")


def test_transaction_ids_tell_what_is_one_exchange_and_nothing_else() -> None:
    given = [0xDEADBEEF, 0xDEADBEEF, 0, 0x12345678, 0xDEADBEEF]
    observed = seen.healthy(dhcp=seen.dhcp(*(seen.message(xid=xid) for xid in given)))
    made = shared(of(observed), "public").observations.dhcp

    assert made is not None
    assert [message.xid for message in made.received] == [1, 1, 0, 2, 1]


@cache
def public_with_vpn(name: str, *, has_gateway: bool) -> str:
    observed = seen.healthy()
    observed.scope.vpn, observed.scope.tunnels = name, [name]
    observed.scope.interfaces = ["lo", "eth0", name]
    if not has_gateway:
        observed.scope.gateway = None
    return "\n".join(outputs(shared(of(observed), "public")).values())


@pytest.mark.parametrize("vpn", partly({"q"}, ["x1", "q", "zt", "on", "vpn", "home", "acme 1"]))
@pytest.mark.parametrize("has_gateway", [True, False])
def test_a_vpn_is_hidden_however_short_its_name(vpn: str, has_gateway: bool) -> None:  # noqa: FBT001 - a variant
    found = public_with_vpn(vpn, has_gateway=has_gateway)

    assert found == public_with_vpn("wg-acme-office", has_gateway=has_gateway)


@pytest.mark.parametrize(
    "url",
    first(
        3,
        [
            "acme-badge://login.acme.example/x",
            "http://acme.example:badge/x",
            "http://[acme/x",
            "acme-badge:login",
            "http://acme.example:badge room/x",
            "acme.example:badge",
            "//acme.example:badge",
            "mailto:bob@acme.example",
        ],
    ),
)
@pytest.mark.parametrize(
    "where", ["redirect", *(pytest.param(where, marks=pytest.mark.more) for where in ("api", "proxy", "words"))]
)
def test_no_scheme_and_no_bad_port_is_told(url: str, where: str) -> None:
    changed: dict[str, Any] = {}
    if where == "redirect":
        changed["portal"] = seen.portal({"status": 302, "location": url, "body": ""})
    elif where == "api":
        changed["portal"] = seen.portal(api=PortalApi(url=url, captive=True, portal_url=url))
    elif where == "words":
        why = f"the probe failed: ValueError: Port could not be cast to integer value as {url!r}"
        changed["portal"] = Portal(not_run=why)
    observed = seen.healthy(**changed)
    if where == "proxy":
        observed.scope.proxy = [Proxy(variable="http_proxy", value=url)]
    made = of(observed)

    assert "acme" in FORMATS[".json"](made)
    for name, text in outputs(shared(made, "public")).items():
        assert not re.search(r"acme|badge|bob", text), name


@pytest.mark.parametrize(
    "text",
    partly(
        {"badge room", "'\"badge'\""},
        ["badge room", "it's badge's", 'a "badge"', "'\"badge'\"", "badge\nroom", "\\badge"],
    ),
)
@pytest.mark.parametrize(
    "words", ["Port could not be cast to integer value as {!r}", "no {!r} in {!r}, which says {!r}"]
)
def test_what_an_error_quotes_is_not_told_in_any_words(words: str, text: str) -> None:
    attempt = Attempt(at_s=0, address="10.9.9.9", port=1, outcome="error", detail=words.format(text, text, text))
    made = of(seen.healthy(coap=seen.coap([attempt]), ntp=seen.ntp(outcome="error", detail=attempt.detail)))

    assert "badge" in FORMATS[".json"](made)
    for name, output in outputs(shared(made, "public")).items():
        assert "badge" not in output, name


FAULT = Fault(type="ValueError", message="Port could not be cast to integer value as 'badge room'")


@pytest.mark.parametrize("why", ["the probe failed: ValueError: {}", "netpreflight failed here: ValueError: {}", "{}"])
def test_the_message_of_an_internal_error_is_not_told(why: str) -> None:
    seen_portal = Portal(not_run=why.format(FAULT.message), fault=FAULT)
    made = of(seen.healthy(portal=seen_portal))

    assert "badge" in FORMATS[".json"](made)
    for name, text in outputs(shared(made, "public")).items():
        assert "badge" not in text, name
        assert "ValueError" in text or name != ".json"


SHORT = [
    "e",
    "5",
    "the",
    "The",
    "cloud",
    "WPA2",
    "pass",
    "on",
    "to",
    "ssid",
    "net-1",
    "GHz",
    "192",
    "channel",
    "netpreflight",
]


@cache
@cache
def public_with_name(ssid: str, device: str) -> str:
    other = seen.bss(1, ssid=f"{ssid}x", bssid="02:00:00:00:00:77")
    made = seen.healthy(wifi=seen.wifi(seen.bss(ssid=ssid), other, target=ssid, associated_ssid=ssid))
    made.scope.ssid = ssid
    return FORMATS[".json"](shared(of(made, device=device), "public"))


@pytest.mark.parametrize("name", first(4, SHORT))
@pytest.mark.parametrize("device", EACH_DEVICE)
def test_a_name_is_hidden_exactly_however_common(name: str, device: str) -> None:
    assert public_with_name(name, device) == public_with_name("Zq7Vxq", device)


@pytest.mark.parametrize(
    "name", first(5, ["b'", "a' and 'b", "x::1", "Flat b", "e", "b", "it's", "10.0.0.1", *SHORT[1:]])
)
@pytest.mark.parametrize("device", EACH_DEVICE)
def test_a_ticket_has_the_sentences_of_this_network_as_they_are(name: str, device: str) -> None:
    made = of(seen.healthy(wifi=seen.wifi(seen.bss(ssid=name), target=name)), device=device)

    kept = shared(made, "ticket")

    assert (kept.headline, kept.checks, kept.startup, kept.notes) == (
        made.headline,
        made.checks,
        made.startup,
        made.notes,
    )


@settings(max_examples=40)
@given(st.text(st.sampled_from("abcdefgXYZ02689"), min_size=1, max_size=32))
def test_a_public_report_does_not_depend_on_the_name(name: str) -> None:
    def named(ssid: str) -> str:
        return FORMATS[".json"](shared(of(seen.healthy(wifi=seen.wifi(seen.bss(ssid=ssid), target=ssid))), "public"))

    assert named(name) == named("Zq7Vxq")


ODD = {
    **HOSTILE,
    "bytes": r"caf\xe9\xff",
    "quotes": "a' is on 'b",
    "quote": "'",
    "table": "a|b\n|c|",
    "link": "[x](javascript:alert(1))",
    "space": " canary ",
}


@pytest.mark.parametrize("name", partly({"quote", "table", "link", "space"}, ODD))
@pytest.mark.parametrize("level", TOLD)
def test_an_odd_name_is_hidden_too(level: SharedLevel, name: str) -> None:
    """As the network that is judged (public), and as a neighbour that looks like it (ticket)."""
    raw = name.encode()
    odd = seen.bss(ssid=name, ssid_hex=raw.hex())
    heard = [odd] if level == "public" else [seen.bss(), odd]
    made = of(seen.healthy(wifi=seen.wifi(*heard, target=heard[0].ssid)))

    again = json.loads(FORMATS[".json"](shared(made, level)))

    secret = name.strip()
    texts = list(every_text(again))
    assert len(texts) > 100
    assert not [text for text in texts if f"'{name}'" in text or (len(secret) > 2 and secret in text)]
    assert len(raw) == 1 or raw.hex() not in json.dumps(again)
    assert raw.hex(" ") not in [text.partition("bytes: ")[2] for text in texts]


def every_text(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for element in value.values():
            yield from every_text(element)
    elif isinstance(value, list):
        for element in value:
            yield from every_text(element)


def test_a_ticket_keeps_what_support_needs_and_hides_the_rest() -> None:
    observed = broken(**PLACES["redirected"])
    assert observed.wifi is not None
    own = Neighbor(operating_class=115, channel=36, bssid="06:00:00:00:00:36", same_ssid=True)
    other = Neighbor(operating_class=115, channel=40, bssid="3c:37:12:00:00:40", same_ssid=False)
    observed.wifi.bss.append(seen.bss(11, ssid="The Millers", bssid="3c:37:12:00:00:01"))
    observed.wifi.bss.append(seen.bss(3, neighbors=[own, other]))
    observed.dhcp = seen.lease(server_mac="06:00:00:00:00:01")
    made = of(observed, device="argon")

    text = FORMATS[".txt"](shared(made, "ticket"))
    document = FORMATS[".json"](shared(made, "ticket"))

    for kept in ("'Home'", "192.168.77.1", "http://portal.hotel.example/guest-room-12/login?…", "wg-acme"):
        assert kept in flat(text) or kept in document, kept
    for kept in (str(seen.bss().bssid), "06:00:00:00:00:36", "06:00:00:00:00:01"):
        assert kept in document, kept
    for gone in ("Millers", "3c:37:12", "02:00:00:00:00:aa", "02:00:00:00:00:bb", "mac=", "enx020000000001"):
        assert gone not in text, gone
        assert gone not in document, gone
    assert TOLD["ticket"].split(":")[0] in text


def test_tokens_keep_equality_within_a_report() -> None:
    names = [seen.bss(6, ssid="A"), seen.bss(11, ssid="B"), seen.bss(1, ssid="A", bssid="02:00:00:00:00:99")]
    made = shared(of(seen.healthy(wifi=seen.wifi(*names, target="B"))), "public")

    assert made.observations.wifi is not None
    assert [bss.ssid for bss in made.observations.wifi.bss] == ["net-1", "net-2", "net-2"]
    assert made.observations.wifi.target == "net-1"
    assert "'net-1'" in next(check.summary for check in made.checks if check.id == "wifi.band")
    assert len({bss.bssid for bss in made.observations.wifi.bss}) == 3
    assert made.scope.gateway == "private-2"
    assert made.scope.addresses == ["private-1/24"]
    assert made.observations.dhcp is not None
    assert made.observations.dhcp.offers()[0].routers == ["private-2"]


def test_two_reports_share_their_tokens() -> None:
    shared = of(seen.healthy(wifi=seen.wifi(seen.bss(ssid="Ours"), target="Ours")))
    two = of(seen.healthy(wifi=seen.wifi(seen.bss(ssid="Phone"), seen.bss(1, ssid="Ours"), target="Phone")))
    check = next(check for check in two.checks if check.id == "wifi.band")

    made = hidden(msgspec.structs.replace(check, reason="'Phone' and 'Ours', 192.168.77.1"), [shared, two], "public")
    same = hidden(shared, [shared, two], "public")

    assert made.summary.startswith("'net-2' is on 2.4 GHz")
    assert made.reason == "'net-2' and 'net-1', private-1"
    assert same.observations.wifi is not None
    assert same.observations.wifi.target == "net-1"


OWN_DEVICE = """
based_on = "photon2"
title = "Our product"
[startup]
scan_line = { value = "joining {ssid} now", source = "us" }
scan_failed_line = { value = "cannot see {ssid}!", source = "us" }
"""


@pytest.mark.parametrize("name", ["now", "Zq7Vx"])
def test_a_log_line_of_a_companys_own_device_is_hidden(name: str, tmp_path: Any) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(OWN_DEVICE)
    near = seen.healthy(wifi=seen.wifi(seen.bss(ssid=name), target=name))
    away = seen.healthy(wifi=seen.wifi(seen.bss(ssid="other"), target=name))

    joined, missed = (
        shared(of(observations, device=str(file)), "public").startup.stages[0] for observations in (near, away)
    )

    assert joined.line == "joining net-1 now"
    assert missed.instead == "cannot see net-1!"


def test_the_lines_of_every_known_device_are_known() -> None:
    """Whatever the Device OS version: a line that this does not know could name the network."""
    values = {
        str(fact.value)
        for name in profiles.names()
        for fact in itertools.chain.from_iterable(profiles.sheet(name).facts.get("startup", {}).values())
    }
    templates = [value for value in values if "{ssid}" in value]

    for template in templates:
        for device in ("generic", "photon", "photon2", "argon"):
            made = of(seen.healthy(), device=device)
            filled_in = template.replace("{ssid}", "Home").replace("{port}", "5684")
            startup = msgspec.structs.replace(made.startup, log=[filled_in])
            assert "Home" not in shared(msgspec.structs.replace(made, startup=startup), "public").startup.log[0]
    assert len(templates) > 2


def test_what_says_nothing_stays() -> None:
    attempt = Attempt(
        at_s=0, address="127.0.0.1", port=53, outcome="error", detail="255.255.255.0, 224.0.0.251, 8.8.8.8, ::1"
    )
    observed = seen.healthy(coap=seen.coap([attempt]))
    public = FORMATS[".json"](shared(of(observed, device="argon"), "public"))

    assert "255.255.255.0, 224.0.0.251, 8.8.8.8, ::1" in public
    assert "127.0.0.1" in public
    for name in (
        seen.ARGON_NAME,
        seen.PHOTON_NAME,
        "pool.ntp.org",
        "coap.me",
        "http://captive.apple.com/hotspot-detect.html",
    ):
        assert name in public


def test_a_class_of_addresses_stays() -> None:
    detail = shown_detail("100.64.1.2 and 169.254.3.4:53 and 45.1.2.3.")

    assert re.fullmatch(r"cgnat-1 and link-local-1:53 and public-\d+\.", detail)


@pytest.mark.parametrize(
    "text", ["a 1.2.3.4.5 b", "x10.1.2.3y", "10.1.2.3/24", "[10.1.2.3]:53", "4.3.2.10.in-addr.arpa", "0a.10.1.2.3"]
)
def test_no_address_is_overlooked(text: str) -> None:
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", shown_detail(text))


def shown_detail(text: str, level: SharedLevel = "public") -> str:
    """What becomes of the words of an attempt."""
    attempt = Attempt(at_s=0, address="10.9.9.9", port=1, outcome="error", detail=text)
    return hidden(attempt, [BASE], level).detail or ""


@given(st.ip_addresses(), st.sampled_from(["from {}: no", "{}", "{}.", "[{}]:53", "({})", "{}/64, and", "a {}, b"]))
def test_every_address_is_found_by_its_shape(address: Any, sentence: str) -> None:
    same_everywhere = address.is_loopback or address.is_unspecified or (address.version == 4 and address.is_multicast)
    mask = address.version == 4 and re.fullmatch(r"1{8,}0*", f"{int(address):032b}")
    if not (same_everywhere or mask):
        assert str(address) not in shown_detail(sentence.format(address))


@given(st.binary(min_size=6, max_size=6), st.sampled_from([":", "-", "", "."]), st.booleans())
@pytest.mark.parametrize("level", TOLD)
def test_every_mac_address_is_found_by_its_shape(level: SharedLevel, mac: bytes, separator: str, upper: bool) -> None:  # noqa: FBT001 - drawn
    text = mac.hex(separator) if separator in {":", "-"} else mac.hex(separator, 2) if separator else mac.hex()
    text = text.upper() if upper else text
    if set(mac) not in ({0}, {255}):
        assert text not in shown_detail(f"station {text}, left")


@pytest.mark.parametrize("level", TOLD)
@pytest.mark.parametrize(
    "text",
    [
        "open /home/alice/x.pcap: no",
        "C:\\Users\\alice\\x",
        "see https://alice:pw@h.example/a?b=alice#alice",
        "not HTTP: illegal header line: bytearray(b'alice: 1')",
        'b"alice\'s"',
        "This BSSID gave several names on this band ('alice', \"alice's\", 'a)'): each is listed",
        "It gave several names ('alice', \"alice's\", 'a)'): the latest of its beacons is taken",
    ],
)  # fmt: skip
def test_what_words_quote_is_found_by_its_shape(level: SharedLevel, text: str) -> None:
    assert "alice" in text
    assert "alice" not in shown_detail(text, level)


BASE = of(seen.healthy())


def test_progress_names_nothing_where_the_report_will_not() -> None:
    stream = Screen()
    terminal = Terminal(stream, lambda: 0.0, discreet=True, plain=True)
    terminal.begin(BASE.scope, profiles.load("photon2"))
    for check in BASE.checks:
        terminal.known(check)
    terminal.close()

    lines = without_codes(stream.getvalue()).splitlines()
    assert lines[0] == "Checking this network for: Particle Photon 2, Device OS 6.2.0"
    assert [line.split() for line in lines[1:]] == [["ok", row.id] for row in BASE.checks]


def test_complete_is_the_report_itself() -> None:
    assert shared(BASE, "complete") is BASE
    assert "sharing" not in json.loads(FORMATS[".json"](BASE))


@pytest.mark.parametrize("level", TOLD)
def test_a_shared_report_says_so_and_is_not_judged_again_without_what_judging_needs(
    level: SharedLevel, tmp_path: Any
) -> None:
    made = shared(BASE, level)
    file = tmp_path / "shared.json"
    report.write(file, FORMATS[".json"](made))

    assert json.loads(file.read_text())["sharing"] == level
    assert BASE.sharing is UNSET
    assert TOLD[level].split(":")[0] in FORMATS[".txt"](made)
    with pytest.raises(report.SavedReportError, match=rf"made for sharing \(--share {level}\).*complete JSON"):
        report.load(file)


@pytest.mark.parametrize("level", TOLD)
def test_sharing_is_the_same_each_time_and_of_what_was_shared_nothing_more(level: SharedLevel, tmp_path: Any) -> None:
    first = of(broken(**PLACES["redirected"]))
    file = tmp_path / "run.json"
    report.write(file, FORMATS[".json"](first))
    run, device = report.load(file)
    again = report.make(run, profiles.load(device.name))

    assert outputs(shared(again, level)) == outputs(shared(first, level))
    assert shared(shared(first, level), level) == shared(first, level)
    assert shared(shared(first, "public"), level) == shared(first, "public")


def test_a_dialect_is_not_given_tokens_to_paste() -> None:
    made = of(broken(**PLACES["cloud-blocked"]), device="argon")

    public, ticket = shared(made, "public"), shared(made, "ticket")

    for name in DIALECTS:
        text = FORMATS[".txt"](public, [name])
        assert "replaced by tokens" in flat(text)
        assert "198.51.100.21" in FORMATS[".txt"](ticket, [name])
    assert "cannot be pasted" in flat(FORMATS[".txt"](public))


@pytest.mark.more
@pytest.mark.parametrize("text", [*HOSTILE.values(), *SLOW.values()], ids=[*HOSTILE, *SLOW])
@pytest.mark.parametrize("level", TOLD)
def test_hostile_text_in_every_field_is_shared(level: SharedLevel, text: str) -> None:
    small = shared(of(planted(broken(**PLACES["redirected"]), text, own=False)), level)

    assert raw(FORMATS[".json"](small)) == raw(FORMATS[".txt"](small)) == []
    wifi = small.observations.wifi
    assert wifi is not None
    named = [wifi.target, wifi.bss[0].ssid, wifi.bss[0].bssid, small.scope.mac]
    if level == "public":
        assert text not in [*named, *small.notes, *(check.summary for check in small.checks)]


def test_what_was_a_right_answer_stays_right() -> None:
    made = shared(BASE, "public")

    assert made.observations.portal is not None
    assert all(witness.right for witness in made.observations.portal.http)
    assert made.observations.cloud is not None
    assert made.observations.cloud.endpoints[0].nonce
    assert HIDDEN not in {witness.body for witness in made.observations.portal.http}
    assert isinstance(canary("ssid", 1), str)
    assert isinstance(made.observations.dhcp and made.observations.dhcp.granted, DhcpMessage)


@pytest.mark.parametrize("level", ["ticket", "public"])
def test_every_format_for_people_says_what_was_left_out(level: SharedLevel) -> None:
    made = shared(of(seen.healthy()), level)

    for ending, text in outputs(made).items():
        if not ending.startswith(".json"):
            letters = (re.sub(r"[^a-z]+", "", html.unescape(shown).lower()) for shown in (TOLD[level], text))
            assert next(letters) in next(letters), ending


@pytest.mark.parametrize("user", ["root", "administrator", "ordinary user"])
def test_who_may_do_everything_is_no_name(user: str) -> None:
    observed = seen.healthy()
    observed.scope.privileges = Privileges(user=user)
    named = seen.healthy()
    named.scope.privileges = Privileges(user="jdoe")

    assert shared(of(observed), "public").observations.scope.privileges.user == user
    assert shared(of(named), "public").observations.scope.privileges.user != "jdoe"

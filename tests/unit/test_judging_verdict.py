"""What all checks add up to: the verdicts of the contract, what was left out, the Internet Test; nothing guessed."""

from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.judging import CHECKS, judge
from netpreflight.agent.judging.witnessed import answered_addresses
from netpreflight.agent.selection import Selection, UnknownCheckError, select
from netpreflight.probes.observations import (
    Cloud,
    Connection,
    Dhcp,
    Dns,
    Echo,
    EchoTest,
    Icmp,
    Ntp,
    NtpReply,
    Observations,
    Unasked,
)
from netpreflight.reports import FORMATS
from tests.unit import seen
from tests.unit.arbitrary import arbitrary
from tests.unit.cases import assert_listed
from tests.unit.seen import COAP_ADDRESSES, GOOD_NTP, NTP_ADDRESS, NTP_NAME, attempts, dns, healthy, lookup, ntp

ALL = Selection()
DEVICES = ("generic", "photon", "argon")
SILENT = {"coap": seen.coap(attempts(COAP_ADDRESSES[0], 5683, "timeout", 4))}
DEAD_CLOUD = {
    "cloud": Cloud(
        endpoints=[
            seen.photon(Connection(at_s=0, error="timeout")),
            seen.argon(*attempts(seen.ARGON_ADDRESS, 5684, "timeout", 3)),
        ]
    )
}


def verdict(device: str, selection: Selection = ALL, **changed: Any) -> str:
    return judge(healthy(**changed), profiles.load(device), selection).verdict


@pytest.mark.parametrize("device", DEVICES)
def test_a_healthy_network_is_compatible(device: str) -> None:
    judged = judge(healthy(), profiles.load(device), ALL)

    assert judged.verdict == "compatible"
    assert {check.status for check in judged.checks} == {"pass"}
    assert [check.id for check in judged.checks] == [
        check_id for check_id in CHECKS if CHECKS[check_id].group not in {"join", "device"}
    ]
    assert all(check.stage == CHECKS[check.id].stage for check in judged.checks)
    assert judged.headline.startswith("Yes")


@pytest.mark.parametrize(
    ("changed", "verdicts"),
    [
        ({"ntp": ntp()}, ("incompatible", "compatible-with-warnings", "compatible")),
        (SILENT, ("undetermined", "compatible", "compatible")),
        (DEAD_CLOUD, ("compatible", "incompatible", "incompatible")),
        (SILENT | DEAD_CLOUD, ("undetermined", "incompatible", "incompatible")),
        ({"dhcp": seen.dhcp()} | SILENT, ("incompatible", "incompatible", "incompatible")),
        ({"dhcp": seen.lease(routers=[])}, ("incompatible", *["compatible-with-warnings"] * 2)),
        ({"dhcp": None}, ("undetermined", "undetermined", "undetermined")),
        ({"ntp": None}, ("undetermined", "compatible", "compatible")),
        ({"portal": seen.portal({"status": 302, "location": "http://10.0.0.1/"})}, ("incompatible",) * 3),
        (dict.fromkeys(("dhcp", "dns", "ntp", "portal", "coap", "cloud")), ("undetermined",) * 3),
    ],
    ids=["ntp", "coap-unknown", "cloud", "fail-beside-unknown", "no-dhcp", "no-router", "dhcp-unknown", "ntp-unknown",
         "portal", "nothing-seen"],
)  # fmt: skip
def test_failure_outweighs_doubt_outweighs_warning(changed: dict[str, Any], verdicts: tuple[str, ...]) -> None:
    assert tuple(verdict(device, **changed) for device in DEVICES) == verdicts


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.0.0", "compatible-with-warnings"), ("5.5.0", "compatible-with-warnings"), ("5.6.0", "compatible")],
)
def test_an_argon_asks_ntp_from_2_0_to_5_5(version: str, expected: str) -> None:
    name = seen.ARGON_NAME.replace(".v6.", f".v{version[0]}.")
    end = seen.argon(*attempts(seen.ARGON_ADDRESS, 5684, "reply"), host=name, record=seen.HELLO_VERIFY)
    on = healthy(ntp=ntp(), dns=dns(lookup(name, seen.ARGON_ADDRESS)), cloud=Cloud(endpoints=[end]))

    assert judge(on, profiles.load("argon", version), ALL).verdict == expected


def test_a_warning_of_a_required_check_is_a_warning() -> None:
    two = dns(*(lookup(name, rcode=None) for name in seen.ADDRESSES), resolvers=(seen.RESOLVER, "192.168.77.2"))

    assert verdict("generic", dns=two) == "compatible-with-warnings"


@pytest.mark.parametrize("device", DEVICES)
def test_what_was_left_out_is_skipped_and_not_part_of_the_verdict(device: str) -> None:
    left_out = Selection(skip=["dhcp.offer", "dhcp.lease", "dhcp.servers"])
    judged = judge(healthy(dhcp=seen.dhcp()), profiles.load(device), left_out)

    assert judged.verdict == "compatible"
    assert {check.id for check in judged.checks if check.status == "skip"} == set(left_out.skip)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("selection", [Selection(skip=list(CHECKS)), Selection(only=[])])
def test_everything_skipped_is_never_compatible(device: str, selection: Selection) -> None:
    assert verdict(device, selection) == "undetermined"


def test_only_what_was_chosen_counts() -> None:
    only = select("ntp,dns.resolve", None)

    assert only.only == ["ntp.reply", "dns.resolve"]
    assert verdict("generic", only, dhcp=seen.dhcp(), **SILENT) == "compatible"
    assert verdict("generic", only, ntp=ntp()) == "incompatible"


@pytest.mark.parametrize(
    ("group", "some"),
    [
        ("dhcp", {"dhcp.offer", "dhcp.lease", "dhcp.servers"}),
        ("dns", {"dns.resolve", "dns.integrity"}),
        ("portal", {"portal"}),
        ("coap", {"coap.udp-5683"}),
        ("cloud", {"cloud.transport"}),
        ("path", {"path.egress"}),
        (" ntp , portal ", {"ntp.reply", "portal"}),
    ],
)
def test_a_group_stands_for_its_checks(group: str, some: set[str]) -> None:
    names = [part.strip() for part in group.split(",")]
    ids = [check_id for check_id in CHECKS if check_id.split(".")[0] in names]

    assert some <= set(ids)
    assert select(group, None).only == ids
    assert select(None, group).skip == ids


@pytest.mark.parametrize("name", ["dhcp.nonsense", "DNS", "dns.", ".", "dns.resolve.x", "\x1b[31m"])
def test_a_check_that_does_not_exist_is_refused_with_what_does(name: str) -> None:
    for only, skip in ((name, None), (None, name)):
        with pytest.raises(UnknownCheckError) as refused:
            select(only, skip)
        assert repr(name) in str(refused.value)
        assert all(check_id in str(refused.value) for check_id in CHECKS)


@pytest.mark.parametrize("only", ["", ","])
def test_only_what_is_not_measured_is_refused(only: str) -> None:
    with pytest.raises(UnknownCheckError):
        select(only, None)


# --- the Internet Test (device-facts 1.3 and 1.5)

KISS, SHORT, MODE = (
    NtpReply(length=48, mode=4, stratum=0, reference="DENY"),
    NtpReply(length=20),
    NtpReply(length=48, mode=3),
)
RESULTS: list[tuple[str, dict[str, Any], str]] = [
    ("good", {}, "passed"),
    ("a good reply after a bad one", {"ntp": ntp(KISS, GOOD_NTP)}, "passed"),
    ("longer than 48 bytes", {"ntp": ntp(NtpReply(length=68, mode=4, stratum=2))}, "passed"),
    ("silence", {"ntp": ntp()}, "timeout"),
    ("ICMP, which lwIP drops", {"ntp": ntp(outcome="icmp", icmp=Icmp(type=3, code=13, source="10.0.0.1"))}, "timeout"),
    ("kiss-of-death", {"ntp": ntp(KISS)}, "network"),
    ("short", {"ntp": ntp(SHORT)}, "network"),
    ("wrong mode", {"ntp": ntp(MODE)}, "network"),
    ("NXDOMAIN", {"dns": dns(lookup(NTP_NAME, rcode="NXDOMAIN")), "ntp": ntp(address=None)}, "dns"),
    ("dead resolver", {"dns": dns(default=None), "ntp": ntp(address=None)}, "dns"),
    ("no A record", {"dns": dns(lookup(NTP_NAME)), "ntp": ntp(address=None)}, "dns"),
    ("the cloud is not asked", DEAD_CLOUD | SILENT, "passed"),
]
LINES = {
    "passed": ("Internet available, cloud not reachable", 3),
    "dns": ("Internet test failed: DNS", 2),
    "timeout": ("Internet test failed: timeout", 2),
    "network": ("Internet test failed: network", 2),
}


@pytest.mark.parametrize("repeated", [0, 1], ids=["unproved", "swept"])
def test_a_time_that_anybody_can_have_sent_passes_no_internet_test(repeated: int) -> None:
    forgeable = ntp(GOOD_NTP)
    forgeable.unasked, forgeable.repeated = Unasked(closed=0), repeated
    test = judge(healthy(ntp=forgeable), profiles.load("photon"), ALL).internet_test

    assert test.result is None
    assert NTP_ADDRESS not in answered_addresses(healthy(ntp=forgeable))
    assert NTP_ADDRESS in answered_addresses(healthy())


@pytest.mark.parametrize(
    ("changed", "result"), [result[1:] for result in RESULTS], ids=[result[0] for result in RESULTS]
)
def test_the_internet_test_says_what_the_device_would(changed: dict[str, Any], result: str) -> None:
    test = judge(healthy(**changed), profiles.load("photon"), ALL).internet_test
    line, blinks = LINES[result]

    assert (test.result, test.method) == (result, "ntp")
    assert test.log == [line, f"Handling cloud error: {blinks}"]
    assert test.led is not None
    assert (test.led.colour, test.led.blinks, test.led.on_ms, test.led.off_ms) == ("orange", blinks, 250, 250)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"dhcp": seen.lease(resolvers=[])}, "Not known"),
        ({"dhcp": seen.dhcp()}, "blinking green fast"),
        ({"dns": Dns()}, "Not known"),
        ({"dns": None}, "Not known"),
        ({"dns": Dns(not_run="x")}, "Not known"),
        ({"ntp": None}, "Not known"),
        ({"ntp": Ntp(not_run="x")}, "Not known"),
        ({"ntp": ntp(outcome="error", detail="Operation not permitted")}, "Not known"),
    ],
    ids=[
        "no-option-6",
        "no-lease",
        "no-resolver",
        "cut-short",
        "dns-not-run",
        "ntp-cut-short",
        "ntp-not-run",
        "not-sent",
    ],
)
def test_where_the_device_would_not_get_there_or_it_is_not_known_there_is_no_result(
    changed: dict[str, Any], says: str
) -> None:
    test = judge(healthy(**changed), profiles.load("photon"), ALL).internet_test

    assert (test.result, test.led, test.log) == (None, None, [])
    assert says in (test.reason or "")


ECHO_LINE = "WiFi: <n>/10 packets (0 tx errors) <n>/<n> bytes received, avg rtt: <n>, mask=<n>, score=<n>"
PASSED = ["Internet available, cloud not reachable", "Handling cloud error: 3"]
NO_ECHOES: dict[str, Echo | None] = {
    "none-sent": Echo(tests=[]),
    "cut-short": None,
    "not-run": Echo(not_run="no default route"),
    "another-form": Echo(tests=[EchoTest(form=1, host=seen.ARGON_NAME, port=5684, interface=4)]),
}


@pytest.mark.parametrize("echo", NO_ECHOES.values(), ids=NO_ECHOES)
@pytest.mark.parametrize(
    ("device", "method", "log"),
    [("argon", "echo-2", [ECHO_LINE]), ("photon2", "echo-2", [ECHO_LINE]), ("argon 6.1.0", "echo-1", [])],
)
def test_where_the_cloud_answers_the_device_sends_no_echoes(
    device: str, method: str, log: list[str], echo: Echo | None
) -> None:
    """The second form logs its line in any case, the first only where something came back."""
    name, _, version = device.partition(" ")
    test = judge(healthy(echo=echo), profiles.load(name, version or None), ALL).internet_test

    assert (test.result, test.method, test.runs) == ("passed", method, False)
    assert test.reason == (
        f"{seen.ARGON_NAME} resolves, which is all that this test asks for; "
        "the cloud answers, so the device sends no echoes here, and none were sent."
    )
    assert test.log == [*log, *PASSED]


@pytest.mark.parametrize("echo", [Echo(tests=[]), None], ids=["none-sent", "cut-short"])
def test_where_the_cloud_is_silent_echoes_that_are_missing_were_not_tried(echo: Echo | None) -> None:
    silent = Cloud(endpoints=[seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, count=3))])
    test = judge(healthy(cloud=silent, echo=echo), profiles.load("argon"), ALL).internet_test

    assert (test.result, test.runs) == ("passed", True)
    assert test.reason is not None
    assert test.reason.endswith("; no echo was sent: it was left out, or the run was cut short.")
    assert test.log == [ECHO_LINE, *PASSED]


# --- for any observations whatever


def witnessed(observed: Observations, device: str) -> dict[str, bool]:
    """Whether the exchange that a check's pass stands for is in the observations, worked out apart from judging."""
    replies = [attempt.decoded for attempt in (observed.ntp.attempts if observed.ntp else []) if attempt.decoded]
    pongs = [server for server in (observed.coap.servers if observed.coap else []) if server.address and server.reply]
    ends = [endpoint for endpoint in (observed.cloud.endpoints if observed.cloud else []) if endpoint.address]
    nonces = [
        connection
        for endpoint in ends
        if (endpoint.host, endpoint.port, endpoint.transport) == (seen.PHOTON_NAME, 5683, "tcp-nonce")
        for connection in endpoint.connections
        if len(connection.received) == 80 and connection.error is None
    ]
    records = [
        endpoint
        for endpoint in ends
        if (endpoint.host, endpoint.port, endpoint.transport) == (seen.ARGON_NAME, 5684, "dtls") and endpoint.record
    ]
    return {
        "ntp.reply": any(reply.length == 48 and reply.mode == 4 and reply.stratum != 0 for reply in replies),
        "coap.udp-5683": bool(pongs),
        "cloud.transport": bool({"generic": pongs, "photon": nonces, "argon": records}[device]),
    }


PARTLY_HEALTHY = st.fixed_dictionaries(
    {}, optional={name: arbitrary(kind) for name, kind in get_type_hints(Observations).items()}
).map(lambda changed: healthy(**changed))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.one_of(arbitrary(Observations), PARTLY_HEALTHY))
def test_judging_never_raises_and_never_passes_what_was_not_witnessed(observed: Observations) -> None:
    for device in DEVICES:
        judged = judge(observed, profiles.load(device), ALL)
        proof = witnessed(observed, device)
        for check in judged.checks:
            assert check.problem != "internal-error"
            assert_listed(check)
            if check.status == "pass":
                assert proof.get(check.id, True), check
            if check.status in {"fail", "unknown", "warn"}:
                assert check.reason, check
                assert check.remedy, check
                assert check.owner, check


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(arbitrary(report.Run))
def test_any_run_can_be_reported(run: report.Run) -> None:
    made = report.make(run, profiles.load("photon"))

    assert all(render(made) for render in FORMATS.values())


def test_a_fault_of_judging_itself_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(CHECKS, "ntp.reply", replace(CHECKS["ntp.reply"], judge=broken))
    judged = judge(healthy(), profiles.load("generic"), ALL)

    faults = {check.id: (check.status, check.problem) for check in judged.checks if check.status != "pass"}
    assert faults == {"ntp.reply": ("unknown", "internal-error")}
    assert judged.verdict == "undetermined"


def test_a_user_without_a_lease_to_show_is_never_told_yes() -> None:
    assert verdict("generic", dhcp=Dhcp(exchange_denied="needs root")) == "undetermined"

"""What the device's own Internet Test would conclude, by the generation of its Device OS.

The device runs it only after its cloud connection has failed; its result selects a log line and a number of blinks
(device-os system/src/system_task.cpp, handle_cfod()). The generations: no test, which counts as passed (Argon up to
1.5), a TCP connection to 8.8.8.8 port 53 (up to 1.5), NTP (2.0 to 5.5), and two forms of the cloud echo (5.6 and
later), which pass even if no echo comes back (system_connection_manager.cpp, v5.6.0:476, v6.2.0:663-703).
"""

from typing import Any, Literal

from netpreflight.agent.judging.addresses import is_address, is_sinkhole
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.dhcp import NOT_KEPT, host_name_refused, offer
from netpreflight.agent.judging.dns import NTP_SERVER, may_not_exist
from netpreflight.agent.judging.forged import doubt_of_ntp
from netpreflight.agent.judging.unseen import why_not
from netpreflight.agent.led import BlinkCode
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Check, InternetTest, Result
from netpreflight.probes.observations import Dns, EchoTest, Ntp, Observations
from netpreflight.probes.quoting import in_quotes

WORDS: dict[Result, str] = {"dns": "DNS", "timeout": "timeout", "network": "network"}
CODES: dict[Result, int] = {"dns": -170, "timeout": -160, "network": -230}
"""device-os v6.2.0 services/inc/system_error.h:33-51."""
CLOUD_UNREACHABLE = 3
TEST_FAILED = 2
MOST_ECHOES = 10
"""How many packets the second form of the cloud echo sends."""
_NO_SCORE = 2**32 - 1
"""The score that the second form of the cloud echo logs if no echo came back."""
_OLDER_NAMES = {
    TEST_FAILED: "red twice: no internet connection (Particle's older pages)",
    CLOUD_UNREACHABLE: "red three times: Cloud is unreachable (Particle's older pages)",
}
"""Keyed by number of blinks: what Particle's older pages call the result."""
_NOT_ASKED = "Not known: the resolvers that a device is given were not asked for it."
_IDLE = "Idle Network (Particle's troubleshooting articles)"
_GOOGLE = "can't reach Google (Particle's older pages)"


def internet_test(view: DeviceView, checks: dict[str, Check]) -> InternetTest:
    """The Internet Test of this device and Device OS version; `checks` are the judged checks by id."""
    profile = view.profile
    facts = profile.internet_test
    result, reason, echoed = _result(view)
    led, line, log, names = None, None, [], []
    shown: list[Fact[Any]] = []
    if result is not None:
        blinks = CLOUD_UNREACHABLE if result == "passed" else TEST_FAILED
        led = BlinkCode(
            colour=facts.colour.value, blinks=blinks, on_ms=facts.blink_ms.value, off_ms=facts.blink_ms.value
        )
        line = _line(result, profile)
        log = [*echoed, line, f"Handling cloud error: {blinks}"]
        shown = [facts.passed_line if result == "passed" else facts.failed_line, facts.colour, facts.blink_ms]
        names = [_OLDER_NAMES[blinks]]
        if result == "dns":
            names.append(_IDLE)
        if facts.method.value == "tcp" and result != "passed":
            names.append(_GOOGLE)
    return InternetTest(
        result=result,
        method=facts.method.value,
        reason=reason,
        runs=_runs(view, checks),
        when=_when(profile),
        line=line,
        log=log,
        led=led,
        older_names=names,
        rests_on=[facts.method, facts.runs_after, *shown],
    )


def _line(result: Result, profile: Profile) -> str:
    """The line that the device logs for a result."""
    facts = profile.internet_test
    if result == "passed":
        return facts.passed_line.value
    return facts.failed_line.value.replace("{code}", str(CODES[result])).replace("{word}", WORDS[result])


def _when(profile: Profile) -> str:
    """When this device runs its Internet Test, as the end of a sentence."""
    if profile.internet_test.runs_after.value == "handshake":
        return "only after its cloud connection has failed"
    if profile.cloud.transport.value == "dtls":
        return "only after its socket could not be connected; over UDP, only a failed lookup causes that"
    return "only after its connection to the cloud could not be made; a failed handshake does not start it"


def _runs(view: DeviceView, checks: dict[str, Check]) -> bool | None:
    """Whether the device runs its Internet Test here, because its cloud connection fails; None: not known."""
    if any(check.status == "fail" and (check.stage, check.level) == ("scan", "required") for check in checks.values()):
        return False  # it does not join
    if view.laptop_network:
        return None
    if lease_problem := _no_lease(view):
        return None if lease_problem.startswith("Not known") else False
    if view.other_router or checks["dhcp.servers"].status == "fail":
        return None  # the device may use another router or server than the ones measured
    if (lease := checks["dhcp.lease"]).status in {"fail", "unknown"}:
        return False if lease.status == "fail" and lease.problem not in NOT_KEPT else None
    return _cloud_fails(view, checks)


def _cloud_fails(view: DeviceView, checks: dict[str, Check]) -> bool | None:
    """Whether the cloud connection of a device that has a lease fails in a way that starts the test; None: unknown."""
    profile, cloud, name = view.profile, checks["cloud.transport"], _cloud_name(view)
    after_handshake = profile.internet_test.runs_after.value == "handshake"
    over_udp = profile.cloud.transport.value != "tcp-nonce"
    if name in {"none", "nowhere"} and profile.cloud.fallback_address:
        return None  # it tries the fallback address, which was not measured
    if name == "none":
        return True
    if name == "nowhere":
        return True if after_handshake or not over_udp else None
    if cloud.status in {"pass", "warn"}:
        # A portal that lets this laptop pass may still stop the device.
        return False if name == "address" and checks["portal"].status not in {"fail", "unknown"} else None
    if cloud.status != "fail":
        return None
    if after_handshake:
        return True
    if over_udp:
        return False
    connected = [
        connection.connect_ms is not None for endpoint in view.endpoints for connection in endpoint.connections
    ]
    return False if all(connected) else None if any(connected) else True


def _no_lease(view: DeviceView) -> str | None:
    """Why the device gets no usable lease, or why that is not known, from the DHCP exchange made as a device.

    None: it gets a usable lease, or no exchange was made.
    """
    dhcp, profile = view.seen.dhcp, view.profile
    if dhcp is None or dhcp.not_run or dhcp.exchange_denied is not None:
        return None
    if not dhcp.granted and offer(view).standing == "unknown":
        return "Not known: whether the device gets a lease."
    if not (dhcp.granted and dhcp.granted.address) or host_name_refused(dhcp, dhcp.granted, profile):
        return "The device would not get that far: without a lease its LED keeps blinking green fast."
    if dhcp.granted.resolvers:
        return None
    missing = profile.dhcp.missing_resolver
    if missing.certainty == "unconfirmed" or missing.value != "waits":
        return "Not known: what the device does with a lease that names no resolver."
    return "The device would not get that far: without a resolver in its lease its LED keeps blinking green fast."


def _cloud_name(view: DeviceView) -> Literal["address", "nowhere", "none"] | None:
    """What the device gets for its cloud's name: an `address`, one that leads `nowhere`, or `none`; None: unknown."""
    if is_address(view.host):
        return "address"
    profile, dns = view.profile, view.seen.dns
    if dns is None or dns.not_run or not dns.resolvers or dns.assumed:
        return None
    hosts = profile.cloud.hosts.value

    def name_result(dns_lookups: Dns) -> Literal["address", "nowhere", "none"] | None:
        """What the device gets for its cloud's name from these lookups."""
        lookups = [lookup for host in hosts for lookup in dns_lookups.of(host)]
        if not lookups or all(attempt.tells_nothing for lookup in lookups for attempt in lookup.attempts):
            return None
        addresses = [lookup.addresses[0] for host in hosts if (lookup := dns_lookups.as_device(host))]
        if addresses:
            return "nowhere" if all(map(is_sinkhole, addresses)) else "address"
        return None if may_not_exist(dns_lookups, profile, view.doubted) else "none"

    result = name_result(view.kept_lookups or dns)
    # Where the number of resolvers that the device keeps is unconfirmed, the result must be the same with all of them.
    return result if profile.dns.resolvers.certainty != "unconfirmed" or result == name_result(dns) else None


TestOutcome = tuple[Result | None, str, list[str]]
"""A result, the reason for it, and the lines that the test itself logs."""


def _result(view: DeviceView) -> TestOutcome:
    """The result of the Internet Test, the reason, and what the test logs; result None: not known."""
    seen, profile = view.seen, view.profile
    if other_network := view.laptop_network:
        return None, f"Not known: this laptop is on another network, {in_quotes(other_network)}.", []
    if lease_problem := _no_lease(view):
        return None, lease_problem, []
    method = profile.internet_test.method.value
    if method == "none":
        return "passed", "This Device OS has no such test, and counts it as passed.", []
    if router := view.other_router:
        return None, f"Not known: the device would go through {router}, and this laptop does not.", []
    if method == "tcp":
        return _tcp(seen)
    return _ntp(view) if method == "ntp" else _echo(view)


def _tcp(seen: Observations) -> TestOutcome:
    """The outcome of the TCP test: a connection to 8.8.8.8 port 53.

    Source: device-os v1.5.2 system_cloud_connection_compat.cpp:255-290.
    """
    tcp = seen.tcp
    if tcp is None or tcp.not_run or tcp.connection is None:
        return None, f"Not known: TCP to 8.8.8.8 port 53 was not tried: {why_not(tcp)}.", []
    server, connection = f"{tcp.address}, TCP {tcp.port}", tcp.connection
    if connection.connect_ms is not None:
        return "passed", f"{server} accepts a connection ({connection.connect_ms:.0f} ms).", []
    error = connection.error or "timeout"
    return ("timeout" if error == "timeout" else "network"), f"No connection to {server}: {error}.", []


def _ntp(view: DeviceView) -> TestOutcome:
    """The outcome of the NTP test: one answer from pool.ntp.org.

    Source: device-os v4.2.0 hal/network/util/simple_ntp_client.cpp.
    """
    all_lookups, dns = view.seen.dns, view.kept_lookups
    if all_lookups is None or dns is None or all_lookups.not_run or not all_lookups.resolvers or all_lookups.assumed:
        return None, _NOT_ASKED, []
    lookups, lookup_used = dns.of(NTP_SERVER), dns.as_device(NTP_SERVER)
    if lookup_used is None:
        if not lookups or all(attempt.tells_nothing for lookup in lookups for attempt in lookup.attempts):
            return None, f"Not known: {NTP_SERVER} could not be looked up.", []
        return "dns", f"{NTP_SERVER} does not resolve.", []
    if is_sinkhole(lookup_used.addresses[0]):
        return None, f"Not known: {NTP_SERVER} resolves to {lookup_used.addresses[0]}, which leads nowhere.", []
    ntp = view.seen.ntp
    if ntp is None or ntp.not_run or not ntp.attempts:
        return None, f"Not known: NTP was not looked at: {why_not(ntp)}.", []
    return (*_ntp_exchange(ntp), [])


def _ntp_exchange(ntp: Ntp) -> tuple[Result | None, str]:
    """The result of the NTP test, by this laptop's exchange with the server, and the reason."""
    if doubt_of_ntp(ntp):
        return None, f"Not known: {ntp.address} answers NTP, but somebody else may have sent that."
    if ntp.good:
        return "passed", f"{ntp.address} answers NTP."
    last = next((attempt for attempt in reversed(ntp.attempts) if attempt.outcome != "ignored"), ntp.attempts[-1])
    if last.decoded is not None:
        return "network", f"{ntp.address} sent a {last.decoded.flaw}."
    if last.outcome == "unread":
        return None, f"Not known: an answer of {ntp.address} may not have been read."
    if last.outcome == "error":
        return None, f"Not known: this laptop could not send to {ntp.address}."
    # lwIP drops ICMP errors for UDP: so a rejected request looks to the device like one without a reply.
    return "timeout", f"{ntp.address} did not answer NTP."


def _echo(view: DeviceView) -> TestOutcome:
    """The outcome of the cloud echo, which fails only if the cloud's name does not resolve (device-facts 1.4)."""
    seen, host, address = view.seen, view.host, view.address
    form = 1 if view.profile.internet_test.method.value == "echo-1" else 2
    name = _cloud_name(view)
    if name is None:
        was_asked = seen.dns is not None and not seen.dns.assumed and seen.dns.of(host)
        return None, f"Not known: whether {host} resolves for a real device." if was_asked else _NOT_ASKED, []
    if name == "none":
        # The first form reports a failed lookup as a network error (v5.6.0 system_connection_manager.cpp).
        return ("network" if form == 1 else "dns"), f"{host} does not resolve.", []
    if name == "nowhere":
        return None, f"Not known: {host} resolves to {address}, which leads nowhere.", []
    resolves = f"{host} needs no lookup" if host == address else f"{host} resolves"
    test = _measured(seen, view.profile, form)
    if test is None:
        answers = any(endpoint.record for endpoint in view.endpoints)
        why = (
            "the cloud answers, so the device sends no echoes here, and none were sent"
            if answers
            else f"no echo was sent: {why_not(seen.echo)}"
        )
        return "passed", f"{resolves}, which is all that this test asks for; {why}.", _unknown_echo_log(form)
    if test.packets and all(packet.error for packet in test.packets):
        return None, f"Not known: this laptop could not send to {test.address}: {test.packets[0].error}.", []
    returned = sum(packet.echo_ms is not None for packet in test.packets)
    reason = f"{resolves}, which is all that this test asks for; {returned} of {_echoes(test)} came back" + (
        " (this run stopped after the first)." if test.stopped_early else "."
    )
    return "passed", reason, _echo_log(test)


def _echoes(test: EchoTest) -> str:
    return f"{len(test.packets)} echo{'' if len(test.packets) == 1 else 'es'}"


def _measured(seen: Observations, profile: Profile, form: int) -> EchoTest | None:
    """The echo test made for this device, or for another one with the same server; None: neither was made.

    The two tests differ only in the interface index.
    """
    tests = seen.echo.tests if seen.echo and not seen.echo.not_run else []
    fitting = [test for test in tests if test.form == form and test.host in profile.cloud.hosts.value and test.packets]
    interface = profile.internet_test.interface
    same_interface = [test for test in fitting if interface is not None and test.interface == interface.value]
    return next(iter([*same_interface, *fitting]), None)


def _echo_log(test: EchoTest) -> list[str]:
    """The last log line of the test (v5.6.0 and v6.2.0 system_connection_manager.cpp, "Step 5").

    A run that stopped after the first echo does not know the counts: `<n>` stands for them.
    """
    returned = [packet for packet in test.packets if packet.echo_ms is not None]
    sent, header = len(test.packets), 13
    if test.stopped_early:
        if test.form == 1:
            return ["WiFi    : <n>/<n> packets <n>/<n> bytes received, avg rtt: <n>"]
        return _unknown_echo_log(test.form)
    octets = sum(packet.size for packet in test.packets)
    mean = int(sum(packet.echo_ms or 0.0 for packet in returned) / len(returned)) if returned else 0
    if test.form == 1:
        if not returned:
            return []
        received = sum(packet.size for packet in returned)
        return [f"WiFi    : {len(returned)}/{sent} packets {received}/{octets} bytes received, avg rtt: {mean}"]
    errors = sum(packet.error is not None for packet in test.packets)
    octets -= sum(packet.size for packet in test.packets if packet.error is not None)
    received = sum(packet.size - header for packet in returned)
    mask = sum(1 << packet.sequence for packet in returned if 0 <= packet.sequence < 16)
    counts = f"{len(returned)}/{sent} packets ({errors} tx errors) {received}/{octets} bytes received"
    return [f"WiFi: {counts}, avg rtt: {mean}, mask={mask:04x}, score={_score(test, mean)}"]


def _unknown_echo_log(form: int) -> list[str]:
    """The log line where the echoes were not measured; the first form logs one only if an echo came back."""
    if form == 1:
        return []
    return [f"WiFi: <n>/{MOST_ECHOES} packets (0 tx errors) <n>/<n> bytes received, avg rtt: <n>, mask=<n>, score=<n>"]


def _score(test: EchoTest, mean: int) -> int:
    """The second form's score: the mean round trip, and a penalty that doubles with each echo lost in a row."""
    returned = [packet for packet in test.packets if packet.echo_ms is not None]
    if not returned:
        return _NO_SCORE
    total, lost = sum(int(packet.echo_ms or 0.0) for packet in returned), 0
    for packet in test.packets:
        if packet.echo_ms is not None:
            lost = 0
        else:
            total += mean * (2 << lost)
            lost += 1
    return total // len(returned)

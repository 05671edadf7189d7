"""What the device would do from power-on: its five stages, the log line of each, and where it stops.

The stages and lines are those of Particle's troubleshooting articles (scan and authentication, link, IP, DNS, cloud);
the device's profile states its log lines and LED signals ([startup] and [led]).
"""

from typing import Any, NamedTuple

from msgspec import UNSET

from netpreflight.agent.judging.device_log import shown_stages
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.dhcp import NOT_KEPT
from netpreflight.agent.judging.registry import CHECKS, may_stop
from netpreflight.agent.led import LedSignal, Light, LightSignal, signal
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.profiles.facts import LedFacts
from netpreflight.agent.results import Check, InternetTest, LogStageSeen, Reached, StartStage, Startup, StartupStage
from netpreflight.probes.observations import Connection

_TITLES: dict[StartStage, str] = {
    "scan": "scan and authentication",
    "link": "link",
    "ip": "IP",
    "dns": "DNS",
    "cloud": "cloud",
}
_TEST_S = {"none": 0.0, "tcp": 5.0, "ntp": 10.0, "echo-1": 5.0, "echo-2": 5.0}
"""The longest that each Internet Test takes, in seconds (device-facts 1.2 to 1.4)."""


class _Handshake(NamedTuple):
    """A handshake with the cloud that fails on this network."""

    is_silent: bool
    """Whether the cloud sent no answer at all."""


def startup(view: DeviceView, checks: list[Check], test: InternetTest) -> Startup:
    """Work out from the judged checks how far this device gets when it starts, stage by stage."""
    stages: list[StartupStage] = []
    stopped = False
    handshake: _Handshake | None = None
    logged = shown_stages(view.seen.log) if view.seen.log else {}
    lost = _stages_with_wrong_router(view, checks) or _stages_with_lost_lease(checks)
    for name in _TITLES:
        state, check = ("not-reached", None) if stopped else lost.get(name) or _state(name, checks)
        if state == "stops":
            stopped, handshake = True, _handshake(name, check, view)
        stages.append(_stage(name, state, check, view, test, handshake if state == "stops" else None, logged))
    stop = next((stage for stage in stages if stage.state == "stops"), None)
    # A required check that belongs to no stage can fail too: then whether the device gets online is not settled.
    doubtful = any(row.level == "required" and row.status in {"fail", "unknown"} for row in checks)
    reached = all(stage.state == "reached" for stage in stages) and not doubtful
    online = False if stop else True if reached else None
    at_last = stages[-1] if online else stop
    return Startup(
        online=online,
        stops_at=stop.stage if stop else None,
        led=(at_last.led or None) if at_last else None,
        lights=at_last.lights if at_last else [],
        log=_log(stages, view, test, handshake, online=online),
        stages=stages,
        rests_on=[fact for fact in _rests_on(view.profile, handshake) if fact is not None],
    )


def _rests_on(profile: Profile, handshake: _Handshake | None) -> list[Fact[Any] | None]:
    """The device facts that the prediction rests on: those of every start, and those of a failed handshake."""
    lines, led, dhcp = profile.startup, profile.led, profile.dhcp
    every = [lines.scan_line, lines.link_line, lines.ip_line, lines.dns_line, lines.cloud_line]
    failed: list[Fact[Any] | None] = [lines.no_answer_line] if handshake and handshake.is_silent else []
    if handshake:
        failed += [lines.handshake_failed_line, led.handshake, led.handshake_failed, led.handshake_failed_ms]
    return [
        *every, *failed, led.joining, led.joined, led.connecting, led.online,
        dhcp.asks_for, dhcp.host_name, profile.dns.aaaa_first, profile.cloud.keep_alive_s,
    ]  # fmt: skip


def _handshake(name: StartStage, check: Check | None, view: DeviceView) -> _Handshake | None:
    """The handshake that fails at the stage where the device stops; None: there is none, or it is not known.

    Over UDP the device always begins a handshake, because a socket is connected at once, without a packet. Over TCP it
    does so only if somebody accepts the connection.
    """
    if name != "cloud" or check is None or CHECKS[check.id].starts != "cloud":
        return None
    transport = view.profile.cloud.transport.value
    if transport == "dtls":
        return _Handshake(is_silent=not any(endpoint.record for endpoint in view.endpoints))
    if transport == "tcp-nonce" and CHECKS[check.id].logged:
        made = [connection for connection in _connections(view) if connection.connect_ms is not None]
        return _Handshake(is_silent=not any(connection.received for connection in made)) if made else None
    return None


def _connections(view: DeviceView) -> list[Connection]:
    """The TCP connections to the device's own cloud."""
    return [connection for endpoint in view.endpoints for connection in endpoint.connections]


def _stages_with_wrong_router(view: DeviceView, checks: list[Check]) -> dict[StartStage, tuple[Reached, Check | None]]:
    """The stages of a device that assumes a wrong router: it gets an address, but no answer from beyond it."""
    lease = next(check for check in checks if check.id == "dhcp.lease")
    if lease.status != "fail" or view.guessed_router is None:
        return {}
    is_sure = view.profile.dhcp.missing_router.certainty != "unconfirmed"
    return {
        "ip": ("reached", None) if is_sure else ("unknown", lease),
        "dns": ("unknown", lease),
        "cloud": ("stops", lease),
    }


def _stages_with_lost_lease(checks: list[Check]) -> dict[StartStage, tuple[Reached, Check | None]]:
    """The stages of a device with an address that it soon loses or shares: as with a good address, but not for long."""
    lease = next(check for check in checks if check.id == "dhcp.lease")
    if lease.status != "fail" or lease.problem not in NOT_KEPT:
        return {}
    others = [check for check in checks if check is not lease]
    ip, cloud = _state("ip", others), _state("cloud", others)
    return {"ip": ip, "cloud": ("unknown", lease) if cloud[0] == "reached" else cloud}


def _state(name: StartStage, checks: list[Check]) -> tuple[Reached, Check | None]:
    """Whether a device reaches a stage, by the checks of that stage; where it does not, also the check that says so."""
    if name in {"scan", "link"}:  # the link needs nothing more from the network than the scan
        of_stage = [check for check in checks if CHECKS[check.id].starts == "scan" and check.level == "required"]
    else:
        of_stage = [check for check in checks if CHECKS[check.id].starts == name and check.level != "reported"]
    if name == "link":
        is_sure = of_stage and all(check.status in {"pass", "warn"} and not check.in_doubt for check in of_stage)
        return ("reached" if is_sure else "unknown"), None
    if failing := [check for check in of_stage if check.status == "fail"]:
        stopping = next((check for check in failing if CHECKS[check.id].stops), None)
        return ("stops", stopping) if stopping else ("unknown", failing[0])
    doubtful = next(
        (check for check in of_stage if check.status in {"unknown", "skip"} or check.in_doubt or may_stop(check)), None
    )
    if doubtful is not None or not of_stage:
        return "unknown", doubtful
    return "reached", None


def _stage(
    name: StartStage,
    state: Reached,
    check: Check | None,
    view: DeviceView,
    test: InternetTest,
    handshake: _Handshake | None,
    logged: dict[StartStage, LogStageSeen],
) -> StartupStage:
    """One stage of the start: whether it is reached, with its log line, LED and expected time."""
    stops = state == "stops"
    line: Fact[Any] | None = getattr(view.profile.startup, f"{name}_line")
    failure_line = _failure_line(name, view, check, handshake) if stops and check else None
    logged_line = failure_line if stops else line
    led, lights = _light(name, state, view.profile, test, handshake)
    return StartupStage(
        stage=name,
        title=_TITLES[name],
        state=state,
        line=_in_default_log(line, view),
        instead=_in_default_log(failure_line, view),
        hidden_line=_filled(logged_line, view) if logged_line and logged_line.log_level else None,
        led=led,
        lights=lights,
        expected=_expected(name, state, view, test),
        network_sees=_network_sees(name, view),
        why=check.summary if check else None,
        check=check.id if check else None,
        device_log=logged.get(name, UNSET),
    )


def _light(
    name: StartStage, state: Reached, profile: Profile, test: InternetTest, handshake: _Handshake | None
) -> tuple[str, list[LedSignal]]:
    """The LED signals of a stage, in words and for drawing; the device repeats them in this order."""
    lasting = _lasting(name, state, profile.led, handshake)
    if lasting is None:
        return "", []
    words, lights = [str(lasting.value)], [signal(lasting.value)]
    failed, failed_ms = profile.led.handshake_failed, profile.led.handshake_failed_ms
    if handshake and failed and failed_ms:
        words.append(LightSignal(colour=failed.value, times=1).words)
        lights.append(LedSignal(colour=failed.value, on_ms=failed_ms.value, off_ms=0, times=1))
    is_testing = state == "stops" and name in {"dns", "cloud"}
    if is_testing and test.runs and (error := test.led):
        words.append(error.words)
        lights.append(LedSignal(colour=error.colour, on_ms=error.on_ms, off_ms=error.off_ms, times=error.blinks))
    if len(words) > 1:
        return f"{', then '.join(words)}, again and again", lights
    return (f"{words[0]}, without error blinks" if is_testing and test.runs is False else words[0]), lights


def _lasting(name: StartStage, state: Reached, led: LedFacts, handshake: _Handshake | None) -> Fact[Light] | None:
    """The LED signal at a stage, without the blinks of an error."""
    if name in {"scan", "link"}:
        return led.joining
    if name == "ip":
        return led.joined
    if name == "cloud" and state == "reached":
        return led.online
    return (led.handshake or led.connecting) if handshake else led.connecting


def _failure_line(name: StartStage, view: DeviceView, check: Check, handshake: _Handshake | None) -> Fact[Any] | None:
    """The log line of a device that stops at this stage; None: not known."""
    profile, facts, row = view.profile, view.profile.startup, CHECKS[check.id]
    if row.starts != name or not row.logged:
        return None
    if name == "cloud":
        if handshake:
            return (
                facts.no_answer_line or facts.handshake_failed_line
                if handshake.is_silent
                else facts.handshake_failed_line
            )
        return facts.connect_failed_line if profile.cloud.transport.value == "tcp-nonce" else None
    if name == "dns" and view.address is not None:
        return None  # the name resolves, though to a wrong address
    return {"scan": facts.scan_failed_line, "ip": facts.ip_failed_line, "dns": facts.dns_failed_line}.get(name)


def _in_default_log(line: Fact[Any] | None, view: DeviceView) -> str | None:
    """Fill in a log line; None: a default log does not have it."""
    return None if line is None or line.log_level else _filled(line, view)


def _filled(line: Fact[Any], view: DeviceView) -> str:
    """Fill this network's names and addresses into a log line."""
    wifi = view.seen.wifi
    values = {
        "ssid": (wifi.target if wifi else None) or "<ssid>",
        "host": view.host,
        "address": view.address or "<address>",
        "port": str(view.profile.cloud.port.value),
    }
    text = str(line.value)
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _network_sees(name: StartStage, view: DeviceView) -> str | None:
    """What a packet capture or server log shows of a stage, in words; None: nothing."""
    profile = view.profile
    if name == "ip":
        facts = profile.dhcp
        host = f"host name {facts.host_name.value} in its REQUEST" if facts.host_name.value else "no host name"
        options = ", ".join(map(str, facts.asks_for.value))
        return f"DHCP: DISCOVER that asks for options {options}{_doubt(facts.asks_for)}; {host}" + (
            f"; MAC address {profile.mac_prefix.value}:…" if profile.mac_prefix else ""
        )
    host, address = view.host, view.address
    if name == "dns":
        record = "AAAA, then A" if profile.dns.aaaa_first.value else "A"
        return f"DNS: {record} for {host}" if host != address else None
    if name == "cloud":
        protocol = "TCP" if profile.cloud.transport.value == "tcp-nonce" else "UDP"
        return f"{protocol} {profile.cloud.port.value} to {address or host}"
    return None


def _doubt(fact: Fact[Any]) -> str:
    """A remark to put behind a fact that is not confirmed; else empty."""
    return " (not confirmed)" if fact.certainty == "unconfirmed" else ""


def _log(
    stages: list[StartupStage],
    view: DeviceView,
    test: InternetTest,
    handshake: _Handshake | None,
    *,
    online: bool | None,
) -> list[str]:
    """The lines that the device logs at its default level, in order, up to where it stops."""
    lines: list[str | None] = []
    for stage in stages:
        if stage.state == "not-reached":
            break
        if stage.state == "stops":
            # If the device tried a handshake, its socket was connected, so it logs the line of the stage. If nothing
            # answered, or if it tried no handshake, it logs the line of the failure.
            lines += [stage.line if handshake else None]
            lines += [stage.instead] if handshake is None or handshake.is_silent else []
            break
        lines += [stage.line if stage.state == "reached" else None]
    if online:
        lines.append("Cloud connected")
        return [line for line in lines if line]
    tested = test.log if test.runs else []
    if handshake and not handshake.is_silent:
        # The lines of the Internet Test come before the line of the failed handshake, except the test's last line,
        # which is about the blinks of the LED (system_task.cpp:404-422).
        failed = _in_default_log(view.profile.startup.handshake_failed_line, view)
        return [line for line in (*lines, *tested[:-1], failed, *tested[-1:]) if line]
    return [line for line in (*lines, *tested) if line]


def _expected(name: StartStage, state: Reached, view: DeviceView, test: InternetTest) -> str:
    """How long a stage takes here, if measured; where the device stops, how long it tries. Empty: not known."""
    stops = state == "stops"
    if state == "not-reached":
        return ""
    if name == "scan":
        limit = view.profile.startup.connect_s
        return f"at most {limit.value:g} s from here to an address, then again from the start" if limit else ""
    if name == "link":
        return ""
    if name == "ip":
        return _expected_lease(view, stops=stops)
    if name == "dns":
        return _expected_lookup(view, stops=stops)
    return _expected_cloud(view.profile, test, stops=stops)


def _expected_lease(view: DeviceView, *, stops: bool) -> str:
    """How long DHCP took here; or, if the device stops at DHCP, when it asks and when it gives up."""
    dhcp, facts = view.seen.dhcp, view.profile.dhcp
    if stops:
        at = ", ".join(f"{at_s:g}" for at_s in facts.asks_at_s.value)
        end = f"gives up after {facts.give_up_s.value:g} s" if facts.give_up_s else "never gives up"
        return f"asks at {at} s{_doubt(facts.asks_at_s)}, {end}"
    if dhcp is None or dhcp.granted is None or view.laptop_network:
        return ""
    begun = next((message.at_s for message in dhcp.sent if message.identity == "device"), dhcp.started_s)
    return _took(dhcp.granted.at_s - begun)


def _expected_lookup(view: DeviceView, *, stops: bool) -> str:
    """How long the slowest lookup of the cloud's name took here; or, if the device stops at DNS, when it gives up."""
    seen, facts = view.seen, view.profile.dns
    if stops:
        kinds = 2 if facts.aaaa_first.value else 1
        resolvers = min(len(seen.dns.resolvers) if seen.dns else 1, facts.resolvers.value) or 1
        longest = facts.tries.value * facts.patience_s.value * kinds * resolvers
        return f"gives up after {longest:g} s at the latest"
    if view.laptop_network:
        return ""
    took = [
        lookup.elapsed_ms
        for host in view.profile.cloud.hosts.value
        for lookup in (seen.dns.of(host) if seen.dns else [])
    ]
    return _took(max(took) / 1000) if took else ""


def _took(seconds: float) -> str:
    return f"{seconds:.1f} s here" if seconds >= 0.1 else "less than 0.1 s here"


def _expected_cloud(profile: Profile, test: InternetTest, *, stops: bool) -> str:
    """How often the device sends a keep-alive once online; or, if it stops at the cloud, when it gives up."""
    cloud, tests_s = profile.cloud, _TEST_S[profile.internet_test.method.value]
    if stops:
        wait = cloud.answer_s.value + (cloud.connect_s.value if cloud.connect_s else 0)
        then = f", then tests for up to {tests_s:g} s before it blinks" if test.runs and tests_s else ""
        return f"gives up after {wait:g} s{then}"
    alive = f", then a keep-alive every {cloud.keep_alive_s.value:g} s" if cloud.keep_alive_s else ""
    return f"a few seconds{alive}"

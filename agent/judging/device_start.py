"""What the device would do from power-on: its five stages, the log line of each, and where it stops.

The stages and lines are those of Particle's troubleshooting articles (scan and authentication, link, IP, DNS, cloud);
the LED signals are from device-os v6.2.0 system/src/system_led_signal.cpp:65-79, system_network_manager.cpp:418-441.
"""

from typing import Any

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.dhcp import NOT_KEPT
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.led import LedSignal
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Check, InternetTest, Reached, StartStage, Startup, StartupStage

_JOINING, _JOINED, _CONNECTING, _ONLINE = "blinking green", "fast blinking green", "blinking cyan", "breathing cyan"
_TITLES: dict[StartStage, str] = {
    "scan": "scan and authentication",
    "link": "link",
    "ip": "IP",
    "dns": "DNS",
    "cloud": "cloud",
}
_PERIODS_MS = {_JOINING: 200, _JOINED: 100, _CONNECTING: 200, _ONLINE: 4000}
"""device-os v6.2.0 system/src/system_led_signal.cpp, PatternPeriod; half of it on, half of it off."""
_TEST_S = {"none": 0.0, "tcp": 5.0, "ntp": 10.0, "echo-1": 5.0, "echo-2": 5.0}
"""The longest that each Internet Test takes, in seconds (device-facts 1.2 to 1.4)."""


def startup(view: DeviceView, checks: list[Check], test: InternetTest) -> Startup:
    """Work out from the judged checks how far this device gets when it starts, stage by stage."""
    stages: list[StartupStage] = []
    stopped = False
    lost = _by_a_wrong_router(view, checks) or _for_a_while(checks)
    for name in _TITLES:
        state, check = ("not-reached", None) if stopped else lost.get(name) or _state(name, checks)
        stopped = stopped or state == "stops"
        stages.append(_stage(name, state, check, view, test))
    stop = next((stage for stage in stages if stage.state == "stops"), None)
    # A required check that belongs to no stage can fail too: then whether the device gets online is not settled.
    doubtful = any(row.level == "required" and row.status in {"fail", "unknown"} for row in checks)
    reached = all(stage.state == "reached" for stage in stages) and not doubtful
    online = False if stop else True if reached else None
    return Startup(
        online=online,
        stops_at=stop.stage if stop else None,
        led=_ONLINE if online else stop.led if stop else None,
        lights=[_light(_ONLINE)] if online else stop.lights if stop else [],
        log=_log(stages, test, online=online),
        stages=stages,
        rests_on=[fact for fact in _rests_on(view.profile) if fact is not None],
    )


def _rests_on(profile: Profile) -> list[Fact[Any] | None]:
    """The device facts that every start shows, wherever it stops."""
    lines, dhcp = profile.startup, profile.dhcp
    every = [lines.scan_line, lines.link_line, lines.ip_line, lines.dns_line, lines.cloud_line]
    return [*every, dhcp.asks_for, dhcp.host_name, profile.dns.aaaa_first, profile.cloud.keep_alive_s]


def _by_a_wrong_router(view: DeviceView, checks: list[Check]) -> dict[StartStage, tuple[Reached, Check | None]]:
    """The stages of a device that assumes a wrong router: it gets an address, but no answer from beyond it."""
    lease = next(check for check in checks if check.id == "dhcp.lease")
    if lease.status != "fail" or view.guessed_router is None:
        return {}
    sure = view.profile.dhcp.missing_router.certainty != "unconfirmed"
    return {
        "ip": ("reached", None) if sure else ("unknown", lease),
        "dns": ("unknown", lease),
        "cloud": ("stops", lease),
    }


def _for_a_while(checks: list[Check]) -> dict[StartStage, tuple[Reached, Check | None]]:
    """How far a device gets with an address that it soon loses, or shares: as far as with a good one, for a while."""
    lease = next(check for check in checks if check.id == "dhcp.lease")
    if lease.status != "fail" or lease.problem not in NOT_KEPT:
        return {}
    others = [check for check in checks if check is not lease]
    ip, cloud = _state("ip", others), _state("cloud", others)
    return {"ip": ip, "cloud": ("unknown", lease) if cloud[0] == "reached" else cloud}


def _state(name: StartStage, checks: list[Check]) -> tuple[Reached, Check | None]:
    """Whether a device reaches a stage, by the checks of that stage; where it does not, also the check that says so."""
    if name in {"scan", "link"}:  # the link needs nothing more from the network than the scan
        mine = [check for check in checks if CHECKS[check.id].starts == "scan" and check.level == "required"]
    else:
        mine = [check for check in checks if CHECKS[check.id].starts == name and check.level != "reported"]
    if name == "link":
        sure = mine and all(check.status in {"pass", "warn"} and not check.in_doubt for check in mine)
        return ("reached" if sure else "unknown"), None
    if failing := [check for check in mine if check.status == "fail"]:
        stopping = next((check for check in failing if CHECKS[check.id].stops), None)
        return ("stops", stopping) if stopping else ("unknown", failing[0])
    doubtful = next((check for check in mine if check.status in {"unknown", "skip"} or check.in_doubt), None)
    if doubtful is not None or not mine:
        return "unknown", doubtful
    return "reached", None


def _stage(name: StartStage, state: Reached, check: Check | None, view: DeviceView, test: InternetTest) -> StartupStage:
    stops = state == "stops"
    return StartupStage(
        stage=name,
        title=_TITLES[name],
        state=state,
        line=_filled(getattr(view.profile.startup, f"{name}_line"), view),
        instead=_instead(name, view, check) if stops and check else None,
        led=_led(name, state, test),
        lights=_lights(name, state, test),
        expected=_expected(name, state, view, test),
        network_sees=_network_sees(name, view),
        why=check.summary if check else None,
        check=check.id if check else None,
    )


def _signal(name: StartStage, state: Reached) -> str:
    """The LED signal at a stage, without the blinks of an error."""
    if name in {"scan", "link"}:
        return _JOINING
    if name == "ip":
        return _JOINED
    return _ONLINE if name == "cloud" and state == "reached" else _CONNECTING


def _tests(name: StartStage, state: Reached) -> bool:
    """Whether the device stops at a stage after which its Internet Test can run."""
    return state == "stops" and name in {"dns", "cloud"}


def _led(name: StartStage, state: Reached, test: InternetTest) -> str:
    signal = _signal(name, state)
    if not _tests(name, state):
        return signal
    if test.runs and test.led:
        return f"{signal}, then {test.led.words}, again and again"
    return f"{signal}, without error blinks" if test.runs is False else signal


def _lights(name: StartStage, state: Reached, test: InternetTest) -> list[LedSignal]:
    """The LED signals that `_led` describes in words, for drawing."""
    found = [_light(_signal(name, state))]
    if _tests(name, state) and test.runs and test.led:
        error = test.led
        found.append(LedSignal(colour=error.colour, on_ms=error.on_ms, off_ms=error.off_ms, times=error.blinks))
    return found


def _light(signal: str) -> LedSignal:
    half = _PERIODS_MS[signal] // 2
    return LedSignal(colour=signal.rpartition(" ")[2], on_ms=half, off_ms=half, breathes=signal == _ONLINE)


def _instead(name: StartStage, view: DeviceView, check: Check) -> str | None:
    """The log line of a device that stops at this stage; None: not known."""
    profile, facts, row = view.profile, view.profile.startup, CHECKS[check.id]
    if row.starts != name or not row.logged:
        return None
    if name == "cloud":
        made = [connection for endpoint in view.endpoints for connection in endpoint.connections]
        dead = profile.cloud.transport.value == "tcp-nonce" and all(
            connection.connect_ms is None for connection in made
        )
        return _filled(facts.connect_failed_line if dead else facts.handshake_failed_line, view)
    if name == "dns" and view.address is not None:
        return None  # the name resolves, though to a wrong address
    by_name = {"scan": facts.scan_failed_line, "ip": facts.ip_failed_line, "dns": facts.dns_failed_line}
    return _filled(by_name.get(name), view)


def _filled(line: Fact[Any] | None, view: DeviceView) -> str | None:
    """Fill this network's names and addresses into a log line."""
    if line is None:
        return None
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
    return " (not confirmed)" if fact.certainty == "unconfirmed" else ""


def _log(stages: list[StartupStage], test: InternetTest, *, online: bool | None) -> list[str]:
    """The log lines to look for, up to where the device stops."""
    lines: list[str] = []
    for stage in stages:
        if stage.state == "not-reached":
            break
        if stage.state == "stops":
            lines += [stage.instead] if stage.instead else []
            break
        lines += [stage.line] if stage.line and stage.state == "reached" else []
    if online:
        return [*lines, "Cloud connected"]
    return [*lines, *(test.log if test.runs else [])]


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
    dhcp, facts = view.seen.dhcp, view.profile.dhcp
    if stops:
        at = ", ".join(f"{at_s:g}" for at_s in facts.asks_at_s.value)
        end = f"gives up after {facts.give_up_s.value:g} s" if facts.give_up_s else "never gives up"
        return f"asks at {at} s{_doubt(facts.asks_at_s)}, {end}"
    if dhcp is None or dhcp.granted is None or view.elsewhere:
        return ""
    begun = next((message.at_s for message in dhcp.sent if message.identity == "device"), dhcp.started_s)
    return _took(dhcp.granted.at_s - begun)


def _expected_lookup(view: DeviceView, *, stops: bool) -> str:
    seen, facts = view.seen, view.profile.dns
    if stops:
        kinds = 2 if facts.aaaa_first.value else 1
        resolvers = min(len(seen.dns.resolvers) if seen.dns else 1, facts.resolvers.value) or 1
        longest = facts.tries.value * facts.patience_s.value * kinds * resolvers
        return f"gives up after {longest:g} s at the latest"
    if view.elsewhere:
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
    cloud, tests_s = profile.cloud, _TEST_S[profile.internet_test.method.value]
    if stops:
        wait = cloud.answer_s.value + (cloud.connect_s.value if cloud.connect_s else 0)
        then = f", then tests for up to {tests_s:g} s before it blinks" if test.runs and tests_s else ""
        return f"gives up after {wait:g} s{then}"
    alive = f", then a keep-alive every {cloud.keep_alive_s.value:g} s" if cloud.keep_alive_s else ""
    return f"a few seconds{alive}"

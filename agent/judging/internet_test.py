"""What the device's own Internet Test would conclude: the NTP generation, Device OS 2.0 to 5.5.

The device runs it only after its cloud connection has failed; its result chooses a log line and a number of blinks
(device-os v4.2.0 system/src/system_task.cpp, handle_cfod(); hal/network/util/simple_ntp_client.cpp).
"""

from typing import Literal

from msgspec import Struct, field

from agent.judging.dns import NTP_SERVER
from agent.judging.unseen import network_of_laptop
from probes.observations import Observations

Result = Literal["passed", "dns", "timeout", "network"]

_WORDS: dict[Result, str] = {"dns": "DNS", "timeout": "timeout", "network": "network"}
_CLOUD_UNREACHABLE = 3
_TEST_FAILED = 2
METHOD = "ntp"


class Led(Struct, frozen=True, kw_only=True):
    """A blink pattern of the status LED."""

    colour: str
    blinks: int
    on_ms: int = 250
    off_ms: int = 250


class InternetTest(Struct, frozen=True, kw_only=True):
    """The Internet Test's result, and how the device would tell it.

    Attributes:
        result: None where the device would not get as far as the test, or where that is not known; `reason` says so.
        log: the lines that it would log.
        led: the blinks that it would show; None where there is no result.
        when: under what condition the device does any of this.
    """

    result: Result | None
    method: str = METHOD
    reason: str | None = None
    log: list[str] = field(default_factory=list)
    led: Led | None = None
    when: str = "only after its cloud connection has failed"


def internet_test(seen: Observations) -> InternetTest:
    """The test's result, from the lookups and the NTP exchange of this run."""
    dhcp, dns, ntp = seen.dhcp, seen.dns, seen.ntp
    if here := network_of_laptop(seen):
        return InternetTest(result=None, reason=f"Not known: this laptop is on another network, '{here}'.")
    granted = dhcp.granted if dhcp is not None else None
    if (
        dhcp is not None
        and not dhcp.not_run
        and dhcp.exchange_denied is None
        and not (granted and granted.address and granted.resolvers)
    ):
        return InternetTest(
            result=None,
            reason="The device would not get as far: without a lease with a resolver its LED stays fast green.",
        )
    if dns is None or dns.not_run or not dns.resolvers or dns.assumed:
        return InternetTest(result=None, reason="Not known: the resolvers that a device is given were not asked.")
    lookups = dns.of(NTP_SERVER)
    if dns.as_device(NTP_SERVER) is None:
        if not lookups or all(attempt.outcome == "error" for one in lookups for attempt in one.attempts):
            return InternetTest(result=None, reason=f"Not known: {NTP_SERVER} could not be asked for.")
        return _conclude("dns", f"{NTP_SERVER} does not resolve.")
    if ntp is None or ntp.not_run or not ntp.attempts:
        return InternetTest(result=None, reason="Not known: NTP was not looked at.")
    if ntp.good:
        return _conclude("passed", f"{ntp.address} answers NTP.")
    last = next((one for one in reversed(ntp.attempts) if one.outcome != "ignored"), ntp.attempts[-1])
    if last.decoded is not None:
        return _conclude("network", f"{ntp.address} sent a {last.decoded.flaw}.")
    if last.outcome == "error":
        return InternetTest(result=None, reason=f"Not known: this laptop could not send to {ntp.address}.")
    # lwIP drops ICMP errors for UDP: to the device a rejected request is one without a reply.
    return _conclude("timeout", f"{ntp.address} did not answer NTP.")


def _conclude(result: Result, reason: str) -> InternetTest:
    blinks = _CLOUD_UNREACHABLE if result == "passed" else _TEST_FAILED
    line = (
        "Internet available, cloud not reachable" if result == "passed" else f"Internet test failed: {_WORDS[result]}"
    )
    return InternetTest(
        result=result,
        reason=reason,
        log=[line, f"Handling cloud error: {blinks}"],
        led=Led(colour="orange", blinks=blinks),
    )

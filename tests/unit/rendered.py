"""A run with something in every kind of field, and how it looks on a terminal and in JSON."""

import io
import re
import unicodedata
from typing import Any

from netpreflight.agent import profiles
from netpreflight.agent.next_step import Invocation, options_of
from netpreflight.agent.report import Report, Run
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Contact, Lease, PortalApi, Proxy, Resolver, TlsWitness
from netpreflight.reports.console import on_terminal as on_stream
from netpreflight.reports.terminal import Terminal
from netpreflight.reports.terminal.answer import print_answer
from netpreflight.reports.terminal.report import print_report
from tests.unit import seen


def run(**changed: Any) -> Run:
    """A run with something in every kind of field."""
    observed = seen.healthy(**changed)
    observed.scope.resolvers = [Resolver(address=seen.RESOLVER, source="dhcp", interface="eth0")]
    observed.scope.proxy = [Proxy(variable="http_proxy", value="http://proxy.example:3128")]
    observed.scope.tunnels = ["tun0"]
    assert observed.dhcp is not None
    observed.dhcp.laptop_lease = Lease(source="dhclient", address="192.168.77.10", routers=["192.168.77.1"])
    assert observed.portal is not None
    observed.portal.api = PortalApi(url="https://portal.example/api", error="no answer")
    observed.portal.tls = [TlsWitness(host="captive.apple.com", mismatch="Hostname mismatch")]
    contact = Contact(
        protocol="udp", host="coap.me", address="198.51.100.11", port=5683, packets=2, bytes=64, purpose="p"
    )
    return Run(started="2026-01-02T03:04:05Z", duration_s=1.5, complete=False, selection=Selection(skip=["ntp.reply"]),
               observations=observed, footprint=[contact])  # fmt: skip


def raw(text: str) -> list[str]:
    """The characters of a text that a terminal obeys or hides, line ends aside, and stacks of marks."""
    return [
        repr(character)
        for character in sorted(set(text))
        if (character not in "\n " and unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Zs", "Cs"})
        or character in "\u3164\u2800\ufe0f\U000e0100\u034f\u115f"
    ] + re.findall("[\u0300-\u036f]{5,}", text)


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """As a terminal answers."""
        return True


def without_codes(text: str) -> str:
    """What a terminal was sent, without the codes for styles and for the cursor that are netpreflight's own."""
    return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", text)


def on_terminal(made: Report) -> str:
    """What progress and report show of it."""
    stream, progress = io.StringIO(), Screen()
    terminal = Terminal(progress, lambda: 0.0, plain=True)
    terminal.begin(made.scope, profiles.load("generic"))
    for check in made.checks:
        terminal.known(check)
    terminal.close()
    print_report(on_stream(stream), made, ())
    print_answer(on_stream(stream), made, Invocation(options=options_of(made)), full=True)
    return without_codes(progress.getvalue()) + stream.getvalue()

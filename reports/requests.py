"""The requests to those who have to change something, as text: the same lines in every format, and in a mail.

A request is made for other people to read. So it never reveals more than a report for a ticket does, even if the report
that it is part of is complete.
"""

import weakref
from collections.abc import Iterator, Sequence

from netpreflight.agent.owner import Owner, the_owner
from netpreflight.agent.report import Report
from netpreflight.agent.report.requests import Ask, Request, requests
from netpreflight.reports.safe_text import escaped, shown
from netpreflight.reports.sharing import shared

LONGEST_SUBJECT = 150
WHO: dict[Owner, str] = {
    "device owner": "whoever owns the device and its Wi-Fi",
    "network administrator": "whoever looks after the router or firewall",
    "internet provider": "the company that the internet connection comes from",
}
_BLANK = "____________________"
_TOKENS = (
    "Names and addresses are replaced by tokens here, because this report is for the public. Nobody can act on that: "
    "for a request to send, make the report with --share ticket."
)


_last: list[tuple[weakref.ref[Report], list[Request]]] = []
"""The report that was rendered last, and its requests."""


def requests_of(report: Report) -> list[Request]:
    """The requests that follow from a report, with no more than a ticket reveals.

    They are kept for the next rendering of the same report, because sharing 10,000 access points takes 0.4 s.
    """
    for same, made in _last:
        if same() is report:
            return made
    made = requests(shared(report, "ticket")) if requests(report) else []  # most reports have no request
    _last[:] = [(weakref.ref(report), made)]
    return made


def subject(request: Request) -> str:
    """The subject of a request in one line, cut if it is too long."""
    line = " ".join(shown(request.subject).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[:LONGEST_SUBJECT]}…"


def title(request: Request) -> str:
    """The heading of a request."""
    return f"The request to {the_owner(request.owner)}"


def with_subject(request: Request, contact: str) -> list[str]:
    """The whole request, with its subject as the first line."""
    return [f"Subject: {subject(request)}", "", *body(request, contact)]


def body(request: Request, contact: str) -> list[str]:
    """The lines of a request without its subject; each line is safe to show."""
    return [
        f"To {the_owner(request.owner)} ({WHO[request.owner]})",
        "",
        *([_TOKENS, ""] if request.public else []),
        *(shown(line) for line in request.about),
        "",
        *_changes(request.asks),
        *(shown(line) for line in request.enough),
        "",
        "What was seen",
        shown(request.measured),
        *_seen(request),
        "",
        "How to verify it afterwards",
        *_command(request),
        *(f"- {shown(line)}" for line in request.elsewhere),
        "",
        f"The device's MAC address: {_mac(request)}",
        *_customer(request),
        f"Asked by: {shown(contact) or f'{_BLANK} (name, and how to reach you)'}",
    ]


def _command(request: Request) -> Iterator[str]:
    """The lines with the command that verifies the changes, and what it prints once they are made."""
    if request.command:
        yield "On a laptop on that network (netpreflight is a free program that sends what such a device sends):"
        yield f"  {escaped(request.command)}"
        yield f"  It then says {shown(request.says)}."


def _changes(asks: Sequence[Ask]) -> Iterator[str]:
    """The lines with what is asked for, numbered, under a heading for how sure it is."""
    headings = {
        "needed": "Please change:",
        "suspected": "Please check whether this is the cause; it is suspected, and not proved:",
        "optional": "It would help, but the device does not need it:",
    }
    before = None
    for number, ask in enumerate(asks, 1):
        if ask.sure != before:
            yield headings[ask.sure]
        before = ask.sure
        # A rule is shown at full length: it has only validated values, and is useless if it is cut.
        lines = [escaped(rule.line) for rule in ask.rules] or [shown(ask.line)]
        yield f"{number}. {lines[0]}"
        yield from (f"   {line}" for line in [*lines[1:], *([shown(ask.place)] if ask.place else [])])


def _seen(request: Request) -> Iterator[str]:
    """The lines with the evidence for each change, under the change's number, and with what worked in the same run."""
    for number, ask in enumerate(request.asks, 1):
        for at, line in enumerate(ask.seen):
            yield f"{f'{number}.' if not at else '   -'} {shown(line)}"
    if request.beside:
        yield "Worked in the same run, from the same laptop:"
        yield from (f"   - {shown(line)}" for line in request.beside)


def _customer(request: Request) -> Iterator[str]:
    """The lines with what an internet provider asks first; none for other owners."""
    if request.owner == "internet provider":
        yield f"Customer number, and the connection's public address: {_BLANK}"
        yield from (f"{escaped(subnet)} is behind that address: you do not see it." for subnet in request.behind)


def _mac(request: Request) -> str:
    """The device's MAC address as far as it is known, with blanks for the rest."""
    known = [part for part in shown(request.mac).split(":") if part]
    blanks = ["__"] * (6 - len(known))
    return ":".join([*known, *blanks]) + (f" (to be filled in: {request.mac_from})" if blanks else "")

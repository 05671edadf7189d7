"""What an outage means: the check whose page says more, and who can change what.

This is worked out whenever a watch is read, so that older watches profit from what newer versions know better.
"""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from netpreflight.agent.owner import Owner
from netpreflight.agent.watch import records, watched
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.watched import OutageProblem


class _Meaning(NamedTuple):
    """What a problem means: a sentence, the check, who can change something, and what to change.

    `{cloud}` stands for the cloud port, `{check}` for the check of the cloud, and `{keep_alive}` for the device's
    keep-alive interval in seconds.
    """

    summary: str
    check: str | None
    owner: Owner | None
    remedy: str


_MEANINGS: dict[OutageProblem, _Meaning] = {
    "link-lost": _Meaning(
        "The laptop's own link was lost: no carrier, or no Wi-Fi association.",
        None,
        "network administrator",
        "Check the log of the access point or switch for these times. A laptop that was carried out of range loses its "
        "link, too.",
    ),
    "no-address": _Meaning(
        "The interface had no IPv4 address.",
        "dhcp.lease",
        "network administrator",
        "Check the log of the DHCP server for these times.",
    ),
    "gateway-silent": _Meaning(
        "The router did not answer ARP requests on this network.",
        None,
        "network administrator",
        "Check whether the router restarted at these times, and what lies between the router and the access point.",
    ),
    "nothing-beyond-gateway": _Meaning(
        "Neither the resolver nor the device's cloud answered, and the system still took the router for reachable.",
        None,
        "network administrator",
        "Check the router's log for whether it restarted or lost its internet connection at these times; the internet "
        "provider knows more.",
    ),
    "resolver-silent": _Meaning(
        "The resolver of the lease did not answer, while other things worked.",
        "dns.resolve",
        "network administrator",
        "Check the log of the resolver for these times, or hand out another resolver by DHCP.",
    ),
    "resolver-fails": _Meaning(
        "The resolver of the lease answered with an error, while other things worked.",
        "dns.resolve",
        "network administrator",
        "Check the resolver, and the resolvers to which it forwards.",
    ),
    "no-such-name": _Meaning(
        "The resolver of the lease said that the name of the device's cloud does not exist.",
        "dns.resolve",
        "network administrator",
        "Make sure that the resolver answers for this name at all times.",
    ),
    "no-usable-address": _Meaning(
        "The resolver of the lease gave an address that no other host can have. Filters do that for names they block.",
        "dns.resolve",
        "network administrator",
        "Exempt the name of the device's cloud from the filter of the resolver.",
    ),
    "no-answer": _Meaning(
        "Nothing on {cloud} was answered, while the resolver answered.",
        "{check}",
        "network administrator",
        "Run netpreflight check during such an outage: its ladders show where packets to {cloud} are lost. The "
        "vendor's status page tells whether the cloud itself was out of service.",
    ),
    "mapping-lost": _Meaning(
        "The cloud answered a new conversation at once, but no longer the old one: a NAT or firewall had forgotten it.",
        "{check}",
        "network administrator",
        "Keep idle UDP conversations longer than the device's keep-alive ({keep_alive:g} s) in the router or firewall.",
    ),
    "not-the-cloud": _Meaning(
        "What answered on {cloud} did not sign with the key that the device expects of its cloud.",
        "{check}",
        "network administrator",
        "Find out what answers in the cloud's place: something that inspects DTLS, or a wrong address from the "
        "resolver.",
    ),
    "handshake-fails": _Meaning(
        "The conversation on {cloud} was answered, but the handshake of a device that reconnects failed.",
        "{check}",
        "network administrator",
        "Exempt {cloud} from application control and inspection in the firewall. netpreflight check shows which part "
        "of the handshake is lost.",
    ),
    "rejected": _Meaning(
        "Packets to {cloud} were rejected.",
        "{check}",
        "network administrator",
        "Allow {cloud} at all times in the firewall.",
    ),
    "captive-portal": _Meaning(
        "A captive portal answered in the internet's place.",
        "portal",
        "network administrator",
        "Exempt the device's MAC address from the portal, for good.",
    ),
    "renewal-silent": _Meaning(
        "The DHCP server did not renew the lease that the watch holds in place of a device.",
        "dhcp.lease",
        "network administrator",
        "Check the log of the DHCP server for whether it ran at these times, and check whether a firewall drops UDP 67 "
        "and 68 to or from the clients' own addresses.",
    ),
    "no-lease": _Meaning(
        "No DHCP server granted a lease to a device that is new to this network.",
        "dhcp.lease",
        "network administrator",
        "Check the log of the DHCP server for whether it ran at these times, and whether all its addresses were "
        "leased.",
    ),
    "address-in-use": _Meaning(
        "The DHCP server offered a device that is new to this network an address that another host has.",
        "dhcp.lease",
        "network administrator",
        "Find the host that has the address, and let it have another one; or take the address out of the pool of the "
        "DHCP server.",
    ),
    "no-time": _Meaning(
        "No NTP server answered, while the resolver answered.",
        "ntp.reply",
        "network administrator",
        "Allow UDP 123 at all times in the firewall.",
    ),
}


def explained(outage: records.Outage, utc: Callable[[float], dt.datetime], plan: Plan) -> watched.Outage:
    """An outage from the store, with its times in UTC, and what it means.

    Args:
        outage: the outage as it is in the store.
        utc: gives the UTC time for seconds since the laptop was started, for the start in which the outage was.
        plan: the plan of the watch.
    """
    meaning = _MEANINGS[outage.problem]
    words = {
        "cloud": f"{'TCP' if plan.transport == 'tcp-nonce' else 'UDP'} {plan.port}",
        "check": "coap.udp-5683" if plan.transport == "coap" else "cloud.transport",
        "keep_alive": plan.keep_alive_s,
    }
    return watched.Outage(
        last_good=utc(outage.last_good) if outage.last_good is not None else None,
        first_bad=utc(outage.first_bad),
        last_bad=utc(outage.last_bad),
        first_good=utc(outage.first_good) if outage.first_good is not None else None,
        ended_by=outage.ended_by or ("going-on" if outage.first_good is None else None),
        layer=outage.layer,
        check=meaning.check and meaning.check.format(**words),
        problem=outage.problem,
        owner=meaning.owner,
        remedy=meaning.remedy.format(**words),
        summary=meaning.summary.format(**words),
        asked=[
            watched.Asked(layer=heard.layer, good=heard.good, said=heard.said, at=utc(heard.at))
            for heard in outage.asked
        ],
        ladder=outage.ladder,
        lost_behind=outage.lost_behind,
        runs=[
            watched.FullRun(at=utc(run.at), is_over=run.is_over, verdict=run.verdict, said=run.said)
            for run in outage.runs
        ],
    )

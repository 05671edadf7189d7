"""OPNsense: API calls with the same fields as the pages Firewall > Aliases and Firewall > Rules (formerly Automation).

OPNsense documentation, "Development Manual: API: Core: Firewall" (alias/add_item, filter/add_rule) and "Aliases" (a
host alias accepts the name of one host).
"""

import json
from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, name_of, source_of

IDLE_S = 60
"""The default of pf's time-out udp.multiple."""
NOTES = (
    "In a shell, with KEY and SECRET of an API user and HOST of the firewall; or fill in the same fields by hand.",
    'The interface "lan" stands for yours.',
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """The calls that add a host alias and a filter rule for each rule; at the end, the calls that apply them."""
    for number, rule in enumerate(rules, 1):
        name, host = label(number), name_of(rule, "exact")
        alias = {
            "enabled": "1",
            "name": name.replace("-", "_"),
            "type": "host",
            "content": host or "\n".join(rule.addresses),
            "description": name,
        }
        idle_s = idle_s_to_set(rule, IDLE_S)
        wanted = {
            "enabled": "1",
            "action": "pass",
            "quick": "1",
            "interface": "lan",
            "direction": "in",
            "ipprotocol": "inet",
            "protocol": rule.protocol.upper(),
            "source_net": source_of(rule),
            "destination_net": alias["name"],
            "destination_port": str(rule.port),
            "statetype": "keep",
            **({"statetimeout": str(idle_s)} if idle_s else {}),
            "description": name,
        }
        yield _call("alias/add_item", {"alias": alias})
        yield _call("filter/add_rule", {"rule": wanted})
    yield _call("alias/reconfigure", {})
    yield _call("filter/apply", {})


def _call(what: str, body: dict[str, dict[str, str]]) -> str:
    return (
        f"""curl -fsS -u "$KEY:$SECRET" -H 'Content-Type: application/json' -d '{json.dumps(body)}' """
        f'"https://$HOST/api/firewall/{what}"'
    )

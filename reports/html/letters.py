"""Letters to copy: one for each owner who has to change something, with all changes that are theirs."""

from collections.abc import Iterator

from netpreflight.agent.report import Report
from netpreflight.probes.quoting import in_quotes

WHO = {
    "device owner": "Whoever owns the device and its Wi-Fi",
    "network administrator": "The network administrator: whoever looks after the router or firewall",
    "internet provider": "The internet provider",
    "nobody": "Nobody",
}
"""Owners, as the page names them to its reader."""
_NO_WAY_ONLINE = {
    True: "",
    False: "It would not get online. ",
    None: "It cannot be relied on to get online. ",
}


def letters(report: Report) -> Iterator[tuple[str, str]]:
    """(Owner in words, letter) for each owner of a change."""
    owners = dict.fromkeys(change.owner for change in report.changes)
    network = report.observations.wifi.target if report.observations.wifi is not None else None
    place = "the network" + (f" on the Wi-Fi {in_quotes(network)}" if network else "")
    if network and report.scope.medium == "wired":
        place = f"the Wi-Fi {in_quotes(network)} over the air, and the network by cable,"
    for owner in owners:
        mine = [change for change in report.changes if change.owner == owner]
        needed = [change for change in mine if change.needed]
        lines = [f"netpreflight checked {place} for a {report.device.title}, {report.started}."]
        if needed:
            lines += [f"{_NO_WAY_ONLINE[report.startup.online]}Please change:"]
            lines += [f"{number}. {change.line}" for number, change in enumerate(needed, 1)]
        if optional := [change.line for change in mine if not change.needed]:
            lines += ["It would help, but the device does not need it:", *(f"- {line}" for line in optional)]
        if needed and report.enough and report.enough.perhaps:
            lines.append(report.enough.sentence)
        lines += [f"Found by: {', '.join(check for change in mine for check in change.checks)}."]
        yield WHO.get(owner or "", "Whoever can change it"), "\n".join(line.replace("\n", " ") for line in lines)

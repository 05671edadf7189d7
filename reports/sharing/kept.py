"""What each level of sharing does not hide: names that this tool itself uses; in a ticket, this network's own, too."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET

from netpreflight.agent.report import Report, SharedLevel
from netpreflight.probes.observations import Observations
from netpreflight.reports.sharing.addresses import plain_mac
from netpreflight.reports.sharing.walk import Texts


class Kept(NamedTuple):
    """What is not hidden.

    Attributes:
        public: whether everything that reveals the place is hidden: addresses, hosts, names.
        names: names of networks that are not hidden.
        macs: MAC addresses that are not hidden, in lower case with colons.
        asked: hosts that this tool itself looks up, in lower case.
        urls: URLs that this tool itself fetches.
        names_by_hex: every network's name, hidden or not, keyed by its bytes in hexadecimal.
    """

    public: bool
    names: set[str]
    macs: set[str]
    asked: set[str]
    urls: set[str]
    names_by_hex: dict[str, str]

    def has_name_of(self, octets: str) -> bool:
        """Whether these bytes (hexadecimal) are a network's name that is not hidden."""
        return self.names_by_hex.get(octets) in self.names

    def learn(self, texts: Texts, level: SharedLevel) -> None:
        """Add what is not hidden of texts that are about this network alone, such as those of a watch."""
        self.asked.update(name.lower() for name in texts.get("asked-name", ()))
        if level == "ticket":
            self.names.update(texts.get("ssid", ()))
            self.macs.update(map(plain_mac, texts.get("bssid", ())))


def kept(reports: Sequence[Report], held: Sequence[Texts], level: SharedLevel) -> Kept:
    """What is not hidden of reports that are shown together; `held` has all texts of each report."""
    names, macs, names_by_hex = set[str](), set[str](), dict[str, str]()
    for report, texts in zip(reports, held, strict=True):
        wifi = report.observations.wifi
        names_by_hex |= {bss.ssid_hex: bss.ssid for bss in (wifi.bss if wifi else ()) if bss.ssid_hex and bss.ssid}
        if level == "ticket":
            own_names, own_macs = _this_network(report.observations)
            names |= own_names
            macs |= own_macs | {plain_mac(mac) for mac in texts.get("server-mac", ())}
            # The prefix is from the profile, so it reveals nothing of the network, and firewall rules need it.
            if report.device.mac_prefix is not UNSET:
                macs.add(plain_mac(report.device.mac_prefix))
    portals = [report.observations.portal for report in reports]
    return Kept(
        public=level == "public",
        names=names,
        macs=macs,
        asked={name.lower() for texts in held for name in texts.get("asked-name", ())},
        urls={witness.url for portal in portals if portal for witness in portal.http},
        names_by_hex=names_by_hex,
    )


def _this_network(seen: Observations) -> tuple[set[str], set[str]]:
    """The names of the network that a ticket is about, and the MAC addresses of its access points."""
    wifi = seen.wifi
    names = {seen.scope.ssid, *((wifi.target, wifi.associated_ssid) if wifi else ())} - {None, ""}
    own = [bss for bss in (wifi.bss if wifi else []) if bss.ssid in names]
    macs = {bss.bssid for bss in own} | {seen.scope.bssid, wifi.associated_bssid if wifi else None}
    macs |= {neighbor.bssid for bss in own for neighbor in bss.neighbors if neighbor.same_ssid}
    return {name for name in names if name}, {plain_mac(mac) for mac in macs if mac}

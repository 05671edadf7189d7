"""Faults made by nftables or a small MTU, each with a counter, so that a scenario can prove that its fault happened."""

import json
from dataclasses import dataclass

from tests.lab.namespaces import Namespace

ARRIVALS = (("udp", 123), ("udp", 5683), ("udp", 5684), ("tcp", 5683), ("tcp", 80), ("tcp", 443), ("udp", 53),
            ("tcp", 53))  # fmt: skip
DROPS_ACKS = "udp sport 67 @th,1984,24 0x350105 counter name hits drop"
"""Option 53 stands first in dnsmasq's messages, 8 + 240 bytes after the UDP header's begin."""


@dataclass
class Fault:
    """One fault in force: a table of its own, which counts every packet that the fault hit."""

    where: Namespace
    table: str
    rule: str
    must_fire: bool = True  # the lab fails at its end when this fault has hit nothing

    def counter(self) -> int:
        """Packets hit so far, from the kernel (for redirects: connections)."""
        return read_counter(self.where, self.table, "hits")

    def remove(self) -> None:
        """Take the fault out of the path again (its counter goes with it)."""
        self.where.command("nft", "delete", "table", "inet", self.table)
        self.must_fire = False


@dataclass
class Bottleneck(Fault):
    """A device with a small MTU; the kernel counts what was too large for it and not to be fragmented."""

    device: str = ""

    def counter(self) -> int:
        """Packets that did not fit so far."""
        names, values = (
            line.split() for line in self.where.command("cat", "/proc/net/snmp").splitlines() if line.startswith("Ip: ")
        )
        return int(values[names.index("FragFails")])

    def remove(self) -> None:
        """Give the device its usual MTU back."""
        self.where.ip(f"link set {self.device} mtu 1500")
        self.must_fire = False


def read_counter(where: Namespace, table: str, name: str) -> int:
    """Packets counted by a named nft counter of an inet table."""
    listed = json.loads(where.command("nft", "-j", "list", "counter", "inet", table, name))
    return sum(int(entry["counter"]["packets"]) for entry in listed["nftables"] if "counter" in entry)


class Firewall:
    """Makes faults in one namespace (`lab.gateway`, `lab.provider`, `lab.internet`)."""

    def __init__(self, where: Namespace) -> None:
        self.where = where
        self.faults: list[Fault] = []

    def _match(self, proto: str | None, port: int | None, address: str | None, *, reply: bool) -> str:
        """Nft expression for packets of a service on their way to it, or (`reply`) of its answers."""
        parts = [f"ip {'saddr' if reply else 'daddr'} {address}"] if address else []
        if port is not None:
            parts.append(f"{proto} {'sport' if reply else 'dport'} {port}")
        elif proto is not None:
            parts.append(f"meta l4proto {proto}")
        return " ".join(parts)

    def _add(self, chains: dict[str, str], *, must_fire: bool = True) -> Fault:
        """Load a table with one chain per `{type and hook: rule}`."""
        table = f"fault{len(self.faults) + 1}"
        body = "".join(
            f"chain c{number} {{ type {hook}; policy accept; {rule}; }}\n"
            for number, (hook, rule) in enumerate(chains.items())
        )
        self.where.nft(f"table inet {table} {{ counter hits {{ }}\n{body}}}")
        fault = Fault(self.where, table, body, must_fire)
        self.faults.append(fault)
        return fault

    def _filter(self, rule: str, hooks: tuple[str, ...], *, must_fire: bool) -> Fault:
        return self._add({f"filter hook {hook} priority -10": rule for hook in hooks}, must_fire=must_fire)

    def drop(
        self, proto: str | None = None, port: int | None = None, *, reply: bool = False, address: str | None = None,
        every: int | None = None, hooks: tuple[str, ...] = ("forward",), must_fire: bool = True,
    ) -> Fault:  # fmt: skip
        """Drop silently: everything, one protocol, or one port; on the way out, or only the replies.

        `every=3` drops exactly every third packet. `hooks` may add "input" (what is for this host itself, such as
        the gateway's DNS) and "output" to the default "forward".
        """
        some = f"numgen inc mod {every} == 0" if every else ""
        match = self._match(proto, port, address, reply=reply)
        return self._filter(f"{match} {some} counter name hits drop", hooks, must_fire=must_fire)

    def let_begin(self, proto: str, port: int, packets: int) -> Fault:
        """Let the first `packets` of each conversation pass, in both directions, and drop the rest.

        So does a firewall that has to see some packets before it knows the application, and then does not like it.
        """
        self.where.sysctl("net/netfilter/nf_conntrack_acct", "1")
        match = f"meta l4proto {proto} ct original proto-dst {port} ct packets > {packets}"
        return self.rule(f"{match} counter name hits drop", ("forward",))

    def reject(
        self, proto: str | None = None, port: int | None = None, *, answer: str = "icmp admin-prohibited",
        address: str | None = None, hooks: tuple[str, ...] = ("forward",), must_fire: bool = True,
    ) -> Fault:  # fmt: skip
        """Refuse loudly: "icmp admin-prohibited", "icmp port-unreachable", "icmp host-prohibited" or "tcp reset"."""
        with_ = answer.replace("icmp ", "icmp type ")
        match = self._match(proto, port, address, reply=False)
        return self._filter(f"{match} counter name hits reject with {with_}", hooks, must_fire=must_fire)

    def redirect(
        self, proto: str, port: int, to_port: int, *, device: str = "br-lan", except_mac: str | None = None,
        must_fire: bool = True,
    ) -> Fault:  # fmt: skip
        """Send connections that come in by `device` to a port of this host instead (a transparent proxy)."""
        known = f"ether saddr != {except_mac} " if except_mac else ""
        rule = f'iifname "{device}" {known}{proto} dport {port} counter name hits redirect to :{to_port}'
        return self._add({"nat hook prerouting priority -110": rule}, must_fire=must_fire)

    def narrow(self, device: str, mtu: int) -> Fault:
        """Let nothing larger than `mtu` out of a device; the sender is told by ICMP."""
        self.where.ip(f"link set {device} mtu {mtu}")
        fault = Bottleneck(self.where, "", f"MTU {mtu} of {device}", device=device)
        self.faults.append(fault)
        return fault

    def rule(self, rule: str, hooks: tuple[str, ...]) -> Fault:
        """Any other rule, which has to count what it hits (`counter name hits`)."""
        return self._filter(rule, hooks, must_fire=True)

    def unfired(self) -> list[Fault]:
        """Faults that had to fire and did not."""
        return [fault for fault in self.faults if fault.must_fire and not fault.counter()]


def masquerade(where: Namespace, device: str, *, new_ports: bool = False) -> None:
    """Hide what leaves by `device` behind this host's address, as a home router does.

    Linux keeps a client's port where it can; with `new_ports` every conversation gets one at random. Repeating this
    replaces what was there before.
    """
    where.nft(
        "table inet nat { }\ndelete table inet nat\n"
        "table inet nat { chain post { type nat hook postrouting priority 100; policy accept; "
        f'oifname "{device}" masquerade{" random,fully-random" if new_ports else ""}; }}\n}}'
    )


def count_arrivals(where: Namespace) -> None:
    """Count what reaches the services of this host: datagrams for UDP, connection attempts for TCP."""
    counters = "".join(f"counter {proto}_{port} {{ }}\n" for proto, port in ARRIVALS)
    rules = "".join(
        f"{proto} dport {port} {'tcp flags & (syn | ack) == syn ' if proto == 'tcp' else ''}"
        f"counter name {proto}_{port};\n"
        for proto, port in ARRIVALS
    )
    where.nft(
        f"table inet arrivals {{ {counters} chain arriving {{ type filter hook prerouting priority -300; "
        f"policy accept; {rules} }}\n}}"
    )

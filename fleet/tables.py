"""The tables of a store, and what each column holds.

Types are DuckDB's. Every text is cut to `LONGEST_TEXT` characters, except in `raw`. `run` is the key of a run: a hash
of its start and of its observations, so that the same run in two files has the same key.
"""

from typing import NamedTuple

LONGEST_TEXT = 1000
"""In characters; the whole text is in `raw`."""


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str
    says: str


_RUN = Column("run", "VARCHAR", "the run's key")
_DEVICE = Column("device", "VARCHAR", "the device's profile")
_OS = Column("os", "VARCHAR", "its Device OS version; null: it has none")

TABLES: dict[str, tuple[Column, ...]] = {
    "runs": (
        _RUN,
        Column("site", "VARCHAR", "where the run was made; null: not known"),
        Column("site_from", "VARCHAR", "where site is from: label, manifest, file-name, gateway, unknown"),
        Column("place", "VARCHAR", "where in the site, as the run or the manifest says"),
        Column("started", "TIMESTAMP", "UTC"),
        Column("received", "TIMESTAMP", "when the file was added, UTC"),
        Column("sharing", "VARCHAR", "complete, ticket or public"),
        Column("judgeable", "BOOLEAN", "whether the run can be judged again; then it has a row in raw"),
        Column("complete", "BOOLEAN", "false: the run was cut short"),
        Column("schema", "VARCHAR", "the schema of the document"),
        Column("tool", "VARCHAR", "the version of netpreflight that made the document"),
        Column("rules", "VARCHAR", "the version of the rules behind the verdict"),
        _DEVICE,
        _OS,
        Column("verdict", "VARCHAR", "the verdict in the document"),
        Column("medium", "VARCHAR", "wired or wifi; null: not known"),
        Column("ssid", "VARCHAR", "a hint only: chains of shops share one"),
        Column("bssid", "VARCHAR", "the BSSID that the laptop was on"),
        Column("gateway_mac", "VARCHAR", "null if the run was shared"),
        Column("oui", "VARCHAR", "the first three octets of gateway_mac; null: not assigned to a maker"),
        Column("maker", "VARCHAR", "the maker of the gateway, by the IEEE's registry; null: not known"),
        Column("subnet", "VARCHAR", "the device's subnet"),
        Column("resolver", "VARCHAR", "the first resolver that DHCP hands out"),
        Column("lease_s", "BIGINT", "how long the granted lease lasts, in seconds"),
        Column("nat_idle_s", "DOUBLE", "for how many seconds a NAT kept a silent conversation; null: not seen"),
        Column("enough", "VARCHAR", "whether the needed changes are enough: alone, together, not-known; null: none"),
        Column("file", "VARCHAR", "the file that this was read from"),
    ),
    "checks": (
        _RUN,
        Column("id", "VARCHAR", "the check's id"),
        Column("status", "VARCHAR", "pass, warn, fail, unknown or skip"),
        Column("level", "VARCHAR", "what a failure means for the device: required, warning or reported"),
        Column("problem", "VARCHAR", "the cause, from the check's list"),
        Column("owner", "VARCHAR", "who can change it"),
        Column("due_to", "VARCHAR", "the check whose result has to be settled before this one"),
        Column("summary", "VARCHAR", "the finding in a sentence"),
    ),
    "verdicts": (
        _RUN,
        _DEVICE,
        _OS,
        Column("verdict", "VARCHAR", "compatible, compatible-with-warnings, incompatible or undetermined"),
        Column("online", "BOOLEAN", "whether the device gets online; null: not known"),
        Column("stops_at", "VARCHAR", "the stage at which it stops"),
        Column("rules", "VARCHAR", "the version of the rules"),
        Column("judged", "TIMESTAMP", "when it was judged, UTC; judging again adds a row, and replaces none"),
        Column("again", "BOOLEAN", "true: judged again here, from raw; null: taken from the document"),
        Column("failing", "VARCHAR", "the required checks that fail, and who can change each: id:owner,…"),
    ),
    "changes": (
        _RUN,
        Column(
            "key", "VARCHAR", "what has to change, the same for all sites: UDP 5684 to HOST, or checks and problems"
        ),
        Column("place", "VARCHAR", "what has to be changed: firewall, access point, …"),
        Column("owner", "VARCHAR", "who can change it"),
        Column("needed", "BOOLEAN", "false: without the change, the device works with a warning"),
        Column("protocol", "VARCHAR", "the protocol of a firewall rule: udp or tcp"),
        Column("port", "INTEGER", "the port of a firewall rule"),
        Column("host", "VARCHAR", "the destination of a firewall rule"),
        Column("idle_s", "INTEGER", "how long an idle conversation has to be kept, in seconds"),
        Column("alone_enough", "BOOLEAN", "whether this change alone gets the device online"),
        Column("line", "VARCHAR", "the change as a sentence"),
    ),
    "bss": (
        _RUN,
        Column("ssid", "VARCHAR", "null if the run was shared"),
        Column("bssid", "VARCHAR", "null if the run was shared"),
        Column("frequency_mhz", "INTEGER", "the frequency of the primary channel"),
        Column("channel", "INTEGER", "the primary channel"),
        Column("width_mhz", "INTEGER", "the channel width in use"),
        Column("signal_dbm", "DOUBLE", "the signal at the laptop"),
        Column("security", "VARCHAR", "the kinds of security offered, joined by commas"),
    ),
    "hops": (
        _RUN,
        Column("protocol", "VARCHAR", "the protocol of the packets: udp or tcp"),
        Column("port", "INTEGER", "the port that they were sent to"),
        Column("ttl", "INTEGER", "the TTL, which is the number of the hop"),
        Column("router", "VARCHAR", "the address that sent the ICMP error; null if the run was shared"),
    ),
    "raw": (
        _RUN,
        Column("document", "BLOB", "what judging needs of the run: JSON (a report without its results), by zlib"),
    ),
    "logs": (
        Column("log", "VARCHAR", "the key of the log; for a log in a run, the run's key"),
        _RUN,
        Column("site", "VARCHAR", "as in runs"),
        Column("site_from", "VARCHAR", "as in runs"),
        Column("received", "TIMESTAMP", "when the file was added, UTC"),
        _DEVICE,
        _OS,
        Column("result", "VARCHAR", "online, stops, lost, not-known or foreign"),
        Column("stage", "VARCHAR", "the stage at which it stops or was lost, or the last that the log shows"),
        Column("problem", "VARCHAR", "the cause, if the log shows it"),
        Column("check_id", "VARCHAR", "the check that says more"),
        Column("owner", "VARCHAR", "who can change it"),
        Column("attempts", "INTEGER", "how often the device tried to get online"),
        Column("file", "VARCHAR", "the file that this was read from"),
    ),
    "watches": (
        Column("watch", "VARCHAR", "the watch's key"),
        Column("site", "VARCHAR", "as in runs"),
        Column("site_from", "VARCHAR", "as in runs"),
        Column("received", "TIMESTAMP", "when the file was added, UTC"),
        Column("began", "TIMESTAMP", "UTC"),
        Column("ended", "TIMESTAMP", "UTC"),
        Column("observed_s", "DOUBLE", "how long the watch observed, in seconds"),
        Column("outages", "INTEGER", "how many outages it saw"),
        _DEVICE,
        _OS,
        Column("file", "VARCHAR", "the file that this was read from"),
    ),
    "outages": (
        Column("watch", "VARCHAR", "the watch's key"),
        Column("last_good", "TIMESTAMP", "when it was last seen to work, UTC; null: never before"),
        Column("first_bad", "TIMESTAMP", "when it was first seen not to work, UTC"),
        Column("first_good", "TIMESTAMP", "when it was seen to work again, UTC; null: it had not ended"),
        Column("layer", "VARCHAR", "the first layer that was broken"),
        Column("check_id", "VARCHAR", "the check that says more"),
        Column("problem", "VARCHAR", "the cause, from the check's list"),
        Column("owner", "VARCHAR", "who can change it"),
    ),
    "files": (
        Column("content", "VARCHAR", "a hash of the file's bytes; if it could not be read, of its path and the reason"),
        Column("path", "VARCHAR", "the file's path"),
        Column("outcome", "VARCHAR", "run, log, watch, duplicate or quarantined"),
        Column("key", "VARCHAR", "the key of the run, log or watch; null: quarantined"),
        Column("kind", "VARCHAR", "why it is quarantined, as a word"),
        Column("reason", "VARCHAR", "why it is quarantined, as a sentence"),
        Column("tool", "VARCHAR", "the versions of netpreflight and its rules that read the file"),
        Column("received", "TIMESTAMP", "when the file was added, UTC"),
    ),
}


def names(table: str) -> list[str]:
    """The names of a table's columns, in order."""
    return [column.name for column in TABLES[table]]

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
        Column("place", "VARCHAR", "where in the site, as the run says"),
        Column("started", "TIMESTAMP", "UTC"),
        Column("received", "TIMESTAMP", "when it was added, UTC"),
        Column("sharing", "VARCHAR", "complete, ticket or public"),
        Column("judgeable", "BOOLEAN", "whether it can be judged again; then it has a row in raw"),
        Column("complete", "BOOLEAN", "false: the run was cut short"),
        Column("schema", "VARCHAR", "of the document"),
        Column("tool", "VARCHAR", "the version of netpreflight that made it"),
        Column("rules", "VARCHAR", "the version of the rules by which verdict was judged"),
        _DEVICE,
        _OS,
        Column("verdict", "VARCHAR", "as the document says"),
        Column("medium", "VARCHAR", "wired or wifi; null: not known"),
        Column("ssid", "VARCHAR", "a hint only: chains of shops share one"),
        Column("bssid", "VARCHAR", "of the access point"),
        Column("gateway_mac", "VARCHAR", "null in what was shared"),
        Column("oui", "VARCHAR", "the first three octets of gateway_mac, where a maker gave them"),
        Column("maker", "VARCHAR", "of the gateway, by the IEEE's registry; null: not known"),
        Column("subnet", "VARCHAR", "of the device"),
        Column("resolver", "VARCHAR", "the first that DHCP hands out"),
        Column("lease_s", "BIGINT", "of the lease granted, in seconds"),
        Column("nat_idle_s", "DOUBLE", "how long a silent conversation was kept, in seconds; null: not measured"),
        Column("enough", "VARCHAR", "whether the needed changes are enough: alone, together, not-known; null: none"),
        Column("file", "VARCHAR", "that it was read from"),
    ),
    "checks": (
        _RUN,
        Column("id", "VARCHAR", "of the check"),
        Column("status", "VARCHAR", "pass, warn, fail, unknown or skip"),
        Column("level", "VARCHAR", "what a failure means for the device: required, warning or reported"),
        Column("problem", "VARCHAR", "the cause, from the check's list"),
        Column("owner", "VARCHAR", "who can change it"),
        Column("due_to", "VARCHAR", "the check that has to be settled first"),
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
        Column("judged", "TIMESTAMP", "when, UTC; a later judging adds a row, and replaces none"),
        Column("again", "BOOLEAN", "true: judged again here, from raw; null: as the document says"),
        Column("failing", "VARCHAR", "the required checks that fail, and who can change each: id:owner,…"),
    ),
    "changes": (
        _RUN,
        Column("key", "VARCHAR", "what has to change, alike at all sites: UDP 5684 to HOST, or checks and problems"),
        Column("place", "VARCHAR", "what has to be changed: firewall, access point, …"),
        Column("owner", "VARCHAR", "who can change it"),
        Column("needed", "BOOLEAN", "false: the device works without, with a warning"),
        Column("protocol", "VARCHAR", "of a firewall's rule: udp or tcp"),
        Column("port", "INTEGER", "of a firewall's rule"),
        Column("host", "VARCHAR", "of a firewall's rule"),
        Column("idle_s", "INTEGER", "how long an idle conversation has to be kept, in seconds"),
        Column("alone_enough", "BOOLEAN", "whether this change alone gets the device online"),
        Column("line", "VARCHAR", "the change as a sentence"),
    ),
    "bss": (
        _RUN,
        Column("ssid", "VARCHAR", "null in what was shared"),
        Column("bssid", "VARCHAR", "null in what was shared"),
        Column("frequency_mhz", "INTEGER", "of the primary channel"),
        Column("channel", "INTEGER", "the primary channel"),
        Column("width_mhz", "INTEGER", "in use"),
        Column("signal_dbm", "DOUBLE", "at the laptop"),
        Column("security", "VARCHAR", "joined by commas"),
    ),
    "hops": (
        _RUN,
        Column("protocol", "VARCHAR", "of the packets: udp or tcp"),
        Column("port", "INTEGER", "that they were sent to"),
        Column("ttl", "INTEGER", "the hop"),
        Column("router", "VARCHAR", "who reported it; null in what was shared"),
    ),
    "raw": (
        _RUN,
        Column("document", "BLOB", "what judging needs of the run: JSON (a report without its results), by zlib"),
    ),
    "logs": (
        Column("log", "VARCHAR", "the key of the log: of a run with a log, the run's"),
        _RUN,
        Column("site", "VARCHAR", "as in runs"),
        Column("site_from", "VARCHAR", "as in runs"),
        Column("received", "TIMESTAMP", "when it was added, UTC"),
        _DEVICE,
        _OS,
        Column("result", "VARCHAR", "online, stops, lost, not-known or foreign"),
        Column("stage", "VARCHAR", "where it stops or was lost, or the last that is shown"),
        Column("problem", "VARCHAR", "the cause, where the log tells it"),
        Column("check_id", "VARCHAR", "the check that says more"),
        Column("owner", "VARCHAR", "who can change it"),
        Column("attempts", "INTEGER", "how often it tried to get online"),
        Column("file", "VARCHAR", "that it was read from"),
    ),
    "watches": (
        Column("watch", "VARCHAR", "the watch's key"),
        Column("site", "VARCHAR", "as in runs"),
        Column("site_from", "VARCHAR", "as in runs"),
        Column("received", "TIMESTAMP", "when it was added, UTC"),
        Column("began", "TIMESTAMP", "UTC"),
        Column("ended", "TIMESTAMP", "UTC"),
        Column("observed_s", "DOUBLE", "how long it looked, in seconds"),
        Column("outages", "INTEGER", "how many it saw"),
        _DEVICE,
        _OS,
        Column("file", "VARCHAR", "that it was read from"),
    ),
    "outages": (
        Column("watch", "VARCHAR", "the watch's key"),
        Column("last_good", "TIMESTAMP", "UTC; null: it was never seen to work before"),
        Column("first_bad", "TIMESTAMP", "UTC"),
        Column("first_good", "TIMESTAMP", "UTC; null: it had not ended"),
        Column("layer", "VARCHAR", "the first layer that was broken"),
        Column("check_id", "VARCHAR", "the check that says more"),
        Column("problem", "VARCHAR", "the cause, from the check's list"),
        Column("owner", "VARCHAR", "who can change it"),
    ),
    "files": (
        Column("content", "VARCHAR", "a hash of the file's bytes; of a file that was not read whole, of what was told"),
        Column("path", "VARCHAR", "where it was"),
        Column("outcome", "VARCHAR", "run, log, watch, duplicate or quarantined"),
        Column("key", "VARCHAR", "of the run, log or watch; null: it is quarantined"),
        Column("kind", "VARCHAR", "why it is quarantined, as a word"),
        Column("reason", "VARCHAR", "why it is quarantined, as a sentence"),
        Column("tool", "VARCHAR", "the version of netpreflight, and of its rules, that read it"),
        Column("received", "TIMESTAMP", "when it was added, UTC"),
    ),
}


def names(table: str) -> list[str]:
    """The names of a table's columns, in order."""
    return [column.name for column in TABLES[table]]

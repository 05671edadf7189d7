"""The tables of a watch's store: a SQLite file, `PRAGMA user_version` 1.

For each start of the laptop, `boot` has what its clock (`wall`) showed at one moment (`at`): so seconds since that
start can be converted to UTC. Samples are only counted by the hour. If the file is full, these counts are deleted
first, and outages last.
"""

APPLICATION = 0x6E707731
"""`PRAGMA application_id`: "npw1"."""
VERSION = 1
PAGE_BYTES = 4096
TABLES: dict[str, str] = {
    "about": "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "boot": "CREATE TABLE boot (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL, wall REAL NOT NULL)",
    "stretch": "CREATE TABLE stretch (id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, begin REAL NOT NULL, "
    "end REAL NOT NULL, why TEXT)",
    "outage": "CREATE TABLE outage (number INTEGER PRIMARY KEY, boot INTEGER NOT NULL, doc TEXT NOT NULL)",
    "hour": "CREATE TABLE hour (boot INTEGER NOT NULL, hour INTEGER NOT NULL, layer TEXT NOT NULL, "
    "good INTEGER NOT NULL, bad INTEGER NOT NULL, slowest REAL, PRIMARY KEY (boot, hour, layer)) WITHOUT ROWID",
    "note": "CREATE TABLE note (id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, "
    "said TEXT NOT NULL, bssid TEXT)",
    "traffic": "CREATE TABLE traffic (protocol TEXT NOT NULL, host TEXT NOT NULL, address TEXT NOT NULL, "
    "port INTEGER NOT NULL, packets_out INTEGER NOT NULL, bytes_out INTEGER NOT NULL, packets_in INTEGER NOT NULL, "
    "bytes_in INTEGER NOT NULL, PRIMARY KEY (protocol, host, address, port)) WITHOUT ROWID",
}


def unasked(layer: str) -> str:
    """The key in the table `about` under which stands why a layer could not be asked, the last time that happened."""
    return f"unasked {layer}"


class StoreError(ValueError):
    """A store or the document of a watch cannot be used; the text is for the user."""

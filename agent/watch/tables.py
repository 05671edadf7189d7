"""The tables of a watch's store: a SQLite file, `PRAGMA user_version` 1.

`boot` has, for each start of the laptop, what its clock showed at one moment: with it, seconds since that start become
UTC. Samples are counted by the hour and kept no longer than there is room; outages are the last to go.
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
    """The key in `about` of why a layer could not be asked the last time that it could not."""
    return f"unasked {layer}"


class StoreError(ValueError):
    """A store cannot be used; the text is for the user."""

"""Device profiles: what a product needs from a network, one data file each, every fact with its source.

`facts` defines what a profile can state, `files` finds and merges files, `written` reads a file with the line of
each key, and `checked` refuses invalid content.
"""

from netpreflight.agent.profiles.facts import KEEP_ALIVE_S, Fact, Importance, Profile
from netpreflight.agent.profiles.files import DEFAULT, Sheet, load, load_all, names, sheet, spans, versions_of
from netpreflight.agent.profiles.written import DeviceFileError, UnknownDeviceError

__all__ = [
    "DEFAULT",
    "KEEP_ALIVE_S",
    "DeviceFileError",
    "Fact",
    "Importance",
    "Profile",
    "Sheet",
    "UnknownDeviceError",
    "load",
    "load_all",
    "names",
    "sheet",
    "spans",
    "versions_of",
]

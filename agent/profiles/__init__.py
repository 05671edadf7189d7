"""Device profiles: what a product needs of a network, one data file each, every fact with its source.

`facts` has what a profile can state, `files` how a file is found and what it takes over, `written` where in a file each
key stands, and `checked` what is refused.
"""

from netpreflight.agent.profiles.facts import Fact, Importance, Profile
from netpreflight.agent.profiles.files import DEFAULT, Sheet, load, load_all, names, sheet, spans, versions_of
from netpreflight.agent.profiles.written import DeviceFileError, UnknownDeviceError

__all__ = [
    "DEFAULT",
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

"""Device profiles: what a product needs of a network, one data file each, every fact with its source.

`facts` has what a profile can state, `files` how it is read.
"""

from agent.profiles.facts import Fact, Level, Profile
from agent.profiles.files import DEFAULT, UnknownDeviceError, load, load_all, names, spans, versions_of

__all__ = [
    "DEFAULT",
    "Fact",
    "Level",
    "Profile",
    "UnknownDeviceError",
    "load",
    "load_all",
    "names",
    "spans",
    "versions_of",
]

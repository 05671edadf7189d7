"""What differs by operating system: one folder for each, behind the interface `System`.

No other code asks which system this is.
"""

import importlib
import sys

from netpreflight.systems.interface import System


def system(platform: str = sys.platform) -> System:
    """The system of a platform, by Python's name for it; an unknown one can do only what any system can."""
    places = {"linux": ("linux", "Linux"), "win32": ("windows", "Windows"), "darwin": ("macos", "Macos")}
    if platform not in places:
        unknown = System()
        unknown.name = platform
        return unknown
    folder, name = places[platform]
    made: System = getattr(importlib.import_module(f"netpreflight.systems.{folder}"), name)()
    return made


SYSTEM = system()
"""The system of this laptop."""

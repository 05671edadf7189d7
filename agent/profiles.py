"""Device profiles: what a product needs of a network, as data files in `agent/profiles/`, each fact with its source."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

_FOLDER = Path(__file__).parent / "profiles"
DEFAULT = "generic"

Level = Literal["required", "warning", "reported"]
"""What a check that fails means for a device: incompatible, a warning, or nothing for it."""


class UnknownDeviceError(ValueError):
    """There is no such profile, or no such Device OS version for it."""


class DeviceOs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Device OS versions that a profile speaks for."""

    oldest: str
    newest: str
    judged: str
    """The version judged where none is named."""
    source: str


class CloudNeeds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device's cloud endpoint."""

    transport: Literal["coap", "tcp-nonce", "dtls"]
    port: int
    hosts: list[str]
    """Host names, any one of which will do; `{major}` stands for the Device OS major version."""
    source: str
    unconfirmed_beside: list[str] = []
    """Where it is not confirmed that the hosts' names exist for a device id that belongs to nobody: names of the same
    cloud that do exist, for comparison. Empty: the hosts' names are known to exist."""


class DhcpNeeds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device makes of a lease."""

    missing_router: Literal["fails", "first-host"] = "fails"
    source: str = ""


class CheckNeeds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A check that is not simply required."""

    level: Level
    why: str
    source: str


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one product needs."""

    title: str
    host_name: str
    cloud: CloudNeeds
    name: str = ""
    os_version: str | None = None
    device_os: DeviceOs | None = None
    dhcp: DhcpNeeds = DhcpNeeds()
    checks: dict[str, CheckNeeds] = {}

    def level(self, check_id: str) -> Level:
        """What a failure of a check means for this device."""
        return self.checks[check_id].level if check_id in self.checks else "required"

    @property
    def label(self) -> str:
        """Title and version for people."""
        return f"{self.title}, Device OS {self.os_version}" if self.os_version else self.title


def names() -> list[str]:
    """The known devices, the default first."""
    return sorted((file.stem for file in _FOLDER.glob("*.toml")), key=lambda name: (name != DEFAULT, name))


def load(name: str, os_version: str | None = None) -> Profile:
    """The profile of a device at a Device OS version (where none is given: the one its file names).

    Raises:
        UnknownDeviceError: no such device, or the version is not one that its profile speaks for.
    """
    if name not in names():
        raise UnknownDeviceError(f"no device {name!r}; known: {', '.join(names())}")
    profile = _read(name)
    if profile.device_os is None:
        if os_version is not None:
            raise UnknownDeviceError(f"{name} has no Device OS version; leave --os out")
        return profile
    oldest, newest = profile.device_os.oldest, profile.device_os.newest
    version = os_version or profile.device_os.judged
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3}){2}", version, re.ASCII) or not (
        _order(oldest) <= _order(version) <= _order(newest)
    ):
        raise UnknownDeviceError(f"no Device OS {version!r} for {name}; known: {oldest} to {newest}")
    major = version.partition(".")[0]
    hosts = [host.replace("{major}", major) for host in profile.cloud.hosts]
    cloud = msgspec.structs.replace(profile.cloud, hosts=hosts)
    return msgspec.structs.replace(profile, os_version=version, cloud=cloud)


def load_all() -> list[Profile]:
    """Every known device, at the version that its profile names."""
    return [load(name) for name in names()]


@cache
def _read(name: str) -> Profile:
    content = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return msgspec.convert({**content, "name": name}, Profile)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))

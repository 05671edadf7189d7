"""Device profiles: what a product needs of a network, as data files in `agent/profiles/`, each fact with its source."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from probes.observations import Security

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


Version = Annotated[str, Meta(pattern=r"\A\d{1,3}(\.\d{1,3}){2}\Z")]
Channels = Annotated[str, Meta(pattern=r"\A(\d{1,2}(-\d{1,2})?(,\d{1,2}(-\d{1,2})?)*)?\Z")]


class Radio(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device's radio can join. What is inferred or not confirmed has a field of its own, and is a warning."""

    bands: list[Literal["2.4", "5"]]
    channels: Channels
    """2.4 GHz channels that it certainly uses, such as `1-11`."""
    channels_unconfirmed: Channels = ""
    """2.4 GHz channels of which that is not confirmed."""
    phy: list[Literal["b", "g", "a", "n"]]
    security: list[Security]
    """Families whose basic AKM it has: PSK, SAE, EAP, OWE; not their FT and SHA-256 or SHA-384 variants."""
    ciphers: list[str]
    """Pairwise and group ciphers."""
    pmf_required: Literal["yes", "no", "unconfirmed"]
    """Whether it joins a BSS that requires protected management frames."""
    enterprise: str = ""
    """What limits its use of 802.1X, where something does: then a network with it is a warning."""
    hidden: Literal["yes", "no", "with-cipher"]
    """Whether it joins a network that hides its name; `with-cipher`: only if set up with the cipher."""
    hidden_since: Version | None = None
    """The first Device OS version that does, where older ones do not."""
    refused_in_ssid: str = ""
    """Characters in a name with which it does not join."""
    n_only: str = "That it does is not confirmed"
    """What is known of it and a BSS that admits 802.11n only."""
    n_only_broken_from: Version | None = None
    """The first Device OS version that does not join such a BSS, and (next) the first that does again."""
    n_only_broken_until: Version | None = None
    source: str


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
    radio: Radio
    dhcp: DhcpNeeds = DhcpNeeds()
    checks: dict[str, CheckNeeds] = {}

    def level(self, check_id: str) -> Level:
        """What a failure of a check means for this device."""
        return self.checks[check_id].level if check_id in self.checks else "required"

    def is_older_than(self, version: str) -> bool | None:
        """Whether the Device OS version judged is older than another; None where the profile has none."""
        return None if self.os_version is None else _order(self.os_version) < _order(version)

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

"""Profiles as files: how one is read, what it takes over from another, and which of its facts hold for a version."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from agent.profiles.facts import Profile, covers, is_version, order

FOLDER = Path(__file__).parent
DEFAULT = "generic"
_PLAIN = {"title", "device_id", "device_os"}
"""Keys that hold no facts."""


class UnknownDeviceError(ValueError):
    """There is no such profile, or no such Device OS version for it."""


def names() -> list[str]:
    """The known devices, the default first."""
    return sorted((file.stem for file in FOLDER.glob("*.toml")), key=lambda name: (name != DEFAULT, name))


def load(name: str, os_version: str | None = None) -> Profile:
    """The profile of a device at a Device OS version (where none is given: the newest that it can run).

    Raises:
        UnknownDeviceError: no such device, or the version is not one that its profile speaks for.
    """
    if name not in names():
        raise UnknownDeviceError(f"no device {name!r}; known: {', '.join(names())}")
    return _at(name, read(name), os_version)


def load_all() -> list[Profile]:
    """Every known device, at the newest version that it can run."""
    return [load(name) for name in names()]


@cache
def read(name: str) -> dict[str, Any]:
    """A known device's file with what it takes over; every fact a table, or a list of tables for several versions."""
    return _whole(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def _whole(content: dict[str, Any]) -> dict[str, Any]:
    based_on = content.pop("based_on", None)
    whole: dict[str, Any] = dict(read(based_on)) if based_on else {}
    for key, value in content.items():
        if key in _PLAIN:
            whole[key] = value
        elif key == "checks":
            whole[key] = {**whole.get(key, {}), **value}
        elif isinstance(value, dict) and "value" not in value:
            source = value.get("source")
            facts = {name: _stated(fact, source) for name, fact in value.items() if name != "source"}
            whole[key] = {**whole.get(key, {}), **facts}
        else:
            whole[key] = _stated(value, None)
    return whole


def _stated(fact: Any, source: str | None) -> Any:
    """A fact as a table, or as a list of tables; one that names no source has its section's."""
    if isinstance(fact, list) and fact and all(isinstance(one, dict) and "value" in one for one in fact):
        return [_stated(one, source) for one in fact]
    table = fact if isinstance(fact, dict) and "value" in fact else {"value": fact}
    return table if source is None else {"source": source, **table}


def _at(name: str, content: dict[str, Any], os_version: str | None) -> Profile:
    """The profile at one version."""
    versions = content.get("device_os")
    if versions is None:
        if os_version is not None:
            raise UnknownDeviceError(f"{name} has no Device OS version; leave --os out")
        version = None
    else:
        oldest, newest = versions["oldest"], versions["newest"]
        version = newest if os_version is None else os_version
        if not is_version(version) or not order(oldest) <= order(version) <= order(newest):
            raise UnknownDeviceError(f"no Device OS {version!r} for {name}; known: {oldest} to {newest}")
    chosen: dict[str, Any] = {"name": name, "os_version": version}
    for key, value in content.items():
        if key in {"title", "device_os"}:
            chosen[key] = value
        elif key == "device_id":
            continue
        elif isinstance(value, dict) and "value" not in value:
            facts = {fact: _choose(stated, version) for fact, stated in value.items()}
            chosen[key] = {fact: stated for fact, stated in facts.items() if stated is not None}
        elif (stated := _choose(value, version)) is not None:
            chosen[key] = stated
    profile = msgspec.convert(chosen, Profile)
    return _filled(profile, content.get("device_id", ""), (version or "").partition(".")[0])


def _choose(stated: Any, version: str | None) -> Any:
    """The one of a fact's tables that holds for a version; None: there is none."""
    tables = stated if isinstance(stated, list) else [stated]
    if version is None:
        return tables[0]
    return next((one for one in tables if covers(one, version)), None)


def _filled(profile: Profile, device_id: str, major: str) -> Profile:
    """The profile with the device id and the major version in its names."""

    def fill(text: str) -> str:
        return text.replace("{id}", device_id).replace("{major}", major)

    replace = msgspec.structs.replace
    hosts, host_name = profile.cloud.hosts, profile.dhcp.host_name
    return replace(
        profile,
        cloud=replace(profile.cloud, hosts=replace(hosts, value=[fill(one) for one in hosts.value])),
        dhcp=replace(profile.dhcp, host_name=replace(host_name, value=fill(host_name.value))),
    )


def spans(name: str) -> list[str]:
    """The first version of each stretch of Device OS within which no fact of a device changes, oldest first."""
    content = read(name)
    if "device_os" not in content:
        return []
    oldest, newest = content["device_os"]["oldest"], content["device_os"]["newest"]
    bounds = {oldest}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            bounds.update(value[key] for key in ("since", "before") if isinstance(value.get(key), str))
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(one)

    walk(content)
    return sorted((one for one in bounds if order(oldest) <= order(one) <= order(newest)), key=order)


def versions_of(profile: Profile) -> list[Profile]:
    """A device at the first version of each stretch of Device OS, oldest first; empty where it has no versions."""
    return [load(profile.name, version) for version in spans(profile.name)]

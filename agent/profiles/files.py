"""Profiles as files: how a file is found, what it takes over from another, and which facts apply to a version."""

import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from netpreflight.agent.profiles.facts import CheckNeeds, Fact, Profile, covers, is_table, is_version, order
from netpreflight.agent.profiles.log_lines import predicted_line
from netpreflight.agent.profiles.written import DeviceFileError, UnknownDeviceError, Written, quoted, read_file
from netpreflight.agent.suggested import suggested

FOLDER = Path(__file__).parent
DEFAULT = "generic"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PLAIN = {"title", "device_id", "checked"}
"""Keys whose values are not facts."""
_OF_THE_HOSTS = {"known_names", "fallback_address", "server_key", "status_page"}
"""Facts that belong to the cloud's hosts: a file with hosts of its own does not take them over."""


class Sheet(NamedTuple):
    """Everything that a profile states, for display: each fact by version, oldest first."""

    profile: Profile
    """The profile for the version asked for, or the newest."""
    one_version: bool
    """Whether the facts are only those of the version asked for."""
    facts: dict[str, dict[str, list[Fact[Any]]]]
    """The facts by section and name; those outside the sections are under ""."""
    checks: dict[str, list[CheckNeeds]]


def names() -> list[str]:
    """The names of the known devices, the default first."""
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    """The same as `names`, cached."""
    return tuple(sorted((file.stem for file in FOLDER.glob("*.toml")), key=lambda name: (name != DEFAULT, name)))


_loaded: dict[str, dict[str, Any]] = {}
"""The content of companies' own files by path, kept from when they were loaded: a file may be readable by root only,
and a run gives up root's rights later."""


def load(name: str, os_version: str | None = None) -> Profile:
    """The profile of a device with a Device OS version.

    Args:
        name: the name of a known device, or the path of a company's own file: with a path separator, or ending in
            `.toml`.
        os_version: the version, such as 5.8.2; None: the newest that the device can run. For a version newer than the
            newest known, the newest known is loaded, and `Profile.asked_os` is the version asked for.

    Raises:
        UnknownDeviceError: no such device, the file is not a profile, or the version is not valid or too old.
    """
    if not _is_path(name):
        return _known(name, os_version)
    _loaded[name] = _content(name)
    return _profile_for(Path(name).stem, name, _loaded[name], os_version)


@cache
def _known(name: str, os_version: str | None) -> Profile:
    """The profile of a known device, cached."""
    return _profile_for(name, name, read(name), os_version)


def load_all() -> list[Profile]:
    """The profiles of all known devices, each with the newest version that it can run."""
    return [load(name) for name in names()]


def sheet(name: str, os_version: str | None = None) -> Sheet:
    """Everything that a profile states, for all its versions or for one.

    Raises:
        UnknownDeviceError: as for `load`.
    """
    from netpreflight.agent.profiles.checked import fact_kinds, sections, top_facts  # noqa: PLC0415 - as in `checked`

    content = _content(name)
    profile = _profile_for(Path(name).stem if _is_path(name) else name, name, content, os_version)

    def converted(stated: Any, kind: Any) -> list[Any]:
        """The tables of a fact or of a check that apply, as structs."""
        return [msgspec.convert(entry, kind) for entry in _tables_for(stated, profile, os_version)]

    facts = {
        section: {name: converted(content[section][name], Fact[Any]) for name in fact_kinds(section) if name in stated}
        for section in sections()
        if (stated := content.get(section)) is not None
    }
    facts[""] = {key: converted(content[key], Fact[Any]) for key in top_facts() if key in content}
    return Sheet(
        profile,
        os_version is not None,
        facts,
        {check_id: converted(needs, CheckNeeds) for check_id, needs in content.get("checks", {}).items()},
    )


def _tables_for(stated: Any, profile: Profile, os_version: str | None) -> list[dict[str, Any]]:
    """The tables of a fact for one version, or for all versions of the profile, without bounds outside of these."""
    tables = stated if isinstance(stated, list) else [stated]
    if profile.device_os is None:
        return tables
    if os_version is not None:
        return [_unbounded(table) for table in tables if covers(table, profile.os_version or os_version)]
    oldest, newest = profile.device_os.oldest, profile.device_os.newest
    found = []
    for table in tables:
        since, before = table.get("since", oldest), table.get("before")
        if order(since) <= order(newest) and (before is None or order(before) > order(oldest)):
            bounds = {"since": since} if order(since) > order(oldest) else {}
            bounds |= {"before": before} if before is not None and order(before) <= order(newest) else {}
            found.append({**_unbounded(table), **bounds})
    return sorted(found, key=lambda entry: order(entry.get("since", oldest)))


def _unbounded(table: dict[str, Any]) -> dict[str, Any]:
    """A table without its version bounds."""
    return {key: value for key, value in table.items() if key not in {"since", "before"}}


def _is_path(name: str) -> bool:
    """Whether a name is the path of a company's own file, and not a known device."""
    return name.endswith(".toml") or os.sep in name or (os.altsep is not None and os.altsep in name)


def _content(name: str) -> dict[str, Any]:
    """The content of a known device's or a company's file, merged with that of its `based_on`."""
    if not _is_path(name):
        return read(name)
    file = Path(name)
    if not os.path.lexists(file):
        raise DeviceFileError(f"no file {name!r}; known devices: {', '.join(names())}")
    if not _NAME.fullmatch(file.stem):
        raise DeviceFileError(
            f"{quoted(file.name)}: not a valid file name. It becomes the device's name, so it has to be 1 to 64 "
            "of the characters A-Z a-z 0-9 . _ -"
        )
    if file.stem in names():
        raise DeviceFileError(f"{file.name}: {file.stem} is a known device; give the file another name")
    return checked(read_file(file), file.name)


@cache
def read(name: str) -> dict[str, Any]:
    """The content of a known device's file, merged with that of its `based_on`.

    Every fact is a table, or a list of tables for several versions.

    Raises:
        UnknownDeviceError: there is no such device.
    """
    if name not in names():
        listing = f"known: {', '.join(names())}"
        raise UnknownDeviceError(
            f"no device {name!r} (a company's own is named as FILE.toml){suggested(name, names(), listing=listing)}"
        )
    return _merged(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")), None)


def checked(written: Written, source: str | None) -> dict[str, Any]:
    """The content of a file, checked and merged with that of its `based_on`; facts that name no source get `source`.

    Raises:
        DeviceFileError: the file has an error.
    """
    from netpreflight.agent.profiles.checked import check_keys, check_whole  # noqa: PLC0415 - only a company's own file needs it

    check_keys(written)
    based_on = written.content.get("based_on")
    if based_on is not None and based_on not in names():
        written.refuse(("based_on",), f"no device {quoted(based_on)}; known: {', '.join(names())}")
    whole = _merged(written.content, source)
    check_whole(written, whole)
    return whole


def _merged(content: dict[str, Any], source: str | None) -> dict[str, Any]:
    """The content of a file, merged with that of its `based_on`."""
    based_on = content.get("based_on")
    whole: dict[str, Any] = dict(read(based_on)) if based_on else {}
    for key, value in content.items():
        if key in _PLAIN:
            whole[key] = value
        elif key == "device_os":
            whole[key] = {**whole.get(key, {}), **_with_source(value, source)}
        elif key == "checks":
            own = {check_id: _each_with_source(needs, source) for check_id, needs in value.items()}
            whole[key] = {**whole.get(key, {}), **own}
        elif isinstance(value, dict) and not is_table(value):
            base = {
                name: fact
                for name, fact in whole.get(key, {}).items()
                if not (key == "cloud" and "hosts" in value and name in _OF_THE_HOSTS)
            }
            facts = {
                name: _with_log_text(name, _as_tables(fact, value.get("source", source)))
                for name, fact in value.items()
                if name != "source"
            }
            whole[key] = {**base, **facts}
        elif key != "based_on":
            whole[key] = _as_tables(value, source)
    if "transport" in content.get("cloud", {}):  # then levels of checks for another transport are not taken over
        from netpreflight.agent.judging.registry import CHECKS  # noqa: PLC0415 - judging knows profiles itself

        own = content.get("checks", {})
        levels = whole.get("checks", {}).items()
        whole["checks"] = {
            check_id: needs for check_id, needs in levels if check_id in own or CHECKS[check_id].of_cloud is None
        }
    return whole


def _as_tables(fact: Any, source: str | None) -> Any:
    """A fact as a table or a list of tables; a table that names no source gets `source`, that of its section."""
    if is_table(fact):
        return _each_with_source(fact, source)
    return _with_source({"value": fact}, source)


def _with_log_text(name: str, fact: Any) -> Any:
    """A fact with the text that a device prints in place of a log line's name (`@joining`); other facts as they are."""
    if not name.endswith("_line"):
        return fact
    if isinstance(fact, list):
        return [_with_log_text(name, table) for table in fact]
    return {**fact, "value": predicted_line(fact["value"])}


def _each_with_source(tables: Any, source: str | None) -> Any:
    """A table, or a list of tables, with `source` for each table that names none."""
    if isinstance(tables, list):
        return [_with_source(table, source) for table in tables]
    return _with_source(tables, source)


def _with_source(table: dict[str, Any], source: str | None) -> dict[str, Any]:
    """A table with `source`, unless it names its own."""
    return table if source is None else {"source": source, **table}


def _profile_for(name: str, origin: str, content: dict[str, Any], os_version: str | None) -> Profile:
    """The profile for one version."""
    versions, asked = content.get("device_os"), None
    if versions is None:
        if os_version is not None:
            raise UnknownDeviceError(f"{name} has no Device OS versions; leave out --os")
        version = None
    else:
        oldest, newest = versions["oldest"], versions["newest"]
        version = newest if os_version is None else os_version
        if not is_version(version) or order(version) < order(oldest):
            raise UnknownDeviceError(f"no Device OS {version!r} for {name}; known: {oldest} to {newest}")
        if order(version) > order(newest):
            version, asked = newest, version
    chosen: dict[str, Any] = {"name": name, "origin": origin, "os_version": version, "asked_os": asked}
    for key, value in content.items():
        if key in {"title", "device_os", "checked"}:
            chosen[key] = value
        elif key == "device_id":
            continue
        elif isinstance(value, dict) and "value" not in value:
            facts = {fact: _table_for(stated, version) for fact, stated in value.items()}
            named = {} if key == "checks" else {fact: {"name": f"{key}.{fact}"} for fact in facts}
            chosen[key] = {fact: stated | named.get(fact, {}) for fact, stated in facts.items() if stated is not None}
        elif (stated := _table_for(value, version)) is not None:
            chosen[key] = {**stated, "name": key}
    profile = msgspec.convert(chosen, Profile)
    return _filled(profile, content.get("device_id", ""), (version or "").partition(".")[0])


def _table_for(stated: Any, version: str | None) -> Any:
    """The table of a fact that applies to a version; None: there is none."""
    tables = stated if isinstance(stated, list) else [stated]
    if version is None:
        return tables[0]
    return next((table for table in tables if covers(table, version)), None)


def _filled(profile: Profile, device_id: str, major: str) -> Profile:
    """Fill the device id and the major version into a profile's host names."""

    def fill(text: str) -> str:
        return text.replace("{id}", device_id).replace("{major}", major)

    replace = msgspec.structs.replace
    hosts, host_name = profile.cloud.hosts, profile.dhcp.host_name
    return replace(
        profile,
        cloud=replace(profile.cloud, hosts=replace(hosts, value=[fill(text) for text in hosts.value])),
        dhcp=replace(profile.dhcp, host_name=replace(host_name, value=fill(host_name.value))),
    )


def spans(name: str) -> list[str]:
    """The first version of each range of Device OS versions with the same facts, oldest first."""
    return _spans(_content(name))


def versions_of(profile: Profile) -> list[Profile]:
    """A device's profile for the first version of each range with the same facts, oldest first; empty: no versions."""
    content = _loaded.get(profile.origin) or _content(profile.origin)
    if not _is_path(profile.origin):
        return [_known(profile.name, version) for version in _spans(content)]
    return [_profile_for(profile.name, profile.origin, content, version) for version in _spans(content)]


def _spans(content: dict[str, Any]) -> list[str]:
    """The oldest version, and each version at which a fact changes, in rising order."""
    if "device_os" not in content:
        return []
    oldest, newest = content["device_os"]["oldest"], content["device_os"]["newest"]
    bounds = {oldest}

    def walk(value: Any) -> None:
        """Collect the versions at which the facts in a value begin or end."""
        if isinstance(value, dict):
            bounds.update(value[key] for key in ("since", "before") if isinstance(value.get(key), str))
        for element in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(element)

    walk(content)
    return sorted((bound for bound in bounds if order(oldest) <= order(bound) <= order(newest)), key=order)

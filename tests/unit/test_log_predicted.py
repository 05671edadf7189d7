"""What a profile predicts of a device's log is read back by the table of lines, for every device and version."""

import re
import tomllib
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.profiles import Profile
from netpreflight.agent.profiles.files import FOLDER
from netpreflight.agent.profiles.log_lines import KINDS, LINES
from netpreflight.probes.device_log import LogReader

PROFILES = [profiles.load(name, version) for name in profiles.names() for version in profiles.spans(name)]
VALUES = {
    "{ssid}": "net 1", "{host}": "e00fce680000000000000000.v5.udp.particle.io", "{address}": "198.51.100.7",
    "{port}": "5684", "{code}": "-160", "{word}": "timeout", "<n>": "4", "<name>": "net 1",
    "<bits>": "00000020", "<reason>": "000f", "<text>": "4-way handshake timeout",
}  # fmt: skip
CODES = {"+CWJAP:<code>": "2", "wiced_join_ap_specific(), result: <code>": "1025"}
KINDS_OF = {
    "scan_line": {"joining", "heard-joining"},
    "link_line": {"link-dhcp", "wifi-link"},
    "ip_line": {"address", "state"},
    "dns_line": {"resolved", "resolving"},
    "cloud_line": {"tcp-made", "cloud-address"},
    "scan_failed_line": {"join-failed", "cwjap", "disconnect"},
    "ip_failed_line": {"no-address"},
    "dns_failed_line": {"unresolved"},
    "connect_failed_line": {"tcp-failed"},
    "no_answer_line": {"no-nonce", "dtls-failed"},
    "handshake_failed_line": {"cloud-failed"},
}


def predicted(profile: Profile) -> list[tuple[str, str]]:
    """Each line that a profile states, by the name of its fact, with values filled in."""
    lines = profile.startup
    found = [
        (name, str(fact.value))
        for name in lines.__struct_fields__
        if name.endswith("_line") and (fact := getattr(lines, name)) is not None
    ]
    test = profile.internet_test
    if test.method.value != "none":
        found += [("failed_line", test.failed_line.value), ("passed_line", test.passed_line.value)]
    filled = []
    for name, template in found:
        text = template.replace("<code>", CODES.get(template, "-17"))
        for placeholder, value in VALUES.items():
            text = text.replace(placeholder, value)
        assert not re.search(r"[{<]\w+[}>]", text), text
        filled.append((name, text))
    return filled


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: f"{profile.name}-{profile.os_version}")
def test_a_line_that_is_predicted_is_read_back(profile: Profile) -> None:
    lines = predicted(profile)
    for name, text in lines:
        reader = LogReader(KINDS)
        reader.feed(f"0000012345 [system] INFO: {text}\n".encode())
        found = reader.now().records

        expected = KINDS_OF.get(name, {"test-failed"} if name == "failed_line" else {"test-passed"})
        assert [record.kind in expected for record in found] == [True], (name, text, found)


def test_the_devices_state_lines() -> None:
    stated = {name for profile in PROFILES for name, _ in predicted(profile)}

    assert set(KINDS_OF) | {"failed_line", "passed_line"} == stated
    assert len(PROFILES) > 20


def stated(content: dict[str, Any]) -> list[str]:
    """What a profile's file says of each line, as it stands there."""
    facts = [
        fact
        for section in content.values()
        if isinstance(section, dict)
        for name, fact in section.items()
        if name.endswith("_line")
    ]
    tables = [table for fact in facts for table in (fact if isinstance(fact, list) else [fact])]
    return [table if isinstance(table, str) else table["value"] for table in tables]


def test_a_profile_only_names_lines_of_the_table_and_names_all_that_have_a_name() -> None:
    names = [line.name for line in LINES if line.name]
    used = {text for file in FOLDER.glob("*.toml") for text in stated(tomllib.loads(file.read_text("utf-8")))}

    assert len(names) == len(set(names))
    assert used == {f"@{name}" for name in names}

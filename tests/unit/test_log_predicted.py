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
from tests.unit.device_logs import of

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
CHECK_OF = {
    "wrong-passphrase": "device.credentials",
    "akm-predicted": "wifi.security",
    "ignored": "wifi.band",
    "not-found": "wifi.band",
}
"""The check that the reader names for what a profile says of a cause; for others it leaves the cause open."""


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


def in_join(text: str) -> list[str]:
    """The lines that a profile states for a join that fails: each code, and each bit of a Photon 2's driver."""
    if codes := re.match(r"(wiced_join_ap_specific\(\), result: |\+CWJAP:)", text):
        return [codes[1] + code for code in re.findall(r"\d+", text[codes.end() :])]
    first, last = (re.findall(r"bits? (?:\d to )?(\d)", text) * 2)[:2] if "bits 5" not in text else ("5", "7")
    reason = "0011" if "reason=0011" in text else "000f"
    return [f"Disconnect linkError={1 << bit:08x} reason={reason}: x" for bit in range(int(first), int(last) + 1)]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: f"{profile.name}-{profile.os_version}")
def test_what_is_predicted_of_a_join_that_fails_is_read_back(profile: Profile) -> None:
    logged = profile.join.logged
    for cause, text in logged.value.items() if logged else ():
        checks = set()
        for line in in_join(text):
            answer = of(f"[hal] INFO: Try to connect to ssid: net\n[hal] ERROR: {line}\n".encode())
            assert (answer.result, answer.stage) == ("stops", "scan"), line
            checks.add(answer.check)
        assert checks <= {CHECK_OF.get(cause), None}, (cause, text, checks)
        assert cause not in {"wrong-passphrase", "not-found"} or CHECK_OF[cause] in checks, (cause, text)


def test_devices_state_what_they_log_of_a_join_that_fails() -> None:
    assert {profile.name for profile in PROFILES if profile.join.logged} >= {"photon", "argon", "photon2"}


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

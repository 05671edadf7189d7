"""`netpreflight devices`: the known devices, and every fact of one in plain words, with its source and certainty."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.profiles.facts import DeviceOs
from netpreflight.reports.devices import NARROWEST, WIDEST, render_list, render_sheet
from tests.unit.command import refused, run

RAW = re.compile(r"None|True|False|Fact\(|\[|\]|\{|\}|'\w+'|value=")
"""What would show that Python was printed."""


def flat(text: str) -> str:
    """A rendering without its line breaks."""
    return " ".join(text.split())


def test_the_list_has_every_device_with_its_cloud() -> None:
    ran = run("devices", COLUMNS="120")

    assert (ran.returncode, ran.stderr) == (0, "")
    entries = {line.split()[0]: line for line in ran.stdout.splitlines() if line and not line.startswith(" ")}
    assert list(entries)[: len(profiles.names())] == profiles.names()
    text = flat(ran.stdout)
    assert (
        "generic 2.4 GHz CoAP device; no Device OS version; 2.4 GHz; CoAP over UDP, port 5683: coap.me, "
        "californium.eclipseprojects.io"
    ) in text
    assert (
        "photon Particle Photon; Device OS 0.4.4 to 3.3.1; 2.4 GHz; TCP with a nonce from the service, port 5683: "
        "device.spark.io"
    ) in text
    assert (
        "argon Particle Argon; Device OS 1.0.0 to 6.2.0; 2.4 GHz; DTLS over UDP, port 5684: "
        "<device id>.v<major version>.udp.particle.io"
    ) in text
    assert "photon2 Particle Photon 2; Device OS 5.0.0 to 6.2.0; 2.4, 5 GHz; DTLS over UDP, port 5684" in text


@pytest.mark.parametrize("name", profiles.names())
def test_every_fact_is_shown_with_its_source_and_certainty(name: str) -> None:
    sheet = profiles.sheet(name)
    text = flat(render_sheet(sheet, 100))

    shown = 0
    for facts in sheet.facts.values():
        for tables in facts.values():
            for fact in tables:
                assert f"{fact.certainty}: {flat(fact.source)}" in text
                assert flat(fact.note) in text
                shown += 1
    assert shown > 25
    for check_id, needs in sheet.checks.items():
        assert all(check_id in text and flat(need.why) in text and flat(need.source) in text for need in needs)
    assert not RAW.search(text), RAW.search(text)


def test_a_fact_that_differs_by_version_is_shown_for_each() -> None:
    text = flat(render_sheet(profiles.sheet("argon"), 100))

    for line in (
        "method, before 2.0.0: no test",
        "method, 2.0.0 to before 5.6.0: NTP",
        "method, 5.6.0 to before 5.9.0: echo by the cloud, version 1",
        "method, 5.9.0 to before 6.0.0: echo by the cloud, version 2",
        "method, from 6.2.0 on: echo by the cloud, version 2",
        "hosts, before 2.0.0: <device id>.udp-mesh.particle.io confirmed: device-os v1.5.2",
        "joins a hidden network, from 5.5.0 on: yes",
        "further security: wep unconfirmed: ",
        "sends a DISCOVER at: 0, 2, 6, 14, 30, 62, 122 s",
        "DTLS connection id, from 3.1.0 on: yes",
        "ntp.reply, 2.0.0 to before 5.6.0: a failure is a warning",
        "coap.udp-5683: reported, does not count",
        'scan line: Connecting to "<SSID>"',
    ):  # fmt: skip
        assert line in text


def test_what_a_device_takes_over_is_shown_for_its_own_versions_only() -> None:
    text = flat(render_sheet(profiles.sheet("photon2"), 100))

    assert "hosts: <device id>.v<major version>.udp.particle.io" in text
    assert "udp-mesh" not in text
    assert "method, before 5.6.0: NTP" in text
    assert "2.0.0 to" not in text


def test_one_version_has_its_facts_alone() -> None:
    text = flat(run("devices", "argon", "--os", "1.5.2").stdout)

    assert text.startswith("Particle Argon (argon), Device OS 1.5.2")
    assert "method: no test" in text
    assert "hosts: <device id>.udp-mesh.particle.io" in text
    assert ", before " not in text
    assert " on: " not in text
    assert "echo" not in text


def test_a_newer_version_has_the_facts_of_the_newest_known() -> None:
    newest, newer = (run("devices", "argon", "--os", version).stdout for version in ("6.2.0", "6.3.0"))

    assert newer.startswith("Particle Argon (argon), Device OS 6.2.0 (the newest known; 6.3.0 is newer)\n")
    assert newer.replace(" (the newest known; 6.3.0 is newer)", "") == newest


@pytest.mark.parametrize("width", [0, 20, 40, 72, 100, 500])
def test_lines_fit_the_terminal(width: int) -> None:
    sheets = [profiles.sheet(name) for name in profiles.names()]
    for text in (render_list(sheets, width), *(render_sheet(sheet, width) for sheet in sheets)):
        assert max(map(len, text.splitlines())) <= max(NARROWEST, min(width, WIDEST))
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_the_terminals_width_is_used(tmp_path: Path) -> None:
    narrow, wide = (run("devices", "photon", COLUMNS=columns).stdout for columns in ("60", "110"))

    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines())) <= 110
    assert "".join(narrow.split()) == "".join(wide.split()), "a word longer than a line is broken"


def test_hostile_texts_are_shown_and_obeyed_by_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    hosts = [f'"{"a" * 60}.{"b" * 60}.{i}x"' for i in range(8)]
    file.write_text(
        'based_on = "photon2"\ntitle = "\\u001b[31mred"\n'
        '[radio]\nenterprise = { value = "\\u202egnp \\u0007", source = "a\\u2028b\\tc", note = "[red]x[/red]" }\n'
        "[cloud]\nhosts = [\n" + ",\n".join(hosts) + "\n]\n"
    )
    text = render_sheet(profiles.sheet(str(file)), 80)

    assert text.replace("\n", "").isprintable()
    for piece in (r"\x1b[31mred", r"\u202egnp \x07", r"a\u2028b\x09c", "[red]x[/red]"):
        assert piece in text
    assert all(host.strip('"') in "".join(text.split()) for host in hosts), "all of a long value is shown"


def test_where_the_versions_come_from_is_shown() -> None:
    sheet = profiles.sheet("msom")

    assert isinstance(sheet.profile.device_os, DeviceOs)
    assert flat(sheet.profile.device_os.source) in flat(render_sheet(sheet, 90))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("fridge",), ("fridge", "generic", "photon2", "FILE.toml")),
        (("photon", "--os", "0.4.3"), ("0.4.3", "0.4.4 to 3.3.1")),
        (("generic", "--os", "6.2.0"), ("--os",)),
        (("--os", "6.2.0"), ("--os", "NAME")),
        (("photon", "argon"), ("argon",)),
        (("photon", "--json"), ("--json",)),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    refused("devices", *arguments, says=says)


def test_the_help_names_the_devices_and_the_command() -> None:
    overall, of_check, of_devices = (
        run(*arguments, "--help", COLUMNS="200").stdout for arguments in ((), ("check",), ("devices",))
    )

    assert "devices" in overall
    assert "NAME|FILE.toml" in of_check
    (line,) = re.findall(r"Device to judge for: (.*?) or a company's own file\.", flat(of_check))
    assert re.findall(r"[a-z0-9]+(?=,| \()", line) == profiles.names()
    assert "--os" in of_devices
    assert "[NAME|FILE.toml]" in of_devices


@pytest.mark.more
def test_a_reader_that_leaves_early_and_a_closed_output_end_without_a_traceback() -> None:
    for shell in (
        '"$0" -m netpreflight.agent devices argon | head -1 >/dev/null',
        '"$0" -m netpreflight.agent devices argon >&-',
    ):
        ran = subprocess.run(
            ["bash", "-c", shell, sys.executable],
            capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert "Traceback" not in ran.stderr
        assert "Exception" not in ran.stderr

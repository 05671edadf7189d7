"""A company's own profile: what it takes over; what is wrong is refused in one line that says what is right."""

import json
import re
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netpreflight.agent import profiles
from netpreflight.agent.profiles.written import LARGEST_FILE, LONGEST_LINE
from netpreflight.reports.devices import render_sheet
from tests.unit.command import SAMPLE, SAVED, refused, run
from tests.unit.dtls_records import VENDOR_KEY
from tests.unit.hostile import HOSTILE_FILES
from tests.unit.partly import first, partly

ROOT = Path(__file__).parents[2]
BASED = 'based_on = "photon2"\ntitle = "Our product"\n'
"""Two lines."""
ALONE = """title = "Our sensor"
[radio]
bands = ["2.4"]
channels = "1-13"
width_mhz = 20
phy = ["b", "g", "n"]
security = ["wpa2-psk"]
ciphers = ["CCMP"]
pmf_required = "no"
hidden = "yes"
n_only = "yes"
[dhcp]
host_name = "sensor"
asks_for = [1, 3, 6]
asks_at_s = [0, 4]
missing_router = "fails"
missing_resolver = "waits"
[dns]
resolvers = 1
tries = 1
patience_s = 4
aaaa_first = false
[cloud]
transport = "coap"
port = 5683
hosts = ["192.0.2.17"]
answer_s = 93
[internet_test]
method = "none"
runs_after = "handshake"
failed_line = "{code}"
passed_line = "ok"
colour = "red"
blink_ms = 250
"""


def examples(document: str) -> list[str]:
    """The TOML in a document."""
    return re.findall(r"```toml\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def saved(folder: Path, content: str | bytes, name: str = "ourproduct.toml") -> str:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def why_refused(path: str) -> str:
    with pytest.raises(profiles.DeviceFileError) as caught:
        profiles.load(path)
    says = str(caught.value)
    assert len(says) < 400, "the command line shows no more"
    assert "\n" not in says
    return says


def test_what_is_not_stated_is_taken_over(tmp_path: Path) -> None:
    file = saved(tmp_path, BASED + '[cloud]\nhosts = ["{id}.v{major}.example.com"]\nport = 5690\n')
    ours, theirs = profiles.load(file, "5.8.2"), profiles.load("photon2", "5.8.2")

    assert (ours.name, ours.title, ours.label) == ("ourproduct", "Our product", "Our product, Device OS 5.8.2")
    assert ours.cloud.hosts.value == ["e00fce680000000000000000.v5.example.com"]
    assert (ours.cloud.port.value, ours.cloud.port.source, ours.cloud.port.certainty) == (
        5690,
        "ourproduct.toml",
        "confirmed",
    )
    assert ours.cloud.transport == theirs.cloud.transport
    assert ours.cloud.known_names is None, "these are names of another cloud"
    assert ours.cloud.server_key is None, "and that is its key"
    assert (ours.radio, ours.dhcp, ours.dns, ours.checks) == (theirs.radio, theirs.dhcp, theirs.dns, theirs.checks)
    assert ours.internet_test.method.value == "echo-1"
    assert profiles.load(file).os_version == "6.2.0"


def test_a_source_is_the_tables_or_the_sections_or_the_file(tmp_path: Path) -> None:
    content = (
        '[cloud]\nsource = "S"\nport = 1\nanswer_s = { value = 2, source = "T", certainty = "inferred", note = "N" }\n'
    )
    profile = profiles.load(saved(tmp_path, BASED + content + "[dns]\ntries = 3\n"))

    assert profile.cloud.port.source == "S"
    answer = profile.cloud.answer_s
    assert (answer.value, answer.source, answer.certainty, answer.note) == (2, "T", "inferred", "N")
    assert profile.dns.tries.source == "ourproduct.toml"
    assert "lwIP" in profile.dns.patience_s.source


def test_facts_by_version(tmp_path: Path) -> None:
    lists = '[radio]\nhidden = [\n { before = "6.0.0", value = "no" },\n { since = "6.0.0", value = "yes" },\n]\n'
    in_sections = '[[radio.hidden]]\nsince = "6.0.0"\nvalue = "yes"\n[[radio.hidden]]\nbefore = "6.0.0"\nvalue = "no"\n'
    for content in (lists, in_sections):
        file = saved(tmp_path, BASED + content)
        assert profiles.load(file, "5.9.9").radio.hidden.value == "no"
        assert profiles.load(file, "6.0.0").radio.hidden.value == "yes"
        assert "6.0.0" in profiles.spans(file)


def test_the_versions_may_be_fewer_or_more_than_those_of_the_base(tmp_path: Path) -> None:
    file = saved(tmp_path, BASED + '[device_os]\noldest = "5.5.0"\nnewest = "5.8.2"\n')

    assert profiles.load(file).os_version == "5.8.2"
    newer = profiles.load(file, "6.2.0")
    assert (newer.os_version, newer.asked_os) == ("5.8.2", "6.2.0")
    with pytest.raises(profiles.UnknownDeviceError, match=r"'5.4.0' for ourproduct; known: 5.5.0 to 5.8.2"):
        profiles.load(file, "5.4.0")
    later = profiles.load(saved(tmp_path, BASED + '[device_os]\nnewest = "6.3.0"\n', "later.toml"), "6.3.0")
    assert later.internet_test.method.value == "echo-2"
    assert later.device_os is not None
    assert (later.device_os.oldest, later.device_os.source) == ("5.0.0", "later.toml")


def test_a_file_may_stand_alone(tmp_path: Path) -> None:
    file = saved(tmp_path, ALONE)
    profile = profiles.load(file)

    assert (profile.label, profile.os_version, profile.cloud.hosts.value) == ("Our sensor", None, ["192.0.2.17"])
    assert profile.level("coap.udp-5683") == "required"
    with pytest.raises(profiles.UnknownDeviceError, match=r"ourproduct has no Device OS versions; leave out --os"):
        profiles.load(file, "6.2.0")


def test_a_coap_product_needs_the_port_that_its_base_does_not(tmp_path: Path) -> None:
    coap = '[cloud]\ntransport = "coap"\nport = 5683\nhosts = ["192.0.2.17"]\n'
    reported = '[checks."coap.udp-5683"]\nlevel = "reported"\nwhy = "Tried at another time."\n'

    assert profiles.load("photon2").level("coap.udp-5683") == "reported"
    assert profiles.load(saved(tmp_path, BASED + coap)).level("coap.udp-5683") == "required"
    assert profiles.load(saved(tmp_path, BASED + coap + reported)).level("coap.udp-5683") == "reported"


@pytest.mark.parametrize(
    "content",
    [example.encode() for document in ("docs/devices.md", "docs/adding.md") for example in examples(document)],
)
def test_the_examples_in_the_documents_work(tmp_path: Path, content: bytes) -> None:
    path = saved(tmp_path, content)
    text = render_sheet(profiles.sheet(path), 80)

    assert "Our product (ourproduct), Device OS 5." in text
    shown = run("devices", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    checked = run("report", str(SAMPLE), "--device", path, "--json")
    assert checked.stderr == ""
    assert json.loads(checked.stdout)["device"]["name"] == "ourproduct"


def test_the_example_of_the_devices_page_is_what_it_says(tmp_path: Path) -> None:
    (example,) = examples("docs/devices.md")
    profile = profiles.load(saved(tmp_path, example))

    assert len(example.splitlines()) < 15
    assert profile.os_version == "5.8.2"
    assert profile.cloud.hosts.value == ["e00fce680000000000000000.devices.example.com", "192.0.2.17"]
    assert profile.cloud.hosts.source == "our operations team, March 2026"
    assert profile.cloud.keep_alive_s is not None
    assert profile.cloud.keep_alive_s.certainty == "unconfirmed"


HOSTS = "[cloud]\nhosts = "
LABELS = "expected labels of 1 to 63 of the characters A-Z a-z 0-9 _ -, with no - first or last, got "
TEST = "[internet_test]\nmethod = "
WRONG = [
    # values: type, range, list, pattern
    ('[cloud]\nport = "http"', 'line 4: cloud.port: expected a port from 1 to 65535, got "http"'),
    ("[cloud]\n\n# why\nport = 0", "line 6: cloud.port: expected a port from 1 to 65535, got 0"),
    ("cloud.port = true", "line 3: cloud.port: expected a port from 1 to 65535, got true"),
    ("[cloud]\nport = { value = 70000 }", "line 4: cloud.port.value: expected a port from 1 to 65535, got 70000"),
    ("[cloud.port]\nvalue = 70000", "line 4: cloud.port.value: expected a port from 1 to 65535, got 70000"),
    ("[cloud]\nport = { valu = 7 }", "line 4: cloud.port: expected a port from 1 to 65535, got a table without value"),
    ("[cloud]\nport = 2020-01-01", "line 4: cloud.port: expected a port from 1 to 65535, got 2020-01-01"),
    ("[cloud]\nport = []", "line 4: cloud.port: expected a port from 1 to 65535, got a list"),
    ("[dns]\npatience_s = nan", "line 4: dns.patience_s: expected seconds, more than 0, got nan"),
    ("[dns]\npatience_s = inf", "line 4: dns.patience_s: expected seconds, more than 0, got inf"),
    ("[dns]\ntries = 11", "line 4: dns.tries: expected 1 to 10, got 11"),
    ("[dns]\naaaa_first = 1", "line 4: dns.aaaa_first: expected true or false, got 1"),
    ('mac_prefix = "94-94-4A"', 'line 3: mac_prefix: expected three to six bytes such as 94:94:4A, got "94-94-4A"'),
    ('device_id = "a b"', 'line 3: device_id: expected 1 to 63 of the characters A-Z a-z 0-9 -, got "a b"'),
    ("cloud = 5", "line 3: cloud: expected a table, got 5"),
    ("checks = 5", "line 3: checks: expected a table, got 5"),
    (
        '[radio]\nciphers = ["AES"]',
        (
            "line 4: radio.ciphers: expected a list, each a cipher: WEP-40, WEP-104, TKIP, CCMP, CCMP-256, GCMP-128 or "
            'GCMP-256, got "AES" in it'
        ),
    ),
    ('[radio]\nbands = ["2.4", "6"]', 'line 4: radio.bands: expected a list, each one of "2.4", "5", got "6" in it'),
    (
        '[radio]\nchannels = "all"',
        'line 4: radio.channels: expected channels such as 1-11 or 1-11,13, got "all"',
    ),
    (
        '[radio]\nchannels = "11-1"',
        'line 4: radio.channels: expected channels from 1 to 177, the lower one first, got "11-1"',
    ),
    (
        '[radio]\nchannels_by_country = { us = "1-11" }',
        (
            "line 4: radio.channels_by_country: expected a table from an ISO 3166 code such as US to channels such as "
            '1-11 or 1-11,13, got "us"'
        ),
    ),
    ("[dhcp]\nasks_at_s = [0, 4, 2]", "line 4: dhcp.asks_at_s: expected each time after the one before it"),
    # words of a closed list
    ("[radio]\nwidth_mhz = 80", "line 4: radio.width_mhz: expected one of 20, 40, got 80"),
    (
        '[cloud]\ntransport = "mqtt"',
        'line 4: cloud.transport: expected one of "coap", "tcp-nonce", "dtls", got "mqtt"',
    ),
    (
        '[cloud]\nport = { value = 1, certainty = "sure" }',
        'line 4: cloud.port.certainty: expected one of "confirmed", "inferred", "unconfirmed", got "sure"',
    ),
    (
        '[checks."ntp.reply"]\nlevel = "fatal"\nwhy = "x"',
        'line 4: checks."ntp.reply".level: expected one of "required", "warning", "reported", got "fatal"',
    ),
    # keys
    (
        "[clowd]\nport = 1",
        "line 3: clowd: no such key; did you mean cloud?; a profile has: based_on, title, device_id, ",
    ),
    (
        "[dns]\ntrys = 1",
        "line 4: dns.trys: no such key; did you mean tries?; [dns] has: resolvers, tries, patience_s, ",
    ),
    ("[device_os]\nversion = 1", "line 4: device_os.version: no such key; [device_os] has: oldest, newest, source"),
    (
        '[cloud]\nport = { value = 1, sorce = "x" }',
        (
            "line 4: cloud.port.sorce: no such key; did you mean source?; [cloud.port] has: value, source, certainty, "
            "note, since, before"
        ),
    ),
    (
        '[checks."ntp.replay"]',
        'line 3: checks."ntp.replay": no such key; did you mean ntp.reply?; [checks] has: wifi.band',
    ),
    # missing
    (
        '[checks."ntp.reply"]\nlevel = "warning"',
        'line 3: checks."ntp.reply".why: missing; expected a text of up to 400 characters',
    ),
    (
        '[[checks."ntp.reply"]]\nlevel = "warning"\nwhy = "x"\n[[checks."ntp.reply"]]\nwhy = "y"',
        'line 6: checks."ntp.reply".level: missing; expected one of "required", "warning", "reported"',
    ),
    (
        '[dns]\ntries = [\n{ value = 1, before = "6.0.0" },\n{ since = "6.0.0" },\n]',
        "line 4: dns.tries.value: missing; expected 1 to 10",
    ),
    # versions
    ('[device_os]\nnewest = "5.8"', 'line 4: device_os.newest: expected a version such as 5.8.2, got "5.8"'),
    ('[device_os]\nnewest = "4.2.0"', "line 4: device_os.newest: older than oldest, which is 5.0.0"),
    (
        TEST + '[\n{ before = "5.6.0", value = "ntp" },\n{ since = "5.9.0", value = "none" },\n]',
        "line 4: internet_test.method: nothing is stated for Device OS 5.6.0 to before 5.9.0",
    ),
    (
        TEST + '[{ since = "5.6.0", value = "none" }]',
        "line 4: internet_test.method: nothing is stated for Device OS 5.0.0 to before 5.6.0",
    ),
    (
        TEST + '{ before = "5.6.0", value = "none" }',
        "line 4: internet_test.method: nothing is stated for Device OS 5.6.0 to 6.2.0",
    ),
    (
        TEST + '[{ before = "5.6.0", value = "ntp" }, { since = "5.5.0", value = "none" }]',
        "line 4: internet_test.method: more than one table is for Device OS 5.5.0 to before 5.6.0",
    ),
    (
        TEST + '[{ value = "ntp" }, { value = "none" }]',
        "line 4: internet_test.method: more than one table is for Device OS 5.0.0 to 6.2.0",
    ),
    (
        TEST + '[{ before = "5.6.0", value = "ntp" }, { since = "5.6.0", before = "5.6.0", value = "none" }]',
        "line 4: internet_test.method: since 5.6.0 is not older than before 5.6.0",
    ),
    (
        TEST + '{ since = "6.3.0", value = "none" }',
        "line 4: internet_test.method.since: 6.3.0 is outside of device_os, 5.0.0 to 6.2.0",
    ),
    (
        '[[checks."ntp.reply"]]\nlevel = "warning"\nwhy = "x"\n[[checks."ntp.reply"]]\nlevel = "reported"\nwhy = "y"',
        'line 3: checks."ntp.reply": more than one table is for Device OS 5.0.0 to 6.2.0',
    ),
    # hosts, and what is filled in
    (HOSTS + "[]", "line 4: cloud.hosts: expected 1 to 8 host names or IPv4 addresses, got 0 of them"),
    (HOSTS + '["a.example", 7]', "line 4: cloud.hosts: expected 1 to 8 host names or IPv4 addresses, got 7 in it"),
    (HOSTS + '["a b"]', 'line 4: cloud.hosts: expected 1 to 8 host names or IPv4 addresses, got "a b" in it'),
    (
        HOSTS + '["{id}.{region}.example"]',
        'line 4: cloud.hosts: expected only {id} and {major}, got "{id}.{region}.example"',
    ),
    (HOSTS + '["{id.example"]', 'line 4: cloud.hosts: expected only {id} and {major}, got "{id.example"'),
    (HOSTS + '["id}.example"]', 'line 4: cloud.hosts: expected only {id} and {major}, got "id}.example"'),
    (HOSTS + '["a..example"]', f'line 4: cloud.hosts: {LABELS}"a..example"'),
    (HOSTS + '["a-.example"]', f'line 4: cloud.hosts: {LABELS}"a-.example"'),
    (HOSTS + f'["{"a" * 64}.example"]', f'line 4: cloud.hosts: {LABELS}"{"a" * 40}…"'),
    (HOSTS + f'["{{id}}{"a" * 40}.example"]', f'line 4: cloud.hosts: {LABELS}"{{id}}{"a" * 36}…"'),
    (
        HOSTS + f'["{"a." * 61}example"]',
        (
            "line 4: cloud.hosts: expected a host name of up to 128 characters, which is lwIP's limit, got "
            f'"{"a." * 20}…"'
        ),
    ),
    (
        HOSTS + '["256.1.1.1"]',
        'line 4: cloud.hosts: expected an IPv4 address of four numbers from 0 to 255, got "256.1.1.1"',
    ),
    (HOSTS + '["10.1"]', 'line 4: cloud.hosts: expected an IPv4 address of four numbers from 0 to 255, got "10.1"'),
    *(
        (
            HOSTS + f'["{address}"]',
            f'line 4: cloud.hosts: expected an address of one host that a device can reach, got "{address}"',
        )
        for address in ("0.0.0.0", "127.0.0.1", "224.0.1.187", "255.255.255.255")
    ),
    (
        '[cloud]\nknown_names = ["{id}.example"]',
        'line 4: cloud.known_names: expected nothing in braces, got "{id}.example"',
    ),
    (
        '[cloud]\nserver_key = "MFkw"',
        'line 4: cloud.server_key: expected the base64 of a SubjectPublicKeyInfo in DER, of a key on P-256, got "MFkw"',
    ),
    (
        f'[cloud]\nserver_key = "{"A" * 122}=="',
        (
            "line 4: cloud.server_key: expected the base64 of a SubjectPublicKeyInfo in DER, of a key on P-256: 91 "
            f'bytes, got "{"A" * 40}…"'
        ),
    ),
    (
        f'[cloud]\nserver_key = "{VENDOR_KEY.replace("Kxmd", "KxmD", 1)}"',
        (
            "line 4: cloud.server_key: expected a point of the curve P-256 in the SubjectPublicKeyInfo, got "
            f'"{VENDOR_KEY[:40].replace("Kxmd", "KxmD")}…"'
        ),
    ),
    ('[dhcp]\nhost_name = "{major}"', 'line 4: dhcp.host_name: expected only {id}, got "{major}"'),
    (
        '[internet_test]\nfailed_line = "{0.__class__}"',
        'line 4: internet_test.failed_line: expected only {code} and {word}, got "{0.__class__}"',
    ),
    (
        '[startup]\nscan_line = "{secret}"',
        'line 4: startup.scan_line: expected only {ssid} and {host} and {address} and {port}, got "{secret}"',
    ),
    (
        '[startup]\nscan_line = "@joyning"',
        'line 4: startup.scan_line: expected the name of a line of agent/profiles/log_lines.py after @, got "@joyning"',
    ),
    # TOML
    ("a = 1\na = 2", 'line 4: not TOML: Cannot overwrite a value: "a = 2"'),
    ("[dns]\n[dns]\ntries = 1", "line 4: not TOML: Cannot declare ('dns',) twice: \"[dns]\""),
    ("[dns]\ntries = ", 'line 4: not TOML: Invalid value: "tries ="'),
    ("[dns]\ntries = 1 2\nx = 1", "line 4: not TOML: Expected newline or end of document after a statement: "),
    ('title = "Again"', "line 3: not TOML: Cannot overwrite a value: "),
    ("x = " + "9" * 900, "line 3: x: no such key; a profile has: "),
    (f"x = {'9' * LONGEST_LINE}", "line 3: this line has more than 1000 characters"),
]


@pytest.mark.parametrize(("content", "says"), WRONG)
@pytest.mark.parametrize("newline", partly({"\n"}, ["\n", "\r\n"]))
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: str, says: str, newline: str) -> None:
    message = why_refused(saved(tmp_path, (BASED + content).replace("\n", newline)))

    assert message.startswith(f"ourproduct.toml, {says}"), message
    assert says.endswith((" ", "wifi.band")) or message == f"ourproduct.toml, {says}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "line 1: title: missing; each file has its own title"),
        (
            'title = "x"\n\n',
            "line 1: radio: missing; without based_on, a file has [radio], [dhcp], [dns], [cloud], [internet_test]",
        ),
        ('based_on = "photon2"\n[dns]\ntries = 1', "line 3: title: missing; each file has its own title"),
        (
            'title = "x"\nbased_on = "photon3"',
            'line 2: based_on: no device "photon3"; known: generic, argon, core, msom, p1, p2, photon, photon2',
        ),
        ('based_on = "./x.toml"\ntitle = "x"', 'line 1: based_on: no device "./x.toml"; known: generic, '),
        (ALONE.replace("port = 5683\n", ""), "line 23: cloud.port: missing; expected a port from 1 to 65535"),
        (
            ALONE.replace('phy = ["b", "g", "n"]\n', ""),
            'line 2: radio.phy: missing; expected a list, each one of "b", "g", "a", "n"',
        ),
        (ALONE.replace("[dns]", "[dhcp.x]"), "line 18: dhcp.x: no such key; [dhcp] has: host_name, "),
        (
            ALONE.replace("tries = 1", 'tries = { value = 1, since = "5.0.0" }'),
            "line 20: dns.tries: tables for different versions need a [device_os] section",
        ),
        (ALONE.replace("192.0.2.17", "{id}.example"), 'line 26: cloud.hosts: {id} needs device_id, got "{id}.example"'),
        (
            ALONE.replace("192.0.2.17", "v{major}.example"),
            'line 26: cloud.hosts: {major} needs device_os, got "v{major}.example"',
        ),
        (ALONE + '[device_os]\noldest = "1.0.0"', "line 35: device_os.newest: missing"),
    ],
)
def test_what_a_file_lacks_is_named_with_the_line_of_its_section_or_the_last(
    tmp_path: Path, content: str, says: str
) -> None:
    message = why_refused(saved(tmp_path, content))

    assert message.startswith(f"ourproduct.toml, {says}"), message
    assert says.endswith((" ", "generic, ")) or message == f"ourproduct.toml, {says}"


def test_what_follows_a_value_of_several_lines_has_its_own_line(tmp_path: Path) -> None:
    before = (
        '[cloud]\nsource = """\n[x]\nport = 1 # "\n"""\nhosts = [ # ]\n  "a.example", \'b.example\',\n]\nport = "x"\n'
    )

    assert why_refused(saved(tmp_path, BASED + before)).startswith("ourproduct.toml, line 11: cloud.port: expected ")


@pytest.mark.parametrize("name", ["photon2.toml", "generic.toml"])
def test_a_file_with_the_name_of_a_known_device_is_refused(tmp_path: Path, name: str) -> None:
    known = name.removesuffix(".toml")

    assert why_refused(saved(tmp_path, BASED, name)) == f"{name}: {known} is a known device; give the file another name"


@pytest.mark.parametrize("name", ["our product.toml", "produkt-ä.toml", "x\x1b[31m.toml", "a" * 65 + ".toml"])
def test_a_file_whose_name_is_no_name_for_a_device_is_refused(tmp_path: Path, name: str) -> None:
    refused("devices", saved(tmp_path, BASED, name), says=("1 to 64 of the characters A-Z a-z 0-9 . _ -",))


def test_files_that_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "loop.toml").symlink_to("loop.toml")

    assert why_refused(str(tmp_path / "folder.toml")) == f"{tmp_path}/folder.toml: not a file"
    assert "loop.toml: " in why_refused(str(tmp_path / "loop.toml"))
    assert "/dev/zero: not a file" in why_refused("/dev/zero")
    assert why_refused(saved(tmp_path, "#" * 10 + "\n" * LARGEST_FILE)).startswith(
        "ourproduct.toml: larger than 64 KiB"
    )
    assert why_refused(saved(tmp_path, BASED.encode() + b"# \xff")) == "ourproduct.toml, line 3: not UTF-8"
    assert why_refused(saved(tmp_path, BASED.encode("utf-16"))).startswith("ourproduct.toml, line 1: not UTF-8")
    assert "no file" in why_refused(str(tmp_path / "missing.toml"))
    assert profiles.load(saved(tmp_path, b"\xef\xbb\xbf" + BASED.encode())).title == "Our product"


@pytest.mark.parametrize("name", first(3, HOSTILE_FILES))
def test_a_hostile_file_is_refused(tmp_path: Path, name: str) -> None:
    assert why_refused(saved(tmp_path, HOSTILE_FILES[name]))


@pytest.mark.parametrize(
    "text",
    partly({r"\u001b[31m\u202e\n"}, [r"\u001b[31m\u202e\n", r"[red]x[/red]\u0007", "\\u0085\\u2028" * 50]),
)
def test_no_text_of_a_file_acts_on_the_terminal(tmp_path: Path, text: str) -> None:
    title = f'based_on = "photon2"\ntitle = "{text[:30]}"\n'
    for content in (
        f'{title}[cloud]\nsource = "{text}"\nport = {{ value = 1, note = "{text}" }}\n',
        f'{BASED}"{text}" = 1\n',
        f'{BASED}[radio]\n"{text}" = 1\n',
        f'{BASED}[radio]\nhidden = "{text}"\n',
        f'{BASED}[cloud]\nhosts = ["{text}"]\n',
        f'based_on = "{text}"\ntitle = "x"\n',
        f'{BASED}[checks."{text}"]\n',
    ):
        ran = run("devices", saved(tmp_path, content))
        assert ran.returncode in {0, 2}
        assert (ran.stdout + ran.stderr).replace("\n", "").isprintable()
        assert ran.returncode == 0 or ran.stderr.count("\n") == 1


VALUES = st.sampled_from(
    ["1", "0", "-1", '""', '"x"', "true", "nan", "[]", "[1]", '["a"]', "{}", '{ value = "x" }', "[{}]", "[[]]", "1e999",
     "2020-01-01", '{ value = 1, since = "6.0.0" }', '[{ value = 1, before = "6.0.0" }, { since = "5.5.0" }]',
     "0xffffffffffffffffffffffff", '"{id}"', "[{ value = {} }]", "{ since = 1 }", "07:30:00"]
)  # fmt: skip
SECTIONS = ("radio", "dhcp", "dns", "cloud", "internet_test", "startup", "led", "device_os")
KEYS = st.sampled_from(
    [
        *(
            f"{section}.{fact}"
            for section in SECTIONS
            for fact in (*getattr(profiles.load("photon2"), section).__struct_fields__, "source", "x")
        ),
        *(
            "title",
            "based_on",
            "device_id",
            "mac_prefix",
            "checks",
            'checks."ntp.reply"',
            'checks."ntp.reply".level',
            "cloud",
        ),
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=3))
def test_whatever_is_stated_a_file_is_a_profile_or_is_refused(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    content = "".join(f"{key} = {value}\n" for key, value in pairs)
    file = saved(tmp_path, content + ("" if "based_on" in content else 'based_on = "photon2"\n'))
    try:
        sheet = profiles.sheet(file)
        for version in profiles.spans(file):
            profiles.load(file, version)
    except profiles.UnknownDeviceError as problem:
        assert str(problem).startswith("ourproduct.toml")  # noqa: PT017 - a profile is as good as a refusal
    else:
        assert render_sheet(sheet, 80)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from(string.printable + "é\"'[]=\n"), max_size=60))
def test_any_text_after_a_profile_is_read_or_refused(tmp_path: Path, text: str) -> None:
    try:
        profiles.load(saved(tmp_path, ALONE + text))
    except profiles.DeviceFileError as problem:
        assert str(problem).startswith("ourproduct.toml")  # noqa: PT017 - as above
    else:
        tomllib.loads(ALONE + text)


@pytest.mark.parametrize(
    "command", [("check", "--device"), ("report", str(SAMPLE), "--device"), ("devices",), ("--device",)]
)
def test_a_wrong_file_is_wrong_usage(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = saved(tmp_path, BASED + '[cloud]\nport = "http"\n')

    refused(*command, file, says=('ourproduct.toml, line 4: cloud.port: expected a port from 1 to 65535, got "http"',))


def test_a_wrong_version_for_a_companys_file_is_wrong_usage(tmp_path: Path) -> None:
    file = saved(tmp_path, BASED)

    refused("report", str(SAMPLE), "--device", file, "--os", "4.3.0", says=("4.3.0", "ourproduct", "5.0.0 to 6.2.0"))


def test_a_saved_run_of_a_companys_product_is_judged_again_with_its_file(tmp_path: Path) -> None:
    file = saved(tmp_path, BASED)
    made = run("report", str(SAMPLE), "--device", file, "--json")
    kept = tmp_path / "run.json"
    kept.write_text(made.stdout)

    assert json.loads(made.stdout)["device"] == {
        "name": "ourproduct",
        "title": "Our product",
        "os_version": "6.2.0",
        "mac_prefix": "94:94:4A",
    }
    assert [device["name"] for device in json.loads(made.stdout)["devices"]] == ["ourproduct", *profiles.names()]
    refused("report", str(kept), says=("run.json", "'ourproduct'", "--device FILE.toml"))
    again = run("report", str(kept), "--device", file, "--json")
    assert (again.returncode, json.loads(again.stdout)["verdict"]) == (
        made.returncode,
        json.loads(made.stdout)["verdict"],
    )


def test_a_saved_run_cannot_name_a_file_to_read(tmp_path: Path) -> None:
    file = saved(tmp_path, BASED)
    document = json.loads(SAVED)
    document["device"] = {"name": file, "title": "x", "os_version": None}
    kept = tmp_path / "run.json"
    kept.write_text(json.dumps(document))

    refused("report", str(kept), says=("run.json", "--device FILE.toml"))

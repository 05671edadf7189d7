"""Joining by a supplicant: what it says (recorded in the Wi-Fi lab, version 2.10), what it is told, and how often."""

import contextlib
import itertools
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.judging.verdict import judge_some
from netpreflight.agent.selection import Selection
from netpreflight.probes.join import radio, way_home
from netpreflight.probes.join.by_air import missing_credentials
from netpreflight.probes.join.frames import contacts_of
from netpreflight.probes.join.interface import Device, Passphrase, Refusal
from netpreflight.probes.join.radio import Radio, watching
from netpreflight.probes.join.supplicant import ENDED, Joining, Supplicant, key_form
from netpreflight.probes.join.words import TELLING, Watched
from netpreflight.probes.observations import (
    MOST_ATTEMPTS,
    MOST_SAID,
    Dns,
    Join,
    JoinAttempt,
    JoinEnd,
    Observations,
    Scope,
    Wifi,
)
from netpreflight.systems import SYSTEM
from netpreflight.systems.linux import managers
from tests.unit.air import bss
from tests.unit.fakes import Clock, never

AP = "02:00:00:00:00:00"
TRYING = f"npstation0: SME: Trying to authenticate with {AP} (SSID='Home' freq=2412 MHz)"
ASKING = f"npstation0: Trying to associate with {AP} (SSID='Home' freq=2412 MHz)"
IN = f"npstation0: Associated with {AP}"
DONE = f"npstation0: CTRL-EVENT-CONNECTED - Connection to {AP} completed [id=0 id_str=]"
GONE = f"npstation0: CTRL-EVENT-DISCONNECTED bssid={AP} reason=15"
WRONG = "npstation0: WPA: 4-Way Handshake failed - pre-shared key may be incorrect"
NOTHING = "npstation0: No suitable network found"
REJECT = f"npstation0: CTRL-EVENT-AUTH-REJECT {AP} auth_type=0 auth_transaction=2 status_code="
JOINS = [TRYING, ASKING, IN, IN, DONE]
MISKEYED = [TRYING, ASKING, IN, GONE, WRONG]
SECRET = b"correct horse"
MAC = "94:94:4a:12:34:56"


class FakeTalk:
    """A supplicant that says these lines, one list for each attempt."""

    def __init__(self, clock: Clock, *says: Iterable[str], refuses: str = "", radio: str = "") -> None:
        self._clock, self._says, self._refuses, self._radio = clock, iter(says), refuses, radio
        self._lines: list[str] = []
        self.asked: list[bytes] = []
        self.status = f"bssid={AP}\nwpa_state=COMPLETED"
        self.heard = "bssid / frequency / signal level / flags / ssid\n"
        self.is_killed = False
        """Whether it ends once all lines are taken."""
        self.has_ended = False

    def ask(self, command: bytes | bytearray) -> str:
        """Note a command."""
        self.asked.append(bytes(command))
        if self.has_ended:
            raise OSError(ENDED)
        if command.startswith(b"SELECT_NETWORK"):
            self._lines = list(next(self._says, []))
        if command == b"SCAN_RESULTS":
            return self.heard
        if command == b"STATUS":
            return self.status
        if command == b"GET_CAPABILITY freq":
            return self._radio
        if self._refuses and self._refuses.encode() in command:
            return "FAIL"
        return "0" if command == b"ADD_NETWORK" else "OK"

    def line(self, timeout_s: float) -> str | None:
        """The next line; without one, that time has passed."""
        if self._lines:
            return self._lines.pop(0)
        self.has_ended = self.is_killed and timeout_s > 0
        self._clock.now += 0 if self.has_ended else timeout_s
        return None

    def running(self) -> contextlib.AbstractContextManager[None]:
        """It runs."""
        return contextlib.nullcontext()

    def say(self, *lines: str) -> None:
        """Say more."""
        self._lines += lines

    @property
    def is_read(self) -> bool:
        """Whether all lines were taken."""
        return not self._lines


def device(name: str = "argon", passphrase: bytes | None = SECRET, scope: Scope | None = None) -> Device:
    return Device(
        scope=scope or Scope(interface="wlan0", medium="wifi", os="linux"),
        mac=MAC,
        ssid="Home",
        radio=abilities_of(profiles.load(name).radio),
        passphrase=None if passphrase is None else Passphrase(bytearray(passphrase)),
    )


def test_where_it_is_not_found_it_is_told_on_which_channels_others_were() -> None:
    clock = Clock()
    talk = FakeTalk(clock, [NOTHING], [NOTHING], [TRYING, REJECT + "1"])
    talk.heard += f"{AP}\t2437\t-40\t[WPA2-PSK-CCMP][ESS]\tOther\n02:00:00:00:00:09\t2412\t-80\t[ESS]\t\n"
    found = list(Joining(talk, device(), clock, clock.monotonic).attempts())

    assert [attempt.heard_mhz for attempt in found] == [[2412, 2437], [2412, 2437], msgspec.UNSET]
    assert tried([NOTHING])[0][0].heard_mhz == [], "it heard nobody"


def tried(*says: Iterable[str]) -> tuple[list[JoinAttempt], FakeTalk]:
    clock = Clock()
    talk = FakeTalk(clock, *says)
    return list(Joining(talk, device(), clock, clock.monotonic).attempts()), talk


@pytest.mark.parametrize(
    ("lines", "ended", "codes"),
    [
        (JOINS, "joined", (None, None)),
        (MISKEYED, "key-refused", (None, 15)),
        ([TRYING, ASKING, IN, WRONG, GONE], "key-refused", (None, 15)),
        ([TRYING, REJECT + "1"], "auth-refused", (1, None)),
        ([TRYING, REJECT + "17"], "auth-refused", (17, None)),
        ([TRYING, REJECT + "82"], "auth-refused", (82, None)),
        (
            [TRYING, ASKING, f"npstation0: CTRL-EVENT-ASSOC-REJECT bssid={AP} status_code=27"],
            "assoc-refused",
            (27, None),
        ),
        ([TRYING, "npstation0: SME: Authentication timed out"], "no-answer", (None, None)),
        ([TRYING, ASKING, IN, f"npstation0: CTRL-EVENT-DISCONNECTED bssid={AP} reason=3"], "key-unfinished", (None, 3)),
        ([NOTHING], "not-found", (None, None)),
        (["npstation0:    skip - SSID mismatch", NOTHING], "not-found", (None, None)),
        (["npstation0:    skip - BSSID ignored (count=1 limit=0)", NOTHING], "not-found", (None, None)),
        ([], "not-told", (None, None)),
    ],
)
def test_each_end_is_known_by_the_supplicants_words(
    lines: list[str], ended: str, codes: tuple[int | None, int | None]
) -> None:
    first = tried(lines, JOINS)[0][0]

    assert (first.ended, (first.status, first.reason)) == (ended, codes)
    assert first.mac == MAC
    assert (first.bssid == AP) is (TRYING in lines)


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("skip RSN IE - no mgmt frame protection enabled but AP requires it", "pmf"),
        ("skip RSN IE - key mgmt mismatch", "akm"),
        ("skip RSN IE - PTK cipher mismatch", "cipher"),
        ("skip - rate sets do not match", "rates"),
        ("skip - something new", "other"),
    ],
)
def test_why_a_network_is_passed_over_is_the_supplicants_prediction_which_it_repeats(why: str, kind: str) -> None:
    attempts, _ = tried([f"npstation0:    {why}", NOTHING], JOINS)

    assert [(attempt.ended, attempt.passed_over) for attempt in attempts] == [("passed-over", kind)]


SAE_ALONE = ["npstation0:    skip RSN IE - key mgmt mismatch", NOTHING]


@pytest.mark.parametrize(
    ("security", "says", "ended"),
    [
        (["wpa2-psk"], [SAE_ALONE, JOINS], ["passed-over", "joined"]),
        (["wpa2-psk"], [SAE_ALONE] * 9, ["passed-over"] * 3),
        (["wpa2-psk"], [[TRYING, "npstation0: SME: Authentication timed out"], JOINS], ["no-answer", "joined"]),
        (["wpa3-sae"], [SAE_ALONE, JOINS], ["passed-over"]),
    ],
)
def test_a_bss_that_was_heard_to_fit_is_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, security: list[Any], says: list[list[str]], ended: list[str]
) -> None:
    """Where another one of the name is found alone, which the supplicant passes over."""
    clock = Clock()
    talk = FakeTalk(clock, *says)
    monkeypatch.setattr(SYSTEM, "station", lambda *_: contextlib.nullcontext("npstation0"))
    monkeypatch.setattr(radio, "Supplicant", lambda *_: talk)
    heard = Wifi(bss=[bss(ssid="Home", bssid=AP, frequency_mhz=2412, security=security, rsn=None)])
    with Radio(device(), clock, clock.monotonic).enter(heard, never) as entered:
        assert entered.join is not None
        assert [attempt.ended for attempt in entered.join.attempts] == ended
        assert (entered.interface is not None) is (ended[-1] == "joined")


@pytest.mark.parametrize(
    ("says", "ended"),
    [
        ([MISKEYED] * 9, ["key-refused"] * 2),
        ([[TRYING, REJECT + "1"]] * 9, ["auth-refused"] * 3),
        ([[NOTHING]] * 9, ["not-found"] * 3),
        ([[NOTHING], JOINS], ["not-found", "joined"]),
        ([[NOTHING], MISKEYED, [NOTHING], MISKEYED, JOINS], ["not-found", "key-refused", "not-found", "key-refused"]),
    ],
)
def test_a_wrong_passphrase_is_tried_twice_and_all_else_three_times(says: list[list[str]], ended: list[str]) -> None:
    attempts, talk = tried(*says)

    assert [attempt.ended for attempt in attempts] == ended
    assert talk.asked.count(b"SELECT_NETWORK 0") == len(ended)
    assert talk.asked.count(b"DISCONNECT") == len(ended) - ended.count("joined")


def test_names_of_others_and_floods_are_kept_in_bounds() -> None:
    seen = Watched()
    for number in range(1000):
        seen.read(f"npstation0: SME: Trying to authenticate with {AP} (SSID='{number}{'x' * 5000}' freq=2412 MHz)")
    seen.read(f"npstation0: SME: Trying to authenticate with {AP} (SSID='CTRL-EVENT-CONNECTED - {AP}' freq=2412 MHz)")

    assert len(seen.said) == MOST_SAID
    assert max(map(len, seen.said)) <= 300
    assert seen.ended is None
    assert TELLING.findall(f"npstation0: x\n{TRYING}\nhexdump 00 01\n{DONE}".encode()) == [
        TRYING.encode(),
        DONE.encode(),
    ]


def test_each_attempt_is_in_the_footprint_by_the_requests_that_it_sent() -> None:
    other, third = "02:00:00:00:00:09", "02:00:00:00:00:0a"
    ends: list[tuple[JoinEnd, str | None]] = [
        ("not-found", None),
        ("auth-refused", AP),
        ("no-answer", other),
        ("key-refused", AP),
        ("joined", AP),
        ("not-told", None),
        ("not-told", third),
        ("not-made", third),
        ("passed-over", None),
    ]
    attempts = [JoinAttempt(at_s=0, mac=MAC, ended=ended, bssid=bssid) for ended, bssid in ends]

    sent = contacts_of(Join(ssid="Home", attempts=attempts))

    assert [(to.protocol, to.address, to.packets, to.bytes, to.shapes) for to in sent] == [
        ("802.11", AP, 5, 0, ["authentication request", "association request"]),
        ("802.11", other, 1, 0, ["authentication request"]),
        ("802.11", third, 3, 0, ["authentication request", "association request"]),
    ]
    assert sent[0].words == f"802.11 {AP}"


def settings(name: str = "argon", passphrase: bytes | None = SECRET) -> dict[str, str]:
    clock = Clock()
    talk = FakeTalk(clock)
    Joining(talk, device(name, passphrase), clock, clock.monotonic).set_up()
    told = [command.decode().split(" ", 3) for command in talk.asked if command.startswith(b"SET_NETWORK 0 ")]
    return {key: value for _, _, key, value in told}


def test_the_supplicant_is_held_to_the_limits_of_the_radio() -> None:
    argon, core, photon2 = settings(), settings("core"), settings("photon2")
    low = " ".join(str(2407 + 5 * channel) for channel in range(1, 12))

    assert argon["freq_list"] == argon["scan_freq"] == core["freq_list"] == low
    assert photon2["freq_list"].startswith(f"{low} 5180 ")
    assert (argon["disable_ht40"], argon["disable_ht"], core["disable_ht"]) == ("1", "0", "1")
    assert (argon["ieee80211w"], argon["key_mgmt"], argon["proto"]) == ("0", "WPA-PSK", "RSN WPA")
    assert (argon["ssid"], argon["psk"]) == (b"Home".hex(), '"correct horse"')
    assert settings(passphrase=None)["key_mgmt"] == "NONE"
    assert settings(passphrase=b"a" * 64)["psk"] == "a" * 64


def test_the_supplicant_is_told_of_channels_that_this_radio_has() -> None:
    """The kernel refuses a scan whole that names another one (net/wireless/nl80211.c, nl80211_trigger_scan)."""
    clock = Clock()
    only_24 = FakeTalk(clock, radio="Mode[G] Channels:\n 1 = 2412 MHz\n 6 = 2437 MHz\n 13 = 2472 MHz (NO_IR)\n")
    Joining(only_24, device("photon2"), clock, clock.monotonic).set_up()

    assert b"SET_NETWORK 0 scan_freq 2412 2437" in only_24.asked
    assert b"SET_NETWORK 0 freq_list 2412 2437" in only_24.asked
    with pytest.raises(OSError, match="none of the device's channels"):
        Joining(FakeTalk(clock, radio="Mode[A] Channels:\n 36 = 5180 MHz\n"), device(), clock, clock.monotonic).set_up()


@pytest.mark.parametrize(
    ("security", "is_refused"), [(["wpa2-eap"], True), (["wpa2-psk", "wpa2-eap"], False), (["wpa2-psk"], False)]
)
def test_a_network_that_logs_each_station_in_is_not_joined(security: list[Any], *, is_refused: bool) -> None:
    heard = Wifi(bss=[bss(ssid="Home", bssid=AP, frequency_mhz=2412, security=security)])
    refused = missing_credentials("radio", device(), heard)

    assert (refused is not None) is is_refused
    assert missing_credentials("radio", device(), None) is None
    if refused is not None:
        with Radio(device()).enter(heard, never) as entered:
            assert entered.interface is None
            assert entered.join == refused
        checks = judge_some(["join.auth"], Observations(join=refused), profiles.load("argon"), Selection())
        assert [check.status for check in checks] == ["unknown"]
        assert "802.1X" in (checks[0].reason or "")
        assert "certificate" in (checks[0].remedy or "")


@pytest.mark.parametrize(
    ("security", "secret", "is_refused"),
    [
        (["wpa2-psk"], None, True),
        (["wpa2-psk", "wpa3-sae"], None, True),
        (["wpa2-psk"], SECRET, False),
        (["open"], None, False),
        (["owe"], None, False),
        (["wpa2-psk", "open"], None, False),
        ([], None, False),
    ],
)
def test_a_network_that_needs_a_passphrase_is_not_tried_without_one(
    security: list[Any], secret: bytes | None, *, is_refused: bool
) -> None:
    heard = Wifi(bss=[bss(ssid="Home", bssid=AP, frequency_mhz=2412, security=security)])
    refused = missing_credentials("radio", device(passphrase=secret), heard)

    assert (refused is not None) is is_refused
    if refused is not None:
        (check,) = judge_some(["join.key"], Observations(join=refused), profiles.load("argon"), Selection())
        assert (check.status, check.reason) == ("unknown", "'Home' needs a passphrase, and none was given.")
        assert check.remedy == "Give the network's passphrase."


def test_a_limit_that_cannot_be_set_ends_the_attempt_and_the_passphrase_is_forgotten() -> None:
    clock, asked = Clock(), device()
    for setting in ("disable_ht40", "freq_list", "ieee80211w", "psk"):
        with pytest.raises(OSError, match=setting.replace("psk", "passphrase")) as refused:
            Joining(FakeTalk(clock, refuses=setting), device(), clock, clock.monotonic).set_up()
        assert SECRET.decode() not in str(refused.value)
    Joining(FakeTalk(clock, refuses="disable_he"), asked, clock, clock.monotonic).set_up()

    assert asked.passphrase is not None
    assert asked.passphrase.content == b""
    assert SECRET.decode() not in repr(asked)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (None, "none"), (b"1234567", "not-allowed"), (b"12345678", "allowed"), (b"x" * 63, "allowed"),
        (b"x" * 64, "not-allowed"), (b"0aF9" * 16, "allowed"), ("Schlüssel".encode(), "not-ascii"),
        (b"1234\n5678", "not-allowed"), (b"", "not-allowed"),
    ],
)  # fmt: skip
def test_the_form_of_a_passphrase_is_told_and_nothing_else_of_it(content: bytes | None, form: str) -> None:
    assert key_form(None if content is None else bytearray(content)) == form


def watched(*lines: str, status: str | None = None, is_killed: bool = False) -> Join:
    clock = Clock()
    talk = FakeTalk(clock)
    stopped = threading.Event()
    talk.is_killed = is_killed
    talk.say(*lines)
    talk.status = talk.status if status is None else status
    join = Join(ssid="Home", attempts=tried(JOINS)[0])
    with watching(talk, join, clock, clock.monotonic, stopped.set):
        while not talk.is_read and len(join.lost) < MOST_ATTEMPTS:
            pass
        assert stopped.wait(10 if is_killed else 0) is is_killed
    return join


def test_the_link_is_watched_to_the_end() -> None:
    there = watched()
    kicked = watched(f"npstation0: CTRL-EVENT-DISCONNECTED bssid={AP} reason=2", status="wpa_state=SCANNING")
    lost = watched(f"npstation0: CTRL-EVENT-DISCONNECTED bssid={AP} reason=4 locally_generated=1", *JOINS)
    moved = watched(f"WNM: RX action 7 from {AP}", GONE)
    flood = watched(*[GONE] * 100)

    assert (there.link, there.end_bssid, there.lost) == ("there", AP, [])
    assert (kicked.link, kicked.end_bssid) == ("gone", None)
    assert [(loss.reason, loss.by_laptop) for loss in kicked.lost] == [(2, False)]
    assert (lost.link, [(loss.reason, loss.by_laptop) for loss in lost.lost]) == ("there", [(4, True)])
    assert [loss.asked_to_move for loss in kicked.lost + moved.lost] == [False, True]
    assert len(flood.lost) == MOST_ATTEMPTS


def test_a_supplicant_that_is_ended_from_outside_ends_the_run_and_fails_nothing() -> None:
    join = watched(GONE, is_killed=True)
    join.abilities = device().radio
    seen = Observations(join=join, dns=Dns(not_run="the run was cut short"))
    link, resolve = judge_some(["join.link", "dns.resolve"], seen, profiles.load("argon"), Selection())

    assert (join.link, join.end_bssid, len(join.lost)) == ("no-supplicant", None, 1)
    assert (link.status, link.problem) == ("unknown", "not-looked")
    assert "ended from outside, or failed" in (link.reason or ""), "which of them it was is not known"
    assert (resolve.status, resolve.due_to) == ("unknown", "join.link")


def test_a_supplicant_that_is_ended_as_it_tries_is_not_waited_for() -> None:
    clock = Clock()
    talk = FakeTalk(clock, [TRYING], JOINS)
    talk.is_killed = True
    attempts = Joining(talk, device(), clock, clock.monotonic).attempts()
    (attempt,) = attempts

    assert (attempt.ended, attempt.bssid, attempt.duration_s) == ("not-told", AP, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_a_supplicant_that_ends_at_its_start_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(SYSTEM), "running", lambda *_, output: contextlib.nullcontext())

    with pytest.raises(OSError, match="wpa_supplicant does not start"), Supplicant("npstation0").running():
        pass


# --- what stands in its way


def process(folder: Path, pid: int, name: str, *words: str, parent: int = 1, environ: bytes = b"") -> None:
    place = folder / str(pid)
    place.mkdir()
    (place / "comm").write_text(f"{name}\n")
    (place / "cmdline").write_bytes("\0".join([name, *words]).encode())
    (place / "stat").write_text(f"{pid} ({name}) S {parent} 1 1")
    (place / "environ").write_bytes(environ)


@pytest.mark.parametrize(
    ("running", "manager"),
    [
        ([], None),
        ([("NetworkManager",), ("wpa_supplicant", "-u", "-s")], "NetworkManager"),
        ([("NetworkManager",), ("iwd",)], "iwd"),
        ([("NetworkManager",), ("wpa_supplicant", "-iwlan0", "-c/etc/x")], "wpa_supplicant"),
        ([("wpa_supplicant", "-i", "wlan0")], "wpa_supplicant"),
        ([("dhcpcd",)], "dhcpcd"),
    ],
)
def test_who_manages_the_radio(tmp_path: Path, running: list[tuple[str, ...]], manager: str | None) -> None:
    for pid, words in enumerate(running, 100):
        process(tmp_path, pid, *words)

    assert managers.radio_manager("wlan0", tmp_path) == manager


def test_somebody_who_is_logged_in_from_elsewhere_is_found_through_sudo(tmp_path: Path) -> None:
    process(tmp_path, 50, "bash", environ=b"A=b\0SSH_CONNECTION=192.0.2.9 50000 192.0.2.1 22\0", parent=40)
    process(tmp_path, 51, "sudo", parent=50)
    process(tmp_path, 52, "python3", parent=51)
    process(tmp_path, 60, "sshd-session", parent=1)
    process(tmp_path, 61, "sudo (x", parent=60)
    process(tmp_path, 70, "bash", parent=1)

    assert managers.remote_session(tmp_path, 52) == "192.0.2.1"
    assert managers.remote_session(tmp_path, 61) == ""
    assert managers.remote_session(tmp_path, 70) is None


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A laptop where nothing stands in the way."""
    answers = {"is_privileged": True, "has_program": True, "radio_manager": "NetworkManager", "remote_session": None}
    monkeypatch.setattr(SYSTEM, "joiners", ("radio",))
    for name, answer in answers.items():
        monkeypatch.setattr(SYSTEM, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(way_home, "doubt", lambda _: None)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "answer", "words", "can_be_forced"),
    [
        ("is_privileged", False, "root's rights", False),
        ("has_program", False, "not installed", False),
        ("radio_manager", "iwd", "managed by iwd", True),
        ("remote_session", "192.0.2.1", "SSH", False),
        ("remote_session", "", "SSH", False),
    ],
)
def test_it_is_refused_where_the_laptop_may_not_come_back(
    fits: pytest.MonkeyPatch, name: str, answer: object, words: str, *, can_be_forced: bool
) -> None:
    scope = Scope(interface="wlan0", medium="wifi", os="linux", addresses=["192.0.2.1/24"])
    assert Radio(device(scope=scope)).refusal() is None
    fits.setattr(SYSTEM, "remote_session", lambda: "198.51.100.1")
    way = Radio(device(scope=scope))
    assert way.refusal() is None, "over the cable"

    fits.setattr(SYSTEM, name, lambda *_: answer)
    refused = Radio(device(scope=scope)).refusal()

    assert refused is not None
    assert words in refused.reason
    assert refused.can_be_forced is can_be_forced
    assert refused.is_denied is (name == "is_privileged"), "root may, so that it is a result"


def test_root_is_refused_too_where_networkmanager_may_not_bring_the_laptop_back(fits: pytest.MonkeyPatch) -> None:
    doubt = Refusal("it stays away", can_be_forced=True)
    fits.setattr(way_home, "doubt", lambda _: doubt)

    assert Radio(device()).refusal() == doubt
    fits.setattr(SYSTEM, "radio_manager", lambda _: None)
    assert Radio(device()).refusal() is None, "nothing manages this radio"


def test_networkmanager_writes_anew_what_it_keeps_once_the_radio_was_lent(fits: pytest.MonkeyPatch) -> None:
    fits.setattr(SYSTEM, "lend_radio", lambda *_: None)
    online = Scope(interface="wlan0", medium="wifi", os="linux", addresses=["192.0.2.1/24"])
    ways = {"at home": Radio(device(scope=online)), "on no network": Radio(device(scope=Scope(interface="wlan0")))}

    for way in ways.values():
        way.refusal()
        assert way.kept(None) == [], "the radio was not lent yet"
        with way.lend(1):
            pass

    assert ["lease" in line for line in ways["at home"].kept(None)] == [True], "also where nothing was joined with it"
    assert ways["on no network"].kept(None) == [], "it goes back to none"
    fits.setattr(SYSTEM, "radio_manager", lambda _: None)
    unmanaged = Radio(device(scope=online))
    unmanaged.refusal()
    with unmanaged.lend(1):
        pass
    assert unmanaged.kept(None) == []


def test_every_line_of_an_hour_is_read_in_bounded_memory() -> None:
    lines = itertools.islice(itertools.cycle(JOINS), 100_000)
    seen = Watched()
    for line in lines:
        seen.read(line)

    assert len(seen.said) <= MOST_SAID

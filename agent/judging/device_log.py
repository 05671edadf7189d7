"""Judging a device's own log: where the device stops on its way online, by the lines of the log alone.

The log is split into attempts to get online. An attempt counts as stopped at a stage only if a line says that the stage
failed, or if the device's own timeout has passed and the log is detailed enough to have shown a success. What the log
leaves open stays unknown.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from msgspec import Struct, field

from netpreflight.agent.judging.addresses import is_local
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles.log_lines import HARMLESS, MEANS
from netpreflight.agent.results import (
    LogAnswer,
    LogAttempt,
    LogLineMeans,
    LogResult,
    LogStage,
    LogStageSeen,
    LogStageState,
    StartStage,
)
from netpreflight.probes.observations import DeviceLog, LogRecord

ORDER: tuple[StartStage, ...] = ("scan", "link", "ip", "dns", "cloud")
TITLES: dict[StartStage, str] = {
    "scan": "scan and authentication",
    "link": "the link",
    "ip": "IP",
    "dns": "DNS",
    "cloud": "the cloud",
}
NO_ADDRESS_MS = 60_000
"""How long a Gen 3 or 4 device whose link is up may be without an address before that counts as a failure. lwIP asks
for one at 0, 2, 6, 14, 30 and 60 s, and logs nothing about DHCP (dhcp.c:163-173)."""
NO_CLOUD_MS = 120_000
"""The longest that a device waits for its cloud once its socket is open: 45 s for DTLS (9 s before 1.5.0), then 45 s
for the answer to its HELLO (device-os dtls_message_channel.cpp, coap_channel.h:161-165); over TCP three answers of up
to 20 s each (lightssl_message_channel.cpp:151-198); plus time to log the outcome."""
DHCP_MS = 15_000
"""How long a Photon waits for an address once it has joined (device-os v2.3.1 wlan_hal.cpp:793)."""
ON_PURPOSE_MS = 2_000
"""If the device's program asked for the link to go down, the log says so within this time after the link went down
(system_network_manager.cpp:418-441)."""
IN_HANDSHAKE = 0b1000_1110_0000
IN_JOIN = IN_HANDSHAKE | 0b0011_0001_1000
"""Bits that a Photon 2's driver sets only during the handshake of a join (`IN_HANDSHAKE`), or only while it joins
(`IN_JOIN`; device-os v6.2.0 rtl_ncp_client.cpp:313-372)."""
AP_FULL = 17
"""The code with which an access point refuses a device because it already serves too many (IEEE 802.11-2020 table
9-50)."""
HELLO_SENT = 4
"""How often a device sends its HELLO before it gives up: once, and three times again (RFC 7252 section 4.8,
MAX_RETRANSMIT)."""
LEAST_VOLTS = 3.5
"""A battery below this voltage counts as low."""
SOON_MS = 60_000
MANY_RESTARTS = 3
"""This many restarts, each less than `SOON_MS` after the device's previous start, are no coincidence."""
MOST_LINES = 12
"""How many decisive lines are shown at most, and how many harmless ones."""
_MODELS = {
    "photon": "photon", "p1": "p1", "core": "core", "argon": "argon", "p2": "p2", "photon 2": "photon2",
    "p2/photon 2": "photon2", "msom": "msom", "m-som": "msom", "m som": "msom",
}  # fmt: skip
"""The device (the name of its profile), keyed by the model that a log names, in lower case."""

_MODEM_DEAD = "Its modem stopped answering: that is neither the network nor the cloud"
_NOT_TOLD = "The line does not say which of the two sides has to change something"
_GIVE_CREDENTIALS = "Give the device the network's name and passphrase again"


class Cause(Struct, frozen=True):
    """What a failing line says: the check that the failure belongs to, and who can change what; None: not said."""

    check: str | None = None
    problem: str | None = None
    owner: Owner | None = None
    remedy: str | None = None
    why: str | None = None


_OPEN = Cause(why=_NOT_TOLD)
_CREDENTIALS = Cause("device.credentials", "refused", "device owner", _GIVE_CREDENTIALS)
_KEYS = Cause("device.keys", "not-accepted", "device owner", "Repair the device's keys: particle keys doctor DEVICE_ID")
_KEYS_AFTER_NONCE = Cause(
    _KEYS.check, _KEYS.problem, _KEYS.owner, _KEYS.remedy,
    "The network is ruled out: the first 40 bytes of the cloud came through it",
)  # fmt: skip
_ALERT = Cause("device.keys", "not-accepted", "device owner", _KEYS.remedy, "Something answered, so the port is open")
_SERVER_KEY = Cause(
    "device.keys", "not-usable", "device owner",
    "Give the device the cloud's key and its own keys again: particle keys server, particle keys doctor DEVICE_ID",
    "The device sent nothing: this says nothing about the network",
)  # fmt: skip
_MEMORY = Cause("device.firmware", "no-memory", "device owner", "Let the device's program use less memory")
_RADIO = Cause(
    "device.firmware", "radio-silent", "device owner", "Update the firmware of the device's radio: particle update"
)
_LEASE = Cause(
    "dhcp.lease", "not-granted", "network administrator",
    "Let the DHCP server grant this device an address, a router and a resolver: pool, MAC filter, VLAN, relay",
)  # fmt: skip
_NO_RESOLVER = Cause(
    "dns.resolve", "no-answer", "network administrator",
    "Let the resolvers that DHCP hands out look up the device's cloud",
    "The log does not tell whether a resolver was silent or refused",
)  # fmt: skip
_NO_OWN_SERVER = Cause(
    "dns.resolve", "no-answer", None, None,
    "The device is set to a server that is not Particle's: its name may be wrong, or the resolvers do not know it",
)  # fmt: skip
_NO_TCP = Cause(
    "cloud.transport", "no-connection", "network administrator", "Let TCP port 5683 out to the device's cloud",
    "The log does not tell whether the packets were dropped, or there was no route to the internet",
)  # fmt: skip
_NO_NONCE = Cause(
    "cloud.transport", "no-nonce", "network administrator",
    "Let TCP port 5683 out to the device's cloud, past any portal, proxy or inspection",
    "A portal, a proxy, an inspection or an outage of the cloud look alike here",
)  # fmt: skip
_NO_DTLS = Cause(
    "cloud.transport", "no-answer", "network administrator",
    "Let UDP port 5684 out to the device's cloud, and its answers in",
    "The log does not tell where the packets or their answers are lost",
)  # fmt: skip
_INVENTED = Cause(
    "dns.integrity", "local-address", "network administrator",
    "Let the resolvers give the true address of the device's cloud",
    "The resolver gave an address at which no cloud can be",
)  # fmt: skip
_NO_CLOUD = Cause(why="It waited for its cloud for longer than a handshake takes, and no line says how that ended")
_HELLO_OPEN = Cause(
    why="The device's keys, a NAT or firewall that forgot the old session, and a blocked port look alike here"
)
_HELLO_AFTER_ANSWER = Cause(
    why="Its cloud had answered before, so the port is open: the device's keys, and a cloud that no longer answers, "
    "look alike here"
)
_NOT_HEARD = Cause(
    "wifi.band", "not-on-the-air", None, None,
    "It did not hear its network: it is out of range, or the network is on a band or channel that it lacks",
)  # fmt: skip
_FULL = Cause(
    None, None, "network administrator", "Let the access point accept more devices",
    "The access point says that it is full",
)  # fmt: skip
_JOIN_CODES: dict[str, Cause] = {
    "1024": _NOT_HEARD, "1066": _NOT_HEARD,
    "1004": _CREDENTIALS, "1046": _CREDENTIALS, "1058": _CREDENTIALS, "1062": _CREDENTIALS,
    "1044": Cause("wifi.security", None, "network administrator", "Offer security that the device supports: WPA2-PSK"),
    "1045": Cause("wifi.security", None, "network administrator", "Offer security that the device supports: WPA2-PSK"),
    "1065": _MEMORY,
    "1003": Cause(why="It hears its network badly, or not at all"),
    **dict.fromkeys(("2", "1012", "1055", "1061", "1063", "1064"), Cause(
        why="It lost the access point while it joined: a weak signal, or an access point that stopped answering"
    )),
    "1006": Cause(why="A wrong passphrase, 802.1X and a weak signal look alike here"),
    "1007": Cause(why="A wrong passphrase, 802.1X and a weak signal look alike here"),
    "1025": Cause(why="The access point refused it or vanished; with 802.1X either side may be the cause"),
}  # fmt: skip
"""The causes of a failed join, keyed by WICED's result (device-os v2.3.1 wwd_constants.h:463-531)."""
_ESP32_CODES: dict[str, Cause] = {
    "1": Cause(why="The join took too long: a weak signal, or an access point that does not answer"),
    "2": Cause(
        "device.credentials", "refused", "device owner", _GIVE_CREDENTIALS, "An ESP32 says the same of a weak signal"
    ),
    "3": _NOT_HEARD,
    "4": Cause(why="The access point refused it, for a reason that the line does not tell"),
}  # fmt: skip
"""The causes of a failed join, keyed by the code of an ESP32's +CWJAP (the Argon's radio)."""
_CLOUD_CODES: dict[str, Cause] = {
    "6": _KEYS, "7": _KEYS, "8": _KEYS, "26": _KEYS, "16": _SERVER_KEY, "25": _NO_NONCE, "10": _HELLO_OPEN,
    "30": _MEMORY,
    "17": Cause(why="17 stands for every failure of DTLS: silence, and an alert of the cloud, look alike here"),
}  # fmt: skip
"""The causes of a failed cloud connection, keyed by Device OS' own error (communication/inc/protocol_defs.h:25-66)."""
_STALE = {"12", "13", "21"}
"""Device OS' errors for a saved session that was dropped: the device makes a new one, and nothing has to change."""

_End = Literal["online", "stops", "lost"]


class DeviceCause(NamedTuple):
    """What a log says of the device itself, and the line that says so."""

    cause: Cause
    line: LogRecord


class _Attempt(Struct):
    """One attempt to get online, while its lines are read."""

    first: int
    last: int
    states: dict[StartStage, LogStageState] = field(default_factory=lambda: dict.fromkeys(ORDER, "not-shown"))
    lines: list[LogRecord] = field(default_factory=list)
    end: _End | None = None
    stage: StartStage | None = None
    cause: Cause = _OPEN
    begun: set[str] = field(default_factory=set)
    """What has been seen in the attempt so far, in words like `joining`, `linked` and `cloud`; `over`: the next line
    begins a new attempt."""
    shown_by: dict[StartStage, LogRecord] = field(default_factory=dict)
    """Keyed by stage: the line which shows that the device reached the stage, or that the stage failed."""
    link: LogRecord | None = None
    """The line which says that the link is up; from then on the device waits for an address."""
    socket: LogRecord | None = None
    """The line which says that the socket to the cloud is open; from then on the device waits for its cloud."""
    sent: int = 0
    """How many datagrams the device has sent since the line of its HELLO."""
    code: str | None = None
    """The error code in the handshake's own failing line; the next line repeats it."""
    told_from: int = 2
    """The depth (see `_DEPTHS`) of the last failing line: how deep in the device's software it was logged."""
    down: LogRecord | None = None
    """The line which says that the address or the link is gone; the device may have given it up on purpose."""
    begin: LogRecord | None = None
    """The line with which the device begins to join."""

    def may_have_lasted(self, ms: int, until: LogRecord) -> bool:
        """Whether at least `ms` may have passed from the begin of the join to the line `until`."""
        if self.begin is None or self.begin.at_ms is None or until.at_ms is None:
            return True
        return until.at_ms - self.begin.at_ms >= ms


class Reading:
    """Reads the records of a log, one after the other, and splits them into attempts to get online."""

    def __init__(self, log: DeviceLog) -> None:
        self.log = log
        self.is_cellular = _is_cellular(log)
        self._other_interface = any(record.kind in {"other-link", "cellular-link"} for record in log.records)
        self._is_photon = "hal.wlan" in log.levels or any(record.kind in _OF_WIFI for record in log.records)
        self._link_of: str | None = None
        """Whose link came up last: `wifi`, or `other`."""
        server = next((record.host for record in log.records if record.kind == "server" and record.host), None)
        self.is_elsewhere = server is not None and not server.endswith((".particle.io", ".spark.io"))
        """Whether the device is set to a server that is not Particle's."""
        self._generation: int | None = None
        self._id: str | None = None
        self.is_foreign = not log.heads and not _is_of_device_os(log)
        """Whether this is not a log of Device OS; then its lines say nothing about a device."""
        self.is_mixed = len({record.said for record in log.records if record.kind == "model"}) > 1
        """Whether the log holds lines of more than one device."""
        self.attempts: list[_Attempt] = []
        self.notes: dict[str, None] = {}
        self.device: dict[str, tuple[Cause, LogRecord]] = {}
        """What the log says of the device itself, keyed by check: the cause, and the line that says so."""
        self.device_lines: list[LogRecord] = []
        self._panic: LogRecord | None = None
        self._is_modem_dead = False
        self._closes_stale = False
        """Whether the device dropped its saved session; the next error only says that the old socket is closed."""
        self._record: LogRecord | None = None
        readers = self._readers()
        holes = [hole.line for hole in log.holes if hole.what != "silence"]
        for record in log.records:
            while holes and holes[0] <= record.line:
                self._begins_anew()
                holes.pop(0)
            self._record = record
            if record.kind in readers and (record.kind in _BARE or _counts(record, log)):
                self._look_at_device(record)
                readers[record.kind](record)
        for _ in holes:
            self._begins_anew()
        self._settle(log.last_ms)

    def _look_at_device(self, record: LogRecord) -> None:
        """Notice where another device's lines begin: their generation or their device id differs from that before."""
        is_gen_2 = record.kind in _GEN_2 or record.category == "hal.wlan"
        generation = 2 if is_gen_2 else 3 if record.kind in _GEN_3 else self._generation
        found = _DEVICE_ID.match(record.host or "")
        own_id = found[0] if found else self._id
        if self._generation not in {None, generation} or self._id not in {None, own_id}:
            self.is_mixed = True
            self._begins_anew()
        self._generation, self._id = generation, own_id

    # --- attempts

    def _now(self, record: LogRecord) -> _Attempt:
        """The attempt that a line belongs to: the last one, or a new one if the last has ended."""
        if not self.attempts or self.attempts[-1].end is not None or "over" in self.attempts[-1].begun:
            self._begin(record)
        attempt = self.attempts[-1]
        attempt.last = record.line
        return attempt

    def _begin(self, record: LogRecord) -> _Attempt:
        self._settle(record.at_ms)
        attempt = _Attempt(record.line, record.line)
        self.attempts.append(attempt)
        return attempt

    def _begins_anew(self) -> None:
        """Close the current attempt, because the device restarted or the monitor lost it; a panic was a crash."""
        self._settle(None)
        if self._panic is not None:
            self._note("device.firmware", Cause("device.firmware", "crash", "device owner",
                       "Find out why the device's program crashes: start it in safe mode"), self._panic)  # fmt: skip
        self._panic = None
        self._link_of = None
        if self.attempts and self.attempts[-1].end is None:
            self.attempts[-1].begun.add("over")

    def _settle(self, until_ms: int | None) -> None:
        """Judge, before leaving an attempt, what only elapsed time shows: a loss, or a wait past a timeout."""
        if not self.attempts:
            return
        attempt = self.attempts[-1]
        down_ms = attempt.down.at_ms if attempt.down is not None else None
        is_past = until_ms is not None and down_ms is not None and until_ms - down_ms > ON_PURPOSE_MS
        if attempt.down is not None and is_past and attempt.end in {None, "online"}:
            stage, what = _LOST_AT_STATE.get(attempt.down.now or "", ("link", "link"))
            self._lose(
                attempt, attempt.down, stage, Cause(why=f"The {what} went away; the log does not tell who ended it")
            )
        attempt.down = None
        if attempt.end is not None or attempt.begun & {"listening", "over"}:
            return
        if attempt.states["ip"] == "not-shown" and self._waited(attempt.link, NO_ADDRESS_MS, until_ms, "system.nm"):
            self._fail(attempt, attempt.link, "ip", _LEASE)
        elif self._waited(attempt.socket, NO_CLOUD_MS, until_ms, "system"):
            self._fail(attempt, attempt.socket, "cloud", _NO_CLOUD)

    def _waited(self, since: LogRecord | None, patience_ms: int, until_ms: int | None, category: str) -> bool:
        """Whether the log goes on past the device's timeout, at a log level that would have shown a success.

        False if the log is silent for long meanwhile: the line that shows the success may be missing.
        """
        if since is None or since.at_ms is None or until_ms is None or self.log.more_holes:
            return False
        end_ms = since.at_ms + patience_ms
        is_gap = any(
            hole.what == "silence" and hole.line > since.line and (hole.from_ms or 0) < end_ms
            for hole in self.log.holes
        )
        return until_ms >= end_ms and not is_gap and self.log.levels.get(category) in {"TRACE", "INFO"}

    def _show(self, attempt: _Attempt, stage: StartStage, *, state: LogStageState = "witnessed") -> None:
        """Mark a stage as shown, and the stages that have to come before it as implied, except the lookup of a name."""
        for before in ORDER[: ORDER.index(stage)]:
            if (
                attempt.states[before] == "not-shown"
                and before != "dns"
                and not (self.is_cellular and before == "scan")
            ):
                attempt.states[before] = "implied"
        if attempt.states[stage] in {"not-shown", "implied"}:
            attempt.states[stage] = state
            if state == "witnessed" and self._record is not None:
                attempt.shown_by[stage] = self._record

    def _imply_ip(self, attempt: _Attempt) -> None:
        """Mark the address as implied, because the device tests that it has one before it goes on.

        Not if the address may be that of an interface other than Wi-Fi.
        """
        if self._is_wifi():
            self._show(attempt, "ip", state="implied")

    def _is_wifi(self) -> bool:
        """Whether a line is about the interface that is judged: Wi-Fi, or the modem of a cellular device."""
        return self.is_cellular or not self._other_interface or self._link_of == "wifi"

    def _fail(self, attempt: _Attempt, record: LogRecord | None, stage: StartStage, cause: Cause) -> None:
        """End an attempt: it stops at `stage`. `record` is the line that says so; None: the lines before show it."""
        if record is not None:
            attempt.lines.append(record)
        if stage != "scan":
            reached = ORDER[ORDER.index(stage) - 1]
            self._show(attempt, "ip" if reached == "dns" else reached, state="implied")
        attempt.end, attempt.stage, attempt.cause = "stops", stage, cause
        attempt.states[stage] = "stops"
        if (shown_by := record or (attempt.lines[-1] if attempt.lines else None)) is not None:
            attempt.shown_by[stage] = shown_by

    def _lose(self, attempt: _Attempt, record: LogRecord, stage: StartStage, cause: Cause) -> None:
        """End an attempt: the device had reached `stage`, and lost it."""
        attempt.lines.append(record)
        attempt.end, attempt.stage, attempt.cause = "lost", stage, cause

    def _note(self, check: str, cause: Cause, record: LogRecord) -> None:
        """Note what the log says of the device itself; for each check the first line counts."""
        self.device.setdefault(check, (cause, record))
        self.device_lines.append(record)

    # --- lines

    def _readers(self) -> dict[str, Callable[[LogRecord], None]]:
        """The method that reads each kind of line; lines of all other kinds change nothing."""
        return {
        **dict.fromkeys(("network-begins", "joining", "heard-joining"), self._network_begins),
        **dict.fromkeys(("joined", "link-dhcp", "link-static"), self._joined),
        **dict.fromkeys(("join-failed", "cwjap", "wifi-failed"), self._join_failed),
        "disconnect": self._disconnected,
        "wifi-link": self._wifi_link,
        "wifi-unlink": self._wifi_unlink,
        **dict.fromkeys(("other-link", "cellular-link"), self._other_link),
        "state": self._state,
        "address": self._address,
        "no-address": self._no_address,
        **dict.fromkeys(("resolved", "cloud-address"), self._resolved),
        **dict.fromkeys(("unresolved", "debug-unresolved"), self._unresolved),
        "cloud-begins": self._cloud_begins,
        **dict.fromkeys(("remembered", "resumed"), self._remembered),
        "restore-status": self._restore_status,
        **dict.fromkeys(("tcp-made", "socket", "handshake-begins", "waits-for-nonce", "nonce"), self._cloud_step),
        "hello": self._hello,
        "udp-sent": self._sent,
        **dict.fromkeys(
            ("tcp-failed", "debug-tcp-failed", "no-nonce", "no-key", "bad-key", "bad-key-before", "no-hello",
                 "dtls-failed",
             "handshake-failed", "cloud-failed"), self._cloud_failed,
        ),
        "socket-failed": self._socket_failed,
        **dict.fromkeys(("leaving", "left"), self._leaving),
        "handshake-done": self._handshake_done,
        "online": self._online,
        **dict.fromkeys(("ping-lost", "loop-error", "socket-error"), self._lost),
        **dict.fromkeys(("test-failed", "test-passed"), self._tested),
        "heard": self._heard,
        "echoes": self._echoed,
        **dict.fromkeys(_PINGED, self._pinged),
        **dict.fromkeys(("listening", "cleared"), self._listening),
        **dict.fromkeys(("memory", "ncp-dead"), self._device_says),
        "safe-mode": self._safe_mode,
        "muxer-dead": self._modem_dead,
        "panic": self._crashed,
        "battery": self._battery,
    }  # fmt: skip

    def _network_begins(self, record: LogRecord) -> None:
        last = self.attempts[-1] if self.attempts else None
        if (
            last is not None
            and last.end is None
            and record.kind != "network-begins"
            and last.begun & {"joining", "linked", "cloud", "over"} == {"joining"}
        ):  # it tries again only after the previous join has failed
            self._fail(
                last, None, "scan", Cause(why="It tries to join again, and no line says why the join before failed")
            )
        is_fresh = last is not None and last.end is None and not last.begun - {"network", "joining"}
        if is_fresh and last is not None and not (record.kind == "network-begins" and "network" in last.begun):
            attempt = self._now(record)
        else:
            attempt = self._begin(record)
        attempt.begun.add("network" if record.kind == "network-begins" else "joining")
        attempt.begin = attempt.begin or record
        attempt.lines.append(record)

    def _joined(self, record: LogRecord) -> None:
        attempt = self._now(record)
        attempt.begun |= {"linked", *(["static"] if record.kind == "link-static" else [])}
        if record.kind == "link-dhcp":
            attempt.begun.add("dhcp")
        self._show(attempt, "link")
        attempt.lines.append(record)

    def _join_failed(self, record: LogRecord) -> None:
        code = record.code or ""
        causes = _ESP32_CODES if record.kind == "cwjap" else _JOIN_CODES
        if record.kind == "wifi-failed":
            cause = _NOT_HEARD if code == "-170" else Cause(why="The line does not say at which step it failed")
        else:
            cause = causes.get(code, Cause(why="The code says nothing of the cause"))
        if record.kind == "wifi-failed" and self.attempts and self.attempts[-1].end == "stops":
            self._follow_up(record)  # it only follows from the failure that the radio's processor reported
            return
        attempt = self._now(record)
        if attempt.states["link"] == "witnessed":  # that link is of an earlier join
            attempt = self._begin(record)
        self._fail(attempt, record, "scan", cause)

    def _disconnected(self, record: LogRecord) -> None:
        """Read a disconnect of a Photon 2: a lost link, or a join that failed.

        The bits of its driver say at which step (device-os v6.2.0 rtl_ncp_client.cpp:304-380).
        """
        reason, bits = _of_hex(record.said), _of_hex(record.code)
        if reason == 65534:  # roamed
            return
        last = self.attempts[-1] if self.attempts else None
        attempt = last if last is not None and last.end == "online" else self._now(record)
        if attempt.states["link"] in {"witnessed", "implied"}:
            heard = "It no longer heard the access point" if reason == 65535 else None
            attempt.last = record.line
            self._lose(attempt, record, "link", Cause(why=heard or "The access point or the device ended the link"))
        elif "joining" in attempt.begun or bits & IN_JOIN:
            self._fail(attempt, record, "scan", _of_driver(bits, reason))
        else:  # the device may have joined before the log begins
            attempt.lines.append(record)
            attempt.begun.add("over")

    def _wifi_link(self, record: LogRecord) -> None:
        self._link_of = "wifi"
        attempt = self._linked_again(record)
        attempt.begun.add("linked")
        attempt.link = record
        self._show(attempt, "link")
        attempt.lines.append(record)

    def _wifi_unlink(self, _record: LogRecord) -> None:
        """The link is down, so the device waits neither for an address nor for its cloud."""
        if self.attempts:
            self.attempts[-1].link = self.attempts[-1].socket = None

    def _linked_again(self, record: LogRecord) -> _Attempt:
        """The attempt that a link which came up belongs to; a new one if the link had gone away before."""
        went_away = bool(self.attempts) and self.attempts[-1].down is not None
        return self._begin(record) if went_away else self._now(record)

    def _other_link(self, _record: LogRecord) -> None:
        self._link_of = "other"
        if self.is_cellular:
            return
        self.notes[
            "It has an interface other than Wi-Fi: what it reached over that one says nothing about the Wi-Fi"
        ] = None

    def _state(self, record: LogRecord) -> None:
        """Read a change of the network's state: the link, the address, or that they go, on purpose or not."""
        was, now = record.was, record.now
        if (was, now) == ("DISABLED", "IFACE_DOWN"):
            self._begins_anew()
        elif now == "IFACE_LINK_UP" and was != "IP_CONFIGURED":
            if self._is_wifi():
                attempt = self._linked_again(record)
                attempt.begun.add("linked")
                attempt.link = attempt.link or record
                self._show(attempt, "link")
        elif now == "IP_CONFIGURED":
            if self._is_wifi():
                attempt = self._now(record)
                attempt.begun.add("address")
                self._show(attempt, "ip")
                attempt.lines.append(record)
        elif was == "IFACE_LINK_UP" and self._is_wifi():
            self._wifi_unlink(record)
        elif now == "IFACE_REQUEST_DOWN":
            last = self.attempts[-1] if self.attempts else None
            if last is not None:
                down = last.down
                if down is not None and (
                    record.at_ms is None or down.at_ms is None or record.at_ms - down.at_ms <= ON_PURPOSE_MS
                ):
                    last.down = None
                    self.notes["It left its network on purpose, because its program asked for it"] = None
                last.begun |= {"leaving", "over"}
        elif was == "IP_CONFIGURED" and self.attempts and self._is_wifi():
            last = self.attempts[-1]
            if last.end in {None, "online"} and "leaving" not in last.begun:
                last.down, last.last = record, record.line

    def _address(self, record: LogRecord) -> None:
        attempt = self._now(record)
        attempt.begun.add("address")
        self._show(attempt, "ip")
        attempt.lines.append(record)
        if "static" in attempt.begun:
            self.notes["Its address is a static one: DHCP was not asked, so the log says nothing of it"] = None

    def _no_address(self, record: LogRecord) -> None:
        """Read the line "DHCP fail", which follows every failed join; only after a link it means that DHCP failed."""
        last = self.attempts[-1] if self.attempts else None
        if last is not None and last.end is not None:
            self._follow_up(record)
            return
        attempt = self._now(record)
        if "linked" in attempt.begun and not self.is_cellular:
            self._fail(attempt, record, "ip", _OPEN if "static" in attempt.begun else _LEASE)
        elif self.is_cellular:
            cause = Cause(
                why="It did not reach the cellular network: antenna, signal or SIM; the line is not about DHCP"
            )
            self._fail(attempt, record, "link", cause)
        elif self._is_photon and not attempt.may_have_lasted(DHCP_MS, record):
            cause = Cause(why="It did not join: the line follows every join that failed, and is not about DHCP")
            self._fail(attempt, record, "scan", cause)
        else:  # undecided: the line of the link may be missing, or the device may be a cellular one
            attempt.lines.append(record)
            attempt.begun.add("over")

    def _resolved(self, record: LogRecord) -> None:
        attempt = self._of_cloud(record)
        if record.kind == "cloud-address" and "remembered" in attempt.begun:
            return
        self._imply_ip(attempt)
        self._show(attempt, "dns")
        attempt.lines.append(record)
        if record.address and is_local(record.address):
            attempt.begun.add("invented")

    def _unresolved(self, record: LogRecord) -> None:
        if record.kind == "debug-unresolved" and record.code != "3":
            return
        attempt = self._of_cloud(record)
        cause = _NO_RESOLVER
        if self.is_elsewhere:
            cause = _NO_OWN_SERVER
        elif self.is_cellular:
            cause = Cause("dns.resolve", "no-answer", "internet provider",
                           "Let the SIM have data: no name was looked up", _NO_RESOLVER.why)  # fmt: skip
        self._fail(attempt, record, "dns", cause)

    def _of_cloud(self, record: LogRecord) -> _Attempt:
        """The attempt that a line about the cloud belongs to. In a new attempt, the device still has its address."""
        attempt = self._now(record)
        self._imply_ip(attempt)
        return attempt

    def _cloud_begins(self, record: LogRecord) -> None:
        if self.attempts and self.attempts[-1].begun & {"cloud", "online"}:
            attempt = self._begin(record)
            self._imply_ip(attempt)
        else:
            attempt = self._of_cloud(record)
        attempt.begun.add("cloud")
        attempt.lines.append(record)

    def _remembered(self, record: LogRecord) -> None:
        attempt = self._of_cloud(record)
        attempt.begun |= {"remembered", "resumed"} if record.kind == "remembered" else {"resumed"}

    def _restore_status(self, record: LogRecord) -> None:
        attempt = self._of_cloud(record)
        attempt.begun.add("handshake")
        if record.code == "0":
            attempt.begun.add("resumed")
        elif record.code == "2":
            attempt.begun.add("whole")

    def _cloud_step(self, record: LogRecord) -> None:
        if record.kind == "socket" and self.attempts and self.attempts[-1].begun & {"handshake"}:
            attempt = self._begin(record)
            self._imply_ip(attempt)
        attempt = self._of_cloud(record)
        if record.address and is_local(record.address):
            attempt.begun.add("invented")
        attempt.begun.add(
            {"tcp-made": "tcp", "nonce": "nonce", "handshake-begins": "handshake"}.get(record.kind, "cloud")
        )
        if record.kind == "socket":
            attempt.socket = record
        attempt.lines.append(record)

    def _hello(self, record: LogRecord) -> None:
        attempt = self._of_cloud(record)
        attempt.begun |= {"handshake", "hello"}
        attempt.sent = 0
        attempt.lines.append(record)

    def _sent(self, record: LogRecord) -> None:
        """Count the datagrams after a HELLO: once it was sent for the last time, the device gets no answer."""
        last = self.attempts[-1] if self.attempts else None
        if last is not None and last.end is None and "hello" in last.begun and "done" not in last.begun:
            last.sent += 1
            last.lines.append(record)
            if last.sent >= HELLO_SENT:
                last.last = record.line
                self._fail(last, None, "cloud", _HELLO_OPEN)

    def _cloud_failed(self, record: LogRecord) -> None:
        """Read a failing line of the cloud stage.

        A second line about the same failure changes the cause only if the first left it open, or has another code.
        """
        code = record.code or ""
        cause = self._cause(record, code)
        last = self.attempts[-1] if self.attempts else None
        depth = _DEPTHS.get(record.kind, -1)
        is_same = last is not None and (last.stage == "cloud" or record.kind == "debug-tcp-failed")
        if last is not None and last.end == "stops" and is_same and (depth < 0 or depth < last.told_from):
            self._follow_up(record)
            last.told_from = depth if depth >= 0 else last.told_from
            if last.code not in {None, code} and last.cause is _CLOUD_CODES.get(last.code or ""):
                last.cause = Cause(why="The lines give different codes for this failure")
            elif last.stage == "cloud" and last.cause.check is None and cause is not None and cause.check:
                last.cause = cause
            return
        if cause is None:  # a saved session was dropped, or the line names no stage
            attempt = self._of_cloud(record)
            attempt.lines.append(record)
            attempt.begun.add("over")
            return
        attempt = self._of_cloud(record)
        is_invented = "invented" in attempt.begun or (record.address is not None and is_local(record.address))
        if cause in {_NO_TCP, _NO_NONCE} and is_invented:
            cause = _INVENTED
        if cause is _HELLO_OPEN and ("nonce" in attempt.begun or {"whole", "hello"} <= attempt.begun):
            cause = _HELLO_AFTER_ANSWER
        if self._is_modem_dead and cause.check is None:
            cause = Cause(why=_MODEM_DEAD)
        if cause is _KEYS and "nonce" in attempt.begun:
            cause = _KEYS_AFTER_NONCE
        attempt.told_from = depth if depth >= 0 else attempt.told_from
        attempt.code = code if record.kind == "handshake-failed" else None
        self._fail(attempt, record, "cloud", cause)

    def _cause(self, record: LogRecord, code: str) -> Cause | None:
        """The cause that a failing line of the cloud stage gives; None: it names no stage, or nothing has to change."""
        fixed = {
            "tcp-failed": _NO_TCP, "debug-tcp-failed": _NO_TCP, "no-nonce": _NO_NONCE, "no-key": _KEYS,
            "bad-key": _KEYS, "bad-key-before": _SERVER_KEY, "no-hello": _HELLO_OPEN,
        }  # fmt: skip
        if record.kind in fixed:
            return fixed[record.kind]
        if record.kind == "socket-failed" or code in _STALE:
            return None
        if record.kind == "dtls-failed":
            return _of_dtls(code)
        return _CLOUD_CODES.get(code, Cause(why="The code says nothing of the cause"))

    def _socket_failed(self, record: LogRecord) -> None:
        last = self.attempts[-1] if self.attempts else None
        if last is not None and last.end is not None:
            self._follow_up(record)
            return
        attempt = self._of_cloud(record)
        attempt.lines.append(record)
        attempt.begun.add("over")
        self.notes["A connection to the cloud failed, and no line says at which stage"] = None

    def _follow_up(self, record: LogRecord) -> None:
        """Add a line that only follows from an earlier failure to the last attempt."""
        if self.attempts:
            self.attempts[-1].lines.append(record)
            self.attempts[-1].last = record.line

    def _handshake_done(self, record: LogRecord) -> None:
        attempt = self._of_cloud(record)
        attempt.begun.add("done")
        attempt.socket = None
        if self._is_wifi():
            self._show(attempt, "cloud")
        attempt.states["cloud"] = "witnessed"
        attempt.lines.append(record)

    def _online(self, record: LogRecord) -> None:
        last = self.attempts[-1] if self.attempts else None
        if last is not None and last.end == "online" and "safe-mode" in last.begun:
            self._follow_up(record)
            return
        attempt = self._of_cloud(record)
        if self._is_wifi():
            self._show(attempt, "cloud")
        else:
            attempt.begun.add("elsewhere")
        self._is_modem_dead = False
        attempt.states["cloud"] = "witnessed"
        attempt.begun.add("online")
        attempt.end, attempt.stage = "online", "cloud"
        attempt.lines.append(record)

    def _leaving(self, _record: LogRecord) -> None:
        """The device leaves its cloud, so it does not wait for it any longer."""
        if self.attempts:
            self.attempts[-1].socket = None

    def _lost(self, record: LogRecord) -> None:
        """Read an error of the cloud connection: a loss, unless the device was not online or drops a saved session."""
        last = self.attempts[-1] if self.attempts else None
        if record.kind == "loop-error" and record.code in _STALE:
            self._closes_stale = True
            return
        if record.kind == "loop-error" and record.code is None and self._closes_stale:
            self._closes_stale = False
            return
        if last is not None and last.end == "lost":
            self._follow_up(record)
            return
        is_ping = record.kind == "ping-lost" or record.code == "1"
        was_online = last is None or last.end == "online" or (last.end is None and "done" in last.begun)
        if not (was_online or is_ping):
            if last is not None and last.end is None:
                last.lines.append(record)
            return
        if last is None or last.end == "stops":
            last = self._begin(record)
            self._imply_ip(last)
        last.last = record.line
        if "resumed" in last.begun and not last.begun & {"done", "hello"}:
            self.notes["It went on with its last session, for which it need not send anything: whether it reached its "
                       "cloud at that time is not told"] = None  # fmt: skip
        last.begun.add("online")
        why = "A NAT that forgets too soon, a weak signal and an outage look alike here"
        self._lose(last, record, "cloud", Cause(why=_MODEM_DEAD if self._is_modem_dead else why))

    def _tested(self, record: LogRecord) -> None:
        last = self.attempts[-1] if self.attempts else None
        if last is not None:
            self._follow_up(record)
        if record.kind == "test-failed":
            self.notes[
                "Its Internet Test failed, too: at that time, its cloud was not the only server that did not answer"
            ] = None
        elif last is not None and last.stage != "dns":
            self.notes["Its Internet Test passed, which does not always mean that there is internet"] = None

    def _echoed(self, record: LogRecord) -> None:
        is_answered = record.code != "0"
        note = "Its test packets over Wi-Fi came back: UDP 5684 is open there" if is_answered else (
            "None of its test packets over Wi-Fi came back: UDP 5684 may be blocked, or the server does not echo"
        )  # fmt: skip
        self.notes[note] = None
        if self.attempts:
            self._follow_up(record)

    def _pinged(self, record: LogRecord) -> None:
        """Note whether a host answered Cloud Debug's ping (CloudDebugWiFi.cpp).

        Each time that Cloud Debug tests, it pings each host once, and prints how many answers came. One answer in any
        of the tests is enough.
        """
        if not _COUNT.fullmatch(record.code or ""):  # a saved run may have a placeholder instead of the number
            return
        is_answered = int(record.code or "0") > 0
        answered = f"{_PINGED[record.kind]} answered Cloud Debug's ping"
        silent = (
            f"{_PINGED[record.kind]} did not answer Cloud Debug's ping: many drop pings, so this alone needs no remedy"
        )
        if is_answered:
            self.notes.pop(silent, None)
        if is_answered or answered not in self.notes:
            self.notes[answered if is_answered else silent] = None

    def _heard(self, record: LogRecord) -> None:
        """Note that the device hears a network that it knows, and whether the signal is weak."""
        known = {other.name for other in self.log.records if other.kind in {"known", "joining", "heard-joining"}}
        if record.name in known and record.signal_dbm is not None:
            if not self.attempts:
                self._begin(record)
            self.attempts[-1].lines.append(record)
            self.attempts[-1].last = record.line
            self.attempts[-1].begun.add("heard")
            if record.signal_dbm < -75:
                self.notes[f"Its network is heard at {record.signal_dbm} dBm, which is weak"] = None

    def _listening(self, _record: LogRecord) -> None:
        if self.attempts:
            self.attempts[-1].begun.add("listening")
        self.notes["It was in listening mode, where it waits to be given a network, and its log is silent"] = None

    def _device_says(self, record: LogRecord) -> None:
        cause = _MEMORY if record.kind == "memory" else _RADIO
        self._note(cause.check or "", cause, record)
        if cause is _RADIO and self.attempts and self.attempts[-1].cause is _RADIO:
            self._follow_up(record)
        elif cause is _RADIO:
            attempt = self._now(record)
            self._fail(attempt, record, "scan", cause)

    def _safe_mode(self, record: LogRecord) -> None:
        """Note the safe mode. It also shows that the device is online.

        The device reports the mode to its cloud, which it can only online (device-os v6.2.0 system_task.cpp:692).
        """
        if not self.attempts or self.attempts[-1].end != "online":
            self._online(record)
        self.attempts[-1].begun.add("safe-mode")
        self._note("device.firmware", Cause("device.firmware", "safe-mode", "device owner",
                   "Give the device the Device OS that its program was built for"), record)  # fmt: skip

    def _modem_dead(self, record: LogRecord) -> None:
        last = self.attempts[-1] if self.attempts else None
        self.notes[_MODEM_DEAD] = None
        self._is_modem_dead = True
        if last is not None and last.end == "online":
            self._lose(last, record, "link", Cause(why=_MODEM_DEAD))
        elif last is not None:
            last.lines.append(record)

    def _crashed(self, record: LogRecord) -> None:
        self._panic = record

    def _battery(self, record: LogRecord) -> None:
        if _VOLTS.fullmatch(volts := record.said or "") and float(volts) < LEAST_VOLTS:
            self._note(
                "device.power", Cause("device.power", "low-battery", "device owner", "Charge the battery"), record
            )


_LOST_AT_STATE: dict[str, tuple[StartStage, str]] = {"IFACE_LINK_UP": ("ip", "address")}
"""The stage that was lost and the word for it, keyed by the state that follows `IP_CONFIGURED`; else the link was."""
_DEPTHS = {
    **dict.fromkeys(("tcp-failed", "no-nonce", "no-key", "dtls-failed", "no-hello"), 1),
    "handshake-failed": 0,
}
"""How deep in the device's software each kind of failing line is logged: 0 is the innermost.

One failure is logged from the inside out, once at each depth.
"""
_PINGED = {
    "ping-gateway": "Its gateway",
    "ping-resolver": "The resolver that it was given",
    "ping-internet": "8.8.8.8",
}
"""The host that Cloud Debug pinged, keyed by the kind of line."""
_BARE = {
    "udp-sent", "model", "version", "credentials", "known", "heard", "own-address", "own-gateway", "own-mask", "panic",
    "memory", "battery", "cellular", "debug-unresolved", "debug-tcp-failed", *_PINGED,
}  # fmt: skip
"""Kinds of lines that count without the head of a record (time, category, level), even if other lines have heads."""


_GEN_2 = {"joined", "link-dhcp", "link-static", "join-failed", "network-begins", "address", "no-address"}
_GEN_3 = {"wifi-link", "wifi-unlink", "other-link", "cellular-link", "state", "disconnect"}
"""Kinds of lines that only devices of Gen 2 print (Photon, P1, Electron), and kinds that only later devices print."""
_HEX, _VOLTS = re.compile("[0-9A-Fa-f]{1,8}"), re.compile(r"[0-9]{1,2}\.[0-9]{1,4}")
_COUNT = re.compile("-?[0-9]{1,6}")
"""The result of a ping: how many answers came, or the number of an error."""
_DEVICE_ID = re.compile(r"[0-9a-f]{24}(?=\.)")
"""The device id with which the host name of a device's cloud begins, for devices that reach it over UDP."""
_OF_WIFI = {"wifi-link", "joining", "heard-joining", "join-failed", "link-dhcp", "link-static", "cwjap"}
"""Kinds of lines that only a device with Wi-Fi prints."""

_DTLS_KEYS = {"7700", "7780", "7800", "7900", "7980", "7a00", "7b00", "7c80", "7d00", "7d80", "7e00", "7e80"}
"""Error numbers of mbedTLS 2.22 (ssl.h): an alert, or a handshake message that is wrong."""
_DTLS_ANSWERED = {
    "6600", "6700", "6a80", "6d00", "6e80", "7180", "7200", "7300", "7380", "7880", "7a80", "7b80",
}  # fmt: skip
"""Error numbers of mbedTLS 2.22: what came was neither. All other numbers are the device's own errors, or silence."""


def _of_hex(value: str | None) -> int:
    """A hexadecimal number of a driver; 0: it printed none, or a saved run has a placeholder instead."""
    return int(value, 16) if value and _HEX.fullmatch(value) else 0


def _of_driver(bits: int, reason: int) -> Cause:
    """The cause of a failed join of a Photon 2, by what its driver logs.

    Args:
        bits: how far the join had got.
        reason: the code with which the access point refused the device.
    """
    if bits & IN_HANDSHAKE:
        return _CREDENTIALS
    if bits & 0b0100_0000_0100:
        return _NOT_HEARD
    if reason == AP_FULL:
        return _FULL
    if bits & 0b0001_1000:
        return Cause(why="The access point did not answer in time: a weak signal, or an access point that is busy")
    if bits & 0b0001_0000_0000:
        return Cause(
            why="The access point refused it: its security or its mode may be one that the device does not have"
        )
    return Cause(why="The line does not say which of the two sides is the cause")


def _of_dtls(code: str) -> Cause:
    """The cause by mbedTLS' error number (hexadecimal).

    6800 means silence, some numbers mean that something answered, and two digits are an error of the socket.
    """
    digits = code.lstrip("-").lower()
    if digits == "6800":
        return _NO_DTLS
    if digits in _DTLS_KEYS:
        return _ALERT
    if digits in _DTLS_ANSWERED:
        return Cause(why="Something answered, so the port is open; the log does not tell what the answer was")
    if digits == "7f00":
        return _MEMORY
    if len(digits) == 2:
        return Cause(why="The device's own socket failed: no route to the internet, or no memory")
    return Cause(why="The number does not say whether anything answered")


def _is_cellular(log: DeviceLog) -> bool:
    """Whether the device is a cellular one: its modem speaks, or it is of Gen 2 and has its cloud over UDP."""
    seen = {record.kind for record in log.records}
    if seen & _OF_WIFI:
        return False
    if seen & {"cellular", "cellular-link", "udp-sent", "muxer-dead"} or "modem" in log.formats:
        return True
    is_gen_2 = bool(seen & {"network-begins", "joined", "address"})
    over_udp = any(record.host and ".udp." in record.host for record in log.records)
    return is_gen_2 and (over_udp or "restore-status" in seen)


def answered(log: DeviceLog, source: str = "", device: str | None = None) -> LogAnswer:
    """What a device's log says, for people and programs.

    Args:
        log: the log, as it was read.
        source: the name of the file, or of the port.
        device: the profile that was asked for; None: what the log itself says counts.
    """
    reading = Reading(log)
    is_foreign = reading.is_foreign
    model, version = (None, None) if is_foreign else (_said(log, "model"), _said(log, "version"))
    platform = model or ("cellular" if reading.is_cellular and not is_foreign else None)
    attempts = [_as_log_attempt(attempt) for attempt in reading.attempts if attempt.lines or attempt.end]
    result, chosen = _result(log, reading)
    cause = chosen.cause if chosen is not None and result in {"stops", "lost"} else Cause()
    if result == "stops" and chosen is not None and chosen.stage == "scan":
        cause = _agreed(reading.attempts, cause)
    stage = _stage(chosen, reading.attempts, result)
    lines = _distinct([*(chosen.lines if chosen else []), *reading.device_lines])
    blank = [] if result == "online" else _blank_settings(log)
    failing = _distinct([*(record for record in lines if record.kind not in HARMLESS), *blank])
    counting = [record for record in log.records if record.kind in HARMLESS and _counts(record, log)]
    harmless = [record for record in counting if record not in blank]
    notes = [cause.why] if cause.why else []
    notes += _before_and_after(result, chosen, reading.attempts)
    if not is_foreign:
        notes += [_BLANK] if blank else []
        notes += reading.notes
        notes += _other_causes(reading, cause)
        notes += _notes_on_device(log, reading)
    notes += _notes_on_log(log)
    return LogAnswer(
        schema="netpreflight-log/1",
        source=source,
        device=device or _MODELS.get((model or "").lower()),
        platform=platform,
        os_version=version,
        result=result,
        stage=stage,
        check=cause.check,
        problem=cause.problem,
        owner=cause.owner,
        remedy=cause.remedy,
        sentence=_NOTHING if log.live and not log.bytes else _sentence(result, stage, chosen, reading),
        attempts=[] if is_foreign else attempts,
        lines=[] if is_foreign else [_means(record) for record in failing[-MOST_LINES:]],
        harmless=[]
        if is_foreign
        else [
            LogLineMeans(line=record.line, text=record.text, means=HARMLESS[record.kind])
            for record in _first_of_each(harmless)
        ],
        notes=list(dict.fromkeys(notes)),  # each of them once
    )


def shown_stages(log: DeviceLog) -> dict[StartStage, LogStageSeen]:
    """What the deciding attempt shows of each stage, and the line that says so; empty: there is no such attempt."""
    reading = Reading(log)
    _, chosen = _result(log, reading)
    if chosen is None:
        return {}
    return {
        stage: LogStageSeen(
            state=chosen.states[stage],
            line=_means(chosen.shown_by[stage]) if stage in chosen.shown_by else None,
        )
        for stage in ORDER
    }


def device_causes(log: DeviceLog) -> dict[str, DeviceCause]:
    """What the log says of the device itself, keyed by check: the cause (with problem and remedy), and the line.

    From the lines about the device itself, and from the deciding attempt if it stopped for such a cause.
    """
    reading = Reading(log)
    is_of_a_device = not (reading.is_mixed or reading.is_foreign)
    found = {check: DeviceCause(*told) for check, told in reading.device.items()} if is_of_a_device else {}
    result, chosen = _result(log, reading)
    if result == "stops" and chosen is not None and (check := chosen.cause.check or "").startswith("device."):
        line = chosen.shown_by.get(chosen.stage or "cloud")
        if line is not None:
            found.setdefault(check, DeviceCause(chosen.cause, line))
    return found


def _result(log: DeviceLog, reading: Reading) -> tuple[LogResult, _Attempt | None]:
    """How the log ends, and the attempt that says so.

    The last attempt that has an end decides. If it stopped at a stage, and a later attempt without an end got past that
    stage, the result is not known.
    """
    if reading.is_foreign:
        return "foreign", None
    if reading.is_mixed:
        return "not-known", None
    attempts = reading.attempts
    ended = next((attempt for attempt in reversed(attempts) if attempt.end is not None), None)
    if ended is None or ended.end is None:
        return "not-known", attempts[-1] if attempts else None
    later = attempts[attempts.index(ended) + 1 :]
    if ended.end == "stops" and ended.stage is not None:
        past = [attempt for attempt in later if _rank(attempt) >= ORDER.index(ended.stage)]
        if past:
            return "not-known", past[-1]
    return ended.end, ended


_WEAK = {
    "joining", "heard-joining", "resolved", "tcp-made", "tcp-failed", "cloud-address", "resolving", "model", "version",
    "heard", "own-address", "own-gateway", "own-mask", "panic", "memory", "antenna", "battery",
    "echoes", "resumed", "network-begins", "online", "safe-mode", "joined", "cwjap", "wifi-failed", "handshake-done",
    "handshake-failed", "socket-error", "bad-key", "listening", "cleared", "resolver-set", *_PINGED,
}  # fmt: skip
"""Kinds of lines that other programs print, too: without heads of records, they do not show a log of Device OS."""


def _is_of_device_os(log: DeviceLog) -> bool:
    """Whether the log has a line that only Device OS prints."""
    kinds = {record.kind for record in log.records}
    return bool(kinds - _WEAK)


def _rank(attempt: _Attempt) -> int:
    """The index in `ORDER` of the last stage that an attempt shows as reached; -1: none."""
    return max((i for i, stage in enumerate(ORDER) if attempt.states[stage] in {"witnessed", "implied"}), default=-1)


def _stage(chosen: _Attempt | None, attempts: list[_Attempt], result: LogResult) -> StartStage | None:
    """The stage to name: where the attempt stopped or what it lost, else the last one reached; None: not known."""
    if chosen is None:
        return None
    if result in {"stops", "lost"}:
        return chosen.stage
    rank = max(_rank(attempt) for attempt in attempts) if result == "not-known" else _rank(chosen)
    if rank < 0:
        return "scan" if chosen.begun & {"heard", "joining"} else None
    return ORDER[rank]


def _agreed(attempts: list[_Attempt], cause: Cause) -> Cause:
    """The cause of the last failed join, if all failed joins agree; else an open cause.

    One fault may give different codes in turn, so joins that disagree do not show the cause.
    """
    failed = {attempt.cause.check for attempt in attempts if attempt.end == "stops" and attempt.stage == "scan"}
    if len(failed) == 1 or not cause.check:
        return cause
    return Cause(why="The joins fail with different codes, as one cause may give them in turn")


def _as_log_attempt(attempt: _Attempt) -> LogAttempt:
    ends = attempt.end in {"stops", "lost"}
    cause = attempt.cause if ends else Cause()
    rank = _rank(attempt)
    return LogAttempt(
        first_line=attempt.first,
        last_line=attempt.last,
        result=attempt.end or "unfinished",
        stages=[LogStage(stage=stage, state=attempt.states[stage]) for stage in ORDER],
        stage=attempt.stage if attempt.end else ORDER[rank] if rank >= 0 else None,
        check=cause.check,
        problem=cause.problem,
        owner=cause.owner,
        remedy=cause.remedy,
        why=cause.why,
    )


_NOTHING = "Nothing came from the device."
_ONLY_MONITOR = "The log has lines of the monitor, and nothing of the device."
_STOPS: dict[StartStage, str] = {
    "scan": "does not join its network",
    "link": "gets no link to its network",
    "ip": "joins its network, and gets no address there",
    "dns": "cannot look up the address of its cloud",
    "cloud": "gets no connection to its cloud",
}
_LOST: dict[StartStage, str] = {
    "scan": "its network",
    "link": "its network",
    "ip": "its address",
    "dns": "its cloud",
    "cloud": "its cloud",
}
_GOT: dict[StartStage, str] = {
    "scan": "tries to join its network",
    "link": "joined its network",
    "ip": "has an address in its network",
    "dns": "has the address of its cloud",
    "cloud": "reached its cloud",
}
"""Keyed by stage, to complete "The device …": what it does not get (`_STOPS`), and what it got last (`_GOT`).

`_LOST` completes "… and then lost …".
"""


def _sentence(result: LogResult, stage: StartStage | None, chosen: _Attempt | None, reading: Reading) -> str:
    """The answer in one sentence: how far the device gets by its own log."""
    if result == "foreign":
        is_monitors = reading.log.formats == ["particle-cli"]
        return _ONLY_MONITOR if is_monitors else "This is no log of Device OS. To get one: particle serial monitor."
    if result == "online" and chosen is not None:
        over_what = ", over an interface other than Wi-Fi" if "elsewhere" in chosen.begun else ""
        return f"By its own log, the device was online{over_what}."
    if result == "stops" and stage is not None:
        return f"By its own log, the device {_STOPS[stage]} (it stops at {TITLES[stage]})."
    if result == "lost" and stage is not None and chosen is not None:
        if stage == "cloud" or "online" in chosen.begun:
            return f"By its own log, the device was online, and then lost {_LOST[stage]}."
        lost = "it" if stage == "link" else _LOST[stage]
        return f"By its own log, the device had joined its network, and then lost {lost}."
    return _not_known(stage, chosen, reading)


def _not_known(stage: StartStage | None, chosen: _Attempt | None, reading: Reading) -> str:
    """The sentence for a log that leaves the end open: why, and how far the device got."""
    if reading.is_mixed:
        return "The log holds lines of more than one device: read the part of each device by itself."
    if reading.is_cellular and chosen is None:
        return "This is the log of a cellular device: it has no Wi-Fi stage, and does not say whether it gets online."
    if stage is None or chosen is None:
        return "The log does not say how far the device gets."
    if _rank(chosen) < 0:
        return "The log ends before the device joins its network."
    tries = " and begins to connect to its cloud" if stage == "ip" and "cloud" in chosen.begun else ""
    return f"The log shows that the device {_GOT[stage]}{tries}, and does not say how it goes on."


def _before_and_after(result: LogResult, chosen: _Attempt | None, attempts: list[_Attempt]) -> list[str]:
    """Notes from other attempts that change where to look: it was online before, or it began again after."""
    if chosen is None:
        return []
    place = attempts.index(chosen)
    was_online = next((attempt for attempt in attempts[:place] if attempt.end in {"online", "lost"}), None)
    if result == "stops" and was_online is not None:
        return [f"It was online before, by line {was_online.last}: what stops it came after that"]
    if result == "online" and attempts[place + 1 :]:
        begins = attempts[place + 1].first
        return [f"It begins again at line {begins}, and the log ends before it says whether it is online again"]
    return []


def _other_causes(reading: Reading, cause: Cause) -> list[str]:
    """Notes on what else the log says of the device itself, apart from the answer's cause, and what to do about it."""
    return [
        f"{MEANS[line.kind]}, by line {line.line} ({check}). To do: {other.remedy}"
        for check, (other, line) in reading.device.items()
        if check != cause.check
    ]


def _knows_no_network(log: DeviceLog) -> bool:
    """Whether Cloud Debug lists networks that the device hears, but none that it knows (it lists those first)."""
    kinds = [record.kind for record in log.records]
    return "heard" in kinds and "model" in kinds[: kinds.index("heard")] and not {"credentials", "known"} & {*kinds}


def _notes_on_device(log: DeviceLog, reading: Reading) -> list[str]:
    """Notes on the device that printed the log."""
    notes = []
    if reading.is_cellular:
        notes.append("This is a cellular device: its log says nothing of Wi-Fi")
    if reading.is_elsewhere and not any(attempt.cause is _NO_OWN_SERVER for attempt in reading.attempts):
        notes.append("The device is set to a server that is not Particle's")
    if _knows_no_network(log):
        notes.append("Cloud Debug lists no network that the device knows: it may not have been given one")
    return notes


def _notes_on_log(log: DeviceLog) -> list[str]:
    """Notes on the log itself: what is missing in it, and how far it can be trusted."""
    notes = []
    if not log.heads and log.records:
        notes.append("The lines have no times and no levels, so anybody may have printed them")
    if log.undecodable * 20 > log.bytes and not log.heads:
        notes.append("Much of it is no text: a serial adapter at a wrong speed writes such logs")
    restarts = [hole for hole in log.holes if hole.what == "restart" and (hole.from_ms or 0) < SOON_MS]
    if len(restarts) >= MANY_RESTARTS:
        notes.append(
            f"It started again {len(restarts)} times within a minute of its start: a weak supply, a watchdog and a "
            "crash look alike here"
        )
    if not log.heads and log.formats == ["particle-cli"]:
        notes.append(_SILENT)
    elif any(hole.what == "reconnect" for hole in log.holes):
        notes.append("The monitor lost the device in between: lines are missing there")
    if log.more_records or log.unread:
        notes.append("The log is long: lines in the middle were counted, and not read one by one")
    if (log.heads or log.records) and not log.live:
        notes.append("A log says what was, when it was written; it has no date, and says nothing of today")
    return notes


_SILENT = (
    "A device prints nothing where it is not connected, in DFU mode (its light blinks yellow), in listening mode (it "
    "blinks dark blue), or where its program does not ask for a log (SerialLogHandler)"
)
_BLANK = "The settings of the server in the device are empty: particle keys server gives it the cloud's"


def _blank_settings(log: DeviceLog) -> list[LogRecord]:
    """The lines about empty server settings, unless a later line shows that the device had a server to go to."""
    found: list[LogRecord] = []
    for record in log.records:
        if record.kind in {"server-blank", "server-blank-key"} and _counts(record, log):
            found.append(record)
        elif record.kind in {"tcp-made", "resolved", "nonce", "online"} or (
            record.kind == "unresolved" and record.host
        ):
            found = []
    return found


def _said(log: DeviceLog, kind: str) -> str | None:
    """What the lines of a kind say (`LogRecord.said`); None: nothing, or they differ, as in logs joined together."""
    said = {record.said for record in log.records if record.kind == kind and record.said}
    return next(iter(said)) if len(said) == 1 else None


def _counts(record: LogRecord, log: DeviceLog) -> bool:
    """Whether a line counts: it has the head of a record, or no line of the log has one."""
    return record.has_head or not log.heads


def _means(record: LogRecord) -> LogLineMeans:
    """A line with its meaning: that of its kind, or a more exact one by the values in the line."""
    means = MEANS[record.kind]
    if record.kind == "state" and record.now == "IP_CONFIGURED":
        means = "It has an address, a router and a resolver"
    elif record.kind == "state" and record.was == "IP_CONFIGURED":
        means = "Its address or its link is gone"
    elif record.kind == "dtls-failed" and (record.code or "").lstrip("-") == "6800":
        means = "Nothing came from its cloud in the time that it waits for DTLS"
    elif record.kind in {"handshake-failed", "cloud-failed"} and record.code == "17":
        means = "The handshake with its cloud failed; 17 does not say how"
    elif record.kind == "echoes" and record.code == "0":
        means = "None of its test packets over Wi-Fi came back"
    return LogLineMeans(line=record.line, text=record.text, means=means)


def _distinct(records: list[LogRecord]) -> list[LogRecord]:
    """The records without duplicates, in the order of their lines."""
    by_place = {(record.line, record.kind): record for record in records}
    return sorted(by_place.values(), key=lambda record: record.line)


def _first_of_each(records: list[LogRecord]) -> list[LogRecord]:
    """The first line of each kind, for at most `MOST_LINES` kinds."""
    return list({record.kind: record for record in reversed(records)}.values())[::-1][:MOST_LINES]

"""Linux: wpa_supplicant's control interface, for machines on which the user may use its control socket.

pywifi's client talks to it, but over a socket made here: pywifi's own waits for ever, and has a name in /tmp that
anybody can guess and occupy. Ours has a deadline, and a name chosen by the kernel. pywifi cannot get elements, so they
come from the command `BSS`. Scans are of the type `ONLY`, so that wpa_supplicant joins no network because of them.
"""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from msgspec import structs
from pywifi import _wifiutil_linux as pywifi_linux

from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import MOST_BSSS, Bss, Wifi, band_of
from netpreflight.probes.wifi.elements import ssid_text
from netpreflight.probes.wifi.source import (
    AS_ROOT,
    MOST_REVISITS,
    PREFERRED_6GHZ,
    NoRadio,
    SourceUnavailable,
    Tell,
    age_of,
    band_name,
    in_thread,
    left_out,
    of_both,
    tell_nobody,
    told,
    unheard,
    without_twins,
)

ANSWER_S = 3.0
SCAN_S = 3.0
CHANNEL_S = 0.4
"""A scan may take SCAN_S, plus this for each channel, as in `nl80211`."""
DEADLINE_S = 45.0
LONGEST_EVENT = 4096

_MASK = "MASK=0x80069f"
"""id, bssid, freq, beacon interval, capabilities, level, age, ie, beacon_ie: common/wpa_ctrl.h, WPA_BSS_MASK_*."""
_CHANNEL = re.compile(r"^\s*\d+ = (\d+) MHz(.*)$", re.MULTILINE)
_SCAN_ENDED = re.compile(rb"CTRL-EVENT-SCAN-(RESULTS|FAILED)")
_BSSID = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_REFUSALS = {"FAIL", "FAIL-BUSY", "UNKNOWN COMMAND"}
Clock = Callable[[], float]


class ControlInterface(Protocol):
    """wpa_supplicant's control interface. If the system refuses a call, it raises OSError."""

    def interfaces(self) -> list[str]:
        """The interfaces that have a control socket."""

    def connect(self, interface: str) -> None:
        """Connect to an interface's socket, and listen to its events from now on."""

    def ask(self, command: str) -> str:
        """Send a command; returns the answer."""

    def event(self, timeout_s: float) -> bytes:
        """The next event. Raises TimeoutError if there is none in time."""

    def close(self) -> None:
        """Close the connection."""


class _Client(pywifi_linux.WifiUtil):  # type: ignore[misc]
    """pywifi's client, with sockets made by this module."""

    def __init__(self) -> None:
        self._connections: dict[str, dict[str, Any]] = {}

    def _connect_to_wpa_s(self, iface: str) -> None:
        """Connect to an interface's control socket, in place of pywifi's method of this name."""
        where = f"{pywifi_linux.CTRL_IFACE_DIR}/{iface}"
        self._connections[iface] = {"sock": _socket(where), "sock_file": "", "ctrl_iface": where}

    def open(self, iface: str) -> None:
        self._connect_to_wpa_s(iface)

    def ask(self, iface: str, command: str) -> str:
        return str(self._send_cmd_to_wpas(iface, command, get_reply=True))

    def close(self) -> None:
        for connection in self._connections.values():
            connection["sock"].close()
        self._connections.clear()


class PywifiControl:
    """The control interface by pywifi."""

    def __init__(self) -> None:
        self._client = _Client()
        self._interface = ""
        self._events: socket.socket | None = None

    def interfaces(self) -> list[str]:
        """The interfaces that have a control socket."""
        return sorted(path.name for path in Path(pywifi_linux.CTRL_IFACE_DIR).iterdir() if path.is_socket())

    def connect(self, interface: str) -> None:
        """Connect to an interface's socket, and listen to its events from now on."""
        self._interface = interface
        self._client.open(interface)
        self._events = _socket(f"{pywifi_linux.CTRL_IFACE_DIR}/{interface}")
        self._events.send(b"ATTACH")
        self._events.recv(LONGEST_EVENT)

    def ask(self, command: str) -> str:
        """Send a command; returns the answer."""
        return self._client.ask(self._interface, command)

    def event(self, timeout_s: float) -> bytes:
        """The next event. Raises TimeoutError if there is none in time."""
        assert self._events is not None
        self._events.settimeout(max(timeout_s, 0.001))
        return self._events.recv(LONGEST_EVENT)

    def close(self) -> None:
        """Close the connection."""
        if self._events is not None:
            try:
                self._events.send(b"DETACH")
            except OSError:
                pass  # wpa_supplicant itself has gone
            finally:
                self._events.close()
        self._client.close()


def _socket(path: str) -> socket.socket:
    """Connect to wpa_supplicant's control socket."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.settimeout(ANSWER_S)
        sock.bind("")  # a name chosen by the kernel, unix(7); it leaves no file
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


async def survey(
    interface: str | None,
    name: bytes | None = None,
    *,
    elapsed: Clock,
    make: Callable[[], ControlInterface] = PywifiControl,
    clock: Clock = CLOCK.monotonic,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Scan by wpa_supplicant, and read its table.

    Args:
        interface: the interface under test; its radio is used if it has a control socket.
        name: the target network, to ask for it by name, too.
        elapsed: seconds since the run started.
        make: opens the control interface; tests pass a fake one.
        clock: for deadlines.
        tell: reports each command, for `--debug`.
        scan: False: find out whether a scan could be made, by the same steps, and make none.

    Raises:
        SourceUnavailable: there is no control socket, or none that this user may use.
    """
    try:
        return await in_thread(lambda: look(interface, name, make(), elapsed, clock, tell, scan=scan), DEADLINE_S)
    except PermissionError as problem:
        raise SourceUnavailable(
            "this user may not use wpa_supplicant's control socket, only root and the group that owns "
            f"{pywifi_linux.CTRL_IFACE_DIR} (netdev on Debian)",
            AS_ROOT,
        ) from problem
    except FileNotFoundError as problem:
        raise SourceUnavailable("there is no control socket of wpa_supplicant") from problem
    except TimeoutError as problem:
        raise SourceUnavailable("wpa_supplicant did not answer on its control socket") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceUnavailable(f"wpa_supplicant's control socket: {problem}") from problem


def look(
    interface: str | None,
    name: bytes | None,
    control: ControlInterface,
    elapsed: Clock,
    clock: Clock,
    tell: Tell = tell_nobody,
    *,
    scan: bool = True,
) -> Wifi:
    """Scan with one interface, and read wpa_supplicant's table; blocks."""
    try:
        names = [
            interface
            for interface in control.interfaces()
            if interface != "global" and not interface.startswith("p2p-dev-")
        ]
        if not names:
            raise SourceUnavailable("wpa_supplicant runs, but none of its interfaces has a control socket")
        chosen = interface if interface in names else names[0]
        with told(tell, "ATTACH"):
            control.connect(chosen)
        return _Survey(control, chosen, name, elapsed, clock, tell).run(scan=scan)
    finally:
        control.close()


class _Survey:
    """One survey by one interface of wpa_supplicant."""

    def __init__(
        self, control: ControlInterface, interface: str, name: bytes | None, elapsed: Clock, clock: Clock, tell: Tell
    ) -> None:
        self._control = control
        self._tell = tell
        self._name = name
        self._unread: list[str] = []
        """What `limits` says about the last reading of the table."""
        self._seen = Wifi(source="wpa_supplicant", interface=interface)
        self._elapsed = elapsed
        self._clock = clock
        self._end = clock() + DEADLINE_S - 2 * ANSWER_S

    def _ask(self, command: str) -> str:
        """Send a command; only its first word is reported, and of the answer only whether it is a refusal."""
        with told(self._tell, command.partition(" ")[0]) as ending:
            answer = self._control.ask(command)
            if answer.strip() in _REFUSALS:
                ending.outcome = answer.strip()
        return answer

    def run(self, *, scan: bool) -> Wifi:
        """Scan all bands, 2.4 GHz first, and read the table; without `scan`, find out whether that would be possible.

        Raises:
            NoRadio: Wi-Fi is switched off.
        """
        status = _fields(self._ask("STATUS"))
        if status.get("wpa_state") == "INTERFACE_DISABLED":
            raise NoRadio(
                f"Wi-Fi is switched off, or the interface {self._seen.interface} is down",
                "Switch Wi-Fi on (rfkill unblock wifi).",
            )
        if not scan:  # a user who may use the socket may scan
            self._seen.triggered = True
            return self._seen
        frequencies = {
            int(number): None
            for number, flags in _CHANNEL.findall(self._ask("GET_CAPABILITY freq"))
            if "DISABLED" not in flags and (band_of(int(number)) != "6" or int(number) in PREFERRED_6GHZ)
        }
        if status.get("wpa_state") == "COMPLETED":
            self._name = self._name or _octets(status.get("ssid", "")) or None
        begun = self._elapsed()
        on_24_ghz = [frequency for frequency in frequencies if band_of(frequency) == "2.4"]
        has_scanned_low = self._scan(on_24_ghz)
        self._scan([frequency for frequency in frequencies if band_of(frequency) in {"5", "6"}])
        self._read()
        # The target is asked for by name in a separate scan: in a scan with a name, older versions send no wildcard
        # probe requests. The last visit only listens, as in nl80211.
        visits = 1
        while on_24_ghz and has_scanned_low and self._name and not self._is_heard(self._name, begun):
            options = "passive=1" if visits == MOST_REVISITS else f"ssid {self._name.hex()}"
            if visits > MOST_REVISITS or not self._scan(on_24_ghz, options):
                self._seen.limits.append(unheard(self._name, visits))
                break
            visits += 1
            self._read()
        if self._seen.triggered:
            self._seen.scan_s = round(self._elapsed() - begun, 3)
        if status.get("wpa_state") == "COMPLETED":
            self._seen.associated_bssid = status.get("bssid")
            self._seen.associated_frequency_mhz = int(status["freq"]) if status.get("freq", "").isdigit() else None
            joined = (bss for bss in self._seen.bss if bss.bssid == status.get("bssid"))
            own = next(joined, None)
            self._seen.associated_ssid = (
                (own.ssid if own else None) or ssid_text(_octets(status.get("ssid", ""))) or None
            )
        if not self._seen.triggered:
            ages = age_of(self._seen.bss) if self._seen.bss else "and there are none"
            self._seen.limits.append(f"no scan was made: these are wpa_supplicant's last results, {ages}")
        elif not self._seen.bss:
            self._seen.limits.append("wpa_supplicant scanned without an error and heard nothing at all")
        return self._seen

    def _is_heard(self, name: bytes, begun: float) -> bool:
        """Whether these scans heard this network on 2.4 GHz; 1 s is added, because ages are in whole seconds."""
        age = self._elapsed() - begun + 1
        return any(
            bss.ssid_hex == name.hex() and bss.band == "2.4" and bss.age_s is not None and bss.age_s <= age
            for bss in self._seen.bss
        )

    def _scan(self, frequencies: list[int], options: str = "") -> bool:
        """Scan some frequencies, and wait for the end; True if the scan succeeded.

        `options` are added to the command; without them, the probe requests are for any name.
        """
        if not frequencies:
            return True
        bands = " and ".join(dict.fromkeys(band_name(frequency) for frequency in frequencies))
        deadline = min(self._clock() + SCAN_S + CHANNEL_S * len(frequencies), self._end)
        failed = False
        try:
            while True:
                answer = self._ask(f"SCAN TYPE=ONLY freq={','.join(map(str, frequencies))} {options}".strip()).strip()
                busy = answer == "FAIL-BUSY"
                if answer != "OK" and not busy:
                    self._seen.limits.append(f"wpa_supplicant refused to scan {bands} ({answer or 'no words'})")
                    return False
                ended = self._wait(deadline)
                if ended == b"RESULTS" and not busy:
                    self._seen.triggered = True
                    self._seen.frequencies_mhz = sorted({*self._seen.frequencies_mhz, *frequencies})
                    return True
                if ended == b"FAILED":
                    if failed:
                        self._seen.limits.append(f"the scan of {bands} failed twice: the radio is busy or off")
                        return False
                    failed = True
        except TimeoutError:
            self._seen.limits.append(f"the scan of {bands} did not end in time: there may be networks it did not hear")
        return False

    def _wait(self, deadline: float) -> bytes:
        """Wait for the end of the next scan: `RESULTS` or `FAILED`. Raises TimeoutError at the deadline."""
        while (left := deadline - self._clock()) > 0:
            if (ended := _SCAN_ENDED.search(self._control.event(left))) is not None:
                self._tell("CTRL-EVENT-SCAN", ended[1].decode())
                return ended[1]
        raise TimeoutError

    def _read(self) -> None:
        """Read wpa_supplicant's table, one BSS after the other."""
        unsound = 0
        found = []
        self._seen.limits = [limit for limit in self._seen.limits if limit not in self._unread]
        self._unread = []
        command = "FIRST"
        seen_ids: set[str] = set()
        while len(seen_ids) < MOST_BSSS and self._clock() < self._end:
            fields = _fields(self._ask(f"BSS {command} {_MASK}"))
            bss_id = fields.get("id", "")
            if not bss_id.isdigit() or bss_id in seen_ids:
                break
            seen_ids.add(bss_id)
            try:
                found.append(decode(fields))
            except ValueError:
                unsound += 1
            except Exception as fault:  # noqa: BLE001 - a fault in one access point must not lose the others
                lost(fault)
                unsound += 1
            command = f"NEXT-{bss_id}"
        else:
            self._unread.append(f"reading wpa_supplicant's table stopped after {len(seen_ids)} access points")
        if unsound:
            self._unread.append(left_out(unsound))
        self._seen.bss = without_twins(found)
        self._seen.limits += self._unread


def decode(fields: dict[str, str]) -> Bss:
    """Decode the answer to the command `BSS`.

    `ie` has the elements of the last probe response, or of the beacon if no response was heard. wpa_supplicant does not
    say which of the two is newer: the response is used, because every scan asks for it again. Without `beacon_ie` it is
    not known whether `ie` is from a response or a beacon.

    Raises:
        ValueError: the answer describes no network that a device could join, or is malformed.
    """
    elements = bytes.fromhex(fields.get("ie", ""))
    beacon = bytes.fromhex(fields.get("beacon_ie", "")) or None
    response = elements if beacon != elements else None
    bssid = fields.get("bssid", "").lower()
    bss = of_both(
        beacon,
        response,
        prefer_response=True,
        bssid=bssid if _BSSID.fullmatch(bssid) else None,
        frequency_mhz=_integer(fields.get("freq")),
        signal_dbm=_signal(fields.get("level")),
        age_s=_integer(fields.get("age")),
        beacon_interval_tu=_integer(fields.get("beacon_int")),
        capability=_integer(fields.get("capabilities")),
        answers_probes=None if beacon is None or response is None else True,
    )
    return structs.replace(bss, hidden=True) if bss.ssid == "" else bss


def _fields(text: str) -> dict[str, str]:
    """Parse lines such as `freq=2412` into a dictionary."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _integer(text: str | None) -> int | None:
    """The number in a text, decimal or hexadecimal; None: there is none."""
    if text is None:
        return None
    try:
        return int(text, 0)
    except ValueError:
        return None


def _signal(text: str | None) -> float | None:
    """A level in dBm; None for the positive numbers (a quality) of drivers that do not give dBm."""
    level = _integer(text)
    return float(level) if level is not None and -120 <= level < 0 else None


def _octets(text: str) -> bytes:
    r"""The octets of a name as wpa_supplicant prints it (`printf_encode`): escaped quotes, backslashes, and `\xNN`."""
    names = {"n": b"\n", "r": b"\r", "t": b"\t", "e": b"\x1b"}

    def plain(match: re.Match[str]) -> str:
        """The octet that an escape sequence stands for, as a Latin-1 character."""
        code = match[1]
        raw = bytes.fromhex(code[1:]) if code.startswith("x") else names.get(code, code.encode())
        return raw.decode("latin-1")

    raw = re.sub(r'\\(x[0-9a-fA-F]{2}|[nrte"\\])', plain, text)
    return raw.encode("latin-1", "replace")

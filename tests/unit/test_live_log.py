"""A device's log, live: the same as of a file, through resets, torn reads and unplugging; and until it says enough."""

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from netpreflight.agent.judging.device_log import answered
from netpreflight.agent.live_log import NOTICES, is_enough, read_live
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.results import LogAnswer
from netpreflight.probes.device_log import LogReader
from netpreflight.probes.observations import DeviceLog
from tests.unit.command import run
from tests.unit.serial_desk import PHOTON, Desk, pair_of_ends, plug, send, unplug

LOGS = sorted((Path(__file__).parent / "data" / "device-logs").glob("*.log"))
ONLINE_LOG = next(path for path in LOGS if path.name.startswith("14-"))
STOPS_LOG = next(path for path in LOGS if path.name.startswith("03-"))


def of_file(data: bytes) -> LogAnswer:
    reader = LogReader(KINDS)
    reader.feed(data)
    reader.finish()
    return answered(reader.seen, "log")


def played(desk: Desk, seconds: float = 90) -> tuple[LogAnswer, DeviceLog, str, list[str]]:
    """What is read of a device that plays, why reading ended, and what was told."""
    said: list[str] = []
    live = read_live("auto", seconds, said.append, lambda: desk.is_stopped, ports=desk, clock=desk.clock)
    return answered(live.seen, "log"), live.seen, live.end, said


def torn(data: bytes, seed: str) -> list[tuple[float, bytes]]:
    """The log in pieces, cut anywhere, each at its second."""
    rng, pieces, at = random.Random(seed), list[tuple[float, bytes]](), 1.0
    while data:
        size = rng.randint(1, 400)
        pieces.append((at, data[:size]))
        data, at = data[size:], at + 0.1
    return pieces


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name[:2])
def test_a_log_that_comes_in_torn_pieces_says_what_its_file_says(path: Path) -> None:
    data = path.read_bytes()
    desk = Desk(ports=[PHOTON], events=[(at, send(piece)) for at, piece in torn(data, path.name)])
    answer, seen, end, _ = played(desk)
    whole = of_file(data)

    if end == "decided":  # the rest of it was not waited for
        assert is_enough(answer)
        assert seen.bytes <= len(data)
        assert whole.attempts[: len(answer.attempts) - 1] == answer.attempts[:-1]
    else:
        assert end == "time"
        assert (answer.result, answer.stage, answer.check) == (whole.result, whole.stage, whole.check)
        assert seen.bytes == len(data)


def test_it_ends_where_the_device_is_online() -> None:
    desk = Desk(ports=[PHOTON], events=[(2, send(ONLINE_LOG.read_bytes())), (80, send(b"later\r\n"))])
    answer, _, end, _ = played(desk)

    assert (answer.result, end) == ("online", "decided")
    assert desk.clock.at < 1010
    of_today = "says nothing of today"
    assert of_today in " ".join(of_file(ONLINE_LOG.read_bytes()).notes)
    assert of_today not in " ".join(answer.notes)


def attempt(start_ms: int) -> bytes:
    """One attempt of a Photon, whose TCP connection is not made (device-os v2.3.1)."""
    lines = [
        "[system] INFO: ARM_WLAN_WD 1",
        "[hal.wlan] INFO: Joining net-1",
        "[system] INFO: ARM_WLAN_WD 2",
        "[hal.wlan] INFO: Bringing WiFi interface up with DHCP",
        "[system] INFO: CLR_WLAN_WD 1, DHCP success",
        "[system] INFO: Cloud: connecting",
        "[system] INFO: Resolved device.spark.io to 198.51.100.20",
        "[system] ERROR: Failed to connect to 198.51.100.20:5683 (-1)",
        "[system] WARN: Cloud socket connection failed: -1",
    ]
    return "".join(f"{start_ms + 100 * place:010} {line}\r\n" for place, line in enumerate(lines)).encode()


def test_a_stop_is_confirmed_by_the_next_attempt() -> None:
    desk = Desk(ports=[PHOTON], events=[(5, send(attempt(1000))), (40, send(attempt(40_000)))])
    answer, _, end, _ = played(desk)

    assert (answer.result, answer.stage, end) == ("stops", "cloud", "decided")
    assert 1040 <= desk.clock.at < 1042
    once = Desk(ports=[PHOTON], events=[(5, send(attempt(1000)))])
    answer, _, end, _ = played(once)
    assert (answer.result, end) == ("stops", "time")


def test_a_line_that_unplugging_cut_says_nothing() -> None:
    """`Cloud connect` is no `Cloud connected`, whatever comes next."""
    line = b"0000005000 [system] INFO: Cloud connected\r\n"
    for cut in range(len(line) - 2):
        desk = Desk(
            ports=[PHOTON],
            events=[(1, send(attempt(1000) + line[:cut])), (2, unplug(PHOTON)), (3, plug(PHOTON)),
                    (4, send(b"ed\r\nd\r\n"))],
        )  # fmt: skip
        answer, seen, _, _ = played(desk, seconds=6)
        assert answer.result != "online", cut
        assert "reconnect" in {hole.what for hole in seen.holes}
    whole = Desk(ports=[PHOTON], events=[(1, send(attempt(1000) + line))])
    assert played(whole)[0].result == "online"


def test_a_reset_in_the_middle_begins_another_attempt() -> None:
    data = ONLINE_LOG.read_bytes()
    other_name = PHOTON._replace(name="/dev/ttyACM7")
    desk = Desk(
        ports=[PHOTON],
        events=[(1, send(attempt(900)[:300])), (2, unplug(PHOTON)), (4, plug(other_name)), (5, send(data))],
    )
    answer, _, end, said = played(desk)

    assert (answer.result, end) == ("online", "decided")
    assert len(answer.attempts) >= 2
    reading = NOTICES["reading"]
    assert said == [reading.format(port=PHOTON.name), NOTICES["lost"], reading.format(port=other_name.name)]


def test_silence_says_what_to_press() -> None:
    answer, _, end, said = played(Desk(ports=[PHOTON]))

    assert (answer.result, end) == ("foreign", "time")
    assert answer.sentence == "Nothing came from the device."
    assert "Press reset" in said[-1]
    assert "listening mode" in said[-1]
    assert "DFU" in played(Desk(is_dfu=True))[3][0]


# --- the command


def test_the_command_reads_a_port_and_writes_nothing() -> None:
    with pair_of_ends() as pair:
        data = ONLINE_LOG.read_bytes()
        device = threading.Thread(target=lambda: pair.play(data))
        device.start()
        made = run("log", "--port", pair.name, "--seconds", "30", "--json")
        device.join()
        echoed = pair.written()

    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["result"] == "online"
    assert f"reading the log of {pair.name}" in made.stderr
    assert echoed == b""


def test_the_command_ends_with_its_time() -> None:
    with pair_of_ends() as pair:
        made = run("log", "--port", pair.name, "--seconds", "0.5")

    assert made.returncode == 3
    assert "Traceback" not in made.stderr


HOLDER = "import sys; held = open(sys.argv[1], 'rb', buffering=0); print('held', flush=True); sys.stdin.read()"


def test_who_uses_the_port_is_told() -> None:
    with pair_of_ends() as pair:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, pair.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            made = run("log", "--port", pair.name)
            holder.communicate("")

    assert (made.returncode, made.stdout) == (2, "")
    assert f"(process {holder.pid})" in made.stderr
    assert made.stderr.count("\n") == 1


@pytest.mark.more
def test_ctrl_c_shows_what_was_read() -> None:
    program = [sys.executable, "-m", "netpreflight.agent.start", "log", "--json", "--port"]
    with pair_of_ends() as pair:
        reading = subprocess.Popen([*program, pair.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with reading:
            assert reading.stderr is not None
            assert "reading the log" in reading.stderr.readline()
            pair.play(attempt(1000))
            pair.wait_until_read()
            reading.send_signal(signal.SIGINT)
            told, errors = reading.communicate()

    assert (reading.returncode, errors) == (130, "")
    assert json.loads(told)["result"] == "stops"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--port", "/dev/ttyNONE9"), "there is no port /dev/ttyNONE9"),
        (("--port", __file__), "cannot be opened as a serial port"),
        ((), "FILE"),
        (("--seconds", "5", "-"), "--port"),
        (("--port", "auto", "-"), "FILE"),
        (("--port", "auto", "--seconds", "-1"), "--seconds"),
    ],
)
def test_wrong_usage_is_refused(arguments: tuple[str, ...], told: str) -> None:
    made = run("log", *arguments)

    assert (made.returncode, made.stdout) == (2, "")
    assert told in made.stderr


# --- check --log-port

AIR = Path(__file__).parent / "data" / "captures" / "Beacon-Mikrotik-Routerboard-AP-Name.pcap"
CHECK = ("check", "--only", "wifi", "--capture", str(AIR), "--no-keep")


def test_a_run_reads_the_log_of_a_device_that_is_connected() -> None:
    with pair_of_ends() as pair:
        device = threading.Thread(target=lambda: pair.play(ONLINE_LOG.read_bytes()))
        device.start()
        made = run(*CHECK, "--json", "--log-port", pair.name)
        device.join()
        echoed = pair.written()
    without = run(*CHECK, "--json")
    report = json.loads(made.stdout)

    assert report["observations"]["log"]["live"] is True
    assert report["log"]["answer"]["result"] == "online"
    assert (made.returncode, report["verdict"]) == (without.returncode, json.loads(without.stdout)["verdict"])
    assert echoed == b""


def test_a_run_without_that_port_is_not_begun() -> None:
    for arguments, told in (
        (("--log-port", "/dev/ttyNONE9"), "there is no port /dev/ttyNONE9"),
        (("--log-port", "auto", "--log", str(ONLINE_LOG)), "give only one of them"),
    ):
        made = run(*CHECK, *arguments)
        assert (made.returncode, made.stdout) == (2, "")
        assert told in made.stderr

"""Runs in the guest: joins by this laptop's radio as a run does, without the run, many times in one process.

On standard input: JSON, a list of `Asked`. For each, a line of JSON on standard output: a `Made`.
"""

import os
import signal
import subprocess
import sys
import threading
import time

import msgspec
from msgspec import Struct

from netpreflight.agent import profiles
from netpreflight.agent.judging.join import abilities_of
from netpreflight.probes.join.interface import Device, Passphrase
from netpreflight.probes.join.radio import Radio
from netpreflight.probes.observations import Join, Scope
from netpreflight.systems import SYSTEM

BACK_S = 30.0
POLL_S = 0.05


class Asked(Struct, kw_only=True):
    """One join: `after` is a shell command for the time after it; `killed_after_s` counts from the start."""

    interface: str
    ssid: str
    passphrase: str
    mac: str
    device: str = "argon"
    after: str = ""
    killed_after_s: float | None = None


class Made(Struct, kw_only=True):
    """What came of it; `left` and `back_s`: what was not as before, and after how many seconds all was."""

    join: Join | None = None
    entered: str | None = None
    left: list[str] = []
    back_s: float = 0.0
    supplicants: list[str] = []


def live(way: Radio, asked: Asked, begin: int, told: int) -> None:
    """Be the device."""
    SYSTEM.enter_namespace()
    SYSTEM.end_with(os.getppid())
    os.write(told, b"ready\n")
    os.read(begin, 1)
    stopped = threading.Event()
    with way.enter(None, stopped.set) as entered:
        join = entered.join
        assert join is not None
        if asked.killed_after_s is not None:
            signal.pause()  # so that it is killed, and has not ended before
        if entered.interface and asked.after:
            subprocess.run(asked.after, shell=True, check=True, stdout=subprocess.DEVNULL)
            until = time.monotonic() + BACK_S
            while not (join.lost or stopped.is_set()) and time.monotonic() < until:
                time.sleep(POLL_S)
    os.write(told, msgspec.json.encode(Made(join=join, entered=entered.interface)))


def play(asked: Asked) -> Made:
    """Join once, and wait until the radio is back."""
    adapter = next(adapter for adapter in SYSTEM.adapters() if adapter.name == asked.interface)
    scope = Scope(interface=adapter.name, state="up", medium="wifi", mac=adapter.mac, os="linux")
    given = Passphrase(bytearray(asked.passphrase.encode())) if asked.passphrase else None
    radio = abilities_of(profiles.load(asked.device).radio)
    way = Radio(Device(scope=scope, mac=asked.mac, ssid=asked.ssid, radio=radio, passphrase=given))
    assert way.refusal() is None
    began, begin = os.pipe()
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(150)
        os.close(heard)
        try:
            live(way, asked, began, told)
        finally:
            os._exit(0)
    os.close(told)
    os.read(heard, 6)
    with way.lend(child):
        os.write(begin, b".")
        if asked.killed_after_s is not None:
            time.sleep(asked.killed_after_s)
            os.kill(child, signal.SIGKILL)
        with os.fdopen(heard, "rb") as pipe:
            text = pipe.read()
        os.waitpid(child, 0)
    made = msgspec.json.decode(text, type=Made) if text else Made()
    ended = time.monotonic()
    while (left := way.left()) and time.monotonic() - ended < BACK_S:
        time.sleep(POLL_S)
    made.left, made.back_s = left, time.monotonic() - ended
    made.supplicants = subprocess.run(
        ["pgrep", "-f", "abstract:netpreflight"], capture_output=True, text=True, check=False
    ).stdout.split()
    return made


if __name__ == "__main__":
    for row in msgspec.json.decode(sys.stdin.buffer.read(), type=list[Asked]):
        sys.stdout.buffer.write(msgspec.json.encode(play(row)) + b"\n")
        sys.stdout.buffer.flush()

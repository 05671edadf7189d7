"""Runs inside the virtual machine, as its only service: does what the host asks for over a virtio-serial port.

A message is four bytes of length (big-endian) and that many bytes of JSON, in both directions; every request gets one
answer, in order and with its number. Standard library only: it is started with `python -I -S`, before anything else
works.
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

PORT_NAME = "netpreflight.agent"
Message = dict[str, Any]


def port() -> Path:
    """The device of the virtio-serial port that the host talks to."""
    for entry in Path("/sys/class/virtio-ports").iterdir():
        if (entry / "name").read_text().strip() == PORT_NAME:
            return Path("/dev", entry.name)
    raise FileNotFoundError(PORT_NAME)


def text(data: bytes) -> str:
    """Bytes as they travel in JSON."""
    return base64.b64encode(data).decode()


def run(request: Message) -> Message:
    """Run a command to its end, or kill it and all its children at its deadline (`exit_code` is then None)."""
    process = subprocess.Popen(
        request["argv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=request["cwd"],
        env=os.environ | request["env"],
        start_new_session=True,
    )
    code: int | None
    try:
        out, err = process.communicate(base64.b64decode(request["stdin"]), timeout=request["timeout_s"])
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        # A child that left the process group may still hold the pipes: what came until now has to do.
        try:
            out, err = process.communicate(timeout=2)
        except subprocess.TimeoutExpired as late:
            out, err = late.output or b"", late.stderr or b""
        code = None
    return {"exit_code": code, "stdout": text(out), "stderr": text(err)}


def start(request: Message) -> Message:
    """Start a server in the background, its output appended to a file."""
    with Path(request["log"]).open("ab") as log:
        process = subprocess.Popen(
            request["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=request["cwd"],
            env=os.environ | request["env"],
            start_new_session=True,
        )
    _running[process.pid] = process
    return {"pid": process.pid}


def stop(request: Message) -> Message:
    """End what `start` started, with everything in its process group, and say how it ended."""
    process = _running.pop(request["pid"])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, request["signal"])
    try:
        process.wait(timeout=request["timeout_s"])
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return {"exit_code": process.returncode}


def alive(request: Message) -> Message:
    """Tell whether what `start` started still runs."""
    return {"alive": _running[request["pid"]].poll() is None}


def read(request: Message) -> Message:
    """The content of a file."""
    return {"data": text(Path(request["path"]).read_bytes())}


def write(request: Message) -> Message:
    """Write a file, its folders included."""
    path = Path(request["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(request["data"]))
    path.chmod(request["mode"])
    return {}


def uptime(request: Message) -> Message:
    """The guest's clock."""
    return {"uptime_s": float(Path("/proc/uptime").read_text().split()[0])}


_running: dict[int, subprocess.Popen[bytes]] = {}
OPERATIONS: dict[str, Callable[[Message], Message]] = {
    command.__name__: command for command in (run, start, stop, alive, read, write, uptime)
}


def exactly(stream: BinaryIO, size: int) -> bytes:
    """Read that many bytes; the end of the stream ends the agent."""
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            sys.exit("the host has gone")
        data += more
    return data


def serve(stream: BinaryIO) -> None:
    """Answer requests for ever."""
    while True:
        request = json.loads(exactly(stream, int.from_bytes(exactly(stream, 4), "big")))
        try:
            answer = OPERATIONS[request["operation"]](request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the host has to know
            answer = {"error": f"{type(error).__name__}: {error}"}
        body = json.dumps({**answer, "number": request["number"]}).encode()
        rest = memoryview(len(body).to_bytes(4, "big") + body)
        while rest:  # the port takes at most 32 KiB at once
            rest = rest[stream.write(rest) :]


if __name__ == "__main__":
    with port().open("r+b", buffering=0) as channel:
        serve(channel)

"""The root helper: a small process that keeps root's rights for the few requests of `Request`, and does nothing else.

It is forked before the run reads anything from the network, and never reads from the network itself. When it is forked,
it gets the paths of the files that -o names, and of the run that root keeps; a request names one of these files by its
number only. It ends when the run ends. If it still remembers a lease then, the run was killed while it had the lease,
and the helper releases it.

A request is one message on a socket pair: the number of the request, then fields of fixed size. A message that is too
long, too short, of an unknown kind, or that makes no sense is ignored. The answer to a request for a file is a zero
byte (with the descriptor, if a file was opened), or the reason why the request failed.
"""

import contextlib
import enum
import gc
import ipaddress
import os
import signal
import socket
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from netpreflight.agent.output_files import FileOwner, OutputFile, write_to
from netpreflight.agent.run_folder import remove_old
from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.net.dhcp_release import BROADCAST_MAC, release_frame

MOST_LEASES = 8
LONGEST_REASON = 300
RELEASE_AGAIN_S = 1.0
"""A RELEASE is not acknowledged, so it is sent twice."""
_SYS = Path("/sys/class/net")
_ETHERNET = "1"  # ARPHRD_ETHER
_DONE = b"\0"
_MADE_UP_CLIENT = "00:00:00:00:00:00"


class Request(enum.IntEnum):
    """Everything that a run can ask of the helper."""

    KEEP_LEASE = 1
    """Remember this lease, and release it if the run ends without FORGET_LEASES. It is the lease of the made-up client,
    of the device that the run plays (`--as device`), or of a watch."""
    FORGET_LEASES = 2
    """Forget all leases: the run has released them itself."""
    OPEN_FILE = 3
    """Open one of the files of -o, or the file of the kept run, for writing."""
    FINISH_FILE = 4
    """Move the opened file to its place if it is complete, else leave what was there. After a kept run was written, the
    oldest kept runs are removed."""


_FIELDS = {
    Request.KEEP_LEASE: struct.Struct("!BI4s4s6s6s"),
    Request.FORGET_LEASES: struct.Struct("!B"),
    Request.OPEN_FILE: struct.Struct("!BB?"),
    Request.FINISH_FILE: struct.Struct("!BB?"),
}
"""The message of each request: the number of the request, then

* KEEP_LEASE: interface index, address, server, the server's MAC address, the client's (zeros: the made-up client)
* FORGET_LEASES: nothing
* OPEN_FILE: the file's number, and whether the file is private
* FINISH_FILE: the file's number, and whether the file is complete
"""
LONGEST_REQUEST = max(fields.size for fields in _FIELDS.values())


class Lease(NamedTuple):
    """A lease, with what a RELEASE of it needs."""

    interface: int
    address: str
    server: str
    server_mac: str
    client_mac: str | None = None
    """The MAC address of the client; None: that of the made-up client, which a run derives from this interface's."""


class Helper:
    """The run's side of the helper."""

    def __init__(self, sock: socket.socket, files: Sequence[Path]) -> None:
        self._socket = sock
        self._files = list(files)

    def remember(
        self, interface: str, address: str, server: str, server_mac: str | None, client_mac: str | None = None
    ) -> None:
        """Make the helper release this lease if this process ends before `forget()`.

        Call it before the lease is requested.

        Args:
            interface: the name of the interface.
            address: the leased address.
            server: the server's address.
            server_mac: the server's MAC address; None: not known, so the RELEASE is broadcast.
            client_mac: the MAC address of the client that has the lease; None: that of the made-up client, which a run
                derives from the interface's own.
        """
        with contextlib.suppress(OSError):  # if the helper has ended, the run still releases the lease itself
            self.remember_at(
                socket.if_nametoindex(interface), address, server, server_mac, client_mac or _MADE_UP_CLIENT
            )

    def remember_at(self, interface: int, address: str, server: str, server_mac: str | None, client_mac: str) -> None:
        """The same as `remember`, with the index of the interface; a `client_mac` of zeros is the made-up client."""
        with contextlib.suppress(OSError, ValueError):
            self._send(
                Request.KEEP_LEASE,
                interface,
                ipaddress.IPv4Address(address).packed,
                ipaddress.IPv4Address(server).packed,
                *(bytes.fromhex(mac.replace(":", "")) for mac in (server_mac or BROADCAST_MAC, client_mac)),
            )

    def forget(self) -> None:
        """Make the helper forget all leases: they have been released."""
        with contextlib.suppress(OSError):
            self._send(Request.FORGET_LEASES)

    def for_device(self, interface: str, mac: str) -> "DeviceLeases":
        """A lease guard for `--as device`: the helper releases the device's leases through this laptop interface."""
        return DeviceLeases(self, socket.if_nametoindex(interface), mac)

    def write(self, path: Path, text: str | Iterable[str], *, private: bool) -> None:
        """Let the helper write one of its files, completely or not at all, as `output_files.write` does.

        Raises:
            OSError: the file cannot be written; an existing file stays as it was.
        """
        number = self._files.index(path)
        (handle,) = self._answer(Request.OPEN_FILE, number, private)
        complete = False
        try:
            write_to(handle, text)
            complete = True
        finally:
            os.close(handle)
            self._answer(Request.FINISH_FILE, number, complete)

    def _send(self, request: Request, *fields: object) -> None:
        self._socket.send(_FIELDS[request].pack(request, *fields))

    def _answer(self, request: Request, *fields: object) -> list[int]:
        """Send a request, and wait for its answer; returns the file descriptor that came with the answer, if any.

        Raises:
            OSError: the helper has refused, or has ended.
        """
        self._send(request, *fields)
        reason, handles, _, _ = socket.recv_fds(self._socket, LONGEST_REASON, 1, socket.MSG_CMSG_CLOEXEC)
        if not reason:
            raise OSError("the root helper has ended")
        if reason != _DONE:
            raise OSError(reason.decode(errors="replace"))
        return list(handles)


class DeviceLeases(NamedTuple):
    """Makes the helper release the leases of the device that a run plays (the `LeaseGuard` of the DHCP probe).

    The device's interface may be in a namespace of its own, so the RELEASE is sent through the laptop's interface.
    """

    helper: Helper
    interface: int
    """The index of the laptop's interface."""
    mac: str

    def remember(self, _: str, address: str, server: str, server_mac: str | None) -> None:
        """Make the helper release this lease if this process ends before `forget()`."""
        self.helper.remember_at(self.interface, address, server, server_mac, self.mac)

    def forget(self) -> None:
        """Make the helper forget all leases: they have been released."""
        self.helper.forget()


def start(files: Sequence[Path], owner: FileOwner | None, kept: Path | None = None) -> Helper:
    """Fork the helper.

    Args:
        files: the files that -o names.
        owner: the user to whom the files will belong.
        kept: the file of the kept run, if root itself started the run.

    Raises:
        OSError: the system has no process or socket left.
    """
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    files = [*files, kept] if kept else files
    if os.fork() == 0:
        ours.close()
        _run(its, files, owner, kept)
    its.close()
    return Helper(ours, files)


def _run(sock: socket.socket, files: Sequence[Path], owner: FileOwner | None, kept: Path | None) -> NoReturn:
    """Be the helper process: serve until the run ends, then clean up. Never returns to the code that forked it."""
    status = 1
    try:
        gc.freeze()  # so that the memory stays shared with the run
        gc.disable()
        os.setsid()  # out of reach of Ctrl-C and of signals to the run's process group
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(ignored, signal.SIG_IGN)
        server = Server(sock, files, owner, kept)
        try:
            server.serve()
        finally:
            for number in range(3):  # so that a reader of the run's output need not wait for this process to end
                with contextlib.suppress(OSError):
                    os.close(number)
            server.clean_up()
        status = 0
    finally:
        os._exit(status)


class Server:
    """The helper's side: serves the run's requests, and holds its leases and open files."""

    def __init__(
        self, sock: socket.socket, files: Sequence[Path], owner: FileOwner | None, kept: Path | None = None
    ) -> None:
        self._socket = sock
        self._files = tuple(files)
        self._owner = owner
        self._kept = kept
        self._open: dict[int, OutputFile] = {}
        self.leases: list[Lease] = []

    def serve(self) -> None:
        """Do what the run asks for, until the run has ended."""
        with contextlib.suppress(OSError):
            while message := self._socket.recv(LONGEST_REQUEST + 1):
                self._do(message)

    def _do(self, message: bytes) -> None:
        """Do what one message asks for; ignore it if it is not a valid request."""
        try:
            request = Request(message[0])
            _, *fields = _FIELDS[request].unpack(message)
        except (ValueError, struct.error):
            return
        match request:
            case Request.KEEP_LEASE:
                self._keep(*fields)
            case Request.FORGET_LEASES:
                self.leases.clear()
            case Request.OPEN_FILE:
                self._open_file(*fields)
            case Request.FINISH_FILE:
                self._finish_file(*fields)

    def _keep(self, interface: int, address: bytes, server: bytes, server_mac: bytes, client: bytes) -> None:
        """Remember a lease, if its addresses are ones that hosts can have."""
        is_group = (bool(server_mac[0] & 1) and server_mac != b"\xff" * 6) or bool(client[0] & 1)
        if is_group or not all(_is_host(ipaddress.IPv4Address(packed)) for packed in (address, server)):
            return
        client_mac = client.hex(":") if any(client) else None
        lease = Lease(interface, socket.inet_ntoa(address), socket.inet_ntoa(server), server_mac.hex(":"), client_mac)
        if lease not in self.leases and len(self.leases) < MOST_LEASES:
            self.leases.append(lease)

    def _open_file(self, number: int, private: bool) -> None:  # noqa: FBT001 - a field of the message
        """Open a file of -o or the kept run for writing, and send its descriptor to the run."""
        if number >= len(self._files):
            self._refuse("no such file")
            return
        self._discard(number)
        try:
            file = OutputFile(self._files[number], self._owner, private=private, gives_up=self._socket)
        except OSError as problem:
            self._refuse(problem.strerror or str(problem))
            return
        self._open[number] = file
        socket.send_fds(self._socket, [_DONE], [file.handle])

    def _finish_file(self, number: int, complete: bool) -> None:  # noqa: FBT001 - as above
        """Move an open file to its place if it is complete, else remove what was written of it."""
        file = self._open.pop(number, None)
        if file is None:
            self._refuse("it is not open")
            return
        try:
            (file.finish if complete else file.discard)()
        except OSError as problem:
            self._refuse(problem.strerror or str(problem))
            return
        if complete and self._files[number] == self._kept:
            with contextlib.suppress(OSError):
                remove_old(self._kept)
        self._socket.send(_DONE)

    def _refuse(self, reason: str) -> None:
        """Answer that a request for a file failed, and why."""
        self._socket.send(reason.encode(errors="replace")[:LONGEST_REASON])

    def _discard(self, number: int) -> None:
        """Remove what was written of an open file; without effect if it is not open."""
        with contextlib.suppress(KeyError, OSError):
            self._open.pop(number).discard()

    def clean_up(self) -> None:
        """Remove files that are not complete, and release the leases that the run has not released."""
        for number in list(self._open):
            self._discard(number)
        for attempt in range(2 if self.leases else 0):
            if attempt:
                CLOCK.hold_up(RELEASE_AGAIN_S)
            for lease in self.leases:
                with contextlib.suppress(OSError, ValueError):
                    _release(lease)


def _is_host(address: ipaddress.IPv4Address) -> bool:
    """Whether a host can have this address."""
    return not (address.is_unspecified or address.is_multicast or address.is_loopback or address.is_reserved)


def _release(lease: Lease) -> None:
    """Send a RELEASE for the client of a lease, in a frame from this laptop's MAC address.

    Nothing is sent if the lease is this laptop's own, or if the interface is not Ethernet or Wi-Fi.
    """
    name = socket.if_indextoname(lease.interface)
    if (_SYS / name / "type").read_text().strip() != _ETHERNET:
        return
    laptop_mac = (_SYS / name / "address").read_text().strip()
    if lease.client_mac == laptop_mac:  # this laptop keeps its own lease
        return
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((name, 0))
        sock.send(release_frame(laptop_mac, lease.address, lease.server, lease.server_mac, lease.client_mac))

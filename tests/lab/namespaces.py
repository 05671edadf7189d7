"""Network namespaces: make one, step into it, run things in it, and leave nothing behind.

Namespaces are named `np<pid>-<n>-<role>`, so labs of parallel test workers never meet, and what a killed worker left
behind can be told from what is in use.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
IFF_RUNNING = 0x40
NAME = re.compile(r"np(\d+)-\d+-[a-z0-9]+")
NETNS = Path("/run/netns")
ETC_NETNS = Path("/etc/netns")
POLL_S = 0.005
QUIET_SYSCTLS = {
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
    # Every ICMP error must be sent: one lost to the kernel's rate limit would look like a silent drop.
    "net/ipv4/icmp_ratelimit": "0",
}
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(RuntimeError):
    """The lab itself could not do what a scenario asked of it."""


def wait_until(ready: Callable[[], bool], what: str, deadline_s: float = 30.0, every_s: float = POLL_S) -> None:
    """Poll until `ready()`; raise LabError naming `what` when `deadline_s` seconds have passed."""
    end = time.monotonic() + deadline_s
    while not ready():
        if time.monotonic() > end:
            raise LabError(f"not within {deadline_s} s: {what}")
        time.sleep(every_s)


def stays(holds: Callable[[], bool], what: str, for_s: float) -> None:
    """Poll for `for_s` seconds; raise LabError naming `what` as soon as it does not hold."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        if not holds():
            raise LabError(f"not for {for_s} s: {what}")
        time.sleep(POLL_S)


def command(argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0) -> str:
    """Run a command that must succeed and return its stdout; on failure the error quotes its stderr."""
    done = subprocess.run(
        argv, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}\n{stdin or ''}")
    return done.stdout


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """One network namespace. Everything started in it dies with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.processes: list[subprocess.Popen[bytes]] = []
        self.devices: list[str] = []
        command(["ip", "netns", "add", name])
        for key, value in QUIET_SYSCTLS.items():
            self.sysctl(key, value)
        self.ip("link set lo up")

    @contextlib.contextmanager
    def entered(self) -> Generator[None]:
        """Put the calling thread into the namespace: sockets, devices and children made here belong to it."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            there = os.open(NETNS / self.name, os.O_RDONLY)
            try:
                _setns(there)
            finally:
                os.close(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)

    def sysctl(self, key: str, value: str) -> None:
        """Write one sysctl of the namespace; `key` is the path below /proc/sys."""
        with self.entered():
            Path("/proc/sys", key).write_text(value)

    def ip(self, *lines: str) -> None:
        """Run `ip` command lines in the namespace, in one process; the first failure stops and raises."""
        command(["ip", "-n", self.name, "-batch", "-"], stdin="\n".join(lines) + "\n")

    def nft(self, script: str) -> None:
        """Load an nftables script; a script that is not accepted raises."""
        with self.entered():
            command(["nft", "-f", "-"], stdin=script)

    def command(self, *argv: str) -> str:
        """Run a command that must succeed in the namespace (only its network differs) and return its stdout."""
        with self.entered():
            return command(argv)

    def spawn(self, argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a server in the foreground, its output in `log`. It dies with the thread that started it.

        Its stdin is a pipe that stays open, because some servers (openssl s_server) end at end of file.
        """
        with self.entered(), log.open("ab") as output:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *argv],
                stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def bound(self, proto: str, port: int, address: str | None = None) -> bool:
        """Tell whether a UDP or listening TCP socket of the namespace has this port (and address)."""
        want = f":{port:04X}"
        if address is not None:
            want = bytes(int(part) for part in reversed(address.split("."))).hex().upper() + want
        with self.entered():
            rows = [row.split() for row in Path("/proc/thread-self/net", proto).read_text().splitlines()[1:]]
        return any(row[1].endswith(want) and (proto == "udp" or row[3] == "0A") for row in rows)

    def running(self) -> bool:
        """Tell whether all devices carry frames; for a while after "up", the kernel silently drops what they send."""
        with self.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            flags = [
                struct.unpack_from("H", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("40s", device.encode())), 16)[0]
                for device in self.devices
            ]
        return all(flag & IFF_RUNNING for flag in flags)

    def transmitted(self, device: str) -> int:
        """Packets that a device has sent since it was made."""
        return self._counts(device)[9]

    def received(self, device: str) -> int:
        """Packets that a device has received since it was made."""
        return self._counts(device)[1]

    def _counts(self, device: str) -> list[int]:
        """The columns of /proc/net/dev for a device."""
        with self.entered():
            rows = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
        return {row.partition(":")[0].strip(): list(map(int, row.partition(":")[2].split())) for row in rows}[device]

    def delete(self) -> None:
        """Kill what runs in the namespace and remove it; repeating this is harmless."""
        for process in self.processes:
            kill(process)
        self.processes.clear()
        remove_namespace(self.name)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process now, wait for it and close its pipe."""
    process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()


def remove_namespace(name: str) -> None:
    """Remove a namespace, the processes left in it, and its files below /etc/netns."""
    if (NETNS / name).exists():
        pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
        for pid in pids.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    shutil.rmtree(ETC_NETNS / name, ignore_errors=True)


def sweep() -> None:
    """Remove the namespaces of labs whose test process no longer lives (it was killed before it could)."""
    for folder in (NETNS, ETC_NETNS):
        for entry in folder.iterdir() if folder.is_dir() else ():
            owner = NAME.fullmatch(entry.name)
            if owner and not Path("/proc", owner[1]).exists():
                remove_namespace(entry.name)


def connect(a: Namespace, a_device: str, b: Namespace, b_device: str) -> None:
    """Join two namespaces by a veth pair and switch both ends on; see `Namespace.running` for when they work."""
    command(
        ["ip", "link", "add", "name", a_device, "netns", a.name,
         "type", "veth", "peer", "name", b_device, "netns", b.name]
    )  # fmt: skip
    a.ip(f"link set {a_device} up")
    b.ip(f"link set {b_device} up")
    a.devices.append(a_device)
    b.devices.append(b_device)


class Laptop(Namespace):
    """The namespace that the tool runs in, with a resolv.conf and a DHCP client's state of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name)
        self.resolv_conf = ETC_NETNS / name / "resolv.conf"
        self.resolv_conf.parent.mkdir(parents=True)
        self.resolv_conf.touch()
        self.leases = folder / "dhclient"
        self.home = folder / "home"
        self._shadow = folder / "shadow"
        self.is_run: Callable[[Sequence[str]], bool] = lambda _: False
        """Which command lines are watched; and what begins that, and ends it."""
        self.watch: Callable[[], None] = lambda: None
        self.end_watch: Callable[[], None] = lambda: None
        self.shown: dict[Path, Path] = {}
        """Files in whose place the laptop sees others."""
        for made in (self.leases, self.home, self._shadow):
            made.mkdir()
        self.home.chmod(0o777)
        self._mounts = self._mount_script()

    def use_resolvers(self, *addresses: str) -> None:
        """Write the laptop's resolv.conf."""
        self.resolv_conf.write_text("".join(f"nameserver {address}\n" for address in addresses))

    def _mount_script(self) -> str:
        """Shell that hides the host's own network state and shows the lab's, in a private mount namespace."""
        lines = ["set -e", f"mkdir -p /var/lib/dhcp; mount --bind {self.leases} /var/lib/dhcp"]
        hosts = ("/run/NetworkManager", "/run/systemd/netif", "/run/systemd/resolve", "/run/dbus",
                 "/var/lib/NetworkManager", "/var/lib/dhcpcd", "/run/dhcpcd")  # fmt: skip
        lines += [f"mount -t tmpfs none {path}" for path in hosts if Path(path).is_dir()]
        return "; ".join(lines)

    def argv(self, argv: Sequence[str], user: int | None = None, readable: Sequence[Path] = ()) -> list[str]:
        """Full command line that runs `argv` on the laptop, as root or as the unprivileged `user` id.

        An unprivileged user has no groups, no capabilities and no way to gain any. `readable` lists folders that
        it must be able to read even below a closed one (a Python that is installed in /root).

        Where it is a run of the tool, what leaves the laptop is watched from now on.
        """
        if self.is_run(argv):
            self.watch()
        script, drop = self._mounts, []
        if user is not None:
            drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
                    "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--",
                    "env", f"XDG_DATA_HOME={self.home}/{user}"]  # fmt: skip
            script = f"{script}; {open_folders(readable, self._shadow)}".rstrip("; ")
        shown = [f"mount --bind {other} {path}" for path, other in self.shown.items()]
        script = "; ".join([script, *shown, 'exec "$@"'])
        return ["ip", "netns", "exec", self.name, "sh", "-c", script, "sh", *drop, *argv]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment without proxies and folders of the machine that runs the lab, plus `extra`."""
        own = {key: value for key, value in os.environ.items() if not key.lower().endswith(("_proxy", "xdg_data_home"))}
        return own | {"HOME": str(self.home)} | dict(extra or {})

    def run(
        self, *argv: str, user: int | None = None, env: Mapping[str, str] | None = None, timeout_s: float = 60.0,
        readable: Sequence[Path] = (),
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a command on the laptop; its exit code is the caller's to judge."""
        done = subprocess.run(
            self.argv(argv, user, readable), env=self.environment(env), stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", errors="surrogateescape", timeout=timeout_s, check=False,
        )  # fmt: skip
        if self.is_run(argv):
            self.end_watch()
        return done


def open_folders(folders: Sequence[Path], shadow: Path) -> str:
    """Shell that keeps `folders` readable for everybody although a folder above them is closed (mode 0700).

    In the private mount namespace, the closed folder is covered by an empty one that holds only `folders`.
    """
    closed: dict[Path, list[Path]] = {}
    for folder in folders:
        shut = [up for up in reversed(folder.parents) if not up.stat().st_mode & 1]
        if shut:
            closed.setdefault(shut[0], []).append(folder)
    script = ""
    for number, (top, inside) in enumerate(closed.items()):
        real = shadow / str(number)
        script += f"mkdir -p {real}; mount --bind {top} {real}; mount -t tmpfs -o mode=755 none {top}; "
        for folder in inside:
            script += f"mkdir -p {folder}; mount --bind {real / folder.relative_to(top)} {folder}; "
    return script

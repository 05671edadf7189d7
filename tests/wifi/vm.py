"""The virtual machine: Debian's own kernel under qemu's emulator, with the host's files, read-only, as its own.

The guest's root is the host's over 9p with a tmpfs on top: all that is installed here is there (the virtual environment
and this repository included), whatever the guest writes is gone at its end. `/dev/kvm` is not used: it exists on
machines where it does not work.

The guest's clock counts its instructions, a nanosecond each (qemu's `-icount shift=0`), which is more than any host
emulates in that time. So a slow or busy host makes the tests take longer, and nothing in the guest late: hostapd
answers within the 33 ms for which a station listens, however long that is here. When the guest waits, its clock goes
like the host's. Every deadline and duration is in the guest's seconds.
"""

import base64
import contextlib
import fcntl
import hashlib
import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.wifi.agent import PORT_NAME

REPOSITORY = Path(__file__).parents[2]
CACHE = Path(sys.prefix) / "wifi-lab"
PYTHON = str(Path(sys.base_prefix, "bin", "python3"))
BOOT_DEADLINE_S = 120.0
HOST_S, SPARE_S = 10.0, 60.0
"""For each second of a deadline in the guest the host waits so many seconds, and so many more: a busy host is slow."""
POLL_S = 0.05
_INSMOD = re.compile(r"insmod (.*?\.ko\S*)")  # a folder's name may have a space, and options may follow
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console")
KERNEL_PARTS = ("net", "crypto", "lib", "arch", "fs/9p", "fs/netfs", "fs/fscache", "fs/overlayfs", "drivers/virtio",
                "drivers/char", "drivers/net/*.ko", "drivers/net/wireless/*.ko", "fs/configfs", "drivers/usb/common",
                "drivers/usb/core", "drivers/usb/class", "drivers/usb/gadget")  # fmt: skip
"""What is unpacked of the kernel's modules: all of them are 400 MB."""

KERNEL_WORDS = "console=ttyS0 loglevel=4 panic=-1 net.ifnames=0 mitigations=off tsc=reliable no_timer_check"
"""Without `no_timer_check` it hangs as it boots on a busy machine, whose ticks come too late for that check."""

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
while read module; do insmod /modules/$module || echo "initrd: $module failed"; done </modules/order
mkdir -p /lower /upper /root
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /lower
mount -t tmpfs tmpfs /upper; mkdir /upper/data /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root
for folder in proc sys dev; do mount --move /$folder /root/$folder; done
cp /start /root/.wifi-lab-start
exec switch_root /root /bin/sh /.wifi-lab-start
"""
START = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
hostname wifi-lab
mkdir /host; mount --bind / /host
for folder in /run /tmp /var/log /var/lib/dhcp /var/lib/NetworkManager; do
    mkdir -p $folder; mount -t tmpfs -o mode=755 tmpfs $folder
done
chmod 1777 /tmp
mkdir -p /dev/pts /dev/shm /run/netns /run/lock /lib/modules
mount -t devpts devpts /dev/pts; mount -t tmpfs tmpfs /dev/shm; mount -t debugfs debugfs /sys/kernel/debug
for needed in {needed}; do  # what is mounted above may hide it
    [ -e "$needed" ] || {{ mkdir -p "$needed"; mount --bind "/host$needed" "$needed"; }}
done
umount /host; rmdir /host
mount --bind {modules} /lib/modules
rm -f /etc/resolv.conf; : >/etc/resolv.conf
for folder in {closed}; do chmod a+x "$folder"; done
ip link set lo up
cd {repository}
{python} -I -S {agent}
echo 'the agent has ended'
echo o >/proc/sysrq-trigger
while :; do sleep 1; done
"""


class VmError(RuntimeError):
    """The virtual machine could not do what was asked of it."""


def _output(*argv: str, cwd: Path | None = None, stdin: bytes | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, input=stdin, capture_output=True, timeout=300, check=False)
    if done.returncode:
        raise VmError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


# --- kernel and initrd, made once ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Image:
    """What the machine boots."""

    kernel: Path
    initrd: Path
    modules: Path


def _kernel_package() -> str:
    """`name=version` of the kernel package that this Debian's linux-image-amd64 stands for."""
    for line in _output("apt-cache", "depends", "linux-image-amd64").splitlines():
        if line.strip().startswith("Depends: linux-image-"):
            name = line.split()[-1]
            shown = _output("apt-cache", "show", "--no-all-versions", name).splitlines()
            version = next(row.split()[1] for row in shown if row.startswith("Version: "))
            return f"{name}={version}"
    raise VmError("apt knows no linux-image-amd64: the Wi-Fi lab needs Debian on amd64, and its package lists")


def _unpack_kernel(package: str, folder: Path) -> None:
    """Download the package and take the kernel and the modules that the lab may need out of it."""
    download = ("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package)
    try:
        _output(*download, cwd=folder)
    except VmError:
        _output("apt-get", "-q", "update")
        _output(*download, cwd=folder)
    (archive,) = folder.glob("*.deb")
    release = package.split("=", maxsplit=1)[0].removeprefix("linux-image-")
    top = f"./lib/modules/{release}"
    wanted = [f"./boot/vmlinuz-{release}", f"{top}/modules.*", *(f"{top}/kernel/{part}" for part in KERNEL_PARTS)]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as tar:
        untar = ["tar", "-x", "-C", str(folder), "--wildcards", *wanted]
        subprocess.run(untar, stdin=tar.stdout, check=False, stderr=subprocess.DEVNULL)
    archive.unlink()
    _output("depmod", "-b", str(folder), release)


def _make_initrd(folder: Path, release: str) -> None:
    """Busybox, the modules that the root needs, and the two scripts above."""
    tree = folder / "tree"
    for sub in ("bin", "proc", "sys", "dev", "modules"):
        (tree / sub).mkdir(parents=True)
    shutil.copy("/bin/busybox", tree / "bin")
    order: list[str] = []
    for module in BOOT_MODULES:
        listed = _output("modprobe", "-d", str(folder), "-S", release, "--show-depends", module)
        for line in listed.splitlines():
            if (found := _INSMOD.match(line)) and (path := Path(found[1])).name not in order:
                shutil.copy(path, tree / "modules")
                order.append(path.name)
    (tree / "modules" / "order").write_text("".join(f"{name}\n" for name in order))
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    (tree / "start").write_text(start_script(folder))
    files = "\n".join(str(path.relative_to(tree)) for path in [tree, *sorted(tree.rglob("*"))])
    with (folder / "initrd").open("wb") as initrd:
        subprocess.run(
            ["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree, input=files.encode(), stdout=initrd, check=True
        )
    shutil.rmtree(tree)


def start_script(folder: Path, *, repository: Path = REPOSITORY) -> str:
    """The guest's start script; folders on the way to Python and the repository are opened for ordinary users."""
    paths = [repository, Path(sys.base_prefix), Path(sys.prefix)]
    needed = dict.fromkeys([*(path.resolve() for path in paths), *paths])  # what a link leads to comes first
    closed = {up for path in needed for up in path.parents if not up.stat().st_mode & 1}

    def words(*all_of_them: Path) -> str:
        return shlex.join(map(str, all_of_them))

    return START.format(
        needed=words(*needed), modules=words(folder / "lib" / "modules"), closed=words(*sorted(closed)),
        repository=words(repository), python=words(Path(PYTHON)), agent=words(Path(__file__).with_name("agent.py")),
    )  # fmt: skip


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a lock between processes: test workers that start together."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare(cache: Path = CACHE) -> Image:
    """Return what to boot; made anew where Debian has a newer kernel, or this recipe has changed."""
    package = _kernel_package()
    recipe = hashlib.sha256(repr((package, KERNEL_PARTS, BOOT_MODULES, INIT, start_script(cache))).encode())
    release = package.split("=")[0].removeprefix("linux-image-")
    folder = cache / f"{release}-{recipe.hexdigest()[:12]}"
    with locked(cache / "lock"):
        if not (folder / "initrd").exists():
            for old in cache.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            folder.mkdir()
            _unpack_kernel(package, folder)
            _make_initrd(folder, release)
    return Image(folder / "boot" / f"vmlinuz-{release}", folder / "initrd", folder / "lib" / "modules")


# --- the running machine ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """A command that ran in the guest; `exit_code` is None where it was killed at its deadline."""

    argv: tuple[str, ...]
    exit_code: int | None
    output: bytes
    errors: bytes

    @property
    def stdout(self) -> str:
        """Its output as text."""
        return self.output.decode(errors="surrogateescape")

    @property
    def stderr(self) -> str:
        """Its error output as text."""
        return self.errors.decode(errors="surrogateescape")


@dataclass(frozen=True)
class Process:
    """A server that runs in the guest, its output in a file there."""

    guest: "Guest"
    pid: int
    argv: tuple[str, ...]
    log: str

    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.guest.ask("alive", pid=self.pid)["alive"])

    def says(self) -> str:
        """Its output so far."""
        return self.guest.read(self.log).decode(errors="surrogateescape")

    def wait_for(self, words: str, deadline_s: float = 20.0) -> None:
        """Wait until its output has these words; raise with that output if it ends before."""

        def there() -> bool:
            if words in self.says():
                return True
            if not self.alive():
                raise VmError(f"{' '.join(self.argv)} ended: {self.says()}")
            return False

        self.guest.wait_until(there, lambda: f"{words!r} from {' '.join(self.argv)}; it says {self.says()}", deadline_s)

    def stop(self, signal_: int = signal.SIGTERM) -> int:
        """End it, wait for it, and return its exit code."""
        return int(self.guest.ask("stop", pid=self.pid, signal=signal_, timeout_s=5)["exit_code"])


class Guest:
    """A booted machine: `with Guest(prepare()) as guest: guest.command("iw", "dev")`.

    Attributes:
        folder: on the host; `console.log` is the guest's console. It is kept where `logs` was given.
        boot_s: how long the machine took until its agent answered.
    """

    def __init__(self, image: Image, *, logs: Path | None = None, memory_mib: int = 1024) -> None:
        self._image, self._memory = image, memory_mib
        self._keep = logs is not None
        self._logs = logs
        self._channel: socket.socket | None = None
        self._qemu: subprocess.Popen[bytes] | None = None
        self._logs_made = 0
        self._asked = 0
        self.boot_s = 0.0

    def __enter__(self) -> Self:
        if self._logs is None:
            self.folder = Path(tempfile.mkdtemp(prefix="np-wifi-"))
        else:
            self.folder = self._logs
            self.folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        try:
            self._boot()
            self.ask("uptime", timeout_s=BOOT_DEADLINE_S)
        except BaseException:
            self._end()
            raise
        self.boot_s = time.monotonic() - begun
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        if error is not None:
            error.add_note(f"the guest's console ends with:\n{self.console()[-2000:]}")
        self._end()

    def _boot(self) -> None:
        # A path for a Unix socket has at most 107 bytes: it must not depend on where the logs go.
        meeting = Path(tempfile.mkdtemp(prefix="np-wifi-"))
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(meeting / "agent"))
                listener.listen(1)
                argv = [
                    "setpriv", "--pdeathsig", "KILL",
                    "qemu-system-x86_64", "-accel", "tcg,thread=single", "-icount", "shift=0",
                    "-cpu", "max,la57=off", "-m", str(self._memory),
                    "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-net", "none",
                    "-serial", f"file:{self.folder / 'console.log'}",
                    "-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd),
                    "-append", KERNEL_WORDS,
                    "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
                    "-device", "virtio-9p-pci,fsdev=root,mount_tag=host",
                    "-chardev", f"socket,id=agent,path={meeting / 'agent'}",
                    "-device", "virtio-serial-pci", "-device", f"virtserialport,chardev=agent,name={PORT_NAME}",
                ]  # fmt: skip
                with (self.folder / "qemu.log").open("wb") as log:
                    self._qemu = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                listener.settimeout(BOOT_DEADLINE_S)
                self._channel, _ = listener.accept()
        finally:
            shutil.rmtree(meeting)

    def _end(self) -> None:
        if self._channel:
            self._channel.close()
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def console(self) -> str:
        """What the kernel and the start scripts said."""
        log = self.folder / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def ask(self, operation: str, *, timeout_s: float = 10.0, **request: Any) -> dict[str, Any]:
        """Ask the agent for something, and return its answer; see agent.py."""
        assert self._channel
        self._asked += 1
        number, answer = self._asked, {"number": 0}
        body = json.dumps({"operation": operation, "timeout_s": timeout_s, "number": number, **request}).encode()
        self._channel.settimeout(timeout_s * HOST_S + SPARE_S)
        try:
            self._channel.sendall(len(body).to_bytes(4, "big") + body)
            while answer["number"] != number:  # the answer to an earlier request came after its deadline
                answer = json.loads(self._receive(int.from_bytes(self._receive(4), "big")))
        except OSError as error:
            says = f"{self.console()[-2000:]}{(self.folder / 'qemu.log').read_text(errors='replace')}"
            raise VmError(f"{operation} {request}: {error!r}; the console says:\n{says}") from error
        if "error" in answer:
            raise VmError(f"{operation} {request}: {answer['error']}")
        assert isinstance(answer, dict)
        return answer

    def _receive(self, size: int) -> bytes:
        assert self._channel
        data = bytearray()
        while len(data) < size:
            more = self._channel.recv(min(size - len(data), 1 << 20))
            if not more:
                raise ConnectionError("the virtual machine has ended")
            data += more
        return bytes(data)

    def uptime_s(self) -> float:
        """The guest's clock: seconds since it booted. Durations are differences of this, never of the host's clock."""
        return float(self.ask("uptime")["uptime_s"])

    def wait_until(self, ready: Callable[[], bool], what: Callable[[], str] | str, deadline_s: float = 20.0) -> None:
        """Poll until `ready()`; raise VmError that says `what` when `deadline_s` seconds of the guest have passed."""
        end = self.uptime_s() + deadline_s
        while not ready():
            if self.uptime_s() > end:
                raise VmError(f"not within {deadline_s} s: {what if isinstance(what, str) else what()}")
            time.sleep(POLL_S)

    def run(
        self, *argv: str, stdin: bytes = b"", timeout_s: float = 30.0, env: Mapping[str, str] | None = None,
        cwd: Path = REPOSITORY,
    ) -> Done:  # fmt: skip
        """Run a command in the guest, as root; its exit code is the caller's to judge."""
        answer = self.ask(
            "run", argv=argv, stdin=base64.b64encode(stdin).decode(), timeout_s=timeout_s, env=dict(env or {}),
            cwd=str(cwd),
        )  # fmt: skip
        output, errors = (base64.b64decode(answer[key]) for key in ("stdout", "stderr"))
        return Done(argv, answer["exit_code"], output, errors)

    def command(self, *argv: str, stdin: bytes = b"", timeout_s: float = 30.0) -> str:
        """Run a command that must succeed, and return its stdout."""
        done = self.run(*argv, stdin=stdin, timeout_s=timeout_s)
        if done.exit_code != 0:
            how = "killed at its deadline" if done.exit_code is None else f"exit {done.exit_code}"
            raise VmError(f"{' '.join(argv)}: {how}: {done.stderr.strip()} {done.stdout[-2000:]}")
        return done.stdout

    def shell(self, script: str, *, timeout_s: float = 30.0) -> str:
        """Run a shell script that must succeed in every command, and return its stdout."""
        return self.command("sh", "-euc", script, timeout_s=timeout_s)

    def start(self, *argv: str, env: Mapping[str, str] | None = None) -> Process:
        """Start a server in the background."""
        self._logs_made += 1
        log = f"/tmp/{self._logs_made:03d}-{Path(argv[0]).name}.log"
        answer = self.ask("start", argv=argv, log=log, env=dict(env or {}), cwd=str(REPOSITORY))
        return Process(self, answer["pid"], argv, log)

    def read(self, path: str) -> bytes:
        """The content of a file in the guest."""
        return base64.b64decode(self.ask("read", path=path, timeout_s=60)["data"])

    def write(self, path: str, data: bytes | str, mode: int = 0o644) -> None:
        """Write a file in the guest, its folders included."""
        content = data.encode() if isinstance(data, str) else data
        self.ask("write", path=path, data=base64.b64encode(content).decode(), mode=mode)

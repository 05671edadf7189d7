"""Root's rights: what the root helper does and refuses, and what a run gives up (the lab looks at whole runs)."""

import contextlib
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent.output_files import FileOwner
from netpreflight.agent.privilege import drop
from netpreflight.agent.privilege import helper as root_helper
from netpreflight.agent.privilege.helper import MOST_LEASES, Helper, Lease, Request
from netpreflight.probes.net import packets
from netpreflight.probes.net.dhcp_release import device_mac, release_frame
from tests.lab.air import write_air
from tests.lab.namespaces import wait_until
from tests.unit.rooted import TOOL, run_root, served

as_root = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root on Linux has something to give up"
)
LAPTOP = "02:00:00:00:77:10"
NET_RAW_ADMIN_BIND = 0x3400
LOOPBACK = socket.if_nametoindex("lo")
USER = FileOwner(61_001, 61_002)


# --- the frame that the helper sends


@pytest.mark.parametrize("server_mac", ["02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"])
def test_the_release_is_what_scapy_would_make(server_mac: str) -> None:
    l2, inet, layer = packets.layers("l2"), packets.layers("inet"), packets.layers("dhcp")
    frame = release_frame(LAPTOP, "192.168.77.120", "192.168.77.1", server_mac)
    xid = l2.Ether(frame)[layer.BOOTP].xid
    bootp = layer.BOOTP(
        op=1, chaddr=bytes.fromhex(device_mac(LAPTOP).replace(":", "")), xid=xid, ciaddr="192.168.77.120"
    ) / layer.DHCP(options=[("message-type", "release"), ("server_id", "192.168.77.1"), "end"])
    expected = (
        l2.Ether(src=LAPTOP, dst=server_mac)
        / inet.IP(src="192.168.77.120", dst="192.168.77.1")
        / inet.UDP(sport=68, dport=67)
        / bytes(bootp).ljust(308, b"\0")
    )

    assert frame == bytes(expected)


def test_each_release_has_a_transaction_id_of_its_own() -> None:
    drawn = {release_frame(LAPTOP, "10.0.0.2", "10.0.0.1", LAPTOP)[46:50] for _ in range(20)}

    assert len(drawn) == 20


# --- the requests


def lease_request(
    interface: int = LOOPBACK,
    address: str = "10.0.0.9",
    server: str = "10.0.0.1",
    mac: str = "020000000001",
    client: str = "000000000000",
) -> bytes:
    packed = socket.inet_aton(address), socket.inet_aton(server), bytes.fromhex(mac), bytes.fromhex(client)
    return struct.pack("!BI4s4s6s6s", 1, interface, *packed)


def is_answered(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def opens(number: int) -> bytes:
    return bytes([3, number, 1])


def finishes(number: int, *, complete: bool) -> bytes:
    return bytes([4, number, complete])


def test_the_list_of_requests_is_closed() -> None:
    """A new request has to be attacked here, too."""
    assert {request.name: request.value for request in Request} == {
        "KEEP_LEASE": 1,
        "FORGET_LEASES": 2,
        "OPEN_FILE": 3,
        "FINISH_FILE": 4,
    }


def test_what_is_no_request_is_ignored_and_the_next_one_is_done(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    junk = [
        *(bytes([number]) for number in range(256) if number != Request.FORGET_LEASES),
        lease_request()[:-1],
        lease_request() + b"\0",
        lease_request() * 2,
        b"\1" * 60_000,
        b"\2\0",
        b"\3\0",
        b"\3\0\1/etc/passwd",
        b"\4\0",
        b'{"request": "write", "path": "/etc/passwd"}',
        b"../../etc/passwd",
    ]
    with served(file) as serving:
        serving.client.remember("lo", "10.0.0.9", "10.0.0.1", "02:00:00:00:00:01")
        for message in junk:
            serving.run.send(message)
        serving.client.write(file, "text", private=True)
        assert not is_answered(serving.run)

    assert serving.server.leases == [Lease(LOOPBACK, "10.0.0.9", "10.0.0.1", "02:00:00:00:00:01")]
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert file.read_text() == "text"


@pytest.mark.fuzz
def test_random_messages_do_no_more_than_the_list_says(tmp_path: Path) -> None:
    """The files of -o are the only ones that are touched, and the helper lives on."""
    drawn = random.Random(16)
    named, other = tmp_path / "run.json", tmp_path / "other"
    other.write_text("as it was")
    with served(named) as serving:
        for _ in range(20_000):
            size = drawn.choice([1, 2, 3, 4, 24, 25, 26, 64])
            serving.run.send(bytes([drawn.choice([*range(6), 255])]) + drawn.randbytes(size - 1))
            while is_answered(serving.run):
                for handle in socket.recv_fds(serving.run, 400, 4)[1]:
                    assert os.fstat(handle).st_ino != other.stat().st_ino
                    os.close(handle)
        assert len(serving.server.leases) <= MOST_LEASES
    serving.server.leases.clear()
    serving.server.clean_up()

    assert {path.name for path in tmp_path.iterdir()} <= {"run.json", "other"}
    assert other.read_text() == "as it was"


@pytest.mark.parametrize(
    "request_",
    [
        lease_request(address="0.0.0.0"),
        lease_request(address="224.0.0.1"),
        lease_request(address="127.0.0.1"),
        lease_request(address="255.255.255.255"),
        lease_request(address="240.0.0.1"),
        lease_request(server="0.0.0.0"),
        lease_request(server="239.1.1.1"),
        lease_request(server="127.0.0.1"),
        lease_request(server="255.255.255.255"),
        lease_request(mac="01005e000001"),
        lease_request(mac="333300000001"),
        lease_request(client="010000000001"),
        lease_request(client="ffffffffffff"),
    ],
)
def test_what_can_be_no_lease_is_not_remembered(request_: bytes) -> None:
    with served() as serving:
        serving.run.send(request_)
        serving.run.send(lease_request(address="10.0.0.77"))

    assert [lease.address for lease in serving.server.leases] == ["10.0.0.77"]


def test_leases_are_remembered_once_and_not_without_limit_and_forgotten() -> None:
    with served() as serving:
        for number in range(50):
            for _ in range(2):
                serving.client.remember("lo", f"10.0.0.{number + 2}", "10.0.0.1", None)
    assert [lease.address for lease in serving.server.leases] == [f"10.0.0.{n + 2}" for n in range(MOST_LEASES)]
    with served() as serving:
        serving.client.remember("lo", "10.0.0.2", "10.0.0.1", None)
        serving.client.forget()
    assert serving.server.leases == []


@pytest.mark.parametrize(("interface", "exists"), [(LOOPBACK, True), (2**31 - 1, False), (2**32 - 1, False)])
def test_nothing_is_sent_but_by_ethernet(interface: int, *, exists: bool) -> None:
    """The loopback is none; and an interface that is gone is no error."""
    with pytest.raises((OSError, OverflowError)) if not exists else contextlib.nullcontext():
        root_helper._release(Lease(interface, "10.0.0.9", "10.0.0.1", "02:00:00:00:00:01"))  # noqa: SLF001 - what is attacked


# --- files


def test_a_file_that_minus_o_does_not_name_is_out_of_reach(tmp_path: Path) -> None:
    named, other = tmp_path / "run.json", tmp_path / "other.json"
    with served(named) as serving:
        with pytest.raises(ValueError, match=r"other\.json"):
            serving.client.write(other, "text", private=False)
        for number in (1, 2, 255):
            serving.run.send(opens(number))
            assert socket.recv_fds(serving.run, 400, 1)[:2] == (b"no such file", [])
            serving.run.send(finishes(number, complete=True))
            assert serving.run.recv(400) == b"it is not open"

    assert list(tmp_path.iterdir()) == []


def test_a_file_is_in_its_place_only_when_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text("old")
    with served(file) as serving:
        for _ in range(2):  # asked for again: the first is removed
            serving.run.send(opens(0))
            message, (handle,), _, _ = socket.recv_fds(serving.run, 400, 1)
            assert message == b"\0"
            os.write(handle, b"half")
            os.close(handle)
        assert file.read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 2
        serving.run.send(finishes(0, complete=False))
        assert serving.run.recv(400) == b"\0"
        assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
        serving.run.send(opens(0))
        _, (handle,), _, _ = socket.recv_fds(serving.run, 400, 1)
        os.close(handle)
    serving.server.clean_up()

    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert file.read_text() == "old"


def test_a_text_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    with served(file) as serving:
        with pytest.raises(UnicodeEncodeError):
            serving.client.write(file, "\ud800", private=False)
        assert list(tmp_path.iterdir()) == []
        serving.client.write(file, "text", private=False)

    assert file.read_text() == "text"


def test_the_reason_is_told(tmp_path: Path) -> None:
    with served(tmp_path / "none" / "run.json", tmp_path) as serving:
        for path, reason in ((tmp_path / "none" / "run.json", "No such file"), (tmp_path, "Is a directory")):
            with pytest.raises(OSError, match=reason):
                serving.client.write(path, "text", private=False)


def test_a_helper_that_has_ended_costs_the_file_and_not_the_run(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    its.close()
    with ours:
        client = Helper(ours, [file])
        client.remember("lo", "10.0.0.2", "10.0.0.1", None)
        client.forget()
        with pytest.raises(OSError, match=r"pipe|ended|reset"):
            client.write(file, "text", private=False)


# --- whole runs, which send nothing: the air alone, on a machine that may have no radio


def privileges(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 3, ran  # the air was not looked at
    found: dict[str, Any] = json.loads(ran.stdout)["scope"]["privileges"]
    return found


@pytest.mark.more
@pytest.mark.root
@as_root
def test_the_files_of_a_run_belong_to_who_started_it(tmp_path: Path) -> None:
    """In a folder that the run itself cannot even enter."""
    tmp_path.chmod(0o700)
    own, sudo = tmp_path / "own.json", tmp_path / "sudo.json"

    assert privileges(run_root("--json", "-o", str(own)))["given_up"] is True
    run_root("--json", "-o", "sudo.json", env={"SUDO_UID": "61001", "SUDO_GID": "61002"}, folder=tmp_path)

    assert (own.stat().st_uid, own.stat().st_gid, stat.S_IMODE(own.stat().st_mode)) == (0, 0, 0o600)
    assert (sudo.stat().st_uid, sudo.stat().st_gid, stat.S_IMODE(sudo.stat().st_mode)) == (*USER, 0o600)
    assert json.loads(own.read_text())["scope"]["privileges"]["user"] == "root"


@pytest.mark.more
@pytest.mark.root
@as_root
def test_a_planted_link_is_not_followed_by_root(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim.json", tmp_path / "run.json"
    victim.write_text("old")
    link.symlink_to(victim)
    os.chown(link, 61_000, 61_000, follow_symlinks=False)

    ran = run_root("-o", str(link))

    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert victim.read_text() == "old"
    os.chown(link, 61_001, 61_001, follow_symlinks=False)
    assert run_root("-o", str(link), env={"SUDO_UID": "61001"}).returncode == 3
    assert json.loads(victim.read_text())["verdict"] == "undetermined"
    assert link.is_symlink()


@pytest.mark.more
@pytest.mark.root
@as_root
def test_root_writes_to_pipes_and_to_standard_output(tmp_path: Path) -> None:
    pipe, out = tmp_path / "pipe.json", tmp_path / "out.txt"
    os.mkfifo(pipe, 0o600)
    out.symlink_to("/dev/stdout")
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        ran = run_root("-o", str(pipe), "-o", str(out))
        read = reader.communicate(timeout=60)[0]

    assert json.loads(read)["verdict"] == "undetermined"
    assert ran.stderr == ""
    assert ran.stdout.count("What this run speaks for") == 1, "the file"
    assert ran.stdout.rstrip().splitlines()[-1].startswith("Kept: "), "the answer stands last"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.more
@pytest.mark.root
@as_root
def test_what_only_root_may_read_is_read(tmp_path: Path) -> None:
    """A product's file before root's rights are given up, and a capture that is opened before, and read after."""
    tmp_path.chmod(0o700)
    product, air = tmp_path / "product.toml", tmp_path / "air.pcap"
    product.write_text('title = "A product"\nbased_on = "argon"\n')
    arguments = write_air(air)
    for file in (product, air):
        file.chmod(0o600)
    report = json.loads(run_root("--json", "--device", str(product), *arguments).stdout)

    assert report["device"]["name"] == "product"
    assert report["observations"]["wifi"]["source"] == "capture"
    assert report["scope"]["privileges"]["given_up"] is True


@pytest.mark.more
@pytest.mark.root
@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv makes such a root")
@pytest.mark.parametrize(
    ("takes", "kept"),
    [
        (["--no-new-privs"], []),
        (["--bounding-set=-setuid,-setgid"], ["root's groups", "root's group", "root's user id"]),
        pytest.param(["--bounding-set=-setpcap"], ["what its children may gain"], marks=pytest.mark.more),
        (["--bounding-set=-all"], ["what its children may gain", "root's groups", "root's group", "root's user id"]),
    ],
)
def test_what_a_container_keeps_is_told(takes: list[str], kept: list[str], tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    ran = run_root("--json", "-o", str(file), before=("setpriv", *takes))

    assert privileges(ran) == {"user": "root", "raw_sockets": "all" not in takes[0], "given_up": True, "kept": kept}
    assert bool(kept) == any("could not give up" in note for note in json.loads(ran.stdout)["notes"])
    assert file.stat().st_uid == 0


@pytest.mark.more
@pytest.mark.root
@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv makes such a root")
@pytest.mark.parametrize(
    ("mode", "closed", "takes", "kept"),
    [
        (0o700, "above", [], []),
        (0o700, "above", ["--bounding-set=-sys_admin"], ["reading all files"]),
        pytest.param(0o700, "itself", [], ["reading all files"], marks=pytest.mark.more),
        (0o700, "above", ["--bounding-set=-sys_admin,-dac_read_search"], ["root's user id"]),
        pytest.param(0o755, "above", ["--bounding-set=-sys_admin"], [], marks=pytest.mark.more),
    ],
)
def test_pythons_modules_stay_readable(
    mode: int, closed: str, takes: list[str], kept: list[str], tmp_path: Path
) -> None:
    top = tmp_path / "top"
    modules = top / "modules" if closed == "above" else top
    modules.mkdir(parents=True)
    top.chmod(mode)
    start = (sys.executable, "-m", "netpreflight.agent")  # the installed command ignores PYTHONPATH
    before = ("setpriv", *takes) if takes else ()
    ran = run_root("--json", env={"PYTHONPATH": str(modules)}, before=before, start=start)

    if mode != 0o755 or all(up.stat().st_mode & 1 for up in Path(sys.base_prefix).resolve().parents):
        assert privileges(ran) == {"user": "root", "raw_sockets": True, "given_up": True, "kept": kept}


def test_the_manual_page_of_prctl_has_these_numbers() -> None:
    header = Path("/usr/include/linux/prctl.h")
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    numbers = dict(re.findall(r"#\s*define (PR_\w+)\s+(\d+)", header.read_text()))
    ours = {name[1:]: value for name, value in vars(drop).items() if name.startswith("_PR_")}

    assert ours == {name: int(numbers[name]) for name in ours}


@pytest.mark.more
@pytest.mark.root
@as_root
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_pipe_that_nobody_reads_holds_up_neither_ctrl_c_nor_the_helper(
    tmp_path: Path, number: signal.Signals
) -> None:
    pipe, other = tmp_path / "run.json", tmp_path / "run.txt"
    os.mkfifo(pipe)
    argv = [TOOL, "check", "--interface", "lo", "--only", "wifi", "-o", str(other), "-o", str(pipe)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(other.exists, "the file before the pipe", 60)
            (helper,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            process.send_signal(number)
            process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode in {130, -signal.SIGKILL}
    wait_until(lambda: not Path(f"/proc/{helper}").exists(), "the end of the helper", 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json", "run.txt"]

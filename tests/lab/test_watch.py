"""`netpreflight watch` on real networks: what breaks is told with its layer, between two moments that hold it.

`NETPREFLIGHT_KILLS=100 .venv/bin/pytest tests/lab/test_watch.py -k killed` kills 100 watches instead of three.
`NETPREFLIGHT_QUIET_S=3600 .venv/bin/pytest tests/lab/test_watch.py -k quiet_stretch` makes the quiet stretch an hour.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from netpreflight.agent.watch import records
from netpreflight.agent.watch.reading import read
from netpreflight.agent.watch.store import Store
from netpreflight.agent.watch.watched import Outage, Watch
from tests.lab.command import popen
from tests.lab.faults import DROPS_ACKS
from tests.lab.lab import LAPTOP, NOBODY, READABLE, Lab
from tests.lab.namespaces import wait_until
from tests.lab.promtool import complaints
from tests.lab.servers import GATEWAY, LAPTOP_MAC, Dhcp, dnsmasq_dhcp
from tests.unit.watching import BEGAN, PLAN

pytestmark = pytest.mark.lab

STEP_S = 1.0
SLACK_S = 6.0
"""Beyond a step of the schedule, where no packet tells when it was asked: the tries at what is asked before it, on a
machine with ten tests for each core. At such a load, 12 brackets were 0.03 s to 1.32 s wide."""
BROKEN_S = 6.0
HANDSHAKE = 3
"""What is sent to the cloud, beside the questions, to see that it is the cloud."""
PATIENCE_S = 60.0
"""Until an outage is told: two tries at a silent resolver alone take 9 s."""
QUIET_S = float(os.environ.get("NETPREFLIGHT_QUIET_S", "0"))
QUICK = f"""based_on = "argon"
title = "Lab argon"

[cloud]
keep_alive_s = {STEP_S}
hello_at_s = [0, 0.4, 0.8]
"""


OTHER_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECjT8C8811mbmlhC/HSiPSKV1toW6QSIF9bMV934mNlqe0+WdvEb2pnun3843WfBd3atDrDQbxTYlp"
    "cjnhhcXjg=="
)
"""Nobody's here: of `openssl ecparam -name prime256v1 -genkey`."""


def watching(lab: Lab, store: Path, *options: str, cloud: str = "") -> list[str]:
    """The command line of a watch for a device that is quick, and whose file says this of its cloud, too."""
    profile = Path(lab.folder, "quick.toml")
    profile.write_text(QUICK + cloud)
    tool = str(Path(sys.executable).with_name("netpreflight"))
    return [tool, "watch", "--device", str(profile), "--store", str(store), *options]


def logged(lab: Lab, what: str, server: str = "dhcp") -> int:
    """How many messages of a kind a DHCP server has got or sent."""
    return sum(f" DHCP{what}(" in line for line in lab.log(server))


class Watching:
    """A watch that runs on a lab's laptop.

    Args:
        lab: the lab.
        store: the name of its file.
        options: further words of its command line.
        cloud: what the device's file says of its cloud, too.
        has_begun: tells when it has; without that, when three questions have reached the cloud.
    """

    def __init__(
        self,
        lab: Lab,
        store: str = "watch.sqlite",
        *options: str,
        cloud: str = "",
        has_begun: Callable[[], bool] | None = None,
    ) -> None:
        self.lab, self.store = lab, Path(lab.folder, store)
        enough, leases = lab.arrived("udp", 5684) + HANDSHAKE + 3, self._leases()
        words = watching(lab, self.store, *options, cloud=cloud)
        self._says = Path(lab.folder, f"{self.store.name}.says")
        with self._says.open("w") as says:
            self.process = popen(lab, lab.laptop.argv(words), subprocess.DEVNULL, says.fileno())
        wait_until(has_begun or (lambda: lab.arrived("udp", 5684) >= enough), "the cloud is asked", PATIENCE_S)
        wait_until(lambda: self._leases() > leases, "it has a lease", PATIENCE_S)

    def _leases(self) -> int:
        """How many leases were granted or renewed so far: at the beginning a watch takes one, after all else."""
        return logged(self.lab, "ACK")

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; returns its exit code, and what it said."""
        self.process.terminate()
        return self.process.wait(30), self.says

    def kill(self) -> None:
        """Kill it, as nothing that it could prepare for."""
        self.process.kill()
        self.process.wait(10)

    @property
    def says(self) -> str:
        """What it has said so far."""
        return self._says.read_text()

    @property
    def seen(self) -> Watch:
        """What it has kept."""
        return read(self.store)


@contextmanager
def dropped(lab: Lab, proto: str | None, port: int | None) -> Iterator[Callable[[], int]]:
    """Packets to a port, or all, are dropped in the gateway."""
    fault = lab.gateway.drop(proto, port, hooks=("forward", "input"))
    yield fault.counter
    fault.remove()


@contextmanager
def without_router(lab: Lab) -> Iterator[Callable[[], int]]:
    """The router answers nothing, not even ARP."""
    silent = lab.gateway.drop(hooks=("forward", "input"))
    lab.gateway.where.nft(
        "table arp silent { counter hits { }\nchain c { type filter hook input priority 0; policy accept; "
        "counter name hits drop; }\n}"
    )
    yield silent.counter
    lab.gateway.where.command("nft", "delete", "table", "arp", "silent")
    silent.remove()


@contextmanager
def without_address(lab: Lab) -> Iterator[Callable[[], int]]:
    """The laptop loses its address, as when a lease ends."""
    lab.laptop.ip("addr flush dev eth0")
    yield lambda: int(LAPTOP not in lab.laptop.command("ip", "-4", "addr", "show", "dev", "eth0"))
    lab.laptop.ip(f"addr add {LAPTOP}/24 dev eth0", f"route add default via {GATEWAY}")


@contextmanager
def without_link(lab: Lab) -> Iterator[Callable[[], int]]:
    """The other end of the laptop's cable goes down."""
    lab.gateway.where.ip("link set lan0 down")
    yield lambda: int("NO-CARRIER" in lab.laptop.command("ip", "link", "show", "dev", "eth0"))
    lab.gateway.where.ip("link set lan0 up")


Fault = Callable[[Lab], AbstractContextManager[Callable[[], int]]]
FAULTS: dict[str, tuple[Fault, str, str]] = {
    "cloud": (lambda lab: dropped(lab, "udp", 5684), "cloud", "no-answer"),
    "resolver": (lambda lab: dropped(lab, "udp", 53), "dns", "resolver-silent"),
    "internet": (lambda lab: dropped(lab, "udp", None), "internet", "nothing-beyond-gateway"),
    "router": (without_router, "gateway", "gateway-silent"),
    "address": (without_address, "ip", "no-address"),
    "link": (without_link, "link", "link-lost"),
}
DROP_QUESTIONS = {"cloud", "resolver", "internet"}
"""Of these, what is dropped first is a question."""


def assert_brackets(outage: Outage, begin: float, end: float, fired_by: float | None = None) -> None:
    """The fault's begin and end lie in the outage's brackets, which are a step wide, and wider on a busy machine.

    Args:
        outage: what was kept.
        begin: when the fault was about to be made.
        end: when it was about to be removed.
        fired_by: when it had dropped a question, from which on a step is enough; None: it drops none.
    """
    assert outage.last_good is not None
    assert outage.first_good is not None
    last_good, first_bad, first_good = (
        moment.timestamp() for moment in (outage.last_good, outage.first_bad, outage.first_good)
    )
    assert last_good <= first_bad
    assert begin - STEP_S <= first_bad <= STEP_S + (begin + SLACK_S if fired_by is None else fired_by)
    assert end - 0.1 <= first_good <= end + STEP_S + SLACK_S


@pytest.mark.parametrize("what", FAULTS)
def test_what_breaks_is_told_with_its_layer_and_its_bracket(what: str) -> None:
    fault, layer, problem = FAULTS[what]
    with Lab() as lab:
        for key, value in (("base_reachable_time_ms", "500"), ("delay_first_probe_time", "1")):
            lab.laptop.sysctl(f"net/ipv4/neigh/eth0/{key}", value)
        running = Watching(lab)
        begin = time.time()
        with fault(lab) as fired:
            wait_until(lambda: fired() > 0, "the fault has fired", PATIENCE_S)
            fired_by = time.time()
            wait_until(lambda: bool(running.seen.outages), "an outage is kept", PATIENCE_S)
            if what == "cloud":
                wait_until(lambda: running.seen.outages[0].ladder is not None, "its ladder is kept", PATIENCE_S)
            wait_until(lambda: time.time() > begin + BROKEN_S, "it has lasted")
            end = time.time()
        wait_until(lambda: running.seen.outages[0].first_good is not None, "it is over", PATIENCE_S)
        code, said = running.end()
        seen = running.seen

    assert (code, "1 outage in" in said) == (1, True), said
    (outage,) = seen.outages
    assert (outage.layer, outage.problem) == (layer, problem)
    assert_brackets(outage, begin, end, fired_by if what in DROP_QUESTIONS else None)
    if what == "cloud":
        assert outage.first_bad.timestamp() <= fired_by, "it begins with the first question that was dropped"
        assert "it has signed with the key that devices carry" in outage.asked[-1].said
        assert outage.lost_behind in {1, 2}
        assert {asked.layer for asked in outage.asked if asked.good} >= {"link", "ip", "gateway", "dns"}


def test_a_quiet_stretch_has_no_outage_and_sends_what_the_device_sends() -> None:
    with Lab() as lab:
        metrics = Path(lab.folder, "watch.prom")
        running = Watching(lab, "watch.sqlite", "--metrics", str(metrics))
        wait_until(
            lambda: lab.arrived("udp", 5684) >= HANDSHAKE + 8, "more questions have reached the cloud", PATIENCE_S
        )
        begin = time.time()
        wait_until(lambda: time.time() >= begin + QUIET_S, "it was quiet for long", QUIET_S + PATIENCE_S)
        code, said = running.end()
        seen = running.seen
        hellos = lab.arrived("udp", 5684)
        told = metrics.read_text()

    assert (code, seen.outages, seen.unobserved) == (0, [], []), said
    assert "as often as Lab argon sends its keep-alive" in said
    (cloud,) = [row for row in seen.traffic if row.port == 5684]
    assert cloud.packets_out == hellos
    assert complaints(told) == ""
    assert f'netpreflight_watch_bytes_total{{direction="out"}} {sum(row.bytes_out for row in seen.traffic)}' in told
    assert 0 < cloud.packets_in <= hellos
    assert not [row for row in seen.traffic if row.host in {"coap.me", "californium.eclipseprojects.io"}]


def test_a_cloud_that_cannot_be_asked_is_no_quiet_one() -> None:
    """The laptop's own firewall lets nothing out to the cloud; its healthy twin is the quiet stretch above."""
    with Lab() as lab:
        lab.laptop.nft(
            "table ip mute { counter hits { }\nchain c { type filter hook output priority 0; policy accept; "
            "udp dport 5684 counter name hits drop; }\n}"
        )
        counters = ("nft", "list", "counters", "table", "ip", "mute")
        running = Watching(
            lab, has_begun=lambda: int(lab.laptop.command(*counters).split("packets ")[1].split()[0]) > 3
        )
        code, said = running.end()
        seen = running.seen

    assert (code, seen.outages) == (3, []), said
    assert [unasked.layer for unasked in seen.unasked] == ["cloud"]
    assert "the device's cloud could not be asked (it could not be sent: " in said


def test_what_has_not_the_clouds_key_is_an_outage() -> None:
    """Its healthy twin is the quiet stretch above."""
    with Lab() as lab:
        running = Watching(lab, cloud=f'server_key = "{OTHER_KEY}"\n')
        wait_until(lambda: bool(running.seen.outages), "an outage is kept", PATIENCE_S)
        code, said = running.end()
        seen = running.seen

    assert (code, "1 outage in" in said) == (1, True), said
    (outage,) = seen.outages
    assert (outage.layer, outage.problem, outage.last_good) == ("cloud", "not-the-cloud", None)


TIMES = ("dhcp-option=option:T1,3", "dhcp-option=option:T2,12")
"""T2 after three tries at a renewal: until then, an outage is told."""


def start_standby(lab: Lab) -> None:
    """Start another DHCP server, which knows of no lease and renews those of its pool."""
    address = f"{GATEWAY[:-1]}5"
    host = lab.add_host("standby", f"{address}/24")
    lab.add_destination("dhcp", address, 67)
    dhcp = Dhcp(lease="2m", extra=(*TIMES, "dhcp-authoritative"))
    lab.servers["standby"] = dnsmasq_dhcp(host, lab.folder / "standby", dhcp, (), "eth0")
    lab.servers["standby"].wait()


def test_a_lease_is_renewed_as_a_device_does_and_from_t2_on_by_any_server() -> None:
    """The servers' logs are the witness: one grants, renews at T1 and is gone; the other gets the address back."""
    with Lab(dhcp=Dhcp(lease="2m", extra=TIMES)) as lab:
        running = Watching(lab)
        wait_until(lambda: logged(lab, "ACK") >= 2, "a lease is granted and renewed", PATIENCE_S)
        assert (running.seen.outages, logged(lab, "NAK")) == ([], 0)
        released = logged(lab, "RELEASE")
        wait_until(
            lambda: len(lab.leases()) == 1, "the lease is in the server's file, which it writes anew", PATIENCE_S
        )
        assert {LAPTOP_MAC, LAPTOP}.isdisjoint(lab.leases()[0])
        begin = time.time()
        wall = lab.gateway.drop("udp", 67, hooks=("input",))
        wait_until(lambda: wall.counter() > 0, "a renewal is dropped", PATIENCE_S)
        fired_by, renewed = time.time(), logged(lab, "ACK")
        wait_until(lambda: bool(running.seen.outages), "an outage is kept", PATIENCE_S)
        assert (wall.counter() >= 3, logged(lab, "ACK")) == (True, renewed)
        start_standby(lab)
        wait_until(lambda: running.seen.outages[0].first_good is not None, "it is over", PATIENCE_S)
        wait_until(lambda: logged(lab, "ACK", "standby") >= 2, "it is renewed there", PATIENCE_S)
        assert [logged(lab, what, "standby") for what in ("DISCOVER", "RELEASE")] == [0, 0]
        assert (logged(lab, "ACK"), logged(lab, "RELEASE")) == (renewed, released)
        code, said = running.end()
        seen = running.seen
        wait_until(lambda: logged(lab, "RELEASE", "standby") == 2, "it is given back", PATIENCE_S)
        wait_until(lambda: Path(lab.folder, "standby", "leases").read_text() == "", "as above", PATIENCE_S)
        assert LAPTOP in lab.laptop.command("ip", "-4", "addr", "show", "dev", "eth0")

    assert (code, "1 outage in" in said) == (1, True), said
    (outage,) = seen.outages
    assert (outage.layer, outage.problem, outage.check) == ("dhcp", "renewal-silent", "dhcp.lease")
    assert outage.last_good is not None
    assert outage.last_good <= outage.first_bad
    assert begin - STEP_S <= outage.first_bad.timestamp() <= fired_by
    assert {row.port for row in seen.traffic if row.protocol == "udp"} >= {67}


def test_the_lease_of_a_watch_that_is_killed_is_given_back_by_the_root_helper() -> None:
    """Between REQUEST and ACK, and once it is held. The healthy twin, which keeps its lease, is the watch above."""
    with Lab() as lab:
        unanswered = lab.gateway.rule(DROPS_ACKS, ("output",))
        asking = Watching(lab, has_begun=lambda: unanswered.counter() > 0)
        asking.kill()
        wait_until(lambda: lab.leases() == [] and logged(lab, "RELEASE") >= 2, "it is given back", PATIENCE_S)
        unanswered.remove()
        holding = Watching(lab, asking.store.name)
        wait_until(lambda: len(lab.leases()) == 1, "the lease is in the server's file", PATIENCE_S)
        released = logged(lab, "RELEASE")
        holding.kill()
        wait_until(lambda: lab.leases() == [] and logged(lab, "RELEASE") >= released + 2, "as above", PATIENCE_S)


def test_a_store_in_use_is_refused_to_a_second_watch_and_copied_whole() -> None:
    with Lab() as lab:
        first = Watching(lab)
        with dropped(lab, "udp", 5684) as fired:
            wait_until(lambda: bool(first.seen.outages), "an outage is kept", PATIENCE_S)
            assert fired() > 0
            second = lab.laptop.run(*watching(lab, first.store))
            copies = [copied_by_cp(first.store), copied_by_sqlite(first.store)]
        first.end()

    assert second.returncode == 2
    assert "is in use by another watch (process " in second.stderr
    for copy in copies:
        (outage,) = copy.outages
        assert (outage.layer, outage.ended_by, copy.unobserved) == ("cloud", "going-on", [])


def copied_by_cp(store: Path) -> Watch:
    """A copy of the file and its log, as docs/watch.md says."""
    files = [str(path) for path in (store, store.with_name(f"{store.name}-wal"))]
    folder = store.with_name("copies")
    folder.mkdir()
    subprocess.run(["cp", *files, str(folder)], check=True)
    return read(folder / store.name)


def copied_by_sqlite(store: Path) -> Watch:
    """A copy by SQLite's backup, which `sqlite3 FILE '.backup COPY'` makes."""
    copy = store.with_name("backup.sqlite")
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)
    return read(copy)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """A file system without any room."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free)
    assert shutil.disk_usage(folder).free == 0
    yield
    filler.unlink()


def test_a_full_disk_costs_only_what_the_watch_says_is_lost() -> None:
    """What there is room for in the end is kept whole; where there never is, it says so as it ends."""
    with Lab() as lab, small_disk(Path(lab.folder, "disk")) as disk:
        watching = Watching(lab, "disk/watch.sqlite")
        with full(disk):
            begin = time.time()
            with dropped(lab, "udp", 5684) as fired:
                wait_until(lambda: "cannot be written" in watching.says, "it says that the disk is full", PATIENCE_S)
                assert fired() > 0
                end = time.time()
            assert watching.seen.outages == []
        wait_until(lambda: "is written again" in watching.says, "it is written again", PATIENCE_S)
        wait_until(lambda: watching.seen.outages[0].first_good is not None, "it is over", PATIENCE_S)
        with full(disk):
            with dropped(lab, "udp", 5684):
                wait_until(lambda: watching.says.count("cannot be written") == 2, "it is full again", PATIENCE_S)
            code, said = watching.end()
        seen = watching.seen

    assert (code, "2 outages in" in said) == (1, True), said
    assert "(database or disk is full): what is seen waits in memory" in said
    assert "does not have what was seen since then: it is lost" in said
    assert (len(seen.outages), seen.unobserved, seen.lost_rows) == (1, [], 0)
    assert_brackets(seen.outages[0], begin, end)


def test_on_a_full_disk_nothing_is_let_go_to_make_room(tmp_path: Path) -> None:
    """Not even where the log still has room, so that something could be deleted."""
    start = records.Moment("boot-1", 1000.0, 1000.0, BEGAN)

    def outage(number: int) -> records.Outage:
        return records.Outage(
            number=number, layer="cloud", problem="no-answer", symptoms=["cloud"], last_good=1075.0, first_bad=1100.0,
            last_bad=1120.0, ladder="x" * 500,
        )  # fmt: skip

    with small_disk(tmp_path / "disk") as disk, Store(disk / "w", PLAN, start, {}) as store:
        for number in range(1, 21):
            store.put([records.Sample(1100.0, "dns", good=True, ms=1.0), outage(number)], start)
        with closing(sqlite3.connect(disk / "w")) as other:
            other.execute("PRAGMA wal_checkpoint(RESTART)")
        before = read(disk / "w")
        with full(disk):
            store.put([outage(number) for number in range(21, 1021)], start)
            assert store.problem == "database or disk is full"
            during = read(disk / "w")
        store.write()
        after = read(disk / "w")

    assert (during.outages, during.hours) == (before.outages, before.hours)
    assert (len(before.outages), len(after.outages), after.lost_rows) == (20, 1020, 0)


def test_a_store_that_an_ordinary_user_may_not_write_to_is_refused() -> None:
    with Lab() as lab:
        lab.folder.chmod(0o755)
        folder = Path(lab.folder, "kept")
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
        store = folder / "watch.sqlite"
        words = watching(lab, store, "--duration", "0.1s")
        healthy = lab.laptop.run(*words, user=NOBODY, readable=READABLE)
        before = read(store)
        refused = []
        for closed, mode in ((store, 0o400), (folder, 0o555)):
            closed.chmod(mode)
            refused.append(lab.laptop.run(*words, user=NOBODY, readable=READABLE))
        after = read(store)

    assert healthy.returncode in {0, 3}, healthy.stderr
    for ended in refused:
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert f"{store} cannot be written: " in ended.stderr
    assert after == before


def killed_at_a_random_moment(lab: Lab, seed: int) -> None:
    """A watch is killed in or after an outage; what it had said stays, and nothing is invented."""
    moment = random.Random(seed).uniform(0.0, 4.0)
    first = Watching(lab, f"killed-{seed}.sqlite")
    begin = time.time()
    with dropped(lab, "udp", 5684) as fired:
        wait_until(lambda: fired() > 0, "the fault has fired", PATIENCE_S)
        fired_by = time.time()
        wait_until(lambda: bool(first.seen.outages), "an outage is kept", PATIENCE_S)
        wait_until(lambda: time.time() > begin + 2.0 + moment / 2, "the moment has come")
        if seed % 2:
            first.kill()
    if not seed % 2:
        end = time.time()
        wait_until(lambda: time.time() > end + moment, "the moment has come")
        first.kill()
    second = Watching(lab, first.store.name)
    second.end()
    seen = second.seen

    (outage,) = seen.outages
    assert outage.layer == "cloud"
    assert begin - STEP_S <= outage.first_bad.timestamp() <= fired_by
    assert (outage.first_good is None) == (outage.ended_by == "stopped")
    assert [gap.why for gap in seen.unobserved] == ["stopped"]


@pytest.mark.parametrize("seed", range(int(os.environ.get("NETPREFLIGHT_KILLS", "3"))))
def test_a_watch_that_is_killed_loses_no_outage_and_invents_none(seed: int) -> None:
    with Lab() as lab:
        killed_at_a_random_moment(lab, seed)

"""`netpreflight watch` on real networks: what breaks is told with its layer, between two moments that hold it.

`NETPREFLIGHT_KILLS=100 .venv/bin/pytest tests/lab/test_watch.py -k killed` kills 100 watches instead of three.
"""

import datetime as dt
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from netpreflight.agent.watch.reading import read
from netpreflight.agent.watch.watched import Outage, Watch
from tests.lab.command import popen
from tests.lab.lab import LAPTOP, Lab
from tests.lab.namespaces import wait_until
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab

STEP_S = 1.0
SLACK_S = 1.5
"""Beyond a step of the schedule: three tries of a question, on a busy machine."""
BROKEN_S = 6.0
QUICK = f"""based_on = "argon"
title = "Lab argon"

[cloud]
keep_alive_s = {STEP_S}
hello_at_s = [0, 0.4, 0.8]
"""


def watching(lab: Lab, store: Path, *options: str) -> list[str]:
    """The command line of a watch for a device that is quick."""
    profile = Path(lab.folder, "quick.toml")
    profile.write_text(QUICK)
    tool = str(Path(sys.executable).with_name("netpreflight"))
    return [tool, "watch", "--device", str(profile), "--store", str(store), *options]


class Watching:
    """A watch that runs on a lab's laptop."""

    def __init__(self, lab: Lab, store: str = "watch.sqlite", *options: str) -> None:
        self.lab, self.store = lab, Path(lab.folder, store)
        words = watching(lab, self.store, *options)
        before = lab.arrived("udp", 5684)
        self.process = popen(lab, lab.laptop.argv(words), stderr=subprocess.PIPE)
        wait_until(lambda: lab.arrived("udp", 5684) >= before + 3, "three questions have reached the cloud", 40)

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; returns its exit code, and what it said."""
        self.process.terminate()
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def kill(self) -> None:
        """Kill it, as nothing that it could prepare for."""
        self.process.kill()
        self.process.communicate(timeout=10)

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


def assert_brackets(outage: Outage, begin: float, end: float) -> None:
    """The fault's begin and end lie in the outage's brackets, which are a step wide."""
    assert outage.last_good is not None
    assert outage.first_good is not None
    last_good, first_bad, first_good = (
        moment.timestamp() for moment in (outage.last_good, outage.first_bad, outage.first_good)
    )
    assert last_good <= begin + SLACK_S
    assert begin - 0.1 <= first_bad <= begin + STEP_S + SLACK_S
    assert end - 0.1 <= first_good <= end + STEP_S + SLACK_S


@pytest.mark.parametrize("what", FAULTS)
def test_what_breaks_is_told_with_its_layer_and_its_bracket(what: str) -> None:
    fault, layer, problem = FAULTS[what]
    with Lab() as lab:
        for key, value in (("base_reachable_time_ms", "500"), ("delay_first_probe_time", "1")):
            lab.laptop.sysctl(f"net/ipv4/neigh/eth0/{key}", value)
        running = Watching(lab)
        with fault(lab) as fired:
            begin = time.time()
            wait_until(lambda: bool(running.seen.outages), "an outage is kept", 15)
            wait_until(lambda: time.time() > begin + BROKEN_S, "it has lasted")
            assert fired() > 0
        end = time.time()
        wait_until(lambda: running.seen.outages[0].first_good is not None, "it is over", 20)
        code, said = running.end()
        seen = running.seen

    assert (code, "1 outage in" in said) == (1, True), said
    (outage,) = seen.outages
    assert (outage.layer, outage.problem) == (layer, problem)
    assert_brackets(outage, begin, end)
    if what == "cloud":
        assert outage.lost_behind in {1, 2}
        assert {asked.layer for asked in outage.asked if asked.good} >= {"link", "ip", "gateway", "dns"}


def test_a_quiet_stretch_has_no_outage_and_sends_what_the_device_sends() -> None:
    with Lab() as lab:
        metrics = Path(lab.folder, "watch.prom")
        running = Watching(lab, "watch.sqlite", "--metrics", str(metrics))
        wait_until(lambda: lab.arrived("udp", 5684) >= 8, "more questions have reached the cloud", 20)
        code, said = running.end()
        seen = running.seen
        hellos = lab.arrived("udp", 5684)
        told = metrics.read_text()

    assert (code, seen.outages, seen.unobserved) == (0, [], []), said
    assert "as often as Lab argon sends its keep-alive" in said
    (cloud,) = [row for row in seen.traffic if row.port == 5684]
    assert cloud.packets_out == hellos
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
        store = Path(lab.folder, "watch.sqlite")
        ended = lab.laptop.run(*watching(lab, store, "--duration", "4s"))
        seen = read(store)
        assert "packets 0 " not in lab.laptop.command("nft", "list", "counters", "table", "ip", "mute")

    assert (ended.returncode, seen.outages) == (3, []), ended.stderr
    assert [unasked.layer for unasked in seen.unasked] == ["cloud"]
    assert "the device's cloud could not be asked (it could not be sent: " in ended.stderr


def test_a_second_watch_on_the_same_file_is_refused_and_told_by_whom() -> None:
    with Lab() as lab:
        first = Watching(lab)
        second = lab.laptop.run(*watching(lab, first.store))
        first.end()

    assert second.returncode == 2
    assert "is in use by another watch (process " in second.stderr


def killed_at_a_random_moment(lab: Lab, seed: int) -> None:
    """A watch is killed in or after an outage; what it had said stays, and nothing is invented."""
    moment = random.Random(seed).uniform(0.0, 4.0)
    first = Watching(lab, f"killed-{seed}.sqlite")
    with dropped(lab, "udp", 5684) as fired:
        begin = time.time()
        wait_until(lambda: bool(first.seen.outages), "an outage is kept", 15)
        wait_until(lambda: time.time() > begin + 2.0 + moment / 2, "the moment has come")
        assert fired() > 0
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
    assert outage.first_bad - dt.datetime.fromtimestamp(begin, dt.UTC) < dt.timedelta(seconds=STEP_S + SLACK_S)
    assert (outage.first_good is None) == (outage.ended_by == "stopped")
    assert [gap.why for gap in seen.unobserved] == ["stopped"]


@pytest.mark.parametrize("seed", range(int(os.environ.get("NETPREFLIGHT_KILLS", "3"))))
def test_a_watch_that_is_killed_loses_no_outage_and_invents_none(seed: int) -> None:
    with Lab() as lab:
        killed_at_a_random_moment(lab, seed)

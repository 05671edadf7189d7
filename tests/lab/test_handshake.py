"""The cloud proves that it is the cloud: whose signature a handshake has, and what drops it, beside healthy twins."""

from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import ARGON_CLOUD, Lab
from tests.lab.servers import ALERT_ERRORS
from tests.lab.streams import CloudMode

pytestmark = pytest.mark.lab

SIGNED = "signed this run's random number with the key that devices carry"
HELLO, COOKIE_HELLO = "ClientHello", "ClientHello with the cookie"
QUICK_S = 3.0
"""A healthy endpoint ends within a few round trips; it may be waited for, for 12 s."""


def cloud(report: dict[str, Any]) -> dict[str, Any]:
    """The check."""
    found: dict[str, Any] = next(row for row in report["checks"] if row["id"] == "cloud.transport")
    return found


def endpoint(report: dict[str, Any]) -> dict[str, Any]:
    """What was seen of the Argon's cloud."""
    found: dict[str, Any] = next(
        server for server in report["observations"]["cloud"]["endpoints"] if server["transport"] == "dtls"
    )
    return found


@pytest.mark.parametrize("mode", ["vendor", "real", "s_server", "signed", "fragments"])
def test_a_cloud_that_signs_with_the_devices_key_passes(mode: Any) -> None:
    with Lab(argon_cloud=mode) as lab:
        run = lab.check("--device", "argon", "--only", "cloud")
        arrived = run.seen.arrivals(ARGON_CLOUD)
        if mode == "vendor":
            assert set(lab.vendor_alive()) == set(ALERT_ERRORS)
    found, seen = cloud(run.report), endpoint(run.report)

    assert (found["status"], found["problem"], run.exit_code) == ("pass", None, 0)
    assert SIGNED in found["summary"]
    assert "cloud.server_key" in {fact["name"] for fact in found["rests_on"]}
    assert dict(arrived) == {HELLO: 1, COOKIE_HELLO: 1, "alert": 1}
    assert (seen["record"], seen["flight"]["answer"]) == ("HelloVerifyRequest", "ServerHello")
    assert seen["waited_s"] < QUICK_S


@pytest.mark.parametrize("mode", ["vendor", "real", "signed"])
def test_the_key_that_devices_really_carry_is_nobodys_here(mode: Any) -> None:
    with Lab(argon_cloud=mode, known_key=False) as lab:
        run = lab.check("--device", "photon2", "--only", "cloud")
    found = cloud(run.report)

    assert (found["status"], found["problem"], found["owner"]) == ("warn", "other-key", "network administrator")
    assert (run.report["verdict"], run.exit_code) == ("compatible-with-warnings", 0)


@pytest.mark.parametrize("mode", ["other-key", "replayed", "no-signature", "alert"])
def test_whoever_answers_in_the_clouds_place_is_warned_of(mode: Any) -> None:
    with Lab(argon_cloud=mode) as lab:
        run = lab.check("--device", "argon", "--only", "cloud")
        arrived = run.seen.arrivals(ARGON_CLOUD)
    found = cloud(run.report)

    assert (found["status"], found["problem"]) == ("warn", "other-key")
    assert "Traceback" not in run.stderr
    assert sum(count for name, count in arrived.items() if name != "port unreachable") <= 5


def test_a_flood_of_fragments_proves_nothing() -> None:
    with Lab(argon_cloud="endless-fragments") as lab:
        run = lab.check("--device", "argon", "--only", "cloud")
    found = cloud(run.report)

    assert (found["status"], found["problem"]) == ("unknown", "not-read")
    assert (run.report["verdict"], run.exit_code) == ("undetermined", 3)


@pytest.mark.parametrize("mode", ["new-cookie", "server-hello"])
def test_a_server_that_does_not_go_on_proves_nothing(mode: Any) -> None:
    """It takes no cookie, or sends the first of a flight's messages only: so does a network that breaks a handshake."""
    with Lab(argon_cloud=mode) as lab:
        run = lab.check("--device", "argon", "--only", "cloud")
        arrived = run.seen.arrivals(ARGON_CLOUD)
    found = cloud(run.report)

    assert (found["status"], found["problem"]) == ("unknown", "second-flight")
    assert (run.report["verdict"], run.exit_code) == ("undetermined", 3)
    assert sum(count for name, count in arrived.items() if name != "port unreachable") <= 5


def test_two_clouds_by_a_companys_file(tmp_path: Path) -> None:
    """Its own statement is confirmed, so another key fails; without a key the second flight is enough."""
    with Lab(argon_cloud="signed", known_key=False) as lab:

        def status(*lines: str) -> tuple[str, str | None]:
            file = Path(lab.folder, "own.toml")
            file.write_text("\n".join(('based_on = "argon"', 'title = "Own"', "[cloud]", *lines)))
            found = cloud(lab.check("--device", str(file), "--only", "cloud").report)
            return found["status"], found["problem"]

        other = (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECjT8C8811mbmlhC/HSiPSKV1to"
            "W6QSIF9bMV934mNlqe0+WdvEb2pnun3843WfBd3atDrDQbxTYlpcjnhhcXjg=="
        )
        assert status(f'server_key = "{lab.server_key}"') == ("pass", None)
        assert status(f'server_key = "{other}"') == ("fail", "other-key")
        assert status(f'server_key = {{ value = "{other}", certainty = "inferred" }}') == ("warn", "other-key")
        assert status('hosts = ["own.v6.udp.particle.io"]') == ("pass", None)


# --- what drops it


@pytest.mark.parametrize("packets", [2, 3, 4])
@pytest.mark.parametrize("arguments", [(), ("--deep",)], ids=["usual", "deep"])
def test_a_firewall_that_lets_a_conversation_begin_and_drops_it_is_no_pass(
    packets: int, arguments: tuple[str, ...]
) -> None:
    """The issue's: the first packet and its answer pass, or a few more, and nothing after them."""
    with Lab(argon_cloud="signed") as lab:
        fault = lab.gateway.let_begin("udp", 5684, packets)
        run = lab.check("--device", "argon", "--only", "cloud", *arguments, timeout_s=120.0)
        hits, arrived = fault.counter(), run.seen.arrivals(ARGON_CLOUD)
        healthy = Lab(argon_cloud="signed")
    found, seen = cloud(run.report), endpoint(run.report)

    assert hits >= 3
    # Of four packets the last is the server's first message: loss looks like that, too.
    status, verdict, code = ("unknown", "undetermined", 3) if packets == 4 else ("fail", "incompatible", 1)
    assert (found["status"], found["problem"], found["owner"]) == (status, "second-flight", "network administrator")
    assert (run.report["verdict"], run.exit_code) == (verdict, code)
    assert bool(found["to_allow"]) == (status == "fail")
    assert [attempt["outcome"] for attempt in seen["flight"]["same_port"]] == ["timeout"]
    assert [attempt["outcome"] for attempt in seen["flight"]["new_port"]] == ["reply"]
    sent = [packet for packet in run.seen.sent if packet.to == (ARGON_CLOUD, 5684)]
    if not arguments:
        assert len(sent) - 1 <= 4
        assert seen["waited_s"] <= 12.5
        assert arrived[HELLO] == 2
    with healthy:
        twin = cloud(healthy.check("--device", "argon", "--only", "cloud").report)
    assert twin["status"] == "pass"


def test_a_firewall_that_drops_all_that_follows_fails() -> None:
    """From a new port, too."""
    with Lab(argon_cloud="signed") as lab:
        rule = "udp dport 5684 numgen inc mod 1000000 offset 0 > 0 counter name hits drop"
        fault = lab.gateway.rule(rule, ("forward",))
        run = lab.check("--device", "argon", "--only", "cloud")
        hits = fault.counter()
    found, seen = cloud(run.report), endpoint(run.report)

    assert hits >= 4
    assert (found["status"], found["problem"]) == ("fail", "second-flight")
    assert {attempt["outcome"] for attempt in seen["flight"]["same_port"] + seen["flight"]["new_port"]} == {"timeout"}


def test_a_server_that_drops_what_it_refuses_is_not_blamed_on_the_network() -> None:
    with Lab(argon_cloud="gnutls") as lab:
        run = lab.check("--device", "argon", "--only", "cloud")
    found, seen = cloud(run.report), endpoint(run.report)

    assert (found["status"], found["problem"]) == ("unknown", "second-flight")
    assert (run.report["verdict"], run.exit_code) == ("undetermined", 3)
    assert "reply" in [attempt["outcome"] for attempt in seen["flight"]["same_port"]]
    assert seen["waited_s"] <= 12.5


def test_whoever_rejects_the_second_flight_is_named() -> None:
    with Lab(argon_cloud="signed") as lab:
        lab.gateway.where.sysctl("net/netfilter/nf_conntrack_acct", "1")
        rule = "udp dport 5684 ct packets > 2 counter name hits reject with icmp type admin-prohibited"
        lab.gateway.rule(rule, ("forward",))
        run = lab.check("--device", "argon", "--only", "cloud")
    found = cloud(run.report)

    assert (found["status"], found["problem"], found["named"]["address"]) == ("fail", "rejected", "192.168.77.1")


@pytest.mark.parametrize("every", [3, 4])
def test_lost_packets_fail_nothing(every: int) -> None:
    with Lab(argon_cloud="signed") as lab:
        lab.gateway.drop("udp", 5684, every=every)
        run = lab.check("--device", "argon", "--only", "cloud")
    assert cloud(run.report)["status"] == "pass"


# --- TCP 5683


@pytest.mark.parametrize("mode", ["same-nonce", "dull-nonce"])
def test_a_nonce_that_is_no_random_number_is_somebody_elses(mode: CloudMode) -> None:
    with Lab(photon_cloud=mode) as lab:
        run = lab.check("--device", "photon", "--only", "cloud")
    found = cloud(run.report)

    assert (found["status"], found["problem"], run.exit_code) == ("fail", "foreign-answer", 1)


def test_a_nonce_differs_on_two_connections() -> None:
    with Lab() as lab:
        run = lab.check("--device", "photon", "--only", "cloud")
    seen = next(
        server for server in run.report["observations"]["cloud"]["endpoints"] if server["transport"] == "tcp-nonce"
    )

    assert (cloud(run.report)["status"], run.exit_code) == ("pass", 0)
    assert len({connection["received"] for connection in seen["connections"]}) == 2

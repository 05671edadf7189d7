"""Somebody on the LAN who is not asked: forged answers and forged refusals, beside the same network without them."""

import itertools
import socket
from typing import Any

import pytest

from tests.lab import hostile_neighbour
from tests.lab.hostile_neighbour import HostileNeighbour
from tests.lab.lab import ARGON_CLOUD, COAP, LAPTOP, NOBODY, NTP, Lab
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab


def socket_of(lab: Lab) -> socket.socket:
    """A UDP socket of the laptop."""
    with lab.laptop.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(10)
    return sock


def port_of(sock: socket.socket) -> range:
    """The port of a socket, and no other."""
    port = sock.getsockname()[1]
    return range(port, port + 1)


def test_the_neighbours_words_reach_a_socket_of_the_laptop() -> None:
    """The attack itself: an alert and a refusal arrive in the names of hosts that sent none."""
    with Lab(argon_cloud="silent") as lab:
        lab.fakes["argon_cloud"].must_fire = False
        neighbour = HostileNeighbour(lab)
        with socket_of(lab) as sock:
            sock.bind((LAPTOP, 0))
            with neighbour.alerts(ARGON_CLOUD, ports=port_of(sock)) as alerts:
                heard, source = sock.recvfrom(100)
            assert alerts.sent
            assert (source, heard[:1], heard[-2:]) == ((ARGON_CLOUD, 5684), b"\x15", b"\x02\x28")
        with socket_of(lab) as sock:
            sock.connect((ARGON_CLOUD, 9))
            attack = neighbour.refusals(GATEWAY, (ARGON_CLOUD, 9), kind=(3, 3), ports=port_of(sock))
            with attack, pytest.raises(ConnectionRefusedError):
                sock.recv(100)
            assert attack.sent


PROVIDER = "203.0.113.1"
"""The router after the gateway, which nobody asks for more than its hop."""
MANY = 1000
"""Forged packets that a run meets at least, where it waits for an answer."""
SWEPT = 3
"""Ports that an attack tries meanwhile."""
TRIES = 5
"""Runs that wait so briefly for an answer that an attacker on a busy machine may miss one."""
QUICK = 6000
"""A second: all ports that Linux chooses from in less than 5 s, so that a run does not have to wait long."""
FEW = range(40_000, 41_000)
"""The ports of the laptop: so few that each is hit several times in the 3 s between two ClientHellos."""


def check_of(report: dict[str, Any], check_id: str) -> dict[str, Any]:
    """A check of a report."""
    found: dict[str, Any] = next(row for row in report["checks"] if row["id"] == check_id)
    return found


def endpoint_of(report: dict[str, Any]) -> dict[str, Any]:
    """What was seen of the Argon's cloud."""
    found: dict[str, Any] = next(
        server for server in report["observations"]["cloud"]["endpoints"] if server["transport"] == "dtls"
    )
    return found


def wall_off(lab: Lab) -> None:
    """Let the laptop drop what it has not asked for, as its own firewall does: the system then counts none of it."""
    lab.laptop.nft(
        "table inet host { chain input { type filter hook input priority 0; policy drop; "
        'iifname "lo" accept; ct state established,related accept; }\n}'
    )


@pytest.mark.parametrize(
    ("user", "walled", "problem"),
    [(None, True, "swept"), (NOBODY, False, "swept"), (NOBODY, True, "unproved")],
    ids=["root-firewall", "nobody-open", "nobody-firewall"],
)
def test_forged_alerts_open_no_silent_port(user: int | None, problem: str, *, walled: bool) -> None:
    with Lab(argon_cloud="silent") as lab:
        if walled:
            wall_off(lab)
        with HostileNeighbour(lab).alerts(ARGON_CLOUD, per_second=QUICK) as attack:
            run = lab.check("--device", "argon", "--only", "cloud,path", user=user)
            sent = attack.sent
    cloud, path = check_of(run.report, "cloud.transport"), check_of(run.report, "path.egress")

    assert sent > MANY
    assert endpoint_of(run.report)["record"] == "Alert 40"  # the fault has fired
    assert (cloud["status"], cloud["problem"], cloud["named"]) == ("unknown", problem, None)
    assert (path["status"], path["problem"]) == ("unknown", "forged-answer")
    assert (run.report["verdict"], run.exit_code) == ("undetermined", 3)


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "nobody"])
def test_an_answer_without_a_signature_counts_where_nobody_forges(user: int | None) -> None:
    """The healthy twin: the same laptop with its firewall, and a server that sends the alert itself."""
    with Lab(argon_cloud="alert") as lab:
        wall_off(lab)
        run = lab.check("--device", "argon", "--only", "cloud", user=user)
    cloud, endpoint = check_of(run.report, "cloud.transport"), endpoint_of(run.report)

    assert (cloud["status"], cloud["problem"]) == ("warn", "other-key")
    assert [attempt["outcome"] for attempt in endpoint["new_ports"]] == ["reply"] * (3 if user is not None else 0)
    assert (endpoint["unasked"]["ports"] is None) == (user is not None)


def test_a_signature_passes_in_a_swept_network() -> None:
    """Other ports than the laptop's are swept, because a forged alert that hits a device's port ends its handshake."""
    with Lab(argon_cloud="signed") as lab:
        wall_off(lab)
        with HostileNeighbour(lab).alerts(ARGON_CLOUD, ports=range(20_000, 30_000)) as attack:
            unasked = 0
            for _ in range(TRIES):
                run = lab.check("--device", "argon", "--only", "cloud")
                assert (check_of(run.report, "cloud.transport")["status"], run.exit_code) == ("pass", 0)
                unasked = endpoint_of(run.report)["unasked"]["ports"]
                if unasked > SWEPT:
                    break
            sent = attack.sent

    assert sent
    assert unasked > SWEPT, "the attack came while the run waited"


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "nobody"])
def test_nobody_is_named_on_a_forged_word(user: int | None) -> None:
    """The cloud is silent; in the healthy twin, the same router really refuses."""
    with Lab(argon_cloud="silent") as lab:
        wall_off(lab)
        lab.laptop.sysctl("net/ipv4/ip_local_port_range", f"{FEW.start} {FEW.stop - 1}")
        attack = HostileNeighbour(lab).refusals(PROVIDER, (ARGON_CLOUD, 5684), ports=FEW, per_second=QUICK)
        with attack:
            run = lab.check("--device", "argon", "--only", "cloud,path", user=user)
            sent = attack.sent
        lab.fakes["argon_cloud"].must_fire = False
        fault = lab.provider.reject("udp", 5684)
        twin = lab.check("--device", "argon", "--only", "cloud,path", user=user)
        assert fault.counter()
    cloud, path = (check_of(run.report, name) for name in ("cloud.transport", "path.egress"))
    seen = endpoint_of(run.report)

    assert sent > MANY
    assert any((attempt["icmp"] or {}).get("source") == PROVIDER for attempt in seen["attempts"])  # it has fired
    assert (cloud["status"], cloud["problem"], cloud["named"]) == ("unknown", "unproved-refusal", None)
    assert path["named"] is None
    assert PROVIDER not in str([run.report["changes"], path["remedy"], cloud["remedy"]])
    assert run.report["verdict"] == "undetermined"
    for name in ("cloud.transport", "path.egress"):
        found = check_of(twin.report, name)
        assert (found["status"], found["problem"], found["named"]["address"]) == ("fail", "rejected", PROVIDER)
    assert endpoint_of(twin.report)["new_ports"] == []
    assert any(attempt.get("further_errors") for attempt in seen["attempts"])
    assert not any("further_errors" in attempt for attempt in endpoint_of(twin.report)["attempts"])


NTP_REPLY = bytes.fromhex("240206ec" + "00" * 8 + "7f7f0101") + b"\xee" * 8 + bytes(8) + b"\xee" * 16
KISS_OF_DEATH = b"\xe4\x00" + NTP_REPLY[2:12] + b"RATE" + NTP_REPLY[16:]


FORGED_NTP = pytest.mark.parametrize(
    ("user", "walled", "problems"),
    [(None, False, {"swept"}), (NOBODY, True, {"swept", "unproved"})],
    ids=["root-open", "nobody-firewall"],
)


def judged_of_forged(reply: bytes, user: int | None, *, walled: bool) -> dict[str, Any]:
    """The check of a time server that is silent, while the neighbour sends this in its name."""
    with Lab(ntp="silent") as lab:
        if walled:
            wall_off(lab)
        with HostileNeighbour(lab).datagrams(NTP, 123, reply, per_second=QUICK) as attack:
            run = lab.check("--only", "ntp", user=user)
            sent = attack.sent
    assert sent > MANY
    assert any(attempt["decoded"] for attempt in run.report["observations"]["ntp"]["attempts"])  # the fault has fired
    return check_of(run.report, "ntp.reply")


@FORGED_NTP
def test_forged_replies_are_no_ntp_server(user: int | None, problems: set[str], *, walled: bool) -> None:
    """Behind a firewall, an ordinary user sees a sweep only if it meets a port twice."""
    found = judged_of_forged(NTP_REPLY, user, walled=walled)

    assert found["status"] == "unknown"
    assert found["problem"] in problems


@FORGED_NTP
def test_a_forged_kiss_of_death_blames_no_server(user: int | None, problems: set[str], *, walled: bool) -> None:
    """In the healthy twin the server itself says so, and is named."""
    found = judged_of_forged(KISS_OF_DEATH, user, walled=walled)
    with Lab(ntp="kiss-of-death") as lab:
        if walled:
            wall_off(lab)
        twin = lab.check("--only", "ntp", user=user)
    really = check_of(twin.report, "ntp.reply")

    assert (found["status"], found["named"]) == ("unknown", None)
    assert found["problem"] in problems
    assert (really["status"], really["problem"], really["named"]["address"]) == ("fail", "kiss-of-death", NTP)
    assert twin.report["observations"]["ntp"]["random_ports"] == (4 if user is not None else 0)


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "nobody"])
def test_a_time_server_counts_where_nobody_forges(user: int | None) -> None:
    """The healthy twin, behind the same firewall: chrony, which refuses whoever asks too often."""
    with Lab(ntp="real") as lab:
        wall_off(lab)
        with lab.capture() as capture:
            run = lab.check("--only", "ntp", user=user)
        rows = capture.fields("frame.time_epoch", "udp.srcport", display_filter="ntp && udp.dstport == 123")
    ntp = run.report["observations"]["ntp"]
    times = [float(time) for time, _ in rows]

    assert check_of(run.report, "ntp.reply")["status"] == "pass"
    assert [attempt["outcome"] for attempt in ntp["new_ports"]] == ["reply"] * (3 if user is not None else 0)
    assert len({port for _, port in rows}) == (4 if user is not None else 1)
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(times))


def test_a_forged_control_blocks_no_coap_port() -> None:
    """A CoAP server that is down, and somebody in its name on UDP 5684."""
    with Lab(coap="silent", coap_http=False) as lab:
        wall_off(lab)
        lab.gateway.drop("udp", 5684)
        with HostileNeighbour(lab).alerts(COAP[0], per_second=QUICK) as attack:
            run = lab.check("--only", "coap", user=NOBODY)
            sent = attack.sent
    found = check_of(run.report, "coap.udp-5683")
    controls = [control for server in run.report["observations"]["coap"]["servers"] for control in server["controls"]]

    assert sent > MANY
    assert any(control["detail"] == "Alert 40" for control in controls)  # the fault has fired
    assert (found["status"], found["problem"]) == ("unknown", "no-answer")


def test_a_control_counts_where_nobody_forges() -> None:
    """The healthy twin: a CoAP server that itself answers on UDP 5684."""
    with Lab(coap="silent", coap_http=False, coap_dtls=True) as lab:
        wall_off(lab)
        run = lab.check("--only", "coap", user=NOBODY)
    found = check_of(run.report, "coap.udp-5683")

    assert (found["status"], found["problem"]) == ("fail", "blocked")


@pytest.mark.parametrize("mac", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"], ids=["broadcast", "multicast"])
def test_a_sweep_in_frames_to_all_is_seen(mac: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system takes a datagram for its address from such a frame, too."""
    monkeypatch.setattr(hostile_neighbour, "LAPTOP_MAC", mac)
    with Lab(argon_cloud="silent") as lab:
        wall_off(lab)
        with HostileNeighbour(lab).alerts(ARGON_CLOUD, per_second=QUICK) as attack:
            run = lab.check("--device", "argon", "--only", "cloud")
            sent = attack.sent
    cloud = check_of(run.report, "cloud.transport")

    assert sent > MANY
    assert endpoint_of(run.report)["record"] == "Alert 40"  # the fault has fired
    assert (cloud["status"], cloud["problem"]) == ("unknown", "swept")

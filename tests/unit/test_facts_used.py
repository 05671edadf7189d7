"""Every fact of every profile is used by a rule of judging; a fact that nothing looks at is worth nothing."""

from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import join, judge
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.vendor_status import is_it_the_cloud
from netpreflight.agent.judging.wifi import ranking
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.selection import Selection
from netpreflight.agent.watch.would_do import would_do
from netpreflight.probes.observations import (
    AddressCheck,
    Cloud,
    Connection,
    HtOperation,
    Join,
    JoinAttempt,
    LargeHello,
    Mapping,
    Observations,
    ServerFlight,
    Suites,
)
from tests.unit import seen
from tests.unit.networks import NETWORKS, network
from tests.unit.partly import partly
from tests.unit.watches import MONDAY, outage


class Watched:
    """A profile, or a part of it, that notes which of its facts' values are read."""

    def __init__(self, of: Any, path: str, read: set[str]) -> None:
        self._of, self._path, self._read = of, path, read

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if isinstance(self._of, Fact):
            if name == "value":
                self._read.add(self._path)
            return found
        if isinstance(found, msgspec.Struct):
            return Watched(found, f"{self._path}.{name}".lstrip("."), self._read)
        return found


def watched_profile(profile: Profile, read: set[str]) -> Any:
    """What acts as a profile."""
    return Watched(profile, "", read)


def facts(of: Any, path: str = "") -> set[str]:
    """The facts that a profile states."""
    if isinstance(of, Fact):
        return {path}
    if not isinstance(of, msgspec.Struct):
        return set()
    return {fact for name in of.__struct_fields__ for fact in facts(getattr(of, name), f"{path}.{name}".lstrip("."))}


def airs() -> list[Observations]:
    """Access points, each of which brings another fact of a radio into play."""
    wpa3 = Suites(version=1, group_cipher="CCMP", pairwise_ciphers=["CCMP"], akms=["SAE"], pmf_required=True)
    n_only = HtOperation(primary_channel=6, secondary_offset=0, any_width=False)
    on_5 = {"frequency_mhz": 5180, "bssid": "02:00:00:00:00:36"}
    odd_5 = {"frequency_mhz": 5845, "bssid": "02:00:00:00:00:a9"}
    eap = Suites(version=1, group_cipher="CCMP", pairwise_ciphers=["CCMP"], akms=["EAP"])
    heard = [
        [seen.bss(13)], [seen.bss(14)], [seen.bss(36, **on_5)], [seen.bss(169, **odd_5)], [seen.bss(6, width_mhz=40)],
        [seen.bss(6, membership=["ht"], ht=n_only)], [seen.bss(6, hidden=True)], [seen.bss(6), seen.bss(36, **on_5)],
        [seen.bss(6, security=["wpa3-sae"], pmf="required", rsn=wpa3)],
        [seen.bss(6, security=["wpa2-eap"], rsn=eap)],
        [seen.bss(6, pmf="required")],
    ]  # fmt: skip
    named = seen.wifi(seen.bss(6, ssid="A,B"), target="A,B")
    return [seen.healthy(wifi=seen.wifi(*bsss)) for bsss in heard] + [seen.healthy(wifi=named)]


def networks() -> list[Observations]:
    no_router = seen.healthy(dhcp=seen.lease(routers=[]))
    no_resolver = seen.healthy(dhcp=seen.lease(resolvers=[]))
    portal = seen.healthy(portal=seen.portal({"status": 302, "location": "http://10.0.0.1/"}))
    lost = [seen.attempts(seen.ARGON_ADDRESS, 5684, "timeout", 3)]
    large, forgotten, signed = (network(), network(), network())
    for endpoint in signed.cloud.endpoints if signed.cloud else []:
        if endpoint.transport == "dtls":
            signed.cloud = Cloud(endpoints=[msgspec.structs.replace(endpoint, flight=ServerFlight())])
    for endpoint in large.cloud.endpoints if large.cloud else []:
        if endpoint.transport == "dtls":
            large.cloud = Cloud(
                endpoints=[msgspec.structs.replace(endpoint, large=LargeHello(size=1280, attempts=lost[0]))]
            )
    no_nonce = seen.healthy(cloud=Cloud(endpoints=[seen.photon(Connection(at_s=0, connect_ms=8, received="00" * 40))]))
    forgotten.mapping = Mapping(
        transport="dtls",
        cookie=True,
        before_answer="accepted",
        after_answer="new-cookie",
        control_answer="accepted",
        silent_s=30.0,
        idle_s=30.0,
    )
    odd = [seen.lease(lease_s=30), seen.lease(overloaded=[6]), seen.dhcp(seen.message(server_named=False))]
    odd[1].address_check = AddressCheck(at_s=0, address="192.168.77.120", holders=["aa:bb:cc:00:00:99"])
    leases = [seen.healthy(dhcp=exchange) for exchange in odd]
    broken = [network(**entry) for entry, _ in NETWORKS.values()]
    return [*broken, *leases, *airs(), no_router, no_resolver, portal, large, forgotten, signed, no_nonce]


@pytest.fixture(scope="module")
def measured() -> list[Observations]:
    return networks()


@pytest.mark.parametrize("name", partly({"argon"}, profiles.names()))
def test_every_fact_is_used_by_a_rule(name: str, measured: list[Observations], monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = msgspec.msgpack.Encoder(enc_hook=lambda watched: watched._of)  # noqa: SLF001 - what is watched
    monkeypatch.setattr(ranking, "_encoded", encoder.encode)  # the key by which devices with the same radio share
    stated: set[str] = set()
    read: set[str] = set()
    for profile in profiles.versions_of(profiles.load(name)) or [profiles.load(name)]:
        stated |= facts(profile)
        refused = JoinAttempt(at_s=1.0, mac="02:00:00:00:00:0d", ended="auth-refused", status=1)
        joins = Join(abilities=join.abilities_of(profile.radio), attempts=[refused] * 3)
        for observations in [*measured, seen.healthy(join=joins)]:
            watched = watched_profile(profile, read)
            judged = judge(observations, watched, Selection())
            is_it_the_cloud(device_view(observations, watched))
            assert not [check for check in judged.checks if "failed to judge" in check.summary]
        would_do(outage(MONDAY), watched_profile(profile, read))

    assert "cloud.port" in stated
    assert stated - read == set()

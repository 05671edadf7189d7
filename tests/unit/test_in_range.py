"""Several networks in range and none chosen: the answer counts them, and no list repeats itself."""

import json

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report
from netpreflight.agent.selection import Selection, select
from netpreflight.probes.observations import Bss
from netpreflight.reports import FORMATS
from tests.unit import seen
from tests.unit.made_reports import FIT, HIGH
from tests.unit.rendered import run

SETTLED = "nothing in the way"
NONE_CHOSEN = "networks are in range, and none was chosen"


def made(*bss: Bss, device: str = "argon", selection: Selection | None = None, target: str | None = None) -> Report:
    wifi = seen.wifi(*bss, target=target, target_from="option" if target else None)
    observed = run(wifi=wifi)
    if selection is not None:
        observed = msgspec.structs.replace(observed, selection=selection)
    return report.make(observed, profiles.load(device))


@pytest.mark.parametrize("selection", [None, select("wifi", None)], ids=["all", "only-wifi"])
def test_the_answer_says_how_many_networks_would_do(selection: Selection | None) -> None:
    found = made(*FIT, *HIGH, selection=selection)

    assert [network.verdict for network in found.networks].count("incompatible") == 4
    assert found.verdict == "undetermined"
    assert found.answer.sentence == (
        "Not settled: it depends on the network. Judged for a Particle Argon from the Wi-Fi scan only, "
        "5 would do and 4 would not."
    )
    assert found.headline == f"{found.answer.sentence} 9 {NONE_CHOSEN}."
    assert found.answer.change == "Name the network: netpreflight check --ssid NAME."
    for render in FORMATS.values():
        assert SETTLED not in render(found)


@pytest.mark.parametrize(
    ("bss", "counts"),
    [(FIT, "5 would do."), (HIGH, "4 would not."), (FIT[:1] + HIGH[:1], "1 would do and 1 would not.")],
)
def test_only_what_there_is_is_counted(bss: list[Bss], counts: str) -> None:
    assert made(*bss).answer.sentence.endswith(f"from the Wi-Fi scan only, {counts}")


def test_with_one_network_chosen_the_answer_is_as_ever() -> None:
    found = made(*FIT, *HIGH, target="fit-0")

    assert found.networks == []
    assert "depends on the network" not in json.dumps(msgspec.to_builtins(found.answer))
    assert "would do" not in found.headline


def test_what_all_checks_of_a_stage_say_is_said_once() -> None:
    shown = FORMATS[".txt"](made(*FIT, *HIGH, selection=select("wifi", None)))
    table = shown.partition("\nStage ")[2].partition("\n\n")[0]

    assert table.count(NONE_CHOSEN) == 1
    assert "scan      wifi " in table
    assert table.count("Left out of this run, as asked") == 3  # of three stages
    for name in ("dhcp", "dns", "ntp.reply", "portal", "coap.udp-5683", "cloud.transport", "path.egress"):
        assert name in table.split() or f"{name}," in table.split()


def test_checks_that_say_different_things_have_a_row_each() -> None:
    found = made(*FIT, target="fit-0")
    rows = FORMATS[".txt"](found).partition("\nStage ")[2].partition("\n\n")[0].splitlines()

    told = [check for check in found.checks if check.id.startswith("wifi.") and check.status == "pass"]
    assert len(told) > 4
    assert len({check.summary for check in told}) == len(told)
    for check in told:
        assert len([row for row in rows if check.id in row.split()]) == 1


def test_the_same_reason_is_not_given_for_each_network() -> None:
    shown = FORMATS[".txt"](made(*FIT, *HIGH))
    networks = shown.partition("\nNetwork ")[2].partition("\n\n")[0]

    assert networks.count("on 5 GHz only") == 1
    assert networks.count("as above") == 3
    assert "'high-0' is on 5 GHz only" in " ".join(networks.split())
    assert all(name in networks for name in ("fit-0", "fit-4", "high-0", "high-3"))


def test_the_list_of_versions_does_not_repeat_what_was_left_out() -> None:
    whole, air_only = made(*FIT), made(*FIT, selection=select("wifi", None))

    assert any(name.startswith("portal") for v in whole.versions for name in v.warnings)
    assert air_only.versions
    for version in air_only.versions:
        assert version.warnings
        assert all(name.startswith("wifi.") for name in version.warnings)
        assert version.asked_instead is None
    assert "the cloud's name resolves like" not in FORMATS[".txt"](air_only)


def test_what_is_true_of_every_version_is_said_once() -> None:
    shown = FORMATS[".txt"](made(*FIT))
    versions = shown.partition("\nBy Device OS version of ")[2].partition("\n\n")[0].splitlines()[1:]
    heads = [line for line in versions if line.startswith("  from ")]

    assert len(heads) == 6
    assert " ".join(" ".join(versions).split()).endswith(
        "For 1.0.0, 2.0.0, 5.6.0 and 5.9.0 that assumes that the cloud's name resolves like "
        "e00fce680000000000000000.v6.udp.particle.io."
    )
    assert not [line for line in versions if versions.count(line) > 2]

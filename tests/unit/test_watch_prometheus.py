"""The metrics of a watch, read as Prometheus' text format (0.0.4) says, and named as its conventions want.

Prometheus' own checker reads them in tests/lab/test_metrics.py.
"""

import re
from collections.abc import Iterator

from netpreflight.agent.watch.watched import Hour, Traffic, Unasked
from netpreflight.reports.watch.prometheus import render
from tests.unit.hostile import HOSTILE
from tests.unit.watches import HOUR, MONDAY, asleep, outage, watch

_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def read(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Every sample: its name, labels and value. Each metric is described and typed before its samples."""
    assert text.endswith("\n")
    described: list[str] = []
    typed: dict[str, str] = {}
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            described.append(line.split(" ", 3)[2])
            assert len(line.split(" ", 3)) == 4
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == described[-1]
            assert name not in typed
            assert (kind == "counter") == name.endswith("_total")
            typed[name] = kind
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample is not None, line
            name, labels, value = sample.groups()
            assert name == described[-1]
            held = dict(_LABEL.findall(labels or ""))
            assert "".join(found[0] for found in _LABEL.finditer(labels or "")) == (labels or "")
            yield (
                name,
                {key: re.sub(r'\\["\\n]', lambda found: _UNESCAPED[found[0]], told) for key, told in held.items()},
                float(value),
            )


def test_the_metrics_are_those_of_the_watch() -> None:
    text = render(
        watch(
            1,
            [outage(MONDAY + HOUR), outage(MONDAY + 23 * HOUR, layer="dns", first_good=None, ended_by="going-on")],
            [asleep(MONDAY + 2 * HOUR, MONDAY + 5 * HOUR)],
            ssid="Ours",
            unasked=[Unasked(layer="ntp", said="Ours")],
            hours=[Hour(layer="cloud", at=MONDAY, good=140, bad=4), Hour(layer="link", at=MONDAY, good=144, bad=0)],
            traffic=[
                Traffic(protocol="udp", host="a.example", address="198.51.100.7", port=5684,
                        packets_out=1, bytes_out=166, packets_in=1, bytes_in=88)
            ],
        )
    )  # fmt: skip
    found = {(name.removeprefix("netpreflight_watch_"), *labels.values()): value for name, labels, value in read(text)}

    assert found == {
        ("info", "argon", "0.1.0"): 1,
        ("observed_seconds_total",): 21 * 3600,
        ("unobserved_seconds_total", "asleep"): 3 * 3600,
        ("last_look_timestamp_seconds",): 1_793_664_000,  # date -u -d 2026-11-03 +%s
        ("layer_asked", "link"): 1,
        ("layer_asked", "dns"): 1,
        ("layer_asked", "cloud"): 1,
        ("layer_asked", "ntp"): 0,
        ("outages_total", "link"): 0,
        ("outages_total", "dns"): 1,
        ("outages_total", "cloud"): 1,
        ("outage_seconds_total", "link"): 0,
        ("outage_seconds_total", "dns"): 180,
        ("outage_seconds_total", "cloud"): 180,
        ("up", "link"): 1,
        ("up", "dns"): 0,
        ("up", "cloud"): 1,
        ("answers_total", "link", "good"): 144,
        ("answers_total", "link", "bad"): 0,
        ("answers_total", "dns", "good"): 0,
        ("answers_total", "dns", "bad"): 0,
        ("answers_total", "cloud", "good"): 140,
        ("answers_total", "cloud", "bad"): 4,
        ("bytes_total", "out"): 166,
        ("bytes_total", "in"): 88,
    }
    assert "Ours" not in text
    assert "198.51.100.7" not in text


def test_hostile_names_stay_labels() -> None:
    for text in HOSTILE.values():
        made = watch(1, device=text, version=text)

        (info,) = [labels for name, labels, _ in read(render(made)) if name == "netpreflight_watch_info"]
        assert info == {"device": text, "version": text}

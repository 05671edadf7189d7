"""A watch as a Prometheus textfile, which node_exporter and others pick up: text exposition format 0.0.4."""

from collections import Counter
from collections.abc import Iterator

from netpreflight.agent.watch.watched import LAYERS, Watch


def render(watch: Watch) -> str:
    """All metrics of a watch, ending in a newline. They name neither the network nor a host."""
    return "\n".join(_lines(watch)) + "\n"


def _lines(watch: Watch) -> Iterator[str]:
    device = {"device": watch.device, "version": watch.version}
    yield from _metric("info", "gauge", "What is watched, and by which version.", [(device, 1)])
    yield from _metric("observed_seconds_total", "counter", "Time that was observed.", [({}, watch.observed_s)])
    blind = Counter[str]()
    for gap in watch.unobserved:
        blind[gap.why] += max((gap.end - gap.begin).total_seconds(), 0.0)  # type: ignore[assignment]  # counts seconds
    yield from _metric(
        "unobserved_seconds_total",
        "counter",
        "Time in which nothing was observed, which is neither good nor bad.",
        [({"why": why}, seconds) for why, seconds in blind.items()],
    )
    yield from _metric(
        "last_look_timestamp_seconds", "gauge", "When it last looked, since 1970.", [({}, watch.end.timestamp())]
    )
    yield from _of_layers(watch)
    yield from _metric(
        "bytes_total",
        "counter",
        "Bytes that the watch sent and received, from the IP header on.",
        [
            ({"direction": "out"}, sum(row.bytes_out for row in watch.traffic)),
            ({"direction": "in"}, sum(row.bytes_in for row in watch.traffic)),
        ],
    )


def _of_layers(watch: Watch) -> Iterator[str]:
    """The metrics by layer, of the layers that were asked."""
    asked = {hour.layer for hour in watch.hours} | {outage.layer for outage in watch.outages}
    layers = [layer for layer in LAYERS if layer in asked]
    of_layer = {layer: [outage for outage in watch.outages if outage.layer == layer] for layer in layers}
    yield from _metric(
        "layer_asked",
        "gauge",
        "0: the layer could never be asked, so that nothing is known of it.",
        [
            *(({"layer": str(layer)}, 1) for layer in layers),
            *(({"layer": str(unasked.layer)}, 0) for unasked in watch.unasked),
        ],
    )
    yield from _metric(
        "outages_total",
        "counter",
        "Outages, by the first layer that was broken.",
        [({"layer": layer}, len(held)) for layer, held in of_layer.items()],
    )
    yield from _metric(
        "outage_seconds_total",
        "counter",
        "How long outages lasted at least, from the first miss to the last.",
        [({"layer": layer}, sum(outage.least_s for outage in held)) for layer, held in of_layer.items()],
    )
    yield from _metric(
        "up",
        "gauge",
        "0: an outage of this layer is going on.",
        [
            ({"layer": layer}, int(not any(outage.ended_by == "going-on" for outage in held)))
            for layer, held in of_layer.items()
        ],
    )
    yield from _metric(
        "answers_total",
        "counter",
        "How often each layer was asked, by whether it worked.",
        [
            (
                {"layer": layer, "result": result},
                sum(getattr(hour, result) for hour in watch.hours if hour.layer == layer),
            )
            for layer in layers
            for result in ("good", "bad")
        ],
    )


def _metric(name: str, kind: str, told: str, samples: list[tuple[dict[str, str], float]]) -> Iterator[str]:
    """The lines of a metric; no lines if it has no samples."""
    if not samples:
        return
    full = f"netpreflight_watch_{name}"
    yield f"# HELP {full} {told}"
    yield f"# TYPE {full} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{full}{{{inner}}} {value!r}" if inner else f"{full} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

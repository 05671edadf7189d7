"""Many saved runs: the samples, at other sites and times."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tests.unit.samples import SAMPLES

MAC = "02:00:00:77:00:01"


def many_runs(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Names and contents of runs of a fifth as many sites, over a year; the same for the same seed."""
    pick = random.Random(seed)
    documents = [json.loads(sample.read_bytes()) for sample in SAMPLES]
    for document in documents:
        for scope in (document["scope"], document["observations"]["scope"]):
            scope["gateway_mac"] = MAC
    texts = [(json.dumps(document), document["started"]) for document in documents]
    for number in range(count):
        text, started = texts[pick.randrange(len(texts))]
        site = pick.randrange(max(1, count // 5))
        mac = f"3c:84:6a:{site >> 16 & 255:02x}:{site >> 8 & 255:02x}:{site & 255:02x}"
        day, second = pick.randrange(1, 29), number % 86_400
        moment = (
            f"2025-{pick.randrange(1, 13):02}-{day:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        )
        yield f"{number:06}.json", text.replace(MAC, mac).replace(started, moment).encode()


def write_many(folder: Path, count: int) -> Path:
    """Write them into a folder, a thousand to each one in it."""
    for number, (name, content) in enumerate(many_runs(count)):
        file = folder / f"{number // 1000:04}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder

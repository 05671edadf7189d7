"""The published JSON Schemas, generated from the types.

`.venv/bin/python -m tests.unit.schema` writes them anew, after a change of the types that is meant.
"""

import json
from pathlib import Path

import msgspec

from netpreflight.agent.compare import Comparison
from netpreflight.agent.report import Report
from netpreflight.agent.results import Doctor, Led, LogAnswer
from netpreflight.agent.watch.watched import Watch, WatchComparison
from netpreflight.fleet.answers import FleetSummary
from netpreflight.fleet.as_document import FleetAnswer
from netpreflight.fleet.update import FleetUpdate

FOLDER = Path(__file__).parents[2] / "reports"
FILE, COMPARISON = FOLDER / "report.schema.json", FOLDER / "comparison.schema.json"
DOCTOR, LED = FOLDER / "doctor.schema.json", FOLDER / "led.schema.json"
LOG, WATCH = FOLDER / "log.schema.json", FOLDER / "watch.schema.json"
FLEET, UPDATE = FOLDER / "fleet.schema.json", FOLDER / "update.schema.json"
WATCHES, ANSWER = FOLDER / "watch-comparison.schema.json", FOLDER / "answer.schema.json"
SCHEMAS: dict[Path, tuple[type, str, str]] = {
    FILE: (Report, "report", "A report of netpreflight, as --json and -o run.json write it."),
    COMPARISON: (Comparison, "comparison", "Two runs side by side, as netpreflight compare --json writes them."),
    DOCTOR: (Doctor, "doctor", "What a laptop can and cannot measure, as netpreflight doctor --json writes it."),
    LOG: (LogAnswer, "log", "What a device's own log says, as netpreflight log --json writes it."),
    WATCH: (Watch, "watch", "What a watch saw, as netpreflight watch report --json writes it."),
    UPDATE: (FleetUpdate, "update", "What a version would change, as netpreflight fleet rejudge --json writes it."),
    FLEET: (FleetSummary, "fleet", "What many sites' runs come to, as netpreflight fleet summary --json writes it."),
    ANSWER: (FleetAnswer, "answer", "The answer to a question, as netpreflight fleet changes --json writes it."),
    WATCHES: (WatchComparison, "watch-comparison", "Two watches, as netpreflight compare --json writes them."),
    LED: (Led, "led", "What a device's light may be, as netpreflight led --json writes it."),
}


def generated(file: Path) -> str:
    kind, name, description = SCHEMAS[file]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:netpreflight:{name}:1",
        "title": f"netpreflight-{name}/1",
        "description": f"{description} `x-reveals` says what a text may "
        "reveal of the network and the people it was made with.",
        **msgspec.json.schema(kind),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for schema_file in SCHEMAS:
        schema_file.write_text(generated(schema_file))

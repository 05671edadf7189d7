"""The published JSON Schema: generated from the types, and every report keeps it.

Written anew by `.venv/bin/python -m tests.unit.test_schema`, after a change of the types that is meant.
"""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from netpreflight.agent.report import Report
from netpreflight.probes.observations import Reveals
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from netpreflight.reports.words import TOLD
from tests.unit.filled import Filler
from tests.unit.test_sharing import DEVICES, PLACES, broken, of

FILE = Path(__file__).parents[2] / "reports" / "report.schema.json"


def generated() -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:netpreflight:report:1",
        "title": "netpreflight-report/1",
        "description": "A report of netpreflight, as --json and -o run.json write it. `x-reveals` says what a text may "
        "reveal of the network and the people it was made with.",
        **msgspec.json.schema(Report),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def problems(document: str) -> list[str]:
    validator = Draft202012Validator(json.loads(FILE.read_text()))
    return [f"{one.json_path}: {one.message[:200]}" for one in validator.iter_errors(json.loads(document))]


def test_the_schema_is_that_of_the_types() -> None:
    assert json.loads(generated()) == json.loads(FILE.read_text()), (
        "write it anew: .venv/bin/python -m tests.unit.test_schema"
    )


def test_the_schema_is_one() -> None:
    schema = json.loads(FILE.read_text())

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("changed", PLACES.values(), ids=PLACES)
def test_a_report_keeps_the_schema(changed: dict[str, Any], device: str) -> None:
    made = of(broken(**changed), device=device)

    assert problems(FORMATS[".json"](made)) == []
    for level in TOLD:
        assert problems(FORMATS[".json"](shared(made, level))) == []


@pytest.mark.parametrize("choice", range(4))
def test_a_report_with_every_field_keeps_the_schema(choice: int) -> None:
    filler = Filler(ran=False, choice=choice)

    assert problems(FORMATS[".json"](of(filler.observations(), filler.footprint()))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["verdict"], "perhaps"),
        (["checks", 0, "status"], "ok"),
        (["schema"], "netpreflight-report/2"),
        (["observations", "wifi", "bss", 0, "ssid"], 7),
        (["footprint"], {}),
        (["sharing"], "all"),
    ],
    ids=str,
)
def test_what_is_no_report_does_not_keep_it(path: list[Any], value: object) -> None:
    document = json.loads(FORMATS[".json"](of(broken())))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value

    assert problems(json.dumps(document))


def test_the_schema_says_what_each_text_may_reveal() -> None:
    definitions = json.loads(FILE.read_text())["$defs"]

    assert definitions["Scope"]["properties"]["ssid"]["anyOf"][0]["x-reveals"] == "ssid"
    assert definitions["Bss"]["properties"]["elements"]["x-reveals"] == "raw"
    told = json.dumps(definitions)
    for one in get_args(Reveals):
        assert f'"x-reveals": "{one}"' in told, one


if __name__ == "__main__":
    FILE.write_text(generated())

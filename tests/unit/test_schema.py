"""The published JSON Schemas: generated from the types, and every report and comparison keeps its own."""

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from netpreflight.agent import profiles
from netpreflight.agent.compare import compare
from netpreflight.probes.observations import Observations, Reveals
from netpreflight.reports import FORMATS
from netpreflight.reports.comparison import FORMATS as COMPARISONS
from netpreflight.reports.sharing import hidden, shared
from netpreflight.reports.words import TOLD
from tests.unit.filled import Filler
from tests.unit.partly import partly
from tests.unit.places import EACH_DEVICE, PLACES, broken, of
from tests.unit.schema import COMPARISON, FILE, SCHEMAS, generated
from tests.unit.two_runs import blocked, given_as, phone, site


@cache
def validator(file: Path) -> Any:
    return Draft202012Validator(json.loads(file.read_text()))


def problems(document: str, file: Path = FILE) -> list[str]:
    errors = validator(file).iter_errors(json.loads(document))
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.name)
def test_the_schema_is_that_of_the_types(file: Path) -> None:
    assert json.loads(generated(file)) == json.loads(file.read_text()), (
        "write it anew: .venv/bin/python -m tests.unit.schema"
    )


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.name)
def test_the_schema_is_one(file: Path) -> None:
    schema = json.loads(file.read_text())

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("device", EACH_DEVICE)
@pytest.mark.parametrize("changed", partly({"healthy", "path-blocked", "wide"}, PLACES))
def test_a_report_keeps_the_schema(changed: dict[str, Any], device: str) -> None:
    made = of(broken(**changed), device=device)

    assert problems(FORMATS[".json"](made)) == []
    for level in TOLD:
        assert problems(FORMATS[".json"](shared(made, level))) == []


@pytest.mark.parametrize("later", [site(), site(cloud=blocked()), phone()], ids=["same", "worse", "elsewhere"])
def test_a_comparison_keeps_its_schema(later: Observations) -> None:
    a, b = given_as("A", site()), given_as("B", later)
    made = compare(a, b, profiles.load("argon"))

    assert problems(COMPARISONS[".json"](made), COMPARISON) == []
    for level in TOLD:
        assert problems(COMPARISONS[".json"](hidden(made, [a.report, b.report], level)), COMPARISON) == []


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
    for value in get_args(Reveals):
        assert f'"x-reveals": "{value}"' in told, value

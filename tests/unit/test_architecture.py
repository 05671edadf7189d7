"""The design's rules, held by what each file imports and calls, and how it names things."""

import ast
import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from netpreflight.agent.judging.registry import CHECKS

ROOT = Path(__file__).parents[2]
COMMAND_LINE = {str(file.relative_to(ROOT)) for file in (ROOT / "agent/cli").rglob("*.py")}
HEAVY = {
    "scapy": {"probes/net/packets.py"},
    "dns": {"probes/dns.py"},
    "ntplib": {"probes/ntp.py"},
    "netifaces": {"systems/linux/adapters.py"},
    "h11": {"probes/net/http.py"},
    "jinja2": {"reports/html/page.py"},
    "markupsafe": {"reports/html/page.py"},
    "pyroute2": {
        "probes/wifi/nl80211.py",
        "systems/linux/namespace.py",
        "systems/linux/station_events.py",
        "systems/linux/stations.py",
    },
    "jeepney": {"probes/join/manager_bus.py", "probes/wifi/networkmanager.py"},
    "pywifi": {"probes/wifi/wpa_supplicant.py"},
    "CoreWLAN": {"probes/wifi/macos.py"},
    "rich": {
        "reports/console.py",
        "reports/terminal/answer.py",
        "reports/terminal/device.py",
        "reports/terminal/doctor.py",
        "reports/device_log/terminal.py",
        "reports/terminal/led.py",
        "reports/terminal/progress.py",
        "reports/terminal/report.py",
        "reports/terminal/rows.py",
        "reports/terminal/tables.py",
        "reports/channel_map.py",
        "reports/check_page.py",
        "reports/comparison/terminal.py",
        "reports/watch/comparison.py",
        "reports/watch/terminal.py",
    },
    "prompt_toolkit": {"agent/picker.py"},
    "serial": {"probes/serial_port.py", "systems/macos/usb.py"},
    "typer": COMMAND_LINE,
    "duckdb": {"fleet/engine.py"},
    "subprocess": {"systems/programs.py"},
    "webbrowser": {"systems/programs.py"},
    "time": {"probes/net/clock.py", "systems/linux/clock.py"},
    "sqlite3": {"agent/watch/reading.py", "agent/watch/store.py"},
}
"""Packages, and the files that may use each."""
TOLD_BY_PROBES = ("netpreflight.probes.observations", "netpreflight.probes.quoting", "netpreflight.probes.urls")
"""What judging and renderings know of the probes: types, how a name stands in a sentence, and what a URL is made of."""


@cache
def parsed(*folders: str) -> dict[str, ast.Module]:
    """The files of these folders; by the tests only, so that other tests do not wait for it."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    gc.disable()  # trees are no garbage, and looking through them takes three quarters of the time
    try:
        return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in files}
    finally:
        gc.enable()


def shipped() -> dict[str, ast.Module]:
    return parsed("agent", "fleet", "probes", "reports", "systems")


@cache
def nodes(tree: ast.AST) -> list[ast.AST]:
    """Every node of a file: walking through it takes longer than looking at what was found."""
    return list(ast.walk(tree))


def statements(block: ast.AST) -> Iterator[ast.AST]:
    """Every statement in a block, and in the blocks within it: a tenth of what `ast.walk` finds."""
    for node in ast.iter_child_nodes(block):
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield node
            yield from statements(node)


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that a file imports, wherever in it; `from a import b` counts as `a.b`."""
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported(prefix: str) -> set[tuple[str, str]]:
    """(file, module) for every import in the files under a folder."""
    return {(name, module) for name, module in _imported() if name.startswith(prefix)}


@cache
def _imported() -> list[tuple[str, str]]:
    return [(name, module) for name, tree in shipped().items() for module in imports(tree)]


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def calls(tree: ast.Module) -> Iterator[str]:
    """The names of what is called, the last two parts of dotted ones."""
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                before = node.func.value
                yield f"{before.id if isinstance(before, ast.Name) else '?'}.{node.func.attr}"


def test_there_is_something_to_look_at() -> None:
    assert {
        "agent/cli/check.py",
        "agent/judging/verdict.py",
        "probes/dhcp.py",
        "reports/safe_text.py",
        "systems/interface.py",
    } <= set(shipped())
    assert ("agent/run.py", "netpreflight.probes.dhcp.dhcp") in imported("agent/")


def test_probes_know_no_device_and_no_report() -> None:
    assert not {pair for pair in imported("probes/") if within(pair[1], "netpreflight.agent", "netpreflight.reports")}


def test_only_the_command_line_knows_the_tables_of_many_runs() -> None:
    users = {name for name, module in imported("") if within(module, "netpreflight.fleet")}

    assert {name for name in users if not name.startswith(("fleet/", "agent/cli/"))} == set()


def test_systems_know_no_more_of_the_rest_than_what_an_observation_holds() -> None:
    found = {pair for pair in imported("systems/") if within(pair[1], "netpreflight")}

    assert ("systems/__init__.py", "netpreflight.systems.interface.System") in found
    assert not {
        pair for pair in found if not within(pair[1], "netpreflight.systems", "netpreflight.probes.observations")
    }


def test_only_one_file_asks_which_system_this_is() -> None:
    asks = {("sys", "platform"), ("os", "name"), ("platform", "system"), ("platform", "platform"), ("os", "uname")}
    users = {
        name
        for name, tree in shipped().items()
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in asks
    }

    assert users == {"systems/__init__.py"}


def names_compared(tree: ast.Module) -> Iterator[int]:
    """The lines that compare something with the name of a system."""
    for node in nodes(tree):
        if isinstance(node, ast.Compare):
            told = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            if told & {"linux", "win32", "darwin"}:
                yield node.lineno


def test_what_a_system_can_do_is_asked_and_not_its_name() -> None:
    assert list(names_compared(ast.parse('a == "linux"\nb in {"win32"}\nc == "Linux"'))) == [1, 2]
    assert {name for name, tree in shipped().items() if list(names_compared(tree))} == set()


def test_judging_is_pure() -> None:
    found = imported("agent/judging/")

    effects = ("socket", "asyncio", "time", "random", "os", "subprocess", "datetime", "pathlib", "ssl", "secrets", "io")
    assert not {
        pair
        for pair in found
        if within(
            pair[1],
            *effects,
            "netpreflight.reports",
            "netpreflight.agent.run",
            "netpreflight.agent.report",
            "netpreflight.agent.cli",
        )
    }
    assert not {
        pair for pair in found if within(pair[1], "netpreflight.probes") and not within(pair[1], *TOLD_BY_PROBES)
    }


def test_only_judging_goes_by_the_ids_of_checks() -> None:
    """Judges name each other's checks as causes; whatever else goes by an id is a column of the row."""
    found = {
        (name, node.value)
        for name, tree in shipped().items()
        if not name.startswith("agent/judging/") and name != "agent/watch/explained.py"  # it judges what a watch saw
        for node in nodes(tree)
        if isinstance(node, ast.Constant) and node.value in CHECKS and "." in str(node.value)
    }
    assert found == set()


def test_judging_touches_no_file() -> None:
    for name, tree in shipped().items():
        if name.startswith("agent/judging/"):
            assert not {"open", "input", "exec", "eval", "__import__"} & set(calls(tree)), name


def test_reports_decide_nothing_and_reach_nothing() -> None:
    found = imported("reports/")

    assert not {
        pair
        for pair in found
        if within(pair[1], "socket", "asyncio", "subprocess", "ssl", "os", "time", "netpreflight.agent.run")
    }
    assert not {
        pair for pair in found if within(pair[1], "netpreflight.probes") and not within(pair[1], *TOLD_BY_PROBES)
    }
    assert not {pair for pair in found if within(pair[1], "netpreflight.agent.judging")}


@pytest.mark.parametrize("package", HEAVY)
def test_a_heavy_package_is_used_only_where_it_works(package: str) -> None:
    users = {name for name, module in imported("") if within(module, package)}

    assert users <= HEAVY[package]


def test_scapy_is_imported_late() -> None:
    assert not {pair for pair in imported("") if within(pair[1], "scapy")}, (
        "only through netpreflight.probes.net.packets.layers"
    )
    assert "importlib.import_module" in set(calls(shipped()["probes/net/packets.py"]))


def test_urls_are_taken_apart_in_one_place() -> None:
    raising = {"urllib.parse", "urllib.request", "yarl", "httpx", "requests"}
    assert {name for name, module in imported("") if within(module, *raising)} == {"probes/urls.py"}


def test_programs_are_started_in_one_place() -> None:
    asyncios = {"asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}
    starters = {*asyncios, "subprocess.Popen", "os.system", "os.popen", "os.fork"}
    users = {name for name, tree in shipped().items() if starters & set(calls(tree))}

    assert users == {"systems/programs.py", "agent/privilege/helper.py", "agent/as_device/child.py"}


def test_what_keeps_roots_rights_reads_nothing_from_the_network() -> None:
    """The root helper imports the files that it writes and one frame to send, and no probe, parser or library."""
    own = {module for module in imports(shipped()["agent/privilege/helper.py"]) if within(module, "netpreflight")}
    further = {
        module
        for name in (
            "agent/output_files.py",
            "agent/run_folder.py",
            "probes/net/dhcp_release.py",
            "probes/net/clock.py",
        )
        for module in imports(shipped()[name])
        if within(module, "netpreflight")
    }

    assert {module.rpartition(".")[0] for module in own} == {
        "netpreflight.agent.output_files",
        "netpreflight.agent.run_folder",
        "netpreflight.probes.net.clock",
        "netpreflight.probes.net.dhcp_release",
    }
    assert {module.rpartition(".")[0] for module in further} == {
        "netpreflight.agent.output_files",
        "netpreflight.probes.net.packet_bytes",
    }


def test_nothing_prints_and_nothing_sleeps_on_a_real_clock_but_asyncio() -> None:
    for name, tree in shipped().items():
        called = set(calls(tree)) - ({"time.sleep"} if name == "probes/net/clock.py" else set())
        assert not {"print", "time.sleep", "breakpoint"} & called, name


def test_nobody_else_looks_at_a_clock() -> None:
    watches = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "?.time"}  # the last: a loop's
    users = {name for name, tree in shipped().items() if watches & set(calls(tree))}

    assert users == set()


def test_standard_output_is_written_by_the_command_line_only() -> None:
    users = {
        name
        for name, tree in shipped().items()
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"stdout", "stderr"}
        and isinstance(node.value, ast.Name) and node.value.id == "sys"
    }  # fmt: skip
    assert users <= COMMAND_LINE


def test_the_first_code_that_runs_imports_nothing_at_the_top() -> None:
    top = ast.Module(
        [node for node in shipped()["agent/start.py"].body if isinstance(node, ast.Import | ast.ImportFrom)], []
    )

    assert set(imports(top)) == {"_signal", "os", "sys"}


def test_the_command_line_imports_nothing_heavy_at_the_top() -> None:
    top = [
        module
        for name in COMMAND_LINE
        for node in shipped()[name].body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in imports(ast.Module([node], []))
    ]

    assert {module.partition(".")[0] for module in top} <= {
        "sys",
        "pathlib",
        "typing",
        "typer",
        "netpreflight",
        "gc",
        "contextlib",
        "functools",
        "io",
        "os",
        "signal",
    }
    own = {module for module in top if within(module, "netpreflight")}
    assert not {module for module in own if not within(module, "netpreflight.agent.start", "netpreflight.agent.cli")}


def quoted_by_hand(tree: ast.Module) -> Iterator[int]:
    """The lines of f-strings that put single quotes around a value."""
    for node in nodes(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        for before, value, after in zip(node.values, node.values[1:], node.values[2:], strict=False):
            match before, value, after:
                case ast.Constant(value=str(opens)), ast.FormattedValue(), ast.Constant(value=str(closes)):
                    if opens.endswith("'") and closes.startswith("'"):
                        yield node.lineno


def test_names_are_quoted_by_the_one_function_whose_inverse_finds_them() -> None:
    assert list(quoted_by_hand(ast.parse("f\"on '{name}'\""))) == [1]
    assert list(quoted_by_hand(ast.parse('f"in {name}\'s" + f"\'{a}{b}"'))) == []
    by_hand = {name: list(quoted_by_hand(tree)) for name, tree in shipped().items()}
    shell = {name for name in by_hand if name.startswith("reports/firewall/")}

    assert {name: lines for name, lines in by_hand.items() if lines and name not in shell} == {}


@pytest.mark.more
def test_what_tests_share_stands_in_plain_modules() -> None:
    found = {(name, module) for name, tree in parsed("tests").items() for module in imports(tree)}
    reached = {
        (name, module)
        for name, module in found
        if within(module, "tests") and any(part.startswith("test_") for part in module.split("."))
    }

    assert ("tests/unit/test_schema.py", "tests.unit.schema.generated") in found
    assert reached == set()


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that a file gives to an argument, a loop's variable or a value, and its line."""
    for node in nodes(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno


def test_names_say_what_they_are() -> None:
    loops = "for one in x: pass\n[1 for one in x]\nlambda one: 1\ndef f(one): one = 1\nasync def g(*, one): pass\n"
    assert sorted(line for name, line in bound(ast.parse(loops)) if name == "one") == [1, 2, 3, 4, 4, 5]
    found = {
        (name, line)
        for name, tree in {**shipped(), **parsed("tests")}.items()
        for given, line in bound(tree)
        if given == "one"
    }  # fmt: skip

    assert found == set()

"""A run that skips a test, or runs none, has not shown what it was asked to show: it fails.

And what the tests start keeps no run in the folders of who started the tests.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest


class Completeness:
    """Counts what ran and what was skipped, in the process that decides the exit status."""

    def __init__(self) -> None:
        self.ran = 0
        self.skipped: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skips itself."""
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that ran or was skipped; an expected failure (xfail) ran."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)
        elif report.when == "call":
            self.ran += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a success that is not a full one into a failure."""
        if session.exitstatus == pytest.ExitCode.OK and (self.skipped or not self.ran):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why."""
        if self.skipped:
            terminalreporter.write_line(f"FAILED: {len(self.skipped)} skipped, and a skip proves nothing", red=True)
        elif not self.ran:
            terminalreporter.write_line("FAILED: no test ran", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Watch from the main process only: xdist's workers report to it.

    A shell that runs the tests in the background has them ignore Ctrl-C, and so what they start: that is undone.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(Completeness(), "completeness")
        config.add_cleanup(keep_runs_elsewhere())


def keep_runs_elsewhere() -> Callable[[], None]:
    """Have runs kept in a folder of the tests' own, also by root whom `sudo` made; returns what removes it again."""
    for name in [name for name in os.environ if name.startswith(("SUDO_", "DOAS_"))]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="np-kept-"))
    os.environ["XDG_DATA_HOME"] = str(folder)
    return lambda: shutil.rmtree(folder)

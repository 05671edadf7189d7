"""The command line: arguments in, a report out, and the exit code. Each command has a file of its own."""

import gc
import io
import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from netpreflight.agent.cli import check, compare, devices, doctor, explain, fleet, guided, led, log, report, rules
from netpreflight.agent.cli.exits import UsageError, refuse, usage_message
from netpreflight.agent.cli.watch import watch_app
from netpreflight.agent.start import CANNOT_WRITE, stop_at_once


class Commands(TyperGroup):
    """All commands. If none is named, it is `check`: its options are explained and completed here, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """If no command is named, put `check` (after a double click `guided`) before the options."""
        own_options = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        is_option_of_check = bool(args) and args[0].startswith("-") and args[0].partition("=")[0] not in own_options
        if is_option_of_check:
            args = ["check", *args]
        elif not (args or ctx.resilient_parsing):  # a shell asks for completions without words
            args = ["guided" if _is_double_clicked() else "check"]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options and commands, and then the options of `check`."""
        super().format_options(ctx, formatter)
        with formatter.section("Options of check, the command if none is named"):
            formatter.write_dl([parameter.get_help_record(ctx) for parameter in self.commands["check"].params])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What a shell offers for the word before the cursor."""
        found = super().shell_complete(ctx, incomplete)
        return found + (self.commands["check"].shell_complete(ctx, incomplete) if incomplete.startswith("-") else [])


def _is_double_clicked() -> bool:
    """Whether this program has a window of its own, in which somebody can be asked."""
    from netpreflight.systems import SYSTEM  # noqa: PLC0415 - loaded only where it is needed

    streams = (sys.stdin, sys.stdout)
    return SYSTEM.has_own_window() and all(stream is not None and stream.isatty() for stream in streams)


app = typer.Typer(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[COMMAND] [ARGS]...",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Will this network let a 2.4 GHz IoT device online, and if not, who has to change what? "
    "Without a command: check. Exit codes: 0 compatible (with or without warnings), 1 incompatible, 2 wrong usage, "
    "3 undetermined, 130 cut short.",
)


def _show_licences(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    """Print the licences, and exit."""
    if wanted:
        from netpreflight.agent.licences import text  # noqa: PLC0415 - as above

        sys.stdout.write(text())
        raise typer.Exit


@app.callback()
def no_command(
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    licences: Annotated[  # noqa: ARG001 - its callback answers, because no command need follow
        bool,
        typer.Option(
            "--licences",
            is_eager=True,
            callback=_show_licences,
            help="Show the licences of the program and of what is in it, and exit.",
        ),
    ] = False,
) -> None:
    """The options that stand before the command."""
    if version:
        from netpreflight.agent import __version__  # noqa: PLC0415 - as above

        sys.stdout.write(f"netpreflight {__version__}\n")
        raise typer.Exit


COMMANDS = (
    check.check,
    report.report,
    compare.compare,
    rules.rules,
    devices.devices,
    explain.explain,
    guided.guided,
    doctor.doctor,
    led.led,
    log.log,
)
"""The commands in the order of `--help`. A command with subcommands is added by `app.add_typer` instead."""
for command in COMMANDS:
    app.command()(command)
app.add_typer(watch_app, name="watch")
app.add_typer(fleet.app, name="fleet")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    stop_at_once()
    arguments = sys.argv[1:] if arguments is None else arguments
    is_own_process = arguments == sys.argv[1:]  # then root's rights can be given up: nothing else needs them
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # escape characters that the terminal's encoding lacks
            stream.reconfigure(encoding=_encoding(stream), errors="backslashreplace")
    try:
        code = app(arguments, prog_name="netpreflight", standalone_mode=False, obj=is_own_process)
        sys.stdout.flush()
        if is_own_process:  # all output is written; Ctrl-C during Python's exit would print a traceback
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except UsageError as problem:
        refuse(str(problem))
    except BrokenPipeError:
        _close_standard_output()
        sys.exit(CANNOT_WRITE)
    except OSError as problem:
        _close_standard_output()
        refuse(f"cannot write the report: {problem.strerror or problem}")
    except Exception as problem:  # typer's own usage errors have `format_message`
        if not hasattr(problem, "format_message"):
            raise
        refuse(usage_message(problem, arguments))
    gc.freeze()  # else Python collects garbage once more on exit, which takes a tenth of a second
    sys.exit(code)


def _encoding(stream: io.TextIOWrapper) -> str | None:
    """The encoding that a standard stream has to get; None: it keeps its own."""
    if stream.encoding == "utf-8" or stream.isatty():
        return None
    from netpreflight.systems import SYSTEM  # noqa: PLC0415 - most streams are UTF-8

    return SYSTEM.pipe_encoding


def _close_standard_output() -> None:
    """Point standard output at the null device: else Python tries to write the rest again on exit, and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

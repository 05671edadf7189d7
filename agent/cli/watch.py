"""`netpreflight watch` and its commands."""

import typer

from netpreflight.agent.cli.watch_report import report

watch_app = typer.Typer(
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    help="Look at a network for hours or days, and say what broke when.",
)
watch_app.command("report")(report)

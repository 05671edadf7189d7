"""The options that several commands have, and the completions that a shell offers for them."""

from pathlib import Path
from typing import Annotated

import typer


def offered_devices(incomplete: str) -> list[str]:
    """The devices that a shell offers."""
    from netpreflight.agent.profiles import names  # noqa: PLC0415 - loaded only where it is needed

    return [name for name in names() if name.startswith(incomplete)]


def offered_dialects(incomplete: str) -> list[str]:
    """The products with rules of their own that a shell offers."""
    from netpreflight.reports.firewall import DIALECTS  # noqa: PLC0415 - as above

    return [name for name in DIALECTS if name.startswith(incomplete)]


def offered_levels(incomplete: str) -> list[str]:
    """The levels of sharing that a shell offers."""
    from netpreflight.agent.report import LEVELS  # noqa: PLC0415 - as above

    return [level for level in LEVELS if level.startswith(incomplete)]


def offered_pages(incomplete: str) -> list[str]:
    """The pages of checks that a shell offers."""
    from netpreflight.agent.check_pages import names  # noqa: PLC0415 - as above

    return [name for name in names() if name.startswith(incomplete)]


SavedRun = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="A report saved as JSON or as a page (HTML), complete or for a ticket; without it, the newest of the runs "
        "that are kept.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.toml",
        autocompletion=offered_devices,
        help="Device to judge for: generic (the default), argon, core, msom, p1, p2, photon, photon2, or a company's "
        "own file.",
    ),
]
Os = Annotated[
    str | None,
    typer.Option(
        "--os",
        metavar="VERSION",
        help="Device OS version, such as 4.2.0; without this option, or for a newer version, the newest known.",
    ),
]
SavedDevice = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.toml",
        autocompletion=offered_devices,
        help="Device to judge for: generic, argon, core, msom, p1, p2, photon, photon2, or a company's own file; "
        "without this option, the one that the saved file was made for.",
    ),
]
SavedOs = Annotated[
    str | None,
    typer.Option(
        "--os",
        metavar="VERSION",
        help="Device OS version, such as 4.2.0; without this option, that of the saved file, or with --device the "
        "newest known.",
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Also write the report: .html, .json, .md or .txt; or .eml: the request to whoever has to change "
        "something, as a mail that is not sent. May be repeated.",
    ),
]
AnswerOutput = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Also write the answer: .html, .json, .md or .txt. May be repeated."
    ),
]
Dialects = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="DIALECT",
        autocompletion=offered_dialects,
        help="Also print the firewall change for this product (see netpreflight rules --help). May be repeated.",
    ),
]
Contact = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Who asks, such as a name and a telephone number: the last line of each request, on pages, in Markdown, "
        "texts and mails. It is saved nowhere else.",
    ),
]
Share = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL",
        autocompletion=offered_levels,
        help="What the files and the screen may show: complete, ticket (without other networks' names, this laptop's "
        "MAC addresses and texts of web pages) or public (no name and no address of this place). Default: .json files "
        "and the terminal are complete, other files are for a ticket.",
    ),
]
Redact = Annotated[bool, typer.Option("--redact", help="The same as --share public, for a post in a forum.")]
Full = Annotated[
    bool, typer.Option("--full", help="Show everything, and not only the answer: all checks, and what each rests on.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on standard output.")]

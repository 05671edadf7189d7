"""`netpreflight fleet add`: files into the tables."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.fleet.progress import Progress, tell_waiting
from netpreflight.agent.cli.fleet.store import StoreFolder, open_store
from netpreflight.agent.cli.screen import standard_output

if TYPE_CHECKING:
    from netpreflight.fleet.add import Added
    from netpreflight.fleet.sites import Sites


def add(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER|FILE...",
            help="Saved runs (JSON or pages), devices' logs (netpreflight log --json) and watches "
            "(netpreflight watch report --json), and folders of them.",
        ),
    ],
    *,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Which file is of which site: a CSV with the columns file (a name, or a pattern with *), site and "
            "perhaps place. It counts where a run does not say its site itself.",
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="How the files' names tell the site, such as {site}-*.json; {place} is optional. It counts where "
            "neither the run nor the manifest tells the site.",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=256, help="How many files are read at the same time.")
    ] = None,
    store: StoreFolder = None,
) -> int:
    """Add saved runs to the tables; each counts once, however often it is added.

    A file that cannot be taken in is put in quarantine, with the reason (netpreflight fleet quarantine). Files are only
    read: keep them where they are, because another version of netpreflight may read what this one cannot. Names that
    begin with a dot are left alone, and no link is followed. Exit codes: 0 every file was taken in, 2 wrong usage,
    3 some are in quarantine, 130 stopped (what was reported as added stays; add again for the rest).
    """
    opened = open_store(store)
    from netpreflight.agent.called import as_called, called  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.fleet.add import add as add_files  # noqa: PLC0415
    from netpreflight.fleet.pool import Pool  # noqa: PLC0415
    from netpreflight.fleet.store import StoreError  # noqa: PLC0415

    screen = standard_output("say what was added")
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageError(f"{path}: no such file or folder")
    sites = _sites(manifest, names)
    progress = Progress("files")
    try:
        with Pool(processes) as pool:
            added = add_files(
                opened, paths, sites, pool, on_progress=lambda done: progress.show(done.files), on_wait=tell_waiting
            )
    except StoreError as problem:
        raise UsageError(str(problem)) from problem
    finally:
        progress.clear()
    screen.write(f"{as_called(_in_words(added), called(os.environ))}\n")
    return 3 if added.quarantined else 0


def _sites(manifest: Path | None, names: str | None) -> "Sites":
    """How `--manifest` and `--names` tell the site of a file."""
    from netpreflight.fleet.sites import Sites, read_manifest  # noqa: PLC0415 - as above

    try:
        return Sites(read_manifest(manifest) if manifest is not None else None, names)
    except OSError as problem:
        raise UsageError(f"{manifest}: {problem.strerror or problem}") from problem
    except ValueError as problem:
        raise UsageError(str(problem)) from problem


def _in_words(added: "Added") -> str:
    """What became of the files, as a line for the user."""
    from netpreflight.agent.sentences import counted  # noqa: PLC0415 - as above

    parts = [
        counted(added.run, "new run"),
        *([counted(added.log, "new device log")] if added.log else []),
        *([f"{added.watch} new watch{'' if added.watch == 1 else 'es'}"] if added.watch else []),
        *([counted(added.duplicate, "duplicate")] if added.duplicate else []),
        *([f"{added.before} added before"] if added.before else []),
        *([f"{added.quarantined} in quarantine (netpreflight fleet quarantine)"] if added.quarantined else []),
    ]
    return f"{counted(added.files, 'file')}: {', '.join(parts)}"

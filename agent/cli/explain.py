"""`netpreflight explain`: the page of one check."""

import os
from typing import Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.options import offered_pages
from netpreflight.agent.cli.screen import standard_output


def explain(
    check: Annotated[
        str,
        typer.Argument(
            metavar="CHECK",
            autocompletion=offered_pages,
            help="A check's id, such as cloud.transport; a group, such as wifi, to list its checks; common or routers.",
        ),
    ],
    problem: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROBLEM]",
            help="Show only the part of the check's page about this problem, such as no-answer; with routers, only the "
            "settings of this router, such as eero.",
        ),
    ] = None,
) -> int:
    """Print the page of one check: what it asks and sends, what each problem means, and who changes what, and where.

    It needs no network. The page "common" has the problems that any check can have; the page "routers" says where
    common routers keep the settings that the checks ask for.
    """
    from netpreflight.agent import check_pages as pages  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.called import called  # noqa: PLC0415
    from netpreflight.agent.suggested import suggested  # noqa: PLC0415
    from netpreflight.reports.check_page import print_page  # noqa: PLC0415
    from netpreflight.reports.console import on_terminal  # noqa: PLC0415

    if problem is None and check not in pages.names() and (group := pages.of_group(check)):
        text = group
    elif check not in pages.names():
        raise UsageError(f"no check {check!r}{suggested(check, pages.names())}")
    elif problem is None or check != pages.ROUTERS:
        known = pages.sections(check)
        if problem is not None and problem not in known:
            own = [name for name in known if f"\n## {name}\n" in pages.page(check)]
            raise UsageError(f"{check} has no problem {problem!r}{suggested(problem, own)}")
        text = pages.with_settings(check, problem)
    else:
        settings = pages.router_settings()
        text = settings.get(problem) or pages.of_router(problem)
        if not text:
            raise UsageError(f"no router or setting {problem!r}{suggested(problem, [*settings, *pages.routers()])}")
        text = f"# {check}\n\n{text}"
    print_page(on_terminal(standard_output("show the page")), text, called(os.environ))
    return 0

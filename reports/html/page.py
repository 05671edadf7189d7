"""Renders a page from a template: one file with its style and its Content-Security-Policy, and every value escaped.

`page(template, **values)` renders a template of `reports/html/templates`. A template for a new page begins with

    {% extends "base.html" %}
    {% import "parts.html" as parts %}
    {% block title %}Two runs{% endblock %}
    {% block main %} ... {% endblock %}

`parts.html` has what pages share: `answer` (the sentence at the top, with its mark), `mark` (a status or verdict:
shape, colour and word), `table` (caption, headings, rows; narrow screens stack it), `facts` (names and values),
`section`, `part` (a section that is folded), `fold` (a detail that is folded), `switch` (opens everything that is
folded), `text` (ready text to copy). What is folded is printed only if it is open. A cell of a table is a text, a
number, a `Mark`, a `Code`, or a list of these.

Every text goes through `safe_text.shown` (hidden characters escaped, long texts cut) and is then escaped for HTML,
wherever a template puts it; so a template never uses `safe`. Text that must not be cut goes through the filter `whole`.
Styles are in `style.css`; a page may add some (`style`), which must consist of numbers and names of this project only.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from netpreflight.agent import __version__
from netpreflight.reports.safe_text import escaped, shown

if TYPE_CHECKING:
    import jinja2
    import markupsafe

_FOLDER = Path(__file__).parent
_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
"""It allows no script, no request, no base address, no form target, and no style except the one in the file.

(Browsers ignore `frame-ancestors` and `sandbox` in a meta element.)
"""


class Mark(NamedTuple):
    """A cell that shows a status or a verdict by shape, colour and word."""

    kind: str
    word: str = ""
    """A word to show instead of the usual one for this kind."""


class Code(NamedTuple):
    """A cell that shows an address, an id or a line of a log as it is."""

    code: str


Cell: TypeAlias = "str | int | Mark | Code | Sequence[Cell]"
"""What a table's cell may hold; each element of a sequence becomes a paragraph."""


def page(template: str, /, *, style: str = "", **values: object) -> str:
    """Render a template to a page; the same values give the same bytes."""
    css = _css() + style
    policy = _POLICY.format(base64.b64encode(hashlib.sha256(css.encode()).digest()).decode())
    loaded = environment().get_template(template)
    return loaded.render(css=_markup(css), policy=policy, netpreflight=__version__, **values)


@cache
def environment() -> "jinja2.Environment":
    """The jinja2 environment; jinja2 is imported only here, because importing it takes as long as rendering."""
    import jinja2  # noqa: PLC0415 - see above

    created = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    created.filters["whole"] = _whole
    return created


def templates() -> list[str]:
    """The names of all templates. They are for compiling them in advance, because that takes longer than rendering."""
    return sorted(path.name for path in (_FOLDER / "templates").glob("*.html"))


@cache
def _css() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def _markup(text: str) -> "markupsafe.Markup":
    import markupsafe  # noqa: PLC0415 - as above

    return markupsafe.Markup(text)  # noqa: S704 - only for text of this project, or text that has been escaped


def _shown(value: object) -> object:
    """Make a value from a template safe to show; markup is left alone, because it has already been made safe."""
    return shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _whole(text: str) -> "markupsafe.Markup":
    """The filter `whole`: escapes a text, but keeps its full length and its line breaks."""
    import markupsafe  # noqa: PLC0415 - as above

    return _markup(str(markupsafe.escape("\n".join(map(escaped, text.split("\n"))))))

"""A table that is shown: texts below their headings, and what has to be said with them."""

from msgspec import Struct, field


class ShownTable(Struct, frozen=True, kw_only=True):
    """A table.

    Attributes:
        title: what it shows.
        headings: of its columns.
        rows: the cells of each row, as they came: whoever shows them escapes them.
        whole: the headings of columns whose cells are not broken.
        none: what is said in place of rows, where there are none.
        notes: what has to be known of it, as sentences.
    """

    title: str
    headings: list[str]
    rows: list[list[str]]
    whole: list[str] = field(default_factory=list)
    none: str = "None."
    notes: list[str] = field(default_factory=list)

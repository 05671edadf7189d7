"""A table to show: rows of texts below their headings, and notes on them."""

from msgspec import Struct, field


class ShownTable(Struct, frozen=True, kw_only=True):
    """A table.

    Attributes:
        title: what it shows.
        headings: the headings of its columns.
        rows: the cells of each row, not escaped: the code that shows the table does that.
        whole: the headings of columns whose cells are not wrapped.
        none: the text in place of rows, if there are none.
        notes: what the reader has to know about the table, as sentences.
    """

    title: str
    headings: list[str]
    rows: list[list[str]]
    whole: list[str] = field(default_factory=list)
    none: str = "None."
    notes: list[str] = field(default_factory=list)

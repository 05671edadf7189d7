"""Names in sentences: whatever is quoted is found again, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.quoting import QuotedNames, in_quotes

NAMES = st.text(min_size=1, max_size=12)


def test_a_name_is_put_in_single_quotes_as_it_is() -> None:
    assert in_quotes("Bob's \\x41") == "'Bob's \\x41'"


@given(NAMES, st.text().filter(lambda text: "'" not in text), st.text().filter(lambda text: "'" not in text))
def test_whatever_is_quoted_is_found_again(name: str, before: str, after: str) -> None:
    found = QuotedNames({name: "net-1"}).replaced(f"{before}{in_quotes(name)}{after}")

    assert found == f"{before}'net-1'{after}"


def test_each_time_that_a_name_is_quoted_it_is_found() -> None:
    names = QuotedNames({"a": "net-1", "b c": "net-2"})

    assert names.replaced("on 'a', not on 'b c'; 'a' again") == "on 'net-1', not on 'net-2'; 'net-1' again"


def test_of_two_names_that_begin_alike_the_longer_is_found() -> None:
    names = QuotedNames({"a": "net-1", "a' or 'b": "net-2"})

    assert names.replaced("on 'a' or 'b'") == "on 'net-2'"


def test_what_is_not_quoted_stays() -> None:
    names = QuotedNames({"is": "net-1"})

    for text in ("this is it", "'this", "'is", "is'", "it's Bob's", ""):
        assert names.replaced(text) == text

"""Hypothesis strategies for any msgspec type of the report, by its annotations."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from netpreflight.probes.observations import Count, Hops, Millis
from tests.unit import seen

_WORDS = [
    "", "x", "dhcp", "udp", "10.0.0.1", "0.0.0.0", "255.255.255.255", "192.168.77.0/33", "no address", "\x1b[31m\r\n",
    seen.GATEWAY, seen.NTP_NAME, *seen.ADDRESSES, *seen.ADDRESSES.values(), *seen.RANDOM, bytes(range(200, 240)).hex(),
    "41" * 40, "zz", "NOERROR", "NXDOMAIN", "SERVFAIL", "timeout", "Reset", "[red]x[/red]", "255.255.255.0", "x" * 3000,
]  # fmt: skip
_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.one_of(st.sampled_from(_WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
    int: st.one_of(st.integers(-2, 6), st.integers(), st.sampled_from([48, 67, 123, 5683, 5684])),
    float: st.one_of(st.floats(0, 100), st.floats(allow_nan=False, allow_infinity=False)),
    bool: st.booleans(),
    type(None): st.none(),
    object: st.none(),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}


def arbitrary(wanted: Any) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    if wanted == Count:
        return st.one_of(st.integers(0, 6), st.integers(0, 2**48))
    if wanted == Millis:
        return st.one_of(st.floats(0, 100), st.floats(0, 1e9))
    if wanted == Hops:
        return st.one_of(st.integers(0, 6), st.integers(0, 255))
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is Annotated:  # a list of a limited length
        most = arguments[1].max_length
        return arbitrary(arguments[0]).map(lambda values: values[:most])
    if wanted in _SCALARS:
        return _SCALARS[wanted]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {types.UnionType, Union}:
        return st.one_of(*map(arbitrary, arguments))
    if origin is list:
        return st.lists(arbitrary(arguments[0]), max_size=4)
    if origin is dict:
        return st.dictionaries(arbitrary(arguments[0]), arbitrary(arguments[1]), max_size=4)
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        hints = get_type_hints(wanted, include_extras=True)
        return st.builds(wanted, **{name: arbitrary(hints[name]) for name in wanted.__struct_fields__})
    raise TypeError(f"no strategy for {wanted!r}")

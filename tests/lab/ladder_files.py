"""Rows of routers as data: `ladders/*.toml` says who answers, what goes wrong, and what has to be said of it.

A file has one `[[ladder]]` table for each row. It is read strictly: a key or a word that is not known here is an error.
"""

from pathlib import Path
from typing import Literal

import msgspec

FOLDER = Path(__file__).parent / "ladders"
ODD_PLACE = 3
"""Where an odd router stands: between the second and the third of the others."""
Packets = Literal["coap", "dtls", "syn"]
Status = Literal["pass", "fail", "unknown"]
Who = int | Literal["nobody", "laptop"]
"""A router by its place in the row (1 is the gateway), or one of these."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table that has no other keys."""


class Odd(Strict, frozen=True):
    """What a router of `oddrouter.OddRouter` does; its attributes explain the keys."""

    quote: int | None = None
    trims: bool = False
    delay_s: float = 0.0
    forgets: bool = False
    overrun: bool = False
    hidden: bool = False


class Router(Strict, frozen=True):
    """A router that does one of these.

    Attributes:
        odd: what Linux's routers never do.
        limit: it sends Time Exceeded at this rate only (in the words of nftables).
        rewrites_ttl: where in the router it sets the TTL of what comes from the laptop's side to 64.
    """

    odd: Odd | None = None
    limit: str | None = None
    rewrites_ttl: Literal["prerouting", "postrouting"] | None = None

    def __post_init__(self) -> None:
        """Refuse a router that does nothing, or more than one of these."""
        if sum(does is not None for does in (self.odd, self.limit, self.rewrites_ttl)) != 1:
            raise ValueError("a router's table says one thing")


class Said(Strict, frozen=True):
    """What `path.egress` has to say; of a list, any.

    Attributes:
        status: its status.
        names: whom it names as the last that answers, or as who rejects.
        problem: its problem; "none" where there is none; not looked at where nothing is said.
        hop: the hop that it gives for whom it names, where that is not the place in the row.
        owner: who can change it; not looked at where nothing is said.
        mentions: a router whose address the summary has.
    """

    status: Status | list[Status]
    names: Who | list[Who]
    problem: str | list[str] | None = None
    hop: int | None = None
    owner: str | None = None
    mentions: int | None = None


class LadderFault(Said, frozen=True, kw_only=True):
    """What goes wrong, and what is said then.

    Attributes:
        at: where: a router by its place in the row, the laptop, or the server.
        does: what happens there to the device's packets. "accepts" answers a SYN in the cloud's name.
        hook: where in that host; "prerouting" is before a router looks at the TTL, so that it does not answer itself.
        answer: with what it rejects, in the words of nftables.
        icmp: type and code that the look has to have seen.
        to: whom the look asks: the server, or a host that drops everything.
    """

    at: int | Literal["laptop", "server"]
    does: Literal["drops", "drops replies", "drops everything", "rejects", "accepts", "is dead"]
    hook: Literal["forward", "prerouting", "input", "output"] = "forward"
    answer: str | None = None
    icmp: tuple[int, int] | None = None
    to: Literal["server", "dead host"] = "server"


class Ladder(Strict, frozen=True):
    """A row of routers, what goes wrong in it, one thing after the other, and what is said where nothing does.

    Attributes:
        name: the test's name.
        packets: what the device sends; a test for each.
        routers: from the gateway on. "limited by Linux" has the limits of ICMP that Linux has by default.
        healthy: what is said where nothing goes wrong. Even then the device's own exchange is taken for unanswered, as
            its path would not be judged otherwise: "reached-not-answered".
        faults: what goes wrong.
        second: what the second router is: one more public router, a second NAT, or a carrier's NAT.
        tunnel: whether a tunnel leads from the first router to the last, and whose TTL its packets have.
    """

    name: str
    packets: list[Packets]
    routers: list[Literal["answers", "silent", "limited by Linux"] | Router]
    healthy: Said
    faults: list[LadderFault]
    second: Literal["public", "nat", "carrier"] = "public"
    tunnel: Literal["its own TTL", "the TTL of what it carries"] | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        every = set(range(1, len(self.routers) + 1))
        odd = {place for place in every if is_odd(self.routers[place - 1])}
        if odd - {ODD_PLACE}:
            raise ValueError(f"an odd router stands at place {ODD_PLACE} only")
        if not self.packets or not self.faults:
            raise ValueError("packets and faults are not empty")
        for said in (self.healthy, *self.faults):
            if not {who for who in whom(said) if isinstance(who, int)} | {said.mentions or 1} <= every:
                raise ValueError(f"no such router in the row: {said}")
        for fault in self.faults:
            if isinstance(fault.at, int) and fault.at not in every - odd:
                raise ValueError(f"no router that a fault can be put into: {fault}")
            if (fault.does == "rejects") != (fault.answer is not None):
                raise ValueError(f"who rejects, and nobody else, has an answer: {fault}")


def is_odd(router: str | Router) -> bool:
    """Whether it is one that Linux cannot be."""
    return isinstance(router, Router) and router.odd is not None


class _File(Strict, frozen=True):
    ladder: list[Ladder]


def whom(said: Said) -> list[Who]:
    """Whom it may name."""
    return said.names if isinstance(said.names, list) else [said.names]


def read(text: str) -> list[Ladder]:
    """The rows of a file; raises `msgspec.ValidationError` for what is not known or makes no sense."""
    return msgspec.toml.decode(text, type=_File).ladder


def every_ladder() -> list[Ladder]:
    """The rows of all files. Each has a name of its own."""
    ladders = [ladder for file in sorted(FOLDER.glob("*.toml")) for ladder in read(file.read_text())]
    names = [ladder.name for ladder in ladders]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return ladders

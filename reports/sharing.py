r"""What a report says to whom: everything, what a ticket needs, or nothing of the place that it was made in.

The types of the observations say what each text may reveal (`observations.Reveals`). What a level hides becomes
a token, one and the same for one and the same value within a report: `net-1`, `private-2`. Tokens are numbered as the
values appear, so they hold nothing of the value: there is nothing to reverse, no secret to keep, and a saved run gives
the same tokens each time.

Sentences (summaries, evidence, notes and all other text of a report) quote the observations. In them a value is found

* by its shape, wherever it stands: addresses, MAC addresses, URLs, device ids, home folders, bytes;
* in single quotes, as judging quotes names of networks: exactly, however short or common the name is;
* as whole words (hosts, interfaces, what a server says), unless they are all words of this tool's own, which reveal
  nothing. Names of networks are not looked for like that: any word can be one.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
from msgspec import Struct

from netpreflight.agent import profiles
from netpreflight.agent.report import Level, Report, SharedLevel
from netpreflight.probes.observations import UNRESTRICTED, Connection, HttpWitness, Observations, Reveals
from netpreflight.probes.quoting import QuotedNames
from netpreflight.reports.words import TOLD

AnyStruct = TypeVar("AnyStruct", bound=Struct)

HIDDEN = "(hidden)"
"""Stands for what has no token: a page, a server's own words."""

_WORD = re.compile(r"\w+")
_KNOWN_ADDRESSES = {"8.8.8.8", "54.208.229.4", "100.64.0.0"}
"""Addresses that this tool and its profiles name by themselves."""
_USERS = {"", "root", "ordinary user"}
_ORDINARY_INTERFACE = re.compile(
    r"(?:lo|eth|wlan|en|em|wl|ww|utun|tun|tap|wg|ppp|docker|br|virbr|bridge|awdl|llw|bond|veth|ap)\d{0,4}"
    r"|(?:en|wl|ww)(?:p\d+s\d+(?:f\d+)?(?:d\d+)?|o\d+|s\d+)|wlp\d+s\d+|Wi-Fi(?: \d+)?|Ethernet(?: \d+)?"
)
"""Names that a system gives by itself, and that say nothing of this one."""
_OWN_WORDS = {
    *_WORD.findall(
        """
        a access address and answer answers any app at auth band best broadcast bss by captive cgnat channel check
        client cloud coap compatible connected connection default device dhcp dns down error ethernet fail failed from
        gateway get gmt guest hidden home host hotspot html http https ii in index interface internet ip ipv4 ipv6 is it
        lan lease link local login mac name net network no none not ntp ok on open or owner page pass path php ping port
        portal private proxy public refused reply request reset resolver root route router run server signal ssid stage
        test that the this timeout to tls udp tcp unknown up user vpn wan warn warning wep wifi wire wlan wpa wpa2 wpa3
        www yes you
        """
    ),
}
"""Words that reveal nothing, and that a sentence of this tool may have by itself; the ids of checks are such, too."""
_LONGEST, _LONGEST_WITH_NAMES = 4_000, 100_000
"""Characters of a text that is looked through; no sentence of this tool is nearly as long, but one made up may be."""
_LEAST_LETTERS = 3
"""Outside of quotes nothing shorter is looked for."""

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\"'()]+", re.IGNORECASE)
_HOME = re.compile(r"(?:/home/|/Users/|\\Users\\)[^/\\\s:'\"]+")
_QUOTED_BYTES = re.compile(r"(?:bytearray\(|(?<=: )|^)b(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\)?", re.DOTALL)
"""Bytes as Python shows them, in the errors of libraries."""
_NAME_BYTES = re.compile(r"\b\d+ bytes: ([0-9a-f]{2}(?: [0-9a-f]{2})*)")
"""A network's name byte by byte (`agent/judging/wifi/names.py`)."""
_SEVERAL_NAMES = re.compile(r"(?<=It gave several names )\(.*?\)(?=: the latest of its beacons is taken)", re.DOTALL)
"""Names that are in no other field (`probes/wifi/capture.py`)."""
_MAC = re.compile(r"(?<![0-9a-f])[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![0-9a-f])", re.IGNORECASE)
_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12,})(?![0-9a-f])", re.IGNORECASE)
"""A MAC address without its colons, a device id, or longer bytes."""
_NO_DEVICE = "e00fce680000000000000000"
"""The id of no device, by which this tool asks for a device's cloud."""
_IPV4 = re.compile(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9a-f]{0,4}:[0-9a-f:]*:(?:[0-9a-f:.]*[0-9a-f])?(?!\w)", re.IGNORECASE)
_NO_STATION = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}


def shared(report: Report, level: Level) -> Report:
    """The report as it may be shown at a level; a report that was shared already stays as it is."""
    if level == "complete" or report.sharing is not msgspec.UNSET:
        return report
    made = hidden(report, [report], level)
    return msgspec.structs.replace(
        made, sharing=level, notes=[*made.notes, TOLD[level]] if level == "public" else made.notes
    )


def hidden(made: AnyStruct, reports: Sequence[Report], level: SharedLevel) -> AnyStruct:
    """The same without what the level hides; it may quote whatever these reports hold, with the same tokens for all."""
    return _Hider(reports, level).struct(made)


# --- what a type says


@cache
def _texts_of(kind: type[Struct]) -> tuple[tuple[str, Reveals], ...]:
    """The fields of a type that may hold text, each with what the text may reveal."""
    found: list[tuple[str, Reveals]] = []
    for one in msgspec.structs.fields(kind):
        what = _revealed(one.type)
        if what is not None:
            found.append((one.name, what))
    return tuple(found)


def _revealed(kind: Any) -> Reveals | None:
    """What the texts of a type may reveal; None: it holds nothing that could be text, or a choice of our own words."""
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        told = next(
            (mark.extra_json_schema["x-reveals"] for mark in marks if getattr(mark, "extra_json_schema", None)), None
        )
        return told or _revealed(inner)
    if get_origin(kind) is Literal or kind in {int, float, bool, type(None)}:
        return None
    inner = [what for one in get_args(kind) if (what := _revealed(one)) is not None]
    return inner[0] if inner else "words"


class _Hider:
    """The tokens for all that some reports hold, and how each kind of text is shown."""

    def __init__(self, reports: Sequence[Report], level: SharedLevel) -> None:
        self._public = level == "public"
        self._tokens: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self._given: set[str] = set()
        self._quoted = QuotedNames({})
        self._named: dict[str, str] = {}
        """What to put for a value that stands in quotes."""
        self._spoken: dict[str, dict[tuple[int, int], dict[str, str]]] = {}
        """The same for one that stands in a sentence, by its first word, where that begins in it, and its length."""
        self._show: dict[Reveals, Callable[[str], str]] = {
            "nothing": str,
            "ssid": self._ssid,
            "ssid-hex": self._ssid_hex,
            "bssid": lambda one: self._mac(one, "bss"),
            "server-mac": lambda one: self._mac(one, "mac"),
            "client-mac": lambda one: self._mac(one, "mac"),
            "address": self._typed_address,
            "host": self._host,
            "asked-name": lambda one: self._addresses(self._device_ids(one)),
            "url": self._url,
            "interface": self._interface,
            "user": lambda one: one if one in _USERS else self._token("user", one),
            "raw": lambda _one: "",
            "page": lambda one: HIDDEN if one else "",
            "said": self._said,
            "words": self.text,
            "log-line": self._log_line,
        }
        self._names_kept: set[str] = set()
        self._macs_kept: set[str] = set()
        self._asked: set[str] = set()
        self._urls_of_ours: set[str] = set()
        self._names_by_hex: dict[str, str] = {}
        self._targets: list[str] = []
        self._own_words = _OWN_WORDS | {
            word for one in reports for check in one.checks for word in _WORD.findall(check.id)
        }
        self._devices_are_known = all(one.device.name in profiles.names() for one in reports)
        self._log_templates = _log_templates(reports)
        values = [self._keep(one) for one in reports]
        for one, held in zip(reports, values, strict=True):
            self._collect(one.observations, held)
        self._quoted = QuotedNames(self._named)

    # --- the values, and which of them stay

    def _keep(self, report: Report) -> dict[Reveals, dict[str, None]]:
        """Note what stays as it is; what else there is comes back, by what it may reveal."""
        seen = report.observations
        values: dict[Reveals, dict[str, None]] = {}
        for part in (seen, report.footprint):
            for what, value in _values(part):
                values.setdefault(what, {})[value] = None
        bsss = seen.wifi.bss if seen.wifi else []
        self._asked |= {one.lower() for one in values.get("asked-name", {})}
        self._urls_of_ours |= {one.url for one in (seen.portal.http if seen.portal else [])}
        self._names_by_hex |= {one.ssid_hex: one.ssid for one in bsss if one.ssid_hex and one.ssid}
        if not self._public:
            names, macs = _this_network(seen)
            self._names_kept |= names
            self._macs_kept |= macs | {_plain_mac(one) for one in values.get("server-mac", {})}
        if seen.wifi and seen.wifi.target:
            self._targets.append(seen.wifi.target)
        return values

    def _collect(self, seen: Observations, values: dict[Reveals, dict[str, None]]) -> None:
        """Give each value its token, and remember what to put for it in a sentence."""
        judged = [seen.wifi.target] if seen.wifi and seen.wifi.target else []
        for name in (*judged, *values.get("ssid", {})):
            self._quote(name, self._ssid(name))
        for bssid in values.get("bssid", {}):
            self._mac(bssid, "bss")
        urls = dict.fromkeys(values.get("url", {}))
        for witness in seen.portal.http if seen.portal else []:
            if witness.location:
                urls[_joined(witness.url, witness.location)] = None
        for url in urls:
            self._learn(url, self._url(url))
            self._learn(url.strip(), self._url(url.strip()))
            if host := _split(url).hostname:
                self._learn(host, self._host(host))
        for what in ("host", "interface", "user", "said"):
            for value in values.get(what, {}):
                self._learn(value, self._show[what](value))

    def _quote(self, value: str, instead: str) -> None:
        """Remember what to put for a value that stands in quotes."""
        if value and value != instead:
            self._named[value] = instead

    def _learn(self, value: str, instead: str) -> None:
        """Remember what to put for a value anywhere in a sentence."""
        if not value or value == instead:
            return
        self._quote(value, instead)
        first = _WORD.search(value)
        if first is None or len(value) < _LEAST_LETTERS or self._says_nothing(value):
            return
        alike = self._spoken.setdefault(first[0].lower(), {})
        alike.setdefault((first.start(), len(value)), {})[value.lower()] = instead

    def _says_nothing(self, value: str) -> bool:
        return all(word in self._own_words for word in _WORD.findall(value.lower()))

    def _token(self, kind: str, key: str) -> str:
        if (kind, key) not in self._tokens:
            self._numbers[kind] += 1
            self._tokens[kind, key] = token = f"{kind}-{self._numbers[kind]}"
            self._given.add(token)
        return self._tokens[kind, key]

    # --- the walk

    def struct(self, value: AnyStruct) -> AnyStruct:
        """The same, with every text as it may be shown."""
        changes: dict[str, Any] = {}
        for name, what in _texts_of(type(value)):
            before = getattr(value, name)
            if before and what != "nothing":
                after = self._any(before, what)
                if after is not before:
                    changes[name] = after
        if isinstance(value, HttpWitness) and value.right:
            changes["body"] = value.expected_body  # right it stays
        if isinstance(value, Connection) and value.is_nonce:
            changes["received"] = "00" * 40
        return msgspec.structs.replace(value, **changes) if changes else value

    def _any(self, value: Any, what: Reveals) -> Any:
        if isinstance(value, str):
            return self._show[what](value)
        if isinstance(value, Struct):
            return self.struct(value)
        if isinstance(value, list):
            return [self._any(one, what) for one in value]
        if isinstance(value, dict):
            return {key: self._any(one, what) for key, one in value.items()}
        return value

    # --- one kind each

    def _ssid(self, name: str) -> str:
        return name if not name or name in self._names_kept else self._token("net", name)

    def _ssid_hex(self, octets: str) -> str:
        return octets if self._names_by_hex.get(octets) in self._names_kept else ""

    def _mac(self, text: str, kind: str) -> str:
        plain = _plain_mac(text)
        if not plain or plain in self._macs_kept or plain in _NO_STATION:
            return text
        return self._tokens.get(("bss", plain)) or self._token(kind, plain)

    def _typed_address(self, text: str) -> str:
        found = self._addresses(text)
        # What is no address, and stands where one should, is hidden whole.
        return (
            self._token("address", text) if self._public and text and found == text and not _is_known(text) else found
        )

    def _host(self, name: str) -> str:
        shaped = self._addresses(self._device_ids(name))
        if not self._public or not name or shaped != name or name in self._given or _is_known(name):
            return shaped
        plain = name.lower().rstrip(".")
        return name if plain in self._asked else self._token("host", plain)

    def _url(self, url: str) -> str:
        if url in self._urls_of_ours or url.strip() == UNRESTRICTED or url in self._given:
            return url
        if not url or re.fullmatch(r"[^\s/:?#@]+(?::\d+)?", url):  # a host, and perhaps its port
            host, colon, port = url.partition(":")
            return f"{self._host(host)}{colon}{port}"
        parts = _split(url)
        path = parts.path if parts.path in {"", "/", "/…"} else "/…" if self._public or "%" in parts.path else None
        if path is None:
            path = self._shapes(parts.path)
        if not parts.netloc:
            return HIDDEN if self._public else path + ("?…" if parts.query or parts.fragment else "")
        host = self._host(parts.hostname or "")
        scheme = f"{parts.scheme}:" if parts.scheme else ""
        more = "?…" if (parts.query or parts.fragment) and not self._public else ""
        return f"{scheme}//{host}{_port(parts)}{path}{more}"

    def _interface(self, name: str) -> str:
        if not name or _ORDINARY_INTERFACE.fullmatch(name):
            return name
        return self._token("interface", name) if self._public else self._shapes(name)

    def _said(self, words: str) -> str:
        if not self._public or self._says_nothing(words):
            return self.text(words)
        return HIDDEN if words else words

    def _log_line(self, line: str) -> str:
        """A line of a log: the template that it was made from tells where the name stands."""
        names = [one for one in self._targets if one in line and one not in self._names_kept]
        if not names:
            return self.text(line)
        made = next((match for one in self._log_templates if (match := one.fullmatch(line))), None)
        if made is None or made["ssid"] not in names:
            if not self._devices_are_known:  # a line of a company's own: better garbled than told
                for name in names:
                    line = line.replace(name, self._ssid(name))
            return self.text(line)
        begin, end = made.span("ssid")
        return self.text(line[:begin]) + self._ssid(made["ssid"]) + self.text(line[end:])

    # --- sentences

    def text(self, text: str) -> str:
        """A sentence as it may be shown."""
        if len(text) > _LONGEST_WITH_NAMES:
            return HIDDEN
        text = self._quoted.replaced(text)
        return self._shapes(self._without_spoken(text) if len(text) <= _LONGEST else text)

    def _without_spoken(self, text: str) -> str:
        pieces, done = [], 0
        for word in _WORD.finditer(text):
            alike = self._spoken.get(word[0].lower(), {})
            for offset, length in sorted(alike, key=lambda one: -one[1]):
                begin = word.start() - offset
                end = begin + length
                instead = alike[offset, length].get(text[max(begin, 0) : end].lower())
                goes_on = text[end - 1 : end].isalnum() and text[end : end + 1].isalnum()
                if instead is not None and begin >= done and not goes_on:
                    pieces += [text[done:begin], instead]
                    done = end
                    break
        return "".join([*pieces, text[done:]])

    def _shapes(self, text: str) -> str:
        if len(text) > _LONGEST:
            return HIDDEN
        text = _URL.sub(lambda match: self._url_in_text(match[0]), text)
        text = _HOME.sub("~", text)
        text = _QUOTED_BYTES.sub(HIDDEN, text)
        text = _SEVERAL_NAMES.sub(HIDDEN, text)
        text = _NAME_BYTES.sub(self._bytes_of_name, text)
        text = _MAC.sub(lambda match: self._mac(match[0], "mac"), text)
        return self._addresses(self._device_ids(text))

    def _url_in_text(self, url: str) -> str:
        bare = url.rstrip(".,;:!?]")
        return self._url(bare) + url[len(bare) :]

    def _bytes_of_name(self, match: re.Match[str]) -> str:
        kept = self._names_by_hex.get(match[1].replace(" ", "")) in self._names_kept
        return match[0] if kept else f"its bytes: {HIDDEN}"

    def _device_ids(self, text: str) -> str:
        return _HEX.sub(self._long_hex, text)

    def _long_hex(self, match: re.Match[str]) -> str:
        digits = match[0].replace(".", "").lower()
        if len(digits) == 12:
            return self._mac(match[0], "mac")
        if len(digits) == len(_NO_DEVICE):
            return match[0] if digits == _NO_DEVICE else self._token("device", digits)
        return HIDDEN

    def _addresses(self, text: str) -> str:
        if len(text) > _LONGEST:
            return HIDDEN
        if "." in text and self._public:
            text = _IPV4.sub(self._ipv4, text)
        return _IPV6.sub(self._ipv6, text) if ":" in text else text

    def _ipv4(self, match: re.Match[str]) -> str:
        address = _parsed(match[0])
        if address is None or _is_known(match[0]):
            return match[0]
        kind = next((one for one, networks in _CLASSES.items() if any(address in each for each in networks)), "public")
        return self._token(kind, str(address))

    def _ipv6(self, match: re.Match[str]) -> str:
        found = match[0]
        address = _parsed_v6(found)
        if address is None and found.endswith(":"):  # of the sentence
            found = found[:-1]
            address = _parsed_v6(found)
        if address is None or address.is_unspecified or address.is_loopback:
            return match[0]
        # The interface identifier can be made of the laptop's MAC address (RFC 4291, appendix A).
        names_mac = address.packed[11:13] == b"\xff\xfe"
        if not (self._public or names_mac):
            return match[0]
        return self._token("ipv6", str(address)) + match[0][len(found) :]


_CLASSES = {
    "private": [ipaddress.IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")],
    "cgnat": [ipaddress.IPv4Network("100.64.0.0/10")],
    "link-local": [ipaddress.IPv4Network("169.254.0.0/16")],
}
"""What a token still says of an address; every other one is `public`."""


def _parsed(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def _parsed_v6(text: str) -> ipaddress.IPv6Address | None:
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        return None


def _is_known(text: str) -> bool:
    """Whether an address is the same everywhere: this tool's own, a loopback or multicast address, or a netmask."""
    address = _parsed(text)
    if address is None:
        return False
    inverted = ~int(address) & 0xFFFFFFFF
    mask = address.packed[0] == 255 and inverted & (inverted + 1) == 0
    return text in _KNOWN_ADDRESSES or address.is_unspecified or address.is_loopback or address.is_multicast or mask


def _plain_mac(text: str) -> str:
    """A MAC address in lower case with colons; empty: there is none."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)) or text


def _split(url: str) -> SplitResult:
    """The parts of a URL; of one that has none, nothing."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - looking at it is what raises
    except ValueError:
        return SplitResult("", HIDDEN, "", "", "")
    return parts


def _joined(url: str, location: str) -> str:
    """Where a redirect leads, as judging says it."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _port(parts: SplitResult) -> str:
    return f":{parts.port}" if parts.port is not None else ""


def _values(value: Any, what: Reveals = "words") -> Iterator[tuple[Reveals, str]]:
    """Every text of an observation, with what it may reveal."""
    if isinstance(value, str):
        yield what, value
    elif isinstance(value, Struct):
        for name, inner in _texts_of(type(value)):
            held = getattr(value, name)
            if isinstance(held, str):
                yield inner, held
            elif held:
                yield from _values(held, inner)
    elif isinstance(value, list):
        for one in value:
            yield from _values(one, what)


def _log_templates(reports: Sequence[Report]) -> list[re.Pattern[str]]:
    """The lines of devices' logs that hold the network's name."""
    lines = [getattr(known.startup, name) for known in profiles.load_all() for name in known.startup.__struct_fields__]
    facts = [*lines, *(fact for one in reports for fact in one.startup.rests_on)]
    templates = dict.fromkeys(str(one.value) for one in facts if one is not None and "{ssid}" in str(one.value))
    return [_log_template(one) for one in templates]


def _log_template(text: str) -> re.Pattern[str]:
    before, _, after = (re.sub(r"\\\{\w+\\\}", ".*", re.escape(one)) for one in text.partition("{ssid}"))
    return re.compile(f"{before}(?P<ssid>.*){after}", re.DOTALL)


def _this_network(seen: Observations) -> tuple[set[str], set[str]]:
    """The names that a ticket is about, and the MAC addresses of that network's access points."""
    wifi = seen.wifi
    names = {seen.scope.ssid, *((wifi.target, wifi.associated_ssid) if wifi else ())} - {None, ""}
    own = [one for one in (wifi.bss if wifi else []) if one.ssid in names]
    macs = {one.bssid for one in own} | {seen.scope.bssid, wifi.associated_bssid if wifi else None}
    macs |= {one.bssid for bss in own for one in bss.neighbors if one.same_ssid}
    return {one for one in names if one}, {_plain_mac(one) for one in macs if one}

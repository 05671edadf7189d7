r"""Reads the log that a device itself prints, without judging it.

A reader is fed with bytes as they arrive, from a file or from a serial port, and returns records: the lines that it is
given kinds for. All other lines are counted. Nothing is sent, and no network is needed.

The grammar (device-os v6.2.0 wiring/src/spark_wiring_logging.cpp:477-531, the same since v0.6.4): milliseconds since
the start in ten digits, the category in brackets, the source location (only in debug builds: file, line and function),
the level, the message, and perhaps `[code = N, details = T]`; each part except the level may be missing. Before 0.6.0
(v0.5.5 services/src/debug.c): `0000011114:INFO : void f() (214):text`. Since 1.5.0 also JSON records
(JSONStreamLogHandler, same file:573).
What other tools have added or changed is undone: line ends, ANSI sequences, UTF-16, their own times and prompts, and
the quoting of forums.

Secrets are cut before anything is kept.
"""

import codecs
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import BinaryIO, Literal, NamedTuple
from unicodedata import normalize

import msgspec

from netpreflight.probes.observations import CUT, DeviceLog, LogHole, LogLevel, LogRecord

MOST_RECORDS = 2000
"""How many records are kept: half from the beginning of the log, half from its end; those between are only counted."""
MOST_BYTES = 1 << 30
"""How many bytes of a log are read; the rest is not read."""
MOST_LINES = 4_000_000
"""How many lines of a log are read, not counting those shorter than SHORTEST_LINE; the rest is not read."""
LONGEST_LINE = 2000
"""In characters. A message has at most 159 (device-os v6.2.0 services/src/logging.cpp:92); a line may hold several."""
LONGEST_MESSAGE = 159
SHORTEST_LINE = 6
"""In characters; `INFO: ` has six. Shorter lines are skipped, except for `!`, which a crash prints."""
MOST_IN_LINE = 20
"""How many records are read from one line, if several run together in it."""
MOST_HOLES = 100
MOST_CATEGORIES = 100
SILENCE_MS = 30_000
"""If nothing was printed for this long, lines may be missing."""
BACK_MS = 1000
"""If the time goes back by more than this, the device has restarted; if by less, a second log handler printed late."""
WRAP_MS = 2**32 - 60_000
"""After a time beyond this, the time may go back to 0 without a restart: it wraps after 49.7 days."""
_CHUNK = 1 << 16


FAMILIES = frozenset(
    ("app", "comm", "gsm0710muxer", "hal", "lwip", "mux", "ncp", "net", "ot", "service", "sys", "system", "wiring", "")
)
"""The first words of the categories whose levels are recorded by name: those of Device OS, and `app`, which is the
application's. All other categories belong to an application or a library, and are recorded together as `other`."""


class LineKind(NamedTuple):
    """A kind of line that a reader recognises: its message begins with a fixed text, and a pattern matches the rest.

    Attributes:
        id: the name of the kind, for the judge.
        begin: the exact beginning of the message; of a message that was cut, only this beginning has to be there.
        rest: a pattern for the rest of the message, with groups named as the fields of `LogRecord`.
        bare: whether an application or a tool may print such a line, outside the firmware's own log.
        once: whether only the first line of this kind is kept.
    """

    id: str
    begin: str
    rest: str = ""
    bare: bool = False
    once: bool = False


_LEVELS: dict[str, LogLevel] = {
    "TRACE": "TRACE",
    "LOG": "TRACE",
    "DEBUG": "TRACE",
    "INFO": "INFO",
    "WARN": "WARN",
    "ERROR": "ERROR",
    "PANIC": "PANIC",
}
_RANK: dict[LogLevel, int] = {"TRACE": 0, "INFO": 1, "WARN": 2, "ERROR": 3, "PANIC": 4}
_LEVEL = "TRACE|INFO|WARN|ERROR|PANIC"
_PLACE = r"(?:[\w.+-]{1,80}:\d{1,6}(?:, |: )[^\n]{0,160}?|[^\[\]\n]{1,80}?\(\): )?"
"""The source location in a head: file, line and function, or the function alone. Only debug builds print one."""
_USUAL = re.compile(rf"(?:(\d{{10}}) )?\[([A-Za-z0-9_.]{{1,40}})\] ({_LEVEL}): (.*)")
_FURTHER_HEAD = re.compile(rf"(?:{_LEVEL}|LOG|DEBUG) {{0,4}}: ")
"""Occurs in every message in which another record begins (but also in others)."""
_HEAD = re.compile(
    rf"(?:(?P<ms>(?<!\d)\d{{10,24}}) )?\[(?P<category>[A-Za-z0-9_.]{{1,40}})\] {_PLACE}(?P<level>{_LEVEL}): "
    rf"|(?P<ms2>(?<!\d)\d{{10,24}}) {_PLACE}(?P<level2>{_LEVEL}): "
)
_HEAD_LENGTH = 320
"""In characters: how long the head of a record (all before its message) can be; longer text is no head."""
_LEVELS_IN = re.compile(rf"(?:{_LEVEL}): ")
_OLD_HEAD = re.compile(
    r"(?P<ms>(?<!\d)\d{10,24}):(?P<level>LOG|TRACE|DEBUG|INFO|WARN|ERROR|PANIC) {0,4}: [^\n]{0,300}?\(\d{1,6}\):"
)
_TRAILER = re.compile(r" \[(?:code = (-?\d{1,9}))?(?:, )?(?:details = [^\]]*)?\]$")
_MODEM_TIME = re.compile(r"(?<![\d.])(\d{1,7})\.(\d{3}) AT (?:send|read)")
_MODEM_WITHIN = re.compile(r"\s{2,8}\d{1,7}\.\d{3} AT (?:send|read)")
_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,20}[ -/]{0,4}[@-~]|[@-_])")
_PREFIX = re.compile(
    r"(?>\s+|[>|]\s?|`{1,3}|=~[=~]{3,60}\S{0,40}|\d{1,12} - |"
    r"(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,6})? "
    r"(?:[\w.-]{1,64} [\w.-]{1,32}\[\d{1,7}\]: )?|"
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?:? |"
    r"\[?\d\d:\d\d:\d\d(?:[.,:]\d{1,6})?\]? (?:-> )?){0,8}"
)
"""What other tools add before a line: prompts, quoting, their own times (`ts`, minicom, syslog, Arduino's monitor)."""
_ENTITIES = (("&gt;", ">"), ("&lt;", "<"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\xa0": " "})
_DAYS = frozenset(
    [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
        "Sat",
        "Sun",
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    ]
)
_CLOSED = ("Serial connection closed", "Serial problems, please reconnect")
"""What particle-cli prints when it loses the device (3.49.2 src/cmd/serial.js:150-240)."""
_MONITOR = (
    "Polling for available serial",
    "Opening serial monitor for com port",
    "Serial monitor opened successfully",
    "No serial port identified",
)
"""Other messages of particle-cli's serial monitor."""

_PASSWORD = (
    "adgangskode",
    r"(?<!\ben)(?<!\bes)(?<!\bcon)(?<!\bauto)clave",  # no enclave, esclave, conclave, autoclave
    "contrasena",
    "contraseña",
    "hasl(?:[aou]|em)",
    "hasł(?:[aou]|em)",
    "hesl(?:[aou]|[eo]m)",
    r"jelsz(?:o|av)\w{0,6}",
    r"jelszó\w{0,6}",
    "kennwort",
    "losenord",
    "lozinka",
    "lösenord",
    "mot[ _-]?de[ _-]?passe",
    "parola",
    "salasana",
    "senha",
    "sifre",
    "wachtwoord",
    "şifre",
    "лозинка",
    "парол(?:[аеиьюя]м?|ей|ями|ях)",
)
"""Words for "password" in other languages. They count also within a longer word (`wifiClave`, `WLANKennwort`). An
inflected form has its own entry if it does not merely add letters to the word (`пароля`)."""
_PASSWORD_UNSPACED = ("口令", "密码", "密碼", "パスワード", "パスフレーズ", "暗証番号", "비밀번호")
"""Words for "password" in languages that put no space after a word."""


_KEY = (
    "anahtar",
    "anahtar[i\u0131]",
    "avain",
    "chave",
    "chiave",
    "cle",
    "clé",
    "klic",
    "klíč",
    "klucz",
    "kulcs",
    "llave",
    "ключ",
)
"""Words for "key" in other languages. As in English, they also occur in lines without a secret."""
_KEY_COMPOUND = ("schluessel", "schlussel", "schlüssel", "sleutel", "nyckel", "nokkel", "nøkkel", "nøgle")
"""Words for "key" in languages that write compounds as one word (`Netzwerkschlüssel`)."""


def _any_of(words: Iterable[str]) -> str:
    """A pattern for any of these words, whether their accented letters are composed (NFC) or decomposed (NFD)."""
    return "|".join(dict.fromkeys(normalize(form, word) for word in words for form in ("NFC", "NFD")))


_WORD_BEGINS = r"(?:\b|_|(?-i:(?<=[a-z])(?=[A-Z])))"
_ANY_KEY = rf"(?:{_WORD_BEGINS}(?:{_any_of(_KEY)})|(?:{_any_of(_KEY_COMPOUND)}))"
_MODE = r"(?:wpa[23]?|psk|sae|eap|aes|tkip|ccmp|gcmp|128|256|personal|enterprise|mixed)"

_SECRETS_ELSEWHERE = (
    re.compile(rf"(?i)(?:{_any_of(_PASSWORD)})(?:s?(?:\b|_)|\w{{0,12}}[\"']?\s{{0,4}}[=:]).*"),
    re.compile(rf"(?:{_any_of(_PASSWORD_UNSPACED)}).*"),
    re.compile(rf"(?i){_ANY_KEY}(?:[ _-](?:wpa[23]?|[^\s_=:\uff1a\d-]{{1,16}})){{0,3}}[\"']?\s{{0,4}}[=:\uff1a].*"),
    re.compile(rf"(?i){_ANY_KEY}[ _-](?:\w{{2,5}} )?(?:wi-?fi|wlan|wpa[23]?)(?!\w).*"),
)
"""The patterns for secrets that follow a word of another language."""
SECRETS = (
    re.compile(r"(?i)\bset_?credentials\b.*"),
    re.compile(
        r"(?i)(?:pass\w{0,12}|psk|pwd|pin|token|secret|credentials?|"
        r"(?:api|app|auth|access|wi-?fi|wlan|wpa[23]?|net|network|private|shared|aes|device|security)key|"
        r"(?:\b|_|(?-i:(?<=[a-z])(?=[KP])))(?:pw|key))[\"']?\s{0,4}[=:].*"
    ),
    re.compile(r"(?i)(?:pa(?:ss|ß)(?:word|[ _-]?phrase|code|wort|wd|ord)s?|\bbearer|\bauthorization)(?:\b|_).*"),
    *_SECRETS_ELSEWHERE,
    re.compile(
        r"(?i)\b(?:network|netzwerk|wi-?fi|wlan|wpa[23]?|security|pre-?shared)[ _-]?"
        rf"(?:key|{_any_of((*_KEY, *_KEY_COMPOUND))})(?!\w).*"
    ),
    re.compile(r"(?i)\b(?:network|wi-?fi|wlan)[ _-]?(?:psk|pwd?)\b.*"),
    re.compile(r"(?i)(?:\b|_)(?:pass|psk|pwd?|key)\s{1,4}[\"'].*"),
    re.compile(r"(?i)(?<!\S)--?(?:psk|pwd?|key)\s.*"),
    re.compile(
        r"(?i)(?<![\w-])(?:psk|pwd?)\s{1,4}(?=\S{0,62}\d)"
        rf"(?![(\[]?{_MODE}(?:[-_/+]?{_MODE}){{0,6}}(?![^\s,;.:)\]]))\S{{8,63}}(?:\s|$).*"
    ),
    re.compile(r"(?i)\bkey\s{1,4}(?:0x)?[0-9a-f]{10,}\b.*"),
    re.compile(r"(?i)\+CW(?:S|J)AP(?:_CUR|_DEF)?\s{0,4}=.*"),
    re.compile(r"(?i)(?<!\S)-p\s.*"),
    re.compile(r"(?i)(?<=claim/code event for code ).*"),
)
"""The patterns for all secrets: the passphrase as typed and echoed (Cloud Debug's `setCredentials`), an ESP32's
AT+CWJAP, claim codes. Each pattern matches to the end of the line, because a passphrase may contain spaces.

`psk`, `pw` and `key` also occur in lines without a secret (`key 3 installed`). After these words, something has to show
that a value follows: `=` or `:`, a quote, the hyphen of an option before the word, a text of a passphrase's length with
a digit in it (but not the name of a mode such as `WPA2-PSK`), or a key's hexadecimal digits."""
_LEAST_KEY = 56
_LONG_KEY = re.compile(rf"[A-Za-z0-9+/]{{{_LEAST_KEY},}}={{0,2}}")
"""Matches a claim code (63 characters), or a key in PEM or base64."""


_STEM_OF_CLE = r"cle(?<!particle)(?![a-z0-9])"
"""The stem `cle`, but not in `clear` or `particle`, which many lines without a secret contain."""


def _stems(words: Iterable[str]) -> list[str]:
    """The letters with which each of the ASCII patterns begins, after any lookbehind."""
    begins = (re.match("[a-z]+", re.sub(r"\(\?<![^)]*\)", "", word)) for word in words if word.isascii())
    return [_STEM_OF_CLE if begin[0] == "cle" else begin[0] for begin in begins if begin]


def _quick(words: Iterable[str]) -> str:
    """A pattern for any of these words, grouped by first letter, so that most places in a text fail on one letter."""
    rests: dict[str, list[str]] = {}
    for word in sorted({*words}):
        rests.setdefault(word[0], []).append(word[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items())


_MAY_HAVE_SECRET = re.compile(
    _quick(
        (
            *(
                "pass",
                "psk",
                "pwd",
                r"pw\b",
                r"pin(?=[\"'\s=:])",
                "token",
                "secret",
                "key",
                "credential",
                "wjap",
                "wsap",
            ),
            *("-p", "claim", "bearer", "authoriz"),
        )
    )
)
"""A quick test, on a line in lower case: each match of a pattern in SECRETS contains one of these texts, except for the
words of other languages. `_LONG_KEY` is tested separately. Most lines fail this test, and need no other."""
_MAY_HAVE_SECRET_ELSEWHERE = re.compile(_quick(_stems((*_PASSWORD, *_KEY, *_KEY_COMPOUND))))
"""The same quick test for the words of other languages; only for a line in ASCII, because it has only ASCII words."""
_IN_ENGLISH = tuple(secret for secret in SECRETS if secret not in _SECRETS_ELSEWHERE)
"""The patterns for secrets that need no word of another language."""


def without_secrets(text: str) -> str:
    """A line with CUT in place of the passphrases, keys and claim codes in it."""
    lower = text.lower()
    secrets: Sequence[re.Pattern[str]] = ()
    if not text.isascii() or _MAY_HAVE_SECRET_ELSEWHERE.search(lower):
        secrets = SECRETS
    elif _MAY_HAVE_SECRET.search(lower):
        secrets = _IN_ENGLISH
    for secret in secrets:
        text = secret.sub(CUT, text)
    return _LONG_KEY.sub(CUT, text) if len(text) >= _LEAST_KEY else text


class _JsonRecord(msgspec.Struct):
    """A record of JSONStreamLogHandler (device-os v6.2.0 spark_wiring_logging.cpp:573)."""

    l: str  # noqa: E741 - the firmware's own name for the level
    m: str = ""
    c: str | None = None
    t: int | None = None
    code: int | None = None


_JSON = msgspec.json.Decoder(_JsonRecord)


class _Head(msgspec.Struct, frozen=True):
    """The head of a record: what it says before its message."""

    at_ms: int | None = None
    category: str | None = None
    level: LogLevel | None = None


_NO_HEAD = _Head()


class _Match(msgspec.Struct, frozen=True):
    """A recognised line. Its record is made only at the end, because most lines of a long log are dropped again."""

    kind: LineKind
    line: int
    head: _Head
    message: str
    values: re.Match[str] | None
    code: str | None

    def record(self) -> LogRecord:
        """The record of this line; of a message that was cut, it holds only the beginning."""
        is_whole = self.values is not None
        values = self.values.groupdict() if self.values is not None else {}
        return LogRecord(
            line=self.line,
            kind=self.kind.id,
            text=_shown_line(self.message if is_whole else self.kind.begin.rstrip() + " …", self.head),
            at_ms=self.head.at_ms,
            category=self.head.category,
            level=self.head.level,
            is_whole=is_whole,
            has_head=self.head.level is not None,
            name=values.get("name"),
            bssid=(values.get("bssid") or "").lower() or None,
            host=values.get("host"),
            address=values.get("address"),
            port=_number(values.get("port")),
            code=values.get("code") or self.code,
            was=values.get("was"),
            now=values.get("now"),
            signal_dbm=_number(values.get("signal_dbm")),
            channel=_number(values.get("channel")),
            said=values.get("said"),
        )


class _Pattern(NamedTuple):
    """How a line of a kind is recognised."""

    kind: LineKind
    whole: re.Pattern[str]
    is_told_by_begin: bool
    """Whether no other kind begins with the same text, so that the kind is known even if the message was cut."""


@cache
def _patterns(kinds: tuple[LineKind, ...]) -> dict[str, list[_Pattern]]:
    """The patterns of the kinds, keyed by the first three letters of their messages."""
    found: dict[str, list[_Pattern]] = {}
    for kind in kinds:
        is_told_by_begin = all(other.id == kind.id or not other.begin.startswith(kind.begin) for other in kinds)
        whole = re.compile(f"{re.escape(kind.begin)}(?:{kind.rest})")
        found.setdefault(kind.begin[:3], []).append(_Pattern(kind, whole, is_told_by_begin))
    return found


class LogReader:
    """Reads a log, piece by piece.

    Args:
        kinds: the lines to recognise.
    """

    def __init__(self, kinds: Sequence[LineKind]) -> None:
        self.seen = DeviceLog()
        """What was seen so far, without the records that are kept of the log's end: `finish` adds those."""
        self._patterns = _patterns(tuple(kinds))
        self._decoder: codecs.IncrementalDecoder | None = None
        self._start = b""
        self._rest = ""
        self._is_too_long = False
        self._line = 0
        self._lines_read = 0
        """How many lines were long enough to be read."""
        self._last_ms: int | None = None
        self._last: tuple[int, str | None, str] = (-10, None, "")
        self._once: set[str] = set()
        self._levels: set[tuple[str | None, LogLevel | None]] = set()
        self._end: deque[_Match] = deque(maxlen=MOST_RECORDS // 2)

    def feed(self, data: bytes) -> int:
        """Read the next bytes; returns how many recognised lines they complete."""
        room = MOST_BYTES - self.seen.bytes
        self.seen.unread += max(0, len(data) - room)
        data = data[: max(0, room)]
        self.seen.bytes += len(data)
        if self._lines_read >= MOST_LINES:
            self.seen.unread += len(data)
            return 0
        return self._take(self._decoded(data, is_end=False), is_end=False)

    def finish(self) -> int:
        """End the log, and complete `seen`; returns how many lines are recognised in a last line without a line end."""
        found = self._take(self._decoded(b"", is_end=True), is_end=True)
        self.seen.records += [match.record() for match in self._end]
        self._end.clear()
        self.seen.lines = self._line
        self.seen.last_ms = self._last_ms
        return found

    def interrupted(self) -> None:
        """Note that the device was unplugged or reset: the line begun so far ends here, cut, and a new line begins."""
        if self._rest and not self._is_too_long:
            self._line += 1
            self._lines_read += 1
            self._read_line(self._rest, is_whole=False)
        self._rest, self._is_too_long = "", False
        if self._decoder is not None:
            self._decoder.decode(b"", final=True)
        self._add_hole("reconnect", None)

    def now(self) -> DeviceLog:
        """What was seen so far, with the last records; reading can go on afterwards."""
        return msgspec.structs.replace(
            self.seen,
            records=[*self.seen.records, *(match.record() for match in self._end)],
            levels=dict(self.seen.levels),
            lines=self._line,
            last_ms=self._last_ms,
        )

    def _decoded(self, data: bytes, *, is_end: bool) -> str:
        """Decode the next bytes: as UTF-16 if the log begins with the byte order mark of UTF-16, else as UTF-8."""
        if self._decoder is None:
            self._start += data
            if len(self._start) < 2 and not is_end:
                return ""
            data = self._start
            wide = data[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
            self.seen.encoding = "utf-16" if wide else "utf-8"
            self._decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")(errors="replace")
        text = self._decoder.decode(data, final=is_end)
        if not text.isascii():
            self.seen.undecodable += text.count("\ufffd")
        if "\0" in text:
            text = text.replace("\0", "")
        return text

    def _take(self, text: str, *, is_end: bool) -> int:
        """Split the text into lines, and read each complete line; returns how many are recognised."""
        text = self._rest + text
        self._rest = ""
        if "\r" in text:
            held = "\r" if text.endswith("\r") and not is_end else ""  # the line feed after it may be in the next bytes
            text = text.removesuffix(held).replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n") + held
        *lines, rest = text.split("\n")
        found = 0
        for line in lines:
            self._line += 1
            if len(line) < SHORTEST_LINE and line != "!":
                self._is_too_long = False
                continue
            if self._is_too_long:  # the beginning of this line has been read already
                self._is_too_long = False
                continue
            self._lines_read += 1
            if self._lines_read > MOST_LINES:
                self.seen.unread += len(line)
                continue
            found += self._read_line(line)
        if len(rest) > LONGEST_LINE:
            if not self._is_too_long:
                self._line += 1  # only for now: the line is counted when its end comes
                found += self._read_line(rest)
                self._line -= 1
            self._is_too_long = True
            rest = ""
        if is_end:
            if rest and not self._is_too_long:
                self._line += 1
                found += self._read_line(rest, is_whole=False)
        else:
            self._rest = rest
        return found

    def _read_line(self, line: str, *, is_whole: bool = True) -> int:
        """Read the records in one line; returns how many are recognised. `is_whole`: whether its end was read."""
        if len(line) > LONGEST_LINE:
            self.seen.too_long += 1
            line, is_whole = line[:LONGEST_LINE], False
        if "\x1b" in line:
            line = _ANSI.sub("", line)
        if not line.isascii():
            line = line.translate(_QUOTES)
        if "&" in line:
            for entity, character in _ENTITIES:
                line = line.replace(entity, character)
        usual = _USUAL.match(line)
        if usual is not None:
            at_ms, category, level, message = usual.groups()
            if "AT " not in message and not (": " in message and _FURTHER_HEAD.search(message)):
                self._add_format("Device OS")
                head = _Head(int(at_ms) if at_ms else None, category, _LEVELS[level])
                return self._read_record(head, message.strip(), is_whole=is_whole)
        heads = self._heads_in(line) if ": " in line else []
        if '"l":' in line and "{" in line[: heads[0][1] if heads else None]:  # and not quoted in a record's message
            parts = line.replace("}{", "}\n{").split("\n")[:MOST_IN_LINE]  # several records in one line
            return sum(self._read_json(part, is_whole=is_whole) for part in parts)
        if not heads:
            return self._read_bare(line, is_whole=is_whole)
        found = 0
        for i, (head, _, begin) in enumerate(heads):
            following = heads[i + 1] if i + 1 < len(heads) else None
            message, is_torn = line[begin : following[1] if following else None], following is not None
            if "AT " in message and (within := _MODEM_WITHIN.search(message)):
                message, is_torn = message[: within.start()], True
            self.seen.torn += is_torn
            found += self._read_record(head, message.strip(), is_whole=is_whole and not is_torn)
            if not _is_own(head.category):  # what follows may be a record that an application quotes
                break
        return found

    def _heads_in(self, line: str) -> list[tuple[_Head, int, int]]:
        """The heads in a line, each with the positions at which the head and its message begin."""
        found: list[tuple[_Head, int, int]] = []
        past = 0
        if "(" in line and ("INFO" in line or "DEBUG" in line or "ERROR" in line or "WARN" in line or "LOG" in line):
            for match in _OLD_HEAD.finditer(line):
                self._add_format("before 0.6.0")
                head = _Head(int(match["ms"][-10:]), None, _LEVELS[match["level"]])
                found.append((head, match.end("ms") - 10, match.end()))
        for level in () if found else _LEVELS_IN.finditer(line):
            head_match = _HEAD.search(line, max(past, level.start() - _HEAD_LENGTH), level.end())
            past = level.end()
            if head_match is None or head_match.end() != level.end():
                continue
            self._add_format("Device OS")
            digits = head_match["ms"] or head_match["ms2"]
            begin = head_match.start() + (len(digits) - 10 if digits else 0)
            at_ms = int(digits[-10:]) if digits else None
            name = _LEVELS[head_match["level"] or head_match["level2"]]
            found.append((_Head(at_ms, head_match["category"], name), begin, level.end()))
            if len(found) == MOST_IN_LINE:
                break
        return found

    def _read_json(self, line: str, *, is_whole: bool) -> int:
        """Read a record that is written as JSON; if it cannot be decoded, it counts as torn."""
        start = max(line.find("{"), 0)
        try:
            record = _JSON.decode(line[start : line.rindex("}") + 1] if "}" in line else line[start:])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self.seen.torn += 1
            return 0
        level = _LEVELS.get(record.l)
        if level is None:
            return 0
        self._add_format("JSON")
        category = record.c[:40] if record.c and re.fullmatch(r"[A-Za-z0-9_.]{1,40}", record.c[:41]) else None
        at_ms = record.t if record.t is not None and 0 <= record.t < 2**32 else None
        message = " ".join(record.m[: LONGEST_MESSAGE + 1].split("\n"))
        if record.c and category is None:
            category = "?"
        code = str(record.code) if record.code is not None and abs(record.code) < 10**9 else None
        return self._read_record(_Head(at_ms, category, level), message, is_whole=is_whole, code=code)

    def _read_bare(self, line: str, *, is_whole: bool) -> int:
        """Read a line without the head of a record: a message alone, or text of an application, a modem or a tool."""
        if "AT " in line and (match := _MODEM_TIME.search(line)):
            self._add_format("modem")
            self._last_ms = max(self._last_ms or 0, int(match[1]) * 1000 + int(match[2]))
            return 0
        message = line.rstrip(" \t`")
        if not message[:1].isalpha() or message[:3] in _DAYS:
            prefix = _PREFIX.match(message)
            message = message[prefix.end() :] if prefix else message
        if message.startswith(("Serial ", "Polling ", "Opening ", "No serial ")):
            if message.startswith(_CLOSED):
                self._add_hole("reconnect", None)
            if message.startswith((*_CLOSED, *_MONITOR)):
                self._add_format("particle-cli")
                return 0
        found = self._recognised(_NO_HEAD, message, is_whole=is_whole, code=None)
        if found is None:
            self.seen.other_lines += 1
            return 0
        return self._keep(found)

    def _read_record(self, head: _Head, message: str, *, is_whole: bool, code: str | None = None) -> int:
        """Read a record of the log; its level and time are noted even if its message is not recognised."""
        self.seen.heads += 1
        if (head.category, head.level) not in self._levels:
            self._add_level(head)
        self._look_at_time(head.at_ms)
        if head.at_ms is not None:
            last_ms, last_category, last_message = self._last
            self._last = (head.at_ms, head.category, message)
            if message == last_message and 0 <= head.at_ms - last_ms <= 1 and head.category == last_category:
                self.seen.doubled += 1  # a second log handler printed it, too
                return 0
        if message.endswith("]") and (trailer := _TRAILER.search(message)) is not None:
            message, code = message[: trailer.start()], trailer[1]
        if len(message) >= LONGEST_MESSAGE and message.endswith("~"):
            message, is_whole = message[:-1], False
        match = self._recognised(head, message, is_whole=is_whole, code=code)
        return 0 if match is None else self._keep(match)

    def _add_level(self, head: _Head) -> None:
        """Note a level that was not seen so far in its category."""
        if head.level is None or len(self._levels) >= MOST_CATEGORIES:
            return
        self._levels.add((head.category, head.level))
        category = head.category or ""
        if category.partition(".")[0] not in FAMILIES:
            category = "other"
        lowest = self.seen.levels.get(category, head.level)
        self.seen.levels[category] = min(head.level, lowest, key=_RANK.__getitem__)

    def _look_at_time(self, at_ms: int | None) -> None:
        """Note a hole if the time goes back, or if nothing was printed for a long time."""
        if at_ms is None:
            return
        last = self._last_ms
        if self.seen.first_ms is None:
            self.seen.first_ms = at_ms
        if last is not None:
            if at_ms < last - BACK_MS and last < WRAP_MS:
                self._add_hole("restart", at_ms)
            elif at_ms - last >= SILENCE_MS:
                self._add_hole("silence", at_ms)
            elif at_ms < last < WRAP_MS:
                return  # a second log handler printed this record late
        self._last_ms = at_ms

    def _add_hole(self, what: Literal["restart", "silence", "reconnect"], to_ms: int | None) -> None:
        """Record that lines may be missing before the current one; `to_ms`: the time of the current one."""
        if len(self.seen.holes) < MOST_HOLES:
            self.seen.holes.append(LogHole(line=self._line, what=what, from_ms=self._last_ms, to_ms=to_ms))
        else:
            self.seen.more_holes += 1

    def _add_format(self, name: str) -> None:
        """Record that lines of this format were seen."""
        if name not in self.seen.formats:
            self.seen.formats.append(name)

    def _recognised(self, head: _Head, message: str, *, is_whole: bool, code: str | None) -> _Match | None:
        """The match of a message with a kind of line, or None; if the message was cut, only the beginning counts."""
        kinds = self._patterns.get(message[:3])
        if kinds is None:
            return None
        is_own = _is_own(head.category)
        for kind, pattern, is_told_by_begin in kinds:
            begin = kind.begin
            if not message.startswith(begin) or not (is_own or (kind.bare and head.category == "app")):
                continue
            if not is_whole and not is_told_by_begin:
                return None
            clean = begin + without_secrets(message[len(begin) :]) if len(message) > len(begin) else begin
            match = pattern.fullmatch(clean) if is_whole else None
            if match is None and is_whole:
                continue
            if kind.once and kind.id in self._once:
                return None
            self._once.add(kind.id)
            return _Match(kind, self._line, head, clean if match is not None else "", match, code)
        return None

    def _keep(self, match: _Match) -> int:
        """Keep a match if it is among the first or the last of the log; count those between. Returns 1."""
        if len(self.seen.records) < MOST_RECORDS // 2:
            self.seen.records.append(match.record())
        else:
            if len(self._end) == MOST_RECORDS // 2:
                self.seen.more_records += 1
            self._end.append(match)
        return 1


def read_log(stream: BinaryIO, kinds: Sequence[LineKind], is_wanted: Callable[[], bool] = lambda: True) -> DeviceLog:
    """Read a whole log from a file.

    Args:
        stream: the file; it is read from its current position to its end, or up to `MOST_BYTES`.
        kinds: the lines to recognise.
        is_wanted: whether to go on reading; called before each piece.
    """
    reader = LogReader(kinds)
    while is_wanted() and reader.seen.bytes < MOST_BYTES and (piece := stream.read(_CHUNK)):
        reader.feed(piece)
    reader.finish()
    return reader.seen


@lru_cache(MOST_CATEGORIES)
def _is_own(category: str | None) -> bool:
    """Whether a record of this category comes from Device OS, and not from an application or a library."""
    return category is None or category.partition(".")[0] in FAMILIES - {"app"}


def _shown_line(message: str, head: _Head) -> str:
    """A record as reports quote it: without the prefixes of other tools, and without other records of the same line."""
    if head.level is None:
        return message
    time = "" if head.at_ms is None else f"{head.at_ms:010} "
    category = "" if head.category is None else f"[{head.category}] "
    return f"{time}{category}{head.level}: {message}"


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)

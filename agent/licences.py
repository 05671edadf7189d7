"""The licences of this program and of what it is built on, as `--licences` prints them."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

BUILT_ON = (
    "scapy",
    "dnspython",
    "ntplib",
    "netifaces-plus",
    "typer",
    "rich",
    "msgspec",
    "prompt_toolkit",
    "h11",
    "platformdirs",
    "jinja2",
    "pyserial",
    "pyroute2",
    "jeepney",
    "pywifi",
    "pyobjc-framework-CoreWLAN",
)
"""The dependencies in pyproject.toml."""
IN_EXECUTABLE = Path(__file__).with_name("licences.txt")
"""What `--licences` prints, written when the executable is built (packaging/licences.py); only the executable has it.
"""
_TEXTS_OF_OTHERS = Path(__file__).with_name("licence_texts")
"""Licence texts of packages whose wheel has none, taken from their source distribution."""
_OWN = "netpreflight is free software: GPL-2.0-or-later. Its text is the file LICENSE of the source.\n"
_TEXTS = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
_RULE = "=" * 80


def text() -> str:
    """The licences, as text."""
    if IN_EXECUTABLE.is_file():
        return IN_EXECUTABLE.read_text(encoding="utf-8")
    return _OWN + "".join(of_distribution(found) for found in distributions())


def distributions(left_out: frozenset[str] = frozenset()) -> list[metadata.Distribution]:
    """The packages that this program is built on, and those that they need, as far as installed here; sorted by name.

    Args:
        left_out: names of packages to leave out, with what only they need.
    """
    found: dict[str, metadata.Distribution] = {}
    wanted = list(BUILT_ON)
    while wanted:
        name = _canonical(wanted.pop())
        if name in found or name in left_out:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # a package for another system
        wanted += _required(found[name])
    return [found[name] for name in sorted(found)]


def _canonical(name: str) -> str:
    """A package's name in the form in which all its spellings are equal (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _required(distribution: metadata.Distribution) -> Iterator[str]:
    """The names of the packages that a package needs, without those that only its extras need."""
    for requirement in distribution.requires or ():
        if "extra ==" not in requirement and (named := re.match(r"[A-Za-z0-9._-]+", requirement)):
            yield named[0]


def of_distribution(distribution: metadata.Distribution) -> str:
    """A package's name and version, its licence in a word, and its licence texts."""
    fields = distribution.metadata
    stated = next((fields[name] for name in ("License-Expression", "License") if name in fields), "")
    classified = [line.rpartition(" :: ")[2] for line in fields.get_all("Classifier", ()) if line.startswith("License")]
    in_a_word = stated if stated and "\n" not in stated else ", ".join(classified)
    parts = [f"\n{_RULE}\n{fields['Name']} {fields['Version']}: {in_a_word or 'see its text'}\n{_RULE}\n"]
    for file in distribution.files or ():
        if ".dist-info" in str(file) and _TEXTS.search(file.name):
            path = Path(str(distribution.locate_file(file)))
            parts.append(f"\n{path.read_text(encoding='utf-8', errors='replace').strip()}\n")
    own_text = _TEXTS_OF_OTHERS / f"{_canonical(fields['Name'])}.txt"
    if len(parts) == 1 and own_text.is_file():
        parts.append(f"\n{own_text.read_text(encoding='utf-8').strip()}\n")
    if len(parts) == 1 and "\n" in stated:
        parts.append(f"\n{stated.strip()}\n")
    return "".join(parts)

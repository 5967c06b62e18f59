"""The words of the page in both languages, read from one file per language, and names of places in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from solarnet_assets.reports.text import Text, joined

FOLDER = Path(__file__).parent / "language"


def say(key: str, **values: Text | str | int) -> Text:
    """Return a sentence of the page.

    Args:
        key: dotted key of ``language/en.yaml`` and ``language/zh.yaml``.
        **values: what stands in its braces.

    Raises:
        KeyError: a language lacks the key, or a value is missing.
    """
    english = {name: value.en if isinstance(value, Text) else str(value) for name, value in values.items()}
    chinese = {name: value.zh if isinstance(value, Text) else str(value) for name, value in values.items()}
    return Text(language("en")[key].format(**english), language("zh")[key].format(**chinese))


def name_of(key: str) -> Text:
    """Return a key or name of data (``remote_work``, ``Hubei``) as people read it; unknown names stay as they are."""
    english = language("en").get(f"names.{key}")
    if english is not None:
        return Text(english, language("zh")[f"names.{key}"])
    shown = key.replace("_", " ").capitalize() if key.islower() else key
    return Text(shown, places().get(shown, shown))


def quoted(text: str | None) -> Text:
    """Return a text of the shipped seeds (published figures, weights) in both languages; others as they are."""
    known = text or ""
    return Text(known, _chinese("quoted").get(known, known))


def reason(text: str) -> Text:
    """Return why a record was refused, without what differs from line to line, in both languages where known."""
    for pattern, english, chinese in _reasons():
        match = pattern.fullmatch(text)
        if match:
            return Text(english.format(**match.groupdict()), chinese.format(**match.groupdict()))
    parts = text.split("; ")
    return Text(text, text) if len(parts) == 1 else joined((reason(part) for part in parts), "; ", "；")


@cache
def language(code: str) -> Mapping[str, str]:
    """Return the texts of a language by dotted key."""
    return dict(_flat(_read(f"{code}.yaml"), ""))


@cache
def places() -> Mapping[str, str]:
    """Return Chinese names of places by their English name."""
    return _chinese("places")


@cache
def _reasons() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    return tuple((re.compile(entry["match"]), entry["en"], entry["zh"]) for entry in _read("reasons.yaml"))


@cache
def _chinese(part: str) -> Mapping[str, str]:
    found: Mapping[str, str] = _read("names.yaml")[part]
    return found


@cache
def _read(name: str) -> Any:
    content: Any = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content


def _flat(node: Any, path: str) -> Iterator[tuple[str, str]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(value)

"""Refused records of posts with bounded memory: the first ones of each file and reason in full, the others counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from solarnet_assets.landing import reject, rejects_frame

KEPT = 1000
"""Records of one file and reason that are kept one by one, and kinds of reasons of one file that are told apart."""

SAMPLE = 40
"""Bytes of a line that show its _type."""


@dataclass
class Refused:
    """Refused records of a day.

    Reasons are of one kind when they are equal before their first quotation mark: what they quote is the file's own.
    """

    _listed: list[dict[str, Any]] = field(default_factory=list)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _others: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, file: str, reason: str, row: int | None = None, sample: bytes | memoryview | str = "") -> None:
        """Refuse one record."""
        kind = file, reason.partition("'")[0]
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= KEPT:
            shown = sample if isinstance(sample, str) else bytes(sample[:SAMPLE]).decode("utf-8", "replace")
            self._listed.append(reject(file, printable(reason), row, printable(shown[:SAMPLE])))
        elif kind in self._others:
            self._others[kind]["records"] += 1
        else:
            more = "more lines like this, not listed one by one"
            self._others[kind] = reject(file, printable(reason), None, more)

    def take(self) -> pl.DataFrame:
        """Return what was listed since the last call."""
        listed, self._listed = self._listed, []
        return rejects_frame(listed)

    def rest(self) -> pl.DataFrame:
        """Return one line for all others of each file and reason."""
        others, self._others = self._others, {}
        return rejects_frame(others.values())


def printable(text: str) -> str:
    """Return text that every table can hold: no halves of surrogate pairs, no zero characters."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode()
    return text.replace("\x00", " ") if "\x00" in text else text

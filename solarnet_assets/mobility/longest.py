"""How long the texts of a row group are, found without ever holding them all: few bytes may stand for many rows.

A dictionary holds a long text once for all its rows, and DELTA_BYTE_ARRAY repeats the text before for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pyarrow.compute as pc

from solarnet_assets.mobility.pages import DELTA_LENGTH, DELTA_TEXT, DICTIONARY, Unpacked

MOST_MULTIPLIED = 256 << 20
"""Bytes that rows may come to, were each of them as long as all texts of their row group together, before they are
looked at."""

LONG_VALUE = 256
"""Bytes of a text; no id, time or place is longer."""


def multiplied(texts: Mapping[str, Unpacked]) -> int:
    """Return the bytes that the texts of a row group may come to at most, by what its text columns unpack to."""
    return sum(text.values * text.size if text.may_repeat else text.size for text in texts.values())


def rows_at_once(texts: Mapping[str, Unpacked]) -> int:
    """Return how many rows can be held whatever they hold."""
    return max(1, MOST_MULTIPLIED // max(1, sum(text.size for text in texts.values())))


def can_share(texts: Mapping[str, Unpacked]) -> bool:
    """Whether Arrow reads all columns as dictionaries: it does not where texts are written as deltas."""
    return not any({DELTA_LENGTH, DELTA_TEXT} & set(text.encodings) for text in texts.values())


def longest(file: Any, shared: Any, number: int, texts: Mapping[str, Unpacked], enough: int = LONG_VALUE) -> int:
    """Return the length in bytes of the longest text that may be repeated, or of the first one beyond ``enough``.

    Args:
        file: open Parquet file.
        shared: the same one, whose texts come as dictionaries.
        number: of the row group.
        texts: what its text columns unpack to.
        enough: longer than anybody wants.
    """
    found = 0
    for name, text in texts.items():
        if text.may_repeat and found <= enough:
            whole = _is_in_dictionary(text)
            lengths = _of_dictionary(shared, number, name) if whole else _of_rows(file, number, name, text)
            for length in lengths:
                found = max(found, length)
                if found > enough:
                    break
    return found


def _is_in_dictionary(text: Unpacked) -> bool:
    """Whether a dictionary that is complete with the first row holds all texts that are repeated."""
    return bool(DICTIONARY & set(text.encodings[:1])) and not {DELTA_LENGTH, DELTA_TEXT} & set(text.encodings)


def _of_dictionary(shared: Any, number: int, name: str) -> Iterator[int]:
    """Look at a dictionary, all of which comes with the first row."""
    for batch in islice(shared.iter_batches(1, [number], [name], use_threads=False), 1):
        yield _length(batch.column(0).dictionary)


def _of_rows(file: Any, number: int, name: str, text: Unpacked) -> Iterator[int]:
    for batch in file.iter_batches(rows_at_once({name: text}), [number], [name], use_threads=False):
        yield _length(batch.column(0))


def _length(values: Any) -> int:
    return pc.max(pc.binary_length(values)).as_py() or 0

"""Posts with labels: anybody's file of JSON lines, or the invented evaluation set of the package."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.landing import BadInputError
from solarnet_assets.social.model import LABELS, LANGS
from solarnet_assets.social.refused import printable
from solarnet_assets.social.sentences import read_sentences
from solarnet_assets.social.text import language
from solarnet_assets.storage.schemas import SECTORS

MAX_LINE, MAX_CHARS = 1 << 20, 1 << 28
"""Characters of a line and of a file: a labelled post has at most 20,000, and a file is held in memory whole."""


@dataclass(frozen=True)
class LabelledPosts:
    """Posts and what they are about.

    Attributes:
        texts: as posted.
        langs: 'en', 'zh' or 'other'.
        truth: (posts, labels) booleans in the order of ``LABELS``.
        scored: labels that the set speaks about: the sectors, home_office and office only where some post has them.
        refused: lines that cannot be used, by reason.
    """

    texts: pl.Series
    langs: pl.Series
    truth: NDArray[np.bool_]
    scored: tuple[str, ...]
    refused: dict[str, int]

    def part(self, lang: str) -> NDArray[np.bool_]:
        """Return which posts are of a language; all of them for 'all'."""
        whole = np.ones(len(self.texts), dtype=bool)
        return whole if lang == "all" else (self.langs == lang).to_numpy()


def read_labels(path: Path, languages: Sequence[str] = LANGS) -> LabelledPosts:
    """Read posts from JSON lines with ``text``, ``labels`` (a list, which may be empty) and, if known, ``lang``.

    Args:
        path: the file, plain or gzipped, UTF-8.
        languages: other posts are left aside and counted.

    Raises:
        BadInputError: the file cannot be read, or no line of it can be used.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    rows: list[tuple[str, str | None, list[str]]] = []
    refused: Counter[str] = Counter()
    try:
        with opened(path, "rt", encoding="utf-8-sig") as lines:
            for line in _lines(path, lines):
                if line.strip():
                    row = _row(line)
                    refused.update([row] if isinstance(row, str) else [])
                    rows += [] if isinstance(row, str) else [row]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise BadInputError(f"{path} cannot be read: {error}") from error
    frame = pl.DataFrame(
        [(text, lang) for text, lang, _ in rows], schema={"text": pl.String, "lang": pl.String}, orient="row"
    ).with_columns(lang=pl.coalesce("lang", language(pl.col("text"))))
    asked = frame["lang"].is_in(list(languages)).to_numpy()
    for lang, count in frame.filter(~pl.Series(asked))["lang"].value_counts().sort("lang").iter_rows():
        refused[f"language {lang} is not judged or not asked for"] = count
    if not asked.any():
        found = ", ".join(f"{n} x {reason}" for reason, n in refused.items()) or "it is empty"
        raise BadInputError(f"{path} has no post that can be scored: {found}")
    truth = np.array([[label in labels for label in LABELS] for _, _, labels in rows], dtype=bool)[asked]
    kept = frame.filter(pl.Series(asked))
    return LabelledPosts(kept["text"], kept["lang"], truth, _scored(truth), dict(refused))


def _lines(path: Path, opened: IO[str]) -> Iterator[str]:
    """Yield the lines of a file of bounded size; what is longer than a post can be comes in pieces that are none."""
    read = 0
    while line := opened.readline(MAX_LINE):
        read += len(line)
        if read > MAX_CHARS:
            raise BadInputError(f"{path} holds more than {MAX_CHARS:,} characters")
        yield line


def _row(line: str) -> tuple[str, str | None, list[str]] | str:
    """Return text, language and labels of a line, or why it is refused."""
    try:
        item: Any = json.loads(line)
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        return "no text"
    labels, lang = item.get("labels"), item.get("lang")
    if not isinstance(labels, list):
        return "labels is not a list"
    unknown = sorted(str(label) for label in labels if label not in LABELS)
    if unknown:
        return f"unknown label {unknown[0]!r}"
    if lang is not None and not isinstance(lang, str):
        return "lang is not a string"
    return printable(item["text"]), None if lang is None else printable(lang), labels


def _scored(truth: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(label for j, label in enumerate(LABELS) if label in SECTORS or truth[:, j].any())


def invented(languages: Sequence[str] = LANGS) -> LabelledPosts:
    """Return the evaluation posts of the package; none is a real post."""
    read = {lang: read_sentences("evaluation", lang) for lang in languages}
    truth = np.concatenate([labels for _, labels, _ in read.values()])
    texts = [text for listed, _, _ in read.values() for text in listed]
    langs = [lang for lang, (listed, _, _) in read.items() for _ in listed]
    return LabelledPosts(pl.Series(texts), pl.Series(langs), truth, _scored(truth), {})

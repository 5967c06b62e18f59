"""Near-duplicates of a day: which posts say the same, apart from links, look-alike letters, padding and a few words.

Texts become sets of character shingles; sets that share enough are found by MinHash (Broder 1997,
doi:10.1109/SEQUEN.1997.666900; signatures by the library datasketch) and banding (Leskovec, Rajaraman and Ullman
2014, Mining of Massive Datasets, ch. 3). Every text is compared with one text per band, so that work grows with
the number of texts and never with its square, whatever they say.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.social.text import fingerprint

PERMUTATIONS = 64
BAND = 3
"""Rows of a band: 21 bands of 3 find 94 % of pairs at a similarity of 0.5, 16 % at 0.2."""

SEED = 20200101
READ = 2_000
"""Characters of a post that are looked at; campaigns are short, hostile posts long."""

SHINGLE = {"zh": 2, "en": 4, "other": 3}
"""Characters of a shingle by language: a Han character says about as much as half an English word. Ours."""

LOOK_ALIKES = ("аеорсхуікмтнвԁԛѕјһɡαοινρυкΑΕΟΡСХ", "aeopcxyikmthbdqsjhgaoivpukAEOPCX")
"""Cyrillic and Greek letters and the Latin ones that they imitate (Unicode Technical Standard 39, confusables)."""

_HIDDEN = r"[\u00ad\u200b-\u200f\u2060\ufeff]"


def keys(text: pl.Expr) -> pl.Expr:
    """Return the letters of a text: no links, mentions, digits, emoji, invisible or look-alike characters."""
    plain = text.str.slice(0, READ).str.normalize("NFKC").str.replace_all(_HIDDEN, "")
    return fingerprint(plain.str.replace_many(*(list(letters) for letters in LOOK_ALIKES)))


def disguised(text: pl.Expr) -> pl.Expr:
    """Return whether a word mixes Latin with Cyrillic or Greek letters: nobody types that by hand."""
    return text.str.slice(0, READ).str.contains(r"\p{Latin}[\p{Cyrillic}\p{Greek}]\p{Latin}")


def clusters(texts: pl.DataFrame, similar: float) -> pl.DataFrame:
    """Return which distinct keys belong together.

    Args:
        texts: distinct ``key`` and its ``lang``, any order.
        similar: estimated Jaccard similarity from which two texts are near-duplicates.

    Returns:
        ``key`` and ``cluster`` (u32): the least position, by key, of what it is linked to, directly or through others.
    """
    ordered = texts.sort("key", "lang")
    signatures = _signatures(ordered)
    return ordered.select("key", cluster=pl.Series(_linked(signatures, similar), dtype=pl.UInt32))


def _shingles(texts: pl.DataFrame) -> Iterator[list[bytes]]:
    for key, lang in texts.select("key", "lang").iter_rows():
        n = SHINGLE[lang]
        yield [key[i : i + n].encode() for i in range(max(len(key) - n + 1, 1))]


def _signatures(texts: pl.DataFrame) -> NDArray[np.uint32]:
    """Return the MinHash signatures, (texts, PERMUTATIONS); CRC-32 spreads shingles alike on every machine."""
    from datasketch import MinHash

    out = np.empty((texts.height, PERMUTATIONS), dtype=np.uint32)
    sketch = MinHash(num_perm=PERMUTATIONS, seed=SEED, hashfunc=zlib.crc32)
    for row, shingles in enumerate(_shingles(texts)):
        sketch.clear()
        sketch.update_batch(shingles)
        out[row] = sketch.hashvalues
    return out


def _linked(signatures: NDArray[np.uint32], similar: float) -> NDArray[np.int64]:
    """Return for each row the least row that it is linked to.

    Rows that agree on a band are compared with the first of them only: a bucket of n rows costs n comparisons.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(signatures)
    here, there = [], []
    for start in range(0, PERMUTATIONS - BAND + 1, BAND):
        band = pl.DataFrame(signatures[:, start : start + BAND], schema=["a", "b", "c"]).with_row_index("row")
        first = band.select(pl.col("row").min().over("a", "b", "c"))["row"].to_numpy().astype(np.int64)
        rows = np.flatnonzero(first != np.arange(count))
        same = _agreement(signatures, rows, first[rows]) >= similar
        here.append(rows[same])
        there.append(first[rows][same])
    a, b = np.concatenate(here), np.concatenate(there)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    least = np.full(label.max(initial=-1) + 1, count)
    np.minimum.at(least, label, np.arange(count))
    return least[label]


def _agreement(
    signatures: NDArray[np.uint32], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the estimated similarity of pairs of rows: the share of equal entries (Broder 1997)."""
    out = np.empty(len(left))
    for start in range(0, len(left), 100_000):
        part = slice(start, start + 100_000)
        out[part] = (signatures[left[part]] == signatures[right[part]]).mean(axis=1)
    return out

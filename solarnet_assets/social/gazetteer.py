"""The gazetteer: names and phrases per sector, matched in one Aho-Corasick pass per language.

Terms and rules are data (``gazetteer.yaml``). A term counts by itself, or only beside a term of a
group of context (``needs``), and never beside a term of a refusing group (``unless``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from solarnet_assets.social.gazetteer_file import LANGUAGES, Data, expand, read
from solarnet_assets.social.text import normalise

BARE, IN_CONTEXT, PLAIN = 1, 2, 3
"""Strength of a hit: ambiguous term alone, ambiguous term in its context, term that needs no context."""


_MIN_HASHTAG = 6


@dataclass(frozen=True)
class Lexicon:
    """The compiled terms of one language.

    Attributes:
        lang: 'en' or 'zh'.
        patterns: all terms in normal form, for one Aho-Corasick automaton.
        terms: pattern, entry, sector, ambiguous.
        groups: pattern, group.
        needs: entry, group; one of the entry's groups suffices.
        unless: entry, group.
    """

    lang: str
    patterns: Sequence[str]
    terms: pl.DataFrame
    groups: pl.DataFrame
    needs: pl.DataFrame
    unless: pl.DataFrame

    def match(self, texts: pl.Series) -> pl.DataFrame:
        """Return the sectors that the terms of each text speak for.

        Args:
            texts: texts in normal form (:func:`solarnet_assets.social.text.normalise`).

        Returns:
            Columns row (position in ``texts``), sector, strength (1 to 3), terms (distinct ones that speak for
            it), one row per row and sector.
        """
        found = texts.rename("pattern").to_frame().with_row_index("row")
        found = found.select(
            "row", pl.col("pattern").str.extract_many(pl.lit(pl.Series(self.patterns).implode()), overlapping=True)
        )
        found = found.filter(pl.col("pattern").list.len() > 0).explode("pattern").unique()
        hits = found.join(self.terms, on="pattern")
        context = found.join(self.groups, on="pattern").select("row", "group", other="pattern")
        refused = hits.join(self.unless, on="entry").join(context, on=["row", "group"]).select("row", "entry").unique()
        hits = hits.join(refused, on=["row", "entry"], how="anti")
        helped = hits.join(self.needs, on="entry").join(context, on=["row", "group"])
        stem, other = pl.col("pattern").str.strip_chars(), pl.col("other").str.strip_chars()
        apart = ~(stem.str.contains(other, literal=True) | other.str.contains(stem, literal=True))
        helped = helped.filter(apart).select("row", "entry", helped=True).unique()
        hits = hits.join(helped, on=["row", "entry"], how="left")
        strength = (
            pl.when(~pl.col("ambiguous"))
            .then(PLAIN)
            .when(pl.col("helped").is_not_null())
            .then(IN_CONTEXT)
            .otherwise(BARE)
        )
        spoken = hits.group_by("row", "sector").agg(
            strength=strength.max().cast(pl.Int8), terms=pl.col("pattern").n_unique().cast(pl.Int16)
        )
        return spoken.sort("row", "sector")


def _patterns(listed: Sequence[Sequence[str]], lang: str) -> list[list[str]]:
    """Return lists of terms in the normal form in which they are searched, English ones as '#tag' forms too."""
    plain = [[t for term in terms for t in expand(str(term))] for terms in listed]
    flat = pl.DataFrame({"t": [t for terms in plain for t in terms]}, schema={"t": pl.String})
    normal = iter(flat.select(normalise(pl.col("t"), lang))["t"].to_list())
    return [[form for _ in terms for form in _forms(next(normal), lang)] for terms in plain]


def _forms(term: str, lang: str) -> list[str]:
    if lang == "zh":
        return [_trim(term)]
    tagged = " " in term.strip() and len(term) >= _MIN_HASHTAG
    return [term, f" {term.replace(' ', '')} "] if tagged else [term]


def _trim(term: str) -> str:
    """Return a Chinese term with blanks only where it begins or ends with a Latin word or number."""
    bare = term.strip()
    return f"{' ' if bare[:1].isascii() else ''}{bare}{' ' if bare[-1:].isascii() else ''}"


@lru_cache(maxsize=4)
def load(extra: Path | None = None) -> Mapping[str, Lexicon]:
    """Return the compiled gazetteer by language: the package's, with the entries of another file added.

    Args:
        extra: a file of the same form, see :mod:`solarnet_assets.social.gazetteer_file`.

    Raises:
        BadInputError: a file that cannot be read, or an entry that cannot be meant so.
    """
    data = read(extra)
    return {lang: compile_lexicon(data, lang) for lang in LANGUAGES}


def compile_lexicon(data: Data, lang: str) -> Lexicon:
    """Return the lexicon of one language from the gazetteer's data (``contexts`` and ``sectors``)."""
    entries = [(sector, entry) for sector, listed in data["sectors"].items() for entry in listed]
    contexts = _patterns([terms.get(lang, []) for terms in data["contexts"].values()], lang)
    groups = dict(zip(data["contexts"], contexts, strict=True))
    terms: list[tuple[str, int, str, bool]] = []
    needs: list[tuple[int, str]] = []
    unless: list[tuple[int, str]] = []
    spelled = _patterns([entry.get(lang, []) for _, entry in entries], lang)
    for number, ((sector, entry), patterns) in enumerate(zip(entries, spelled, strict=True)):
        wanted, refusing = entry.get("needs", []), entry.get("unless", [])
        terms += [(p, number, sector, bool(wanted)) for p in patterns]
        needs += [(number, group) for group in wanted]
        unless += [(number, group) for group in refusing]
    pairs = [(pattern, name) for name, listed in groups.items() for pattern in listed]
    link = {"entry": pl.UInt32, "group": pl.String}
    return Lexicon(
        lang=lang,
        patterns=sorted({t[0] for t in terms} | {p for p, _ in pairs}),
        terms=pl.DataFrame(
            terms,
            schema={"pattern": pl.String, "entry": pl.UInt32, "sector": pl.String, "ambiguous": pl.Boolean},
            orient="row",
        ).unique(maintain_order=True),
        groups=pl.DataFrame(pairs, schema={"pattern": pl.String, "group": pl.String}, orient="row").unique(),
        needs=pl.DataFrame(needs, schema=link, orient="row"),
        unless=pl.DataFrame(unless, schema=link, orient="row"),
    )

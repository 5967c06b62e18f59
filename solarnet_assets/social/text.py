"""Text as the classifier sees it: language by script, and one normal form per language."""

from __future__ import annotations

import polars as pl

HAN_SHARE = 0.3
"""Share of Han characters among letters from which a text is Chinese; in between English words are common."""

_CHAIN = r"//@[^:：\s/]{1,40}[:：]|回复@[^:：\s/]{1,40}[:：]"
_URL = r"(?:https?://|www\.)\S+|\bt\.co/\S+"


def language(text: pl.Expr) -> pl.Expr:
    """Return 'zh', 'en' or 'other' by script: Han, Latin, or anything else (kana and Hangul included).

    Labels of the networks are not used: they are missing or wrong too often. Latin script is called
    'en', so other languages of the Latin script are taken to the English route, where only names of
    services can be recognised.
    """
    han = text.str.count_matches(r"\p{Han}")
    latin = text.str.count_matches(r"[A-Za-z]")
    other = text.str.count_matches(r"[\p{Hiragana}\p{Katakana}\p{Hangul}\p{Cyrillic}\p{Arabic}\p{Thai}\p{Devanagari}]")
    letters = han + latin + other
    return (
        pl.when((letters == 0) | (other > 0.2 * letters))
        .then(pl.lit("other"))
        .when(han >= HAN_SHARE * letters)
        .then(pl.lit("zh"))
        .when(latin > 0.5 * letters)
        .then(pl.lit("en"))
        .otherwise(pl.lit("other"))
    )


def normalise(text: pl.Expr, lang: str) -> pl.Expr:
    """Return the normal form on which terms are searched and n-grams are taken.

    English: lower case, no links, apostrophes dropped ("I'm" -> "im"), everything but a-z0-9 one blank,
    a blank at both ends so that a term with blanks about it matches whole words only.
    Chinese: lower case, no links, no names of who was reposted ('//@name:'), only Han and a-z0-9, runs of
    anything else one blank, blanks about Latin words and numbers.
    """
    plain = text.str.to_lowercase().str.replace_all(_URL, " ").str.replace_all(r"&(?:amp|lt|gt|quot|#39);", " ")
    if lang == "zh":
        kept = plain.str.replace_all(_CHAIN, " ").str.replace_all(r"([a-z0-9]+)", " $1 ")
        kept = kept.str.replace_all(r"[^\p{Han}a-z0-9]+", " ")
    else:
        kept = plain.str.replace_all(r"['’`]", "").str.replace_all(r"[^a-z0-9]+", " ")
    return kept.str.replace(r"^ *(.*?) *$", " $1 ")


def fingerprint(text: pl.Expr) -> pl.Expr:
    """Return a key that copies of one text share: no links, mentions, digits, punctuation, blanks or case."""
    bare = text.str.to_lowercase().str.replace_all(_URL, "").str.replace_all(r"^rt @\w+:?|[@＠][^\s:：,，]{1,40}", "")
    return bare.str.replace_all(r"[^\p{L}]+", "")

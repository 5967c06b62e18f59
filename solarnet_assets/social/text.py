"""Text as the classifier sees it: language by script and function words, and one normal form per language."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import polars as pl

HAN_SHARE = 0.3
"""Share of Han characters among letters from which a text is Chinese; in between English words are common."""

FOREIGN_WORDS = 2
"""Function words of another Latin-script language from which a text may leave English: one may be a name."""

ENGLISH = (
    "the and to of is in you that it for on my i are with this be was have not at but we so just your all they if from"
)
"""The commonest English words; a text in which they are fewer than other languages' is not English. Ours."""

FOREIGN = (
    "el los las que por para con una como pero está esta más muy nos sus del "  # Spanish
    "le les des une est pas pour dans avec sur vous nous mais cette qui au du "  # French
    "não uma com dos mais foi ele seu também isso "  # Portuguese
    "il che di per non sono della gli questo anche "  # Italian
    "der das und ist nicht ich ein eine mit auf für wir auch den von "  # German
    "het een van niet dat zijn voor ook "  # Dutch
    "yang dan ini itu untuk dengan tidak ada saya aku juga di ke "  # Indonesian, Malay
    "ang ng mga sa ko ako lang naman "  # Tagalog
    "ve bir bu için çok değil "  # Turkish
    "nie się jest jak och att det på är "  # Polish, Swedish
    "hai nahi mein bhi kya aur ka ki ko"  # Hindi in Latin script
)
"""Common function words of other languages that no English sentence needs. Ours."""

_MARKS = r"[OL]?网页链接|展开全文c?|转发微博|(?:L\S{1,20}?)?的(?:微博|秒拍|美拍)视频|\[组图共\d+张\]"
"""What Weibo's clients add to a post: link marks, 'read more', 'repost', names of attached videos."""

_CHAIN = r"//@[^:：\s/]{1,40}[:：]|回复@[^:：\s/]{1,40}[:：]"
_URL = r"(?i)(?:https?://|www\.)\S+|\bt\.co/\S+"
_INVISIBLE = r"[\u00ad\u200b-\u200f\u2060\ufe0e\ufe0f\ufeff™®©]"
_APOSTROPHE = r"(?i)&(?:#0?39|#x27|apos|rsquo|lsquo);"
_ENTITY = r"(?i)&(?:amp|lt|gt|quot|nbsp|hellip|[lr]dquo|#\d{2,5}|#x[0-9a-f]{2,4});"
_CAMEL = r"#\w*\p{Ll}\p{Lu}\w*"


def language(text: pl.Expr) -> pl.Expr:
    """Return 'zh', 'en' or 'other': by script, and among texts in Latin letters by their function words.

    Links and mentions do not count. Kana, Hangul and every other script are 'other'. A Latin text is 'other'
    when it has at least ``FOREIGN_WORDS`` function words of other languages and more of them than English
    ones; a text too short to show any is 'en', because English is the commonest. Labels of the networks are
    not used: they are missing or wrong too often.
    """
    return text.map_batches(_languages, return_dtype=pl.String)


def _languages(texts: pl.Series) -> pl.Series:
    """Return the language of each text; function words are looked for only where Latin letters prevail."""
    bare = texts.str.replace_all(_URL, " ").str.replace_all(r"[@＠][A-Za-z0-9_.]+", " ").rename("bare").to_frame()
    counts = bare.with_columns(
        han=pl.col("bare").str.count_matches(r"\p{Han}"),
        latin=pl.col("bare").str.count_matches(r"\p{Latin}"),
        other=pl.col("bare").str.count_matches(r"[\p{L}--\p{Han}--\p{Latin}]"),
    )
    letters = pl.sum_horizontal("han", "latin", "other")
    script = (
        pl.when((letters == 0) | (pl.col("other") > 0.2 * letters))
        .then(pl.lit("other"))
        .when(pl.col("han") >= HAN_SHARE * letters)
        .then(pl.lit("zh"))
        .when(pl.col("latin") > 0.5 * letters)
        .then(pl.lit("en"))
        .otherwise(pl.lit("other"))
    )
    lang = counts.select(script.alias("lang"))["lang"]
    latin = (lang == "en").arg_true()
    foreign = _foreign(bare["bare"].gather(latin))
    return lang.scatter(latin.filter(foreign), "other")


def _foreign(texts: pl.Series) -> pl.Series:
    """Return which Latin texts show more function words of other languages than of English."""
    words = " " + texts.str.to_lowercase().str.replace_all(r"[^\p{L}]+", " ") + " "
    foreign, english = (_count(words, listed) for listed in (FOREIGN, ENGLISH))
    return (foreign >= FOREIGN_WORDS) & (foreign > english)


def _count(words: pl.Series, listed: str) -> pl.Series:
    """Return how many of the listed words stand in texts of lower-case words between single blanks."""
    terms = pl.lit(pl.Series([f" {word} " for word in listed.split()]).implode())
    return words.rename("t").to_frame().select(pl.col("t").str.extract_many(terms, overlapping=True).list.len())["t"]


def normalise(text: pl.Expr, lang: str) -> pl.Expr:
    """Return the normal form on which terms are searched and n-grams are taken.

    Both: lower case, full-width and other compatibility forms as plain ones (NFKC), no links, no
    invisible characters, no HTML entities, a blank at both ends.
    English: accents and apostrophes dropped ("I'm" -> "im"), words of a #CamelCase tag added once more at the
    end, everything but a-z0-9 one blank, so that a term with blanks about it matches whole words only.
    Chinese: traditional characters as simplified ones, no names of who was reposted ('//@name:') and no marks
    of Weibo's clients, only Han and a-z0-9, runs of anything else one blank, blanks about Latin words and numbers.
    """
    plain = text.str.replace_all(_INVISIBLE, "").str.replace_all(_URL, " ")
    plain = plain.str.replace_all(_APOSTROPHE, "'").str.replace_all(_ENTITY, " ")
    if lang == "zh":
        kept = plain.str.replace_all(_MARKS, " ").str.replace_all(_CHAIN, " ").str.normalize("NFKC")
        kept = kept.str.to_lowercase().str.replace_many(*traditional()).str.replace_all(r"([a-z0-9]+)", " $1 ")
        kept = kept.str.replace_all(r"[^\p{Han}a-z0-9]+", " ")
    else:
        tags = plain.str.extract_all(_CAMEL).list.join(" ").str.replace_all(r"(\p{Ll})(\p{Lu})", "$1 $2")
        whole = pl.concat_str([plain, tags], separator=" ").str.normalize("NFKD").str.to_lowercase()
        kept = whole.str.replace_all(r"['’‘`]|\p{M}", "").str.replace_all(r"[^a-z0-9]+", " ")
    return kept.str.replace(r"^ *(.*?) *$", " $1 ")


@lru_cache(maxsize=1)
def traditional() -> tuple[list[str], list[str]]:
    """Return traditional Han characters and the simplified ones that stand for them, position by position.

    Source: the one-to-one character table of OpenCC 1.4.2 (configuration t2s, Apache-2.0), as far as the
    simplified character is in GB 2312. Words that differ (視訊 for 视频) are terms of the gazetteer.
    """
    lines = files(__package__).joinpath("traditional.txt").read_text(encoding="utf-8").split("\n")
    old, new = (line for line in lines if line and not line.startswith("#"))
    return list(old), list(new)


def fingerprint(text: pl.Expr) -> pl.Expr:
    """Return a key that copies of one text share: no links, mentions, digits, punctuation, blanks or case."""
    bare = text.str.to_lowercase().str.replace_all(_URL, "").str.replace_all(r"^rt @\w+:?|[@＠][^\s:：,，]{1,40}", "")
    return bare.str.replace_all(r"[^\p{L}]+", "")

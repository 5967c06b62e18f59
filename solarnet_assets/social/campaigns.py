"""Texts that many accounts post: people's alike, or a campaign?

People share headlines, chain letters and slogans, and their votes count. A text that many accounts post on one
day is a campaign only if something else speaks against it; each sign is of the text, not of its success:

* it sells: it asks for private contact, or names an offer and tells what to do now (the spam words of
  Grier et al. 2010, doi:10.1145/1866307.1866311, in kind; the lists are ours);
* it hides: copies of several accounts have look-alike letters in words (Unicode Technical Standard 39);
* it is repeated: a large part of its accounts post it more than once (Ferrara et al. 2016, doi:10.1145/2818717);
* it comes at once: nearly all copies within minutes, where people would go on for hours (coordination in windows of
  minutes: Weber and Neumann 2021, doi:10.1007/s13278-021-00815-2; the limit is ours).
"""

from __future__ import annotations

import polars as pl

from solarnet_assets.social.copies import disguised

CONTACT = (
    r"\b(?:dm|pm|inbox|whats ?app) (?:me|us|now)\b",
    r"\bdm (?:to|for) (?:join|order|buy|prices?|info)\b",
    r"\bwhats ?app ?:? ?\+?[0-9]",
    r"(?:加|➕)我?(?:[薇威微]信|卫星|扣扣|qq|客服|(?:vx?|群)[:：\s]*[a-z0-9报领])",
    r"[薇威微]信(?:号|id)?[:：\s]*[a-z0-9_-]{5,}|\bvx?[:：][\s]*[a-z0-9]",
    "私(?:信?我|聊)|(?:进|加)群领|扫码(?:加|进群|领|添加)",
)
"""Asks for private contact."""

OFFER = (
    r"[0-9] ?% ?(?:off|discount|cheaper)",
    r"\b(?:promo|coupon|discount|use) code\b",
    r"\bfree (?:shipping|coins|trial|gift|spins)",
    r"\b(?:mega|flash|big|clearance) sale\b|\bbargains?\b|\b(?:best|special) (?:price|offer|deal)s?\b",
    r"[$£€] ?[0-9.,]+ ?(?:a|per|an|/) ?(?:day|hour|week)",
    r"\b(?:for|only) [$£€] ?[0-9]",
    r"[0-9]k? (?:real )?followers\b",
    r"\bearn (?:money|up to|[$£€0-9])",
    r"优惠|折扣|特价|券后|领券|包邮|内部价|到手价|秒杀|史低|仅需|只要[0-9]|日赚|兼职|返利|涨粉|[0-9]元一",
)
"""Names a price, a discount, a gift or earnings."""

CALL = (
    r"\b(?:buy|order|get|claim|grab|shop|join|sign ?up|enrol?l|register|click|tap)\b[^.!?]{0,30}"
    r"\b(?:now|here|today|link|below|at)\b",
    r"\bhurry\b|\blimited time\b|\btoday only\b|\bwhile stocks? last\b|\blink in bio\b",
    "点击|点我|点这|戳|速来|抢购|马上抢|领取|下单|报名|手慢无|先到先得|名额有限|过期不候|免费领",
)
"""Tells what to do now. The three lists are ours."""

TERMS = (
    r"https?://|t\.cn/|网页链接|[￥$]\w{6,}[￥$]",
    r"[0-9]元|[￥$£€] ?[0-9]|[a-z]{2,}[0-9]{3,}|[0-9]{7,}",
)
"""A link, a shop's pass phrase, a price, or what may be the name or number of an account."""

READ = 2_000
"""Characters of a post that are looked at."""


def _says(text: pl.Expr, words: tuple[str, ...]) -> pl.Expr:
    """Return whether one of the patterns occurs; word limits are those of ASCII, which take a tenth of the time."""
    pattern = "(?i)" + "|".join(words).replace(r"\b", r"(?-u:\b)")
    return text.str.slice(0, READ).str.contains(pattern)


def sells(text: pl.Expr) -> pl.Expr:
    """Return whether a text has the tone of an advertisement: asks for contact, or offers and tells what to do now."""
    return _says(text, CONTACT) | (_says(text, OFFER) & _says(text, CALL))


def has_terms(text: pl.Expr) -> pl.Expr:
    """Return whether a text gives what an advertisement needs to work: a link, a price or an account."""
    return _says(text, TERMS)


def campaigns(own: pl.DataFrame, least: int, repeated: float, at_once: float) -> pl.DataFrame:
    """Return the clusters of texts that are campaigns.

    Args:
        own: posts that are no reposts: ``user``, ``text``, ``sells``, ``cluster`` (null for a text too short),
            ``second``, and ``timed``, whether that is a time.
        least: accounts from which a text may be a campaign; three must repeat it, twice as many come at once.
        repeated: share of the accounts that post it more than once from which it is one.
        at_once: seconds within which nine tenths of the copies come at once.

    Returns:
        One column, ``cluster``.
    """
    shared = own.filter(pl.col("cluster").is_not_null() & (pl.col("user").n_unique().over("cluster") >= least))
    times = shared.group_by("cluster", "user").len().group_by("cluster")
    again = times.agg(again=((pl.col("len") > 1).mean() >= repeated) & ((pl.col("len") > 1).sum() >= 3))
    when = pl.col("second").filter("timed")
    burst = when.quantile(0.95, "lower") - when.quantile(0.05, "higher") <= at_once
    many = pl.col("user").filter("timed").n_unique() >= 2 * least
    hiding = pl.col("user").filter(disguised(pl.col("text"))).n_unique() >= 2
    signs = shared.group_by("cluster").agg(sells=pl.col("sells").mean() >= 0.5, hides=hiding, burst=burst & many)
    judged = signs.join(again, on="cluster")
    return judged.filter(pl.any_horizontal("sells", "hides", "burst", "again")).select("cluster")

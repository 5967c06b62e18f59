"""Accounts that do not behave like people, from one day of posts: how often, how evenly, how much alike, with whom.

Every function takes the day's own posts (no reposts, but for :func:`synchronised`) and returns the users it finds.
Times that many posts share to the second, as where a network tells the day alone, are no times.
"""

from __future__ import annotations

from math import pi

import polars as pl

HOUR = 3600
DAY = 86400
PERIODS = (300, 600, 900)
"""Seconds of which the usual intervals of schedulers are multiples."""


def high_rate(own: pl.DataFrame, most: int) -> pl.Series:
    """Return users with more than ``most`` posts.

    Above 50 a day automation is likely (Howard and Kollanyi 2016, arXiv:1606.06356).
    """
    return own.group_by("user").len().filter(pl.col("len") > most)["user"]


def sleepless(timed: pl.DataFrame, least: int, pause: float) -> pl.Series:
    """Return users with at least ``least`` posts and no pause of ``pause`` hours, round the clock.

    The time before the first and after the last post of the day is one pause. People sleep; accounts that do
    not are automated or shared (Chu et al. 2012, doi:10.1109/TDSC.2012.75). The limit is ours.
    """
    gaps = timed.sort("user", "second").with_columns(gap=pl.col("second").diff().over("user"))
    night = DAY - (pl.col("second").max() - pl.col("second").min())
    spans = gaps.group_by("user").agg(pl.len(), longest=pl.max_horizontal(pl.col("gap").max(), night))
    return spans.filter((pl.col("len") >= least) & (pl.col("longest") < pause * HOUR))["user"]


def regular(timed: pl.DataFrame, least: int, burstiness: float, evidence: float) -> pl.Series:
    """Return users who post like a clock: at even distances, or always at the same minutes.

    Even distances: burstiness (s - m) / (s + m) of the gaps, of mean m and standard deviation s, at most
    ``burstiness``; 0 is chance, people lie above it, a clock is at -1 (Goh and Barabasi 2008,
    doi:10.1209/0295-5075/81/48002). The same minutes: Rayleigh's test n R^2 of the first post of each hour on
    the circle of a period, at least ``evidence``; chance passes that with e^-evidence. Zhang and Paxson 2011,
    doi:10.1007/978-3-642-19260-9_11, test minutes and seconds likewise. A thread typed in one go spans minutes
    and is left alone: posts must lie in ``least`` hours for the one, and span three for the other.
    """
    gap = pl.col("second").diff().over("user")
    span = pl.col("second").max() - pl.col("second").min()
    by_user = timed.sort("user", "second").with_columns(gap=gap).group_by("user")
    gaps = by_user.agg(pl.len(), span=span, mean=pl.col("gap").mean(), sd=pl.col("gap").std())
    even = (pl.col("sd") - pl.col("mean")) / (pl.col("sd") + pl.col("mean")) <= burstiness
    clocks = gaps.filter((pl.col("len") >= least) & (pl.col("span") >= 3 * HOUR) & even)
    hourly = timed.group_by("user", pl.col("second") // HOUR).agg(pl.col("second").min().alias("first"))
    turns = [(2.0 * pi / period * (pl.col("first") % period), period) for period in PERIODS]
    sums = [(angle.cos().sum() ** 2 + angle.sin().sum() ** 2).alias(str(period)) for angle, period in turns]
    phases = hourly.group_by("user").agg(pl.len().alias("hours"), *sums)
    strongest = pl.max_horizontal(str(period) for period in PERIODS) / pl.col("hours")
    minutes = phases.filter((pl.col("hours") >= least) & (strongest >= evidence))
    return pl.concat([clocks["user"], minutes["user"]]).unique()


def repeating(own: pl.DataFrame, most: int) -> pl.Series:
    """Return users who post near-duplicates of one text more than ``most`` times, and hardly anything else."""
    posts = own.group_by("user").len("all")
    repeats = own.filter(pl.col("cluster").is_not_null()).group_by("user", "cluster").len()
    most_of_it = (pl.col("len") > most) & (2 * pl.col("len") >= pl.col("all"))
    return repeats.join(posts, on="user").filter(most_of_it)["user"].unique()


def synchronised(shared: pl.DataFrame, window: int, crowd: int, least: float) -> pl.Series:
    """Return users who post the same as another user within a short time, again and again.

    Pairs of users that share near-duplicates within ``window`` seconds are added up over different texts
    (coordination networks, Pacheco et al. 2021, doi:10.1609/icwsm.v15i1.18075; one minute after Keller et al.
    2020, doi:10.1080/10584609.2019.1661888). What is popular says little: a text that n > ``crowd`` posts share
    within the window weighs crowd / n. A repost weighs half. Each post is paired with the next ``crowd`` only,
    so that work grows with the number of posts.

    Args:
        shared: timed posts and reposts with ``user``, ``second``, ``cluster``, ``repost``.
        window: seconds.
        crowd: posts within a window above which a text is popular.
        least: weight from which two users are synchronised.
    """
    often = pl.col("cluster").n_unique().over("user") >= least
    rows = shared.select("user", "cluster", "second", "repost").unique().filter(often)
    rows = rows.sort("cluster", "second", "user", "repost").with_columns(_here=pl.col("second").cast(pl.Int64))
    near = rows.rolling("_here", period=f"{window + 1}i", offset="-1i", group_by="cluster", closed="right").agg(
        n=pl.len()
    )
    rows = rows.with_columns(
        weight=(crowd / near["n"].clip(crowd, None)) * (1.0 - 0.5 * pl.col("repost").cast(pl.Float64))
    )
    pairs = [_paired(rows, step, window) for step in range(1, crowd + 1)]
    strong = pl.concat(pairs).group_by("a", "b", "cluster").agg(pl.col("weight").max())
    strong = strong.sort("a", "b", "cluster").group_by("a", "b").agg(pl.col("weight").sum().round(6))
    found = strong.filter(pl.col("weight") >= least)
    return pl.concat([found["a"], found["b"]]).unique().rename("user")


def _paired(rows: pl.DataFrame, step: int, window: int) -> pl.DataFrame:
    """Return pairs of users whose posts of one text are ``step`` apart in time and within the window."""
    here, then = pl.col("user"), pl.col("user").shift(-step)
    close = (pl.col("cluster").shift(-step) == pl.col("cluster")) & (
        pl.col("second").shift(-step) - pl.col("second") <= window
    )
    return rows.select(
        "cluster",
        a=pl.min_horizontal(here, then),
        b=pl.max_horizontal(here, then),
        weight=pl.min_horizontal("weight", pl.col("weight").shift(-step)),
        close=close & (here != then),
    ).filter("close").drop("close")  # fmt: skip

"""Counts of car parks as ratios to what is normal for the lot on that type of day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

MIN_BASELINE = 5
"""Baseline counts without which a lot is left out."""

MIN_TYPE = 3
"""Baseline counts of a day type without which the ratio of rest days to working days is borrowed from the group."""

MIN_NORMAL = 4.0
"""Vehicles; a lot whose normal is lower has no percent of normal: one car more would be 25 points."""

MIN_SPREAD = 0.04
"""Floor of the relative day-to-day spread of a lot about its normal. Ours."""

Z = 1.4826
"""Robust sd per median absolute deviation."""

RATIOS = pl.Schema(
    {
        "key": pl.String, "region": pl.String, "group": pl.String, "weight": pl.Float64, "date": pl.Date,
        "ratio": pl.Float64, "sd": pl.Float64, "evidence": pl.String,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Ratios:
    """Ratios of counts and lots that have none.

    Attributes:
        frame: columns ``key, region, group, weight, date, ratio, sd, evidence``; ratio 1.0 is the lot's own median on
            that type of day.
        left_out: lot, or lot and day type -> why it has no ratio.
    """

    frame: pl.DataFrame
    left_out: dict[str, str]


def baseline_window(as_of: date) -> tuple[date, date]:
    """Return 1 September and 31 December of the year before ``as_of``: the last complete autumn."""
    return date(as_of.year - 1, 9, 1), date(as_of.year - 1, 12, 31)


def ratios(counts: pl.DataFrame, sites: pl.DataFrame, calendar: pl.DataFrame, as_of: date) -> Ratios:
    """Return every valid count known on a day as a ratio to the lot's own baseline.

    The baseline is the median of the last complete September-December, apart for working days and days off. The sd
    joins the error of the count with the lot's ordinary day-to-day spread, which grows with the level.

    Args:
        counts: schema ``LotCounts`` with ``day``; the baseline months and what came since.
        sites: schema ``Sites``; lots are those of signal ``parking``. The weight is the stalls; lots that do not say
            weigh what is normal there.
        calendar: ``date`` and ``is_workday``.
        as_of: day whose knowledge is used.
    """
    first, last = baseline_window(as_of)
    known = counts.filter("valid", pl.col("vehicles").is_not_null(), pl.col("day") <= as_of).join(
        calendar.select(day=pl.col("date"), workday=pl.col("is_workday")), on="day", how="left"
    )
    known = known.with_columns(pl.col("workday").fill_null(pl.col("day").dt.weekday() <= 5))
    lots = sites.filter(pl.col("signal") == "parking").sort("site_id")
    base = known.filter(pl.col("day").is_between(first, last)).join(lots.select("site_id", "group"), on="site_id")
    normals, left_out = _normals(base, lots, (first, last))
    if normals.is_empty():
        return Ratios(RATIOS.to_frame(), left_out)
    joined = known.join(normals, on=["site_id", "workday"]).join(lots, on="site_id")
    return Ratios(_with_sd(joined).select(RATIOS.names()).sort("key", "date"), left_out)


def _normals(base: pl.DataFrame, lots: pl.DataFrame, window: tuple[date, date]) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return per lot and day type ``normal``, ``spread`` (relative) and ``count_sd`` of the baseline."""
    typical = base.group_by("site_id", "group", "workday").agg(
        normal=pl.col("vehicles").median(), n=pl.len(), count_sd=pl.col("sd").median()
    )
    borrowed = _rest_share(typical)
    rows, left_out = [], {}
    for lot in lots.iter_rows(named=True):
        own = base.filter(pl.col("site_id") == lot["site_id"])
        if own.height < MIN_BASELINE:
            left_out[lot["site_id"]] = (
                f"{own.height} counts between {window[0]} and {window[1]}, {MIN_BASELINE} are needed"
            )
            continue
        found = {t["workday"]: t for t in typical.filter(pl.col("site_id") == lot["site_id"]).iter_rows(named=True)}
        for workday, word in ((True, "working days"), (False, "days off")):
            normal = _normal(found, workday, borrowed.get(lot["group"]))
            if normal is None or normal < MIN_NORMAL:
                about = (
                    "too few counts"
                    if normal is None
                    else f"{normal:.1f} vehicles are normal, {MIN_NORMAL:.0f} are needed"
                )
                left_out[f"{lot['site_id']} on {word}"] = about
                continue
            rows.append({"site_id": lot["site_id"], "workday": workday, "normal": normal, "spread": 0.0})
    schema = {"site_id": pl.String, "workday": pl.Boolean, "normal": pl.Float64, "spread": pl.Float64}
    return _spreads(pl.DataFrame(rows, schema=schema), base), left_out


def _rest_share(typical: pl.DataFrame) -> dict[str, float]:
    """Return, per group of lots, the median ratio of days off to working days where a lot has enough of both."""
    enough = typical.filter(pl.col("n") >= MIN_TYPE, pl.col("normal") > 0)
    both = enough.filter("workday").join(enough.filter(~pl.col("workday")), on="site_id", suffix="_rest")
    shares = both.group_by("group").agg((pl.col("normal_rest") / pl.col("normal")).median().alias("share"))
    return dict(shares.iter_rows())


def _normal(found: dict[bool, dict[str, float]], workday: bool, share: float | None) -> float | None:
    own, other = found.get(workday), found.get(not workday)
    if own is not None and own["n"] >= MIN_TYPE:
        return float(own["normal"])
    if other is None or share is None or share <= 0:
        return None
    return float(other["normal"] * (1 / share if workday else share))


def _spreads(normals: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """Add the day-to-day spread of each lot about its normals, relative, less what the count's own error explains."""
    relative = base.join(normals.drop("spread"), on=["site_id", "workday"]).with_columns(
        off=(pl.col("vehicles") / pl.col("normal") - 1).abs(), own=(pl.col("sd") / pl.col("normal")) ** 2
    )
    spread = relative.group_by("site_id").agg(total=Z * pl.col("off").median(), own=pl.col("own").median(), n=pl.len())
    excess = (pl.col("total") ** 2 - pl.col("own")).clip(lower_bound=MIN_SPREAD**2).sqrt()
    return (
        normals.drop("spread")
        .join(spread.select("site_id", spread=excess), on="site_id", how="left")
        .with_columns(pl.col("spread").fill_null(2 * MIN_SPREAD))
    )


def _with_sd(joined: pl.DataFrame) -> pl.DataFrame:
    """Add ratio, sd, weight and names; the level behind a count is the median of five counts about it."""
    ratio = pl.col("vehicles") / pl.col("normal")
    frame = joined.sort("site_id", "day", "image_id").with_columns(ratio=ratio)
    level = pl.col("ratio").rolling_median(5, center=True, min_samples=1).over("site_id").clip(lower_bound=0.0)
    own = pl.col("sd") / pl.col("normal")
    weight = pl.when(pl.col("capacity").is_not_null()).then(pl.col("capacity")).otherwise(pl.col("normal"))
    return frame.with_columns(level=level).with_columns(
        sd=(own**2 + (pl.col("spread") * pl.col("level")) ** 2).sqrt().clip(lower_bound=1e-3),
        key=pl.col("site_id"),
        date=pl.col("day"),
        weight=weight.max().over("site_id").cast(pl.Float64),
    )

"""Counts of car parks as ratios to what is normal for the lot on that type of day and at that time of day.

Days are working days or days off by the official calendar; times are slots of three hours of local solar time, since
satellites keep to solar time. A lot that is always seen at the same time has one slot and is not affected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

MIN_BASELINE = 5
"""Baseline counts without which a lot is left out."""

MIN_KIND = 3
"""Baseline counts of a kind (type of day, slot) without which its ratio to another kind is borrowed from the group."""

SLOT_HOURS = 3
"""Hours of local solar time that count as one time of day; orbits of imaging satellites keep within one. Ours."""

MIN_NORMAL = 4.0
"""Vehicles; a lot whose normal is lower has no percent of normal: one car more would be 25 points."""

MIN_SPREAD = 0.04
"""Floor of the relative day-to-day spread of a lot's expected use. Ours."""

KIND = ["site_id", "workday", "slot"]

Z = 1.4826
"""Robust sd per median absolute deviation."""

RATIOS = pl.Schema(
    {
        "key": pl.String, "region": pl.String, "group": pl.String, "weight": pl.Float64, "date": pl.Date,
        "ratio": pl.Float64, "sd": pl.Float64, "evidence": pl.String,
    }
)  # fmt: skip


Kind = tuple[bool, int]
"""Whether it is a working day, and the slot of the day."""


@dataclass(frozen=True)
class Ratios:
    """Ratios of counts and lots that have none.

    Attributes:
        frame: columns ``key, region, group, weight, date, ratio, sd, evidence``; ratio 1.0 is the lot's own median on
            that type of day and at that time.
        left_out: lot, or lot and kind of pass -> why it has no ratio.
    """

    frame: pl.DataFrame
    left_out: dict[str, str]


def baseline_window(as_of: date) -> tuple[date, date]:
    """Return 1 September and 31 December of the year before ``as_of``: the last complete autumn."""
    return date(as_of.year - 1, 9, 1), date(as_of.year - 1, 12, 31)


def ratios(counts: pl.DataFrame, sites: pl.DataFrame, calendar: pl.DataFrame, as_of: date) -> Ratios:
    """Return every valid count known on a day as a ratio to the lot's own baseline.

    The baseline is the median of the last complete September-December, apart for working days and days off and, for
    lots that are seen at different hours, for slots of three hours. The sd joins the error of the count, chance (each
    stall is taken or not: binomial; Poisson where stalls are unknown) at the level of the days about, and the rest of
    the lot's day-to-day spread, in proportion to the level.

    Args:
        counts: schema ``LotCounts`` with ``day``; the baseline months and what came since.
        sites: schema ``Sites``; lots are those of signal ``parking``. The weight is the stalls; lots that do not say
            weigh what is normal there.
        calendar: ``date`` and ``is_workday``.
        as_of: day whose knowledge is used.
    """
    window = baseline_window(as_of)
    lots = sites.filter(pl.col("signal") == "parking").sort("site_id")
    usable = counts.filter("valid", pl.col("vehicles").is_not_null(), pl.col("day") <= as_of)
    known = _kinds(usable.join(lots.select("site_id", "group", "lon", "capacity", "region"), on="site_id"), calendar)
    base = known.filter(pl.col("day").is_between(*window))
    normals, left_out = _normals(known, base, lots["site_id"].to_list(), window)
    if normals.is_empty():
        return Ratios(RATIOS.to_frame(), left_out)
    spread = _spreads(base.join(normals, on=KIND))
    joined = known.join(normals, on=KIND).join(spread, on="site_id", how="left")
    joined = joined.with_columns(pl.col("spread").fill_null(2 * MIN_SPREAD))
    return Ratios(_with_sd(joined).select(RATIOS.names()).sort("key", "date"), left_out)


def _kinds(passes: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Add ``workday`` (Monday to Friday where the calendar is silent) and ``slot`` of the local solar day."""
    found = passes.join(calendar.select(day="date", workday="is_workday"), on="day", how="left")
    hours = pl.col("time").dt.hour() + pl.col("time").dt.minute() / 60 + pl.col("lon") / 15
    return found.with_columns(
        pl.col("workday").fill_null(pl.col("day").dt.weekday() <= 5), slot=(hours % 24 // SLOT_HOURS).cast(pl.Int64)
    )


def _normals(
    known: pl.DataFrame, base: pl.DataFrame, lots: list[str], window: tuple[date, date]
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return what is ``normal`` for each lot and kind of pass that there is, and why others have no normal."""
    typical = base.group_by("site_id", "group", "workday", "slot").agg(normal=pl.col("vehicles").median(), n=pl.len())
    shares = _shares(typical)
    own: dict[str, dict[Kind, tuple[float, int]]] = {}
    for lot, _, workday, slot, normal, n in typical.sort("site_id", "n").iter_rows():
        own.setdefault(lot, {})[workday, slot] = (normal, n)
    rows: list[tuple[str, bool, int, float]] = []
    left_out = {}
    asked = known.select("site_id", "group", "workday", "slot").unique().sort(KIND)
    by_lot = {str(lot): frame for (lot,), frame in asked.partition_by("site_id", as_dict=True).items()}
    for lot in lots:
        counted = sum(n for _, n in own.get(lot, {}).values())
        if counted < MIN_BASELINE:
            left_out[lot] = f"{counted} counts between {window[0]} and {window[1]}, {MIN_BASELINE} are needed"
            continue
        several = by_lot[lot]["slot"].n_unique() > 1
        for _, group, workday, slot in by_lot[lot].iter_rows():
            normal = _normal(own[lot], (workday, slot), shares.get(group, {}))
            if normal is not None and normal >= MIN_NORMAL:
                rows.append((lot, workday, slot, normal))
                continue
            name = f"{lot} on {'working days' if workday else 'days off'}"
            name += f" at {SLOT_HOURS * slot}-{SLOT_HOURS * (slot + 1)} h" if several else ""
            few = "too few counts" if normal is None else f"{normal:.1f} vehicles are normal"
            left_out[name] = few if normal is None else f"{few}, {MIN_NORMAL:.0f} are needed"
    schema = {"site_id": pl.String, "workday": pl.Boolean, "slot": pl.Int64, "normal": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row"), left_out


def _shares(typical: pl.DataFrame) -> dict[str, dict[tuple[Kind, Kind], float]]:
    """Return, per group of lots, the median ratio of one kind of pass to another where a lot has enough of both."""
    enough = typical.filter(pl.col("n") >= MIN_KIND, pl.col("normal") > 0)
    pairs = enough.join(enough, on=["site_id", "group"], suffix="_to")
    ratio = (pl.col("normal_to") / pl.col("normal")).median()
    kinds = ["workday", "slot", "workday_to", "slot_to"]
    found: dict[str, dict[tuple[Kind, Kind], float]] = {}
    for group, workday, slot, other, other_slot, share in pairs.group_by("group", *kinds).agg(ratio).iter_rows():
        found.setdefault(group, {})[(workday, slot), (other, other_slot)] = share
    return found


def _normal(own: dict[Kind, tuple[float, int]], kind: Kind, shares: dict[tuple[Kind, Kind], float]) -> float | None:
    """Return the lot's own median of a kind, or that of the kind it has most of times the group's ratio of the two."""
    if kind in own and own[kind][1] >= MIN_KIND:
        return own[kind][0]
    for other, (normal, n) in sorted(own.items(), key=lambda item: -item[1][1]):
        if n >= MIN_KIND and (other, kind) in shares:
            return normal * shares[other, kind]
    return None


def _chance(level: pl.Expr) -> pl.Expr:
    """Return the variance of a ratio by chance alone: binomial over the stalls, Poisson where they are unknown."""
    free = 1 - (level * pl.col("normal") / pl.col("capacity")).clip(0.0, 1.0)
    return level / pl.col("normal") * free.fill_null(1.0)


def _spreads(base: pl.DataFrame) -> pl.DataFrame:
    """Return each lot's relative ``spread`` about its normals, less what chance and the count's own error explain."""
    relative = base.with_columns(
        off=(pl.col("vehicles") / pl.col("normal") - 1).abs(),
        explained=(pl.col("sd") / pl.col("normal")) ** 2 + _chance(pl.lit(1.0)),
    )
    spread = relative.group_by("site_id").agg(total=Z * pl.col("off").median(), own=pl.col("explained").median())
    excess = (pl.col("total") ** 2 - pl.col("own")).clip(lower_bound=MIN_SPREAD**2).sqrt()
    return spread.select("site_id", spread=excess)


def _with_sd(joined: pl.DataFrame) -> pl.DataFrame:
    """Add ratio, sd, weight and names; the level behind a count is the median of five counts about it."""
    frame = joined.sort("site_id", "day", "image_id").with_columns(ratio=pl.col("vehicles") / pl.col("normal"))
    level = pl.col("ratio").rolling_median(5, center=True, min_samples=1).over("site_id").clip(lower_bound=0.0)
    variance = (pl.col("sd") / pl.col("normal")) ** 2 + (pl.col("spread") * pl.col("level")) ** 2
    weight = pl.when(pl.col("capacity").is_not_null()).then(pl.col("capacity")).otherwise(pl.col("normal"))
    return frame.with_columns(level=level).with_columns(
        sd=(variance + _chance(pl.col("level"))).sqrt().clip(lower_bound=1e-3),
        key=pl.col("site_id"),
        date=pl.col("day"),
        weight=weight.max().over("site_id").cast(pl.Float64),
    )

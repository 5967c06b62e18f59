"""Home and work of each device, by a rule that noise, neighbours and second homes do not fool.

Home is where most nights are seen; work is where most working days are seen, away from every place where the
device sleeps, if those are enough days and it stays there for a fair share of them. Places are the 3x3 cells
about the best cell, so that a place on a cell's border stays one place. The rule is ours; its thresholds were
chosen on half of the labelled users of HoWDe (arXiv:2506.20679) and on simulated people, see docs/commuting.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from solarnet_assets.mobility.places import metres_between

HOME_LOGIT, WORK_LOGIT = (0.32, 6.55), (-0.46, 6.07)
"""Intercept and slope of the two confidences (:func:`confidence`); printed by ``benchmarks/home_work.py``."""

ROW = 1 << 24
"""Cells are numbered column * ROW + row, all cities' grids counted from their own centres."""

_AREA = ["device", "area"]
_SPOT = [*_AREA, "spot"]


@dataclass(frozen=True)
class Rule:
    """Thresholds of home and work.

    Attributes:
        window: days that are looked back on, the day itself included.
        min_nights: distinct nights at home.
        min_evenings: distinct days at home, on working days outside work hours, for devices that are off at night.
        min_workdays: distinct working days at work.
        min_share: those days as a share of the working days on which the device is seen in work hours.
        min_stay: quarter hours at work as a share of those seen in work hours of all working days, or of the days at
            work, the first of each left out, since the day counts because of it: the lower end of its one-sided
            99 % interval; either will do. It keeps out the market, the park and the school gate, where people go
            often and stay briefly, and whoever is seen too rarely to tell. The knob of the trade-off: lower finds
            more workplaces, and gives more to people who have none.
        max_slept: a cell where the device sleeps on more than this share of its days there is a (second) home: it and
            the cells about it are nobody's workplace.
        min_distance_m: work lies further than this from home.
        near_m: seen within this distance of a place is seen there.
        max_dwell: quarter hours of all hours at work, over those at home, above which the night place is
            the workplace of a night shift; such a device has no known work.
        max_off: of devices that are off at night: quarter hours at work outside work hours, over those in them, above
            which the place is the home of a late shift, whose evenings are spent at work; such a device has no known
            work either.
    """

    window: int = 28
    min_nights: int = 3
    min_evenings: int = 6
    min_workdays: int = 3
    min_share: float = 0.05
    min_stay: float = 0.25
    max_slept: float = 0.2
    min_distance_m: float = 500.0
    near_m: float = 350.0
    max_dwell: float = 1.5
    max_off: float = 0.6


def locate(rows: pl.DataFrame, workdays: pl.Series, rule: Rule) -> pl.DataFrame:
    """Return home and work of every device with a home.

    Args:
        rows: ``DeviceDays`` of the window, with ``day``.
        workdays: the working days of the window.
        rule: thresholds.

    Returns:
        The columns of :data:`solarnet_assets.mobility.homework.SCHEMA`, among others.
    """
    areas = rows["city"].unique().sort()
    seen = numbered(rows, areas)
    homes = _homes(seen, workdays, rule)
    known = seen.join(homes.select(*_AREA, "home_lat", "home_lon"), on=_AREA)
    busy = known.filter(pl.col("work_slots") > 0, pl.col("day").is_in(workdays.implode()))
    observed = busy.group_by("device").agg(
        observed_workdays=pl.col("day").n_unique().cast(pl.Int32), busy=pl.col("work_slots").sum()
    )
    far = metres_between("home_lat", "home_lon", "lat", "lon") > rule.min_distance_m
    away = busy.filter(far).join(_slept(known, rule), on=_SPOT, how="anti")
    works = _places(away, "work_slots", "work", "workdays")
    found = homes.join(observed, on="device", how="left").join(works, on=_AREA, how="left")
    likely = works.filter(pl.col("workdays") >= rule.min_workdays).select("device", "work_lat", "work_lon")
    found = found.join(_dwell(known, likely, rule), on="device", how="left")
    found = found.join(_stay(busy, likely, rule), on="device", how="left")
    sure = {"work_confidence": confidence("workdays", "observed_workdays", WORK_LOGIT)}
    of_work = ("work_lat", "work_lon", "stay_slots", "stay_at_work", "work_confidence")
    return (
        found.with_columns(city=areas.gather(found["area"]), good=_is_work(rule).fill_null(False), **sure)
        .with_columns(pl.when("good").then(pl.col(c)).alias(c) for c in of_work)
        .with_columns(pl.col("workdays", "observed_workdays").fill_null(0))
    )


def wilson_lower(part: str, whole: str, z: float = 2.326) -> pl.Expr:
    """Return the lower end of the one-sided 99 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Args:
        part: column of counts.
        whole: column of counts that they are part of; the share of nothing is null.
        z: quantile of the normal distribution.
    """
    n = pl.col(whole).cast(pl.Float64)
    share = pl.col(part) / n
    spread = (share * (1 - share) / n + (z / (2 * n)) ** 2).sqrt()
    return pl.when(n > 0).then((share + z * z / (2 * n) - z * spread) / (1 + z * z / n))


def confidence(days: str, of: str, logit: tuple[float, float]) -> pl.Expr:
    """Return the probability that a place is the one that people themselves call home, or work.

    Logistic in the lower end of the share of days there, fitted on half of the labelled users in windows of 28 days
    and calibrated on the other half (docs/commuting.md); of other populations it ranks.
    """
    intercept, slope = logit
    return 1 / (1 + (-(intercept + slope * wilson_lower(days, of))).exp())


def numbered(rows: pl.DataFrame, areas: pl.Series) -> pl.DataFrame:
    """Give cities and cells numbers: keys of integers group and join twice as fast as names and pairs.

    Args:
        rows: ``DeviceDays`` with ``day``.
        areas: the cities, in the order of their numbers.

    Returns:
        ``area`` (number of the city) and ``spot`` (number of the cell) beside the columns that the rules read.
    """
    return rows.select(
        "device",
        "day",
        "lat",
        "lon",
        pl.col("night_slots", "work_slots", "slots").cast(pl.Int32),
        area=pl.col("city").cast(pl.Enum(areas)).to_physical(),
        spot=pl.col("cell_x").cast(pl.Int64) * ROW + pl.col("cell_y"),
    )


def _is_work(rule: Rule) -> pl.Expr:
    """Enough days, long enough, away from home, and not the day place of somebody who works at night."""
    days = (pl.col("workdays") >= rule.min_workdays) & (
        pl.col("workdays") >= rule.min_share * pl.col("observed_workdays")
    )
    often = wilson_lower("work_slots", "busy") >= rule.min_stay
    long = (wilson_lower("more_at_work", "more") >= rule.min_stay).fill_null(False)
    far = metres_between("home_lat", "home_lon", "work_lat", "work_lon") > rule.min_distance_m
    by_day = pl.col("dwell_work") <= rule.max_dwell * pl.col("dwell_home")
    by_hours = (pl.col("nights") > 0) | (
        pl.col("dwell_work") - pl.col("hours_work") <= rule.max_off * pl.col("hours_work")
    )
    return days & (often | long) & far & by_day & by_hours


def _slept(known: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return the cells where a device sleeps, and those about them: most of a night is seen there, often."""
    nights = known.filter(pl.col("night_slots") > 0).select(*_SPOT, "day", "night_slots")
    slept = nights.filter(pl.col("night_slots") == pl.col("night_slots").max().over("device", "day"))
    cells = slept.group_by(_SPOT).agg(nights=pl.len())
    days = known.select(_SPOT).join(cells, on=_SPOT, how="semi").group_by(_SPOT).agg(days=pl.len())
    cells = cells.join(days, on=_SPOT).filter(pl.col("nights") > rule.max_slept * pl.col("days")).select(_SPOT)
    steps = [dx * ROW + dy for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return pl.concat([cells.with_columns(pl.col("spot") + step) for step in steps])


def _dwell(known: pl.DataFrame, works: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return the quarter hours of all days near home, near work, and near work in work hours."""
    rows = known.select("device", "lat", "lon", "home_lat", "home_lon", "slots", "work_slots").join(works, on="device")
    home, work = (metres_between(f"{p}_lat", f"{p}_lon", "lat", "lon") for p in ("home", "work"))
    return rows.group_by("device").agg(
        dwell_home=pl.col("slots").filter(home <= rule.near_m).sum(),
        dwell_work=pl.col("slots").filter(work <= rule.near_m).sum(),
        hours_work=pl.col("work_slots").filter(work <= rule.near_m).sum(),
    )


def _stay(busy: pl.DataFrame, works: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return the quarter hours of the days at work, in all and at work, beyond the one of each by which it is known.

    ``stay_at_work / stay_slots`` estimates the share p of a working day's quarter hours that are spent at work without
    bias: each of a day's k at work in turn is the one that proves the day, and of the other n - 1 then k - 1 are at
    work. Means over the k of n that can: k (n - 1) / n and k (k - 1) / n, in expectation (n - 1) p and (n - 1) p^2.
    ``more_at_work / more`` counts each such day fully, and so says less of places that are passed by.
    """
    at_work = metres_between("work_lat", "work_lon", "lat", "lon") <= rule.near_m
    slots = pl.col("work_slots")
    days = (
        busy.select("device", "day", "lat", "lon", "work_slots")
        .join(works, on="device")
        .group_by("device", "day")
        .agg(n=slots.sum(), k=slots.filter(at_work).sum())
        .filter(pl.col("k") > 0)
        .sort("device", "day")  # sums of fractions depend on their order
    )
    chance = pl.col("k") / pl.col("n")
    return days.group_by("device").agg(
        more=(pl.col("n") - 1).sum(),
        more_at_work=(pl.col("k") - 1).sum(),
        stay_slots=(chance * (pl.col("n") - 1)).sum(),
        stay_at_work=(chance * (pl.col("k") - 1)).sum(),
    )


def _homes(rows: pl.DataFrame, workdays: pl.Series, rule: Rule) -> pl.DataFrame:
    """Return the home of each device: from its nights; or, where it is off at night, from its mornings and evenings.

    Of rest days all hours count: mornings and evenings alone would take the workplace of a late shift for its home.
    """
    nights = _best_home(rows.filter(pl.col("night_slots") > 0), "night_slots", rule.min_nights)
    others = rows.join(nights, on="device", how="anti")
    at_work_hours = pl.when(pl.col("day").is_in(workdays.implode())).then("work_slots").otherwise(0)
    off = others.with_columns(off_slots=pl.col("slots") - at_work_hours).filter(pl.col("off_slots") > 0)
    evenings = _best_home(off, "off_slots", rule.min_evenings).with_columns(nights=pl.lit(0, pl.Int32))
    return pl.concat([nights, evenings])


def _best_home(rows: pl.DataFrame, slots: str, at_least: int) -> pl.DataFrame:
    seen = rows.group_by("device").agg(seen=pl.col("day").n_unique())
    homes = _places(rows, slots, "home", "nights").filter(pl.col("nights") >= at_least)
    order = homes.sort("device", "nights", "area", descending=[False, True, False])
    best = order.unique("device", keep="first", maintain_order=True).join(seen, on="device")
    return best.drop(slots).with_columns(confidence=confidence("nights", "seen", HOME_LOGIT))


def _places(rows: pl.DataFrame, slots: str, name: str, days: str) -> pl.DataFrame:
    """Return the best place per device and city: centre (slot-weighted), days and slots of the 3x3 cells about a cell.

    The best cell has the most days, then the most slots, then the lowest column and row.
    """
    cells = rows.group_by(_SPOT).agg(n=pl.len(), slots=pl.col(slots).sum())
    order = cells.sort(*_AREA, "n", "slots", "spot", descending=[False, False, True, True, False])
    top = order.unique(_AREA, keep="first", maintain_order=True).select(*_AREA, top="spot")
    step = pl.col("spot") - pl.col("top")
    near = (step.abs() <= 1) | ((step.abs() >= ROW - 1) & (step.abs() <= ROW + 1))
    weight = pl.col(slots)
    return (
        rows.join(top, on=_AREA, maintain_order="left")
        .filter(near)
        .group_by(_AREA)
        .agg(
            ((pl.col("lat") * weight).sum() / weight.sum()).alias(f"{name}_lat"),
            ((pl.col("lon") * weight).sum() / weight.sum()).alias(f"{name}_lon"),
            pl.col("day").n_unique().cast(pl.Int32).alias(days),
            weight.sum(),
        )
    )

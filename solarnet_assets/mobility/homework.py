"""Home and work of each device, by a rule that noise and neighbours do not fool.

Home is where most nights are seen; work is where most working days are seen away from home, if those are
enough days and a fair share of the days on which the device is seen at all. Places are the 3x3 cells about the
best cell, so that a place on a cell's border stays one place. On the 500 labelled users of HoWDe
(arXiv:2506.20679) a rule of this form is right on 495 homes and 241 workplaces, HoWDe itself on 443 and 214.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from solarnet_assets.mobility.places import metres_between
from solarnet_assets.mobility.reduce import BUCKETS

SCHEMA = pl.Schema(
    {
        "city": pl.String,
        "device": pl.UInt64,
        "home_lat": pl.Float64,
        "home_lon": pl.Float64,
        "work_lat": pl.Float64,
        "work_lon": pl.Float64,
        "nights": pl.Int32,
        "workdays": pl.Int32,
        "observed_workdays": pl.Int32,
        "confidence": pl.Float64,
    }
)

SNAPSHOT_DAYS = (0, 28, 56, 84)
"""Ages, in days, of the ``HomeWork`` tables that a day's panel is known from."""

MEMBER_SHARE = 0.7
"""An older table with fewer homes than this share of the newest comes from the first days of the data."""

_NEEDED = ["day", "city", "device", "cell_x", "cell_y", "lat", "lon", "night_slots", "work_slots", "slots"]


@dataclass(frozen=True)
class Rule:
    """Thresholds of home and work.

    Attributes:
        window: days that are looked back on, the day itself included.
        min_nights: distinct nights at home.
        min_evenings: distinct days at home outside work hours, for devices that are off at night.
        min_workdays: distinct working days at work.
        min_share: those days as a share of the working days on which the device is seen in work hours.
        min_hours: quarter hours at work as a share of all those seen in work hours of working days; or
        min_stay: as a share of those seen on the days at work, the first of each day left out, since the day
            counts because of it. Either will do; both keep out the market, the park and the school gate,
            where people go often and stay briefly.
        min_distance_m: work lies further than this from home.
        near_m: seen within this distance of a place is seen there.
        max_dwell: quarter hours of all hours at work, over those at home, above which the night place is
            the workplace of a night shift; such a device has no known work.
    """

    window: int = 28
    min_nights: int = 3
    min_evenings: int = 6
    min_workdays: int = 3
    min_share: float = 0.1
    min_hours: float = 0.3
    min_stay: float = 0.5
    min_distance_m: float = 500.0
    near_m: float = 350.0
    max_dwell: float = 1.5


def home_work(
    device_days: pl.LazyFrame | pl.DataFrame,
    day: date,
    calendar: pl.DataFrame,
    rule: Rule | None = None,
    buckets_at_once: int = BUCKETS,
) -> pl.DataFrame:
    """Return home and work (``HomeWork``) of every device with a home, as of a day.

    Args:
        device_days: ``DeviceDays`` with ``day``; days outside the window are ignored.
        day: last day of the window.
        calendar: ``Calendar``; days that it lacks count as rest days.
        rule: thresholds.
        buckets_at_once: device buckets in memory at a time; the result does not depend on it.
    """
    rule = rule or Rule()
    first = day - timedelta(days=rule.window - 1)
    workdays = calendar.filter(pl.col("is_workday"), pl.col("date").is_between(first, day))["date"]
    recent = device_days.lazy().filter(pl.col("day").is_between(first, day))
    parts = [_located(part, workdays, rule) for part in _buckets(recent, buckets_at_once)]
    return pl.concat([SCHEMA.to_frame(), *parts]).sort("device")


def known_places(snapshots: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the panel's homes and workplaces: of several ``HomeWork`` tables the oldest that is complete.

    The window that ends today forgets the workplace of everybody who has stayed at home for four weeks, and of
    newcomers it knows only those who already commute: the share of commuters would rise because people stay
    away. A table of three months before knows neither. It is one table and not the union of all, so that a
    panel of the first months of data is made like every later one.

    Args:
        snapshots: newest first. A table with under ``MEMBER_SHARE`` of the newest one's homes is not complete.

    Returns:
        city, device, home_lat, home_lon, work_lat, work_lon; one row per device with both places.
    """
    complete = [frame for frame in snapshots if frame.height >= MEMBER_SHARE * snapshots[0].height]
    oldest = complete[-1] if complete else SCHEMA.to_frame()
    known = oldest.filter(pl.col("work_lat").is_not_null())
    return known.select("city", "device", "home_lat", "home_lon", "work_lat", "work_lon").sort("device")


def snapshot_days(day: date) -> list[date]:
    """Return the days whose ``HomeWork`` tables a day's panel is known from, newest first."""
    return [day - timedelta(days=age) for age in SNAPSHOT_DAYS]


def _buckets(recent: pl.LazyFrame, at_once: int) -> Iterator[pl.DataFrame]:
    for start in range(0, BUCKETS, at_once):
        part = recent if at_once >= BUCKETS else recent.filter(pl.col("bucket").is_between(start, start + at_once - 1))
        yield part.select(_NEEDED).collect()


def _located(rows: pl.DataFrame, workdays: pl.Series, rule: Rule) -> pl.DataFrame:
    homes = _homes(rows, rule)
    keys = homes.select("device", "home_lat", "home_lon", home_city="city")
    known = rows.join(keys, on="device").filter(pl.col("city") == pl.col("home_city"))
    busy = known.filter(pl.col("work_slots") > 0, pl.col("day").is_in(workdays.implode()))
    observed = busy.group_by("device").agg(
        observed_workdays=pl.col("day").n_unique().cast(pl.Int32), busy=pl.col("work_slots").cast(pl.Float64).sum()
    )
    away = busy.filter(metres_between("home_lat", "home_lon", "lat", "lon") > rule.min_distance_m)
    works = _places(away, "work_slots", "work", "workdays")
    found = homes.join(observed, on="device", how="left").join(works, on=["city", "device"], how="left")
    found = found.join(_dwell(known, works, rule), on="device", how="left")
    found = found.join(_stay(busy, works, rule), on="device", how="left")
    good = _is_work(rule).fill_null(False)
    return (
        found.with_columns(pl.when(good).then(pl.col(c)).alias(c) for c in ("work_lat", "work_lon"))
        .with_columns(pl.col("workdays", "observed_workdays").fill_null(0))
        .select(pl.col(c).cast(t) for c, t in SCHEMA.items())
    )


def _is_work(rule: Rule) -> pl.Expr:
    """Enough days, long enough, away from home, and not the day place of somebody who works at night."""
    days = (pl.col("workdays") >= rule.min_workdays) & (
        pl.col("workdays") >= rule.min_share * pl.col("observed_workdays")
    )
    often = pl.col("work_slots") >= rule.min_hours * pl.col("busy")
    long = ((pl.col("more") > 0) & (pl.col("more_at_work") >= rule.min_stay * pl.col("more"))).fill_null(False)
    far = metres_between("home_lat", "home_lon", "work_lat", "work_lon") > rule.min_distance_m
    by_day = pl.col("dwell_work") <= rule.max_dwell * pl.col("dwell_home")
    return days & (often | long) & far & by_day


def _dwell(known: pl.DataFrame, works: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return the quarter hours of all days and hours that a device is seen near its home and near its work."""
    rows = known.join(works.drop("city"), on="device")
    home, work = (metres_between(f"{p}_lat", f"{p}_lon", "lat", "lon") for p in ("home", "work"))
    slots = pl.col("slots").cast(pl.Int64)
    return rows.group_by("device").agg(
        dwell_home=slots.filter(home <= rule.near_m).sum(), dwell_work=slots.filter(work <= rule.near_m).sum()
    )


def _stay(busy: pl.DataFrame, works: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return the quarter hours of the days at work, in all and at work, beyond the one of each by which it is known."""
    at_work = metres_between("work_lat", "work_lon", "lat", "lon") <= rule.near_m
    slots = pl.col("work_slots").cast(pl.Int64)
    days = (
        busy.join(works.select("device", "work_lat", "work_lon"), on="device")
        .group_by("device", "day")
        .agg(n=slots.sum(), k=slots.filter(at_work).sum())
        .filter(pl.col("k") > 0)
    )
    return days.group_by("device").agg(more=(pl.col("n") - 1).sum(), more_at_work=(pl.col("k") - 1).sum())


def _homes(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return the home of each device: from its nights, or from its mornings and evenings where it is off at night."""
    nights = _best_home(rows.filter(pl.col("night_slots") > 0), "night_slots", rule.min_nights)
    off = (pl.col("slots") - pl.col("work_slots")).alias("off_slots")
    others = rows.join(nights, on="device", how="anti").with_columns(off).filter(pl.col("off_slots") > 0)
    evenings = _best_home(others, "off_slots", rule.min_evenings).with_columns(nights=pl.lit(0, pl.Int32))
    return pl.concat([nights, evenings])


def _best_home(rows: pl.DataFrame, slots: str, at_least: int) -> pl.DataFrame:
    seen = rows.group_by("device").agg(seen=pl.col("day").n_unique())
    homes = _places(rows, slots, "home", "nights").filter(pl.col("nights") >= at_least)
    order = homes.sort("device", "nights", "city", descending=[False, True, False])
    best = order.unique("device", keep="first", maintain_order=True).join(seen, on="device")
    return best.drop(slots).with_columns(confidence=pl.col("nights") / pl.col("seen"))


def _places(rows: pl.DataFrame, slots: str, name: str, days: str) -> pl.DataFrame:
    """Return the best place per city and device: centre (slot-weighted), days and slots of the 3x3 cells about a cell.

    The best cell has the most days, then the most slots, then the lowest column and row.
    """
    keys = ["city", "device"]
    cells = rows.group_by(*keys, "cell_x", "cell_y").agg(n=pl.len(), slots=pl.col(slots).cast(pl.Int64).sum())
    order = cells.sort(*keys, "n", "slots", "cell_x", "cell_y", descending=[False, False, True, True, False, False])
    top = order.unique(keys, keep="first", maintain_order=True).select(*keys, top_x="cell_x", top_y="cell_y")
    near = ((pl.col("cell_x") - pl.col("top_x")).abs() <= 1) & ((pl.col("cell_y") - pl.col("top_y")).abs() <= 1)
    weight = pl.col(slots).cast(pl.Float64)
    return (
        rows.join(top, on=keys)
        .filter(near)
        .group_by(keys)
        .agg(
            ((pl.col("lat") * weight).sum() / weight.sum()).alias(f"{name}_lat"),
            ((pl.col("lon") * weight).sum() / weight.sum()).alias(f"{name}_lon"),
            pl.col("day").n_unique().cast(pl.Int32).alias(days),
            pl.col(slots).cast(pl.Int64).sum(),
        )
    )

"""Home and work by the published rule of HoWDe (de Sojo Caso et al. 2025, arXiv:2506.20679), as an option.

Home is the place with the largest mean share of night hours (00-06) over the days of a window that say enough; work the
place, never a home, that is visited on most such working days, else the one with the largest mean share of work
hours (09-17). Written from the paper and from the behaviour of version 2.0 (MIT licence); defaults are the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from solarnet_assets.mobility.robust import HOME_LOGIT, ROW, WORK_LOGIT, confidence, numbered

NIGHT_HOURS, WORK_HOURS = 6, 7
"""Hours by night and in work hours that ``DeviceDays`` tell of (00-06 and 09-16)."""

AREA = 1 << 48
"""A place is numbered area * AREA + cell."""

_KEY = ["device", "target"]
_PLACE = [*_KEY, "place"]
_AREA = ["device", "area"]


@dataclass(frozen=True)
class HowdeRule:
    """The parameters of HoWDe, under its own names in brackets.

    Attributes:
        window_home, window_work: days that are looked on (range_window_home, range_window_work).
        min_hours: share of a day's night or work hours that must be seen, else the day says nothing (C_hours).
        min_days_home, min_days_work: share of the days seen that must say something (C_days_H, C_days_W).
        home_hours: mean share of night hours at home (f_hours_H).
        work_hours: mean share of work hours at work (f_hours_W), which will do where no place has
        work_days: the share of days on which work is visited (f_days_W).
    """

    window_home: int = 28
    window_work: int = 42
    min_hours: float = 0.4
    min_days_home: float = 0.4
    min_days_work: float = 0.5
    home_hours: float = 0.7
    work_hours: float = 0.4
    work_days: float = 0.6

    @property
    def window(self) -> int:
        """Days that both look back on."""
        return max(self.window_home, self.window_work)


def best_homes(days: pl.DataFrame, shares: pl.DataFrame, rule: HowdeRule) -> pl.DataFrame:
    """Return the home of each device as of each target day.

    Args:
        days: one row per ``device``, ``target`` and ``day`` of its window on which anything is seen.
        shares: ``device``, ``target``, ``day``, ``place``, ``share`` of that night's hours, for nights that say enough.
        rule: parameters.

    Returns:
        ``device``, ``target``, ``home`` (place), ``nights`` at home and ``seen`` nights.
    """
    said = _said(days, shares).filter(pl.col("said") > rule.min_days_home * pl.col("all"))
    means = _means(shares, said).filter(pl.col("mean") >= rule.home_hours)
    best = means.sort(*_KEY, "mean", "place", descending=[False, False, True, False]).unique(
        _KEY, keep="first", maintain_order=True
    )
    return best.select(*_KEY, home="place", nights="visits", seen="said")


def best_works(days: pl.DataFrame, shares: pl.DataFrame, rule: HowdeRule) -> pl.DataFrame:
    """Return the workplace of each device as of each target day.

    Args:
        days: as in :func:`best_homes`, with ``is_workday``.
        shares: shares of work hours of working days, homes left out.
        rule: parameters.

    Returns:
        ``device``, ``target``, ``work`` (place) and ``workdays`` there.
    """
    silent = days.join(shares.select(*_KEY, "day").unique(), on=[*_KEY, "day"], how="anti").filter("is_workday")
    missing = silent.group_by(_KEY).agg(missing=pl.len())
    said = _said(days, shares).join(missing, on=_KEY, how="left")
    said = said.filter(pl.col("missing").fill_null(0) < (1 - rule.min_days_work) * pl.col("all"))
    means = _means(shares, said).with_columns(often=pl.col("visits") >= rule.work_days * pl.col("said"))
    fit = means.filter(pl.col("often") | (pl.col("mean") >= rule.work_hours))
    rank = fit.with_columns(rank=pl.when("often").then(pl.col("visits") / pl.col("said")).otherwise("mean"))
    order = rank.sort(*_KEY, "often", "rank", "mean", "place", descending=[False, False, True, True, True, False])
    return order.unique(_KEY, keep="first", maintain_order=True).select(*_KEY, work="place", workdays="visits")


def locate(rows: pl.DataFrame, workdays: pl.Series, rule: HowdeRule) -> pl.DataFrame:
    """Return home and work of every device with a home, as of the last day of the rows.

    Differences from HoWDe, which reads stops: cells that touch are one place, that of the cell with most days; nights
    and work hours (to 16) are known by their quarter hours, and each is taken for an hour of its own; and a place is no
    workplace if it is home now, not if it ever was.

    Args:
        rows: ``DeviceDays`` of the window, with ``day``.
        workdays: the working days of the window.
        rule: parameters.

    Returns:
        The columns of :data:`solarnet_assets.mobility.homework.SCHEMA`, among others.
    """
    areas = rows["city"].unique().sort()
    placed = _placed(numbered(rows, areas)).with_columns(target=pl.col("day").max())
    lately, recent = (
        placed.filter(pl.col("day") > pl.col("target") - timedelta(days=days))
        for days in (rule.window_home, rule.window_work)
    )
    homes = best_homes(lately.select(*_KEY, "day").unique(), _shares(lately, "night_slots", NIGHT_HOURS, rule), rule)
    is_workday = pl.col("day").is_in(workdays.implode())
    hours = _shares(recent.filter(is_workday), "work_slots", WORK_HOURS, rule).join(homes, on=_KEY, how="semi")
    away = hours.join(homes.select(*_KEY, place="home"), on=_PLACE, how="anti")
    works = best_works(recent.select(*_KEY, "day", is_workday=is_workday).unique(), away, rule)
    observed = hours.group_by("device").agg(observed_workdays=pl.col("day").n_unique())
    weight = pl.col("slots")
    centres = placed.group_by("device", "area", "place").agg(
        *((pl.col(c) * weight).sum() / weight.sum() for c in ("lat", "lon"))
    )
    home = centres.rename({"place": "home", "lat": "home_lat", "lon": "home_lon"})
    work = centres.rename({"place": "work", "lat": "work_lat", "lon": "work_lon"}).drop("area")
    found = homes.join(works, on=_KEY, how="left").join(observed, on="device", how="left")
    found = found.join(home, on=["device", "home"]).join(work, on=["device", "work"], how="left")
    return found.with_columns(
        pl.col("workdays", "observed_workdays").fill_null(0),
        city=areas.gather(found["area"]),
        confidence=confidence("nights", "seen", HOME_LOGIT),
        work_confidence=pl.when(pl.col("work").is_not_null()).then(
            confidence("workdays", "observed_workdays", WORK_LOGIT)
        ),
        stay_slots=pl.lit(None),
        stay_at_work=pl.lit(None),
    )


def _said(days: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return, of each window, the days that say something and all days on which anything is seen."""
    said = shares.group_by(_KEY).agg(said=pl.col("day").n_unique())
    return days.group_by(_KEY).agg(all=pl.len()).join(said, on=_KEY)


def _means(shares: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    places = shares.group_by(_PLACE).agg(total=pl.col("share").sum(), visits=pl.len())
    return places.join(said, on=_KEY).with_columns(mean=pl.col("total") / pl.col("said"))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Name each cell by the one of the 3x3 cells about it that is seen on most days."""
    cells = rows.group_by(*_AREA, "spot").agg(days=pl.len())
    steps = [dx * ROW + dy for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    near = pl.concat([cells.select(*_AREA, to=pl.col("spot") + step, spot="spot") for step in steps])
    ranked = near.join(cells.rename({"spot": "to"}), on=[*_AREA, "to"])
    order = ranked.sort(*_AREA, "spot", "days", "to", descending=[False, False, False, True, False])
    top = order.unique([*_AREA, "spot"], keep="first", maintain_order=True)
    place = (pl.col("area").cast(pl.Int64) * AREA + pl.col("to")).alias("place")
    return rows.join(top.drop("days"), on=[*_AREA, "spot"]).with_columns(place)


def _shares(placed: pl.DataFrame, slots: str, hours: int, rule: HowdeRule) -> pl.DataFrame:
    """Return each place's share of a day's quarter hours, of days on which enough hours are seen."""
    seen = placed.filter(pl.col(slots) > 0).with_columns(total=pl.col(slots).sum().over(*_KEY, "day"))
    enough = seen.filter(pl.col("total") >= rule.min_hours * hours)
    found = enough.group_by(*_PLACE, "day").agg(slots=pl.col(slots).sum(), total=pl.col("total").first())
    # sums of fractions depend on their order
    return found.select(*_PLACE, "day", share=pl.col("slots") / pl.col("total")).sort(*_PLACE, "day")

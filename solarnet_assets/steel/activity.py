"""Passes of mills as ratios to their own baseline, over the pixels that are hot again and again.

Hot units do not move. The mean excess map of the baseline months shows where they stand; the ratio of a pass is its
excess summed over those pixels against the baseline's excess over the same pixels, as far as the pass saw them.
Whatever the background model misses elsewhere in the works (roofs, slag) therefore does not count, and nothing is
thresholded in the pass itself: a mill at 5 % reads 5 %, not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.steel.observe import MAP_UNIT

Array = NDArray[np.float64]
Spans = Sequence[tuple[date, date]]

MIN_BASELINE = 5
"""Observations in the baseline months without which a mill is left out."""

PERSISTENT = 5.0
"""Robust sd above the works' median at which a pixel of the mean baseline map is a hot unit."""

REACH = 1
"""Pixels around hot units that belong to them: point spread and registration."""

MIN_WEIGHT = 0.5
"""Share of the baseline's excess whose pixels a pass must have seen."""

MIN_SD = 0.05
BACKGROUND_SD = 0.03
"""Floors of a pass's own sd (relative) and of the background under it (in baselines). Ours."""

NEAR_DAYS = 3
MIN_OTHERS = 3
MIN_LEVEL = 0.02

RATIOS = pl.Schema(
    {
        "key": pl.String, "region": pl.String, "group": pl.String, "weight": pl.Float64, "date": pl.Date,
        "ratio": pl.Float64, "sd": pl.Float64, "evidence": pl.String,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Ratios:
    """Ratios of passes and mills that have none.

    Attributes:
        frame: columns ``key, region, group, weight, date, ratio, sd, evidence``; ratio 1.0 is the own baseline median.
        left_out: mill -> why it has no ratio.
    """

    frame: pl.DataFrame
    left_out: dict[str, str]


def baseline_window(as_of: date) -> tuple[date, date]:
    """Return 1 September and 31 December of the year before ``as_of``: the last complete autumn."""
    return date(as_of.year - 1, 9, 1), date(as_of.year - 1, 12, 31)


def ratios(
    observations: pl.DataFrame,
    sites: pl.DataFrame,
    as_of: date,
    spans: Spans | None = None,
    fewest: int = MIN_BASELINE,
) -> Ratios:
    """Return every valid pass known on a day as a ratio to the mill's own baseline.

    Args:
        observations: schema ``SteelObservations`` with ``day``; the baseline months and what came since.
        sites: schema ``Sites``; mills are those of signal ``steel``. Weight is the capacity; mills without one get the
            median capacity.
        as_of: day whose knowledge is used.
        spans: first and last days of the baseline; default: :func:`baseline_window`.
        fewest: observations in the baseline without which a mill is left out.
    """
    spans = spans or [baseline_window(as_of)]
    usable = observations.filter("valid", (pl.col("day") <= as_of) & pl.col("excess_map").is_not_null())
    mills = sites.filter(pl.col("signal") == "steel").sort("site_id")
    capacities = mills["capacity"].drop_nulls().to_list()
    typical = float(np.median(capacities)) if capacities else 1.0
    inside = pl.any_horizontal([pl.col("day").is_between(first, last) for first, last in spans])
    usable = usable.with_columns(base=inside).sort("site_id", "time", "scene_id")
    by_mill = usable.partition_by("site_id", as_dict=True, maintain_order=True)
    frames, left_out = [], {}
    for mill in mills.iter_rows(named=True):
        found = _mill(by_mill.get((mill["site_id"],), usable.clear()), spans, fewest)
        if isinstance(found, str):
            left_out[mill["site_id"]] = found
            continue
        weight = typical if mill["capacity"] is None else float(mill["capacity"])
        labels = [pl.lit(mill["site_id"]).alias("key"), pl.lit(mill["region"]).alias("region")]
        labels += [pl.lit(mill["group"]).alias("group"), pl.lit(weight).alias("weight")]
        frames.append(found.with_columns(labels))
    return Ratios(_with_sd(pl.concat(frames)) if frames else RATIOS.to_frame(), left_out)


def _mill(passes: pl.DataFrame, spans: Spans, fewest: int) -> pl.DataFrame | str:
    grids = passes.partition_by("map_grid", maintain_order=True)
    parts = [part for part in (_same_pixels(grid, fewest) for grid in grids) if part is not None]
    if not parts:
        when = " and ".join(f"between {first} and {last}" for first, last in spans)
        return f"{passes['base'].sum()} observations {when}, {fewest} on the same pixels are needed"
    return pl.concat(parts).sort("date")


def _same_pixels(passes: pl.DataFrame, fewest: int) -> pl.DataFrame | None:
    """Return ratios of passes whose maps have the same pixels, or None without a baseline among them."""
    base = passes["base"].to_numpy()
    if np.count_nonzero(base) < fewest:
        return None
    maps = _maps(passes)
    excess, seen_part, background = _over_units(maps, base, int(passes["map_width"][0]))
    keep = seen_part >= MIN_WEIGHT
    if np.count_nonzero(base & keep) < fewest:
        return None
    centre = float(np.median(excess[base & keep]))
    if centre <= 0:
        return None
    ratio = excess / centre
    additive, own = _noise(ratio[base & keep], background / centre, passes["relative_sd"].to_numpy()[base & keep])
    frame = passes.select("relative_sd", date=pl.col("day"), evidence=pl.col("evidence"))
    frame = frame.with_columns(ratio=pl.Series(ratio), additive=pl.lit(additive), own=pl.lit(own))
    frame = frame.filter(pl.Series(keep))
    return frame.with_columns(level=pl.Series(_running_median(frame["ratio"].to_numpy())))


def _maps(passes: pl.DataFrame) -> Array:
    """Return (passes, pixels) of excess radiance, NaN where nothing was seen."""
    flat = passes["excess_map"].explode(empty_as_null=False, keep_nulls=False).cast(pl.Float64).to_numpy()
    return np.asarray(flat * MAP_UNIT).reshape(passes.height, -1)


def _over_units(maps: Array, base: NDArray[np.bool_], width: int) -> tuple[Array, Array, float]:
    """Return, over the persistently hot pixels: excess per pass, share of it that was seen, and background sd.

    Excess is relative to the baseline's mean map, so that pixels under cloud are made up for by what they usually give.
    """
    mean = _column_medians(maps[base])
    units = hot_units(mean, width)
    expected = np.where(units, np.nan_to_num(mean), 0.0)
    known = np.isfinite(maps)
    weight = known @ expected
    total = np.where(known, maps, 0.0) @ units.astype(float)
    outside = np.isfinite(mean) & ~units
    sd = 1.4826 * np.nanmedian(np.abs(maps[base][:, outside])) if outside.any() else 0.0
    share = weight / expected.sum() if expected.sum() > 0 else np.zeros_like(weight)
    relative = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return relative, share, float(sd * np.sqrt(units.sum()) / max(expected.sum(), 1e-9))


def _column_medians(maps: Array) -> Array:
    """Return the median per pixel over passes, NaN where fewer than half of them saw it."""
    ordered = np.sort(maps, axis=0)
    count = np.isfinite(maps).sum(axis=0)
    enough = 2 * count >= len(maps)
    pick = np.maximum(count - 1, 0)
    column = np.arange(maps.shape[1])
    median = 0.5 * (ordered[pick // 2, column] + ordered[(pick + 1) // 2, column])
    return np.where(enough & (count > 0), median, np.nan)


def hot_units(mean: Array, width: int) -> NDArray[np.bool_]:
    """Return the persistently hot pixels of a mean excess map, one pixel around them included.

    Args:
        mean: excess radiance per pixel, row by row; NaN outside the site.
        width: columns.

    Returns:
        Mask (pixels,). Where no pixel stands out, the whole site: a mill that is never clearly hot is measured as one.
    """
    from scipy.ndimage import maximum_filter

    inside = np.isfinite(mean)
    if not inside.any():
        return inside
    centre = np.median(mean[inside])
    sd = 1.4826 * np.median(np.abs(mean[inside] - centre))
    hot = inside & (np.nan_to_num(mean, nan=-np.inf) - centre > PERSISTENT * max(sd, 1e-6))
    if not hot.any():
        return inside
    near = maximum_filter(hot.reshape(-1, width), size=2 * REACH + 1, mode="constant")
    return np.asarray(near.ravel() & inside)


def _noise(baseline: Array, background: float, relative: Array) -> tuple[float, float]:
    """Return a mill's noise: of the background (in baselines), and of its own heat and whatever else grows with it.

    Args:
        baseline: ratios of the baseline months.
        background: sd of the background as the maps have it, in baselines.
        relative: relative sd that the passes state already.
    """
    additive = max(background, BACKGROUND_SD)
    total = 1.4826 * float(np.median(np.abs(baseline - np.median(baseline))))
    return additive, float(np.sqrt(max(total**2 - additive**2 - float(np.median(relative**2)), MIN_SD**2)))


def _running_median(ratio: Array) -> Array:
    padded = np.pad(ratio, 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=-1))


def _with_sd(passes: pl.DataFrame) -> pl.DataFrame:
    """Add the sd of each ratio: background, and noise in proportion to the level.

    The level is not the pass's own ratio, which would give low passes too much weight. It is the median of the mill's
    five passes about it or of the other mills' passes within three days, whichever lies nearer to the pass: the first
    follows a mill that goes its own way, the second a break that is common to all.
    """
    ratio, own_level = passes["ratio"].to_numpy(), passes["level"].to_numpy()
    day = passes["date"].to_physical().to_numpy()
    mill = passes["key"].rank("dense").to_numpy()
    others = (np.abs(day[:, None] - day) <= NEAR_DAYS) & (mill[:, None] != mill)
    masked = np.where(others, ratio, np.nan)
    enough = others.sum(axis=1) >= MIN_OTHERS
    shared = own_level.copy()
    shared[enough] = np.nanmedian(masked[enough], axis=1)
    logs = [np.log(np.maximum(x, MIN_LEVEL)) for x in (ratio, own_level, shared)]
    level = np.where(np.abs(logs[2] - logs[0]) < np.abs(logs[1] - logs[0]), shared, own_level)
    growing = (pl.col("own") ** 2 + pl.col("relative_sd") ** 2) * pl.Series(np.maximum(level, 0.0)) ** 2
    return passes.with_columns(sd=(pl.col("additive") ** 2 + growing).sqrt()).select(RATIOS.names())

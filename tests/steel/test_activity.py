from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import works

from solarnet_assets.steel.activity import RATIOS, baseline_window, hot_units, ratios
from solarnet_assets.steel.observe import observe
from solarnet_assets.storage.schemas import SteelObservations

AS_OF = date(2020, 2, 20)


def passes(levels, mill="mill", wkt=works.WKT, start=date(2019, 9, 3), every=8, seed=0, **kwargs):
    """Observe one pass per level."""
    rows = []
    for number, level in enumerate(levels):
        day = start + timedelta(days=every * number)
        time = works.TIME.replace(year=day.year, month=day.month, day=day.day)
        scene = works.scene(level=level, seed=seed + number, scene_id=f"{mill}{day}", time=time, **kwargs)
        rows.append(observe(scene, mill, wkt).row | {"evidence": f"{day}.png", "day": day})
    return pl.DataFrame(rows, schema=SteelObservations.create_empty().schema | {"day": pl.Date})


def sites(*mills):
    return pl.DataFrame(
        [{"site_id": m, "signal": "steel", "region": "R", "group": "mill", "capacity": c} for m, c in mills],
        schema_overrides={"capacity": pl.Float64},
    )


@pytest.fixture(scope="module")
def autumn():
    heat = np.random.default_rng(0).normal(1.0, 0.08, 15)
    return passes(heat)


def after(autumn, levels, **kwargs):
    return pl.concat([autumn, passes(levels, start=date(2020, 1, 5), every=5, seed=100, **kwargs)])


def test_the_ratio_is_the_level(autumn):
    """Each pass within four points of the truth, their mean within two: also far below what a threshold would see."""
    levels = [1.0, 0.76, 0.29, 0.29, 0.1, 0.0, 0.0, 1.3]
    found = ratios(after(autumn, levels), sites(("mill", 8.0)), AS_OF)
    assert found.frame.schema == RATIOS
    assert not found.left_out
    now = found.frame.filter(pl.col("date") >= date(2020, 1, 1))
    error = now["ratio"].to_numpy() - levels
    assert np.abs(error).max() < 0.08
    assert np.abs(error[2:7]).max() < 0.04
    assert abs(error.mean()) < 0.02


def test_the_baseline_median_is_one(autumn):
    found = ratios(autumn, sites(("mill", 8.0)), AS_OF).frame
    assert found["ratio"].median() == pytest.approx(1.0)
    assert found["evidence"].to_list() == autumn["evidence"].to_list()


def test_half_a_mill_under_cloud_is_compared_with_the_same_half(autumn):
    cloud = np.zeros((works.N, works.N), bool)
    cloud[:, :28] = True
    found = ratios(after(autumn, [0.5] * 4, cloud=cloud), sites(("mill", 8.0)), AS_OF).frame
    assert found.filter(pl.col("date") >= date(2020, 1, 1))["ratio"].mean() == pytest.approx(0.5, abs=0.04)


def test_noise_is_stated(autumn):
    found = ratios(after(autumn, [0.3] * 4), sites(("mill", 8.0)), AS_OF).frame
    base, now = found.filter(pl.col("date") < date(2020, 1, 1)), found.filter(pl.col("date") >= date(2020, 1, 1))
    z = (base["ratio"] - 1) / base["sd"]
    assert 0.4 < z.std() < 1.6
    assert 0.02 < now["sd"].mean() < base["sd"].mean()


def test_what_is_not_known_yet_or_not_valid_is_not_used(autumn):
    frame = after(autumn, [0.5] * 4)
    early = ratios(frame, sites(("mill", 8.0)), date(2020, 1, 12)).frame
    assert early["date"].max() == date(2020, 1, 10)
    spoilt = frame.with_columns(valid=pl.col("day") < date(2020, 1, 1))
    assert ratios(spoilt, sites(("mill", 8.0)), AS_OF).frame["date"].max() < date(2020, 1, 1)


def test_a_mill_without_a_baseline_is_left_out_and_said(autumn):
    found = ratios(autumn.head(3), sites(("mill", 8.0), ("other", 2.0)), AS_OF)
    assert found.frame.is_empty()
    assert set(found.left_out) == {"mill", "other"}
    assert "3 observations" in found.left_out["mill"]


def test_weights_are_capacities_and_the_median_where_there_is_none(autumn):
    frames = [autumn.with_columns(site_id=pl.lit(m), scene_id=pl.lit(m) + pl.col("scene_id")) for m in ("a", "b", "c")]
    found = ratios(pl.concat(frames), sites(("a", 2.0), ("b", 6.0), ("c", None)), AS_OF).frame
    assert dict(found.group_by("key").agg(pl.col("weight").first()).iter_rows()) == {"a": 2.0, "b": 6.0, "c": 4.0}


def test_maps_on_other_pixels_are_not_mixed(autumn):
    """Passes of another grid without a baseline of their own are left out, not compared pixel by pixel."""
    moved = passes([0.5], start=date(2020, 1, 5)).with_columns(map_grid=pl.lit("32649:0:0:20:-20:32x32"))
    found = ratios(pl.concat([autumn, moved]), sites(("mill", 8.0)), AS_OF).frame
    assert found["date"].max() < date(2020, 1, 1)


def test_hot_units_are_found_where_they_stand():
    mean = np.random.default_rng(0).normal(0, 0.05, (20, 30))
    mean[5, 7] += 3.0
    units = hot_units(mean.ravel(), 30).reshape(20, 30)
    assert units[4:7, 6:9].all()
    assert units.sum() == 9
    assert hot_units(np.zeros(60), 6).all(), "a mill that never stands out is measured as a whole"


def test_the_baseline_is_the_autumn_before():
    assert baseline_window(date(2020, 3, 1)) == (date(2019, 9, 1), date(2019, 12, 31))
    assert baseline_window(date(2020, 12, 31)) == (date(2019, 9, 1), date(2019, 12, 31))


def test_the_baseline_may_be_other_weeks(autumn):
    """Against the ordinary weeks on both sides of a season: three passes are enough if the caller says so."""
    spans = [(date(2020, 1, 1), date(2020, 1, 9)), (date(2020, 1, 30), date(2020, 2, 8))]
    frame = after(autumn.head(2), [0.8, 0.4, 0.4, 0.4, 0.4, 0.8, 0.8])
    few = ratios(frame, sites(("mill", 8.0)), AS_OF, spans)
    assert "3 observations between 2020-01-01 and 2020-01-09 and between" in few.left_out["mill"]
    found = ratios(frame, sites(("mill", 8.0)), AS_OF, spans, fewest=3).frame
    season = found.filter(pl.col("date").is_between(date(2020, 1, 10), date(2020, 1, 29)))
    assert season["ratio"].mean() == pytest.approx(0.5, abs=0.06)


def test_three_bands_are_enough_for_a_ratio():
    """Without the visible the background model is poorer; the fixed hot units keep the ratio within six points."""
    bands = ("B8A", "B11", "B12")
    heat = np.random.default_rng(1).normal(1.0, 0.05, 12)
    late = passes([0.29] * 6, start=date(2020, 1, 5), every=5, seed=50, bands=bands)
    frame = pl.concat([passes(heat, bands=bands), late])
    found = ratios(frame, sites(("mill", 8.0)), AS_OF).frame.filter(pl.col("date") >= date(2020, 1, 1))
    assert found["ratio"].mean() == pytest.approx(0.29, abs=0.06)

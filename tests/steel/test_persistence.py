from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import works

from solarnet_assets.steel.observe import observe
from solarnet_assets.steel.persistence import explode, persistence
from solarnet_assets.storage.schemas import SteelClusters, SteelObservations

DAY = date(2020, 2, 9)
FURNACE, FIRE = (117.0, 39.7), (117.01, 39.7)


def passes(*rows):
    """Return passes (days before DAY, places; None: not judged)."""
    made = [
        {
            "site_id": site, "scene_id": f"s{n}", "time": datetime(2020, 1, 1, tzinfo=UTC),
            "day": DAY - timedelta(days=ago),
            "hot_clusters": None if places is None else [{"number": 1, "lon": lon, "lat": lat} for lon, lat in places],
        }
        for n, (site, ago, places) in enumerate(rows)
    ]  # fmt: skip
    cluster = pl.Struct({"number": pl.Int64, "lon": pl.Float64, "lat": pl.Float64})
    return pl.DataFrame(made, schema_overrides={"hot_clusters": pl.List(cluster)})


def counts(earlier, *places, site="mill"):
    now = explode(passes((site, 0, places)), DAY)
    found = persistence(earlier, now)
    return list(zip(found["passes_before"], found["hot_before"], strict=True))


def test_a_furnace_is_hot_again_and_a_fire_is_not():
    earlier = passes(("mill", 20, [FURNACE]), ("mill", 15, [FURNACE, FIRE]), ("mill", 10, []), ("mill", 5, [FURNACE]))
    assert counts(earlier, FURNACE, FIRE) == [(4, 3), (4, 1)]


def test_passes_less_than_four_days_apart_do_not_count():
    assert counts(passes(("mill", 3, [FURNACE]), ("mill", 4, [FURNACE])), FURNACE) == [(1, 1)]


def test_a_pass_that_was_not_judged_is_no_pass():
    assert counts(passes(("mill", 10, None), ("mill", 5, [FURNACE])), FURNACE) == [(1, 1)]


@pytest.mark.parametrize(("metres", "hot"), [(50, 1), (75, 0)])
def test_the_same_place_is_within_sixty_metres(metres, hot):
    moved = (FURNACE[0], FURNACE[1] + metres / 111_320)
    assert counts(passes(("mill", 5, [moved])), FURNACE) == [(1, hot)]


def test_two_clusters_of_one_pass_at_a_place_count_once_and_other_mills_not_at_all():
    near = (FURNACE[0], FURNACE[1] + 30 / 111_320)
    assert counts(passes(("mill", 5, [FURNACE, near]), ("other", 5, [FURNACE])), FURNACE) == [(1, 1)]


def test_without_clusters_or_without_a_past_nothing_breaks():
    assert counts(passes(("mill", 5, []))) == []
    assert counts(passes(("other", 5, [FURNACE])), FURNACE) == [(0, 0)]


def test_observed_passes_become_rows_of_the_schema():
    days = [DAY - timedelta(days=n) for n in (10, 5, 0)]
    rows = []
    for n, day in enumerate(days):
        scene = works.scene(seed=n, scene_id=f"s{n}", time=works.TIME.replace(month=day.month, day=day.day))
        rows.append(observe(scene, "mill", works.WKT).row | {"evidence": None, "day": day})
    frame = pl.DataFrame(rows, schema=SteelObservations.create_empty().schema | {"day": pl.Date})
    found = persistence(frame.filter(pl.col("day") < DAY), explode(frame.filter(pl.col("day") == DAY), DAY)).drop("day")
    SteelClusters.validate(found)
    assert found.height >= 3
    assert found["passes_before"].to_list() == [2] * found.height
    assert found["hot_before"].max() == 2
    assert found["excess"].is_sorted(descending=True)

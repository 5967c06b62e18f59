"""The weeks of the year before that the ordinary Spring Festival dip is read from, as partitions."""

from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest

from solarnet_assets.defs.plan import needed_days
from solarnet_assets.defs.steel import festival_of_day, steel_festival
from solarnet_assets.defs.windows import NARROWER, festival_weeks
from solarnet_assets.nowcast import festival
from solarnet_assets.nowcast.panel import ROWS_SCHEMA
from solarnet_assets.storage.schemas import Festival


def mapping():
    (spec,) = steel_festival.specs
    (found,) = [d.partition_mapping for d in spec.deps if d.asset_key == dg.AssetKey("steel_observations")]
    return found


@pytest.mark.parametrize("year", range(2019, 2034))
def test_the_mapping_holds_every_day_that_is_read(year):
    """Festivals lie 353 to 385 days apart; the built-in window has to be wide enough for all."""
    window = mapping()
    for offset in festival.SEASON:
        day = festival.spring_festival(year) + timedelta(days=offset)
        back = [(other - day).days for other in festival_weeks(day)]
        assert back
        assert window.start_offset <= min(back) <= max(back) <= window.end_offset


def test_the_planner_asks_for_those_days_alone():
    daily = dg.DailyPartitionsDefinition("2018-09-01")
    seen = dg.AssetSpec("steel_observations", group_name="steel", partitions_def=daily)
    (spec,) = steel_festival.specs
    season = dg.AssetSpec("steel_festival", deps=[d for d in spec.deps if d.partition_mapping], partitions_def=daily)
    specs = {"steel_observations": seen, "steel_festival": season}
    needed = needed_days(specs, date(2020, 1, 1), date(2020, 3, 15), NARROWER)["steel_observations"]
    before = {day for day in needed if day < date(2020, 1, 1)}
    assert (min(before), max(before), len(before)) == (date(2018, 12, 17), date(2019, 3, 19), 93)
    calm = needed_days(specs, date(2020, 3, 9), date(2020, 3, 10), NARROWER)["steel_observations"]
    assert calm == {date(2020, 3, 9), date(2020, 3, 10)}


def test_a_day_asks_for_the_season_of_the_year_before(monkeypatch):
    asked = []

    def season(year):
        asked.append(year)
        row = {"date": date(2019, 2, 5), "level": "country", "key": "CN", "value": 82.0, "lower": 78.0, "upper": 86.0}
        return pl.DataFrame([row | {"n_obs": 30}]).cast({"date": pl.Date})

    class Project:
        class config:  # noqa: N801 - stands for the attribute
            country = "CN"

    found = festival_of_day(Project, date(2020, 1, 25), season)
    assert asked == [2019]
    Festival.validate(found.content)
    assert found.content.select("partner", "ordinary").row(0) == (date(2019, 2, 5), 82.0)
    assert found.metadata == {"ordinary_percent": 82.0}
    assert festival_of_day(Project, date(2020, 3, 10), season).content["ordinary"].to_list() == [100.0]
    assert asked == [2019], "outside the season nothing is looked up"
    assert festival_of_day(Project, date(2020, 1, 25), lambda _: ROWS_SCHEMA.to_frame()).content.is_empty()

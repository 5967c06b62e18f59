"""Forecasts as Dagster assets: what was known on a day, and scores of what has come since."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from solarnet_assets.config import Config
from solarnet_assets.defs.nowcast import forecast_scores, forecasts, known_on
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import rewrite

FIRST = date(2020, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(50)]
MODELS = ["intermediate.int_recovery_known", "marts.recovery_vintages"]
FRESH = 10.0
"""Points by which a day is estimated too high on the day itself."""


class Project(dg.ConfigurableResource):
    """Stands in for the configured project."""

    home: str

    @property
    def lake(self):
        return Lake(f"{self.home}/lake", f"{self.home}/quarantine")

    @property
    def warehouse(self):
        return Path(self.home) / "warehouse.duckdb"

    @property
    def config(self):
        return Config()


def level(day):
    return 40.0 + (day - FIRST).days


def write_vintage(lake, as_of, fresh=FRESH):
    dates = [as_of - timedelta(days=n) for n in range(22)]
    value = np.array([level(day) for day in dates]) + np.where(np.arange(22) == 0, fresh, 0.0)
    frame = pl.DataFrame({"date": dates, "value": value}).with_columns(
        level=pl.lit("country"),
        key=pl.lit("CN"),
        lower=pl.col("value") - 3,
        upper=pl.col("value") + 3,
        sampling_lower=pl.lit(None, pl.Float64),
        sampling_upper=pl.lit(None, pl.Float64),
        n_obs=pl.lit(5),
        evidence=pl.lit(None, pl.String),
    )
    lake.write("steel_activity", as_of, frame)


@pytest.fixture
def project(tmp_path):
    made = Project(home=str(tmp_path))
    for day in DAYS:
        write_vintage(made.lake, day)
    refresh(made.lake, made.warehouse, models=MODELS)
    return made


def values(frame):
    return dict(frame.select("day", "value").rows())


def test_a_day_is_seen_as_it_was_known_then(project):
    known = known_on(project, DAYS[0], DAYS[-1])
    then, later = values(known(DAYS[30])), values(known(DAYS[31]))
    assert max(then) == DAYS[30]
    assert then[DAYS[30]] == level(DAYS[30]) + FRESH
    assert later[DAYS[30]] == level(DAYS[30])
    assert then[DAYS[3]] == level(DAYS[3]), "what is older than a vintage has settled"
    assert len(then) == known(DAYS[30]).height, "one figure a day"


def test_late_data_change_later_vintages_only(project):
    before = [known_on(project, DAYS[0], DAYS[-1])(day) for day in (DAYS[30], DAYS[40])]
    write_vintage(project.lake, DAYS[40], fresh=-20.0)
    refresh(project.lake, project.warehouse, models=MODELS)
    known = known_on(project, DAYS[0], DAYS[-1])
    assert known(DAYS[30]).equals(before[0])
    assert not known(DAYS[40]).equals(before[1])


def test_commuting_is_known_two_days_later(tmp_path):
    """Its figures lean on two days after a day."""
    made = Project(home=str(tmp_path))
    city = {"city": "x", "name": "X", "region": "R", "lon": 1.0, "lat": 1.0, "radius_km": 9.0, "timezone": "UTC"}
    made.lake.write("cities", None, pl.DataFrame([city | {"workforce": 1.0}]))
    figures = pl.DataFrame({"day": DAYS}).with_columns(
        level=pl.lit("city"), region=pl.lit("x"), value=pl.lit(80.0), lower=pl.lit(75.0), upper=pl.lit(85.0)
    )
    figures = figures.with_columns(known_from=pl.col("day") + timedelta(days=2), known_until=pl.date(9999, 12, 31))
    refresh(made.lake, made.warehouse, models=MODELS)
    sql = (Path(__file__).parents[2] / "dbt_like_sql" / "intermediate" / "int_area_vintages.sql").read_text()
    with rewrite(made.warehouse) as con:
        con.register("figures", figures)
        con.execute("create or replace table intermediate.int_area_commuting as select *, 1 as n_obs from figures")
        con.execute("attach ':memory:' as lake")
        for asset in ("steel_activity", "parking_activity"):
            con.register("empty", made.lake.scan(asset, FIRST, FIRST).collect())
            con.execute(f"create table lake.main.{asset} as select * from empty")  # noqa: S608
            con.unregister("empty")
        rows = con.sql(f"select as_of, day from ({sql})").pl()  # noqa: S608
    newest = dict(rows.group_by("as_of").agg(pl.col("day").max()).rows())
    assert newest[DAYS[20]] == DAYS[18]
    assert max(newest) == DAYS[-1]


def test_forecasts_are_made_and_scored_by_what_came(project):
    start, end = DAYS[25], DAYS[45]
    tags = {"dagster/asset_partition_range_start": str(start), "dagster/asset_partition_range_end": str(end)}
    definitions = dg.Definitions([forecasts, forecast_scores], resources={"project": project})
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_implicit_global_asset_job_def()
        done = job.execute_in_process(instance=instance, tags=tags)
    assert done.success
    paths = project.lake.read("forecast_paths", start)
    assert paths["date"].min() == start + timedelta(days=1)
    scored = project.lake.read("forecast_scores", end)
    assert scored["date"].unique().to_list() == [end - timedelta(days=2)]
    assert sorted(scored["horizon"].unique()) == [7, 14]
    assert scored["value"].unique().to_list() == [level(end - timedelta(days=2))]
    assert {"stack", "straight_line", "no_change"} <= set(scored["method"])
    assert project.lake.read("forecast_scores", start).is_empty()

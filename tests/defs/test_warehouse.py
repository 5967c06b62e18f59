"""The SQL folder as Dagster assets, on a tiny lake."""

import base64
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from solarnet_assets.config import Config
from solarnet_assets.defs import warehouse as defs
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS

DAYS = [date(2020, 2, 9), date(2020, 2, 10)]
RANGE = {"dagster/asset_partition_range_start": str(DAYS[0]), "dagster/asset_partition_range_end": str(DAYS[1])}
MART = dg.AssetKey(["marts", "recovery_daily"])
COMPARISON = dg.AssetKey(["marts", "published_comparison"])


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


def write_steel(project, day, value, lower):
    row = {"date": day, "level": "country", "key": "CN", "value": value, "lower": lower, "upper": value + 9}
    more = {"sampling_lower": None, "sampling_upper": None, "n_obs": 3, "evidence": None}
    project.lake.write("steel_activity", day, pl.DataFrame([row | more]))


@pytest.fixture
def project(tmp_path):
    made = Project(home=str(tmp_path))
    write_steel(made, DAYS[0], 76.0, 70.0)
    write_steel(made, DAYS[1], 78.0, 70.0)
    return made


def run(project, *more, tags=RANGE, selection=None):
    definitions = dg.Definitions([defs.warehouse, *more], resources={"project": project})
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False, asset_selection=selection)


def materialized(done, key):
    return {
        e.partition: e.materialization.metadata for e in done.get_asset_materialization_events() if e.asset_key == key
    }


def failed(done):
    return {(e.asset_key, e.check_name, e.partition) for e in done.get_asset_check_evaluations() if not e.passed}


def test_a_range_is_one_step_with_figures_pictures_and_checks_for_each_day(project):
    done = run(project)
    assert done.success
    found = materialized(done, MART)
    assert [found[str(day)]["steel"].value for day in DAYS] == [76.0, 78.0]
    assert found["2020-02-09"]["dagster/partition_row_count"].value == 1
    assert found["2020-02-10"]["dagster/row_count"].value == 2
    picture = found["2020-02-10"]["plot"].value.split("base64,")[1].rstrip(")")
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert set(materialized(done, COMPARISON)) == {None}
    checks = {(e.asset_key, e.check_name, e.partition) for e in done.get_asset_check_evaluations()}
    assert {(MART, "recovery_interval", str(day)) for day in DAYS} | {(MART, "unique_rows", None)} <= checks
    assert failed(done) == set()


def test_a_failing_check_names_its_day(project):
    write_steel(project, DAYS[0], 50.0, 60.0)
    done = run(project)
    assert done.success
    assert failed(done) == {(MART, "recovery_interval", str(DAYS[0]))}


def test_a_blocking_failure_fails_the_step_and_keeps_the_file(project):
    project.warehouse.write_bytes(b"what was served")
    row = dict.fromkeys(("users", "users_with"), 5) | dict.fromkeys(SCHEMAS["sector_shares"].column_names()[5:], 0.1)
    twice = pl.DataFrame([{"sector": "gaming", "lang": "en", "network": "weibo", **row}] * 2)
    project.lake.write("sector_shares", DAYS[0], twice)
    done = run(project)
    assert not done.success
    assert project.warehouse.read_bytes() == b"what was served"
    assert (dg.AssetKey(["staging", "stg_sector_shares"]), "unique_rows", None) in failed(done)


def test_a_table_without_days_runs_alone(project):
    done = run(project, tags={}, selection=[COMPARISON])
    assert done.success
    assert {e.asset_key for e in done.get_asset_materialization_events()} == {COMPARISON}


def test_forecasts_between_marts_split_the_step(project):
    """The forecast reads a mart and another mart reads the forecast: Dagster runs the folder in two steps."""

    @dg.multi_asset(
        specs=[dg.AssetSpec(name, deps=[MART], partitions_def=DAILY) for name in ("forecast_paths", "forecast_dates")]
    )
    def forecast():
        yield dg.MaterializeResult(asset_key="forecast_paths")
        yield dg.MaterializeResult(asset_key="forecast_dates")

    done = run(project, forecast)
    assert [e.step_key for e in done.all_events if e.is_step_success] == ["warehouse", "forecast", "warehouse_2"]


def test_assets_know_their_inputs_columns_and_lineage():
    specs = {spec.key: spec for spec in defs.warehouse.specs}
    staging = specs[dg.AssetKey(["staging", "stg_steel_activity"])]
    assert [d.asset_key for d in staging.deps] == [dg.AssetKey("steel_activity")]
    column = next(c for c in specs[MART].metadata["dagster/column_schema"].columns if c.name == "value")
    assert column.type == "DOUBLE"
    assert column.description.startswith("percent of normal (from intermediate.int_area_signals.value")
    lineage = specs[MART].metadata["dagster/column_lineage"].deps_by_column["value"]
    assert dg.TableColumnDep(dg.AssetKey(["intermediate", "int_composite"]), "value") in lineage
    assert "select" in specs[MART].description


def test_tables_with_days_are_partitioned_and_all_lake_inputs_exist():
    specs = {spec.key: spec for spec in defs.warehouse.specs}
    for model in defs.SQL.models:
        assert (specs[defs.asset_key(model.table)].partitions_def == DAILY) == (model.partition is not None)
    inputs = {d.asset_key for s in specs.values() for d in s.deps} - set(specs) - {s.key for s in defs.seeds}
    assert {key.to_user_string() for key in inputs} <= set(SCHEMAS)

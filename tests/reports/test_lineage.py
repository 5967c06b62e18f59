from datetime import date

import duckdb
import pytest

from solarnet_assets.reports import lakeside, lineage
from solarnet_assets.storage.lake import Lake


@pytest.fixture(scope="module")
def graph():
    return lineage.graph()


@pytest.mark.parametrize("key", lineage.chains())
def test_lake_assets_of_a_figure_are_those_that_dagster_makes_it_of(key):
    from solarnet_assets.definitions import defs

    assets = defs().resolve_asset_graph()
    chain = lineage.chains()[key]
    start = [k for k in assets.get_all_asset_keys() if list(k.path) == chain["figure"].split(".")]
    assert len(start) == 1
    found, waiting = set(), list(start)
    while waiting:
        asset = waiting.pop()
        parents = assets.get(asset).parent_keys
        waiting += [parent for parent in parents if parent not in found]
        found |= parents
    assert set(chain["lake"]) <= {asset.path[-1] for asset in found}


@pytest.mark.parametrize("key", lineage.chains())
def test_sql_of_a_figure_begins_at_its_table_and_ends_at_the_lake(key, graph):
    chain = lineage.chains()[key]
    models = lineage._models(graph, chain)
    assert chain["figure"] in {model["table"] for model in models}
    assert any("lake." in model["reads"] for model in models)
    assert all("select" in model["sql"] for model in models)


def test_a_figure_is_found_again_by_its_query(tmp_path, frames, write_warehouse, graph):
    write_warehouse(tmp_path / "w.duckdb", frames)
    chain = lineage.chains()["steel"]
    query = lineage._query(chain, "CN", graph.project, date(2020, 3, 10))
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as con:
        rows = con.sql(query).pl()
    assert rows.height == 1
    assert rows["day"][0] == date(2020, 3, 10)


def test_value_is_followed_to_the_column_that_it_is_made_of(graph):
    models = lineage._models(graph, lineage.chains()["steel"])
    staging = next(model for model in models if model["table"] == "intermediate.int_activity")
    assert staging["value"] == "value"
    assert "staging.stg_steel_activity.value" in staging["sources"]


def test_partitions_are_counted_and_named_by_their_digest(tmp_path, frames, fill_home):
    home = fill_home(tmp_path, frames)
    lake = Lake(home / "lake", home / "quarantine")
    held = lakeside.holding(lake, "steel_scenes", date(2020, 3, 10))
    assert (held.n_in, held.n_out, held.n_quarantined) == (2, 1, 1)
    assert held.path == "lake/steel_scenes/day=2020-03-01/data.parquet"
    assert (held.days, held.first, held.last) == (2, date(2020, 3, 1), date(2020, 3, 12))
    assert len(held.sha256) == 64
    assert lakeside.holding(lake, "steel_scenes", date(2019, 1, 1)) is None
    assert lakeside.holding(lake, "pings", date(2020, 3, 10)) is None


def test_a_picture_leads_to_its_raw_file(tmp_path, frames, fill_home):
    home = fill_home(tmp_path, frames)
    lake = Lake(home / "lake", home / "quarantine")
    paths = ["steel/2020-03-12/site0.png", "steel/2020-03-12/other.png", "steel/no-day/site0.png", "x.png"]
    rows = lakeside.raw_files(lake, "steel", paths)
    assert rows["evidence"].to_list() == ["steel/2020-03-12/site0.png"]
    assert rows["sha256"][0] == "ab" * 32

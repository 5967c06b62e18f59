import json

import dagster as dg
import pytest

from solarnet_assets.defs import models
from solarnet_assets.defs.build import build_definitions
from solarnet_assets.defs.launch import plan_days
from solarnet_assets.defs.resources import Project
from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.schemas import SolarPolygons

TYPES = SolarPolygons.create_empty().schema
TINY = {
    "kind": "s2",
    "network": "solarnet",
    "steps": 4,
    "batch": 2,
    "ring": 32,
    "workers": 0,
    "held_out": 2,
    "every": 2,
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLARNET_HOME", str(tmp_path))
    return tmp_path


def _run(**settings):
    config = dg.RunConfig(ops={"solar_network": models.Training(**(TINY | settings))})
    return dg.materialize([models.solar_network], run_config=config, resources={"project": Project()})


def test_training_writes_weights_and_card_and_shows_figures_and_curve(home):
    done = _run()
    folder = home / "models" / "solarnet_s2_seed1_steps4"
    assert sorted(f.name for f in folder.iterdir()) == ["solarnet.json", "solarnet.safetensors"]
    card = json.loads((folder / "solarnet.json").read_text())
    assert card["training"]["steps"] == 4
    assert {"seed", "commit", "command", "recipe", "threshold", "test"} <= set(card)
    (event,) = done.asset_materializations_for_node("solar_network")
    assert event.metadata["weights_sha256"].value == card["weights_sha256"]
    assert "data:image/png;base64," in event.metadata["loss_curve"].value
    assert event.metadata["iou"].value == card["test"]["iou"]


def test_newest_register_is_published_as_geoparquet(home):
    from datetime import UTC, date, datetime

    import polars as pl
    import pyarrow.parquet as pq
    from shapely import box

    from solarnet_assets.defs.solar import register_day, solar_farms_geoparquet

    project = Project()
    with pytest.raises(BadInputError, match="no day of solar_farms has been made yet"):
        dg.materialize([solar_farms_geoparquet], resources={"project": project})
    days = [date(2019, 9, 5), date(2019, 10, 5)]
    for day in days:
        row = {
            "site_id": "a", "scene_id": f"a{day}", "time": datetime(day.year, day.month, day.day, 3, tzinfo=UTC),
            "polygon": 0, "geometry": box(105.0, 37.0, 105.01, 37.01).wkt, "area_m2": 987_000.0, "score": 0.9,
            "hidden": None, "evidence": None,
        }  # fmt: skip
        project.lake.write("solar_polygons", day, pl.DataFrame([row], schema_overrides=TYPES))
        project.lake.write("solar_farms", day, register_day(project, day).content)
    done = dg.materialize([solar_farms_geoparquet], resources={"project": project})
    (event,) = done.asset_materializations_for_node("solar_farms_geoparquet")
    assert event.metadata["farms"].value == 1
    assert event.metadata["as_of"].value == "2019-10-05"
    table = pq.read_table(home / "published" / "solar_farm_outlines.parquet")
    assert table["first_seen"].to_pylist() == [days[0]]
    assert table["growth_pct"].to_pylist() == [pytest.approx(0)]


def test_the_manifest_comes_after_every_file_that_it_names():
    needed = build_definitions().resolve_asset_graph().get(dg.AssetKey("published_marts")).parent_keys
    assert dg.AssetKey("solar_farms_geoparquet") in needed


def test_no_day_and_no_refresh_trains(home):
    from datetime import date

    planned = {name for task in plan_days(date(2020, 1, 1), date(2020, 1, 2)) for name in task.assets}
    assert "solar_network" not in planned
    assert "solar_farms_geoparquet" in planned
    job = build_definitions().resolve_job_def("daily_refresh")
    assert dg.AssetKey("solar_network") not in job.asset_layer.executable_asset_keys

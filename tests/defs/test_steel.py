"""The steel assets on a small folder of scenes, through Dagster: observed, and clusters that come back."""

import sys
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from solarnet_assets.defs import raw, steel
from solarnet_assets.defs.resources import Project
from solarnet_assets.imagery.raster import encode_geotiff

sys.path.append(str(Path(__file__).parents[1] / "steel"))
import works

START = date(2020, 2, 4)
PASSES = (0, 5, 10)
LAST = START + timedelta(days=PASSES[-1])


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    for n in PASSES:
        day = START + timedelta(days=n)
        scene = works.scene(seed=n)
        numbers = np.stack([np.round(scene.reflectance[b] * 10000) for b in works.BANDS]).clip(1).astype(np.uint16)
        folder = tmp_path / "scenes" / day.isoformat()
        folder.mkdir(parents=True)
        (folder / f"mill_{day}.tif").write_bytes(encode_geotiff(numbers, works.GRID, works.BANDS, 0))
    header = "site_id,signal,name,group,region,city,lon,lat,capacity,geometry"
    (tmp_path / "sites.csv").write_text(f'{header}\nmill,steel,Mill,mill,A,,117.0,39.7,8,"{works.WKT}"\n')
    (tmp_path / "config.yaml").write_text(
        "home: home\nsites: sites.csv\nsources:\n  steel_scenes: {type: files, path: scenes}\n"
    )
    return Project(config_file=str(tmp_path / "config.yaml"))


def test_scenes_become_clusters_that_know_their_past(project):
    assets = [raw.sites, raw.steel_scenes, steel.steel_observations, steel.steel_clusters]
    span = {"dagster/asset_partition_range_start": str(START), "dagster/asset_partition_range_end": str(LAST)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, resources={"project": project}, instance=instance, tags=span)
        assert result.success
        shown = {m.partition: m.metadata for m in result.asset_materializations_for_node("steel_clusters")}
        observed = {m.partition: m.metadata for m in result.asset_materializations_for_node("steel_observations")}
    assert observed[str(LAST)]["valid"].value == 1
    assert observed[str(LAST)]["clusters"].value == shown[str(LAST)]["clusters"].value >= 2
    frame = project.lake.read("steel_clusters", LAST)
    assert frame["passes_before"].unique().to_list() == [2]
    assert frame["hot_before"][0] == 2, "the strongest unit was hot on both earlier passes"
    assert shown[str(LAST)]["persistent"].value >= 1
    assert project.lake.read("steel_clusters", START)["passes_before"].unique().to_list() == [0]
    assert project.lake.read("steel_clusters", START + timedelta(days=1)).is_empty()

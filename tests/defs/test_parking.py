"""The car park assets on a small folder of images, through Dagster: counted at 0.3 m, an index at 3 m."""

from datetime import date, timedelta

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from solarnet_assets.defs import parking, raw
from solarnet_assets.defs.resources import Project
from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.parking.render import render

START = date(2020, 2, 4)
SIDE = 96 * 3


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    chip = next(c for c in (render(np.random.default_rng([3, n])) for n in range(60)) if 10 <= len(c.centres) <= 60)
    wide = np.asarray(Image.fromarray(chip.image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    coarse = np.random.default_rng(0).integers(60, 160, (60, 60, 3), dtype=np.uint8)
    for n, (pixels, gsd) in enumerate(((wide, 0.2), (coarse, 3.0))):
        folder = tmp_path / "images" / (START + timedelta(days=n)).isoformat()
        folder.mkdir(parents=True)
        half = pixels.shape[0] * gsd / 2
        grid = Grid(32650, (gsd, 0.0, 500_000 - half, 0.0, -gsd, 4_000_000 + half), *pixels.shape[:2])
        (folder / f"lot_{n}.tif").write_bytes(encode_geotiff(pixels.transpose(2, 0, 1), grid, [""] * 3, None))
    to_degrees = transformer(32650, 4326).transform
    corners = [
        to_degrees(500_000 + x, 4_000_000 + y) for x, y in ((-25, -25), (25, -25), (25, 25), (-25, 25), (-25, -25))
    ]
    ring = ", ".join(f"{lon} {lat}" for lon, lat in corners)
    header = "site_id,signal,name,group,region,city,lon,lat,capacity,geometry"
    (tmp_path / "sites.csv").write_text(f'{header}\nlot,parking,Lot,factory,A,,117.0,36.1,80,"POLYGON(({ring}))"\n')
    (tmp_path / "config.yaml").write_text(
        "home: home\nsites: sites.csv\nsources:\n  lot_images: {type: files, path: images}\n"
    )
    return Project(config_file=str(tmp_path / "config.yaml"))


def test_fine_images_are_counted_and_coarse_ones_become_an_index(project):
    assets = [raw.sites, raw.lot_images, parking.lot_counts, parking.lot_index]
    last = START + timedelta(days=1)
    span = {"dagster/asset_partition_range_start": str(START), "dagster/asset_partition_range_end": str(last)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, resources={"project": project}, instance=instance, tags=span)
        assert result.success
        shown = {m.partition: m.metadata for m in result.asset_materializations_for_node("lot_counts")}
    (fine,) = project.lake.read("lot_counts", START).to_dicts()
    (coarse,) = project.lake.read("lot_counts", last).to_dicts()
    assert fine["valid"]
    assert fine["lower"] <= fine["vehicles"] <= fine["upper"]
    assert fine["stalls"] == 80
    assert fine["occupancy"] == pytest.approx((fine["vehicles"] + fine["covered"]) / 80)
    assert shown[str(START)]["occupancy"].value == pytest.approx(fine["occupancy"])
    assert {point["lon"] is not None for point in fine["candidates"]} == {True}
    picture = project.config.home / "evidence" / fine["evidence"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 100_000
    assert (coarse["valid"], coarse["vehicles"]) == (False, None)
    assert "too coarse" in coarse["reason"]
    assert project.lake.read("lot_index", START).is_empty()
    (index,) = project.lake.read("lot_index", last).to_dicts()
    assert index["valid"]
    assert index["roughness"] > 0

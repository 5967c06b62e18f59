from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.activity import ratios
from solarnet_assets.parking.images import LotImage
from solarnet_assets.parking.index import index_images, roughness
from solarnet_assets.parking.passes import count_images
from solarnet_assets.storage.schemas import LotCounts, LotIndex

TIME = datetime(2020, 1, 5, 3, tzinfo=UTC)


def _lot(share, seed=0, gain=1.0, haze=0.0):
    """A lot of 30 x 30 pixels of 3 m on textured ground; a share of its stalls is taken by bright and dark vehicles."""
    rng = np.random.default_rng(seed)
    bright = 80 + 25 * np.random.default_rng(99).normal(size=(50, 50))
    inside = np.zeros((50, 50), bool)
    inside[10:40, 10:40] = True
    surface = 90 + 4 * rng.normal(size=(50, 50))
    taken = rng.random((50, 50)) < share
    surface[taken] += rng.choice([-45, 60], (50, 50))[taken] * 0.6
    bright[inside] = surface[inside]
    pixels = np.repeat(np.clip(bright * gain + haze, 1, 255)[..., None], 3, 2).astype(np.uint8)
    return LotImage(pixels, inside, 1.0, [], 3.0)


def test_roughness_follows_the_vehicles_and_not_the_exposure():
    values = [roughness(_lot(share))[0] for share in (0.0, 0.1, 0.3, 0.5)]
    assert values == sorted(values)
    assert values[3] > 3 * values[0]
    plain, hazy = roughness(_lot(0.3)), roughness(_lot(0.3, gain=0.7, haze=40))
    assert hazy[0] == pytest.approx(plain[0], rel=0.05)
    assert plain[2] == 900
    spread = np.std([roughness(_lot(0.3, seed))[0] for seed in range(30)])
    assert plain[1] == pytest.approx(spread, rel=0.8)


def test_a_lot_without_surroundings_or_outside_the_image_has_no_index():
    lot = _lot(0.3)
    with pytest.raises(BadInputError, match="around it"):
        roughness(LotImage(lot.pixels, np.ones((50, 50), bool), 1.0, [], 3.0))
    with pytest.raises(BadInputError, match="lies inside the image"):
        roughness(LotImage(lot.pixels, lot.lot, 0.5, [], 3.0))
    with pytest.raises(BadInputError, match="no contrast"):
        roughness(LotImage(np.full_like(lot.pixels, 7), lot.lot, 1.0, [], 3.0))


@pytest.fixture
def landed(tmp_path):
    """Images of one lot at 3, 20 and 0.3 m, and the lot's polygon."""
    grid = Grid(32650, (3.0, 0.0, 500_000.0, 0.0, -3.0, 4_000_000.0), 50, 50)
    (tmp_path / "a.tif").write_bytes(encode_geotiff(_lot(0.3).pixels.transpose(2, 0, 1), grid, [""] * 3, None))
    west, south = transformer(32650, 4326).transform(500_030, 4_000_000 - 120)
    east, north = transformer(32650, 4326).transform(500_120, 4_000_000 - 30)
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    base = {"path": "a.tif", "site_id": "lot", "time": TIME, "cloud_cover": None}
    rows = [base | {"image_id": f"at {gsd}", "gsd": gsd} for gsd in (3.0, 20.0, 0.3)]
    rows.append(base | {"image_id": "cloudy", "gsd": 3.0, "cloud_cover": 0.5})
    return pl.DataFrame(rows, schema_overrides={"cloud_cover": pl.Float64}), {"lot": f"POLYGON(({ring}))"}, tmp_path


def test_coarse_images_become_an_index_and_never_vehicles(landed):
    images, lots, folder = landed
    index = LotIndex.validate(index_images(images, lots, lambda name: folder / name))
    by_id = {row["image_id"]: row for row in index.iter_rows(named=True)}
    assert list(by_id) == ["at 3.0", "at 20.0", "cloudy"]
    assert by_id["at 3.0"]["roughness"] == pytest.approx(roughness(_lot(0.3))[0], rel=0.1)
    assert "show nothing of a car park" in by_id["at 20.0"]["reason"]
    assert "cloud" in by_id["cloudy"]["reason"]
    counts, pictures = count_images(
        images.filter(pl.col("gsd") > 1), lots, lambda name: folder / name, {"lot": 9.0}, "cpu"
    )
    assert not counts["valid"].any()
    assert counts.select("vehicles", "lower", "upper", "occupancy", "detections").null_count().sum_horizontal()[0] == 15
    assert pictures == {}


def test_the_index_enters_no_percent_of_normal(landed):
    """A lot that is only ever seen at 3 m has an index series, and no ratio to a baseline."""
    images, lots, folder = landed
    counts, _ = count_images(images.filter(pl.col("gsd") > 1), lots, lambda name: folder / name, None, "cpu")
    days = [date(2019, 9, 2) + timedelta(days=n) for n in range(100)]
    known = pl.concat([counts.with_columns(day=pl.lit(day)) for day in days])
    site = {"site_id": "lot", "signal": "parking", "name": "Lot", "group": "factory", "region": "Hebei", "city": None}
    sites = pl.DataFrame([site | {"lon": 118.0, "lat": 39.0, "capacity": 100.0, "geometry": lots["lot"]}])
    calendar = pl.DataFrame({"date": days, "is_workday": [True] * len(days)})
    assert ratios(known, sites, calendar, date(2020, 2, 1)).frame.is_empty()
    assert not set(LotIndex.column_names()) & {"vehicles", "sd", "lower", "upper", "occupancy", "detections"}
    assert "roughness" not in LotCounts.column_names()

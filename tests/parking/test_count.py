from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.count import LotImage, count, count_images
from solarnet_assets.parking.detect import Detections, check_gsd, detect
from solarnet_assets.parking.render import render
from solarnet_assets.storage.schemas import LotCounts

FIGURES = {"recall": 0.9, "false_per_hectare": 2.0, "false_share": 0.05, "relative_sd": 0.05}
TIME = datetime(2020, 1, 5, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _found(points, shape=(100, 100), cloud=None):
    clear = np.zeros(shape, bool)
    return Detections(
        np.array(points, float).reshape(-1, 2), np.ones(len(points)), clear, clear if cloud is None else cloud, ~clear
    )


def _lot(seen=1.0):
    lot = np.zeros((100, 100), bool)
    lot[:, :50] = True
    return LotImage(np.zeros((100, 100, 3), np.uint8), lot, seen, [], 0.3)


def test_only_the_lot_counts_and_known_errors_are_corrected():
    counted = count(_lot(), _found([(10, 10), (20, 90), (49.9, 5), (50.1, 5), (80, 80)]), FIGURES)
    assert counted.detections == 3
    assert counted.vehicles == pytest.approx((3 - 2.0 * 50 * 100 * 0.09 / 1e4) * 0.95 / 0.9)
    assert counted.visible_share == 1.0


def test_what_cloud_hides_is_made_up_for_and_widens_the_error():
    cloud = np.zeros((100, 100), bool)
    cloud[:20] = True
    points = [(5 + 2 * n, 60) for n in range(20)]
    clear, cloudy = count(_lot(), _found(points), FIGURES), count(_lot(), _found(points, cloud=cloud), FIGURES)
    assert cloudy.open_share == pytest.approx(0.8)
    assert cloudy.vehicles == pytest.approx(clear.vehicles / 0.8, rel=0.01)
    assert cloudy.sd > 1.5 * clear.sd


def test_an_empty_lot_has_an_error_too():
    assert count(_lot(), _found([]), FIGURES).sd > 0


@pytest.mark.parametrize(("gsd", "words"), [(1.5, "too coarse to count"), (0.01, "finer than")])
def test_pixel_sizes_that_cannot_work_are_refused(gsd, words):
    with pytest.raises(BadInputError, match=words):
        check_gsd(gsd)


def _sparse_chip():
    chips = (render(np.random.default_rng([11, n])) for n in range(60))
    return next(c for c in chips if 8 <= len(c.centres) <= 40 and not c.cover.any() and abs(c.gsd - 0.3) < 0.01)


def test_detections_lie_on_vehicles_at_any_pixel_size():
    chip = _sparse_chip()
    double = np.asarray(Image.fromarray(chip.image).resize((384, 384), Image.Resampling.BICUBIC))
    at_30, at_15 = detect([(chip.image, 0.3), (double, 0.15)])
    near = np.linalg.norm(at_30.points[:, None] - chip.centres[None], axis=2).min(1)
    assert (near < 5).mean() > 0.8
    assert len(at_30.points) == pytest.approx(len(chip.centres), rel=0.3)
    assert len(at_15.points) == pytest.approx(len(at_30.points), rel=0.25)
    both = np.linalg.norm(at_15.points[:, None] / 2 - at_30.points[None], axis=2).min(1)
    assert np.median(both) < 1.5


def test_images_go_through_files_and_refusals_say_why(tmp_path):
    chip = _sparse_chip()
    grid = Grid(32650, (0.3, 0.0, 500_000.0, 0.0, -0.3, 4_000_000.0), 192, 192)
    (tmp_path / "a.tif").write_bytes(encode_geotiff(chip.image.transpose(2, 0, 1), grid, ["r", "g", "b"], None))
    Image.fromarray(chip.image).save(tmp_path / "b.png")
    (tmp_path / "c.tif").write_bytes(b"nonsense")
    west, south = transformer(32650, 4326).transform(500_000, 4_000_000 - 57.6)
    east, north = transformer(32650, 4326).transform(500_057.6, 4_000_000)
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    base = {"time": TIME, "off_nadir": None, "sun_elevation": None, "cloud_cover": None, "gsd": 0.3, "site_id": "lot"}
    images = pl.DataFrame(
        [
            base | {"image_id": "a", "path": "a.tif"},
            base | {"image_id": "coarse", "path": "a.tif", "gsd": 3.0},
            base | {"image_id": "b", "path": "b.png"},
            base | {"image_id": "bad", "path": "c.tif"},
            base | {"image_id": "cloudy", "path": "a.tif", "cloud_cover": 0.9},
        ],
        schema_overrides={"cloud_cover": pl.Float64},
    )
    frame, pictures = count_images(images, {"lot": f"POLYGON(({ring}))"}, lambda name: tmp_path / name, "cpu")
    LotCounts.validate(frame)
    by_id = {row["image_id"]: row for row in frame.iter_rows(named=True)}
    assert list(by_id) == ["a", "coarse", "b", "bad", "cloudy"]
    assert by_id["a"]["vehicles"] == pytest.approx(len(chip.centres), rel=0.3)
    assert by_id["a"]["detections"] == pytest.approx(by_id["b"]["detections"], abs=2)
    assert "too coarse" in by_id["coarse"]["reason"]
    assert "c.tif" in by_id["bad"]["reason"]
    assert "cloud" in by_id["cloudy"]["reason"]
    assert not frame.filter(pl.col("image_id").is_in(["coarse", "bad", "cloudy"]))["valid"].any()
    assert set(pictures) == {"a", "b", "cloudy"}

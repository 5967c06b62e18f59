from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from solarnet_assets.imagery.geometry import transformer
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.count import count, each, inside_share, occupancy
from solarnet_assets.parking.detect import Detections, _together, detect
from solarnet_assets.parking.estimate import Calibration
from solarnet_assets.parking.evidence import BYTES, picture
from solarnet_assets.parking.images import LotImage
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.passes import count_images
from solarnet_assets.parking.render import render
from solarnet_assets.parking.samples import check_extent, check_gsd
from solarnet_assets.storage.schemas import LotCounts

KNOWN = Calibration(
    floor=0.1, offset=0.5, slope=2.5, gsd=0.0, slope_gsd=0.0, spread=0.5, missed=-6.0, missed_gsd=0.0,
    missed_shared=0.5, empty=-3.0, place=0.2,
)  # fmt: skip
TIME = datetime(2020, 1, 5, 3, tzinfo=UTC)
UTM = Grid(32650, (0.3, 0.0, 500_000.0, 0.0, -0.3, 4_000_000.0), 192, 192)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _found(points, shape=(100, 100), cloud=None, canopy=None, score=0.95):
    clear = np.zeros(shape, bool)
    return Detections(
        np.array(points, float).reshape(-1, 2),
        np.full(len(points), score, np.float32),
        clear if canopy is None else canopy,
        clear if cloud is None else cloud,
        ~clear,
    )


def _lot(seen=1.0):
    lot = np.zeros((100, 100), bool)
    lot[:, :50] = True
    return LotImage(np.zeros((100, 100, 3), np.uint8), lot, seen, [], 0.3)


MANY = [(3 + 2 * n, 60) for n in range(20)]


def test_a_vehicle_belongs_to_the_lot_that_holds_its_centre_and_the_edge_makes_an_error():
    counted = count(_lot(), _found([(10, 10), (20, 90), (80, 80)]), KNOWN)
    assert counted.estimate.whole == counted.detections == 2
    assert counted.estimate.mean == pytest.approx(2, abs=0.05)
    on_edge = count(_lot(), _found([(10, 10), (20, 90), (50, 80)]), KNOWN)
    assert on_edge.inside[2] == pytest.approx(0.5)
    assert on_edge.estimate.sd > counted.estimate.sd + 0.1
    beyond = inside_share(np.ones((10, 10), bool), np.array([[0.0, 5.0], [5.0, 5.0]]), 1.0)
    assert beyond[0] < 0.8
    assert beyond[1] == pytest.approx(1)


def test_what_cloud_hides_is_made_up_for_and_widens_the_interval():
    cloud = np.zeros((100, 100), bool)
    cloud[:20] = True
    clear, cloudy = count(_lot(), _found(MANY), KNOWN), count(_lot(), _found(MANY, cloud=cloud), KNOWN)
    assert cloudy.open_share == pytest.approx(0.8)
    assert cloudy.estimate.mean == pytest.approx(clear.estimate.mean / 0.8, rel=0.02)
    assert cloudy.estimate.sd > 1.5 * clear.estimate.sd
    edge = count(_lot(seen=0.8), _found(MANY), KNOWN)
    assert edge.estimate.mean == pytest.approx(cloudy.estimate.mean, rel=0.02)


def test_what_crowns_hide_raises_the_upper_limit_only_and_counts_as_covered():
    canopy = np.zeros((100, 100), bool)
    canopy[:20] = True
    clear, shaded = count(_lot(), _found(MANY), KNOWN), count(_lot(), _found(MANY, canopy=canopy), KNOWN)
    assert shaded.estimate.mean == pytest.approx(clear.estimate.mean)
    assert shaded.estimate.lower == clear.estimate.lower
    assert shaded.covered == pytest.approx(5, rel=0.05)
    assert shaded.upper >= clear.upper + 3
    assert shaded.visible_share == pytest.approx(0.8)
    assert shaded.open_share == 1.0


def test_occupancy_is_vehicles_and_covered_ones_a_stall():
    counted = count(_lot(), _found(MANY), KNOWN)
    known = occupancy(counted, 40.0)
    assert known["occupancy"] == pytest.approx(0.5, abs=0.02)
    assert known["occupancy_lower"] <= known["occupancy"] <= known["occupancy_upper"]
    assert set(occupancy(counted, None).values()) == {None}
    assert set(occupancy(counted, 0.0).values()) == {None}


@pytest.mark.parametrize(
    ("gsd", "words"),
    [(1.5, "too coarse to count"), (np.inf, "too coarse"), (np.nan, "too coarse"), (0.01, "finer than")],
)
def test_pixel_sizes_that_cannot_work_are_refused(gsd, words):
    with pytest.raises(BadInputError, match=words):
        check_gsd(gsd)


def test_extents_that_would_fill_the_memory_are_refused():
    with pytest.raises(BadInputError, match="cut it around the lots"):
        check_extent((9000, 9000, 3), 1.0)
    with pytest.raises(BadInputError, match="fewer than"):
        check_extent((20, 900, 3), 0.05)


def _sparse_chip():
    chips = (render(np.random.default_rng([11, n])) for n in range(60))
    return next(c for c in chips if 8 <= len(c.centres) <= 40 and not c.cover.any() and abs(c.gsd - 0.3) < 0.01)


def test_detections_lie_on_vehicles_at_any_pixel_size():
    chip = _sparse_chip()
    double = np.asarray(Image.fromarray(chip.image).resize((384, 384), Image.Resampling.BICUBIC))
    at_30, at_15 = detect([(chip.image, 0.3), (double, 0.15)], "cpu")
    first, second = (found.points[found.listed] for found in (at_30, at_15))
    near = np.linalg.norm(first[:, None] - chip.centres[None], axis=2).min(1)
    assert (near < 5).mean() > 0.8
    assert len(first) == pytest.approx(len(chip.centres), rel=0.3)
    assert len(second) == pytest.approx(len(first), rel=0.25)
    assert np.median(np.linalg.norm(second[:, None] / 2 - first[None], axis=2).min(1)) < 1.5


def test_many_images_at_once_are_seen_as_one_by_one():
    chip = _sparse_chip()
    images = [(chip.image, 0.3), (chip.image[:150, :133], 0.5), (chip.image[::-1].copy(), 0.3), (chip.image, 0.4)]
    alone, together = list(detect(images, "cpu")), list(_together(images, engine("cpu"), 2))
    assert sum(len(one.scores) for one in alone) > 5
    for one, other in zip(alone, together, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
        assert one.points == pytest.approx(other.points, abs=1e-3)
        assert (one.canopy == other.canopy).mean() > 0.999
        assert (one.data == other.data).all()


def test_the_pipelines_arithmetic_hardly_moves_a_count():
    chip = _sparse_chip()
    lot = LotImage(chip.image, np.ones(chip.image.shape[:2], bool), 1.0, [], 0.3)
    (fast,) = each([("a", lot)], lambda key, image, found, counted: counted.estimate, "cpu")
    exact = count(lot, next(detect([(chip.image, 0.3)], "cpu")), Calibration.of(WEIGHTS.card)).estimate
    assert fast.mean == pytest.approx(exact.mean, abs=0.5 * exact.sd)


def _polygon():
    west, south = transformer(32650, 4326).transform(500_000, 4_000_000 - 57.6)
    east, north = transformer(32650, 4326).transform(500_057.6, 4_000_000)
    return f"POLYGON(({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"


def test_images_go_through_files_and_refusals_say_why(tmp_path):
    chip = _sparse_chip()
    (tmp_path / "a.tif").write_bytes(encode_geotiff(chip.image.transpose(2, 0, 1), UTM, ["r", "g", "b"], None))
    Image.fromarray(chip.image).save(tmp_path / "b.png")
    (tmp_path / "c.tif").write_bytes(b"nonsense")
    base = {"time": TIME, "off_nadir": None, "sun_elevation": None, "cloud_cover": None, "gsd": 0.3, "site_id": "lot"}
    images = pl.DataFrame(
        [
            base | {"image_id": "a", "path": "a.tif"},
            base | {"image_id": "coarse", "path": "a.tif", "gsd": 3.0},
            base | {"image_id": "b", "path": "b.png"},
            base | {"image_id": "bad", "path": "c.tif"},
            base | {"image_id": "cloudy", "path": "a.tif", "cloud_cover": 0.9},
            base | {"image_id": "stray", "path": "a.tif", "site_id": "nowhere"},
        ],
        schema_overrides={"cloud_cover": pl.Float64},
    )
    lots, stalls = {"lot": _polygon()}, {"lot": 50.0}
    frame, pictures = count_images(images, lots, lambda name: tmp_path / name, stalls, "cpu")
    LotCounts.validate(frame)
    by_id = {row["image_id"]: row for row in frame.iter_rows(named=True)}
    assert list(by_id) == ["a", "coarse", "b", "bad", "cloudy", "stray"]
    assert by_id["a"]["vehicles"] == pytest.approx(len(chip.centres), rel=0.3)
    assert by_id["a"]["lower"] <= by_id["a"]["vehicles"] <= by_id["a"]["upper"]
    assert by_id["a"]["occupancy"] == pytest.approx((by_id["a"]["vehicles"] + by_id["a"]["covered"]) / 50)
    assert by_id["a"]["detections"] == pytest.approx(by_id["b"]["detections"], abs=2)
    assert "too coarse" in by_id["coarse"]["reason"]
    assert "c.tif" in by_id["bad"]["reason"]
    assert "cloud" in by_id["cloudy"]["reason"]
    refused = frame.filter(pl.col("image_id").is_in(["coarse", "bad", "cloudy", "stray"]))
    assert not refused["valid"].any()
    assert refused["vehicles"].null_count() == refused.height
    assert set(pictures) == {"a", "b", "cloudy"}


def test_every_count_leads_back_to_points_on_the_map(tmp_path):
    chip = _sparse_chip()
    (tmp_path / "a.tif").write_bytes(encode_geotiff(chip.image.transpose(2, 0, 1), UTM, ["r", "g", "b"], None))
    row = {"image_id": "a", "path": "a.tif", "gsd": 0.3, "site_id": "lot", "time": TIME, "cloud_cover": None}
    frame, _ = count_images(pl.DataFrame([row]), {"lot": _polygon()}, lambda name: tmp_path / name, None, "cpu")
    points = frame.select("vehicles", "epsg", "candidates").explode("candidates").unnest("candidates")
    assert points["epsg"].unique().to_list() == [32650]
    assert (points["probability"] * points["inside"]).sum() == pytest.approx(points["vehicles"][0], rel=0.05)
    assert points["x"].to_list() == pytest.approx((500_000 + 0.3 * points["column"]).to_list())
    assert points["y"].to_list() == pytest.approx((4_000_000 - 0.3 * points["row"]).to_list())
    lon, lat = transformer(32650, 4326).transform(points["x"].to_numpy(), points["y"].to_numpy())
    assert points["lon"].to_list() == pytest.approx(lon.tolist())
    assert points["lat"].to_list() == pytest.approx(lat.tolist())


def test_pictures_are_small_and_shade_what_is_hidden():
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    lot = np.zeros(noise.shape[:2], bool)
    lot[100:800, 100:1100] = True
    points = np.column_stack([rng.uniform(100, 1100, 300), rng.uniform(100, 800, 300)])
    data = picture(LotImage(noise, lot, 1.0, [], 0.3), _found(points, lot.shape), "300 vehicles")
    assert data.startswith(b"\x89PNG")
    assert len(data) < BYTES
    flat = np.full((100, 100, 3), 90, np.uint8)
    flat[:, ::2] = 110
    canopy = np.zeros((100, 100), bool)
    canopy[:40] = True
    plain, shaded = (
        np.asarray(
            Image.open(_bytes(picture(LotImage(flat, np.ones_like(canopy), 1.0, [], 0.3), found, "x"))).convert("RGB")
        )
        for found in (_found([]), _found([], canopy=canopy))
    )
    green = shaded[..., 1].astype(int) - shaded[..., 0]
    assert green[:100].mean() > green[150:280].mean() + 10
    assert abs(plain[..., 1].astype(int) - plain[..., 0]).mean() < 10


def _bytes(data):
    import io

    return io.BytesIO(data)

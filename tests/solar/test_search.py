"""A scene read by windows gives what the scene read whole gives."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import torch
from scipy import ndimage
from torch import nn

from solarnet_assets.imagery import source
from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.solar import polygons, search

GRID = Grid(32650, (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0), 700, 620)
TIME = datetime(2020, 1, 5, 3, tzinfo=UTC)


class Dark(nn.Module):
    """Takes what is dark in the short-wave infrared for arrays."""

    multiple, stride = 8, 1

    def forward(self, x):
        return 40 * (0.2 - x[:, 5:])


@pytest.fixture
def landed(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr(source, "WINDOW_PIXELS", 128 * 128)
    made = Engine(Dark(), torch.device("cpu"), tile=256, overlap=32, precision="float32", threads=2)
    monkeypatch.setattr(search, "engine", lambda device: made)
    rng = np.random.default_rng(0)
    pixels = rng.normal(3000, 40, (6, 700, 620))
    blocks = np.kron(rng.random((25, 23)) < 0.12, np.ones((28, 28)))[:700, :620] > 0
    pixels[5, blocks] = 900
    pixels[:, 300:420, 250:380] = 7000  # cloud by brightness
    pixels = pixels.astype(np.uint16)
    pixels[:, :, :40] = 0
    pixels[2, 650:, 500:] = 0
    (tmp_path / "a.tif").write_bytes(encode_geotiff(pixels, GRID, polygons.BANDS, 0))
    classes = np.full((1, 350, 310), 4, np.uint8)
    classes[0, 100:180, 200:260] = 9
    classes[0, 20:24, 250:253] = 3
    classes[0, 40, ::7] = 8
    grid = Grid(32650, (20.0, 0.0, 500_000.0, 0.0, -20.0, 4_000_000.0), 350, 310)
    (tmp_path / "scl.tif").write_bytes(encode_geotiff(classes, grid, ["SCL"], None))
    return {
        "scene_id": "a", "site_id": "s", "time": TIME, "platform": "sentinel-2a", "path": "a.tif", "mask_path": None,
        "bands": list(polygons.BANDS), "scale": 1e-4, "offset": -0.05, "sun_elevation": 40.0,
    }  # fmt: skip


def observed(landed, tmp_path, **options):
    frame, pictures, refused = search.observe_scenes(
        pl.DataFrame([landed]), {}, lambda name: tmp_path / name, "cpu", **options
    )
    assert refused == {}
    assert pictures["a"].startswith(b"\x89PNG")
    return frame


@pytest.mark.parametrize("mask", [None, "scl.tif"])
def test_by_windows_as_whole(landed, tmp_path, monkeypatch, mask):
    landed["mask_path"] = mask
    whole = observed(landed, tmp_path)
    monkeypatch.setattr(search, "LARGE", 1000)
    monkeypatch.setattr(search, "STRIP", 64)
    parts = observed(landed, tmp_path)
    assert whole.height > 20
    assert whole["hidden"].null_count() < whole.height, "something was hidden"
    assert parts.drop("score").equals(whole.drop("score"))
    np.testing.assert_allclose(parts["score"], whole["score"], atol=2.5e-3)


def test_a_large_scene_that_was_broken_off_goes_on(landed, tmp_path, monkeypatch):
    monkeypatch.setattr(search, "LARGE", 1000)
    expected = observed(landed, tmp_path)
    scratch = tmp_path / "scratch"
    write, calls = search.FileSink.write, []

    def failing(self, row, strip):
        calls.append(row)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write(self, row, strip)

    monkeypatch.setattr(search.FileSink, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        observed(landed, tmp_path, scratch=scratch)
    calls.append("again")
    assert observed(landed, tmp_path, scratch=scratch).equals(expected)
    assert calls[calls.index("again") + 1] == calls[1]
    assert list(scratch.iterdir()) == []


def test_a_finished_scene_of_an_unfinished_day_is_not_run_again(landed, tmp_path, monkeypatch):
    monkeypatch.setattr(search, "LARGE", 1000)
    scratch = tmp_path / "scratch"
    plain = polygons.within
    monkeypatch.setattr(polygons, "within", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        observed(landed, tmp_path, scratch=scratch)
    assert [path.name for path in scratch.iterdir()] == ["a.tif.tif"]
    monkeypatch.setattr(polygons, "within", plain)
    expected = observed(landed, tmp_path)
    monkeypatch.setattr(Engine, "run_scene", lambda *_: pytest.fail("run again"))
    assert observed(landed, tmp_path, scratch=scratch).equals(expected)


def test_outlines_and_scores_are_those_of_labelled_patches():
    rng = np.random.default_rng(1)
    probability = ndimage.zoom(rng.random((30, 28)), 10, order=1).astype(np.float32)[:300, :280]
    usable = rng.random((300, 280)) > 0.001
    grid = Grid(32650, GRID.transform, *probability.shape)
    labels, count = ndimage.label((probability > 0.6) & usable)
    sizes = ndimage.sum_labels(np.ones_like(probability), labels, range(1, count + 1))
    means = ndimage.mean(probability, labels, range(1, count + 1))
    found = polygons.vectorise(probability, usable, grid, 0.6)
    pairs = sorted((o.geometry.area / 100, o.score) for o in found)
    expected = sorted((size, mean) for size, mean in zip(sizes, means, strict=True) if size > 41)
    np.testing.assert_allclose([p for p in pairs if p[0] > 41], expected, rtol=1e-6)
    rough = polygons.vectorise(np.rint(probability * 255).astype(np.uint8), usable, grid, 0.6)
    assert len(rough) == pytest.approx(len(found), abs=3)


def test_clear_does_what_opening_and_growing_do():
    rng = np.random.default_rng(2)
    cloud = ndimage.zoom(rng.random((20, 20)), 8, order=1) > 0.6
    seen = rng.random(cloud.shape) > 0.01
    opened = ndimage.binary_opening(cloud, np.ones((polygons.SPECK, polygons.SPECK), bool))
    grown = ndimage.binary_dilation(opened, np.ones((5, 5), bool))
    assert opened.any()
    assert np.array_equal(polygons.clear(seen, cloud), seen & ~grown)

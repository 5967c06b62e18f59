import numpy as np
import pytest
from chips import numbers, tif

from solarnet_assets.imagery import raster
from solarnet_assets.imagery.raster import Grid, encode_geotiff, grid_of, open_raster, read_pixels
from solarnet_assets.landing import BadInputError


def test_reads_pixels_and_grid(tmp_path):
    pixels = numbers()
    path = tif(tmp_path / "a.tif", pixels)
    with open_raster(path) as dataset:
        assert np.array_equal(read_pixels(dataset, [2], (3, 5, 7, 9))[0], pixels[1, 3:10, 5:14])
        assert grid_of(dataset, "a").bounds == (500000, 4400000 - 1280, 501280, 4400000)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"just some words", "text"),
        (b"\x00\x01\x02\xff" * 20, "something else"),
        (b"II*\0" + b"\0" * 60, "header"),
    ],
)
def test_what_is_no_raster_is_named(tmp_path, content, says):
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=says), open_raster(path):
        pass


def test_a_vrt_is_refused_whatever_it_is_called(tmp_path):
    tif(tmp_path / "real.tif", numbers(1))
    source = '<SimpleSource><SourceFilename relativeToVRT="1">real.tif</SourceFilename></SimpleSource>'
    band = f'<VRTRasterBand dataType="UInt16" band="1">{source}</VRTRasterBand>'
    text = f'<VRTDataset rasterXSize="64" rasterYSize="64">{band}</VRTDataset>'
    (tmp_path / "a.tif").write_text(text)
    with pytest.raises(BadInputError), open_raster(tmp_path / "a.tif"):
        pass


def test_truncation_is_met_when_pixels_are_read(tmp_path):
    path = tif(tmp_path / "a.tif", numbers(n=256))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInputError, match=r"a\.tif is damaged or truncated"), open_raster(path) as dataset:
        read_pixels(dataset)


def test_limits_hold_before_pixels_are_read(tmp_path, monkeypatch):
    path = tif(tmp_path / "a.tif", np.zeros((2, 600, 600), np.uint16))
    for name, value, says in [
        ("MAX_PIXELS", 1000, "pixels"),
        ("MAX_BANDS", 1, "bands"),
        ("MAX_BLOCK_BYTES", 100, "tiles"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(raster, name, value)
            with pytest.raises(BadInputError, match=says), open_raster(path):
                pass
    monkeypatch.setattr(raster, "RATIO_FLOOR_BYTES", 1000)
    monkeypatch.setattr(raster, "MAX_RATIO", 50)
    with pytest.raises(BadInputError, match="fold when decompressed"), open_raster(path):
        pass


def test_encoding_keeps_pixels_names_and_bytes(tmp_path):
    grid = Grid(32650, (20.0, 0.0, 5e5, 0.0, -20.0, 4.4e6), 64, 64)
    first, second = (encode_geotiff(numbers(2), grid, ["B11", "B12"], 0) for _ in range(2))
    assert first == second
    (tmp_path / "a.tif").write_bytes(first)
    with open_raster(tmp_path / "a.tif") as dataset:
        assert np.array_equal(read_pixels(dataset), numbers(2))
        assert grid_of(dataset, "a") == grid
        assert dataset.descriptions == ("B11", "B12")


def test_a_raster_without_crs_has_no_grid(tmp_path):
    path = tif(tmp_path / "a.tif", numbers(1), epsg=None)
    with open_raster(path) as dataset, pytest.raises(BadInputError, match="no coordinate reference system"):
        grid_of(dataset, "a.tif")


def test_jpeg_2000_is_read(tmp_path):
    import rasterio

    with rasterio.open(tif(tmp_path / "a.tif", numbers(1))) as source:
        form = {
            "width": 64,
            "height": 64,
            "count": 1,
            "dtype": "uint16",
            "crs": source.crs,
            "transform": source.transform,
        }
        with rasterio.open(tmp_path / "a.jp2", "w", driver="JP2OpenJPEG", QUALITY=100, REVERSIBLE="YES", **form) as out:
            out.write(source.read())
    with open_raster(tmp_path / "a.jp2") as dataset:
        assert np.array_equal(read_pixels(dataset), numbers(1))
        assert grid_of(dataset, "a").epsg == 32650

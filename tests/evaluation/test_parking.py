import io
import struct
import zlib

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from solarnet_assets.evaluating import app
from solarnet_assets.evaluation import parking, parking_figures, parking_tables
from solarnet_assets.evaluation.parking_boxes import read_boxes
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.detect import Detections
from solarnet_assets.parking.images import read_rgb
from solarnet_assets.parking.observe import Scene
from solarnet_assets.parking.samples import check_gsd

HEADER = "image,xmin,ymin,xmax,ymax,count,tolerance"


@pytest.fixture(autouse=True)
def _bright_dots_are_vehicles(monkeypatch):
    """Stand in for the network: every white pixel is the centre of a vehicle."""

    def detect(pairs, device=None):
        for image, gsd in pairs:
            check_gsd(gsd)
            row, column = np.nonzero((image == 255).all(2))
            none = np.zeros(image.shape[:2], bool)
            points = np.column_stack([column + 0.5, row + 0.5]).astype(float)
            yield Detections(points, np.full(len(row), 0.97, np.float32), none, none, ~none)

    monkeypatch.setattr(parking, "detect", detect)


def _picture(dots, size=(80, 60)):
    pixels = np.random.default_rng(0).integers(60, 90, (size[1], size[0], 3), dtype=np.uint8)
    for x, y in dots:
        pixels[y, x] = 255
    return pixels


@pytest.fixture
def data(tmp_path):
    (tmp_path / "images").mkdir()
    Image.fromarray(_picture([(10, 10), (20, 10), (30, 10), (60, 40)])).save(tmp_path / "images" / "a.png")
    return tmp_path


def _boxes(data, *lines, header=HEADER):
    (data / "boxes.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def test_blocks_are_counted_and_scored(data):
    _boxes(data, "a.png,0,0,40,20,3,0", "a.png,50,30,80,60,2,1", "a.png,0,30,40,60,0,0")
    scored = parking.evaluate(data, 0.3, data / "out")
    assert scored.rows["estimate"].to_list() == [3, 1, 0]
    assert scored.rows["error"].to_list() == [0, -1, 0]
    assert scored.rows["within_tolerance"].to_list() == [True, True, True]
    figures = parking.totals(scored.rows)
    assert figures["mae"] == pytest.approx(1 / 3)
    assert figures["bias"] == pytest.approx(-1 / 3)
    assert (figures["truth"], figures["total"], figures["detections_total"]) == (5, 4, 4)
    table = pl.read_csv(data / "out" / "blocks.csv")
    assert table.columns == parking.COLUMNS.names()
    points = pl.read_csv(data / "out" / "detections.csv")
    assert points.select("image", "block", "column", "row").row(0) == ("a.png", 2, 10.5, 10.5)
    assert points.height == 4
    for name in table["picture"]:
        assert (data / "out" / name).read_bytes().startswith(b"\x89PNG")
        assert (data / "out" / name).stat().st_size < 100_000


def test_the_columns_of_other_peoples_tables_are_understood(data):
    (data / "boxes.csv").write_text(
        "\ufeffimage,xmin,ymin,xmax,ymax,n_vehicles,note\na.png,0,0,40,20.5,3,dark\n", encoding="utf-8"
    )
    (row,) = parking.evaluate(data, 0.3).rows.to_dicts()
    assert (row["truth"], row["tolerance"], row["error"], row["picture"]) == (3, 0, 0, None)


def test_images_without_boxes_are_counted_whole(data):
    Image.fromarray(_picture([(5, 5)])).save(data / "images" / "b.jpg", quality=100)
    rows = parking.evaluate(data, 0.3).rows
    assert rows["image"].to_list() == ["a.png", "b.jpg"]
    assert rows["estimate"][0] == 4
    assert rows["truth"].null_count() == 2


def test_the_pixel_size_comes_from_the_file_where_it_says(data):
    grid = Grid(32650, (0.5, 0.0, 500_000.0, 0.0, -0.5, 4_000_000.0), 60, 80)
    pixels = _picture([(10, 10)]).transpose(2, 0, 1)
    (data / "images" / "b.tif").write_bytes(encode_geotiff(pixels, grid, ["r", "g", "b"], None))
    coarse = Grid(32650, (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0), 60, 80)
    (data / "images" / "c.tif").write_bytes(encode_geotiff(pixels, coarse, ["r", "g", "b"], None))
    scored = parking.evaluate(data, None)
    assert scored.rows["gsd"].to_list() == [0.5]
    assert "c.tif: pixels of 10.0 m are too coarse" in scored.refused["c.tif"]
    assert "--gsd" in scored.refused["a.png"]
    with pytest.raises(BadInputError, match="too coarse to count"):
        parking.evaluate(data, 2.0) if (data / "images" / "b.tif").unlink() is None else None


BAD = {
    "gone.png,0,0,9,9,1,0": "no such image",
    "../../a.png,0,0,9,9,1,0": "not the plain name",
    "/etc/passwd,0,0,9,9,1,0": "not the plain name",
    "..\\a.png,0,0,9,9,1,0": "not the plain name",
    "=cmd|' /C calc'!A0,0,0,9,9,1,0": "not the plain name",
    ",0,0,9,9,1,0": "not the plain name",
    "a.png,0,0,200,9,1,0": "reaches outside the image of 80 x 60",
    "a.png,-20,0,9,9,1,0": "reaches outside",
    "a.png,40,0,10,9,1,0": "inverted or empty",
    "a.png,0,9,9,9,1,0": "inverted or empty",
    "a.png,0,0,x,9,1,0": "xmax is 'x', not a number",
    "a.png,0,0,nan,9,1,0": "not a number",
    "a.png,0,0,9,9,,0": "count is '', not a number",
    "a.png,0,0,9,9,-4,0": "no number of vehicles",
    "a.png,0,0,9,9,1,-1": "tolerance of -1",
    "a.png,1e999,0,9,9,1,0": "not a number",
    "a.png,0,0": "not a number",
}


@pytest.mark.parametrize("line", BAD)
def test_a_row_that_cannot_be_used_is_named_and_the_rest_goes_on(data, line):
    _boxes(data, line, "a.png,0,0,40,20,3,0")
    told = []
    scored = parking.evaluate(data, 0.3, None, None, told.append)
    assert scored.rows["estimate"].to_list() == [3]
    (reason,) = scored.refused.values()
    assert "row 2" in reason
    assert BAD[line] in reason
    assert told == [reason]


def _bomb(side):
    """A small PNG whose header promises more than it holds."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def _png(array, mode=None, **options):
    out = io.BytesIO()
    Image.fromarray(array, mode).save(out, "PNG", **options) if mode is None else Image.fromarray(array).convert(
        mode
    ).save(out, "PNG")
    return out.getvalue()


def _deep():
    """A PNG of 16 bits a channel."""
    rows = b"".join(b"\0" + b"\x10\x00" * 3 * 20 for _ in range(20))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _text_bomb():
    """A PNG whose comment grows to 80 MB when it is unpacked."""
    whole = _png(_picture([]))
    body = b"Comment\0\0" + zlib.compress(b"x" * 80_000_000)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return whole[:33] + chunk + whole[33:]


VRT = b"<VRTDataset rasterXSize='9' rasterYSize='9'><VRTRasterBand dataType='Byte' band='1'/></VRTDataset>"
UTM = Grid(32650, (0.3, 0.0, 500_000.0, 0.0, -0.3, 4_000_000.0), 60, 80)


def _tif(pixels):
    return encode_geotiff(pixels, UTM, [""] * len(pixels), None)


HOSTILE = {
    "bomb.png": (lambda: _bomb(60_000), "more pixels than"),
    "large.png": (lambda: _bomb(11_000), "11000 x 11000 pixels"),
    "text_bomb.png": (_text_bomb, "damaged"),
    "cut.png": (lambda: _png(_picture([]))[:900], "damaged"),
    "text.png": (lambda: b"hello", "damaged"),
    "page.jpg": (lambda: b"\xff\xd8\xff\xe0 no more", "damaged"),
    "really_png.jpg": (lambda: _png(_picture([])), "no JPEG"),
    "grey.png": (lambda: _png(_picture([])[..., 0]), "is grey"),
    "palette.png": (lambda: _png(_picture([]), "P"), "pixels of type P"),
    "deep.png": (_deep, "16 bits a channel"),
    "vrt.tif": (lambda: VRT, "vrt.tif"),
    "one_band.tif": (lambda: _tif(_picture([]).transpose(2, 0, 1)[:1]), "1 band;"),
    "float.tif": (lambda: _tif(_picture([]).transpose(2, 0, 1).astype(np.float32)), "bands of float32"),
    "cut.tif": (lambda: _tif(_picture([]).transpose(2, 0, 1))[:400], "damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_images_are_refused_with_a_reason_and_the_rest_goes_on(data, name):
    make, words = HOSTILE[name]
    (data / "images" / name).write_bytes(make())
    scored = parking.evaluate(data, 0.3)
    assert scored.rows["image"].to_list() == ["a.png"]
    assert words in scored.refused[name]
    assert name in scored.refused[name]


def test_results_never_replace_the_images(data):
    with pytest.raises(BadInputError, match="holds the images themselves"):
        parking.evaluate(data, 0.3, data / "images")
    Image.fromarray(_picture([(5, 5)])).save(data / "images" / "a.jpg", quality=100)
    assert parking.evaluate(data, 0.3, data / "out").rows["picture"].to_list() == ["a_jpg.png", "a.png"]


def test_links_that_lead_out_of_the_folder_are_refused(data, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.fromarray(_picture([])).save(outside)
    (data / "images" / "link.png").symlink_to(outside)
    assert "leads out" in parking.evaluate(data, 0.3).refused["link.png"]


def test_transparent_pixels_carry_no_data_and_sixteen_bits_become_eight(tmp_path):
    clear = np.dstack([_picture([]), np.full((60, 80), 255, np.uint8)])
    clear[:30, :, 3] = 0
    (tmp_path / "alpha.png").write_bytes(_png(clear))
    pixels, grid = read_rgb(tmp_path / "alpha.png")
    assert grid is None
    assert not pixels[:30].any()
    assert (pixels[30:] == clear[30:, :, :3]).all()
    (tmp_path / "deep.tif").write_bytes(_tif(_picture([]).transpose(2, 0, 1).astype(np.uint16) * 20))
    pixels, grid = read_rgb(tmp_path / "deep.tif")
    assert pixels.dtype == np.uint8
    assert pixels.max() > 250
    assert grid == UTM


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a,b\n1,2\n", "lacks the column image"), (b"", "lacks the column"), (b"\xff\xfe\x00image", "no CSV in UTF-8")],
)
def test_a_table_that_is_none_stops_with_a_sentence(data, content, words):
    (data / "boxes.csv").write_bytes(content)
    with pytest.raises(BadInputError, match=words):
        read_boxes(data / "boxes.csv")


def test_the_command_prints_one_summary_line_and_writes_the_table(data):
    _boxes(data, "a.png,0,0,40,20,4,1", "a.png,50,30,80,60,1,0", "b.png,1,1,2,2,1,0")
    done = CliRunner().invoke(app, ["parking", "--data", str(data), "--gsd", "0.3", "--out", str(data / "o")])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if "by eye:" in line]
    assert "2 blocks, 5 vehicles by eye: MAE 0.50, bias -0.50 a block, total 4 (-20.0%)" in line
    assert "within tolerance" in line
    assert "1 rows or images could not be used" in done.output
    assert (data / "o" / "blocks.csv").exists()


def test_the_command_refuses_what_it_cannot_do(tmp_path):
    assert CliRunner().invoke(app, ["parking"]).exit_code == 2
    with pytest.raises(BadInputError, match="no folder images"):
        parking.evaluate(tmp_path, 0.3)
    (tmp_path / "images").mkdir()
    with pytest.raises(BadInputError, match="holds no PNG"):
        parking.evaluate(tmp_path, 0.3)
    with pytest.raises(BadInputError, match="held-out sequence"):
        parking_figures.aerial(tmp_path)


def test_figures_of_scenes_count_listed_detections_and_errors():
    scores = np.array([0.95, 0.9, 0.12], np.float32)
    scene = Scene(
        np.zeros((3, 2)), scores, np.array([True, False, False]), np.array([0.2]), 1, np.zeros((2, 2)), 0.3, 0.3
    )
    found = parking_figures.figures("two", [scene])
    assert (found["precision"], found["recall"]) == (0.5, 0.5)
    assert found["vehicles"] == 2
    assert parking_tables.held_out("x", [found]).row_count == 1

import json

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from solarnet_assets.evaluating import app
from solarnet_assets.evaluation import solar
from solarnet_assets.evaluation.solar_images import mask_file, read_image, read_mask
from solarnet_assets.imagery.raster import Grid, encode_geotiff
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.model import BANDS, MISSING

GRID = Grid(32650, (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0), 40, 48)


@pytest.fixture(autouse=True)
def _dark_is_panel(monkeypatch):
    """Stand in for the networks: what is dark is under panels."""

    def probabilities(image, settings):
        return np.where(image.pixels.mean(0) < 0.2, 0.9, 0.1).astype(np.float32)

    monkeypatch.setattr(solar, "probabilities", probabilities)


def _picture(file, panels=True, size=(48, 40)):
    rgb = np.full((size[1], size[0], 3), 180, np.uint8)
    if panels:
        rgb[8:24, 8:40] = 20
    Image.fromarray(rgb).save(file)


def _mask(file, size=(48, 40), mode="L"):
    marked = np.zeros((size[1], size[0]), np.uint8)
    marked[8:24, 8:24] = 7
    Image.fromarray(marked > 0 if mode == "1" else marked).save(file)


def test_figures_against_masks_found_by_stem(tmp_path):
    _picture(tmp_path / "pair0_image.png")
    _mask(tmp_path / "pair0_mask.png", (49, 41))
    done = solar.evaluate(tmp_path, tmp_path, solar.Settings(0.5), tmp_path / "out")
    (row,) = done.rows.to_dicts()
    assert row["image"] == "pair0_image"
    assert row["precision"] == pytest.approx(0.5, abs=0.05)
    assert row["recall"] == pytest.approx(1.0, abs=0.08)
    assert row["iou"] == pytest.approx(0.5, abs=0.05)
    assert solar.totals(done.rows)["mean_iou"] == pytest.approx(row["iou"])
    assert (tmp_path / "out" / "pair0_image.png").read_bytes().startswith(b"\x89PNG")
    assert pl.read_csv(tmp_path / "out" / "solar.csv").height == 1


def test_tiles_without_masks_get_presence_and_folders_label_them(tmp_path):
    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
        for n in range(3):
            _picture(tmp_path / folder / f"{folder}{n}.jpg", folder == "with")
    rows = solar.evaluate(tmp_path, None, solar.Settings(0.3)).rows
    assert rows["label"].to_list() == [True] * 3 + [False] * 3
    figures = solar.presence_figures(rows, 0.5)
    assert figures["auc"] == 1.0
    assert figures["share_above"] <= 1.0
    assert rows.filter(pl.col("label"))["presence"].min() > rows.filter(~pl.col("label"))["presence"].max()


def test_a_hundred_tiles_with_nothing_to_find_do_not_hide_the_one_that_has_it(tmp_path):
    (tmp_path / "with").mkdir()
    for n in range(101):
        _picture(tmp_path / f"tile{n:03}.png", panels=False, size=(16, 16))
        Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / f"tile{n:03}_mask.png")
    _picture(tmp_path / "with" / "last.png")
    _mask(tmp_path / "last_mask.png")
    rows = solar.evaluate(tmp_path, tmp_path, solar.Settings(0.5)).rows
    assert rows["iou"].drop_nulls().to_list() == [pytest.approx(0.5, abs=0.05)]
    assert rows["label"].drop_nulls().to_list() == [True]


def test_tiles_of_one_name_in_two_folders_get_a_picture_each(tmp_path):
    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
        _picture(tmp_path / folder / "tile.jpg", folder == "with")
    solar.evaluate(tmp_path, None, solar.Settings(0.3), tmp_path / "out")
    names = {file.name for file in (tmp_path / "out").glob("*.png")}
    assert names == {"with_tile.jpg.png", "without_tile.jpg.png"}


@pytest.mark.parametrize("out", ["images", "masks"])
def test_pictures_never_replace_what_they_are_made_of(tmp_path, out):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    _picture(tmp_path / "images" / "a.png")
    _mask(tmp_path / "masks" / "a.png")
    before = (tmp_path / out / "a.png").read_bytes()
    with pytest.raises(BadInputError, match="name another folder with --out"):
        solar.evaluate(tmp_path / "images", tmp_path / "masks", solar.Settings(0.5), tmp_path / out)
    assert (tmp_path / out / "a.png").read_bytes() == before


def test_bands_are_read_by_description_or_by_option_with_scale_and_offset(tmp_path):
    pixels = np.arange(6, dtype=np.uint16)[:, None, None] * 1000 + np.full((6, 40, 48), 2000, np.uint16)
    (tmp_path / "a.tif").write_bytes(encode_geotiff(pixels, GRID, BANDS, 0))
    (tmp_path / "b.tif").write_bytes(encode_geotiff(pixels[::-1], GRID, [""] * 6, 0))
    named = read_image(tmp_path / "a.tif", 10.0, offset=-1000)
    given = read_image(tmp_path / "b.tif", 10.0, ["B12", "B11", "B8A", "b4", "B3", "B2"], 1e4, -1000)
    for image in (named, given):
        assert image.kind == "s2"
        assert image.pixels[:, 0, 0] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    with pytest.raises(BadInputError, match="lacks band B02"):
        read_image(tmp_path / "b.tif", 10.0)
    with pytest.raises(BadInputError, match="about 10 m, not at 0.5 m"):
        read_image(tmp_path / "a.tif", 0.5)
    with pytest.raises(BadInputError, match="no reflectance at --scale 1"):
        read_image(tmp_path / "a.tif", 10.0, scale=1)


def _chip(file, bands, low=300, dtype=np.uint16):
    pixels = np.random.default_rng(1).integers(low, low + 200, (len(bands), 40, 48)).astype(dtype)
    file.write_bytes(encode_geotiff(pixels, GRID, bands, None))


def test_a_chip_may_lack_infrared_bands_but_no_colour(tmp_path):
    every = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"]
    for name, bands in (("all", every), ("four", [*every[1:4], "B08"]), ("three", every[1:4]), ("two", every[1:3])):
        _chip(tmp_path / f"{name}.tif", bands)
    whole, four = (read_image(tmp_path / f"{name}.tif", 10.0) for name in ("all", "four"))
    assert whole.notes == ()
    assert (whole.kind, four.kind) == ("s2", "any")
    assert four.pixels.shape == whole.pixels.shape
    assert four.pixels[4:, 0, 0] == pytest.approx([MISSING["B11"], MISSING["B12"]])
    assert float(four.pixels[:4].max()) < 0.06
    assert "has no B11 and B12" in four.notes[0]
    with pytest.raises(BadInputError, match=r"two.tif \(2 bands\) lacks band B04.*--bands"):
        read_image(tmp_path / "two.tif", 10.0)
    told = []
    solar.evaluate(tmp_path, None, solar.Settings(10.0), tell=told.append)
    assert len(told) == 3


def test_numbers_that_look_wrong_are_told(tmp_path):
    _chip(tmp_path / "a.tif", BANDS, 1100)
    assert "give --offset -1000" in read_image(tmp_path / "a.tif", 10.0).notes[0]
    assert read_image(tmp_path / "a.tif", 10.0, offset=-1000).notes == ()
    _chip(tmp_path / "b.tif", BANDS, 300)
    assert "taken off before" in read_image(tmp_path / "b.tif", 10.0, offset=-1000).notes[0]
    _chip(tmp_path / "c.tif", BANDS, 30, np.uint8)
    with pytest.raises(BadInputError, match="8-bit numbers"):
        read_image(tmp_path / "c.tif", 10.0)
    assert read_image(tmp_path / "c.tif", 10.0, scale=700).pixels.max() < 0.5


def test_a_coloured_geotiff_is_a_picture(tmp_path):
    (tmp_path / "c.tif").write_bytes(encode_geotiff(np.full((3, 40, 48), 90, np.uint8), GRID, ["", "", ""], None))
    assert read_image(tmp_path / "c.tif", 0.5).kind == "rgb"


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path, monkeypatch):
    _picture(tmp_path / "good.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 nonsense")
    (tmp_path / "bad.tif").write_bytes(b"II*\0nonsense")
    Image.fromarray(np.zeros((40, 40), np.uint16)).save(tmp_path / "deep.png")
    _picture(tmp_path / "small.png", size=(60, 9))
    _picture(tmp_path / "huge.png", size=(300, 300))
    monkeypatch.setattr("solarnet_assets.evaluation.solar_images.MAX_PIXELS", 80_000)
    told = []
    done = solar.evaluate(tmp_path, None, solar.Settings(0.5), tell=told.append)
    assert done.rows["image"].to_list() == ["good"]
    assert set(done.refused) == {"text.png", "cut.jpg", "bad.tif", "deep.png", "small.png", "huge.png"}
    assert len(told) == 6
    assert all(name in line for name, line in done.refused.items())
    with pytest.raises(BadInputError, match="at 0.05 to 3.5 m"):
        solar.evaluate(tmp_path / "good.png", None, solar.Settings(40))


def test_masks_in_a_folder_of_the_images_are_no_images(tmp_path):
    _picture(tmp_path / "a.png")
    (tmp_path / "masks").mkdir()
    _mask(tmp_path / "masks" / "a.png")
    assert solar.evaluate(tmp_path, tmp_path / "masks", solar.Settings(0.5)).rows["image"].to_list() == ["a"]


def test_masks_of_another_size_or_missing_are_refused(tmp_path):
    _picture(tmp_path / "a.png")
    (tmp_path / "masks").mkdir()
    assert mask_file(tmp_path / "a.png", tmp_path / "masks") is None
    with pytest.raises(BadInputError, match="no mask"):
        solar.evaluate(tmp_path, tmp_path / "masks", solar.Settings(0.5))
    _mask(tmp_path / "masks" / "a.png", (24, 20))
    with pytest.raises(BadInputError, match="24 x 20"):
        read_mask(tmp_path / "masks" / "a.png", (40, 48))
    _mask(tmp_path / "masks" / "a.png", (48, 40), "1")
    assert read_mask(tmp_path / "masks" / "a.png", (40, 48)).sum() == 256


def test_command_prints_figures_and_presence_and_fails_in_words(tmp_path):
    _picture(tmp_path / "x.png")
    (tmp_path / "masks").mkdir()
    _mask(tmp_path / "masks" / "x_mask.png")
    run = CliRunner().invoke
    asked = ["solar", "--images", str(tmp_path / "x.png"), "--gsd", "0.5"]
    with_masks = run(app, [*asked, "--masks", str(tmp_path / "masks")])
    assert with_masks.exit_code == 0, with_masks.output
    assert "0.500" in with_masks.output
    without = run(app, asked)
    assert "Share of 1 pictures" in without.output
    wrong = run(app, ["solar", "--images", str(tmp_path / "none"), "--gsd", "0.5"])
    assert isinstance(wrong.exception, BadInputError)
    assert run(app, ["solar", "--gsd", "0.5"]).exit_code == 2


def test_shipped_card_of_pictures_says_what_presence_needs():
    from solarnet_assets.solar.model import weights_of

    card = weights_of("rgb").card
    weights_of("rgb").check()
    assert len(card["presence"]["weights"]) == 3
    assert 0 < card["presence"]["threshold"] < 1
    assert card["test"]["presence_auc"] > 0.8
    assert card["test"]["iou"] > 0.5
    assert "KIT AIS" in card["data"]
    assert "CC BY" in json.dumps(card)

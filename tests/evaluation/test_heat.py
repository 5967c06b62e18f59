"""Anybody's image through ``solarnet evaluate heat``: bands, numbers, masks, and what cannot be decided."""

import io
import shutil
import warnings
from datetime import date

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning
from typer.testing import CliRunner

from solarnet_assets.cli import app
from solarnet_assets.evaluation.heat import evaluate
from solarnet_assets.evaluation.heat_figures import FIRST_DAY, judge, passes
from solarnet_assets.evaluation.heat_images import FALLBACK_DAY, Stated, read_image
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel import figures
from solarnet_assets.steel.model import engine
from solarnet_assets.steel.train import held_out
from solarnet_assets.world.scenario import load_scenario

BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")
N = 48
FIRES = ((12, 14, 0.9), (30, 33, 0.5))


def ground(seed=0):
    """Return reflectance (6, N, N) of soil and grass with two fires, and the mask of their centres."""
    rng = np.random.default_rng(seed)
    share = rng.random((N // 4, N // 4)).repeat(4, 0).repeat(4, 1)
    soil, grass = ([0.10, 0.13, 0.16, 0.22, 0.30, 0.25], [0.05, 0.08, 0.07, 0.30, 0.22, 0.13])
    image = np.array(soil)[:, None, None] * share + np.array(grass)[:, None, None] * (1 - share)
    image = image + rng.normal(0, 0.002, image.shape)
    rows, cols = np.mgrid[:N, :N]
    mask = np.zeros((N, N), np.uint8)
    for row, col, rise in FIRES:
        shape = np.exp(-0.5 * ((rows - row) ** 2 + (cols - col) ** 2) / 0.6**2)
        image[4] += 0.25 * rise * shape
        image[5] += rise * shape
        mask |= (rise * shape > 0.15).astype(np.uint8)
    return image, mask


def write(path, pixels, *, names=(), crs=True, **profile):
    where = {"crs": "EPSG:32650", "transform": Affine(20, 0, 500_000, 0, -20, 4_400_000)} if crs else {}
    size = {"count": len(pixels), "height": N, "width": N, "dtype": pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", **where, **size, **profile) as out:
            out.write(pixels)
            for number, name in enumerate(names, 1):
                out.set_band_description(number, name)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def numbers(folder):
    """Digital numbers with Sentinel-2's offset, named bands, and a day in the file's name."""
    image, _ = ground()
    return write(folder / "T50_20230514.tif", np.round(image * 1e4 + 1000).astype(np.uint16), names=BANDS)


@pytest.fixture(scope="module")
def mask(folder):
    return write(folder / "mask.tif", ground()[1][None])


def test_every_detector_is_scored_against_the_mask(numbers, mask):
    report = evaluate(numbers, Stated(), mask)
    assert [v.detector for v in report.verdicts] == ["HeatNet", "TAI", "NHI", "HOTMAP", "Massimetti"]
    network = report.verdicts[0]
    assert network.recall > 0.6
    assert network.away == 0
    assert len(network.clusters) == 2
    first, second = network.clusters
    assert first.excess > second.excess > 0
    assert first.x == pytest.approx(500_000 + 14.5 * 20, abs=8)
    assert report.largest > 0.95
    assert min(Image.open(io.BytesIO(report.picture)).size) >= 6 * N


def test_offset_and_scale_follow_the_day_and_are_said(numbers):
    image = read_image(numbers, Stated())
    np.testing.assert_allclose(image.scene.reflectance["B12"], ground()[0][5], atol=1e-4)
    assert image.scene.time.date() == date(2023, 5, 14)
    assert "-1000" in image.notes[0]
    stated = read_image(numbers, Stated(offset=0, scale=5000.0, day=date(2020, 1, 1)))
    assert stated.scene.reflectance["B12"][0, 0] == pytest.approx((ground()[0][5, 0, 0] * 1e4 + 1000) / 5000, abs=1e-3)
    assert not stated.notes
    assert stated.scene.time.date() == date(2020, 1, 1)


def test_an_offset_that_was_removed_already_is_not_removed_again(folder):
    image, _ = ground()
    path = write(folder / "removed_20240514.tif", np.round(image * 1e4).astype(np.float32), names=BANDS)
    np.testing.assert_allclose(read_image(path, Stated()).scene.reflectance["B12"], image[5], atol=1e-4)


def test_reflectance_without_position_or_day_is_judged(folder):
    image, _ = ground()
    path = write(folder / "plain.tif", image.astype(np.float32), crs=False)
    with pytest.raises(BadInputError, match="--bands"):
        evaluate(path, Stated())
    report = evaluate(path, Stated(bands=("B2", "B3", "B4", "B8A", "B11", "B12")))
    assert report.image.scene.time.date() == FALLBACK_DAY
    assert len(report.image.notes) == 2
    assert report.verdicts[0].hot > 3
    assert report.verdicts[0].clusters[0].x == pytest.approx(14.5, abs=0.5)


def test_without_b11_the_network_alone_decides(folder):
    """True colour as an 8-bit rendering, B8 and B12, as downloads often are."""
    image, _ = ground()
    tci = np.clip(np.round(image[2::-1] / 0.3558 * 255), 1, 255)
    stack = np.concatenate([tci, image[[3, 5]] * 1e4]).astype(np.float32)
    path = write(folder / "tci.tif", stack, names=("TCI_R", "TCI_G", "TCI_B", "B8", "B12"))
    report = evaluate(path, Stated(offset=0))
    assert list(report.image.scene.reflectance) == ["TCI_R", "TCI_G", "TCI_B", "B08", "B12"]
    assert report.image.scene.reflectance["TCI_R"].mean() == pytest.approx(image[2].mean(), abs=2e-3)
    assert all("B11 is missing" in verdict.undecided for verdict in report.verdicts[1:])
    assert report.verdicts[0].undecided is None
    assert report.verdicts[0].hot <= 20


def test_without_b12_nobody_decides_and_no_picture_is_made(folder):
    image, _ = ground()
    path = write(folder / "short.tif", image[:5].astype(np.float32), names=BANDS[:5])
    report = evaluate(path, Stated())
    assert all("B12 is missing" in verdict.undecided for verdict in report.verdicts)
    assert report.picture is None


def test_landsat_numbers_are_read_by_level(folder):
    image, _ = ground()
    path = write(folder / "LC08_L2SP_20200209.tif", np.round((image + 0.2) / 2.75e-5).astype(np.uint16),
                 names=[f"SR_B{n}" for n in range(2, 8)])  # fmt: skip
    found = read_image(path, Stated(platform="landsat-8")).scene.reflectance
    assert list(found) == list(BANDS)
    np.testing.assert_allclose(found["B12"] * 1.003 - 0.0012, image[5], atol=1e-3)


def test_numbers_of_eight_bits_need_a_scale(folder):
    path = write(folder / "bytes.tif", np.full((2, N, N), 40, np.uint8), names=("B8A", "B12"))
    with pytest.raises(BadInputError, match="--scale"):
        read_image(path, Stated())
    assert read_image(path, Stated(scale=255.0, offset=0)).scene.reflectance["B12"][0, 0] == pytest.approx(40 / 255)


def altered(image, change):
    made = image.astype(np.float32)
    change(made)
    return made


ODD = {
    "an undeclared filler": (lambda a: a[:, :9].fill(-9999), BANDS, "count as not measured"),
    "an empty band": (lambda a: a[0].fill(0), BANDS, "B02 is empty"),
    "a band twice": (lambda a: None, (*BANDS[:4], "B12", "B12"), "B12 is there more than once"),
    "a band nobody knows": (lambda a: None, ("ultra", *BANDS[1:]), "no detector knows a band called ultra"),
    "percent": (lambda a: np.multiply(a, 100, out=a), BANDS, "is --scale right"),
}


@pytest.mark.parametrize(("change", "names", "says"), list(ODD.values()), ids=list(ODD))
def test_odd_images_are_judged_with_a_note(folder, change, names, says):
    report = evaluate(write(folder / "odd.tif", altered(ground()[0], change), names=names), Stated())
    assert any(says in note for note in report.image.notes)
    assert report.verdicts[0].undecided is None
    if says not in ("is --scale right", "B12 is there more than once"):
        assert report.verdicts[0].clusters, "the second fire, at least, is seen"


def test_numbers_that_may_carry_an_offset_are_doubted(folder):
    numbers = np.round(ground()[0] * 1e4 + 1000).astype(np.uint16)
    assert "--offset -1000" in read_image(write(folder / "when.tif", numbers, names=BANDS), Stated()).notes[-1]
    lower = write(folder / "lower.tif", numbers - 900, names=BANDS)
    assert not any("--offset -1000" in note for note in read_image(lower, Stated()).notes)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (np.full((6, N, N), np.nan, np.float32), "no measured pixel"), (np.zeros((6, N, N), np.uint16), "no measured"),
        (np.ones((6, N, N), np.complex64), "complex64"), (np.full((6, N, N), -9999.0, np.float32), "can be a reflect"),
    ],
)  # fmt: skip
def test_images_without_a_reflectance_are_refused(folder, pixels, says):
    with pytest.raises(BadInputError, match=says):
        read_image(write(folder / "void.tif", pixels, names=BANDS), Stated())


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 5)])
def test_images_of_a_few_pixels_are_judged_with_a_warning(folder, size):
    path = folder / "tiny.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=size[0], width=size[1], dtype="float32",
        crs="EPSG:32650", transform=Affine(20, 0, 5e5, 0, -20, 4e6),
    ) as out:  # fmt: skip
        out.write(np.full((2, *size), 0.2, np.float32))
        out.descriptions = ("B11", "B12")
    report = evaluate(path, Stated())
    assert report.verdicts[0].hot == 0
    assert "surroundings" in report.image.notes[-1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--bands", "B11,B12"), "6 bands, but --bands names 2"), (("--mask", "small.tif"), "pixels, its image"),
        (("--scale", "0"), "not above zero"), (("--scale", "nan"), "not above"),
        (("--offset", "inf"), "not a number to add"), (("--image", "gone.tif"), "does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_in_a_sentence(numbers, folder, monkeypatch, options, says):
    monkeypatch.chdir(folder)
    with rasterio.open(
        folder / "small.tif", "w", driver="GTiff", count=1, height=5, width=5, dtype="uint8",
        crs="EPSG:32650", transform=Affine(20, 0, 5e5, 0, -20, 4e6),
    ) as out:  # fmt: skip
        out.write(np.ones((1, 5, 5), np.uint8))
    image = () if "--image" in options else ("--image", str(numbers))
    done = CliRunner().invoke(app, ["evaluate", "heat", *image, *options])
    assert isinstance(done.exception, BadInputError)
    assert says in str(done.exception)


def test_the_command_prints_tables_and_writes_the_picture(numbers, mask, tmp_path):
    arguments = ["evaluate", "heat", "--image", str(numbers), "--mask", str(mask), "--out", str(tmp_path / "new")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for text in ("HeatNet", "Massimetti", "recall", "median reflectance", "probability"):
        assert text in done.output
    assert (tmp_path / "new" / "T50_20230514_heat.png").stat().st_size > 1000
    assert CliRunner().invoke(app, ["evaluate", "heat"]).exit_code == 2


def test_images_of_one_name_get_a_picture_each(numbers, tmp_path):
    images = []
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
        images += ["--image", str(shutil.copy(numbers, tmp_path / folder))]
    done = CliRunner().invoke(app, ["evaluate", "heat", *images, "--out", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    names = {file.name for file in (tmp_path / "new").iterdir()}
    assert names == {f"{folder}_{numbers.name}_heat.png" for folder in ("may", "june")}


def test_simulated_passes_tell_the_truth_by_a_twin_without_heat():
    """Hot pixels lie where the mill's heat is; the network finds most of them and hardly anything else."""
    scenario = load_scenario("published")
    few = scenario.model_copy(update={"seed": 5, "mills": scenario.mills[:8]})
    judged = [
        judge(engine("cpu"), hot, cold) for n in range(3) for hot, cold in passes(few, FIRST_DAY.replace(day=2 + n))
    ]
    assert len(judged) >= 3
    row = figures.at_threshold(judged, 0.5)
    assert row["hot_pixels"] > 10
    assert row["recall"] > 0.6
    assert row["false_hot_pixels"] <= 3
    assert set(judged[0].rules) == {"TAI", "NHI", "HOTMAP", "Massimetti"}


def test_held_out_scenes_differ_from_those_of_training():
    (one,) = held_out(9_102, 1)
    (trained,) = held_out(1, 1)
    assert one.look != trained.look or not np.array_equal(one.heat, trained.heat)

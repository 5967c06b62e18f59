import numpy as np
import pytest
import torch

from solarnet_assets.parking.figures import HELD_OUT
from solarnet_assets.parking.measure import heats_of, summary, tallies
from solarnet_assets.parking.model import WEIGHTS, code_version, engine
from solarnet_assets.parking.network import INPUTS, OUTPUTS, LotNet, loss, peaks
from solarnet_assets.parking.pixels import normalise, resample, with_data
from solarnet_assets.parking.render import render
from solarnet_assets.parking.tones import mend_wraparound


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def test_network_halves_the_image():
    with torch.inference_mode():
        assert LotNet().eval()(torch.rand(1, INPUTS, 64, 80)).shape == (1, len(OUTPUTS), 32, 40)


def test_peaks_find_centres_between_cells():
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(50.0), indexing="ij")
    centres = [(10.3, 8.0), (30.0, 20.4)]
    heat = torch.stack([torch.exp(-((x - a) ** 2 + (y - b) ** 2) / 3) for a, b in centres]).amax(0)
    points, scores = peaks(heat, 0.5)
    assert len(points) == 2
    assert np.abs(np.sort(points.numpy(), 0) - np.sort(np.array(centres), 0)).max() < 0.25
    assert (scores > 0.9).all()
    assert len(peaks(heat * 0, 0.5)[0]) == 0


def test_loss_prefers_the_right_heat_and_the_right_footprint():
    heat = torch.zeros(1, 16, 16)
    heat[0, 8, 8] = 1.0
    cover, ignore, footprint = torch.full((1, 2, 16, 16), 2.0), torch.zeros(1, 16, 16), torch.zeros(1, 16, 16)
    right = torch.full((1, 4, 16, 16), -6.0)
    right[0, 0, 8, 8] = 6.0
    best = loss(right, heat, cover, ignore, footprint)
    assert best < loss(torch.full((1, 4, 16, 16), -6.0), heat, cover, ignore, footprint)
    assert best < loss(right, heat, cover, ignore, torch.ones(1, 16, 16))
    unknown = torch.full((1, 16, 16), 2.0)
    assert loss(right, heat, cover, ignore, unknown) <= best


def test_normalisation_undoes_a_dark_rendering_with_a_cast():
    y, x = np.mgrid[0:80, 0:80]
    image = (120 + 60 * np.sin(x / 7)[..., None] * np.cos(y / [[[5]], [[6]], [[8]]]).transpose(1, 2, 0)).astype(
        np.uint8
    )
    dark = (image * np.array([0.3, 0.28, 0.33]) + 5).astype(np.uint8)
    ready = normalise(image)
    assert ready.shape == (INPUTS, 80, 80)
    assert np.abs(ready - normalise(dark)).mean() < 0.15


def test_local_contrast_shows_dark_on_dark_beside_a_bright_roof():
    image = np.full((160, 160, 3), 14, np.uint8)
    image[:, 100:] = 230
    image[40:46, 30:45] = 9
    ready = normalise(image)
    car, ground = ready[:, 41:45, 32:43].mean((1, 2)), ready[:, 60:70, 30:45].mean((1, 2))
    assert abs(car[0] - ground[0]) < 0.15
    assert ground[3] - car[3] > 0.5


def test_pixel_size_is_an_input():
    image = np.full((32, 32, 3), 90, np.uint8)
    assert normalise(image, 0.6)[-1] == pytest.approx(1.0)
    assert normalise(image, 0.3)[-1] == pytest.approx(0.0)


def test_wraparound_dots_are_mended_and_windscreens_are_not():
    image = torch.full((1, 3, 20, 20), 240.0)
    image[..., 5, 5] = 3
    image[..., 10:14, 8:16] = 30
    mended = mend_wraparound(image)
    assert (mended[..., 5, 5] == 255).all()
    assert (mended[..., 10:14, 8:16] == 30).all()


def test_black_borders_carry_no_data():
    image = np.full((40, 40, 3), 90, np.uint8)
    image[:, :10] = 0
    image[20, 20] = 0
    seen = with_data(image)
    assert not seen[:, :10].any()
    assert seen[:, 10:].all()
    assert (normalise(image)[:, ~seen] == 0).all()
    assert np.abs(normalise(image)[:3, seen]).mean() < 0.05


def test_resampling_reaches_the_target_gsd():
    image = np.zeros((200, 100, 3), np.uint8)
    assert resample(image, 0.15).shape == (100, 50, 3)
    assert resample(image, 0.6).shape == (400, 200, 3)
    assert resample(image, 0.3) is image


def test_shipped_weights_count_on_scenes_that_no_training_saw():
    chips = [render(np.random.default_rng([HELD_OUT["test"], n])) for n in range(24)]
    network = engine("cpu").network
    assert isinstance(network, LotNet)
    figures = summary(tallies(heats_of(network, chips), chips, WEIGHTS.card["threshold"]))
    assert figures["precision"] > 0.88
    assert figures["recall"] > 0.85


def test_code_version_names_the_weights():
    assert WEIGHTS.digest == WEIGHTS.card["weights_sha256"]
    assert WEIGHTS.path.stat().st_size < 12_000_000
    assert "CC BY 3.0" in WEIGHTS.card["data"]
    assert code_version().endswith(WEIGHTS.digest[:12])

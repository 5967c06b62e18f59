"""Training scenes: mirrors have the colour of mirrors, and the sensor is the point spread that it is said to be."""

import numpy as np
from scipy.ndimage import gaussian_filter

from solarnet_assets.steel import figures, render_glint, render_sensor, train
from solarnet_assets.steel.render_heat import IRRADIANCE, planck


def test_no_mirror_is_as_steep_as_the_hottest_flare():
    """2.2 against 1.6 um, in reflectance: mirrors stay under 1.6, black bodies of 500 to 2,000 K lie above 2."""
    rng = np.random.default_rng(0)
    colours = np.array([render_glint._colour(rng) for _ in range(500)])
    slope = colours[:, 6] / colours[:, 5]
    assert slope.max() <= render_glint.MOST_SLOPE + 1e-9
    assert np.quantile(slope, 0.9) > 1.3
    assert np.quantile(slope, 0.1) < 0.95
    bodies = planck(np.linspace(500, 2000, 20)) / IRRADIANCE
    assert (bodies[:, 6] / bodies[:, 5]).min() > 2.0


def test_glint_brightens_and_never_darkens():
    rng = np.random.default_rng(1)
    lit = 0
    for _ in range(20):
        scene = np.full((7, 80, 80), 0.2, np.float32)
        roofs = np.zeros((80, 80), bool)
        roofs[20:60, 10:70] = True
        render_glint.glint(scene, roofs, rng)
        assert (scene >= 0.2).all()
        lit += bool((scene[6] > 0.3).any() and (scene[3] > 0.25).any())
    assert 5 <= lit <= 19


def test_the_sensor_blurs_moves_and_averages():
    """The matrices do what a Gaussian filter, a shift and a mean over pixels of the fine grid do."""
    rng = np.random.default_rng(2)
    side = 48
    fine = rng.random((side, side)).astype(np.float32)
    spread = render_sensor._spread(side, 1.7)
    made = render_sensor._to_pixels(spread, 3) @ fine @ render_sensor._to_pixels(spread, -2).T
    moved = gaussian_filter(np.roll(fine, (3, -2), (0, 1)), 1.7, truncate=3.0)
    np.testing.assert_allclose(made, render_sensor.average(moved[None])[0], atol=1e-5)


def test_nothing_is_taught_just_below_the_limit():
    background = np.full((1, 5), 0.2, np.float32)
    limit = figures.HOT_FLOOR + figures.HOT_SHARE * 0.2
    heat = np.float32([[0, 0.5, 0.7, 0.99, 1.01]]) * np.float32(limit)
    assert figures.untaught(heat, background).tolist() == [[False, False, True, True, False]]
    chip = next(chip for chip in train.held_out(5, 40) if chip.untaught.any() and chip.hot.any())
    taught = train.sample(chip)[1]
    known = np.isfinite(chip.reflectance["B12"])
    assert set(np.unique(taught[chip.untaught & known])) == {train.UNTAUGHT}
    assert (taught[chip.hot & known] == 1).all()


def test_pixels_that_are_not_taught_do_not_move_the_loss():
    import torch

    logits = torch.zeros(1, 1, 1, 3)
    far = logits.clone()
    far[..., 2] = 9.0
    hot = torch.tensor([[[0.0, 1.0, 2.0]]])
    assert train.loss(logits, hot) == train.loss(far, hot) > 0

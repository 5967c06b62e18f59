import numpy as np
import pytest
import works

from solarnet_assets.imagery.geometry import polygon_mask
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel.excess import excess_radiance

SITE = polygon_mask(works.WKT, works.GRID)


def total(**kwargs):
    return float(np.nansum(excess_radiance(works.scene(**kwargs), SITE, works.GSD).radiance))


def test_the_measure_is_linear_in_heat():
    """Levels that no detector would see in full: the ratio to a full pass must be the level, within two points."""
    full = np.mean([total(seed=s) for s in range(12)])
    for level in (0.0, 0.1, 0.29, 0.76):
        part = np.mean([total(level=level, seed=s) for s in range(12)])
        assert part / full == pytest.approx(level, abs=0.02)


def test_most_of_the_heat_is_found_and_none_where_there_is_none():
    assert 0.7 * works.HEAT < total() < 1.1 * works.HEAT
    assert abs(total(level=0.0)) < 0.05 * works.HEAT


def test_glint_is_not_heat():
    assert abs(total(glint=True) - total()) < 0.05 * works.HEAT


def test_cloud_and_missing_data_are_left_out():
    cloud = np.zeros((works.N, works.N), bool)
    cloud[:, :35] = True
    excess = excess_radiance(works.scene(cloud=cloud), SITE, works.GSD)
    assert np.isnan(excess.radiance[:, :35]).all()
    assert np.isfinite(excess.radiance[SITE & ~cloud]).all()
    assert np.isnan(excess.radiance[~SITE]).all()
    assert 0.01 < excess.noise < 0.2


def test_too_little_clear_ground_is_said():
    with pytest.raises(BadInputError, match="clear pixels"):
        excess_radiance(works.scene(cloud=np.ones((works.N, works.N), bool)), SITE, works.GSD)

"""What was hidden is told for the ground about an outline, and no farther."""

import numpy as np
import pytest
from shapely import box, from_wkt

from solarnet_assets.imagery.geometry import reproject
from solarnet_assets.imagery.raster import Grid
from solarnet_assets.solar.hidden import REACH, Hidden

GRID = Grid(32650, (10.0, 0.0, 500_000.0, 0.0, -10.0, 3_600_000.0), 2000, 2000)


def test_ground_near_an_outline_is_told_and_ground_far_away_is_not():
    usable = np.ones((2000, 2000), bool)
    usable[100:140, 100:140] = False
    usable[900:, :] = False
    hidden = Hidden(usable, GRID)
    near = box(502_000, 3_598_000, 502_500, 3_598_400)
    told = reproject(from_wkt(hidden.near(near)), 4326, 32650)
    assert told.area == pytest.approx(400 * 400, rel=0.02)
    assert hidden.near(box(515_000, 3_598_000, 515_500, 3_598_400)) is None
    edge = reproject(from_wkt(hidden.near(box(510_000, 3_590_500, 510_100, 3_590_600))), 4326, 32650)
    assert edge.area == pytest.approx((2 * REACH + 100) * (REACH + 500), rel=0.02)
    assert edge.bounds[1] == pytest.approx(3_590_500 - REACH, abs=5)


def test_broken_cloud_over_a_whole_scene_stays_short_beside_each_outline():
    usable = np.ones((2000, 2000), bool)
    usable[::20, ::20] = False
    hidden = Hidden(usable, GRID)
    near, whole = (hidden.near(box(510_000 - r, 3_590_000 - r, 510_000 + r, 3_590_000 + r)) for r in (100, 10_000))
    assert len(near) < 0.12 * len(whole)

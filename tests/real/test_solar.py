"""SolarNet on real images: three sub-metre pairs that no training and no threshold has seen (TEST ONLY).

The floors are well below what was measured when this was written (docs/solar.md), so that they catch what breaks the
network, and nothing is fitted to them.
"""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solarnet_assets.evaluation.solar import Settings, evaluate, totals
from solarnet_assets.imagery.raster import Grid
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.polygons import network_input

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
ROOT = REAL / "pv_jiangsu"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not ROOT.exists(), reason="no pv_jiangsu here")]


def test_masks_of_real_pictures():
    rows = evaluate(ROOT / "pairs", ROOT / "pairs", Settings(0.9)).rows
    by_pair = {row["image"]: row for row in rows.iter_rows(named=True)}
    assert set(by_pair) == {"pair0_image", "pair2_image", "pair5_image"}
    assert by_pair["pair0_image"]["iou"] > 0.45
    assert by_pair["pair2_image"]["iou"] > 0.75
    assert totals(rows)["iou"] > 0.6
    assert all(row["presence"] > 0.5 for row in by_pair.values())


def test_pictures_are_no_scenes_and_are_refused_as_such():
    for pair in csv.DictReader((ROOT / "pairs.csv").read_text(encoding="utf-8").splitlines()):
        rgb = np.asarray(Image.open(ROOT / "pairs" / f"pair{pair['pair']}_image.png").convert("RGB"), np.float32) / 255
        bands = {name: rgb[..., n] for n, name in enumerate(("B04", "B03", "B02"))}
        for gsd, reason in ((0.9, "about 10 m"), (10.0, "lacks band B08")):
            grid = Grid(32651, (gsd, 0.0, 0.0, 0.0, -gsd, 0.0), *rgb.shape[:2])
            time = datetime(2020, 1, 1, tzinfo=UTC)
            seen = np.ones(rgb.shape[:2], bool)
            scene = Scene(f"pair{pair['pair']}", bands, seen, None, grid, time, "aerial", 45.0)
            with pytest.raises(BadInputError, match=reason):
                network_input(scene)

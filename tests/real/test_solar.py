"""SolarNet on real images: three sub-metre pairs that no training and no threshold has seen (TEST ONLY), and streets.

The streets are of the sequence of KIT AIS that is kept aside from training.

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
from solarnet_assets.solar.model import weights_of
from solarnet_assets.solar.polygons import network_input
from solarnet_assets.solar.tasks import KEPT_ASIDE

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
ROOT = REAL / "pv_jiangsu"
STREETS = REAL / "cars_kit_ais" / "images"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not ROOT.exists(), reason="no pv_jiangsu here")]


def test_masks_of_real_pictures():
    rows = evaluate(ROOT / "pairs", ROOT / "pairs", Settings(0.9)).rows
    by_pair = {row["image"]: row for row in rows.iter_rows(named=True)}
    assert set(by_pair) == {"pair0_image", "pair2_image", "pair5_image"}
    assert by_pair["pair0_image"]["iou"] > 0.45
    assert by_pair["pair2_image"]["iou"] > 0.75
    assert by_pair["pair5_image"]["iou"] > 0.3
    assert totals(rows)["iou"] > 0.68
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


@pytest.mark.skipif(not STREETS.exists(), reason="no KIT AIS here")
def test_few_tiles_of_streets_without_panels_show_some(tmp_path):
    for file in sorted(STREETS.glob(f"{KEPT_ASIDE}*.png"))[::4]:
        frame = Image.open(file).convert("RGB")
        for left in range(0, frame.width - 255, 256):
            frame.crop((left, 0, left + 256, 256)).save(tmp_path / f"{file.stem}_{left}.png")
    rows = evaluate(tmp_path, None, Settings(0.13)).rows
    assert rows.height >= 20
    assert (rows["presence"] > weights_of("rgb").card["presence"]["threshold"]).mean() < 0.12
    assert rows["found"].mean() < 0.01

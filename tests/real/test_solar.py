"""SolarNet on real images: three sub-metre pairs, which lack the bands it needs, and which it therefore refuses."""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solarnet_assets.imagery.raster import Grid
from solarnet_assets.imagery.scene import Scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar.polygons import network_input

ROOT = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real")) / "pv_jiangsu"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not ROOT.exists(), reason="no pv_jiangsu here")]


@pytest.mark.parametrize("gsd", [0.3, 0.9, 10.0])
def test_sub_metre_rgb_is_refused_in_words(gsd):
    for pair in csv.DictReader((ROOT / "pairs.csv").read_text(encoding="utf-8").splitlines()):
        rgb = np.asarray(Image.open(ROOT / "pairs" / f"pair{pair['pair']}_image.png").convert("RGB"), np.float32) / 255
        bands = {name: rgb[..., n] for n, name in enumerate(("B04", "B03", "B02"))}
        grid = Grid(32651, (gsd, 0.0, 0.0, 0.0, -gsd, 0.0), *rgb.shape[:2])
        time = datetime(2020, 1, 1, tzinfo=UTC)
        scene = Scene(f"pair{pair['pair']}", bands, np.ones(rgb.shape[:2], bool), None, grid, time, "aerial", 45.0)
        with pytest.raises(BadInputError, match="about 10 m" if gsd < 5 else "lacks band B08"):
            network_input(scene)

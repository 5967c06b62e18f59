import io

import numpy as np
import pytest
import torch
from PIL import Image

from solarnet_assets.imagery.jpeg import jpeg


@pytest.mark.parametrize("quality", [30, 75])
@pytest.mark.parametrize("side", [64, 52])
def test_jpeg_loses_what_pillow_loses(quality, side):
    rng = np.random.default_rng(5)
    small = Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8))
    picture = np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    theirs = np.asarray(Image.open(file).convert("RGB"), np.float32)
    pixels = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]
    ours = jpeg(pixels, torch.full((1, 1, 1, 1), float(quality)))[0].permute(1, 2, 0).numpy()
    lost = np.abs(theirs - picture).mean()
    assert np.abs(ours - theirs).mean() < 0.35 * lost
    assert np.abs(ours - picture).mean() == pytest.approx(lost, rel=0.15)


def test_every_picture_has_a_quality_of_its_own():
    rng = np.random.default_rng(2)
    detail = torch.from_numpy(rng.integers(0, 256, (1, 1, 32, 32)).astype(np.float32)).expand(3, 3, -1, -1)
    losses = (jpeg(detail, torch.tensor([95.0, 70.0, 40.0]).view(3, 1, 1, 1)) - detail).abs().mean((1, 2, 3))
    assert losses.tolist() == sorted(losses.tolist())
    assert losses[0] < 0.6 * losses[2]

import json

import numpy as np
import pytest
import torch
from torch import nn

from solarnet_assets.imagery.infer import Engine, load
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.landing import BadInputError


class _Local(nn.Module):
    """Each output cell is a function of its own input block: tiling must not change it."""

    multiple, stride = 8, 2

    def forward(self, x):
        return torch.nn.functional.avg_pool2d(x[:, :1], 2)


def _engine(**options):
    return Engine(_Local().eval(), torch.device("cpu"), **options)


def test_tiles_blend_to_the_same_as_one_pass():
    image = np.random.default_rng(1).normal(size=(3, 150, 203)).astype(np.float32)
    (whole,) = _engine(tile=512).run([image])
    (tiled,) = _engine(tile=64, overlap=16, batch=3).run([image])
    assert whole.shape == tiled.shape == (1, 75, 102)
    np.testing.assert_allclose(whole, tiled, atol=1e-6)


def test_images_of_different_sizes_come_back_in_order():
    images = [np.full((3, n, n + 8), float(k), np.float32) for k, n in enumerate((16, 40, 16, 72))]
    found = list(_engine(batch=2).run(iter(images)))
    for k, (image, output) in enumerate(zip(images, found, strict=True)):
        assert output.shape[1:] == (image.shape[1] // 2, image.shape[2] // 2)
        np.testing.assert_allclose(output, 1 / (1 + np.exp(-k)), atol=1e-6)


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path):
    (tmp_path / "net.safetensors").write_bytes(b"anything")
    (tmp_path / "net.json").write_text(json.dumps({"weights_sha256": "0" * 64}))
    with pytest.raises(BadInputError, match="model card"):
        load(Weights(tmp_path, "net"), _Local)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_gpu_and_cpu_agree():
    from solarnet_assets.solar.model import WEIGHTS
    from solarnet_assets.solar.network import SolarNet

    image = np.random.default_rng(2).uniform(0, 0.4, (6, 128, 128)).astype(np.float32)
    results = [next(load(WEIGHTS, SolarNet, device).run([image])) for device in ("cpu", "cuda")]
    np.testing.assert_allclose(results[0], results[1], atol=1e-3)

import math

import pytest
import torch

from solarnet_assets.parking import tones
from solarnet_assets.parking.tones import largest


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("shape", [(2, 3, 50, 31), (1, 1, 3, 2), (1, 1, 1, 7)])
def test_the_largest_value_around_is_what_pooling_returns(shape, reach):
    image = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    pooled = torch.nn.functional.max_pool2d(image, 2 * reach + 1, 1, reach)
    assert torch.equal(largest(image, reach), pooled)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.7])
def test_a_blur_by_matrices_is_the_blur_by_convolutions(sigma):
    image = torch.rand(2, 3, 40, 57, generator=torch.Generator().manual_seed(1))
    at = torch.arange(-math.ceil(2.6 * sigma), math.ceil(2.6 * sigma) + 1, dtype=torch.float32)
    kernel = torch.exp(-(at**2) / (2 * sigma**2))
    down, across = (tones._blurring(kernel / kernel.sum(), length) for length in (40, 57))
    assert torch.allclose(down @ image @ across.T, tones.gaussian(image, sigma), atol=1e-6)

import pytest
import torch

from solarnet_assets.parking.tones import largest


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("shape", [(2, 3, 50, 31), (1, 1, 3, 2), (1, 1, 1, 7)])
def test_the_largest_value_around_is_what_pooling_returns(shape, reach):
    image = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    pooled = torch.nn.functional.max_pool2d(image, 2 * reach + 1, 1, reach)
    assert torch.equal(largest(image, reach), pooled)

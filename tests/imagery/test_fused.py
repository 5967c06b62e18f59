import numpy as np
import pytest
import torch
from torch import nn

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery import fused
from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.layers import Join, Residual, conv
from solarnet_assets.imagery.sink import ArraySink
from solarnet_assets.imagery.source import ArraySource

CPU = torch.device("cpu")
pytestmark = pytest.mark.skipif(not fused.available(), reason="this torch or processor has no fused convolutions")


class Shaped(nn.Module):
    """Every kind of layer that is fused, and some that are not; a residual block's input is used again."""

    multiple, stride = 2, 1

    def __init__(self, **padding):
        super().__init__()
        torch.manual_seed(0)
        self.stem = conv(3, 5)
        self.down = nn.Sequential(conv(5, 7, 2), Residual(7, 2))
        self.again = Residual(7)
        self.lift = nn.Sequential(nn.Conv2d(7, 6, 1, bias=False), nn.BatchNorm2d(6))
        self.join = Join(5, 6, 4)
        self.odd = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, **padding), nn.Identity(), nn.ReLU(), nn.Sigmoid())
        self.head = nn.Conv2d(4, 2, 1)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.uniform_(layer.running_mean, -0.2, 0.2)
                nn.init.uniform_(layer.running_var, 0.5, 2.0)

    def forward(self, x):
        full = self.stem(x)
        half = self.down(full)
        half = self.again(half) - half
        up = nn.functional.interpolate(self.lift(half), scale_factor=2.0)
        return self.head(self.odd(self.join(full, up)))


def answers(network, precision, image):
    with torch.inference_mode():
        return devices.prepared(network, precision, compiled=False)(image)


@pytest.mark.parametrize(("precision", "most"), [("float32", 1e-6), ("bfloat16", 0.02)])
@pytest.mark.parametrize("padding", [{}, {"padding_mode": "reflect"}])
def test_fused_layers_answer_as_those_they_stand_for(precision, most, padding):
    network = Shaped(**padding).eval()
    image = torch.randn(2, 3, 34, 46).contiguous(memory_format=torch.channels_last)
    expected = answers(network, "float32", image)
    assert expected.std() > 0.05
    found = answers(devices.folded(network, CPU, precision), precision, image)
    assert (found - expected).abs().max() < most


def test_what_can_be_fused_is_and_the_network_itself_stays_as_it_was():
    network = Shaped(padding_mode="reflect").eval()
    before = [type(layer) for layer in network.modules()]
    made = devices.folded(network, CPU, "bfloat16")
    kinds = [type(layer) for layer in made.modules()]
    assert kinds.count(fused.FusedResidual) == 2
    assert kinds.count(fused.FusedJoin) == 1
    assert kinds.count(nn.ReLU) == 1  # behind the convolution that mirrors its input
    assert kinds.count(nn.BatchNorm2d) == 0
    assert [type(layer) for layer in network.modules()] == before


def test_a_join_has_the_parameters_of_a_convolution_over_both_inputs():
    join, both = Join(3, 4, 5).eval(), conv(7, 5).eval()
    both.load_state_dict(join.state_dict())
    a, b = torch.randn(1, 3, 8, 8), torch.randn(1, 4, 8, 8)
    with torch.inference_mode():
        assert torch.equal(join(a, b), both(torch.cat([a, b], 1)))


def test_scenes_and_images_run_fused_and_without_the_operators_as_they_are(monkeypatch):
    image = np.random.default_rng(1).normal(size=(3, 60, 70)).astype(np.float32)

    def results():
        engine, sink = Engine(Shaped().eval(), CPU, precision="float32"), ArraySink(np.float32)
        engine.run_scene(ArraySource(image), sink)
        return [type(layer) for layer in engine.folded.modules()], sink.array, *engine.run([image])

    kinds, scene, whole = results()
    assert fused.FusedJoin in kinds
    monkeypatch.setattr(fused, "available", lambda: False)
    kinds, *plain = results()
    assert fused.FusedJoin not in kinds
    for one, other in zip((scene, whole), plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)

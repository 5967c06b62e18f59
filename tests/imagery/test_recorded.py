"""Steps on a GPU that are recorded and replayed; without one, when they are."""

import numpy as np
import pytest
import torch
from networks import Near, Whole
from torch import nn

from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.recorded import MOST, Recorder, Recording
from solarnet_assets.imagery.sink import ArraySink
from solarnet_assets.imagery.source import ArraySource, Calibration
from solarnet_assets.solar.network import SolarNet

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


class Graph:
    """Stands for a CUDA graph: replaying it does the step again."""

    def __init__(self, step, given, made):
        self.step, self.given, self.made = step, given, made

    def replay(self):
        self.made.copy_(self.step(self.given))


@pytest.fixture
def recorder(monkeypatch):
    def record(self, step, given):
        if len(self.kept) >= MOST:
            self.kept.clear()
        memory = given.clone()
        made = step(memory)
        return Recording(Graph(step, memory, made), memory, made)

    monkeypatch.setattr(Recorder, "_record", record)
    return Recorder()


def test_a_step_runs_once_and_is_replayed_from_the_second_time_on(recorder):
    def step(given):
        return given * 2

    runs = [recorder.run("a", step, torch.full((3,), float(n))).clone() for n in range(4)]
    assert [run.tolist() for run in runs] == [[2.0 * n] * 3 for n in range(4)]
    assert list(recorder.kept) == ["a"]
    recorder.run("b", step, torch.ones(3))
    assert list(recorder.kept) == ["a"], "the first of its kind"


def test_a_step_that_cannot_be_recorded_runs_as_it_is(recorder, monkeypatch):
    def refuse(self, step, given):
        self.refused = True

    monkeypatch.setattr(Recorder, "_record", refuse)
    assert [recorder.run("a", torch.neg, torch.ones(1)).item() for _ in range(3)] == [-1.0] * 3
    assert not recorder.kept


def test_what_a_scene_leaves_in_solarnet_stays_in_its_place():
    """A recording reads the bases of the scene that runs now where those of the first lay."""
    network = SolarNet().eval()
    places, bases = [], []
    with torch.inference_mode():
        for seed in range(2):
            torch.manual_seed(seed)
            network.survey([torch.rand(1, 6, 64, 64)])
            places.append([found.data_ptr() for found in network.buffers()])
            bases.append(network.attention.built_from.clone())
            network.survey([])
            assert not network.attention.holding
    assert places[0] == places[1]
    assert not torch.equal(*bases)


def scenes(network, device, images, **options):
    made = Engine(network.eval().to(device), torch.device(device), tile=128, overlap=32, batch=4, **options)
    sinks = [ArraySink(np.float32) for _ in images]
    sources = [ArraySource(image, Calibration(1e-4, -0.1, 0)) for image in images]
    list(made.run_scenes(zip(sources, sinks, strict=True)))
    return made, [sink.array for sink in sinks]


def numbers(bands=3, count=3):
    rng = np.random.default_rng(4)
    return [(rng.integers(0, 65_535, (bands, 420, 500)) // (n + 1)).astype(np.uint16) for n in range(count)]


class Waiting(nn.Module):
    """Looks at its input from Python, which cannot be recorded."""

    multiple, stride = 8, 1

    def forward(self, x):
        return x[:, :1] if float(x.max()) > -1e9 else x[:, :1] * 0


@CUDA
@pytest.mark.parametrize("network", [Near, Whole, Waiting, SolarNet])
def test_scenes_are_the_same_recorded_and_not(network):
    images = numbers(6 if network is SolarNet else 3)
    torch.manual_seed(0)
    net = network()
    _, expected = scenes(net, "cpu", images, precision="float32")
    made, found = scenes(net, "cuda", images, precision="float32")
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    assert bool(made.recorder.kept) == (network in (Near, SolarNet))
    assert made.recorder.refused == (network is Waiting)


def test_a_network_whose_survey_moves_memory_is_not_recorded():
    def recorded(network, **options):
        return Engine(network, torch.device("cpu"), **options).recorded

    assert recorded(SolarNet())
    assert recorded(Near())
    assert not recorded(Whole())
    assert not recorded(Near(), compiled=True)

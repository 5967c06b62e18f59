import numpy as np
import pytest
import torch
from torch import nn

from solarnet_assets.imagery import learn
from solarnet_assets.landing import BadInputError


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _draw(number):
    """Scenes show their own number; every third is of kind 1."""
    return np.full((1, 4, 4), number, np.float32), np.array([number % 3 == 0], np.int64)


def _fitted(recipe, without, seen):
    def note(output, *targets):
        return output.mean()

    def prepare(batch, _):
        seen.append(sorted({int(number) for number in batch[0][:, 0, 0, 0]}))
        return batch

    nets = [(nn.Conv2d(1, 1, 1), 3) for _ in without]
    return learn.fit_all(nets, _draw, note, recipe, lambda _: None, None, prepare, without)


def test_a_network_never_sees_the_kind_that_it_is_kept_from():
    seen = []
    _fitted(learn.Recipe(steps=6, batch=8, workers=0, ring=64, reuse=1.0), [None, 1], seen)
    everything, without = seen[::2], seen[1::2]
    assert any(number % 3 == 0 for batch in everything for number in batch)
    assert not any(number % 3 == 0 for batch in without for number in batch)
    assert any(batch for batch in without)


class _Told(nn.Module):
    """Keeps the numbers of the scenes that it is given."""

    def __init__(self):
        super().__init__()
        self.scale, self.given = nn.Parameter(torch.ones(1)), []

    def forward(self, image):
        self.given.append(image[:, 0, 0, 0].tolist())
        return image * self.scale


def test_batches_made_ahead_are_shuffled_and_each_scene_is_used_once():
    prepared = []

    def prepare(batch, _):
        prepared.append(batch[0][:, 0, 0, 0].tolist())
        return batch

    recipe = learn.Recipe(steps=4, batch=8, workers=0, ring=32, reuse=1.0, ahead=4)
    told = _Told()
    learn.fit(told, lambda n: _draw(n)[:1], lambda output: output.mean(), recipe, lambda _: None, None, prepare)
    (numbers,) = prepared
    assert [len(part) for part in told.given] == [8] * 4
    used = [number for part in told.given for number in part]
    assert sorted(used) == sorted(numbers)
    assert used != numbers


def test_checkpoints_between_prepared_batches_are_refused(tmp_path):
    keep, recipe = learn.Keep(tmp_path / "x", every=3), learn.Recipe(steps=4, ahead=2, workers=0)
    with pytest.raises(BadInputError, match="every 2 steps"):
        learn.fit(_Told(), _draw, lambda output: output.mean(), recipe, lambda _: None, keep)

import numpy as np
import pytest
import torch

from solarnet_assets.solar import tasks
from solarnet_assets.solar.model import BANDS, CENTRES, MISSING
from solarnet_assets.solar.network import normalise
from solarnet_assets.solar.rgb_vary import BARE, REAL, WINDOW, Vary, blur, pieces


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _dice(seed=3):
    return torch.Generator().manual_seed(seed)


def _pictures(n, side=64):
    rng = np.random.default_rng(1)
    image = torch.from_numpy(rng.integers(0, 256, (n, 3, side, side)).astype(np.float32))
    share = torch.zeros(n, side, side)
    share[: n // 2, 20:40, 20:40] = 255
    return [image, share]


def test_pictures_are_varied_by_the_generator_alone_and_stay_pictures():
    batch = _pictures(8)
    image, share = Vary()(batch, _dice())
    again, same = Vary()(batch, _dice())
    assert torch.equal(image, again)
    assert torch.equal(share, same)
    assert not torch.equal(image, Vary()(batch, _dice(4))[0])
    assert image.shape == (8, 3, 64, 64)
    assert share.shape == (8, 64, 64)
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1
    assert not share[4:].any()
    assert share[:4].any()


def test_real_ground_under_arrays_or_alone_as_often_as_said():
    frame = np.zeros((WINDOW + 10, 2 * WINDOW + 5, 3), np.uint8)
    frame[..., 1] = 200
    assert [p.shape for p in pieces(frame)] == [(WINDOW, WINDOW, 3)] * 2
    grey = [torch.full((400, 3, 32, 32), 128.0), torch.zeros(400, 32, 32)]
    grey[1][:, 8:24, 8:24] = 255
    image, share = Vary([frame])(grey, _dice())
    green = (image[:, 1] - image[:, 0])[:, :3, :3].mean((1, 2)) > 0.1
    bare = ~share.flatten(1).any(1)
    assert float(green.float().mean()) == pytest.approx(REAL, abs=0.1)
    assert float(bare.float().mean()) == pytest.approx(REAL * BARE, abs=0.08)
    middle = (image[:, 1] - image[:, 0])[:, 14:18, 14:18].mean((1, 2))
    assert float(middle[bare].mean()) > 4 * float(middle[~bare].mean())


def test_blur_keeps_the_mean_and_widens_with_sigma():
    spot = torch.zeros(2, 1, 21, 21)
    spot[:, :, 10, 10] = 1
    out = blur(spot, torch.tensor([0.5, 1.5]).reshape(2, 1, 1, 1))
    assert out.sum((1, 2, 3)).numpy() == pytest.approx([1, 1], abs=1e-3)
    assert float(out[0, 0, 10, 10]) > 2 * float(out[1, 0, 10, 10])


def test_missing_bands_are_zero_to_the_network_and_scenes_lack_some():
    values = torch.tensor([MISSING[name] for name in BANDS])[None, :, None, None].float()
    assert normalise(values).abs().max() < 1e-5
    assert set(MISSING) == set(CENTRES)
    scene = torch.rand(200, 6, 16, 16) * 0.4 + 0.02
    assert tasks.preparer("s2") is None
    image, share, ignore = tasks.preparer("any")([scene, torch.zeros(200, 16, 16), torch.zeros(200, 16, 16)], _dice())
    assert image.shape[-1] in {8, 16}
    assert share.shape == ignore.shape == (200, *image.shape[-2:])
    flat = image.flatten(2).std(2) < 1e-6
    assert 0.2 < float(flat.any(1).float().mean()) < 0.5
    assert not flat[:, :3].any()


def test_every_picture_is_asked_for_by_itself():
    share = torch.zeros(2, 32, 32)
    share[0, 4:10, 4:10] = 1
    right = torch.where(share > 0, 4.0, -4.0)
    blind, alarmed = right.clone(), right.clone()
    blind[0] = -4
    alarmed[1, 20:26, 20:26] = 4
    good = tasks.single(right, share)
    assert tasks.single(blind, share) > good + 0.3
    assert tasks.single(alarmed, share) > good + 0.1

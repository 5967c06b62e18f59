import numpy as np
import pytest
import torch

from solarnet_assets.solar.model import WEIGHTS, code_version, engine
from solarnet_assets.solar.network import EMAU, SolarNet, loss
from solarnet_assets.solar.render import SolarChip, _with_lanes, render
from solarnet_assets.solar.train import HELD_OUT, areas, figures


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def test_attention_keeps_shape_and_moves_its_bases_in_training_only():
    torch.manual_seed(0)
    unit = EMAU(8, bases=5)
    x = torch.randn(2, 8, 6, 7)
    before = unit.mu.clone()
    unit.eval()(x)
    assert torch.equal(unit.mu, before)
    assert unit.train()(x).shape == x.shape
    assert not torch.equal(unit.mu, before)


def test_network_is_small_and_keeps_the_size_of_the_image():
    network = SolarNet().eval()
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    with torch.inference_mode():
        assert network(torch.rand(1, 6, 64, 72)).shape == (1, 1, 64, 72)


def test_loss_falls_with_the_right_answer_and_ignores_cloud():
    share = torch.zeros(1, 16, 16)
    share[:, :8] = 1
    right, nothing = (share * 12 - 6)[:, None], torch.zeros(1, 16, 16)
    assert loss(right, share, nothing) < loss(-right, share, nothing)
    cloudy = torch.ones(1, 16, 16)
    assert loss(-right, share, cloudy) == pytest.approx(0.0, abs=1e-6)


def test_rendered_scenes_are_reproducible_and_plausible():
    a, b = (render(np.random.default_rng([3, 4])) for _ in range(2))
    assert np.array_equal(a.reflectance, b.reflectance)
    chips = [render(np.random.default_rng([5, n])) for n in range(12)]
    assert {c.reflectance.shape for c in chips} == {(6, 128, 128)}
    assert 0 < np.mean([c.share.mean() for c in chips]) < 0.3
    assert all(np.isfinite(c.reflectance).all() and c.reflectance.max() < 1.5 for c in chips)


def test_shipped_weights_find_arrays_in_scenes_that_no_training_saw():
    chips = [render(np.random.default_rng([HELD_OUT["test"], n])) for n in range(40)]
    found = np.stack(list(engine("cpu").run(c.reflectance for c in chips)))[:, 0]
    measured = figures(found, chips, WEIGHTS.card["threshold"])
    assert measured["iou"] > 0.5
    assert measured["farm_f1"] > 0.65


def test_area_of_a_found_farm_is_judged_with_its_blocks_together_and_a_missed_one_is_not():
    share, found = np.zeros((2, 64, 64), np.float32)
    share[5:25, 5:15] = share[5:25, 18:28] = share[45:60, 45:60] = 1
    found[5:25, 5:25] = 1
    chip = SolarChip(np.zeros((6, 64, 64), np.float32), share, np.zeros((64, 64), np.float32))
    assert areas(found[None], [chip], 0.5).tolist() == [[400.0, 400.0, 0.85]]


def test_lanes_of_a_pixel_belong_to_a_farm_and_wider_gaps_do_not():
    blocks = np.zeros((12, 40), bool)
    blocks[:, :10] = blocks[:, 12:20] = blocks[:, 26:] = True
    inside = _with_lanes(blocks)
    assert inside[:, 10:12].all()
    assert not inside[:, 20:26].any()


def test_model_card_states_the_error_of_area_and_how_it_was_found():
    card = WEIGHTS.card
    assert card["test"]["area_ratio"] == pytest.approx(1, abs=0.05)
    assert 0.05 < card["test"]["area_relative_sd"] < 0.3
    assert 0 < card["area_shared_sd"] < card["test"]["area_relative_sd"]
    assert "solarnet_assets.solar.train" in card["assessed"]


def test_code_version_names_the_weights():
    assert WEIGHTS.digest == WEIGHTS.card["weights_sha256"]
    assert WEIGHTS.path.stat().st_size < 5_000_000
    assert code_version() == f"solarnet-{WEIGHTS.digest[:12]}"

import copy

import numpy as np
import pytest
import torch

from solarnet_assets.imagery.infer import Engine
from solarnet_assets.solar.assess import HELD_OUT, areas, figures
from solarnet_assets.solar.baselines import NETWORKS
from solarnet_assets.solar.model import WEIGHTS, code_version, engine
from solarnet_assets.solar.network import COLOURS, EMAU, SolarNet, loss
from solarnet_assets.solar.render import SolarChip, _with_lanes, render


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


def test_bases_of_a_scene_that_is_its_own_sample_are_those_that_are_found_in_it():
    network = copy.deepcopy(engine("cpu").network)
    image, other = (
        torch.from_numpy(render(np.random.default_rng([HELD_OUT["test"], n])).reflectance)[None] for n in (1, 2)
    )
    with torch.inference_mode():
        found, elsewhere = network(image), network(other)
        network.survey([image])
        assert torch.allclose(network(image), found, atol=1e-4)
        assert not torch.allclose(network(other), elsewhere, atol=0.1)
        network.survey([image, other])
        assert not torch.allclose(network(image), found, atol=1e-2)
        network.survey([])
        assert torch.equal(network(other), elsewhere)


def test_network_is_small_and_keeps_the_size_of_the_image():
    network = SolarNet().eval()
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    with torch.inference_mode():
        assert network(torch.rand(1, 6, 64, 72)).shape == (1, 1, 64, 72)


@pytest.mark.parametrize("kind", ["s2", "rgb"])
def test_networks_of_a_kind_are_of_one_size_and_keep_the_size_of_the_image(kind):
    sizes = {}
    for name, build in NETWORKS[kind].items():
        network = build().eval()
        sizes[name] = sum(p.numel() for p in network.parameters())
        side = 4 * network.multiple
        with torch.inference_mode():
            assert network(torch.rand(1, 6 if kind == "s2" else 3, side, side + network.multiple)).shape[2:] == (
                side, side + network.multiple,
            )  # fmt: skip
    assert set(sizes) == {"solarnet", "unet", "emanet"}
    assert max(sizes.values()) < 1.15 * min(sizes.values())


@pytest.mark.parametrize(("name", "attends"), [("solarnet", True), ("emanet", True), ("unet", False)])
def test_attention_has_64_bases_and_three_steps(name, attends):
    units = [m for m in NETWORKS["s2"][name]().modules() if isinstance(m, EMAU)]
    assert [(u.mu.shape[2], u.steps) for u in units] == ([(64, 3)] if attends else [])


def test_bands_and_width_are_free_and_unknown_bands_are_refused():
    with torch.inference_mode():
        assert SolarNet(("B04", "B08"), width=8, factors=(2, 3)).eval()(torch.rand(1, 2, 16, 16)).shape == (
            1,
            1,
            16,
            16,
        )
        assert SolarNet(COLOURS, width=8).multiple == 8
    with pytest.raises(ValueError, match="B99"):
        SolarNet(("B04", "B99"))


def test_shifting_the_grid_of_tiles_leaves_no_seams():
    """Where tiles lie changes a probability by 0.002 on average and by 0.05 in one pixel of a hundred at most.

    No row or column stands out, as they do without overlap. The attention sees a tile as a whole, so that a little
    remains away from edges too.
    """
    image = render(np.random.default_rng([HELD_OUT["test"], 0]), 544).reflectance
    shift = 40

    def moved(overlap):
        made = Engine(engine("cpu").network, torch.device("cpu"), tile=448, overlap=overlap)
        here, there = next(made.run([image[:, shift:, shift:]]))[0], next(made.run([image]))[0][shift:, shift:]
        return np.abs(here - there)[32:-32, 32:-32]

    def line(change):
        return max(change.mean(0).max(), change.mean(1).max())

    change = moved(64)
    assert change.mean() < 0.002
    assert np.quantile(change, 0.99) < 0.05
    assert line(change) < 0.02
    assert line(moved(0)) > 2 * line(change)


def test_the_size_of_tiles_does_not_matter_to_a_scene():
    """Bases are found once for a scene. Found tile by tile, they change probabilities by several times as much."""
    image = render(np.random.default_rng([HELD_OUT["test"], 3]), 640).reflectance
    own = EMAU.hold

    def moved():
        here, there = (
            next(Engine(engine("cpu").network, torch.device("cpu"), tile=tile, overlap=64).run([image]))[0]
            for tile in (264, 448)
        )
        return np.abs(here - there)

    change = moved()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EMAU, "hold", lambda unit, _: own(unit, None))
        assert moved().mean() > 4 * change.mean()
    assert change.mean() < 0.002


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

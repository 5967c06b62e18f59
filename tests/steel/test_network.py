import json

import numpy as np
import pytest
import torch

from solarnet_assets.imagery import learn
from solarnet_assets.imagery.infer import load
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.steel import figures, train
from solarnet_assets.steel.model import WEIGHTS, code_version, engine, threshold
from solarnet_assets.steel.network import FEATURES, HeatNet, features
from solarnet_assets.steel.planes import PLANES, planes, usable
from solarnet_assets.steel.render import render
from solarnet_assets.steel.render_sensor import VISIBLE, draw_look

FULL = (*VISIBLE, "B8A", "B11", "B12")


def chips(count, bands=FULL, seed=4_242):
    return train.held_out(seed, count, bands)


def test_planes_take_whatever_bands_there_are():
    band = np.full((4, 5), 0.2, np.float32)
    holed = band.copy()
    holed[0, 0] = np.nan
    made = planes({"TCI_R": band, "B09": band, "B12": holed})
    assert made.shape == (PLANES, 4, 5)
    assert np.isfinite(made).all()
    assert made[6:, 1, 1].tolist() == [0, 0, 0.5, 0.5, 0, 1], "a rendering and B09 are trusted by half"
    assert made[11, 0, 0] == made[5, 0, 0] == 0
    both = planes({"B8A": band, "B08": band * 2, "B12": band})
    assert both[3, 0, 0] == np.float32(0.2)
    assert both[9, 0, 0] == 1
    assert usable({"B12": band, "B03": band}) is None
    assert "B12" in usable({"B11": band})


def test_what_rests_on_a_missing_band_is_zero():
    band = np.full((16, 16), 0.2, np.float32)
    made = features(torch.from_numpy(planes({"B8A": band, "B12": band * 2}))[None])[0]
    assert made.shape == (FEATURES, 16, 16)
    silent = [n for n in range(FEATURES) if not made[n].any()]
    # logs of B02-B04 and B11, linear B11, ratios to B11 and red, slope, index, contrast to B11, trust in these
    assert set(silent) >= {0, 1, 2, 4, 6, 8, 10, 11, 12, 14, 16, 17, 18, 20}
    assert {3, 5, 7, 9, 19, 21}.isdisjoint(silent)


def test_weights_fit_their_card_and_their_limits():
    WEIGHTS.check()
    net = engine("cpu").network
    assert sum(p.numel() for p in net.parameters()) <= 200_000
    assert WEIGHTS.path.stat().st_size <= 1_000_000
    card = json.loads((WEIGHTS.folder / "heatnet.json").read_text())
    assert {"command", "commit", "recipe", "training", "reliability", "test_by_bands", "data"} <= set(card)
    assert 0.5 <= threshold() < 1
    assert code_version().startswith("heatnet-")


@pytest.mark.parametrize("shape", [(33, 47), (96, 96), (5, 3)])
def test_images_of_any_size_go_through(shape):
    probability = next(engine("cpu").run([planes({"B12": np.full(shape, 0.2, np.float32), "B04": np.ones(shape)})]))
    assert probability.shape == (1, *shape)
    assert ((probability >= 0) & (probability <= 1)).all()


def test_shipped_weights_beat_the_rules_on_chips_that_nobody_saw():
    judged = train.judge(engine("cpu").network, chips(40))
    for name, row in figures.against_rules(judged).items():
        assert row["network_false_hot_pixels"] * 5 <= max(row["false_hot_pixels"], 5), name
    assert figures.at_threshold(judged, threshold())["recall"] > 0.6


@pytest.mark.parametrize("bands", list(train.BAND_SETS.values()), ids=list(train.BAND_SETS))
def test_every_set_of_bands_is_judged_with_few_false_pixels(bands):
    row = figures.at_threshold(train.judge(engine("cpu").network, chips(25, bands)), threshold())
    assert row["recall"] > 0.45
    assert row["false_per_100000"] < 15


def test_a_network_learns_and_is_calibrated():
    """A few steps must lower the loss; Platt's line must lower it again or leave it."""
    torch.manual_seed(0)
    net = HeatNet(8)
    stack = [train.sample(chip) for chip in chips(12)]
    image = torch.from_numpy(np.stack([s[0] for s in stack]).astype(np.float32))
    hot = torch.from_numpy(np.stack([s[1] for s in stack]).astype(np.float32))
    optimiser = torch.optim.AdamW(net.parameters(), 5e-3)
    first = train.loss(net(image), hot)
    for _ in range(12):
        optimiser.zero_grad()
        value = train.loss(net(image), hot)
        value.backward()
        optimiser.step()
    assert value < 0.75 * first
    net.eval()
    before = train.loss(net(image), hot)
    train.calibrate(net, chips(12))
    with torch.no_grad():
        assert train.loss(net(image), hot) <= before + 0.01


def test_a_chip_follows_from_its_number():
    one, same, other = (train._draw(n, 7) for n in (3, 3, 4))
    assert one.reflectance.keys() == same.reflectance.keys()
    for name, band in one.reflectance.items():
        np.testing.assert_array_equal(band, same.reflectance[name])
    assert one.kind != other.kind or not np.array_equal(one.reflectance["B12"], other.reflectance["B12"])


def test_rendered_heat_looks_as_planck_says():
    """Where a chip is hot, 2.2 um rises more than 1.6 um, and hot and cool never overlap."""
    rise = []
    for n in range(30):
        rng = np.random.default_rng([11, n])
        chip = render(rng, look=draw_look(rng, FULL))
        assert not (chip.hot & chip.cool).any()
        assert (chip.hot <= (chip.heat > 0.04)).all()
        strong = chip.heat > 0.3
        if strong.any() and np.isfinite(chip.reflectance["B12"]).all():
            rise.append(float(np.median((chip.reflectance["B12"] - chip.reflectance["B11"])[strong])))
    assert len(rise) >= 5
    assert np.median(rise) > 0.1


def test_equal_recall_is_equal_recall():
    """By hand: the rule finds 2 of 4 with 3 false; the network's best two thresholds need p >= 0.8, with 1 false."""
    p = np.float32([[0.9, 0.8, 0.4, 0.3, 0.85, 0.2, 0.1, 0.05]])
    hot = np.array([[1, 1, 1, 1, 0, 0, 0, 0]], bool)
    rule = np.array([[1, 0, 1, 0, 1, 1, 1, 0]], bool)
    judged = [figures.Judged(p, {"TAI": rule}, hot, ~hot)]
    row = figures.against_rules(judged)["TAI"]
    assert (row["recall"], row["false_hot_pixels"], row["network_false_hot_pixels"]) == (0.5, 3, 1)
    assert row["times_fewer"] == 3
    assert figures.at_threshold(judged, 0.35)["recall"] == 0.75
    table = figures.reliability(judged)
    assert sum(r["pixels"] for r in table) == 8
    assert figures.calibration_error(table) > 0.1


def test_the_threshold_keeps_to_its_bound(monkeypatch):
    """Of 1,000 cool pixels ten may be hot: the threshold lies above the eleventh, and is not larger than need be."""
    monkeypatch.setattr(train, "FALSE_PER_PIXEL", 0.01)
    cool = np.ones((1, 1000), bool)
    p = np.linspace(0.2, 0.95, 1000, dtype=np.float32)[None]
    threshold = train.threshold_of([figures.Judged(p, {}, ~cool, cool)])
    assert 8 <= np.count_nonzero(p >= threshold) <= 10
    assert train.threshold_of([figures.Judged(p / 4, {}, ~cool, cool)]) == 0.5


def test_a_training_goes_on_from_weights_and_says_so(tmp_path):
    recipe = learn.Recipe(steps=1, batch=4, workers=0, ring=16, reuse=4)
    card = train.train(tmp_path, recipe, 2, lambda _: None, start=WEIGHTS.folder)
    assert card["started_from"]["weights_sha256"] == WEIGHTS.digest
    assert card["command"].endswith("--start DIR")
    after = load(Weights(tmp_path, "heatnet"), HeatNet, "cpu").network
    before = engine("cpu").network
    pairs = zip(after.parameters(), before.parameters(), strict=True)
    far = max(float((a - b).detach().abs().max()) for a, b in pairs)
    assert far < 0.02, "one step moves weights by little"


def test_a_training_leaves_weights_and_a_card_that_fit(tmp_path):
    recipe = learn.Recipe(steps=2, batch=4, workers=0, ring=32, reuse=4)
    lines = []
    card = train.train(tmp_path, recipe, 4, lines.append)
    weights = Weights(tmp_path, "heatnet")
    weights.check()
    assert card["weights_sha256"] == weights.digest
    assert set(card["test_by_bands"]) == set(train.BAND_SETS)
    assert set(card["against_rules_at_equal_recall"]) <= {"TAI", "NHI", "HOTMAP", "Massimetti"}
    assert card["command"].startswith("solarnet train heat --steps 2 ")
    assert card["training"]["steps"] == 2
    assert lines
    assert not list(tmp_path.glob("*checkpoint*"))
    assert load(weights, HeatNet, "cpu").network.slope == pytest.approx(card["calibration"]["slope"], abs=1e-4)

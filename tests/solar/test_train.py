import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from solarnet_assets.imagery import learn, publish
from solarnet_assets.imagery.checkpoint import Learner, read, write
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.landing import BadInputError
from solarnet_assets.solar import assess_wide, presence, tasks
from solarnet_assets.solar.model import MISSING
from solarnet_assets.solar.network import SolarNet
from solarnet_assets.solar.patches import match
from solarnet_assets.solar.train import average, begin, check_names, train

TINY = learn.Recipe(steps=6, batch=2, ring=32, reuse=0.25, workers=0)
"""Eight new scenes a step: the ring turns over before the end."""

SHORT = learn.Recipe(steps=2, batch=2, ring=16, workers=0)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _small():
    torch.manual_seed(5)
    return SolarNet(width=4, factors=(2, 2), bases=4)


def _draw(number):
    rng = np.random.default_rng([1, number])
    image = rng.random((6, 16, 16), np.float32)
    return image, (image[5] < 0.3).astype(np.float32), np.zeros((16, 16), np.uint8)


class CutError(RuntimeError):
    """What stands for a kill."""


def _fit(keep=None, cut=None, recipe=TINY):
    def log(line):
        if cut and line.startswith(f"step {cut},"):
            raise CutError

    return learn.fit(_small(), _draw, tasks.loss, recipe, log, keep)


def test_a_training_that_was_cut_off_ends_with_the_same_weights(tmp_path):
    whole, facts = _fit()
    file = tmp_path / "x.checkpoint"
    with pytest.raises(CutError):
        _fit(learn.Keep(file, every=2), cut=5)
    resumed, again = _fit(learn.Keep(file, every=2, resume=True))
    assert all(
        torch.equal(a, b) for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    )
    assert facts["curve"] == again["curve"]
    assert not list(tmp_path.glob(".*"))


def test_scenes_come_in_the_order_of_their_numbers_whatever_the_workers():
    one, _ = _fit(recipe=learn.Recipe(**(TINY.__dict__ | {"workers": 1})))
    two, _ = _fit(recipe=learn.Recipe(**(TINY.__dict__ | {"workers": 2})))
    none, _ = _fit()
    for other in (two, none):
        pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_checkpoints_of_other_trainings_and_other_files_are_refused(tmp_path):
    file = tmp_path / "x.checkpoint"
    learner = Learner(_small(), 1, 1e-3, torch.device("cpu"))
    learner.learn([torch.from_numpy(np.stack([part]).astype(np.float32)) for part in _draw(0)], tasks.loss, 0.1)
    write(file, [learner], TINY.__dict__, 1)
    assert read(file, [Learner(_small(), 2, 1e-3, torch.device("cpu"))], TINY.__dict__ | {"workers": 9}) == 1
    with pytest.raises(BadInputError, match="steps was 6"):
        read(file, [learner], TINY.__dict__ | {"steps": 7})
    with pytest.raises(BadInputError, match="another network"):
        read(file, [Learner(SolarNet(width=6), 1, 1e-3, torch.device("cpu"))], TINY.__dict__)
    file.write_bytes(b"nonsense")
    with pytest.raises(BadInputError, match="not a checkpoint"):
        read(file, [learner], TINY.__dict__)


def test_learning_lowers_the_loss():
    recipe = learn.Recipe(steps=60, batch=4, ring=64, reuse=4, workers=0, rate=5e-3)
    _, facts = _fit(recipe=recipe)
    losses = [value for _, value in facts["curve"]]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


@pytest.mark.parametrize(("kind", "name"), [("s2", "unet"), ("rgb", "emanet")])
def test_training_leaves_weights_with_a_card_and_no_checkpoint(tmp_path, kind, name):
    card = train(tmp_path, kind, name, SHORT, 2, lambda line: None, every=1)
    stem = name if kind == "s2" else f"{name}_rgb"
    assert sorted(f.name for f in tmp_path.iterdir()) == [f"{stem}.json", f"{stem}.safetensors"]
    told = json.loads((tmp_path / f"{stem}.json").read_text())
    assert told["weights_sha256"] == card["weights_sha256"]
    assert {"data", "seed", "commit", "command", "recipe", "training", "threshold", "test"} <= set(told)
    assert f"--network {name}" in told["command"]
    assert ("presence" in told) == (kind == "rgb")


def test_weights_of_trainings_that_went_on_are_averaged(tmp_path):
    train(tmp_path / "a", "s2", "solarnet", SHORT, 1, lambda line: None)
    train(tmp_path / "b", "s2", "solarnet", SHORT, 1, lambda line: None, start=tmp_path / "a")
    card = average("s2", [tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    a, b, c = (load_file(tmp_path / x / "solarnet.safetensors") for x in "abc")
    assert torch.allclose(c["head.weight"], (a["head.weight"] + b["head.weight"]) / 2)
    assert [part["weights_sha256"] for part in card["averaged_from"]] == [
        json.loads((tmp_path / x / "solarnet.json").read_text())["weights_sha256"] for x in "ab"
    ]
    assert card["averaged_from"][1]["started_from"]["weights_sha256"] == card["averaged_from"][0]["weights_sha256"]


def test_unknown_networks_are_named():
    with pytest.raises(BadInputError, match="no network resnet for s2"):
        check_names("s2", "resnet")


def test_recipes_that_cannot_be_learnt_with_are_refused():
    with pytest.raises(BadInputError, match="multiple of 16"):
        learn.Recipe(ring=100)
    with pytest.raises(BadInputError, match="above zero"):
        learn.Recipe(steps=0)


def test_patches_are_found_missed_and_made_up():
    truth, mask = np.zeros((2, 40, 40), bool)
    truth[2:8, 2:8] = truth[20:26, 2:8] = True
    mask[2:8, 2:6] = mask[30:36, 30:36] = True
    mask[10, 10] = True
    assert match(mask, truth) == (1, 2, 1)


def test_presence_is_calibrated_and_ranks():
    rng = np.random.default_rng(2)
    shown = np.arange(200) % 2 == 0
    tiles = rng.random((200, 32, 32)).astype(np.float32) ** 4 * 0.7
    tiles[shown, 4:12, 4:12] += 0.25
    rows = np.stack([presence.features(t) for t in tiles])
    card = {"presence": {"weights": presence.fit(rows, shown)}}
    scores = np.array([presence.score(t, card) for t in tiles])
    assert presence.auc(scores, shown) > 0.95
    assert abs(scores.mean() - shown.mean()) < 0.03
    assert ((scores >= 0) & (scores <= 1)).all()


def test_weights_of_another_width_lend_the_layers_that_fit(tmp_path):
    train(tmp_path, "s2", "solarnet", SHORT, 1, lambda line: None)
    kept = load_file(tmp_path / "solarnet.safetensors")
    wider = SolarNet(factors=(2, 4, 8))
    before = {name: value.clone() for name, value in wider.state_dict().items()}
    told = begin(wider, Weights(tmp_path, "solarnet"))["started_from"]
    after = wider.state_dict()
    assert torch.equal(after["stem.0.weight"], kept["stem.0.weight"])
    assert torch.equal(after["down.2.0.0.weight"], before["down.2.0.0.weight"])
    taken, of = (int(number) for number in told["tensors_taken_over"].split(" of "))
    assert 0 < taken < of == len(after)
    with pytest.raises(BadInputError, match="another network"):
        begin(torch.nn.Conv2d(1, 1, 1), Weights(tmp_path, "solarnet"))


def test_figures_elsewhere_name_scenes_bands_and_wrong_numbers():
    found = assess_wide.figures(_small().eval(), 0.5, scale=0.01)
    assert {"iou_256", "farm_f1_512", "iou_256_without_B11_B12", "iou_256_offset_left_in"} <= set(found)
    assert all(0 <= value <= 1 for value in found.values())
    left = assess_wide.without(np.full((6, 4, 4), 0.3, np.float32), ("B11", "B12"))
    assert left[4, 0, 0] == pytest.approx(MISSING["B11"])
    assert (left[:4] == np.float32(0.3)).all()


def test_half_precision_keeps_statistics_that_exceed_it(tmp_path):
    net = _small()
    net.stem[1].running_var.fill_(1e6)
    publish.save(net, {}, tmp_path, "x", half=True)
    kept = load_file(tmp_path / "x.safetensors")
    assert float(kept["stem.1.running_var"][0]) == 1e6
    assert kept["stem.0.weight"].dtype == torch.float16

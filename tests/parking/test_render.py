import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from solarnet_assets.imagery import learn
from solarnet_assets.landing import BadInputError
from solarnet_assets.parking import figures, kit, train
from solarnet_assets.parking.network import LotNet
from solarnet_assets.parking.real import read
from solarnet_assets.parking.render import CANVAS, CHIP, draw, render
from solarnet_assets.parking.sensor import Dice, photograph
from solarnet_assets.parking.train import photographed, targets


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _scene(want=20):
    scenes = (draw(np.random.default_rng([7, n])) for n in range(40))
    return next(s for s in scenes if len(s.centres) >= want and not s.hidden.any())


def test_a_scene_follows_from_its_number():
    one, two = render(np.random.default_rng([7, 3])), render(np.random.default_rng([7, 3]))
    assert np.array_equal(one.image, two.image)
    assert one.image.shape == (CHIP, CHIP, 3)
    assert 0.15 <= one.gsd <= 1.0
    assert 20 <= one.facts.sun <= 75


def test_targets_mark_every_visible_vehicle_and_its_footprint():
    scene = _scene()
    canvas, heat, cover, ignore, footprint = targets(scene)
    assert canvas.shape == (3, round(CHIP * 0.3 / CANVAS), round(CHIP * 0.3 / CANVAS))
    assert (heat == 1).sum() == pytest.approx((scene.hidden <= 0.35).sum(), abs=2)
    assert cover.shape == (2, CHIP // 2, CHIP // 2)
    assert ignore.shape == footprint.shape == (CHIP // 2, CHIP // 2)
    column, row = np.clip(scene.centres // 2, 0, CHIP // 2 - 1).astype(int).T
    assert (footprint[row, column] > 0.5).mean() > 0.9


def test_one_scene_gives_many_images_and_the_truth_stays(monkeypatch):
    monkeypatch.setattr("solarnet_assets.parking.sensor.GROUP", 3)
    arrays = [torch.from_numpy(np.asarray(a)).float()[None].repeat(6, *[1] * np.ndim(a)) for a in targets(_scene())]
    image, heat, *_ = photographed(arrays, torch.Generator().manual_seed(1))
    again, *_ = photographed(arrays, torch.Generator().manual_seed(1))
    assert torch.equal(image, again)
    assert torch.equal(heat, arrays[1])
    assert image.isfinite().all()
    assert (image[0, :3] - image[5, :3]).abs().mean() > 0.05
    assert len(image[:, -1, 0, 0].unique()) == 2


def test_photographs_are_eight_bits_and_keep_what_is_outside_black():
    canvas = torch.full((2, 3, 128, 128), 90.0)
    canvas[:, :, :, :40] = 0
    image, gsd = photograph(canvas, Dice(torch.Generator().manual_seed(4), canvas.device), 64)
    assert image.shape == (2, 3, 64, 64)
    assert torch.equal(image, image.round())
    assert image.min() >= 0
    assert image.max() <= 255
    assert (image[..., :19] == 0).all()
    assert (image[..., 21:] > 0).all()
    assert ((gsd >= 0.15) & (gsd <= 1.0)).all()


def _frame():
    image = np.full((400, 600, 3), 80, np.uint8)
    boxes = np.array([(100, 100, 36, 16), (300, 200, 16, 36), (450, 300, 30, 26)], np.float32)
    for x, y, w, h in boxes.astype(int):
        image[y - h // 2 : y + h // 2, x - w // 2 : x + w // 2] = 250
    return kit.Frame(image, boxes, "made_up")


def test_crops_of_frames_keep_boxes_on_their_vehicles():
    frame, seen = _frame(), 0
    for n in range(6):
        scene = kit.crop(frame, np.random.default_rng(n), 128)
        for x, y in scene.centres * 2:
            seen += 1
            assert scene.canvas[int(y), int(x)].min() > 200
    assert seen >= 2


def test_only_cars_along_an_axis_are_cut_out_and_lie_along_x():
    cars = kit.cut_out([_frame()])
    assert len(cars) == 2
    assert all(isinstance(car, Image.Image) and car.mode == "RGBA" and car.width > 2 * car.height for car in cars)


def test_a_training_goes_on_from_earlier_weights(tmp_path, monkeypatch):
    scene = draw(np.random.default_rng(1))
    monkeypatch.setattr(train, "draw", lambda *_: scene)
    monkeypatch.setattr(train, "evaluate", lambda *_: {"threshold": 0.4})
    monkeypatch.setattr(train, "evaluate_kit", lambda *_: {})
    torch.manual_seed(5)
    before = LotNet()
    learn.save(before, {"trainings": [{"command": "earlier"}]}, tmp_path / "before", "lotnet", half=True)
    recipe = learn.Recipe(steps=1, batch=1, workers=0, ring=16, reuse=1.0, rate=1e-9)
    card = train.train(tmp_path / "after", recipe, None, 2, lambda _: None, tmp_path / "before")
    assert card["trainings"][0]["command"] == "earlier"
    assert "--start DIR" in card["trainings"][1]["command"]
    after = load_file(tmp_path / "after" / "lotnet.safetensors")
    for name, value in before.named_parameters():
        assert torch.allclose(after[name].float(), value, atol=2e-3)


def _landed(folder):
    """Write two frames of two places as the aerial data set has them."""
    frame = _frame()
    for part in ("images", "labels_yolo"):
        (folder / part).mkdir(parents=True)
    for stem in ("MunichStreet02-MOS1", "MOS10"):
        Image.fromarray(frame.image).save(folder / "images" / f"{stem}.png")
        size = np.array([600, 400, 600, 400])
        rows = [" ".join(["0", *(f"{v:.6f}" for v in box / size)]) for box in frame.boxes]
        (folder / "labels_yolo" / f"{stem}.txt").write_text("\n".join(rows) + "\n")


def test_beside_the_network_one_is_trained_without_each_place_and_says_what_it_sees_there(tmp_path, monkeypatch):
    scene, told = draw(np.random.default_rng(1)), []
    monkeypatch.setattr(train, "draw", lambda *_: scene)
    monkeypatch.setattr(
        train, "evaluate", lambda net, count, workers, places: told.extend(places) or {"threshold": 0.4}
    )
    monkeypatch.setattr(train, "evaluate_kit", lambda *_: {})
    monkeypatch.setattr(figures, "WINDOWS", 2)
    _landed(tmp_path / "kit")
    recipe = learn.Recipe(steps=1, batch=2, workers=0, ring=16, reuse=1.0)
    train.train(tmp_path / "out", recipe, tmp_path / "kit", 2, lambda _: None)
    names = ["munich_crossroad", "munich_street"]
    assert [place.name for place in told] == names
    assert all(len(place.scenes) == 2 for place in told)
    assert [place.name for place in read(tmp_path / "out")] == names
    assert all((tmp_path / "out" / f"lotnet_without_{name}.safetensors").is_file() for name in names)
    with pytest.raises(BadInputError, match="has seen the frames"):
        train.train(tmp_path / "more", recipe, tmp_path / "kit", 2, lambda _: None, tmp_path / "out")


def test_scenes_say_which_place_they_show():
    frame = _frame()
    cars = kit.cut_out([frame])
    kinds = [int(train._draw(n, 3, [train._Place([frame], cars)] * 2)[-1][0]) for n in range(12)]
    assert {0, 1, 2} == set(kinds)
    assert int(train._draw(1, 3, [])[-1][0]) == 0

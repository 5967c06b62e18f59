"""Vehicle counts on real images: WorldView-3 blocks of Las Vegas, and aerial frames that no training saw."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from solarnet_assets.parking import kit
from solarnet_assets.parking.detect import detect
from solarnet_assets.parking.model import WEIGHTS, engine
from solarnet_assets.parking.network import LotNet
from solarnet_assets.parking.train import evaluate_kit

ROOT = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.mark.skipif(not (ROOT / "parking_vegas").exists(), reason="no parking_vegas here")
def test_vegas_blocks(record_property):
    folder = ROOT / "parking_vegas"
    blocks = list(csv.DictReader((folder / "hand_counts.csv").read_text(encoding="utf-8").splitlines()))
    names = sorted({block["image"] for block in blocks})
    images = (np.asarray(Image.open(folder / "images" / name).convert("RGB")) for name in names)
    points = {name: found.points for name, found in zip(names, detect((i, 0.3) for i in images), strict=True)}
    errors = []
    for block in blocks:
        x, y = points[block["image"]].T
        x0, y0, x1, y1 = (int(block[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
        inside = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
        errors.append(int(inside.sum()) - int(block["n_vehicles"]))
    total = sum(int(block["n_vehicles"]) for block in blocks)
    for name, value in (("mae", np.abs(errors).mean()), ("bias", np.mean(errors)), ("total", total + sum(errors))):
        record_property(name, float(value))
    assert len(blocks) == 12
    assert np.abs(errors).mean() <= 1.5
    assert abs(sum(errors)) <= 0.3 * total


@pytest.mark.skipif(not (ROOT / "cars_kit_ais").exists(), reason="no cars_kit_ais here")
def test_aerial_sequence_that_no_training_saw():
    frames = [frame for frame in kit.frames(ROOT / "cars_kit_ais") if frame.sequence == kit.HELD_OUT]
    network = engine("cpu").network
    assert isinstance(network, LotNet)
    figures = evaluate_kit(network, frames, WEIGHTS.card["threshold"])
    assert figures["vehicles"] > 600
    assert figures["precision"] > 0.85
    assert figures["recall"] > 0.8

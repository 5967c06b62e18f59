"""Vehicle counts on real images: WorldView-3 blocks of Las Vegas, and aerial frames that no training saw."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from solarnet_assets.evaluating import app
from solarnet_assets.evaluation import parking
from solarnet_assets.evaluation.parking_figures import aerial

ROOT = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real"))
pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def vegas(tmp_path):
    """The folder as ``solarnet evaluate parking --data`` wants it: only the table is renamed."""
    folder = ROOT / "parking_vegas"
    if not folder.exists():
        pytest.skip("no parking_vegas here")
    (tmp_path / "images").symlink_to(folder / "images")
    shutil.copy(folder / "hand_counts.csv", tmp_path / "boxes.csv")
    return tmp_path


def test_vegas_blocks_through_the_command(vegas, record_property):
    out = vegas / "out"
    done = CliRunner().invoke(app, ["parking", "--data", str(vegas), "--gsd", "0.3", "--out", str(out)])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if "by eye:" in line]
    record_property("summary", line)
    assert line.startswith("12 blocks, 55 vehicles")
    pictures = list(out.glob("*.png"))
    assert len(pictures) == 12
    assert max(file.stat().st_size for file in pictures) < 100_000


def test_vegas_blocks(vegas, record_property):
    scored = parking.evaluate(vegas, 0.3, device="cpu")
    figures = parking.totals(scored.rows)
    for name, value in figures.items():
        record_property(name, value)
    assert not scored.refused
    assert figures["mae"] <= 0.6
    assert abs(figures["expected_total"] - figures["truth"]) <= 0.1 * figures["truth"]


def test_every_image_of_the_folder_can_be_counted(vegas):
    (vegas / "boxes.csv").unlink()
    rows = parking.evaluate(vegas, 0.3, device="cpu").rows
    assert rows.height == 38
    assert rows["estimate"].min() >= 0


@pytest.mark.skipif(not (ROOT / "cars_kit_ais").exists(), reason="no cars_kit_ais here")
def test_aerial_sequence_that_no_training_saw(record_property):
    frames, _, windows, drawn = aerial(ROOT / "cars_kit_ais", "cpu")
    for name, value in [*frames.items(), *((f"windows_{name}", value) for name, value in windows.items())]:
        record_property(name, value)
    assert frames["vehicles"] > 600
    assert frames["precision"] > 0.85
    assert frames["recall"] > 0.8
    assert abs(windows["total_error"]) < 0.05
    assert abs(windows["total_error"]) < abs(drawn["total_error"])
    assert 0.85 <= windows["coverage_90"] <= 0.97

"""HeatNet and the reference detectors on simulated mill scenes of seeds that nobody trained on or looked at.

The truth of a pixel is the difference between two simulated passes that share every draw but the heat: the mill as it
is, and the same mill with every furnace cold.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from solarnet_assets.imagery.ingest import read_scenes
from solarnet_assets.imagery.scene import Scene, open_scene
from solarnet_assets.landing import RawFile
from solarnet_assets.steel import figures
from solarnet_assets.steel.planes import planes
from solarnet_assets.world.scenario import Scenario, load_scenario
from solarnet_assets.world.scenes import mill_grid, write_steel_scenes

if TYPE_CHECKING:
    from solarnet_assets.imagery.infer import Engine
    from solarnet_assets.steel.network import HeatNet

SEEDS = (771_001, 771_002, 771_003)
"""Held-out seeds of the simulated country."""

FIRST_DAY = date(2019, 9, 2)


def simulated(engine: Engine, seeds: Sequence[int] = SEEDS, days: int = 12) -> list[figures.Judged]:
    """Return judged passes: of each seed, all mills that are passed on ``days`` days, 17 days apart.

    Args:
        engine: HeatNet.
        seeds: seeds of the simulated country.
        days: days a seed.
    """
    found = []
    for seed in seeds:
        scenario = load_scenario("published").model_copy(update={"seed": seed})
        for number in range(days):
            for hot, cold in passes(scenario, FIRST_DAY + timedelta(days=17 * number)):
                found.append(judge(engine, hot, cold))
    return found


def rendered(engine: Engine, count: int) -> dict[str, list[figures.Judged]]:
    """Return judged held-out rendered scenes per set of bands, ``count`` each; torch code, imported here only."""
    from solarnet_assets.steel import train

    net = cast("HeatNet", engine.network)
    return {
        name: train.judge(net, train.held_out(train.HELD_OUT["test"], count, bands))
        for name, bands in train.BAND_SETS.items()
    }


def passes(scenario: Scenario, day: date) -> Iterator[tuple[Scene, Scene]]:
    """Yield the scenes of a day, each beside the same scene with every furnace cold."""
    mills = [mill.model_copy(update={"curve": [(day, 0.0)]}) for mill in scenario.mills]
    both = [_open(world, day) for world in (scenario, scenario.model_copy(update={"mills": mills}))]
    for key in sorted(both[0].keys() & both[1].keys()):
        yield both[0][key], both[1][key]


def _open(scenario: Scenario, day: date) -> dict[str, Scene]:
    sites = [
        {"site_id": mill.id, "signal": "steel", "geometry": _around(scenario, number)}
        for number, mill in enumerate(scenario.mills)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_steel_scenes(scenario, day, folder)
        files = [RawFile(path, path.relative_to(folder).as_posix()) for path in sorted(folder.rglob("*.*"))]
        landing = read_scenes(files, day, {"sites": pl.DataFrame(sites), "signal": "steel"})
        for blob, data in landing.blobs.items():
            (folder / blob).write_bytes(data)
        rows = landing.frame.iter_rows(named=True)
        return {row["scene_id"]: open_scene(row, folder / row["path"], folder / row["mask_path"]) for row in rows}


def _around(scenario: Scenario, number: int) -> str:
    ring = mill_grid(scenario.mills[number]).outline()
    return "POLYGON ((" + ", ".join(f"{x} {y}" for x, y in ring) + "))"


def judge(engine: Engine, hot: Scene, cold: Scene) -> figures.Judged:
    """Judge a scene by the network and the reference detectors; its twin without heat tells the truth."""
    r12, ground = hot.reflectance["B12"], cold.reflectance["B12"]
    probability = next(engine.run([planes(hot.reflectance)]))[0]
    known = hot.seen & np.isfinite(ground)
    is_hot, is_cool = figures.truth(np.nan_to_num(r12 - ground), np.nan_to_num(ground))
    rules = figures.reference(hot.reflectance, hot.gain)
    return figures.Judged(probability, rules, is_hot & known, is_cool & known)
